"""The composition root: the only file that knows every folder.

It holds the lock (one daemon for each data folder), makes the shop from the settings and the extensions, joins desk,
pipeline, dispatcher and triggers, and takes them down again in order.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bridge.desk import Desk
from bridge.dispatcher import LaneDispatcher
from bridge.errors import BridgeError, ConfigError
from bridge.feed import Feed
from bridge.journal import Journal
from bridge.pipeline import Pipeline
from bridge.providers import Bench
from bridge.request import check_presets
from bridge.settings import Settings
from bridge.steps.shop import Shop
from bridge.take import Take
from bridge.tools import extensions, files
from bridge.tools.clock import Clock, SystemClock
from bridge.tools.worker import Workers
from bridge.triggers import Setup, Trigger
from bridge.triggers.http import address_file
from bridge.vault import Vault

log = logging.getLogger(__name__)
_LOCK_S = 2.0
"""A process that was killed while it started a worker leaves the lock to that one until its program is loaded."""
PLACES = {"sound": 2, "net": 16}
"""How many steps run at once in each lane; sound is bounded by the worker processes."""


@dataclass(frozen=True)
class Daemon:
    """A running daemon, as seen from inside."""

    desk: Desk
    feed: Feed
    shop: Shop
    triggers: tuple[Trigger, ...]
    unfinished: tuple[Take, ...]
    """What an earlier run left: resumed by a daemon, only named by a one-shot command."""


@asynccontextmanager
async def running(setup: Setup, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """Run everything for as long as the context lasts.

    Raises:
        ConfigError: another daemon holds the data folder, a port is taken, or the set-up is wrong.
    """
    check_presets(setup.settings)
    with _only_one(setup.home):
        shop = make_shop(setup.home, setup.settings, clock or SystemClock())
        try:
            async with _at_work(shop, setup) as daemon:
                yield daemon
        finally:
            await shop.workers.close()
            shop.close()


def make_shop(home: Path, settings: Settings, clock: Clock) -> Shop:
    """Everything the steps work with; an extension that cannot be made is remembered as broken."""
    workers, broken = Workers(log=worker_log(home)), dict[str, BridgeError]()
    providers, hosts, daws = _extensions(settings, Bench(workers, clock), broken)
    return Shop(
        settings=settings,
        journal=Journal(home / "journal.db", clock),
        vault=Vault(home / "vault"),
        workers=workers,
        clock=clock,
        providers=providers,
        hosts=hosts,
        daws=daws,
        broken=broken,
    )


def worker_log(home: Path) -> Path:
    """Where what libraries print in the workers goes."""
    return home / "logs" / "worker.log"


def extensions_of(settings: Settings, clock: Clock) -> tuple[list[Any], dict[str, BridgeError]]:
    """Every provider, host and DAW that can be made from the settings, and why others cannot be used; for `doctor`."""
    broken: dict[str, BridgeError] = {}
    kinds = _extensions(settings, Bench(Workers(), clock), broken)
    dict(_made("bridge.triggers", lambda it, _: it.create, broken))
    return [extension for kind in kinds for extension in kind.values()], broken


def _extensions(settings: Settings, bench: Bench, broken: dict[str, BridgeError]) -> tuple[dict[str, Any], ...]:
    return (
        dict(_made("bridge.providers", lambda it, name: it.create(settings.providers.get(name, {}), bench), broken)),
        dict(_made("bridge.hosts", lambda it, name: it.create(settings.hosts.get(name, {}), bench), broken)),
        dict(_made("bridge.daws", lambda it, name: it.create(settings.daws.get(name, {})), broken)),
    )


def _made(package: str, make: Callable[[Any, str], Any], broken: dict[str, BridgeError]) -> Iterator[tuple[str, Any]]:
    for name in extensions.names(package):
        made = None
        with _kept_apart(name, broken):
            try:
                made = make(extensions.load(package, name), name)
            except BridgeError as said:
                log.warning("extension=%s broken=%r", name, said.message)
                broken[name] = said
        if made is not None:
            yield name, made


@contextmanager
def _kept_apart(name: str, broken: dict[str, BridgeError]) -> Iterator[None]:
    """Whatever an extension's code raises, other than a refusal, is a line in `doctor`, never a dead daemon."""
    try:
        yield
    except BridgeError:
        raise
    except Exception as fault:
        log.exception("extension=%s", name)
        hint = "See the log; reinstall it, or remove its section from the settings."
        said = f"'{name}' is broken: {type(fault).__name__}: {fault}."
        broken[name] = ConfigError("broken_extension", said, hint)


def _triggers(setup: Setup, broken: dict[str, BridgeError]) -> Iterator[Trigger]:
    """The triggers this run uses; one whose set-up is wrong keeps the daemon from starting, a broken one does not."""
    for name, create in dict(_made("bridge.triggers", lambda it, _: it.create, broken)).items():
        trigger = None
        with _kept_apart(name, broken):
            trigger = create(setup)
        if trigger:
            yield trigger


async def _listen(trigger: Trigger, desk: Desk, feed: Feed, broken: dict[str, BridgeError]) -> None:
    """Run a trigger; one that breaks does not take the others, and the takes under way, down with it."""
    with _kept_apart(trigger.name, broken):
        await trigger.run(desk, feed)


@asynccontextmanager
async def _at_work(shop: Shop, setup: Setup) -> AsyncIterator[Daemon]:
    triggers = tuple(_triggers(setup, shop.broken))
    pipeline = Pipeline(shop)
    dispatcher = pipeline.dispatcher = LaneDispatcher(pipeline.work, PLACES, shop.clock)
    desk, feed = Desk(shop, pipeline), Feed(shop)
    await asyncio.to_thread(_sweep, shop, setup.home)
    left = await (shop.record(shop.journal.unfinished) if setup.one_shot else pipeline.resume())
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_listen(trigger, desk, feed, shop.broken)) for trigger in triggers]
            tasks.append(group.create_task(dispatcher.run_forever()))
            await asyncio.sleep(0)  # each has begun: a task that is cancelled before that never cleans up
            yield Daemon(desk, feed, shop, triggers, tuple(left))
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as several:  # what ended us, not the group it came in
        raise several.exceptions[0] from None


def _sweep(shop: Shop, home: Path) -> None:
    """Remove what a killed process left half-written in places that are ours alone."""
    shop.vault.sweep()
    for path in (*home.glob(f".{address_file(home).name}.*.part"), *(home / "keys").glob(".*.part")):
        files.unlink(path)


async def stopped() -> None:
    """Wait for Ctrl-C or a polite kill."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, asked.set)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(asked.set))
    await asked.wait()


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        said = f"The data folder {home} cannot be made: {fault.strerror}."
        raise ConfigError("no_home", said, "Set DAWBRIDGE_HOME to another folder.") from fault
    lock = FileLock(home / "lock")
    try:
        lock.acquire(timeout=_LOCK_S)
    except Timeout as held:
        who = whereabouts(home)
        said = f"Another dawbridge (process {who.get('pid', '?')}) works with {home}."
        raise ConfigError("already_running", said, "Stop it, or set DAWBRIDGE_HOME to another folder.") from held
    try:
        yield
    finally:
        lock.release()


def whereabouts(home: Path) -> Mapping[str, Any]:
    """What the process that works with a data folder says of itself; empty when none does (or did not end well).

    Who holds the lock decides: an address that a killed process left may be somebody else's by now.
    """
    try:
        with FileLock(home / "lock", timeout=0):
            return {}
    except Timeout:
        pass
    except OSError:
        return {}
    try:
        said: Mapping[str, Any] = json.loads(address_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said
