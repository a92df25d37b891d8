"""Still picture of the exhibit of `self_supervised`, for print and readers without JavaScript."""

import numpy as np

INK, QUIET = "#1f2328", "#57606a"
OWN = ("#0b5cad", "#c25500", "#00795a", "#6f3fb0", QUIET, QUIET)
RIGHT, WRONG = "#00795a", "#c25500"
LONGEST = 0.62


def name_of(point, pairs):
    """Return a point's name: a letter for its image, with a prime for the second view."""
    return "ABCDEF"[point % pairs] + ("" if point < pairs else "′")


def draw_pairs(figure, exhibit):
    """Draw the circle at the left and the chosen point's choice at the right."""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    found, pairs = exhibit.now(), len(exhibit.angles) // 2
    _circle(left, exhibit.angles, found, pairs)
    _choice(right, exhibit.chosen, found, pairs)
    right.set_title(
        f"temperature {exhibit.temperature:g}: {name_of(exhibit.chosen, pairs)} looks for its "
        "partner",
        fontsize=9,
        color=INK,
    )


def arrow(angle, slope):
    """Return where an arrow ends: along the tangent, against the slope.

    Example:
        >>> arrow(0, -0.12).round(2)                    # to the right of the middle, pushed up
        array([1.  , 0.31])
    """
    long = LONGEST * abs(slope) / (abs(slope) + 0.12)
    angle = np.deg2rad(angle)
    tangent = -np.sign(slope) * np.array([-np.sin(angle), np.cos(angle)])
    return np.array([np.cos(angle), np.sin(angle)]) + long * tangent


def _circle(axes, angles, found, pairs):
    around = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(around), np.sin(around), color="#c4cbd3", lw=1.2, zorder=0)
    radians = np.deg2rad(angles)
    spots = np.stack([np.cos(radians), np.sin(radians)], axis=1)
    for image in range(pairs):
        axes.plot(*spots[[image, image + pairs]].T, ":", color=OWN[image], lw=1.2, zorder=1)
    for point, spot in enumerate(spots):
        colour, first = OWN[point % pairs], point < pairs
        if abs(found.slopes[point]) > 0.003:
            style = {"arrowstyle": "->", "color": INK, "lw": 1.3}
            ends = {"xy": arrow(angles[point], found.slopes[point]), "xytext": spot}
            axes.annotate("", **ends, arrowprops=style, zorder=2)
        fill = colour if first else "white"
        axes.plot(*spot, "o", ms=17 if first else 13, mfc=fill, mec=colour, mew=1.6, zorder=3)
        written = {"ha": "center", "va": "center_baseline", "fontsize": 9, "zorder": 4}
        axes.text(*spot, name_of(point, pairs), color="white" if first else colour, **written)
    middle = {"ha": "center", "va": "center", "bbox": {"fc": "white", "ec": "none", "pad": 1.5}}
    axes.text(0, 0.06, f"loss {found.loss:.3f}", fontsize=11, color=INK, zorder=5, **middle)
    chance = f"by chance {np.log(2 * pairs - 1):.3f}"
    axes.text(0, -0.14, chance, fontsize=8, color=QUIET, zorder=5, **middle)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.35, 1.35), aspect="equal")
    axes.set_axis_off()


def _choice(axes, chosen, found, pairs):
    partner = (chosen + pairs) % (2 * pairs)
    others = [partner, *(k for k in range(2 * pairs) if k not in (chosen, partner))]
    shares = 100 * found.shares[chosen, others]
    axes.barh(range(len(others)), shares, color=[RIGHT] + [WRONG] * (len(others) - 1), height=0.6)
    for line, share in enumerate(shares):
        axes.text(share + 1.5, line, f"{share:.1f} %", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(others)), [name_of(k, pairs) for k in others], fontsize=9)
    axes.set(ylim=(len(others) - 0.4, -0.6), xlim=(0, 118), xticks=[])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
