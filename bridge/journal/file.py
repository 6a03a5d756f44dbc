"""Opening the journal's file: pragmas, tables, and a refusal in a sentence when it cannot be trusted."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

from bridge.errors import ConfigError

SCHEMA = 1
TABLES = resources.files("bridge.journal") / "tables.sql"


def open_file(path: Path) -> sqlite3.Connection:
    """Open it, or make it.

    Raises:
        ConfigError: `no_journal`, `broken_journal` or `newer_journal`; the file stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            _make_ready(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.OperationalError as fault:
        raise ConfigError("no_journal", f"{path} cannot be opened: {fault}.", "Check that folder and disk.") from fault
    except sqlite3.DatabaseError as fault:
        raise _broken(path, str(fault)) from fault
    return db


def _make_ready(db: sqlite3.Connection, path: Path) -> None:
    db.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        db.execute(f"PRAGMA {pragma}")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA:
        raise ConfigError("newer_journal", f"{path} was written by a newer dawbridge.", "Update this one.")
    if found == 0:
        db.executescript(
            f"BEGIN IMMEDIATE; {TABLES.read_text(encoding='utf-8')} PRAGMA user_version = {SCHEMA}; COMMIT;"
        )
    if (said := db.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
        raise _broken(path, said)


def _broken(path: Path, said: str) -> ConfigError:
    return ConfigError("broken_journal", f"{path} is damaged: {said}.", "Move it away; the vault keeps the sound.")
