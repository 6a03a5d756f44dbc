"""Every address, heard and said: what is not in these tables is not acted on. The document shows them too."""

from __future__ import annotations

from dataclasses import dataclass

ROOT = "/dawbridge/"


@dataclass(frozen=True)
class Address:
    """One row: the path, its fixed arguments as type:name, what it is for."""

    path: str
    arguments: str
    says: str


COMMANDS = (
    Address("/dawbridge/transform", "s:path s:prompt [s:key any]…", "Make a clip into something else."),
    Address("/dawbridge/generate", "s:prompt [s:key any]…", "New music from a prompt."),
    Address("/dawbridge/request", "s:json", "A whole request as JSON, as HTTP takes it."),
    Address("/dawbridge/preset/NAME", "f:pressed", "A preset, by name or place 1-8, on the DAW's selection. A button."),
    Address(
        "/dawbridge/grid", "[s:key any]…", "bpm, meter, key, position_s for requests that name none; alone: forget."
    ),
    Address("/dawbridge/cancel", "s:id", "End a job or take."),
    Address("/dawbridge/retry", "s:id", "Start a failed or doubtful job or take again."),
    Address("/dawbridge/drop", "s:id", "Give up a take that is in doubt."),
    Address("/dawbridge/subscribe", "i:port", "Hear progress, done and error of all OSC jobs; 0: where I send from."),
    Address("/dawbridge/ping", "", "Are you there?"),
    Address(
        "/dawbridge/monitor", "s:token", "Over TCP on this machine: see all traffic, as `dawbridge osc monitor` does."
    ),
)
ANSWERS = (
    Address("/dawbridge/accepted", "s:id [s:job s:take…]", "It is on disk and will be done."),
    Address(
        "/dawbridge/progress",
        "s:id s:state f:progress s:take s:text",
        "A take moved (subscribers); progress 0-1 as the service says, -1 when it says none; text: why it waits.",
    ),
    Address("/dawbridge/done", "s:id s:path…", "Every take has ended; the files that were delivered."),
    Address("/dawbridge/error", "s:id s:code s:text", "It was refused or has failed, and the next step."),
    Address("/dawbridge/pong", "s:version", "I am."),
    Address("/dawbridge/seen", "s:way s:peer b:packet", "To monitors: a packet in or out."),
)
HEARD = (
    Address("/tempo/raw", "f", "REAPER's tempo: the current grid's bpm."),
    Address("/loop/start/time", "f", "REAPER's time selection begins here: the current grid's position_s."),
)
