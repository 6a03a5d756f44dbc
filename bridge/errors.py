"""Every way a take can stop, and what to do next.

    BridgeError            a code, one sentence, one next step
    ├── ConfigError        the set-up is wrong: nothing starts until it is mended
    ├── Reject             this request can never work as asked: the take fails, nothing more is spent
    ├── Refused            a rule of the user's forbids it (cap, local_only, no_upload): the take fails before any cost
    ├── Retry              not now: the same step runs again after `after_s`
    └── Doubt              a paid call was made and its outcome is not known: the take is parked `in_doubt`

`code` is for programs (OSC, HTTP, `--json`), `message` and `hint` are for people.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BridgeError(Exception):
    """What went wrong, in one sentence, with one next step."""

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def as_dict(self) -> dict[str, str]:
        """The error as it crosses a process or a socket."""
        return {"kind": type(self).__name__, "code": self.code, "message": self.message, "hint": self.hint}


class ConfigError(BridgeError):
    """The set-up is wrong: nothing starts until it is mended."""

    exit_code = 5


class Reject(BridgeError):
    """This request can never work as asked."""

    exit_code = 2


class Refused(BridgeError):
    """A rule of the user's forbids it."""

    exit_code = 3


class Retry(BridgeError):
    """Not now: the same step runs again after `after_s` seconds; `needs_user`: only the user can put it right."""

    def __init__(
        self, code: str, message: str, hint: str = "", *, after_s: float = 5.0, needs_user: bool = False
    ) -> None:
        super().__init__(code, message, hint)
        self.after_s = after_s
        self.needs_user = needs_user

    def as_dict(self) -> dict[str, str]:
        """See `BridgeError.as_dict`; how long to wait and for whom goes along."""
        return {**super().as_dict(), "after_s": repr(self.after_s), "needs_user": "yes" if self.needs_user else ""}


class Doubt(BridgeError):
    """A paid call was made and its outcome is not known."""

    exit_code = 4


_KINDS = {kind.__name__: kind for kind in (BridgeError, ConfigError, Reject, Refused, Retry, Doubt)}


def from_dict(said: dict[str, str]) -> BridgeError:
    """The error that `as_dict` wrote; an unknown kind is a plain `BridgeError`."""
    error = _KINDS.get(said.get("kind", ""), BridgeError)(said["code"], said["message"], said.get("hint", ""))
    if isinstance(error, Retry):
        error.after_s = float(said.get("after_s", error.after_s))
        error.needs_user = bool(said.get("needs_user"))
    return error


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint for a mistyped name: the nearest known one, or all of them when few."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(names)}." if names else "None is defined yet."
