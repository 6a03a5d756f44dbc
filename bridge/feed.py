"""The news, for whoever wants to follow: the journal's transitions, and a bell after each commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bridge.steps.shop import Shop
from bridge.take import News


class Feed:
    """Each follower keeps its own place (`seq`), so a restart loses no answer."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._bell = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        shop.journal.on_commit(self._wake)

    async def follow(self, seq: int) -> AsyncIterator[News]:
        """Everything after line `seq`, and then whatever comes, for ever."""
        while True:
            bell = self._bell
            news = await self._shop.record(self._shop.journal.since, seq)
            for line in news:
                seq = line.seq
                yield line
            if not news:
                await bell.wait()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody follows any more
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()
