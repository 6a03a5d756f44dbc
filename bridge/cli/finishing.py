"""The post chain on a file of the user's: worker in, new file out, nothing overwritten."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from bridge.daemon import worker_log
from bridge.errors import Reject
from bridge.settings import home
from bridge.tools import files
from bridge.tools.worker import Workers


async def finish_to(file: Path, order: dict[str, Any], out: Path | None) -> dict[str, Any]:
    """Finish `file`; returns the post report with the `path` of the new file.

    Raises:
        Reject: the file is not usable sound, or `out` exists.
    """
    folder, names = _target(file.absolute(), out)
    workers, scratch = Workers(size=1, log=worker_log(home())), Path(tempfile.mkdtemp(prefix="dawbridge-"))
    try:
        work = {**order, "raw": str(file.absolute()), "out": str(scratch / "out.wav")}
        said = await workers.run("bridge.post:finish", work)
        path = files.copy_in(scratch / "out.wav", folder, names)
    finally:
        await workers.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return {**said, "path": str(path)}


def _target(file: Path, out: Path | None) -> tuple[Path, Any]:
    if out is None or out.is_dir():
        stem = f"{file.stem}-finished"
        return (out or file.parent), (f"{stem}{f'-{number}' if number > 1 else ''}.wav" for number in count(1))
    if out.exists():
        raise Reject("out_exists", f"{out} exists already.", "Name another file; nothing is overwritten.")
    if out.suffix.lower() != ".wav":
        raise Reject("out_format", f"{out.name} does not end in .wav.", "WAV is what is written.")
    return out.absolute().parent, iter([out.name])
