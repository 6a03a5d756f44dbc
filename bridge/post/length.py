"""Chain step 7: exactly the samples that were asked for, so that the clip fits its bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.post import trim
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Process, Tape
from bridge.tools.sound import Block

NAME = "length"
_TOLD_S = 0.005


@dataclass(frozen=True)
class Params:
    """Lengths in samples."""

    before_samples: int
    after_samples: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:
    """The exact length in bars or seconds; None when the tape has it, or none was asked for."""
    exact = order.exact_samples(tape.rate)
    if exact is None or exact == tape.frames:
        return None
    over_s = (tape.frames - exact) / tape.rate
    if over_s > _TOLD_S:
        notes.warn(f"The engine's sound is {over_s:.3f} s longer than asked: its end was cut.")
    elif over_s < -_TOLD_S:
        notes.warn(f"The engine's sound is {-over_s:.3f} s shorter than asked: silence was added at its end.")
    return Params(tape.frames, exact)


def process(tape: Tape, params: Params) -> Tape:
    """Cut the end off, or add silence."""
    return tape.through(lambda: _pass(params), frames=params.after_samples)


def _pass(params: Params) -> Process:
    keep = trim.window(trim.Params(0, params.after_samples))
    lack = max(0, params.after_samples - params.before_samples)

    def run(block: Block, last: bool) -> Block:  # noqa: FBT001 - the shape of every pass
        kept = keep(block, last)
        return np.pad(kept, ((0, 0), (0, lack))) if last and lack else kept

    return run
