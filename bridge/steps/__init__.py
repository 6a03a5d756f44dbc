"""A take's way, in order. Each file is a verb; the state after it is its participle.

A step is a coroutine `run(shop, take)`. It reads everything from the journal and the vault, does one thing, and moves
the take with `journal.advance`. Work on sound goes to a worker process. Every step may run again after a crash, except
`submit`, which its intent row guards. LANE says what it needs: `sound` (a worker) or `net` (waiting); LIMIT_S ends one
that hangs (a worker and `wait` have limits of their own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.steps import capture, deliver, fetch, finish, publish, reserve, submit, wait
from bridge.steps.shop import Shop
from bridge.take import State, Take


class Step(Protocol):
    """What each module of this folder is."""

    LANE: str
    LIMIT_S: float | None

    async def run(self, shop: Shop, take: Take) -> None:
        """Take one step."""
        ...


STEPS = (capture, reserve, publish, submit, wait, fetch, finish, deliver)
"""In order."""


@dataclass(frozen=True)
class Stage:
    """A step and the state it starts from."""

    name: str
    step: Step


_BEFORE = (
    *(State.QUEUED, State.CAPTURED, State.RESERVED, State.PUBLISHED),
    *(State.SUBMITTED, State.READY, State.FETCHED, State.FINISHED),
)
STAGES: Mapping[State, Stage] = {
    state: Stage(module.__name__.rpartition(".")[2], module) for state, module in zip(_BEFORE, STEPS, strict=True)
} | {State.SUBMITTING: Stage("submit", submit)}
"""The step that each state calls for."""
