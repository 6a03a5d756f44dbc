"""Chain step 5: the project's sample rate, by one conversion with soxr VHQ, to the exact length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Process, Tape
from bridge.tools.sound import Block

NAME = "rate"
DEFAULT_HZ = 48000


@dataclass(frozen=True)
class Params:
    """Sample rates in Hz, and how many samples come out."""

    before: int
    after: int
    frames: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:
    """The rate asked for, else the source's, else 48 kHz; None when the tape has it already."""
    wanted = order.rate or (notes.source.rate if notes.source else DEFAULT_HZ)
    if wanted == tape.rate:
        return None
    return Params(tape.rate, wanted, round(tape.frames * wanted / tape.rate))


def process(tape: Tape, params: Params) -> Tape:
    """Convert, without delay."""
    return tape.through(lambda: _pass(tape.channels, params), rate=params.after, frames=params.frames)


def _pass(channels: int, params: Params) -> Process:
    stream = soxr.ResampleStream(params.before, params.after, channels, dtype="float32", quality="VHQ")
    left = params.frames

    def run(block: Block, last: bool) -> Block:  # noqa: FBT001 - the shape of every pass
        nonlocal left
        out = np.ascontiguousarray(stream.resample_chunk(np.ascontiguousarray(block.T), last=last).T[:, :left])
        left -= out.shape[1]
        return np.pad(out, ((0, 0), (0, left))) if last and left else out

    return run
