from __future__ import annotations

import numpy as np
import pytest
import soxr

from bridge.post.true_peak import TruePeakMeter, dbtp


def true_peak(data, rate=48000, block=65536):
    meter = TruePeakMeter(rate, data.shape[0])
    for at in range(0, data.shape[1], block):
        meter.feed(data[:, at : at + block])
    return dbtp(meter.finish())


@pytest.mark.parametrize(
    ("divisor", "phase", "factor", "expected"),
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
)
def test_ebu_tech_3341_cases_15_to_19(tone, divisor, phase, factor, expected):
    """Tones whose peaks lie between the samples read within the EBU's tolerance of +0.2 / -0.4 dB."""
    data = tone(48000 / divisor, 1, 20 * np.log10(factor), phase=phase)
    data *= np.clip(np.minimum(np.arange(48000), np.arange(48000)[::-1]) / 480, 0, 1).astype(np.float32)
    assert expected - 0.4 <= true_peak(data) <= expected + 0.2


@pytest.mark.parametrize("offset", range(4))
def test_ebu_tech_3341_cases_20_to_23(offset):
    """One full-scale period inside a quieter tone is found wherever the samples fall on it."""
    at = np.arange(4 * 48000)
    wave = 0.5 * np.sin(2 * np.pi * at / 24)
    wave[96000 : 96000 + 16] = np.sin(2 * np.pi * np.arange(16) / 16)
    data = soxr.resample(np.roll(wave, -offset), 192000, 48000, "VHQ").astype(np.float32)[None]
    assert -0.4 <= true_peak(data) <= 0.2


@pytest.mark.parametrize("rate", [44100, 48000, 96000, 192000])
def test_it_equals_libebur128(drums, rate):
    """It is BS.1770's meter as the reference implementation runs it, on noise and on drums."""
    ebur128 = pytest.importorskip("pyebur128")
    rng = np.random.default_rng(2)
    data = drums(131, 2, rate) + rng.uniform(-0.4, 0.4, (2, 2 * rate)).astype(np.float32)
    state = ebur128.R128State(2, rate, ebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(np.ascontiguousarray(data.T).ravel(), data.shape[1])
    reference = 20 * np.log10(max(ebur128.get_true_peak(state, channel) for channel in range(2)))
    assert true_peak(data, rate) == pytest.approx(reference, abs=0.02)


def test_leaving_rows_out_changes_nothing(tone):
    """Rows that cannot hold the peak are skipped, never one that can: here the highest curve has low samples."""
    loud_samples, high_curve = tone(100, 1, -2), tone(12000, 0.1, -1, phase=45)
    data = np.concatenate((loud_samples, high_curve * np.hanning(4800).astype(np.float32)), axis=1)
    fast, slow = TruePeakMeter(48000, 2), TruePeakMeter(48000, 2)
    slow._rise = np.inf
    for meter in (fast, slow):
        meter.feed(data)
    assert dbtp(fast.peak) == pytest.approx(-1, abs=0.05)
    assert fast.finish() == slow.finish()


@pytest.mark.parametrize("block", [1, 7, 333])
def test_the_size_of_the_blocks_does_not_matter(block):
    """A peak on a seam between blocks is found."""
    data = np.random.default_rng(3).standard_normal((2, 2000)).astype(np.float32) * 0.2
    assert true_peak(data, block=block) == pytest.approx(true_peak(data, block=1 << 20), abs=1e-5)


def test_the_edges_of_the_clip_count():
    """A click on the very last sample is a peak."""
    data = np.zeros((1, 100), np.float32)
    data[0, -1] = 0.5
    assert true_peak(data) == pytest.approx(-6.02, abs=0.01)


def test_silence_has_no_peak():
    """Silence is None, not minus infinity."""
    assert true_peak(np.zeros((2, 1000), np.float32)) is None
