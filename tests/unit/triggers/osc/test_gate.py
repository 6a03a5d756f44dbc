"""What is let through: so many a second, each press once, the secret from other machines."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from bridge.tools.osc_codec import Message
from bridge.triggers.osc.gate import REPEAT_S, Bucket, Repeats, shown, told
from bridge.triggers.osc.peers import is_local


@dataclass(frozen=True)
class Sender:
    """A peer that nobody answers."""

    host: str = "127.0.0.1"
    name: str = "sender"

    def send(self, packet: bytes) -> None:
        """Nothing is said."""


HERE, THERE = Sender(), Sender("192.168.1.9")
PRESS = Message("/dawbridge/preset/lofi", "f", (1.0,))


def test_a_burst_and_then_the_rate(clock):
    """100 at once, 50 a second for ever, never more saved up than a burst."""
    bucket = Bucket(50, 100, clock)
    assert [bucket.take() for _ in range(101)] == [True] * 100 + [False]
    clock.turn(0.1)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    clock.turn(3600)
    assert sum(bucket.take() for _ in range(300)) == 100


def test_a_repeat_finds_the_work_of_the_first(clock):
    """Same sender, same message, within a quarter of a second; another sender or value is another press."""

    async def main():
        repeats, work = Repeats(clock), asyncio.get_running_loop().create_task(asyncio.sleep(0, b"answer"))
        repeats.keep(HERE, PRESS, work, HERE)
        clock.turn(REPEAT_S)
        assert repeats.work_on(HERE, PRESS) == (work, HERE)
        assert repeats.work_on(THERE, PRESS) is None
        assert repeats.work_on(HERE, Message(PRESS.address, "f", (0.5,))) is None
        clock.turn(0.01)
        assert repeats.work_on(HERE, PRESS) is None
        await work

    asyncio.run(main())


@pytest.mark.parametrize(
    ("peer", "args", "secret", "rest"),
    [
        (HERE, ("a",), None, ("a",)),
        (HERE, ("a", "secret", "whatever"), None, ("a",)),
        (THERE, ("a", "secret", "long enough word"), "long enough word", ("a",)),
        (THERE, ("a",), "long enough word", None),
        (THERE, ("a", "secret", "wrong"), "long enough word", None),
        (THERE, ("a", "secret", ""), None, None),
        (THERE, ("secret", 5), "5", None),
        (THERE, (), "long enough word", None),
    ],
)
def test_other_machines_must_know_the_secret(peer, args, secret, rest):
    """As the last key and value; it is taken off before anybody else sees it."""
    assert shown(args, peer, secret) == rest


def test_the_id_is_found_however_wrong_the_rest():
    """So that even a refusal echoes it; numbers as Pure Data sends them."""
    assert told(("prompt", "id", "a"), 1) == "a"
    assert told(("prompt", "x", b"", "id", 12.0), 1) == "12"
    assert told(("prompt", "id"), 1) == ""


def test_only_loopback_is_local():
    """All of 127.0.0.0/8, and nothing else."""
    assert is_local("127.0.0.1")
    assert is_local("127.9.9.9")
    assert not any(map(is_local, ("192.168.1.9", "10.0.0.1", "0.0.0.0", "128.0.0.1")))
