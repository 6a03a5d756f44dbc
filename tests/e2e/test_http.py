"""The loopback API with a real server: who gets in, what the tokens may touch, and the feed."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from extensions.till import tone
from studio import Studio, built

OURS = "http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Studio]:
    """A studio with a running daemon."""
    with built(tmp_path_factory.mktemp("door"), site) as studio:
        studio.daemon()
        yield studio


def _port(studio: Studio) -> int:
    return int(json.loads((studio.home / "daemon.json").read_text(encoding="utf-8"))["port"])


def _token(studio: Studio, name: str) -> str:
    return (studio.home / "keys" / f"{name}.token").read_text(encoding="utf-8").strip()


def _ask(studio: Studio, body: Any, path: str = "jobs", **headers: str | None) -> httpx.Response:
    """POST with good headers, but for those given; None leaves one out."""
    port = _port(studio)
    good = {"authorization": f"Bearer {_token(studio, 'http')}", "content-type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value.format(port=port) for name, value in {**good, **named}.items() if value is not None}
    content = body if isinstance(body, bytes | str) else json.dumps(body)
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.post(f"http://127.0.0.1:{port}/api/v1/{path}", content=content, headers=sent)


def _wish(studio: Studio, **more: Any) -> dict[str, Any]:
    return {"prompt": "soft pad", "length_s": 1, "placement": {"project": str(studio.project)}, **more}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:{port}"}, 200),
        ({"host": "[::1]:{port}"}, 200),
        ({"origin": OURS}, 200),
        ({"origin": OURS, "sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"content_type": "application/json; charset=utf-8"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:{port}"}, 403),
        ({"host": "127.0.0.1"}, 403),
        ({"host": "127.0.0.1:1"}, 403),
        ({"host": "0.0.0.0:{port}"}, 403),
        ({"host": "127.0.0.1:{port}.evil.example"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://127.0.0.1:{port}"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "http://localhost"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "odd"}, 403),
        ({"authorization": None}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Basic Zm9v"}, 401),
        ({"content_type": None}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "multipart/form-data; boundary=application/json"}, 415),
    ],
)
def test_who_gets_in(door: Studio, headers: dict[str, str | None], status: int) -> None:
    """Only this machine's own names, pages and tokens get through; whatever is refused changes nothing."""
    jobs = door.rows("SELECT count(*) FROM jobs")
    reply = _ask(door, _wish(door), "quote", **headers)
    assert reply.status_code == status
    assert "access-control-allow-origin" not in reply.headers
    if status != 200:
        assert _ask(door, _wish(door), "jobs", **headers).status_code == status
        assert reply.json()["error"]["message"].endswith(".")
    assert door.rows("SELECT count(*) FROM jobs") == jobs


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "HEAD", "PATCH"])
def test_no_other_method(door: Studio, method: str) -> None:
    """A pre-flight gets no leave, and no other method does anything."""
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    reply = httpx.request(method, f"http://127.0.0.1:{_port(door)}/api/v1/jobs", headers=headers, trust_env=False)
    assert reply.status_code in {401, 403, 405, 415}
    assert not any(name.startswith("access-control") for name in reply.headers)


def test_reading_needs_the_token_too(door: Studio) -> None:
    """Neither jobs nor news nor status are told to anyone without it."""
    for path in ("jobs", "news?since=0", "status", "jobs/x"):
        reply = httpx.get(f"http://127.0.0.1:{_port(door)}/api/v1/{path}", trust_env=False)
        assert reply.status_code == 401


def test_the_roots_hold_for_programs(door: Studio) -> None:
    """The http token reads and writes only inside the roots, links and dots included; the user's own goes anywhere."""
    outside = door.root.parent / "outside"
    outside.mkdir()
    (outside / "clip.wav").write_bytes(tone(1.0))
    (door.root / "in.wav").write_bytes(tone(1.0))
    link = door.root / "link.wav"
    link.symlink_to(outside / "clip.wav")
    paths = [outside / "clip.wav", link, f"{door.root}/../outside/clip.wav", "/dev/zero", "/proc/self/environ", "/x\0y"]
    for path in paths:
        reply = _ask(door, _wish(door, clip={"path": str(path)}))
        assert reply.status_code == 400, path
    for project in (outside, f"{door.project}/../../outside"):
        said = _ask(door, _wish(door, placement={"project": str(project)})).json()
        assert said["error"]["code"] == "outside_roots"
    assert _ask(door, _wish(door, placement={"project": "/x\0y"})).status_code == 400
    assert _ask(door, _wish(door, clip={"path": str(door.root / "in.wav")}), "quote").status_code == 200
    mine = {"authorization": f"Bearer {_token(door, 'cli')}"}
    asked = {"clip": {"path": str(outside / "clip.wav")}, "placement": {"project": str(outside)}}
    assert _ask(door, _wish(door, **asked), "quote", **mine).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad_json"),
        (b"[1]", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'{"prompt": "a", "model_inputs": {"x": "\\ud800"}}', "bad_request"),
        (b'{"promt": "a"}', "bad_request"),
        (b'{"prompt": ""}', "empty_prompt"),
        (b'{"prompt": "' + b"a" * (1 << 20) + b'"}', "too_big"),
    ],
)
def test_bad_bodies_are_sentences(door: Studio, body: bytes, code: str) -> None:
    """What is not a request is refused with a code and a sentence; the server goes on."""
    try:
        reply = _ask(door, body)
    except httpx.TransportError:
        assert code == "too_big"  # it hung up on us before we had said it all
    else:
        assert 400 <= reply.status_code < 500
        assert reply.json()["error"]["code"] == code
    assert _ask(door, _wish(door), "quote").status_code == 200


@pytest.mark.parametrize("path", ["jobs?limit=0", "jobs?limit=x", f"jobs?limit={'9' * 5000}", "jobs/nope", "jobs/%00"])
def test_bad_questions_are_sentences(door: Studio, path: str) -> None:
    """A bound that is none and a job that is not there are client errors, never the server's."""
    headers = {"authorization": f"Bearer {_token(door, 'http')}"}
    reply = httpx.get(f"http://127.0.0.1:{_port(door)}/api/v1/{path}", headers=headers, trust_env=False)
    assert reply.status_code in {400, 404}
    assert reply.json()["error"]["message"]


@pytest.mark.parametrize("since", ["9" * 30, "9" * 5000])
def test_a_place_in_the_feed_that_cannot_be(door: Studio, since: str) -> None:
    """A number beyond all lines is refused in a sentence."""
    headers = {"authorization": f"Bearer {_token(door, 'http')}"}
    reply = httpx.get(f"http://127.0.0.1:{_port(door)}/api/v1/news?since={since}", headers=headers, trust_env=False)
    assert reply.status_code == 400


@pytest.mark.parametrize("days", [-1, "x", 10**400, 1.5])
def test_days_that_cannot_be(door: Studio, days: Any) -> None:
    """`clean` takes a sensible whole number of days."""
    assert _ask(door, {"days": days, "dry_run": True}, "clean").status_code == 400


def test_the_feed_goes_on_from_a_line(door: Studio) -> None:
    """Server-sent events start after `since`, in order, with nothing left out."""
    assert _ask(door, _wish(door, seed=1)).status_code == 202
    lines = _news(door, 0, until="delivered")
    assert [line["seq"] for line in lines] == list(range(1, lines[-1]["seq"] + 1))
    middle = lines[len(lines) // 2]["seq"]
    assert _news(door, middle, until="delivered")[0]["seq"] == middle + 1


def _news(studio: Studio, since: int, until: str) -> list[dict[str, Any]]:
    lines = []
    headers = {"authorization": f"Bearer {_token(studio, 'http')}"}
    url = f"http://127.0.0.1:{_port(studio)}/api/v1/news?since={since}"
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                lines.append(json.loads(line.removeprefix("data: ")))
                if lines[-1]["state"] == until:
                    break
    return lines


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX here")
def test_tokens_are_the_users_own(door: Studio) -> None:
    """Token files have mode 0600, differ, and hold more than 128 bits."""
    for name in ("cli", "http"):
        assert stat.S_IMODE((door.home / "keys" / f"{name}.token").stat().st_mode) == 0o600
        assert len(_token(door, name)) >= 40
    assert _token(door, "cli") != _token(door, "http")


def test_it_listens_on_loopback_only(door: Studio) -> None:
    """The port is not open on this machine's other addresses."""
    port = _port(door)
    for address in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
        if not address.startswith("127."):
            with pytest.raises(OSError), socket.create_connection((address, port), timeout=2):
                pass
