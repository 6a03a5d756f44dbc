"""What starts a take. A trigger is one module or package in this folder (or an entry point in `dawbridge.triggers`).

It has a function `create(setup) -> Trigger | None`; None where this run has no use for it. It turns what it hears into
the fields of a Request, hands them to the desk, and follows the feed to answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.desk import Desk
from bridge.feed import Feed
from bridge.settings import Settings
from bridge.tools.checkup import Finding


@dataclass(frozen=True)
class Setup:
    """What a run is for: a daemon resumes everything and watches folders, a one-shot command does its own work only."""

    home: Path
    settings: Settings
    one_shot: bool = False
    http_port: int = 0
    osc_port: int = 0


class Trigger(Protocol):
    """One way to ask."""

    name: str

    async def run(self, desk: Desk, feed: Feed) -> None:
        """Listen until cancelled."""
        ...

    def check(self) -> Sequence[Finding]:
        """For `doctor`."""
        ...
