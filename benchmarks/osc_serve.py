"""The servers that `osc.py` measures, each as a process of its own: `python benchmarks/osc_serve.py KIND HOME`.

`dawbridge`: the daemon with a probe in its event loop, which sleeps 5 ms over and over and notes how late it wakes.
`echo`: a bare asyncio datagram endpoint. `python-osc`: its asyncio server with one handler that answers. Each prints
its port; the daemon prints its probe's figures when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import AsyncIOOSCUDPServer

from bridge import daemon, settings
from bridge.triggers import Setup

_PAUSE_S = 0.005


class Echo(asyncio.DatagramProtocol):
    """Sends each datagram back."""

    def connection_made(self, transport: Any) -> None:
        self.line = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.line.sendto(data, addr)


async def echo() -> None:
    line, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    print(line.get_extra_info("sockname")[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def python_osc() -> None:
    dispatcher = Dispatcher()
    dispatcher.map("/dawbridge/generate", lambda _, *args: ("/dawbridge/accepted", [args[2], "job", "take"]))
    server = AsyncIOOSCUDPServer(("127.0.0.1", 0), dispatcher, asyncio.get_running_loop())
    line, _ = await server.create_serve_endpoint()
    print(line.get_extra_info("sockname")[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def dawbridge(home: Path) -> None:
    setup = Setup(home, settings.load(home / "settings.toml"))
    async with daemon.running(setup) as it:
        print(next(trigger.port for trigger in it.triggers if trigger.name == "osc"), flush=True)
        late: list[float] = []
        probe = asyncio.create_task(_probe(late))
        await asyncio.to_thread(sys.stdin.read)
        probe.cancel()
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {"late_s": late, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": _peak_mb()}
    print(json.dumps(said), flush=True)


def _peak_mb() -> float:
    """From /proc: what `getrusage` says includes what the parent had when it started us."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


async def _probe(late: list[float]) -> None:
    while True:
        due_s = time.perf_counter() + _PAUSE_S
        await asyncio.sleep(_PAUSE_S)
        late.append(time.perf_counter() - due_s)


KINDS = {"echo": lambda _: echo(), "python-osc": lambda _: python_osc(), "dawbridge": dawbridge}
asyncio.run(KINDS[sys.argv[1]](Path(sys.argv[2])))
