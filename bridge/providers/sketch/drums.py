"""The drum kit: every drum is built from sines and noise, then struck where the groove says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bridge.providers.sketch.groove import drum_hits
from bridge.providers.sketch.plan import Plan
from bridge.providers.sketch.score import Sound, Time, dice, lay

Wave: TypeAlias = npt.NDArray[np.float64]

# Peak of each drum at full velocity, and where it stands: -1 is left, +1 right.
_BALANCE = {
    "kick": (0.85, 0.0), "snare": (0.62, 0.0), "clap": (0.5, 0.0), "brush": (0.3, -0.1), "ghost": (0.34, 0.05),
    "hat": (0.26, 0.25), "open hat": (0.22, 0.25),
}  # fmt: skip
_HANDS_S = (0.0, 0.011, 0.021)
_TAKES = 3  # each noisy drum is built so many times and struck in turn, so that no two neighbours are equal


def play_drums(plan: Plan, time: Time, track: Sound) -> None:
    """Adds the drums to a stereo track of shape (2, samples)."""
    kit = {name: _takes(plan.seed, name, time.rate) for name in _BALANCE}
    for count, hit in enumerate(drum_hits(plan, time)):
        takes = kit[hit.sound]
        at = time.samples(hit.at_quarters) + round(hit.late_s * time.rate)
        lay(track, takes[count % len(takes)], at, hit.velocity)


def _takes(seed: int, name: str, rate: int) -> list[Sound]:
    peak, pan = _BALANCE[name]
    chance = dice(seed, 20 + list(_BALANCE).index(name))
    sides = np.array([[np.sqrt((1 - pan) / 2)], [np.sqrt((1 + pan) / 2)]]) * np.sqrt(2)
    return [(sides * _peaked(_DRUMS[name](rate, chance), peak, rate)).astype(np.float32) for _ in range(_TAKES)]


def _kick(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.42, rate)
    hertz = 46 + 95 * np.exp(-t * 32) + 320 * np.exp(-t * 260)
    body = np.sin(2 * np.pi * np.cumsum(hertz) / rate) * np.exp(-t * 7.5)
    beater = _noise(t.size, rate, chance, 1_500, 7_000) * np.exp(-t * 380)
    return np.tanh(1.7 * body) + 0.10 * beater


def _snare(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.3, rate)
    shell = np.sin(2 * np.pi * (182 * t - 0.7 * np.exp(-t * 70))) * np.exp(-t * 21)
    shell += 0.5 * np.sin(2 * np.pi * 331 * t) * np.exp(-t * 30)
    wires = _noise(t.size, rate, chance, 750, 10_000) * (np.exp(-t * 19) + 0.5 * np.exp(-t * 90))
    return np.tanh(0.75 * shell + 0.62 * wires)


def _ghost(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.14, rate)
    shell = np.sin(2 * np.pi * 182 * t) * np.exp(-t * 34)
    return 0.7 * shell + 0.4 * _noise(t.size, rate, chance, 900, 6_000) * np.exp(-t * 42)


def _clap(rate: int, chance: np.random.Generator) -> Wave:
    """Three hands that are not quite together, and the room after them."""
    t = _seconds(0.32, rate)
    envelope = 0.9 * np.exp(-t * 17) * (t > _HANDS_S[-1])
    for late_s in _HANDS_S:
        envelope += np.exp(-np.maximum(t - late_s, 0) * 190) * (t >= late_s)
    return _noise(t.size, rate, chance, 900, 7_500) * envelope


def _brush(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.26, rate)
    return _noise(t.size, rate, chance, 1_000, 8_000) * np.minimum(t / 0.006, 1) * np.exp(-t * 17)


def _hat(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.09, rate)
    return _noise(t.size, rate, chance, 7_200, 15_000) * (np.exp(-t * 75) + 0.3 * np.exp(-t * 30))


def _open_hat(rate: int, chance: np.random.Generator) -> Wave:
    t = _seconds(0.34, rate)
    return _noise(t.size, rate, chance, 6_800, 15_000) * np.exp(-t * 11)


_DRUMS: dict[str, Callable[[int, np.random.Generator], Wave]] = {
    "kick": _kick, "snare": _snare, "ghost": _ghost, "clap": _clap, "brush": _brush, "hat": _hat,
    "open hat": _open_hat,
}  # fmt: skip


def _seconds(length_s: float, rate: int) -> Wave:
    return np.arange(round(length_s * rate)) / rate


def _noise(frames: int, rate: int, chance: np.random.Generator, low_hz: float, high_hz: float) -> Wave:
    """White noise between two frequencies, falling off as a second-order filter would; its RMS is 1."""
    spectrum = np.fft.rfft(chance.standard_normal(frames))
    hertz = np.fft.rfftfreq(frames, 1 / rate)
    hertz[0] = 1e-3
    spectrum *= 1 / (1 + (low_hz / hertz) ** 4) / (1 + (hertz / high_hz) ** 4)
    shaped = np.fft.irfft(spectrum, frames)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def _peaked(sound: Wave, peak: float, rate: int) -> Wave:
    """The sound at a peak level, its last ten milliseconds faded so that it ends without a click."""
    fade = min(round(0.01 * rate), sound.size)
    sound[-fade:] *= np.linspace(1, 0, fade)
    return np.asarray(sound * (peak / np.max(np.abs(sound))))
