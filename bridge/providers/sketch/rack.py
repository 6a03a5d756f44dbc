"""The effects rack: one way to put sound through a chain of pedalboard plug-ins and drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np
from pedalboard import Pedalboard, Plugin  # type: ignore[attr-defined]  # it exports both without saying so

from bridge.providers.sketch.score import Sound


@dataclass(frozen=True)
class Drive:
    """Saturation by tanh, as pedalboard's Distortion does it, at a seventh of the time."""

    drive_db: float


Effect: TypeAlias = Plugin | Drive


def through(effects: Sequence[Effect], sound: Sound, rate: int) -> Sound:
    """The sound after the effects, same shape (channels, samples).

    The plug-ins are mono or stereo, so more than two channels go in pairs.
    """
    pairs = [sound[start : start + 2] for start in range(0, sound.shape[0], 2)]
    return np.concatenate([_pair_through(effects, pair, rate) for pair in pairs])


def below(hertz: float, rate: int) -> float:
    """A filter frequency that a sample rate can carry."""
    return min(hertz, 0.45 * rate)


def _pair_through(effects: Sequence[Effect], sound: Sound, rate: int) -> Sound:
    for _, group in groupby(effects, lambda effect: isinstance(effect, Drive)):
        row = list(group)
        plugins = [effect for effect in row if not isinstance(effect, Drive)]
        if plugins:
            sound = np.asarray(Pedalboard(plugins)(sound, rate, reset=True))
        for drive in row:
            if isinstance(drive, Drive):
                sound = np.asarray(np.tanh(sound * np.float32(10 ** (drive.drive_db / 20))))
    return sound
