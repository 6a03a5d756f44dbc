"""Chain step 3: cut the silence at both ends, never inside a grid: there the silence is part of the music."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Process, Tape
from bridge.tools.sound import Block

NAME = "trim"
_BELOW_PEAK_DB = -60.0
_PRE_ROLL_S = 0.005
_POST_ROLL_S = 0.05


@dataclass(frozen=True)
class Params:
    """What stays: the samples [start, stop)."""

    start_samples: int
    stop_samples: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:  # noqa: ARG001 - every step is asked alike
    """Find the first and the last sample above -60 dB of the clip's own peak; None when there is nothing to cut."""
    if not order.trim or order.bars is not None:
        return None
    peaks = [max(float(block.max()), -float(block.min())) for block in tape.read()]
    threshold = max(peaks) * 10 ** (_BELOW_PEAK_DB / 20)
    loud = [index for index, peak in enumerate(peaks) if peak > threshold]
    first, last, at = tape.frames, 0, 0
    for index, block in enumerate(tape.read()):
        if index in {loud[0], loud[-1]}:
            places = np.flatnonzero(np.abs(block).max(axis=0) > threshold)
            first, last = min(first, at + int(places[0])), at + int(places[-1]) + 1
        at += block.shape[1]
    start = max(0, first - round(_PRE_ROLL_S * tape.rate))
    stop = min(tape.frames, last + round(_POST_ROLL_S * tape.rate))
    return None if (start, stop) == (0, tape.frames) else Params(start, stop)


def process(tape: Tape, params: Params) -> Tape:
    """Keep [start, stop)."""
    return tape.through(lambda: window(params), frames=params.stop_samples - params.start_samples)


def window(params: Params) -> Process:
    """A pass that lets [start, stop) through."""
    at = 0

    def run(block: Block, last: bool) -> Block:  # noqa: ARG001, FBT001 - the shape of every pass
        nonlocal at
        begin, at = at, at + block.shape[1]
        return block[:, max(0, params.start_samples - begin) : max(0, params.stop_samples - begin)]

    return run
