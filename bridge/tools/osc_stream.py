"""OSC over a stream: packets with a length before each (OSC 1.0, liblo) or in SLIP frames (OSC 1.1, npm `osc`).

Which one a client speaks is told by its first byte: SLIP's END, or the first byte of a length, which is zero.
Source: RFC 1055 for SLIP.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from bridge.tools.osc_codec import PACKET_BYTES, Malformed

_END, _ESC, _ESC_END, _ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"
_LENGTH = struct.Struct(">i")


class Frames:
    """Cuts what arrives into packets, and frames answers in the client's own way; holds at most one packet's bytes."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._slip: bool | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete now.

        Raises:
            Malformed: the framing is broken; the connection cannot go on.
        """
        self._held += data
        if self._slip is None and self._held:
            self._slip = self._held.startswith(_END)
        return self._slip_packets() if self._slip else self._measured_packets()

    def framed(self, packet: bytes) -> bytes:
        """A packet as this client reads it; by length until it has said something."""
        if not self._slip:
            return _LENGTH.pack(len(packet)) + packet
        return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END

    def _measured_packets(self) -> Iterator[bytes]:
        while len(self._held) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._held)
            if not 0 < size <= PACKET_BYTES:
                raise Malformed(f"a packet of {size} bytes announced", 0)
            end = _LENGTH.size + size
            if len(self._held) < end:
                return
            packet = bytes(self._held[_LENGTH.size : end])
            del self._held[:end]
            yield packet

    def _slip_packets(self) -> Iterator[bytes]:
        *whole, rest = self._held.split(_END)
        self._held = rest
        for frame in whole:
            if frame:  # frames have an END on both sides: between two of them lies nothing
                yield _unescaped(frame)
        if len(rest) > 2 * PACKET_BYTES:
            raise Malformed(f"a frame over {PACKET_BYTES} bytes", 0)


def _unescaped(frame: bytearray) -> bytes:
    if frame.count(_ESC) != frame.count(_ESC_END) + frame.count(_ESC_ESC):
        raise Malformed("a SLIP escape that is none", frame.find(_ESC))
    return bytes(frame.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC))
