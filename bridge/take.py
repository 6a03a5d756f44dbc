"""A take's way, one state after each step; the file names in `steps/` are the verbs.

    queued ─capture→ captured ─reserve→ reserved ─publish→ published ─submit→ submitting → submitted
                                                                                  │
                                                          (outcome not known)     └→ in_doubt
    submitted ─wait→ ready ─fetch→ fetched ─finish→ finished ─deliver→ delivered

`submitting` is the intent: it is on disk before the first byte of a paid call leaves. From every state before
`delivered` a take may become `failed` or `cancelled`. `retry` takes a failed take back to the state it failed in, and
one in doubt back to `captured`, where it is priced anew; `drop` ends one in doubt. Waiting (a slot, a back-off, a full
disk) is the columns `reason` and `wake_at_s`, never a state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bridge.request import Request


class State(StrEnum):
    """Where a take is; the text is what the journal stores and what every trigger says."""

    QUEUED = "queued"
    CAPTURED = "captured"
    RESERVED = "reserved"
    PUBLISHED = "published"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    READY = "ready"
    FETCHED = "fetched"
    FINISHED = "finished"
    DELIVERED = "delivered"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _MEANING[self]

    @property
    def ended(self) -> bool:
        """Whether only the user can move a take on from here."""
        return self in ENDED


ENDED = frozenset({State.DELIVERED, State.FAILED, State.IN_DOUBT, State.CANCELLED})
"""Nothing happens any more unless the user says so."""

_MEANING = {
    State.QUEUED: "accepted and on disk; nothing has been read yet",
    State.CAPTURED: "exactly the selected window is in the vault, re-encoded, without tags",
    State.RESERVED: "its price fits under the caps and is set aside",
    State.PUBLISHED: "the provider can reach the clip (or needs none)",
    State.SUBMITTING: "the paid call is about to be made or was made; its answer is not on disk yet",
    State.SUBMITTED: "the provider has it; its ticket is on disk",
    State.READY: "the provider has finished",
    State.FETCHED: "the provider's untouched original is in the vault",
    State.FINISHED: "on the grid and at the level, in the vault",
    State.DELIVERED: "in the project folder, and read back from there",
    State.FAILED: "ended with a code, a sentence and a next step",
    State.IN_DOUBT: "a paid call's outcome is not known: parked with its price, retry or drop",
    State.CANCELLED: "ended by the user; nothing is inserted any more",
}


@dataclass(frozen=True)
class Job:
    """One Request and what it was accepted with."""

    id: str
    request: Request
    origin: str
    priority: int
    created_s: float
    client_id: str | None = None
    source_sha256: str | None = None
    source_stamp: str | None = None
    no_upload: bool = False


@dataclass(frozen=True)
class Take:
    """One generation of a job: its own ticket, its own charge, its own file."""

    id: str
    job_id: str
    number: int
    state: State
    provider: str
    model: str
    seed: int
    estimate_micro_usd: int
    created_s: float
    updated_s: float
    actual_micro_usd: int | None = None
    ticket: str | None = None
    input_sha: str | None = None
    url: str | None = None
    url_expires_s: float | None = None
    raw_sha: str | None = None
    finished_sha: str | None = None
    report_sha: str | None = None
    path: str | None = None
    placement: str | None = None
    progress: float | None = None
    tries: int = 0
    reason: str | None = None
    wake_at_s: float | None = None
    needs_user: bool = False
    stopped_in: State | None = None
    error: dict[str, str] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether only the user can move it."""
        return self.state.ended


@dataclass(frozen=True)
class News:
    """One line of the feed: a take moved, or has something to say."""

    seq: int
    take_id: str
    job_id: str
    state: State
    at_s: float
    note: dict[str, Any] = field(default_factory=dict)
