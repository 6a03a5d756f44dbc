"""Is a dropped file finished? Never taken half-written, taken at once where the system can tell.

the system says it is being written     wait
… that it is free, container whole      now
… that it is free, container cut        after 2 s of quiet (it is broken; the user gets to know)
it cannot tell (share, other systems)   whole container and 2 s of quiet; a format whose headers cannot tell is decoded
a text                                  free and whole at once beside a clip; on its own after 2 s of quiet
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import Reject
from bridge.tools import riff, settle
from bridge.tools.clock import Clock
from bridge.tools.worker import Workers
from bridge.triggers.hot_folder.drop import Drop

_QUIET_S = 2.0
_BROKEN_QUIET_S = 10.0


@dataclass
class _Seen:
    stamp: str
    since_s: float


class Ripeness:
    """Remembers since when each file has been quiet, in steady time."""

    def __init__(self, clock: Clock, workers: Workers) -> None:
        self._clock, self._workers = clock, workers
        self._seen: dict[str, _Seen] = {}

    async def reached(self, drop: Drop) -> bool:
        """Whether this state of the file is finished."""
        quiet_s = self._quiet_s(drop)
        writer = await asyncio.to_thread(settle.writer, drop.path)
        if writer or await asyncio.to_thread(_any_written, drop.sidecars):
            return False
        ripe = await self._clip(drop, quiet_s, free=writer is False) if drop.is_clip else quiet_s >= _QUIET_S
        if ripe:
            self._seen.pop(str(drop.path), None)
        return ripe

    async def _clip(self, drop: Drop, quiet_s: float, *, free: bool) -> bool:
        whole = await asyncio.to_thread(riff.is_whole, drop.path)
        if free:
            return quiet_s >= _QUIET_S if whole is False else True
        if quiet_s < _QUIET_S:
            return False
        if whole is None:
            whole = await self._decodes(drop)
        return whole or quiet_s >= _BROKEN_QUIET_S

    async def _decodes(self, drop: Drop) -> bool:
        try:
            await self._workers.run("bridge.tools.sound:check", {"path": str(drop.path)})
        except Reject:
            return False
        return True

    def _quiet_s(self, drop: Drop) -> float:
        now_s, key = self._clock.steady(), str(drop.path)
        seen = self._seen.get(key)
        if seen is None or seen.stamp != drop.stamp:
            seen = self._seen[key] = _Seen(drop.stamp, now_s)
        return now_s - seen.since_s


def _any_written(paths: Iterable[Path]) -> bool:
    """A prompt that is still being written is half a prompt, and a whole price."""
    return any(settle.writer(path) for path in paths)
