"""Drawing primitives: where they draw, what they write, and that it can be read."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from course_lib import plots


@pytest.fixture(autouse=True)
def _clean_figures():
    before = plt.rcParams.copy()
    backend = plt.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)
    plt.rcParams.update(before)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def rectangles(axes):
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def test_a_canvas_is_measured_in_cells_and_y_grows_downwards():
    axes = plots.canvas(10, 5, unit=0.5)
    assert tuple(axes.figure.get_size_inches()) == (5, 2.5)
    first, below = axes.transData.transform([(0, 0), (0, 1)])
    assert below[1] < first[1]
    assert first[1] - below[1] == pytest.approx(0.5 * axes.figure.dpi)


def test_grid_writes_each_number_in_the_middle_of_its_cell():
    axes = plots.canvas(6, 6)
    drawn = plots.grid(axes, [[1, -2, 3.5], [4, 0, 6]], at=(1, 2))
    assert texts(axes) == ["1", "−2", "3.5", "4", "0", "6"]
    assert axes.texts[5].get_position() == drawn.centre(1, 2) == (3.5, 3.5)
    assert len(rectangles(axes)) == 6
    assert (drawn.right, drawn.bottom, drawn.middle) == (4, 4, (2.5, 3))


def test_grid_leaves_nan_cells_empty_and_text_none_leaves_all():
    axes = plots.canvas(6, 6)
    plots.grid(axes, [[1, np.nan]])
    plots.grid(axes, [[1, 2]], text=None)
    assert texts(axes) == ["1"]


def test_grid_of_a_batch_says_what_to_do():
    with pytest.raises(ValueError, match=r"shape \(rows, columns\); got \(1, 3, 3, 1\)"):
        plots.grid(plots.canvas(3, 3), np.zeros((1, 3, 3, 1)))


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (-1.0, "{:g}", "−1"),
        (-0.0, "{:g}", "0"),
        (-0.004, "{:.2f}", "0.00"),
        (-0.4, "{:.1f}", "−0.4"),
        (-1e-7, "{:.0e}", "−1e−07"),
    ],
)
def test_number(value, text, expected):
    assert plots.number(value, text) == expected


def test_highlight_frames_the_window_also_in_the_padding():
    axes = plots.canvas(9, 9)
    where = plots.grid(axes, np.zeros((3, 3)), at=(2, 2), cell=0.5)
    plots.highlight(axes, where, -1, 1, 2, 3)
    frame = rectangles(axes)[-1]
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((2.5, 1.5), 1.5, 1.0)


def test_crossed_out_cells_differ_by_more_than_colour():
    axes = plots.canvas(4, 4)
    plots.cross_out(axes, plots.grid(axes, np.zeros((4, 4))), 3, 0, 1, 4)
    assert rectangles(axes)[-1].get_hatch()


def test_arrow_and_label_are_above_cells():
    axes = plots.canvas(4, 4)
    plots.grid(axes, np.zeros((4, 4)), text=None)
    cells = max(patch.get_zorder() for patch in axes.patches)
    plots.arrow(axes, (0, 0), (2, 2))
    plots.label(axes, (1, 1), "here")
    assert axes.patches[-1].get_zorder() > cells
    assert axes.texts[-1].get_zorder() > cells


def test_numbers_can_be_read_on_every_shade():
    for fill in plots.shades(np.linspace(-1, 1, 41)):
        assert plots.contrast(plots.readable(fill), fill) >= 4.5
    for fill in plots.tones(np.linspace(0, 1, 41)):
        assert plots.contrast(plots.readable(fill), fill) >= 4.5


@pytest.mark.parametrize("colour", [plots.INK, plots.MUTED, *plots.SERIES[:4]])
def test_words_can_be_read_on_paper(colour):
    assert plots.contrast(colour, plots.PAPER) >= 4.5


def test_shades_are_symmetric_in_strength_and_zero_is_white():
    negative, zero, positive = plots.shades([-2.0, 0.0, 2.0])
    assert zero[:3].min() > 0.95
    assert negative[2] > negative[1]  # purple: blue over green
    assert positive[0] > positive[2]  # orange: red over blue
    np.testing.assert_array_equal(plots.shades([1.0], limit=2), plots.shades([0.5], limit=1))
    assert np.isfinite(plots.shades(np.zeros((2, 2)))).all()


def test_the_strongest_shades_are_far_from_black():
    for fill in plots.shades([-1.0, 1.0]):
        assert plots.contrast(fill, "black") > 3


def test_contrast_is_the_guidelines():
    assert plots.contrast("white", "black") == pytest.approx(21)
    assert plots.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_picture_keeps_the_canvas_as_it_was():
    axes = plots.canvas(10, 5)
    before = axes.get_xlim(), axes.get_ylim()
    drawn = plots.picture(axes, np.zeros((4, 8)), at=(1, 1), width=4)
    assert (axes.get_xlim(), axes.get_ylim()) == before
    assert axes.images[0].get_extent() == [1, 5, 3, 1]
    assert (drawn.cell, drawn.bottom) == (0.5, 3)


def test_a_signed_picture_has_gray_for_zero():
    axes = plots.canvas(4, 4)
    plots.picture(axes, np.zeros((2, 2)), width=4, signed=True)
    image = axes.images[0]
    assert image.norm(0) == 0.5
    assert (image.norm(-1), image.norm(1)) == (0, 1)


def test_a_row_of_pictures_has_one_scale_and_compares_signed_ones():
    large, small = np.full((8, 8), -4.0), np.full((4, 4), 2.0)
    axes = plots.picture_row([large, small, small], ["a", "b", "c"], signed=(0, 1), width=8, gap=1)
    assert texts(axes) == ["a", "b", "c"]
    extents = [image.get_extent() for image in axes.images]
    assert [right - left for left, right, *_ in extents] == [8, 4, 4]
    assert [left for left, *_ in extents] == [0, 9, 14]
    shown = [float(image.get_array()[0, 0]) for image in axes.images]
    assert shown == [-1, 0.5, 2]
    axes = plots.picture_row([large, small], ["a", "b"], signed=(0, 1), limit=2)
    assert [float(image.get_array()[0, 0]) for image in axes.images] == [-2, 1]


def test_a_row_of_pictures_needs_a_title_for_each():
    with pytest.raises(ValueError, match="each image needs a title; got 2 and 1"):
        plots.picture_row([np.zeros((2, 2))] * 2, ["one"])


def test_the_style_is_opaque():
    plots.use_style()
    assert plt.rcParams["figure.facecolor"] == plots.PAPER
    assert plt.rcParams["savefig.facecolor"] == plots.PAPER
