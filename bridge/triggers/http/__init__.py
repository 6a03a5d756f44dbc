"""The loopback API: the same Request as JSON, orders about takes, and the feed as server-sent events.

    POST /api/v1/jobs                      a Request → the job and its takes
    POST /api/v1/quote                     a Request → what would be sent, to whom, at what cost
    GET  /api/v1/jobs?limit=50             the newest jobs
    GET  /api/v1/jobs/ID                   one job (or take), its report and its way; `seq`: follow news from there
    POST /api/v1/jobs/ID/cancel|retry|drop
    POST /api/v1/clean                     {days, dry_run}: what the vault gave back
    GET  /api/v1/news?since=SEQ            server-sent events, from line SEQ on
    GET  /api/v1/status                    version, process, the feed's newest line

Every call carries `Authorization: Bearer TOKEN`. The command line's token acts as the user; the other one keeps to
`paths.read_roots` and `paths.write_roots`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as Call
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bridge import __version__, views
from bridge.desk import Desk, Origin
from bridge.errors import BridgeError, ConfigError, Refused, Reject, Retry
from bridge.feed import Feed
from bridge.take import Take
from bridge.tools import files, secrets
from bridge.tools.checkup import Finding
from bridge.triggers import Setup
from bridge.triggers.http.gate import Gate

CLI, HTTP = Origin("cli"), Origin("http")
_BODY_BYTES = 1 << 20
_JOBS, _DAYS, _LINES = 1000, 36_500, 10**15 - 1
"""The largest numbers that a call may name."""


class HttpTrigger:
    """Serves on 127.0.0.1 only; `port` is the real one, also when 0 was asked for."""

    name = "http"

    def __init__(self, setup: Setup) -> None:
        self._socket = _bind(setup.http_port)
        self.port: int = self._socket.getsockname()[1]
        self._setup = setup
        self._origins = {secrets.token(token_file(setup.home, origin.name)): origin for origin in (CLI, HTTP)}
        files.write_text(address_file(setup.home), json.dumps(self._here()), private=True)

    async def run(self, desk: Desk, feed: Feed) -> None:
        """Serve until cancelled."""
        app = Gate(self._app(desk, feed), self.port, self._origins)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
        )
        server = _Server(config)
        try:
            await server.serve(sockets=[self._socket])
        finally:
            files.unlink(address_file(self._setup.home))
            if server.started:
                await server.shutdown(sockets=[self._socket])
            self._socket.close()

    def check(self) -> Sequence[Finding]:
        """The address it serves on."""
        return (Finding("http", ok=True, says=f"http://127.0.0.1:{self.port}"),)

    def _app(self, desk: Desk, feed: Feed) -> Starlette:
        routes = [
            Route("/api/v1/jobs", partial(_accept, desk), methods=["POST"]),
            Route("/api/v1/jobs", partial(_jobs, desk), methods=["GET"]),
            Route("/api/v1/quote", partial(_quote, desk), methods=["POST"]),
            Route("/api/v1/jobs/{name}", partial(_show, desk), methods=["GET"]),
            Route("/api/v1/jobs/{name}/{verb}", partial(_order, desk), methods=["POST"]),
            Route("/api/v1/clean", partial(_clean, desk), methods=["POST"]),
            Route("/api/v1/news", partial(_news, desk, feed), methods=["GET"]),
            Route("/api/v1/status", partial(self._status, desk), methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={BridgeError: _refusal})

    async def _status(self, desk: Desk, call: Call) -> Response:
        del call
        return JSONResponse({**self._here(), "seq": await desk.shop.record(desk.shop.journal.last_seq)})

    def _here(self) -> dict[str, Any]:
        mode = "one-shot" if self._setup.one_shot else "daemon"
        return {"version": __version__, "pid": os.getpid(), "port": self.port, "mode": mode}


def create(setup: Setup) -> HttpTrigger:
    """Take the port.

    Raises:
        ConfigError: `port_taken`, or a token that others may read.
    """
    return HttpTrigger(setup)


def address_file(home: Path) -> Path:
    """Where the running process says how it is reached."""
    return home / "daemon.json"


def token_file(home: Path, name: str) -> Path:
    """Where the token of `cli` or `http` lies."""
    return home / "keys" / f"{name}.token"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the daemon."""
        yield


def _bind(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as fault:
        listening.close()
        hint = "Stop that program, or choose another with --http-port (0: any)."
        raise ConfigError("port_taken", f"Port {port} on 127.0.0.1 is in use: {fault.strerror}.", hint) from fault
    return listening


async def _accept(desk: Desk, call: Call) -> Response:
    seq = await desk.shop.record(desk.shop.journal.last_seq)
    accepted = await desk.accept(await _fields(call), call.scope["origin"])
    said = views.job(accepted.job, accepted.takes)
    return JSONResponse({**said, "joined": accepted.joined, "seq": seq}, status_code=202)


async def _quote(desk: Desk, call: Call) -> Response:
    asked, quote = await desk.quote(await _fields(call), call.scope["origin"])
    return JSONResponse(views.quote(asked, quote))


async def _jobs(desk: Desk, call: Call) -> Response:
    limit = _whole(call.query_params.get("limit", "50"), "limit", 1, _JOBS)
    return JSONResponse(await desk.shop.record(views.jobs, desk.shop.journal, limit))


async def _show(desk: Desk, call: Call) -> Response:
    shop = desk.shop
    seq = await shop.record(shop.journal.last_seq)
    said = await shop.record(views.show, shop.journal, shop.vault, call.path_params["name"])
    return JSONResponse({**said, "seq": seq})


async def _order(desk: Desk, call: Call) -> Response:
    verbs = {"cancel": desk.cancel, "retry": desk.retry, "drop": desk.drop}
    if call.path_params["verb"] not in verbs:
        raise Reject("unknown_verb", f"There is no order '{call.path_params['verb']}'.", "Known: cancel, retry, drop.")
    takes: list[Take] = await verbs[call.path_params["verb"]](call.path_params["name"])
    return JSONResponse({"takes": [views.take(take) for take in takes]})


async def _clean(desk: Desk, call: Call) -> Response:
    said = await _fields(call)
    days = _whole(said.get("days", desk.shop.settings.keep_days), "days", 0, _DAYS)
    count, freed = await desk.clean(days, dry_run=bool(said.get("dry_run")))
    return JSONResponse({"files": count, "bytes": freed, "days": days})


async def _news(desk: Desk, feed: Feed, call: Call) -> Response:
    since, last = call.query_params.get("since", ""), await desk.shop.record(desk.shop.journal.last_seq)
    seq = _whole(since, "since", 0, _LINES) if since else last
    return StreamingResponse(_events(feed, seq), media_type="text/event-stream")


async def _events(feed: Feed, seq: int) -> AsyncIterator[str]:
    yield f": from {seq}\n\n"
    async for line in feed.follow(seq):
        yield f"id: {line.seq}\ndata: {json.dumps(views.news(line))}\n\n"


async def _fields(call: Call) -> Mapping[str, Any]:
    body = b""
    async for piece in call.stream():
        body += piece
        if len(body) > _BODY_BYTES:
            raise Reject("too_big", "The request is over 1 MB.", "Name the clip by its path.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise Reject("bad_json", f"The body is not JSON: {fault}.") from fault
    if not isinstance(said, dict):
        raise Reject("bad_json", "The body is not a JSON object.")
    return said


def _whole(said: Any, name: str, least: int, most: int) -> int:
    """A whole number within bounds, written as one or as its decimal digits."""
    text = str(said) if isinstance(said, int) and abs(said) <= most else said
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
        raise Reject("bad_request", f"{name} must be a whole number from {least} to {most}.")
    return int(text)


async def _refusal(call: Call, said: Exception) -> Response:
    del call
    assert isinstance(said, BridgeError)
    status = {Refused: 403, Retry: 503, ConfigError: 500}.get(type(said), 400)
    return JSONResponse({"error": said.as_dict()}, status_code=404 if said.code == "unknown_id" else status)
