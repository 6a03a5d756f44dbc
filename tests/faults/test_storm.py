"""The real daemon, killed again and again while clips flow."""

from __future__ import annotations

import os

import pytest
from extensions.till import tone
from studio import Studio
from waiting import until

from bridge.tools import files

FULL = bool(os.environ.get("DAWBRIDGE_FULL"))
CLIPS, STRIDE = (40, 9) if FULL else (6, 11)
pytestmark = pytest.mark.timeout(1200 if FULL else 120)


def test_clips_flow_through_a_daemon_that_keeps_dying(studio: Studio) -> None:
    """Kill -9 after every few lines of news: each clip is delivered once, for one charge, and nothing is left over."""
    studio.watch("paid", no_upload=False)
    studio.settle(caps={"day_usd": 1000.0}, providers={"paybox": {"url": studio.till.url, "after_crash": "find"}})
    studio.till.honours_keys = False
    for number in range(CLIPS):
        studio.drop(f"loop {number}.wav", tone(0.5, hz=100 + 10 * number))
    lines, kills = 0, 0
    while studio.states().count("delivered") < CLIPS:
        process = studio.daemon()
        lines = _news(studio) + STRIDE
        until(lambda: _news(studio) >= lines or studio.states().count("delivered") == CLIPS, "more news")  # noqa: B023
        process.kill()
        process.communicate()
        kills += 1
    studio.daemon()
    for number in range(CLIPS):
        studio.told(f"loop {number}.wav", "DONE")
    studio.stop_all()
    assert kills > 3
    shas = [sha for (sha,) in studio.rows("SELECT finished_sha FROM takes ORDER BY finished_sha")]
    assert sorted(files.sha256(path) for path in studio.delivered()) == shas
    assert len(shas) == len(studio.till.charges) == len(set(studio.till.charges)) == CLIPS
    assert list(studio.project.glob(".*")) == list((studio.home / "vault" / "tmp").iterdir()) == []


def _news(studio: Studio) -> int:
    rows = studio.rows("SELECT coalesce(max(seq), 0) FROM transitions")
    return int(rows[0][0]) if rows else 0
