"""A studio for tests: a data folder, an inbox, a project, a till; daemons in this process and as the real command."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from extensions import till as tills
from waiting import until

from bridge import daemon, settings
from bridge.desk import Origin
from bridge.triggers import Setup

FOREIGN = Path(__file__).parent / "extensions" / "foreign"
ENDED = ("delivered", "failed", "in_doubt", "cancelled")
CLI = Origin("cli")
LIMIT_S = 40.0


def install(folder: Path, points: dict[str, dict[str, str]], name: str = "paybox") -> Path:
    """Install a package as pip would: modules and a dist-info with entry points (group → name → module)."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    lines = [
        f"[{group}]\n" + "".join(f"{it} = {module}\n" for it, module in of.items()) for group, of in points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    return folder


@dataclass
class Studio:
    """Where one test works; `said` becomes its settings.toml."""

    root: Path
    site: Path
    till: tills.Till
    said: dict[str, Any] = field(default_factory=dict)
    commands: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def inbox(self) -> Path:
        return self.root / "Bridge In"

    @property
    def project(self) -> Path:
        return self.root / "Bridge Out"

    def settle(self, **said: Any) -> settings.Settings:
        """Write these settings over the usual ones, and read them as the daemon does."""
        usual = {
            "deliver_to": str(self.project),
            "paths": {"read_roots": [str(self.root)], "write_roots": [str(self.project)]},
            "providers": {"paybox": {"url": self.till.url}},
            "hosts": {"paybin": {"url": self.till.url}},
        }
        self.said = {**usual, **self.said, **said}
        (self.home / "settings.toml").write_text(_toml(self.said), encoding="utf-8")
        return settings.load(self.home / "settings.toml")

    def paybox(self, **section: Any) -> None:
        """Set the provider's own section."""
        self.settle(providers={"paybox": {"url": self.till.url, **section}})

    def watch(self, preset: str | None = "quick", **more: Any) -> None:
        """Watch the inbox; the preset `quick` asks the offline engine for two seconds."""
        folder = {"path": str(self.inbox), "deliver_to": str(self.project), **more}
        presets = {"quick": {"prompt": "soft pad", "seed": 7}, "paid": {"prompt": "soft pad", "model": "paybox"}}
        self.settle(hot_folder=[folder | ({"preset": preset} if preset else {})], preset=presets)

    def setup(self, **how: Any) -> Setup:
        return Setup(self.home, settings.load(self.home / "settings.toml"), **how)

    def run(self, act: Callable[[Any], Awaitable[Any]], *, clock: Any = None, **how: Any) -> Any:
        """Run a daemon in this process while `act` acts on it."""

        async def main() -> Any:
            async with daemon.running(self.setup(**how), clock) as it:
                return await act(it)

        return asyncio.run(main())

    def make(self, wish: dict[str, Any], *, origin: Origin = CLI) -> list[Any]:
        """Ask, wait until every take has ended, return the takes."""

        async def act(it: Any) -> list[Any]:
            return await ended(it, (await it.desk.accept(wish, origin)).job.id)

        return self.run(act)

    def wish(self, **more: Any) -> dict[str, Any]:
        """A paid wish without a clip."""
        return {"prompt": "soft pad", "model": "paybox", "placement": {"project": str(self.project)}, **more}

    def drop(self, name: str, data: bytes | str) -> Path:
        """Put a file in the inbox in one step, as a careful program does."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temp = path.with_name(f".{os.urandom(4).hex()}.tmp")
        temp.write_bytes(data.encode() if isinstance(data, str) else data)
        return temp.rename(path)

    def outcome(self, name: str) -> str:
        """What the outcome file of a drop says, empty while there is none."""
        path = self.inbox / f"{name}.dawbridge.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def told(self, name: str, word: str) -> str:
        """Wait until the outcome file of a drop has this word; returns all it says."""
        until(lambda: word in self.outcome(name), f"{word} in the outcome of {name}: {self.outcome(name)!r}")
        return self.outcome(name)

    async def hears(self, name: str, word: str) -> str:
        """As `told`, inside an event loop."""
        return await asyncio.to_thread(self.told, name, word)

    def delivered(self) -> list[Path]:
        """What lies in the project, hidden files too."""
        return sorted(self.project.iterdir()) if self.project.exists() else []

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the journal from outside; nothing while there is none."""
        if not (self.home / "journal.db").exists():
            return []
        db = sqlite3.connect(f"{(self.home / 'journal.db').as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            return db.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    def states(self) -> list[str]:
        """Every take's state, oldest first."""
        return [state for (state,) in self.rows("SELECT state FROM takes ORDER BY created_s, number")]

    def money(self) -> list[tuple[str, int]]:
        """Every charge: status and micro-USD."""
        return self.rows("SELECT status, micro_usd FROM charges ORDER BY id")

    def environment(self) -> dict[str, str]:
        """The environment of a command."""
        path = os.pathsep.join(filter(None, [str(self.site), os.environ.get("PYTHONPATH")]))
        return {**os.environ, "DAWBRIDGE_HOME": str(self.home), "PYTHONPATH": path, "PYTHONUTF8": "1"}

    def start(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        """Start the real command."""
        command = [sys.executable, "-m", "bridge", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        process = subprocess.Popen(command, env=self.environment(), cwd=self.root, **pipes, **how)
        self.commands.append(process)
        return process

    def command(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run the real command to its end."""
        process = self.start(*words, **how)
        out, err = process.communicate(timeout=LIMIT_S)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def daemon(self, **how: Any) -> subprocess.Popen[str]:
        """Start `dawbridge run` and wait for its greeting."""
        process = self.start("run", "--json", "--http-port", "0", "--osc-port", "0", **how)
        assert process.stdout is not None
        assert process.stdout.readline(), process.communicate()[1]
        return process

    def stop_all(self) -> None:
        """End every command, read what is left, close the pipes."""
        for process in self.commands:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


async def news_of(it: Any, wanted: Callable[[Any], bool], since: int = 0) -> Any:
    """The first line of a daemon's feed, after line `since`, that is `wanted`."""
    async with asyncio.timeout(LIMIT_S), aclosing(it.feed.follow(since)) as lines:
        async for line in lines:
            if wanted(line):
                return line
    raise AssertionError("the feed has ended")


async def ended(it: Any, job_id: str) -> list[Any]:
    """A job's takes once all of them have ended."""
    journal = it.shop.journal
    await news_of(it, lambda line: line.job_id == job_id and all(take.ended for take in journal.takes(job_id)))
    takes: list[Any] = journal.takes(job_id)
    return takes


@contextmanager
def built(root: Path, site: Path) -> Iterator[Studio]:
    """A studio for as long as the context lasts."""
    with tills.serving() as till:
        studio = Studio(root, site, till)
        for folder in (studio.home, studio.inbox, studio.project):
            folder.mkdir(parents=True)
        studio.settle()
        try:
            yield studio
        finally:
            studio.stop_all()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on sys.path with somebody else's package, installed."""
    folder = tmp_path_factory.mktemp("site")
    for module in FOREIGN.glob("*.py"):
        shutil.copy(module, folder)
    install(folder, {"dawbridge.providers": {"paybox": "paybox"}, "dawbridge.hosts": {"paybin": "paybin"}})
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def studio(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A fresh studio; `DAWBRIDGE_HOME` points into it."""
    monkeypatch.setenv("DAWBRIDGE_HOME", str(tmp_path / "studio" / "home"))
    with built(tmp_path / "studio", site) as it:
        yield it


def _toml(said: dict[str, Any]) -> str:
    """Settings as TOML: scalars first, then tables; JSON's strings and lists are TOML's."""
    plain = {key: value for key, value in said.items() if not _is_table(value)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for key, value in said.items():
        if isinstance(value, dict):
            lines += _table(key, value)
        elif _is_table(value):
            for each in value:
                lines += [f"[[{key}]]", *(f"{name} = {json.dumps(it)}" for name, it in each.items())]
    return "\n".join(lines) + "\n"


def _table(name: str, said: dict[str, Any]) -> list[str]:
    lines = [f"[{name}]", *(f"{key} = {json.dumps(it)}" for key, it in said.items() if not isinstance(it, dict))]
    for key, value in said.items():
        if isinstance(value, dict):
            lines += _table(f"{name}.{key}", value)
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
