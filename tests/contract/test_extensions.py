"""Every provider, host, DAW and trigger, ours and an installed one, goes through the same cases."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
import soundfile
from broken import BROKEN
from studio import CLI, Studio, ended, install

from bridge import daemon, daws, hosts, providers, triggers
from bridge.errors import BridgeError, ConfigError
from bridge.providers import Bench, Order, Status
from bridge.take import State
from bridge.tools import extensions
from bridge.tools.checkup import Finding
from bridge.tools.clock import SystemClock
from bridge.tools.worker import Workers

PROVIDERS = [*extensions.names("bridge.providers"), "paybox"]
HOSTS = [*extensions.names("bridge.hosts"), "paybin"]
DAWS = extensions.names("bridge.daws")
TRIGGERS = extensions.names("bridge.triggers")
ALL = (
    [("providers", each) for each in PROVIDERS]
    + [("hosts", each) for each in HOSTS]
    + [("daws", each) for each in DAWS]
)
PROTOCOLS = {"providers": providers.Provider, "hosts": hosts.Host, "daws": daws.Daw, "triggers": triggers.Trigger}


def _make(studio: Studio, kind: str, name: str, **section: Any) -> Any:
    known = {"url": studio.till.url} if name in {"paybox", "paybin"} else {}
    module = extensions.load(f"bridge.{kind}", name)
    bench = () if kind == "daws" else (Bench(Workers(), SystemClock()),)
    return module.create({**known, **section}, *bench)


def _lacks(it: Any, protocol: type[Protocol]) -> list[str]:  # type: ignore[valid-type]
    """What of a Protocol an object does not have, or has otherwise: attributes, methods, their parameters."""
    missing = [name for name in protocol.__annotations__ if not hasattr(it, name)]
    for name, wanted in vars(protocol).items():
        if name.startswith("_") or not callable(wanted):
            continue
        have: Callable[..., Any] | None = getattr(it, name, None)
        if have is None or inspect.iscoroutinefunction(have) != inspect.iscoroutinefunction(wanted):
            missing.append(name)
        elif list(inspect.signature(have).parameters) != list(inspect.signature(wanted).parameters)[1:]:
            missing.append(f"{name}{inspect.signature(have)}")
    return missing


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_it_has_what_its_protocol_says(studio: Studio, kind: str, name: str) -> None:
    """Attributes, methods and parameters are those of the Protocol; its own name is the one it is found by."""
    it = _make(studio, kind, name)
    assert _lacks(it, PROTOCOLS[kind]) == []
    assert it.name == name


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_it_refuses_an_unknown_setting(studio: Studio, kind: str, name: str) -> None:
    """A mistyped key in its section is a ConfigError that names it."""
    with pytest.raises(ConfigError, match="no_such_setting") as refused:
        _make(studio, kind, name, no_such_setting=1)
    assert refused.value.message.endswith(".")
    assert refused.value.hint


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_it_can_be_checked(studio: Studio, kind: str, name: str) -> None:
    """`check` gives findings for `doctor`, without a connection."""
    findings = _make(studio, kind, name).check()
    assert all(isinstance(finding, Finding) and finding.says for finding in findings)
    assert studio.till.connections == 0


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_makes_sound(studio: Studio, name: str) -> None:
    """price, submit, poll, find, fetch, cancel: what it writes can be decoded, what it says is what was asked."""

    async def act() -> None:
        it = _make(studio, "providers", name)
        order = Order("take0001-1", "", "soft pad", 7, 44_100, length_s=1.0)
        quote = it.price(order)
        assert quote.micro_usd >= 0
        assert quote.leaves
        assert studio.till.connections == 0
        ticket = await it.submit(order)
        while (status := await it.poll(ticket)).state == "running":
            assert isinstance(status, Status)
        assert status.state == "ready"
        assert await it.find(order) in {ticket, None}
        into = studio.root / "raw"
        made = await it.fetch(ticket, order, into)
        assert made["seed"] == 7
        assert soundfile.info(into).frames > 0
        assert await it.cancel(ticket) in {True, False}
        if hasattr(it, "_bench"):
            await it._bench.workers.close()

    asyncio.run(act())


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_refuses_an_unknown_model(studio: Studio, name: str) -> None:
    """A model that it does not have is refused by `price`, with the nearest name."""
    with pytest.raises(BridgeError, match="no_such_model") as refused:
        _make(studio, "providers", name).price(Order("take0001-1", "no_such_model", "pad", 1, 44_100, length_s=1.0))
    assert refused.value.hint


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_lends_and_forgets(studio: Studio, name: str) -> None:
    """What is put can be had under the URL until it is deleted, which is later than now."""

    async def act() -> None:
        it = _make(studio, "hosts", name)
        clip = studio.root / "clip.wav"
        clip.write_bytes(b"sound")
        url, expires_s = await it.put(clip)
        assert list(studio.till.clips.values()) == [b"sound"]
        assert expires_s > SystemClock().wall()
        await it.delete(url)
        assert studio.till.clips == {}

    asyncio.run(act())


@pytest.mark.parametrize("name", DAWS)
def test_a_daw_delivers_once(studio: Studio, name: str) -> None:
    """What is delivered is whole under a free name; again, it is found and not doubled; nothing is overwritten."""
    from bridge.tools import files  # noqa: PLC0415 - only here

    it, finished = _make(studio, "daws", name), studio.root / "finished.wav"
    finished.write_bytes(studio.till.sound)
    (studio.project / "take.wav").write_bytes(b"somebody's")
    sha, names = files.sha256(finished), ["take.wav", "take-2.wav", "take-3.wav"]
    first = it.deliver(finished, sha, studio.project, iter(names))
    again = it.deliver(finished, sha, studio.project, iter(names))
    assert first == again == studio.project / "take-2.wav"
    assert files.sha256(first) == sha
    assert (studio.project / "take.wav").read_bytes() == b"somebody's"
    assert [path.name for path in studio.delivered()] == ["take-2.wav", "take.wav"]
    assert it.ring(first) in {"placed", "pending"}


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_starts_and_stops(studio: Studio, name: str) -> None:
    """Each trigger is made from the set-up, can be checked while it runs, and ends when it is told to."""
    studio.watch()

    async def act(it: Any) -> Any:
        return next(each for each in it.triggers if each.name == name)

    trigger = studio.run(act)
    assert _lacks(trigger, PROTOCOLS["triggers"]) == []
    assert all(isinstance(finding, Finding) for finding in trigger.check())


@pytest.mark.parametrize("kind", PROTOCOLS)
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_extension_is_a_line(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str
) -> None:
    """However somebody's extension breaks, the daemon works on and `doctor` has a line that names it."""
    module = f"broken_{kind}_{fault}"
    _install_broken(tmp_path / "theirs", monkeypatch, kind, module, BROKEN[fault])

    async def act(it: Any) -> Any:
        job = (await it.desk.accept({"prompt": "pad", "length_s": 1, "model": "sketch"}, CLI)).job
        return (await ended(it, job.id))[0].state, dict(it.shop.broken)

    state, broken = studio.run(act)
    assert state is State.DELIVERED
    assert "theirs" in broken
    assert str(broken["theirs"]).count("theirs") >= 1


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_doctor_names_a_broken_extension(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """`doctor` fails on it with a sentence, and tells all the rest."""
    _install_broken(tmp_path / "theirs", monkeypatch, kind, f"doctored_{kind}", BROKEN["import"])
    made, broken = daemon.extensions_of(studio.setup().settings, SystemClock())
    assert {"sketch", "folder"} <= {each.name for each in made}
    assert "theirs" in broken
    if kind == "providers":
        studio.site = tmp_path / "theirs"
        done = studio.command("doctor", "--json")
        assert done.returncode == 1
        (line,) = [each for each in json.loads(done.stdout) if each["name"] == "theirs"]
        assert line["ok"] is False
        assert line["fix"]


def test_a_trigger_that_breaks_later(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger that fails while it runs does not take the takes under way down with it."""
    text = "class It:\n    name = 'theirs'\n    def check(self): return ()\n"
    text += "    async def run(self, desk, feed): raise KeyError('later')\ndef create(setup): return It()\n"
    _install_broken(tmp_path / "theirs", monkeypatch, "triggers", "breaks_later", text)

    async def act(it: Any) -> Any:
        job = (await it.desk.accept({"prompt": "pad", "length_s": 1, "model": "sketch"}, CLI)).job
        return (await ended(it, job.id))[0].state, dict(it.shop.broken)

    state, broken = studio.run(act)
    assert state is State.DELIVERED
    assert "KeyError" in str(broken["theirs"])


def test_a_provider_that_cannot_count(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider whose `price` breaks refuses that drop with an outcome; the next drop is made."""
    text = "class It:\n    name, local, after_crash = 'theirs', False, 'park'\n    def check(self): return ()\n"
    text += "    def price(self, order): raise KeyError('price')\ndef create(section, bench): return It()\n"
    _install_broken(tmp_path / "theirs", monkeypatch, "providers", "cannot_count", text)
    studio.watch()
    studio.drop("bad.wav", studio.till.sound)
    studio.drop("bad.toml", 'prompt = "pad"\nmodel = "theirs"')

    async def act(it: Any) -> None:
        assert "KeyError" in await studio.hears("bad.wav", "NOT TAKEN")
        studio.drop("good.wav", studio.till.sound)
        await studio.hears("good.wav", "DONE")

    studio.run(act)


def _install_broken(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, module: str, text: str) -> None:
    install(folder, {f"dawbridge.{kind}": {"theirs": module}}, name=module)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, module, raising=False)
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
