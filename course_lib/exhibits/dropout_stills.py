"""The still picture of the exhibit of `dropout`."""

import numpy as np

INK, LINE = "#1f2328", "#c4cbd3"
ACROSS, BRIGHTEST = 3, 382.5


def draw_leak(figure, exhibit):
    """Draw both kinds of dropout side by side, and below what neighbours let one guess."""
    axes = figure.subplots(2, 2)
    kinds = {"standard": "single numbers", "spatial": "whole maps"}
    for column, (kind, name) in enumerate(kinds.items()):
        _picture(axes[0, column], mosaic(exhibit.output(kind)), f"{kind}: {name}")
        explained = exhibit.explained(kind)
        told = "nothing is dropped" if np.isnan(explained) else f"R² = {explained:.2f}"
        _picture(axes[1, column], mosaic(exhibit.guesses(kind)), f"guessed from neighbours, {told}")


def mosaic(maps):
    """Return maps, of shape `(height, width, maps)`, side by side in rows of three.

    Example:
        >>> mosaic(np.arange(6.0).reshape(1, 1, 6))
        array([[0., 1., 2.],
               [3., 4., 5.]])
    """
    height, width, count = maps.shape
    tiled = np.moveaxis(maps, -1, 0).reshape(count // ACROSS, ACROSS, height, width)
    return tiled.swapaxes(1, 2).reshape(count // ACROSS * height, ACROSS * width)


def _picture(axes, values, title):
    axes.imshow(values, cmap="gray", vmin=0, vmax=BRIGHTEST, interpolation="nearest")
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
