"""Chain step 9: the user's own effects, pedalboard's built-ins by name and with their own parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pedalboard

from bridge.errors import Reject, nearest
from bridge.post.fades import Params as Fades
from bridge.post.fades import faded
from bridge.post.notes import Notes
from bridge.post.order import Order
from bridge.post.tape import Process, Tape
from bridge.tools.sound import Block

NAME = "plugins"
_DE_CLICK_S = 0.01
_NOT_EFFECTS = {
    *("Plugin", "PluginContainer", "Pedalboard", "Chain", "Mix", "ExternalPlugin", "VST3Plugin", "AudioUnitPlugin"),
    *("Convolution", "Resample", "IIRFilter"),
}


@dataclass(frozen=True)
class Params:
    """The effects in order, as they were asked for."""

    effects: tuple[Mapping[str, Any], ...]


def measure(tape: Tape, order: Order, notes: Notes) -> Params | None:  # noqa: ARG001 - every step is asked alike
    """Make sure that every effect can be set up as asked.

    Raises:
        Reject: `unknown_plugin`, `unknown_parameter` or `bad_parameter`.
    """
    for said in order.plugins:
        effect(said)
    if _at_once(order.plugins) and not tape.fits:
        why = "pedalboard's PitchShift cannot work on sound longer than ten minutes."
        raise Reject("too_long", why, "Take PitchShift out of the chain, or make a shorter take.")
    return Params(tuple(order.plugins)) if order.plugins else None


def process(tape: Tape, params: Params) -> Tape:
    """Run the effects; their delay is made up for, what rings on after the end is faded out."""
    heard = replace(tape, source=lambda: iter([tape.whole()]), kept=[]) if _at_once(params.effects) else tape
    return heard.through(lambda: _pass(tape, params))


def effect(said: Mapping[str, Any]) -> pedalboard.Plugin:
    """One pedalboard effect from `{"name": "Reverb", "room_size": 0.4}`.

    Raises:
        Reject: `unknown_plugin` or `unknown_parameter` with the nearest name, `bad_parameter`.
    """
    kinds, name = _kinds(), str(said.get("name", ""))
    if name not in kinds:
        raise Reject("unknown_plugin", f"pedalboard has no built-in effect '{name}'.", nearest(name, kinds))
    settable = _settable(kinds[name])
    made = kinds[name]()
    for key, value in said.items():
        if key != "name" and key not in settable:
            raise Reject("unknown_parameter", f"{name} has no parameter '{key}'.", nearest(key, settable))
        if key != "name":
            _set(made, name, key, value)
    return made


def _at_once(effects: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of them is wrong in blocks: pedalboard 0.9.26 loses a second of PitchShift's sound."""
    return any(said.get("name") == "PitchShift" for said in effects)


def _kinds() -> dict[str, type[pedalboard.Plugin]]:
    found = {name: kind for name, kind in vars(pedalboard).items() if isinstance(kind, type)}
    return {
        name: kind for name, kind in found.items() if issubclass(kind, pedalboard.Plugin) and name not in _NOT_EFFECTS
    }


def _settable(kind: type[pedalboard.Plugin]) -> set[str]:
    members = ((name, getattr(kind, name)) for name in dir(kind) if not name.startswith("_"))
    return {name for name, member in members if isinstance(member, property) and member.fset is not None}


def _set(made: pedalboard.Plugin, name: str, key: str, value: object) -> None:
    try:
        setattr(made, key, value)
    except (TypeError, ValueError, RuntimeError) as fault:
        why = str(fault).splitlines()[0]
        hint = "See pedalboard's documentation for its range."
        raise Reject("bad_parameter", f"{name} cannot take {key} = {value!r}: {why}", hint) from None


def _pass(tape: Tape, params: Params) -> Process:
    at_once = _at_once(params.effects)
    board = pedalboard.Chain([effect(said) for said in params.effects])
    end = faded(Fades(0, min(tape.frames // 2, round(_DE_CLICK_S * tape.rate)), tape.frames))
    left = tape.frames

    def heard(block: Block) -> Block:
        nonlocal left
        out: Block = np.ascontiguousarray(board(block, tape.rate, reset=at_once)[:, :left])
        if not np.isfinite(out).all():
            raise Reject("bad_samples", "An effect made samples that are not numbers.", "Take it out of the chain.")
        left -= out.shape[1]
        return out

    def run(block: Block, last: bool) -> Block:  # noqa: FBT001 - the shape of every pass
        parts = [heard(block)]
        silent = 0
        while last and left and silent < tape.rate:
            parts.append(heard(np.zeros((tape.channels, 4096), np.float32)))
            silent += 4096
        if last and left:
            parts.append(np.zeros((tape.channels, left), np.float32))
        return end(np.concatenate(parts, axis=1), last)

    return run
