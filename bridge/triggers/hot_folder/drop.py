"""A clip or a prompt in a hot folder, its sidecars, and the wish that they make together."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.settings import HotFolder

CLIPS = frozenset({".wav", ".wave", ".aif", ".aiff", ".flac", ".mp3", ".ogg", ".opus", ".w64", ".rf64", ".caf"})
WORDS = (".txt", ".toml", ".json")
OUTCOME = ".dawbridge.txt"
_SIDECAR_BYTES = 1 << 16


@dataclass(frozen=True)
class Drop:
    """One clip (or lone prompt) in one state: `stamp` changes when it or one of its sidecars does."""

    path: Path
    name: str
    stamp: str
    sidecars: tuple[Path, ...] = ()
    preset: str | None = None

    @property
    def is_clip(self) -> bool:
        """Whether it is sound; otherwise it is a prompt on its own."""
        return self.path.suffix.lower() not in WORDS

    @property
    def outcome(self) -> Path:
        """Where we write what became of it."""
        return self.path.with_name(self.path.name + OUTCOME)


def read_wish(drop: Drop, folder: HotFolder) -> dict[str, Any] | None:
    """The fields of a Request that clip, sidecars and preset make; None while nothing says what is wanted.

    Raises:
        Reject: a sidecar cannot be read, or it names a folder of its own.
    """
    said: dict[str, Any] = {}
    for path in drop.sidecars if drop.is_clip else (drop.path,):
        said |= _words(path)
    placement, clip = said.get("placement") or {}, said.get("clip") or {}
    if not isinstance(placement, dict) or not isinstance(clip, dict):
        raise Reject("bad_sidecar", "placement and clip are tables of fields.", "Mend it; it is read again.")
    if placement.get("project"):
        hint = "Remove placement.project; a hot folder has one target."
        raise Reject("fixed_target", f"This folder delivers to {folder.target}.", hint)
    said.setdefault("preset", drop.preset or folder.preset)
    if not said.get("prompt") and not said["preset"]:
        return None
    said["placement"] = {**placement, "project": str(folder.target)}
    if drop.is_clip:
        said["clip"] = {**clip, "path": str(drop.path)}
    return said


def _words(path: Path) -> dict[str, Any]:
    try:
        text = _text(path)
        if path.suffix.lower() == ".txt":
            return {"prompt": text}
        said: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
        json.dumps(said, ensure_ascii=False, default=str).encode()  # half a surrogate pair has no place on disk
    except (ValueError, OSError, RecursionError) as fault:
        raise Reject("bad_sidecar", f"{path.name} cannot be read: {fault}.", "Mend it; it is read again.") from fault
    if not isinstance(said, dict):
        raise Reject("bad_sidecar", f"{path.name} is not a table of request fields.", "Mend it; it is read again.")
    return said


def _text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_SIDECAR_BYTES + 1)
    if len(raw) > _SIDECAR_BYTES:
        raise ValueError("it is over 64 KB")
    return raw.decode("utf-8-sig")
