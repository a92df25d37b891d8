"""The still pictures of the exhibit of `loss_landscape`, and the projection that they share."""

import matplotlib
import numpy as np
from matplotlib.collections import PolyCollection

INK, QUIET = "#1f2328", "#57606a"
HEIGHT = 1.2  # of the landscape, whose ground reaches from -1 to 1; the page has the same
LEVELS = np.arange(1, 12) / 12


def project(places, turn, tilt, zoom=1.0):
    """Return where points of the landscape stand on the screen, by a parallel projection.

    Args:
        places: array of shape `(..., 3)`: x and y on the ground, z upwards.
        turn: degrees about the upright axis.
        tilt: degrees of the eye above the horizon.
        zoom: the factor of what is seen.

    Returns:
        An array of shape `(..., 3)`: to the right, up, and away from the eye.

    Example:
        >>> project([1.0, 0.0, 0.6], turn=90, tilt=0).round(6) + 0.0
        array([0., 0., 1.])
    """
    x, y, z = np.moveaxis(np.asarray(places, float), -1, 0)
    angle, rise = np.radians(turn), np.radians(tilt)
    right = x * np.cos(angle) - y * np.sin(angle)
    away = x * np.sin(angle) + y * np.cos(angle)
    up = z - HEIGHT / 2
    seen = (
        zoom * right,
        zoom * (away * np.sin(rise) + up * np.cos(rise)),
        away * np.cos(rise) - up * np.sin(rise),
    )
    return np.stack(seen, axis=-1)


def corners(heights, turn, tilt, zoom=1.0):
    """Return the projected grid of a landscape, of shape `(points, points, 3)`."""
    ground = np.linspace(-1, 1, len(heights))
    x, y = np.meshgrid(ground, ground, indexing="ij")
    return project(np.stack([x, y, HEIGHT * heights], axis=-1), turn, tilt, zoom)


def draw_landscapes(figure, exhibit):
    """Draw the plain and the residual network's landscape side by side."""
    axes = figure.subplots(1, 2)
    for one, heights, name in zip(axes, exhibit.heights(), ("plain", "residual"), strict=True):
        if exhibit.view == "contours":
            one.imshow(heights, cmap="viridis", vmin=0, vmax=1, extent=(-1, 1, 1, -1))
            places = np.linspace(-1, 1, len(heights))
            one.contour(places, places, heights, LEVELS, colors="white", linewidths=0.7)
        else:
            draw_landscape(one, heights, exhibit.turn, exhibit.tilt, exhibit.zoom)
        one.set_title(f"{name}, {exhibit.depth} layers", fontsize=10, color=INK)
        one.set(xticks=[], yticks=[], aspect="equal")
        for spine in one.spines.values():
            spine.set_visible(False)
    low, high = exhibit.scale()
    norm = matplotlib.colors.LogNorm(low, high) if exhibit.log else None
    norm = norm or matplotlib.colors.Normalize(low, high)
    shown = matplotlib.cm.ScalarMappable(norm, "viridis")
    bar = figure.colorbar(shown, ax=list(axes), shrink=0.7, pad=0.02)
    bar.set_label("loss", color=INK)


def draw_landscape(axes, heights, turn=-35, tilt=32, zoom=1.0):
    """Draw one landscape of heights from 0 to 1 on plain axes, far cells first."""
    spots = corners(heights, turn, tilt, zoom)
    flat = corners(np.zeros_like(heights), turn, 0)[..., 2]
    four = [(slice(None, -1), slice(None, -1)), (slice(None, -1), slice(1, None)),
        (slice(1, None), slice(1, None)), (slice(1, None), slice(None, -1))]  # fmt: skip
    shapes = np.stack([spots[part][..., :2] for part in four], axis=-2).reshape(-1, 4, 2)
    means = np.mean([heights[part] for part in four], axis=0).ravel()
    order = np.argsort(-np.sum([flat[part] for part in four], axis=0).ravel(), kind="stable")
    colours = matplotlib.colormaps["viridis"](means)
    edges = colours * (0.7, 0.7, 0.7, 1)
    axes.add_collection(
        PolyCollection(shapes[order], facecolors=colours[order], edgecolors=edges[order], lw=0.4)
    )
    square = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (-1, -1, 0)]
    axes.plot(*project(square, turn, tilt, zoom)[:, :2].T, color=QUIET, lw=0.7, zorder=0)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.35, 1.25), aspect="equal", xticks=[], yticks=[])
