"""Still picture of the exhibit of `batch_normalization`, where there is no JavaScript."""

import numpy as np

INK, QUIET, EDGE, CUT = "#1f2328", "#57606a", "#c4cbd3", "#e4e8ec"
BATCH, MOVING, MARK = "#0b5cad", "#6f3fb0", "#c25500"
REACH, BINS = 6, 72


def draw_distributions(figure, exhibit):
    """Draw the batch as it arrives above training (left) and inference (right)."""
    places = figure.subplot_mosaic("AA;BC;DE", gridspec_kw={"hspace": 0.1})
    mean, variance = exhibit.moving()
    batch, at = exhibit.batch(), exhibit.marked_place()
    bars = [(batch.mean(), batch.std(), BATCH, "-"), (mean, np.sqrt(variance), MOVING, (0, (3, 1)))]
    whole = exhibit.store().ravel()
    _strip(places["A"], "1. the batch arrives", whole, batch, at, bars)
    named = (("BD", exhibit.training, 0, "training"), ("CE", exhibit.inference, 1, "inference"))
    for letters, mode, column, name in named:
        for letter, settings in zip(letters, ({"gamma": 1.0, "beta": 0.0}, {}), strict=True):
            values = mode(**settings)
            # Both modes are a line of what comes in; two numbers of the batch give it to all.
            line = _line(batch, values)
            bar = [(values.mean(), values.std(), bars[column][2], bars[column][3])]
            title = f"{name}: " + ("2. normalised" if settings else "3. times γ, plus β")
            _strip(places[letter], title, whole * line[0] + line[1], values, at, bar)
            if not settings:
                places[letter].axvspan(-REACH, 0, color=CUT, zorder=0)
    others = exhibit.others()
    places["D"].vlines(others, 0.28, 0.5, color=MARK, lw=0.6, alpha=0.6)


def _line(before, after):
    low, high = np.argmin(before), np.argmax(before)
    if before[low] == before[high]:
        return 0.0, after[0]
    scale = (after[high] - after[low]) / (before[high] - before[low])
    return scale, after[low] - scale * before[low]


def _strip(axes, title, whole, values, at, bars):
    counts, edges = np.histogram(whole, BINS if np.ptp(whole) else 1)
    smooth = np.convolve(np.convolve(counts, [0.25, 0.5, 0.25]), [0.25, 0.5, 0.25])
    step = edges[1] - edges[0]
    places = edges[0] + step * (np.arange(smooth.size) - 1.5)
    axes.fill_between(
        places, 0.25, 0.25 + 0.75 * smooth / smooth.max(), color=EDGE, lw=0.5, ec=QUIET
    )
    axes.vlines(values, 0, 0.2, color=INK, lw=0.7, alpha=0.75)
    for row, (mean, deviation, colour, dashes) in enumerate(bars):
        y = 1.22 - 0.13 * row
        axes.plot([mean - deviation, mean + deviation], [y, y], color=colour, ls=dashes, lw=2)
        axes.plot([mean, mean], [y - 0.12, y], color=colour, lw=2)
    axes.plot([values[at]] * 2, [0, 0.36], color="white", lw=4)
    axes.plot([values[at]] * 2, [0, 0.36], color=MARK, lw=2)
    axes.axvline(0, color=QUIET, lw=0.7, ls=":")
    axes.set(xlim=(-REACH, REACH), ylim=(0, 1.32), yticks=[], xticks=range(-REACH, REACH + 1, 3))
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    axes.tick_params(labelsize=8, colors=QUIET)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
