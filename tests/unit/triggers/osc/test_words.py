"""What OSC arguments mean: a Request's fields, or one sentence."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Reject
from bridge.tools.osc_codec import IMPULSE
from bridge.triggers.osc import words


def refused(act, *args) -> str:
    with pytest.raises(Reject) as said:
        act(*args)
    assert said.value.message.endswith(".")
    assert said.value.hint
    return said.value.code


def float32(value: float) -> float:
    return struct.unpack(">f", struct.pack(">f", value))[0]


def test_a_transform_is_path_prompt_keys():
    """Dotted keys are fields within fields."""
    fields = words.transform(("/m/a.wav", "lo-fi", "grid.bpm", 92, "clip.start_s", 1.5, "loop", True))
    assert fields == {
        "prompt": "lo-fi",
        "grid": {"bpm": 92},
        "clip": {"path": "/m/a.wav", "start_s": 1.5},
        "loop": True,
    }


def test_an_empty_prompt_leaves_it_to_the_preset():
    """Only when there is one."""
    assert words.generate(("", "preset", "lofi")) == {"preset": "lofi"}
    assert words.generate(("",)) == {"prompt": ""}


def test_a_request_is_json():
    """Keys after it count too."""
    assert words.request(('{"prompt": "x", "takes": 2}', "id", "a")) == {"prompt": "x", "takes": 2, "id": "a"}


@pytest.mark.parametrize(
    ("act", "args", "code"),
    [
        (words.generate, (), "bad_request"),
        (words.generate, (1.0,), "bad_request"),
        (words.generate, ("a", "key"), "bad_request"),
        (words.generate, ("a", 5, 5), "bad_request"),
        (words.generate, ("a", "seed", 1, "seed", 2), "bad_request"),
        (words.generate, ("a", "grid", "x", "grid.bpm", 2), "bad_request"),
        (words.generate, ("a", "prompt", "b"), "bad_request"),
        (words.transform, ("/a.wav", "b", "clip.path", "/etc/passwd"), "bad_request"),
        (words.transform, ("/a.wav", "b", "clip", "/etc/passwd"), "bad_request"),
        (words.generate, ("a", "strength", math.nan), "bad_number"),
        (words.generate, ("a", "strength", -math.inf), "bad_number"),
        (words.generate, ("a", "seed", b"blob"), "bad_value"),
        (words.generate, ("a", "seed", IMPULSE), "bad_value"),
        (words.generate, ("a\x1b[31m",), "bad_text"),
        (words.request, ("{",), "bad_json"),
        (words.request, ("[" * 30_000,), "bad_json"),
        (words.request, ('{"strength": NaN}',), "bad_json"),
        (words.request, ("[1]",), "bad_json"),
    ],
)
def test_what_cannot_be_meant_is_refused(act, args, code):
    """A sentence and a next step, never another exception."""
    assert refused(act, args) == code


@given(st.decimals(-10_000, 10_000, places=2))
def test_a_short_numeral_survives_32_bits(said):
    """92.1 sent as f is 92.1 in the request, not 92.0999984741211."""
    assert words.plain(float32(float(said))) == float(said)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_float_is_changed_beyond_its_32_bits(value):
    """A double that no float32 holds stays what it is; the others stay the same float32."""
    meant = words.plain(value)
    assert meant == value or float32(meant) == float32(value) == value


def test_a_press_is_not_a_release():
    """TouchOSC sends 1 and 0, others T and F, I, or nothing."""
    assert all(words.pressed(args) for args in [(), (1,), (1.0,), (True,), (IMPULSE,), (0.5,), ("x",)])
    assert not any(words.pressed(args) for args in [(0,), (0.0,), (False,), (None,)])


def test_a_port_is_a_port():
    """As int, float or text; left out it is 0."""
    assert [words.port(args, 0) for args in [(9000,), (9000.0,), ("9000",), ()]] == [9000, 9000, 9000, 0]
    for wrong in (-1, 65_536, 0.5, "http", b"x", True, math.inf):
        assert refused(words.port, (wrong,), 0) in {"bad_port", "bad_value", "bad_number"}
