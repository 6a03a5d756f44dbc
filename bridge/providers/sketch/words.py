"""The musical words that the sketch engine knows, and what each of them does. Tables only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridge.tools.music import Mode

Beat = Literal["backbeat", "four", "brushes"]
Voice = Literal["electric piano", "pad", "pluck"]

PARTS = ("drums", "bass", "chords")


@dataclass(frozen=True)
class Genre:
    """What a genre's name settles when nothing else does.

    `swing` is where the off-beat falls between two beats of `swing_quarters`: 0.5 is straight, 0.67 a triplet.
    """

    name: str
    words: tuple[str, ...]
    slow_bpm: int
    fast_bpm: int
    beat: Beat = "backbeat"
    swing: float = 0.5
    swing_quarters: float = 0.5
    mode: Mode | None = None
    voice: Voice = "electric piano"
    parts: tuple[str, ...] = PARTS
    meter: str | None = None

    @property
    def effect(self) -> str:
        """What the word does, for the report."""
        feel = "swung" if self.swing > 0.5 else "straight"  # noqa: PLR2004 - half is straight
        played = f"{feel} {self.beat}" if "drums" in self.parts else "no drums"
        return f"{played}, {self.voice}, {self.slow_bpm} to {self.fast_bpm} BPM"


PLAIN = Genre("plain", (), 84, 112, swing=0.54)

# Longer phrases first where one contains another: the first one that is found wins.
GENRES = (
    Genre("drum and bass", ("drum and bass", "drum & bass", "drum n bass", "dnb", "jungle"), 168, 176, mode="minor"),
    Genre("lo-fi", ("lo-fi", "lofi", "lo fi", "chillhop"), 72, 86, swing=0.59, mode="minor"),
    Genre("hip hop", ("hip hop", "hip-hop", "hiphop", "boom bap", "boom-bap"), 84, 96, swing=0.57, mode="minor"),
    Genre("trap", ("trap",), 68, 76, mode="minor"),
    Genre("house", ("house", "disco", "nu-disco"), 118, 126, "four", 0.53, voice="pluck"),
    Genre("techno", ("techno", "trance"), 126, 138, "four", mode="minor", voice="pluck"),
    Genre("electronic", ("edm", "electronic", "electro", "dance", "club"), 120, 130, "four", voice="pluck"),
    Genre("waltz", ("waltz",), 84, 120, "brushes", meter="3/4"),
    Genre("jazz", ("jazz", "jazzy", "bossa nova"), 104, 138, "brushes", 0.64, 1.0),
    Genre("blues", ("blues", "bluesy", "shuffle"), 84, 116, "backbeat", 0.66, 1.0),
    Genre("soul", ("soul", "neo-soul", "neo soul", "r&b", "rnb", "soulful"), 72, 94, swing=0.57),
    Genre("funk", ("funk", "funky"), 98, 114, swing=0.54, mode="minor"),
    Genre("reggae", ("reggae", "dub"), 68, 82, swing=0.55),
    Genre("rock", ("rock", "indie", "punk", "metal"), 112, 136),
    Genre("pop", ("pop",), 100, 118, mode="major"),
    Genre("folk", ("folk", "acoustic", "country"), 90, 116, "brushes", mode="major"),
    Genre("cinematic", ("cinematic", "orchestral", "trailer", "film score", "soundtrack"), 70, 96, voice="pad"),
    Genre("ambient", ("ambient", "drone", "meditation", "soundscape", "new age"), 60, 78, voice="pad",
          parts=("bass", "chords")),
    Genre("classical", ("classical", "chopin", "nocturne"), 66, 96, parts=("chords",)),
)  # fmt: skip

# Where in the genre's tempo range a word points: 0 is its slow end, 1 its fast end.
PACES = {
    "very slow": 0.0, "slow": 0.0, "slowly": 0.0, "downtempo": 0.0, "relaxed": 0.2, "relaxing": 0.2, "chill": 0.25,
    "calm": 0.15, "peaceful": 0.15, "mellow": 0.25, "laid-back": 0.25, "laid back": 0.25, "mid-tempo": 0.5,
    "medium tempo": 0.5, "upbeat": 0.8, "driving": 0.85, "energetic": 0.9, "uptempo": 0.9, "fast": 1.0, "frantic": 1.0,
}  # fmt: skip
SLOWEST_PLAIN_BPM, FASTEST_PLAIN_BPM = 62, 152

MOODS: dict[str, Mode] = {
    "major key": "major", "in major": "major", "happy": "major", "uplifting": "major", "joyful": "major",
    "cheerful": "major", "sunny": "major", "hopeful": "major", "minor key": "minor", "in minor": "minor",
    "sad": "minor", "melancholic": "minor", "melancholy": "minor", "dark": "minor", "moody": "minor",
    "gloomy": "minor", "tense": "minor",
}  # fmt: skip

FEELS = {"swing": 0.62, "swung": 0.62, "swinging": 0.62, "shuffled": 0.66, "straight": 0.5}

VOICES: dict[str, Voice] = {
    "rhodes": "electric piano", "electric piano": "electric piano", "piano": "electric piano",
    "keys": "electric piano", "pads": "pad", "pad": "pad", "strings": "pad", "ethereal": "pad", "plucks": "pluck",
    "pluck": "pluck", "stabs": "pluck", "synths": "pluck", "synth": "pluck",
}  # fmt: skip

PART_WORDS = {
    "drums": "drums", "drum": "drums", "percussion": "drums", "beats": "drums", "beat": "drums", "breakbeat": "drums",
    "bass": "bass", "bassline": "bass", "sub": "bass", "808s": "bass", "808": "bass",
    "chords": "chords", "chord": "chords", "harmony": "chords", "melody": "chords",
}  # fmt: skip
PART_LESS = {"drumless": "drums", "beatless": "drums", "bassless": "bass"}

# Sound colours, for both ways in: they restyle a clip, and they season what is composed.
STYLES = {
    "tape": ("lo-fi", "lofi", "lo fi", "tape", "cassette", "dusty", "vintage", "old", "chillhop", "wobbly"),
    "vinyl": ("vinyl", "crackle", "crackling", "crackly", "record player"),
    "telephone": ("telephone", "phone", "radio", "megaphone", "walkie-talkie"),
    "space": ("space", "spacious", "reverb", "cinematic", "ambient", "hall", "cathedral", "epic", "ethereal",
              "atmospheric"),
    "heavy": ("heavy", "distorted", "distortion", "aggressive", "overdriven", "metal", "industrial", "fuzz"),
    "warm": ("warm", "warmer", "mellow", "soft", "smooth", "cosy"),
    "bright": ("bright", "brighter", "crisp", "airy", "sparkling", "shiny"),
    "dreamy": ("dreamy", "chorus", "lush", "shimmering", "hazy", "psychedelic"),
}  # fmt: skip
STYLE_EFFECTS = {
    "tape": "narrower band, tape saturation, hiss",
    "vinyl": "crackle and surface noise",
    "telephone": "telephone band, hard drive",
    "space": "large reverb",
    "heavy": "distortion and compression",
    "warm": "softer top, fuller low mids",
    "bright": "more top, less mud",
    "dreamy": "chorus, echo and reverb",
    "polish": "gentle tone, glue and room",
}

# Named in prompts often enough to answer honestly: the engine does not have them.
ABSENT = (
    "guitar", "vocals", "vocal", "singing", "choir", "orchestra", "violin", "cello", "brass", "trumpet",
    "saxophone", "sax", "flute", "timpani", "organ", "rain", "birds", "harp", "accordion",
)  # fmt: skip
