"""A music service for tests: a real HTTP server on loopback that counts what it charges and misbehaves when told to."""

from __future__ import annotations

import io
import json
import threading
import wave
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

PRICE_USD = 0.4


@dataclass
class Job:
    """One job that was accepted, and therefore charged."""

    id: str
    key: str
    order: dict[str, Any]
    cancelled: bool = False


@dataclass
class Till:
    """What the service has seen, and what it does next.

    `answers` is a script for POST /jobs: `500`, `402`, `429`, `drop` (charges, then hangs up), `drop_unread` (hangs up
    without charging), `hold` (charges when `gate` opens); anything not scripted is accepted.
    """

    honours_keys: bool = True
    answers: deque[str] = field(default_factory=deque)
    connections: int = 0
    charges: list[str] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    clips: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    sound: bytes = b""
    state: str = "ready"
    url: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    sound_gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open_all(self) -> None:
        """Let everything that was held go on."""
        self.gate.set()
        self.sound_gate.set()

    def accept(self, key: str, order: dict[str, Any]) -> Job:
        """Charge, unless this key was charged before and keys are honoured."""
        with self.lock:
            known = [job for job in self.jobs.values() if job.key == key]
            if known and self.honours_keys:
                return known[0]
            job = Job(f"job{len(self.jobs) + 1}", key, order)
            self.jobs[job.id] = job
            self.charges.append(key)
            return job


def tone(seconds: float = 2.0, rate: int = 44_100, hz: float = 220.0) -> bytes:
    """A WAV file: a stereo tone that decays each half second."""
    time_s = np.arange(round(seconds * rate)) / rate
    mono = 0.4 * np.sin(2 * np.pi * hz * time_s) * np.exp(-6 * (time_s % 0.5))
    frames = np.repeat((mono * 32767).astype("<i2")[:, None], 2, axis=1)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames.tobytes())
    return file.getvalue()


@contextmanager
def serving() -> Iterator[Till]:
    """Open the till on a free loopback port."""
    till = Till(sound=tone())
    till.open_all()
    server = _Server(("127.0.0.1", 0), _handler(till))
    till.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield till
    finally:
        till.open_all()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


def _handler(till: Till) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class, all routes
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            with till.lock:
                till.connections += 1
            super().setup()

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            till.calls.append(f"GET {self.path}")
            path, _, query = self.path.partition("?")
            if path == "/jobs":
                key = query.removeprefix("key=")
                self._say(200, {"jobs": [job.id for job in till.jobs.values() if job.key == key]})
            elif path.endswith("/sound"):
                till.sound_gate.wait(60)
                self._bytes(200 if till.sound else 410, till.sound)
            elif path.startswith("/clips/"):
                self._bytes(200, till.clips[path.removeprefix("/clips/")])
            else:
                self._say(200, {"state": till.state})

        def do_PUT(self) -> None:
            till.calls.append(f"PUT {self.path}")
            till.clips[self.path.removeprefix("/clips/")] = self._body()
            self._say(201, {})

        def do_DELETE(self) -> None:
            till.calls.append(f"DELETE {self.path}")
            till.clips.pop(self.path.removeprefix("/clips/"), None)
            self._say(200, {})

        def do_POST(self) -> None:
            till.calls.append(f"POST {self.path}")
            said = json.loads(self._body() or b"{}")
            if self.path.endswith("/cancel"):
                till.jobs[self.path.split("/")[2]].cancelled = True
                self._say(200, {})
            else:
                self._asked(said)

        def _asked(self, said: dict[str, Any]) -> None:
            what = till.answers.popleft() if till.answers else "ok"
            if what == "hold":
                till.gate.wait(60)
            if what == "drop_unread":
                self.close_connection = True
            elif what.isdecimal():
                self._say(int(what), {"error": what}, {"Retry-After": "1"} if what == "429" else {})
            else:
                job = till.accept(said["key"], said)
                if what == "drop":
                    self.close_connection = True
                else:
                    self._say(202, {"id": job.id})

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _say(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            self._bytes(status, json.dumps(document).encode(), headers)

        def _bytes(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
