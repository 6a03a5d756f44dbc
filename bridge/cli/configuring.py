"""The settings as a table: generated from their schema, so that nothing is told twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bridge.errors import ConfigError
from bridge.settings import Settings, load
from bridge.tools import files

_SECRET = re.compile(r"(?i)(^|[_-])(key|secret|token|password)$")
_EXAMPLES = """
# [[hot_folder]]                        # a folder whose clips become takes
# path = "~/Music/Bridge In"
# deliver_to = "~/Music/Bridge Out"
# preset = "lofi"

# [preset.lofi]                         # fields of a request; order = presets 1-8
# prompt = "dusty lo-fi hip hop, vinyl crackle"
# strength = 0.6
"""


def in_force(path: Path) -> list[dict[str, Any]]:
    """Every setting: its name, value, and whether it comes from the file or is the default."""
    return [
        {"name": name, "value": value, "text": _text(value), "from": "settings.toml" if given else "default"}
        for name, value, given in _walk(load(path), "")
    ]


def write_starter(path: Path) -> None:
    """A settings file in which every line is commented out and explained.

    Raises:
        ConfigError: there is one already.
    """
    if path.exists():
        raise ConfigError("settings_exist", f"{path} is there already.", "Edit it; nothing is overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# dawbridge settings. Every line shows the default; uncomment what you change."]
    for name, value, about in described(Settings):
        table, _, key = name.rpartition(".")
        if table and f"# [{table}]" not in lines:
            lines += ["", f"# [{table}]"]
        line = f"{key} = {_toml(value)}" if value is not None else f"# {key} = (not set)"
        lines.append(f"# {line:38}# {about}")
    files.write_text(path, "\n".join(lines) + "\n" + _EXAMPLES)


def described(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """(dotted name, default, what it is) for every setting of a model."""
    for name, info in model.model_fields.items():
        default = info.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, BaseModel):
            yield from described(type(default), f"{prefix}{name}.")
        elif name not in {"hot_folder", "preset", "providers", "hosts", "daws"}:
            yield f"{prefix}{name}", default, info.description or ""


def _walk(section: BaseModel, prefix: str) -> Iterator[tuple[str, Any, bool]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _walk(value, f"{prefix}{name}.")
        else:
            shown = section.model_dump(mode="json", include={name})[name]
            shown = _masked(shown) if name in {"providers", "hosts", "daws"} else shown
            yield f"{prefix}{name}", shown, name in section.model_fields_set


def _masked(value: Any) -> Any:
    """An extension's section without what looks like a key."""
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: "(hidden)" if _SECRET.search(name) else _masked(each) for name, each in value.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
