"""Each take, its next step, until it is delivered.

    triggers → desk → journal → [ pipeline: take → STAGES[take.state].step.run → journal ] → feed → triggers

A step moves the take itself; what it raises says what to do otherwise (`endings.py`).
"""

from __future__ import annotations

import asyncio
import logging

from bridge import endings
from bridge.dispatcher import Dispatcher
from bridge.errors import BridgeError, Reject, Retry
from bridge.journal import Moved, Stuck
from bridge.steps import STAGES
from bridge.steps.shop import Shop
from bridge.take import State, Take

log = logging.getLogger(__name__)
_JOURNAL_PAUSE_S = 5.0


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
        take = await self._now(take_id)
        try:
            if not take.ended:  # cancelled before its turn came
                await self._step(take)
        except Moved:
            log.debug("take=%s moved by somebody else", take_id)
        except Stuck as fault:
            log.warning("take=%s journal=stuck reason=%r", take_id, str(fault))
            await self._shop.clock.sleep(_JOURNAL_PAUSE_S)
        take = await self._now(take_id)
        log.info("take=%s state=%s%s", take.id, take.state, f" reason={take.reason!r}" if take.reason else "")
        if not take.ended:
            await self.start(take)

    async def _step(self, take: Take) -> None:
        step = STAGES[take.state].step
        try:
            async with asyncio.timeout(step.LIMIT_S):
                await step.run(self._shop, take)
        except (Moved, Stuck):
            raise
        except TimeoutError:
            late = Retry("timeout", f"{take.provider} did not answer in {step.LIMIT_S:.0f} s.", "It is tried again.")
            await endings.said(self._shop, await self._now(take.id), late)
        except BridgeError as error:
            await endings.said(self._shop, await self._now(take.id), error)
        except Exception as fault:
            log.exception("take=%s", take.id)
            bug = BridgeError("bug", f"It broke on {type(fault).__name__}: {fault}.", "See the log; retry.")
            await endings.said(self._shop, await self._now(take.id), bug)

    async def cancel(self, take_id: str) -> Take:
        """End a take wherever it is; nothing of it is inserted afterwards.

        Raises:
            Reject: `too_late`: it has ended already.
        """
        await self.dispatcher.cancel(take_id)
        take = await self._now(take_id)
        if take.ended:
            raise Reject("too_late", f"Take {take.id} is {take.state} already.", "`dawbridge show` tells more.")
        try:
            await endings.stop(self._shop, take, State.CANCELLED, None)
        except (Moved, Stuck):
            await self.start(take)
            raise
        await endings.call_off(self._shop, take)
        return await self._now(take_id)

    async def _now(self, take_id: str) -> Take:
        return await self._shop.record(self._shop.journal.take, take_id)
