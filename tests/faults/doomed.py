"""A daemon that is killed from inside at a chosen moment: the product has no fault code, its boundaries are wrapped."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from waiting import until_async

from bridge import daemon, settings
from bridge.journal import Journal
from bridge.take import State
from bridge.tools import files
from bridge.triggers import Setup

WORDS = ("DONE", "FAILED", "IN_DOUBT", "NOT TAKEN", "CANCELLED")
_CONTEXT = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
_CONTEXT.set_forkserver_preload(["bridge.daemon", "bridge.triggers.http", "bridge.triggers.hot_folder", "doomed"])


def die_after_state(home: Path, state: str) -> bool:
    """Run a daemon that is killed as soon as a take is in `state` on disk; whether it died."""
    return _run(home, ("state", state))


def die_at_call(home: Path, when: str, number: int) -> bool:
    """Run a daemon that is killed `before` or `after` its n-th effect; False: it came to its end undisturbed."""
    return _run(home, (when, number))


def go_on(home: Path) -> None:
    """Run a daemon, undisturbed, until everything in the inbox has its outcome."""
    asyncio.run(_until_quiet(home))


def _run(home: Path, cut: tuple[str, Any]) -> bool:
    process = _CONTEXT.Process(target=_live, args=(home, cut))
    process.start()
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode != 0


def _live(home: Path, cut: tuple[str, Any]) -> None:
    if cut[0] == "state":
        _arm_states(cut[1])
    else:
        _arm_calls(*cut)
    asyncio.run(_until_quiet(home))
    os._exit(0)


async def _until_quiet(home: Path) -> None:
    chosen = settings.load(home / "settings.toml")
    inbox = chosen.hot_folder[0].path
    clips = [path for path in inbox.iterdir() if path.suffix == ".wav"]

    def quiet() -> bool:
        outcomes = [clip.with_name(f"{clip.name}.dawbridge.txt") for clip in clips]
        told = [path.read_text(encoding="utf-8") for path in outcomes if path.exists()]
        return sum(text.startswith(WORDS) for text in told) == len(clips)

    async with daemon.running(Setup(home, chosen)) as it:
        await until_async(quiet, "every outcome")
        for take in it.unfinished:
            await until_async(lambda name=take.id: it.shop.journal.take(name).ended, f"the end of {take.id}")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm_states(state: str) -> None:
    real_advance, real_add = Journal.advance, Journal.add

    def advance(self: Journal, take: Any, to: State, **more: Any) -> None:
        real_advance(self, take, to, **more)
        if to == state:
            _die()

    def add(self: Journal, *these: Any) -> None:
        real_add(self, *these)
        if state == State.QUEUED:
            _die()

    Journal.advance, Journal.add = advance, add  # type: ignore[method-assign]


def _arm_calls(when: str, number: int) -> None:
    count, lock = [0], threading.Lock()

    @contextmanager
    def effect() -> Iterator[None]:
        with lock:
            count[0] += 1
            mine = count[0]
        if (when, number) == ("before", mine):
            _die()
        yield
        if (when, number) == ("after", mine):
            _die()

    files.put, files.unlink = _wrapped(files.put, effect), _wrapped(files.unlink, effect)
    real_commit, real_send = Journal.commit, httpx.AsyncClient.send

    @contextmanager
    def commit(self: Journal) -> Iterator[Any]:
        with effect(), real_commit(self) as db:
            yield db

    async def send(self: httpx.AsyncClient, *these: Any, **more: Any) -> httpx.Response:
        with effect():
            return await real_send(self, *these, **more)

    Journal.commit, httpx.AsyncClient.send = commit, send  # type: ignore[method-assign]


def _wrapped(real: Callable[..., Any], effect: Callable[[], Any]) -> Callable[..., Any]:
    def wrapped(*these: Any, **more: Any) -> Any:
        with effect():
            return real(*these, **more)

    return wrapped
