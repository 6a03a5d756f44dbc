"""The small text beside a dropped clip that tells what became of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Sequence
from pathlib import Path

from bridge.errors import BridgeError
from bridge.ledger import dollars
from bridge.take import State, Take
from bridge.tools import files
from bridge.triggers.hot_folder.drop import OUTCOME

log = logging.getLogger(__name__)


def beside(folder: str, name: str) -> Path:
    """The outcome file of a dropped file."""
    return Path(folder) / f"{name}{OUTCOME}"


def write(path: Path, text: str) -> None:
    """Write it in one step; a folder that cannot be written gets none (the log and `dawbridge jobs` have it)."""
    try:
        files.write_text(path, text)
    except OSError as fault:
        log.warning("outcome=%s reason=%r", path, str(fault))


def sweep(folder: Path, presets: Collection[str]) -> None:
    """Remove what a killed process left of outcomes that it was writing."""
    for place in (folder, *(folder / name for name in presets)):
        for path in place.glob(f".*{OUTCOME}.????????.part"):
            with contextlib.suppress(OSError):
                files.unlink(path)


def of_takes(takes: Sequence[Take], *, again: bool) -> str:
    """What a job has come to."""
    first = ["The same clip with the same wish was dropped before; nothing new was made.\n"] if again else []
    return "\n".join([*first, *(_line(take) for take in takes)])


def of_error(said: BridgeError) -> str:
    """Why it was not taken."""
    return f"NOT TAKEN ({said.code})\n{said}\n"


def waiting(why: str) -> str:
    """What has to be put right first."""
    return f"WAITING\n{why}\n"


def no_prompt(stem: str) -> str:
    """What is still missing."""
    return f"There is no prompt yet. Write what you want into {stem}.txt beside it, or give this folder a preset."


def _line(take: Take) -> str:
    if take.state is State.DELIVERED:
        cost = dollars(take.estimate_micro_usd if take.actual_micro_usd is None else take.actual_micro_usd)
        return f"DONE {take.id} ({take.provider}:{take.model}, seed {take.seed}, {cost})\n{take.path}\n"
    if take.error:
        return f"{take.state.upper()} {take.id} ({take.error['code']})\n{_sentences(take.error)}\n"
    if take.reason:
        return f"WAITING {take.id}: {take.reason}\n"
    return f"{take.state.upper()} {take.id}: {take.state.meaning}.\n"


def _sentences(error: dict[str, str]) -> str:
    return f"{error['message']} {error['hint']}".strip()
