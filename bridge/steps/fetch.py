"""ready → fetched: the provider's untouched original is in the vault."""

from __future__ import annotations

import asyncio

from bridge.steps.shop import Shop
from bridge.take import State, Take

LANE = "net"
LIMIT_S: float | None = 1800.0


async def run(shop: Shop, take: Take) -> None:
    """Bring the original in.

    Raises:
        Reject: the provider no longer has it, or what it has is not sound.
        Retry: not now.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    assert take.ticket is not None
    started_s = shop.clock.steady()
    with shop.vault.scratch() as into:
        made = await shop.provider(take.provider).fetch(take.ticket, shop.order(take, job), into)
        sha = await asyncio.to_thread(shop.vault.adopt, into)
    facts = {**take.facts, "made": made, "fetch_s": round(shop.clock.steady() - started_s, 4)}
    await shop.record(shop.journal.advance, take, State.FETCHED, raw_sha=sha, facts=facts)
