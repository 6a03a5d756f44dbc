"""Worker processes: foreign code crashes, hangs and prints there, and only that piece of work fails."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest
from waiting import ended, until, until_async

from bridge.errors import Refused, Reject, Retry
from bridge.tools.worker import Workers

# A piece of work is `module:function` and one order; Python's own `eval` and `exec` do whatever a test needs.
EVAL, EXEC = "builtins:eval", "builtins:exec"
PID = "__import__('os').getpid()"


def at_work(use, **how):
    """Run `use(workers)` with workers of its own, and end them."""

    async def work():
        workers = Workers(**how)
        try:
            return await use(workers)
        finally:
            await workers.close()

    return asyncio.run(work())


async def refusal(workers, code):
    """What a piece of work fails with."""
    with pytest.raises(Reject) as said:
        await workers.run(EXEC, code)
    return said.value.code


def test_a_result_comes_back():
    """Any JSON value, in any script, over a megabyte long."""

    async def use(workers):
        order = {"name": "däw 音", "parts": [1, 2.5, None, True], "long": "x" * 2_000_000}
        assert await workers.run("builtins:dict", order) == order

    at_work(use)


def test_a_worker_is_another_process_and_is_kept():
    """The second piece of work finds the first one's process waiting; closing ends it."""

    async def use(workers):
        first, second = await workers.run(EVAL, PID), await workers.run(EVAL, PID)
        assert first == second != os.getpid()
        assert workers.pids() == [first]
        return first

    assert ended(at_work(use))


@pytest.mark.parametrize(
    ("kind", "more"), [(Reject, ""), (Refused, ""), (Retry, ", after_s=60.0, needs_user=True")], ids=str
)
def test_our_own_errors_pass_through(kind, more):
    """What a function says to the user arrives as it said it."""

    async def use(workers):
        with pytest.raises(kind) as said:
            await workers.run(
                EXEC, f"from bridge.errors import *\nraise {kind.__name__}('code', 'Why.', 'What.'{more})"
            )
        assert (said.value.code, str(said.value)) == ("code", "Why. What.")
        return said.value

    said = at_work(use)
    assert not more or (said.after_s, said.needs_user) == (60.0, True)


def test_a_full_disk_in_a_worker_waits_for_the_user():
    """The function's OSError is what it would be in the daemon."""

    async def use(workers):
        with pytest.raises(Retry) as said:
            await workers.run(EXEC, "import errno; raise OSError(errno.ENOSPC, 'No space left', '/vault/tmp/x.wav')")
        assert (said.value.code, said.value.needs_user) == ("disk_full", True)

    at_work(use)


@pytest.mark.parametrize(
    ("function", "order"),
    [(EXEC, "1 / 0"), (EXEC, "("), ("no.such:function", {}), ("bridge:nothing", {}), (EVAL, "{1, 2}"), (EVAL, "b''")],
)
def test_a_worker_survives_what_a_function_raises(function, order):
    """Any exception, an unknown function, a result that is no JSON: a sentence, and the same process goes on."""

    async def use(workers):
        before = await workers.run(EVAL, PID)
        with pytest.raises(Reject) as said:
            await workers.run(function, order)
        assert said.value.code == "worker_failed"
        assert await workers.run(EVAL, PID) == before

    at_work(use)


@pytest.mark.parametrize(
    "code",
    ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.abort()", "raise SystemExit(0)"],
    ids=["exit", "segfault", "abort", "quit"],
)
def test_a_crash_fails_only_its_own_work(code):
    """Two at work, one crashes: that one is told, the other has its result, and the next one finds a worker."""

    async def use(workers):
        crash = asyncio.ensure_future(refusal(workers, code))
        assert await workers.run(EVAL, "6 * 7") == 42
        assert await crash == "worker_crashed"
        assert await workers.run(EVAL, "6 * 7") == 42

    at_work(use)


def test_a_worker_that_died_waiting_is_replaced():
    """A process that the system ended between two pieces of work costs nobody anything."""

    async def use(workers):
        first = await workers.run(EVAL, PID)
        os.kill(first, signal.SIGTERM)
        await until_async(lambda: not workers.pids(), "the process to be known as gone")
        assert await workers.run(EVAL, PID) != first

    at_work(use)


HANG = "import pathlib, threading; pathlib.Path({!r}).write_text(str({})); threading.Event().wait()"


def hang(folder):
    """A piece of work that never ends, and where it writes its process id first."""
    path = folder / "pid"
    return HANG.format(str(path), PID), path


def read_pid(path) -> int:
    """A process id that is being written; 0 as long as it is not there."""
    return int(path.read_text(encoding="utf-8") or 0) if path.exists() else 0


def test_a_time_limit_ends_it(tmp_path):
    """What hangs is stopped and said; its process is gone, the next piece of work has a new one."""
    code, path = hang(tmp_path)

    async def use(workers):
        assert await refusal(workers, code) == "worker_timeout"
        assert ended(read_pid(path))
        workers._limit_s = 60.0
        assert await workers.run(EVAL, "6 * 7") == 42

    at_work(use, limit_s=1.5)


def test_a_cancel_ends_the_process(tmp_path):
    """Whoever cancels may count on nothing being written afterwards."""
    code, path = hang(tmp_path)

    async def use(workers):
        work = asyncio.ensure_future(workers.run(EXEC, code))
        await until_async(lambda: read_pid(path), "the work to begin")
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert ended(read_pid(path))
        assert await workers.run(EVAL, "6 * 7") == 42

    at_work(use)


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_a_file_that_wants_all_memory_is_an_error():
    """Ten gigabytes are refused inside the worker, which then goes on."""

    async def use(workers):
        before = await workers.run(EVAL, PID)
        assert await refusal(workers, "bytearray(10 << 30)") == "too_big"
        assert await workers.run(EVAL, PID) == before

    at_work(use)


_TIGHT = """
import os, resource
from bridge.tools import worker
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
if os.geteuid() == 0:
    os.setuid(65534)
worker._limit()
print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 30)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_a_tighter_limit_of_the_users_holds():
    """Where `ulimit -v` is below ours already, the worker starts under that."""
    done = subprocess.run([sys.executable, "-c", _TIGHT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_a_worker_knows_no_keys(monkeypatch):
    """Whatever secrets the daemon was started with are not in the worker's environment."""
    for name in ("NOVAKIT_API_KEY", "AWS_SECRET_ACCESS_KEY", "DAWBRIDGE_HOME", "MY_PASSWORD", "CREDENTIALS_DIRECTORY"):
        monkeypatch.setenv(name, "sentinel-7f3a")

    async def use(workers):
        return await workers.run(EVAL, "dict(__import__('os').environ)")

    environment = at_work(use)
    assert "sentinel-7f3a" not in json.dumps(environment)
    assert environment["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    "code",
    [
        "print('noise')",
        "import os; os.write(1, b'noise without an end')",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'], check=True)",
        "import sys; sys.stdout.write('{\"result\": 666}\\n'); sys.stdout.flush()",
    ],
)
def test_what_a_function_prints_is_no_answer(code):
    """Prints, bare writes and a plug-in's own programs go to the log."""

    async def use(workers):
        assert await workers.run(EXEC, code) is None
        assert await workers.run(EVAL, "6 * 7") == 42

    at_work(use)


def test_what_a_function_reads_is_not_our_orders():
    """A library (or its own program) that reads standard input finds its end at once."""

    async def use(workers):
        code = "__import__('sys').stdin.read() + __import__('os').read(0, 10).decode()"
        assert await workers.run(EVAL, code) == ""
        assert await workers.run(EVAL, "6 * 7") == 42

    at_work(use)


MEET = """
import pathlib, time
here = pathlib.Path({!r})
(here / str({})).touch()
end = time.monotonic() + 30
while len(list(here.iterdir())) < 2:
    assert time.monotonic() < end, "alone"
    time.sleep(0.01)
"""


def test_two_work_at_once(tmp_path):
    """Two pieces of work that wait for each other both end."""
    code = MEET.format(str(tmp_path), PID)

    async def use(workers):
        await asyncio.gather(workers.run(EXEC, code), workers.run(EXEC, code))

    at_work(use)


def test_never_more_than_two():
    """Eight pieces of work at once are done by two processes."""

    async def use(workers):
        pids = await asyncio.gather(*(workers.run(EVAL, PID) for _ in range(8)))
        assert sorted(set(pids)) == sorted(workers.pids())
        assert len(workers.pids()) == 2

    at_work(use)


_DAEMON = """
import asyncio, sys
from bridge.tools.worker import Workers
asyncio.run(Workers().run("builtins:exec", sys.argv[1]))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_a_worker_ends_with_its_daemon(tmp_path):
    """After kill -9 of the daemon no worker stays behind, though it was busy."""
    code, path = hang(tmp_path)
    with subprocess.Popen([sys.executable, "-c", _DAEMON, code]) as daemon:
        until(lambda: read_pid(path), "the work to begin")
        daemon.kill()
    until(lambda: ended(read_pid(path)), "the worker to end")
