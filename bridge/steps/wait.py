"""submitted → ready: until the provider has finished. Its progress is told, or none."""

from __future__ import annotations

from functools import partial

from bridge import ledger
from bridge.errors import Retry
from bridge.steps.shop import Shop
from bridge.take import State, Take

LANE = "net"
LIMIT_S: float | None = None
_PATIENCE_S = 15 * 60.0
_PACE_S = 2.0


async def run(shop: Shop, take: Take) -> None:
    """Poll until it is ready, then settle the charge.

    Raises:
        Reject: the provider says that it failed.
        Retry: it takes very long; polling goes on, nothing is sent again.
    """
    provider, since = shop.provider(take.provider), shop.clock.steady()
    assert take.ticket is not None
    progress = take.progress
    while (status := await provider.poll(take.ticket)).state == "running":
        if status.progress is not None and status.progress != progress:
            progress = status.progress
            await shop.record(shop.journal.tell_progress, take, progress)
        if shop.clock.steady() - since > _PATIENCE_S:
            raise Retry("stalled", f"{provider.name} has not finished yet.", "It is still being asked.", after_s=60)
        await shop.clock.sleep(_PACE_S)
    paid = partial(ledger.settle, take_id=take.id, actual=status.actual_micro_usd, now_s=shop.clock.wall())
    actual = status.actual_micro_usd
    await shop.record(shop.journal.advance, take, State.READY, also=paid, actual_micro_usd=actual)
