"""Which step runs next: places in a lane, urgent takes first, and never two turns for one take."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from bridge.dispatcher import LaneDispatcher


class Stage:
    """Work that is begun, noted, and ends when the test opens its gate."""

    def __init__(self, clock, **places):
        self.begun, self.ended, self.gates = [], [], {}
        self.most, self.busy = 0, 0
        self.dispatcher = LaneDispatcher(self.work, places or {"sound": 1}, clock)

    def gate(self, take):
        return self.gates.setdefault(take, asyncio.Event())

    async def work(self, take):
        self.begun.append(take)
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await self.gate(take).wait()
            self.ended.append(take)
        finally:
            self.busy -= 1

    def start(self, *takes, lane="sound", priority=0, not_before_s=0.0):
        for take in takes:
            self.dispatcher.start(take, "step", lane, priority, not_before_s)

    def open(self, *takes):
        for take in takes:
            self.gate(take).set()


async def settled():
    """Let everything happen that can happen now; nothing here waits for the outside."""
    for _ in range(50):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def running(stage):
    """The dispatcher at work."""
    task = asyncio.ensure_future(stage.dispatcher.run_forever())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_a_lane_has_so_many_places(clock):
    """Ten takes in a lane of two: never more than two at once, and all of them in the end."""

    async def go():
        stage = Stage(clock, sound=2)
        names = [f"t{number}" for number in range(10)]
        stage.start(*names)
        async with running(stage):
            await settled()
            assert stage.begun == ["t0", "t1"]
            stage.open(*names)
            await settled()
        assert (sorted(stage.ended), stage.most) == (names, 2)

    asyncio.run(go())


def test_lanes_do_not_wait_for_each_other(clock):
    """A full lane of sound holds nothing up that waits for the net."""

    async def go():
        stage = Stage(clock, sound=1, net=1)
        stage.start("a", "b")
        stage.start("n", lane="net")
        async with running(stage):
            await settled()
            assert sorted(stage.begun) == ["a", "n"]

    asyncio.run(go())


def test_urgent_takes_go_first(clock):
    """By priority, and in order of arrival among equals."""

    async def go():
        stage = Stage(clock)
        stage.start("batch 1", "batch 2")
        stage.start("now 1", "now 2", priority=100)
        stage.open("batch 1", "batch 2", "now 1", "now 2")
        async with running(stage):
            await settled()
        assert stage.begun == ["now 1", "now 2", "batch 1", "batch 2"]

    asyncio.run(go())


def test_a_take_waits_until_its_time(clock):
    """Not before: wall time has come when it begins, and another take is not held up meanwhile."""

    async def go():
        stage, begins_s = Stage(clock), []
        due_s = clock.wall() + 3600.0

        async def work(take):
            begins_s.append((take, clock.wall() >= due_s))

        stage.dispatcher = LaneDispatcher(work, {"sound": 1}, clock)
        stage.start("later", not_before_s=due_s)
        stage.start("now")
        async with running(stage):
            for _ in range(10):
                await settled()
        assert begins_s == [("now", False), ("later", True)]

    asyncio.run(go())


def test_a_clock_that_is_set_back_does_not_start_it_early(clock):
    """Whatever happens to wall time: it begins when wall time says so."""

    async def go():
        due_s, began_s, begun = clock.wall() + 100.0, [], asyncio.Event()

        async def work(_take):
            began_s.append(clock.wall())
            begun.set()

        dispatcher = LaneDispatcher(work, {"sound": 1}, clock)
        dispatcher.start("a", "step", "sound", 0, due_s)
        clock.now_s -= 86_400
        task = asyncio.ensure_future(dispatcher.run_forever())
        await begun.wait()
        task.cancel()
        assert began_s[0] >= due_s

    asyncio.run(go())


def test_a_waiting_take_is_cancelled(clock):
    """Queued or before its time: it never begins, and the others do."""

    async def go():
        stage = Stage(clock)
        stage.start("a", "b", "c")
        stage.start("d", not_before_s=clock.wall() + 3600)
        await stage.dispatcher.cancel("b")
        await stage.dispatcher.cancel("d")
        await stage.dispatcher.cancel("nobody")
        stage.open("a", "b", "c", "d")
        async with running(stage):
            await settled()
        assert stage.ended == ["a", "c"]

    asyncio.run(go())


def test_a_running_take_is_cancelled(clock):
    """When `cancel` returns, it has stopped; its place is free for the next."""

    async def go():
        stage = Stage(clock)
        stage.start("a", "b")
        async with running(stage):
            await settled()
            assert stage.busy == 1
            await stage.dispatcher.cancel("a")
            assert stage.busy == 0
            stage.open("b")
            await settled()
        assert (stage.begun, stage.ended) == (["a", "b"], ["b"])

    asyncio.run(go())


def test_a_newer_turn_replaces_an_older_one(clock):
    """`retry` of a take that waits for tomorrow: it runs now, and once."""

    async def go():
        stage = Stage(clock)
        stage.start("a", not_before_s=clock.wall() + 86_400)
        stage.start("a")
        stage.start("a", priority=100)
        stage.open("a")
        async with running(stage):
            await settled()
        assert stage.begun == ["a"]
        assert clock.turned_s == 0

    asyncio.run(go())


def test_a_take_is_never_at_work_twice(clock):
    """A turn that comes while the take's step still runs waits for its end, though there is a place."""

    async def go():
        stage = Stage(clock, sound=2, net=2)
        stage.start("a")
        async with running(stage):
            await settled()
            stage.start("a", lane="net")
            stage.start("b", lane="net")
            await settled()
            assert stage.begun == ["a", "b"]
            stage.open("a")
            await settled()
            assert stage.begun == ["a", "b", "a"]
        assert stage.most == 2

    asyncio.run(go())


def test_a_take_that_gives_itself_its_next_turn_goes_on(clock):
    """Step after step, each in its own lane, until it asks for no more."""

    async def go():
        begun = []

        async def work(take):
            begun.append(take)
            if len(begun) < 8:
                dispatcher.start(take, "next", ("sound", "net")[len(begun) % 2], 0)

        dispatcher = LaneDispatcher(work, {"sound": 1, "net": 1}, clock)
        dispatcher.start("a", "first", "sound", 0)
        task = asyncio.ensure_future(dispatcher.run_forever())
        await settled()
        task.cancel()
        assert begun == ["a"] * 8

    asyncio.run(go())


def test_an_error_that_is_no_steps_own_business_ends_it(clock):
    """A bug is raised out of `run_forever`; what else is running is ended first."""

    async def go():
        stage = Stage(clock, sound=2)

        async def work(take):
            if take == "bad":
                raise RuntimeError("a bug")
            await Stage.work(stage, take)

        stage.dispatcher = LaneDispatcher(work, {"sound": 2}, clock)
        stage.start("good", "bad")
        with pytest.raises(RuntimeError, match="a bug"):
            await stage.dispatcher.run_forever()
        assert (stage.begun, stage.busy) == (["good"], 0)

    asyncio.run(go())


def test_when_it_is_stopped_everything_has_ended(clock):
    """After `run_forever` was cancelled nothing runs any more, and no timer is left."""

    async def go():
        stage = Stage(clock, sound=2)
        stage.start("a", "b")
        async with running(stage):
            await settled()
            stage.start("later", not_before_s=clock.wall() + 3600)
        assert stage.busy == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())
