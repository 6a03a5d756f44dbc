"""OSC, end to end on real sockets: what is asked for is made once, and everything is answered."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from extensions.till import tone
from osc_caller import Caller, calling, port_of
from osc_datagrams import KILLERS, bundle
from studio import Studio, ended
from waiting import until_async

from bridge import settings
from bridge.errors import ConfigError
from bridge.settings import Osc
from bridge.take import State
from bridge.tools.osc_codec import Message, decode
from bridge.tools.osc_encode import encode
from bridge.triggers.osc import OscTrigger, look_at, token_file
from bridge.triggers.osc.lines import Lines

Act = Callable[[Any, Caller], Awaitable[Any]]
SHORT = ("length_bars", 1, "grid.bpm", 200.0)


def talk(studio: Studio, act: Act, **said: Any) -> Any:
    """Run a daemon while `act` calls it."""
    studio.settle(**said)

    async def main(it: Any) -> Any:
        async with calling(it) as caller:
            return await act(it, caller)

    return studio.run(main)


def test_a_prompt_comes_back_as_files(studio: Studio) -> None:
    """Accepted at once, done with the paths that were delivered; a float tempo is the tempo that was meant."""

    async def act(it: Any, caller: Caller) -> None:
        name, asked, job, *takes = await caller.ask(
            "generate", "soft pad", "id", "mine", "takes", 2, "length_bars", 1, "grid.bpm", 92.1
        )
        assert (name, asked, takes) == ("accepted", "mine", [f"{job}-1", f"{job}-2"])
        done = await caller.answer()
        assert (done.address, done.args[0]) == ("/dawbridge/done", "mine")
        assert sorted(map(Path, done.args[1:])) == studio.delivered()
        assert it.shop.journal.job(job).request.grid.bpm == 92.1

    talk(studio, act)


def test_a_clip_is_transformed(studio: Studio) -> None:
    """The first argument is its path; the seconds that were named are what is taken."""
    clip = studio.root / "loop.wav"
    clip.write_bytes(tone())

    async def act(it: Any, caller: Caller) -> None:
        _, asked, job, _ = await caller.ask("transform", str(clip), "lo-fi", "clip.end_s", 1.0)
        assert asked == job
        assert (await caller.answer()).address == "/dawbridge/done"
        assert it.shop.journal.takes(job)[0].facts["capture"]["duration_s"] == pytest.approx(1.0)

    talk(studio, act)


def test_the_same_id_100_times_is_one_charge(studio: Studio) -> None:
    """Each repeat is answered with the same job, in flight or long done, and done is said to one who asks late."""

    async def act(it: Any, caller: Caller) -> None:
        jobs = {(await caller.ask("request", json.dumps(studio.wish(id="once"))))[2] for _ in range(50)}
        await ended(it, jobs.copy().pop())
        assert (await caller.answer("done")).args[0] == "once"
        for _ in range(50):
            async with calling(it) as other:
                assert (await other.ask("request", json.dumps(studio.wish(id="once"))))[2] in jobs
                assert (await other.answer()).address == "/dawbridge/done"
        assert len(studio.till.charges) == 1

    talk(studio, act, osc={"burst": 1000})


def test_a_press_that_wifi_repeats_runs_once(studio: Studio) -> None:
    """The very same datagram again: one job, and the same answer to each."""

    async def act(it: Any, caller: Caller) -> None:
        for _ in range(5):
            caller.send("request", json.dumps(studio.wish()))
        answers = {(await caller.answer("accepted")).args for _ in range(5)}
        assert len(answers) == 1
        await ended(it, answers.pop()[1])
        assert len(studio.till.charges) == 1

    talk(studio, act)


def test_an_order_that_wifi_repeats_runs_once(studio: Studio) -> None:
    """A second cancel would be too late; the very same datagram is the first one again, and answered like it."""
    studio.till.answers.append("hold")
    studio.till.gate.clear()

    async def act(it: Any, caller: Caller) -> None:
        await caller.ask("request", json.dumps(studio.wish(id="c")))
        for _ in range(3):
            caller.send("cancel", "c")
        answers = [await caller.answer("accepted", "error") for _ in range(3)]
        assert {(each.address, each.args[0]) for each in answers if each.args[1] != "cancelled"} == {
            ("/dawbridge/accepted", "c")
        }
        studio.till.gate.set()

    talk(studio, act)


def test_every_command_is_answered(studio: Studio) -> None:
    """With what it does, or with a code and a sentence; an id is echoed."""
    asked = {
        ("ping",): ("pong",),
        ("grid", "bpm", 92.0, "id", "g"): ("accepted", "g"),
        ("subscribe", 0): ("accepted", ""),
        ("cancel", "nothing"): ("error", "nothing", "unknown_id"),
        ("retry", "nothing"): ("error", "nothing", "unknown_id"),
        ("drop", "nothing"): ("error", "nothing", "unknown_id"),
        ("cancel",): ("error", "", "bad_request"),
        ("generate", "", "id", "x"): ("error", "x", "empty_prompt"),
        ("generate", "a", "id", "x", "lenght_s", 2): ("error", "x", "bad_request"),
        ("generate", "a", "id", "x", "grid.bpm", 3159345): ("error", "x", "bad_bpm"),
        ("generate", "a", "id", "x", "model", "nosuch"): ("error", "x", "unknown_model"),
        ("generate", "a", "id", "x", "preset", "nosuch"): ("error", "x", "unknown_preset"),
        ("request", '{"id": "j", "promt": "x"}'): ("error", "j", "bad_request"),
        ("grid", "tempo", 92): ("error", "", "bad_request"),
        ("subscribe", 70_000): ("error", "", "bad_port"),
        ("generate", "a", "reply_to", 0): ("error", "", "bad_port"),
        ("monitor", "guess"): ("error", "", "no_token"),
        ("gennerate", "a"): ("error", "", "unknown_address"),
        ("preset/lofi", 1.0): ("error", "", "unknown_preset"),
        ("preset/quick", 1.0): ("error", "", "no_daw"),
        ("preset/1", 1): ("error", "", "no_daw"),
        ("preset/2", 1): ("error", "", "unknown_preset"),
    }

    async def act(it: Any, caller: Caller) -> None:
        for words, answer in asked.items():
            said = await caller.ask(*words)
            assert said[: len(answer)] == answer or answer == ("pong",) == said[:1], (words, said)
            assert said[0] != "error" or " " in said[-1]

    talk(studio, act, preset={"quick": {"prompt": "soft pad"}})


def test_a_release_is_no_press(studio: Studio) -> None:
    """Of a button that is let go, nothing is said; other talk on the port is passed over."""

    async def act(it: Any, caller: Caller) -> None:
        for words in (("preset/quick", 0.0), ("/track/1/vu", 0.5), ("accepted", "echo"), ("error", "a", "b", "c")):
            caller.send(*words)
        assert (await caller.ask("ping"))[0] == "pong"

    talk(studio, act, preset={"quick": {"prompt": "soft pad"}})


def test_a_daws_grid_is_inherited(studio: Studio) -> None:
    """REAPER's feedback, in one bundle as it sends it, counts for the wish that follows."""

    async def act(it: Any, caller: Caller) -> None:
        caller.line.sendto(bundle(encode("/tempo/raw", [92.5]), encode("/loop/start/time", [4.25])))
        caller.send("grid", "key", "Am")
        caller.send("generate", "pad", "length_bars", 1)
        job = (await caller.answer("accepted"), await caller.answer("accepted"))[1].args[1]
        grid = it.shop.journal.job(job).request.grid
        assert (grid.bpm, grid.position_s, grid.key) == (92.5, 4.25, "Am")
        own = (await caller.ask("generate", "pad", *SHORT))[2]
        assert it.shop.journal.job(own).request.grid.key is None

    talk(studio, act)


def test_a_flood_is_told_busy(studio: Studio) -> None:
    """Beyond the burst each command is answered `busy` under its own id, and nothing of it is stored."""

    async def act(it: Any, caller: Caller) -> None:
        for number in range(20):
            caller.send("generate", f"pad {number}", "id", f"n{number}", *SHORT)
        said = [await caller.answer("accepted", "error") for _ in range(20)]
        busy = {it.args[0] for it in said if it.address == "/dawbridge/error" and it.args[1] == "busy"}
        assert {it.args[0] for it in said} == {f"n{number}" for number in range(20)}
        assert 10 <= len(busy) <= 15
        assert len(studio.rows("SELECT * FROM jobs")) == 20 - len(busy)

    talk(studio, act, osc={"rate": 1, "burst": 5})


@pytest.mark.parametrize("name", KILLERS)
def test_a_killer_is_survived(studio: Studio, name: str) -> None:
    """What hangs or crashes other servers gets at most an answer, and the next ping its pong."""

    async def act(it: Any, caller: Caller) -> None:
        if len(KILLERS[name]) < 65_507:
            caller.line.sendto(KILLERS[name])
        caller.send("ping")
        assert await caller.answer("pong")

    talk(studio, act)


def test_subscribers_hear_the_way(studio: Studio) -> None:
    """Each state in order, and the end; from whichever port the wish came."""

    async def act(it: Any, caller: Caller) -> None:
        async with calling(it) as follower:
            assert (await caller.ask("subscribe", follower.port))[0] == "accepted"
            await caller.ask("generate", "pad", "id", "s", *SHORT)
            states = [(await follower.answer("progress")).args[1] for _ in range(10)]
            done = await follower.answer("done")
        assert (states[0], states[-1]) == ("queued", "delivered")
        assert done.args == ("s", *map(str, studio.delivered()))

    talk(studio, act)


def test_orders_go_by_the_clients_id(studio: Studio) -> None:
    """Cancel is accepted, and the one who asked for the job hears its end; retry makes it after all."""
    studio.till.answers.append("402")

    async def act(it: Any, caller: Caller) -> None:
        await caller.ask("request", json.dumps(studio.wish(id="r")))
        failed = await caller.answer()
        assert (failed.address, failed.args[:2]) == ("/dawbridge/error", ("r", "no_credit"))
        assert (await caller.ask("retry", "r"))[:2] == ("accepted", "r")
        assert (await caller.answer()).address == "/dawbridge/done"
        assert (await caller.ask("cancel", "r"))[:3] == ("error", "r", "too_late")

    talk(studio, act)


def test_an_answer_outlives_a_restart(studio: Studio) -> None:
    """A job whose daemon went away is done by the next one, and told where the wish said answers go."""
    studio.settle()
    studio.till.sound_gate.clear()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        line, listening = await loop.create_datagram_endpoint(Caller, local_addr=("127.0.0.1", 0))
        await asyncio.to_thread(studio.run, lambda it: before(it, listening.port))
        studio.till.sound_gate.set()
        await asyncio.to_thread(studio.run, after)
        assert (await listening.answer()).args[0] == "later"  # accepted
        assert (await listening.answer()).address == "/dawbridge/done"
        line.close()

    async def before(it: Any, port: int) -> None:
        async with calling(it) as caller:
            caller.send("request", json.dumps(studio.wish(id="later", reply_to=port)))
            await until_async(lambda: studio.states() == ["ready"], "the take to be ready")

    async def after(it: Any) -> None:
        (job,) = it.shop.journal.jobs()
        await ended(it, job.id)
        await until_async(lambda: it.shop.journal.cursor("osc") == it.shop.journal.last_seq(), "the telling")

    asyncio.run(main())


@pytest.mark.parametrize("framing", ["length", "slip"])
def test_tcp_in_both_framings(studio: Studio, framing: str) -> None:
    """The same commands and answers on a connection, framed as the client does."""
    wrap = {"length": lambda it: struct.pack(">i", len(it)) + it, "slip": lambda it: b"\xc0" + it + b"\xc0"}[framing]

    async def act(it: Any, caller: Caller) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(it))
        with closing(writer):
            writer.write(wrap(encode("/dawbridge/ping", [])) + wrap(encode("/dawbridge/subscribe", [0])))
            assert [(await _framed(reader, framing)).address for _ in range(2)] == [
                "/dawbridge/pong",
                "/dawbridge/accepted",
            ]
            caller.send("generate", "pad", *SHORT)
            assert (await _framed(reader, framing)).address == "/dawbridge/progress"

    talk(studio, act)


async def _framed(reader: asyncio.StreamReader, framing: str) -> Message:
    async with asyncio.timeout(40):
        if framing == "length":
            packet = await reader.readexactly(*struct.unpack(">i", await reader.readexactly(4)))
        else:
            assert await reader.readexactly(1) == b"\xc0"
            packet = (await reader.readuntil(b"\xc0"))[:-1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
    return decode(packet)[0]


def test_a_broken_connection_harms_nobody(studio: Studio) -> None:
    """A browser's request on the port is hung up on; others go on."""

    async def act(it: Any, caller: Caller) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(it))
        with closing(writer):
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert await asyncio.wait_for(reader.read(), 40) == b""
        assert (await caller.ask("ping"))[0] == "pong"

    talk(studio, act)


def test_a_monitor_sees_everything(studio: Studio) -> None:
    """With the token, over TCP: each packet as it was on the wire, in and out."""

    async def act(it: Any, caller: Caller) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(it))
        token = token_file(studio.home).read_text(encoding="utf-8")
        with closing(writer):
            packet = encode("/dawbridge/monitor", [token])
            writer.write(struct.pack(">i", len(packet)) + packet)
            assert (await _framed(reader, "length")).address == "/dawbridge/accepted"
            caller.send("ping")
            seen = [(await _framed(reader, "length")).args for _ in range(2)]
        assert [(way, decode(raw)[0].address) for way, _, raw in seen] == [
            ("in", "/dawbridge/ping"),
            ("out", "/dawbridge/pong"),
        ]

    talk(studio, act)


@pytest.mark.skipif(os.name != "posix", reason="links, devices and FIFOs are made the POSIX way")
def test_only_plain_files_inside_the_roots_leave(studio: Studio) -> None:
    """Absolute, `..`, links, FIFO, /proc, devices, UNC, file: - each is refused, and nothing is sent."""
    (studio.root / "music").mkdir()
    secret = studio.root / "secret.wav"
    secret.write_bytes(tone())
    inside = studio.root / "music"
    (inside / "link.wav").symlink_to(secret)
    (inside / "up").symlink_to(studio.root)
    os.mkfifo(inside / "fifo.wav")
    wrong = [secret, inside / "../secret.wav", inside / "link.wav", inside / "up/secret.wav", inside / "fifo.wav"]
    wrong += ["/proc/self/environ", "/dev/zero", "\\\\host\\share\\a.wav", f"file:{inside}/a.wav", inside, "a.wav"]

    async def act(it: Any, caller: Caller) -> None:
        for path in wrong:
            said = await caller.ask("transform", str(path), "x", "model", "paybox", "id", "p")
            assert said[:2] == ("error", "p"), path
            assert said[2] in {"outside_roots", "not_a_file", "relative_path"}, (path, said)
        assert not studio.till.clips
        assert not studio.rows("SELECT * FROM jobs")

    talk(studio, act, paths={"read_roots": [str(inside)], "write_roots": [str(studio.project)]})


def test_a_huge_file_is_refused_unread(studio: Studio) -> None:
    """Beyond what a WAV can be it is not even hashed; a project outside the roots is refused too."""
    huge = studio.root / "huge.wav"
    with huge.open("wb") as file:
        file.truncate((4 << 30) + 1)

    async def act(it: Any, caller: Caller) -> None:
        assert (await caller.ask("transform", str(huge), "x"))[2] == "too_big"
        away = str(studio.root.parent)
        assert (await caller.ask("generate", "x", "placement.project", away))[2] == "outside_roots"

    talk(studio, act)


def test_a_text_file_is_no_clip(studio: Studio) -> None:
    """It is accepted as a file, fails to decode, and the one who asked hears it."""
    (studio.root / "notes.wav").write_text("password", encoding="utf-8")

    async def act(it: Any, caller: Caller) -> None:
        _, _, job, _ = await caller.ask("transform", str(studio.root / "notes.wav"), "x", "model", "paybox")
        assert (await caller.answer("error")).args[0] == job
        assert it.shop.journal.takes(job)[0].state is State.FAILED
        assert not studio.till.clips

    talk(studio, act)


def test_the_network_is_let_in_only_with_a_secret(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listening wide without one, or with a short one, is refused at the start; with one, the risk is said."""
    codes = []
    for said in ({}, {"secret": "env:NOT_SET"}, {"secret": "env:OSC_SHORT"}, {"secret": "no reference"}):
        monkeypatch.setenv("OSC_SHORT", "short")
        studio.settle(osc={"host": "0.0.0.0", **said})
        with pytest.raises(ConfigError) as refused:
            OscTrigger(studio.setup())
        codes.append(refused.value.code)
        assert look_at(settings.load()).ok is False
    assert codes == ["no_secret", "no_secret", "short_secret", "no_secret"]
    monkeypatch.setenv("OSC_LONG", "a long enough secret")
    studio.settle(osc={"host": "0.0.0.0", "secret": "env:OSC_LONG"})
    assert "RISK" in look_at(settings.load()).says
    assert "a long enough secret" not in str(look_at(settings.load()))


def test_a_taken_port_is_a_sentence() -> None:
    """Which one, and what to do; both sockets are let go."""
    first = Lines(Osc(), 0)
    try:
        with pytest.raises(ConfigError) as said:
            Lines(Osc(), first.port)
        assert (said.value.code, str(first.port) in said.value.message) == ("port_taken", True)
    finally:
        first.close()
