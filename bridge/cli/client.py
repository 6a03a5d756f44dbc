"""The command line's way to the pipeline: the running daemon over loopback HTTP, or one of our own while it is needed.

Both are the same API, so there is one way to ask.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bridge import daemon, settings
from bridge.cli import logs, screen
from bridge.errors import BridgeError, ConfigError, from_dict
from bridge.tools import secrets
from bridge.triggers import Setup
from bridge.triggers.http import token_file


class Client:
    """Asks the loopback API; a refusal comes back as the error it was."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._http.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """GET /api/v1/PATH."""
        return _said(await self._http.get(path, params=query))

    async def post(self, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        """POST /api/v1/PATH with a JSON body."""
        return _said(await self._http.post(path, json=fields or {}))

    async def news(self, since: int) -> AsyncGenerator[dict[str, Any]]:
        """The feed from line `since` on, for ever."""
        async with self._http.stream("GET", "news", params={"since": since}, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def connected() -> AsyncIterator[Client]:
    """A way to a pipeline: the one that runs for this data folder, else our own until the context ends.

    Raises:
        ConfigError: the set-up is wrong, or a daemon runs but does not answer.
    """
    home = settings.home()
    if client := await running_client(home):
        async with aclosing(client):
            yield client
        return
    logs.start(home / "logs", verbose=False)
    setup = Setup(home, settings.load(), one_shot=True)
    async with daemon.running(setup) as own:
        for take in own.unfinished:
            screen.tell(f"Left from before: take {take.id} is {take.state}. `dawbridge run` goes on with it.")
        client = await running_client(home)
        if client is None:
            raise ConfigError("no_answer", "Our own loopback server does not answer.", "`dawbridge doctor` may tell.")
        async with aclosing(client):
            yield client


async def running_client(home: Path) -> Client | None:
    """A connection to the process that works with a data folder; None when none answers."""
    where = daemon.whereabouts(home)
    if "port" not in where:
        return None
    http = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{where['port']}/api/v1/",
        headers={"authorization": f"Bearer {secrets.token(token_file(home, 'cli'))}"},
        timeout=30.0,
        trust_env=False,
    )
    with contextlib.suppress(httpx.HTTPError):
        if (await http.get("status")).is_success:
            return Client(http)
    await http.aclose()
    return None


def _said(reply: httpx.Response) -> Any:
    try:
        said = reply.json()
    except ValueError:
        raise BridgeError("no_answer", f"The daemon answered {reply.status_code}.", "See its log.") from None
    if reply.is_error:
        raise from_dict(said["error"])
    return said
