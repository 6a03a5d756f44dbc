"""Chain step 10: one static gain to the level asked for, stopped by the true-peak ceiling. No dynamics, ever."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bridge.post import meters
from bridge.post.meters import Meters
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Tape
from bridge.post.true_peak import dbtp
from bridge.tools.sound import Block

NAME = "level"
_ROUNDING_DB = 0.001


@dataclass(frozen=True)
class Params:
    """The gain, what it aims at, and whether the ceiling stopped it. `target` is in LUFS, or dBFS for `peak`."""

    mode: str
    target: float | None
    gain_db: float
    limited_by_ceiling: bool


def measure(tape: Tape, order: Order, notes: Notes) -> Params:
    """The gain that reaches the target without the true peak rising above the ceiling."""
    heard = tape.figures if tape.figures and order.level != "peak" else meters.measure(tape)
    mode, target = _target(order, notes)
    wanted = _wanted(mode, target, heard, notes)
    room = math.inf if heard.true_peak_dbtp is None else order.ceiling_dbtp - _ROUNDING_DB - heard.true_peak_dbtp
    gain = min(wanted, room)
    notes.gain_db, notes.gain_limited_by_ceiling = gain, gain < wanted
    if gain < wanted:
        short = f"{wanted - gain:.1f} dB lower than the level asked for"
        notes.warn(f"The true-peak ceiling of {order.ceiling_dbtp:g} dBTP stopped the gain: the result is {short}.")
    return Params(mode, target, gain, gain < wanted)


def process(tape: Tape, params: Params) -> Tape:
    """Multiply by the gain."""
    factor = np.float32(10 ** (params.gain_db / 20))

    def run(block: Block, last: bool) -> Block:  # noqa: ARG001, FBT001 - the shape of every pass
        return block * factor

    return tape.through(lambda: run) if params.gain_db else tape


def _target(order: Order, notes: Notes) -> tuple[str, float | None]:
    if order.level == "off":
        return "off", None
    if order.level == "peak":
        return "peak", order.peak_db
    if order.level == "match" and notes.source_meters and notes.source_meters.lufs is not None:
        return "match", notes.source_meters.lufs
    if order.level == "match":
        why = "The clip sent is silent" if notes.source else "No clip was sent"
        notes.warn(f"{why}, so there is no level to match: {order.lufs:g} LUFS was the target.")
    return "lufs", order.lufs


def _wanted(mode: str, target: float | None, heard: Meters, notes: Notes) -> float:
    now = dbtp(heard.peak) if mode == "peak" else heard.lufs
    if target is None:
        return 0.0
    if now is None:
        notes.warn("The sound is too quiet to measure: its level was left alone.")
        return 0.0
    return target - now
