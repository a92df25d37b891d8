"""The still pictures of the exhibits of `convolution_vs_dense`."""

import colorsys

import numpy as np
from matplotlib.patches import Rectangle

INK, LINE, PAPER = "#1f2328", "#c4cbd3", "#ffffff"
FIRST = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#8b5a2b",
    "#7d7d7d")  # fmt: skip


def draw_matrix(figure, exhibit):
    """Draw image, kernel and output in a column, and A beside them with what is lit."""
    numbers, matrix = exhibit.numbers(), exhibit.matrix()
    row, column = exhibit.place()
    row = None if exhibit.pointing == "output" else row
    column = None if exhibit.pointing == "input" else column
    shared = exhibit.layer == "convolutional"
    small, large = figure.subplots(1, 2, width_ratios=(2, 5))
    small.remove()
    side = figure.add_gridspec(1, 2, width_ratios=(2, 5))[0].subgridspec(3 if shared else 2, 1)
    axes = [figure.add_subplot(part) for part in side]
    _levels(axes[0], exhibit.pixels()[..., 0], (0, 9), "image I")
    if shared:
        _kernel(axes[1], exhibit.kernels())
    output = exhibit.output()[..., 0]
    reach = np.abs(output).max() or 1
    _levels(axes[-1], output, (-reach, reach), "output O")
    if row is not None:
        _frame(axes[0], *_place(row, exhibit.size, exhibit.channels), 1, 1)
    if column is not None:
        _frame(axes[-1], *_place(column, output.shape[1], exhibit.filters), 1, 1)
    _entries(large, numbers, matrix, (row, column))
    large.set_title(f"A, {numbers.shape[0]} × {numbers.shape[1]}", fontsize=9, color=INK)


def draw_shift(figure, exhibit):
    """Draw the scene with two frames, the layer's output of both views, and their difference."""
    scene, (down, right) = exhibit.scene()[0, ..., 0], exhibit.shift
    height, width = scene.shape[0] - down, scene.shape[1] - right
    axes = figure.subplots(1, 4)
    axes[0].imshow(scene, cmap="gray", vmin=0, vmax=255)
    _frame(axes[0], 0, 0, height, width)
    _frame(axes[0], down, right, height, width)
    _bare(axes[0], "two views")
    views = np.stack([scene[:height, :width], scene[down:, right:]])[..., np.newaxis]
    first, second = exhibit.output(views)[..., 0]
    reach = np.abs(first).max() or 1
    rows, columns = down // exhibit.strides, right // exhibit.strides
    moved = np.zeros_like(first)
    moved[: first.shape[0] - rows, : first.shape[1] - columns] = first[rows:, columns:]
    for place, values, title in ((1, second, "move, then layer"), (2, moved, "layer, then move")):
        # Rounded, since the last bits differ from run to run and would flip a colour.
        shown = np.round(values / reach, 6)
        axes[place].imshow(shown, cmap="PuOr_r", vmin=-0.6, vmax=0.6)
        _bare(axes[place], title)
    error = np.round(np.nan_to_num(exhibit.error()) / reach, 6)
    axes[3].imshow(error, cmap="gray", vmin=0, vmax=0.4)
    _bare(axes[3], "difference")


def weight_colour(number):
    """Return the colour of a weight by its number; the page's, near enough."""
    if number < len(FIRST):
        return FIRST[number]
    light = (0.45, 0.6, 0.72)[number % 3]
    return colorsys.hls_to_rgb(number * 137.508 / 360 % 1, light, 0.62)


def _place(number, width, depth):
    return divmod(number // depth, width)


def _levels(axes, values, limits, title):
    axes.imshow(values, cmap="gray", vmin=limits[0], vmax=limits[1])
    for (row, column), value in np.ndenumerate(values):
        shade = (value - limits[0]) / (limits[1] - limits[0])
        _write(axes, row, column, value, "black" if shade > 0.5 else "white", values.shape)
    _bare(axes, title)


def _kernel(axes, kernels):
    values = kernels[:, :, 0, 0]
    channels, filters = kernels.shape[2:]
    axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(values.shape[0] - 0.5, -0.5), aspect="equal")
    for (row, column), value in np.ndenumerate(values):
        number = (row * values.shape[1] + column) * channels * filters
        _cell(axes, row, column, weight_colour(number))
        _write(axes, row, column, value, "black", values.shape)
    _bare(axes, "kernel")


def _entries(axes, numbers, matrix, lit):
    rows, columns = numbers.shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    axes.set_facecolor(PAPER)
    colours = np.ones((rows, columns, 4))
    for row, column in zip(*np.nonzero(numbers >= 0), strict=True):
        shade = weight_colour(numbers[row, column])
        colours[row, column, :3] = _rgb(shade)
        colours[row, column, 3] = 1 if row == lit[0] or column == lit[1] else 0.45
    axes.imshow(colours, interpolation="nearest")
    if rows <= 25:
        for row, column in zip(*np.nonzero(numbers >= 0), strict=True):
            _write(axes, row, column, matrix[row, column], "black", (rows, columns))
    if lit[0] is not None:
        _frame(axes, lit[0], 0, 1, columns)
    if lit[1] is not None:
        _frame(axes, 0, lit[1], rows, 1)
    _bare(axes, "")


def _rgb(colour):
    if isinstance(colour, str):
        return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colour


def _cell(axes, row, column, colour):
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=colour, ec=LINE, lw=0.6))


def _write(axes, row, column, value, colour, shape):
    text = f"{value:g}".replace("-", "−")
    size = 8 if max(shape) <= 4 else 6
    axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def _frame(axes, row, column, height, width):
    corner = (column - 0.5, row - 0.5)
    for colour, line in (("white", 3.4), ("black", 1.6)):
        axes.add_patch(Rectangle(corner, width, height, fill=False, ec=colour, lw=line, zorder=5))


def _bare(axes, title):
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
