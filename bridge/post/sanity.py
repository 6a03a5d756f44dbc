"""Chain step 2: is this music at all? NaN, infinity and silence stop here; a DC offset is reported."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bridge.errors import Reject
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Tape

NAME = "sanity"
_SILENT = 2**-16
_DC = 0.005


@dataclass(frozen=True)
class Params:
    """`peak` as a factor of full scale, `dc` the mean of each channel."""

    peak: float
    dc: tuple[float, ...]


def measure(tape: Tape, order: Order, notes: Notes) -> Params:  # noqa: ARG001 - every step is asked the same way
    """Look at every sample.

    Raises:
        Reject: `bad_samples` or `silent_output`.
    """
    peak, sums = 0.0, [0.0] * tape.channels
    for block in tape.read():
        top = max(float(block.max()), -float(block.min()))
        means = block.sum(axis=1, dtype="f8").tolist()
        if not math.isfinite(top + sum(means)):
            hint = "The original is kept; retry the take."
            raise Reject("bad_samples", "The engine's file holds samples that are not numbers.", hint)
        peak, sums = max(peak, top), [a + b for a, b in zip(sums, means, strict=True)]
    if peak < _SILENT:
        raise Reject("silent_output", "The engine returned silence.", "Change the prompt or the strength, then retry.")
    params = Params(peak, tuple(each / tape.frames for each in sums))
    if max(map(abs, params.dc)) > _DC:
        notes.warn(f"The engine's sound has a DC offset of {max(params.dc, key=abs):+.3f} of full scale; it was kept.")
    return params


def process(tape: Tape, params: Params) -> Tape:  # noqa: ARG001 - every step is asked the same way
    """Nothing is changed."""
    return tape
