"""OSC over a stream: packets come out whole however the bytes were cut, and broken framing ends it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.tools.osc_codec import PACKET_BYTES, Malformed
from bridge.tools.osc_stream import Frames

PACKETS = st.lists(st.binary(min_size=1, max_size=80) | st.sampled_from([b"\xc0\xdb", b"\xdb\xdc\xdb\xdd", b"\xdb"]))


def slip(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def measured(packet: bytes) -> bytes:
    return struct.pack(">i", len(packet)) + packet


@pytest.mark.parametrize("frame", [slip, measured])
@given(packets=PACKETS, cuts=st.lists(st.integers(1, 50)))
def test_packets_come_out_whole(frame, packets, cuts):
    """Both framings, cut anywhere, END and ESC in the packets included."""
    data, frames, found = b"".join(map(frame, packets)), Frames(), []
    for cut in [*cuts, len(data)]:
        found += frames.feed(data[:cut])
        data = data[cut:]
    assert found == packets


@pytest.mark.parametrize("frame", [slip, measured])
def test_answers_are_framed_as_the_client_frames(frame):
    """The first byte has told which way that is."""
    frames = Frames()
    assert list(frames.feed(frame(b"ping"))) == [b"ping"]
    assert frames.framed(b"\xc0po\xdbng") == frame(b"\xc0po\xdbng")


@pytest.mark.parametrize("start", [b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n", b"\0\0\0\0", struct.pack(">i", 1 << 24)])
def test_a_length_that_cannot_be_ends_it(start):
    """Negative, a web browser's, none, too large."""
    with pytest.raises(Malformed):
        list(Frames().feed(start))


def test_a_wrong_escape_ends_it():
    """An ESC that escapes nothing known."""
    with pytest.raises(Malformed, match="escape"):
        list(Frames().feed(b"\xc0abc\xdbd\xc0"))


def test_an_endless_frame_ends_it():
    """Nothing is held beyond what one packet may be."""
    frames = Frames()
    assert not list(frames.feed(b"\xc0" + b"a" * PACKET_BYTES))
    assert not list(frames.feed(b"a" * PACKET_BYTES))
    with pytest.raises(Malformed, match="over"):
        list(frames.feed(b"a"))
