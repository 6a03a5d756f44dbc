"""Both meters over one reading of a tape."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bridge.post.loudness import LoudnessMeter
from bridge.post.tape import Tape
from bridge.post.true_peak import TruePeakMeter, dbtp
from bridge.tools.sound import Block

_AHEAD = 8


@dataclass(frozen=True)
class Meters:
    """`lufs` and `true_peak_dbtp` are None for silence; `peak` is the largest sample, `short` means under 400 ms."""

    lufs: float | None
    true_peak_dbtp: float | None
    peak: float
    short: bool

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Meters:
        """The figures that `as_json` wrote, with the sample `peak` beside them."""
        return cls(said["lufs"], said["true_peak_dbtp"], said["peak"], said["short"])

    def as_json(self, tape: Tape) -> dict[str, Any]:
        """The figures of a tape as the report shows them."""
        return {
            "lufs": self.lufs,
            "true_peak_dbtp": self.true_peak_dbtp,
            "short": self.short,
            "rate": tape.rate,
            "channels": tape.channels,
            "frames": tape.frames,
            "duration_s": tape.duration_s,
        }


def measure(tape: Tape) -> Meters:
    """Loudness and true peak of a tape, in one reading."""
    metered = Metered(tape.rate, tape.channels)
    deque(metered.along(tape.read()), maxlen=0)
    return metered.result()


class Metered:
    """Both meters beside a reading: each runs in its own thread while the next block is decoded."""

    def __init__(self, rate: int, channels: int) -> None:
        self._loudness, self._true_peak = LoudnessMeter(rate, channels), TruePeakMeter(rate, channels)

    def along(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Pass the blocks on, metered; at most `_AHEAD` of them wait, so that memory stays flat."""
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
            running: deque[Future[None]] = deque()
            for block in blocks:
                running.append(one.submit(self._loudness.feed, block))
                running.append(two.submit(self._true_peak.feed, block))
                while len(running) > _AHEAD:
                    running.popleft().result()
                yield block
            for each in running:
                each.result()

    def result(self) -> Meters:
        """The figures of all that went along."""
        heard = self._loudness.result()
        return Meters(heard.lufs, dbtp(self._true_peak.finish()), self._true_peak.sample_peak, heard.short)
