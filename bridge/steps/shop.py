"""What every step works with: settings, journal, vault, workers, clock, and the extensions by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from bridge.daws import Daw
from bridge.errors import BridgeError, Reject, nearest
from bridge.hosts import Host
from bridge.journal import Journal
from bridge.providers import Order, Provider
from bridge.settings import Post, Settings
from bridge.take import Job, Take
from bridge.tools.clock import Clock
from bridge.tools.worker import Workers
from bridge.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Shop:
    """One per daemon. `broken` holds the extensions that could not be made, with why."""

    settings: Settings
    journal: Journal
    vault: Vault
    workers: Workers
    clock: Clock
    providers: Mapping[str, Provider]
    hosts: Mapping[str, Host]
    daws: Mapping[str, Daw]
    broken: dict[str, BridgeError] = field(default_factory=dict)
    _writer: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, 1, "journal"))

    async def record(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the journal on its one thread; a call that has begun is waited for even when we are cancelled."""
        return await to_the_end(asyncio.get_running_loop().run_in_executor(self._writer, partial(do, *args, **kwargs)))

    def provider(self, name: str) -> Provider:
        """A provider by name.

        Raises:
            BridgeError: why it could not be made.
            Reject: `unknown_model`.
        """
        if name in self.providers:
            return self.providers[name]
        if name in self.broken:
            raise self.broken[name]
        raise Reject("unknown_model", f"There is no provider '{name}'.", nearest(name, self.providers))

    def order(self, take: Take, job: Job) -> Order:
        """What the provider is asked for, from what is on disk."""
        asked, captured = job.request, take.facts.get("capture", {})
        grid = asked.grid
        return Order(
            take_id=take.id,
            model=take.model,
            prompt=asked.prompt,
            negative_prompt=asked.negative_prompt,
            seed=take.seed,
            rate=self.post(job).rate or captured.get("rate") or 48_000,
            length_s=asked.length_s or (captured.get("duration_s") if asked.length_bars is None else None),
            bars=asked.length_bars,
            bpm=grid.bpm,
            meter=grid.meter,
            key=grid.key,
            loop=asked.loop,
            strength=asked.strength,
            model_inputs=asked.model_inputs,
            clip=self.vault.path(take.input_sha) if take.input_sha else None,
            clip_s=captured.get("duration_s"),
            clip_url=take.url,
            transforms=asked.clip is not None,
        )

    def post(self, job: Job) -> Post:
        """How this job's takes are finished: the settings under the request's own words."""
        return self.settings.post.model_copy(
            update=Post.model_validate(job.request.post).model_dump(exclude_unset=True)
        )

    def close(self) -> None:
        """Let the journal and its thread go."""
        self._writer.shutdown()
        self.journal.close()


async def to_the_end(work: asyncio.Future[T]) -> T:
    """Wait for work that must not be left half-done; a cancel is held back until it has ended."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def origin_trusted(origin: str) -> bool:
    """Whether a trigger acts as the user (command line, DAW script, watched folder); others keep to the roots."""
    return origin in {"cli", "spool", "hot_folder"}
