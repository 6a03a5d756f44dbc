from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from bridge.errors import Reject
from bridge.tools import riff, sound


def noise(frames=3000, channels=2, peak=0.5):
    return (np.random.default_rng(7).uniform(-peak, peak, (channels, frames))).astype(np.float32)


def written(path, data, rate=48000, subtype=None):
    soundfile.write(path, data.T, rate, subtype=subtype)
    return path


def refused(path):
    with pytest.raises(Reject) as caught:
        sound.verify(path)
    return caught.value.code


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3"])
def test_a_good_file_is_verified(tmp_path, name):
    """Every format that we promise is read whole, with its exact length."""
    seen = sound.verify(written(tmp_path / name, noise(48000)))
    assert (seen.rate, seen.channels, seen.frames, seen.duration_s) == (48000, 2, 48000, 1.0)


def test_every_cut_of_a_wav_is_refused(tmp_path):
    """A WAV that was still being copied never passes, wherever it was cut."""
    path = written(tmp_path / "a.wav", noise(120))
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        assert refused(path) in {"truncated", "empty_file", "not_audio"}, length


def test_every_cut_of_a_flac_is_refused(tmp_path):
    """A FLAC that was still being copied never passes, wherever it was cut."""
    path = written(tmp_path / "a.flac", noise(900, 1), subtype="PCM_16")
    whole = path.read_bytes()
    for length in range(0, len(whole), 29):
        path.write_bytes(whole[:length])
        assert refused(path) in {"truncated", "empty_file", "not_audio"}, length


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_a_cut_compressed_file_is_refused(tmp_path, name, part):
    """Half a download is not a clip."""
    path = written(tmp_path / name, noise(96000))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert refused(path) == "truncated"


def test_text_named_wav_is_refused_in_words(tmp_path):
    """A web page saved as .wav is told apart from a broken clip."""
    path = tmp_path / "a.wav"
    path.write_text("<html>Not found</html>", encoding="utf-8")
    with pytest.raises(Reject, match="is not audio"):
        sound.verify(path)


@pytest.mark.parametrize(("name", "code"), [("a.wav", "empty_file"), ("a.raw", "not_audio"), ("b.wav", "no_such_file")])
def test_files_without_sound_are_refused(tmp_path, name, code):
    """An empty file, a headerless one and a missing one each say what they are."""
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "a.raw").write_bytes(b"\1" * 100)
    assert refused(tmp_path / name) == code


def forged_wav(path):
    form = struct.pack("<HHIIHH", 1, 2, 48000, 192000, 4, 16)
    head = b"RIFF\xf0\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + form
    path.write_bytes(head + b"data\xc0\xff\xff\xff" + b"\1" * 1000)


def forged_flac(path):
    written(path, noise(5000), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[21:26] = bytes([data[21] | 0x0F]) + b"\xff" * 4
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("forge", [forged_wav, forged_flac])
def test_memory_never_follows_a_declared_size(tmp_path, forge):
    """A kilobyte that claims gigabytes is refused without asking for them."""
    path = tmp_path / ("a.wav" if forge is forged_wav else "a.flac")
    forge(path)
    tracemalloc.start()
    assert refused(path) in {"truncated", "too_long"}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize(("channels", "rate", "code"), [(9, 48000, "too_many_channels"), (1, 4000, "bad_rate")])
def test_the_limits_hold(tmp_path, channels, rate, code):
    """More than eight channels, or a rate outside 8 to 192 kHz, is refused by its header."""
    with pytest.raises(Reject) as caught:
        sound.probe(written(tmp_path / "a.wav", noise(100, channels), rate))
    assert caught.value.code == code


def test_decoding_never_clips(tmp_path):
    """A float file that goes over full scale keeps its peaks."""
    data = noise(peak=3.0)
    path = written(tmp_path / "a.wav", data, subtype="FLOAT")
    assert np.array_equal(np.concatenate(list(sound.read_blocks(path)), axis=1), data)


def test_blocks_of_a_window_are_the_window(tmp_path):
    """read_blocks gives [start, stop), whatever the block size."""
    data = noise()
    path = written(tmp_path / "a.wav", data, subtype="FLOAT")
    blocks = list(sound.read_blocks(path, 100, 2501, 1000))
    assert [block.shape[1] for block in blocks] == [1000, 1000, 401]
    assert np.array_equal(np.concatenate(blocks, axis=1), data[:, 100:2501])


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_24_bits_survive_a_round_trip(tmp_path, channels):
    """Samples that fit 24 bits come back bit for bit, and soundfile agrees on the header."""
    steps = np.random.default_rng(1).integers(-(2**23), 2**23, (channels, 3001))
    data = (steps / 2**23).astype(np.float32)
    path = tmp_path / "a.wav"
    assert sound.write_wav(path, [data[:, :1000], data[:, 1000:]], 44100, channels, {"INAM": "x"}) == 0
    back, rate = soundfile.read(path, dtype="int32", always_2d=True)
    assert rate == 44100
    assert np.array_equal(back.T >> 8, steps)
    assert riff.is_whole(path) is True
    assert riff.read_info(path) == {"INAM": "x"}


def test_rounding_is_to_the_nearest_step(tmp_path):
    """0.6 of a step becomes one step, -0.4 becomes none: no bias."""
    path = tmp_path / "a.wav"
    sound.write_wav(path, [np.array([[0.6, -0.4, 1.4, -1.6]], np.float32) / 2**23], 48000, 1, {})
    assert (soundfile.read(path, dtype="int32")[0] >> 8).tolist() == [1, 0, 1, -2]


def test_clipped_samples_are_counted(tmp_path):
    """What is over full scale is clipped at full scale and told."""
    path = tmp_path / "a.wav"
    assert sound.write_wav(path, [np.array([[1.5, 0.0, -1.5, -1.0]], np.float32)], 48000, 1, {}) == 2
    assert (soundfile.read(path, dtype="int32")[0] >> 8).tolist() == [2**23 - 1, 0, -(2**23), -(2**23)]


def test_a_float_wav_keeps_every_bit(tmp_path):
    """32-bit float files clip nothing and round nothing, and carry their frame count."""
    data = noise(peak=4.0)
    path = tmp_path / "a.wav"
    sound.write_wav(path, [data], 48000, 2, {"ISFT": "dawbridge"}, floating=True)
    assert np.array_equal(soundfile.read(path, dtype="float32")[0].T, data)
    assert b"fact\x04\0\0\0" + struct.pack("<I", 3000) in path.read_bytes()[:100]


def test_a_failed_write_leaves_nothing(tmp_path):
    """NaN is refused and the file that was begun is gone; a taken name stays as it is."""
    path = tmp_path / "a.wav"
    with pytest.raises(Reject, match="not numbers"):
        sound.write_wav(path, [noise(), np.full((2, 10), np.nan, np.float32)], 48000, 2, {})
    assert not path.exists()
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        sound.write_wav(path, [noise()], 48000, 2, {})
    assert path.read_bytes() == b"mine"


def test_a_wav_over_four_gigabytes_is_refused(tmp_path, monkeypatch):
    """The size field of a WAV is never allowed to overflow."""
    monkeypatch.setattr("bridge.tools.wav._MOST_BYTES", 10000)
    with pytest.raises(Reject, match="4 GiB"):
        sound.write_wav(tmp_path / "a.wav", [noise()] * 2, 48000, 2, {})


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize(
    "window", [{"start_samples": 7, "end_samples": 2007}, {"start_s": 7 / 48000, "end_s": 2007 / 48000}]
)
def test_cut_is_exact(tmp_path, subtype, window):
    """Exactly the selected samples leave, unchanged, with no tags and no names."""
    source, out = written(tmp_path / "secret.wav", noise(), subtype=subtype), tmp_path / "out.wav"
    said = sound.cut({"path": str(source), "out": str(out), **window})
    assert (said["frames"], said["rate"], said["channels"]) == (2000, 48000, 2)
    assert np.array_equal(soundfile.read(out)[0], soundfile.read(source)[0][7:2007])
    assert b"LIST" not in out.read_bytes()[:100]


def test_cut_without_a_window_is_the_whole_clip(tmp_path):
    """No start and no end mean all of it; compressed sources become 24-bit WAV."""
    source, out = written(tmp_path / "a.ogg", noise(48000, peak=0.1)), tmp_path / "out.wav"
    said = sound.cut({"path": str(source), "out": str(out), "start_s": None, "end_s": None})
    assert (said["frames"], said["duration_s"], said["source_format"]) == (48000, 1.0, "OGG VORBIS")
    assert soundfile.info(out).subtype == "PCM_24"


def test_cut_never_clips_a_hot_source(tmp_path):
    """A source over full scale travels as float."""
    source, out = written(tmp_path / "a.wav", noise(peak=2.0), subtype="FLOAT"), tmp_path / "out.wav"
    sound.cut({"path": str(source), "out": str(out)})
    assert np.array_equal(soundfile.read(out)[0], soundfile.read(source)[0])


@pytest.mark.parametrize("window", [(0, 3001), (-1, 5), (5, 5), (9, 2), (4000, 5000)])
def test_a_window_outside_the_clip_is_refused(tmp_path, window):
    """The refusal says how long the file is, and nothing is written."""
    source, out = written(tmp_path / "a.wav", noise()), tmp_path / "out.wav"
    with pytest.raises(Reject, match="3000 samples") as caught:
        sound.cut({"path": str(source), "out": str(out), "start_samples": window[0], "end_samples": window[1]})
    assert caught.value.code == "bad_window"
    assert not out.exists()
