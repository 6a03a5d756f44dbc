"""The error tree: what crosses a process keeps its kind, and a mistyped name gets help."""

from __future__ import annotations

import pytest

from bridge.errors import BridgeError, ConfigError, Doubt, Refused, Reject, Retry, from_dict, nearest


@pytest.mark.parametrize("kind", [BridgeError, ConfigError, Reject, Refused, Retry, Doubt])
def test_an_error_crosses_a_process_as_what_it_is(kind):
    """Kind, code, sentence and next step are the same on the other side."""
    there = from_dict(kind("code", "What is wrong.", "What to do.").as_dict())
    assert (type(there), there.code, str(there)) == (kind, "code", "What is wrong. What to do.")


def test_how_long_to_wait_and_for_whom_crosses_too():
    """A worker's full disk is still the user's to put right when the daemon hears of it."""
    there = from_dict(Retry("disk_full", "No room.", after_s=60.0, needs_user=True).as_dict())
    assert isinstance(there, Retry)
    assert (there.after_s, there.needs_user) == (60.0, True)
    assert not from_dict(Retry("busy", "Busy.").as_dict()).needs_user


def test_an_error_is_text_only():
    """What is written into the journal and onto sockets is a table of strings."""
    said = Retry("disk_full", "No room.", after_s=60.0, needs_user=True).as_dict()
    assert all(isinstance(value, str) for value in said.values())


def test_an_unknown_kind_is_still_an_error():
    """A newer daemon's error is shown with its code and sentence, not as a crash."""
    there = from_dict({"kind": "Later", "code": "new", "message": "Something new."})
    assert (type(there), there.code, str(there)) == (BridgeError, "new", "Something new.")


def test_the_command_line_can_tell_the_kinds_apart():
    """Each branch of the tree ends a command with its own exit code."""
    codes = [kind.exit_code for kind in (BridgeError, Reject, Refused, Doubt, ConfigError)]
    assert codes == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("promt", ["prompt", "seed"], "Did you mean 'prompt'?"),
        ("xyz", ["prompt", "seed"], "Known: prompt, seed."),
        ("xyz", [], "None is defined yet."),
    ],
)
def test_a_mistyped_name_gets_the_nearest_one(word, known, hint):
    """The nearest name, or all of them, or that there are none."""
    assert nearest(word, known) == hint
