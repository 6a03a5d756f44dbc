"""Writing OSC: what we say is what our own decoder reads, and what cannot be said is a sentence."""

from __future__ import annotations

import pytest

from bridge.errors import Reject
from bridge.tools.osc_codec import Message, decode
from bridge.tools.osc_encode import encode


def test_types_follow_the_values():
    """The few that every receiver knows."""
    packet = encode("/a", [1, 2**40, 0.5, "é", True, None])
    assert decode(packet) == (Message("/a", "ihfsTN", (1, 2**40, 0.5, "é", True, None)),)


def test_types_can_be_named():
    """A double where a float would lose samples."""
    assert decode(encode("/a", [0.1, "S"], "ds")) == (Message("/a", "ds", (0.1, "S")),)


@pytest.mark.parametrize(("address", "args", "tags"), [("a", [], ""), ("/a", [2**31], "i"), ("/a", ["\ud800"], "")])
def test_what_cannot_be_said_is_refused(address, args, tags):
    """An address without a slash, an int over 32 bits, half a character."""
    with pytest.raises(Reject) as said:
        encode(address, args, tags)
    assert said.value.code == "bad_message"
