"""Draws what was done to a sound: waveforms under each other on one time axis, as a PNG to look at or to share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

WIDTH = 1200
_TWICE = 2  # drawn at twice the size, then reduced: the only way Pillow gives smooth edges
_MARGIN, _HEAD, _AXIS, _PANEL, _GAP = 40, 78, 34, 190, 16
_WAVE_HEIGHT = 128

_NIGHT, _SLATE, _LINE, _BAR_LINE = "#14171c", "#1b2027", "#2a313b", "#3d4754"
_TEXT, _QUIET = "#e8ebef", "#98a3b0"
_TICKS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
_MOST_TICKS, _MOST_LETTERS = 12, 200


@dataclass(frozen=True)
class Panel:
    """One waveform. `envelope` holds the lowest and highest sample (-1 … 1) of equal stretches of its `duration_s`.

    `beat_lines` are the bar lines as fractions of the duration; `subtitle` says the levels ("-14.0 LUFS · -1.0 dBTP").
    """

    title: str
    subtitle: str
    envelope: Sequence[tuple[float, float]]
    duration_s: float
    beat_lines: Sequence[float] = ()
    colour: str = "#6cb6ff"


def draw(panels: Sequence[Panel], out: Path, title: str) -> None:
    """A PNG of 1200 pixels width with the panels under each other, all on the time axis of the longest.

    Raises:
        ValueError: there is no panel to draw.
    """
    if not panels:
        raise ValueError("A picture needs at least one panel.")
    height = _HEAD + len(panels) * (_PANEL + _GAP) + _AXIS
    image = Image.new("RGB", (WIDTH * _TWICE, height * _TWICE), _NIGHT)
    sheet = _Sheet(ImageDraw.Draw(image), max(panel.duration_s for panel in panels))
    sheet.text(_MARGIN, 26, title, 24, _TEXT)
    for index, panel in enumerate(panels):
        _panel(sheet, panel, _HEAD + index * (_PANEL + _GAP))
    _axis(sheet, height - _AXIS - _GAP // 2)
    image.resize((WIDTH, height), Image.Resampling.BOX).save(out, "PNG", optimize=True)


@dataclass(frozen=True)
class _Sheet:
    """The canvas in the finished picture's pixels, and the time axis that all panels share."""

    pen: ImageDraw.ImageDraw
    longest_s: float

    def x(self, at_s: float) -> float:
        return _MARGIN + (WIDTH - 2 * _MARGIN) * at_s / max(self.longest_s, 1e-9)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, radius: int = 0) -> None:
        corners = [value * _TWICE for value in (left, top, max(left, right), max(top, bottom))]
        self.pen.rounded_rectangle(corners, radius * _TWICE, fill=colour)

    def text(self, x: float, y: float, words: str, size: int, colour: str, anchor: str = "la") -> None:
        font = ImageFont.load_default(size=size * _TWICE)
        shown = words[:_MOST_LETTERS]
        while font.getlength(shown) > (WIDTH - 2 * _MARGIN) * _TWICE:
            shown = shown[:-2] + "…"
        self.pen.text((x * _TWICE, y * _TWICE), shown, fill=colour, font=font, anchor=anchor)


def _panel(sheet: _Sheet, panel: Panel, top: float) -> None:
    sheet.text(_MARGIN, top + 24, panel.title, 17, panel.colour, "ls")
    sheet.text(WIDTH - _MARGIN, top + 24, panel.subtitle, 16, _QUIET, "rs")
    wave_top = top + 40
    middle, bottom = wave_top + _WAVE_HEIGHT / 2, wave_top + _WAVE_HEIGHT
    sheet.box(_MARGIN, wave_top, WIDTH - _MARGIN, bottom, _SLATE, 6)
    for level in (0.25, 0.75):
        y = wave_top + _WAVE_HEIGHT * level
        sheet.box(_MARGIN, y, WIDTH - _MARGIN, y, _LINE)
    for fraction in panel.beat_lines:
        x = sheet.x(fraction * panel.duration_s)
        sheet.box(x - 0.5, wave_top, x + 0.5, bottom, _BAR_LINE)
    for left, right, low, high in _columns(sheet, panel):
        reach = _WAVE_HEIGHT / 2 - 3
        sheet.box(left, middle - high * reach - 0.5, right, middle - low * reach + 0.5, panel.colour)
    edge = _dimmed(panel.colour)
    sheet.box(_MARGIN, middle, sheet.x(panel.duration_s), middle, edge)


def _columns(sheet: _Sheet, panel: Panel) -> Iterator[tuple[float, float, float, float]]:
    """Left, right, lowest and highest of each column: half a pixel wide, so that a dense envelope stays true."""
    right_end = sheet.x(panel.duration_s)
    count = min(len(panel.envelope), max(1, round((right_end - _MARGIN) * _TWICE)))
    width = (right_end - _MARGIN) / max(count, 1)
    for column in range(count):
        first = column * len(panel.envelope) // count
        last = max((column + 1) * len(panel.envelope) // count, first + 1)
        part = panel.envelope[first:last]
        low, high = max(min(low for low, _ in part), -1.0), min(max(high for _, high in part), 1.0)
        yield _MARGIN + column * width, _MARGIN + (column + 1) * width - 1 / _TWICE, low, high


def _axis(sheet: _Sheet, top: float) -> None:
    step = next((tick for tick in _TICKS_S if sheet.longest_s / tick <= _MOST_TICKS), 3600.0)
    for index in range(int(sheet.longest_s / step + 1e-9) + 1):
        x = sheet.x(index * step)
        sheet.box(x - 0.5, top, x + 0.5, top + 5, _QUIET)
        sheet.text(x, top + 9, _clock(index * step), 13, _QUIET, "ma")


def _clock(at_s: float) -> str:
    """Seconds as they stand on an axis: 2.5 s, or 1:30 from a minute on."""
    if at_s >= 60:  # noqa: PLR2004 - a minute
        return f"{int(at_s) // 60}:{int(at_s) % 60:02d}"
    return f"{at_s:g} s"


def _dimmed(colour: str) -> str:
    red, green, blue = (round(part * 0.6) for part in ImageColor.getrgb(colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
