"""Tempo and first downbeat: a comb over the onsets of the whole clip, its period and its phase fitted finely.

The bridge nearly always knows which tempo was asked for: it is the prior, and only 4 % around it is searched. When
another tempo fits the clip far better, that one is told. `bpm` counts quarter notes in every meter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.post import onsets
from bridge.post.onsets import Onsets
from bridge.tools.sound import Block

NEAR = 0.04
CONFIDENT = 0.5

_SLOWEST_BPM, _FASTEST_BPM = 50.0, 200.0
_USUAL_BPM, _OCTAVES = 110.0, 0.7
_HARMONICS = (1, 2, 4)
_FINE = 2.5e-4
_SHORTEST_S = 2.0
_RELATED = (1 / 3, 1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0, 3.0)
_FAR_BETTER = 2.0
_BINS_PER_QUARTER = 192
_EARLY_S = 0.02
_AT_THE_START = 1.25

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tempo:
    """`offset_s` is the first downbeat, `confidence` is 0 to 1 (over 0.5 the period can be relied on)."""

    bpm: float
    offset_s: float
    confidence: float


def estimate(
    blocks: Iterable[Block], rate: int, bpm_hint: float | None = None, quarters_per_bar: float = 4.0
) -> Tempo | None:
    """Measure tempo and downbeat of blocks of float32 (channels, n); None when there is too little to measure."""
    found = onsets.find(blocks, rate)
    if found.flux.size < _SHORTEST_S * found.per_s or float(found.flux.max()) <= 0:
        return None
    comb = _Comb(found)
    bpm, strength = _fit(comb, bpm_hint)
    return Tempo(
        bpm, _downbeat(found, bpm, quarters_per_bar, expected=bpm_hint is not None), _confidence(comb, strength)
    )


class _Comb:
    """How strongly the onsets repeat at a tempo: the spectrum of the flux, read at the beat and its subdivisions."""

    def __init__(self, found: Onsets) -> None:
        flux = found.flux - found.flux.mean()
        size = 1 << max(int(np.ceil(np.log2(flux.size * 2))), min(20, int(np.ceil(np.log2(flux.size * 16)))))
        self._power = np.abs(np.fft.rfft(flux * np.hanning(flux.size), size)) ** 2
        self._bins_per_bpm = size / found.per_s / 60

    def __call__(self, bpm: Floats) -> Floats:
        places = np.arange(self._power.size)
        at = np.asarray(bpm)[..., None] * self._bins_per_bpm * np.array(_HARMONICS)
        strengths: Floats = np.interp(at, places, self._power).sum(axis=-1)
        return strengths


def _fit(comb: _Comb, hint: float | None) -> tuple[float, float]:
    everywhere = np.exp(np.arange(np.log(_SLOWEST_BPM), np.log(_FASTEST_BPM), 1e-3))
    prior = np.exp(-0.5 * (np.log2(everywhere / _USUAL_BPM) / _OCTAVES) ** 2)
    anywhere = float(everywhere[np.argmax(comb(everywhere) * prior)])
    if hint is None:
        return _refine(comb, anywhere, 2e-3)
    near, strength = _refine(comb, hint, NEAR)
    best, best_strength = _refine(comb, anywhere, 2e-3)
    if best_strength <= _FAR_BETTER * strength or any(abs(best * each / hint - 1) < NEAR for each in _RELATED):
        return near, strength
    return best, best_strength


def _refine(comb: _Comb, around: float, reach: float) -> tuple[float, float]:
    """The best tempo within `reach` of `around`, by a parabola over the finest steps."""
    tempi = around * (1 + np.arange(-reach, reach + _FINE / 2, _FINE))
    strengths = comb(tempi)
    top = int(np.argmax(strengths))
    if not 0 < top < tempi.size - 1:
        return float(tempi[top]), float(strengths[top])
    left, middle, right = strengths[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(tempi[top] + shift * around * _FINE), float(middle)


def _confidence(comb: _Comb, strength: float) -> float:
    """How far the comb stands out of what all tempi together would give by chance."""
    usual = float(np.median(comb(np.linspace(_SLOWEST_BPM, _FASTEST_BPM, 2000))))
    if usual <= 0:
        return 0.0
    return float(np.clip((np.log10(strength / usual) - 0.5) / 1.5, 0, 1))


def _downbeat(found: Onsets, bpm: float, quarters_per_bar: float, *, expected: bool) -> float:
    """The first downbeat: all bars laid over each other; the beat by the flux, the bar's first one by the low band.

    Where a grid was `expected`, the clip's own beginning wins over beats that are nearly as strong: four on the floor.
    """
    bins = round(quarters_per_bar * _BINS_PER_QUARTER)
    bar_s = quarters_per_bar * 60 / bpm
    at = (np.arange(found.flux.size) / found.per_s + found.start_s) / bar_s % 1 * bins
    flux, low = _folded(at, found.flux, bins), _after(_folded(at, found.low, bins))
    pulse = _BINS_PER_QUARTER if float(quarters_per_bar).is_integer() else _BINS_PER_QUARTER // 2
    beat = flux.reshape(-1, pulse).sum(axis=0)
    bass = low.reshape(-1, pulse).sum(axis=0)
    phase = _peak(beat, int(np.argmax(beat / max(beat.max(), 1e-9) + bass / max(bass.max(), 1e-9))))
    beats = np.rint(phase + np.arange(0, bins, pulse)).astype(int) % bins
    strength = low[beats]
    if expected:
        strength[np.minimum(beats, bins - beats) / bins * bar_s < _EARLY_S] *= _AT_THE_START
    downbeat = (phase + int(np.argmax(strength)) * pulse) / bins * bar_s
    return downbeat - bar_s if downbeat > bar_s - _EARLY_S else downbeat


def _folded(at: Floats, values: npt.NDArray[np.float32], bins: int) -> Floats:
    """The values summed by their place in the bar, smoothed by about 10 ms."""
    places = np.floor(at).astype(int) % bins
    folded = np.bincount(places, values, bins) / np.maximum(1, np.bincount(places, minlength=bins))
    kernel = np.hanning(9) / np.hanning(9).sum()
    smooth: Floats = np.convolve(np.concatenate((folded[-4:], folded, folded[:4])), kernel, "valid")
    return smooth


def _after(low: Floats) -> Floats:
    """The low band's rise from just before each place to about 50 ms after: bass takes that long to speak."""
    wound = np.concatenate((low[-4:], low, low[:16]))
    summed: Floats = np.convolve(wound, np.ones(21), "valid")
    return summed


def _peak(circle: Floats, about: int) -> float:
    """The place, between bins, of the highest value within a few bins of `about` on a circle."""
    near = np.arange(about - 8, about + 9)
    top = int(near[np.argmax(np.take(circle, near, mode="wrap"))])
    left, middle, right = np.take(circle, [top - 1, top, top + 1], mode="wrap")
    bend = left - 2 * middle + right
    return (top + 0.5 + float(0.5 * (left - right) / bend if bend < 0 else 0.0)) % circle.size
