"""The demo: a real daemon of its own, a real drop, a real request; each figure is measured from the delivered files."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge import settings
from bridge.cli import report, screen
from bridge.cli.client import Client, running_client
from bridge.cli.live import live
from bridge.daemon import worker_log
from bridge.errors import BridgeError
from bridge.tools import files
from bridge.tools.worker import Workers

BARS, BPM, KEY = 4, 92.0, "Am"
_LOOP = {
    "prompt": "dry funk drums and bass, no chords",
    "seed": 7,
    "rate": 44_100,
    "bars": BARS,
    "bpm": BPM,
    "key": KEY,
}
_RESTYLE = "dusty lo-fi tape with vinyl crackle"
_COMPOSE = "mellow lo-fi hip hop with warm electric piano and round bass"
_ENDED = {"delivered", "failed", "in_doubt", "cancelled"}


@dataclass(frozen=True)
class _Place:
    """The demo's folders: what a user would have anyway, and one for everything else."""

    out: Path

    @property
    def hot(self) -> Path:
        return self.out / "Bridge In"

    @property
    def project(self) -> Path:
        return self.out / "My Song"

    @property
    def loop(self) -> Path:
        return self.hot / "groove.wav"


async def show(out: Path | None) -> None:
    """Run the demo in `out`, or in a new folder here."""
    place = _Place((out or _new_folder()).absolute())
    place.hot.mkdir(parents=True, exist_ok=True)
    place.project.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dawbridge-demo-", ignore_cleanup_errors=True) as state:
        os.environ["DAWBRIDGE_HOME"] = state
        workers = Workers(size=1, log=worker_log(settings.home()))
        try:
            await _show(place, workers)
        finally:
            await workers.close()


async def _show(place: _Place, workers: Workers) -> None:
    screen.tell(f"A project folder and a hot folder: {place.out}")
    async with _daemon(place) as client:
        seq = (await client.get("status"))["seq"]
        await _drop(place, workers)
        screen.tell(f'Dropped {place.loop.name} with the prompt "{_RESTYLE}" into the hot folder.')
        asked = await client.post("jobs", _request(place))
        screen.tell(f'Asked for {BARS} bars at {BPM:g} BPM: "{_COMPOSE}".')
        names = await _delivered(client, seq, {asked["id"]})
        jobs = [await client.get(f"jobs/{name}") for name in names]
    await _tell(place, jobs, workers)


@asynccontextmanager
async def _daemon(place: _Place) -> AsyncIterator[Client]:
    """The real daemon, as a user would start it."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "bridge", "run", "--json", "--http-port", "0", "--osc-port", "0"),
        *("--watch", str(place.hot), "--out", str(place.project)),
        stdout=subprocess.PIPE,
        **apart,
    )
    try:
        assert process.stdout is not None
        if not await process.stdout.readline():
            raise BridgeError("no_daemon", "The daemon did not start.", "Run `dawbridge doctor`.")
        client = await running_client(settings.home())
        if client is None:
            raise BridgeError("no_answer", "The daemon does not answer.", "Run `dawbridge doctor`.")
        async with aclosing(client):
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _drop(place: _Place, workers: Workers) -> None:
    """Make a loop and put it into the hot folder, the prompt first: whole, as an export would arrive."""
    made = place.out / ".groove.wav"
    files.unlink(made)
    await workers.run("bridge.providers.sketch.render:render", {**_LOOP, "out": str(made)})
    files.write_text(place.loop.with_suffix(".txt"), _RESTYLE)
    files.put(made, place.loop, clobber=True)


def _request(place: _Place) -> dict[str, Any]:
    grid = {"bpm": BPM, "key": KEY}
    placement = {"project": str(place.project)}
    return {"prompt": _COMPOSE, "length_bars": BARS, "grid": grid, "seed": 11, "loop": True, "placement": placement}


async def _delivered(client: Client, seq: int, jobs: set[str]) -> list[str]:
    """Watch until the drop and the request have ended; the ids of their jobs, the drop's first."""
    ended: set[str] = set()
    seen = dict.fromkeys(jobs)
    async with aclosing(client.news(seq)) as news:
        with live() as show:
            async for line in news:
                seen.setdefault(line["job"])
                show(line)
                ended |= {line["job"]} if line["state"] in _ENDED else set()
                if len(ended) == 2:  # noqa: PLR2004 - the drop and the request
                    break
    return sorted(seen, key=lambda job: job in jobs)


async def _tell(place: _Place, jobs: list[dict[str, Any]], workers: Workers) -> None:
    failed = [take["error"] for job in jobs for take in job["takes"] if take["state"] != "delivered"]
    if failed:
        error = failed[0] or {}
        raise BridgeError("demo_failed", f"A take was not delivered: {error.get('message')}", error.get("hint", ""))
    takes = [take for job in jobs for take in job["takes"]]
    paths = [place.loop, *(Path(take["path"]) for take in takes)]
    sounds = [await _measured(path, workers) for path in paths]
    picture = place.out / "before-after.png"
    titles = (
        "before: the loop that was dropped",
        "after: restyled, at the loop's level",
        "generated: 4 bars at 92 BPM",
    )
    report.picture("dawbridge demo", list(zip(titles, sounds, strict=True)), picture, bar_s=240 / BPM)
    rows = [_row(take, sound) for take, sound in zip(takes, sounds[1:], strict=True)]
    if screen.as_json():
        screen.answer({"project": str(place.project), "picture": str(picture), "takes": rows})
        return
    screen.table(f"In {place.project}:", COLUMNS, [_cells(row) for row in rows])
    screen.say(f"Picture: {picture}")
    screen.say("Made by the built-in offline engine: free, no network, not a neural model.")


async def _measured(path: Path, workers: Workers) -> dict[str, Any]:
    return await workers.run("bridge.post:inspect", {"path": str(path), "bpm": BPM, "bins": 1100})


COLUMNS = ("file", "samples", "rate", "tempo", "offset", "LUFS before → after", "dBTP before → after", "cost")


def _row(take: dict[str, Any], sound: dict[str, Any]) -> dict[str, Any]:
    """One take: what was measured before it was finished, and from the delivered file."""
    post = take["report"]["post"]
    before = post["source"] or post["raw"]
    tempo = sound["tempo"] or {}
    return {
        "path": take["path"],
        "samples": sound["frames"],
        "rate": sound["rate"],
        "bpm": tempo.get("bpm"),
        "offset_s": report.beat_offset_s(tempo),
        "lufs_before": before["lufs"],
        "lufs_after": sound["lufs"],
        "dbtp_before": before["true_peak_dbtp"],
        "dbtp_after": sound["true_peak_dbtp"],
        "cost_usd": take["actual_usd"],
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        Path(row["path"]).name,
        f"{row['samples']:,}",
        f"{row['rate']} Hz",
        report.number(row["bpm"], "{:.2f} BPM"),
        report.number(row["offset_s"], "{:+.1f} ms", 1000),
        f"{report.number(row['lufs_before'])} → {report.number(row['lufs_after'])}",
        f"{report.number(row['dbtp_before'])} → {report.number(row['dbtp_after'])}",
        f"${row['cost_usd']:.2f}",
    )


def _new_folder() -> Path:
    number = 1
    while (folder := Path(f"dawbridge-demo{f'-{number}' if number > 1 else ''}")).exists():
        number += 1
    return folder
