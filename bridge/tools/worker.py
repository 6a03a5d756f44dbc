"""Foreign sound and users' plug-ins are handled here, in separate processes that know no keys.

A piece of work is the name of a plain function (`module:function`), a JSON order and the paths inside it. A process
that crashes, hangs or is cancelled is ended and replaced; only that piece of work fails. Two processes at most, started
with the first piece of work, at low priority, under a memory limit where the system has one.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TextIO

from bridge.errors import BridgeError, Reject, from_dict
from bridge.tools import files

log = logging.getLogger(__name__)

Order = dict[str, Any]
_MEMORY_BYTES = 4 << 30
_LINE_BYTES = 64 << 20
_LOG_BYTES = 1 << 20
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "LD_LIBRARY_PATH")
_QUICK = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
_BLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Workers:
    """Up to `size` worker processes; `run` gives one a piece of work and waits for it.

    What libraries print goes to the file `log`, or to our own standard error when there is none.
    """

    def __init__(self, size: int = 2, limit_s: float = 600.0, log: Path | None = None) -> None:
        self._limit_s, self._log = limit_s, log
        self._slots = asyncio.Semaphore(size)
        self._idle: list[asyncio.subprocess.Process] = []

    async def run(self, function: str, order: Order) -> Order:
        """Run `module:function` on `order` in a worker process and return what it returns.

        Raises:
            BridgeError: what the function itself raised.
            Reject: `worker_crashed`, `worker_timeout` or `worker_failed`.
        """
        async with self._slots:
            process = self._waiting() or await _start(self._log)
            try:
                async with asyncio.timeout(self._limit_s):  # not wait_for: before Python 3.12 it can swallow a cancel
                    said = await _ask(process, function, order)
            except TimeoutError:
                await _end(process)
                hint = "Try a shorter clip, or fewer plug-ins."
                raise Reject("worker_timeout", f"It took over {self._limit_s:.0f} s and was stopped.", hint) from None
            except BaseException:
                await _end(process)
                raise
            self._idle.append(process)
        if "error" in said:
            raise from_dict(said["error"])
        result: Order = said["result"]
        return result

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    def pids(self) -> list[int]:
        """The processes that wait for work."""
        return [process.pid for process in self._idle if process.returncode is None]

    def _waiting(self) -> asyncio.subprocess.Process | None:
        """A process that waits for work; one that the system has ended meanwhile is forgotten."""
        while self._idle:
            if (process := self._idle.pop()).returncode is None:
                return process
        return None


async def _start(log: Path | None) -> asyncio.subprocess.Process:
    with _opened(log) as printed:
        return await _spawn(printed)


@contextlib.contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    """The log to append to; one that has grown long is begun anew."""
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    long = log.exists() and log.stat().st_size > _LOG_BYTES
    with log.open("wb" if long else "ab") as printed:
        yield printed


async def _spawn(printed: IO[bytes] | None) -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in (*_KEPT, *_BLAS) if name in os.environ} | _QUICK
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "bridge.tools.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
        env=environment,
        limit=_LINE_BYTES,
        **_apart(),
    )


def _apart() -> dict[str, Any]:
    """Out of reach of the terminal's Ctrl-C: the daemon decides what that ends."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


async def _ask(process: asyncio.subprocess.Process, function: str, order: Order) -> Order:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):  # a process that is gone shows below, as the end of its output
        process.stdin.write(json.dumps([function, order]).encode() + b"\n")
        await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        await process.wait()
        hint = "The file or a plug-in is at fault; the other takes go on."
        raise Reject("worker_crashed", f"The sound worker crashed (exit {process.returncode}).", hint)
    said: Order = json.loads(line)
    return said


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    with contextlib.suppress(ConnectionError):
        await process.communicate()  # closes the pipes too


def serve(orders: TextIO, answers: TextIO) -> None:
    """The worker's own loop: one order a line in, one answer a line out, until the daemon goes."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, waiting), daemon=True).start()
    while True:
        answers.write(_answer(*json.loads(waiting.get())) + "\n")
        answers.flush()


def _listen(orders: TextIO, waiting: queue.SimpleQueue[str]) -> None:
    for line in orders:
        waiting.put(line)
    os._exit(0)  # the daemon is gone: a piece of work that nobody waits for must not write anything more


def _answer(function: str, order: Order) -> str:
    module, _, name = function.partition(":")
    error: BridgeError
    try:
        return json.dumps({"result": getattr(importlib.import_module(module), name)(order)})
    except BridgeError as said:
        error = said
    except OSError as fault:
        error = files.from_os(fault, Path(fault.filename or "the vault"))
    except MemoryError:
        error = Reject("too_big", "The sound does not fit in the worker's memory.", "Cut it.")
    except Exception as fault:  # noqa: BLE001 - foreign sound, foreign plug-ins: this take fails, the worker lives
        traceback.print_exc()
        error = Reject("worker_failed", f"{function} failed: {type(fault).__name__}: {fault}.", "See logs/worker.log.")
    return json.dumps({"error": error.as_dict()})


def _limit() -> None:
    if sys.platform == "win32":
        return
    os.nice(10)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - not on Windows

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = _MEMORY_BYTES if most == resource.RLIM_INFINITY else min(_MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """Start as a worker: the real standard input and output are ours, libraries read nothing and print to the log."""
    _limit()
    orders = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(orders, answers)


if __name__ == "__main__":
    main()
