from __future__ import annotations

import numpy as np
import pytest

from bridge.post import tempo


def measured(data, rate=48000, hint=None, quarters=4.0):
    return tempo.estimate([data[:, at : at + 65536] for at in range(0, data.shape[1], 65536)], rate, hint, quarters)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("bpm", [72, 92, 92.5, 124, 150, 174])
def test_a_clip_on_the_grid_is_measured_to_a_thousandth(drums, rate, bpm):
    """With the asked tempo as a hint: tempo within 0.1 %, first downbeat within a few milliseconds."""
    heard = measured(drums(bpm, 10.4, rate), rate, bpm)
    assert heard.bpm == pytest.approx(bpm, rel=1e-3)
    assert heard.offset_s == pytest.approx(0, abs=0.004)
    assert heard.confidence > 0.8


@pytest.mark.parametrize("start_s", [0.1, 0.777, 1.9])
def test_the_first_downbeat_is_found(drums, start_s):
    """A clip that begins late says where its first bar begins."""
    assert measured(drums(100, 12, start_s=start_s), hint=100).offset_s == pytest.approx(start_s, abs=0.005)


def test_a_bar_of_three(drums):
    """The meter that was asked for decides where bars begin."""
    heard = measured(drums(100, 12, start_s=0.6, beats=3), hint=100, quarters=3.0)
    assert heard.offset_s == pytest.approx(0.6, abs=0.005)


def test_four_on_the_floor_begins_at_the_start(tone):
    """Where every beat is as strong, the beginning of a clip that was made for a grid is its downbeat."""
    kick = tone(60, 0.2, -6, phase=90) * np.linspace(1, 0, 9600, dtype=np.float32) ** 2
    heard = measured(np.tile(np.pad(kick, ((0, 0), (0, 24000 - 9600))), 32), hint=120)
    assert heard.offset_s == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize(("real", "asked"), [(94, 92), (90, 92), (121, 120)])
def test_a_small_deviation_is_measured(drums, real, asked):
    """A take that missed the asked tempo by a little is told apart from one that kept it."""
    assert measured(drums(real, 15), hint=asked).bpm == pytest.approx(real, rel=1e-3)


def test_another_tempo_is_told(drums):
    """A take at quite another tempo is not talked into the asked one."""
    assert measured(drums(100, 15), hint=92).bpm == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("factor", [0.5, 2])
def test_half_and_double_tempo_keep_the_grid(drums, factor):
    """Half-time and double-time drums are on the asked grid."""
    assert measured(drums(90 * factor, 15), hint=90).bpm == pytest.approx(90, rel=1e-3)


@pytest.mark.parametrize("seconds", [5, 30])
def test_noise_has_no_tempo(seconds):
    """What does not repeat is not trusted."""
    noise = np.random.default_rng(6).standard_normal((2, seconds * 48000)).astype(np.float32) * 0.1
    assert measured(noise, hint=92).confidence < tempo.CONFIDENT


def test_a_held_chord_has_no_tempo(tone):
    """Sound without onsets is not trusted."""
    chord = sum(tone(hz, 20, -20) for hz in (110, 138.6, 164.8))
    heard = measured(chord, hint=92)
    assert heard is None or heard.confidence < tempo.CONFIDENT


@pytest.mark.parametrize("frames", [0, 1, 40000])
def test_too_short_is_none(frames):
    """Under two seconds there is nothing to fit."""
    assert measured(np.ones((2, frames), np.float32)) is None


def test_silence_is_none():
    """Silence has no tempo."""
    assert measured(np.zeros((2, 480000), np.float32)) is None
