"""The sound on its way through the chain: known in length, read in blocks as often as a step wants to measure it.

A short tape that a step measured keeps its blocks in memory; a long one is computed again, so that an hour needs no
more memory than a minute.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.tools.sound import Block

if TYPE_CHECKING:
    from bridge.post.meters import Meters

Process = Callable[[Block, bool], Block]
"""One pass of a step: `process(block, last) -> block`; it may hold sound back until `last`."""

_KEPT_VALUES = 60 * 48000 * 2
_LONGEST_WHOLE_S = 600.0


@dataclass(frozen=True)
class Tape:
    """Blocks of float32 (channels, n): `frames` samples in all at `rate` Hz. `source` starts a fresh reading."""

    rate: int
    channels: int
    frames: int
    source: Callable[[], Iterator[Block]]
    kept: list[Block] = field(default_factory=list, compare=False, repr=False)
    figures: Meters | None = None
    """Its loudness and true peak where they are known already; a step that changes the sound forgets them."""

    @classmethod
    def keeping(cls, rate: int, channels: int, first: Iterable[Block], again: Callable[[], Iterator[Block]]) -> Tape:
        """The tape of a reading whose length is not known yet; `again` reads it anew when it is too long to keep."""
        frames, kept = 0, []
        for block in first:
            frames += block.shape[1]
            kept.append(block)
            if frames * channels > _KEPT_VALUES:
                kept.clear()
        whole = frames * channels <= _KEPT_VALUES
        return cls(rate, channels, frames, again, kept if whole else [])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    def read(self) -> Iterator[Block]:
        """Read it to measure it; what is short stays in memory for the next reading."""
        if not self.kept and self.frames * self.channels <= _KEPT_VALUES:
            self.kept.extend(self.source())
        return self.stream()

    def stream(self) -> Iterator[Block]:
        """Read it once, on the way to the next step."""
        return iter(self.kept) if self.kept else self.source()

    def whole(self) -> Block:
        """All of it at once, for what cannot work on blocks; ask `fits` first."""
        return np.concatenate(list(self.stream()), axis=1)

    @property
    def fits(self) -> bool:
        """Whether `whole` is short enough to be held in memory: ten minutes."""
        return self.duration_s <= _LONGEST_WHOLE_S

    def through(self, start: Callable[[], Process], **changed: Any) -> Tape:
        """This tape with one more step behind it; `start()` begins a pass, `changed` says what the step changes."""

        def source() -> Iterator[Block]:
            process = start()
            for block, last in with_last(self.stream()):
                out = process(block, last)
                if out.shape[1]:
                    yield out

        return replace(self, **{"source": source, "kept": [], "figures": None, **changed})


def with_last(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block, and whether it is the last one."""
    blocks = iter(blocks)
    now = next(blocks, None)
    for following in itertools.chain(blocks, [None]):
        if now is not None:
            yield now, following is None
        now = following
