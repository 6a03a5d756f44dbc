"""The two sockets, UDP and TCP on one port: bytes in, packets to the listener; nothing here waits for anything else."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import cast

from bridge.errors import ConfigError
from bridge.settings import Osc
from bridge.tools.osc_codec import Malformed
from bridge.triggers.osc.peers import Peer, TcpPeer, UdpPeer

Hear = Callable[[bytes, Peer], None]
RECEIVE_BYTES = 4 << 20
"""Asked for; the system grants what it allows. At its default, 256 small datagrams are kept while we are busy."""
_CONNECTIONS = 32
_AT_ONCE = 32
_READ_BYTES = 1 << 16
_ANY_PORT_TRIES = 20


class Lines:
    """Both sockets, bound at once, so that a taken port is said before anything starts."""

    def __init__(self, chosen: Osc, port: int) -> None:
        self._udp, self._tcp = _bind(chosen.host, port)
        self.host, self.port = self._udp.getsockname()[:2]
        self.receive_bytes = self._udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._connections: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Let the port go."""
        self._udp.close()
        self._tcp.close()

    def peer_at(self, host: str, port: int) -> UdpPeer:
        """Any address that is to be answered; only while `open`."""
        return UdpPeer(self._line, host, port)

    @asynccontextmanager
    async def open(self, hear: Hear, gone: Callable[[Peer], None]) -> AsyncIterator[None]:
        """Receive for as long as the context lasts."""
        loop = asyncio.get_running_loop()
        self._line, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(hear, self._udp), sock=self._udp)
        server = await asyncio.start_server(partial(self._serve, hear, gone), sock=self._tcp)
        try:
            yield
        finally:
            self._line.close()
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(
        self, hear: Hear, gone: Callable[[Peer], None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= _CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        peer = TcpPeer(writer)
        try:
            with suppress(ConnectionError, Malformed, asyncio.CancelledError):
                await _follow(reader, peer, hear)
        finally:
            gone(peer)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, hear: Hear, socket_: socket.socket) -> None:
        self._hear, self._socket = hear, socket_

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._line = cast("asyncio.DatagramTransport", transport)  # Python 3.11's own is no instance of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand it on, and a handful that wait behind it: one turn of the loop for each would double its cost."""
        self._hear(data, UdpPeer(self._line, *addr))
        if sys.platform == "win32":  # its loop is reading the next one already
            return
        with suppress(OSError):  # none waits
            for _ in range(_AT_ONCE):
                more, sender = self._socket.recvfrom(_READ_BYTES)
                self._hear(more, UdpPeer(self._line, *sender))

    def error_received(self, exc: Exception) -> None:
        """An answer met a closed port: its owner has gone, which is his right."""


async def _follow(reader: asyncio.StreamReader, peer: TcpPeer, hear: Hear) -> None:
    count = 0
    while data := await reader.read(_READ_BYTES):
        for packet in peer.frames.feed(data):
            hear(packet, peer)
            count += 1
            if count % _AT_ONCE == 0:  # others want their turn too
                await asyncio.sleep(0)


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    for _ in range(_ANY_PORT_TRIES):
        udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_STREAM)
        try:
            _claim(udp, host, port)
            _claim(tcp, host, udp.getsockname()[1])
            tcp.listen(_CONNECTIONS)
        except OSError as fault:
            udp.close()
            tcp.close()
            if port:
                raise _not_bound(host, port, fault) from fault
        else:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            return udp, tcp
    raise _not_bound(host, port, OSError("no port is free for both UDP and TCP"))


def _claim(it: socket.socket, host: str, port: int) -> None:
    it.setblocking(False)
    if sys.platform == "win32":  # there, others could otherwise share the port and read along
        it.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    elif it.type == socket.SOCK_STREAM:
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    it.bind((host, port))


def _not_bound(host: str, port: int, fault: OSError) -> ConfigError:
    said = f"OSC cannot listen on {host}:{port}: {fault.strerror or fault}."
    return ConfigError("port_taken", said, "Stop the program that has the port, or set osc.port (or --osc-port).")
