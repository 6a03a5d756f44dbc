"""OSC clients that nobody here wrote: liblo's tools, npm `osc`, python-osc, Pure Data."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from osc_caller import LIMIT_S, port_of
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.tcp_client import SimpleTCPClient
from pythonosc.udp_client import SimpleUDPClient
from studio import Studio
from waiting import until_async

ROOT = Path(__file__).parents[2]
NODE_MODULES = os.environ.get("NODE_PATH") or str(ROOT / "node_modules")
PD_PATCH = """#N canvas 0 0 500 300 12;
#X obj 20 20 loadbang;
#X obj 20 50 t b b b;
#X msg 120 80 connect 127.0.0.1 {port};
#X obj 20 230 netsend -u -b;
#X msg 60 110 list bpm 200;
#X obj 60 140 oscformat dawbridge grid;
#X msg 20 170 list softpad id pd-7 length_bars 1;
#X obj 20 200 oscformat dawbridge generate;
#X obj 20 260 oscparse;
#X obj 20 290 print heard;
#X obj 60 170 list prepend send;
#X obj 60 200 list trim;
#X obj 220 200 list prepend send;
#X obj 220 230 list trim;
#X connect 0 0 1 0;
#X connect 1 2 2 0;
#X connect 2 0 3 0;
#X connect 1 1 4 0;
#X connect 4 0 5 0;
#X connect 5 0 10 0;
#X connect 10 0 11 0;
#X connect 11 0 3 0;
#X connect 1 0 6 0;
#X connect 6 0 7 0;
#X connect 7 0 12 0;
#X connect 12 0 13 0;
#X connect 13 0 3 0;
#X connect 3 1 8 0;
#X connect 8 0 9 0;
"""


def tool(name: str) -> str:
    """A program's path; without it the test is skipped (and fails in CI, which installs it)."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(type=socket.SOCK_DGRAM) as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


@asynccontextmanager
async def running(*words: str, **environment: str) -> AsyncIterator[Callable[[str], Any]]:
    """Run a program; yields a function that waits for a line with a word in it."""
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await asyncio.create_subprocess_exec(*words, **pipes, env={**os.environ, **environment})
    lines: list[str] = []

    async def line_with(word: str) -> str:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            while raw := await process.stdout.readline():
                lines.append(raw.decode())
                if word in lines[-1]:
                    return lines[-1]
        raise AssertionError(f"{words[0]} ended without '{word}': {lines}")

    try:
        yield line_with
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def say(*words: str) -> None:
    """Run a program to its end."""
    process = await asyncio.create_subprocess_exec(*words)
    assert await process.wait() == 0


@pytest.mark.parametrize("scheme", ["osc.udp", "osc.tcp"])
def test_oscsend_asks_and_oscdump_hears(studio: Studio, scheme: str) -> None:
    """Liblo over UDP and over TCP (length before each packet); every type it can send is understood."""
    send, dump, hears = tool("oscsend"), tool("oscdump"), free_port()

    async def act(it: Any) -> None:
        url = f"{scheme}://127.0.0.1:{port_of(it)}/"
        async with running(dump, "-L", str(hears)) as line_with:
            listening = asyncio.create_task(line_with("/ready"))
            while not listening.done():
                await say(send, f"osc.udp://127.0.0.1:{hears}/", "/ready")
                await asyncio.wait([listening], timeout=0.1)
            await say(send, url, "/dawbridge/subscribe", "i", str(hears))
            words = ("soft pad", "id", "liblo", "length_bars", "1", "grid.bpm", "200.5", "seed", "12", "loop")
            await say(send, url, "/dawbridge/generate", "ssssisdshsT", *words)
            assert '"delivered"' in await line_with('"liblo" "delivered"')
            assert ".wav" in await line_with('/dawbridge/done ss "liblo"')

    studio.settle()
    studio.run(act)


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_npm_osc_sends_bundles(studio: Studio, way: str) -> None:
    """Nested bundles with a time tag ahead, over UDP and TCP in SLIP frames; answers come back the same way."""
    node = tool("node")
    if not (Path(NODE_MODULES) / "osc").is_dir():
        pytest.skip("npm's osc is not installed: npm install --no-save osc, or set NODE_PATH")

    async def act(it: Any) -> None:
        script = str(Path(__file__).with_name("osc_client.js"))
        async with running(node, script, way, str(port_of(it)), NODE_PATH=NODE_MODULES) as line_with:
            accepted = json.loads(await line_with(f"node-{way}"))
            done = json.loads(await line_with("/dawbridge/done"))
        assert (accepted["address"], accepted["args"][0]) == ("/dawbridge/accepted", f"node-{way}")
        assert [Path(path) for path in done["args"][1:]] == studio.delivered()
        assert it.shop.journal.job(accepted["args"][1]).request.grid.bpm == 200

    studio.settle()
    studio.run(act)


def test_python_osc_over_udp(studio: Studio) -> None:
    """Its client asks by a bundle, its server hears the answers at the port that was named."""
    heard: list[tuple[Any, ...]] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *args: heard.append((address, *args)))

    def ask(port: int) -> None:
        with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
            client = SimpleUDPClient("127.0.0.1", port)
            bundle, message = OscBundleBuilder(IMMEDIATELY), OscMessageBuilder("/dawbridge/generate")
            for value in ("soft pad", "id", "py", "length_bars", 1, "grid.bpm", 200.0, "loop", True, "seed", None):
                message.add_arg(value)
            message.add_arg("reply_to")
            message.add_arg(server.server_address[1])
            bundle.add_content(message.build())
            client.send(bundle.build())
            server.timeout = LIMIT_S
            while not any(address == "/dawbridge/done" for address, *_ in heard):
                server.handle_request()
            client._sock.close()

    studio.settle()
    studio.run(lambda it: asyncio.to_thread(ask, port_of(it)))
    assert [it[:2] for it in heard] == [("/dawbridge/accepted", "py"), ("/dawbridge/done", "py")]
    assert [Path(path) for path in heard[1][2:]] == studio.delivered()


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_osc_over_tcp(studio: Studio, mode: str) -> None:
    """Its TCP client in both framings."""

    def ask(port: int) -> list[bytes]:
        with SimpleTCPClient("127.0.0.1", port, mode=mode) as client:
            client.send_message("/dawbridge/ping", [])
            return list(client.receive(int(LIMIT_S)))

    studio.settle()
    answers = studio.run(lambda it: asyncio.to_thread(ask, port_of(it)))
    assert [answer.startswith(b"/dawbridge/pong") for answer in answers] == [True]
    assert threading.active_count() < 10


def test_the_documents_lines_work(studio: Studio) -> None:
    """What docs/osc.md says for this command line, for liblo and for Python is accepted, word for word."""
    rows = [it.split(" | ") for it in (ROOT / "docs/osc.md").read_text(encoding="utf-8").splitlines() if " | `" in it]
    line = {row[0].removeprefix("| "): row[1].split("`")[1] for row in rows}
    words = shlex.split(line["liblo"].replace("9500", "PORT"))
    tool(words[0])

    async def act(it: Any) -> None:
        port = str(port_of(it))
        own = shlex.split(line["this command line"])[1:]
        async with running(sys.executable, "-m", "bridge", *own, "--port", port) as line_with:
            assert "accepted" in await line_with("/dawbridge/accepted")
            await say(*[word.replace("PORT", port) for word in words])
            made: list[SimpleUDPClient] = []
            names = {"SimpleUDPClient": lambda *args: made.append(SimpleUDPClient(*args)) or made[0]}
            eval(line["Python"].replace("9500", port), names)
            made[0]._sock.close()
            await until_async(lambda: len(studio.rows("SELECT id FROM jobs")) == 2, "two different wishes")

    studio.settle()
    studio.run(act)


def test_pure_data(studio: Studio, tmp_path: Path) -> None:
    """Headless Pd: floats and symbols, answers parsed by its own oscparse; a grid said just before counts."""
    pd = tool("pd")

    async def act(it: Any) -> None:
        patch = tmp_path / "ask.pd"
        patch.write_text(PD_PATCH.format(port=port_of(it)), encoding="utf-8")
        async with running(pd, "-nogui", "-noaudio", "-nomidi", "-stderr", str(patch)) as line_with:
            assert "accepted pd-7" in await line_with("accepted pd-7")
            assert ".wav" in await line_with("done pd-7")
        ((job,),) = studio.rows("SELECT id FROM jobs")
        assert it.shop.journal.job(job).request.grid.bpm == 200

    studio.settle()
    studio.run(act)
