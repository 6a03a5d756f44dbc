"""`dawbridge osc`: the command talks to the running daemon, and looks on."""

from __future__ import annotations

import json
import signal
import socket
import threading
from typing import Any

from studio import Studio
from waiting import until

from bridge.tools.osc_encode import encode


def test_send_says_what_is_answered(studio: Studio) -> None:
    """Followed to its end: accepted, then done with a path; a refusal and silence have exit codes of their own."""
    studio.settle()
    assert studio.command("osc", "send", "/dawbridge/ping", "--port", "9", "--wait-s", "0.1").returncode == 1
    studio.daemon()
    said = studio.command(
        *("osc", "send", "/dawbridge/generate", "soft pad", "length_bars", "1", "grid.bpm", "200.5"),
        "--follow",
        "--json",
    )
    accepted, done = map(json.loads, said.stdout.splitlines())
    assert (said.returncode, accepted["address"], done["address"]) == (0, "/dawbridge/accepted", "/dawbridge/done")
    assert done["args"][1:] == [str(path) for path in studio.delivered()]
    refused = studio.command("osc", "send", "/dawbridge/cancel", "nothing")
    assert (refused.returncode, "unknown_id" in refused.stdout) == (2, True)
    wrong = studio.command("osc", "send", "/dawbridge/ping", "x", "--types", "q")
    assert (wrong.returncode, "does not fit" in wrong.stderr) == (2, True)


def test_monitor_prints_traffic_decoded(studio: Studio) -> None:
    """The daemon's packets, in and out, malformed ones too."""
    studio.settle()
    studio.daemon()
    port = json.loads((studio.home / "osc.json").read_text(encoding="utf-8"))["port"]
    ping, looking = encode("/dawbridge/ping", []), Looking(studio)
    until(lambda: _send(port, ping) or len(looking.lines) > 1, "the monitor to see a ping and its answer")
    assert {("in", "/dawbridge/ping"), ("out", "/dawbridge/pong")} <= {
        (it["way"], it["address"]) for it in looking.lines
    }
    _send(port, b"/abc")
    until(lambda: any("does not end" in it.get("malformed", "") for it in looking.lines), "the malformed packet")
    assert looking.stopped() == 0


def test_monitor_listens_where_no_daemon_does(studio: Studio) -> None:
    """So that one sees what a controller sends."""
    studio.settle()
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    looking = Looking(studio, "--port", str(port))
    until(lambda: _send(port, encode("/1/fader", [0.5])) or looking.lines, "the monitor to see the fader")
    assert (looking.lines[0]["address"], looking.lines[0]["args"]) == ("/1/fader", [0.5])
    assert looking.stopped() == 0


class Looking:
    """A monitor that runs; a thread reads what it prints."""

    def __init__(self, studio: Studio, *words: str) -> None:
        self._process = studio.start("osc", "monitor", "--json", *words)
        self.lines: list[dict[str, Any]] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def stopped(self) -> int:
        """Press Ctrl-C; returns its exit code."""
        self._process.send_signal(signal.SIGINT)
        self._reading.join(20)
        return self._process.wait(20)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))


def _send(port: int, packet: bytes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.sendto(packet, ("127.0.0.1", port))
