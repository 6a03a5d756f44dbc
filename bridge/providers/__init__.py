"""Who makes the sound: a music service, or an engine on this machine.

A provider is one module or package in this folder, found by name (or an entry point in the group
`dawbridge.providers`), with a function `create(section, bench) -> Provider`. `section` is its own part of the settings,
which it checks itself. It is given values and a bench; it never sees ledger, journal, vault or other settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from bridge.tools.checkup import Finding
from bridge.tools.clock import Clock
from bridge.tools.worker import Workers


@dataclass(frozen=True)
class Order:
    """What a provider is asked to make; lengths in seconds or bars, rate in Hz, `bpm` in quarter notes a minute."""

    take_id: str
    model: str
    prompt: str
    seed: int
    rate: int
    negative_prompt: str | None = None
    length_s: float | None = None
    bars: int | None = None
    bpm: float | None = None
    meter: str | None = None
    key: str | None = None
    loop: bool = False
    strength: float | None = None
    model_inputs: dict[str, Any] = field(default_factory=dict)
    clip: Path | None = None
    clip_s: float | None = None
    clip_url: str | None = None
    transforms: bool = False


@dataclass(frozen=True)
class Quote:
    """What an order would cost and what would leave this machine; `says` is for people."""

    model: str
    micro_usd: int
    leaves: str
    says: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """What a provider says of a ticket; `progress` 0..1 only where it really says one."""

    state: Literal["running", "ready"]
    progress: float | None = None
    actual_micro_usd: int | None = None


@dataclass(frozen=True)
class Bench:
    """The tools a provider works with."""

    workers: Workers
    clock: Clock


class Provider(Protocol):
    """One music service; it raises `Reject` (certainly not), `Retry` (certainly not yet) or `Doubt` (not known)."""

    name: str
    local: bool
    """Nothing leaves the machine and nothing is paid."""
    after_crash: Literal["rerun", "same_key", "find", "park"]
    """What may be done when the intent is on disk and the answer is not."""

    def price(self, order: Order) -> Quote:
        """Check an order against the model's limits and price it, without any connection."""
        ...

    async def submit(self, order: Order) -> str:
        """Make the one paid call; returns the ticket."""
        ...

    async def poll(self, ticket: str) -> Status:
        """Ask once, waiting as long as the service lets one wait."""
        ...

    async def fetch(self, ticket: str, order: Order, into: Path) -> dict[str, Any]:
        """Write the untouched original to `into`; returns what is known of it (at least `seed`)."""
        ...

    async def cancel(self, ticket: str) -> bool:
        """Ask the service to stop; whether it can."""
        ...

    async def find(self, order: Order) -> str | None:
        """Look for an order that may have been accepted; its ticket, or None if it certainly was not."""
        ...

    def check(self) -> Sequence[Finding]:
        """For `doctor`."""
        ...
