"""Chain step 1: a file as a tape, metered while it proves that it holds what it declares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bridge.post.meters import Metered, Meters
from bridge.post.tape import Tape
from bridge.tools.sound import Sound, probe, read_blocks, verified_blocks


@dataclass(frozen=True)
class Decoded:
    """A verified file: what its header says, its samples, its figures."""

    sound: Sound
    tape: Tape
    meters: Meters


def decode(path: Path) -> Decoded:
    """Read a file once from end to end. Floats above full scale are kept.

    Raises:
        Reject: as `bridge.tools.sound.verify`.
    """
    sound = probe(path)
    metered = Metered(sound.rate, sound.channels)
    tape = Tape.keeping(sound.rate, sound.channels, metered.along(verified_blocks(path)), lambda: read_blocks(path))
    heard = metered.result()
    return Decoded(sound, replace(tape, figures=heard), heard)
