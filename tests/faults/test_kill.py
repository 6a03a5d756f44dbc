"""kill -9 at every point of a take's way: delivered exactly once, paid at most once, nothing half-done left lying."""

from __future__ import annotations

import os
from pathlib import Path

import doomed
import pytest
from extensions.till import tone
from studio import Studio

from bridge.steps import STAGES
from bridge.take import State
from bridge.tools import files

FULL = bool(os.environ.get("DAWBRIDGE_FULL"))
KINDS = ("same_key", "find", "park")
BEFORE_DELIVERED = [state for state in State if state in STAGES]
pytestmark = pytest.mark.timeout(3600 if FULL else 120)


def _ready(studio: Studio, kind: str) -> Path:
    studio.till.honours_keys = kind == "same_key"
    studio.watch("paid")
    studio.paybox(after_crash=kind)
    return studio.drop("loop.wav", tone())


def _all_is_well(studio: Studio, kind: str) -> None:
    """The promises that hold after any kill and one restart."""
    sound = [path for path in studio.delivered() if path.suffix == ".wav"]
    (state,) = studio.states()
    if kind == "park" and state == "in_doubt":
        assert sound == []
        assert studio.money() == [("doubtful", 400_000)]
    else:
        assert state == "delivered"
        ((sha,),) = studio.rows("SELECT finished_sha FROM takes")
        assert [files.sha256(path) for path in sound] == [sha]
        assert len(studio.till.charges) == 1
    assert len(studio.till.charges) <= 1
    assert studio.delivered() == sound
    assert list(studio.root.rglob("*.part")) == []
    assert list((studio.home / "vault" / "tmp").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", BEFORE_DELIVERED)
def test_killed_in_each_state(studio: Studio, state: State, kind: str) -> None:
    """A daemon that is killed the moment a state is on disk delivers after a restart, once, for one charge."""
    clip = _ready(studio, kind)
    before = (clip.read_bytes(), clip.stat().st_mtime_ns)
    assert doomed.die_after_state(studio.home, state)
    assert studio.states() == [state]
    doomed.go_on(studio.home)
    _all_is_well(studio, kind)
    assert (clip.read_bytes(), clip.stat().st_mtime_ns) == before


def test_every_state_has_a_kill() -> None:
    """A state that is added without a step, or a step without a state, is noticed here."""
    assert set(BEFORE_DELIVERED) == set(State) - {State.DELIVERED, State.FAILED, State.IN_DOUBT, State.CANCELLED}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_effect(tmp_path: Path, site: Path, kind: str, when: str) -> None:
    """Whichever commit, file, removal or call is the last one before the kill, the promises hold."""
    from studio import built  # noqa: PLC0415 - a studio for each kill

    stride = 1 if FULL else 9
    number, died = 1 + KINDS.index(kind) * 2 + (when == "after"), True
    while died:
        with built(tmp_path / str(number), site) as studio:
            _ready(studio, kind)
            died = doomed.die_at_call(studio.home, when, number)
            if died and (FULL or number % 2):
                doomed.die_at_call(studio.home, when, 1 + number // 2)  # and once more, in the recovery
            doomed.go_on(studio.home)
            _all_is_well(studio, kind)
        number += stride
    assert number > 30
