"""The mixing desk: parts to one stereo sound with a seam, an ending and headroom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pedalboard import Compressor, HighpassFilter, LowpassFilter, Reverb

from bridge.providers.sketch.plan import Plan
from bridge.providers.sketch.rack import Drive, below, through
from bridge.providers.sketch.restyle import Room, restyle
from bridge.providers.sketch.score import Sound, Time

PEAK = 10 ** (-3 / 20)
LEVEL_RMS = 10 ** (-17 / 20)  # close to -16 LUFS for a full mix
TAIL_S = 2.5
RUN_IN_S = 4.0
_SEASONING = 0.55
_CUT_S = 0.012
_SENDS = {"drums": 0.10, "bass": 0.0, "chords": 0.26}


def mix(tracks: Mapping[str, Sound], plan: Plan, time: Time) -> Sound:
    """All parts as one stereo sound of exactly `time.frames` samples.

    Its level is -3 dBFS peak or -17 dBFS RMS, whichever is lower. Each track has shape (2, frames + tail). In a loop
    the tails sound on at the beginning, and every effect has been running for a while before the first sample, so that
    the end leads into it.
    """
    before = round(RUN_IN_S * time.rate) if plan.loop else 0
    ready = {name: run_in(_close(track, plan, time), before) for name, track in tracks.items()}
    sound = _bus(ready, time.rate)
    room = Room(time.rate, time.bpm, time.frames / time.rate if plan.loop else None)
    sound = restyle(sound, plan.styles, _SEASONING, plan.seed, room)[:, before:]
    if not plan.loop:
        sound = _end(sound, plan, time)
    peak, rms = float(np.max(np.abs(sound))), float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return np.asarray(sound * np.float32(min(PEAK / max(peak, 1e-9), LEVEL_RMS / max(rms, 1e-9))))


def fold(track: Sound, frames: int) -> Sound:
    """A loop of exactly `frames` samples: what rings on after its end sounds at its beginning."""
    looped = track[:, :frames].copy()
    for start in range(frames, track.shape[1], frames):
        tail = track[:, start : start + frames]
        looped[:, : tail.shape[1]] += tail
    return looped


def run_in(loop: Sound, samples: int) -> Sound:
    """A loop with its end put before its beginning, as often round as it takes, so that effects ring from the start."""
    return np.take(loop, np.arange(-samples, loop.shape[1]), axis=1, mode="wrap") if samples else loop


def _close(track: Sound, plan: Plan, time: Time) -> Sound:
    return fold(track, time.frames) if plan.loop else track[:, : time.frames]


def _bus(tracks: Mapping[str, Sound], rate: int) -> Sound:
    """Chords leave the low end to bass and kick; one room and gentle glue hold the parts together."""
    dry = {name: _insert(name, track, rate) for name, track in tracks.items()}
    send = _sum([track * np.float32(_SENDS[name]) for name, track in dry.items()])
    room = Reverb(room_size=0.38, damping=0.55, wet_level=0.33, dry_level=0.0, width=1.0)
    wet = through([HighpassFilter(250), room], send, rate)
    glue = Compressor(threshold_db=-15, ratio=2.0, attack_ms=12, release_ms=140)
    tape = Drive(0.0)  # rounds the highest peaks off
    return through([glue, tape, HighpassFilter(20)], _sum([*dry.values(), wet]), rate)


def _sum(sounds: Sequence[Sound]) -> Sound:
    return np.asarray(np.sum(sounds, axis=0, dtype=np.float32))


def _insert(name: str, track: Sound, rate: int) -> Sound:
    if name != "chords":
        return track
    return through([HighpassFilter(150), HighpassFilter(110), LowpassFilter(below(9_000, rate))], track, rate)


def _end(sound: Sound, plan: Plan, time: Time) -> Sound:
    """Whole bars end on the bar line without a click; a free length ends in a fade of up to one bar."""
    bar = time.samples(time.meter.quarters)
    fade = round(_CUT_S * time.rate) if plan.bars is not None else min(bar, time.frames // 4)
    curve = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fade, dtype=np.float32))
    return np.concatenate([sound[:, :-fade], sound[:, -fade:] * curve], axis=1)
