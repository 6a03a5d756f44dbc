"""A plain folder: the project of somebody who drags files in, or of a DAW that has not been connected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import tee
from pathlib import Path
from typing import Any

from bridge.errors import Reject, Retry
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
        path = _already_there(folder, sha256, taken) or files.copy_in(finished, folder, free)
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
    """The only one there is; it has no settings."""
    del section
    return FolderDaw()


def _already_there(folder: Path, sha256: str, names: Iterable[str]) -> Path | None:
    for name in names:
        path = folder / name
        try:
            if files.sha256(path) == sha256:
                return path
        except OSError:
            return None
    return None
