"""Where notes begin: the spectral flux of a clip, about 190 values a second, for the tempo fit.

Log-compressed half-wave rectified flux over short windows of the mono mix, taken down to about 12 kHz; the low band
(kick and bass) is kept apart because it tells where bars begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.tools.sound import Block

_RATE_HZ = 12000
_WINDOW = 256
_HOP = 64
_LOW_BINS = 5
_COMPRESS = np.float32(100)
_ENTERS = 0.665
"""How far into the window an onset lies when the flux peaks (measured with clicks and drum hits)."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Onsets:
    """`flux` and its `low` part, one value each `1 / per_s` seconds; the first stands for time `start_s`."""

    flux: Floats
    low: Floats
    per_s: float
    start_s: float


def find(blocks: Iterable[Block], rate: int) -> Onsets:
    """The onset strengths of blocks of float32 (channels, n) at `rate` Hz, read once."""
    step = max(1, round(rate / _RATE_HZ))
    before: Floats | None = None
    flux: list[Floats] = []
    low: list[Floats] = []
    for frames in _frames(_mono(blocks, step)):
        heard = np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32)
        heard = np.concatenate((heard[:1] if before is None else before, heard))
        flux.append(np.maximum(np.diff(np.log1p(heard * _COMPRESS), axis=0), 0).sum(axis=1))
        low.append(np.maximum(np.diff(heard[:, 1:_LOW_BINS].sum(axis=1)), 0))
        before = heard[-1:]
    return Onsets(_joined(flux), _joined(low), rate / step / _HOP, _WINDOW * _ENTERS * step / rate)


def _mono(blocks: Iterable[Block], step: int) -> Iterator[Floats]:
    """The mono mix, each `step` samples averaged to one."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate((rest, block.mean(axis=0, dtype=np.float32)))
        whole = rest.size // step * step
        yield rest[:whole].reshape(-1, step).mean(axis=1)
        rest = rest[whole:]


def _frames(parts: Iterable[Floats]) -> Iterator[Floats]:
    """Windowed frames (frames, samples) that overlap across the parts."""
    window, waiting = np.hanning(_WINDOW).astype(np.float32), np.zeros(0, np.float32)
    for part in parts:
        waiting = np.concatenate((waiting, part))
        if waiting.size >= _WINDOW:
            frames = np.lib.stride_tricks.sliding_window_view(waiting, _WINDOW)[::_HOP]
            yield frames * window
            waiting = waiting[len(frames) * _HOP :]


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
