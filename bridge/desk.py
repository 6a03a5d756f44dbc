"""The one door of every trigger: accept a wish, quote it, cancel, retry or drop.

Accepting means: the preset is merged in, the clip may be read, the model exists and can do it, an equal job in flight
is joined, and job and takes are on disk. Only then does the pipeline hear of it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bridge import ledger, reach
from bridge.errors import Reject, Retry
from bridge.journal import Moved, Stuck, new_id
from bridge.pipeline import Pipeline
from bridge.providers import Quote
from bridge.reach import Source
from bridge.request import Request, effective
from bridge.steps import reserve
from bridge.steps.shop import Shop, origin_trusted
from bridge.take import Job, State, Take

INTERACTIVE, BATCH = 100, 0
_FRESH_S = 3600.0


@dataclass(frozen=True)
class Origin:
    """Who asks, how urgent it is, whether its clips may leave, and whether an equal wish is made `once` for ever."""

    name: str
    priority: int = INTERACTIVE
    no_upload: bool = False
    once: bool = False


@dataclass(frozen=True)
class Accepted:
    """A job and its takes; `joined` when an equal one was in flight (or had this id) already."""

    job: Job
    takes: tuple[Take, ...]
    joined: bool


class Desk:
    """Takes wishes and orders about takes, whoever they come from."""

    def __init__(self, shop: Shop, pipeline: Pipeline) -> None:
        self.shop = shop
        self._pipeline = pipeline
        self._one_at_a_time = asyncio.Lock()

    async def accept(self, said: Mapping[str, Any], origin: Origin) -> Accepted:
        """Store a wish and start on it.

        Raises:
            Reject: it can never work as asked.
            BridgeError: the model's provider is not usable here.
            Retry: the journal cannot be written now.
        """
        asked, clip = await asyncio.to_thread(self._sighted, said, origin)
        async with self._one_at_a_time:
            it = await self._same(asked, clip.sha256, ever=origin.once)
            if it is None:
                job, takes = self._drawn_up(asked, clip, origin)
                with _writable():
                    await self.shop.record(self.shop.journal.add, job, asked.digest(clip.sha256), takes)
                it = Accepted(job, tuple(takes), joined=False)
        for take in it.takes:  # one that was joined may be left from an earlier run, which nobody has resumed
            if not take.ended:
                await self._pipeline.start(take)
        return it

    async def quote(self, said: Mapping[str, Any], origin: Origin) -> tuple[Request, Quote]:
        """What a wish would send, to whom, at what cost; nothing is stored.

        Raises:
            BridgeError: as `accept`, and what a cap would refuse.
        """
        asked, clip = await asyncio.to_thread(self._sighted, said, origin)
        job, takes = self._drawn_up(asked, clip, origin)
        provider = self.shop.provider(takes[0].provider)
        quote = provider.price(self.shop.order(takes[0], job))
        reserve.allowed(self.shop, job, provider, quote.leaves)
        await self.shop.record(self._affordable, quote.micro_usd, asked.takes, job)
        return asked, quote

    async def cancel(self, name: str) -> list[Take]:
        """Cancel a take, or all takes of a job that have not ended.

        Raises:
            Reject: unknown, or everything has ended already.
        """
        takes = await self.shop.record(self.shop.journal.find, name)
        going = [take for take in takes if not take.ended] or takes[:1]
        with _writable():
            said = await asyncio.gather(*(self._pipeline.cancel(take.id) for take in going), return_exceptions=True)
            done = [each for each in said if isinstance(each, Take)]
            faults = [each for each in said if isinstance(each, BaseException)]
            if faults and (not done or not all(isinstance(each, Reject | Moved) for each in faults)):
                raise faults[0]  # a take that has just ended by itself is no reason to say that nothing was cancelled
        return done

    async def retry(self, name: str) -> list[Take]:
        """Start failed takes again where they failed, takes in doubt from their price on, waiting ones now.

        Raises:
            Reject: nothing there is waiting, failed or in doubt.
        """
        takes = await self.shop.record(self.shop.journal.find, name)
        again = [take for take in takes if take.state in {State.FAILED, State.IN_DOUBT} or take.reason]
        if not again:
            raise Reject("nothing_to_retry", f"'{name}' has neither failed nor does it wait.", "")
        return [await self._again(take) for take in again]

    async def drop(self, name: str) -> list[Take]:
        """Give up takes that are in doubt; what they may have cost keeps counting.

        Raises:
            Reject: nothing there is in doubt.
        """
        takes = await self.shop.record(self.shop.journal.find, name)
        doubtful = [take for take in takes if take.state is State.IN_DOUBT]
        if not doubtful:
            raise Reject("not_in_doubt", f"Nothing of '{name}' is in doubt.", "`dawbridge cancel` ends what runs.")
        for take in doubtful:
            await self.shop.record(self.shop.journal.advance, take, State.CANCELLED)
        return [replace(take, state=State.CANCELLED) for take in doubtful]

    async def clean(self, days: int, *, dry_run: bool) -> tuple[int, int]:
        """Remove sound of takes that ended over `days` ago from the vault; returns (files, bytes). Reports stay."""
        before_s = self.shop.clock.wall() - days * ledger.DAY_S
        keep = await self.shop.record(self.shop.journal.shas_in_use, before_s)
        fresh_s = self.shop.clock.wall() - _FRESH_S
        return await asyncio.to_thread(self.shop.vault.clean, keep, fresh_s, dry_run=dry_run)

    async def _again(self, take: Take) -> Take:
        back = _back_to(take)
        if back is not take.state:
            await self.shop.record(self.shop.journal.advance, take, back)
        take = replace(take, state=back, wake_at_s=None)
        await self._pipeline.start(take)
        return take

    async def _same(self, asked: Request, sha: str | None, *, ever: bool) -> Accepted | None:
        """An equal job that is in flight, or (`ever`) that has delivered or may have been paid for."""
        digest, journal = asked.digest(sha), self.shop.journal
        if asked.id and (named := await self.shop.record(journal.job_named, asked.id)):
            job, before = named
            if before != digest:
                hint = "Use a new id, or none."
                raise Reject("id_reused", f"The id '{asked.id}' was used for another request.", hint)
            return Accepted(job, tuple(await self.shop.record(journal.takes, job.id)), joined=True)
        for job in await self.shop.record(journal.jobs_like, digest):
            takes = await self.shop.record(journal.takes, job.id)
            if any(not take.ended or (ever and (take.path or take.state is State.IN_DOUBT)) for take in takes):
                return Accepted(job, tuple(takes), joined=True)
        return None

    def _sighted(self, said: Mapping[str, Any], origin: Origin) -> tuple[Request, Source]:
        """The effective request with a folder to land in, and its clip, inside what this trigger may touch."""
        settings, trusted = self.shop.settings, origin_trusted(origin.name)
        asked = reach.landing(effective(said, settings), settings, trusted=trusted)
        return asked, reach.content(asked, settings, trusted=trusted)

    def _drawn_up(self, asked: Request, clip: Source, origin: Origin) -> tuple[Job, list[Take]]:
        now_s, seed = self.shop.clock.wall(), asked.seed if asked.seed is not None else secrets.randbits(32)
        source = (clip.sha256, clip.stamp)
        job = Job(new_id(), asked, origin.name, origin.priority, now_s, asked.id, *source, origin.no_upload)
        name, _, model = (asked.model or "").partition(":")
        provider = self.shop.provider(name)
        draft = Take(
            id="",
            job_id=job.id,
            number=0,
            state=State.QUEUED,
            provider=name,
            model=model,
            seed=seed,
            estimate_micro_usd=0,
            created_s=now_s,
            updated_s=now_s,
        )
        quote = provider.price(self.shop.order(draft, job))
        draft = replace(draft, model=quote.model, estimate_micro_usd=quote.micro_usd)
        numbers = range(1, asked.takes + 1)
        return job, [replace(draft, id=f"{job.id}-{n}", number=n, seed=(seed + n - 1) % 2**32) for n in numbers]

    def _affordable(self, micro_usd: int, takes: int, job: Job) -> None:
        limits, now_s = reserve.limits(self.shop, job), self.shop.clock.wall()
        with self.shop.journal.commit() as db:
            ledger.check(db, micro_usd, limits, now_s)
            ledger.check(db, micro_usd * takes, replace(limits, take=None), now_s)


@contextmanager
def _writable() -> Iterator[None]:
    """A journal that cannot be written is the user's to put right (a full disk, most likely); nothing was changed."""
    try:
        yield
    except Stuck as fault:
        said = f"The journal cannot be written: {fault}."
        raise Retry("journal_stuck", said, "Free some space, then ask again.", needs_user=True) from fault


def _back_to(take: Take) -> State:
    """Where a take starts again; whatever was bought and is in the vault is not bought again."""
    if take.state is State.IN_DOUBT:
        return State.CAPTURED
    if take.state is not State.FAILED or take.stopped_in is None:
        return take.state
    unpaid = {State.RESERVED, State.PUBLISHED, State.SUBMITTING}
    return State.CAPTURED if take.stopped_in in unpaid else take.stopped_in
