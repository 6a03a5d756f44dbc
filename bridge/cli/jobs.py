"""`jobs`, `show`, `cancel`, `retry`, `drop`: what there is, and orders about it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

import typer

from bridge.cli import screen
from bridge.cli.screen import Json

Name = Annotated[str, typer.Argument(help="A job or take id, or the beginning of one.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many jobs.")]
Watch = Annotated[bool, typer.Option("--watch", help="Stay, and show each change; Ctrl-C ends it.")]


def jobs(*, limit: Limit = 20, watch: Watch = False, json: Json = False) -> None:
    """List the newest jobs and takes."""
    del json
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_jobs(limit, watch=watch))


async def _jobs(limit: int, *, watch: bool) -> None:
    from bridge.cli import report  # noqa: PLC0415 - heavy
    from bridge.cli.client import connected  # noqa: PLC0415 - heavy

    async with connected() as client:
        seq = (await client.get("status"))["seq"]
        found = await client.get("jobs", limit=limit)
        if not screen.as_json():
            report.listing(found)
        elif not watch:
            screen.answer(found)
        if watch:
            async for line in client.news(seq):
                screen.line(line) if screen.as_json() else screen.say(report.change(line))


def show(*, name: Name, json: Json = False) -> None:
    """Tell everything about a job or take."""
    del json
    from bridge.cli import report  # noqa: PLC0415 - heavy

    it = asyncio.run(_ask("get", f"jobs/{name}"))
    screen.answer(it) if screen.as_json() else report.whole(it)


def cancel(*, name: Name, json: Json = False) -> None:
    """Cancel a job or take.

    Nothing of it is inserted afterwards; whether the provider may still charge is said.
    """
    del json
    _tell(asyncio.run(_ask("post", f"jobs/{name}/cancel")))


def drop(*, name: Name, json: Json = False) -> None:
    """Give up a take that is in doubt.

    What it may have cost keeps counting against the caps.
    """
    del json
    _tell(asyncio.run(_ask("post", f"jobs/{name}/drop")))


def retry(*, name: Name, json: Json = False) -> None:
    """Start a failed take again.

    It goes on where it failed; what was bought is not bought again. A take in doubt is priced and paid anew.
    """
    del json
    from bridge.cli import watching  # noqa: PLC0415 - heavy

    raise typer.Exit(asyncio.run(watching.retry(name)))


async def _ask(method: str, path: str) -> Any:
    from bridge.cli.client import connected  # noqa: PLC0415 - heavy

    async with connected() as client:
        return await getattr(client, method)(path)


def _tell(said: dict[str, Any]) -> None:
    if screen.as_json():
        screen.answer(said)
    for take in [] if screen.as_json() else said["takes"]:
        spent = f" {take['model']} may still charge ${take['estimate_usd']:.2f}." if take["may_charge"] else ""
        screen.say(f"{take['id']} is {take['state']}.{spent}")
