"""Is a file finished, or is somebody still writing it?

On Linux a read lease (fcntl(2), F_SETLEASE) is refused while anybody has the file open for writing: a sure "busy" on
any file system, and a sure "free" on a local one. Elsewhere the caller asks for more: a whole container, a quiet time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from pathlib import Path

if sys.platform == "linux":
    import fcntl

_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "afs", "glusterfs", "vboxsf", "virtiofs")


def writer(path: Path) -> bool | None:
    """Whether some process has `path` open for writing: True, False, or None where the system cannot tell."""
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return _lease(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "linux":

    def _lease(descriptor: int) -> bool | None:
        try:
            # A writer that arrives meanwhile sends the holder a signal; SIGIO would kill us, SIGURG is ignored.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as fault:
            return True if fault.errno == errno.EAGAIN else None
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return None if _is_remote(os.fstat(descriptor).st_dev) else False


def _is_remote(device: int) -> bool:
    """Looked up each time: the system gives an unmounted disk's number to the next share."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            fields, _, rest = line.partition(" - ")
            if fields.split()[2] == number:
                return rest.startswith(_REMOTE)
    return True
