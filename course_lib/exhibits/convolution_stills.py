"""Still pictures of the exhibits of `convolution`, for print and readers without JavaScript."""

import numpy as np
from matplotlib.patches import Rectangle

from course_lib.convolution import conv2d, pad_same

SIGNED = "PuOr_r"  # purple below zero, orange above, as in the book's other figures
INK, QUIET, WINDOW, OUTPUT, FIELD = "#1f2328", "#57606a", "#f2b988", "#cfe9df", "#f6f8fa"


def draw_kernel(figure, exhibit):
    """Draw image, kernel and response side by side."""
    image_axes, kernel_axes, response_axes = figure.subplots(1, 3, width_ratios=(4, 3, 4))
    weights, response = exhibit.weights(), exhibit.response()
    row, column = np.minimum(exhibit.cursor, np.array(response.shape) - 1)
    if exhibit.padding == "same":
        padded = pad_same(exhibit.levels()[np.newaxis, :, :, np.newaxis], weights.shape)
        before = (np.array(padded.shape[1:3]) - exhibit.levels().shape) // 2
    else:
        before = (0, 0)
    _picture(image_axes, exhibit.levels(), "gray", (0, 255), "image")
    _box(image_axes, row - before[0], column - before[1], *weights.shape)
    _numbers(kernel_axes, weights, "kernel, flipped" if exhibit.flipped else "kernel")
    reach = np.abs(response).max() or 1
    limits = {"signed": (-reach, reach), "range": (response.min(), response.max())}
    colours = SIGNED if exhibit.colours == "signed" else "gray"
    title = f"response, {response.min():.0f} to {response.max():.0f}"
    _picture(response_axes, response, colours, limits.get(exhibit.colours, (0, 255)), title)
    _box(response_axes, row, column, 1, 1)


def draw_output_size(figure, exhibit):
    """Draw the padded input with one window, and the output with the cell that it makes."""
    grid_axes, output_axes = figure.subplots(1, 2, width_ratios=(3, 2))
    rows, columns = exhibit.output_shape()
    fits = rows * columns > 0
    before, after = _paddings(exhibit) if fits else ((0, 0), (0, 0))
    (height, width), position = exhibit.size, min(exhibit.position, max(rows * columns - 1, 0))
    at = divmod(position, columns) if fits else (0, 0)
    for row in range(-before[0], height + after[0]):
        for column in range(-before[1], width + after[1]):
            inside = 0 <= row < height and 0 <= column < width
            _cell(grid_axes, row, column, FIELD if inside else "white", inside)
    taps = [
        [at[axis] * exhibit.strides[axis] - before[axis] + tap * exhibit.dilation_rate[axis]
         for tap in range(exhibit.kernel_size[axis])]
        for axis in (0, 1)
    ]  # fmt: skip
    for row in taps[0] if fits else ():
        for column in taps[1]:
            _cell(grid_axes, row, column, WINDOW)
    for row in range(rows):
        for column in range(columns):
            _cell(output_axes, row, column, WINDOW if (row, column) == at else OUTPUT)
    frame = (-before[0], height + after[0], -before[1], width + after[1])
    _grid(grid_axes, f'input {height} × {width}, padding "{exhibit.padding}"', frame)
    title = f"output {rows} × {columns}" if fits else "no output: the kernel does not fit"
    _grid(output_axes, title, frame)


def draw_filters(figure, exhibit):
    """Draw channels, the chosen filter's answer to each, their sum, and the stack of maps."""
    levels, stack, maps = exhibit.levels(), exhibit.stack(), exhibit.feature_maps()
    chosen = min(exhibit.chosen, exhibit.filters - 1)
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 1.6))
    axes = top.subplots(3, exhibit.channels + 1, squeeze=False)
    parts = [
        conv2d(levels[np.newaxis, :, :, c : c + 1], stack[:, :, c : c + 1, chosen, np.newaxis],
               padding="same")[0, :, :, 0]
        for c in range(exhibit.channels)
    ]  # fmt: skip
    reach = max(np.abs(parts).max(), np.abs(maps[:, :, chosen]).max()) or 1
    weight = np.abs(stack).max() or 1
    for c, part in enumerate(parts):
        _picture(axes[0, c], levels[:, :, c], "gray", (0, 1), f"channel {c + 1}")
        kernel = stack[:, :, c, chosen]
        _picture(axes[1, c], kernel, SIGNED, (-weight, weight), "its kernel")
        _picture(axes[2, c], part, SIGNED, (-reach, reach), "its response")
    axes[0, -1].axis("off")
    axes[1, -1].axis("off")
    total = "sum + bias" if exhibit.use_bias else "sum"
    _picture(axes[2, -1], maps[:, :, chosen], SIGNED, (-reach, reach), total)
    row = bottom.subplots(1, 8)
    for f, cell in enumerate(row):
        if f < exhibit.filters:
            limit = np.abs(maps[:, :, f]).max() or 1
            _picture(cell, maps[:, :, f], SIGNED, (-limit, limit), f"filter {f + 1}")
        else:
            cell.axis("off")


def _paddings(exhibit):
    images = np.zeros((1, *exhibit.size, 1))
    if exhibit.padding == "valid":
        return (0, 0), (0, 0)
    padded = pad_same(images, exhibit.kernel_size, exhibit.strides, exhibit.dilation_rate)
    total = np.array(padded.shape[1:3]) - exhibit.size
    return total // 2, total - total // 2


def _picture(axes, values, colours, limits, title):
    axes.imshow(values, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    _bare(axes, title)


def _bare(axes, title):
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#c4cbd3")


def _box(axes, row, column, height, width):
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="white", linewidth=3))
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="black", linewidth=1))


def _numbers(axes, weights, title):
    reach = np.abs(weights).max() or 1
    axes.imshow(weights, cmap=SIGNED, vmin=-2 * reach, vmax=2 * reach)
    size = 11 if max(weights.shape) <= 3 else 6.5
    for (row, column), weight in np.ndenumerate(weights):
        label = f"{weight:.3g}".replace("-", "−")
        axes.text(column, row, label, ha="center", va="center", fontsize=size, color=INK)
    _bare(axes, title)


def _cell(axes, row, column, colour, inside=True):
    axes.add_patch(
        Rectangle(
            (column, row), 1, 1, facecolor=colour, edgecolor=QUIET, linewidth=0.6,
            linestyle="-" if inside else ":",
        )
    )  # fmt: skip
    if not inside:
        axes.text(column + 0.5, row + 0.5, "0", ha="center", va="center", fontsize=7, color=QUIET)


def _grid(axes, title, frame):
    top, bottom, left, right = frame
    axes.set_xlim(left - 0.1, right + 0.1)
    axes.set_ylim(bottom + 0.1, top - 0.1)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(title, fontsize=10, color=INK)
