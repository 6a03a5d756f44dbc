"""What every played note is made of: time, phase, a cycle of harmonics, and a release without a click."""

from __future__ import annotations

from functools import cache

import numpy as np

from bridge.providers.sketch.score import Sound

_CYCLE = 1 << 15


def run(pitch: float, frames: int, rate: int) -> tuple[Sound, Sound]:
    """Seconds and turns (0 … 1 within each cycle, so that float32 stays exact) of a note; `pitch` is a MIDI number."""
    turns = np.arange(frames) * (440 * 2 ** ((pitch - 69) / 12) / rate)
    turns -= np.floor(turns)
    return np.arange(frames, dtype=np.float32) / np.float32(rate), turns.astype(np.float32)


def sine(turns: Sound) -> Sound:
    """The sine of a phase in turns."""
    return np.asarray(np.sin(turns * np.float32(2 * np.pi)))


def voice(turns: Sound, harmonics: int, slope: float) -> Sound:
    """A rich tone: harmonics up to a number, each softer by 1/n^`slope`; its peak is 1."""
    return np.asarray(np.take(_cycle(harmonics, slope), (turns * np.float32(_CYCLE)).astype(np.int32), mode="wrap"))


def released(tone: Sound, length: int) -> Sound:
    """The tone let go after `length` samples: the rest is a smooth way to silence. Shape (1, samples)."""
    fade = tone.size - length
    tone[length:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fade, dtype=np.float32))
    return tone[None]


@cache
def _cycle(harmonics: int, slope: float) -> Sound:
    spectrum = np.zeros(_CYCLE // 2 + 1, np.complex128)
    order = np.arange(1, harmonics + 1)
    spectrum[order] = -1j * order**-slope
    wave = np.fft.irfft(spectrum, _CYCLE)
    return np.asarray(wave / np.max(np.abs(wave)), np.float32)
