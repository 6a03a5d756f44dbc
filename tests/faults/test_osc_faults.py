"""OSC under loss, floods, forged senders and races: what is asked for gets through once, and nothing else does."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from extensions.till import tone
from osc_caller import Caller, calling, port_of
from osc_datagrams import datagrams
from studio import Studio, ended
from waiting import until_async

from bridge.tools.osc_codec import Malformed, decode
from bridge.tools.osc_encode import encode

SECRET = "a long enough secret"
OUTSIDE_HZ = 3000.0


class LossyProxy(asyncio.DatagramProtocol):
    """Passes datagrams to a server and its answers back, and loses one in three either way."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server, self._dice, self._client = server, random.Random(5), ("", 0)

    def connection_made(self, transport: Any) -> None:
        """Keep the way out."""
        self.line = transport

    def datagram_received(self, data: bytes, sender: Any) -> None:
        """Pass it on, or lose it."""
        if sender != self._server:
            self._client = sender
        if self._dice.random() > 1 / 3:
            self.line.sendto(data, self._client if sender == self._server else self._server)


def test_a_scripts_repeats_get_every_command_through(studio: Studio) -> None:
    """One datagram in three is lost, both ways; the same id again until it is answered makes each job once."""

    async def act(it: Any) -> None:
        loop = asyncio.get_running_loop()
        proxy, _ = await loop.create_datagram_endpoint(
            lambda: LossyProxy(("127.0.0.1", port_of(it))), local_addr=("127.0.0.1", 0)
        )
        line, caller = await loop.create_datagram_endpoint(Caller, remote_addr=proxy.get_extra_info("sockname"))
        for number in range(12):
            accepted = None
            while accepted is None:
                caller.send("request", json.dumps(studio.wish(id=f"n{number}", prompt=f"pad {number}")))
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.3):
                        while (answer := await caller.answer("accepted")).args[0] != f"n{number}":
                            pass
                        accepted = answer
            await ended(it, accepted.args[1])
        line.close()
        proxy.close()

    studio.settle()
    studio.run(act)
    assert len(studio.till.charges) == 12


def test_a_burst_of_garbage_leaves_it_answering(studio: Studio) -> None:
    """5,000 malformed datagrams at once; complaints are few, and a command that follows is accepted."""
    garbage = [packet for packet in islice(datagrams(9), 12_000) if _is_malformed(packet)][:5000]

    async def act(it: Any) -> None:
        async with calling(it) as caller:
            for packet in garbage:
                caller.line.sendto(packet)
            await asyncio.sleep(0)
            while True:  # a full buffer may have lost it, as any datagram
                caller.send("generate", "pad", "id", "after", "length_bars", 1, "grid.bpm", 200.0)
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await caller.answer("accepted")
                        break
            assert sum(it.args[1:2] == ("malformed",) for it in caller.passed) < 40
            await ended(it, it.shop.journal.jobs()[0].id)

    studio.settle()
    studio.run(act)
    assert len(garbage) == 5000


def _is_malformed(packet: bytes) -> bool:
    try:
        decode(packet)
    except Malformed:
        return True
    return False


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(type=socket.SOCK_DGRAM) as it:
        try:
            it.connect(("192.0.2.1", 9))
            return it.getsockname()[0]
        except OSError:
            return pytest.skip("this machine has no network")


def test_another_machine_needs_the_secret(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing is done and nothing said; with it the answer goes to the configured port only."""
    address = own_address()
    monkeypatch.setenv("OSC_TEST_SECRET", SECRET)

    async def act(it: Any) -> None:
        loop = asyncio.get_running_loop()
        there = {"local_addr": (address, 0), "remote_addr": (address, port_of(it))}
        line, stranger = await loop.create_datagram_endpoint(Caller, **there)
        for words in (("generate", "x"), ("generate", "x", "secret", "wrong"), ("ping",), ("/tempo/raw", 99.0)):
            stranger.send(*words)
        stranger.line.sendto(b"garbage")
        stranger.send("subscribe", 7777, "secret", SECRET)
        stranger.send("generate", "x", "reply_to", 7777, "secret", SECRET)
        stranger.send("generate", "soft pad", "id", "mine", "length_bars", 1, "secret", SECRET)
        said = [await listening.answer() for _ in range(3)]
        assert [each.args[1:2] for each in said[:2]] == [("bad_port",), ("bad_port",)]
        assert (said[2].address, said[2].args[0]) == ("/dawbridge/accepted", "mine")
        assert stranger.heard.empty()
        (job,) = it.shop.journal.jobs()
        assert job.request.grid.bpm is None
        assert SECRET not in job.request.model_dump_json()
        line.close()

    async def main() -> None:
        nonlocal listening
        loop = asyncio.get_running_loop()
        line, listening = await loop.create_datagram_endpoint(Caller, local_addr=(address, 0))
        osc = {"host": "0.0.0.0", "secret": "env:OSC_TEST_SECRET", "reply_port": listening.port}
        studio.settle(osc=osc)
        from bridge import daemon  # noqa: PLC0415 - beside the listener's loop

        async with daemon.running(studio.setup()) as it:
            await act(it)
        line.close()

    listening: Caller = Caller()
    asyncio.run(main())


@contextmanager
def swapping(path: Path, inside: Path, outside: Path) -> Any:
    """A racer: `path` is now the plain file, now a link to the one outside, as fast as it can."""
    stop = threading.Event()

    def race() -> None:
        while not stop.is_set():
            for make in (lambda temp: os.link(inside, temp), lambda temp: temp.symlink_to(outside)):
                temp = path.with_name(".swap")
                make(temp)
                temp.replace(path)

    racer = threading.Thread(target=race)
    racer.start()
    try:
        yield
    finally:
        stop.set()
        racer.join()


@pytest.mark.skipif(sys.platform != "linux", reason="the race is on links and hard links")
def test_a_link_swapped_in_brings_nothing_out(studio: Studio) -> None:
    """Whichever moment the file is exchanged for a link: what the service receives never comes from outside."""
    root, secret = studio.root / "music", studio.root / "secret.wav"
    root.mkdir()
    secret.write_bytes(tone(hz=OUTSIDE_HZ))
    (studio.root / "plain.wav").write_bytes(tone(hz=200.0))

    async def act(it: Any) -> None:
        async with calling(it) as caller:
            with swapping(root / "clip.wav", studio.root / "plain.wav", secret):
                answers = [
                    (await caller.ask("transform", str(root / "clip.wav"), f"try {number}", "model", "paybox"))[0]
                    for number in range(150)
                ]
            assert {"accepted", "error"} == set(answers)
            await until_async(lambda: not it.shop.journal.unfinished(), "every take to end", 60)

    roots = {"read_roots": [str(root)], "write_roots": [str(studio.project)]}
    studio.settle(paths=roots, osc={"rate": 10_000, "burst": 1000}, caps={"day_usd": 1000.0})
    studio.run(act)
    assert all(_loudest_hz(clip) < OUTSIDE_HZ / 2 for clip in studio.till.clips.values())


def _loudest_hz(wav: bytes) -> float:
    import io  # noqa: PLC0415
    import wave  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415

    with wave.open(io.BytesIO(wav)) as sound:
        width, rate, channels = sound.getsampwidth(), sound.getframerate(), sound.getnchannels()
        raw = np.frombuffer(sound.readframes(sound.getnframes()), np.uint8).reshape(-1, channels * width)
    top = raw[:, width - 1].astype(np.int8).astype(float)  # the first channel's highest byte is enough
    return float(np.argmax(np.abs(np.fft.rfft(top))) * rate / len(top))


def test_the_ear_that_hears_the_outside_works() -> None:
    """The check above would notice the file outside."""
    assert _loudest_hz(tone(hz=OUTSIDE_HZ)) == pytest.approx(OUTSIDE_HZ, rel=0.01)
    assert _loudest_hz(tone(hz=200.0)) == pytest.approx(200.0, rel=0.05)


def test_a_packet_without_type_tags_is_heard(studio: Studio) -> None:
    """A packet with no type tags, as older senders write it, is a ping too."""

    async def act(it: Any) -> None:
        async with calling(it) as caller:
            caller.line.sendto(encode("/dawbridge/ping", [])[:-4])
            assert (await caller.answer()).address == "/dawbridge/pong"

    studio.settle()
    studio.run(act)
