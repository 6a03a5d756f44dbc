"""The chunks of WAV (RIFF, RF64, BW64) and AIFF files: is the container whole, who wrote it, which INFO strings.

Standard library only, for the daemon reads these before any decoder runs. No declared size is trusted: chunks are
walked by seeking, at most `_MOST_CHUNKS` of them, and nothing over `_MOST_INFO_BYTES` is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

OUR_MARK = "dawbridge"

_MOST_CHUNKS = 1000
_MOST_INFO_BYTES = 1 << 20
_UNKNOWN = 0xFFFFFFFF
_STREAMED = (0, _UNKNOWN)
_HEAD_BYTES, _FORM_BYTES, _DS64_BYTES = 8, 12, 16


@dataclass(frozen=True)
class Chunk:
    """One chunk: its four letters, where its body starts, how long it says it is (RF64's 64-bit size included)."""

    id: bytes
    start: int
    size: int
    streamed: bool = False

    @property
    def stop(self) -> int:
        """The first byte after the body, padding not counted."""
        return self.start + self.size


def is_whole(path: Path) -> bool | None:
    """Whether the declared sizes lie within the bytes present.

    Returns:
        True when the sound data is complete; False when the file is cut or empty; None when the headers cannot tell:
        another format, or a WAV whose writer never filled in its sizes.
    """
    size = path.stat().st_size
    if size == 0:
        return False
    with path.open("rb") as file:
        form = _form(file)
        if form is None:
            return _begins_like_one(file)
        return _data_is_there(file, size, form == b"FORM")


def read_info(path: Path) -> dict[str, str]:
    """The LIST INFO strings of a WAV by their four letters; empty for other files, broken text is replaced."""
    with path.open("rb") as file:
        if _form(file) not in {b"RIFF", b"RF64", b"BW64"}:
            return {}
        found: dict[str, str] = {}
        for chunk in _walk(file, _FORM_BYTES, path.stat().st_size, "<"):
            if chunk.id == b"LIST" and chunk.size <= _MOST_INFO_BYTES:
                file.seek(chunk.start)
                found |= _strings(file.read(chunk.size))
        return found


def info_chunk(tags: Mapping[str, str]) -> bytes:
    """A LIST INFO chunk of these strings (UTF-8, NUL-terminated, evenly padded); empty bytes for no tags.

    Raises:
        ValueError: an id is not four ASCII characters.
    """
    body = b"".join(_string(name, text) for name, text in tags.items())
    return b"LIST" + struct.pack("<I", len(body) + 4) + b"INFO" + body if body else b""


def made_by_us(path: Path) -> bool:
    """Whether the software tag says that this WAV came out of the bridge."""
    return read_info(path).get("ISFT", "").startswith(OUR_MARK)


def _form(file: BinaryIO) -> bytes | None:
    head = file.read(_FORM_BYTES)
    known = (head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:] == b"WAVE") or (
        head[:4] == b"FORM" and head[8:] in {b"AIFF", b"AIFC"}
    )
    return head[:4] if known else None


def _begins_like_one(file: BinaryIO) -> bool | None:
    """A file that ends inside the twelve bytes of its form header is cut; anything else is another format."""
    file.seek(0)
    head = file.read(_FORM_BYTES + 1)
    return False if len(head) <= _FORM_BYTES and head[:4] in {b"RIFF", b"RF64", b"BW64", b"FORM"} else None


def _data_is_there(file: BinaryIO, size: int, big_endian: bool) -> bool | None:  # noqa: FBT001 - private, one caller
    sound_id, format_id, order = (b"SSND", b"COMM", ">") if big_endian else (b"data", b"fmt ", "<")
    described = False
    for chunk in _walk(file, _FORM_BYTES, size, order):
        if chunk.id == format_id:
            described = chunk.stop <= size
        if chunk.id == sound_id:
            if chunk.streamed:
                return None
            return chunk.stop <= size and described
    return False


def _walk(file: BinaryIO, start: int, end: int, order: str) -> Iterator[Chunk]:
    wide: int | None = None
    for _ in range(_MOST_CHUNKS):
        file.seek(start)
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return
        name, (size,) = head[:4], struct.unpack(order + "I", head[4:])
        if name == b"ds64" and size >= _DS64_BYTES:
            wide = struct.unpack("<8xQ", file.read(_DS64_BYTES).ljust(_DS64_BYTES, b"\0"))[0]
        wide_data = name == b"data" and wide is not None and size == _UNKNOWN
        streamed = name in {b"data", b"SSND"} and size in _STREAMED and not wide_data
        chunk = Chunk(name, start + _HEAD_BYTES, wide if wide_data and wide is not None else size, streamed)
        yield chunk
        start = chunk.stop + chunk.size % 2
        if start >= end:
            return


def _strings(body: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 4
    while body[:4] == b"INFO" and at + 8 <= len(body) and len(found) < _MOST_CHUNKS:
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        text = body[at + 8 : at + 8 + size].split(b"\0", 1)[0]
        found[body[at : at + 4].decode("latin-1")] = text.decode("utf-8", "replace")
        at += 8 + size + size % 2
    return found


def _string(name: str, text: str) -> bytes:
    code = name.encode("ascii")
    if len(code) != len("INFO"):
        raise ValueError(f"'{name}' is not a four-letter INFO id")
    body = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    return code + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
