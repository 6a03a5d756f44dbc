"""Somebody else's package: a host that lends clips a URL, found through an entry point of `dawbridge.hosts`."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx

from bridge.errors import ConfigError, Retry
from bridge.tools.checkup import Finding

KNOWN = {"url", "lifetime_s"}


class Paybin:
    """A bin that forgets after `lifetime_s`."""

    name = "paybin"

    def __init__(self, section: dict[str, Any], clock: Any) -> None:
        self.url, self._clock = section.get("url", "http://127.0.0.1:9"), clock
        self._lifetime_s = section.get("lifetime_s", 86_400.0)

    async def put(self, clip: Path) -> tuple[str, float]:
        """Upload under a random name."""
        url = f"{self.url}/clips/{secrets.token_hex(8)}"
        await self._send("PUT", url, clip.read_bytes())
        return url, self._clock.wall() + self._lifetime_s

    async def delete(self, url: str) -> None:
        """Remove it."""
        await self._send("DELETE", url, b"")

    def check(self) -> tuple[Finding, ...]:
        """Where it is."""
        return (Finding("paybin", ok=True, says=self.url),)

    async def _send(self, method: str, url: str, body: bytes) -> None:
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                (await client.request(method, url, content=body)).raise_for_status()
        except httpx.HTTPError as fault:
            raise Retry("no_host", "paybin cannot be reached.", "It goes on by itself.") from fault


def create(section: dict[str, Any], bench: Any) -> Paybin:
    """Make it; an unknown setting is an error."""
    for key in section:
        if key not in KNOWN:
            raise ConfigError("bad_settings", f"[hosts.paybin] has no setting '{key}'.", f"Known: {sorted(KNOWN)}.")
    return Paybin(dict(section), bench.clock)
