"""What is settled before a sound is made, and which orders are refused with which words."""

from __future__ import annotations

import math

import pytest

from bridge.errors import Reject
from bridge.providers.sketch.plan import plan


@pytest.mark.parametrize(
    ("grid", "frames"),
    [
        ({"bars": 4, "bpm": 92}, 500_870),
        ({"bars": 4, "bpm": 92.5}, 498_162),
        ({"bars": 3, "bpm": 120, "beats_per_bar": 7, "beat_unit": 8}, 252_000),
        ({"bars": 5, "bpm": 90, "beats_per_bar": 3, "rate": 44_100}, 441_000),
        ({"bpm": 120}, 768_000),
        ({"length_s": 3.3333}, 159_998),
    ],
)
def test_the_length_is_known_to_the_sample_beforehand(grid, frames):
    """Bars are rounded once, seconds are rounded once, and without either there are eight bars."""
    assert plan(grid)["frames"] == frames
    assert plan(grid)["seconds"] == frames / grid.get("rate", 48_000)


def test_the_grid_rules_and_the_difference_is_said():
    """Where prompt and grid differ, the grid is followed and one sentence each says so."""
    planned = plan(
        {"prompt": "75 BPM, 3/4, A minor", "bpm": 92, "beats_per_bar": 4, "beat_unit": 4, "key": "C", "bars": 4}
    )
    assert (planned["bpm"], planned["beats_per_bar"], planned["key"]) == (92.0, 4, "C")
    assert planned["notes"] == [
        "The prompt says 75 BPM, the grid says 92 BPM: the grid was followed.",
        "The prompt says 3/4, the grid says 4/4: the grid was followed.",
        "The prompt says Am, the grid says C: the grid was followed.",
    ]


def test_without_a_grid_the_prompt_rules():
    """Tempo, meter and key of the prompt are played when the grid says nothing."""
    planned = plan({"prompt": "75 BPM, 3/4, F# minor"})
    assert (planned["bpm"], planned["beats_per_bar"], planned["key"], planned["notes"]) == (75.0, 3, "F#m", [])


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [
        ("techno", 126, 138),
        ("lo-fi", 72, 86),
        ("slow lo-fi", 72, 75),
        ("fast", 143, 152),
        ("slow", 62, 71),
        ("", 84, 112),
    ],
)
def test_the_seed_chooses_a_sensible_tempo(prompt, low, high):
    """Genre and pace words bound the tempo, and different seeds use the room between."""
    tempos = {plan({"prompt": prompt, "seed": seed})["bpm"] for seed in range(60)}
    assert low <= min(tempos) <= max(tempos) <= high
    assert len(tempos) > 2


def test_seeds_choose_keys_of_both_modes():
    """Without a word about the key, the seed settles tonic and mode."""
    keys = {plan({"seed": seed})["key"] for seed in range(60)}
    assert len(keys) > 8
    assert {key.endswith("m") for key in keys} == {True, False}


def test_a_loop_of_seconds_gets_whole_bars_when_its_tempo_is_free():
    """Ten seconds that loop are whole bars: the tempo gives way, and says so."""
    planned = plan({"prompt": "lo-fi", "length_s": 10.0, "loop": True})
    assert planned["bars"] * 4 * 60 / planned["bpm"] == pytest.approx(10.0)
    assert planned["notes"] == [
        f"The tempo was set to {planned['bpm']:.3f} BPM so that {planned['bars']} bars fill 10 s."
    ]


def test_a_loop_of_seconds_against_a_fixed_tempo_warns():
    """A length that is not whole bars of the project's tempo is made as asked, with a warning."""
    planned = plan({"bpm": 92, "length_s": 10.0, "loop": True})
    assert (planned["bars"], planned["frames"]) == (None, 480_000)
    assert planned["notes"] == ["10 s at 92 BPM are not whole bars: the loop will jump. Ask for bars."]


def test_a_clip_keeps_what_is_not_known_unknown():
    """Restyling claims no tempo and no key that nobody has told, and the length stays the clip's."""
    planned = plan({"prompt": "lo-fi, 75 BPM", "source": "clip.wav"})
    assert (planned["bpm"], planned["key"], planned["frames"], planned["seconds"]) == (None, None, None, None)


def test_drums_for_a_clip_need_its_tempo():
    """Drums are not guessed onto a clip: without a tempo the report says what to send."""
    asked = {"prompt": "add drums", "source": "clip.wav"}
    assert plan(asked)["notes"] == [
        "The prompt asks for drums, but the clip's tempo is not known: send its BPM to have them added."
    ]
    assert plan({**asked, "bpm": 92})["notes"] == ["Drums were added, with beat one on the clip's first sample."]


@pytest.mark.parametrize(
    ("order", "code", "message", "hint"),
    [
        ({"tempo": 92}, "unknown_field", "An order has no field 'tempo'.", "Known: bars, beat_unit"),
        ({"lop": True}, "unknown_field", "An order has no field 'lop'.", "Did you mean 'loop'?"),
        ({"seed": -1}, "bad_seed", "'-1' is no seed that the sketch engine can use.", "number from 0 to 4294967295."),
        ({"seed": 1.5}, "bad_seed", "'1.5' is no seed", "whole number"),
        ({"rate": 0}, "bad_rate", "'0' is no rate", "Give a whole number from 8000 to 192000."),
        ({"bars": 0}, "bad_bars", "'0' is no bars", "Give a whole number from 1 to 1000."),
        ({"bars": True}, "bad_bars", "'True' is no bars", "whole number"),
        ({"length_s": 0}, "bad_length_s", "'0' is no length_s", "Give a number from 0.1 to 600."),
        ({"length_s": math.nan}, "bad_length_s", "'nan' is no length_s", "Give a number"),
        ({"strength": 1.1}, "bad_strength", "'1.1' is no strength", "Give a number from 0 to 1."),
        ({"bpm": "fast"}, "bad_bpm", "'fast' is not a tempo between 20 and 400 BPM.", "Send the project's tempo"),
        ({"key": "H minor"}, "bad_key", "'H minor' is not a key.", "Did you mean 'Bm'?"),
        ({"beats_per_bar": 0}, "bad_meter", "'0/4' is not a time signature.", "Write one like 4/4"),
        ({"bars": 900, "bpm": 60}, "too_long", "900 bars at 60 BPM last 3600 s; the sketch", "Ask for fewer bars."),
    ],
)  # fmt: skip
def test_orders_that_cannot_be_played_are_refused_in_words(order, code, message, hint):
    """Each wrong field has its code, one sentence with the value, and one next step."""
    with pytest.raises(Reject) as refused:
        plan(order)
    assert refused.value.code == code
    assert refused.value.message.startswith(message)
    assert hint in refused.value.hint
