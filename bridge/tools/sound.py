"""Sound files in and out: what a file really holds, its samples in blocks, and our own WAV writer.

soundfile (libsndfile) decodes and is the judge; nothing here lets memory follow a size that a header declares.
Arrays are float32 of shape (channels, samples). Decoding never clips: floats above full scale are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from bridge.errors import Reject
from bridge.tools import riff
from bridge.tools.wav import write_wav

__all__ = ["BLOCK", "Block", "Sound", "cut", "probe", "read_blocks", "verified_blocks", "verify", "write_wav"]

Block = npt.NDArray[np.float32]
BLOCK = 1 << 16

LONGEST_S = 2 * 3600
MOST_CHANNELS = 8
SLOWEST_HZ, FASTEST_HZ = 8000, 192000

_NO_LENGTH = 1 << 62  # libsndfile's "unknown" is 2^63 - 1
_MPEG_FRAME = 1152
_INTEGERS = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24"})
"""What can hold nothing above full scale, and fits into 24 bits."""
_EXPORT = "Export it again from your DAW as WAV or FLAC, then send that file."


@dataclass(frozen=True)
class Sound:
    """What a file holds: `frames` per channel, `peak` the largest absolute sample (None until it was decoded)."""

    path: Path
    format: str
    subtype: str
    rate: int
    channels: int
    frames: int
    peak: float | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def floating(self) -> bool:
        """Whether it holds more than 24-bit integers can: float samples, or 32-bit integers."""
        return self.subtype in {"FLOAT", "DOUBLE", "PCM_32"}


def probe(path: Path) -> Sound:
    """What the file's header says, checked against the limits but not against its samples.

    Raises:
        Reject: `no_such_file`, `empty_file`, `not_audio`, `too_long`, `too_many_channels` or `bad_rate`.
    """
    with _open(path) as file:
        return _described(path, file)


def verify(path: Path) -> Sound:
    """Decode the whole file in blocks and make sure that it holds what it declares.

    Raises:
        Reject: those of `probe`, `empty_file`, and `truncated` when the file is cut or lies about its length.
    """
    frames, peak = 0, 0.0
    for block in verified_blocks(path):
        frames += block.shape[1]
        peak = max(peak, float(block.max()), -float(block.min()))
    return replace(probe(path), frames=frames, peak=peak)


def verified_blocks(path: Path) -> Iterator[Block]:
    """All samples in blocks of float32 (channels, n), as `read_blocks`; only when this ends is the file known whole.

    Raises:
        Reject: as `verify`.
    """
    with _open(path) as file:
        said = _described(path, file)
        if riff.is_whole(path) is False or (said.format == "OGG" and not _ogg_ends(path)):
            raise _cut_off(path)
        frames = 0
        for block in _decoded(path, file, None, BLOCK):
            frames += block.shape[1]
            if frames > LONGEST_S * said.rate:
                raise _too_long(path)
            yield block
    lack = abs(said.frames - frames)
    if said.frames < _NO_LENGTH and lack > (_MPEG_FRAME if said.format == "MP3" else 0):
        raise _cut_off(path, f"it says {said.frames} samples and holds {frames}")
    if frames == 0:
        raise Reject("empty_file", f"{path.name} holds no sound.", _EXPORT)


def read_blocks(path: Path, start: int = 0, stop: int | None = None, block: int = BLOCK) -> Iterator[Block]:
    """The samples [start, stop) in blocks of at most `block`, each float32 (channels, n).

    Raises:
        Reject: `not_audio` or `truncated`.
    """
    with _open(path) as file:
        if start:
            _seek(path, file, start)
        yield from _decoded(path, file, None if stop is None else stop - start, block)


def cut(order: dict[str, Any]) -> dict[str, Any]:
    """Copy exactly one window of a verified file into a new WAV that carries no tags (a worker's entry).

    Args:
        order: `path`, `out`, and the window [start, end) as `start_s`/`end_s` or `start_samples`/`end_samples`
            (samples at the file's own rate; each may be missing or None).

    Returns:
        `rate`, `channels`, `frames`, `duration_s`, `source_format` of the window. 24-bit integers, or 32-bit float
        where the source is float or decodes above full scale, so that nothing clips.

    Raises:
        Reject: those of `verify`, and `bad_window` with the file's length.
    """
    source, out = probe(Path(order["path"])), Path(order["out"])
    start, stop = _window(source, order)
    if source.subtype in _INTEGERS and (start, stop) == (0, source.frames):  # verified while it is copied
        floating, blocks = False, verified_blocks(source.path)
    else:
        source = verify(source.path)
        floating = source.floating or (source.peak or 0.0) > 1.0
        blocks = read_blocks(source.path, start, stop)
    write_wav(out, blocks, source.rate, source.channels, {}, floating=floating)
    return {
        "rate": source.rate,
        "channels": source.channels,
        "frames": stop - start,
        "duration_s": (stop - start) / source.rate,
        "source_format": f"{source.format} {source.subtype}",
    }


def check(order: dict[str, Any]) -> dict[str, Any]:
    """Whether a file is whole, sound and within the limits (a worker's entry): `path`.

    Raises:
        Reject: as `verify`.
    """
    found = verify(Path(order["path"]))
    return {"frames": found.frames, "rate": found.rate, "channels": found.channels}


def _open(path: Path) -> soundfile.SoundFile:
    try:
        if path.stat().st_size == 0:
            raise Reject("empty_file", f"{path.name} is empty (0 bytes).", _EXPORT)
        return soundfile.SoundFile(path)
    except FileNotFoundError:
        raise Reject("no_such_file", f"There is no file {path}.", "Check the path.") from None
    except (soundfile.LibsndfileError, TypeError):
        # TypeError: soundfile wants to be told the rate of a headerless .raw file
        if riff.is_whole(path) is False:
            raise _cut_off(path) from None
        hint = "Send WAV, AIFF, FLAC, MP3 or Ogg."
        raise Reject("not_audio", f"{path.name} is not audio that can be read.", hint) from None


def _described(path: Path, file: soundfile.SoundFile) -> Sound:
    said = Sound(path, file.format, file.subtype, file.samplerate, file.channels, file.frames)
    if not SLOWEST_HZ <= said.rate <= FASTEST_HZ:
        limits = f"The bridge takes {SLOWEST_HZ} to {FASTEST_HZ} Hz."
        raise Reject("bad_rate", f"{path.name} has a sample rate of {said.rate} Hz.", limits)
    if not 1 <= said.channels <= MOST_CHANNELS:
        raise Reject("too_many_channels", f"{path.name} has {said.channels} channels.", "Send a mono or stereo clip.")
    if LONGEST_S * said.rate < said.frames < _NO_LENGTH:
        raise _too_long(path)
    return said


def _decoded(path: Path, file: soundfile.SoundFile, frames: int | None, block: int) -> Iterator[Block]:
    left = LONGEST_S * FASTEST_HZ if frames is None else frames
    try:
        while left > 0:
            read = file.read(min(block, left), dtype="float32", always_2d=True)
            if not len(read):
                return
            left -= len(read)
            yield np.ascontiguousarray(read.T)
    except soundfile.LibsndfileError:
        raise _cut_off(path) from None


def _seek(path: Path, file: soundfile.SoundFile, start: int) -> None:
    try:
        file.seek(start)
    except soundfile.LibsndfileError:
        raise _cut_off(path) from None


def _ogg_ends(path: Path) -> bool:
    """Whether the last Ogg page is complete and carries the end-of-stream flag (RFC 3533 §6)."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 17)))
        tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return False
    segments = tail[at + 26]
    lacing = tail[at + 27 : at + 27 + segments]
    ends = at + 27 + segments + sum(lacing)
    return bool(tail[at + 5] & 4) and len(lacing) == segments and len(tail) >= ends


def _window(source: Sound, order: dict[str, Any]) -> tuple[int, int]:
    start, stop = _edge(source, order, "start", 0), _edge(source, order, "end", source.frames)
    if not 0 <= start < stop <= source.frames:
        said = f"The window {start / source.rate:.3f}-{stop / source.rate:.3f} s is not inside {source.path.name}"
        length = f"which is {source.duration_s:.3f} s ({source.frames} samples) long."
        raise Reject("bad_window", f"{said}, {length}", "Select a part of the clip itself.")
    return start, stop


def _edge(source: Sound, order: dict[str, Any], name: str, default: int) -> int:
    samples, seconds = order.get(f"{name}_samples"), order.get(f"{name}_s")
    if samples is not None:
        return int(samples)
    return default if seconds is None else round(float(seconds) * source.rate)


def _cut_off(path: Path, why: str = "part of it is missing") -> Reject:
    return Reject("truncated", f"{path.name} is cut off or damaged: {why}.", _EXPORT)


def _too_long(path: Path) -> Reject:
    return Reject("too_long", f"{path.name} is longer than {LONGEST_S // 3600} hours.", "Send a shorter selection.")
