"""Live states: lines that change on a terminal, one line for each change elsewhere, nothing for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bridge.cli import screen

Show = Callable[[dict[str, Any]], None]


@contextmanager
def live(takes: Iterable[dict[str, Any]] = ()) -> Iterator[Show]:
    """Show lines of the feed as they come; `takes` are known from the start."""
    out = screen.console(stderr=True)
    if screen.as_json() or not out.is_terminal:
        yield lambda line: screen.tell(f"  {words(line)}")
        return
    states = {take["id"]: words({"take": take["id"], "state": take["state"]}) for take in takes}
    with out.status("\n".join(states.values()) or "starting") as status:

        def show(line: dict[str, Any]) -> None:
            states[line["take"]] = words(line)
            status.update("\n".join(states.values()))

        yield show


def words(line: dict[str, Any]) -> str:
    """One line of the feed for people."""
    progress = f" {line['progress']:.0%}" if line.get("progress") is not None else ""
    return f"{line['take']}  {line['state']}{progress}  {line.get('reason') or line.get('message') or ''}".rstrip()
