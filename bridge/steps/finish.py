"""fetched → finished: the post chain has put it on the grid and at the level; take and report are in the vault."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from bridge import __version__
from bridge.request import Request
from bridge.settings import Post
from bridge.steps.shop import Shop
from bridge.take import Job, State, Take
from bridge.tools import music

LANE = "sound"
LIMIT_S: float | None = None


async def run(shop: Shop, take: Take) -> None:
    """Run the chain in a worker, keep what it made and what it says.

    Raises:
        Reject: the original is not usable sound (broken, silent, not a number).
    """
    job = await shop.record(shop.journal.job, take.job_id)
    assert take.raw_sha is not None
    started_s = shop.clock.steady()
    with shop.vault.scratch() as out:
        order = {
            "raw": str(shop.vault.path(take.raw_sha)),
            "source": str(shop.vault.path(take.input_sha)) if take.input_sha else None,
            "source_figures": take.facts.get("source"),
            "out": str(out),
            "tags": tags(take, job.request, shop.clock.wall()),
            **_shape(job.request, take),
            **_level(shop.post(job), take),
        }
        said = await shop.workers.run("bridge.post:finish", order)
        sha = await asyncio.to_thread(shop.vault.adopt, out)
    said["finish_s"] = round(shop.clock.steady() - started_s, 4)
    report = await asyncio.to_thread(shop.vault.store, json.dumps(_report(take, job, said), ensure_ascii=False))
    await shop.record(shop.journal.advance, take, State.FINISHED, finished_sha=sha, report_sha=report)


def _level(post: Post, take: Take) -> dict[str, Any]:
    """The user's wishes; without a clip there is nothing to match, so the target in LUFS holds."""
    wishes = post.model_dump()
    return {**wishes, "level": "lufs"} if post.level == "match" and take.input_sha is None else wishes


def _shape(asked: Request, take: Take) -> dict[str, Any]:
    """Grid and length: what was asked, else what the provider says it made, else the clip's own length."""
    made = take.facts.get("made", {})
    meter = music.parse_meter(asked.grid.meter or made.get("meter") or "4/4")
    bars = asked.length_bars or (made.get("bars") if asked.length_s is None and asked.clip is None else None)
    clip_s = take.facts.get("capture", {}).get("duration_s")
    return {
        "bars": bars,
        "bpm": asked.grid.bpm or made.get("bpm"),
        "beats_per_bar": meter.beats,
        "beat_unit": meter.unit,
        "length_s": asked.length_s or (clip_s if bars is None else None),
        "loop": asked.loop,
    }


def tags(take: Take, asked: Request, now_s: float) -> dict[str, str]:
    """LIST INFO strings that say what this is and by which we know our own outputs again."""
    origin = {
        "ai_generated": True,
        "take": take.id,
        "provider": take.provider,
        "model": take.model,
        "seed": take.facts.get("made", {}).get("seed", take.seed),
        "prompt": asked.prompt,
        "source_sha256": take.facts.get("capture", {}).get("source_sha256"),
    }
    return {
        "INAM": asked.prompt[:200],
        "ISFT": f"dawbridge {__version__}",
        "ICRD": time.strftime("%Y-%m-%d", time.gmtime(now_s)),
        "ICMT": json.dumps(origin, ensure_ascii=False),
    }


def _report(take: Take, job: Job, said: dict[str, Any]) -> dict[str, Any]:
    facts = take.facts
    return {
        "take": take.id,
        "job": job.id,
        "request": job.request.model_dump(mode="json", exclude_none=True),
        "provider": take.provider,
        "model": take.model,
        "seed": facts.get("made", {}).get("seed", take.seed),
        "estimate_micro_usd": take.estimate_micro_usd,
        "actual_micro_usd": take.actual_micro_usd,
        "leaves": facts.get("leaves"),
        "source_sha256": facts.get("capture", {}).get("source_sha256"),
        "capture": facts.get("capture"),
        "made": facts.get("made"),
        "fetch_s": facts.get("fetch_s"),
        "post": said,
        "warnings": [*facts.get("warnings", []), *said.get("warnings", [])],
        "dawbridge": __version__,
    }
