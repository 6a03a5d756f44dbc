from __future__ import annotations

import struct

import numpy as np
import pytest
import soundfile

from bridge.tools import riff


def wav(tmp_path, data=b"\0" * 400, size=None, head=b"RIFF", extra=b""):
    """A small 16-bit mono WAV whose data chunk may lie about its size."""
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    body = b"WAVE" + extra + b"fmt " + struct.pack("<I", 16) + form
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    path = tmp_path / "a.wav"
    path.write_bytes(head + struct.pack("<I", len(body)) + body)
    return path


def test_a_complete_wav_is_whole(tmp_path):
    """A file whose data chunk lies within its bytes is whole."""
    assert riff.is_whole(wav(tmp_path)) is True


def test_every_cut_of_a_wav_is_seen(tmp_path):
    """Whatever byte a WAV is cut at, it is not called whole."""
    path = wav(tmp_path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert not riff.is_whole(path), length


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_streamed_wav_cannot_tell(tmp_path, size):
    """A writer that never filled in the size leaves the question open."""
    assert riff.is_whole(wav(tmp_path, size=size)) is None


def test_a_small_file_that_claims_four_gigabytes_is_cut(tmp_path):
    """A declared size is compared with the bytes present."""
    assert riff.is_whole(wav(tmp_path, size=0xFFFFFFF0)) is False


@pytest.mark.parametrize(("claim", "whole"), [(400, True), (1 << 40, False)])
def test_the_wide_size_of_rf64_counts(tmp_path, claim, whole):
    """RF64 keeps its size in the ds64 chunk."""
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, claim, 0, 0)
    assert riff.is_whole(wav(tmp_path, size=0xFFFFFFFF, head=b"RF64", extra=ds64)) is whole


def test_an_aiff_is_judged_too(tmp_path):
    """AIFF counts big-endian; a cut one is seen."""
    path = tmp_path / "a.aiff"
    soundfile.write(path, np.zeros((100, 2)), 8000, format="AIFF")
    assert riff.is_whole(path) is True
    path.write_bytes(path.read_bytes()[:-5])
    assert riff.is_whole(path) is False


def test_other_formats_cannot_tell(tmp_path):
    """FLAC has no container size: None, not a guess. An empty file is not whole."""
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(100), 8000)
    assert riff.is_whole(path) is None
    path.write_bytes(b"")
    assert riff.is_whole(path) is False


def test_info_strings_come_back(tmp_path):
    """What info_chunk writes, read_info reads, in every script."""
    tags = {"INAM": "Straße 夜", "ISFT": "dawbridge 1.0", "ICMT": "odd"}
    path = wav(tmp_path, extra=riff.info_chunk(tags))
    assert riff.read_info(path) == tags
    assert riff.is_whole(path) is True
    assert riff.made_by_us(path)


def test_broken_info_is_no_error(tmp_path):
    """A LIST chunk with wild sizes and broken text is read as far as it makes sense."""
    body = b"INFO" + b"INAM" + struct.pack("<I", 9999) + b"abc\xff\0"
    path = wav(tmp_path, extra=b"LIST" + struct.pack("<I", len(body) + 1) + body + b"\0\0")
    assert riff.read_info(path) == {"INAM": "abc\ufffd"}
    assert not riff.made_by_us(path)


def test_chunks_without_end_are_given_up(tmp_path):
    """A file of nothing but empty chunks ends after a bounded number of steps."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5000 + b"data\0\0\0\0")
    assert riff.is_whole(path) is False


def test_an_id_has_four_letters():
    """A tag that no reader could find is refused."""
    with pytest.raises(ValueError, match="four-letter"):
        riff.info_chunk({"TITLE": "x"})
