"""Tokens that prove who asks on loopback: one file each, readable by its owner only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from bridge.errors import ConfigError
from bridge.tools import files


def token(path: Path) -> str:
    """The token in `path`; made on first use.

    Raises:
        ConfigError: others may read the file.
    """
    if not path.exists() or path.stat().st_size == 0:  # an empty one would be matched by sending nothing
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, secrets.token_urlsafe(32), private=True)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError("open_token", f"{path} can be read by others.", f"chmod 600 '{path}'")
    return path.read_text(encoding="utf-8").strip()


def referenced(reference: str) -> str:
    """The secret that a setting points to: `env:NAME`, or `file:PATH` that only its owner can read.

    Raises:
        ConfigError: it is not there, empty, or others may read the file.
    """
    kind, _, where = reference.partition(":")
    if kind == "env" and os.environ.get(where):
        return os.environ[where]
    path = Path(where).expanduser()
    if kind == "file" and path.is_file() and path.stat().st_size:
        return token(path)
    place = f"at {reference}" if kind in {"env", "file"} else "to be found"  # else it may be the secret itself
    raise ConfigError("no_secret", f"There is no secret {place}.", "Write env:NAME or file:PATH, and put it there.")


def same(given: str, known: str) -> bool:
    """Whether two tokens are equal, in time that tells nothing."""
    return secrets.compare_digest(given.encode(), known.encode())
