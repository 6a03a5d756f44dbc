"""The current grid: what the DAW last said, lent to requests that name none."""

from __future__ import annotations

import math

import pytest

from bridge.errors import Reject
from bridge.triggers.osc.grid import CurrentGrid


def test_reapers_feedback_is_the_grid():
    """Tempo and the beginning of the time selection."""
    grid = CurrentGrid()
    assert grid.hear("/tempo/raw", (92.5,))
    assert grid.hear("/loop/start/time", (4.0,))
    assert not grid.hear("/track/1/vu", (0.5,))
    assert grid.fields == {"bpm": 92.5, "position_s": 4.0}


@pytest.mark.parametrize("args", [(math.nan,), (0.0,), (3159345.0,), ("120",), (), (1.0, 2.0), (b"",)])
def test_nonsense_from_a_daw_is_passed_over(args):
    """The grid stays what it was."""
    grid = CurrentGrid()
    grid.take({"bpm": 92})
    grid.hear("/tempo/raw", args)
    assert grid.fields == {"bpm": 92}


def test_a_script_says_and_takes_back():
    """Over what is there; None takes one away, nothing at all takes away all; an error changes nothing."""
    grid = CurrentGrid()
    grid.take({"bpm": 92, "meter": "3/4"})
    grid.take({"key": "Am", "meter": None})
    with pytest.raises(Reject) as said:
        grid.take({"tempo": 92})
    assert said.value.code == "bad_request"
    assert grid.fields == {"bpm": 92, "key": "Am"}
    grid.take({})
    assert grid.fields == {}


def test_it_is_lent_only_where_none_is_named():
    """Neither by the request nor by its preset."""
    grid, presets = CurrentGrid(), {"own": {"grid": {"bpm": 80}}, "none": {}}
    assert grid.lend({"prompt": "x"}, presets) == {"prompt": "x"}
    grid.take({"bpm": 92})
    assert grid.lend({"preset": "none"}, presets) == {"preset": "none", "grid": {"bpm": 92}}
    assert grid.lend({"preset": "own"}, presets) == {"preset": "own"}
    assert grid.lend({"grid": {"key": "C"}}, presets) == {"grid": {"key": "C"}}
