"""`generate` and `transform`: ask, watch, show what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.cli.screen import Json

Prompt = Annotated[str | None, typer.Argument(help="What you want to hear; a preset may bring it.")]
Preset = Annotated[str | None, typer.Option(help="Request fields from your settings, under these options.")]
Negative = Annotated[str | None, typer.Option("--negative", help="What you do not want to hear.")]
Seconds = Annotated[float | None, typer.Option(help="Length in seconds.")]
Bars = Annotated[int | None, typer.Option(help="Length in bars.")]
Bpm = Annotated[str | None, typer.Option(help="Tempo in quarter notes a minute, such as 92 or 92.5.")]
Meter = Annotated[str | None, typer.Option(help="Time signature, such as 4/4 or 7/8.")]
Key = Annotated[str | None, typer.Option(help="Key, such as Am, F#m or Bb.")]
Takes = Annotated[int, typer.Option(help="How many variations, 1 to 8.")]
Seed = Annotated[int | None, typer.Option(help="The same seed makes the same take.")]
Model = Annotated[str | None, typer.Option(help="provider or provider:model-id; default: the settings'.")]
Loop = Annotated[bool, typer.Option("--loop", help="Make it loop without a seam.")]
Rate = Annotated[int | None, typer.Option(help="Sample rate of the take, in Hz.")]
Level = Annotated[str | None, typer.Option(help="match, lufs, peak or off.")]
Strength = Annotated[float | None, typer.Option(help="0 keeps the clip, 1 is all new.")]
Start = Annotated[float | None, typer.Option(help="Where the window begins, in seconds.")]
End = Annotated[float | None, typer.Option(help="Where the window ends, in seconds.")]
MaxCost = Annotated[float | None, typer.Option(help="Refuse above this price in US dollars.")]
Out = Annotated[Path, typer.Option(help="The folder that gets the takes; it is created if it is not there.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, to whom, at what cost; do nothing.")]
Clip = Annotated[Path, typer.Argument(help="The sound file to transform.")]


def generate(
    *,
    prompt: Prompt = None,
    seconds: Seconds = None,
    bars: Bars = None,
    bpm: Bpm = None,
    meter: Meter = None,
    key: Key = None,
    takes: Takes = 1,
    seed: Seed = None,
    model: Model = None,
    preset: Preset = None,
    negative: Negative = None,
    loop: Loop = False,
    rate: Rate = None,
    level: Level = None,
    max_cost: MaxCost = None,
    out: Out = Path(),
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make new music from a prompt.

    With --bars and --bpm it comes back as exactly that many bars, to the sample.
    """
    del json
    fields = {
        **_common(prompt, preset, negative, takes, seed, model, max_cost, out),
        "length_s": seconds,
        "length_bars": bars,
        "loop": loop,
        "grid": _given(bpm=bpm, meter=meter, key=key),
        "post": _given(rate=rate, level=level),
    }
    _go(fields, out, dry_run=dry_run)


def transform(
    *,
    clip: Clip,
    prompt: Prompt = None,
    start: Start = None,
    end: End = None,
    strength: Strength = None,
    bars: Bars = None,
    bpm: Bpm = None,
    meter: Meter = None,
    key: Key = None,
    takes: Takes = 1,
    seed: Seed = None,
    model: Model = None,
    preset: Preset = None,
    negative: Negative = None,
    loop: Loop = False,
    rate: Rate = None,
    level: Level = None,
    max_cost: MaxCost = None,
    out: Out = Path(),
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Transform a clip as a prompt says.

    Exactly the window from --start to --end is used, re-encoded, without tags or names; the clip itself is not touched.
    """
    del json
    fields = {
        **_common(prompt, preset, negative, takes, seed, model, max_cost, out),
        "clip": _given(path=str(clip.absolute()), start_s=start, end_s=end),
        "strength": strength,
        "loop": loop,
        "length_bars": bars,
        "grid": _given(bpm=bpm, meter=meter, key=key),
        "post": _given(rate=rate, level=level),
    }
    _go(fields, out, dry_run=dry_run)


def _common(
    prompt: str | None,
    preset: str | None,
    negative: str | None,
    takes: int,
    seed: int | None,
    model: str | None,
    max_cost: float | None,
    out: Path,
) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "preset": preset,
        "negative_prompt": negative,
        "takes": takes,
        "seed": seed,
        "model": model,
        "max_cost_usd": max_cost,
        "placement": {"project": str(out.absolute())},
    }


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _go(fields: dict[str, Any], out: Path, *, dry_run: bool) -> None:
    from bridge.cli import watching  # noqa: PLC0415 - heavy

    asked = _given(**fields)
    if not dry_run:
        out.mkdir(parents=True, exist_ok=True)
    raise typer.Exit(asyncio.run(watching.quote(asked) if dry_run else watching.ask(asked)))
