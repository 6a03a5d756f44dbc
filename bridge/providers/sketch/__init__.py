"""The built-in offline engine: no account, no network, no cost, exactly on the grid. It is not a neural model.

The submit only returns a ticket; the sound is made in `fetch`, by the pure `render.render`, in a worker process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from bridge.errors import ConfigError, Reject, nearest
from bridge.providers import Bench, Order, Quote, Status
from bridge.providers.sketch.order import LONGEST_S
from bridge.providers.sketch.plan import plan
from bridge.tools import music
from bridge.tools.checkup import Finding

MODELS = ("groove",)


class Sketch:
    """A provider whose service is a function."""

    name = "sketch"
    local = True
    after_crash: Literal["rerun", "same_key", "find", "park"] = "rerun"

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def price(self, order: Order) -> Quote:
        """Always 0.

        Raises:
            Reject: `unknown_model`, or an order that cannot be played (too long, nothing left to play).
        """
        model = order.model or MODELS[0]
        if model not in MODELS:
            raise Reject("unknown_model", f"sketch has no model '{model}'.", nearest(model, MODELS))
        if order.length_s is not None and not order.bars and order.length_s > LONGEST_S:
            said = f"{order.length_s:g} s is longer than the sketch engine plays."
            raise Reject("too_long", said, f"Ask for at most {LONGEST_S:g} s.")
        planned = plan({**_score(order), "source": "the clip" if order.transforms else None})
        return Quote(model, 0, "nothing", planned, tuple(planned["notes"]))

    async def submit(self, order: Order) -> str:
        """A ticket; nothing is made yet."""
        return f"sketch-{order.take_id}"

    async def poll(self, ticket: str) -> Status:
        """Always ready."""
        del ticket
        return Status("ready", actual_micro_usd=0)

    async def fetch(self, ticket: str, order: Order, into: Path) -> dict[str, Any]:
        """Render in a worker."""
        del ticket
        score = {**_score(order), "out": str(into), "source": str(order.clip) if order.clip else None}
        made = await self._bench.workers.run("bridge.providers.sketch.render:render", score)
        return {**made, "meter": f"{made['beats_per_bar']}/{made['beat_unit']}"}

    async def cancel(self, ticket: str) -> bool:
        """Nothing runs outside the worker, which has been stopped."""
        del ticket
        return True

    async def find(self, order: Order) -> str | None:
        """It can simply be made again."""
        return await self.submit(order)

    def check(self) -> Sequence[Finding]:
        """It needs nothing."""
        return (Finding("sketch", ok=True, says="built-in offline engine: free, no network; not a neural model"),)


def create(section: Mapping[str, Any], bench: Bench) -> Sketch:
    """Make the provider.

    Raises:
        ConfigError: its section has a key; it knows none.
    """
    if section:
        key = next(iter(section))
        raise ConfigError("bad_settings", f"[providers.sketch] has no setting '{key}'.", "Remove it.")
    return Sketch(bench)


def _score(order: Order) -> dict[str, Any]:
    meter = music.parse_meter(order.meter) if order.meter else None
    return {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "seed": order.seed,
        "rate": order.rate,
        "bars": order.bars,
        "bpm": order.bpm,
        "beats_per_bar": meter and meter.beats,
        "beat_unit": meter and meter.unit,
        "key": order.key,
        "length_s": None if order.bars or order.transforms else order.length_s,
        "loop": order.loop,
        **({} if order.strength is None else {"strength": order.strength}),
    }
