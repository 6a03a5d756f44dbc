"""Writing: a name is given once, to a whole file, and nothing is left over."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import pytest

from bridge.errors import Retry
from bridge.tools import files

ROUNDS = 60


@pytest.fixture(params=["hard links", "no hard links"])
def links(request, monkeypatch):
    """A file system with hard links, and one like exFAT, where the system refuses them."""
    if request.param == "no hard links":

        def refuse(*_args, **_kwargs):
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)


def names():
    """First take.wav, then take-2.wav, take-3.wav and so on."""
    yield "take.wav"
    yield from (f"take-{number}.wav" for number in count(2))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def at_once(*works):
    """Run each piece of work in a thread of its own, started together; what each returned or raised."""
    gate, ends = threading.Barrier(len(works)), [None] * len(works)

    def go(place, work):
        gate.wait()
        try:
            ends[place] = work()
        except OSError as fault:
            ends[place] = fault

    threads = [threading.Thread(target=go, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_a_file_gets_its_name_and_loses_the_temporary_one(tmp_path, links):
    """Afterwards there is one file, under its final name, with the same bytes."""
    files.put(written(tmp_path / ".a.part", b"sound"), tmp_path / "a.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"sound"


def test_nothing_is_overwritten(tmp_path, links):
    """A taken name is an error; what was there and what was to be put there are both still whole."""
    there, new = written(tmp_path / "a.wav", b"the user's"), written(tmp_path / ".b.part", b"ours")
    with pytest.raises(FileExistsError):
        files.put(new, there)
    assert (there.read_bytes(), new.read_bytes()) == (b"the user's", b"ours")


def test_clobber_replaces_in_one_step(tmp_path):
    """Only where it is asked for."""
    there = written(tmp_path / "a", b"old")
    files.put(written(tmp_path / ".a.part", b"new"), there, clobber=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"new")]


def test_of_two_writers_exactly_one_gets_the_name(tmp_path, links):
    """Two threads that put different files under one name at the same moment: one wins, the other is told."""
    for number in range(ROUNDS):
        target = tmp_path / f"{number}.wav"
        left, right = written(tmp_path / f".{number}l", b"left"), written(tmp_path / f".{number}r", b"right")
        ends = at_once(lambda a=left, b=target: files.put(a, b), lambda a=right, b=target: files.put(a, b))
        assert sorted(type(end).__name__ for end in ends) == ["FileExistsError", "NoneType"]
        assert target.read_bytes() == (b"left" if ends[0] is None else b"right")


_PUTS = """
import sys
from pathlib import Path
from bridge.tools import files
folder, who, won = Path(sys.argv[1]), sys.argv[2], 0
sys.stdin.readline()
for number in range(100):
    temp = folder / f".{number}.{who}"
    temp.write_text(who, encoding="utf-8")
    try:
        files.put(temp, folder / f"{number}.txt")
        won += 1
    except FileExistsError:
        temp.unlink()
print(won)
"""


def test_two_processes_share_a_hundred_names(tmp_path):
    """Each name goes to exactly one of two racing processes, and holds what that one wrote."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _PUTS, str(tmp_path), who], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for who in ("left", "right")
    ]
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = {who: int(racer.communicate()[0]) for who, racer in zip(("left", "right"), racers, strict=True)}
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert won == {who: texts.count(who) for who in won}
    assert len(texts) == 100


def test_a_rename_that_fails_leaves_no_empty_file(tmp_path):
    """Without hard links a name is claimed first; when the file cannot follow, the claim is taken back."""
    with pytest.raises(FileNotFoundError):
        files._rename_once(tmp_path / "not there", tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_disk_leaves_no_empty_file(tmp_path, small_disk):
    """A temporary on another file system is an error, and the final name stays free."""
    temp = written(small_disk / "temp", b"sound")
    with pytest.raises(OSError, match="cross-device"):
        files.put(temp, tmp_path / "a.wav")
    assert temp.exists()
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc stands in for a share that cannot sync folders")
def test_a_folder_that_cannot_be_synced_is_no_failed_write():
    """Some shares answer "invalid argument" to the fsync of a folder; the file itself is safe by then."""
    files._flush_folder(Path("/proc/self"))


def test_a_copy_takes_the_first_free_name(tmp_path, links):
    """take.wav is taken, so it is take-2.wav, and the source is still there."""
    source, folder = written(tmp_path / "source", b"sound"), tmp_path / "project"
    folder.mkdir()
    written(folder / "take.wav", b"the user's")
    assert files.copy_in(source, folder, names()) == folder / "take-2.wav"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "take.wav": b"the user's",
        "take-2.wav": b"sound",
    }
    assert source.read_bytes() == b"sound"


def test_four_copies_at_once_are_four_files(tmp_path, links):
    """Copies that race for the same names each get one of their own, whole."""
    folder = tmp_path / "project"
    folder.mkdir()
    sources = [written(tmp_path / f"{number}", bytes([number]) * 100_000) for number in range(4)]
    paths = at_once(*(lambda source=source: files.copy_in(source, folder, names()) for source in sources))
    assert sorted(path.name for path in folder.iterdir()) == ["take-2.wav", "take-3.wav", "take-4.wav", "take.wav"]
    assert [path.read_bytes() for path in paths] == [source.read_bytes() for source in sources]


def test_a_full_disk_leaves_nothing_and_waits_for_the_user(tmp_path, small_disk):
    """No `.part` file stays behind, and the error says that it goes on by itself once there is room."""
    source = written(tmp_path / "source", bytes(2_000_000))
    with pytest.raises(Retry, match="no room left") as said:
        files.copy_in(source, small_disk, names())
    assert (said.value.code, said.value.needs_user) == ("disk_full", True)
    assert list(small_disk.iterdir()) == []


def test_it_goes_on_when_there_is_room_again(tmp_path, small_disk):
    """The same call works after the disk has been freed."""
    source, filler = written(tmp_path / "source", bytes(300_000)), small_disk / "filler"
    written(filler, bytes(900_000))
    with pytest.raises(Retry):
        files.copy_in(source, small_disk, names())
    filler.unlink()
    assert files.copy_in(source, small_disk, names()).read_bytes() == bytes(300_000)


def test_a_full_disk_keeps_the_old_text(small_disk):
    """A small file is replaced whole or not at all, and nothing is left beside it."""
    kept = small_disk / "settings.toml"
    files.write_text(kept, "old\n")
    with pytest.raises(OSError, match="No space left"):
        files.write_text(kept, "x" * 2_000_000)
    assert [(path.name, path.read_text(encoding="utf-8")) for path in small_disk.iterdir()] == [
        ("settings.toml", "old\n")
    ]


_QUOTA = """
import resource, sys
from pathlib import Path
from bridge.errors import Retry
from bridge.tools import files
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.copy_in(Path(sys.argv[1]), Path(sys.argv[2]), iter(["take.wav"]))
except Retry as said:
    print(said.code, said.needs_user)
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX's")
def test_a_file_over_the_quota_leaves_nothing(tmp_path):
    """A file too big for the user's limit is a full disk to them."""
    source, folder = written(tmp_path / "source", bytes(5000)), tmp_path / "project"
    folder.mkdir()
    command = [sys.executable, "-c", _QUOTA, str(source), str(folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "disk_full True\n"
    assert list(folder.iterdir()) == []


_DENIED = """
import os, sys
from pathlib import Path
from bridge.errors import Retry
from bridge.tools import files
os.chmod(sys.argv[2], 0o500)
if os.geteuid() == 0:
    os.setuid(65534)
try:
    files.copy_in(Path(sys.argv[1]), Path(sys.argv[2]), iter(["take.wav"]))
except Retry as said:
    print(said.code, said.needs_user)
"""


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_a_folder_that_may_not_be_written_waits_for_the_user(tmp_path):
    """Permission denied is said as such; root, whom no bits stop, becomes somebody else for this."""
    source, folder = written(tmp_path / "source", b"sound"), tmp_path / "project"
    folder.mkdir()
    command = [sys.executable, "-c", _DENIED, str(source), str(folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "folder_denied True\n"


def test_a_read_only_disk_waits_for_the_user(tmp_path, small_disk):
    """A disk that was mounted read-only can be put right by the user."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Retry) as said:
        files.copy_in(written(tmp_path / "source", b"sound"), small_disk, names())
    assert (said.value.code, said.value.needs_user) == ("folder_denied", True)


@pytest.mark.parametrize("there", [None, "a file"])
def test_a_folder_that_is_gone_waits_for_the_user(tmp_path, there):
    """A folder that was removed, or became a file, is named."""
    if there:
        written(tmp_path / "project", b"")
    with pytest.raises(Retry, match="project is gone") as said:
        files.copy_in(written(tmp_path / "source", b"sound"), tmp_path / "project", names())
    assert (said.value.code, said.value.needs_user) == ("folder_gone", True)


def test_a_source_that_is_gone_is_not_blamed_on_the_folder(tmp_path):
    """The path that is named is the one that is missing."""
    folder = tmp_path / "project"
    folder.mkdir()
    with pytest.raises(Retry) as said:
        files.copy_in(tmp_path / "source.wav", folder, names())
    assert "source.wav" in said.value.message
    assert "project" not in said.value.message
    assert list(folder.iterdir()) == []


def test_any_other_fault_names_the_place_and_the_reason():
    """An error of the drive is passed on in the system's words."""
    said = files.from_os(OSError(errno.EIO, "Input/output error"), Path("/project"))
    assert (said.code, said.message) == ("disk_fault", f"Writing to {Path('/project')} failed: Input/output error.")


def test_a_text_is_the_same_bytes_everywhere(tmp_path):
    """UTF-8 and line feeds, whatever the system's own habits are."""
    files.write_text(tmp_path / "a.txt", "däw\n音\n")
    assert (tmp_path / "a.txt").read_bytes() == "däw\n音\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_name_of_full_length_can_be_written(tmp_path):
    """The temporary name beside it is never longer than the system takes."""
    files.write_text(tmp_path / ("n" * 251 + ".txt"), "text")
    assert len(list(tmp_path.iterdir())) == 1


def test_removing_what_is_gone_is_fine(tmp_path):
    """A file of our own that somebody removed already is no error."""
    files.unlink(tmp_path / "not there")


def test_a_stamp_changes_with_every_change(tmp_path):
    """Written again, replaced by another file: another stamp; only read: the same."""
    path = written(tmp_path / "a", b"one")
    first = files.stamp(path)
    path.read_bytes()
    assert files.stamp(path) == first
    os.utime(path, ns=(0, 1))
    second = files.stamp(path)
    written(tmp_path / "b", b"one").replace(path)
    assert len({first, second, files.stamp(path)}) == 3


def test_the_sum_is_the_sum_of_the_bytes(tmp_path):
    """SHA-256 as published (FIPS 180-4, the one-block example)."""
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(written(tmp_path / "abc", b"abc")) == published


def test_a_delivered_file_is_the_users_to_read(tmp_path):
    """What lands in a project has the user's usual permissions, a private text its owner's only."""
    folder = tmp_path / "project"
    folder.mkdir()
    usual = stat.S_IMODE(written(tmp_path / "source", b"sound").stat().st_mode)
    assert stat.S_IMODE(files.copy_in(tmp_path / "source", folder, names()).stat().st_mode) == usual
