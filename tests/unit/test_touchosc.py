"""The TouchOSC layout that is shipped: it says nothing that dawbridge does not hear, and shows all that it says."""

from __future__ import annotations

import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

from bridge.triggers.osc.addresses import ANSWERS, COMMANDS

LAYOUT = Path(__file__).parents[2] / "docs" / "dawbridge.tosc"


def layout() -> ET.Element:
    return ET.fromstring(zlib.decompress(LAYOUT.read_bytes()))


def test_each_button_sends_a_known_command():
    """Presets 1 to 8, subscribe, ping, and the prompt."""
    sent = {"".join(it.itertext()).strip() for it in layout().iter("path")}
    paths = {"/" + "/".join(part for part in _parts(it)) for it in layout().iter("osc")}
    assert sent
    known = {it.path for it in COMMANDS}
    assert {path.replace("/preset/1", "/preset/NAME") for path in paths if "/preset/" not in path} <= known
    assert {f"/dawbridge/preset/{number}" for number in range(1, 9)} <= paths


def test_its_script_hears_every_answer():
    """Accepted, progress, done, error, pong."""
    (script,) = [it.findtext("value") or "" for it in layout().iter("property") if it.findtext("key") == "script"]
    assert all(it.path in script for it in ANSWERS if it.path != "/dawbridge/seen")


def _parts(osc: ET.Element) -> list[str]:
    values = [it.findtext("value") or "" for it in osc.find("path") or []]
    return "".join(values).strip("/").split("/")
