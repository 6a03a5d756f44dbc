"""A full disk: nothing is paid that could not be kept, and work goes on by itself when there is room."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from studio import CLI, Studio, built, ended, news_of

from bridge.take import State


def test_a_full_project_disk(studio: Studio, small_disk: Path, clock: Any) -> None:
    """A finished take waits for room in the project, and is delivered without a restart when there is some."""
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))

    async def act(it: Any) -> Any:
        job = (await it.desk.accept(studio.wish(placement={"project": str(small_disk)}), CLI)).job
        line = await news_of(it, lambda line: "reason" in line.note)
        assert "no room left" in line.note["reason"]
        assert [path.name for path in small_disk.iterdir()] == ["filler"]
        filler.unlink()
        return await ended(it, job.id)

    (take,) = studio.run(act, clock=clock)
    assert take.state is State.DELIVERED
    assert len(studio.till.charges) == 1


def test_nothing_is_paid_that_could_not_be_kept(small_disk: Path, site: Path) -> None:
    """With a vault that is nearly full, a take waits before its price is set aside, and no service is asked."""
    with built(small_disk / "studio", site) as studio:

        async def act(it: Any) -> Any:
            job = (await it.desk.accept(studio.wish(), CLI)).job
            await news_of(it, lambda line: "reason" in line.note)
            return it.shop.journal.takes(job.id)

        (take,) = studio.run(act)
        assert take.state is State.CAPTURED
        assert take.needs_user
        assert studio.till.connections == 0
        assert studio.money() == []
