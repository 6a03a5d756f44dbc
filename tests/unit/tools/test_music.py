"""Musical values as text: what is understood, what is refused, and with which words."""

from __future__ import annotations

import math

import pytest

from bridge.errors import Reject
from bridge.tools.music import Key, Meter, bar_samples, check_bpm, parse_key, parse_meter


@pytest.mark.parametrize(
    ("text", "tonic", "mode", "name"),
    [
        ("Am", 9, "minor", "Am"),
        ("a minor", 9, "minor", "Am"),
        ("A Minor", 9, "minor", "Am"),
        ("F# minor", 6, "minor", "F#m"),
        ("f♯ min", 6, "minor", "F#m"),
        ("F sharp minor", 6, "minor", "F#m"),
        ("C", 0, "major", "C"),
        ("CM", 0, "major", "C"),
        ("Cm", 0, "minor", "Cm"),
        ("C maj", 0, "major", "C"),
        ("Bb", 10, "major", "Bb"),
        ("Bb major", 10, "major", "Bb"),
        ("B-flat minor", 10, "minor", "Bbm"),
        ("B", 11, "major", "B"),
        ("Cb", 11, "major", "Cb"),
        ("g-moll", 7, "minor", "Gm"),
        ("  Eb  ", 3, "major", "Eb"),
    ],
)
def test_keys_are_read_as_musicians_write_them(text, tonic, mode, name):
    """Every usual spelling of a key gives its pitch class, its mode and one short name."""
    key = parse_key(text)
    assert (key.tonic, key.mode, key.name, str(key)) == (tonic, mode, name, name)


def test_one_key_with_two_names_is_one_key():
    """F#m and Gbm sound the same, so they compare equal while each keeps its name."""
    assert parse_key("F#m") == parse_key("Gb minor") == Key(6, "minor", "whatever")


def test_a_short_name_reads_back_as_itself():
    """The short name is a fixed point: what a report prints can be typed again."""
    names = [f"{letter}{sign}{mode}" for letter in "CDEFGAB" for sign in ("", "#", "b") for mode in ("", "m")]
    assert [parse_key(name).name for name in names] == names


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("H minor", "'Bm'"),
        ("h-moll", "'Bm'"),
        ("A minro", "'Am'"),
        ("F# majr", "'F#'"),
        ("D dorian", "'Dm'"),
        ("G mixolydian", "'G'"),
    ],
)
def test_a_mistyped_key_is_answered_with_the_nearest(text, offer):
    """A typo, a German H or a church mode is refused with the nearest key that would work."""
    with pytest.raises(Reject) as refused:
        parse_key(text)
    assert refused.value.code == "bad_key"
    assert refused.value.message == f"'{text}' is not a key."
    assert f"Did you mean {offer}" in refused.value.hint


@pytest.mark.parametrize("text", ["", "12", "loud", "🎹", "A minor please"])
def test_what_is_no_key_is_refused_with_examples(text):
    """Text that is no key at all is refused with four keys that are."""
    with pytest.raises(Reject) as refused:
        parse_key(text)
    assert "Write a key like Am, F#m, C or Bb." in refused.value.hint


@pytest.mark.parametrize(
    ("text", "beats", "unit", "quarters"),
    [("4/4", 4, 4, 4.0), ("7/8", 7, 8, 3.5), (" 6 / 8 ", 6, 8, 3.0), ("2/2", 2, 2, 4.0)],
)
def test_meters_know_their_length_in_quarters(text, beats, unit, quarters):
    """A time signature is read with or without spaces and knows how many quarter notes a bar holds."""
    meter = parse_meter(text)
    assert meter == Meter(beats, unit)
    assert meter.quarters == quarters
    assert str(meter) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "4", "0/4", "33/4", "4/3", "4/64", "waltz", "4/4/4", "-3/4"])
def test_what_is_no_meter_is_refused_with_examples(text):
    """Anything else than beats over a note value is refused, and the sentence shows what works."""
    with pytest.raises(Reject) as refused:
        parse_meter(text)
    assert refused.value.as_dict() == {
        "kind": "Reject",
        "code": "bad_meter",
        "message": f"'{text}' is not a time signature.",
        "hint": "Write one like 4/4, 3/4 or 7/8: 1 to 32 beats of a 1/1 to 1/32 note.",
    }


@pytest.mark.parametrize(("value", "bpm"), [(92, 92.0), (92.5, 92.5), ("92.5", 92.5), (20, 20.0), (400, 400.0)])
def test_tempos_that_songs_have_pass(value, bpm):
    """A number or a numeral from 20 to 400 is a tempo."""
    assert check_bpm(value) == bpm


@pytest.mark.parametrize(
    "value", [0, -92, 19.99, 400.01, 3159345, "fast", "", math.nan, math.inf, None, True, [92], "9" * 400, 10**400]
)
def test_tempos_that_no_song_has_are_refused(value):
    """Nonsense from a host never becomes a tempo; the sentence says the range and what to do."""
    with pytest.raises(Reject) as refused:
        check_bpm(value)
    assert refused.value.code == "bad_bpm"
    assert "not a tempo between 20 and 400 BPM" in refused.value.message
    assert refused.value.hint == "Send the project's tempo as a number like 92 or 92.5, or leave it out."


@pytest.mark.parametrize(
    ("bars", "bpm", "meter", "rate", "samples"),
    [
        (4, 92, Meter(4, 4), 48_000, 500_870),
        (4, 92.5, Meter(4, 4), 48_000, 498_162),
        (2, 140, Meter(4, 4), 48_000, 164_571),
        (3, 120, Meter(7, 8), 48_000, 252_000),
        (5, 90, Meter(3, 4), 44_100, 441_000),
    ],
)
def test_bars_have_an_exact_length_in_samples(bars, bpm, meter, rate, samples):
    """Whole bars are rounded once, from their start: four bars at 92 BPM are 500,870 samples."""
    assert bar_samples(bars, bpm, meter, rate) == samples
