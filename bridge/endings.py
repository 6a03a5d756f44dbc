"""What a step's error means for its take: wait, fail, or be in doubt; and where its money goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from bridge import ledger
from bridge.errors import BridgeError, Doubt, Refused, Reject, Retry
from bridge.steps.shop import Shop
from bridge.take import State, Take

log = logging.getLogger(__name__)
_LONGEST_BACK_OFF_S = 300.0
_CALL_OFF_S = 10.0


async def said(shop: Shop, take: Take, error: BridgeError) -> None:
    """Let a take wait for a `Retry`, with growing pauses; end it for anything else."""
    if take.state is State.SUBMITTING and not isinstance(error, Reject | Refused | Doubt):
        error = _unclear(error)
    if isinstance(error, Retry):
        wait_s = min(error.after_s * 2 ** min(take.tries, 8), _LONGEST_BACK_OFF_S)
        wake_at_s, postpone = shop.clock.wall() + wait_s, shop.journal.postpone
        await shop.record(postpone, take, str(error), wake_at_s, needs_user=error.needs_user)
        return
    await stop(shop, take, State.IN_DOUBT if isinstance(error, Doubt) else State.FAILED, error.as_dict())


async def stop(shop: Shop, take: Take, to: State, error: dict[str, str] | None) -> None:
    """End a take, and settle what becomes of its reservation in the same transaction."""
    await shop.record(shop.journal.stop, take, to, error, also=partial(_money(take, to), take_id=take.id))


async def call_off(shop: Shop, take: Take) -> None:
    """Tell the service that nobody waits any more; the take has ended here, whatever it answers."""
    if not take.ticket or take.state is not State.SUBMITTED:
        return
    try:
        async with asyncio.timeout(_CALL_OFF_S):
            await shop.provider(take.provider).cancel(take.ticket)
    except Exception as fault:  # noqa: BLE001 - a foreign provider's; see above
        log.warning("take=%s called_off=no reason=%r", take.id, f"{type(fault).__name__}: {fault}")


def _unclear(error: BridgeError) -> Doubt:
    """Only a provider's own no says that nothing was bought; whatever else breaks a paid call off leaves it open."""
    hint = "`dawbridge retry` pays again, `dawbridge drop` gives it up."
    return Doubt(error.code, f"{error.message} It may have been accepted and charged.", hint)


def _money(take: Take, to: State) -> Callable[..., Any]:
    """Whether what was reserved is free again: only while nothing can have been bought."""
    refused = take.state is State.SUBMITTING and to is State.FAILED
    before = take.state in {State.QUEUED, State.CAPTURED, State.RESERVED, State.PUBLISHED}
    return ledger.release if before or refused else ledger.doubt
