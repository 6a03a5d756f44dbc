"""The picture of what was done: size, axes, waveforms where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from bridge.tools.picture import WIDTH, Panel, draw

BLUE, AMBER = "#6cb6ff", "#f2a65a"


def drawn(folder, *panels, title="Four bars at 92 BPM"):
    draw(panels, folder / "picture.png", title)
    with Image.open(folder / "picture.png") as image:
        return np.asarray(image.convert("RGB")).astype(int)


def where(pixels, colour, near=24):
    """Rows and columns of the pixels that are about of a colour."""
    return np.nonzero(np.abs(pixels - ImageColor.getrgb(colour)).sum(axis=2) < near)


def test_a_picture_is_a_png_of_its_width_with_a_panel_for_each_sound(tmp_path):
    """Each panel adds the same height, and both colours are there, one above the other."""
    one = drawn(tmp_path, Panel("before", "-23.0 LUFS", [(-0.5, 0.5)] * 50, 2.0, colour=BLUE))
    two = drawn(
        tmp_path,
        Panel("before", "-23.0 LUFS", [(-0.5, 0.5)] * 50, 2.0, colour=BLUE),
        Panel("after", "-14.0 LUFS", [(-0.9, 0.9)] * 50, 2.0, colour=AMBER),
    )
    assert one.shape[1] == two.shape[1] == WIDTH
    assert two.shape[0] > one.shape[0]
    assert where(two, BLUE)[0].max() < where(two, AMBER)[0].min()


def test_a_louder_sound_is_drawn_taller(tmp_path):
    """The height of a waveform is its level."""
    pixels = drawn(tmp_path, Panel("", "", [(-0.1, 0.1)] * 50 + [(-0.8, 0.8)] * 50, 2.0, colour=BLUE))
    rows, columns = where(pixels, BLUE)
    left, right = (np.ptp(rows[side]) for side in (columns < WIDTH * 0.45, columns > WIDTH * 0.55))
    assert right == pytest.approx(8 * left, rel=0.25)


def test_panels_share_one_time_axis(tmp_path):
    """A sound of half the duration takes half the width."""
    pixels = drawn(
        tmp_path,
        Panel("", "", [(-0.5, 0.5)] * 100, 1.0, colour=BLUE),
        Panel("", "", [(-0.5, 0.5)] * 100, 2.0, colour=AMBER),
    )
    assert np.ptp(where(pixels, AMBER)[1]) == pytest.approx(2 * np.ptp(where(pixels, BLUE)[1]), rel=0.01)


def test_bar_lines_are_drawn_where_they_are_known(tmp_path):
    """A bar line at half the duration is a line in the middle of the sheet."""
    quiet = [(-0.01, 0.01)] * 100
    without = drawn(tmp_path, Panel("", "", quiet, 2.0))
    with_line = drawn(tmp_path, Panel("", "", quiet, 2.0, beat_lines=[0.5]))
    columns = np.nonzero(np.abs(with_line - without).sum(axis=(0, 2)))[0]
    assert {WIDTH // 2} <= set(columns) <= {WIDTH // 2 - 1, WIDTH // 2, WIDTH // 2 + 1}


@pytest.mark.parametrize(
    ("envelope", "duration_s"), [([], 1.0), ([(0.0, 0.0)], 0.0), ([(-9.0, 9.0)] * 5000, 4000.0), ([(-1.0, 1.0)], 0.004)]
)
def test_odd_sounds_are_drawn_too(tmp_path, envelope, duration_s):
    """Empty, silent, over-full, very long and very short sounds all give a picture."""
    assert drawn(tmp_path, Panel("odd", "", envelope, duration_s, [0.0, 1.0])).shape[1] == WIDTH


def test_a_long_title_stays_on_the_sheet(tmp_path):
    """A title longer than the sheet ends in an ellipsis before the margin."""
    pixels = drawn(tmp_path, Panel("", "", [], 1.0), title="dusty lo-fi hip hop " * 40)
    rows, columns = where(pixels[:70], "#e8ebef", near=120)
    assert rows.size
    assert columns.max() < WIDTH - 30


def test_a_picture_of_nothing_is_refused(tmp_path):
    """No panels, no picture."""
    with pytest.raises(ValueError, match="at least one panel"):
        draw([], tmp_path / "picture.png", "")
