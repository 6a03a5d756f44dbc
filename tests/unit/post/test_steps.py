from __future__ import annotations

import numpy as np
import pytest

from bridge.errors import Reject
from bridge.post import channels, fades, length, level, plugins, rate, sanity, trim
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.tools.sound import Sound


def asked(**more):
    return Order.from_json({"raw": "a", "out": "b", **more})


def done(step, tape, order=None, notes=None):
    params = step.measure(tape, order or asked(), notes or Notes())
    after = step.process(tape, params) if params else tape
    data = np.concatenate(list(after.read()), axis=1)
    assert data.shape == (after.channels, after.frames)
    assert data.dtype == np.float32
    return data, after


def source(channels=2, rate=48000):
    return Notes(source=Sound("clip.wav", "WAV", "PCM_24", rate, channels, 1000))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_samples_are_refused(tape, bad):
    """NaN and infinity never reach a project."""
    data = np.full((2, 1000), 0.1, np.float32)
    data[1, 500] = bad
    with pytest.raises(Reject) as caught:
        sanity.measure(tape(data), asked(), Notes())
    assert caught.value.code == "bad_samples"


def test_silence_is_refused(tape):
    """Silence is not delivered as if it were music."""
    with pytest.raises(Reject) as caught:
        sanity.measure(tape(np.zeros((2, 1000), np.float32)), asked(), Notes())
    assert caught.value.code == "silent_output"


def test_a_dc_offset_is_told(tape, tone):
    """A DC offset is measured and kept."""
    notes = Notes()
    data, _ = done(sanity, tape(tone(100, 1, -6) + np.float32(0.05)), notes=notes)
    assert "DC offset of +0.050" in notes.warnings[0]
    assert np.array_equal(data, tone(100, 1, -6) + np.float32(0.05))


@pytest.mark.parametrize("block", [1000, 65536])
def test_trim_cuts_the_silent_ends(tape, tone, block):
    """What is left begins 5 ms before the sound and ends 50 ms after it."""
    data = np.pad(tone(1000, 1, -6, phase=90), ((0, 0), (30000, 20000)))
    out, _ = done(trim, tape(data, block=block))
    assert out.shape[1] == 48000 + 240 + 2400
    assert np.array_equal(out, data[:, 30000 - 240 : 78000 + 2400])


@pytest.mark.parametrize("more", [{"trim": False}, {"bars": 1, "bpm": 92}])
def test_trim_never_inside_a_grid(tape, tone, more):
    """In a grid silence is part of the music."""
    data = np.pad(tone(1000, 1, -6), ((0, 0), (30000, 20000)))
    assert trim.measure(tape(data), asked(**more), Notes()) is None


def test_a_mono_clip_gets_a_mono_answer(tape, tone):
    """Left and right are mixed in equal parts, and the report says so."""
    notes = source(channels=1)
    data = tone(1000, 1, -6)
    data[1] *= 0.5
    out, _ = done(channels, tape(data), notes=notes)
    assert np.allclose(out, 0.75 * data[:1], atol=1e-7)
    assert "mono" in notes.warnings[0]


@pytest.mark.parametrize(("notes", "after"), [(source(2), 2), (source(6), 2), (Notes(), 1)])
def test_a_mono_engine_is_doubled_for_a_stereo_clip(tape, tone, notes, after):
    """A stereo clip gets stereo; without a clip the engine's channels stay."""
    out, _ = done(channels, tape(tone(1000, 1, -6, channels=1)), notes=notes)
    assert out.shape[0] == after


def test_surround_is_refused(tape, tone):
    """Six channels without a layout are not folded by guessing."""
    with pytest.raises(Reject, match="6 channels"):
        channels.measure(tape(tone(100, 1, -6, channels=6)), asked(), Notes())


@pytest.mark.parametrize("hz", [100, 1000, 10000, 20000])
@pytest.mark.parametrize(("before", "after"), [(44100, 48000), (48000, 44100)])
def test_the_rate_conversion_is_clean(tape, tone, hz, before, after):
    """Sines keep their place, their level and at least 130 dB of distance to any error."""
    out, _ = done(rate, tape(tone(hz, 2, -6, before, 1), before, block=5000), asked(rate=after))
    ideal = tone(hz, 2, -6, after, 1)
    assert out.shape == ideal.shape
    middle = slice(after // 2, -after // 2)
    turn = np.exp(2j * np.pi * hz * np.arange(ideal.size)[middle] / after)
    heard = 2 * np.mean(out[0, middle] * turn.conj())
    error = out[0, middle] - (heard * turn).real
    assert 20 * np.log10(np.std(error) / np.std(ideal)) < -130
    assert 20 * np.log10(abs(heard)) == pytest.approx(-6, abs=0.02)
    assert (np.angle(heard) + np.pi / 2) / (2 * np.pi * hz) * after == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("notes", "more", "expected"),
    [(source(rate=44100), {}, 44100), (Notes(), {}, 48000), (source(rate=44100), {"rate": 96000}, 96000)],
)
def test_which_rate(tape, tone, notes, more, expected):
    """The rate asked for, else the source's, else 48 kHz."""
    _, after = done(rate, tape(tone(100, 0.5, -6, 32000), 32000), asked(**more), notes)
    assert after.rate == expected


@pytest.mark.parametrize(("bpm", "bars", "frames"), [(92, 4, 500870), (92.5, 4, 498162), (92.5, 16, 1992649)])
@pytest.mark.parametrize("seconds", [10, 11, 42])
def test_bars_are_exact(tape, tone, bpm, bars, frames, seconds):
    """N bars at B bpm are exactly round(bars*beats*60/B*rate) samples, whatever the engine sent."""
    out, _ = done(length, tape(tone(100, seconds, -6)), asked(bpm=bpm, bars=bars))
    assert out.shape[1] == frames


def test_seven_eight_counts_quarters(tape, tone):
    """Tempo is in quarter notes: a bar of 7/8 is three and a half of them."""
    out, _ = done(length, tape(tone(100, 5, -6)), asked(bpm=120, bars=2, beats_per_bar=7, beat_unit=8))
    assert out.shape[1] == 2 * 3.5 * 24000


@pytest.mark.parametrize(("seconds", "word"), [(1.5, "cut"), (0.5, "silence was added")])
def test_a_wrong_length_is_told(tape, tone, seconds, word):
    """The user is told when sound was cut or silence added."""
    notes = Notes()
    done(length, tape(tone(100, seconds, -6)), asked(length_s=1.0), notes)
    assert word in notes.warnings[0]


@pytest.mark.parametrize("block", [100, 65536])
@pytest.mark.parametrize("loop", [False, True])
def test_fades_start_and_end_at_zero(tape, block, loop):
    """The first and the last sample are exactly zero, the gain between is monotone, the middle is untouched."""
    out, _ = done(fades, tape(np.ones((2, 4800), np.float32), block=block), asked(loop=loop))
    assert out[0, 0] == 0
    assert out[0, -1] == 0
    assert (np.diff(out[0, :2400]) >= 0).all()
    assert (np.diff(out[0, 2400:]) <= 0).all()
    assert (out[:, 96:-480] == 1).all()
    assert (out[0, 48:-48] == 1).all() == loop


def test_a_tiny_clip_can_be_faded(tape):
    """Fades never overlap: each takes half of a clip that is too short for both."""
    out, _ = done(fades, tape(np.ones((1, 10), np.float32)))
    assert (out[0, 0], out[0, -1]) == (0, 0)


def test_the_users_effects_run(tape, tone):
    """Effects run in order with their own parameters."""
    order = asked(plugins=[{"name": "Gain", "gain_db": -6.0}, {"name": "Invert"}])
    data = tone(1000, 1, -6)
    out, _ = done(plugins, tape(data, block=1000), order)
    assert np.allclose(out[:, :40000], -data[:, :40000] * 10 ** (-6 / 20), atol=1e-6)


def test_an_effects_delay_is_made_up_for(tape, tone):
    """A pitch shifter's latency neither shifts nor shortens the take."""
    data = tone(1000, 2, -6)
    data[:, :48000] = 0
    out, _ = done(plugins, tape(data, block=4096), asked(plugins=[{"name": "PitchShift", "semitones": 0.1}]))
    assert np.abs(out[0, :47000]).max() < 0.01
    assert np.abs(out[0, 49000:94000]).max() > 0.4


def test_ringing_effects_end_without_a_click(tape, tone):
    """What a reverb would still ring after the exact length is faded out."""
    out, _ = done(plugins, tape(tone(100, 1, -6)), asked(plugins=[{"name": "Reverb", "room_size": 0.9}]))
    assert out[0, -1] == 0
    assert np.abs(out[0, -2400:-480]).max() > 0.01


@pytest.mark.parametrize(
    ("said", "code", "hint"),
    [
        ({"name": "Reverv"}, "unknown_plugin", "Reverb"),
        ({"name": "Reverb", "roomsize": 1}, "unknown_parameter", "room_size"),
        ({"name": "Reverb", "room_size": "big"}, "bad_parameter", "range"),
        ({"name": "VST3Plugin"}, "unknown_plugin", ""),
        ({}, "unknown_plugin", ""),
    ],
)
def test_a_mistyped_effect_is_refused(tape, tone, said, code, hint):
    """A wrong name or parameter is refused with the nearest one."""
    with pytest.raises(Reject) as caught:
        plugins.measure(tape(tone(100, 1, -6)), asked(plugins=[said]), Notes())
    assert caught.value.code == code
    assert hint in caught.value.hint


@pytest.mark.parametrize(("more", "gain"), [({"level": "off"}, 0), ({"level": "peak", "peak_db": -12}, -6)])
def test_level_off_and_peak(tape, tone, more, gain):
    """Off leaves the level alone; peak sets the highest sample."""
    params = level.measure(tape(tone(1000, 1, -6)), asked(**more), Notes())
    assert params.gain_db == pytest.approx(gain, abs=0.01)


def test_the_ceiling_holds_with_the_level_off(tape, tone):
    """No take's true peak is above the ceiling, whatever the level says."""
    params = level.measure(tape(tone(1000, 1, 2)), asked(level="off"), Notes())
    assert params.limited_by_ceiling
    assert params.gain_db == pytest.approx(-3, abs=0.05)
