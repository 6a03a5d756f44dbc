"""reserved → published: the provider can reach the clip; one on this machine, or without a clip, needs nothing."""

from __future__ import annotations

from bridge.errors import Reject
from bridge.steps import reserve
from bridge.steps.shop import Shop
from bridge.take import State, Take

LANE = "net"
LIMIT_S: float | None = 900.0


async def run(shop: Shop, take: Take) -> None:
    """Lend the captured window a URL.

    Raises:
        Reject: `no_host`: nothing is configured that could.
        Refused: a rule that was set while it waited.
    """
    job, provider = await shop.record(shop.journal.job, take.job_id), shop.provider(take.provider)
    if provider.local or take.input_sha is None:
        await shop.record(shop.journal.advance, take, State.PUBLISHED)
        return
    if not shop.hosts:
        hint = "Configure a host, or use a model on this machine, such as sketch."
        raise Reject("no_host", f"{take.provider} fetches clips by URL, and nothing here can lend one.", hint)
    reserve.allowed(shop, job, provider, take.facts.get("leaves", "the clip"))
    host = next(iter(shop.hosts.values()))
    url, expires_s = await host.put(shop.vault.path(take.input_sha))
    facts = {**take.facts, "url_lent_s": expires_s - shop.clock.wall()}
    await shop.record(shop.journal.advance, take, State.PUBLISHED, url=url, url_expires_s=expires_s, facts=facts)
