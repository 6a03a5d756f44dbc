"""A caller for tests: speaks OSC to a daemon in the same event loop, and waits for its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bridge.tools.osc_codec import Message, decode
from bridge.tools.osc_encode import encode

LIMIT_S = 40.0


class Caller(asyncio.DatagramProtocol):
    """One UDP socket of its own; answers are kept in order."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.passed: list[Message] = []
        self.line: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the way out."""
        self.line = transport

    def datagram_received(self, data: bytes, _: Any) -> None:
        """Keep what is said."""
        for message in decode(data):
            self.heard.put_nowait(message)

    @property
    def port(self) -> int:
        """Where it hears."""
        return self.line.get_extra_info("sockname")[1]

    def send(self, name: str, *args: Any) -> None:
        """Say `/dawbridge/NAME`, or another address when it begins with a slash."""
        self.line.sendto(encode(name if name.startswith("/") else f"/dawbridge/{name}", args))

    async def answer(self, *names: str) -> Message:
        """The next answer, or the next of these names."""
        async with asyncio.timeout(LIMIT_S):
            for _ in range(self.heard.qsize()):
                self.passed.append(self.heard.get_nowait())
            while True:
                for it in self.passed:
                    if not names or it.address.removeprefix("/dawbridge/") in names:
                        self.passed.remove(it)
                        return it
                self.passed.append(await self.heard.get())

    async def ask(self, name: str, *args: Any) -> tuple[Any, ...]:
        """Say it; the next answer as (name, *arguments); a `done` that comes between is kept for later."""
        self.send(name, *args)
        it = await self.answer("accepted", "error", "pong")
        return (it.address.removeprefix("/dawbridge/"), *it.args)


def port_of(it: Any) -> int:
    """Where a running daemon listens to OSC."""
    return next(trigger.port for trigger in it.triggers if trigger.name == "osc")


@asynccontextmanager
async def calling(it: Any) -> AsyncIterator[Caller]:
    """A caller connected to a running daemon."""
    loop = asyncio.get_running_loop()
    line, caller = await loop.create_datagram_endpoint(Caller, remote_addr=("127.0.0.1", port_of(it)))
    try:
        yield caller
    finally:
        line.close()
