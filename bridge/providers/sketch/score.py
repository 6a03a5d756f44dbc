"""What is written down before it is played: beats in time, drum hits and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bridge.tools.music import Meter

Sound: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Time:
    """Where beats lie in samples. Positions are quarter notes from the start, each rounded once: nothing drifts."""

    bpm: float
    meter: Meter
    rate: int
    bars: int
    frames: int

    def samples(self, quarters: float) -> int:
        """The sample on which a position falls."""
        return round(quarters * 60 * self.rate / self.bpm)

    def seconds(self, quarters: float) -> float:
        """How long some quarter notes last."""
        return quarters * 60 / self.bpm

    def bar_start(self, bar: int) -> float:
        """Where a bar begins, in quarter notes."""
        return bar * self.meter.quarters


@dataclass(frozen=True)
class Hit:
    """One stroke on the kit. `late_s` is the player's hand, never more than a few milliseconds off the grid."""

    at_quarters: float
    sound: str
    velocity: float
    late_s: float = 0.0


@dataclass(frozen=True)
class Note:
    """Pitches (MIDI numbers) struck together."""

    at_quarters: float
    length_quarters: float
    pitches: tuple[int, ...]
    velocity: float


def dice(seed: int, part: int) -> np.random.Generator:
    """The chance that one part plays by: leaving another part out never changes it."""
    return np.random.Generator(np.random.PCG64([seed, part]))


def lay(track: Sound, sound: Sound, at_samples: int, gain: float = 1.0) -> None:
    """Adds a sound to a track from a sample on; both have shape (channels, samples), what does not fit is cut."""
    start = max(at_samples, 0)
    length = min(sound.shape[1] - (start - at_samples), track.shape[1] - start)
    if length > 0:
        head = start - at_samples
        track[:, start : start + length] += sound[:, head : head + length] * np.float32(gain)
