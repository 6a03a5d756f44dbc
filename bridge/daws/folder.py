"""A plain folder: the project of somebody who drags files in, or of a DAW that has not been connected."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import tee
from pathlib import Path
from typing import Any

from bridge.errors import ConfigError, Reject, Retry
from bridge.tools import files
from bridge.tools.checkup import Finding


class FolderDaw:
    """Delivers into a folder; there is nobody to tell."""

    name = "folder"

    async def selection(self) -> dict[str, Any]:
        """Always a refusal: a folder has no selection.

        Raises:
            Reject: `no_daw`.
        """
        raise Reject("no_daw", "No DAW is connected.", "Name a clip, or connect a DAW: `dawbridge doctor` says how.")

    def deliver(self, finished: Path, sha256: str, folder: Path, names: Iterable[str]) -> Path:
        """Copy, fsync, link under a free name, read back.

        Raises:
            Retry: the folder is gone, full or read-only, or what was read back differs.
        """
        taken, free = tee(names)
        try:
            path = _already_there(folder, sha256, taken) or _copied(finished, sha256, folder, free)
        finally:
            with contextlib.suppress(OSError):
                files.unlink(_temp(folder, sha256))
        try:
            same = files.sha256(path) == sha256
        except OSError as fault:
            raise files.from_os(fault, folder) from fault
        if not same:
            files.unlink(path)
            raise Retry("read_back", f"{path} did not read back as it was written.", "Check that drive.")
        return path

    def ring(self, path: Path) -> str:
        """Nobody to tell: it is there."""
        del path
        return "placed"

    def check(self) -> Sequence[Finding]:
        """Nothing that could be missing."""
        return ()


def create(section: Mapping[str, Any]) -> FolderDaw:
    """The only one there is.

    Raises:
        ConfigError: its section has a key; it knows none.
    """
    if section:
        key = next(iter(section))
        raise ConfigError("bad_settings", f"[daws.folder] has no setting '{key}'.", "Remove it.")
    return FolderDaw()


def _copied(finished: Path, sha256: str, folder: Path, names: Iterable[str]) -> Path:
    """Whole or not at all."""
    temp = _temp(folder, sha256)
    try:
        files.unlink(temp)
        with temp.open("xb") as out, finished.open("rb") as data:
            shutil.copyfileobj(data, out, 1 << 20)
        for name in names:
            with contextlib.suppress(FileExistsError):
                files.put(temp, folder / name)
                return folder / name
    except OSError as fault:
        raise files.from_os(fault, folder) from fault
    raise AssertionError("names is endless")


def _temp(folder: Path, sha256: str) -> Path:
    """Named by the content, so that what a killed copy left is found again and removed."""
    return folder / f".{sha256[:16]}.part"


def _already_there(folder: Path, sha256: str, names: Iterable[str]) -> Path | None:
    for name in names:
        path = folder / name
        try:
            if files.sha256(path) == sha256:
                return path
        except OSError:
            return None
    return None
