"""Hears the music in a prompt: tempo, meter, key, genre, feel, parts and sound colours. No numpy, no sound."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.errors import Reject
from bridge.providers.sketch import words
from bridge.providers.sketch.words import Genre, Voice
from bridge.tools.music import Key, Meter, Mode, check_bpm, parse_key, parse_meter

_BPM = re.compile(r"(\d+(?:[.,]\d+)?)\s*-?\s*bpm\b|\b(?:bpm|tempo)\s*(?:of|:|=)?\s*(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_METER = re.compile(r"(?<![\d/])(\d{1,2}/(?:2|4|8|16))(?![\d/])")
_SIGN = r"(?:[#b♯♭]|[ -](?:sharp|flat))?"
_LONG_KEY = re.compile(rf"\b((?:[A-G]|[b-g]|(?<=\bin )a){_SIGN}[ -](?:major|minor|maj|min))\b(?! key| chord)")
_SHORT_KEY = re.compile(r"\b([A-G][#b♯♭]?m)\b(?! I\b)|\b(?:in|key of|key)[: ]+([A-G][#b♯♭]?)(?=$|[\s,.;)])")
_DENIED = re.compile(r"\b(?:no|without|minus)\b((?:(?![,.;]|\b(?:but|just|only|with|in|at|for)\b).)*)")
_ADD = re.compile(r"\b(?:add|adding|with|more|over|plus)\b[^,.;]*?\b(?:drums?|beats?|percussion|breakbeat)\b")
_ONLY_BEFORE, _ONLY_AFTER = r"\b(?:only|just|solo)\s+(?:(?:a|the)\s+)?", r"\s+(?:only|solo|loop|break)\b"


@dataclass
class Heard:
    """What one prompt says. `understood` maps words to what they do; `notes` are sentences for the report."""

    bpm: float | None = None
    meter: Meter | None = None
    key: Key | None = None
    mode: Mode | None = None
    genre: Genre | None = None
    pace: float | None = None
    swing: float | None = None
    voice: Voice | None = None
    parts: tuple[str, ...] = words.PARTS
    styles: tuple[str, ...] = ()
    adds_drums: bool = False
    understood: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def hear(prompt: str, negative_prompt: str | None = None) -> Heard:
    """Everything in the prompt that the engine can act on; text that it does not know changes nothing.

    Raises:
        Reject: `nothing_left`, when drums, bass and chords are all ruled out.
    """
    heard = Heard()
    text = _hear_key(_hear_meter(_hear_bpm(" ".join(prompt.split()), heard), heard), heard).lower()
    denied = " ".join([*_DENIED.findall(text), (negative_prompt or "").lower()])
    said = _DENIED.sub(" , ", text)
    _hear_styles(said, denied, heard)
    rest = _hear_genre(said, heard)
    _hear_feel(rest, heard)
    _hear_voice(rest, denied, heard)
    _hear_parts(rest, denied, heard)
    _hear_absent(rest, heard)
    return heard


def _hear_bpm(text: str, heard: Heard) -> str:
    match = _BPM.search(text)
    if match is None:
        return text
    number = (match[1] or match[2]).replace(",", ".")
    try:
        heard.bpm = check_bpm(number)
    except Reject as refused:
        heard.notes.append(f"The prompt says {number} BPM, which was left aside: {refused.message}")
    else:
        heard.understood[match[0]] = f"tempo {heard.bpm:g} BPM"
    return text.replace(match[0], " , ")


def _hear_meter(text: str, heard: Heard) -> str:
    match = _METER.search(text)
    if match is None or int(match[1].split("/")[0]) < 2:  # noqa: PLR2004 - "1/2" is a fraction, not a meter
        return text
    try:
        heard.meter = parse_meter(match[1])
    except Reject:
        return text
    heard.understood[match[1]] = f"{heard.meter} time"
    return text.replace(match[0], " , ")


def _hear_key(text: str, heard: Heard) -> str:
    match = _LONG_KEY.search(text) or _SHORT_KEY.search(text)
    if match is None:
        return text
    name = next(group for group in match.groups() if group)
    heard.key = parse_key(name)
    heard.understood[name] = f"key of {heard.key}"
    return text.replace(match[0], " , ")


def _hear_styles(said: str, denied: str, heard: Heard) -> None:
    found = []
    for style, names in words.STYLES.items():
        word = _first(said, names)
        if word and not _first(denied, names):
            found.append(style)
            heard.understood[word] = words.STYLE_EFFECTS[style]
    heard.styles = tuple(found)


def _hear_genre(said: str, heard: Heard) -> str:
    """The text without the genre's name, so that "drum and bass" is not heard as two parts."""
    for genre in words.GENRES:
        word = _first(said, genre.words)
        if word:
            heard.genre = genre
            _add(heard, word, genre.effect)
            return said.replace(word, " ")
    return said


def _hear_feel(said: str, heard: Heard) -> None:
    pace, mood, feel = _first(said, words.PACES), _first(said, words.MOODS), _first(said, words.FEELS)
    if pace:
        heard.pace = words.PACES[pace]
        _add(heard, pace, "pace")
    if mood:
        heard.mode = words.MOODS[mood]
        _add(heard, mood, f"{heard.mode} key")
    if feel:
        heard.swing = words.FEELS[feel]
        _add(heard, feel, "straight" if feel == "straight" else "swing")
    if heard.meter is None and heard.genre and heard.genre.meter:
        heard.meter = parse_meter(heard.genre.meter)


def _hear_voice(said: str, denied: str, heard: Heard) -> None:
    unwanted = {words.VOICES[word] for word in words.VOICES if _first(denied, [word])}
    word = _first(said, words.VOICES)
    wanted = [words.VOICES[word]] if word else []
    wanted += [heard.genre.voice] if heard.genre else []
    left = [voice for voice in [*wanted, *words.VOICES.values()] if voice not in unwanted]
    if left and (unwanted or word):
        heard.voice = left[0]
        _add(heard, word or "negative prompt", f"chords on {heard.voice}")
    if not left:
        heard.parts = tuple(part for part in heard.parts if part != "chords")


def _hear_parts(said: str, denied: str, heard: Heard) -> None:
    names = {**words.PART_WORDS, **dict.fromkeys(words.VOICES, "chords")}
    only = {part for word, part in names.items() if _is_only(word, said)}
    left_out = {part for word, part in words.PART_WORDS.items() if _first(denied, [word])}
    left_out |= {part for word, part in words.PART_LESS.items() if _first(said, [word])}
    asked = {part for word, part in words.PART_WORDS.items() if _first(said, [word])}
    of_genre = set(heard.genre.parts) if heard.genre else set(words.PARTS)
    playing = (only or of_genre | asked) - left_out
    heard.parts = tuple(part for part in heard.parts if part in playing)
    heard.adds_drums = "drums" not in left_out and bool(_ADD.search(said))
    for part in words.PARTS:
        if part in left_out or (only and part not in only):
            heard.understood[f"no {part}"] = f"{part} left out"
    if not heard.parts:
        raise Reject(
            "nothing_left",
            "The prompt rules out drums, bass and chords, and the sketch engine plays nothing else.",
            "Allow at least one of them.",
        )


def _hear_absent(said: str, heard: Heard) -> None:
    missing = [word for word in words.ABSENT if _first(said, [word])]
    if missing:
        heard.notes.append(f"The sketch engine has no {', '.join(missing)}: it plays drums, bass and chords.")


def _is_only(word: str, said: str) -> bool:
    after = (
        "" if word in {"beat", "beats"} else rf"|\b{word}{_ONLY_AFTER}"
    )  # "a beat loop" is a groove, not drums alone
    return re.search(rf"{_ONLY_BEFORE}{word}\b{after}", said) is not None


def _first(text: str, names: Iterable[str]) -> str | None:
    """The first of the names that stands in the text as a whole word."""
    return next((name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)), None)


def _add(heard: Heard, word: str, effect: str) -> None:
    before = heard.understood.get(word)
    heard.understood[word] = f"{before}; {effect}" if before else effect
