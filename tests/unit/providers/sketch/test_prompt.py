"""What the sketch engine hears in a prompt."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.errors import Reject
from bridge.providers.sketch.prompt import hear


@pytest.mark.parametrize(
    ("prompt", "bpm"),
    [
        ("92 BPM", 92.0),
        ("a beat at 92.5bpm please", 92.5),
        ("92,5 bpm", 92.5),
        ("tempo of 140, dark", 140.0),
        ("BPM: 75", 75.0),
        ("120-bpm rock", 120.0),
        ("2 guitars and 808s", None),
        ("slow", None),
    ],
)
def test_a_tempo_is_heard_however_it_is_written(prompt, bpm):
    """A number next to BPM or tempo is the tempo; other numbers are not."""
    assert hear(prompt).bpm == bpm


def test_a_tempo_that_cannot_be_is_left_aside_with_a_sentence():
    """A nonsense tempo in a prompt spoils nothing: it is named and left aside."""
    heard = hear("3159345 BPM techno")
    assert heard.bpm is None
    assert heard.notes == [
        "The prompt says 3159345 BPM, which was left aside: '3159345' is not a tempo between 20 and 400 BPM."
    ]


@pytest.mark.parametrize(
    ("prompt", "meter"),
    [
        ("in 3/4", "3/4"),
        ("7/8 groove", "7/8"),
        ("a slow waltz", "3/4"),
        ("open 24/7", "None"),
        ("1/2 speed", "None"),
        ("rock", "None"),
    ],
)
def test_a_meter_is_heard_and_a_fraction_is_not(prompt, meter):
    """A time signature counts, also a waltz's; other fractions do not."""
    assert str(hear(prompt).meter) == meter


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("A minor", "Am"),
        ("lo-fi in a minor, rainy", "Am"),
        ("in a minor key", "None"),
        ("F# minor techno", "F#m"),
        ("B flat major brass", "Bb"),
        ("bb major", "Bb"),
        ("in C, happy", "C"),
        ("key of Eb", "Eb"),
        ("piano, Dm, slow", "Dm"),
        ("Am I dreaming", "None"),
        ("in Berlin", "None"),
        ("a major hit", "None"),
        ("A minor chord progression", "None"),
    ],
)
def test_a_key_is_heard_and_an_article_is_not(prompt, key):
    """Keys are found as they are written; the article 'a' before 'minor key' is no key."""
    assert str(hear(prompt).key) == key


@pytest.mark.parametrize(
    ("prompt", "genre", "mode", "styles"),
    [
        ("dusty lo-fi hip hop, vinyl crackle", "lo-fi", None, ("tape", "vinyl")),
        ("dark techno", "techno", "minor", ()),
        ("Peaceful ambient soundscape with gentle pads", "ambient", None, ("space",)),
        ("drum & bass", "drum and bass", None, ()),
        ("happy acoustic folk, warm", "folk", "major", ("warm",)),
        ("make it sound like a telephone", None, None, ("telephone",)),
        ("trapeze artists", None, None, ()),
    ],
)
def test_genre_mood_and_colour_are_heard(prompt, genre, mode, styles):
    """Whole words name genre, mood and sound colour; parts of words do not."""
    heard = hear(prompt)
    assert (heard.genre and heard.genre.name, heard.mode, heard.styles) == (genre, mode, styles)


@pytest.mark.parametrize(
    ("prompt", "negative", "parts"),
    [
        ("a groove", None, ("drums", "bass", "chords")),
        ("a groove", "drums, percussion, vocals", ("bass", "chords")),
        ("no drums", None, ("bass", "chords")),
        ("without drums or bass, mellow", None, ("chords",)),
        ("no drums, walking bass", None, ("bass", "chords")),
        ("drumless", None, ("bass", "chords")),
        ("drum and bass", None, ("drums", "bass", "chords")),
        ("drums only", None, ("drums",)),
        ("a drum loop", None, ("drums",)),
        ("solo piano", None, ("chords",)),
        ("just bass and nothing else", None, ("bass",)),
        ("ambient", None, ("bass", "chords")),
        ("ambient with drums", None, ("drums", "bass", "chords")),
        ("chill beat loop", None, ("drums", "bass", "chords")),
    ],
)
def test_parts_are_left_out_where_the_words_say_so(prompt, negative, parts):
    """Both 'no drums' and a negative prompt leave the part out; 'only' leaves the others out."""
    assert hear(prompt, negative).parts == parts


def test_a_voice_that_is_not_wanted_gives_way_to_another():
    """'No piano' keeps the chords and changes who plays them."""
    heard = hear("lo-fi", "piano, guitar")
    assert (heard.voice, "chords" in heard.parts) == ("pad", True)


def test_a_denied_colour_is_not_applied():
    """'No vinyl' and a negative 'distortion' take the colour back."""
    assert hear("lo-fi, no vinyl crackle").styles == ("tape",)
    assert hear("heavy groove", "heavy, distortion").styles == ()


def test_when_everything_is_ruled_out_the_order_is_refused():
    """Silence is never sold as music: ruling out every part is refused with what to do."""
    with pytest.raises(Reject) as refused:
        hear("no drums", "bass, chords")
    assert refused.value.as_dict() == {
        "kind": "Reject",
        "code": "nothing_left",
        "message": "The prompt rules out drums, bass and chords, and the sketch engine plays nothing else.",
        "hint": "Allow at least one of them.",
    }


def test_instruments_it_does_not_have_are_named():
    """The engine says what it cannot play instead of pretending."""
    assert hear("folk with guitar and flute").notes == [
        "The sketch engine has no guitar, flute: it plays drums, bass and chords."
    ]


@pytest.mark.parametrize(
    ("prompt", "adds"),
    [("add drums", True), ("dusty, with electronic beats", True), ("no drums", False), ("drums", False)],
)
def test_drums_are_added_to_a_clip_only_where_they_are_asked_for(prompt, adds):
    """'Add drums' and 'with beats' ask for a new part; naming drums alone does not."""
    assert hear(prompt).adds_drums is adds


def test_understanding_a_prompt_needs_no_numpy():
    """The daemon's light process can plan: neither prompt nor plan loads numpy."""
    code = "import sys; from bridge.providers.sketch.plan import plan; plan({}); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
