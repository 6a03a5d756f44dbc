"""Reading OSC from anybody: a strict decoder for OSC 1.0 packets with the types of 1.1, and nothing else.

Each size is checked against what is left before it is used, nothing recurses deeper than a bound, no regular expression
and no clock is involved: whatever the bytes, the answer is messages or one `Malformed`, within a millisecond. Time tags
are read and ignored: a bundle runs at once. Sources: the OSC 1.0 specification (Wright 2002) and *Features and Future
of Open Sound Control version 1.1* (Freed and Schmeder 2009).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

PACKET_BYTES = 65_536
ELEMENTS, VALUES = 64, 256
"""At most so many messages and bundles, and so many values and arrays, in one packet."""
BUNDLE_DEPTH, ARRAY_DEPTH = 4, 4
_WORD = 4
_BUNDLE_HEAD = 16
_ASCII = 128


class Impulse(Enum):
    """The type `I` of OSC 1.1 (infinitum in 1.0): something happened, without a value."""

    IMPULSE = "I"


IMPULSE = Impulse.IMPULSE
Value = int | float | str | bytes | bool | Impulse | tuple["Value", ...] | None
"""i h t r → int, f d → float (NaN and infinity as they are), s S c → str, b m → bytes, T F → bool, N → None,
I → IMPULSE, [ ] → tuple."""


class Malformed(ValueError):
    """These bytes are not OSC: what is wrong, and at which byte of the packet."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(f"{what} (at byte {at})")
        self.what = what
        self.at = at


@dataclass(frozen=True)
class Message:
    """One message. `tags` are its type tags without the comma."""

    address: str
    tags: str = ""
    args: tuple[Value, ...] = ()

    @property
    def is_reply(self) -> bool:
        """Whether the address is of the kind `#reply`, which some servers answer with instead of a path."""
        return self.address.startswith("#")


def decode(packet: bytes) -> tuple[Message, ...]:
    """The messages of a packet in order, bundles flattened.

    Raises:
        Malformed: it breaks the format, or one of the bounds above.
    """
    if len(packet) > PACKET_BYTES:
        raise Malformed(f"a packet of {len(packet)} bytes, over {PACKET_BYTES}", 0)
    return tuple(_element(_Reader(packet, len(packet)), 0))


@dataclass
class _Reader:
    """A place in a packet and where its part ends; the allowances are shared by all parts of the packet."""

    data: bytes
    end: int
    at: int = 0
    left: dict[str, int] = field(default_factory=lambda: {"elements": ELEMENTS, "values": VALUES})

    def spend(self, what: str) -> None:
        self.left[what] -= 1
        if self.left[what] < 0:
            raise Malformed(f"too many {what} in one packet", self.at)

    def take(self, size: int, what: str) -> int:
        """Step over `size` bytes; returns where they begin."""
        start = self.at
        if size > self.end - start:
            raise Malformed(f"{what} needs {size} bytes, {self.end - start} are left", start)
        self.at = start + size
        return start

    def number(self, form: struct.Struct, what: str) -> Any:
        return form.unpack_from(self.data, self.take(form.size, what))[0]

    def text(self, what: str) -> str:
        start = self.at
        stop = self.data.find(0, start, self.end)
        if stop < 0:
            raise Malformed(f"{what} does not end", start)
        self.padded(stop + 1 - start, what)
        try:
            return self.data[start:stop].decode()
        except UnicodeDecodeError as fault:
            raise Malformed(f"{what} is not UTF-8", start + fault.start) from None

    def blob(self) -> bytes:
        start = self.at
        size = self.number(_INT, "a blob's size")
        if size < 0:
            raise Malformed(f"a blob of {size} bytes", start)
        begin = self.padded(size, "a blob")
        return self.data[begin : begin + size]

    def padded(self, size: int, what: str) -> int:
        """Step over `size` bytes and the zeros that fill the word; returns where they begin."""
        start = self.take(size + -size % _WORD, what)
        if any(self.data[start + size : self.at]):
            raise Malformed(f"{what} is not padded with zeros", start + size)
        return start

    def letter(self) -> str:
        start = self.at
        code = self.number(_INT, "a character")
        if not 0 <= code < _ASCII:
            raise Malformed("a character that is not ASCII", start)
        return chr(code)


_INT, _LONG = struct.Struct(">i"), struct.Struct(">q")
_UNSIGNED, _TIME = struct.Struct(">I"), struct.Struct(">Q")
_FLOAT, _DOUBLE = struct.Struct(">f"), struct.Struct(">d")
_READERS: dict[str, Callable[[_Reader], Value]] = {
    "i": lambda it: it.number(_INT, "an int"),
    "h": lambda it: it.number(_LONG, "a long"),
    "t": lambda it: it.number(_TIME, "a time tag"),
    "r": lambda it: it.number(_UNSIGNED, "a colour"),
    "f": lambda it: it.number(_FLOAT, "a float"),
    "d": lambda it: it.number(_DOUBLE, "a double"),
    "s": lambda it: it.text("a string"),
    "S": lambda it: it.text("a symbol"),
    "c": _Reader.letter,
    "b": _Reader.blob,
    "m": lambda it: it.data[it.take(_WORD, "a MIDI message") : it.at],
    "T": lambda _: True,
    "F": lambda _: False,
    "N": lambda _: None,
    "I": lambda _: IMPULSE,
}


def _element(reader: _Reader, depth: int) -> Iterator[Message]:
    reader.spend("elements")
    size = reader.end - reader.at
    if size == 0 or size % _WORD:
        raise Malformed(f"a packet or element of {size} bytes, not of whole words", reader.at)
    if reader.data.startswith(b"#bundle\0", reader.at):
        yield from _bundle(reader, depth)
    else:
        yield _message(reader)


def _bundle(reader: _Reader, depth: int) -> Iterator[Message]:
    if depth >= BUNDLE_DEPTH:
        raise Malformed(f"bundles nested over {BUNDLE_DEPTH} deep", reader.at)
    reader.take(_BUNDLE_HEAD, "a bundle's head")
    while reader.at < reader.end:
        start = reader.at
        size = reader.number(_INT, "an element's size")
        if size <= 0:
            raise Malformed(f"an element of {size} bytes", start)
        begin = reader.take(size, "an element")
        yield from _element(_Reader(reader.data, reader.at, begin, reader.left), depth + 1)


def _message(reader: _Reader) -> Message:
    start = reader.at
    address = reader.text("an address")
    if not address.startswith(("/", "#")):
        raise Malformed("an address that begins with neither / nor #", start)
    if reader.at == reader.end:  # older senders leave the type tags out when nothing follows
        return Message(address)
    begin = reader.at
    tags = reader.text("the type-tag string")
    if not tags.startswith(","):
        raise Malformed("type tags that do not begin with a comma", begin)
    args = _values(reader, tags, begin)
    if reader.at != reader.end:
        raise Malformed(f"{reader.end - reader.at} bytes too many", reader.at)
    return Message(address, tags[1:], args)


def _values(reader: _Reader, tags: str, begin: int) -> tuple[Value, ...]:
    open_arrays: list[list[Value]] = [[]]
    for place, tag in enumerate(tags[1:], begin + 1):
        if tag == "[":
            reader.spend("values")
            if len(open_arrays) > ARRAY_DEPTH:
                raise Malformed(f"arrays nested over {ARRAY_DEPTH} deep", place)
            open_arrays.append([])
        elif tag == "]":
            if len(open_arrays) == 1:
                raise Malformed("an array ends that was not begun", place)
            whole = tuple(open_arrays.pop())
            open_arrays[-1].append(whole)
        elif read := _READERS.get(tag):
            reader.spend("values")
            open_arrays[-1].append(read(reader))
        else:
            raise Malformed(f"the type {tag!a} is not known", place)
    if len(open_arrays) > 1:
        raise Malformed("an array does not end", begin)
    return tuple(open_arrays[0])
