"""A piece of work for `doctor`: does sound work in the worker process?"""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bridge.providers.sketch.render import render
from bridge.tools.sound import verify


def trial(order: dict[str, Any]) -> dict[str, str]:
    """Render a second, write it, read it back.

    Raises:
        Reject: it is not sound.
    """
    del order
    with tempfile.TemporaryDirectory(prefix="dawbridge-") as folder:
        path = Path(folder) / "trial.wav"
        render({"prompt": "trial", "length_s": 1.0, "out": str(path)})
        heard = verify(path)
    versions = f"pedalboard {version('pedalboard')}, soundfile {version('soundfile')}"
    return {"says": f"made and read back {heard.frames} samples ({versions})"}
