"""Musical values that arrive as text: key, meter, tempo, and bars counted in samples.

Standard library only: the daemon, the settings and the worker all read musical fields with these.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, field
from typing import Literal

from bridge.errors import Reject

SLOWEST_BPM = 20.0
FASTEST_BPM = 400.0
MOST_BEATS = 32
NOTE_UNITS = (1, 2, 4, 8, 16, 32)

Mode = Literal["major", "minor"]

_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_MODES: dict[str, Mode] = {
    "": "major", "M": "major", "maj": "major", "major": "major", "dur": "major",
    "m": "minor", "min": "minor", "minor": "minor", "moll": "minor",
}  # fmt: skip
_CHURCH_MODES = {"ionian": "", "lydian": "", "mixolydian": "", "aeolian": "m", "dorian": "m", "phrygian": "m"}
_KEY = re.compile(r"([A-Ga-g])\s*(#|b|♯|♭|-?sharp|-?flat)?[\s-]*([A-Za-z]*)")

_SPOKEN = {
    f"{letter}{accidental} {mode}": f"{letter}{accidental}{'m' if mode == 'minor' else ''}"
    for letter in _NATURALS
    for accidental in _ACCIDENTALS
    for mode in ("minor", "major")
}


@dataclass(frozen=True)
class Key:
    """The tonal centre: `tonic` is the pitch class (C = 0 … B = 11), `name` the short name, like `F#m`."""

    tonic: int
    mode: Mode
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Meter:
    """The time signature: `beats` notes of 1/`unit` in a bar."""

    beats: int = 4
    unit: int = 4

    @property
    def quarters(self) -> float:
        """Length of one bar in quarter notes, the notes that BPM counts."""
        return self.beats * 4 / self.unit

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"


def parse_key(text: str) -> Key:
    """The key that a musician wrote: `Am`, `F# minor`, `Bb`, `E flat major`, `g-moll`.

    Raises:
        Reject: `bad_key`, with the nearest key that would be understood.
    """
    key = _read(text.strip())
    if key is None:
        raise Reject("bad_key", f"'{text}' is not a key.", f"{_offer(text.strip())}Write a key like Am, F#m, C or Bb.")
    return key


def parse_meter(text: str) -> Meter:
    """The time signature that a musician wrote, `4/4` or `7/8`.

    Raises:
        Reject: `bad_meter`.
    """
    match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", text)
    if match is None or not 1 <= int(match[1]) <= MOST_BEATS or int(match[2]) not in NOTE_UNITS:
        raise Reject(
            "bad_meter",
            f"'{text}' is not a time signature.",
            f"Write one like 4/4, 3/4 or 7/8: 1 to {MOST_BEATS} beats of a 1/1 to 1/{NOTE_UNITS[-1]} note.",
        )
    return Meter(int(match[1]), int(match[2]))


def check_bpm(value: object) -> float:
    """The tempo in quarter notes a minute, from a number or a numeral, when it is one a song can have.

    Hosts send nonsense now and then (3159345 BPM has been seen), so every tempo passes here.

    Raises:
        Reject: `bad_bpm`.
    """
    try:
        bpm = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        bpm = math.nan
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise Reject(
            "bad_bpm",
            f"'{value}' is not a tempo between {SLOWEST_BPM:g} and {FASTEST_BPM:g} BPM.",
            "Send the project's tempo as a number like 92 or 92.5, or leave it out.",
        )
    return bpm


def bar_samples(bars: int, bpm: float, meter: Meter, rate: int) -> int:
    """Exact length of `bars` whole bars in samples, rounded once from the start so that nothing drifts.

    `bpm` counts quarter notes, as DAWs do in every meter. `rate` is in Hz.
    """
    return round(bars * meter.quarters * 60 * rate / bpm)


def _read(text: str) -> Key | None:
    match = _KEY.fullmatch(text)
    mode = (_MODES.get(match[3]) or _MODES.get(match[3].lower())) if match else None
    if match is None or mode is None:
        return None
    letter, accidental = match[1].upper(), _accidental(match[2])
    tonic = (_NATURALS[letter] + _ACCIDENTALS[accidental]) % 12
    return Key(tonic, mode, letter + accidental + ("m" if mode == "minor" else ""))


def _accidental(sign: str | None) -> str:
    if not sign:
        return ""
    return "#" if sign in "#♯" or sign.endswith("sharp") else "b"


def _offer(text: str) -> str:
    """The nearest key as a question, or nothing when no key is near."""
    said = re.sub(r"^[hH](?![A-Za-z])", "B", text)  # H is what German, Polish and Nordic players call B
    key = _read(said)
    if key is not None:
        return f"Did you mean '{key}'? "
    letter, rest = said[:1].upper(), said[1:].strip(" -").lower()
    if letter in _NATURALS and rest in _CHURCH_MODES:
        return f"Did you mean '{letter}{_CHURCH_MODES[rest]}'? "
    close = difflib.get_close_matches(letter + said[1:], _SPOKEN, n=1, cutoff=0.6)
    return f"Did you mean '{_SPOKEN[close[0]]}'? " if close else ""
