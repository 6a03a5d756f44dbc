"""What lies in a hot folder: clips and prompts, their sidecars, and the wish that they make together."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.settings import HotFolder

CLIPS = frozenset({".wav", ".wave", ".aif", ".aiff", ".flac", ".mp3", ".ogg", ".opus", ".w64", ".rf64", ".caf"})
WORDS = (".txt", ".toml", ".json")
OUTCOME = ".dawbridge.txt"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".download", ".reapeaks", ".asd")
_SIDECAR_BYTES = 1 << 16


@dataclass(frozen=True)
class Drop:
    """One clip (or lone prompt) in one state: `stamp` changes when it or one of its sidecars does."""

    path: Path
    name: str
    stamp: str
    size: int
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


def list_drops(folder: Path, presets: Collection[str]) -> list[Drop]:
    """Everything in a watched folder and its preset subfolders, oldest first; an absent folder is empty."""
    found = _list(folder, None, "")
    for name in presets:
        if (folder / name).is_dir():
            found += _list(folder / name, name, f"{name}/")
    return [drop for _, drop in sorted(found, key=lambda each: (each[0], each[1].name))]


def read_wish(drop: Drop, folder: HotFolder) -> dict[str, Any] | None:
    """The fields of a Request that clip, sidecars and preset make; None while nothing says what is wanted.

    Raises:
        Reject: a sidecar cannot be read, or it names a folder of its own.
    """
    said: dict[str, Any] = {}
    for path in drop.sidecars if drop.is_clip else (drop.path,):
        said |= _words(path)
    if (said.get("placement") or {}).get("project"):
        hint = "Remove placement.project; a hot folder has one target."
        raise Reject("fixed_target", f"This folder delivers to {folder.target}.", hint)
    said.setdefault("preset", drop.preset or folder.preset)
    if not said.get("prompt") and not said["preset"]:
        return None
    said["placement"] = {**said.get("placement", {}), "project": str(folder.target)}
    if drop.is_clip:
        said["clip"] = {**said.get("clip", {}), "path": str(drop.path)}
    return said


def _list(folder: Path, preset: str | None, prefix: str) -> list[tuple[int, Drop]]:
    try:
        with os.scandir(folder) as entries:
            files = {entry.name: entry.stat(follow_symlinks=False) for entry in entries if _counts(entry)}
    except (FileNotFoundError, NotADirectoryError):
        return []
    clips = {Path(name).stem for name in files if Path(name).suffix.lower() in CLIPS}
    return [
        (files[name].st_mtime_ns, _drop(folder, name, files, preset, prefix))
        for name in files
        if Path(name).suffix.lower() in CLIPS or (Path(name).suffix.lower() in WORDS and Path(name).stem not in clips)
    ]


def _drop(folder: Path, name: str, files: dict[str, os.stat_result], preset: str | None, prefix: str) -> Drop:
    stem = Path(name).stem
    beside = [f"{stem}{suffix}" for suffix in WORDS if f"{stem}{suffix}" in files and f"{stem}{suffix}" != name]
    sidecars = beside if Path(name).suffix.lower() in CLIPS else []
    stamp = "|".join(_stamp(files[each]) for each in (name, *sidecars))
    paths = tuple(folder / each for each in sidecars)
    return Drop(folder / name, prefix + name, stamp, files[name].st_size, paths, preset)


def _counts(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    if name.startswith((".", "~")) or name.endswith(OUTCOME) or name.lower().endswith(_UNFINISHED):
        return False
    try:
        name.encode()
    except UnicodeEncodeError:  # not UTF-8 on disk: it cannot be named in the journal
        return False
    return entry.is_file(follow_symlinks=False)


def _stamp(seen: os.stat_result) -> str:
    assert stat.S_ISREG(seen.st_mode)
    return f"{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}"


def _words(path: Path) -> dict[str, Any]:
    try:
        text = _text(path)
        if path.suffix.lower() == ".txt":
            return {"prompt": text}
        said: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, OSError) as fault:
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
