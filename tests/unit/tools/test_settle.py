"""Is somebody still writing it? Asked of the system, without disturbing whoever writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.tools import settle

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's; elsewhere the answer is None")


@pytest.fixture
def clip(tmp_path):
    """A file that nobody has open."""
    path = tmp_path / "clip.wav"
    path.write_bytes(b"RIFF")
    return path


@pytest.mark.skipif(sys.platform == "linux", reason="not on this system: Linux can tell")
def test_where_the_system_cannot_tell_it_does_not_guess(clip):
    """No lease, no answer: the caller asks for more."""
    assert settle.writer(clip) is None


@linux_only
@pytest.mark.parametrize("mode", ["ab", "r+b", "wb"])
def test_a_file_that_we_have_open_for_writing_is_busy(clip, mode):
    """True while it is open, False once it is closed; asking again gives the same."""
    with clip.open(mode):
        assert [settle.writer(clip), settle.writer(clip)] == [True, True]
    assert [settle.writer(clip), settle.writer(clip)] == [False, False]


@linux_only
def test_a_reader_does_not_make_it_busy(clip):
    """A DAW that plays the file does not hold it up."""
    with clip.open("rb"):
        assert settle.writer(clip) is False


_HOLD = "import sys; file = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"


@linux_only
def test_a_file_that_another_process_writes_is_busy(clip):
    """However long the writer pauses: True until it closes."""
    command = [sys.executable, "-c", _HOLD, str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        busy = settle.writer(clip)
    assert (busy, settle.writer(clip)) == (True, False)


_MAP = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    seen = mmap.mmap(file.fileno(), 4)
print("mapped", flush=True)
sys.stdin.read()
"""


@linux_only
def test_a_file_that_is_mapped_for_writing_is_busy(clip):
    """A writer that maps the file and closes its descriptor is still a writer."""
    command = [sys.executable, "-c", _MAP, str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as mapper:
        mapper.stdout.readline()
        busy = settle.writer(clip)
    assert (busy, settle.writer(clip)) == (True, False)


@linux_only
def test_what_is_not_a_plain_file_has_no_answer(tmp_path, clip):
    """A folder, a link, a FIFO, nothing at all: None, at once."""
    (tmp_path / "link").symlink_to(clip)
    os.mkfifo(tmp_path / "fifo")
    odd = [tmp_path, tmp_path / "link", tmp_path / "fifo", tmp_path / "nothing"]
    assert [settle.writer(path) for path in odd] == [None] * 4


@linux_only
def test_no_descriptor_is_left_open(clip):
    """A folder of a thousand clips, asked each second, does not use the process up."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        settle.writer(clip)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


_MEET = """
import fcntl, subprocess, sys
from pathlib import Path
from waiting import until
from bridge.tools import settle

path, writers = Path(sys.argv[1]), []

def write_now(event, what):  # the lease is held, and about to be given up
    if event == "fcntl.fcntl" and what[1:] == (fcntl.F_SETLEASE, fcntl.F_UNLCK) and not writers:
        code = "import sys; open(sys.argv[1], 'ab').write(b'x')"
        writers.append(subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, str(path)]))
        until(lambda: "BREAKING" in Path("/proc/locks").read_text(), "the writer to meet the lease")

sys.addaudithook(write_now)
print(settle.writer(path), writers[0].wait(), settle.writer(path))
"""


@linux_only
def test_a_writer_that_meets_the_lease_gets_through(clip):
    """It opens the file in the very moment of the probe: its byte arrives, and the signal does not end us."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _MEET, str(clip)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False 0 False\n"), done.stderr
    assert clip.read_bytes() == b"RIFFx"


_PROBE = """
import sys
from pathlib import Path
from bridge.tools import settle
path, answers = Path(sys.argv[1]), set()
print("ready", flush=True)
for _ in range(15_000):
    answers.add(settle.writer(path))
print(sorted(map(str, answers)), flush=True)
"""
_OPEN = """
import sys
sys.stdin.readline()
for number in range(1_500):
    with open(sys.argv[1], "ab") as file:
        file.write(b"x")
"""


@linux_only
def test_a_writer_that_comes_during_the_probe_is_not_disturbed(clip):
    """Fifteen hundred opens against ten times as many probes: every byte arrives, and no signal ends either process."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen([sys.executable, "-c", _PROBE, str(clip)], **pipes) as prober,
        subprocess.Popen([sys.executable, "-c", _OPEN, str(clip)], **pipes) as opener,
    ):
        prober.stdout.readline()
        opener.communicate("go\n")
        answers = prober.communicate()[0]
    assert (prober.returncode, opener.returncode) == (0, 0)
    assert clip.stat().st_size == len(b"RIFF") + 1_500
    assert answers == "['False', 'True']\n"  # they did meet


_FOREIGN = """
import os, sys
from pathlib import Path
from bridge.tools import settle
os.chdir(sys.argv[1])
os.setuid(65534)
print(open("clip.wav", "rb").read(), settle.writer(Path("clip.wav")))
"""


@linux_only
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody else")
def test_another_users_file_has_no_answer(tmp_path, clip):
    """It can be read, but a lease needs the owner: None, so that the caller asks for more."""
    tmp_path.chmod(0o755)
    command = [sys.executable, "-c", _FOREIGN, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "b'RIFF' None\n"


def _fuse_mount(folder):
    """A FUSE mount that nobody serves: it stands in the table of mounts, which is all that is looked at."""
    channel = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={channel},rootmode=40000,user_id=0,group_id=0"
    made = subprocess.run(
        ["mount", "-i", "-t", "fuse", "-o", options, "share", str(folder)],
        pass_fds=[channel],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        os.close(channel)
        pytest.skip(f"no FUSE mount here: {made.stderr.strip()}")
    return channel


def _device(folder) -> int:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    [number] = [line.split()[2] for line in mounts if line.split()[4] == str(folder).replace(" ", "\\040")]
    return os.makedev(*map(int, number.split(":")))


@linux_only
def test_a_share_that_takes_a_disks_number_over_is_a_share(small_disk, tmp_path):
    """The system reuses device numbers: an unmounted disk's must not make a share look local."""
    local = _device(small_disk)
    assert settle._is_remote(local) is False
    subprocess.run(["umount", str(small_disk)], check=True)
    channel = _fuse_mount(small_disk)
    try:
        assert settle._is_remote(_device(small_disk)) is True  # the same number, unless somebody mounted meanwhile
    finally:
        os.close(channel)
