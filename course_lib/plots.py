"""Drawing primitives of the book's figures: grids of numbers, windows, arrows, rows of pictures.

One `canvas` is measured in cells, so grids of any size can stand side by side with arrows between
them. Every figure is opaque and white, and so reads on light and dark pages alike. The colours are
Okabe and Ito's, some darkened until words in them can be read; the colour-blind can tell them
apart, and no figure speaks by colour alone.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colors
from matplotlib.patches import FancyArrowPatch, Rectangle

INK, MUTED, LINE, PAPER = "#1b1f24", "#59636e", "#9aa4ae", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#c25000", "#00795a", "#a8487a"
INPUT, KERNEL, OUTPUT, DROPPED = BLUE, ORANGE, GREEN, PURPLE
PADDING = "#e8ebee"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, "#56b4e9", "#b07c00")
SIGNED = "PuOr_r"  # negative purple, zero white, positive orange


@dataclass(frozen=True)
class Grid:
    """Where a grid of cells stands on a canvas; `grid` draws and returns one.

    Attributes:
        left: the x of its left edge, in cells of the canvas.
        top: the y of its upper edge; y grows downwards.
        rows: number of rows.
        columns: number of columns.
        cell: the side of one of its cells.
    """

    left: float
    top: float
    rows: int
    columns: int
    cell: float = 1.0

    @property
    def right(self):
        """The x of the right edge."""
        return self.left + self.columns * self.cell

    @property
    def bottom(self):
        """The y of the lower edge."""
        return self.top + self.rows * self.cell

    @property
    def middle(self):
        """The point at its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def corner(self, row, column):
        """The upper left point of a cell; rows and columns outside the grid are allowed."""
        return self.left + column * self.cell, self.top + row * self.cell

    def centre(self, row, column):
        """The middle of a cell."""
        return self.corner(row + 0.5, column + 0.5)


def use_style():
    """Set matplotlib's defaults for every figure of the book.

    Example:
        >>> use_style()
        >>> plt.rcParams["axes.spines.top"]
        False
    """
    plt.rcParams.update(
        {
            "figure.dpi": 144,
            "figure.facecolor": PAPER,
            "savefig.facecolor": PAPER,
            "font.size": 11,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=SERIES),
            "axes.grid": False,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "legend.frameon": False,
            "hatch.linewidth": 0.8,
            "image.cmap": "gray",
        }
    )


def canvas(width, height, unit=0.33):
    """Return axes without frame on which one unit is one cell and y grows downwards.

    Args:
        width: cells from left to right.
        height: cells from top to bottom.
        unit: inches per cell.

    Returns:
        The axes of a new figure.

    Example:
        >>> axes = canvas(10, 5)
        >>> axes.get_xlim(), axes.get_ylim()
        ((np.float64(0.0), np.float64(10.0)), (np.float64(5.0), np.float64(0.0)))
    """
    figure = plt.figure(figsize=(width * unit, height * unit))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.axis("off")
    return axes


def grid(axes, values, at=(0, 0), cell=1.0, fill=PAPER, text="{:g}", size=None, title=None):
    """Draw an array as cells with its numbers in them.

    Args:
        axes: from `canvas`.
        values: array of shape `(rows, columns)`; a cell that is NaN stays empty.
        at: the upper left point, `(x, y)`.
        cell: the side of a cell.
        fill: a colour, or an array of colours of shape `(rows, columns, 3 or 4)`, as `shades`
            makes it.
        text: a format for the numbers, or `None` to leave the cells empty.
        size: the numbers' size in points; by default what fits three characters.
        title: a line above.

    Returns:
        A `Grid`, for what is drawn on it next.

    Raises:
        ValueError: if `values` does not have two axes.

    Example:
        >>> grid(canvas(4, 3), np.eye(2), at=(1, 0.5)).middle
        (2.0, 1.5)
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ValueError(
            f"values must have the shape (rows, columns); got {values.shape}. Choose one channel "
            f"and one image, as in values[0, :, :, 0]."
        )
    drawn = Grid(*at, *values.shape, cell)
    fills = (
        np.broadcast_to(colors.to_rgba_array(fill), (*values.shape, 4))
        if (isinstance(fill, str))
        else np.asarray(fill)
    )
    for (row, column), value in np.ndenumerate(values):
        colour = fills[row, column]
        axes.add_patch(Rectangle(drawn.corner(row, column), cell, cell, fc=colour, ec=LINE, lw=0.8))
        if text is not None and not np.isnan(value):
            label(
                axes,
                drawn.centre(row, column),
                number(value, text),
                size or 10 * cell**0.5,
                colour=readable(colour),
            )
    if title:
        label(axes, (drawn.middle[0], drawn.top - 0.25), title, va="bottom")
    return drawn


def number(value, text="{:g}"):
    """Return a number as it is printed in a cell: a true minus sign, and no minus zero.

    Example:
        >>> number(-1.5), number(-0.001, "{:.2f}")
        ('−1.5', '0.00')
    """
    written = text.format(value)
    if float(written) == 0:
        written = written.lstrip("-")
    return written.replace("-", "−")


def highlight(axes, where, row, column, rows=1, columns=1, colour=KERNEL, tint=0.16, width=2.4):
    """Frame a window of a grid; it may reach beyond the grid, as into padding.

    Args:
        axes: from `canvas`.
        where: the `Grid`.
        row: first row of the window; negative in the padding.
        column: first column.
        rows: height of the window in cells.
        columns: width of the window in cells.
        colour: of the frame.
        tint: opacity of the window's inside.
        width: of the frame's line in points.
    """
    corner = where.corner(row, column)
    sides = columns * where.cell, rows * where.cell
    axes.add_patch(Rectangle(corner, *sides, fc=colour, ec="none", alpha=tint, zorder=2))
    axes.add_patch(Rectangle(corner, *sides, fc="none", ec=colour, lw=width, zorder=4))


def cross_out(axes, where, row, column, rows=1, columns=1, colour=DROPPED):
    """Hatch cells of a grid that are not used, so that they differ by more than colour."""
    sides = columns * where.cell, rows * where.cell
    axes.add_patch(
        Rectangle(
            where.corner(row, column), *sides, fc="none", ec=colour, hatch="////", lw=0, zorder=3
        )
    )


def arrow(axes, start, end, colour=MUTED, bend=0.0):
    """Draw an arrow between two points; `bend` curves it."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=12,
            lw=1.4,
            color=colour,
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=0,
            shrinkB=0,
            zorder=5,
        )
    )


def label(axes, at, text, size=11, colour=INK, ha="center", va="center", **style):
    """Write text at a point, above everything else."""
    axes.text(*at, text, fontsize=size, color=colour, ha=ha, va=va, zorder=6, **style)


def shades(values, limit=None, cmap=SIGNED):
    """Return a colour for every number, white for zero, stronger for larger magnitudes.

    Args:
        values: an array of numbers.
        limit: the magnitude that gets the strongest colour; the largest one by default.
        cmap: the name of a diverging colour map.

    Returns:
        An array of shape `(*values.shape, 4)`.

    Example:
        >>> shades([[-1.0, 0.0, 1.0]]).shape
        (1, 3, 4)
    """
    values = np.asarray(values, float)
    limit = limit or np.abs(values).max() or 1.0
    # The middle of the map: its ends are nearly black, and would draw the eye from the numbers.
    return plt.get_cmap(cmap)(0.5 + 0.32 * np.clip(values / limit, -1, 1))


def tones(values, low=0.0, high=1.0):
    """Return a gray for every number, black for `low` and white for `high`.

    Example:
        >>> tones([[0.0, 1.0]])[0, :, 0]
        array([0., 1.])
    """
    values = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1)
    return np.stack([values, values, values, np.ones_like(values)], axis=-1)


def contrast(first, second):
    """Return the contrast of two colours as the Web Content Accessibility Guidelines define it.

    Example:
        >>> round(contrast("black", "white"))
        21
    """

    def luminance(colour):
        rgb = np.array(colors.to_rgb(colour))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (
            0.2126,
            0.7152,
            0.0722,
        )

    darker, lighter = sorted((luminance(first), luminance(second)))
    return float((lighter + 0.05) / (darker + 0.05))


def readable(background):
    """Return black or white, whichever reads better on `background`; one of them always does.

    Example:
        >>> readable("black"), readable("white")
        ('#ffffff', '#000000')
    """
    return max((PAPER, "#000000"), key=lambda colour: contrast(colour, background))


def picture(axes, values, at=(0, 0), width=1.0, signed=False):
    """Draw a gray or colour picture on a canvas, its pixels sharp.

    Args:
        axes: from `canvas`.
        values: array of shape `(height, width)` from 0 to 1, or `(height, width, 3)`.
        at: the upper left point.
        width: in cells of the canvas; the height follows.
        signed: whether mid-gray stands for zero, black for -1 and white for 1.

    Returns:
        A `Grid` with one cell for each pixel.

    Example:
        >>> picture(canvas(8, 8), np.zeros((4, 4)), at=(1, 1), width=6).cell
        1.5
    """
    rows, columns = np.shape(values)[:2]
    drawn = Grid(*at, rows, columns, width / columns)
    axes.imshow(
        values,
        cmap="gray",
        vmin=-1 if signed else 0,
        vmax=1,
        extent=(drawn.left, drawn.right, drawn.bottom, drawn.top),
        interpolation="nearest" if width / columns > 0.1 else "antialiased",
        zorder=1,
    )
    return drawn


def picture_row(images, titles, signed=(), limit=None, width=6.0, gap=0.3, unit=0.31):
    """Draw pictures in one row, all at one scale, each under its title.

    Args:
        images: arrays as `picture` takes them; the tallest gives the row its height, and the
            others stand in its middle.
        titles: one line each.
        signed: the places, counted from 0, of the images that hold signed numbers; they share
            one scale, so that they can be compared.
        limit: the magnitude that is shown black or white; the largest among them by default.
        width: of the widest picture, in cells of the canvas.
        gap: between two pictures, in cells.
        unit: inches per cell.

    Returns:
        The axes.

    Raises:
        ValueError: if titles and images differ in number.

    Example:
        >>> axes = picture_row([np.zeros((8, 8)), np.ones((4, 4))], ["large", "small"])
        >>> axes.get_xlim()[1]                                  # 6 + 0.3 + 6 * 4 / 8
        np.float64(9.3)
    """
    if len(images) != len(titles):
        raise ValueError(f"each image needs a title; got {len(images)} and {len(titles)}.")
    cell = width / max(image.shape[1] for image in images)
    height = cell * max(image.shape[0] for image in images)
    limit = limit or max((np.abs(images[place]).max() for place in signed), default=1) or 1
    total = cell * sum(image.shape[1] for image in images) + gap * (len(images) - 1)
    axes, left = canvas(total, height + 0.8, unit), 0.0
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        values = image / limit if place in signed else image
        top = 0.8 + (height - cell * image.shape[0]) / 2
        drawn = picture(axes, values, (left, top), cell * image.shape[1], place in signed)
        label(axes, (drawn.middle[0], 0.4), title)
        left = drawn.right + gap
    return axes
