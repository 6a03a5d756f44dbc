"""`run`: the daemon, in the foreground."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli import screen
from bridge.cli.screen import Json

if TYPE_CHECKING:
    from bridge.daemon import Daemon
    from bridge.settings import Settings

OscPort = Annotated[int | None, typer.Option(min=0, max=65535, help="UDP and TCP port of OSC; 0: any free one.")]
HttpPort = Annotated[int | None, typer.Option(min=0, max=65535, help="TCP port on 127.0.0.1; 0: any free one.")]
WatchFolder = Annotated[Path | None, typer.Option("--watch", help="Watch this folder too, without a line of settings.")]
Out = Annotated[Path | None, typer.Option(help='Where takes of --watch land; default: a folder "… Out" beside it.')]
Preset = Annotated[str | None, typer.Option(help="The preset for clips in --watch that bring no prompt.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]


def run(
    *,
    http_port: HttpPort = None,
    osc_port: OscPort = None,
    watch: WatchFolder = None,
    out: Out = None,
    preset: Preset = None,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Run the daemon in the foreground.

    It watches the hot folders, listens to OSC, serves the loopback API, and goes on with whatever is unfinished.
    """
    del json
    from bridge import settings  # noqa: PLC0415 - heavy
    from bridge.cli import logs  # noqa: PLC0415 - heavy

    logs.start(settings.home() / "logs", verbose=verbose)
    chosen = _with_folder(settings.load(), watch, out, preset)
    if osc_port is not None:
        chosen = chosen.model_copy(update={"osc": chosen.osc.model_copy(update={"port": osc_port})})
    asyncio.run(_run(chosen, chosen.http.port if http_port is None else http_port))


def _with_folder(chosen: Settings, watch: Path | None, out: Path | None, preset: str | None) -> Settings:
    if watch is None:
        return chosen
    from bridge.settings import HotFolder  # noqa: PLC0415 - heavy

    watch.mkdir(parents=True, exist_ok=True)
    if preset:
        chosen.preset_fields(preset)
    folder = HotFolder(path=watch, deliver_to=out, preset=preset)
    return chosen.model_copy(update={"hot_folder": (*chosen.hot_folder, folder)})


async def _run(chosen: Settings, port: int) -> None:
    from bridge import daemon, settings  # noqa: PLC0415 - heavy
    from bridge.triggers import Setup  # noqa: PLC0415 - heavy

    async with daemon.running(Setup(settings.home(), chosen, http_port=port, osc_port=chosen.osc.port)) as it:
        _greet(it, chosen)
        await daemon.stopped()


def _greet(it: Daemon, chosen: Settings) -> None:
    findings = [finding for trigger in it.triggers for finding in trigger.check()]
    if screen.as_json():
        said: dict[str, Any] = {"unfinished": [take.id for take in it.unfinished]}
        screen.line({**said, "triggers": [vars(finding) for finding in findings]})
        return
    screen.say(f"dawbridge is running. Model: {chosen.model}. Ctrl-C stops it; whatever is unfinished is kept.")
    for finding in findings:
        screen.say(f"  {finding.name:12}{finding.says}{f' - {finding.fix}' if finding.fix else ''}")
    if not chosen.hot_folder:
        screen.say(
            '  no hot folder yet: dawbridge run --watch "~/Music/Bridge In", or a [[hot_folder]] in the settings'
        )
    for take in it.unfinished:
        screen.say(f"  going on with {take.id} ({take.state})")
    for name, why in it.shop.broken.items():
        screen.say(f"  {name} is not usable: {why}")
