"""What is said back, as packets: int, float and string only, which every receiver knows."""

from __future__ import annotations

from collections.abc import Iterable

from bridge import __version__
from bridge.errors import BridgeError
from bridge.tools.osc_encode import encode

_TEXT_CHARS = 400
"""REAPER takes messages of 1024 bytes; a sentence with its next step is shorter than this."""
_CONTROLS = dict.fromkeys(range(32), " ")


def accepted(asked: str, job: str = "", takes: Iterable[str] = ()) -> bytes:
    """It is on disk and will be done."""
    return encode("/dawbridge/accepted", [_text(asked), *([job, *takes] if job else [])])


def progress(asked: str, state: str, part: float | None, take: str, why: str) -> bytes:
    """A take moved."""
    said = -1.0 if part is None else float(part)
    return encode("/dawbridge/progress", [_text(asked), state, said, take, _text(why)])


def done(asked: str, paths: Iterable[str]) -> bytes:
    """Every take has ended, and these files were delivered."""
    return encode("/dawbridge/done", [_text(asked), *(_printable(path) for path in paths)])


def error(asked: str, code: str, text: str) -> bytes:
    """It was refused or has failed."""
    return encode("/dawbridge/error", [_text(asked), code, _text(text)])


def refusal(asked: str, said: BridgeError) -> bytes:
    """An error of ours."""
    return error(asked, said.code, str(said))


def pong() -> bytes:
    """I am."""
    return encode("/dawbridge/pong", [__version__])


def seen(way: str, peer: str, packet: bytes) -> bytes:
    """To a monitor: a packet that came in or went out."""
    return encode("/dawbridge/seen", [way, peer, packet], "ssb")


def _text(said: str) -> str:
    return _printable(said if len(said) <= _TEXT_CHARS else f"{said[: _TEXT_CHARS - 1]}…")


def _printable(said: str) -> str:
    return said.translate(_CONTROLS).encode("utf-8", "replace").decode()
