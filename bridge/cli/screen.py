"""What the command line shows: plain sentences and Rich tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.errors import BridgeError

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130
NEEDS_USER = 6
_mode = {"json": False}


def _use_json(chosen: bool) -> bool:  # noqa: FBT001 - Typer's callback
    _mode["json"] = chosen
    return chosen


Json = Annotated[bool, typer.Option("--json", callback=_use_json, help="Print one JSON document.")]


def as_json() -> bool:
    """Whether a program reads."""
    return _mode["json"]


def tell(text: str) -> None:
    """A line for people, beside the result (standard error)."""
    if not as_json():
        print(text, file=sys.stderr)  # noqa: T201 - the screen


def answer(document: Any) -> None:
    """The result as JSON, on standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201 - the screen


def line(document: Any) -> None:
    """One JSON document on a line of its own, for programs that follow."""
    print(json.dumps(document, ensure_ascii=False), flush=True)  # noqa: T201 - the screen


def say(text: str) -> None:
    """The result as a line, on standard output."""
    print(text)  # noqa: T201 - the screen


def refuse(said: BridgeError) -> None:
    """Why it was not done, and what to do."""
    if as_json():
        answer({"error": said.as_dict()})
    else:
        print(f"dawbridge: {said}", file=sys.stderr)  # noqa: T201 - the screen


def console(*, stderr: bool = False) -> Console:
    """A Rich console; in a pipe it keeps to 160 columns so that rows stay rows."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, soft_wrap=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; numbers to the right."""
    from rich.table import Table  # noqa: PLC0415 - heavy

    drawn = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    lines = [list(row) for row in rows]
    for index, column in enumerate(columns):
        right = bool(lines) and all(line[index][:1] in "-+0123456789$" for line in lines if line[index])
        drawn.add_column(column, justify="right" if right else "left", overflow="fold")
    for line in lines:
        drawn.add_row(*(_plain(cell) for cell in line))
    console().print(drawn)


def _plain(cell: str) -> str:
    return cell.replace("[", r"\[")
