"""Integrated loudness by ITU-R BS.1770-5: K-weighting with pedalboard's filters, 400 ms blocks, two gates.

The shelf and the two one-pole-pair high-passes equal the standard's filters within 0.006 dB from 20 Hz to 20 kHz at
every rate, once the constant below is added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pedalboard import Chain, HighpassFilter, HighShelfFilter

from bridge.tools.sound import Block

_OFFSET_LUFS = -0.691
_FILTERS_DB = 0.0433
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_HOPS_PER_S = 10
_HOPS_PER_BLOCK = 4


@dataclass(frozen=True)
class Loudness:
    """`lufs` is None for silence; `short` says that the clip was under 400 ms and measured as one ungated block."""

    lufs: float | None
    short: bool


class LoudnessMeter:
    """Reads blocks of float32 (channels, n) one after the other; `result()` closes the account.

    Mono counts as dual mono, as it will be heard from two loudspeakers. More than two channels all weigh 1.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._weight = 2.0 if channels == 1 else 1.0
        self._filter = Chain(
            [
                HighShelfFilter(cutoff_frequency_hz=1500.3, gain_db=3.99984, q=math.sqrt(0.5)),
                HighpassFilter(cutoff_frequency_hz=38.135),
                HighpassFilter(cutoff_frequency_hz=38.135),
            ]
        )
        self._frames = 0
        self._open = self._total = 0.0
        self._hops: list[npt.NDArray[np.float64]] = []

    def feed(self, block: Block) -> None:
        """Take in the next block."""
        heard = self._filter(block, self._rate, reset=False)
        with np.errstate(invalid="ignore", over="ignore"):  # broken samples are the sanity step's to refuse
            power = np.einsum("cn,cn->n", heard, heard)
        edges = self._edges(power.size)
        cuts = np.concatenate(([0], edges)) if edges.size == 0 or edges[0] else edges
        sums = np.add.reduceat(power, cuts, dtype=np.float64)
        if edges.size and edges[0] == 0:
            sums = np.concatenate(([0.0], sums))
        self._total += float(sums.sum())
        sums[0] += self._open
        self._open = float(sums[-1])
        self._hops.append(sums[:-1])
        self._frames += power.size

    def result(self) -> Loudness:
        """The integrated loudness of all that was fed."""
        hops = np.concatenate([*self._hops, [self._open]] if self._on_edge() else self._hops or [np.zeros(0)])
        if hops.size < _HOPS_PER_BLOCK:
            return Loudness(self._lufs(self._total / self._frames) if self._frames else None, short=True)
        sums = np.convolve(hops, np.ones(_HOPS_PER_BLOCK), "valid")
        return Loudness(self._gated(sums / (self._rate * _HOPS_PER_BLOCK / _HOPS_PER_S)), short=False)

    def _edges(self, size: int) -> npt.NDArray[np.intp]:
        """Where hops of 100 ms end inside the next `size` samples; rounded, for 22050 Hz has no whole hops."""
        first = math.floor(self._frames * _HOPS_PER_S / self._rate)
        count = math.ceil(size * _HOPS_PER_S / self._rate) + 2
        edges = np.rint(np.arange(first, first + count + 1) * (self._rate / _HOPS_PER_S)).astype(np.intp) - self._frames
        inside: npt.NDArray[np.intp] = edges[(edges >= 0 if self._frames else edges > 0) & (edges < size)]
        return inside

    def _on_edge(self) -> bool:
        """Whether the last sample ends a hop."""
        return (
            self._frames > 0
            and round(round(self._frames * _HOPS_PER_S / self._rate) * self._rate / _HOPS_PER_S) == self._frames
        )

    def _gated(self, powers: npt.NDArray[np.float64]) -> float | None:
        loud = powers[powers > self._power(_ABSOLUTE_GATE_LUFS)]
        if not loud.size:
            return None
        loud = loud[loud > float(loud.mean()) * 10 ** (_RELATIVE_GATE_LU / 10)]
        return self._lufs(float(loud.mean()))

    def _power(self, lufs: float) -> float:
        return float(10 ** ((lufs - _OFFSET_LUFS - _FILTERS_DB) / 10)) / self._weight

    def _lufs(self, power: float) -> float | None:
        lufs = _OFFSET_LUFS + _FILTERS_DB + 10 * math.log10(power * self._weight) if power > 0 else -math.inf
        return lufs if lufs > _ABSOLUTE_GATE_LUFS else None
