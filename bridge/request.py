"""What somebody wants: one schema behind every trigger.

A Request is plain data. Relative paths have been made absolute by the trigger, presets are merged in by `effective`;
after that it is frozen, stored with its job, and never changed.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bridge.errors import ConfigError, Reject
from bridge.settings import Post, Settings
from bridge.tools import music
from bridge.tools.schema import explain

PROMPT_CHARS = 2000
LONGEST_S = 3600.0
_LENGTHS = ("length_s", "length_bars")


def _prompt(text: str) -> str:
    text = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text)
    text = " ".join(text.split())
    if not text:
        raise Reject("empty_prompt", "The prompt is empty.", "Say in a few words what you want to hear.")
    if len(text) > PROMPT_CHARS:
        raise Reject("long_prompt", f"The prompt has {len(text)} characters.", f"At most {PROMPT_CHARS} are taken.")
    return text


def _path(path: Path) -> Path:
    if "\0" in str(path):
        raise Reject("bad_path", f"{str(path)!a} holds a character that no file name has.", "Check the path.")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise Reject("bad_path", f"{str(path)!a} is not a name in Unicode.", "Rename it.") from None
    return path


def _or_none(text: object) -> object:
    return None if isinstance(text, str) and not text.strip() else text


# A Reject passes through pydantic as it is: it already is the sentence the user needs.
Prompt = Annotated[str, AfterValidator(_prompt)]
Bpm = Annotated[float, BeforeValidator(music.check_bpm)]
Meter = Annotated[str, AfterValidator(lambda text: str(music.parse_meter(text)))]
Key = Annotated[str, AfterValidator(lambda text: str(music.parse_key(text)))]
Place = Annotated[Path, AfterValidator(_path)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a request: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Clip(Part):
    """The window of a sound file that is to be transformed: [start, end) in seconds or samples."""

    path: Place
    start_s: Seconds | None = Field(None, ge=0)
    end_s: Seconds | None = Field(None, gt=0)
    start_samples: int | None = Field(None, ge=0)
    end_samples: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        for edge in ("start", "end"):
            if getattr(self, f"{edge}_s") is not None and getattr(self, f"{edge}_samples") is not None:
                raise ValueError(f"give the clip's {edge} in seconds or in samples, not both")
        return self


class Grid(Part):
    """Where the bar lines are; bpm counts quarter notes."""

    bpm: Bpm | None = None
    meter: Meter | None = None
    key: Key | None = None
    position_s: Seconds = Field(0.0, ge=0)


class Placement(Part):
    """Where the take lands."""

    project: Place | None = None
    track: str | None = None
    slot: int | None = Field(None, ge=0)
    position_s: Seconds | None = Field(None, ge=0)
    as_: Literal["file", "new_take", "new_track", "slot"] = Field("file", alias="as")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Request(Part):
    """One wish, for one to eight takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")  # `parse` refuses them

    id: str | None = Field(None, min_length=1, max_length=200)
    prompt: Prompt
    negative_prompt: Annotated[Prompt | None, BeforeValidator(_or_none)] = None
    clip: Clip | None = None
    model: str | None = Field(None, min_length=1, max_length=200)
    preset: str | None = None
    length_s: Seconds | None = Field(None, gt=0, le=LONGEST_S)
    length_bars: int | None = Field(None, ge=1, le=1024)
    grid: Grid = Grid()
    loop: bool = False
    takes: int = Field(1, ge=1, le=8)
    seed: int | None = Field(None, ge=0, lt=2**32)
    strength: float | None = Field(None, ge=0, le=1)
    model_inputs: dict[str, Any] = Field(default_factory=dict)
    post: dict[str, Any] = Field(default_factory=dict)
    placement: Placement = Placement()
    max_cost_usd: float | None = Field(None, ge=0, allow_inf_nan=False)
    reply_to: str | None = None

    @property
    def mode(self) -> Literal["text_to_music", "audio_to_audio"]:
        """Derived: a clip makes it audio-to-audio."""
        return "audio_to_audio" if self.clip else "text_to_music"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.length_s is not None and self.length_bars is not None:
            raise ValueError("give length_s or length_bars, not both")
        post_fields(self.post)
        return self

    def digest(self, source_sha256: str | None) -> str:
        """What makes two requests the same wish: everything but who asked, and the clip by its content."""
        said = self.model_dump(mode="json", exclude={"id", "reply_to"})
        if said["clip"]:
            said["clip"]["path"] = source_sha256
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def parse(said: Mapping[str, Any]) -> Request:
    """Check a request.

    Raises:
        Reject: `bad_request`: an unknown field (with the nearest name) or a value that cannot be meant.
    """
    try:
        asked = Request.model_validate(said)
        json.dumps(asked.model_dump(mode="json"), ensure_ascii=False, allow_nan=False).encode()
    except ValidationError as refusal:
        message, hint = explain(refusal, Request)
        raise Reject("bad_request", message, hint) from refusal
    except ValueError as fault:  # half a character, infinity, tables a thousand deep: the journal could not keep it
        hint = "Give text, finite numbers, lists and tables."
        raise Reject("bad_request", f"The request cannot be stored: {fault}.", hint) from fault
    return asked


def post_fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """Check wishes about finishing, as they stand in a request's `post`.

    Raises:
        Reject: `bad_request`.
    """
    try:
        return Post.model_validate(said).model_dump(exclude_unset=True)
    except ValidationError as refusal:
        message, hint = explain(refusal, Post)
        raise Reject("bad_request", message, hint) from refusal


def effective(said: Mapping[str, Any], settings: Settings) -> Request:
    """The request with its preset's fields under its own, and the default model filled in.

    Raises:
        Reject: `unknown_preset` or `bad_request`.
    """
    fields = dict(said)
    if name := fields.get("preset"):
        try:
            below = settings.preset_fields(str(name))
        except ConfigError as unknown:
            raise Reject(unknown.code, unknown.message, unknown.hint) from unknown
        if any(fields.get(length) is not None for length in _LENGTHS):  # in whichever unit, it covers the preset's
            below = {key: value for key, value in below.items() if key not in _LENGTHS}
        fields = _over(below, fields)
    return parse({"model": settings.model, **{key: value for key, value in fields.items() if value is not None}})


def check_presets(settings: Settings) -> None:
    """Look at every preset before anybody uses it.

    Raises:
        ConfigError: `bad_preset`, naming it and what is wrong.
    """
    for name, fields in settings.preset.items():
        try:
            parse({"prompt": "any", **fields})
        except Reject as said:
            raise ConfigError("bad_preset", f"In preset '{name}': {said.message}", said.hint) from said


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, tables within tables likewise; None does not cover."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _over(merged[key], value)
        elif value is not None:
            merged[key] = value
    return merged
