"""The still pictures of the exhibits of `cnn`."""

import numpy as np
from matplotlib.patches import Rectangle

from course_lib.exhibits.cnn_network import layer_names

INK, LINE, ACCENT, QUIET = "#1f2328", "#c4cbd3", "#0b5cad", "#57606a"


def draw_network(figure, exhibit):
    """Draw the picture and the bars above, and a row of maps for each layer below."""
    outputs, picture = exhibit.outputs(), exhibit.picture()[0, :, :, 0]
    names = layer_names(exhibit.layers())
    rows = [(name, maps[0]) for name, maps in zip(names, outputs, strict=False) if maps.ndim == 4]
    parts = figure.subfigures(1 + len(rows), 1, height_ratios=[2.6] + [1] * len(rows))
    left, right = parts[0].subplots(1, 2, width_ratios=(1, 3))
    left.imshow(picture, cmap="gray", vmin=0, vmax=1)
    bare(left, "what comes in")
    _bars(right, exhibit.probabilities())
    for part, (name, maps) in zip(parts[1:], rows, strict=True):
        _maps(part, name, maps)


def bare(axes, title=""):
    """Take ticks away, and make the frame thin."""
    axes.set_title(title, fontsize=9, color=INK)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(LINE)


def _bars(axes, probabilities):
    colours = [ACCENT if p == probabilities.max() else QUIET for p in probabilities]
    places = np.arange(len(probabilities))
    # Rounded, since the last bits differ from run to run and would move an edge.
    axes.bar(places, np.round(probabilities, 4), color=colours)
    axes.set(xticks=places, ylim=(0, 1), yticks=(0, 0.5, 1))
    axes.tick_params(labelsize=8)
    axes.set_title("probability of each digit", fontsize=9, color=INK)


def _maps(part, name, maps):
    height, width, count = maps.shape
    gap = max(1, width // 8)
    row = np.full((height, count * (width + gap) - gap), np.nan)
    for channel in range(count):
        start = channel * (width + gap)
        row[:, start : start + width] = maps[:, :, channel] / max(maps[:, :, channel].max(), 1e-9)
    axes = part.subplots()
    axes.imshow(np.round(row, 4), cmap="gray", vmin=0, vmax=1, aspect="equal")
    axes.axis("off")
    axes.set_title(f"{name}: {count} maps of {height} × {width}", fontsize=8, color=INK, pad=2)


def draw_pooling(figure, exhibit):
    """Draw the table with the chosen window, the output, and what gradient each number gets."""
    left, middle, right = figure.subplots(1, 3)
    table, output, gradient = exhibit.table(), exhibit.output(), exhibit.gradient()
    row, column = exhibit.place()
    before = 0
    if exhibit.padding == "same":
        reach = (len(output) - 1) * exhibit.strides + exhibit.pool_size
        before = max(reach - exhibit.size, 0) // 2
    corner = [at * exhibit.strides - before for at in (row, column)]
    _numbers(left, table, np.zeros_like(table), "the picture")
    _frame(left, *corner, exhibit.pool_size)
    _numbers(
        middle, output, np.zeros_like(output), f"{exhibit.kind}, {len(output)} × {len(output)}"
    )
    _frame(middle, row, column, 1)
    _numbers(right, gradient, gradient / gradient.max(), "gradient, if each window gets 1")


def _numbers(axes, values, tint, title):
    axes.imshow(np.round(tint, 4), cmap="Oranges", vmin=0, vmax=2)
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.2g}".lstrip("0") or "0"
        size = 7 if len(text) < 3 else 5.5
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=INK)
    bare(axes, title)


def _frame(axes, row, column, side):
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, side, side, fill=False, ec=ACCENT, lw=2, clip_on=False))
