"""The one truth that survives a crash: what is committed is there, what is not never was."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from drafts import add, draft
from waiting import fill_up

from bridge import ledger
from bridge.errors import ConfigError, Reject
from bridge.journal import Journal, Moved, Stuck, new_id
from bridge.take import State


def ask(journal, sql):
    """The first column of the first row."""
    return journal._db.execute(sql).fetchone()[0]


def nothing(_db, **_kwargs):
    """Money that does not move."""


def add_many(journal):
    """More jobs than a megabyte holds."""
    for number in range(2000):
        add(journal, f"b{number:07}", prompt="x" * 2000)


def states(journal, take):
    return [line.state.value for line in journal.history(take.id)]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_commit_outlives_a_power_cut(journal):
    """WAL with synchronous=FULL: what a commit returned from was flushed to the disk."""
    assert (ask(journal, "PRAGMA journal_mode"), ask(journal, "PRAGMA synchronous")) == ("wal", 2)


def test_every_table_is_strict(journal):
    """A text in a number's place is an error and not a row."""
    loose = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'"
    assert ask(journal, loose) == 0
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"), journal.commit() as db:
        db.execute("INSERT INTO cursors VALUES ('osc', 'far')")


def test_a_take_belongs_to_a_job(journal):
    """A row without its job cannot be written."""
    job, [take] = draft()
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), journal.commit() as db:
        db.execute(
            "INSERT INTO takes (id, job_id, number, state, provider, model, seed, estimate_micro_usd, created_s,"
            " updated_s) VALUES (?, ?, 1, 'queued', 'sketch', '', 1, 0, 0, 0)",
            (take.id, job.id),
        )


def test_what_was_stored_is_there_after_a_restart(home, journal, clock):
    """Job, takes and news read back equal from the same file."""
    [take] = add(journal)
    journal.close()
    again = Journal(home / "journal.db", clock)
    assert (again.take(take.id), again.job(take.job_id)) == (take, draft()[0])
    assert [line.state for line in again.since(0)] == [State.QUEUED]
    again.close()


def test_two_that_make_the_file_at_once_both_can(home, journal, clock):
    """The one that finds the tables made between its look and its turn goes on with them."""
    [take] = add(journal)
    journal._db.execute("PRAGMA user_version = 0")  # what the slower of the two has seen
    again = Journal(home / "journal.db", clock)
    assert again.take(take.id) == take
    again.close()


def test_a_newer_file_is_refused(home, journal, clock):
    """An older dawbridge does not touch what it does not understand."""
    journal._db.execute("PRAGMA user_version = 999")
    with pytest.raises(ConfigError, match="written by a newer dawbridge") as said:
        Journal(home / "journal.db", clock)
    assert said.value.code == "newer_journal"


@pytest.mark.parametrize("data", [b"not a database, but over a hundred bytes of text " * 9, b"\x00" * 4096])
def test_a_file_that_is_no_journal_is_refused_in_a_sentence(home, clock, data):
    """Another program's file under that name: said, and left as it is."""
    (home / "journal.db").write_bytes(data)
    with pytest.raises(ConfigError, match=r"journal\.db is damaged") as said:
        Journal(home / "journal.db", clock)
    assert (said.value.code, bool(said.value.hint)) == ("broken_journal", True)
    assert (home / "journal.db").read_bytes() == data


def test_a_damaged_file_is_refused_in_a_sentence(home, journal, clock):
    """Pages that were overwritten are found at the start, not in the middle of a paid take."""
    for number in range(60):
        add(journal, f"aaaaaa{number:02}")
    journal.close()
    path = home / "journal.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 8] = b"\xa5" * 4096 * 5
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="is damaged"):
        Journal(path, clock)


def test_a_file_that_cannot_be_opened_is_refused_in_a_sentence(home, clock):
    """A folder of that name, say: the system's reason, not a traceback."""
    (home / "journal.db").mkdir()
    with pytest.raises(ConfigError, match="cannot be opened") as said:
        Journal(home / "journal.db", clock)
    assert said.value.code == "no_journal"


_READ = """
import sys
from pathlib import Path
from bridge.journal import Journal
from bridge.tools.clock import SystemClock
journal = Journal(Path(sys.argv[1]), SystemClock())
for _ in sys.stdin:
    print(journal.last_seq(), len(journal.jobs()), flush=True)
"""


def test_another_process_reads_while_we_write(home, journal):
    """It sees what is committed, all of it, and never waits for an open transaction."""
    command = [sys.executable, "-c", _READ, str(home / "journal.db")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as reader:

        def seen():
            reader.stdin.write("look\n")
            reader.stdin.flush()
            return reader.stdout.readline()

        before = seen()
        with journal.commit() as db:
            db.execute("INSERT INTO cursors VALUES ('osc', 1)")
            during = seen()
        add(journal, takes=2)
        after = seen()
        reader.stdin.close()
    assert (before, during, after) == ("0 0\n", "0 0\n", "2 1\n")


def test_a_full_disk_changes_nothing_and_goes_on(small_disk, clock):
    """`Stuck` while there is no room; the same journal works again once there is, without a restart."""
    journal = Journal(small_disk / "journal.db", clock)
    [first] = add(journal)
    filler = small_disk / "filler"
    fill_up(filler)
    with pytest.raises(Stuck, match="full"):
        add_many(journal)
    stored = len(journal.jobs(5000))
    assert journal.takes(first.job_id) == [first]
    filler.unlink()
    add(journal, "cccccccc")
    assert len(journal.jobs(5000)) == stored + 1
    assert ask(journal, "PRAGMA integrity_check") == "ok"
    journal.close()


# --- jobs and takes ---------------------------------------------------------------------------------------------------


def test_a_job_is_stored_whole_or_not_at_all(journal):
    """Two takes of one id: no job, no take, no news."""
    job, takes = draft(takes=2)
    with pytest.raises(sqlite3.IntegrityError):
        journal.add(job, "digest", [takes[0], takes[0]])
    assert (journal.jobs(), journal.unfinished(), journal.last_seq()) == ([], [], 0)


def test_one_client_id_is_one_job(journal):
    """The database itself refuses a second job under a client's id."""
    add(journal, client_id="reaper-1")
    with pytest.raises(sqlite3.IntegrityError, match="client_id"):
        add(journal, "bbbbbbbb", client_id="reaper-1")
    job, digest = journal.job_named("reaper-1")
    assert (job.id, digest) == ("aaaaaaaa", "digest of rain")
    assert journal.job_named("reaper-2") is None


def test_the_newest_jobs_come_first(journal):
    """By time of asking, and by order where that is equal; equal wishes are found by their digest."""
    for number, (prompt, created_s) in enumerate([("rain", 5.0), ("sun", 9.0), ("rain", 7.0), ("fog", 7.0)]):
        add(journal, f"{number}aaaaaaa", prompt=prompt, created_s=created_s)
    assert [job.id[0] for job in journal.jobs()] == ["1", "3", "2", "0"]
    assert [job.id[0] for job in journal.jobs(limit=2)] == ["1", "3"]
    assert [job.id[0] for job in journal.jobs_like("digest of rain")] == ["2", "0"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("k3m9w2pa", ["k3m9w2pa-1", "k3m9w2pa-2"]),
        ("k3m9w2pa-2", ["k3m9w2pa-2"]),
        ("k3m9w2pa-", ["k3m9w2pa-1", "k3m9w2pa-2"]),
        ("k3m", ["k3m9w2pa-1", "k3m9w2pa-2"]),
        ("K3M9W2PA-1", ["k3m9w2pa-1"]),
        ("k7", ["k7aaaaaa-1"]),
        ("k", "ambiguous_id"),
        ("z", "unknown_id"),
        ("k3m9w2pa-3", "unknown_id"),
        ("", "unknown_id"),
        ("-", "unknown_id"),
        ("%", "unknown_id"),
        ("_", "unknown_id"),
        ("k3m9_2pa", "unknown_id"),
        ("k3m%", "unknown_id"),
        ("k%", "unknown_id"),
        ("k3m9w2pa' OR 1=1 --", "unknown_id"),
        ("k3m\x00", "unknown_id"),
        ("\ud800", "unknown_id"),
        ("k" * 100_000, "unknown_id"),
    ],
)
def test_takes_are_found_by_any_beginning_of_their_name(journal, name, found):
    """A job, a take, an unambiguous beginning in any case; odd characters are no wildcards."""
    add(journal, "k3m9w2pa", takes=2)
    add(journal, "k7aaaaaa")
    if isinstance(found, list):
        assert [take.id for take in journal.find(name)] == found
    else:
        with pytest.raises(Reject) as said:
            journal.find(name)
        assert said.value.code == found
        assert len(str(said.value)) < 300


@pytest.mark.parametrize("look", ["job", "take"])
def test_what_is_not_there_is_said(journal, look):
    """An unknown id is a sentence with a next step."""
    with pytest.raises(Reject, match="There is no job or take 'nothing1'") as said:
        getattr(journal, look)("nothing1")
    assert said.value.code == "unknown_id"


def test_a_new_id_is_easy_to_read():
    """Eight characters, none of which is taken for another."""
    ids = {new_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(len(name) == 8 and not set(name) & set("ilou") for name in ids)


# --- moves ------------------------------------------------------------------------------------------------------------


def test_a_move_is_stored_and_told(journal, clock):
    """State, columns and time of the move; one line of news for each, in order."""
    [take] = add(journal)
    clock.turn(5)
    journal.advance(take, State.CAPTURED, input_sha="abc", facts={"capture": {"rate": 48000}})
    moved = journal.take(take.id)
    assert (moved.state, moved.input_sha, moved.facts) == (State.CAPTURED, "abc", {"capture": {"rate": 48000}})
    assert (moved.updated_s, moved.created_s) == (clock.wall(), take.created_s)
    journal.advance(moved, State.RESERVED)
    assert states(journal, take) == ["queued", "captured", "reserved"]
    assert [line.seq for line in journal.since(0)] == [1, 2, 3]


def test_of_two_moves_from_one_state_one_happens(journal):
    """Whoever read the take before somebody else moved it is told so, and nothing of theirs is stored."""
    [take] = add(journal)
    journal.advance(take, State.CAPTURED)
    before = journal.take(take.id)
    for move in (
        lambda: journal.advance(take, State.RESERVED, url="x"),
        lambda: journal.postpone(take, "later", 9.0, needs_user=False),
        lambda: journal.note(take, url="x"),
        lambda: journal.tell_progress(take, 0.5),
        lambda: journal.stop(take, State.CANCELLED, None, also=nothing),
    ):
        with pytest.raises(Moved):
            move()
    assert journal.take(take.id) == before
    assert states(journal, take) == ["queued", "captured"]


def test_state_and_money_move_together(journal, clock):
    """When the ledger refuses, the take has not moved; when the take was moved, nothing was reserved."""
    [take] = add(journal)

    def reserve(db, *, fail=False):
        ledger.reserve(db, take.id, "novakit", 500, ledger.Limits(None, None, None), clock.wall())
        if fail:
            raise RuntimeError("after the money")

    with pytest.raises(RuntimeError):
        journal.advance(take, State.RESERVED, also=lambda db: reserve(db, fail=True))
    assert journal.take(take.id) == take
    journal.advance(take, State.RESERVED, also=reserve)
    with pytest.raises(Moved):
        journal.advance(take, State.RESERVED, also=reserve)
    with journal.commit() as db:
        assert ledger.spent(db, 0) == 500
    assert states(journal, take) == ["queued", "reserved"]


def test_waiting_is_told_once_for_each_reason(journal):
    """Three tries for one reason are one line of news; another reason is another; moving on clears it."""
    [take] = add(journal)
    for reason in ("full disk", "full disk", "full disk", "no slot"):
        journal.postpone(journal.take(take.id), reason, 9.0, needs_user=reason == "full disk")
    waiting = journal.take(take.id)
    assert (waiting.tries, waiting.reason, waiting.wake_at_s, waiting.needs_user) == (4, "no slot", 9.0, False)
    told = [line.note.get("reason") for line in journal.history(take.id)]
    assert told == [None, "full disk", "no slot"]
    journal.advance(waiting, State.CAPTURED)
    moved = journal.take(take.id)
    assert (moved.tries, moved.reason, moved.wake_at_s, moved.needs_user) == (0, None, None, False)


@pytest.mark.parametrize("to", [State.FAILED, State.IN_DOUBT, State.CANCELLED])
def test_an_end_is_stored_with_its_reason(journal, to):
    """Where it stopped, why, and that it no longer waits for anything or anybody."""
    [take] = add(journal)
    journal.postpone(take, "full disk", 9.0, needs_user=True)
    error = {"kind": "Reject", "code": "broken", "message": "It broke.", "hint": "Mend it."}
    journal.stop(journal.take(take.id), to, error, also=nothing)
    end = journal.take(take.id)
    assert (end.state, end.stopped_in, end.error, end.ended) == (to, State.QUEUED, error, True)
    assert (end.reason, end.wake_at_s, end.needs_user) == (None, None, False)
    assert journal.history(take.id)[-1].note == error


def test_an_end_whose_money_fails_is_no_end(journal):
    """Money and state change together at the end, too."""
    [take] = add(journal)

    def fail(db):
        raise RuntimeError("money")

    with pytest.raises(RuntimeError):
        journal.stop(take, State.FAILED, None, also=fail)
    assert journal.take(take.id) == take


def test_progress_is_news_and_a_note_is_not(journal):
    """What the provider says is told; what we remember for ourselves is not."""
    [take] = add(journal)
    journal.tell_progress(take, 0.25)
    journal.note(take, ticket="t-1")
    now = journal.take(take.id)
    assert (now.progress, now.ticket) == (0.25, "t-1")
    assert [line.note for line in journal.history(take.id)] == [{}, {"progress": 0.25}]


def test_what_is_unfinished_goes_on_after_a_restart(journal):
    """Everything that has not ended, oldest first."""
    for number, created_s in ((1, 9.0), (2, 5.0), (3, 7.0)):
        add(journal, f"{number}aaaaaaa", created_s=created_s)
    journal.stop(journal.take("3aaaaaaa-1"), State.IN_DOUBT, None, also=nothing)
    assert [take.id for take in journal.unfinished()] == ["2aaaaaaa-1", "1aaaaaaa-1"]


def test_sound_is_kept_while_it_may_be_needed(journal, clock):
    """Reports for ever; sound of takes under way, failed or in doubt, and of what ended since a moment."""
    ends = {"1": None, "2": State.FAILED, "3": State.IN_DOUBT, "4": State.CANCELLED, "5": State.DELIVERED}
    for name, end in ends.items():
        [take] = add(journal, f"{name}aaaaaaa")
        columns = {"input_sha": f"in{name}", "raw_sha": f"raw{name}", "report_sha": f"report{name}"}
        journal.note(take, **columns)
        if end:
            journal.stop(take, end, None, also=nothing)
    moment_s = clock.wall()
    assert len(journal.shas_in_use(moment_s)) == 15
    clock.turn(1)
    sound = {f"{kind}{name}" for kind in ("in", "raw") for name in "123"}
    assert journal.shas_in_use(clock.wall()) == sound | {f"report{name}" for name in ends}


# --- news, cursors, drops ---------------------------------------------------------------------------------------------


def test_whoever_follows_reads_on_from_where_they_were(journal):
    """`since` gives what came after a line, a page at a time."""
    add(journal, takes=8)
    assert journal.last_seq() == 8
    assert [line.seq for line in journal.since(0, limit=3)] == [1, 2, 3]
    assert [line.seq for line in journal.since(3)] == [4, 5, 6, 7, 8]
    assert journal.since(8) == []


def test_the_bell_rings_after_a_commit_only(journal):
    """Who is woken finds the news there; a transaction that was undone wakes nobody."""
    heard = []
    journal.on_commit(lambda: heard.append(journal.last_seq()))
    add(journal)
    with pytest.raises(RuntimeError), journal.commit():
        raise RuntimeError
    assert heard == [1]


def test_a_follower_keeps_its_place(home, journal, clock):
    """A restart loses no answer: each name has its own line number."""
    assert journal.cursor("osc") == 0
    for seq in (3, 7):
        journal.keep_cursor("osc", seq)
    journal.keep_cursor("spool", 2)
    journal.close()
    again = Journal(home / "journal.db", clock)
    assert (again.cursor("osc"), again.cursor("spool")) == (7, 2)
    again.close()


def test_a_drop_is_remembered_by_folder_and_name(journal):
    """Each file's last state, and which ones wait for a job."""
    journal.keep_drop("/in", "a.wav", "1:1", "job1", "")
    journal.keep_drop("/in", "a.wav", "1:2", "job1", "")
    journal.keep_drop("/in", "b.wav", "2:1", None, "not sound")
    journal.keep_drop("/other", "a.wav", "3:1", "job1", "")
    assert journal.drops("/in") == {"a.wav": "1:2", "b.wav": "2:1"}
    assert sorted(journal.drops_of("job1")) == [("/in", "a.wav"), ("/other", "a.wav")]
    assert journal.drops("/nowhere") == {}
