"""Everything the page and the command line show about one sound file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bridge.post import tempo
from bridge.post.decode import decode
from bridge.post.tape import Tape
from bridge.tools import riff

_MOST_BINS = 10000


def inspect(order: dict[str, Any]) -> dict[str, Any]:
    """Measure one file (a worker's entry).

    Args:
        order: `path`; `bpm`, the tempo that is expected, or None; `bins`, how many points the drawing has.

    Raises:
        Reject: as `bridge.tools.sound.verify`.
    """
    path = Path(order["path"])
    read = decode(path)
    sound, tape = read.sound, read.tape
    heard = tempo.estimate(tape.read(), tape.rate, order.get("bpm"))
    return {
        "format": sound.format,
        "subtype": sound.subtype,
        **read.meters.as_json(tape),
        "tempo": asdict(heard) if heard else None,
        "tags": riff.read_info(path),
        "envelope": envelope(tape, min(_MOST_BINS, int(order.get("bins", 1000)))),
    }


def envelope(tape: Tape, bins: int) -> dict[str, list[float]]:
    """`min` and `max` of the mono mix in `bins` equal parts of the clip (fewer when it has fewer samples)."""
    bins = max(1, min(bins, tape.frames))
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    at = 0
    for block in tape.read():
        mono = block.mean(axis=0)
        places = (np.arange(at, at + mono.size) * bins) // tape.frames
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        parts = places[starts]
        low[parts] = np.minimum(low[parts], np.minimum.reduceat(mono, starts))
        high[parts] = np.maximum(high[parts], np.maximum.reduceat(mono, starts))
        at += mono.size
    return {"min": np.round(low, 4).tolist(), "max": np.round(high, 4).tolist()}
