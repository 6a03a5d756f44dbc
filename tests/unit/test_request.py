"""The one schema behind every trigger: what is understood, what is refused and with which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.errors import ConfigError, Reject
from bridge.request import Request, check_presets, effective, parse
from bridge.settings import Settings, read

TEMPO = "is not a tempo between 20 and 400 BPM. Send the project's tempo as a number like 92 or 92.5, or leave it out."


def wish(**fields):
    return parse({"prompt": "rain", **fields})


def nested(depth: int):
    inner = {}
    for _ in range(depth):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("fields", "code", "sentence"),
    [
        ({"prompt": ""}, "empty_prompt", "The prompt is empty. Say in a few words what you want to hear."),
        (
            {"prompt": " \n\t\x00\x1b "},
            "empty_prompt",
            "The prompt is empty. Say in a few words what you want to hear.",
        ),
        ({"prompt": "x" * 2001}, "long_prompt", "The prompt has 2001 characters. At most 2000 are taken."),
        ({"prompt": None}, "bad_request", "'prompt' must be a valid string, not None."),
        ({"prompt": 5}, "bad_request", "'prompt' must be a valid string, not 5."),
        ({"grid": {"bpm": 0}}, "bad_bpm", f"'0' {TEMPO}"),
        ({"grid": {"bpm": 3159345}}, "bad_bpm", f"'3159345' {TEMPO}"),
        ({"grid": {"bpm": "fast"}}, "bad_bpm", f"'fast' {TEMPO}"),
        ({"grid": {"bpm": float("nan")}}, "bad_bpm", f"'nan' {TEMPO}"),
        ({"length_s": 0}, "bad_request", "'length_s' must be greater than 0, not 0."),
        ({"length_s": float("nan")}, "bad_request", "'length_s' must be a finite number, not nan."),
        ({"length_s": 1e999}, "bad_request", "'length_s' must be a finite number, not inf."),
        ({"length_bars": 0}, "bad_request", "'length_bars' must be greater than or equal to 1, not 0."),
        ({"length_bars": 1.5}, "bad_request", "'length_bars' must be a valid integer, got a number with a fractional"),
        ({"length_s": 1, "length_bars": 1}, "bad_request", "Give length_s or length_bars, not both."),
        ({"takes": 9}, "bad_request", "'takes' must be less than or equal to 8, not 9."),
        ({"takes": 0}, "bad_request", "'takes' must be greater than or equal to 1, not 0."),
        ({"seed": 2**32}, "bad_request", "'seed' must be less than 4294967296, not 4294967296."),
        ({"strength": float("nan")}, "bad_request", "'strength' must be less than or equal to 1, not nan."),
        ({"max_cost_usd": -1}, "bad_request", "'max_cost_usd' must be greater than or equal to 0, not -1."),
        ({"id": ""}, "bad_request", "'id' must have at least 1 character, not ''."),
        ({"promt": "x"}, "bad_request", "There is no field 'promt'. Did you mean 'prompt'?"),
        ({"grid": {"bmp": 90}}, "bad_request", "There is no field 'grid.bmp'. Did you mean 'bpm'?"),
        ({"post": {"lufss": 1}}, "bad_request", "There is no field 'lufss'. Did you mean 'lufs'?"),
        ({"post": {"lufs": 1}}, "bad_request", "'lufs' must be less than or equal to 0, not 1."),
        ({"placement": {"az": "slot"}}, "bad_request", "There is no field 'placement.az'. Did you mean 'as'?"),
        ({"clip": {}}, "bad_request", "'clip.path' is missing. Give it a value."),
        (
            {"clip": {"path": "/a", "start_s": 1, "start_samples": 1}},
            "bad_request",
            "Give the clip's start in seconds or in samples, not both.",
        ),
        (
            {"clip": {"path": "/a", "end_s": 1, "end_samples": 1}},
            "bad_request",
            "Give the clip's end in seconds or in samples, not both.",
        ),
        ({"clip": {"path": "/a\0.wav"}}, "bad_path", "'/a\\x00.wav' holds a character that no file name has."),
        (
            {"clip": {"path": os.fsdecode(b"/a\xff.wav")}},
            "bad_path",
            "'/a\\udcff.wav' is not a name in Unicode. Rename",
        ),
        ({"placement": {"project": "/a\0"}}, "bad_path", "'/a\\x00' holds a character that no file name has."),
        ({"prompt": "half a \ud800"}, "bad_request", "The request cannot be stored:"),
        ({"model_inputs": {"style": "\ud800"}}, "bad_request", "The request cannot be stored:"),
        ({"model_inputs": {"style": float("inf")}}, "bad_request", "The request cannot be stored:"),
        ({"model_inputs": nested(400)}, "bad_request", "The request cannot be stored:"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(fields, code, sentence):
    """Each with its code, what is wrong, and a next step where there is one."""
    with pytest.raises(Reject) as said:
        wish(**fields)
    assert str(said.value).startswith(sentence)
    assert said.value.code == code


def test_only_a_prompt_is_needed():
    """Everything else has a default, and without a clip it is text to music."""
    asked = parse({"prompt": "rain"})
    assert (asked.takes, asked.loop, asked.mode) == (1, False, "text_to_music")


def test_a_clip_makes_it_audio_to_audio():
    """The mode is derived, nobody has to say it twice."""
    assert wish(clip={"path": "/a.wav"}).mode == "audio_to_audio"


def test_a_prompt_is_one_line_of_plain_text():
    """Line ends and runs of blanks become one blank; what would steer a terminal is taken out."""
    assert wish(prompt="  warm\n\tpads \x1b[2Jand\x00 rain\x7f\u0085 ").prompt == "warm pads [2Jand rain"


def test_other_scripts_are_left_as_they_are():
    """Accents, kana and joined emoji arrive as they were typed."""
    text = "café 雨の音 👩‍🎤"
    assert wish(prompt=text).prompt == text


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_empty_negative_prompt_is_none(nothing):
    """A form's empty field is no wish, and no error."""
    assert wish(negative_prompt=nothing).negative_prompt is None


def test_musical_values_get_one_spelling():
    """Whatever the musician's way of writing: the same key, meter and tempo are the same wish."""
    grid = wish(grid={"bpm": "92", "meter": " 6/8 ", "key": "f sharp minor"}).grid
    assert (grid.bpm, grid.meter, grid.key) == (92.0, "6/8", "F#m")


def test_placement_is_said_as_as():
    """`as` is a word of Python's, but what is written and read is `as`."""
    asked = wish(placement={"as": "new_track"})
    assert asked.placement.as_ == "new_track"
    assert asked.model_dump(mode="json")["placement"]["as"] == "new_track"


def test_a_request_is_frozen():
    """Once accepted it never changes."""
    with pytest.raises(ValidationError):
        wish().prompt = "sun"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    prompt=st.text(min_size=1).filter(lambda text: any(letter.isalnum() for letter in text)),
    inputs=st.dictionaries(st.text(max_size=5), JSON, max_size=4),
    length_s=st.none() | st.floats(0.001, 3600),
    place=st.sampled_from(["file", "new_take", "new_track", "slot"]),
)
def test_what_is_stored_reads_back_the_same(prompt, inputs, length_s, place):
    """The journal's text gives the same request and the same digest."""
    fields = {"prompt": prompt, "model_inputs": inputs, "length_s": length_s, "placement": {"as": place}}
    try:
        asked = parse(fields)
    except Reject:
        return
    again = Request.model_validate_json(asked.model_dump_json(exclude_none=True))
    assert again == asked
    assert again.digest(None) == asked.digest(None)


SAME = [
    ({}, {"id": "reaper-1", "reply_to": "osc"}),
    ({"clip": {"path": "/a.wav"}}, {"clip": {"path": "/copy of a.wav"}}),
    ({"grid": {"key": "F# minor"}}, {"grid": {"key": "f#m"}}),
    ({"prompt": "rain  falls"}, {"prompt": "rain falls\n"}),
]
OTHER = [
    ({}, {"prompt": "sun"}),
    ({}, {"seed": 1}),
    ({}, {"takes": 2}),
    ({}, {"model": "novakit:music"}),
    ({}, {"placement": {"project": "/elsewhere"}}),
    ({"clip": {"path": "/a.wav"}}, {"clip": {"path": "/a.wav", "start_s": 1.0}}),
    ({}, {"clip": {"path": "/a.wav"}}),
    ({}, {"model_inputs": {"style": "x"}}),
    ({}, {"post": {"trim": False}}),
]


@pytest.mark.parametrize(("one", "two", "same"), [(*pair, True) for pair in SAME] + [(*pair, False) for pair in OTHER])
def test_the_digest_is_the_wish_and_not_who_asks(one, two, same):
    """Neither the client's id nor the clip's name counts; every other field does."""
    assert (wish(**one).digest("sha") == wish(**two).digest("sha")) is same


def test_the_clips_content_counts():
    """Another sound under the same name is another wish."""
    asked = wish(clip={"path": "/a.wav"})
    assert asked.digest("one") != asked.digest("two")


SETTINGS = read(
    {
        "model": "novakit:music",
        "preset": {
            "lofi": {"prompt": "dusty", "grid": {"bpm": 80, "key": "Am"}, "length_s": 20, "post": {"trim": False}},
            "own": {"prompt": "own", "model": "sketch"},
            "typo": {"promt": "x"},
        },
    },
    "here",
)


def test_a_preset_lies_under_the_request():
    """The request's own fields win, tables merge, what neither says is the settings' or the default."""
    asked = effective({"preset": "lofi", "prompt": "rain", "grid": {"bpm": 92}}, SETTINGS)
    assert (asked.prompt, asked.grid.bpm, asked.grid.key) == ("rain", 92, "Am")
    assert (asked.length_s, asked.post, asked.model) == (20, {"trim": False}, "novakit:music")


def test_a_field_that_is_null_does_not_cover_the_presets():
    """A form's empty field leaves the preset's value in force."""
    asked = effective({"preset": "lofi", "prompt": None, "grid": {"bpm": None}}, SETTINGS)
    assert (asked.prompt, asked.grid.bpm) == ("dusty", 80)


def test_a_length_in_bars_covers_a_presets_seconds():
    """The request says how long; in which unit the preset said it does not matter."""
    asked = effective({"preset": "lofi", "length_bars": 4}, SETTINGS)
    assert (asked.length_bars, asked.length_s) == (4, None)


def test_the_model_comes_from_request_preset_or_settings():
    """In this order."""
    models = [effective({"preset": "own", **more}, SETTINGS).model for more in ({"model": "other"}, {})]
    assert [*models, effective({"prompt": "rain"}, SETTINGS).model] == ["other", "sketch", "novakit:music"]


def test_merging_leaves_the_settings_alone():
    """The preset is the same for the next request."""
    before = SETTINGS.model_dump_json()
    effective({"preset": "lofi", "grid": {"bpm": 92}, "post": {"lufs": -9}}, SETTINGS)
    assert SETTINGS.model_dump_json() == before


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ({"preset": "lofy"}, "unknown_preset", "There is no preset 'lofy'. Did you mean 'lofi'?"),
        ({"preset": ["lofi"]}, "unknown_preset", "There is no preset '['lofi']'."),
        ({"preset": "typo"}, "bad_request", "There is no field 'promt'. Did you mean 'prompt'?"),
        ({"prompt": None}, "bad_request", "'prompt' is missing. Give it a value."),
        ({"preset": "lofi", "grid": 5}, "bad_request", "'grid' must be a valid dictionary or instance of Grid, not 5."),
    ],
)
def test_a_wrong_preset_is_refused(said, code, sentence):
    """An unknown one with the nearest name, one that is wrong itself with its fault."""
    with pytest.raises(Reject) as refusal:
        effective(said, SETTINGS)
    assert refusal.value.code == code
    assert str(refusal.value).startswith(sentence)


def test_the_clips_path_stays_a_path():
    """Blanks, leading dashes, line ends and 255 letters are names like any other."""
    for name in ("a b.wav", "-rf.wav", "line\nend.wav", "n" * 255, "$(x).wav", "e\u0301.wav"):
        assert wish(clip={"path": f"/m/{name}"}).clip.path == Path(f"/m/{name}")


def test_a_preset_is_checked_before_it_is_used():
    """A mistyped field in a preset is told at the start, with the preset's name and the nearest field."""
    check_presets(Settings(preset={"good": {"strength": 0.5}}))
    with pytest.raises(ConfigError, match=r"In preset 'bad': There is no field 'strenght'\. Did you mean 'strength'\?"):
        check_presets(Settings(preset={"bad": {"strenght": 0.5}}))
