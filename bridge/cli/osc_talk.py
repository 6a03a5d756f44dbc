"""Talking OSC to the running daemon: what `osc monitor` and `osc send` do."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any, cast

from bridge import settings
from bridge.cli import screen
from bridge.errors import ConfigError, Reject
from bridge.tools import secrets
from bridge.tools.osc_codec import Impulse, Malformed, Message, Value, decode
from bridge.tools.osc_encode import Sent, encode
from bridge.tools.osc_stream import Frames
from bridge.triggers.osc import address_file, token_file

SILENT, REFUSED = 1, 2
_READ_BYTES = 1 << 16
_READ: dict[str, Callable[[str], Sent]] = {"i": int, "h": int, "f": float, "d": float, "s": str}
_LAST = {"/dawbridge/done", "/dawbridge/error", "/dawbridge/pong"}


def packet(address: str, words: Sequence[str], types: str) -> bytes:
    """One message from words of the command line.

    Raises:
        Reject: `bad_message`.
    """
    if types and (len(types) != len(words) or set(types) - set(_READ)):
        raise Reject(
            "bad_message", f"'{types}' does not fit {len(words)} arguments.", f"One of {', '.join(_READ)} each."
        )
    try:
        args = (
            [_READ[tag](word) for tag, word in zip(types, words, strict=True)]
            if types
            else [_guess(it) for it in words]
        )
    except ValueError as fault:
        raise Reject("bad_message", f"An argument does not fit its type: {fault}.", "Check --types.") from fault
    return encode(address, args, types)


async def say(said: bytes, port: int | None, wait_s: float, *, follow: bool) -> int:
    """Send a packet, print the answers; returns the exit code."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    line, _ = await loop.create_datagram_endpoint(lambda: _Hearing(heard.put_nowait), remote_addr=_where(port))
    with closing(line):
        line.sendto(said)
        try:
            address = _shown(await asyncio.wait_for(heard.get(), wait_s))
        except TimeoutError:
            return SILENT
        while follow and address not in _LAST:
            address = _shown(await heard.get())
        return REFUSED if address == "/dawbridge/error" else 0


async def look_on(port: int | None) -> None:
    """Print traffic until cancelled: the daemon's, or when none runs whatever comes to the port."""
    host, number = _where(port)
    try:
        reader, writer = await asyncio.open_connection(host, number)
    except OSError:
        await _listen(host, number)
        return
    frames = Frames()
    with closing(writer):
        writer.write(_measured(encode("/dawbridge/monitor", [secrets.token(token_file(settings.home()))])))
        screen.tell(f"Looking on at {host}:{number}; Ctrl-C ends it.")
        while data := await reader.read(_READ_BYTES):
            for each in frames.feed(data):
                (message,) = decode(each)
                _tell(message)
    screen.tell("The daemon has ended.")


def show(way: str, peer: str, packet: bytes) -> None:
    """Print a packet's messages, or why it is none."""
    try:
        messages = decode(packet)
    except Malformed as fault:
        line = {"way": way, "peer": peer, "malformed": str(fault), "hex": packet[:64].hex()}
        screen.line(line) if screen.as_json() else screen.say(f"{way:4}{peer:22}MALFORMED {fault}: {packet[:24]!r}")
        return
    for it in messages:
        if screen.as_json():
            screen.line({"way": way, "peer": peer, "address": it.address, "tags": it.tags, "args": _plain(it.args)})
        else:
            args = " ".join(json.dumps(each, ensure_ascii=False) for each in _plain(it.args))
            screen.say(f"{f'{way:4}{peer:22}' if peer else ''}{it.address} {it.tags} {args}".rstrip())


def _shown(answer: bytes) -> str:
    show("", "", answer)
    return decode(answer)[0].address


class _Hearing(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes], Any]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep what came."""
        del addr
        self._hear(data)


class _Showing(asyncio.DatagramProtocol):
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Print what came."""
        show("in", f"{addr[0]}:{addr[1]}", data)


async def _listen(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    try:
        line, _ = await loop.create_datagram_endpoint(_Showing, local_addr=(host, port))
    except OSError as fault:
        said = f"Nothing answers at {host}:{port}, and it cannot be listened to: {fault.strerror}."
        raise ConfigError("port_taken", said, "Name another with --port.") from fault
    with closing(line):
        screen.tell(f"No daemon runs at {host}:{port}: listening there for datagrams. Ctrl-C ends it.")
        await asyncio.Event().wait()


def _tell(message: Message) -> None:
    if message.address == "/dawbridge/seen":
        way, peer, raw = cast("tuple[str, str, bytes]", message.args)
        show(way, peer, raw)
    elif message.address == "/dawbridge/error":
        raise Reject(str(message.args[1]), str(message.args[2]))


def _where(port: int | None) -> tuple[str, int]:
    said: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        said = json.loads(address_file(settings.home()).read_text(encoding="utf-8"))
    chosen = settings.load().osc
    host, number = str(said.get("host", chosen.host)), int(port or said.get("port") or chosen.port)
    return ("127.0.0.1" if host == "0.0.0.0" else host), number  # noqa: S104 - compared, not bound


def _measured(it: bytes) -> bytes:
    return struct.pack(">i", len(it)) + it


def _guess(word: str) -> Sent:
    for read in (int, float):
        with suppress(ValueError):
            return read(word)
    return word


def _plain(args: Sequence[Value]) -> list[Any]:
    return [
        each.hex() if isinstance(each, bytes) else _plain(each) if isinstance(each, tuple) else _word(each)
        for each in args
    ]


def _word(value: Any) -> Any:
    return value.value if isinstance(value, Impulse) else value
