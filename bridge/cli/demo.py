"""`demo`: the whole way in a few seconds, with no key and no network."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.screen import Json

Out = Annotated[Path | None, typer.Option(help="Where to put the demo; default: a new folder ./dawbridge-demo.")]


def demo(*, out: Out = None, json: Json = False) -> None:
    """Try it: no key, no network, a few seconds.

    A loop is dropped into a hot folder, a prompt is sent; both come back into a project folder, finished and measured.
    """
    del json
    from bridge.cli.showing import show  # noqa: PLC0415 - heavy

    asyncio.run(show(out))
