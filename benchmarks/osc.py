"""What OSC stands and how quickly it answers.

python benchmarks/osc.py fuzz [--count 1000000] [--seed 1]     datagrams into the decoder
python benchmarks/osc.py flood [--seconds 10] [--rate 10000]   half garbage, half commands, at a running daemon
python benchmarks/osc.py latency [--count 2000]                 trigger → accepted, beside an echo and python-osc
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import multiprocessing
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from osc_datagrams import KILLERS, datagrams

from bridge.tools.osc_codec import Malformed, decode
from bridge.tools.osc_encode import encode

_SLOW_S = 0.001
_HANG_S = 5
_LAST_ANSWERS_S = 3


def fuzz(count: int, seed: int) -> None:
    """Every datagram gives messages or `Malformed`; how long the slowest took, in processor time and by the clock."""
    outcome: Counter[str] = Counter()
    slowest_s = wall_s = spent_s = 0.0
    over = again = 0
    worst = b""
    began_s = time.monotonic()
    for number, packet in enumerate(islice(datagrams(seed), count)):
        if number % 1000 == 0:
            faulthandler.dump_traceback_later(_HANG_S, exit=True)
        wall, start = time.perf_counter(), time.thread_time()
        try:
            decode(packet)
            outcome["read"] += 1
        except Malformed:
            outcome["refused as Malformed"] += 1
        except Exception as fault:  # noqa: BLE001 - whatever else escapes is what is being looked for
            outcome[f"ESCAPED {type(fault).__name__}"] += 1
        took_s, wall = time.thread_time() - start, time.perf_counter() - wall
        spent_s, wall_s = spent_s + took_s, max(wall_s, wall)
        if took_s > _SLOW_S / 2:  # somebody else's work on this machine, unless it is slow each time
            took_s, again = min(took_s, _again_s(packet)), again + 1
        over += took_s > _SLOW_S
        if took_s > slowest_s:
            slowest_s, worst = took_s, packet
    faulthandler.cancel_dump_traceback_later()
    print(f"{count:,} datagrams, seed {seed}, {time.monotonic() - began_s:.0f} s in all: {dict(outcome)}, 0 hangs")
    print(f"mean {spent_s / count * 1e6:.1f} us; over 1 ms: {over} ({again} over 0.5 ms timed again, best of 20)")
    print(f"slowest {slowest_s * 1000:.3f} ms of processor time, {len(worst)} bytes")
    print(f"longest by the clock, whatever else the machine did: {wall_s * 1000:.1f} ms")
    print(f"slowest known killer, best of 20: {max(map(_again_s, KILLERS.values())) * 1000:.3f} ms")


def _again_s(packet: bytes) -> float:
    best = 1.0
    for _ in range(20):
        start = time.thread_time()
        with suppress(Malformed):
            decode(packet)
        best = min(best, time.thread_time() - start)
    return best


@contextmanager
def server(kind: str, home: Path, told: dict[str, object] | None = None) -> Iterator[int]:
    """One of the servers of `osc_serve.py`; yields its port; `told` receives what it says at its end."""
    words = [sys.executable, str(Path(__file__).with_name("osc_serve.py")), kind, str(home)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()
        said = process.stdout.read()
        if told is not None:
            told.update(json.loads(said))


@contextmanager
def folder(settings: str) -> Iterator[Path]:
    """A data folder with settings."""
    home = Path(tempfile.mkdtemp(prefix="dawbridge-bench-"))
    (home / "settings.toml").write_text(f"deliver_to = {json.dumps(str(home / 'out'))}\n{settings}", encoding="utf-8")
    try:
        yield home
    finally:
        shutil.rmtree(home)


def flood(seconds: float, rate: int) -> None:
    """Lag of the event loop, what was answered, what was run twice."""
    count = int(seconds * rate)
    garbage = [packet for packet in islice(datagrams(2), 3 * count) if _malformed(packet)][: count // 2]
    sent, ids = [], []
    for number, noise in enumerate(garbage):
        if number % 10 == 9:
            sent += [noise, sent[-1]]  # every tenth command comes twice, as Wi-Fi may have it
        else:
            ids.append(f"f{number}")
            wish = [f"pad {number}", "id", ids[-1], "length_s", 1.0]
            sent += [noise, encode("/dawbridge/generate", wish)]
    told: dict[str, object] = {}
    with folder("") as home, closing(socket.socket(type=socket.SOCK_DGRAM)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        with server("dawbridge", home, told) as port:
            line.connect(("127.0.0.1", port))
            line.settimeout(0.1)
            answers: list[bytes] = []
            sending = multiprocessing.get_context("fork").Process(target=_pour, args=(line, sent, rate))
            sending.start()
            _hear(line, answers, sending)
            lost = [_dropped(port), _dropped(line.getsockname()[1])]
        jobs = _rows(home, "SELECT client_id, count(*) FROM jobs JOIN takes ON job_id = jobs.id GROUP BY client_id")
        twice = _rows(
            home, "SELECT take_id FROM transitions WHERE state = 'queued' GROUP BY take_id HAVING count(*) > 1"
        )
    _report(ids, answers, jobs, lost, [*twice, *[row for row in jobs if row[1] > 1]])
    late = sorted(told["late_s"])  # type: ignore[call-overload]
    print(f"{len(sent):,} datagrams, {rate:,} a second, half garbage; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"event-loop lag {_spread(late)}   (aim: p99 under 50 ms)")
    print(f"daemon: {told['cpu_s']:.1f} s of processor time, {told['peak_mb']:.0f} MB at its peak")


def _pour(line: socket.socket, sent: Sequence[bytes], rate: int) -> None:
    began_s = time.monotonic()
    for start in range(0, len(sent), 50):
        for packet in sent[start : start + 50]:
            line.send(packet)
        ahead_s = (start + 50) / rate - (time.monotonic() - began_s)
        if ahead_s > 0:
            time.sleep(ahead_s)


def _hear(line: socket.socket, answers: list[bytes], sending: BaseProcess) -> None:
    until_s = 0.0
    while not until_s or time.monotonic() < until_s:
        with suppress(TimeoutError):
            answers.append(line.recv(65_536))
            if until_s and (b"/accepted" in answers[-1] or b"busy" in answers[-1]):
                until_s = time.monotonic() + _LAST_ANSWERS_S
        if not until_s and not sending.is_alive():
            until_s = time.monotonic() + _LAST_ANSWERS_S
    sending.join()


def _dropped(port: int) -> int:
    """Datagrams that the kernel dropped because a socket's buffer was full (Linux)."""
    rows = [line.split() for line in Path("/proc/net/udp").read_text(encoding="utf-8").splitlines()[1:]]
    return sum(int(row[-1]) for row in rows if int(row[1].partition(":")[2], 16) == port)


def _report(
    ids: list[str], answers: list[bytes], jobs: list[tuple[str, int]], lost: list[int], twice: list[object]
) -> None:
    said: dict[str, set[str]] = {"accepted": set(), "busy": set(), "malformed": set(), "other": set()}
    for packet in answers:
        (message,) = decode(packet)
        name = message.address.removeprefix("/dawbridge/")
        kind = str(message.args[1]) if name == "error" else name
        said[kind if kind in said else "other"].add(str(message.args[0]))
    stored = {name for name, _ in jobs}
    unheard = set(ids) - said["accepted"] - said["busy"]
    print(f"{len(ids):,} different commands: {len(said['accepted']):,} accepted, {len(said['busy']):,} told busy,")
    print(f"{len(unheard):,} not answered; dropped by the kernel: {lost[0]:,} on the way in, {lost[1]:,} answers")
    print(f"stored {len(stored):,}; stored but not answered {len(stored - said['accepted'])}; run twice {len(twice)}")


def latency(count: int) -> None:
    """One command after another; each is cancelled, untimed, so that the machine is quiet for the next."""
    with folder("[osc]\nrate = 100000\nburst = 100000\n") as home:
        print(f"{count} commands one after another over UDP on loopback, from send to the answer")
        for kind in ("echo", "python-osc", "dawbridge"):
            with server(kind, home) as port, closing(socket.socket(type=socket.SOCK_DGRAM)) as line:
                line.connect(("127.0.0.1", port))
                line.settimeout(30)
                print(f"{kind:28}{_spread(sorted(_timed(line, kind, count)))}")
        stored = _rows(home, "SELECT count(*) FROM jobs")[0][0]
        commits = sorted(_commit_s(home / "bare.db", 500))
        print(f"jobs in the journal: {stored}")
        print(f"{'a bare durable commit':28}{_spread(commits)}   (SQLite, WAL, synchronous=FULL, same disk)")


def _timed(line: socket.socket, kind: str, count: int) -> Iterator[float]:
    for number in range(count + 20):
        packet = encode("/dawbridge/generate", [f"pad {number}", "id", f"n{number}", "length_s", 1.0])
        start = time.perf_counter()
        line.send(packet)
        answer = line.recv(65_536)
        took_s = time.perf_counter() - start
        if kind == "dawbridge":
            assert b"accepted" in answer, answer
            line.send(encode("/dawbridge/cancel", [f"n{number}"]))
            while b"/dawbridge/accepted" not in line.recv(65_536):
                pass
            line.recv(65_536)  # the job's own end
        if number >= 20:  # the first ones warm it up
            yield took_s


def _commit_s(path: Path, count: int) -> Iterator[float]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE t (x)")
        for _ in range(count):
            start = time.perf_counter()
            db.execute("INSERT INTO t VALUES ('row')")
            yield time.perf_counter() - start


def _malformed(packet: bytes) -> bool:
    try:
        decode(packet)
    except Malformed:
        return True
    return False


def _rows(home: Path, sql: str) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(home / "journal.db")) as db:
        return db.execute(sql).fetchall()


def _spread(ordered: Sequence[float]) -> str:
    at = {
        name: ordered[min(len(ordered) - 1, int(part * len(ordered)))] for name, part in (("p50", 0.5), ("p99", 0.99))
    }
    return ", ".join(f"{name} {value * 1000:.2f} ms" for name, value in [*at.items(), ("max", ordered[-1])])


def main() -> None:
    """Read the words, run one."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = words.add_subparsers(required=True)
    for act, options in (
        (fuzz, {"count": 1_000_000, "seed": 1}),
        (flood, {"seconds": 10.0, "rate": 10_000}),
        (latency, {"count": 2000}),
    ):
        one = kinds.add_parser(act.__name__)
        one.set_defaults(act=act)
        for name, default in options.items():
            one.add_argument(f"--{name}", type=type(default), default=default)
    chosen = vars(words.parse_args())
    chosen.pop("act")(**chosen)


if __name__ == "__main__":
    main()
