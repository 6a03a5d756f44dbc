"""Time as an argument, so that a test can bring its own.

Deadlines that must survive a restart are wall time in the journal; pacing inside a process is steady time.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, steady time, and waiting; all in seconds."""

    def wall(self) -> float:
        """Seconds since the Unix epoch; may jump."""
        ...

    def steady(self) -> float:
        """Seconds since some start; never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of steady time."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def steady(self) -> float:
        """Seconds of `time.monotonic`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without holding the event loop."""
        await asyncio.sleep(seconds)
