from __future__ import annotations

import numpy as np
import pytest

from bridge.post.loudness import LoudnessMeter


def loudness(data, rate=48000, block=65536):
    meter = LoudnessMeter(rate, data.shape[0])
    for at in range(0, data.shape[1], block):
        meter.feed(data[:, at : at + block])
    return meter.result()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_ebu_tech_3341_cases_1_to_5(tone, parts, expected):
    """The five stereo cases of EBU Tech 3341 read their loudness, four times closer than asked."""
    data = np.concatenate([tone(1000, seconds, level) for level, seconds in parts], axis=1)
    assert loudness(data).lufs == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize("rate", [44100, 48000, 88200, 96000, 192000])
def test_997_hz_in_one_channel_reads_minus_3_01(tone, rate):
    """BS.1770's own calibration holds at every rate."""
    data = np.concatenate((tone(997, 5, 0, rate, 1), np.zeros((1, 5 * rate), np.float32)))
    assert loudness(data, rate).lufs == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_it_equals_libebur128_on_music(drums, rate):
    """On programme material it agrees with the reference implementation."""
    ebur128 = pytest.importorskip("pyebur128")
    data = drums(97, 12.34, rate)
    state = ebur128.R128State(2, rate, ebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(data.T).ravel(), data.shape[1])
    assert loudness(data, rate).lufs == pytest.approx(ebur128.get_loudness_global(state), abs=0.01)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.399])
def test_a_short_clip_is_one_ungated_block(tone, seconds):
    """Under 400 ms the whole clip is measured, and flagged."""
    heard = loudness(tone(1000, seconds, -23))
    assert heard.short
    assert heard.lufs == pytest.approx(-23, abs=0.1)


def test_400_ms_is_not_short(tone):
    """One whole block is enough for the standard's way."""
    heard = loudness(tone(1000, 0.4, -23))
    assert not heard.short
    assert heard.lufs == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("frames", [1, 4800, 48000])
def test_silence_has_no_loudness(frames):
    """Silence is None, not a number to compute a gain from."""
    assert loudness(np.zeros((2, frames), np.float32)).lufs is None


def test_nothing_has_no_loudness():
    """A meter that was fed nothing says so."""
    assert LoudnessMeter(48000, 2).result().lufs is None


def test_mono_counts_as_dual_mono(tone):
    """A mono clip reads what it will sound like from two loudspeakers."""
    mono = loudness(tone(1000, 5, -23, channels=1)).lufs
    assert mono == pytest.approx(loudness(tone(1000, 5, -23)).lufs, abs=0.01)


@pytest.mark.parametrize("rate", [44100, 22050, 11025])
def test_the_size_of_the_blocks_does_not_matter(drums, rate):
    """Fed in odd pieces or all at once: the same loudness."""
    data = drums(120, 7.3, rate)
    whole = loudness(data, rate, block=1 << 30).lufs
    assert loudness(data, rate, block=997).lufs == pytest.approx(whole, abs=0.005)
    assert loudness(data, rate, block=rate // 10).lufs == pytest.approx(whole, abs=0.005)
