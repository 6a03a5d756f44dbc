"""queued → captured: exactly the selected window is in the vault, re-encoded by us, without tags or names."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.request import Clip
from bridge.steps.shop import Shop, origin_trusted
from bridge.take import Job, State, Take
from bridge.tools import files

LANE = "sound"
LIMIT_S: float | None = None


async def run(shop: Shop, take: Take) -> None:
    """Cut the window in a worker, keep it in the vault.

    Raises:
        Reject: the clip is gone, was changed since it was asked for, is not sound, or the window lies outside it.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    if job.request.clip is None:
        await shop.record(shop.journal.advance, take, State.CAPTURED)
        return
    facts, sha = await _window(shop, job, job.request.clip)
    facts = {**take.facts, "capture": {**facts, "source_sha256": job.source_sha256}}
    await shop.record(shop.journal.advance, take, State.CAPTURED, input_sha=sha, facts=facts)


async def _window(shop: Shop, job: Job, clip: Clip) -> tuple[dict[str, Any], str]:
    _unchanged(clip.path, job.source_stamp)
    with shop.vault.scratch() as out, shop.vault.scratch(clip.path.suffix) as copy:
        path = clip.path if origin_trusted(job.origin) else await asyncio.to_thread(_bring_in, shop, clip.path, copy)
        window = clip.model_dump(exclude={"path"})
        facts = await shop.workers.run("bridge.tools.sound:cut", {"path": str(path), "out": str(out), **window})
        _unchanged(clip.path, job.source_stamp)
        return facts, await asyncio.to_thread(shop.vault.adopt, out)


def _unchanged(path: Path, stamp: str | None) -> None:
    try:
        same = stamp is None or files.stamp(path) == stamp
    except OSError as fault:
        hint = "Put it back and retry, or ask again."
        raise Reject("clip_gone", f"The clip {path} cannot be read: {fault.strerror}.", hint) from fault
    if not same:
        raise Reject("clip_changed", f"The clip {path} was changed after it was asked for.", "Ask again.")


def _bring_in(shop: Shop, path: Path, copy: Path) -> Path:
    """Copy what the descriptor shows: nobody can swap the file between the check and the reading."""
    with files.open_inside(path, shop.settings.paths.read_roots) as found, copy.open("xb") as out:
        shutil.copyfileobj(found, out, 1 << 20)
    return copy
