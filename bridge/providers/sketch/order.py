"""What the sketch engine is asked for: an order as JSON, checked once, then a value. No numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bridge.errors import Reject, nearest
from bridge.tools.music import Key, Meter, check_bpm, parse_key, parse_meter

LONGEST_S = 600.0
HIGHEST_SEED = 2**32 - 1
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


@dataclass(frozen=True)
class Order:
    """One piece of music to make, or with `source` a clip to restyle. None is left to the prompt or the seed."""

    prompt: str = ""
    negative_prompt: str | None = None
    seed: int = 0
    rate: int = 48_000
    bars: int | None = None
    bpm: float | None = None
    meter: Meter | None = None
    key: Key | None = None
    length_s: float | None = None
    source: Path | None = None
    strength: float = 0.6
    loop: bool = False
    out: Path | None = None


FIELDS = ({field.name for field in fields(Order)} - {"meter"}) | {"beats_per_bar", "beat_unit"}


def read_order(said: Mapping[str, Any]) -> Order:
    """The order that a JSON object describes; fields that are missing or null take their defaults.

    Raises:
        Reject: `unknown_field`, or the field's own code with the range it must lie in.
    """
    given = {name: value for name, value in said.items() if value is not None}
    for name in given:
        if name not in FIELDS:
            raise Reject("unknown_field", f"An order has no field '{name}'.", nearest(name, FIELDS))
    length_s = _number(given, "length_s", 0.1, LONGEST_S) if "length_s" in given else None
    return Order(
        prompt=str(given.get("prompt", "")),
        negative_prompt=given.get("negative_prompt"),
        seed=_whole(given, "seed", 0, HIGHEST_SEED, default=0),
        rate=_whole(given, "rate", LOWEST_RATE, HIGHEST_RATE, default=48_000),
        bars=_whole(given, "bars", 1, 1000) if "bars" in given else None,
        bpm=check_bpm(given["bpm"]) if "bpm" in given else None,
        meter=_meter(given),
        key=parse_key(given["key"]) if "key" in given else None,
        length_s=length_s,
        source=Path(given["source"]) if "source" in given else None,
        strength=_number(given, "strength", 0.0, 1.0) if "strength" in given else 0.6,
        loop=bool(given.get("loop", False)),
        out=Path(given["out"]) if "out" in given else None,
    )


def _meter(given: Mapping[str, Any]) -> Meter | None:
    if "beats_per_bar" not in given and "beat_unit" not in given:
        return None
    return parse_meter(f"{given.get('beats_per_bar', 4)}/{given.get('beat_unit', 4)}")


def _number(given: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = given[name]
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if not low <= number <= high:
        raise _out_of_range(name, value, f"a number from {low:g} to {high:g}")
    return number


def _whole(given: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _out_of_range(name, value, f"a whole number from {low} to {high}")
    return value


def _out_of_range(name: str, value: object, wanted: str) -> Reject:
    return Reject(f"bad_{name}", f"'{value}' is no {name} that the sketch engine can use.", f"Give {wanted}.")
