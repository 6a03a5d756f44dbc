"""Rows and values: how a job, a take and a line of news are stored."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from typing import Any

from bridge.request import Request
from bridge.take import Job, News, State, Take

_JSON = {"error", "facts"}


def marks(values: tuple[Any, ...]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" * len(values))


def insert(db: sqlite3.Connection, table: str, columns: dict[str, Any]) -> None:
    """Add one row."""
    values = tuple(columns.values())
    db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(values)})", values)


def take_columns(take: Take) -> dict[str, Any]:
    """A take as stored."""
    return stored({each.name: getattr(take, each.name) for each in fields(take)})


def stored(columns: dict[str, Any]) -> dict[str, Any]:
    """Some columns as stored: tables become JSON."""
    return {
        name: (json.dumps(value) if name in _JSON and value is not None else value) for name, value in columns.items()
    }


def take_of(row: sqlite3.Row) -> Take:
    """A take from its row."""
    said = dict(row)
    said |= {"state": State(said["state"]), "needs_user": bool(said["needs_user"]), "facts": json.loads(said["facts"])}
    said["stopped_in"] = State(said["stopped_in"]) if said["stopped_in"] else None
    said["error"] = json.loads(said["error"]) if said["error"] else None
    return Take(**said)


def news_of(row: sqlite3.Row) -> News:
    """A line of the feed from its row."""
    said = dict(row)
    said.pop("was")
    return News(**{**said, "state": State(said["state"]), "note": json.loads(said["note"])})


def job_of(row: sqlite3.Row) -> Job:
    """A job from its row."""
    said = dict(row)
    said.pop("digest")
    said |= {"request": Request.model_validate_json(said["request"]), "no_upload": bool(said["no_upload"])}
    return Job(**said)
