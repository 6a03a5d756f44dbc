"""Decides which step of which take runs next: lanes with a few places each, urgent takes first.

Another dispatcher (a cluster's queue, say) is another class with these four methods.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bridge.tools.clock import Clock

_NAP_S = 60.0
"""The longest a timer sleeps before it looks at wall time again: clocks jump, laptops sleep."""

Work = Callable[[str], Awaitable[None]]


class Dispatcher(Protocol):
    """Starts steps; the step's name is for people and logs, the work finds it from the take's state."""

    def start(self, take_id: str, step: str, lane: str, priority: int, not_before_s: float = 0.0) -> None:
        """Run the take's next step when its lane has a place and wall time has come."""
        ...

    async def cancel(self, take_id: str) -> None:
        """Stop whatever the take waits for or does; returns when that has ended."""
        ...

    async def run_forever(self) -> None:
        """Work until cancelled, then end what is running."""
        ...


@dataclass(order=True)
class _Turn:
    rank: tuple[int, int]
    take_id: str = field(compare=False)
    lane: str = field(compare=False)
    not_before_s: float = field(compare=False)
    dropped: bool = field(compare=False, default=False)


class LaneDispatcher:
    """The default: asyncio, a heap for each lane, one turn for each take."""

    def __init__(self, work: Work, places: Mapping[str, int], clock: Clock) -> None:
        self._work, self._clock = work, clock
        self._free = dict(places)
        self._heaps: dict[str, list[_Turn]] = defaultdict(list)
        self._turns: dict[str, _Turn] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._order = itertools.count()
        self._woken = asyncio.Event()

    def start(self, take_id: str, step: str, lane: str, priority: int, not_before_s: float = 0.0) -> None:
        """See `Dispatcher.start`; a take that has a turn already gets this one instead."""
        del step
        self._forget(take_id)
        turn = _Turn((-priority, next(self._order)), take_id, lane, not_before_s)
        self._turns[take_id] = turn
        if not_before_s > self._clock.wall():
            self._timers[take_id] = asyncio.ensure_future(self._later(turn))
        else:
            self._queue(turn)

    async def cancel(self, take_id: str) -> None:
        """See `Dispatcher.cancel`."""
        self._forget(take_id)
        task = self._running.get(take_id)
        if task and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task])

    async def run_forever(self) -> None:
        """See `Dispatcher.run_forever`; an error that is no step's own business ends it and is raised."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                self._collect()
                self._fill()
        finally:
            tasks = [*self._running.values(), *self._timers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self) -> None:
        for lane, heap in self._heaps.items():
            at_work = []
            while heap and self._free[lane] > 0:
                turn = heapq.heappop(heap)
                if turn.take_id in self._running:
                    at_work.append(turn)
                elif not turn.dropped:
                    self._begin(turn)
            for turn in at_work:  # its turn comes when the step that it is at has ended
                heapq.heappush(heap, turn)

    def _begin(self, turn: _Turn) -> None:
        self._turns.pop(turn.take_id, None)
        self._free[turn.lane] -= 1
        task = asyncio.ensure_future(self._work(turn.take_id))
        self._running[turn.take_id] = task
        task.add_done_callback(lambda _: self._ended(turn))

    def _ended(self, turn: _Turn) -> None:
        self._free[turn.lane] += 1
        self._woken.set()

    def _collect(self) -> None:
        for take_id, task in list(self._running.items()):
            if task.done():
                del self._running[take_id]
                if not task.cancelled() and (fault := task.exception()):
                    raise fault

    def _queue(self, turn: _Turn) -> None:
        heapq.heappush(self._heaps[turn.lane], turn)
        self._woken.set()

    async def _later(self, turn: _Turn) -> None:
        while (left_s := turn.not_before_s - self._clock.wall()) > 0:
            await self._clock.sleep(min(left_s, _NAP_S))
        self._timers.pop(turn.take_id, None)
        self._queue(turn)

    def _forget(self, take_id: str) -> None:
        if turn := self._turns.pop(take_id, None):
            turn.dropped = True
        if timer := self._timers.pop(take_id, None):
            timer.cancel()
