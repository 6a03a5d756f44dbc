"""Where log lines go: a small rotating file, and the terminal of whoever runs the daemon."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from bridge.errors import ConfigError

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def start(folder: Path, *, verbose: bool) -> None:
    """One line for each take and state into `folder`/dawbridge.log (1 MB, three kept); warnings to the terminal too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        said = f"The data folder {folder.parent} cannot be made: {fault.strerror}."
        raise ConfigError("no_home", said, "Set DAWBRIDGE_HOME to another folder.") from fault
    file = logging.handlers.RotatingFileHandler(
        folder / "dawbridge.log", maxBytes=1 << 20, backupCount=3, encoding="utf-8"
    )
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[file, terminal])
    for chatty in ("httpx", "uvicorn", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
