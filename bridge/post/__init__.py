"""What is done to the sound: the engine's file in, a clip that sits in the project out.

A step is one file: `measure(tape, order, notes) -> params`, or None when there is nothing to do, then
`process(tape, params) -> tape`. decode comes before the chain, writing and reading back after it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from bridge.post import channels, fades, grid, length, level, plugins, rate, sanity, trim
from bridge.post.decode import decode
from bridge.post.inspect import inspect
from bridge.post.meters import Meters
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Tape
from bridge.tools.sound import probe, write_wav

__all__ = ["CHAIN", "Order", "Step", "finish", "inspect", "measure"]


class Step(Protocol):
    """One file of this folder."""

    NAME: str

    def measure(self, tape: Tape, order: Order, notes: Notes) -> Any:
        """The step's parameters (a frozen dataclass), or None when there is nothing to do."""

    def process(self, tape: Tape, params: Any) -> Tape:
        """The tape with the step done to it."""


CHAIN: tuple[Step, ...] = (sanity, trim, channels, rate, grid, length, fades, plugins, level)


def finish(order: dict[str, Any]) -> dict[str, Any]:
    """Finish one take (a worker's entry): read `raw`, run the chain, write `out`, read it back, report.

    Args:
        order: the fields of `Order`.

    Returns:
        The report: `raw`, `source` and `result` as measured, gain, tempo, each step with its parameters, warnings.

    Raises:
        Reject: what a step refuses; nothing is left at `out` then.
        FileExistsError: `out` is taken.
    """
    asked = Order.from_json(order)
    notes = Notes()
    with ThreadPoolExecutor(1) as beside:
        measured = beside.submit(_source, asked, notes)
        raw = decode(asked.raw)
        source = measured.result()
    tape = _through_the_chain(raw.tape, asked, notes)
    clipped = write_wav(asked.out, tape.stream(), tape.rate, tape.channels, asked.tags)
    if clipped:
        notes.warn(f"{clipped} samples were over full scale and were clipped.")
    return {
        "raw": {"format": raw.sound.format, "subtype": raw.sound.subtype, **raw.meters.as_json(raw.tape)},
        "source": source,
        "result": _as_written(asked.out, tape),
        "length_samples": tape.frames,
        **notes.as_json(),
    }


def measure(order: dict[str, Any]) -> dict[str, Any]:
    """The figures of one file (a worker's entry): `path`.

    Raises:
        Reject: as `bridge.tools.sound.verify`.
    """
    heard = decode(Path(order["path"]))
    return {**heard.meters.as_json(heard.tape), "peak": heard.meters.peak}


def _source(order: Order, notes: Notes) -> dict[str, Any] | None:
    if order.source is None:
        return None
    figures = order.source_figures or measure({"path": order.source})
    notes.source, notes.source_meters = probe(order.source), Meters.from_json(figures)
    return {name: value for name, value in figures.items() if name != "peak"}


def _through_the_chain(tape: Tape, order: Order, notes: Notes) -> Tape:
    for step in CHAIN:
        params = step.measure(tape, order, notes)
        if params is not None:
            tape = step.process(tape, params)
            notes.steps.append({"name": step.NAME, "params": asdict(params)})
    return tape


def _as_written(out: Path, meant: Tape) -> dict[str, Any]:
    """The figures of the file that was written, measured by reading it back."""
    written = decode(out)
    tape = written.tape
    assert (tape.rate, tape.channels, tape.frames) == (meant.rate, meant.channels, meant.frames)
    return written.meters.as_json(tape)
