"""What becomes of the jobs, told to those who asked and to subscribers; the journal's feed is where it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

from bridge.desk import Desk
from bridge.feed import Feed
from bridge.take import Job, News, State, Take
from bridge.triggers.osc import answers
from bridge.triggers.osc.peers import Peer

NAME = "osc"
_SUBSCRIBERS = 16
_JOBS = 1000
Say = Callable[[Peer, bytes], None]
K = TypeVar("K")
V = TypeVar("V")


class Told:
    """Follows the feed; its place survives a restart, so what was not told then is told now."""

    def __init__(self, desk: Desk, say: Say, peer_at: Callable[[str, int], Peer]) -> None:
        self.peer_at = peer_at
        self._desk, self._say = desk, say
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscribers: dict[Peer, None] = {}
        self._askers: dict[str, dict[Peer, str]] = {}
        self._seq = 0

    def subscribe(self, peer: Peer) -> None:
        """Tell a peer about all OSC jobs from now on; beyond 16 the oldest is left out."""
        self._subscribers.pop(peer, None)
        self._subscribers[peer] = None
        _keep(self._subscribers, _SUBSCRIBERS)

    def expect(self, job_id: str, asked: str, peer: Peer) -> None:
        """Remember who asked for a job, under which id; if it has ended already, tell them at once."""
        self._askers.setdefault(job_id, {})[peer] = asked
        _keep(self._askers, _JOBS)
        task = asyncio.create_task(self._look_back(job_id, asked, peer, self._seq))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_back(self, job_id: str, asked: str, peer: Peer, heard: int) -> None:
        takes, last_seq = await self._desk.shop.record(self._ended, job_id)
        if takes and last_seq <= heard:  # the feed has passed its end, so no news will come
            for packet in _outcome(asked, takes):
                self._say(peer, packet)

    def forget(self, peer: Peer) -> None:
        """A connection has ended."""
        self._subscribers.pop(peer, None)
        for askers in self._askers.values():
            askers.pop(peer, None)

    async def follow(self, feed: Feed) -> None:
        """Tell what happens until cancelled."""
        journal = self._desk.shop.journal
        since = await self._desk.shop.record(journal.cursor, NAME)
        self._seq = since or await self._desk.shop.record(journal.last_seq)
        async for line in feed.follow(self._seq):
            await self._tell(line)
            self._seq = line.seq

    async def _tell(self, line: News) -> None:
        job = await self._desk.shop.record(self._desk.shop.journal.job, line.job_id)
        if job.origin != NAME and job.id not in self._askers:
            return
        part = 1.0 if line.state is State.DELIVERED else line.note.get("progress")
        why = str(line.note.get("reason", ""))
        for peer in self._listeners(job) if line.note.get("needs_user") else dict.fromkeys(self._subscribers):
            self._say(peer, answers.progress(_name(job), line.state, part, line.take_id, why))
        if line.state.ended:
            await self._tell_end(line, job)

    async def _tell_end(self, line: News, job: Job) -> None:
        shop = self._desk.shop
        take = await shop.record(shop.journal.take, line.take_id)
        takes, last_seq = await shop.record(self._ended, job.id)
        self._seq = line.seq  # whoever asks from here on looks back
        for peer, asked in self._listeners(job).items():
            for packet in _stopped(asked, take):
                self._say(peer, packet)
            if last_seq == line.seq:
                for packet in _delivered(asked, takes):
                    self._say(peer, packet)
        await shop.record(shop.journal.keep_cursor, NAME, line.seq)

    def _ended(self, job_id: str) -> tuple[list[Take], int]:
        """A job's takes and the line at which the last one ended; none while one goes on. On the journal's thread."""
        journal = self._desk.shop.journal
        takes = journal.takes(job_id)
        if not all(take.ended for take in takes):
            return [], 0
        return takes, max(journal.history(take.id)[-1].seq for take in takes)

    def _listeners(self, job: Job) -> dict[Peer, str]:
        asked = dict(self._askers.get(job.id, {}))
        if not asked and job.request.reply_to:  # written by us, before a restart
            host, _, port = job.request.reply_to.rpartition(":")
            asked = {self.peer_at(host, int(port)): _name(job)}
        return {**dict.fromkeys(self._subscribers, _name(job)), **asked}


def _name(job: Job) -> str:
    return job.client_id or job.id


def _outcome(asked: str, takes: list[Take]) -> Iterator[bytes]:
    for take in takes:
        yield from _stopped(asked, take)
    yield from _delivered(asked, takes)


def _stopped(asked: str, take: Take) -> Iterator[bytes]:
    if take.state is State.CANCELLED:
        yield answers.error(asked, "cancelled", f"Take {take.id} was cancelled.")
    elif take.state is not State.DELIVERED and take.error:
        yield answers.error(asked, take.error["code"], f"{take.error['message']} {take.error.get('hint', '')}".strip())


def _delivered(asked: str, takes: list[Take]) -> Iterator[bytes]:
    if paths := [take.path for take in takes if take.state is State.DELIVERED and take.path]:
        yield answers.done(asked, paths)


def _keep(known: dict[K, V], most: int) -> None:
    while len(known) > most:
        del known[next(iter(known))]
