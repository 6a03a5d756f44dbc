"""What lies in a hot folder: clips and prompts, their sidecars, and the wish that they make together."""

from __future__ import annotations

import json
import logging
import os
import stat
import tomllib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.settings import HotFolder

log = logging.getLogger(__name__)
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
    found = _list(folder, None)
    for name in presets:
        if (folder / name).is_dir():
            found += _list(folder / name, name)
    return [drop for _, drop in sorted(found, key=lambda each: (each[0], each[1].name))]


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


def _list(folder: Path, preset: str | None) -> list[tuple[int, Drop]]:
    try:
        with os.scandir(folder) as entries:
            files = {entry.name: entry.stat(follow_symlinks=False) for entry in entries if _counts(entry)}
    except OSError as fault:  # not there, a share that is away, not ours to read: the next scan looks again
        log.debug("folder=%s reason=%r", folder, str(fault))
        return []
    clips = {_stem(name) for name in files if Path(name).suffix.lower() in CLIPS}
    words = {name: _stem(name) for name in files if Path(name).suffix.lower() in WORDS}
    beside: dict[str, list[str]] = {stem: [] for stem in clips}
    for name in sorted(words, key=lambda name: (WORDS.index(Path(name).suffix.lower()), name)):
        beside.get(words[name], []).append(name)
    return [
        (files[name].st_mtime_ns, _drop(folder, name, files, [] if name in words else beside[_stem(name)], preset))
        for name in files
        if words.get(name, "") not in clips and Path(name).suffix.lower() in {*CLIPS, *WORDS}
    ]


def _stem(name: str) -> str:
    """By what a clip and its words belong together: macOS may spell one of them decomposed."""
    return unicodedata.normalize("NFC", Path(name).stem)


def _drop(folder: Path, name: str, files: dict[str, os.stat_result], sidecars: list[str], preset: str | None) -> Drop:
    stamp = "|".join(_stamp(files[each]) for each in (name, *sidecars))
    paths = tuple(folder / each for each in sidecars)
    return Drop(folder / name, f"{preset}/{name}" if preset else name, stamp, files[name].st_size, paths, preset)


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
