"""True peak by ITU-R BS.1770-5 Annex 2: the highest point of the curve between the samples, 4 times oversampled.

The interpolator is a Hann-windowed sinc of 49 taps (libebur128's): 4 times below 96 kHz, 2 times below 192 kHz. It runs
as one matrix product over short rows, and only over rows that can still exceed the highest point so far: a row's
curve cannot rise above its largest sample times the sum of the filter's absolute taps.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bridge.tools.sound import Block

_TAPS = 49
_ROW = 32
_FIRST = 64


class TruePeakMeter:
    """Reads blocks of float32 (channels, n) one after the other; `peak` is the highest absolute value so far."""

    def __init__(self, rate: int, channels: int) -> None:
        phases = _phases(4 if rate < 96000 else 2 if rate < 192000 else 1)  # noqa: PLR2004 - Annex 2
        self._reach = phases.shape[1] - 1 if phases.size else 0
        self._rise = float(np.abs(phases).sum(axis=1).max()) if phases.size else 0.0
        self._matrix = _toeplitz(phases) if phases.size else None
        self._tail = np.zeros((channels, self._reach), np.float32)
        self.sample_peak = 0.0
        self._curve = 0.0

    @property
    def peak(self) -> float:
        """The highest absolute value so far, between the samples and on them."""
        return max(self.sample_peak, self._curve)

    def feed(self, block: Block) -> None:
        """Take in the next block."""
        with np.errstate(invalid="ignore", over="ignore"):  # broken samples are the sanity step's to refuse
            self._take_in(block)

    def _take_in(self, block: Block) -> None:
        self.sample_peak = max(self.sample_peak, float(block.max()), -float(block.min()))
        if self._matrix is not None:
            self._look(np.concatenate((self._tail, block), axis=1))
            self._tail = np.concatenate((self._tail, block[:, -self._reach :]), axis=1)[:, -self._reach :]

    def finish(self) -> float:
        """Let the curve fade out behind the last sample, and return the true peak as a factor of full scale."""
        if self._matrix is not None:
            self._look(np.concatenate((self._tail, np.zeros_like(self._tail)), axis=1))
        return self.peak

    def _look(self, samples: Block) -> None:
        channels, size = samples.shape
        rows = -(-(size - self._reach) // _ROW)
        padded = np.zeros((channels, rows * _ROW + self._reach), np.float32)
        padded[:, :size] = samples
        windows = np.lib.stride_tricks.sliding_window_view(padded, _ROW + self._reach, axis=1)[:, ::_ROW]
        bound = self._bounds(padded, rows) * self._rise
        order = np.argpartition(bound.ravel(), -min(_FIRST, bound.size))[-_FIRST:] if bound.size > _FIRST else None
        if order is not None:
            self._raise_to(windows, np.unravel_index(order, bound.shape))
        self._raise_to(windows, np.nonzero(bound > self.peak))

    def _bounds(self, padded: Block, rows: int) -> npt.NDArray[np.float32]:
        """The largest absolute sample that each row's curve depends on."""
        highest = np.abs(padded[:, : rows * _ROW]).reshape(padded.shape[0], rows, _ROW).max(axis=2)
        last = np.abs(padded[:, rows * _ROW :]).max(axis=1, keepdims=True)
        following = np.concatenate((highest[:, 1:], last), axis=1)
        bounds: npt.NDArray[np.float32] = np.maximum(highest, following)
        return bounds

    def _raise_to(self, windows: Block, at: tuple[npt.NDArray[np.intp], ...]) -> None:
        if at[0].size and self._matrix is not None:
            curve = windows[at] @ self._matrix
            self._curve = max(self._curve, float(curve.max()), -float(curve.min()))


def dbtp(peak: float) -> float | None:
    """A peak factor in dB relative to full scale; None for silence."""
    return 20 * math.log10(peak) if peak > 0 else None


def _phases(factor: int) -> npt.NDArray[np.float64]:
    """The filters of the points between two samples, (factor - 1, taps); none when the rate is high enough."""
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(at / factor) * (0.5 + 0.5 * np.cos(2 * np.pi * at / (_TAPS - 1)))
    padded = np.concatenate((taps, np.zeros(-_TAPS % factor)))
    return padded.reshape(-1, factor).T[1:]


def _toeplitz(phases: npt.NDArray[np.float64]) -> Block:
    """The matrix that turns a row of `_ROW` + reach samples into its points between, (row + reach, phases x row)."""
    count, taps = phases.shape
    matrix = np.zeros((_ROW + taps - 1, count, _ROW), np.float32)
    for place in range(_ROW):
        matrix[place : place + taps, :, place] = phases[:, ::-1].T
    return matrix.reshape(_ROW + taps - 1, count * _ROW)
