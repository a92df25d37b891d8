"""Still pictures of the exhibits of `convolution`, for print and readers without JavaScript."""

from itertools import product

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
    limits = {"signed": (-0.6 * reach, 0.6 * reach), "range": (response.min(), response.max())}
    colours = SIGNED if exhibit.colours == "signed" else "gray"
    title = f"response, {response.min():.0f} to {response.max():.0f}".replace("-", "−")
    _picture(response_axes, response, colours, limits.get(exhibit.colours, (0, 255)), title)
    _box(response_axes, row, column, 1, 1)


def draw_output_size(figure, exhibit):
    """Draw the padded input with one window, what no window reads, and the output."""
    shape, settings = exhibit.output_shape(), _settings(exhibit)
    before, after = _paddings(exhibit)
    height, width = (n + b + a for n, b, a in zip(exhibit.size, before, after, strict=True))
    grid_axes, output_axes = figure.subplots(1, 2, width_ratios=(width, max(width / 2, shape[1])))
    at = divmod(min(exhibit.position, shape[0] * shape[1] - 1), shape[1]) if all(shape) else None
    for row, column in product(
        range(-before[0], height - before[0]), range(-before[1], width - before[1])
    ):
        inside = 0 <= row < exhibit.size[0] and 0 <= column < exhibit.size[1]
        _cell(grid_axes, row, column, FIELD if inside else "white", inside)
    taps = [
        _taps(axis, n, place) for axis, n, place in zip(settings, before, at or (), strict=False)
    ]
    read = [
        {tap for place in range(n) for tap in _taps(axis, start, place)}
        for axis, start, n in zip(settings, before, shape, strict=True)
    ]
    for row, column in product(*map(range, exhibit.size)) if at else ():
        if row not in read[0] or column not in read[1]:
            _cell(grid_axes, row, column, "none", hatch="////")
    for row, column in product(*taps) if at else ():
        _cell(grid_axes, row, column, WINDOW)
    for row, column in product(*map(range, shape)):
        _cell(output_axes, row, column, WINDOW if (row, column) == at else OUTPUT)
    _grid(
        grid_axes,
        f'input {exhibit.size[0]} × {exhibit.size[1]}, padding "{exhibit.padding}"',
        (-before[0], height - before[0], -before[1], width - before[1]),
    )
    title = f"output {shape[0]} × {shape[1]}" if at else "no output: the kernel does not fit"
    _grid(output_axes, title, (0, height, 0, max(width / 2, shape[1])))


def draw_filters(figure, exhibit):
    """Draw channels, the chosen filter's answer to each, their sum, and the stack of maps."""
    levels, stack, maps = exhibit.levels(), exhibit.stack(), exhibit.feature_maps()
    chosen = min(exhibit.chosen, exhibit.filters - 1)
    top, bottom = figure.subfigures(2, 1, height_ratios=(3.3, 1.3))
    axes = top.subplots(3, exhibit.channels + 1, squeeze=False)
    parts = [_part(levels, stack, channel, chosen) for channel in range(exhibit.channels)]
    reach = max(np.abs(parts).max(), np.abs(maps[:, :, chosen]).max()) or 1
    weight = np.abs(stack).max() or 1
    for c, part in enumerate(parts):
        _picture(axes[0, c], levels[:, :, c], "gray", (0, 1), f"channel {c + 1}")
        _picture(axes[1, c], stack[:, :, c, chosen], SIGNED, (-weight, weight), "⋆ kernel slice")
        _picture(axes[2, c], part, SIGNED, (-reach, reach), "= response")
    for empty in axes[:2, -1]:
        empty.axis("off")
    total = "sum + bias" if exhibit.use_bias else "sum"
    _picture(
        axes[2, -1], maps[:, :, chosen], SIGNED, (-reach, reach), f"{total} = map {chosen + 1}"
    )
    for f, cell in enumerate(bottom.subplots(1, 8)):
        if f >= exhibit.filters:
            cell.axis("off")
            continue
        limit = np.abs(maps[:, :, f]).max() or 1
        _picture(cell, maps[:, :, f], SIGNED, (-limit, limit), f"map {f + 1}")


def _part(levels, stack, channel, chosen):
    images = levels[np.newaxis, :, :, channel : channel + 1]
    return conv2d(images, stack[:, :, channel : channel + 1, [chosen]], padding="same")[0, :, :, 0]


def _settings(exhibit):
    return list(zip(exhibit.kernel_size, exhibit.strides, exhibit.dilation_rate, strict=True))


def _taps(axis, before, place):
    kernel_size, stride, dilation_rate = axis
    return [place * stride - before + tap * dilation_rate for tap in range(kernel_size)]


def _paddings(exhibit):
    images = np.zeros((1, *exhibit.size, 1))
    if exhibit.padding == "valid":
        return (0, 0), (0, 0)
    padded = pad_same(images, exhibit.kernel_size, exhibit.strides, exhibit.dilation_rate)
    total = np.array(padded.shape[1:3]) - exhibit.size
    return total // 2, total - total // 2


def _picture(axes, values, colours, limits, title):
    # The last bits of a sum differ from run to run, and would flip the colour of an exact zero.
    values = np.round(values, 6)
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


def _cell(axes, row, column, colour, inside=True, hatch=None):
    axes.add_patch(
        Rectangle(
            (column, row), 1, 1, facecolor=colour, edgecolor=QUIET, linewidth=0.6,
            linestyle="-" if inside else ":", hatch=hatch,
        )
    )  # fmt: skip
    if not inside:
        axes.text(column + 0.5, row + 0.5, "0", ha="center", va="center", fontsize=7, color=QUIET)


def _grid(axes, title, frame):
    top, bottom, left, right = frame
    axes.set_xlim(left - 0.1, right + 0.1)
    axes.set_ylim(bottom + 0.1, top - 0.1)
    axes.set_aspect("equal", anchor="NW")
    axes.axis("off")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
