"""Still pictures of the exhibits of `image_processing`, where there is no JavaScript."""

import numpy as np

from course_lib.image_processing import histogram

INK, QUIET, EDGE, MARK = "#1f2328", "#57606a", "#c4cbd3", "#c25500"
SIGNED = "PuOr_r"
BINS = 64


def draw_response(figure, exhibit):
    """Draw photograph and response above their histograms, the kernel between."""
    axes = figure.subplots(2, 3, width_ratios=(4, 2.6, 4), height_ratios=(3, 1))
    levels, response, limits = exhibit.levels(), exhibit.stored_response(), exhibit.limits()
    kernel = _side_by_side(exhibit.kernels())
    signed = limits[0] == -limits[1]
    shown = (-0.6 * limits[1], 0.6 * limits[1]) if signed else (0, 255)
    if exhibit.kernel.endswith("norm") and exhibit.stored == "float":
        shown = (0, 0.6 * limits[1])
    _picture(axes[0, 0], levels, "gray", (0, 255), exhibit.names[exhibit.chosen])
    reach = np.nanmax(np.abs(kernel))
    _picture(axes[0, 1], kernel, SIGNED, (-2 * reach, 2 * reach), exhibit.kernel)
    _picture(axes[0, 2], response, SIGNED if signed else "gray", shown, "response")
    _bars(axes[1, 0], levels, (0, 256))
    axes[1, 1].axis("off")
    _bars(axes[1, 2], response, limits)


def draw_profile(figure, exhibit):
    """Draw the photograph with the line beside the two curves."""
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.3))
    picture = left.subplots()
    _picture(picture, exhibit.plane(), "gray", (0, 255), exhibit.names[exhibit.chosen])
    start, end, edges = np.array(exhibit.start), np.array(exhibit.end), exhibit.edges()
    profile, changes = exhibit.profile(), exhibit.derivative()
    for width, colour in ((4, "white"), (1.5, "black")):
        picture.plot(
            *np.transpose([start, end])[::-1], color=colour, lw=width, solid_capstyle="round"
        )
    shares = (np.array(edges) + 0.5) / (len(profile) - 1)
    marks = start + np.outer(shares, end - start)
    picture.plot(marks[:, 1], marks[:, 0], "o", color=MARK, mec="white", ms=6)
    upper, lower = right.subplots(2, 1, sharex=True)
    upper.plot(profile, color=INK, lw=1.2)
    upper.set_ylim(min(0, profile.min()), max(255, profile.max()))
    places = np.arange(len(changes)) + 0.5
    lower.plot(places, changes, color=INK, lw=1.2)
    lower.plot(places[edges], changes[edges], "o", color=MARK, ms=5)
    for level in (-exhibit.threshold, exhibit.threshold):
        lower.axhline(level, color=MARK, lw=0.9, ls="--")
    for axes, title in ((upper, "intensity along the line"), (lower, "change from pixel to pixel")):
        _plain(axes, title)


def _side_by_side(kernels):
    """Put kernels into one array, an empty column between two."""
    height = max(len(kernel) for kernel in kernels)
    gap = np.full((height, 1), np.nan)
    parts = []
    for kernel in kernels:
        below = np.full((height - len(kernel), kernel.shape[1]), np.nan)
        parts += [gap, np.vstack([kernel, below])]
    return np.hstack(parts[1:])


def _picture(axes, values, colours, limits, title):
    # The last bits of a sum differ from run to run, and would flip the colour of an exact zero.
    values = np.round(values, 6)
    axes.imshow(values, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(EDGE)


def _bars(axes, values, limits):
    counts, edges = histogram(values, BINS, limits)
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=QUIET)
    axes.set_xlim(limits)
    axes.set_xticks([limits[0], 0, limits[1]] if limits[0] < 0 else limits)
    axes.set_yticks([])
    axes.tick_params(labelsize=8, colors=QUIET)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)


def _plain(axes, title):
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    axes.tick_params(labelsize=8, colors=QUIET)
    axes.margins(x=0.01)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
