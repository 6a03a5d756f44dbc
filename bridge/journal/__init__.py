"""Jobs, takes, transitions, what is unfinished: the one truth that survives a crash.

SQLite in WAL with `synchronous=FULL` (a committed row outlives a power cut), STRICT tables, one writer. SQL stands
only here and in `ledger.py`. Every change of state goes through `commit` and adds a line to `transitions`, the only
news there is: whoever wants to follow reads `since(seq)`.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.journal.file import open_file
from bridge.journal.rows import insert, job_of, marks, news_of, stored, take_columns, take_of
from bridge.take import ENDED, Job, News, State, Take
from bridge.tools.clock import Clock

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LONGEST_ID = 10


class Moved(Exception):
    """The take is not in the state it was read in: somebody else moved it."""


class Stuck(Exception):
    """The journal cannot be written now (a full disk, most likely); nothing was changed."""


class Journal:
    """The database file; methods are short transactions, and safe to call from any one thread at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._told: list[Callable[[], object]] = []
        self._db = open_file(path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def on_commit(self, tell: Callable[[], object]) -> None:
        """Call `tell`, from the committing thread, after each commit."""
        self._told.append(tell)

    @contextmanager
    def commit(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on disk afterwards, or none of it.

        Raises:
            Stuck: it cannot be written now.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as fault:
                raise Stuck(str(fault)) from fault
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        for tell in self._told:
            tell()

    # --- jobs -------------------------------------------------------------------------------------------------------

    def add(self, job: Job, digest: str, takes: list[Take]) -> None:
        """Store a job with its takes, all `queued`."""
        asked = job.request.model_dump_json(exclude_none=True)
        row = {**vars(job), "request": asked, "digest": digest, "no_upload": int(job.no_upload)}
        with self.commit() as db:
            insert(db, "jobs", row)
            for take in takes:
                insert(db, "takes", take_columns(take))
                self._tell(db, take, None, State.QUEUED, {})

    def job(self, job_id: str) -> Job:
        """One job by its id."""
        return job_of(self._one("SELECT * FROM jobs WHERE id = ?", job_id))

    def jobs(self, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        return [
            job_of(row) for row in self._all("SELECT * FROM jobs ORDER BY created_s DESC, rowid DESC LIMIT ?", limit)
        ]

    def job_named(self, client_id: str) -> tuple[Job, str] | None:
        """The job that a client gave this id, and its digest."""
        rows = self._all("SELECT * FROM jobs WHERE client_id = ?", client_id)
        return (job_of(rows[0]), rows[0]["digest"]) if rows else None

    def jobs_like(self, digest: str) -> list[Job]:
        """All jobs that asked for the same, newest first."""
        return [job_of(row) for row in self._all("SELECT * FROM jobs WHERE digest = ? ORDER BY created_s DESC", digest)]

    # --- takes ------------------------------------------------------------------------------------------------------

    def take(self, take_id: str) -> Take:
        """One take by its id."""
        return take_of(self._one("SELECT * FROM takes WHERE id = ?", take_id))

    def takes(self, job_id: str) -> list[Take]:
        """A job's takes in order."""
        return [take_of(row) for row in self._all("SELECT * FROM takes WHERE job_id = ? ORDER BY number", job_id)]

    def unfinished(self) -> list[Take]:
        """Every take that still has steps before it, oldest first."""
        ended = tuple(ENDED)
        return [
            take_of(row)
            for row in self._all(f"SELECT * FROM takes WHERE state NOT IN ({marks(ended)}) ORDER BY created_s", *ended)
        ]

    def shas_in_use(self, before_s: float) -> set[str]:
        """What the vault must keep: all reports, and the sound of takes that have not ended or did so after a moment.

        A take that failed or is in doubt keeps its sound while it may be retried: it counts as not ended.
        """
        done = (State.DELIVERED, State.CANCELLED)
        kept = self._all(f"SELECT * FROM takes WHERE state NOT IN ({marks(done)}) OR updated_s >= ?", *done, before_s)
        sound = {row[name] for row in kept for name in ("input_sha", "raw_sha", "finished_sha") if row[name]}
        reports = self._all("SELECT report_sha FROM takes WHERE report_sha IS NOT NULL")
        return sound | {row["report_sha"] for row in reports}

    def find(self, name: str) -> list[Take]:
        """The takes meant by a job id, a take id or an unambiguous beginning of one.

        Raises:
            Reject: `unknown_id` or `ambiguous_id`.
        """
        like = name.lower()
        could_be = 0 < len(like) <= _LONGEST_ID and set(like) <= set(f"{_LETTERS}-")  # no wildcards among them
        rows = self._all("SELECT * FROM takes WHERE id LIKE ? || '%' ORDER BY job_id, number", like) if could_be else []
        if len({row["job_id"] for row in rows}) > 1:
            raise Reject("ambiguous_id", f"'{name}' is the beginning of several jobs.", "Give one more letter.")
        exact = [row for row in rows if row["id"] == like]
        if not rows:
            raise Reject("unknown_id", f"There is no job or take '{name[:40]}'.", "`dawbridge jobs` lists them.")
        return [take_of(row) for row in exact or rows]

    def advance(
        self, take: Take, to: State, *, also: Callable[[sqlite3.Connection], None] | None = None, **columns: Any
    ) -> None:
        """Move a take to its next state; `also` (the ledger) works inside the same transaction.

        Raises:
            Moved: the take is no longer in the state it was read in.
        """
        quiet = {"reason": None, "wake_at_s": None, "needs_user": False, "tries": 0, "error": None}
        with self.commit() as db:
            if also:
                also(db)
            self._update(db, take, {"state": to, **quiet, **columns})
            self._tell(db, take, take.state, to, {})

    def postpone(self, take: Take, reason: str, wake_at_s: float, *, needs_user: bool) -> None:
        """Say why a take waits, and until when (wall time); the same reason again makes no news."""
        with self.commit() as db:
            columns = {"reason": reason, "wake_at_s": wake_at_s, "needs_user": needs_user, "tries": take.tries + 1}
            self._update(db, take, columns)
            if reason != take.reason:
                note = {"reason": reason, "needs_user": needs_user, "wake_at_s": wake_at_s}
                self._tell(db, take, take.state, take.state, note)

    def tell_progress(self, take: Take, progress: float) -> None:
        """What the provider says of its progress, 0..1."""
        with self.commit() as db:
            self._update(db, take, {"progress": progress})
            self._tell(db, take, take.state, take.state, {"progress": progress})

    def note(self, take: Take, **columns: Any) -> None:
        """Remember something about a take that is no news."""
        with self.commit() as db:
            self._update(db, take, columns)

    def stop(self, take: Take, to: State, error: Mapping[str, str] | None, *, also: Callable[..., None]) -> None:
        """End a take: failed, in doubt or cancelled; `also` settles its money in the same transaction."""
        with self.commit() as db:
            also(db)
            waits = {"reason": None, "wake_at_s": None, "needs_user": False}
            self._update(db, take, {"state": to, "stopped_in": take.state, "error": error, **waits})
            self._tell(db, take, take.state, to, dict(error or {}))

    def _update(self, db: sqlite3.Connection, take: Take, columns: dict[str, Any]) -> None:
        columns = stored({**columns, "updated_s": self._clock.wall()})
        sets = ", ".join(f"{name} = ?" for name in columns)
        done = db.execute(
            f"UPDATE takes SET {sets} WHERE id = ? AND state = ?", (*columns.values(), take.id, take.state)
        )
        if done.rowcount != 1:
            raise Moved(take.id)

    # --- the feed ---------------------------------------------------------------------------------------------------

    def since(self, seq: int, limit: int = 500) -> list[News]:
        """What has happened after line `seq`, oldest first."""
        rows = self._all("SELECT * FROM transitions WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)
        return [news_of(row) for row in rows]

    def history(self, take_id: str) -> list[News]:
        """One take's way so far."""
        rows = self._all("SELECT * FROM transitions WHERE take_id = ? ORDER BY seq", take_id)
        return [news_of(row) for row in rows]

    def last_seq(self) -> int:
        """The newest line's number; 0 when nothing has happened yet."""
        return int(self._one("SELECT coalesce(max(seq), 0) AS seq FROM transitions")["seq"])

    def _tell(self, db: sqlite3.Connection, take: Take, was: State | None, state: State, note: dict[str, Any]) -> None:
        row = (take.id, take.job_id, was, state, self._clock.wall(), json.dumps(note))
        db.execute("INSERT INTO transitions (take_id, job_id, was, state, at_s, note) VALUES (?, ?, ?, ?, ?, ?)", row)

    def cursor(self, name: str) -> int:
        """How far a follower has read."""
        rows = self._all("SELECT seq FROM cursors WHERE name = ?", name)
        return int(rows[0]["seq"]) if rows else 0

    def keep_cursor(self, name: str, seq: int) -> None:
        """Remember how far a follower has read."""
        with self.commit() as db:
            db.execute(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq", (name, seq)
            )

    # --- hot folders ------------------------------------------------------------------------------------------------

    def drops(self, folder: str) -> dict[str, str]:
        """What has been seen in a hot folder: file name → stamp."""
        return {
            row["name"]: row["stamp"] for row in self._all("SELECT name, stamp FROM drops WHERE folder = ?", folder)
        }

    def keep_drop(self, folder: str, name: str, stamp: str, job_id: str | None, note: str) -> None:
        """Remember what became of one state of a file."""
        with self.commit() as db:
            db.execute("INSERT OR REPLACE INTO drops VALUES (?, ?, ?, ?, ?)", (folder, name, stamp, job_id, note))

    def drops_of(self, job_id: str) -> list[tuple[str, str]]:
        """The (folder, file name) pairs that wait for a job."""
        rows = self._all("SELECT folder, name FROM drops WHERE job_id = ?", job_id)
        return [(row["folder"], row["name"]) for row in rows]

    # --- rows -------------------------------------------------------------------------------------------------------

    def _all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: Any) -> sqlite3.Row:
        rows = self._all(sql, *values)
        if not rows:
            raise Reject("unknown_id", f"There is no job or take '{values[0]}'.", "`dawbridge jobs` lists them.")
        return rows[0]


def new_id() -> str:
    """A job's name: eight letters and digits that are hard to confuse."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
