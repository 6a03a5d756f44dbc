"""The sketch engine's music, measured: length, beat, key, parts, seam, level."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from bridge.errors import Reject
from bridge.providers.sketch.render import render

RATE = 48_000


def played(folder, **order):
    """The report and the sound, shape (channels, samples), of one order."""
    out = folder / f"{len(list(folder.iterdir()))}.wav"
    report = render({"out": str(out), "seed": 3, **order})
    sound, rate = soundfile.read(out, always_2d=True)
    assert rate == report["rate"]
    return report, sound.T


def onsets(sound, rate=RATE, hop=240):
    """How much louder each 5 ms is than the one before, summed over the sound above 2 kHz."""
    bright = np.diff(sound.mean(axis=0), prepend=0.0, n=2)
    power = np.add.reduceat(bright**2, np.arange(0, bright.size, hop))
    return np.maximum(np.diff(np.log10(power + 1e-9), prepend=-9), 0)


@pytest.mark.parametrize(
    ("grid", "frames"),
    [
        ({"bars": 4, "bpm": 92}, 500_870),
        ({"bars": 4, "bpm": 92.5}, 498_162),
        ({"bars": 4, "bpm": 110, "beats_per_bar": 7, "beat_unit": 8}, 366_545),
        ({"bars": 5, "bpm": 90, "beats_per_bar": 3, "rate": 44_100}, 441_000),
        ({"bars": 1, "bpm": 300, "loop": True}, 38_400),
        ({"length_s": 3.3333}, 159_998),
        ({"bars": 2, "bpm": 120, "beats_per_bar": 1, "beat_unit": 16}, 12_000),
    ],
)
def test_the_file_has_exactly_the_samples_that_were_asked_for(tmp_path, grid, frames):
    """Bars and seconds come back to the sample, in any meter and at any rate."""
    report, sound = played(tmp_path, prompt="a groove", **grid)
    assert (report["frames"], report["channels"], sound.shape) == (frames, 2, (2, frames))


def test_it_is_a_24_bit_stereo_wav(tmp_path):
    """The file is what a DAW takes without asking."""
    played(tmp_path, prompt="a groove", bars=1)
    info = soundfile.info(tmp_path / "0.wav")
    assert (info.format, info.subtype, info.channels) == ("WAV", "PCM_24", 2)


def test_the_same_order_gives_the_same_bytes(tmp_path):
    """A seed found again next week is the same music, bit for bit; another seed is not."""
    for seed in (5, 5, 6):
        played(tmp_path, prompt="dusty lo-fi, vinyl", bars=2, bpm=90, seed=seed)
    first, again, other = ((tmp_path / f"{n}.wav").read_bytes() for n in range(3))
    assert first == again
    assert first != other


@pytest.mark.parametrize("prompt", ["a groove", "techno", "smooth jazz", "dusty lo-fi with vinyl crackle"])
def test_the_first_beat_is_on_the_first_sample(tmp_path, prompt):
    """The downbeat falls within one millisecond of sample 0."""
    _, sound = played(tmp_path, prompt=prompt, bars=1)
    assert np.argmax(np.abs(sound).max(axis=0) > 0.02) < RATE // 1000


@pytest.mark.parametrize(("prompt", "bpm"), [("a groove", 92.5), ("rock", 133), ("techno", 127.3), ("lo-fi", 71)])
def test_the_tempo_is_really_there_and_does_not_drift(tmp_path, prompt, bpm):
    """Onsets lie on a comb of the tempo's beats over sixteen bars, better than on combs that are 0.5 % off."""
    _, sound = played(tmp_path, prompt=prompt, bars=16, bpm=bpm)
    strength = onsets(sound)

    def comb(tempo):
        beats = np.arange(64) * 60 / tempo * RATE / 240
        return strength[np.round(beats[beats < strength.size - 1]).astype(int)].mean()

    assert comb(bpm) > 1.5 * max(comb(bpm * 0.995), comb(bpm * 1.005))
    assert comb(bpm) > 4 * strength.mean()


def test_the_last_bar_is_where_the_first_says(tmp_path):
    """Two bars that are far apart hold the same kick at the same place: nothing accumulates."""
    _, sound = played(tmp_path, prompt="drums only", bars=17, bpm=92.5)
    beat = [round(bar * 4 * 60 / 92.5 * RATE) for bar in (0, 16)]
    first, last = (sound.mean(axis=0)[at : at + 480] for at in beat)
    lags = np.correlate(last, first, "full")
    assert abs(int(np.argmax(lags)) - (first.size - 1)) <= 1


@pytest.mark.parametrize(("prompt", "negative"), [("a groove, no drums", None), ("a groove", "drums")])
def test_ruled_out_drums_are_not_heard(tmp_path, prompt, negative):
    """Without drums nothing strikes above 5 kHz, and the chords stay the same."""
    _, with_drums = played(tmp_path, prompt="a groove", bars=2, bpm=90)
    _, without = played(tmp_path, prompt=prompt, negative_prompt=negative, bars=2, bpm=90)
    assert share(without, 5_000, 20_000) < share(with_drums, 5_000, 20_000) / 100


def test_ruled_out_bass_is_not_heard(tmp_path):
    """Without drums and bass there is nothing below 90 Hz."""
    _, sound = played(tmp_path, prompt="no drums and no bass", bars=2)
    assert share(sound, 20, 90) < 1e-3


def share(sound, low_hz, high_hz):
    """The part of the sound's energy that lies in a band."""
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    return power[(hertz >= low_hz) & (hertz < high_hz)].sum() / power.sum()


def pitch_classes(sound):
    """The energy of each pitch class between 60 Hz and 1 kHz, from C on."""
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    hertz = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    heard = (hertz > 60) & (hertz < 1_000)
    classes = np.round(69 + 12 * np.log2(hertz[heard] / 440)).astype(int) % 12
    return np.bincount(classes, power[heard], 12)


@pytest.mark.parametrize(
    ("key", "scale"),
    [
        ("Am", {9, 11, 0, 2, 4, 5, 7}),
        ("F#m", {6, 8, 9, 11, 1, 2, 4}),
        ("C", {0, 2, 4, 5, 7, 9, 11}),
        ("Eb", {3, 5, 7, 8, 10, 0, 2}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [1, 2])
def test_the_music_is_in_its_key(tmp_path, key, scale, seed):
    """Nearly all the energy of bass and chords lies on the key's scale."""
    _, sound = played(tmp_path, prompt="no drums", key=key, bars=4, bpm=100, seed=seed)
    energy = pitch_classes(sound)
    assert energy[list(scale)].sum() > 0.95 * energy.sum()


@pytest.mark.parametrize("prompt", ["a groove", "dreamy ambient pads", "lo-fi, vinyl", "techno with reverb"])
def test_a_loop_leads_into_itself(tmp_path, prompt):
    """At the seam a loop steps no further than it does elsewhere, and what rings on at its end sounds at its start."""
    _, sound = played(tmp_path, prompt=prompt, bars=2, bpm=97, loop=True, negative_prompt="drums")
    steps = np.abs(np.diff(np.concatenate([sound[:, -400:], sound[:, :400]], axis=1)))
    seam = steps[:, 399].max()
    assert seam <= np.quantile(np.abs(np.diff(sound)), 0.999)


def test_a_loop_keeps_the_tails_that_an_ending_cuts(tmp_path):
    """Before its first chord speaks, a loop already holds the last one's tail; a take that ends does not."""
    order = {"prompt": "ambient pads, no bass", "bars": 2, "bpm": 90}
    _, looped = played(tmp_path, **order, loop=True)
    _, ended = played(tmp_path, **order)
    start = slice(0, RATE // 200)
    assert np.abs(looped[:, start]).max() > 10 * np.abs(ended[:, start]).max()


def test_a_take_ends_without_a_click(tmp_path):
    """Bars that do not loop end in silence within milliseconds, a free length in a fade of a bar."""
    _, bars = played(tmp_path, prompt="ambient", bars=2, bpm=90)
    _, free = played(tmp_path, prompt="ambient", length_s=9.0, bpm=90)
    assert np.abs(bars[:, -3:]).max() < 1e-4
    levels = [np.abs(part).max() for part in np.array_split(free[:, -2 * RATE :], 4, axis=1)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < levels[0] / 4


@pytest.mark.parametrize(
    "prompt", ["a groove", "heavy distorted techno", "lo-fi", "solo piano", "epic orchestral", "drums only"]
)
def test_the_level_leaves_room(tmp_path, prompt):
    """Nothing peaks above -3 dBFS, and nothing is whispered."""
    _, sound = played(tmp_path, prompt=prompt, bars=2)
    peak_db = 20 * np.log10(np.abs(sound).max())
    assert -12 < peak_db <= -2.99


@pytest.mark.parametrize("meter", [(1, 32), (2, 2), (3, 8), (5, 8), (6, 8), (7, 16), (11, 8), (13, 4)])
def test_every_meter_is_played(tmp_path, meter):
    """Odd, compound and tiny bars are music too: sound within range, at their exact length."""
    beats, unit = meter
    report, sound = played(tmp_path, prompt="a groove", bars=2, bpm=150, beats_per_bar=beats, beat_unit=unit)
    assert report["frames"] == round(2 * beats * 4 / unit * 0.4 * RATE)
    assert 0.1 < np.abs(sound).max() < 0.708


def test_the_low_end_survives_mono(tmp_path):
    """Below 100 Hz left and right are the same."""
    _, sound = played(tmp_path, prompt="a groove", bars=2)
    side, middle = (sound[0] - sound[1])[None], (sound[0] + sound[1])[None]
    assert share(side, 20, 100) * (side**2).sum() < 1e-3 * share(middle, 20, 100) * (middle**2).sum()


def test_the_report_says_what_was_played(tmp_path):
    """The report carries seed, grid, key, length and every word that was understood."""
    report, _ = played(tmp_path, prompt="lo-fi in A minor, 92 BPM", bars=1, seed=9)
    understood = report.pop("understood")
    assert report == {
        "seed": 9, "bpm": 92.0, "beats_per_bar": 4, "beat_unit": 4, "key": "Am", "bars": 1, "frames": 125_217,
        "rate": RATE, "channels": 2, "notes": [],
    }  # fmt: skip
    assert set(understood) == {"92 BPM", "A minor", "lo-fi"}


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    """An `out` that exists is refused, and its bytes stay."""
    out = tmp_path / "mine.wav"
    out.write_bytes(b"mine")
    with pytest.raises(Reject) as refused:
        render({"out": str(out), "prompt": "x"})
    assert (refused.value.code, refused.value.hint) == ("out_exists", "Give another name.")
    assert refused.value.message == "'mine.wav' is there already and is never overwritten."
    assert out.read_bytes() == b"mine"


def test_an_order_without_out_is_refused():
    """The order must say where the sound goes."""
    with pytest.raises(Reject) as refused:
        render({"prompt": "x"})
    assert refused.value.code == "no_out"
