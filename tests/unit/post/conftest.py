"""Sounds to measure, made from formulas."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from bridge.post.tape import Tape


@pytest.fixture
def tone():
    """Make a sine of float32 (channels, n): level in dBFS, phase in degrees."""

    def make(hz, seconds, level_db, rate=48000, channels=2, phase=0.0):
        at = np.arange(round(seconds * rate)) / rate
        wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * at + np.radians(phase))
        return np.tile(wave.astype(np.float32), (channels, 1))

    return make


@pytest.fixture
def tape():
    """Put samples on a tape, in blocks."""

    def make(data, rate=48000, block=65536):
        starts = range(0, data.shape[1], block)
        return Tape(rate, data.shape[0], data.shape[1], lambda: (data[:, at : at + block] for at in starts))

    return make


@pytest.fixture
def drums():
    """Make a stereo beat at a tempo: kick on 1 and 3, snare on 2 and 4, hats on the eighths, in a bar of `beats`."""

    def make(bpm, seconds, rate=48000, start_s=0.0, beats=4):
        rng = np.random.default_rng(5)
        at = np.arange(rate // 5) / rate
        kick = 0.5 * np.sin(2 * np.pi * (50 * at + 8 * (1 - np.exp(-40 * at)))) * np.exp(-15 * at)
        snare = 0.2 * rng.standard_normal(at.size) * np.exp(-25 * at)
        hat = 0.1 * np.diff(rng.standard_normal(at.size), prepend=0) * np.exp(-80 * at)
        sound = np.zeros(round(seconds * rate) + at.size, np.float32)
        for eighth in range(int((seconds - start_s) * bpm / 30) + 1):
            place = round((start_s + eighth * 30 / bpm) * rate)
            beat = eighth // 2 % beats
            parts = [hat] if eighth % 2 else [hat, snare if beat % 2 else kick * (1.0 if beat else 1.5)]
            for part in parts:
                if place + at.size <= sound.size:
                    sound[place : place + at.size] += part.astype(np.float32)
        return np.tile(sound[: round(seconds * rate)], (2, 1))

    return make


@pytest.fixture
def save(tmp_path):
    """Write samples to a WAV in the test's folder (24-bit, or the subtype given) and return its path as text."""

    def make(data, rate=48000, name="raw.wav", subtype="PCM_24"):
        soundfile.write(tmp_path / name, data.T, rate, subtype=subtype)
        return str(tmp_path / name)

    return make
