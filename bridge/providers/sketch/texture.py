"""What lies under old recordings: tape hiss and vinyl crackle, the same for the same seed."""

from __future__ import annotations

import numpy as np
from pedalboard import HighpassFilter, LowpassFilter

from bridge.providers.sketch.rack import below, through
from bridge.providers.sketch.score import Sound, lay

_CRACKLES_PER_S = 7.0


def hiss(channels: int, frames: int, rate: int, chance: np.random.Generator) -> Sound:
    """Tape noise of RMS about 1, shape (channels, frames)."""
    noise = chance.standard_normal((channels, frames), dtype=np.float32)
    return through([HighpassFilter(700), LowpassFilter(below(7_000, rate))], noise, rate)


def crackle(channels: int, frames: int, rate: int, chance: np.random.Generator) -> Sound:
    """Dust and scratches: short pops at random places, most of them small, the largest about 1."""
    track = np.zeros((channels, frames), np.float32)
    for _ in range(int(chance.poisson(_CRACKLES_PER_S * frames / rate))):
        length = round(chance.uniform(0.0006, 0.003) * rate) + 2
        pop = chance.standard_normal(length) * np.exp(-np.linspace(0, 5, length))
        side = chance.uniform(0.5, 1.0, (channels, 1))
        size = min(0.12 * chance.lognormal(0, 0.8), 1.0)
        lay(track, (side * pop).astype(np.float32), int(chance.integers(max(frames - length, 1))), size)
    return track
