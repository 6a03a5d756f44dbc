"""The name of a delivered take: plain, short, and never anybody else's text unescaped."""

from __future__ import annotations

import re

import pytest
from drafts import draft
from hypothesis import given
from hypothesis import strategies as st

from bridge.request import parse
from bridge.steps.deliver import file_stem, slug

TAKE = draft("k3m9w2pa")[1][0]


def stem(report=None, **fields) -> str:
    return file_stem(parse({"prompt": "warm pads", **fields}), TAKE, {"post": {}} | (report or {}))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dusty lo-fi, vinyl crackle!", "dusty-lo-fi-vinyl-crackle"),
        ("  Café  Ñandú  ", "cafe-nandu"),
        ("雨の音", "take"),
        ("", "take"),
        ("../../etc/passwd", "etc-passwd"),
        ("$(rm -rf ~)", "rm-rf"),
        ("a" * 60, "a" * 40),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
        ("\u202egnp.wav", "gnp-wav"),
    ],
)
def test_a_prompt_becomes_the_beginning_of_a_name(text, name):
    """Lower-case ASCII words, cut between two of them."""
    assert slug(text) == name


@given(st.text())
def test_a_slug_is_a_name_on_every_system(text):
    """Whatever the prompt: 1 to 40 letters, digits and single hyphens, none at an end."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert len(slug(text)) <= 40


@pytest.mark.parametrize(
    ("report", "fields", "name"),
    [
        ({}, {}, "warm-pads_k3m9w2pa-1"),
        ({}, {"grid": {"bpm": 92.5, "key": "F# minor"}}, "warm-pads_92.5bpm_Fsharpm_k3m9w2pa-1"),
        ({"made": {"bpm": 120, "key": "Bb"}}, {}, "warm-pads_120bpm_Bb_k3m9w2pa-1"),
        ({"made": {"bpm": 120}}, {"grid": {"bpm": 92}}, "warm-pads_92bpm_k3m9w2pa-1"),
        ({"made": {"bpm": 119.9812}}, {}, "warm-pads_119.98bpm_k3m9w2pa-1"),
        ({"post": {"tempo": {"bpm": 119.9812}}}, {}, "warm-pads_k3m9w2pa-1"),
        ({"made": None, "post": {"tempo": None}}, {}, "warm-pads_k3m9w2pa-1"),
        ({}, {"clip": {"path": "/m/Loop 01.wav"}}, "loop-01-warm-pads_k3m9w2pa-1"),
    ],
)
def test_a_take_is_named_after_what_it_is(report, fields, name):
    """The words, the tempo and key (as asked, else as made; never one that was only measured), and its own id."""
    assert stem(report, **fields) == name


@given(st.text(), st.text())
def test_nothing_a_provider_says_leaves_the_folder(key, prompt):
    """A key or a prompt with slashes, dots or control characters is still one plain file name."""
    fields = {"prompt": f"x{prompt}"[:500]}
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,120}-1", stem({"made": {"key": key}}, **fields))
    assert ".." not in stem({"made": {"key": key}}, **fields)
