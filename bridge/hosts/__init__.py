"""How a local clip gets a URL that a music service can fetch.

A host is one module in this folder with a function `create(section, bench) -> Host` (or an entry point in the group
`dawbridge.hosts`). Only the re-encoded window is ever given to it, under a random name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bridge.tools.checkup import Finding


class Host(Protocol):
    """A place that lends a clip a URL for a while."""

    name: str

    async def put(self, clip: Path) -> tuple[str, float]:
        """Upload a clip; returns its URL and when that expires (wall time, seconds)."""
        ...

    async def delete(self, url: str) -> None:
        """Remove it again."""
        ...

    def check(self) -> Sequence[Finding]:
        """For `doctor`."""
        ...
