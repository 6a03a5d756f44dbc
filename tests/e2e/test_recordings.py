"""Real recordings, of every kind that people drop."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import soundfile

from bridge.post import inspect
from bridge.tools.sound import verify

SAMPLES = Path("/usr/share/sonic-pi/samples")
NAMES = ("loop_tabla", "guit_em9", "drum_roll", "misc_burp", "perc_swash", "ambi_glass_hum")


@pytest.fixture(scope="module", params=[*NAMES, "loop_tabla.mp3", "loop_tabla.ogg", "loop_tabla.wav"])
def recording(request, tmp_path_factory):
    """A FLAC as recorded (mono and stereo, 16 and 24 bit), or a copy of one in another format."""
    if not SAMPLES.is_dir():
        pytest.skip("Debian's sonic-pi-samples are not installed")
    name, _, suffix = request.param.partition(".")
    original = SAMPLES / f"{name}.flac"
    if not suffix:
        return original
    copy = tmp_path_factory.mktemp("recording") / request.param
    sound, rate = soundfile.read(original, always_2d=True)
    soundfile.write(copy, sound, rate)
    return copy


def test_a_recording_comes_back_as_long_and_as_loud(studio, recording):
    """Same length to the sample, same channels and rate, within 0.1 LU under the ceiling, the original untouched."""
    before = hashlib.sha256(recording.read_bytes()).hexdigest()
    wish = {"prompt": "dusty tape", "model": "sketch", "clip": {"path": str(recording)}}
    (take,) = studio.make({**wish, "placement": {"project": str(studio.project)}})
    asked, got = verify(recording), inspect({"path": take.path})
    assert (got["frames"], got["rate"], got["channels"]) == (asked.frames, asked.rate, asked.channels)
    wanted = inspect({"path": str(recording)})["lufs"]
    assert got["true_peak_dbtp"] <= -1.0
    assert abs(got["lufs"] - wanted) <= 0.1 or got["true_peak_dbtp"] > -1.1
    assert hashlib.sha256(recording.read_bytes()).hexdigest() == before
