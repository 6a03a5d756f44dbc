"""Who may speak to the loopback API: a browser on this machine carries every web page's wishes, so all is checked.

Exact Host (against DNS rebinding), Sec-Fetch-Site and Origin (against other pages), JSON only, a bearer token.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.desk import Origin
from bridge.tools import secrets


class Gate:
    """An ASGI application in front of another; puts the caller's `Origin` into the scope."""

    def __init__(self, app: ASGIApp, port: int, origins: Mapping[str, Origin]) -> None:
        self._app, self._origins = app, origins
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call through, or answer 401, 403 or 415."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        caller = self._caller(headers)
        refused = self._refused(headers, scope["method"], caller)
        if refused:
            status, code, message = refused
            body = {"error": {"kind": "Refused", "code": code, "message": message, "hint": ""}}
            await JSONResponse(body, status_code=status)(scope, receive, send)
            return
        scope["origin"] = caller
        await self._app(scope, receive, send)

    def _refused(self, headers: Headers, method: str, caller: Origin | None) -> tuple[int, str, str] | None:
        if headers.get("host") not in self._hosts:
            return 403, "bad_host", "This is not an address of this machine."
        if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
            return 403, "cross_site", "Another web page may not ask."
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return 403, "cross_site", "Another web page may not ask."
        if caller is None:
            return 401, "no_token", "The bearer token is missing or wrong."
        if method != "GET" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "not_json", "Send application/json."
        return None

    def _caller(self, headers: Headers) -> Origin | None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        found = [origin for token, origin in self._origins.items() if secrets.same(given, token)]
        return found[0] if found and scheme.lower() == "bearer" else None
