"""Reading: a path from outside opens a plain file inside the roots, or nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.errors import Reject
from bridge.tools import files

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, devices and FIFOs are made the POSIX way")
INSIDE, OUTSIDE = b"inside", b"SECRET"
TRIES = 2000


@pytest.fixture(scope="module")
def maze(tmp_path_factory):
    """A root with every kind of trap in it, and a secret beside it."""
    base = tmp_path_factory.mktemp("maze").resolve()
    root = base / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (base / "rootless").mkdir()
    for path in (root / "a.wav", root / "deep" / "er" / "b.wav"):
        path.write_bytes(INSIDE)
    for path in (base / "secret.wav", base / "rootless" / "a.wav"):
        path.write_bytes(OUTSIDE)
    (root / "file_link").symlink_to(base / "secret.wav")
    (root / "inner_link").symlink_to(root / "a.wav")
    (root / "folder_link").symlink_to(base)
    (root / "deep" / "up").symlink_to("..")
    (root / "proc").symlink_to("/proc")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nothing")
    os.mkfifo(root / "fifo")
    return base


def refused(path, *roots) -> str:
    with pytest.raises(Reject) as said:
        files.open_inside(path, roots)
    assert said.value.message.endswith(".")
    assert said.value.hint
    return said.value.code


def test_a_plain_file_inside_is_opened(maze):
    """At the top of a root, or below, and whichever of several roots it is."""
    for name in ("a.wav", "deep/er/b.wav"):
        with files.open_inside(maze / "root" / name, [maze / "rootless", maze / "root"]) as sound:
            assert sound.read() == INSIDE


def test_a_root_may_itself_be_a_link(maze, tmp_path):
    """The user's own settings may name a linked folder; both its names work."""
    (tmp_path / "music").symlink_to(maze / "root")
    for path in (tmp_path / "music" / "a.wav", maze / "root" / "a.wav"):
        with files.open_inside(path, [tmp_path / "music"]) as sound:
            assert sound.read() == INSIDE


@pytest.mark.parametrize(
    "path",
    [
        "../secret.wav",
        "deep/../a.wav",
        "../rootless/a.wav",
        "../root/a.wav",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "",
        ".",
    ],
)
def test_a_path_that_is_not_below_a_root_is_outside(maze, path):
    """`..` anywhere, absolute paths elsewhere, a root's longer neighbour, the root itself."""
    assert refused(maze / "root" / path, maze / "root") == "outside_roots"


def test_a_relative_path_is_outside(maze, monkeypatch):
    """Where the daemon happens to be started does not matter."""
    monkeypatch.chdir(maze / "root")
    assert refused(Path("a.wav"), maze / "root") == "outside_roots"


def test_without_roots_nothing_is_inside(maze):
    """No folder set means no folder, not every folder."""
    assert refused(maze / "root" / "a.wav") == "outside_roots"


@pytest.mark.parametrize(
    "path",
    [
        "file_link",
        "inner_link",
        "folder_link/secret.wav",
        "folder_link/root/a.wav",
        "deep/up/a.wav",
        "deep/up/up/a.wav",
        "proc/self/environ",
        "proc/self/root/etc/passwd",
        "loop",
        "loop/a.wav",
        "dangling",
        "fifo",
        "deep",
        "a.wav/b.wav",
    ],
)
def test_what_is_not_a_plain_file_is_refused(maze, path):
    """Links anywhere on the way (even to the inside), FIFOs without waiting for a writer, folders."""
    assert refused(maze / "root" / path, maze / "root") in {"not_a_file", "no_such_file"}


def test_a_socket_is_refused(maze, monkeypatch):
    """A socket cannot be mistaken for sound."""
    monkeypatch.chdir(maze / "root")  # its address may be 107 bytes long at most
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert refused(maze / "root" / "socket", maze / "root") == "not_a_file"
    (maze / "root" / "socket").unlink()


def test_a_device_is_refused(tmp_path):
    """/dev/zero inside a root would be read for ever."""
    try:
        os.mknod(tmp_path / "zero", 0o666 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("a device can only be made by root")
    assert refused(tmp_path / "zero", tmp_path) == "not_a_file"


def test_devices_and_proc_are_refused_even_as_roots():
    """A root that is set as wide as can be still gives plain files only."""
    assert refused(Path("/dev/zero"), Path("/dev")) == "not_a_file"
    assert refused(Path("/proc/self/exe"), Path("/proc")) == "not_a_file"


def test_a_file_that_is_not_there_is_said_so(maze):
    """A missing file is told from a forbidden one."""
    assert refused(maze / "root" / "nothing.wav", maze / "root") == "no_such_file"


@pytest.mark.parametrize("name", ["a\0.wav", "\ud800.wav", "n" * 300])
def test_a_name_no_system_takes_is_refused(maze, name):
    """NUL, half a character, too long: a sentence, not a crash."""
    assert refused(maze / "root" / name, maze / "root") in {"not_a_file", "no_such_file"}


PARTS = st.sampled_from(
    [
        *("..", ".", "", "/", "//", "~", "root", "rootless", "a.wav", "deep", "er", "b.wav", "secret.wav", "up"),
        *("file_link", "inner_link", "folder_link", "proc", "self", "environ", "fd", "0", "cwd", "loop", "dangling"),
        *("fifo", "/etc/passwd", "/dev/zero", "C:\\", "\\\\host\\share", "file:", "a\0b", "…", "%2e%2e", "$HOME"),
    ]
)


@settings(max_examples=600, deadline=None)
@given(parts=st.lists(PARTS | st.text(max_size=3), max_size=8), absolute=st.sampled_from(["base", "root", "none"]))
@example(parts=["deep", "er", "b.wav"], absolute="root")
def test_nothing_outside_is_ever_opened(maze, parts, absolute):
    """However a path is put together: what opens is one of the two plain files inside."""
    start = {"base": maze, "root": maze / "root", "none": Path()}[absolute]
    allowed = {(maze / "root" / name).stat().st_ino for name in ("a.wav", "deep/er/b.wav")}
    path = Path(start, "/".join(parts).lstrip("/"))
    try:
        with files.open_inside(path, [maze / "root"]) as sound:
            assert os.fstat(sound.fileno()).st_ino in allowed
    except Reject:
        assert refused(path, maze / "root") in {"outside_roots", "not_a_file", "no_such_file"}


@settings(max_examples=600, deadline=None)
@given(parts=st.lists(PARTS | st.text(max_size=3), max_size=8))
def test_being_inside_means_the_real_place(maze, parts):
    """A folder to write to counts as inside only if it is there once every link is followed; nothing raises."""
    path = Path(maze / "root", "/".join(parts))
    if files.is_inside(path, [maze / "root"]):
        assert os.path.realpath(path).startswith(str(maze / "root"))


def test_a_loop_of_links_is_not_inside(maze):
    """A link to itself leads nowhere, and is said to."""
    assert not files.is_inside(maze / "root" / "loop" / "x", [maze / "root"])


_SWAP_FILE = """
import os, sys
from pathlib import Path
root, secret = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while True:
    (root / "link").symlink_to(secret / "clip.wav")
    (root / "link").replace(root / "folder" / "clip.wav")
    (root / "file").write_bytes(b"inside")
    (root / "file").replace(root / "folder" / "clip.wav")
"""
_SWAP_FOLDER = """
import os, sys
from pathlib import Path
root, secret = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while True:
    (root / "folder").rename(root / "aside")
    (root / "folder").symlink_to(secret)
    (root / "folder").unlink()
    (root / "aside").rename(root / "folder")
"""


@pytest.mark.parametrize("swap", [_SWAP_FILE, _SWAP_FOLDER], ids=["file", "folder"])
def test_a_link_swapped_in_never_leads_outside(tmp_path, swap):
    """Somebody swaps the clip, or its folder, for a link all the time: we read the inside or nothing."""
    root, secret = tmp_path / "root", tmp_path / "secret"
    for folder, text in ((root / "folder", INSIDE), (secret, OUTSIDE)):
        folder.mkdir(parents=True)
        (folder / "clip.wav").write_bytes(text)
    read = set()
    with subprocess.Popen([sys.executable, "-c", swap, str(root), str(secret)], stdout=subprocess.PIPE) as racer:
        racer.stdout.readline()
        for _ in range(TRIES):
            try:
                with files.open_inside(root / "folder" / "clip.wav", [root]) as sound:
                    read.add(sound.read())
            except Reject as said:
                read.add(said.code)
        racer.kill()
    assert INSIDE in read
    assert read <= {INSIDE, "not_a_file", "no_such_file"}
    assert len(read) > 1  # the race was run: some tries met the link
