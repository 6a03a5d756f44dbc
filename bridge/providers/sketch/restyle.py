"""Gives sound a new colour — tape, telephone, space … — with pedalboard chains whose depth is the `strength`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pedalboard import (
    Chorus,
    Compressor,
    Delay,
    HighpassFilter,
    HighShelfFilter,
    LowpassFilter,
    LowShelfFilter,
    PeakFilter,
    Reverb,
)

from bridge.providers.sketch.rack import Drive, Effect, below, through
from bridge.providers.sketch.score import Sound, dice
from bridge.providers.sketch.texture import crackle, hiss

_HIGHEST_PEAK = 0.98
_QUIETEST_RMS = 1e-6
_NOMINAL_RMS = 10 ** (-18 / 20)  # every chain is driven at this level, however loud the clip is
_HISS = 10 ** (-60 / 20)


@dataclass(frozen=True)
class Room:
    """What a chain has to know of the sound it colours: its rate, its tempo, and the loop that its LFOs must fit."""

    rate: int
    bpm: float | None = None
    loop_s: float | None = None

    def lfo(self, hertz: float) -> float:
        """The nearest LFO speed that comes round with the loop."""
        return max(1, round(hertz * self.loop_s)) / self.loop_s if self.loop_s else hertz

    @property
    def echo_s(self) -> float:
        """A dotted eighth note, or what feels like one when the tempo is not known."""
        return min(0.75 * 60 / self.bpm, 1.5) if self.bpm else 0.36


def restyle(sound: Sound, styles: Sequence[str], strength: float, seed: int, room: Room) -> Sound:
    """The sound in its new colours, as loud as before by RMS and never clipping.

    Shape (channels, samples) stays. `strength` 0 gives the very same samples back, 1 the full effect.
    """
    if strength == 0 or not styles or not sound.size:
        return sound
    before = _rms(sound)
    if before < _QUIETEST_RMS:
        return sound
    coloured = through(chain(styles, strength, room), sound * np.float32(_NOMINAL_RMS / before), room.rate)
    coloured += _dust(coloured.shape, styles, strength, seed, room.rate)
    level = min(before / _rms(coloured), _HIGHEST_PEAK / float(np.max(np.abs(coloured))))
    return np.asarray(coloured * np.float32(level))


def chain(styles: Sequence[str], strength: float, room: Room) -> list[Effect]:
    """The effects for some styles, in order, each as deep as `strength` (0 … 1) says."""
    return [effect for style in styles for effect in _CHAINS[style](strength, room)]


def _tape(s: float, room: Room) -> list[Effect]:
    low = LowpassFilter(below(_between(18_000, 4_200, s), room.rate))
    return [
        HighpassFilter(_between(20, 90, s)),
        Drive(10 * s),
        low,
        LowpassFilter(below(low.cutoff_frequency_hz * 1.3, room.rate)),
    ]


def _vinyl(s: float, room: Room) -> list[Effect]:
    return [HighpassFilter(_between(20, 55, s)), LowpassFilter(below(_between(18_000, 8_500, s), room.rate))]


def _telephone(s: float, room: Room) -> list[Effect]:
    low, high = _between(20, 420, s), below(_between(18_000, 2_900, s), room.rate)
    band = [HighpassFilter(low), HighpassFilter(low), LowpassFilter(high), LowpassFilter(high)]
    return [*band, Drive(15 * s), HighpassFilter(low), LowpassFilter(high)]


def _space(s: float, _room: Room) -> list[Effect]:
    return [Reverb(room_size=0.55 + 0.33 * s, damping=0.4, wet_level=0.3 * s, dry_level=0.5 - 0.15 * s, width=1.0)]


def _heavy(s: float, room: Room) -> list[Effect]:
    squeeze = Compressor(threshold_db=-22, ratio=1 + 4 * s, attack_ms=4, release_ms=90)
    return [HighpassFilter(_between(20, 60, s)), squeeze, Drive(24 * s),
            LowpassFilter(below(_between(18_000, 7_000, s), room.rate))]  # fmt: skip


def _warm(s: float, room: Room) -> list[Effect]:
    return [LowShelfFilter(240, 3.5 * s), HighShelfFilter(below(4_200, room.rate), -6 * s), Drive(4 * s)]


def _bright(s: float, room: Room) -> list[Effect]:
    return [
        HighpassFilter(_between(20, 60, s)),
        PeakFilter(320, -3 * s, 0.8),
        HighShelfFilter(below(5_500, room.rate), 6 * s),
    ]


def _dreamy(s: float, room: Room) -> list[Effect]:
    return [
        Chorus(rate_hz=room.lfo(0.7), depth=0.28 * s, centre_delay_ms=9, feedback=0.1, mix=0.45 * s),
        Delay(delay_seconds=room.echo_s, feedback=0.3, mix=0.24 * s),
        Reverb(room_size=0.7, damping=0.5, wet_level=0.18 * s, dry_level=0.5 - 0.08 * s, width=1.0),
    ]


def _polish(s: float, room: Room) -> list[Effect]:
    return [
        HighpassFilter(_between(20, 32, s)),
        LowShelfFilter(110, 1.8 * s),
        HighShelfFilter(below(7_500, room.rate), 2.4 * s),
        Compressor(threshold_db=-22, ratio=1 + 1.2 * s, attack_ms=15, release_ms=140),
        Reverb(room_size=0.22, damping=0.6, wet_level=0.07 * s, dry_level=0.5, width=0.9),
    ]


_CHAINS: dict[str, Callable[[float, Room], list[Effect]]] = {
    "tape": _tape, "vinyl": _vinyl, "telephone": _telephone, "space": _space, "heavy": _heavy, "warm": _warm,
    "bright": _bright, "dreamy": _dreamy, "polish": _polish,
}  # fmt: skip


def _dust(shape: tuple[int, int], styles: Sequence[str], strength: float, seed: int, rate: int) -> Sound:
    """Hiss under tape and crackle under vinyl, for a sound at the nominal level."""
    chance, dust = dice(seed, 30), np.zeros(shape, np.float32)
    if "tape" in styles or "vinyl" in styles:
        dust += hiss(*shape, rate, chance) * np.float32(_HISS * strength)
    if "vinyl" in styles:
        dust += crackle(*shape, rate, chance) * np.float32(_NOMINAL_RMS * strength)
    return dust


def _rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def _between(dry: float, full: float, strength: float) -> float:
    """A frequency on the way from the dry to the full setting, in equal musical steps."""
    return float(dry * (full / dry) ** strength)
