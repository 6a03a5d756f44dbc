"""What came of a job, for people."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bridge.cli import screen
from bridge.cli.live import words

COLUMNS = ("file", "samples", "rate", "length", "tempo", "offset", "LUFS before → after", "dBTP before → after", "cost")


def job(it: dict[str, Any]) -> None:
    """A finished job: one row for each delivered take, a sentence for each other, then the warnings."""
    done = [take for take in it["takes"] if take["state"] == "delivered"]
    if done:
        screen.table(f"In {Path(done[0]['path']).parent}:", COLUMNS, [take_row(take) for take in done])
    for take in it["takes"]:
        for warning in (take.get("report") or {}).get("warnings", []):
            screen.say(f"{take['id']}: {warning}")
        if take["error"]:
            screen.say(f"{take['id']} {take['state']}: {take['error']['message']} {take['error']['hint']}".rstrip())
        elif take["state"] != "delivered":
            screen.say(f"{take['id']} {take['state']}: {take['reason'] or take['meaning']}")


def take_row(take: dict[str, Any]) -> tuple[str, ...]:
    """One delivered take in `COLUMNS`."""
    post = take["report"]["post"]
    return (Path(take["path"]).name, *figures(post), cost(take))


def figures(post: dict[str, Any]) -> tuple[str, ...]:
    """The measured columns of a post report: samples, rate, length, tempo, offset, loudness, true peak.

    Before is the clip that was sent, or what the engine made where none was.
    """
    before, result, tempo = post["source"] or post["raw"], post["result"], post.get("tempo") or {}
    return (
        str(result["frames"]),
        f"{result['rate']} Hz",
        f"{result['duration_s']:.3f} s",
        number(tempo.get("bpm"), "{:.2f} BPM"),
        number(beat_offset_s(tempo), "{:+.1f} ms", 1000),
        f"{number(before['lufs'])} → {number(result['lufs'])}",
        f"{number(before['true_peak_dbtp'])} → {number(result['true_peak_dbtp'])}",
    )


def beat_offset_s(tempo: dict[str, Any]) -> float | None:
    """How far the beats lie after (+) or before (-) a grid whose first beat is the first sample, in seconds.

    Which beat is the bar's first is a weaker measurement: `tempo.offset_s` in the report.
    """
    if not tempo.get("bpm"):
        return None
    beat_s = 60 / tempo["bpm"]
    return float((tempo["offset_s"] + beat_s / 2) % beat_s - beat_s / 2)


def number(value: float | None, shape: str = "{:.1f}", factor: float = 1) -> str:
    """A figure, or a dash where nothing could be measured."""
    return "-" if value is None else shape.format(value * factor)


def cost(take: dict[str, Any]) -> str:
    """What a take cost, or was estimated to cost."""
    actual = take["actual_usd"]
    return f"${take['estimate_usd']:.2f} (estimated)" if actual is None else f"${actual:.2f}"


def quote(it: dict[str, Any]) -> None:
    """What would be sent, to whom, at what cost."""
    if screen.as_json():
        screen.answer(it)
        return
    asked = it["request"]
    screen.say(f"model     {it['model']}")
    screen.say(f"prompt    {asked['prompt']}")
    screen.say(f"leaves    {it['leaves']} leaves this machine")
    screen.say(f"cost      ${it['estimate_usd']:.2f} for {asked['takes']} take{'s' * (asked['takes'] > 1)}")
    screen.say(f"lands in  {asked['placement']['project']}")
    for name, value in it["plan"].items():
        if value is not None and name not in {"notes", "seed"}:
            screen.say(f"  {name:16}{_flat(value)}")
    for warning in it["warnings"]:
        screen.say(f"note: {warning}")


def listing(jobs: list[dict[str, Any]]) -> None:
    """The newest jobs, a row for each take."""
    rows = [
        (take["id"], _ago(job["created_s"]), job["origin"], take["state"], _short(job["request"]["prompt"]), _end(take))
        for job in jobs
        for take in job["takes"]
    ]
    if rows:
        screen.table("", ("take", "asked", "by", "state", "prompt", "file or reason"), rows)
    else:
        screen.say('Nothing yet. Try: dawbridge generate "dusty lo-fi beat" --bars 4 --bpm 92')


def change(line: dict[str, Any]) -> str:
    """One line of the feed with its time."""
    return f"{time.strftime('%H:%M:%S', time.localtime(line['at_s']))}  {words(line)}"


def whole(it: dict[str, Any]) -> None:
    """Everything about a job."""
    screen.say(f"job {it['id']}, asked by {it['origin']} at {_ago(it['created_s'])}, {it['mode']}")
    for name, value in it["request"].items():
        screen.say(f"  {name:16}{_flat(value)}")
    for take in it["takes"]:
        screen.say(f"\ntake {take['id']}: {take['state']} - {take['meaning']}")
        screen.say(f"  model {take['model']}, seed {take['seed']}, {cost(take)}, {take['leaves'] or 'nothing'} left")
        for line in take["way"]:
            screen.say(f"  {change(line)}")
        for each in ((take["report"] or {}).get("post") or {}).get("steps", []):
            screen.say(f"  {step(each)}")
    screen.say("")
    job(it)


def step(it: dict[str, Any]) -> str:
    """One post step with its parameters."""
    params = ", ".join(f"{name} {_short(_rounded(value))}" for name, value in it["params"].items())
    return f"{it['name']:10}{params}"


def inspected(it: dict[str, Any], envelope: dict[str, list[float]]) -> None:
    """What a sound file holds, with its waveform."""
    screen.say(_waveform(envelope))
    for name, value in it.items():
        if value not in (None, {}, []):
            screen.say(f"{name:16}{_flat(value)}")


def picture(title: str, sounds: list[tuple[str, dict[str, Any]]], out: Path, *, bar_s: float | None = None) -> None:
    """Waveforms one above the other, as `bridge.post:inspect` measured them, into a PNG; bar lines from the start."""
    from bridge.tools.picture import Panel, draw  # noqa: PLC0415 - Pillow only when something is drawn

    panels = [
        Panel(
            title=name,
            subtitle=f"{number(it['lufs'])} LUFS · {number(it['true_peak_dbtp'])} dBTP · {it['rate']} Hz",
            envelope=list(zip(it["envelope"]["min"], it["envelope"]["max"], strict=True)),
            beat_lines=[n * bar_s / it["duration_s"] for n in range(int(it["duration_s"] / bar_s) + 1)]
            if bar_s
            else [],
            duration_s=it["duration_s"],
            colour="#8b949e" if name.startswith("before") else "#6cb6ff",
        )
        for name, it in sounds
    ]
    draw(panels, out, title)


def _waveform(envelope: dict[str, list[float]], width: int = 72) -> str:
    """One line of blocks, the highest sample of each stretch."""
    tops = [max(-low, high) for low, high in zip(envelope["min"], envelope["max"], strict=True)]
    blocks, loudest, size = " ▁▂▃▄▅▆▇█", max(tops) or 1, max(1, len(tops) // width)
    heights = [max(tops[at : at + size]) / loudest for at in range(0, len(tops), size)]
    return "".join(blocks[round(height * 8)] for height in heights[:width])


def _end(take: dict[str, Any]) -> str:
    error = take["error"]
    return take["path"] or take["reason"] or (f"{error['message']} {error['hint']}".strip() if error else "")


def _ago(when_s: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(when_s))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - a column's width


def _rounded(value: Any) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _flat(value: Any) -> str:
    return "; ".join(f"{key}: {inner}" for key, inner in value.items()) if isinstance(value, dict) else _rounded(value)
