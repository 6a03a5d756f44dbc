"""What a wish may touch: the folder in which its takes land, and the clip that it names, as it is at this moment."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import Reject
from bridge.request import Request
from bridge.settings import Settings
from bridge.tools import files

CLIP_BYTES = 4 << 30
"""The largest file a trigger that is not the user may name: what a WAV can be."""


@dataclass(frozen=True)
class Source:
    """A clip's content, and the state of the file when it was read; both None without a clip."""

    sha256: str | None = None
    stamp: str | None = None


def landing(asked: Request, settings: Settings, *, trusted: bool) -> Request:
    """The request with a folder to land in; who is not `trusted` keeps to `paths.write_roots`.

    Raises:
        Reject: `outside_roots`, `relative_path`, `no_folder` or `folder_denied`.
    """
    project = asked.placement.project
    if project is None:
        project = settings.deliver_to
        _make(project)
    elif not trusted:
        _keep_inside(project, settings.paths.write_roots)
    _check(project)
    return asked.model_copy(update={"placement": asked.placement.model_copy(update={"project": project})})


def content(asked: Request, settings: Settings, *, trusted: bool) -> Source:
    """The clip as it is now; its stamp is taken first, so that a change while it is read does not go unseen.

    Raises:
        Reject: `relative_path`, `no_such_file`; for who is not `trusted` also `outside_roots`, `not_a_file`, `too_big`.
    """
    if asked.clip is None:
        return Source()
    path = asked.clip.path
    if not path.is_absolute():
        raise Reject("relative_path", f"'{path}' is not an absolute path.", "Give the whole path.")
    try:
        if trusted:
            return Source(stamp=files.stamp(path), sha256=files.sha256(path))
        with files.open_inside(path, settings.paths.read_roots) as clip:
            _not_huge(path, os.fstat(clip.fileno()).st_size)
            stamp = files.stamp(path)
            return Source(hashlib.file_digest(clip, "sha256").hexdigest(), stamp)
    except OSError as fault:
        raise Reject("no_such_file", f"The clip {path} cannot be read: {fault.strerror}.", "Check it.") from fault


def _not_huge(path: Path, size: int) -> None:
    if size > CLIP_BYTES:
        said = f"{path} has {size / 1e9:.1f} GB, over {CLIP_BYTES / 1e9:.1f} GB."
        raise Reject("too_big", said, "Render the part you mean into a file of its own.")


def _make(project: Path) -> None:
    try:
        project.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        hint = "Set deliver_to to a folder that can be made, or name one."
        raise Reject("no_folder", f"The folder {project} cannot be made: {fault.strerror}.", hint) from fault


def _keep_inside(project: Path, roots: tuple[Path, ...]) -> None:
    if not files.is_inside(project, roots):
        allowed = ", ".join(map(str, roots))
        said = f"{project} is not inside a folder this trigger may write."
        raise Reject("outside_roots", said, f"Allowed: {allowed}.")


def _check(project: Path) -> None:
    if not project.is_absolute():
        raise Reject("relative_path", f"'{project}' is not an absolute path.", "Give the whole path.")
    if not project.is_dir():
        raise Reject("no_folder", f"There is no folder {project}.", "Create it, or name another.")
    if not os.access(project, os.W_OK):
        raise Reject("folder_denied", f"{project} cannot be written to.", "Allow writing there, or name another.")
