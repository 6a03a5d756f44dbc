"""One line of `doctor`: what was looked at, whether it works, and the single next step if not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`ok` is None for something that is merely absent (a DAW that is not installed)."""

    name: str
    ok: bool | None
    says: str
    fix: str = ""
