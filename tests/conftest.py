"""What every test may ask for: a clock of its own, a data folder of its own, a disk that is nearly full."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from bridge.journal import Journal


class HandClock:
    """Time that moves only when somebody sleeps on it or turns it; implements `bridge.tools.clock.Clock`."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s
        self.turned_s = 0.0

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return self.now_s

    def steady(self) -> float:
        """Seconds since this clock was made."""
        return self.turned_s

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds
        self.turned_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once, and others have their turn."""
        self.turn(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    """A clock of the test's own."""
    return HandClock()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data folder that touches nothing of the user's."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("DAWBRIDGE_HOME", str(folder))
    return folder


@pytest.fixture
def journal(home, clock):
    """A new journal in the test's own data folder."""
    journal = Journal(home / "journal.db", clock)
    yield journal
    journal.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a disk of its own can only be mounted by root on Linux")
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"tmpfs cannot be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)  # a test may have unmounted it itself


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """On a user's machine a missing tool is a skip with a reason; in CI, which installs them all, it is a failure."""
    report = (yield).get_result()
    if report.skipped and os.environ.get("CI") == "true" and "not on this system" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
