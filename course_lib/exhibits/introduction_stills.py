"""Still pictures of the exhibits of `introduction`, for print and readers without JavaScript."""

import numpy as np

from course_lib.introduction import dense_parameters

INK, LINE, DENSE, CONVOLUTION = "#1f2328", "#c4cbd3", "#0b5cad", "#c25500"
SIGNED = "PuOr_r"  # purple below zero, orange above, as in the book's other figures


def draw_shuffle(figure, exhibit):
    """Draw the digit, the dense weights and the response, and both agreements below."""
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    shown, weights, response = top.subplots(1, 3)
    unit = exhibit.weights()[:, exhibit.digit].reshape(exhibit.side, exhibit.side)
    heaviest, strongest = np.abs(unit).max(), np.abs(exhibit.response()).max()
    title = f"the digit, {exhibit.moved} pixels moved"
    _picture(shown, exhibit.picture(), "gray", (0, 1), title)
    _picture(
        weights, unit, SIGNED, (-heaviest, heaviest), f"weights of the unit for {exhibit.digit}"
    )
    name = exhibit.kernels[exhibit.kernel][0]
    _picture(response, exhibit.response(), SIGNED, (-strongest, strongest), f"response to {name}")
    axes = bottom.subplots()
    counts = np.arange(0, exhibit.side**2 + 1, 2)
    dense, convolution = np.transpose([exhibit.agreements(int(count)) for count in counts])
    axes.plot(counts, dense, color=DENSE, lw=2)
    axes.plot(counts, convolution, "--", color=CONVOLUTION, lw=2)
    axes.axvline(exhibit.moved, color=LINE, lw=1)
    for name, values, colour in (
        ("dense layer", dense, DENSE),
        ("convolution", convolution, CONVOLUTION),
    ):
        end, way = (counts[-1], values[-1]), {"xytext": (4, 0), "textcoords": "offset points"}
        axes.annotate(name, end, **way, color=colour, va="center", fontsize=9)
    axes.set_xlim(0, counts[-1] * 1.18)
    axes.set_xlabel("pixels moved", fontsize=9)
    axes.set_ylabel("agreement with the\nanswer in order", fontsize=9)
    _plain(axes)


def draw_counts(figure, exhibit):
    """Draw the parameters of both layers against the side of a square image."""
    axes = figure.subplots()
    sides = np.array([4, 1024])
    dense = [dense_parameters((int(n), int(n), exhibit.channels), exhibit.units) for n in sides]
    axes.loglog(sides, dense, color=DENSE, lw=2)
    axes.axhline(exhibit.convolution(), color=CONVOLUTION, lw=2, ls="--")
    here = np.sqrt(exhibit.height * exhibit.width)
    for count, colour, name in (
        (exhibit.dense(), DENSE, f"dense, {exhibit.units} units"),
        (exhibit.convolution(), CONVOLUTION, f"convolution, {exhibit.filters} filters"),
    ):
        axes.plot(here, count, "o", color=colour)
        way = {"xytext": (8, -12), "textcoords": "offset points"}
        axes.annotate(f"{name}: {count:,}", (here, count), **way, color=colour, fontsize=9)
    axes.set_xlabel("side of a square image in pixels", fontsize=9)
    axes.set_ylabel("parameters", fontsize=9)
    axes.set_xticks([4, 16, 64, 256, 1024], ["4", "16", "64", "256", "1024"])
    axes.minorticks_off()
    _plain(axes)


def _plain(axes):
    axes.tick_params(labelsize=8, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _picture(axes, values, colours, limits, title):
    axes.imshow(np.round(values, 6), cmap=colours, vmin=limits[0], vmax=limits[1])
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
