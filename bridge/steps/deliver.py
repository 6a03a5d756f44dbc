"""finished → delivered: the file is in the project folder under a free name, and was read back from there."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from bridge.errors import Reject
from bridge.request import Request
from bridge.steps.shop import Shop
from bridge.take import State, Take
from bridge.tools import files

LANE = "sound"
LIMIT_S: float | None = None
_SLUG_CHARS = 40
_KEY_CHARS = 12


async def run(shop: Shop, take: Take) -> None:
    """Deliver, ring, commit. A cancel while the file is being copied removes it again.

    Raises:
        Retry: the folder is gone, full or read-only; the finished take stays in the vault.
        Reject: the request names no folder.
    """
    job = await shop.record(shop.journal.job, take.job_id)
    folder = job.request.placement.project
    if folder is None or take.finished_sha is None or take.report_sha is None:
        raise Reject("no_folder", "The request names no project folder.", "Give placement.project.")
    daw, stem = shop.daws["folder"], file_stem(job.request, take, json.loads(shop.vault.text(take.report_sha)))
    finished = shop.vault.path(take.finished_sha)
    path = await _copied(asyncio.to_thread(daw.deliver, finished, take.finished_sha, folder, _names(stem)))
    placement = daw.ring(path)
    await shop.record(shop.journal.advance, take, State.DELIVERED, path=str(path), placement=placement)


async def _copied(copying: Any) -> Path:
    work: asyncio.Future[Path] = asyncio.ensure_future(copying)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if work.exception() is None:
            files.unlink(work.result())
        raise


def file_stem(asked: Request, take: Take, report: dict[str, Any]) -> str:
    """`<slug>_<bpm>bpm_<key>_<take>`: plain ASCII, so that every DAW and file system takes it.

    A tempo that was only measured may be half or twice the true one: it is in the report, not in the name.
    """
    made = report.get("made") or {}
    bpm = asked.grid.bpm or made.get("bpm")
    key = asked.grid.key or made.get("key")
    words = [slug(f"{asked.clip.path.stem} {asked.prompt}" if asked.clip else asked.prompt)]
    words += [f"{round(bpm, 2):g}bpm"] if bpm else []
    words += [re.sub(r"[^A-Za-z0-9]", "", str(key).replace("#", "sharp"))[:_KEY_CHARS]] if key else []
    return "_".join([*filter(None, words), take.id])


def slug(text: str) -> str:
    """A prompt as the beginning of a file name: lower-case letters, digits and hyphens, at most 40."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > _SLUG_CHARS:
        words = words[: _SLUG_CHARS + 1].rpartition("-")[0] or words[:_SLUG_CHARS]
    return words or "take"


def _names(stem: str) -> Iterator[str]:
    yield f"{stem}.wav"
    yield from (f"{stem}-{number}.wav" for number in count(2))
