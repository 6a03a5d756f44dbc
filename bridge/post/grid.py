"""Chain step 6: does the take keep the tempo that was asked for? A small, well-measured deviation is stretched away.

Stretching is Signalsmith's (python-stretch): exact to under a millisecond over any length. Beyond the limit the take
stays as it is and is called off-grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import python_stretch

from bridge.post import tempo
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Tape
from bridge.post.tempo import Tempo
from bridge.tools.sound import Block

NAME = "grid"
LIMIT = 0.04
_SAME = 1e-4
_DRIFT_S = 0.010
_MIRRORED_S = 0.1


@dataclass(frozen=True)
class Params:
    """`ratio` is the measured tempo over the asked one: above 1 the take is too fast and becomes longer."""

    ratio: float
    frames: int


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:
    """Measure the tempo and decide; None when nothing is to be stretched. The verdict goes to `notes.tempo`."""
    heard = tempo.estimate(tape.read(), tape.rate, order.bpm, order.meter.quarters)
    verdict = _verdict(tape, order, heard)
    ratio = heard.bpm / order.bpm if heard and order.bpm and verdict == "stretched" else None
    said = asdict(heard) if heard else {"bpm": None, "offset_s": None, "confidence": 0.0}
    notes.tempo = {**said, "verdict": verdict, "stretch_ratio": ratio}
    if verdict == "off-grid" and heard and order.bpm:
        notes.warn(
            f"The take plays at {heard.bpm:.2f} BPM instead of {order.bpm:g}: it was kept as it is, off the grid."
        )
    return Params(ratio, round(tape.frames * ratio)) if ratio else None


def process(tape: Tape, params: Params) -> Tape:
    """Stretch the whole tape at once: the stretcher starts anew with every call."""

    def source() -> Iterator[Block]:
        yield stretched(tape.whole(), tape.rate, params.ratio)

    return Tape(tape.rate, tape.channels, params.frames, source)


def stretched(sound: Block, rate: int, ratio: float) -> Block:
    """Sound (channels, n) made `ratio` times as long, pitch kept, exactly `round(n * ratio)` samples."""
    stretch = python_stretch.Signalsmith.Stretch()
    stretch.preset(sound.shape[0], rate)
    stretch.setTimeFactor(1 / ratio)
    # The stretcher fades out over its last window: a mirrored tail is cut off with it.
    tail = sound[:, -1 : -1 - round(_MIRRORED_S * rate) : -1]
    out = np.asarray(stretch.process(np.concatenate((sound, tail), axis=1)), np.float32)
    return np.ascontiguousarray(out[:, : round(sound.shape[1] * ratio)])


def _verdict(tape: Tape, order: Order, heard: Tempo | None) -> str:
    if heard is None or heard.confidence < tempo.CONFIDENT:
        return "not measured"
    if order.bpm is None:
        return "no grid asked"
    deviation = abs(heard.bpm / order.bpm - 1)
    if deviation < _SAME or deviation * tape.duration_s < _DRIFT_S:
        return "on-grid"
    exact = order.exact_samples(tape.rate)
    if exact is not None and abs(tape.frames - exact) <= 1:
        return "on-grid" if deviation < LIMIT / 4 else "off-grid"
    return "stretched" if deviation <= LIMIT and tape.fits else "off-grid"
