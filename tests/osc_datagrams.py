"""Datagrams to frighten an OSC decoder with: well-formed, mutated, random, and the known killers of other servers."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from typing import Any

from bridge.tools.osc_codec import IMPULSE, Message

ADDRESSES = ("/dawbridge/generate", "/dawbridge/preset/lofi", "/tempo/raw", "/a", "#reply", "/é/ü", "/x" * 60)
TEXTS = ("", "a", "abc", "dusty lo-fi", "grid.bpm", "ünï ©ødé ♪", "/etc/passwd", "x" * 300, "%s%n{}")
EVIL_SIZES = (-(2**31), -8, -4, -1, 0, 1, 3, 5, 2**16, 2**24, 2**31 - 4, 2**31 - 1)
TAGS = "ifsbhdtScrmTFNI"
NOW = struct.pack(">Q", 1)
FAR = struct.pack(">II", 0xFFFFFFFF, 0)


def text(said: str | bytes) -> bytes:
    """An OSC string."""
    raw = said.encode() if isinstance(said, str) else said
    return raw + b"\0" * (4 - len(raw) % 4)


def blob(raw: bytes) -> bytes:
    """An OSC blob."""
    return struct.pack(">i", len(raw)) + raw + b"\0" * (-len(raw) % 4)


def bundle(*elements: bytes, when: bytes = NOW) -> bytes:
    """A bundle."""
    return b"#bundle\0" + when + b"".join(struct.pack(">i", len(it)) + it for it in elements)


def nested(depth: int, inner: bytes) -> bytes:
    """Bundles within bundles."""
    for _ in range(depth):
        inner = bundle(inner)
    return inner


def written(message: Message) -> bytes:
    """A message as bytes, straight from the specification; the inverse of the decoder."""
    flat = list(_flat(message.args))
    values = [tag for tag in message.tags if tag not in "[]"]
    return text(message.address) + text(f",{message.tags}") + b"".join(map(_value, values, flat))


def _flat(args: tuple[Any, ...]) -> Iterator[Any]:
    for value in args:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


_FORMS = {"i": ">i", "h": ">q", "t": ">Q", "r": ">I", "f": ">f", "d": ">d"}


def _value(tag: str, value: Any) -> bytes:
    if form := _FORMS.get(tag):
        return struct.pack(form, value)
    if tag in "sS":
        return text(value)
    if tag == "c":
        return struct.pack(">i", ord(value))
    return {"b": blob, "m": bytes}.get(tag, lambda _: b"")(value)


KILLERS = {
    "element of -4 bytes: python-osc loops for ever": b"#bundle\0" + NOW + struct.pack(">i", -4),
    "element of 2^31-1 bytes": b"#bundle\0" + NOW + struct.pack(">i", 2**31 - 1),
    "element of 0 bytes": b"#bundle\0" + NOW + struct.pack(">i", 0) * 4000,
    "time tag ahead: python-osc sleeps": bundle(text("/a") + text(","), when=FAR),
    "stars: python-osc's expression backtracks": text("/" + "*" * 14) + text(","),
    "many stars": text("/" + "*?" * 2000 + "[{" * 500) + text(","),
    "1,500 bundles deep: RecursionError": nested(1500, text("/a") + text(",")),
    "4,000 empty bundles": bundle(*[b"#bundle\0" + NOW] * 2500),
    "address not UTF-8": text(b"/\xff\xfe") + text(","),
    "string not UTF-8": text("/a") + text(",s") + text(b"\xc3\x28"),
    "surrogate in UTF-8": text("/a") + text(",s") + text(b"\xed\xa0\x80"),
    "unknown type eats nothing": text("/a") + text(",Qi") + struct.pack(">qi", 1, 2),
    "symbol before int": text("/a") + text(",Si") + text("sym") + struct.pack(">i", 7),
    "character before int": text("/a") + text(",ci") + struct.pack(">ii", 65, 7),
    "blob of -5 bytes": text("/a") + text(",b") + struct.pack(">i", -5),
    "blob of 2^31-1 bytes": text("/a") + text(",b") + struct.pack(">i", 2**31 - 1),
    "#reply": text("#reply") + text(",s") + text("/strip/list"),
    "/a[]": text("/a[]") + text(","),
    "NaN": text("/a") + text(",f") + struct.pack(">f", math.nan),
    "infinity": text("/a") + text(",d") + struct.pack(">d", math.inf),
    "arrays nested 30,000 deep": text("/a") + text("," + "[" * 30_000),
    "30,000 empty arrays": text("/a") + text("," + "[]" * 15_000),
    "60,000 trues": text("/a") + text("," + "T" * 60_000),
    "arrays that end first": text("/a") + text(",]["),
    "one byte": b"/",
    "nothing": b"",
    "a string without an end": b"/abcdefg",
    "65,507 zeros": b"\0" * 65_507,
    "65,504 slashes": b"/" * 65_504,
    "an int cut off": text("/a") + text(",i") + b"\0\0",
    "bytes too many": text("/a") + text(",") + b"\0" * 8,
    "padding that is not zero": b"/a\0x" + text(","),
    "tags without a comma": text("/a") + text("ii") + struct.pack(">ii", 1, 2),
    "bundle cut in its head": b"#bundle\0\0\0\0\0",
}


def datagrams(seed: int) -> Iterator[bytes]:
    """An endless, repeatable mix: a quarter each well-formed, mutated, grammatical with evil sizes, random."""
    dice = random.Random(seed)
    killers = list(KILLERS.values())
    while True:
        good = _packet(dice, 0)
        yield good
        yield _mutated(dice, good)
        yield _with_evil_size(dice, dice.choice(killers) if dice.random() < 0.1 else _packet(dice, 0))
        yield _random(dice)


def _packet(dice: random.Random, depth: int) -> bytes:
    if depth < 6 and dice.random() < 0.3:
        parts = [_packet(dice, depth + 1) for _ in range(dice.randrange(4))]
        return bundle(*parts, when=dice.choice((NOW, FAR, dice.randbytes(8))))
    return written(message(dice))


def message(dice: random.Random) -> Message:
    """A well-formed message of any types."""
    tags, args = _arguments(dice, dice.randrange(12), 0)
    return Message(dice.choice(ADDRESSES), tags, args)


def _arguments(dice: random.Random, count: int, depth: int) -> tuple[str, tuple[Any, ...]]:
    tags, args = "", []
    for _ in range(count):
        if depth < 3 and dice.random() < 0.1:
            inner, values = _arguments(dice, dice.randrange(4), depth + 1)
            tags, args = f"{tags}[{inner}]", [*args, values]
        else:
            tag = dice.choice(TAGS)
            tags, args = tags + tag, [*args, _made(dice, tag)]
    return tags, tuple(args)


def _made(dice: random.Random, tag: str) -> Any:
    made: dict[str, Any] = {
        "i": dice.randrange(-(2**31), 2**31),
        "h": dice.randrange(-(2**63), 2**63),
        "t": dice.randrange(2**64),
        "r": dice.randrange(2**32),
        "f": dice.randrange(-(2**20), 2**20) / 64,
        "d": dice.uniform(-1e9, 1e9),
        "b": dice.randbytes(dice.randrange(9)),
        "m": dice.randbytes(4),
        "c": chr(dice.randrange(128)),
        "T": True,
        "F": False,
        "N": None,
        "I": IMPULSE,
    }
    return made[tag] if tag in made else dice.choice(TEXTS)


def _mutated(dice: random.Random, packet: bytes) -> bytes:
    data = bytearray(packet)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        how = dice.randrange(5)
        if how == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif how == 1:
            del data[at : at + dice.randrange(1, 9)]
        elif how == 2:
            data[at:at] = dice.randbytes(dice.randrange(1, 9))
        elif how == 3:
            data[at:at] = data[at : at + dice.randrange(1, 40)]
        else:
            del data[at:]
    return bytes(data)


def _with_evil_size(dice: random.Random, packet: bytes) -> bytes:
    at = 4 * dice.randrange(max(1, len(packet) // 4))
    return packet[:at] + struct.pack(">i", dice.choice(EVIL_SIZES)) + packet[at + 4 :]


def _random(dice: random.Random) -> bytes:
    size = dice.choice((dice.randrange(64), dice.randrange(600), 4 * dice.randrange(200)))
    start = dice.choice((b"", b"/", b"#bundle\0", b"/a\0\0,", b"#bundle\0" + NOW))
    return start + dice.randbytes(size)
