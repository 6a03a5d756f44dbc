"""The chords: an electric piano, a pad or a pluck, made of few sines and voiced by `harmony`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bridge.providers.sketch import harmony
from bridge.providers.sketch.groove import pulses, swung
from bridge.providers.sketch.plan import Plan
from bridge.providers.sketch.score import Note, Sound, Time, dice, lay
from bridge.providers.sketch.tone import released, run, sine, voice

_STRUM_S = 0.007
_STABS = ((0.5, 1.5, 2.5, 3.5), (0.0, 0.75, 1.5, 2.5, 3.25), (0.5, 1.25, 2.5, 3.25), (0.0, 1.5, 2.25, 3.5))
_PEAKS = {"electric piano": 0.25, "pad": 0.15, "pluck": 0.26}  # of one note


def play_chords(plan: Plan, time: Time, track: Sound) -> None:
    """Adds the chords to a stereo track of shape (2, samples)."""
    cache: dict[tuple[tuple[int, ...], int], Sound] = {}
    for note in chord_notes(plan, time):
        key = (note.pitches, time.samples(note.length_quarters))
        if key not in cache:
            cache[key] = _chord(plan, *key, time.rate)
        lay(track, cache[key], time.samples(note.at_quarters), note.velocity)


def chord_notes(plan: Plan, time: Time) -> list[Note]:
    """One chord a bar, in the rhythm that the voice likes."""
    assert plan.key is not None
    chords = harmony.voicings(plan.key, harmony.progression(plan.key, plan.seed))
    chance = dice(plan.seed, 5)
    strokes = _strokes(plan, time, chance)
    return [
        Note(time.bar_start(bar) + at, length, chords[bar % len(chords)], velocity * chance.uniform(0.92, 1.0))
        for bar in range(time.bars)
        for at, length, velocity in strokes
    ]


def _strokes(plan: Plan, time: Time, chance: np.random.Generator) -> list[tuple[float, float, float]]:
    """Position, length and velocity of each stroke in a bar, in quarter notes."""
    quarters, beats = time.meter.quarters, pulses(time.meter)[:-1]
    if plan.voice == "pad" or len(beats) == 1:
        return [(0.0, quarters, 1.0)]
    if plan.voice == "pluck":
        off_beats = tuple(beat + 0.5 for beat in beats if beat + 0.5 < quarters)
        places = _STABS[int(chance.integers(len(_STABS)))] if beats == (0.0, 1.0, 2.0, 3.0) else off_beats
        return [(swung(at, plan), 0.3, 1.0 if at == places[0] else 0.88) for at in places]
    middle = beats[len(beats) // 2]
    second = (middle - 0.5, middle, middle + 0.5)[int(chance.integers(3))]
    second = swung(second if 0 < second < quarters - 0.25 else middle, plan)
    return [(0.0, second * 0.97, 1.0), (second, (quarters - second) * 0.97, 0.8)]


def _chord(plan: Plan, pitches: tuple[int, ...], length: int, rate: int) -> Sound:
    """One struck chord in stereo, low notes to the left as on a keyboard."""
    instrument, peak = _VOICES[plan.voice], _PEAKS[plan.voice]
    strum = 0 if plan.voice == "pad" else round(_STRUM_S * rate)
    notes = [instrument(pitch, length, rate) for pitch in pitches]
    chord = np.zeros((2, max(note.shape[1] for note in notes) + strum * len(notes)), np.float32)
    for index, note in enumerate(notes):
        lean = 0.25 * (index / max(len(notes) - 1, 1) - 0.5)
        lay(chord, note * np.array([[1 - lean], [1 + lean]], np.float32), index * strum, peak)
    return chord


def _electric_piano(pitch: int, length: int, rate: int) -> Sound:
    """Two FM pairs, after the DX electric pianos: a soft body and a short tine."""
    t, turns = run(pitch, length + round(0.12 * rate), rate)
    bark = 0.35 + 1.25 * np.exp(-t * 4)
    body = np.sin(2 * np.pi * turns + bark * sine(turns))
    tine = 0.13 * np.exp(-t * 10) * sine(turns * 9)
    envelope = np.minimum(t / 0.003, 1) * np.exp(-t * (0.8 + (pitch - 48) * 0.025))
    return released((body + tine) * envelope, length)


def _pad(pitch: int, length: int, rate: int) -> Sound:
    """Two slightly detuned voices that swell, open and linger: one for each side."""
    sides = []
    for cents in (-6.0, 6.0):
        t, turns = run(pitch + cents / 100, length + round(0.8 * rate), rate)
        dark, light = voice(turns, 3, 1.8), voice(turns, 14, 1.1)
        swell = 0.5 * np.minimum(t / 1.5, 1)
        tone = (dark * (1 - swell) + light * swell) * np.sin(np.minimum(t / 0.16, 1) * np.float32(np.pi / 2))
        sides.append(released(0.75 * tone, length))
    return np.concatenate(sides)


def _pluck(pitch: int, length: int, rate: int) -> Sound:
    """A short stab whose top closes like a filter."""
    t, turns = run(pitch, length + round(0.25 * rate), rate)
    tone = voice(turns, 4, 1.2) * np.exp(-t * 6) + 0.8 * voice(turns, 24, 0.8) * np.exp(-t * 16)
    return released(tone * np.minimum(t / 0.0015, 1), length)


_VOICES: dict[str, Callable[[int, int, int], Sound]] = {
    "electric piano": _electric_piano,
    "pad": _pad,
    "pluck": _pluck,
}
