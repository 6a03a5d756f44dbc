"""Settles what will be played — tempo, meter, key, length, parts — from the grid, the prompt and the seed. No numpy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bridge.errors import Reject
from bridge.providers.sketch import words
from bridge.providers.sketch.order import LONGEST_S, Order, read_order
from bridge.providers.sketch.prompt import Heard, hear
from bridge.providers.sketch.words import Beat, Genre, Voice
from bridge.tools.music import FASTEST_BPM, SLOWEST_BPM, Key, Meter, Mode, bar_samples, parse_key

DEFAULT_BARS = 8
_MODES: tuple[Mode, ...] = ("minor", "major")
_MINOR_KEYS = ("Am", "Dm", "Em", "Cm", "Gm", "F#m", "Bm", "Fm")
_MAJOR_KEYS = ("C", "F", "G", "D", "Bb", "Eb", "A")

_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Plan:
    """Everything about the music that is settled before a sound is made.

    `frames` is the exact length of the result at `rate`, None while only the source file knows it. `bars` is a whole
    number of bars that fills `frames` exactly, None where the length is not one. A restyled clip has the tempo and
    the key that its sender named, or None.
    """

    seed: int
    rate: int
    bpm: float | None
    meter: Meter
    key: Key | None
    bars: int | None
    frames: int | None
    loop: bool
    parts: tuple[str, ...]
    styles: tuple[str, ...]
    strength: float
    genre: Genre
    swing: float
    voice: Voice
    understood: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def beat(self) -> Beat:
        """Which way the drums are played."""
        return self.genre.beat


def plan(order: Mapping[str, Any]) -> dict[str, Any]:
    """What `render` would make of an order, without making it: for `--dry-run` and for showing a price of nothing.

    Raises:
        Reject: the order can never work as asked.
    """
    settled = settle(read_order(order))
    return {**describe(settled), "seconds": None if settled.frames is None else settled.frames / settled.rate}


def describe(settled: Plan) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        "seed": settled.seed,
        "bpm": settled.bpm,
        "beats_per_bar": settled.meter.beats,
        "beat_unit": settled.meter.unit,
        "key": settled.key and settled.key.name,
        "bars": settled.bars,
        "frames": settled.frames,
        "rate": settled.rate,
        "understood": dict(settled.understood),
        "notes": list(settled.notes),
    }


def settle(order: Order) -> Plan:
    """The plan for an order: the grid's word first, then the prompt's, then the seed's.

    Raises:
        Reject: `nothing_left`, `too_long`.
    """
    heard = hear(order.prompt, order.negative_prompt)
    notes = [*_conflicts(order, heard), *heard.notes]
    base = _restyle(order, heard, notes) if order.source else _compose(order, heard)
    return _fit(base, order, notes)


def _compose(order: Order, heard: Heard) -> Plan:
    genre = heard.genre or words.PLAIN
    drawn: Mode = _pick(order.seed, "mode", _MODES)
    return Plan(
        seed=order.seed,
        rate=order.rate,
        bpm=order.bpm or heard.bpm or _tempo(order.seed, heard),
        meter=order.meter or heard.meter or Meter(),
        key=order.key or heard.key or _key(order.seed, heard.mode or genre.mode or drawn),
        bars=order.bars or (None if order.length_s else DEFAULT_BARS),
        frames=None,
        loop=order.loop,
        parts=heard.parts,
        styles=heard.styles,
        strength=order.strength,
        genre=genre,
        swing=heard.swing if heard.swing is not None else genre.swing,
        voice=heard.voice or genre.voice,
        understood=heard.understood,
        notes=(),
    )


def _restyle(order: Order, heard: Heard, notes: list[str]) -> Plan:
    """Keeps the clip's own tempo and key: only drums that were asked for are new, and only on a known grid."""
    if heard.adds_drums and order.bpm is None:
        notes.append("The prompt asks for drums, but the clip's tempo is not known: send its BPM to have them added.")
    drums = ("drums",) if heard.adds_drums and order.bpm else ()
    styles = heard.styles or ("polish",)
    if drums:
        notes.append("Drums were added, with beat one on the clip's first sample.")
    if not heard.styles:
        heard.understood["(no colour named)"] = words.STYLE_EFFECTS["polish"]
    composed = _compose(order, heard)
    return replace(composed, bpm=order.bpm, key=order.key, bars=order.bars, parts=drums, styles=styles)


def _fit(base: Plan, order: Order, notes: list[str]) -> Plan:
    """The plan with its exact length, and with a tempo that fills a loop's length when the tempo is free."""
    if order.source is not None:
        return replace(base, notes=tuple(notes))
    assert base.bpm is not None
    bpm, bars = base.bpm, base.bars
    if bars is None:
        assert order.length_s is not None
        frames = round(order.length_s * base.rate)
        if order.loop:
            bpm, bars = _loop_tempo(base, order, notes)
    else:
        frames = bar_samples(bars, bpm, base.meter, base.rate)
    if frames > LONGEST_S * base.rate:
        asked = f"{bars} bars at {bpm:g} BPM last {frames / base.rate:.0f} s"
        raise Reject("too_long", f"{asked}; the sketch engine plays up to {LONGEST_S:g} s.", "Ask for fewer bars.")
    return replace(base, bpm=bpm, bars=bars, frames=frames, notes=tuple(notes))


def _loop_tempo(base: Plan, order: Order, notes: list[str]) -> tuple[float, int | None]:
    assert base.bpm is not None
    assert order.length_s is not None
    bars = max(1, round(order.length_s * base.bpm / 60 / base.meter.quarters))
    fitted = bars * base.meter.quarters * 60 / order.length_s
    if math.isclose(fitted, base.bpm, rel_tol=1e-9):
        return base.bpm, bars
    if order.bpm or not SLOWEST_BPM <= fitted <= FASTEST_BPM:
        notes.append(f"{order.length_s:g} s at {base.bpm:g} BPM are not whole bars: the loop will jump. Ask for bars.")
        return base.bpm, None
    notes.append(f"The tempo was set to {fitted:.3f} BPM so that {bars} bars fill {order.length_s:g} s.")
    return fitted, bars


def _conflicts(order: Order, heard: Heard) -> list[str]:
    """One sentence for each thing that the grid and the prompt say differently."""
    said = (
        (heard.bpm, order.bpm, lambda value: f"{value:g} BPM"),
        (heard.meter, order.meter, str),
        (heard.key, order.key, str),
    )
    return [
        f"The prompt says {name(asked)}, the grid says {name(ruling)}: the grid was followed."
        for asked, ruling, name in said
        if asked is not None and ruling is not None and asked != ruling
    ]


def _tempo(seed: int, heard: Heard) -> float:
    genre = heard.genre or words.PLAIN
    slow, fast = genre.slow_bpm, genre.fast_bpm
    if heard.pace is not None and heard.genre is None:
        slow, fast = words.SLOWEST_PLAIN_BPM, words.FASTEST_PLAIN_BPM
    if heard.pace is not None:
        middle, spread = slow + heard.pace * (fast - slow), max((fast - slow) / 10, 3)
        slow, fast = round(max(slow, middle - spread)), round(min(fast, middle + spread))
    return float(_pick(seed, "tempo", range(slow, fast + 1)))


def _key(seed: int, mode: Mode) -> Key:
    return parse_key(_pick(seed, "key", _MINOR_KEYS if mode == "minor" else _MAJOR_KEYS))


def _pick(seed: int, what: str, choices: Sequence[_Choice]) -> _Choice:
    """One of the choices, the same for the same seed on every machine."""
    digest = hashlib.sha256(f"{seed} {what}".encode()).digest()
    return choices[int.from_bytes(digest[:8], "big") % len(choices)]
