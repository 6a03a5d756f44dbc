"""States: where a take may be, and what is said of it."""

from __future__ import annotations

import re

import pytest
from drafts import draft

from bridge import take
from bridge.take import State


def test_every_state_has_a_sentence():
    """No state is shown to people as a bare word."""
    assert all(len(state.meaning.split()) > 3 for state in State)


def test_the_picture_names_every_state():
    """The picture at the top of the module and the enum are the same thing."""
    words = set(re.findall(r"[a-z_]+", take.__doc__))
    assert {state.value for state in State} <= words


@pytest.mark.parametrize("state", list(State))
def test_only_four_states_wait_for_the_user(state):
    """Everything else goes on by itself after a restart."""
    waits = {"delivered", "failed", "in_doubt", "cancelled"}
    assert state.ended is (state.value in waits)


def test_a_new_take_is_under_way():
    """A queued take has not ended, and has cost nothing so far."""
    _, [new] = draft()
    assert not new.ended
    assert new.actual_micro_usd is None
