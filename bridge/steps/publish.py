"""reserved → published: the provider can reach the clip; one on this machine, or without a clip, needs nothing."""

from __future__ import annotations

from bridge.errors import Reject
from bridge.steps.shop import Shop
from bridge.take import State, Take

LANE = "net"


async def run(shop: Shop, take: Take) -> None:
    """Lend the captured window a URL.

    Raises:
        Reject: `no_host`: nothing is configured that could.
    """
    if shop.provider(take.provider).local or take.input_sha is None:
        await shop.record(shop.journal.advance, take, State.PUBLISHED)
        return
    if not shop.hosts:
        hint = "Configure a host, or use a model on this machine, such as sketch."
        raise Reject("no_host", f"{take.provider} fetches clips by URL, and nothing here can lend one.", hint)
    host = next(iter(shop.hosts.values()))
    url, expires_s = await host.put(shop.vault.path(take.input_sha))
    await shop.record(shop.journal.advance, take, State.PUBLISHED, url=url, url_expires_s=expires_s)
