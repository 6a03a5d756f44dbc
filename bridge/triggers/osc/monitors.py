"""The way out, and those who look on: `dawbridge osc monitor` sees each packet, in and out, as it was on the wire."""

from __future__ import annotations

from bridge.triggers.osc import answers
from bridge.triggers.osc.peers import Peer


class Monitors:
    """Costs nothing while nobody looks."""

    def __init__(self) -> None:
        self._peers: set[Peer] = set()

    def add(self, peer: Peer) -> None:
        """Show a peer everything from now on."""
        self._peers.add(peer)

    def forget(self, peer: Peer) -> None:
        """A connection has ended."""
        self._peers.discard(peer)

    def say(self, peer: Peer, packet: bytes) -> None:
        """Send an answer, before their eyes."""
        self.show("out", peer, packet)
        peer.send(packet)

    def show(self, way: str, peer: Peer, packet: bytes) -> None:
        """Pass a packet on to all but the one it belongs to."""
        if self._peers and packet:
            said = answers.seen(way, peer.name, packet)
            for each in self._peers - {peer}:
                each.send(said)
