"""Still picture of the exhibit of `mobile`, for print and readers without JavaScript."""

import math

import numpy as np
from matplotlib.collections import LineCollection

from course_lib.mobile_costs import BLOCKS, total

INK, LARGE, SMALL, ADDED = "#1f2328", "#c25500", "#0b5cad", "#00795a"
NAMES = ("ordinary convolution", "depthwise, then pointwise", "inverted residual")
MOST = 16  # dots of the input's or the output's column


def draw_costs(figure, exhibit):
    """Draw the wiring of the three blocks above, weights and multiply-adds below."""
    above, below = figure.subfigures(2, 1, height_ratios=(1.5, 1))
    for panel, block, name in zip(above.subplots(1, 3), BLOCKS, NAMES, strict=True):
        _wiring(panel, exhibit, block)
        panel.set_title(name, fontsize=9, color=INK)
    steps = [exhibit.costs(block) for block in BLOCKS]
    for panel, what, title in zip(
        below.subplots(1, 2, sharey=True), (0, 1), ("weights", "multiply-adds"), strict=True
    ):
        _bars(panel, steps, what)
        panel.set_xlabel(title, fontsize=9, color=INK)


def columns(exhibit, block):
    """Return how many maps stand in each column, and for each gap (mixes channels, is large)."""
    wide = exhibit.channels * (exhibit.expansion if block == "inverted" else exhibit.multiplier)
    if block == "ordinary":
        return (exhibit.channels, exhibit.filters), ((True, True),)
    if block == "inverted" and exhibit.expansion > 1:
        maps = (exhibit.channels, wide, wide, exhibit.filters)
        return maps, ((True, False), (False, True), (True, False))
    return (exhibit.channels, wide, exhibit.filters), ((False, True), (True, False))


def _wiring(axes, exhibit, block):
    maps, gaps = columns(exhibit, block)
    each = math.ceil(max(exhibit.channels, exhibit.filters) / MOST)
    dots = [math.ceil(count / each) for count in maps]
    most = max(*dots, MOST)
    heights = [_spread(count, most) for count in dots]
    for place, (mixes, large) in enumerate(gaps):
        left, right = heights[place : place + 2]
        if mixes:
            pairs = [(a, b) for a in left for b in right]
        else:
            pairs = [(left[i * len(left) // len(right)], b) for i, b in enumerate(right)]
        lines = [((place, a), (place + 1, b)) for a, b in pairs]
        alpha = max(0.1, min(0.9, 9 / np.sqrt(len(lines) + 80)))
        style = {"colors": LARGE if large else SMALL, "linewidths": 1.3 if large else 0.4}
        axes.add_collection(LineCollection(lines, alpha=alpha, **style))
    for place, (ys, count) in enumerate(zip(heights, maps, strict=True)):
        axes.plot([place] * len(ys), ys, ".", color=INK, ms=max(1.5, min(6, 90 / most)))
        axes.text(place, -0.68, f"{count}", ha="center", va="center", fontsize=8, color=INK)
    if block == "inverted" and exhibit.strides == 1 and exhibit.channels == exhibit.filters:
        across = np.linspace(0, len(maps) - 1, 50)
        bump = 0.6 - 0.6 * (2 * across / across[-1] - 1) ** 4 + heights[0].max() * 0.4
        axes.plot(across, bump, color=ADDED, lw=1.6)
    axes.set(xlim=(-0.3, len(maps) - 0.7), ylim=(-0.8, 0.9))
    axes.set_axis_off()


def _spread(count, most):
    """Heights of the dots of a column, the more the taller."""
    tall = min(1, math.sqrt(count / most))
    return np.linspace(tall / 2, -tall / 2, count) if count > 1 else np.zeros(1)


def _bars(axes, blocks, what):
    longest = max(total(steps)[what] for steps in blocks)
    for place, steps in enumerate(blocks):
        start = 0
        for step in steps:
            length = (step.parameters, step.multiply_adds)[what]
            colour = LARGE if step.name in ("convolve", "depthwise") else SMALL
            axes.barh(place, length, left=start, color=colour, height=0.6)
            start += length
        axes.text(start + longest * 0.02, place, f"{start:,}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(3), ("ordinary", "separable", "inverted"), fontsize=8)
    axes.set(ylim=(2.6, -0.6), xlim=(0, longest * 1.35), xticks=[])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
