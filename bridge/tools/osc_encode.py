"""Writing OSC: python-osc makes the bytes, with the few types that every receiver knows unless others are named."""

from __future__ import annotations

from collections.abc import Sequence

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from bridge.errors import Reject

Sent = int | float | str | bool | bytes | None


def encode(address: str, args: Sequence[Sent], tags: str = "") -> bytes:
    """One message as a packet; without `tags` int → i (h over 32 bits), float → f, str → s, bool → T F, None → N.

    Raises:
        Reject: `bad_message`: a value that does not fit its type, an address without a slash.
    """
    if not address.startswith("/"):
        raise Reject("bad_message", f"'{address}' is not an OSC address.", "It begins with a slash.")
    builder = OscMessageBuilder(address)
    try:
        for index, value in enumerate(args):
            builder.add_arg(value, tags[index] if tags else None)
        return builder.build().dgram
    except (BuildError, ValueError, OverflowError) as fault:
        raise Reject("bad_message", f"{address} cannot be sent: {fault}.", "Check its values and types.") from fault
