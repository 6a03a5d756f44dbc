"""Chain step 4: a mono clip gets a mono answer, everything else is stereo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.errors import Reject
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Tape
from bridge.tools.sound import Block

NAME = "channels"
_STEREO = 2


@dataclass(frozen=True)
class Params:
    """How many channels come in and go out."""

    before: int
    after: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:  # noqa: ARG001 - every step is asked alike
    """Compare with the source; without one the engine's own channels stay.

    Raises:
        Reject: `too_many_channels`: a surround file cannot be folded without knowing its layout.
    """
    if tape.channels > _STEREO:
        hint = "Ask the engine for stereo; the original is kept."
        raise Reject("too_many_channels", f"The engine returned {tape.channels} channels.", hint)
    wanted = min(notes.source.channels, _STEREO) if notes.source else tape.channels
    if wanted == tape.channels:
        return None
    if wanted == 1:
        notes.warn("The clip sent is mono: the engine's left and right were mixed in equal parts.")
    return Params(tape.channels, wanted)


def process(tape: Tape, params: Params) -> Tape:
    """Mix down in equal parts, or double mono."""

    def run(block: Block, last: bool) -> Block:  # noqa: ARG001, FBT001 - the shape of every pass
        if params.after == 1:
            mono: Block = block.mean(axis=0, keepdims=True, dtype=np.float32)
            return mono
        return np.repeat(block, params.after, axis=0)

    return tape.through(lambda: run, channels=params.after)
