"""Whoever speaks OSC to us: a UDP sender or a TCP connection, and how each is answered without ever waiting."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
from dataclasses import dataclass, field
from typing import Protocol

from bridge.tools.osc_stream import Frames

MOST_UNSENT_BYTES = 1 << 20
"""A connection whose client reads too slowly for this is ended."""
MOST_UNSENT_DATAGRAMS_BYTES = 1 << 18
"""Answers that the system does not take are dropped beyond this, as the network itself would."""


class Peer(Protocol):
    """One who asks or follows; the same sender is the same peer."""

    @property
    def host(self) -> str:
        """Its IP address."""
        ...

    @property
    def name(self) -> str:
        """For people."""
        ...

    def send(self, packet: bytes) -> None:
        """Hand an answer over; never waits, never raises."""
        ...


@dataclass(frozen=True)
class UdpPeer:
    """A datagram's sender, or a port of its machine where it wants its answers."""

    line: asyncio.DatagramTransport = field(repr=False)
    host: str
    port: int

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.host}:{self.port}"

    def at(self, port: int) -> UdpPeer:
        """The same machine, another port."""
        return UdpPeer(self.line, self.host, port)

    def send(self, packet: bytes) -> None:
        """See `Peer.send`."""
        unsent = self.line.get_write_buffer_size()  # type: ignore[attr-defined]  # asyncio's own transports have it
        if not self.line.is_closing() and unsent < MOST_UNSENT_DATAGRAMS_BYTES:
            self.line.sendto(packet, (self.host, self.port))


class TcpPeer:
    """A connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.frames = Frames()
        self.host, port = writer.get_extra_info("peername")[:2]
        self.name = f"tcp {self.host}:{port}"

    def send(self, packet: bytes) -> None:
        """See `Peer.send`."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self._writer.transport.abort()
        else:
            self._writer.write(self.frames.framed(packet))


@functools.lru_cache(maxsize=256)
def is_local(host: str) -> bool:
    """Whether an address is this machine's loopback; no system lets a packet that claims so in from outside."""
    return ipaddress.ip_address(host).is_loopback
