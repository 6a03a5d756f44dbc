"""The bass: roots under the chords, in the pocket of the kick, with a step into the next bar."""

from __future__ import annotations

import numpy as np

from bridge.providers.sketch import harmony
from bridge.providers.sketch.groove import pattern, pulses, swung
from bridge.providers.sketch.plan import Plan
from bridge.providers.sketch.score import Note, Sound, Time, dice, lay
from bridge.providers.sketch.tone import released, run, voice
from bridge.tools.music import Key

_LOWEST = 31  # G1, 49 Hz
_RELEASE_S = 0.03
_PEAK = 0.36


def play_bass(plan: Plan, time: Time, track: Sound) -> None:
    """Adds the bass to a stereo track, the same on both sides, so that it survives mono."""
    cache: dict[tuple[int, int], Sound] = {}
    for note in bass_notes(plan, time):
        length = time.samples(note.length_quarters)
        key = (note.pitches[0], length)
        if key not in cache:
            cache[key] = _string(*key, time.rate)
        lay(track, cache[key], time.samples(note.at_quarters), note.velocity * _PEAK)


def bass_notes(plan: Plan, time: Time) -> list[Note]:
    """The bass line: one root a bar and more, never two notes at once."""
    assert plan.key is not None
    degrees = harmony.progression(plan.key, plan.seed)
    chance = dice(plan.seed, 4)
    notes: list[Note] = []
    for bar in range(time.bars):
        here, following = (degrees[index % len(degrees)] for index in (bar, bar + 1))
        line = _line(plan, time, bar, (here, following), chance)
        ends = [*(at for at, _ in line[1:]), time.meter.quarters]
        start = time.bar_start(bar)
        notes += [
            Note(
                start + at,
                min((end - at) * 0.9, _longest(plan)),
                (pitch,),
                1.0 if at == 0 else chance.uniform(0.8, 0.95),
            )
            for (at, pitch), end in zip(line, ends, strict=True)
        ]
    return notes


def _line(
    plan: Plan, time: Time, bar: int, degrees: tuple[int, int], chance: np.random.Generator
) -> list[tuple[float, int]]:
    """One bar as (position, pitch), positions in quarter notes from the bar line."""
    assert plan.key is not None
    low = _pitch(harmony.root(plan.key, degrees[0]))
    if plan.voice == "pad" or "drums" not in plan.parts:
        return [(0.0, low)]
    if plan.beat == "brushes":
        return _walk(plan.key, degrees, pulses(time.meter)[:-1])
    if plan.beat == "four":
        return [(beat + 0.5, low + (12 if chance.random() < 0.2 else 0)) for beat in pulses(time.meter)[:-1]]  # noqa: PLR2004
    kicks = [swung(at, plan) for at, _ in pattern(plan, time.meter, answer=bar % 2 == 1).kicks]
    line = [(at, low) for at in kicks]
    if len(line) > 1 and chance.random() < 0.4:  # noqa: PLR2004 - less than every other bar
        line[-1] = (line[-1][0], _approach(plan.key, degrees[1], low))
    return line


def _walk(key: Key, degrees: tuple[int, int], beats: tuple[float, ...]) -> list[tuple[float, int]]:
    """Quarter notes up the chord and a step into the next root."""
    low = _pitch(harmony.root(key, degrees[0]))
    tones = sorted(low + (tone - low) % 12 for tone in harmony.chord_tones(key, degrees[0], rich=False))
    line = [(beat, tones[index % len(tones)]) for index, beat in enumerate(beats)]
    return [*line[:-1], (beats[-1], _approach(key, degrees[1], line[-1][1]))] if len(beats) > 1 else line


def _approach(key: Key, degree: int, near: int) -> int:
    """The scale tone just below the next root, or just above it where that is nearer to the hand."""
    target = _pitch(harmony.root(key, degree))
    below = target - (harmony.root(key, degree) - harmony.root(key, degree - 1)) % 12
    above = target + (harmony.root(key, degree + 1) - harmony.root(key, degree)) % 12
    return min((below, above), key=lambda pitch: (abs(pitch - near), pitch))


def _pitch(tone: int) -> int:
    return _LOWEST + (tone - _LOWEST) % 12


def _longest(plan: Plan) -> float:
    return 0.42 if plan.beat == "four" and "drums" in plan.parts else 8.0


def _string(pitch: int, length: int, rate: int) -> Sound:
    """A round, plucked string: few harmonics that fade faster than their root, rounded off by tanh."""
    t, turns = run(pitch, length + round(_RELEASE_S * rate), rate)
    tone = voice(turns, 3, 1.6) + 0.5 * np.exp(-t * 5) * voice(turns, 12, 1.0)
    envelope = np.minimum(t / 0.003, 1) * (0.35 + 0.65 * np.exp(-t * 1.3))
    return released(np.tanh(1.3 * tone * envelope), length)
