"""The still picture of the exhibit of `receptive_field`."""

import numpy as np
from matplotlib.patches import Rectangle

INK, QUIET, LINE, PANEL = "#1f2328", "#57606a", "#c4cbd3", "#eceff2"
FIELD, PLAIN = "#0b5cad", "#c25500"


def draw_field(figure, exhibit):
    """Draw the stack along a line, the field on the image, and its growth by layer."""
    line, below = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    _line(line.subplots(), exhibit)
    picture, chart = below.subplots(1, 2, width_ratios=(1, 1.5))
    _picture(picture, exhibit)
    _growth(chart, exhibit)


def frame(exhibit):
    """Return the first place and the one after the last that is shown: the image and the field."""
    level, size = exhibit.levels()[exhibit.shown()], exhibit.size
    edges = [(-level.padding + u * level.stride, level.size) for u in exhibit.unit()]
    margin = size // 2
    first = min(-1, *(start for start, _ in edges))
    last = max(size + 1, *(start + length for start, length in edges))
    return max(first, -margin), min(last, size + margin)


def _line(axes, exhibit):
    levels, shown = exhibit.levels(), exhibit.shown()
    for row, (level, (start, counts)) in enumerate(
        zip(levels[: shown + 1], exhibit.ways(), strict=True)
    ):
        left = -level.padding + (level.size - level.stride) / 2
        most = max(counts.max(initial=0), 1)
        read = {start + i: count / most for i, count in enumerate(counts) if count}
        for i in sorted({*range(level.units), *read}):
            share = read.get(i, 0)
            tint = 0.25 + 0.75 * share if exhibit.weighted else 0.85
            colour = PLAIN if row == shown and share else FIELD
            axes.add_patch(
                Rectangle(
                    (left + i * level.stride, row - 0.3), level.stride, 0.6, lw=0.4,
                    fc=(colour, tint) if share else PANEL, ec=QUIET,
                    ls="-" if 0 <= i < level.units else ":",
                )
            )  # fmt: skip
    axes.set(xlim=frame(exhibit), ylim=(-0.6, shown + 0.6), yticks=range(shown + 1))
    axes.set_yticklabels(["input", *(f"layer {i}" for i in range(1, shown + 1))], fontsize=7)
    axes.set_title(_title(exhibit), fontsize=9, color=INK, loc="left")
    axes.tick_params(axis="x", labelsize=7, colors=QUIET)
    axes.spines[:].set_visible(False)


def _title(exhibit):
    field = exhibit.levels()[exhibit.layer]
    return (
        f"{exhibit.size} pixels, {len(exhibit.layers)} layers: a field of {field.size}, "
        f"stride {field.stride}, padding {field.padding}"
    )


def _picture(axes, exhibit):
    size, (first, last) = exhibit.size, frame(exhibit)
    axes.imshow(exhibit.photograph(), cmap="gray", vmin=0, vmax=255, extent=(0, size, size, 0))
    for level in exhibit.levels()[1 : exhibit.shown() + 1]:
        row, column = _start(exhibit, level)
        colour = PLAIN if level is exhibit.levels()[exhibit.shown()] else "white"
        axes.add_patch(Rectangle((column, row), level.size, level.size, fill=False, ec=INK, lw=1.6))
        axes.add_patch(
            Rectangle((column, row), level.size, level.size, fill=False, ec=colour, lw=0.8)
        )
    axes.set(xlim=(first, last), ylim=(last, first), xticks=[], yticks=[])
    axes.set_title("fields on the image", fontsize=9, color=INK)
    axes.spines[:].set_color(LINE)


def _start(exhibit, level):
    """Row and column where the field of that level's unit begins which lies at the place."""
    units = [min(int(share * level.units), level.units - 1) for share in exhibit.place]
    return [-level.padding + unit * level.stride for unit in units]


def _growth(axes, exhibit):
    sizes = [level.size for level in exhibit.levels()]
    plain = np.cumsum([1, *(kernel_size - 1 for _, kernel_size, _, _ in exhibit.layers)])
    number = np.arange(len(sizes))
    axes.plot(number, plain, "--", color=PLAIN, lw=1.4, label="strides and dilation 1")
    axes.plot(number, sizes, "o-", color=FIELD, lw=1.6, ms=3.5, label="this stack")
    axes.axhline(exhibit.size, color=QUIET, lw=0.8, ls=":")
    if exhibit.logarithmic:
        axes.set_yscale("log", base=2)
    axes.set_title("size of the field after each layer", fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=QUIET)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize=8, frameon=False)
