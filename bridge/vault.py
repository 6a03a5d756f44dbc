"""Content-addressed sound: captured clips, the providers' untouched originals, finished takes, reports.

A file's name is the SHA-256 of its bytes, so it is stored once, never changed, and can be checked at any time.
Work in progress lies in `tmp/`, which is emptied when nobody can be writing there.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.tools import files


class Vault:
    """A folder of sounds and reports, each named by its own content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tmp = folder / "tmp"
        self._tmp.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def scratch(self, suffix: str = ".wav") -> Iterator[Path]:
        """A new path for a piece of work; whatever still lies there afterwards is removed."""
        path = self._tmp / f"{secrets.token_hex(8)}{suffix}"
        try:
            yield path
        finally:
            with contextlib.suppress(OSError):
                files.unlink(path)

    def adopt(self, path: Path) -> str:
        """Take a finished scratch file in, durably; returns its SHA-256.

        Raises:
            Retry: the disk is full or the vault cannot be written.
        """
        sha = files.sha256(path)
        target = self._place(sha)
        try:
            target.parent.mkdir(exist_ok=True)
            if _same_size(path, target):
                target.touch()  # it is there and wanted again: `clean` shall not take it for old
            else:  # new, or a stump that a crash has left
                files.put(path, target, clobber=True)
        except OSError as fault:
            raise files.from_os(fault, self.folder) from fault
        return sha

    def store(self, text: str) -> str:
        """Take a text in (UTF-8); returns its SHA-256."""
        with self.scratch(".json") as path:
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as fault:
                raise files.from_os(fault, self.folder) from fault
            return self.adopt(path)

    def path(self, sha: str) -> Path:
        """Where the content with this SHA-256 lies."""
        return self._place(sha)

    def text(self, sha: str) -> str:
        """A stored text."""
        return self._place(sha).read_text(encoding="utf-8")

    def sweep(self) -> int:
        """Remove what an earlier, killed process left half-done; returns how many files."""
        return sum(1 for path in list(self._tmp.iterdir()) if _gone(path))

    def clean(self, keep: Collection[str], before_s: float, *, dry_run: bool = False) -> tuple[int, int]:
        """Remove what came in before a moment (wall time) and is not in `keep`, or count it; (files, bytes).

        The moment spares what a step has just adopted and not yet told the journal of.
        """
        all_there = self.folder.glob("[0-9a-f][0-9a-f]/*")
        old = [path for path in all_there if path.name not in keep and path.stat().st_mtime < before_s]
        freed = sum(path.stat().st_size for path in old)
        return sum(1 for path in old if dry_run or _gone(path)), freed

    def size(self) -> tuple[int, int]:
        """(files, bytes) in the vault."""
        sizes = [path.stat().st_size for path in self.folder.glob("[0-9a-f][0-9a-f]/*")]
        return len(sizes), sum(sizes)

    def _place(self, sha: str) -> Path:
        return self.folder / sha[:2] / sha


def _same_size(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size
    except FileNotFoundError:
        return False


def _gone(path: Path) -> bool:
    with contextlib.suppress(OSError):
        files.unlink(path)
        return True
    return False
