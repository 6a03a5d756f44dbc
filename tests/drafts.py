"""Jobs and takes for tests, as the desk would draw them up."""

from __future__ import annotations

from typing import Any

from bridge.journal import Journal
from bridge.request import parse
from bridge.take import Job, State, Take


def draft(job_id: str = "aaaaaaaa", takes: int = 1, *, prompt: str = "rain", **columns: Any) -> tuple[Job, list[Take]]:
    """A job with queued takes; `columns` go into the job."""
    asked = parse({"prompt": prompt, "takes": takes})
    job = Job(job_id, asked, origin="cli", priority=100, created_s=columns.pop("created_s", 1.0), **columns)
    return job, [
        Take(
            id=f"{job_id}-{number}",
            job_id=job_id,
            number=number,
            state=State.QUEUED,
            provider="sketch",
            model="sketch-1",
            seed=number,
            estimate_micro_usd=0,
            created_s=job.created_s,
            updated_s=job.created_s,
        )
        for number in range(1, takes + 1)
    ]


def add(journal: Journal, job_id: str = "aaaaaaaa", takes: int = 1, **columns: Any) -> list[Take]:
    """Store a draft; the takes as the journal gives them back."""
    job, drawn = draft(job_id, takes, **columns)
    journal.add(job, f"digest of {job.request.prompt}", drawn)
    return journal.takes(job_id)
