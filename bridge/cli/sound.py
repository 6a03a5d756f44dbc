"""`post` and `inspect`: the post chain and the meters alone, on any file. Nothing is sent, nothing is journalled."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.cli import screen
from bridge.cli.screen import Json

File = Annotated[Path, typer.Argument(help="A sound file: WAV, AIFF, FLAC, MP3 or Ogg.")]
Like = Annotated[Path | None, typer.Option(help="Match the loudness (and channels) of this file.")]
Lufs = Annotated[float | None, typer.Option(help="Integrated loudness to reach, in LUFS.")]
Peak = Annotated[float | None, typer.Option(help="Sample peak to reach, in dBFS.")]
Ceiling = Annotated[float | None, typer.Option(help="No true peak above this, in dBTP; default -1.")]
Bars = Annotated[int | None, typer.Option(help="Make it exactly this many bars long.")]
Bpm = Annotated[str | None, typer.Option(help="The tempo it should have.")]
Meter = Annotated[str, typer.Option(help="Time signature.")]
Rate = Annotated[int | None, typer.Option(help="Sample rate in Hz; default: that of --like, else its own.")]
Loop = Annotated[bool, typer.Option("--loop", help="It is a loop: no fade over the seam.")]
NoTrim = Annotated[bool, typer.Option("--no-trim", help="Keep silence at the ends.")]
Out = Annotated[Path | None, typer.Option(help="The file to write, or a folder; never overwritten.")]
Picture = Annotated[Path | None, typer.Option(help="Also draw the waveform into this PNG.")]


def post(
    *,
    file: File,
    like: Like = None,
    lufs: Lufs = None,
    peak: Peak = None,
    ceiling: Ceiling = None,
    bars: Bars = None,
    bpm: Bpm = None,
    meter: Meter = "4/4",
    rate: Rate = None,
    loop: Loop = False,
    no_trim: NoTrim = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """Finish any sound file: grid, level, length.

    The post chain alone; a new file is written, the old one is not touched.
    """
    del json
    if len([each for each in (like, lufs, peak) if each is not None]) > 1:
        raise typer.BadParameter("give one of --like, --lufs and --peak")
    level = "peak" if peak is not None else "lufs" if lufs is not None or like is None else "match"
    wanted = _checked(lufs=lufs, peak_db=peak, ceiling_dbtp=ceiling, rate=rate)
    order = {
        "level": level,
        "loop": loop,
        "trim": not no_trim,
        "source": str(like.absolute()) if like else None,
        **wanted,
        **_grid(bars, bpm, meter),
    }
    asyncio.run(_post(file, order, out))


def _checked(**wanted: Any) -> dict[str, Any]:
    """The wishes that were made, held to the bounds that settings have."""
    from bridge.request import post_fields  # noqa: PLC0415 - not for --help

    return post_fields({name: value for name, value in wanted.items() if value is not None})


def _grid(bars: int | None, bpm: str | None, meter: str) -> dict[str, Any]:
    from bridge.tools import music  # noqa: PLC0415 - not for --help

    signature = music.parse_meter(meter)
    tempo = None if bpm is None else music.check_bpm(bpm)
    return {"bars": bars, "bpm": tempo, "beats_per_bar": signature.beats, "beat_unit": signature.unit}


async def _post(file: Path, order: dict[str, Any], out: Path | None) -> None:
    from bridge.cli import report  # noqa: PLC0415 - heavy
    from bridge.cli.finishing import finish_to  # noqa: PLC0415 - heavy

    said = await finish_to(file, order, out)
    if screen.as_json():
        screen.answer(said)
        return
    screen.table("", report.COLUMNS[:-1], [(said["path"], *report.figures(said))])
    for step in said["steps"]:
        screen.say(report.step(step))
    for warning in said["warnings"]:
        screen.say(f"note: {warning}")


def inspect(*, file: File, bpm: Bpm = None, picture: Picture = None, json: Json = False) -> None:
    """Measure a sound file, read its provenance.

    Loudness, true peak, tempo, and what it says of itself: is it AI-made, with what, from what.
    """
    del json
    asyncio.run(_inspect(file, bpm, picture))


async def _inspect(file: Path, bpm: str | None, picture: Path | None) -> None:
    from bridge.cli import report  # noqa: PLC0415 - heavy
    from bridge.daemon import worker_log  # noqa: PLC0415 - heavy
    from bridge.settings import home  # noqa: PLC0415 - heavy
    from bridge.tools import music  # noqa: PLC0415 - not for --help
    from bridge.tools.worker import Workers  # noqa: PLC0415 - not for --help

    hint = None if bpm is None else music.check_bpm(bpm)
    workers = Workers(size=1, log=worker_log(home()))
    try:
        order = {"path": str(file.absolute()), "bpm": hint, "bins": 1100}
        said = await workers.run("bridge.post:inspect", order)
    finally:
        await workers.close()
    if picture:
        report.picture(file.name, [(file.name, said)], picture, bar_s=240 / hint if hint else None)
    envelope = said.pop("envelope")
    if screen.as_json():
        screen.answer({**said, "path": str(file)})
    else:
        report.inspected(said, envelope)
