"""`doctor`, `config`, `clean`: is all well, what is in force, make room."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bridge.cli import screen
from bridge.cli.screen import Json

Init = Annotated[bool, typer.Option("--init", help="Write a commented settings file to start from.")]
Days = Annotated[int | None, typer.Option(min=0, help="Keep what ended within this many days; default: keep_days.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def doctor(*, json: Json = False) -> None:
    """Check every part, name the next step."""
    del json
    from bridge.cli import checks  # noqa: PLC0415 - heavy

    findings = asyncio.run(checks.everything())
    if screen.as_json():
        screen.answer([vars(finding) for finding in findings])
    else:
        marks = {True: "ok", False: "FAILS", None: "-"}
        screen.table(
            "", ("", "part", "what", "next step"), [(marks[it.ok], it.name, it.says, it.fix) for it in findings]
        )
    raise typer.Exit(1 if any(it.ok is False for it in findings) else 0)


def config(*, init: Init = False, json: Json = False) -> None:
    """Show the settings in force."""
    del json
    from bridge import settings  # noqa: PLC0415 - heavy
    from bridge.cli import configuring  # noqa: PLC0415 - heavy

    path = settings.settings_file()
    if init:
        configuring.write_starter(path)
        screen.say(f"Wrote {path}")
        return
    rows = configuring.in_force(path)
    if screen.as_json():
        screen.answer({"file": str(path), "home": str(settings.home()), "settings": rows})
        return
    screen.say(
        f"file  {path}{'' if path.exists() else '  (not there: all defaults; `dawbridge config --init` makes it)'}"
    )
    screen.say(f"home  {settings.home()}")
    screen.table("", ("setting", "value", "from"), [(row["name"], row["text"], row["from"]) for row in rows])


def clean(*, days: Days = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Make room in the vault.

    Removes the sound of takes that are long done; delivered files and reports stay.
    """
    del json
    said = asyncio.run(_clean(days, dry_run=dry_run))
    if screen.as_json():
        screen.answer(said)
    else:
        verb = "would be removed" if dry_run else "removed"
        screen.say(f"{said['files']} files, {said['bytes'] / 1e6:.1f} MB {verb} (ended over {said['days']} days ago).")


async def _clean(days: int | None, *, dry_run: bool) -> dict[str, int]:
    from bridge.cli.client import connected  # noqa: PLC0415 - heavy

    async with connected() as client:
        fields = {"dry_run": dry_run} | ({} if days is None else {"days": days})
        said: dict[str, int] = await client.post("clean", fields)
        return said
