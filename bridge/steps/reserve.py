"""captured → reserved: the rules allow it, the price fits under the caps, and the result will have room."""

from __future__ import annotations

import shutil
from functools import partial

from bridge import ledger
from bridge.errors import Refused, Retry
from bridge.providers import Order, Provider
from bridge.steps.shop import Shop
from bridge.take import Job, State, Take

LANE = "sound"
LIMIT_S: float | None = 60.0
_BYTES_A_FRAME = 3 * 2 * 3
"""24-bit stereo, three times: the original, the finished take, the delivered copy."""
_SPARE_BYTES = 1 << 20


async def run(shop: Shop, take: Take) -> None:
    """Price the order and set the amount aside, in one transaction.

    Raises:
        Refused: `local_only`, `no_upload` or `over_cap`; before any connection.
        Reject: the order is outside the model's limits.
        Retry: the disk has no room for the result.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    provider, order = shop.provider(take.provider), shop.order(take, job)
    quote = provider.price(order)
    allowed(shop, job, provider, quote.leaves)
    _room(shop, order)
    charge = partial(
        ledger.reserve,
        take_id=take.id,
        provider=take.provider,
        amount=quote.micro_usd,
        limits=limits(shop, job),
        now_s=shop.clock.wall(),
    )
    facts = {**take.facts, "leaves": quote.leaves, "warnings": list(quote.warnings)}
    columns = {"estimate_micro_usd": quote.micro_usd, "facts": facts}
    await shop.record(shop.journal.advance, take, State.RESERVED, also=charge, **columns)


def limits(shop: Shop, job: Job) -> ledger.Limits:
    """The caps for one of this job's takes: the user's, and the request's own."""
    caps, own = shop.settings.caps, ledger.micro(job.request.max_cost_usd)
    per_take = [cap for cap in (ledger.micro(caps.take_usd), own) if cap is not None]
    return ledger.Limits(min(per_take, default=None), ledger.micro(caps.day_usd), ledger.micro(caps.month_usd))


def allowed(shop: Shop, job: Job, provider: Provider, leaves: str) -> None:
    """Refuse what must not leave this machine, before any connection.

    Raises:
        Refused: `local_only` or `no_upload`.
    """
    if provider.local:
        return
    hint = "Use a model on this machine, such as sketch."
    if shop.settings.local_only:
        raise Refused("local_only", f"local_only is set, and {leaves} would leave this machine.", hint)
    if job.no_upload:
        raise Refused("no_upload", f"Nothing of this may leave this machine, and {leaves} would.", hint)


def _room(shop: Shop, order: Order) -> None:
    length_s = order.length_s or order.clip_s or 60.0
    needed = round(length_s * order.rate) * _BYTES_A_FRAME + _SPARE_BYTES
    if shutil.disk_usage(shop.vault.folder).free < needed:
        said = f"The disk of {shop.vault.folder} has less than {needed >> 20} MB left."
        raise Retry("disk_full", said, "Free some space; nothing has been spent.", needs_user=True)
