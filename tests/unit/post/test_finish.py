from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from bridge import post
from bridge.errors import Reject
from bridge.post import tape as tapes
from bridge.tools import riff


@pytest.fixture
def finish(tmp_path):
    """Finish a take; give the report (as it crosses the process) and the samples that were written."""

    def run(raw, **more):
        out = tmp_path / "out.wav"
        report = post.finish({"raw": raw, "out": str(out), **more})
        return json.loads(json.dumps(report)), soundfile.read(out, dtype="float32", always_2d=True)[0].T

    return run


def test_four_bars_at_92_sit_in_the_project(finish, save, drums):
    """A 44.1 kHz take of four bars and a tail comes back as exactly 500870 samples at 48 kHz, on the grid, at level."""
    report, data = finish(save(drums(92, 11, 44100), 44100), bars=4, bpm=92, lufs=-26, tags={"ISFT": "dawbridge 1"})
    assert data.shape == (2, 500870)
    assert report["length_samples"] == 500870
    assert report["tempo"]["verdict"] == "on-grid"
    assert report["tempo"]["bpm"] == pytest.approx(92, rel=1e-3)
    assert report["result"]["lufs"] == pytest.approx(-26, abs=0.05)
    assert report["result"]["rate"] == 48000
    assert (data[:, 0] == 0).all()
    assert (data[:, -1] == 0).all()


def test_a_drifting_take_is_pulled_onto_the_grid(finish, save, drums):
    """A take that is 2 % too fast is stretched and still has its exact bars."""
    report, data = finish(save(drums(94, 11)), bars=4, bpm=92)
    assert report["tempo"]["verdict"] == "stretched"
    assert report["tempo"]["stretch_ratio"] == pytest.approx(94 / 92, rel=1e-3)
    assert data.shape[1] == 500870


def test_the_level_is_matched_to_the_clip_sent(finish, save, drums):
    """Loudness, rate and channels are those of the source."""
    source = save(drums(110, 5, 44100)[:1] * 0.25, 44100, "source.wav")
    report, data = finish(save(drums(92, 6)), source=source)
    assert report["result"]["lufs"] == pytest.approx(report["source"]["lufs"], abs=0.05)
    assert (report["result"]["rate"], data.shape[0]) == (44100, 1)


def test_without_a_source_the_target_is_said(finish, save, drums):
    """Matching nothing falls back to the target and says so."""
    report, _ = finish(save(drums(92, 6) * 0.2), lufs=-30)
    assert report["result"]["lufs"] == pytest.approx(-30, abs=0.05)
    assert any("no level to match" in warning for warning in report["warnings"])


def test_the_gain_is_one_number(finish, save, drums):
    """The result is the input times a constant, down to the last of 24 bits: no dynamics, ever."""
    data = drums(92, 4)
    out = finish(save(data, subtype="FLOAT"), trim=False, fade_in_ms=0, fade_out_ms=0, lufs=-25)
    gain = 10 ** (out[0]["gain_db"] / 20)
    assert 20 * np.log10(np.abs(out[1] - data * gain).max()) < -140


def test_the_ceiling_stops_the_gain(finish, save, drums):
    """A target that cannot be reached under the ceiling is lowered and told; the written file keeps the ceiling."""
    report, _ = finish(save(drums(92, 6)), lufs=-3, ceiling_dbtp=-1.5)
    assert report["gain_limited_by_ceiling"]
    assert -1.51 < report["result"]["true_peak_dbtp"] <= -1.5
    assert any("ceiling of -1.5 dBTP stopped" in warning for warning in report["warnings"])


def test_a_hot_float_take_is_not_clipped(finish, save, tone):
    """A take over full scale is turned down, not cut off."""
    report, data = finish(save(tone(1000, 3, 6), subtype="FLOAT"))
    assert report["raw"]["true_peak_dbtp"] == pytest.approx(6, abs=0.05)
    assert np.abs(data).max() < 1
    assert not any("clipped" in warning for warning in report["warnings"])


def test_long_and_short_tapes_finish_alike(finish, save, drums, tmp_path, monkeypatch):
    """A take that is too long to keep in memory gives the same samples."""
    raw = save(drums(93, 8, 44100), 44100)
    order = {"bars": 3, "bpm": 92, "plugins": [{"name": "Chorus"}], "lufs": -20}
    kept, data = finish(raw, **order)
    monkeypatch.setattr(tapes, "_KEPT_VALUES", 1000)
    (tmp_path / "out.wav").unlink()
    streamed, again = finish(raw, **order)
    assert np.array_equal(data, again)
    assert kept == streamed


def test_tags_are_written_and_the_file_is_whole(finish, save, drums, tmp_path):
    """The INFO strings are in the file, and every reader sees a whole WAV of 24 bits."""
    tags = {"ISFT": "dawbridge 0.1", "ICMT": "é"}
    finish(save(drums(92, 3)), tags=tags)
    assert riff.read_info(tmp_path / "out.wav") == tags
    assert riff.is_whole(tmp_path / "out.wav") is True
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_24"


def test_every_step_that_did_something_is_reported(finish, save, drums):
    """The report names the steps in the chain's order, with their parameters."""
    report, _ = finish(save(drums(94, 11, 44100), 44100), bars=4, bpm=92, plugins=[{"name": "Gain", "gain_db": 1.0}])
    order = ["sanity", "rate", "grid", "length", "fades", "plugins", "level"]
    assert [step["name"] for step in report["steps"]] == order
    assert report["steps"][5]["params"]["effects"] == [{"name": "Gain", "gain_db": 1.0}]


def test_a_refused_take_leaves_no_file(save, tmp_path):
    """Silence is refused, and nothing lies at the target."""
    raw = save(np.zeros((2, 48000), np.float32))
    with pytest.raises(Reject) as caught:
        post.finish({"raw": raw, "out": str(tmp_path / "out.wav")})
    assert caught.value.code == "silent_output"
    assert not (tmp_path / "out.wav").exists()


def test_broken_samples_are_refused_in_words(save, tmp_path):
    """A float file with NaN stops at the sanity step, not in a meter."""
    data = np.full((2, 48000), 0.1, np.float32)
    data[0, 30000] = np.nan
    data[1, 100] = np.inf
    with pytest.raises(Reject) as caught:
        post.finish({"raw": save(data, subtype="FLOAT"), "out": str(tmp_path / "out.wav")})
    assert caught.value.code == "bad_samples"


def test_the_target_must_be_free(save, drums, tmp_path):
    """Nothing is ever overwritten."""
    out = tmp_path / "out.wav"
    out.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        post.finish({"raw": save(drums(92, 3)), "out": str(out)})
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("more", "code", "hint"),
    [
        ({"lufz": -14}, "unknown_field", "lufs"),
        ({"level": "mach"}, "bad_level", "match"),
        ({"bars": 4}, "bad_grid", "bpm"),
        ({"bpm": 3159345}, "bad_bpm", "tempo"),
    ],
)
def test_a_wrong_order_is_refused(more, code, hint):
    """Unknown fields and impossible values are refused before any work, with the nearest name."""
    with pytest.raises(Reject) as caught:
        post.finish({"raw": "a.wav", "out": "b.wav", **more})
    assert caught.value.code == code
    assert hint in caught.value.hint


@pytest.mark.parametrize("seconds", [0.001, 0.1, 0.39])
def test_very_short_clips_are_finished(finish, save, tone, seconds):
    """A hit shorter than any loudness block still comes out at its level."""
    report, _ = finish(save(tone(1000, seconds, -20)), trim=False, fade_in_ms=0, fade_out_ms=0, lufs=-23)
    assert report["result"]["short"]
    assert report["result"]["lufs"] == pytest.approx(-23, abs=0.1)


def test_inspect_tells_all(save, drums):
    """One call gives the page what it shows: figures, tempo and a drawing."""
    said = post.inspect({"path": save(drums(92, 8)), "bpm": 92.0, "bins": 100})
    assert (said["format"], said["subtype"], said["frames"], said["channels"]) == ("WAV", "PCM_24", 384000, 2)
    assert said["tempo"]["bpm"] == pytest.approx(92, rel=1e-3)
    assert len(said["envelope"]["min"]) == len(said["envelope"]["max"]) == 100
    assert json.loads(json.dumps(said)) == said


def test_the_envelope_is_the_extremes_of_each_part(save, tone):
    """Each point of the drawing is the lowest and the highest sample of its part, whatever the blocks."""
    data = np.random.default_rng(8).uniform(-0.9, 0.9, (2, 100003)).astype(np.float32)
    envelope = post.inspect({"path": save(data, subtype="FLOAT"), "bpm": None, "bins": 7})["envelope"]
    parts = [data.mean(axis=0)[np.arange(100003) * 7 // 100003 == part] for part in range(7)]
    assert envelope["max"] == pytest.approx([part.max() for part in parts], abs=1e-4)
    assert envelope["min"] == pytest.approx([part.min() for part in parts], abs=1e-4)
