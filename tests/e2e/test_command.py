"""The real command, as a person and a program use it: exit codes, sentences, JSON."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile
from extensions.till import tone
from studio import Studio, built
from waiting import until

from bridge.daemon import running
from bridge.errors import ConfigError


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Studio]:
    """A studio with a running daemon, a clip and one delivered job."""
    with built(tmp_path_factory.mktemp("office"), site) as studio:
        (studio.root / "clip.wav").write_bytes(tone(2.0))
        studio.daemon()
        yield studio


def _json(done: Any, code: int = 0) -> Any:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_a_command_joins_the_running_daemon(office: Studio) -> None:
    """`generate` is worked by the daemon that runs, and the take is where it was asked for."""
    out = office.root / "made"
    words = ("generate", "soft pad", "--bars", "2", "--bpm", "90", "--rate", "44100", "--out", str(out), "--json")
    said = _json(office.command(*words))
    (take,) = said["takes"]
    assert take["state"] == "delivered"
    assert soundfile.info(take["path"]).frames == round(2 * 4 * 60 / 90 * 44_100)
    assert Path(take["path"]).parent == out
    assert len(office.rows("SELECT id FROM jobs")) >= 1
    whereabouts = json.loads((office.home / "daemon.json").read_text(encoding="utf-8"))
    assert whereabouts["pid"] == office.commands[0].pid


def test_a_dry_run_does_nothing(office: Studio) -> None:
    """`--dry-run` says what would leave, to whom, at what cost; no job, no folder, no connection."""
    jobs, out = office.rows("SELECT count(*) FROM jobs"), office.project / "not yet"
    words = ("generate", "soft pad", "--model", "paybox", "--takes", "3", "--dry-run", "--json")
    said = _json(office.command(*words, "--out", str(office.project)))
    assert said["model"] == "paybox:band"
    assert said["leaves"] == "the prompt"
    assert said["estimate_usd"] == pytest.approx(1.2)
    assert office.rows("SELECT count(*) FROM jobs") == jobs
    assert office.till.connections == 0
    assert not out.exists()


def test_a_window_of_a_clip(office: Studio) -> None:
    """`transform --start --end` sends exactly that window and brings back exactly its length."""
    words = ("transform", "clip.wav", "dusty", "--start", "0.25", "--end", "1.5", "--out", "made", "--json")
    (take,) = _json(office.command(*words))["takes"]
    assert soundfile.info(take["path"]).frames == round(1.25 * 44_100)
    way = _json(office.command("show", take["id"], "--json"))["takes"][0]
    assert way["report"]["capture"]["duration_s"] == pytest.approx(1.25)
    assert [line["state"] for line in way["way"]][-1] == "delivered"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("generate", " ", "--json"), 2, "empty"),
        (("generate", "x", "--model", "sktch", "--json"), 2, "sketch"),
        (("generate", "x", "--preset", "nope", "--json"), 2, "nope"),
        (("generate", "x", "--bpm", "fast", "--json"), 2, "tempo"),
        (("transform", "nowhere.wav", "x", "--json"), 2, "nowhere.wav"),
        (("transform", "clip.wav", "x", "--start", "1.5", "--end", "99", "--json"), 1, "not inside"),
        (("show", "zzzzzzzz", "--json"), 2, "zzzzzzzz"),
        (("cancel", "zzzzzzzz", "--json"), 2, "zzzzzzzz"),
        (("inspect", "nowhere.wav", "--json"), 2, "nowhere.wav"),
        (("run", "--http-port", "0", "--json"), 5, "Another dawbridge"),
    ],
)
def test_each_refusal_has_its_exit_code(office: Studio, words: tuple[str, ...], code: int, sentence: str) -> None:
    """What cannot be done is one JSON document with a sentence, and its own exit code; never a traceback."""
    done = office.command(*words)
    said = json.dumps(_json(done, code))
    assert sentence in said


def test_the_tables_have_json(office: Studio) -> None:
    """`jobs`, `clean`, `config` and `doctor` print one JSON document each."""
    _json(office.command("generate", "bells", "--seconds", "1", "--out", "made", "--json"))
    assert _json(office.command("jobs", "--json"))[0]["takes"][0]["state"] == "delivered"
    assert _json(office.command("clean", "--dry-run", "--days", "0", "--json"))["days"] == 0
    rows = {row["name"]: row for row in _json(office.command("config", "--json"))["settings"]}
    assert rows["deliver_to"]["from"] == "settings.toml"
    assert rows["caps.day_usd"]["value"] == 5.0
    done = office.command("doctor", "--json")
    parts = {row["name"]: row for row in json.loads(done.stdout)}
    assert parts["paybox"]["ok"]
    assert parts["sketch"]["ok"]
    assert str(office.commands[0].pid) in parts["daemon"]["says"]


def test_the_post_chain_alone(office: Studio) -> None:
    """`post` writes a new file at the asked loudness, `inspect` measures it; the source stays as it was."""
    clip = office.root / "clip.wav"
    before = (clip.read_bytes(), clip.stat().st_mtime_ns)
    said = _json(office.command("post", "clip.wav", "--lufs", "-20", "--no-trim", "--json"))
    heard = _json(office.command("inspect", said["path"], "--json"))
    assert heard["lufs"] == pytest.approx(-20, abs=0.2)
    assert (clip.read_bytes(), clip.stat().st_mtime_ns) == before
    again = _json(office.command("post", "clip.wav", "--lufs", "-20", "--no-trim", "--json"))
    assert again["path"] != said["path"]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX here")
def test_ctrl_c_cancels(studio: Studio) -> None:
    """Ctrl-C on a waiting `generate` cancels its take and ends with 130; nothing comes afterwards."""
    studio.till.state = "running"
    process = studio.start("generate", "soft pad", "--model", "paybox", "--out", str(studio.project))
    assert process.stderr is not None
    while "submitted" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert studio.states() == ["cancelled"]
    assert studio.delivered() == []
    assert studio.till.jobs["job1"].cancelled


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX here")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_daemon_stops_when_asked(studio: Studio, name: signal.Signals) -> None:
    """Ctrl-C and a polite kill end the daemon with 0; what is unfinished is kept and goes on later."""
    studio.till.state = "running"
    studio.watch("paid")
    studio.drop("loop.wav", tone(1.0))
    process = studio.daemon()
    until(lambda: studio.states() == ["submitted"], "the take being made")
    with _listening(studio):
        process.send_signal(name)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert not (studio.home / "daemon.json").exists()
    studio.till.state = "ready"
    studio.daemon()
    studio.told("loop.wav", "DONE")
    assert len(studio.till.charges) == 1


@contextmanager
def _listening(studio: Studio) -> Iterator[None]:
    """Somebody follows the feed meanwhile."""
    port = json.loads((studio.home / "daemon.json").read_text(encoding="utf-8"))["port"]
    token = (studio.home / "keys" / "http.token").read_text(encoding="utf-8")
    url = f"http://127.0.0.1:{port}/api/v1/news?since=0"
    with httpx.stream("GET", url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as stream:
        next(stream.iter_lines())
        yield


def test_exit_codes_of_takes(studio: Studio) -> None:
    """3 for a rule of the user's, 4 for a take in doubt, 1 for one that failed."""
    studio.till.answers.extend(["500", "402"])
    words = ("--model", "paybox", "--out", str(studio.project), "--json")
    assert studio.command("generate", "a", *words).returncode == 4
    assert studio.command("generate", "b", *words).returncode == 1
    assert studio.command("generate", "c", *words, "--max-cost", "0.01").returncode == 3


def test_a_home_that_cannot_be_is_a_sentence(studio: Studio) -> None:
    """A data folder that cannot be made is refused in one sentence, as a fault of the set-up."""
    (studio.root / "file").write_text("x", encoding="utf-8")
    setup = replace(studio.setup(), home=studio.root / "file" / "home")

    async def act() -> None:
        async with running(setup):
            pass

    with pytest.raises(ConfigError, match="cannot be made"):
        asyncio.run(act())
