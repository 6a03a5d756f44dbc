"""Restyling a clip: what changes, what stays, and how strength rules it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from bridge.errors import Reject
from bridge.providers.sketch.render import render
from bridge.providers.sketch.restyle import Room, restyle
from bridge.providers.sketch.words import STYLES

RATE = 48_000


@pytest.fixture
def clip(tmp_path):
    """A 24-bit stereo clip of decaying chords and noise, 1.5 s and a bit."""
    chance = np.random.default_rng(1)
    t = np.arange(round(1.5 * RATE) + 7) / RATE
    tone = sum(np.sin(2 * np.pi * hz * t) for hz in (110, 220, 331, 442)) * np.exp(-3 * (t % 0.5))
    sound = 0.08 * np.stack([tone, 0.8 * tone]) + 0.01 * chance.standard_normal((2, t.size))
    path = tmp_path / "clip.wav"
    soundfile.write(path, sound.T, RATE, subtype="PCM_24")
    return path


def restyled(source, name="out.wav", **order):
    out = source.parent / name
    report = render({"out": str(out), "source": str(source), "seed": 3, **order})
    return report, soundfile.read(out, dtype="int32", always_2d=True)[0]


def test_strength_zero_gives_the_clip_back_bit_for_bit(clip):
    """At strength 0 not one bit of the clip changes, whatever the prompt says."""
    _, sound = restyled(clip, prompt="telephone, add drums", strength=0, bpm=120)
    assert np.array_equal(sound, soundfile.read(clip, dtype="int32", always_2d=True)[0])


@pytest.mark.parametrize("prompt", [*STYLES, "nothing that it knows"])
def test_every_colour_keeps_length_channels_and_level(clip, prompt):
    """A restyled clip has the clip's samples, channels and loudness, is different, and does not clip."""
    report, sound = restyled(clip, prompt=f"make it {prompt}", strength=1.0)
    dry = soundfile.read(clip, dtype="int32", always_2d=True)[0]
    assert sound.shape == dry.shape
    assert report["frames"] == len(dry)
    assert not np.array_equal(sound, dry)
    assert np.abs(sound / 2**31).max() < 0.99
    level_db = 10 * np.log10(np.mean(np.square(sound / 2**31)) / np.mean(np.square(dry / 2**31)))
    assert level_db == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("style", [*STYLES, "polish"])
def test_more_strength_is_further_from_the_clip(clip, style):
    """Strength scales the effect: 0.25, 0.5 and 1 lie further and further from the dry sound."""
    dry = soundfile.read(clip, dtype="float32", always_2d=True)[0].T
    away = [np.sqrt(np.mean((restyle(dry, (style,), s, 1, Room(RATE)) - dry) ** 2)) for s in (0.25, 0.5, 1.0)]
    assert 0 < away[0] < away[1] < away[2]


def test_mono_stays_mono(clip):
    """A mono clip comes back mono, with drums as well."""
    sound, _ = soundfile.read(clip)
    mono = clip.with_name("mono.wav")
    soundfile.write(mono, sound[:, 0], RATE, subtype="PCM_24")
    report, styled = restyled(mono, prompt="spacious, add drums", bpm=100)
    assert (report["channels"], styled.shape) == (1, (len(sound), 1))


def test_more_than_two_channels_stay(clip):
    """A clip of five channels is restyled in all of them."""
    sound, _ = soundfile.read(clip)
    wide = clip.with_name("wide.wav")
    soundfile.write(wide, np.tile(sound[:, :1], 5), RATE, subtype="PCM_24")
    report, styled = restyled(wide, prompt="warm, add drums", bpm=100)
    assert report["channels"] == styled.shape[1] == 5


def test_another_rate_keeps_the_duration_and_the_pitch(clip):
    """A clip at another rate is resampled once: same seconds, same spectrum."""
    _, sound = restyled(clip, prompt="x", strength=0, rate=44_100)
    assert len(sound) == round(soundfile.info(clip).frames * 44_100 / RATE)
    strongest = np.argmax(np.abs(np.fft.rfft(sound[:, 0] / 2**31))) * 44_100 / len(sound)
    assert strongest == pytest.approx(220, abs=1)


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_every_colour_works_at_any_rate(clip, rate):
    """At the lowest and the highest rate all colours together still give sound, and no clipping."""
    _, sound = restyled(clip, prompt=" ".join(STYLES), strength=1.0, rate=rate)
    assert 0.01 < np.abs(sound / 2**31).max() < 0.99


def test_the_same_seed_gives_the_same_crackle(clip):
    """Crackle is part of the seed: equal for equal seeds, different for others."""
    sounds = [restyled(clip, f"{n}.wav", prompt="vinyl", seed=seed)[1] for n, seed in enumerate((4, 4, 5))]
    assert np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_a_telephone_has_a_telephone_band(clip):
    """At full strength a telephone loses its bass and its top."""
    dry = soundfile.read(clip, always_2d=True)[0]
    _, wet = restyled(clip, prompt="old telephone", strength=1.0)

    def below_200(sound):
        power = np.abs(np.fft.rfft(sound[:, 0] / np.abs(sound).max())) ** 2
        return power[: int(200 * len(sound) / RATE)].sum() / power.sum()

    assert below_200(wet) < below_200(dry) / 4


def test_drums_are_added_on_the_grid(clip):
    """'Add drums' puts a kick on the clip's first sample and one on every strong beat; without it there is none."""
    _, plain = restyled(clip, "plain.wav", prompt="warm")
    report, drummed = restyled(clip, "drums.wav", prompt="warm, add drums", bpm=120, strength=1.0)
    snare = slice(round(0.5 * RATE), round(0.55 * RATE))

    def bright(sound):
        return np.mean(np.diff((sound[snare, 0] / 2**31), n=2) ** 2)

    assert bright(drummed) > 3 * bright(plain)
    assert "Drums were added, with beat one on the clip's first sample." in report["notes"]


def test_a_loop_keeps_ringing_across_its_seam(clip):
    """The reverb at the end of a restyled loop is there at its beginning; without loop the beginning is dry."""
    sound, _ = soundfile.read(clip)
    sound[: RATE // 2] = 0
    late = clip.with_name("late.wav")
    soundfile.write(late, sound, RATE, subtype="PCM_24")
    looped, ended = (
        restyled(late, f"{loop}.wav", prompt="cathedral reverb", strength=1.0, loop=loop)[1][: RATE // 4]
        for loop in (True, False)
    )
    assert not ended.any()
    assert np.abs(looped / 2**31).max() > 0.003


def test_silence_stays_silent(clip):
    """A silent clip is not turned into hiss."""
    silent = clip.with_name("silent.wav")
    soundfile.write(silent, np.zeros((4800, 2)), RATE, subtype="PCM_24")
    assert not restyled(silent, prompt="dusty tape")[1].any()


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"not audio", "source_unreadable", "The clip 'bad.wav' cannot be read as audio: "),
        (None, "source_unreadable", "The clip 'bad.wav' cannot be read as audio: "),
    ],
)
def test_a_clip_that_is_no_audio_is_refused(tmp_path, content, code, message):
    """What cannot be read is refused by name, and nothing is written."""
    bad = tmp_path / "bad.wav"
    if content:
        bad.write_bytes(content)
    with pytest.raises(Reject) as refused:
        restyled(bad, prompt="warm")
    assert refused.value.code == code
    assert refused.value.message.startswith(message)
    assert not (tmp_path / "out.wav").exists()


def test_a_clip_without_samples_or_with_too_many_is_refused(tmp_path):
    """An empty clip and one over ten minutes are refused with what to select instead."""
    for frames, code in ((0, "source_empty"), (601 * 8_000, "too_long")):
        path = tmp_path / f"{code}.wav"
        soundfile.write(path, np.zeros(frames), 8_000, subtype="PCM_16")
        with pytest.raises(Reject) as refused:
            restyled(path, prompt="warm")
        assert refused.value.code == code
        assert refused.value.hint.startswith("Select")
