"""Each take, its next step, until it is delivered.

    triggers → desk → journal → [ pipeline: take → STAGES[take.state].step.run → journal ] → feed → triggers

A step moves the take itself; what it raises says what to do otherwise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from bridge import ledger
from bridge.dispatcher import Dispatcher
from bridge.errors import BridgeError, Doubt, Refused, Reject, Retry
from bridge.journal import Moved, Stuck
from bridge.steps import STAGES
from bridge.steps.shop import Shop
from bridge.take import State, Take

log = logging.getLogger(__name__)
_LONGEST_BACK_OFF_S = 300.0
_JOURNAL_PAUSE_S = 5.0
_CALL_OFF_S = 10.0


class Pipeline:
    """Moves takes; `dispatcher` is set once, by the composition root."""

    dispatcher: Dispatcher

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def resume(self) -> list[Take]:
        """Go on with everything that is unfinished, each at the step it was at."""
        takes = await self._shop.record(self._shop.journal.unfinished)
        for take in takes:
            await self.start(take)
        return takes

    async def start(self, take: Take) -> None:
        """Let a take run when its turn comes."""
        stage, job = STAGES[take.state], await self._shop.record(self._shop.journal.job, take.job_id)
        local = take.provider in self._shop.providers and self._shop.providers[take.provider].local
        lane = "sound" if local else stage.step.LANE
        self.dispatcher.start(take.id, stage.name, lane, job.priority, take.wake_at_s or 0.0)

    async def work(self, take_id: str) -> None:
        """One step of one take, and then its next turn."""
        await self._turn(take_id)
        take = await self._shop.record(self._shop.journal.take, take_id)
        log.info("take=%s state=%s%s", take.id, take.state, f" reason={take.reason!r}" if take.reason else "")
        if not take.ended:
            await self.start(take)

    async def _turn(self, take_id: str) -> None:
        take = await self._shop.record(self._shop.journal.take, take_id)
        if take.ended:  # cancelled before its turn came
            return
        try:
            await self._step(take)
        except Moved:
            log.debug("take=%s moved by somebody else", take_id)
        except Stuck as fault:
            log.warning("take=%s journal=stuck reason=%r", take_id, str(fault))
            await self._shop.clock.sleep(_JOURNAL_PAUSE_S)

    async def _step(self, take: Take) -> None:
        try:
            await STAGES[take.state].step.run(self._shop, take)
        except (Moved, Stuck):
            raise
        except BridgeError as said:
            await self._said(await self._shop.record(self._shop.journal.take, take.id), said)
        except Exception as fault:
            log.exception("take=%s", take.id)
            bug = BridgeError("bug", f"It broke on {type(fault).__name__}: {fault}.", "See the log; retry.")
            await self._said(await self._shop.record(self._shop.journal.take, take.id), bug)

    async def cancel(self, take_id: str) -> Take:
        """End a take wherever it is; nothing of it is inserted afterwards.

        Raises:
            Reject: `too_late`: it has ended already.
        """
        await self.dispatcher.cancel(take_id)
        take = await self._shop.record(self._shop.journal.take, take_id)
        if take.ended:
            raise Reject("too_late", f"Take {take.id} is {take.state} already.", "`dawbridge show` tells more.")
        try:
            await self._stop(take, State.CANCELLED, None)
        except (Moved, Stuck):
            await self.start(take)
            raise
        if take.ticket and take.state is State.SUBMITTED:
            await self._call_off(take, take.ticket)
        return await self._shop.record(self._shop.journal.take, take_id)

    async def _call_off(self, take: Take, ticket: str) -> None:
        try:
            async with asyncio.timeout(_CALL_OFF_S):
                await self._shop.provider(take.provider).cancel(ticket)
        except Exception as fault:  # noqa: BLE001 - the take is cancelled here, whatever its service says to it
            log.warning("take=%s called_off=no reason=%r", take.id, f"{type(fault).__name__}: {fault}")

    async def _said(self, take: Take, said: BridgeError) -> None:
        if isinstance(said, Retry):
            wait_s = min(said.after_s * 2 ** min(take.tries, 8), _LONGEST_BACK_OFF_S)
            wake_at_s, record = self._shop.clock.wall() + wait_s, self._shop.journal.postpone
            await self._shop.record(record, take, str(said), wake_at_s, needs_user=said.needs_user)
        else:
            if take.state is State.SUBMITTING and not isinstance(said, Reject | Refused | Doubt):
                said = _unclear(said)
            to = State.IN_DOUBT if isinstance(said, Doubt) else State.FAILED
            await self._stop(take, to, said.as_dict())

    async def _stop(self, take: Take, to: State, error: dict[str, str] | None) -> None:
        money = partial(_money(take, to), take_id=take.id)
        await self._shop.record(self._shop.journal.stop, take, to, error, also=money)


def _unclear(said: BridgeError) -> Doubt:
    """Only a provider's own no says that nothing was bought; whatever else breaks a paid call off leaves it open."""
    hint = "`dawbridge retry` pays again, `dawbridge drop` gives it up."
    return Doubt(said.code, f"{said.message} It may have been accepted and charged.", hint)


def _money(take: Take, to: State) -> Callable[..., Any]:
    """Whether what was reserved is free again: only while nothing can have been bought."""
    refused = take.state is State.SUBMITTING and to is State.FAILED
    before = take.state in {State.QUEUED, State.CAPTURED, State.RESERVED, State.PUBLISHED}
    return ledger.release if before or refused else ledger.doubt
