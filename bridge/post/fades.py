"""Chain step 8: the first and the last sample are exactly zero, so that no clip begins or ends with a click."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Process, Tape
from bridge.tools.sound import Block

NAME = "fades"
_DE_CLICK_S = 0.001


@dataclass(frozen=True)
class Params:
    """Lengths of the fades and of the whole, in samples."""

    in_samples: int
    out_samples: int
    frames: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params:  # noqa: ARG001 - every step is asked alike
    """The fades asked for, at most half the clip each; a loop is only kept from clicking (1 ms)."""
    fade_in_s, fade_out_s = order.fade_in_ms / 1000, order.fade_out_ms / 1000
    if order.loop:
        fade_in_s, fade_out_s = min(fade_in_s, _DE_CLICK_S), min(fade_out_s, _DE_CLICK_S)
    half = tape.frames // 2
    return Params(min(half, round(fade_in_s * tape.rate)), min(half, round(fade_out_s * tape.rate)), tape.frames)


def process(tape: Tape, params: Params) -> Tape:
    """Fade in and out with half a raised cosine.

    Fades under a thousandth of the clip move its loudness by less than 0.005 LU and can only lower its peaks, so that
    what is known of it still serves to choose the gain; the result's own figures are measured from the written file.
    """
    negligible = (params.in_samples + params.out_samples) * 1000 < params.frames
    return tape.through(lambda: faded(params), figures=tape.figures if negligible else None)


def faded(params: Params) -> Process:
    """A pass that fades the tape's two ends."""
    rise, fall = ramp(params.in_samples), ramp(params.out_samples)[::-1]
    at = 0

    def run(block: Block, last: bool) -> Block:  # noqa: ARG001, FBT001 - the shape of every pass
        nonlocal at
        begin, at = at, at + block.shape[1]
        start_of_fall = params.frames - params.out_samples
        if begin < params.in_samples or at > start_of_fall:
            block = block.copy()
            _multiply(block, rise, -begin)
            _multiply(block, fall, start_of_fall - begin)
        return block

    return run


def ramp(samples: int) -> npt.NDArray[np.float32]:
    """Half a raised cosine from exactly 0 to just under 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(samples) / max(1, samples))).astype(np.float32)


def _multiply(block: Block, curve: npt.NDArray[np.float32], offset: int) -> None:
    """Lay `curve` over `block` in place, its first value at sample `offset` of the block (which may lie before it)."""
    start, stop = max(0, offset), min(block.shape[1], offset + curve.size)
    if start < stop:
        block[:, start:stop] *= curve[start - offset : stop - offset]
