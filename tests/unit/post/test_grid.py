from __future__ import annotations

import numpy as np
import pytest

from bridge.post import grid
from bridge.post.notes import Notes
from bridge.post.order import Order


def asked(**more):
    return Order.from_json({"raw": "a", "out": "b", **more})


@pytest.mark.parametrize("ratio", [0.96, 0.99, 1.01, 1.04])
def test_stretched_clicks_stay_on_the_grid(ratio):
    """Clicks every half second land where they belong after stretching, from the first to the last: no drift."""
    clicks = np.arange(0.5, 29.5, 0.5)
    sound = np.zeros((2, 30 * 48000), np.float32)
    burst = np.random.default_rng(1).standard_normal(200) * np.exp(-np.arange(200) / 30)
    burst[0] = 2
    for click in clicks:
        sound[:, round(click * 48000) : round(click * 48000) + 200] += burst.astype(np.float32)
    out = grid.stretched(sound, 48000, ratio)
    assert out.shape == (2, round(30 * 48000 * ratio))
    found = [np.argmax(np.abs(out[0, round((c * ratio - 0.05) * 48000) :][:4800])) / 48 - 50 for c in clicks]
    assert np.abs(found).max() < 1.5
    assert abs(np.polyfit(clicks, found, 1)[0]) < 0.03


def test_the_end_of_a_stretched_sound_does_not_fade(tone):
    """The stretcher's own fade-out is not part of the take."""
    out = grid.stretched(tone(440, 3, -6), 48000, 1.02)
    assert np.abs(out[0, -480:]).max() > 0.9 * np.abs(out[0, 48000:96000]).max()


@pytest.mark.parametrize(
    ("real", "verdict"), [(92, "on-grid"), (93.5, "stretched"), (89.5, "stretched"), (100, "off-grid")]
)
def test_the_verdict(drums, tape, real, verdict):
    """On the grid, a little beside it, or somewhere else."""
    notes = Notes()
    params = grid.measure(tape(drums(real, 12)), asked(bpm=92.0, bars=4), notes)
    assert notes.tempo["verdict"] == verdict
    assert (params is not None) == (verdict == "stretched")
    assert bool(notes.warnings) == (verdict == "off-grid")


def test_an_exact_length_is_not_stretched(drums, tape):
    """A file that already is exactly its bars is trusted over the measurement."""
    notes = Notes()
    assert grid.measure(tape(drums(92.4, 500870 / 48000)), asked(bpm=92.0, bars=4), notes) is None
    assert notes.tempo["verdict"] == "on-grid"


def test_noise_is_not_measured(tape):
    """Without a confident tempo nothing is stretched, and the report says so."""
    noise = np.random.default_rng(6).standard_normal((2, 480000)).astype(np.float32) * 0.1
    notes = Notes()
    assert grid.measure(tape(noise), asked(bpm=92.0, bars=4), notes) is None
    assert notes.tempo["verdict"] == "not measured"


def test_a_stretched_take_keeps_the_asked_tempo(drums, tape):
    """After stretching, the measured tempo is the asked one."""
    order, first, again = asked(bpm=92.0), Notes(), Notes()
    take = tape(drums(94, 20))
    take = grid.process(take, grid.measure(take, order, first))
    assert grid.measure(take, order, again) is None
    assert again.tempo["bpm"] == pytest.approx(92, rel=1e-3)
