"""`osc monitor`, `osc send`: see the OSC traffic decoded, say something in OSC."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer

from bridge.cli import screen
from bridge.cli.screen import Json

app = typer.Typer(
    name="osc", help="See the OSC traffic, or send a message.", no_args_is_help=True, rich_markup_mode=None
)

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Another port than the running daemon's.")]
Address = Annotated[str, typer.Argument(help="Like /dawbridge/generate.")]
Words = Annotated[list[str] | None, typer.Argument(help="Numbers go as i or f, all else as s; after -- also negative.")]
Types = Annotated[str, typer.Option(help="A letter for each argument: i h f d s.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the first answer.")]
Follow = Annotated[bool, typer.Option("--follow", help="Stay until it is done or has failed.")]


@app.command()
def monitor(*, port: Port = None, json: Json = False) -> None:
    """Print every packet, in and out, decoded; Ctrl-C ends it.

    With no daemon running it listens on the port itself, and shows what a controller sends.
    """
    del json
    from bridge.cli import osc_talk  # noqa: PLC0415 - heavy

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(osc_talk.look_on(port))


@app.command()
def send(
    *,
    address: Address,
    args: Words = None,
    types: Types = "",
    port: Port = None,
    wait_s: Wait = 2.0,
    follow: Follow = False,
    json: Json = False,
) -> None:
    """Send one message over UDP and print what is answered.

    Exit code 0: accepted (with --follow: done); 1: no answer; 2: refused or failed.
    """
    del json
    from bridge.cli import osc_talk  # noqa: PLC0415 - heavy

    packet = osc_talk.packet(address, args or [], types)
    code = asyncio.run(osc_talk.say(packet, port, wait_s, follow=follow))
    if code == osc_talk.SILENT:
        screen.tell("No answer. Is `dawbridge run` running, and is this its port?")
    raise typer.Exit(code)
