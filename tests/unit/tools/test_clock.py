"""The machine's clocks, and that the tests' own one keeps the same promises."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.tools.clock import SystemClock


@pytest.mark.parametrize("which", ["system", "hand"])
def test_a_sleep_lasts_as_long_as_asked(which, clock):
    """After a sleep of d seconds, at least d seconds of steady time have gone by."""
    used = SystemClock() if which == "system" else clock
    before_s = used.steady()
    asyncio.run(used.sleep(0.02))
    assert used.steady() - before_s >= 0.0199


def test_wall_time_is_unix_time():
    """Deadlines in the journal mean the same to every program on this machine."""
    before_s = time.time()
    assert before_s <= SystemClock().wall() <= time.time()


def test_a_sleep_lets_others_work():
    """Waiting does not hold the event loop."""

    async def both():
        slow = asyncio.ensure_future(SystemClock().sleep(30.0))
        await SystemClock().sleep(0.0)
        assert not slow.done()
        slow.cancel()

    asyncio.run(both())
