"""Waiting for something outside this process that rings no bell: look until it is so, or fail at a deadline."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

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
