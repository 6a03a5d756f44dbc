"""Writes the TouchOSC layout: `python docs/touchosc.py [--secret WORD]` makes docs/dawbridge.tosc. Needs `py2tosc`.

A tablet is another machine: make the layout with the word that `osc.secret` points to.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import py2tosc
from py2tosc import ui

HERE = Path(__file__).resolve().parent
PRESETS, TAKES = 8, 8
SCRIPT = """
local STATES = {queued = 0.05, captured = 0.1, reserved = 0.15, published = 0.2, submitting = 0.25, submitted = 0.3,
                ready = 0.7, fetched = 0.8, finished = 0.9, delivered = 1}

local function show(name, text)
  self:findByName(name, true).values.text = text
end

local function newest(text)
  for number = 8, 2, -1 do
    show('take' .. number, self:findByName('take' .. (number - 1), true).values.text)
  end
  show('take1', text)
end

local HEARD = {
  ['/dawbridge/accepted'] = function(id) show('state', 'accepted ' .. id) end,
  ['/dawbridge/pong'] = function(version) show('state', 'dawbridge ' .. version) end,
  ['/dawbridge/error'] = function(id, code, text) show('state', text) end,
  ['/dawbridge/progress'] = function(id, state, part, take, text)
    show('state', take .. ' ' .. state .. ' ' .. text)
    self:findByName('progress', true).values.x = part >= 0 and part or STATES[state] or 0
  end,
  ['/dawbridge/done'] = function(id, ...)
    for _, path in ipairs({...}) do newest(path:match('[^/\\\\]+$')) end
  end,
}

function onReceiveOSC(message, connections)
  local act = HEARD[message[1]]
  if not act then return false end
  local values = {}
  for index, argument in ipairs(message[2]) do values[index] = argument.value end
  act(table.unpack(values))
  return true
end
"""


def button(caption: str, address: str, args: list[py2tosc.Partial]) -> py2tosc.Control:
    """A button that sends once, when it goes down."""
    return ui.labelled(
        py2tosc.button(name=caption, messages=[ui.osc(address, args=args, on="RISE", receive=False)]), caption, size=24
    )


def layout(secret: str) -> py2tosc.Document:
    """Presets 1-8, a prompt, the state and progress of the newest take, the last eight files."""
    closing = [ui.const("secret"), ui.const(secret)] if secret else []
    whole = ui.const("0", conversion="INTEGER")
    presets = [
        button(f"preset {number}", f"/dawbridge/preset/{number}", [ui.value("x"), *closing])
        for number in range(1, PRESETS + 1)
    ]
    wish = ui.osc(
        "/dawbridge/generate", args=[ui.value("text", conversion="STRING"), *closing], var="text", receive=False
    )
    prompt = py2tosc.text(name="prompt", messages=[wish])
    head = [button("listen", "/dawbridge/subscribe", [whole, *closing]), button("ping", "/dawbridge/ping", closing)]
    takes = [py2tosc.label(name=f"take{number}", text_size=16) for number in range(1, TAKES + 1)]
    root = ui.column(
        ui.row(*head, py2tosc.label(name="state", text_size=18), gap=6, sizes=(1, 1, 4)),
        py2tosc.fader(name="progress", interactive=False, orientation=1),
        ui.tiles(*presets, columns=4, gap=6),
        prompt,
        ui.column(*takes, gap=2),
        sizes=(1, 0.5, 3, 1, 4),
        pad=8,
        gap=8,
        frame=(0, 0, 800, 600),
        name="dawbridge",
    )
    root.script = SCRIPT
    document = py2tosc.Document(root=root)
    document.resolve()
    return document


def main() -> None:
    """Write it."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--secret", default="")
    words.add_argument("--out", type=Path, default=HERE / "dawbridge.tosc")
    chosen = words.parse_args()
    document = layout(chosen.secret)
    for issue in document.validate():
        print(issue)  # noqa: T201 - a script
    document.save(chosen.out, validate=True)


if __name__ == "__main__":
    main()
