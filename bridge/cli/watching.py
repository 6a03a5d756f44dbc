"""Asking for takes and watching them to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from bridge.cli import report, screen
from bridge.cli.client import Client, connected
from bridge.cli.live import live

_ENDED = {"delivered", "failed", "in_doubt", "cancelled"}


async def quote(fields: dict[str, Any]) -> int:
    """Say what would be sent, to whom, at what cost."""
    async with connected() as client:
        report.quote(await client.post("quote", fields))
    return 0


async def ask(fields: dict[str, Any]) -> int:
    """Ask, watch, show; Ctrl-C cancels. Returns the exit code."""
    async with connected() as client:
        return await to_the_end(client, await _asked(client, fields))


async def _asked(client: Client, fields: dict[str, Any]) -> dict[str, Any]:
    """Hand the wish in; a Ctrl-C meanwhile waits for the job's name, so that the job can be cancelled."""
    asking = asyncio.ensure_future(client.post("jobs", fields))
    try:
        job: dict[str, Any] = await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait([asking])
        if not asking.exception():
            await _cancel(client, asking.result()["id"])
        raise
    return job


async def retry(name: str) -> int:
    """Start again what has failed, and watch it."""
    async with connected() as client:
        takes = (await client.post(f"jobs/{name}/retry"))["takes"]
        return await to_the_end(client, await client.get(f"jobs/{takes[0]['job']}"))


async def to_the_end(client: Client, job: dict[str, Any]) -> int:
    """Watch a job until each take has ended or waits for the user; show it; returns the exit code."""
    try:
        with live(job["takes"]) as show:
            async for line in _moves(client, job):
                show(line)
    except asyncio.CancelledError:
        await _cancel(client, job["id"])
        raise
    done = await client.get(f"jobs/{job['id']}")
    if screen.as_json():
        screen.answer(done)
    else:
        report.job(done)
    return _exit_code(done)


async def _moves(client: Client, job: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
    """The takes of a job each time one has moved, until nothing more happens by itself."""
    names = {take["id"] for take in job["takes"]}
    settled = {take["id"] for take in job["takes"] if take["state"] in _ENDED}
    async with aclosing(client.news(job["seq"])) as news:
        while settled != names:
            line = await anext(news)
            if line["take"] in names:
                yield line
                stays = line["state"] in _ENDED or line.get("needs_user")
                settled = settled | {line["take"]} if stays else settled - {line["take"]}


async def _cancel(client: Client, job_id: str) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    takes = (await client.post(f"jobs/{job_id}/cancel"))["takes"]
    screen.tell(f"Cancelled {', '.join(take['id'] for take in takes)}.")


def _exit_code(job: dict[str, Any]) -> int:
    states = {take["state"] for take in job["takes"]}
    if "in_doubt" in states:
        return 4
    refused = [take["error"]["kind"] for take in job["takes"] if take["error"]]
    if refused:
        return 3 if set(refused) == {"Refused"} else 1
    return screen.NEEDS_USER if any(take["needs_user"] for take in job["takes"]) else 0
