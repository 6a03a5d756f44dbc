"""What OSC arguments mean: fixed ones first, then keys and values, which become the fields of a Request."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, Never

from bridge.errors import Reject
from bridge.tools.osc_codec import Impulse, Value

_FLOAT = struct.Struct(">f")
_SPACES = "\t\n\r"
Args = Sequence[Value]


def transform(args: Args) -> dict[str, Any]:
    """The fields of `s:path s:prompt [s:key any]…`.

    Raises:
        Reject: `bad_request`: an argument that is missing, or a value that cannot be meant.
    """
    fields = _asked(text(args, 1, "prompt"), args[2:])
    clip = fields.setdefault("clip", {})
    if not isinstance(clip, dict) or "path" in clip:
        raise Reject("bad_request", "The clip's path is the first argument.", "Leave 'clip' and 'clip.path' out.")
    clip["path"] = text(args, 0, "path")
    return fields


def generate(args: Args) -> dict[str, Any]:
    """The fields of `s:prompt [s:key any]…`; see `transform`."""
    return _asked(text(args, 0, "prompt"), args[1:])


def request(args: Args) -> dict[str, Any]:
    """The fields of `s:json`.

    Raises:
        Reject: `bad_json`.
    """
    try:
        said = json.loads(text(args, 0, "json"), parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise Reject("bad_json", f"The argument is not JSON: {fault}.", 'Send {"prompt": "…"}.') from fault
    if not isinstance(said, dict):
        raise Reject("bad_json", "The argument is not a JSON object.", 'Send {"prompt": "…"}.')
    return said | pairs(args[1:])


def pairs(args: Args) -> dict[str, Any]:
    """Keys and values in turn; a dotted key is a field within a field.

    Raises:
        Reject: `bad_request`.
    """
    if len(args) % 2:
        raise Reject("bad_request", "A key or a value is missing.", "After the fixed arguments come key, value, …")
    fields: dict[str, Any] = {}
    for key, value in zip(args[::2], args[1::2], strict=True):
        if not isinstance(key, str):
            raise Reject("bad_request", f"{key!r} stands where a key is due.", "Keys are strings, like grid.bpm.")
        _put(fields, key, plain(value))
    return fields


def text(args: Args, index: int, name: str) -> str:
    """A fixed argument that is a string.

    Raises:
        Reject: `bad_request`.
    """
    if index >= len(args) or not isinstance(args[index], str):
        raise Reject("bad_request", f"Argument {index + 1}, '{name}', is not a string.", "See `docs/osc.md`.")
    said = plain(args[index])
    assert isinstance(said, str)
    return said


def port(args: Args, index: int) -> int:
    """A fixed argument that is a port; 0 when it is left out.

    Raises:
        Reject: `bad_port`.
    """
    said = plain(args[index]) if index < len(args) else 0
    text = name_of(said) if isinstance(said, str | int | float) and said is not True else ""
    number = int(text) if text.isdecimal() and len(text) < 6 else -1  # noqa: PLR2004 - five digits are plenty
    if not 0 <= number < 1 << 16:
        raise Reject("bad_port", f"{said!r} is not a port.", "Send 1 to 65535, or 0 for the port you send from.")
    return number


def pressed(args: Args) -> bool:
    """Whether a button went down: TouchOSC and its like send 1 on press and 0 on release."""
    return not args or not (args[0] is None or args[0] is False or args[0] == 0)


def name_of(value: str | float) -> str:
    """An id as text: Max and Pure Data send what looks like a number as one."""
    return (
        str(int(value)) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else str(value)
    )


def plain(value: Value) -> Any:
    """A value as JSON would have it; a float that came in 32 bits as the short numeral that was meant.

    Raises:
        Reject: `bad_number` (NaN, infinity), `bad_text` (control characters), `bad_value` (a blob, an impulse).
    """
    if isinstance(value, float):
        return _short(value)
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes | Impulse):
        raise Reject("bad_value", "A blob or an impulse stands where a value is due.", "Send numbers or strings.")
    return value


def _asked(prompt: str, args: Args) -> dict[str, Any]:
    fields = pairs(args)
    if "prompt" in fields:
        raise Reject("bad_request", "The prompt is said twice.", "It is a fixed argument; leave the key out.")
    return fields | ({"prompt": prompt} if prompt or "preset" not in fields else {})


def _put(fields: dict[str, Any], key: str, value: Any) -> None:
    *way, last = key.split(".")
    for part in way:
        fields = fields.setdefault(part, {})
        if not isinstance(fields, dict):
            raise Reject("bad_request", f"'{part}' is said twice.", "Name a field once.")
    if last in fields:
        raise Reject("bad_request", f"'{key}' is said twice.", "Name a field once.")
    fields[last] = value


def _short(value: float) -> float:
    if not math.isfinite(value):
        raise Reject("bad_number", f"{value} is not a number that can be meant.", "Send a finite number.")
    for digits in (6, 7, 8):
        near = float(f"{value:.{digits}g}")
        if _is_float32(value) and _is_near(near, value):
            return near
    return value


def _is_float32(value: float) -> bool:
    return abs(value) < 3e38 and _FLOAT.unpack(_FLOAT.pack(value))[0] == value  # noqa: PLR2004 - float32 ends there


def _is_near(near: float, value: float) -> bool:
    return bool(_FLOAT.unpack(_FLOAT.pack(near))[0] == value)


def _clean(said: str) -> str:
    if any(letter < " " and letter not in _SPACES for letter in said):
        raise Reject("bad_text", f"{said[:40]!a} holds control characters.", "Send plain text.")
    return said


def _no_number(name: str) -> Never:
    raise ValueError(f"{name} is not a number")
