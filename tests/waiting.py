"""What tests need of the world outside: to wait for what rings no bell, to know that a process ended, a full disk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from io import RawIOBase
from pathlib import Path

import pytest

_LOOK_S = 0.005


def until(so: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Return as soon as `so()` holds; AssertionError when it does not in time."""
    end_s = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end_s, f"waited {within_s:.0f} s in vain for: {what}"
        time.sleep(_LOOK_S)


async def until_async(so: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """As `until`, without holding the event loop."""
    end_s = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end_s, f"waited {within_s:.0f} s in vain for: {what}"
        await asyncio.sleep(_LOOK_S)


def fill_up(filler: Path) -> None:
    """Write a file until its disk is full."""
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as out:
        _write_for_ever(out)


def _write_for_ever(out: RawIOBase) -> None:
    while True:
        out.write(bytes(4096))


def ended(pid: int) -> bool:
    """Whether a process does nothing any more; one that has died and was not collected counts."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return Path("/proc/self").exists()  # gone between the two looks; without /proc the first look is all there is
