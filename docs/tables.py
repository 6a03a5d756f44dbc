"""Writes the tables in the documents from the code: `python docs/tables.py`; `--check` only says which are old."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bridge import errors
from bridge.cli.configuring import described
from bridge.settings import HotFolder, Settings
from bridge.steps import STAGES
from bridge.take import State
from bridge.triggers.osc import addresses
from bridge.triggers.osc.addresses import Address

HERE = Path(__file__).resolve().parent


def states() -> str:
    """Every state, the step that it calls for, and what it means."""
    step = {state: f"`{stage.name}`" for state, stage in STAGES.items()}
    return _table(("state", "next step", "meaning"), ((f"`{it}`", step.get(it, "-"), it.meaning) for it in State))


def settings() -> str:
    """Every setting with its default."""
    rows = [(f"`{name}`", f"`{_toml(value)}`", about) for name, value, about in described(Settings)]
    folder = [(f"`hot_folder.{name}`", "", info.description or "") for name, info in HotFolder.model_fields.items()]
    extra = [
        ("`preset.NAME`", "", "Request fields by name; the order in the file is 1-8."),
        ("`providers.NAME`, `hosts.NAME`, `daws.NAME`", "", "Each extension's own section."),
    ]
    return _table(("setting", "default", "what it is"), [*rows, *folder, *extra])


def failures() -> str:
    """Every branch of the error tree and the exit code it gives."""
    kinds = [errors.ConfigError, errors.Reject, errors.Refused, errors.Retry, errors.Doubt]
    first = [(kind, (kind.__doc__ or "").splitlines()[0]) for kind in kinds]
    return _table(
        ("kind", "exit code", "meaning"), ((f"`{it.__name__}`", str(it.exit_code), about) for it, about in first)
    )


def osc(rows: Sequence[Address]) -> str:
    """Addresses, their arguments, what they are for."""
    return _table(
        ("address", "arguments", "what it does"),
        ((f"`{it.path}`", f"`{it.arguments}`" if it.arguments else "", it.says) for it in rows),
    )


TABLES: dict[str, Callable[[], str]] = {
    "states": states,
    "settings": settings,
    "errors": failures,
    "osc-commands": lambda: osc(addresses.COMMANDS),
    "osc-answers": lambda: osc(addresses.ANSWERS),
    "osc-heard": lambda: osc(addresses.HEARD),
}


def renewed(text: str) -> str:
    """A document with each `<!-- table: NAME -->` … `<!-- end -->` filled from the code."""
    for name, make in TABLES.items():
        start, end = f"<!-- table: {name} -->", "<!-- end -->"
        if start in text:
            before, _, rest = text.partition(start)
            text = f"{before}{start}\n\n{make()}\n\n{end}{rest.partition(end)[2]}"
    return text


def main(words: Sequence[str]) -> int:
    """Renew the documents, or with `--check` name those that are old."""
    old = [path for path in sorted(HERE.glob("*.md")) if renewed(path.read_text("utf-8")) != path.read_text("utf-8")]
    for path in old:
        print(f"{'old' if '--check' in words else 'renewed'}: {path.name}")  # noqa: T201 - a script
        if "--check" not in words:
            path.write_text(renewed(path.read_text("utf-8")), "utf-8")
    return 1 if old and "--check" in words else 0


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    said = value.as_posix().replace(Path.home().as_posix(), "~", 1) if isinstance(value, Path) else value
    return "none" if said is None else json.dumps(said, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
