"""What a job and a take look like to programs: the JSON of HTTP, OSC and `--json`."""

from __future__ import annotations

import json
from typing import Any

from bridge.journal import Journal
from bridge.providers import Quote
from bridge.request import Request
from bridge.take import Job, News, State, Take
from bridge.vault import Vault

_UNPAID = {State.QUEUED, State.CAPTURED, State.RESERVED, State.PUBLISHED}


def take(it: Take) -> dict[str, Any]:
    """One take, without what is internal."""
    return {
        "id": it.id,
        "job": it.job_id,
        "state": it.state,
        "meaning": it.state.meaning,
        "model": f"{it.provider}:{it.model}",
        "seed": it.facts.get("made", {}).get("seed", it.seed),
        "path": it.path,
        "placement": it.placement,
        "progress": it.progress,
        "reason": it.reason,
        "needs_user": it.needs_user,
        "wake_at_s": it.wake_at_s,
        "error": it.error,
        "leaves": it.facts.get("leaves"),
        "may_charge": it.state is State.CANCELLED and it.estimate_micro_usd > 0 and it.stopped_in not in _UNPAID,
        "estimate_usd": it.estimate_micro_usd / 1_000_000,
        "actual_usd": None if it.actual_micro_usd is None else it.actual_micro_usd / 1_000_000,
        "updated_s": it.updated_s,
    }


def job(it: Job, takes: list[Take] | tuple[Take, ...]) -> dict[str, Any]:
    """One job with its takes."""
    return {
        "id": it.id,
        "client_id": it.client_id,
        "origin": it.origin,
        "created_s": it.created_s,
        "mode": it.request.mode,
        "request": it.request.model_dump(mode="json", exclude_none=True),
        "takes": [take(each) for each in takes],
    }


def news(it: News) -> dict[str, Any]:
    """One line of the feed."""
    return {"seq": it.seq, "take": it.take_id, "job": it.job_id, "state": it.state, "at_s": it.at_s, **it.note}


def quote(asked: Request, it: Quote) -> dict[str, Any]:
    """What would be sent, to whom, at what cost; all takes together."""
    return {
        "request": asked.model_dump(mode="json", exclude_none=True),
        "model": f"{(asked.model or '').partition(':')[0]}:{it.model}",
        "leaves": it.leaves,
        "estimate_usd": it.micro_usd * asked.takes / 1_000_000,
        "plan": it.says,
        "warnings": list(it.warnings),
    }


def jobs(journal: Journal, limit: int) -> list[dict[str, Any]]:
    """The newest jobs with their takes."""
    return [job(each, journal.takes(each.id)) for each in journal.jobs(limit)]


def show(journal: Journal, vault: Vault, name: str) -> dict[str, Any]:
    """One job, or one take of it, with reports and ways.

    Raises:
        Reject: unknown.
    """
    takes = journal.find(name)
    said = job(journal.job(takes[0].job_id), takes)
    for each, view in zip(takes, said["takes"], strict=True):
        view["report"] = json.loads(vault.text(each.report_sha)) if each.report_sha else None
        view["way"] = [news(line) for line in journal.history(each.id)]
    return said
