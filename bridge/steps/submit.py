"""published → submitting → submitted: the one call that may cost money, made at most once per intent.

The intent is on disk before the call; if we find it there without an answer, only what the provider allows is done.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import Doubt, Retry
from bridge.providers import Order, Provider
from bridge.steps.shop import Shop
from bridge.take import State, Take

LANE = "net"
_URL_LEFT_S = 3600.0


async def run(shop: Shop, take: Take) -> None:
    """Commit the intent, make the call, commit the ticket.

    Raises:
        Reject: certainly not accepted.
        Retry: certainly not accepted yet; the intent is taken back first.
        Doubt: the outcome is not known.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    provider, order = shop.provider(take.provider), shop.order(take, job)
    if take.state is State.SUBMITTING:
        ticket = await _after_crash(provider, order)
    elif take.url_expires_s is not None and take.url_expires_s < shop.clock.wall() + _URL_LEFT_S:
        await shop.record(shop.journal.advance, take, State.RESERVED, url=None, url_expires_s=None)
        return
    else:
        await shop.record(shop.journal.advance, take, State.SUBMITTING)
        take = replace(take, state=State.SUBMITTING)
        ticket = await _once(shop, take, provider, order)
    await shop.record(shop.journal.advance, take, State.SUBMITTED, ticket=ticket)


async def _once(shop: Shop, take: Take, provider: Provider, order: Order) -> str:
    try:
        return await provider.submit(order)
    except Retry:
        await shop.record(shop.journal.advance, take, State.PUBLISHED)
        raise


async def _after_crash(provider: Provider, order: Order) -> str:
    if provider.after_crash in {"rerun", "same_key"}:
        return await provider.submit(order)
    if provider.after_crash == "find" and (ticket := await provider.find(order)):
        return ticket
    said = f"dawbridge stopped while {provider.name} was being asked; it may have been accepted and charged."
    raise Doubt("outcome_unknown", said, "`dawbridge retry` pays again, `dawbridge drop` gives it up.")
