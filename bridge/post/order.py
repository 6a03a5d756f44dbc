"""What is asked of the chain, as it crosses into the worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from bridge.errors import Reject, nearest
from bridge.tools.music import Meter, bar_samples, check_bpm

LevelMode = Literal["match", "lufs", "peak", "off"]


@dataclass(frozen=True)
class Order:
    """One take to finish: `raw` is the engine's original, `out` a path that does not exist yet, `source` the clip sent.

    `source_figures` is what `bridge.post:measure` said of the source, where that was measured while the engine worked.

    With `bars` and `bpm` the result is exactly that many bars; else exactly `length_s`; else as long as it is.
    `rate` in Hz: None takes the source's rate, else 48000. `bpm` counts quarter notes in every meter.
    """

    raw: Path
    out: Path
    source: Path | None = None
    source_figures: Mapping[str, Any] | None = None
    rate: int | None = None
    bars: int | None = None
    bpm: float | None = None
    beats_per_bar: int = 4
    beat_unit: int = 4
    length_s: float | None = None
    loop: bool = False
    trim: bool = True
    level: LevelMode = "match"
    lufs: float = -14.0
    peak_db: float = -1.0
    ceiling_dbtp: float = -1.0
    fade_in_ms: float = 2.0
    fade_out_ms: float = 10.0
    plugins: tuple[Mapping[str, Any], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Order:
        """The order in this JSON object.

        Raises:
            Reject: `unknown_field` with the nearest name, `bad_level`, `bad_bpm` or `bad_grid`.
        """
        known = {each.name for each in fields(cls)}
        for name in said:
            if name not in known:
                raise Reject("unknown_field", f"Finishing a take knows no field '{name}'.", nearest(name, known))
        order = cls(**{**said, **_read(said)})
        order.check()
        return order

    def check(self) -> None:
        """Raise `Reject` when the values cannot go together."""
        if self.level not in get_args(LevelMode):
            raise Reject("bad_level", f"There is no level '{self.level}'.", nearest(self.level, get_args(LevelMode)))
        if self.bpm is not None:
            check_bpm(self.bpm)
        if self.bars is not None and (self.bpm is None or self.bars < 1):
            raise Reject("bad_grid", "A length in bars needs a tempo and at least one bar.", "Give bars and bpm.")

    @property
    def meter(self) -> Meter:
        """The time signature."""
        return Meter(self.beats_per_bar, self.beat_unit)

    def exact_samples(self, rate: int) -> int | None:
        """The length that was asked for, in samples at `rate`; None when it may be as long as it is."""
        if self.bars is not None and self.bpm is not None:
            return bar_samples(self.bars, self.bpm, self.meter, rate)
        return None if self.length_s is None else round(self.length_s * rate)


def _read(said: Mapping[str, Any]) -> dict[str, Any]:
    source = said.get("source")
    return {
        "raw": Path(said["raw"]),
        "out": Path(said["out"]),
        "source": None if source is None else Path(source),
        "plugins": tuple(said.get("plugins", ())),
    }
