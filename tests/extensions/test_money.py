"""A foreign provider and host, found through entry points: what is paid, when, and what is refused before any call."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from extensions.till import tone
from studio import CLI, Studio, ended, news_of
from waiting import until_async

from bridge.desk import Origin
from bridge.errors import Refused, Reject
from bridge.take import State


def test_an_installed_package_makes_a_take(studio: Studio) -> None:
    """A provider found through an entry point is paid once and its sound is delivered."""
    (take,) = studio.make(studio.wish())
    assert take.state is State.DELIVERED
    assert studio.till.charges == [take.id]
    assert studio.money() == [("settled", 400_000)]
    assert [str(path) for path in studio.delivered()] == [take.path]


def test_a_clip_goes_through_the_host(studio: Studio) -> None:
    """The host uploads our re-encoded window, not the file, and the service gets its URL."""
    clip = studio.root / "secret name.wav"
    clip.write_bytes(tone() + b"LIST\x10\0\0\0MARKER_IN_A_TAG!")
    (take,) = studio.make(studio.wish(clip={"path": str(clip)}))
    assert take.state is State.DELIVERED
    (sent,) = studio.till.clips.values()
    assert b"MARKER" not in sent
    assert sent != clip.read_bytes()
    assert studio.till.jobs["job1"].order["clip_url"] == take.url
    assert not any("secret" in call for call in studio.till.calls)


def test_the_intent_is_on_disk_before_the_call(studio: Studio) -> None:
    """When the service sees the request, the journal already says `submitting`."""
    studio.till.answers.append("hold")
    studio.till.gate.clear()

    async def act(it: Any) -> None:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await until_async(lambda: "POST /jobs" in studio.till.calls, "the request")
        assert studio.states() == ["submitting"]
        assert studio.money() == [("reserved", 400_000)]
        studio.till.gate.set()
        assert [take.state for take in await ended(it, job.id)] == [State.DELIVERED]

    studio.run(act)


@pytest.mark.parametrize(
    ("answer", "code", "money"),
    [
        ("402", "no_credit", "released"),
        ("418", "refused", "released"),
        ("500", "outcome_unknown", "doubtful"),
        ("drop", "outcome_unknown", "doubtful"),
        ("drop_unread", "outcome_unknown", "doubtful"),
    ],
)
def test_each_answer_has_its_end(studio: Studio, answer: str, code: str, money: str) -> None:
    """A refusal fails and frees the money; an answer that tells nothing parks the take with its price."""
    studio.till.answers.append(answer)
    (take,) = studio.make(studio.wish())
    assert take.error is not None
    assert take.error["code"] == code
    assert take.state is (State.FAILED if money == "released" else State.IN_DOUBT)
    assert studio.money() == [(money, 400_000)]
    assert studio.delivered() == []


def test_busy_waits_and_goes_on(studio: Studio) -> None:
    """After 429 the same take is asked for again later, and is paid once."""
    studio.till.answers.extend(["429", "429"])
    (take,) = studio.make(studio.wish())
    assert take.state is State.DELIVERED
    assert studio.till.charges == [take.id]
    reasons = studio.rows("SELECT count(*) FROM transitions WHERE note LIKE '%busy%'")
    assert reasons == [(1,)]


def test_an_error_that_nobody_mapped_is_a_doubt(studio: Studio) -> None:
    """A provider that lets a connection error through while it is paid does not free the money."""
    studio.paybox(bare=True)
    studio.till.answers.append("drop")
    (take,) = studio.make(studio.wish())
    assert take.state is State.IN_DOUBT
    assert studio.money() == [("doubtful", 400_000)]
    assert len(studio.till.charges) == 1


def test_retry_pays_again_when_asked(studio: Studio) -> None:
    """`retry` of a take in doubt is a second payment, and both count."""
    studio.till.honours_keys = False
    studio.till.answers.append("drop")

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        (take,) = await ended(it, job.id)
        assert take.state is State.IN_DOUBT
        await it.desk.retry(job.id)
        return await ended(it, job.id)

    (take,) = studio.run(act)
    assert take.state is State.DELIVERED
    assert len(studio.till.charges) == 2
    assert sum(amount for status, amount in studio.money() if status != "released") == 800_000


def test_drop_keeps_counting(studio: Studio) -> None:
    """`drop` ends a take in doubt; what it may have cost stays under the caps, and it is said."""
    studio.till.answers.append("500")

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await ended(it, job.id)
        await it.desk.drop(job.id)
        with pytest.raises(Reject, match="in doubt"):
            await it.desk.drop(job.id)
        return it.shop.journal.takes(job.id)

    (take,) = studio.run(act)
    assert take.state is State.CANCELLED
    assert studio.money() == [("doubtful", 400_000)]


def test_caps_count_what_is_reserved_and_doubtful(studio: Studio) -> None:
    """Six takes at 0.40 under a day cap of 1.00, one earlier in doubt: one more starts, the rest are refused."""
    studio.settle(caps={"day_usd": 1.0})
    studio.till.answers.append("500")

    async def act(it: Any) -> Any:
        first = (await it.desk.accept(studio.wish(), CLI)).job
        await ended(it, first.id)
        jobs = [(await it.desk.accept(studio.wish(prompt=f"pad {n}"), CLI)).job for n in range(6)]
        return [(await ended(it, job.id))[0] for job in jobs]

    takes = studio.run(act)
    refused = [take for take in takes if take.error and take.error["code"] == "over_cap"]
    assert len(refused) == 5
    assert all("caps.day_usd" in take.error["message"] for take in refused)
    assert len(studio.till.jobs) == 1


def test_a_failure_gives_its_reservation_back(studio: Studio) -> None:
    """A refused request does not count twice: the next one fits under the same cap."""
    studio.settle(caps={"day_usd": 0.5})
    studio.till.answers.append("402")
    (first,) = studio.make(studio.wish())
    (second,) = studio.make(studio.wish(prompt="another"))
    assert (first.state, second.state) == (State.FAILED, State.DELIVERED)


def test_a_quote_checks_the_take_cap_for_each_take(studio: Studio) -> None:
    """Three takes at 0.40 fit under a cap of 0.50 a take; four do not fit under a day cap of 1.50."""
    studio.settle(caps={"take_usd": 0.5, "day_usd": 1.5})

    async def act(it: Any) -> None:
        _, quote = await it.desk.quote(studio.wish(takes=3), CLI)
        assert quote.micro_usd == 400_000
        with pytest.raises(Refused, match="day_usd"):
            await it.desk.quote(studio.wish(takes=4), CLI)

    studio.run(act)


@pytest.mark.parametrize("rule", ["local_only", "no_upload", "no_upload_prompt", "max_cost"])
def test_refused_before_any_connection(studio: Studio, rule: str) -> None:
    """local_only, no_upload and a price limit refuse before the service sees one connection."""
    clip = studio.root / "clip.wav"
    clip.write_bytes(tone())
    wish = studio.wish() if rule == "no_upload_prompt" else studio.wish(clip={"path": str(clip)})
    if rule == "local_only":
        studio.settle(local_only=True)
    if rule == "max_cost":
        wish["max_cost_usd"] = 0.1
    (take,) = studio.make(wish, origin=Origin("hot_folder", no_upload=rule.startswith("no_upload")))
    assert take.error is not None
    assert take.error["kind"] == "Refused"
    assert studio.till.connections == 0
    assert studio.delivered() == []


def test_a_rule_set_later_still_holds(studio: Studio) -> None:
    """A take that waited across a restart is refused when local_only has been set meanwhile; its money is free."""
    studio.till.answers.append("429")

    async def wait(it: Any) -> None:
        await it.desk.accept(studio.wish(), CLI)
        await news_of(it, lambda line: "reason" in line.note)

    studio.run(wait)
    seen = studio.till.connections
    studio.settle(local_only=True)

    async def go_on(it: Any) -> Any:
        return await ended(it, it.unfinished[0].job_id)

    (take,) = studio.run(go_on)
    assert take.error is not None
    assert take.error["code"] == "local_only"
    assert studio.till.connections == seen
    assert studio.money() == [("released", 400_000)]


@pytest.mark.parametrize("held", ["submitting", "submitted", "ready"])
def test_cancel_says_whether_it_may_still_charge(studio: Studio, held: str) -> None:
    """From the paid call on, a cancelled take says that it may be charged, and the money keeps counting."""
    from bridge import views  # noqa: PLC0415 - as a program sees it

    _hold(studio, held)

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await _held(it, studio, held)
        (said,) = await it.desk.cancel(job.id)
        (stored,) = it.shop.journal.takes(job.id)
        return views.take(said), views.take(stored)

    said, stored = studio.run(act)
    assert said["state"] == stored["state"] == "cancelled"
    assert said["may_charge"]
    assert stored["may_charge"]
    assert studio.money() == [("settled" if held == "ready" else "doubtful", 400_000)]
    assert studio.delivered() == []


def test_a_cancel_reaches_the_service(studio: Studio) -> None:
    """The service is asked to stop a submitted take; when it is gone, the take is cancelled all the same."""
    studio.till.state = "running"

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await news_of(it, lambda line: line.state is State.SUBMITTED)
        with suppress(Reject):
            await it.desk.cancel(job.id)
        return it.shop.journal.takes(job.id)

    (take,) = studio.run(act)
    assert take.state is State.CANCELLED
    assert studio.till.jobs["job1"].cancelled


def test_cancel_does_not_hang_on_a_dead_service(studio: Studio) -> None:
    """A take can be cancelled while its service does not answer at all."""
    studio.till.state = "running"

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await news_of(it, lambda line: line.state is State.SUBMITTED)
        it.shop.providers["paybox"].url = "http://127.0.0.1:9"
        await it.desk.cancel(job.id)
        return it.shop.journal.takes(job.id)

    (take,) = studio.run(act)
    assert take.state is State.CANCELLED


def test_cancelling_a_job_cancels_each_of_its_takes(studio: Studio) -> None:
    """One take that has just ended does not save the others from being cancelled."""
    studio.till.state = "running"

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(takes=3), CLI)).job
        first = f"{job.id}-1"
        await news_of(it, lambda line: line.take_id == f"{job.id}-3" and line.state is State.SUBMITTED)
        one, all_of_them = it.desk.cancel(first), it.desk.cancel(job.id)
        await asyncio.gather(all_of_them, one, return_exceptions=True)
        return it.shop.journal.takes(job.id)

    takes = studio.run(act)
    assert [take.state for take in takes] == [State.CANCELLED] * 3


def test_a_provider_that_is_gone_leaves_no_paid_take_behind(studio: Studio) -> None:
    """When the package is broken after the paid call, the take is in doubt, never failed with its money freed."""
    studio.till.answers.append("hold")
    studio.till.gate.clear()

    async def ask(it: Any) -> None:
        await it.desk.accept(studio.wish(), CLI)
        await until_async(lambda: "POST /jobs" in studio.till.calls, "the request")

    studio.run(ask)
    studio.till.gate.set()
    studio.paybox(unknown_setting=1)

    async def go_on(it: Any) -> Any:
        return await ended(it, it.unfinished[0].job_id)

    (take,) = studio.run(go_on)
    assert take.state is State.IN_DOUBT
    assert studio.money() == [("doubtful", 400_000)]


def test_a_refusal_after_a_crash_says_nothing_of_the_first_call(studio: Studio) -> None:
    """402 to the repeated call does not free the money of the first one, which may have been accepted."""
    studio.paybox(after_crash="same_key")
    studio.till.answers.extend(["hold", "402"])
    studio.till.gate.clear()

    async def ask(it: Any) -> None:
        await it.desk.accept(studio.wish(), CLI)
        await until_async(lambda: "POST /jobs" in studio.till.calls, "the request")

    studio.run(ask)
    studio.till.gate.set()

    async def go_on(it: Any) -> Any:
        return await ended(it, it.unfinished[0].job_id)

    (take,) = studio.run(go_on)
    assert take.state is State.IN_DOUBT
    assert studio.money() == [("doubtful", 400_000)]


def test_a_short_lived_url_is_used_while_it_is_fresh(studio: Studio) -> None:
    """A host whose URLs live ten minutes is uploaded to once, not for ever."""
    studio.settle(hosts={"paybin": {"url": studio.till.url, "lifetime_s": 600}})
    clip = studio.root / "clip.wav"
    clip.write_bytes(tone())
    (take,) = studio.make(studio.wish(clip={"path": str(clip)}))
    assert take.state is State.DELIVERED
    assert len([call for call in studio.till.calls if call.startswith("PUT")]) == 1


def test_the_ticket_is_kept_when_the_journal_is_stuck(studio: Studio) -> None:
    """A paid answer that cannot be written now is written later: no doubt, no second payment."""
    import sqlite3  # noqa: PLC0415 - only here

    studio.till.honours_keys = False
    studio.till.answers.append("hold")
    studio.till.gate.clear()

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(), CLI)).job
        await until_async(lambda: "POST /jobs" in studio.till.calls, "the request")
        it.shop.journal._db.execute("PRAGMA busy_timeout = 20")
        blocker = sqlite3.connect(studio.home / "journal.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        studio.till.gate.set()
        await until_async(lambda: studio.till.charges, "the charge")
        await until_async(lambda: clock.slept, "a pause of the journal")
        blocker.execute("ROLLBACK")
        blocker.close()
        return await ended(it, job.id)

    clock = Impatient()
    (take,) = studio.run(act, clock=clock)
    assert take.state is State.DELIVERED
    assert len(studio.till.charges) == 1


class Impatient:
    """The machine's clock, but whoever sleeps is woken soon; it counts the sleeps."""

    def __init__(self) -> None:
        from bridge.tools.clock import SystemClock  # noqa: PLC0415 - only here

        self._real = SystemClock()
        self.wall, self.steady = self._real.wall, self._real.steady
        self.slept = 0

    async def sleep(self, seconds: float) -> None:
        """A hundredth of it."""
        self.slept += 1
        await self._real.sleep(seconds / 100)


def _hold(studio: Studio, where: str) -> None:
    if where == "submitting":
        studio.till.answers.append("hold")
        studio.till.gate.clear()
    elif where == "submitted":
        studio.till.state = "running"
    else:
        studio.till.sound_gate.clear()


async def _held(it: Any, studio: Studio, where: str) -> None:
    await news_of(it, lambda line: line.state == where)
    calls = {"submitting": "POST /jobs", "submitted": "GET /jobs/job1", "ready": "GET /jobs/job1/sound"}
    await until_async(lambda: calls[where] in studio.till.calls, "the held call")


def test_a_result_that_is_gone_is_told_as_such(studio: Studio) -> None:
    """The service's own refusal ends the take, also while its clip is being measured; it was charged once."""
    studio.till.sound = b""
    clip = studio.root / "clip.wav"
    clip.write_bytes(tone())
    (take,) = studio.make(studio.wish(clip={"path": str(clip)}))
    assert (take.state, take.stopped_in, take.error["code"]) == (State.FAILED, State.READY, "refused")
    assert studio.till.charges == [take.id]
