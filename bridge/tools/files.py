"""Where every file effect leaves: contained opens, atomic no-clobber writes, removals.

The recipe of `put` is the one that survives a power cut: write a hidden temporary in the target's own folder, fsync it,
give it its final name in one step that fails if the name is taken, fsync the folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from io import BufferedReader
from pathlib import Path

from bridge.errors import Reject, Retry

_BLOCK = 1 << 20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_WALKS_BY_DESCRIPTOR = os.open in os.supports_dir_fd and bool(_NO_FOLLOW)


def put(temp: Path, target: Path, *, clobber: bool = False) -> None:
    """Give a written temporary its final name, durably.

    Args:
        temp: a closed, complete file in the same folder (or at least on the same file system) as `target`.
        target: the final name.
        clobber: replace what is there; otherwise `FileExistsError` and `temp` stays.
    """
    _flush(temp)
    if clobber:
        temp.replace(target)
    else:
        _name_once(temp, target)
    _flush_folder(target.parent)


def unlink(path: Path) -> None:
    """Remove a file of our own making; one that is gone already is fine."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def copy_in(source: Path, folder: Path, names: Iterable[str]) -> Path:
    """Copy a file into a folder under the first free name, whole or not at all.

    Raises:
        Retry: the folder is gone, not writable, or the disk is full; the source is untouched.
    """
    temp = folder / f".{secrets.token_hex(6)}.part"
    try:
        with temp.open("xb") as out, source.open("rb") as data:
            shutil.copyfileobj(data, out, _BLOCK)
        return _first_free(temp, folder, names)
    except OSError as fault:
        raise from_os(fault, source if fault.filename == str(source) else folder) from fault
    finally:
        with contextlib.suppress(OSError):
            unlink(temp)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Replace a small text file in one step (UTF-8); `private` makes it readable by its owner only."""
    temp = path.with_name(f".{path.name.encode()[:160].decode(errors='ignore')}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        put(temp, path, clobber=True)
    finally:
        with contextlib.suppress(OSError):
            unlink(temp)


def sha256(path: Path) -> str:
    """The hex SHA-256 of a file's bytes."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def stamp(path: Path) -> str:
    """What tells one state of a file from another without reading it: device, inode, size, time of change."""
    seen = path.stat()
    return f"{seen.st_dev}:{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}"


def open_inside(path: Path, roots: Sequence[Path]) -> BufferedReader:
    """Open a regular file that lies inside one of `roots`, component by component, following no link.

    Raises:
        Reject: `outside_roots`, `not_a_file` or `no_such_file`.
    """
    root, parts = _split(path, roots)
    try:
        descriptor = _walk(root, parts) if _WALKS_BY_DESCRIPTOR else _resolved(root, parts)
    except FileNotFoundError:
        raise Reject("no_such_file", f"There is no file {path}.", "Check the path.") from None
    except OSError as fault:
        raise Reject("not_a_file", f"{path} cannot be opened as a plain file: {fault.strerror}.", _INSIDE) from None
    except ValueError:
        raise Reject("not_a_file", f"{str(path)!a} holds a character that no file name has.", _INSIDE) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Reject("not_a_file", f"{path} is not a regular file.", _INSIDE)
    return os.fdopen(descriptor, "rb")


def is_inside(path: Path, roots: Iterable[Path]) -> bool:
    """Whether `path`, links resolved, is one of `roots` or lies below one."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no system takes: it is nowhere
        return False
    return any(real.is_relative_to(root.resolve()) for root in roots)


def from_os(fault: OSError, where: Path) -> Retry:
    """What a failed write means to the user: something to put right, after which we go on by ourselves."""
    code, said, hint = "disk_fault", f"Writing to {where} failed: {fault.strerror or fault}.", "Check that disk"
    if fault.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        code, said, hint = "disk_full", f"There is no room left in {where}.", "Free some space"
    elif isinstance(fault, FileNotFoundError | NotADirectoryError):
        code, said, hint = "folder_gone", f"{where} is gone.", "Create it again or connect its drive"
    elif isinstance(fault, PermissionError) or fault.errno == errno.EROFS:
        code, said, hint = "folder_denied", f"{where} cannot be written to.", "Allow writing there"
    return Retry(code, said, f"{hint}; it goes on by itself.", needs_user=True)


_INSIDE = "Give a plain file inside one of paths.read_roots."


def _first_free(temp: Path, folder: Path, names: Iterable[str]) -> Path:
    for name in names:
        with contextlib.suppress(FileExistsError):
            put(temp, folder / name)
            return folder / name
    raise AssertionError("names is endless")


def _name_once(temp: Path, target: Path) -> None:
    try:
        os.link(temp, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError, AttributeError):
        _rename_once(temp, target)  # exFAT, some shares: no hard links there
    else:
        unlink(temp)


def _rename_once(temp: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))  # claims the name
    try:
        temp.replace(target)
    except OSError:
        unlink(target)
        raise


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there; NTFS journals the name
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some shares sync files, but not folders
            raise
    finally:
        os.close(descriptor)


def _split(path: Path, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    if path.is_absolute() and ".." not in path.parts:
        for root in roots:
            for base in (root, root.resolve()):
                if path.is_relative_to(base) and path != base:
                    return base.resolve(), path.relative_to(base).parts
    allowed = ", ".join(str(root) for root in roots) or "none is set"
    raise Reject("outside_roots", f"{path} is not inside a folder this trigger may read.", f"Allowed: {allowed}.")


def _walk(root: Path, parts: tuple[str, ...]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], os.O_RDONLY | _NO_FOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


def _resolved(root: Path, parts: tuple[str, ...]) -> int:
    target = root.joinpath(*parts)
    if target.resolve(strict=True) != target:
        raise OSError(errno.ELOOP, "a link lies in its path")
    return os.open(target, os.O_RDONLY | getattr(os, "O_BINARY", 0))
