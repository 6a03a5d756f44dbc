"""One inbox full of everything that people drop, one real daemon; afterwards each promise is looked up."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from extensions.till import tone
from studio import Studio, built
from waiting import until

from bridge.tools.wav import write_wav

_NOBODY = 65534
LONG = f"{'long ' * 48}.wav"
UNICODE = "Ünïcödé ; 100% “final”.wav"
DECOMPOSED = unicodedata.normalize("NFD", "Café.wav")
BROKEN = {
    "text.wav": (b"This is no sound at all, it is a letter.\n" * 50, "not_audio"),
    "cut.wav": (tone(1.0)[:40_000], "truncated"),
    "zero.wav": (b"", ""),
    "claims.wav": (
        tone(0.01)[:4] + b"\xff\xff\xff\xf0" + tone(0.01)[8:40] + b"\xf0\xff\xff\xff" + bytes(980),
        "truncated",
    ),
}
SIDECARS = {
    "bad.toml": "prompt = ",
    "odd.toml": 'placement = "here"',
    "deep.json": "[" * 50_000,
    "half.json": '{"prompt": "pad", "model_inputs": {"x": "\\ud800"}}',
    "list.json": "[1, 2]",
    "typo.toml": 'promt = "pad"',
    "moved.toml": 'placement = {project = "/"}',
}
IGNORED = (".hidden.wav", "a.wav.part", "b.tmp", "~c.wav", "d.crdownload", "e.pdf")


def _flac(path: Path) -> bytes:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (44_100, 2))
    soundfile.write(path, noise, 44_100, format="FLAC")
    return path.read_bytes()


def _fill(studio: Studio) -> None:
    """Everything at once, as it lies there when the daemon starts."""
    for name, hz in (("preset.wav", 110), ("worded.wav", 120), ("tabled.wav", 130), ("lofi/sub.wav", 140)):
        studio.drop(name, tone(1.0, hz=hz))
    studio.drop("worded.txt", "bright bells")
    studio.drop("tabled.toml", 'prompt = "deep bass"\nseed = 5\n[post]\nlevel = "off"\n')
    studio.drop("idea.txt", "two bars of slow piano")
    studio.drop("other idea.txt", "two bars of fast piano")
    studio.drop(UNICODE, tone(1.0, hz=150))
    studio.drop(DECOMPOSED, tone(1.0, hz=160))
    studio.drop(unicodedata.normalize("NFC", "Café.txt"), "warm strings")
    studio.drop("LOUD.WAV", tone(1.0, hz=170))
    studio.drop("LOUD.TXT", "shouting brass")
    for name, (data, _) in BROKEN.items():
        studio.drop(name, data)
    whole = _flac(studio.root / "whole.flac")
    studio.drop("cut.flac", whole[: len(whole) // 2])
    for number, (name, text) in enumerate(SIDECARS.items()):
        studio.drop(f"{Path(name).stem}.wav", tone(0.5, hz=300 + number))
        studio.drop(name, text)
    for name in IGNORED:
        (studio.inbox / name).write_bytes(tone(0.5))
    quiet = np.zeros((2, 4410), np.float32)
    write_wav(studio.inbox / "ours.wav", [quiet], 44_100, 2, {"ISFT": "dawbridge 0.1.0"})
    (studio.inbox / "folder.wav").mkdir()
    studio.drop(LONG, tone(1.0, hz=180))
    if sys.platform == "linux":
        (studio.inbox / os.fsdecode(b"\xff\xfe.wav")).write_bytes(tone(0.5))
    if hasattr(os, "mkfifo"):
        os.mkfifo(studio.inbox / "pipe.wav")
        (studio.inbox / "link.wav").symlink_to(studio.root / "whole.flac")


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Studio]:
    """A studio in which a daemon has dealt with a full inbox."""
    with built(tmp_path_factory.mktemp("dropped"), site) as studio:
        studio.watch()
        studio.settle(preset={"quick": {"prompt": "soft pad", "seed": 7}, "lofi": {"prompt": "dusty lofi", "seed": 3}})
        _fill(studio)
        studio.before = _seen(studio)  # type: ignore[attr-defined]
        studio.daemon()
        names = ["preset.wav", "worded.wav", "tabled.wav", "lofi/sub.wav", "idea.txt", "other idea.txt", "LOUD.WAV"]
        for name in (*names, UNICODE, DECOMPOSED):
            studio.told(name, "DONE")
        for name in (*BROKEN, "cut.flac"):
            studio.told(name, "FAILED")
        for name in SIDECARS:
            studio.told(f"{Path(name).stem}.wav", "NOT TAKEN")
        studio.drop("copy of preset.wav", tone(1.0, hz=110))
        studio.told("copy of preset.wav", "same clip")
        until(lambda: _way(studio, LONG) == [("delivered",)], "the long name's take")
        studio.stop_all()
        yield studio


def _seen(studio: Studio) -> dict[Path, tuple[int, bytes]]:
    plain = [path for path in studio.inbox.rglob("*") if path.is_file() and ".dawbridge" not in path.name]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in plain}


def _way(studio: Studio, name: str) -> list[tuple[Any, ...]]:
    sql = "SELECT state FROM takes JOIN drops ON takes.job_id = drops.job_id WHERE name = ?"
    return studio.rows(sql, name)


@pytest.mark.parametrize("name", ["preset.wav", "worded.wav", "tabled.wav", "lofi/sub.wav", "idea.txt", UNICODE])
def test_delivered_with_its_outcome(dropped: Studio, name: str) -> None:
    """A good drop is one take, delivered; its outcome names the file, the model, the seed and the price."""
    assert _way(dropped, name) == [("delivered",)]
    first, path, *_ = dropped.outcome(name).splitlines()
    assert "sketch:groove" in first
    assert "$0.00" in first
    assert Path(path).is_file()


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("preset.wav", "soft pad"),
        ("worded.wav", "bright bells"),
        ("tabled.wav", "deep bass"),
        ("lofi/sub.wav", "dusty lofi"),
        ("LOUD.WAV", "shouting brass"),
        (DECOMPOSED, "warm strings"),
    ],
)
def test_words_beside_a_clip_count(dropped: Studio, name: str, prompt: str) -> None:
    """NAME.txt, NAME.toml and the subfolder go over the folder's preset, however their names are spelt."""
    sql = "SELECT request ->> '$.prompt' FROM jobs JOIN drops ON jobs.id = drops.job_id WHERE name = ?"
    assert dropped.rows(sql, name) == [(prompt,)]


@pytest.mark.parametrize("name", [*BROKEN, "cut.flac"])
def test_a_broken_clip_says_why(dropped: Studio, name: str) -> None:
    """A clip that is no sound or not whole fails with its code and a sentence that names it; nothing is delivered."""
    said = dropped.outcome(name)
    code = BROKEN.get(name, (b"", "truncated"))[1]
    assert code in said
    assert name in said
    ((path,),) = dropped.rows("SELECT path FROM takes JOIN drops ON takes.job_id = drops.job_id WHERE name = ?", name)
    assert path is None


@pytest.mark.parametrize("name", SIDECARS)
def test_a_bad_sidecar_says_why(dropped: Studio, name: str) -> None:
    """Words that cannot be understood refuse their clip with a sentence, and stop nothing else."""
    said = dropped.outcome(f"{Path(name).stem}.wav")
    assert said.startswith("NOT TAKEN")
    assert len(said.splitlines()[1]) > 20
    assert "Traceback" not in said


def test_a_name_with_no_room_for_an_outcome(dropped: Studio) -> None:
    """A clip whose name is so long that nothing fits beside it is delivered all the same."""
    assert _way(dropped, LONG) == [("delivered",)]


def test_what_is_not_meant_is_left_alone(dropped: Studio) -> None:
    """Hidden and unfinished names, links, pipes and folders are neither taken nor answered."""
    for name in (*IGNORED, "link.wav", "pipe.wav", "folder.wav"):
        assert dropped.outcome(name) == ""
        assert _way(dropped, name) == []


def test_our_own_output_is_skipped(dropped: Studio) -> None:
    """A file that says it came from us makes no take."""
    assert dropped.rows("SELECT note, job_id FROM drops WHERE name = 'ours.wav'") == [("our own output", None)]


def test_the_same_content_is_made_once(dropped: Studio) -> None:
    """A copy under another name with the same wish is recognised; there is one job for both."""
    jobs = dropped.rows("SELECT DISTINCT job_id FROM drops WHERE name IN ('preset.wav', 'copy of preset.wav')")
    assert len(jobs) == 1


def test_originals_are_untouched(dropped: Studio) -> None:
    """Every dropped file has the bytes and the time it had."""
    assert dropped.before.items() <= _seen(dropped).items()  # type: ignore[attr-defined]


def test_only_takes_lie_in_the_project(dropped: Studio) -> None:
    """One whole file for each delivered take, in plain ASCII names, and nothing else."""
    paths = [path for (path,) in dropped.rows("SELECT path FROM takes WHERE state = 'delivered'")]
    assert sorted(paths) == [str(path) for path in dropped.delivered()]
    assert all(path.name.isascii() and soundfile.info(path).frames > 0 for path in dropped.delivered())


def test_a_restart_neither_repeats_nor_forgets(dropped: Studio) -> None:
    """After a restart only what is new or changed is made."""
    jobs = dropped.rows("SELECT id FROM jobs ORDER BY id")
    dropped.drop("new.wav", tone(1.0, hz=510))
    dropped.daemon()
    dropped.told("new.wav", "DONE")
    assert len(dropped.rows("SELECT id FROM jobs")) == len(jobs) + 1
    job_of = "SELECT job_id FROM drops WHERE name = 'worded.wav'"
    before = dropped.rows(job_of)
    dropped.drop("worded.wav", tone(1.0, hz=520))
    until(lambda: dropped.rows(job_of) != before, "a new job for the changed clip")
    until(lambda: _way(dropped, "worded.wav") == [("delivered",)], "its delivery")
    dropped.stop_all()
    assert len(dropped.rows("SELECT id FROM jobs")) == len(jobs) + 2


def test_a_prompt_that_comes_later(studio: Studio) -> None:
    """A clip without any wish waits and says for what; its prompt starts it."""
    studio.watch(None)
    studio.drop("loop.wav", tone(1.0))

    async def act(it: Any) -> None:
        assert "loop.txt" in await studio.hears("loop.wav", "WAITING")
        assert studio.states() == []
        studio.drop("loop.txt", "soft pad")
        await studio.hears("loop.wav", "DONE")

    studio.run(act)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tell that a file is still open")
def test_a_writer_that_pauses_is_waited_for(studio: Studio) -> None:
    """A clip, and a prompt, that somebody still holds open are not taken, however long they are quiet."""
    studio.watch()
    data = tone(2.0)

    async def act(it: Any) -> None:
        with (studio.inbox / "slow.wav").open("wb") as clip, (studio.inbox / "loop.txt").open("w") as words:
            clip.write(data[: len(data) // 2])
            clip.flush()
            words.write("half a pro")
            words.flush()
            studio.drop("loop.wav", tone(1.0, hz=330))
            for number in range(2):
                studio.drop(f"marker {number}.txt", f"soft pad {number}")  # taken only after two quiet seconds
                await studio.hears(f"marker {number}.txt", ":")
            names = {name for (name,) in studio.rows("SELECT name FROM drops")}
            assert names == {"marker 0.txt", "marker 1.txt"}
            clip.write(data[len(data) // 2 :])
            words.write("mpt")
        await studio.hears("slow.wav", "DONE")
        await studio.hears("loop.wav", "DONE")
        assert "half a prompt" in studio.rows("SELECT group_concat(request) FROM jobs")[0][0]

    studio.run(act)


def test_many_files_at_once_are_all_taken_once(studio: Studio) -> None:
    """150 files moved in and 150 copied in, while the daemon runs: 300 jobs."""
    studio.watch("paid")
    studio.settle(local_only=True)  # each is refused before it costs anything
    heaps = [studio.root / "moved", studio.root / "copied"]
    for number, heap in enumerate(heaps):
        heap.mkdir()
        for name in range(150):
            (heap / f"{heap.name} {name}.wav").write_bytes(tone(0.01, hz=100 + name + 500 * number))

    async def act(it: Any) -> None:
        for path in list(heaps[0].iterdir()):
            path.rename(studio.inbox / path.name)
        await asyncio.to_thread(shutil.copytree, heaps[1], studio.inbox, dirs_exist_ok=True)
        until_all = "SELECT count(*), count(DISTINCT job_id) FROM drops"
        await asyncio.to_thread(until, lambda: studio.rows(until_all) == [(300, 300)], "300 drops")

    studio.run(act)
    assert studio.rows("SELECT count(*) FROM jobs") == [(300,)]


def test_nested_output_is_refused_at_start(studio: Studio) -> None:
    """A target inside a watched folder is one sentence and exit code 5."""
    studio.watch(deliver_to=str(studio.inbox / "out"))
    said = studio.command("run", "--http-port", "0")
    assert said.returncode == 5
    assert "lies inside the watched folder" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_watched_folder_may_come_later(studio: Studio) -> None:
    """A folder that is not there at start, or goes and comes back, is watched as soon as it is there."""
    studio.watch()
    studio.inbox.rmdir()

    async def act(it: Any) -> None:
        studio.drop("one.wav", tone(1.0))
        await studio.hears("one.wav", "DONE")
        shutil.rmtree(studio.inbox)
        studio.drop("two.wav", tone(1.0, hz=330))
        await studio.hears("two.wav", "DONE")

    studio.run(act)


def test_a_target_that_is_missing_is_waited_for(studio: Studio) -> None:
    """A clip waits while its target cannot be made, says so once, and goes on when it can."""
    away = studio.root / "away"
    studio.watch(deliver_to=str(away / "out"))
    studio.drop("loop.wav", tone(1.0))

    async def act(it: Any) -> None:
        assert str(away) in await studio.hears("loop.wav", "WAITING")
        away.mkdir()
        await studio.hears("loop.wav", "DONE")

    studio.run(act)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX here")
def test_folders_that_may_not_be_used(site: Path) -> None:
    """A target that may not be written and a clip that may not be read wait, and go on when they may."""
    with tempfile.TemporaryDirectory(prefix="studio-") as folder, built(Path(folder) / "studio", site) as studio:
        studio.watch()

        async def act(it: Any) -> None:
            trial = "bridge.cli.trial:trial"  # both workers start as who we are: another user may not find Python
            await asyncio.gather(*(it.shop.workers.run(trial, {}) for _ in range(2)))
            with _as_nobody(Path(folder)):
                studio.project.chmod(0o500)
                locked = studio.drop("locked.wav", tone(1.0, hz=330))
                locked.chmod(0)
                studio.drop("loop.wav", tone(1.0))
                assert "cannot be written" in await studio.hears("loop.wav", "WAITING")
                assert "cannot be read" in await studio.hears("locked.wav", "WAITING")
                assert studio.states() == []
                studio.project.chmod(0o700)
                locked.chmod(0o600)
                await studio.hears("loop.wav", "DONE")
                await studio.hears("locked.wav", "DONE")

        before = os.umask(0)
        try:
            studio.run(act)
        finally:
            os.umask(before)


@contextmanager
def _as_nobody(folder: Path) -> Iterator[None]:
    """Root may do everything; be somebody else for a while, and own the folder."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
