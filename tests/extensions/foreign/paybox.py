"""Somebody else's package: a paid music service over HTTP, found through an entry point of `dawbridge.providers`."""

from __future__ import annotations

from typing import Any

import httpx

from bridge.errors import ConfigError, Doubt, Reject, Retry, nearest
from bridge.providers import Quote, Status
from bridge.tools.checkup import Finding

KNOWN = {"url", "after_crash", "price_usd", "timeout_s", "bare", "needs_clip_url"}


class Paybox:
    """A provider; `after_crash` as configured, `bare` lets httpx's own errors through (as careless ones do)."""

    name = "paybox"
    local = False

    def __init__(self, section: dict[str, Any]) -> None:
        self.url = section.get("url", "http://127.0.0.1:9")
        self.after_crash = section.get("after_crash", "park")
        self._micro_usd = round(section.get("price_usd", 0.4) * 1_000_000)
        self._timeout_s = section.get("timeout_s", 20.0)
        self._bare = section.get("bare", False)

    def price(self, order: Any) -> Quote:
        """A flat price."""
        if order.model not in {"", "band"}:
            raise Reject("unknown_model", f"paybox has no model '{order.model}'.", nearest(order.model, ["band"]))
        leaves = "the prompt and the clip" if order.transforms else "the prompt"
        return Quote("band", self._micro_usd, leaves)

    async def submit(self, order: Any) -> str:
        """One POST."""
        body = {"key": order.take_id, "prompt": order.prompt, "clip_url": order.clip_url}
        reply = await self._send("POST", "/jobs", body)
        return str(reply.json()["id"])

    async def poll(self, ticket: str) -> Status:
        """One GET."""
        said = (await self._send("GET", f"/jobs/{ticket}")).json()
        if said["state"] == "failed":
            raise Reject("provider_failed", "paybox could not make it.", "Change the prompt.")
        ready = said["state"] == "ready"
        return Status("ready" if ready else "running", None, self._micro_usd if ready else None)

    async def fetch(self, ticket: str, order: Any, into: Any) -> dict[str, Any]:
        """The whole sound."""
        reply = await self._send("GET", f"/jobs/{ticket}/sound")
        into.write_bytes(reply.content)
        return {"seed": order.seed}

    async def cancel(self, ticket: str) -> bool:
        """Ask for it."""
        await self._send("POST", f"/jobs/{ticket}/cancel", {})
        return True

    async def find(self, order: Any) -> str | None:
        """Our own job by its key."""
        found = (await self._send("GET", f"/jobs?key={order.take_id}")).json()["jobs"]
        return str(found[0]) if found else None

    def check(self) -> tuple[Finding, ...]:
        """Where it is."""
        return (Finding("paybox", ok=True, says=self.url),)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        paid = path == "/jobs" and method == "POST"
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=self._timeout_s, trust_env=False) as client:
                reply = await client.request(method, path, json=body)
        except httpx.ConnectError as fault:
            raise Retry("no_connection", "paybox cannot be reached.", "It goes on by itself.") from fault
        except httpx.HTTPError as fault:
            if self._bare:
                raise
            raise _unclear(paid, type(fault).__name__) from fault
        return _checked(reply, paid)


def _checked(reply: httpx.Response, paid: bool) -> httpx.Response:  # noqa: FBT001 - private
    if reply.status_code == 429:
        after_s = float(reply.headers.get("Retry-After", 5))
        raise Retry("busy", "paybox is busy.", "It goes on by itself.", after_s=after_s)
    if reply.status_code == 402:
        raise Reject("no_credit", "The paybox account is empty.", "Top it up, then retry.")
    if reply.status_code >= 500:
        raise _unclear(paid, str(reply.status_code))
    if reply.is_error:
        raise Reject("refused", f"paybox refused it ({reply.status_code}).", "Ask for something else.")
    return reply


def _unclear(paid: bool, what: str) -> Doubt | Retry:  # noqa: FBT001 - private
    if paid:
        return Doubt("outcome_unknown", f"paybox broke off ({what}); it may have charged.", "retry or drop")
    return Retry("broke_off", f"paybox broke off ({what}).", "It goes on by itself.", after_s=0.05)


def create(section: dict[str, Any], bench: Any) -> Paybox:
    """Make it; an unknown setting is an error."""
    del bench
    for key in section:
        if key not in KNOWN:
            raise ConfigError("bad_settings", f"[providers.paybox] has no setting '{key}'.", nearest(key, KNOWN))
    return Paybox(dict(section))
