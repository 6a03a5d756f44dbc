"""What is let through: senders from other machines with the secret, so many commands a second, each press once."""

from __future__ import annotations

import asyncio
from typing import Any

from bridge.tools import secrets
from bridge.tools.clock import Clock
from bridge.tools.osc_codec import Message, Value
from bridge.triggers.osc import words
from bridge.triggers.osc.peers import Peer, is_local

REPEAT_S = 0.25
"""The same message from the same sender within this time is Wi-Fi's or a finger's echo."""


class Bucket:
    """Lets `burst` through at once and `rate` a second for ever."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._seen_s = burst, clock.steady()

    def take(self) -> bool:
        """Whether there is room for one more."""
        now_s = self._clock.steady()
        self._left = min(self._burst, self._left + (now_s - self._seen_s) * self._rate)
        self._seen_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Repeats:
    """Remembers what was just asked, and the work on it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: dict[tuple[Peer, Message], tuple[float, asyncio.Task[bytes], Peer]] = {}

    def work_on(self, peer: Peer, message: Message) -> tuple[asyncio.Task[bytes], Peer] | None:
        """The work that this message from this sender has started a moment ago, and who is answered."""
        oldest_s = self._clock.steady() - REPEAT_S
        while self._recent and (first := next(iter(self._recent))) and self._recent[first][0] < oldest_s:
            del self._recent[first]
        found = self._recent.get((peer, message))
        return found[1:] if found else None

    def keep(self, peer: Peer, message: Message, work: asyncio.Task[bytes], to: Peer) -> None:
        """Remember work that was just started, and who is answered."""
        self._recent[peer, message] = (self._clock.steady(), work, to)


def shown(args: tuple[Value, ...], peer: Peer, secret: str | None) -> tuple[Value, ...] | None:
    """The arguments without the closing `secret X`; None when the sender must know it and does not."""
    said = len(args) > 1 and args[-2] == "secret"
    rest = args[:-2] if said else args
    if is_local(peer.host):
        return rest
    given = args[-1] if said else None
    return rest if secret and isinstance(given, str) and secrets.same(given, secret) else None


def told(args: tuple[Value, ...], start: int) -> str:
    """The id that a client gave with a command, for the answer, however wrong the rest is."""
    after: tuple[Any, ...] = args[start:]
    for key, value in zip(after[::2], after[1::2], strict=False):
        if key == "id" and isinstance(value, str | int | float):
            return words.name_of(value)
    return ""
