"""The system's file events, which only say: look again."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from bridge.settings import HotFolder

log = logging.getLogger(__name__)


class _Wake(FileSystemEventHandler):
    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Any change but an opening or reading: look again."""
        if event.event_type not in {"opened", "closed_no_write"}:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                self._ring()


@contextmanager
def woken_by(folders: Sequence[HotFolder], ring: Callable[[], object]) -> Iterator[None]:
    """Let the system's file events ring; where it has none (a share, no more watches), the scan alone must do."""
    observer = Observer()
    observer.start()  # before anything is scheduled: then a folder that is not there fails alone
    for folder in folders:
        try:
            observer.schedule(_Wake(ring), str(folder.path), recursive=True)
        except OSError as fault:
            log.warning("folder=%s events=none reason=%r", folder.path, str(fault))
    try:
        yield
    finally:
        observer.stop()
        observer.join()
