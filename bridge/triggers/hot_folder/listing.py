"""Looking into a watched folder: what is there that was not there before, in few system calls.

Names that begin with a dot or a tilde, our own outcome files, links, and whatever is neither sound nor words are not
there at all. So are half-written names such as `loop.wav.part`: their ending is none of ours.
"""

from __future__ import annotations

import logging
import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from bridge.triggers.hot_folder.drop import CLIPS, OUTCOME, WORDS, Drop

log = logging.getLogger(__name__)
_Found = tuple[str, os.stat_result]


def new_drops(folder: Path, presets: Collection[str], done: Mapping[str, str]) -> list[Drop]:
    """What a folder and its preset subfolders hold that `done` (name → stamp) does not know, oldest first."""
    found = list(_list(folder, None, done))
    for name in presets:
        found += _list(folder / name, name, done)
    return [drop for _, drop in sorted(found, key=lambda each: (each[0], each[1].name))]


def times_of(folder: Path, presets: Collection[str]) -> tuple[int, ...]:
    """When names last came or went, in ns since the epoch: the folder's and its preset subfolders' times of change."""
    return tuple(_time_of(path) for path in (folder, *(folder / name for name in presets)))


def _time_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _list(folder: Path, preset: str | None, done: Mapping[str, str]) -> Iterator[tuple[int, Drop]]:
    clips: list[_Found] = []
    words: dict[str, list[_Found]] = defaultdict(list)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                ending = _ending(entry.name)
                if ending and entry.is_file(follow_symlinks=False):
                    found = entry.name, entry.stat(follow_symlinks=False)
                    clips.append(found) if ending in CLIPS else words[_stem(entry.name)].append(found)
    except OSError as fault:  # not there, a share that is away, not ours to read: the next scan looks again
        log.debug("folder=%s reason=%r", folder, str(fault))
        return
    stems = {_stem(name) for name, _ in clips}
    for clip in clips:
        yield from _drop(folder, preset, clip, sorted(words.get(_stem(clip[0]), ()), key=_rank), done)
    for stem in words.keys() - stems:
        for lone in words[stem]:
            yield from _drop(folder, preset, lone, [], done)


def _drop(
    folder: Path, preset: str | None, it: _Found, sidecars: list[_Found], done: Mapping[str, str]
) -> Iterator[tuple[int, Drop]]:
    name = f"{preset}/{it[0]}" if preset else it[0]
    stamp = "|".join(f"{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}" for _, seen in (it, *sidecars))
    if done.get(name) != stamp:
        paths = tuple(folder / sidecar for sidecar, _ in sidecars)
        yield it[1].st_mtime_ns, Drop(folder / it[0], name, stamp, paths, preset)


def _ending(name: str) -> str | None:
    """A name's ending in lower case, if it is one of ours."""
    ending = name[name.rfind(".") :].lower()
    if (ending not in CLIPS and ending not in WORDS) or name[0] in ".~" or name.endswith(OUTCOME):
        return None
    return ending if name.isascii() or _is_unicode(name) else None


def _is_unicode(name: str) -> bool:
    """Whether a name is UTF-8 on disk; one that is not cannot be named in the journal."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stem(name: str) -> str:
    """By what a clip and its words belong together: macOS may spell one of them decomposed."""
    stem = name[: name.rfind(".")]
    return stem if stem.isascii() else unicodedata.normalize("NFC", stem)


def _rank(word: _Found) -> tuple[int, str]:
    """The order in which sidecars are read: a later one's fields cover an earlier one's."""
    return WORDS.index(word[0][word[0].rfind(".") :].lower()), word[0]
