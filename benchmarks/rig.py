"""What the benchmarks share: a real daemon in a folder of its own, clips to drop, figures to print."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

ENDED = ("delivered", "failed", "in_doubt", "cancelled")


@dataclass(frozen=True)
class Rig:
    """A running daemon and its folders."""

    root: Path
    process: subprocess.Popen[bytes]

    @property
    def hot(self) -> Path:
        """The watched folder."""
        return self.root / "in"

    @property
    def project(self) -> Path:
        """Where takes land."""
        return self.root / "out"

    def rows(self, sql: str) -> list[sqlite3.Row]:
        """Look into the journal while the daemon works."""
        db = sqlite3.connect(f"file:{self.root / 'home' / 'journal.db'}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def wait_for(self, count: int, limit_s: float = 300) -> None:
        """Until so many takes have ended."""
        asked = f"SELECT count(*) AS n FROM takes WHERE state IN {ENDED}"
        deadline = time.monotonic() + limit_s
        while self.rows(asked)[0]["n"] < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"only {self.rows(asked)[0]['n']} of {count} takes ended in {limit_s:.0f} s")
            time.sleep(0.01)


@contextmanager
def rig(settings: str = "") -> Iterator[Rig]:
    """Start `dawbridge run` on a new home with one hot folder; stop it and clear up at the end."""
    root = Path(tempfile.mkdtemp(prefix="dawbridge-bench-"))
    (root / "home").mkdir()
    (root / "out").mkdir()
    watched = f'[preset.bench]\nprompt = "dusty lo-fi tape"\n\n[[hot_folder]]\npath = {json.dumps(str(root / "in"))}\n'
    watched += f'deliver_to = {json.dumps(str(root / "out"))}\npreset = "bench"\n'
    (root / "in").mkdir()
    (root / "home" / "settings.toml").write_text(watched + settings, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "run", "--http-port", "0", "--osc-port", "0", "--json"],
        env={**os.environ, "DAWBRIDGE_HOME": str(root / "home")},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield Rig(root, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()
        shutil.rmtree(root)


def clip(path: Path, seconds: float, number: int, rate: int = 48_000) -> None:
    """A stereo 24-bit clip with a content of its own."""
    t = np.arange(round(seconds * rate)) / rate
    pulse = np.exp(-((t * 2) % 1) * 20)
    wave = 0.2 * pulse * np.sin(2 * np.pi * (110 + number) * t)
    soundfile.write(path, np.stack([wave, wave * 0.9], axis=1), rate, subtype="PCM_24")


def spread(values: Sequence[float], unit: str = "ms", factor: float = 1000) -> str:
    """p50, p95 and the extremes of some figures."""
    ordered = sorted(value * factor for value in values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    return f"p50 {middle:.0f} {unit}, p95 {p95:.0f} {unit}, min {ordered[0]:.0f}, max {ordered[-1]:.0f}"
