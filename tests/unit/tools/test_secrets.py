"""Tokens on loopback: made once, readable by their owner only."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ConfigError
from bridge.tools.secrets import same, token


def test_a_token_is_made_once(tmp_path):
    """The first call makes it, later ones give the same."""
    path = tmp_path / "keys" / "cli.token"
    made = token(path)
    assert len(made) >= 43
    assert token(path) == made


def test_two_tokens_differ(tmp_path):
    """The command line and HTTP are known apart by theirs."""
    assert token(tmp_path / "a") != token(tmp_path / "b")


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_a_token_is_its_owners_only(tmp_path):
    """Whatever the umask says, nobody else can read it."""
    before = os.umask(0)
    try:
        token(tmp_path / "t")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_token_that_others_can_read_is_refused(tmp_path, mode):
    """It is refused with the command that closes it, and not made anew behind the user's back."""
    path = tmp_path / "t"
    known = token(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="can be read by others") as said:
        token(path)
    assert said.value.hint.startswith("chmod 600")
    assert path.read_text(encoding="utf-8") == known


def test_an_empty_token_lets_nobody_in(tmp_path):
    """A file that was emptied gets a new token: an empty one would be matched by sending nothing."""
    path = tmp_path / "t"
    path.touch(mode=0o600)
    assert len(token(path)) >= 43


@given(st.text(), st.text())
def test_only_equal_tokens_are_the_same(given_token, known):
    """Whatever is sent, letters of any script included, it is compared and never raises."""
    assert same(given_token, known) is (given_token == known)
    assert same(known, known)
