"""Where DAWs keep their things on this machine, so that `doctor` can say what the next step is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from bridge.tools.checkup import Finding

_REAPER_STEP = (
    "point a [[hot_folder]]'s deliver_to at your project's media folder; takes show up in its Media Explorer."
)
_LIVE_STEP = "point a [[hot_folder]]'s deliver_to at your User Library or project's Samples/Imported; drag takes in."


def reaper() -> Path | None:
    """REAPER's resource folder, if it has one here."""
    home = Path.home()
    places = {
        "win32": [Path(os.environ.get("APPDATA", home / "AppData/Roaming")) / "REAPER"],
        "darwin": [home / "Library/Application Support/REAPER"],
    }
    return _first(places.get(sys.platform, [home / ".config/REAPER"]))


def live() -> Path | None:
    """Ableton Live's User Library, if it has one here."""
    home = Path.home()
    places = {
        "win32": [home / "Documents/Ableton/User Library"],
        "darwin": [home / "Music/Ableton/User Library"],
    }
    return _first(places.get(sys.platform, []))


def check() -> list[Finding]:
    """REAPER and Live: are they here, and the single next step for each."""
    found = {"REAPER": (reaper(), _REAPER_STEP), "Ableton Live": (live(), _LIVE_STEP)}
    return [
        Finding(name, ok=None, says=f"found at {place}", fix=f"To use it: {step}")
        if place
        else Finding(name, ok=None, says="not found on this machine", fix=f"When it is: {step}")
        for name, (place, step) in found.items()
    ]


def _first(places: Iterable[Path]) -> Path | None:
    return next((place for place in places if place.is_dir()), None)
