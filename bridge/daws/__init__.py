"""Where a take lands.

A DAW is one module in this folder with a function `create(section) -> Daw` (or an entry point in the group
`dawbridge.daws`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from bridge.tools.checkup import Finding


class Daw(Protocol):
    """A project's home."""

    name: str

    async def selection(self) -> dict[str, Any]:
        """What is selected now, as fields of a Request.

        Raises:
            Reject: nothing is, or this place has no selection.
        """
        ...

    def deliver(self, finished: Path, sha256: str, folder: Path, names: Iterable[str]) -> Path:
        """Put a finished take into the project's folder under the first free name and read it back.

        Running it again after a crash finds what it has put there already.

        Raises:
            Retry: the folder cannot be written now.
        """
        ...

    def ring(self, path: Path) -> str:
        """Tell the DAW; returns the placement: `placed`, or `pending` until it acknowledges."""
        ...

    def check(self) -> Sequence[Finding]:
        """For `doctor`."""
        ...
