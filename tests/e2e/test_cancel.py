"""Cancelling in every state, and what goes first."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import pytest
from extensions.till import tone
from studio import CLI, Studio, ended, news_of

from bridge.desk import BATCH, Origin
from bridge.errors import Reject
from bridge.steps import STAGES
from bridge.take import State

WAY = list(State)
STATES = [state for state in State if state in STAGES]


@pytest.mark.parametrize("state", STATES)
def test_cancel_in_each_state(studio: Studio, state: State) -> None:
    """A cancel as soon as a state is on disk: nothing in the project, the money as it should be, the queue goes on."""
    clip = studio.root / "clip.wav"
    clip.write_bytes(tone())

    async def act(it: Any) -> Any:
        loop, asked = asyncio.get_running_loop(), asyncio.Event()

        def look() -> None:
            if any(take.state == state for take in it.shop.journal.unfinished()):
                loop.call_soon_threadsafe(asked.set)

        it.shop.journal.on_commit(look)
        job = asyncio.ensure_future(it.desk.accept(studio.wish(clip={"path": str(clip)}), CLI))
        await asked.wait()
        name = it.shop.journal.unfinished()[0].job_id
        (said,) = await it.desk.cancel(name)
        await job
        assert said.state is State.CANCELLED
        other = (await it.desk.accept({"prompt": "soft pad", "length_s": 1, "model": "sketch"}, CLI)).job
        (next_one,) = await ended(it, other.id)
        assert next_one.state is State.DELIVERED
        return it.shop.journal.take(said.id), next_one

    take, other = studio.run(act)
    assert take.state is State.CANCELLED
    assert WAY.index(take.stopped_in) >= WAY.index(state)
    assert [str(path) for path in studio.delivered()] == [other.path]
    money = {status for status, amount in studio.money() if amount}
    paid = {State.SUBMITTING: {"doubtful"}, State.SUBMITTED: {"doubtful"}}
    settled = WAY.index(take.stopped_in) >= WAY.index(State.READY)
    assert money <= paid.get(take.stopped_in, {"settled"} if settled else {"released"})


def test_a_cancelled_take_stays_cancelled(studio: Studio) -> None:
    """A cancel in the instant in which a take is accepted is not undone by its first turn."""

    async def act(it: Any) -> Any:
        take = it.shop.journal.takes((await it.desk.accept(studio.wish(), CLI)).job.id)[0]
        await it.desk.cancel(take.id)
        await it.desk._pipeline.start(take)  # the turn that was under way
        other = (await it.desk.accept(studio.wish(prompt="other"), CLI)).job
        await ended(it, other.id)
        return it.shop.journal.take(take.id)

    assert studio.run(act).state is State.CANCELLED


def test_a_take_is_never_at_work_twice(studio: Studio) -> None:
    """Retrying a take whose paid call is in flight makes no second call and no doubt."""
    studio.till.answers.append("hold")
    studio.till.gate.clear()

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await news_of(it, lambda line: line.state is State.SUBMITTING)
        (take,) = it.shop.journal.takes(job.id)
        await it.desk._pipeline.start(take)
        other = (await it.desk.accept({"prompt": "soft pad", "length_s": 1, "model": "sketch"}, CLI)).job
        await ended(it, other.id)
        studio.till.gate.set()
        return await ended(it, job.id)

    (take,) = studio.run(act)
    assert take.state is State.DELIVERED
    assert len(studio.till.charges) == 1


def test_urgent_goes_before_batches(studio: Studio) -> None:
    """One request of a person is delivered before most of thirty drops that came first."""

    async def act(it: Any) -> None:
        batch = Origin("hot_folder", BATCH)
        for seed in range(30):
            await it.desk.accept({"prompt": "soft pad", "length_s": 1, "seed": seed}, batch)
        urgent = (await it.desk.accept({"prompt": "now", "length_s": 1, "seed": 1}, CLI)).job
        await ended(it, urgent.id)

    studio.run(act)
    before = studio.rows("SELECT count(*) FROM takes WHERE state = 'delivered'")[0][0] - 1
    assert before < 10


def test_an_equal_request_in_flight_is_joined(studio: Studio) -> None:
    """The same wish twice at once is one job; after it has been delivered, asking again makes another."""

    async def act(it: Any) -> None:
        one, two = await asyncio.gather(*(it.desk.accept(studio.wish(), CLI) for _ in range(2)))
        assert one.job.id == two.job.id
        assert {one.joined, two.joined} == {False, True}
        await ended(it, one.job.id)
        assert not (await it.desk.accept(studio.wish(), CLI)).joined

    studio.run(act)


def test_an_id_names_one_wish(studio: Studio) -> None:
    """The same id again answers with the same job, a hundred times; for another wish it is refused."""

    async def act(it: Any) -> None:
        named = studio.wish(id="take-1")
        first = await it.desk.accept(named, CLI)
        again = await asyncio.gather(*(it.desk.accept(named, CLI) for _ in range(100)))
        assert {each.job.id for each in again} == {first.job.id}
        await ended(it, first.job.id)
        assert (await it.desk.accept(named, CLI)).job.id == first.job.id
        with pytest.raises(Reject, match="used for another"):
            await it.desk.accept({**named, "prompt": "else"}, CLI)

    studio.run(act)
    assert len(studio.till.charges) == 1


def test_what_an_earlier_command_left_is_joined_and_made(studio: Studio) -> None:
    """A one-shot command that asks for what a killed one had begun goes on with it instead of waiting for ever."""
    studio.till.answers.append("429")

    async def leave(it: Any) -> None:
        await it.desk.accept(studio.wish(), CLI)
        await news_of(it, lambda line: "reason" in line.note)

    async def again(it: Any) -> Any:
        accepted = await it.desk.accept(studio.wish(), CLI)
        assert accepted.joined
        return await ended(it, accepted.job.id)

    studio.run(leave, one_shot=True)
    (take,) = studio.run(again, one_shot=True)
    assert take.state is State.DELIVERED


def test_a_project_that_goes_and_comes_back(studio: Studio, clock: Any) -> None:
    """A take whose folder is deleted waits, says so once, and is delivered when the folder is there again."""
    studio.till.sound_gate.clear()

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await news_of(it, lambda line: line.state is State.READY)
        shutil.rmtree(studio.project)
        studio.till.sound_gate.set()
        line = await news_of(it, lambda line: "reason" in line.note)
        assert "is gone" in line.note["reason"]
        assert line.note["needs_user"]
        studio.project.mkdir()
        return await ended(it, job.id)

    (take,) = studio.run(act, clock=clock)
    assert take.state is State.DELIVERED
    assert studio.rows("SELECT count(*) FROM transitions WHERE note LIKE '%gone%'") == [(1,)]
