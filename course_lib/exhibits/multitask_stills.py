"""The still picture of the exhibit of `multitask`."""

import numpy as np

INK, QUIET, LINE = "#1f2328", "#57606a", "#c4cbd3"
COLOURS = {"kind": "#6f3fb0", "quantity": "#c25500", "both": INK}
NAMES = {
    "kind": "the kind alone",
    "quantity": "the quantity alone",
    "both": "the weighted sum",
}


def draw_sharing(figure, exhibit):
    """Draw lines of equal loss with the best weights, and what these make of new pictures."""
    plane, table = figure.subplots(1, 2, width_ratios=(1.15, 1))
    reach = 2.4
    steps = np.linspace(-reach, reach, 41)
    losses = np.array([[exhibit.losses((x, y))[0] for x in steps] for y in steps])
    for number, name in enumerate(("kind", "quantity")):
        values = losses[..., number]
        span = np.ptp(values)
        if span > 0:
            levels = values.min() + span / 2.0 ** np.arange(6, 0, -1)
            style = "solid" if name == "kind" else "dashed"
            plane.contour(
                steps, steps, values, levels, colors=COLOURS[name], linewidths=0.8, linestyles=style
            )
    for name, weights in exhibit.minima().items():
        mark = "D" if name == "both" else "o"
        plane.plot(*weights, mark, color=COLOURS[name], ms=7, mec="white", label=NAMES[name])
    plane.axhline(0, color=LINE, lw=0.7, zorder=0)
    plane.axvline(0, color=LINE, lw=0.7, zorder=0)
    plane.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    plane.set_xlabel("first weight", color=QUIET, fontsize=9)
    plane.set_ylabel("second weight", color=QUIET, fontsize=9)
    _write(table, exhibit)


def _write(axes, exhibit):
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    rows = [
        f"tasks {exhibit.apart:.0f} degrees apart",
        f"{exhibit.kinds} pictures with a kind, {exhibit.quantities} with a quantity",
        f"weight of the kind's loss {exhibit.share:.2f}",
    ]
    for place, row in enumerate(rows):
        axes.text(0, 0.92 - 0.09 * place, row, fontsize=9, color=QUIET)
    for column, title in ((0.62, "wrong kinds"), (1.0, "error")):
        axes.text(column, 0.55, title, fontsize=9, color=QUIET, ha="right")
    for place, (name, score) in enumerate(exhibit.scores().items()):
        height = 0.44 - 0.11 * place
        axes.text(0, height, NAMES[name], fontsize=9, color=COLOURS[name])
        wrong = "–" if name == "quantity" else f"{100 * score['wrong']:.1f} %"
        off = "–" if name == "kind" else f"{score['off']:.2f}"
        axes.text(0.72, height, wrong, fontsize=9, color=INK, ha="right")
        axes.text(1.0, height, off, fontsize=9, color=INK, ha="right")
