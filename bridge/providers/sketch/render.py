"""Makes the sketch: an order in JSON becomes a WAV file and a report. Pure, offline, the same for the same order.

It stands where a music service would: `provider.fetch` and the engine call `render` in the worker.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from bridge.errors import Reject
from bridge.providers.sketch.bass import play_bass
from bridge.providers.sketch.chords import play_chords
from bridge.providers.sketch.drums import play_drums
from bridge.providers.sketch.mix import RUN_IN_S, TAIL_S, fold, mix, run_in
from bridge.providers.sketch.order import LONGEST_S, Order, read_order
from bridge.providers.sketch.plan import Plan, describe, plan, settle
from bridge.providers.sketch.restyle import Room, restyle
from bridge.providers.sketch.score import Sound, Time

__all__ = ["compose", "plan", "render"]

_PLAYERS = {"drums": play_drums, "bass": play_bass, "chords": play_chords}
_FULL_SCALE = 2**23
_DRUMS_UNDER_CLIP = 0.9
_HIGHEST_PEAK = 0.98


def render(order: Mapping[str, Any]) -> dict[str, Any]:
    """Plays an order into its `out` file, a 24-bit WAV, and says what was played.

    Raises:
        Reject: the order can never work as asked; nothing was written.
    """
    read = read_order(order)
    out = _free(read.out)
    settled = settle(read)
    sound = compose(settled) if read.source is None else recolour(read, read.source, settled)
    _write(out, sound, read.rate)
    return {**describe(settled), "frames": sound.shape[1], "channels": sound.shape[0]}


def compose(settled: Plan) -> Sound:
    """New music, shape (2, frames)."""
    assert settled.bpm is not None
    assert settled.frames is not None
    bar_s = settled.meter.quarters * 60 / settled.bpm
    bars = settled.bars or math.ceil(settled.frames / settled.rate / bar_s)
    time = Time(settled.bpm, settled.meter, settled.rate, bars, settled.frames)
    return mix({part: _play(part, settled, time) for part in settled.parts}, settled, time)


def recolour(order: Order, source: Path, settled: Plan) -> Sound:
    """The source clip in its new colours, channels and duration as they were, with drums where they were asked for."""
    clip = _read(source, order.rate)
    if order.strength == 0:
        return clip
    before = round(RUN_IN_S * order.rate) if order.loop else 0
    room = Room(order.rate, order.bpm, clip.shape[1] / order.rate if order.loop else None)
    styled = restyle(run_in(clip, before), settled.styles, order.strength, order.seed, room)[:, before:]
    return _with_drums(styled, settled) if settled.parts else styled


def _play(part: str, settled: Plan, time: Time) -> Sound:
    track = np.zeros((2, time.frames + round(TAIL_S * time.rate)), np.float32)
    _PLAYERS[part](settled, time, track)
    return track


def _with_drums(clip: Sound, settled: Plan) -> Sound:
    """The clip with a groove under it, a little softer than the clip itself."""
    assert settled.bpm is not None
    frames = clip.shape[1]
    bars = math.ceil(frames / settled.rate * settled.bpm / 60 / settled.meter.quarters)
    time = Time(settled.bpm, settled.meter, settled.rate, bars, frames)
    drums = _play("drums", settled, time)
    drums = fold(drums, frames) if settled.loop else drums[:, :frames]
    layer = np.zeros_like(clip)
    layer[:2] = drums if clip.shape[0] > 1 else drums.mean(axis=0)
    both = clip + layer * np.float32(_DRUMS_UNDER_CLIP * settled.strength * _rms(clip) / max(_rms(layer), 1e-9))
    return both * np.float32(min(1.0, _HIGHEST_PEAK / max(float(np.max(np.abs(both))), 1e-9)))


def _rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def _read(source: Path, rate: int) -> Sound:
    """The clip at the order's rate, resampled once (soxr VHQ) where it has to be; shape (channels, samples)."""
    try:
        with soundfile.SoundFile(source) as file:
            if file.frames > LONGEST_S * file.samplerate:
                said = f"The clip lasts {file.frames / file.samplerate:.0f} s; the sketch engine takes {LONGEST_S:g} s."
                raise Reject("too_long", said, "Select a shorter part.")
            clip, source_rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except (soundfile.LibsndfileError, OSError) as problem:
        said = f"The clip '{source.name}' cannot be read as audio: {problem}."
        raise Reject("source_unreadable", said, "Send a WAV file.") from problem
    if not clip.size:
        raise Reject("source_empty", f"The clip '{source.name}' holds no sound.", "Select some audio and try again.")
    if source_rate != rate:
        frames = round(len(clip) * rate / source_rate)
        clip = soxr.resample(clip, source_rate, rate, quality="VHQ")[:frames]
        clip = np.pad(clip, ((0, frames - len(clip)), (0, 0)))
    return np.ascontiguousarray(clip.T)


def _free(out: Path | None) -> Path:
    if out is None:
        raise Reject("no_out", "The order does not say where the sound goes.", "Give `out`, a path that is still free.")
    if out.exists():
        raise Reject("out_exists", f"'{out.name}' is there already and is never overwritten.", "Give another name.")
    return out


def _write(out: Path, sound: Sound, rate: int) -> None:
    """A 24-bit WAV, rounded to the nearest step; libsndfile takes the upper three bytes of each 32-bit sample."""
    steps = np.clip(np.rint(sound.T.astype(np.float64) * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    with out.open("xb") as file:
        soundfile.write(file, steps.astype(np.int32) << 8, rate, subtype="PCM_24", format="WAV")
