"""ready → fetched: the provider's untouched original is in the vault, and the clip that was sent has been measured."""

from __future__ import annotations

import asyncio
from typing import Any

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
    heard = asyncio.ensure_future(_heard(shop, take))  # meanwhile: finishing need not wait for it
    try:
        with shop.vault.scratch() as into:
            made = await shop.provider(take.provider).fetch(take.ticket, shop.order(take, job), into)
            fetch_s = round(shop.clock.steady() - started_s, 4)
            sha = await asyncio.to_thread(shop.vault.adopt, into)
        facts = {**take.facts, "made": made, "fetch_s": fetch_s, "source": await heard}
    finally:
        heard.cancel()
    await shop.record(shop.journal.advance, take, State.FETCHED, raw_sha=sha, facts=facts)


async def _heard(shop: Shop, take: Take) -> dict[str, Any] | None:
    if take.input_sha is None:
        return None
    return await shop.workers.run("bridge.post:measure", {"path": str(shop.vault.path(take.input_sha))})
