"""published → submitting → submitted: the one call that may cost money, made at most once per intent.

The intent is on disk before the call; if we find it there without an answer, only what the provider allows is done.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from bridge import ledger
from bridge.errors import BridgeError, Doubt, Retry
from bridge.journal import Stuck
from bridge.providers import Order, Provider
from bridge.steps import reserve
from bridge.steps.shop import Shop
from bridge.take import Job, State, Take

log = logging.getLogger(__name__)
LANE = "net"
LIMIT_S: float | None = 300.0
_URL_LEFT_S = 3600.0
_JOURNAL_PAUSE_S = 5.0


async def run(shop: Shop, take: Take) -> None:
    """Commit the intent, make the call, commit the ticket.

    Raises:
        Reject: certainly not accepted.
        Refused: a rule that was set while it waited.
        Retry: certainly not accepted yet; the intent is taken back first.
        Doubt: the outcome is not known.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    if take.state is State.SUBMITTING:
        await _keep(shop, take, await _after_crash(shop, take, job))
    elif _url_too_old(shop, take):
        await shop.record(shop.journal.advance, take, State.RESERVED, url=None, url_expires_s=None)
    else:
        provider, order = shop.provider(take.provider), shop.order(take, job)
        reserve.allowed(shop, job, provider, take.facts.get("leaves", "the prompt"))
        caps = partial(ledger.recheck, take_id=take.id, limits=reserve.limits(shop, job), now_s=shop.clock.wall())
        await shop.record(shop.journal.advance, take, State.SUBMITTING, also=caps)
        intent = replace(take, state=State.SUBMITTING)
        await _keep(shop, intent, await _once(shop, intent, provider, order))


def _url_too_old(shop: Shop, take: Take) -> bool:
    """Under an hour left; or under half of its life, where a host lends for less than that."""
    if take.url_expires_s is None:
        return False
    lent_s = take.facts.get("url_lent_s", 2 * _URL_LEFT_S)
    return bool(take.url_expires_s - shop.clock.wall() < min(_URL_LEFT_S, lent_s / 2))


async def _keep(shop: Shop, take: Take, ticket: str) -> None:
    """Write the ticket down; it may be paid for, so a journal that is stuck is waited for with it in hand."""
    while True:
        try:
            await shop.record(shop.journal.advance, take, State.SUBMITTED, ticket=ticket)
        except Stuck as fault:
            log.warning("take=%s journal=stuck reason=%r", take.id, str(fault))
            await shop.clock.sleep(_JOURNAL_PAUSE_S)
        else:
            return


async def _once(shop: Shop, take: Take, provider: Provider, order: Order) -> str:
    try:
        return await provider.submit(order)
    except Retry:
        # with what it waits for and how often it has, so that the pauses grow and the same reason is said once
        await shop.record(shop.journal.advance, take, State.PUBLISHED, tries=take.tries, reason=take.reason)
        raise


async def _after_crash(shop: Shop, take: Take, job: Job) -> str:
    """What the provider allows; its no to a second call says nothing of the first."""
    said = f"dawbridge stopped while {take.provider} was being asked; it may have been accepted and charged."
    unknown = Doubt("outcome_unknown", said, "`dawbridge retry` pays again, `dawbridge drop` gives it up.")
    try:
        provider, order = shop.provider(take.provider), shop.order(take, job)
        if provider.after_crash == "park":
            raise unknown
        if provider.after_crash == "find" and (ticket := await provider.find(order)):
            return ticket
        return await provider.submit(order)
    except (Retry, Doubt):
        raise
    except BridgeError as no:
        raise unknown from no
