"""Chords: a progression in the key, voiced so that hands move as little as they can."""

from __future__ import annotations

from itertools import product

from bridge.providers.sketch.score import dice
from bridge.tools.music import Key

_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# Scale degrees, 0 is the tonic; one chord a bar.
_PROGRESSIONS = {
    "major": ((0, 5, 3, 4), (0, 4, 5, 3), (0, 2, 3, 4), (1, 4, 0, 5), (0, 3, 5, 4), (3, 4, 2, 5)),
    "minor": ((0, 5, 2, 6), (0, 3, 5, 6), (0, 6, 5, 6), (0, 5, 3, 4), (0, 2, 5, 6), (5, 6, 0, 0)),
}
_LOWEST, _HIGHEST = 53, 74
_MIDDLE = 63.0

Chord = tuple[int, ...]


def progression(key: Key, seed: int) -> list[int]:
    """Four scale degrees to go round."""
    choices = _PROGRESSIONS[key.mode]
    return list(choices[int(dice(seed, 3).integers(len(choices)))])


def root(key: Key, degree: int) -> int:
    """The pitch class of a degree's root."""
    return (key.tonic + _SCALES[key.mode][degree % 7]) % 12


def chord_tones(key: Key, degree: int, *, rich: bool) -> tuple[int, ...]:
    """Pitch classes of the diatonic seventh chord on a degree, with the ninth in place of the root when `rich`.

    The bass has the root, so a rich chord leaves it out; the tonic keeps it, so that the key is plain.
    """
    if degree % 7:
        steps: tuple[int, ...] = (2, 4, 6, 8) if rich else (0, 2, 4, 6)
    else:
        steps = (0, 2, 4, 8) if rich else (0, 2, 4)
    scale = _SCALES[key.mode]
    return tuple((key.tonic + scale[(degree + step) % 7]) % 12 for step in steps)


def voicings(key: Key, degrees: list[int], *, rich: bool = True) -> list[Chord]:
    """MIDI pitches of each chord, every one the nearest to the one before (and the last near the first)."""
    played: list[Chord] = []
    for degree in degrees:
        choices = _closed(chord_tones(key, degree, rich=rich))
        before = played[-1] if played else None
        played.append(min(choices, key=lambda chord: (_distance(chord, before), chord)))
    return played


def _closed(tones: tuple[int, ...]) -> list[Chord]:
    """Every way to put the tones into the hands' range within a ninth, no semitone clash on top."""
    places = [[pitch for pitch in range(_LOWEST, _HIGHEST + 1) if pitch % 12 == tone] for tone in tones]
    chords = {tuple(sorted(chord)) for chord in product(*places)}
    near = [chord for chord in chords if chord[-1] - chord[0] <= 14 and chord[-1] - chord[-2] > 1]  # noqa: PLR2004
    return sorted(near or chords)


def _distance(chord: Chord, before: Chord | None) -> float:
    lean = abs(sum(chord) / len(chord) - _MIDDLE) / 2  # keeps the hands from wandering off
    if before is None:
        return lean
    return lean + sum(min(abs(pitch - other) for other in before) for pitch in chord)
