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


def same(given: str, known: str) -> bool:
    """Whether two tokens are equal, in time that tells nothing."""
    return secrets.compare_digest(given.encode(), known.encode())
