"""Reading OSC: what is well-formed comes out exactly, anything else is one sentence with a place."""

from __future__ import annotations

import math
import random
import struct
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osc_datagrams import KILLERS, NOW, bundle, datagrams, message, nested, text, written
from pythonosc import osc_bundle
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.tools.osc_codec import BUNDLE_DEPTH, ELEMENTS, IMPULSE, PACKET_BYTES, VALUES, Malformed, Message, decode

PING = text("/ping") + text(",")
CASES = 50_000


def wrong(packet: bytes) -> Malformed:
    with pytest.raises(Malformed) as said:
        decode(packet)
    return said.value


def test_every_type_comes_out_as_it_is():
    """The fifteen types of 1.0 and 1.1 and arrays, in one message."""
    args = (1, 0.5, "s", b"blob!", -(2**40), 0.1, 1, "sym", "c", 0xFF00FF00, b"\x90\x40\x7f\x00")
    sent = Message("/all", "ifsbhdtScrmTFNI[i[s]]", (*args, True, False, None, IMPULSE, (3, ("x",))))
    assert decode(written(sent)) == (sent,)


def test_a_message_may_lack_type_tags():
    """Older senders leave them out when there are no arguments."""
    assert decode(text("/ping")) == (Message("/ping"),)


def test_a_bundle_is_its_messages_in_order():
    """Flattened, whatever the time tags say."""
    one, two = text("/1") + text(","), text("/2") + text(",")
    assert [it.address for it in decode(bundle(one, bundle(two, one, when=b"\xff" * 8)))] == ["/1", "/2", "/1"]
    assert decode(bundle()) == ()


def test_a_reply_is_told_from_a_path():
    """Ardour answers with the address `#reply`."""
    (it,) = decode(KILLERS["#reply"])
    assert it.is_reply
    assert it.args == ("/strip/list",)


def test_bounds_are_reached_and_not_passed():
    """Depth, messages and values: the last one in is read, the next one refused."""
    assert decode(nested(BUNDLE_DEPTH, PING))
    assert "nested" in str(wrong(nested(BUNDLE_DEPTH + 1, PING)))
    assert len(decode(bundle(*[PING] * (ELEMENTS - 1)))) == ELEMENTS - 1
    assert "elements" in str(wrong(bundle(*[PING] * ELEMENTS)))
    assert len(decode(text("/a") + text("," + "T" * VALUES))[0].args) == VALUES
    assert "values" in str(wrong(text("/a") + text("," + "T" * (VALUES + 1))))


def test_a_packet_has_a_largest_size():
    """TCP could bring more than a datagram holds."""
    assert "over" in str(wrong(b"/" + b"a" * PACKET_BYTES))


@pytest.mark.parametrize(
    ("packet", "at", "what"),
    [
        (b"", 0, "0 bytes"),
        (b"/abc", 0, "does not end"),
        (b"/a\0", 0, "3 bytes"),
        (b"/a\0x", 3, "padded"),
        (b"a\0\0\0", 0, "begins with neither"),
        (text("/a") + text("i"), 4, "comma"),
        (text("/a") + text(",i"), 8, "needs 4"),
        (text("/a") + text(",Q"), 5, "'Q'"),
        (text("/a") + text(",s") + text(b"ab\xff"), 10, "UTF-8"),
        (text("/a") + text(",b") + struct.pack(">i", -5), 8, "-5"),
        (text("/a") + text(",b") + struct.pack(">i", 5) + b"\0" * 4, 12, "needs 8"),
        (text("/a") + text(",c") + struct.pack(">i", 300), 8, "ASCII"),
        (text("/a") + text(",") + b"\0\0\0\0", 8, "4 bytes too many"),
        (text("/a") + text(",]"), 5, "not begun"),
        (text("/a") + text(",["), 4, "does not end"),
        (b"#bundle\0" + NOW + struct.pack(">i", -4), 16, "-4"),
        (b"#bundle\0" + NOW + struct.pack(">i", 6) + b"\0" * 8, 20, "6 bytes"),
        (bundle(PING, text("/a") + text(",i")), 44, "needs 4"),
    ],
)
def test_a_refusal_says_what_and_where(packet, at, what):
    """One error type, with the byte at which it is wrong."""
    said = wrong(packet)
    assert (said.at, what in said.what) == (at, True), str(said)


@pytest.mark.parametrize("name", KILLERS)
def test_known_killers_are_read_or_refused(name):
    """What hangs, stops or crashes python-osc's server."""
    packet = KILLERS[name]
    try:
        found: Any = decode(packet)
    except Malformed as said:
        found = said
    assert 0 <= found.at <= len(packet) if isinstance(found, Malformed) else all(it.address for it in found)


def test_a_fuzz_of_50_000_gives_messages_or_malformed():
    """Nothing but `Malformed` escapes, and whatever is accepted is exactly what was sent."""
    read = 0
    for packet in islice(datagrams(seed=1), CASES):
        try:
            messages = decode(packet)
        except Malformed:
            continue
        read += 1
        if not packet.startswith(b"#bundle\0") and messages[0].tags and "nan" not in str(messages):
            assert written(messages[0]) == packet
    assert CASES / 5 < read < CASES / 2


@given(st.integers(0, 2**32))
def test_writing_and_reading_are_inverse(seed):
    """Any message of any types comes back equal."""
    sent = message(random.Random(seed))
    assert decode(written(sent)) == (sent,)


VALUE = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.binary(min_size=1),
    st.booleans(),
    st.none(),
)


@given(st.lists(st.one_of(VALUE, st.lists(VALUE, max_size=4)), max_size=8))
def test_what_python_osc_writes_is_read_alike(args):
    """The oracle's own messages: same address, same values."""
    builder = OscMessageBuilder("/oracle")
    for value in args:
        builder.add_arg(value)
    built = builder.build()
    (it,) = decode(built.dgram)
    assert it.address == "/oracle"
    assert same(it.args, built.params)


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_what_both_accept_both_read_alike(seed):
    """Mutated and random packets included; where the oracle is known to be wrong (S c I, -4) it is not asked."""
    for packet in islice(datagrams(seed), 8):
        try:
            messages = decode(packet)
        except Malformed:
            continue
        if (theirs := oracle(packet)) is None:
            continue
        for it, other in zip((it for it in messages if not it.is_reply), theirs, strict=True):
            if not set(it.tags) & set("ScIt"):
                assert (it.address, same(it.args, other.params)) == (other.address, True)


def oracle(packet: bytes) -> list[Any] | None:
    """What python-osc makes of a packet that we accept: its sizes are sound, so it cannot loop."""
    try:
        if packet.startswith(b"#bundle\0"):
            return list(_messages(OscBundle(packet)))
        return [OscMessage(packet)] if packet.startswith(b"/") else []
    except (ParseError, osc_bundle.ParseError, UnicodeDecodeError, OverflowError):
        return None


def _messages(it: Any) -> Any:
    for part in it:
        if isinstance(part, OscBundle):
            yield from _messages(part)
        else:
            yield part


def same(ours: Any, theirs: Any) -> bool:
    """Equal, lists for tuples, NaN for NaN, a MIDI message as four bytes."""
    if isinstance(ours, tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float):
        return ours == theirs or (math.isnan(ours) and math.isnan(theirs))
    return ours == (bytes(theirs) if isinstance(theirs, tuple) else theirs) and type(ours) is not float
