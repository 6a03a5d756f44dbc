"""Folders whose clips become takes. watchdog wakes us, a scan decides: events get lost, scans do not.

    loop.wav                 a clip; the folder's preset says what is wanted
    loop.txt                 … or its own prompt, or loop.toml / loop.json: any fields of a Request
    lofi/loop.wav            a subfolder named after a preset uses that preset
    idea.txt                 alone: a prompt for new music
    loop.wav.dawbridge.txt   what became of it; written by us

Nothing in the folder is changed, moved or deleted, and nothing is taken twice: what has been seen is in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from bridge.desk import BATCH, Desk, Origin
from bridge.errors import BridgeError, ConfigError, Retry
from bridge.feed import Feed
from bridge.journal import Stuck
from bridge.settings import HotFolder
from bridge.tools import files, riff
from bridge.tools.checkup import Finding
from bridge.triggers import Setup
from bridge.triggers.hot_folder import outcome
from bridge.triggers.hot_folder.drop import Drop, read_wish
from bridge.triggers.hot_folder.listing import new_drops, times_of
from bridge.triggers.hot_folder.ripe import Ripeness
from bridge.triggers.hot_folder.wake import woken_by

log = logging.getLogger(__name__)
_SCAN_S = 2.0
_WHOLE_SCAN_S = 30.0
_COARSE_NS = 3_000_000_000
"""No file system tells times more coarsely: a folder that changed so lately may have changed again unseen."""
_MENDABLE = {"no_folder", "folder_denied"}
"""Refusals that are over as soon as the user has put a folder right."""


@dataclass
class _Watched:
    """One folder and what is known of its files: name → stamp."""

    settings: HotFolder
    done: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    times: tuple[int, ...] | None = None
    """The folders' times of change when last nothing was left to do; None while something is."""
    scanned_s: float = 0.0

    @property
    def name(self) -> str:
        return str(self.settings.path)

    def is_as_it_was(self, times: tuple[int, ...], now_s: float) -> bool:
        """Whether no name has come or gone since nothing was left to do; from time to time we look all the same."""
        return times == self.times and now_s - self.scanned_s < _WHOLE_SCAN_S


class HotFolders:
    """All watched folders."""

    name = "hot_folder"

    def __init__(self, folders: Sequence[HotFolder], presets: Collection[str]) -> None:
        for each in folders:
            _not_nested(each, folders)
        self._folders = [_Watched(each) for each in folders]
        self._presets = frozenset(presets)
        self._telling = asyncio.Lock()

    async def run(self, desk: Desk, feed: Feed) -> None:
        """Watch until cancelled; first, everything that came while nobody watched."""
        for folder in self._folders:
            await asyncio.to_thread(outcome.sweep, folder.settings.path, self._presets)
            folder.done = await desk.shop.record(desk.shop.journal.drops, folder.name)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._scan_for_ever(desk))
            both.create_task(self._tell_outcomes(desk, feed))

    def check(self) -> Sequence[Finding]:
        """Each folder: is it there, can it be read and delivered from."""
        return [_looked_at(folder.settings) for folder in self._folders]

    async def _scan_for_ever(self, desk: Desk) -> None:
        ripeness, bell = Ripeness(desk.shop.clock, desk.shop.workers), asyncio.Event()
        loop = asyncio.get_running_loop()
        with woken_by([each.settings for each in self._folders], partial(loop.call_soon_threadsafe, bell.set)):
            while True:
                rung = bell.is_set()
                bell.clear()
                for folder in self._folders:
                    await self._scan(folder, desk, ripeness, rung=rung)
                with contextlib.suppress(TimeoutError):  # not wait_for: before Python 3.12 it can swallow a cancel
                    async with asyncio.timeout(_SCAN_S):
                        await bell.wait()

    async def _scan(self, folder: _Watched, desk: Desk, ripeness: Ripeness, *, rung: bool) -> None:
        now_s, wall_ns = desk.shop.clock.steady(), desk.shop.clock.wall() * 1e9
        times = await asyncio.to_thread(times_of, folder.settings.path, self._presets)
        if folder.is_as_it_was(times, now_s) and not rung:
            return
        drops = await asyncio.to_thread(new_drops, folder.settings.path, self._presets, folder.done)
        for drop in drops:
            await self._look_at(folder, drop, desk, ripeness)
        left = any(folder.done.get(drop.name) != drop.stamp for drop in drops)
        folder.times = None if left or max(times) > wall_ns - _COARSE_NS else times
        folder.scanned_s = now_s

    async def _look_at(self, folder: _Watched, drop: Drop, desk: Desk, ripeness: Ripeness) -> None:
        """Take a file in if it is finished; whatever is wrong with one file stops neither the others nor the daemon."""
        try:
            if await ripeness.reached(drop):
                await self._take_in(folder, drop, desk)
        except FileNotFoundError:
            log.debug("folder=%s file=%r gone again", folder.name, drop.name)
        except OSError as fault:
            await self._wait(folder, drop, f"{drop.path.name} cannot be read: {fault.strerror}. It is tried again.")
        except (Retry, Stuck) as fault:
            await self._wait(folder, drop, str(fault))
        except Exception as fault:
            log.exception("folder=%s file=%r", folder.name, drop.name)
            bug = BridgeError("bug", f"It broke on {type(fault).__name__}: {fault}.", "See the log.")
            await self._refuse(folder, drop, desk, bug)

    async def _take_in(self, folder: _Watched, drop: Drop, desk: Desk) -> None:
        if drop.is_clip and await asyncio.to_thread(riff.made_by_us, drop.path):
            await self._done(folder, drop, desk, None, "our own output")
            return
        try:
            wish = read_wish(drop, folder.settings)
        except BridgeError as said:
            await self._refuse(folder, drop, desk, said)
            return
        if wish is None:  # nothing to do until a sidecar comes, which makes it another drop
            await self._wait(folder, drop, outcome.no_prompt(drop.path.stem))
            folder.done[drop.name] = drop.stamp
            return
        await self._wish(folder, drop, desk, wish)

    async def _wish(self, folder: _Watched, drop: Drop, desk: Desk, wish: dict[str, object]) -> None:
        target = folder.settings.target
        try:
            target.mkdir(exist_ok=True)
        except OSError as fault:
            raise files.from_os(fault, target) from fault
        try:
            it = await desk.accept(wish, Origin(self.name, BATCH, folder.settings.no_upload, once=True))
        except Retry:
            raise
        except BridgeError as said:
            if said.code in _MENDABLE:
                await self._wait(folder, drop, str(said))
            else:
                await self._refuse(folder, drop, desk, said)
            return
        await self._done(folder, drop, desk, it.job.id, "duplicate" if it.joined else "accepted")
        async with self._telling:
            takes = await desk.shop.record(desk.shop.journal.takes, it.job.id)
            await asyncio.to_thread(outcome.write, drop.outcome, outcome.of_takes(takes, again=it.joined))

    async def _refuse(self, folder: _Watched, drop: Drop, desk: Desk, said: BridgeError) -> None:
        await asyncio.to_thread(outcome.write, drop.outcome, outcome.of_error(said))
        await self._done(folder, drop, desk, None, said.code)

    async def _wait(self, folder: _Watched, drop: Drop, why: str) -> None:
        """Say once what a file waits for; it is looked at again at each scan."""
        said = f"{drop.stamp} {why}"
        if folder.told.get(drop.name) != said:
            folder.told[drop.name] = said
            log.info("folder=%s file=%r waits=%r", folder.name, drop.name, why)
            await asyncio.to_thread(outcome.write, drop.outcome, outcome.waiting(why))

    async def _done(self, folder: _Watched, drop: Drop, desk: Desk, job_id: str | None, note: str) -> None:
        keep = desk.shop.journal.keep_drop
        await desk.shop.record(keep, folder.name, drop.name, drop.stamp, job_id, note)
        folder.done[drop.name] = drop.stamp
        log.info("folder=%s file=%r job=%s note=%s", folder.name, drop.name, job_id, note)

    async def _tell_outcomes(self, desk: Desk, feed: Feed) -> None:
        """Write beside each clip what becomes of it; our place in the feed survives a restart."""
        journal = desk.shop.journal
        async for line in feed.follow(await desk.shop.record(journal.cursor, self.name)):
            waiting = await desk.shop.record(journal.drops_of, line.job_id)
            if waiting and (line.state.ended or line.note):
                async with self._telling:  # read and write as one, or an older state could overwrite a newer one
                    takes = await desk.shop.record(journal.takes, line.job_id)
                    for folder, name in waiting:
                        path = outcome.beside(folder, name)
                        await asyncio.to_thread(outcome.write, path, outcome.of_takes(takes, again=False))
                with contextlib.suppress(Stuck):  # told again after a restart, that is all
                    await desk.shop.record(journal.keep_cursor, self.name, line.seq)


def create(setup: Setup) -> HotFolders | None:
    """Watch the folders of the settings; a one-shot command watches none.

    Raises:
        ConfigError: `nested_output`.
    """
    folders = setup.settings.hot_folder
    return HotFolders(folders, setup.settings.preset) if folders and not setup.one_shot else None


def _not_nested(folder: HotFolder, all_folders: Sequence[HotFolder]) -> None:
    for other in all_folders:
        if folder.target.resolve().is_relative_to(other.path.resolve()):
            said = f"{folder.target} lies inside the watched folder {other.path}."
            raise ConfigError("nested_output", said, "Deliver to a folder outside, or outputs would be inputs.")


def _looked_at(folder: HotFolder) -> Finding:
    if not folder.path.is_dir():
        return Finding("hot folder", ok=False, says=f"{folder.path} is not there", fix=f"mkdir '{folder.path}'")
    return Finding("hot folder", ok=True, says=f"{folder.path} → {folder.target}")
