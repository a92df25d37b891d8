"""The still picture of the exhibit of `unet`."""

import numpy as np

INK, LINE, ACCENT, QUIET = "#1f2328", "#c4cbd3", "#0b5cad", "#57606a"
LEVELS = 12
MISSED, INVENTED = np.array([230, 120, 20]) / 255, np.array([140, 90, 210]) / 255


def draw_skips(figure, exhibit):
    """Draw what goes in and comes out above, and the maps of every stage below."""
    found, mask = exhibit.outputs(), exhibit.mask()
    above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    pictures = {
        "the shape": mask,
        "what the network gets": exhibit.picture(),
        "what it answers": found["mask"],
        "where it is wrong": mistakes(mask, found["mask"] > 0.5),
    }
    for axes, (title, picture) in zip(above.subplots(1, 4), pictures.items(), strict=True):
        axes.imshow(_few(picture), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        bare(axes, title)
    levels = below.subplots(len(exhibit.switches), 2)
    stages = zip(levels, exhibit.switches, found["encoder"], found["decoder"], strict=True)
    for (left, right), switch, encoder, decoder in stages:
        size = encoder.shape[1]
        _maps(left, encoder[0], f"encoder, {size} × {size}")
        word = "skip on" if switch else "skip off"
        _maps(right, decoder[0], f"decoder, {size} × {size} ({word})")


def mistakes(mask, found):
    """Return a colour picture: the shape gray, what is missed orange, what is invented purple."""
    picture = np.repeat(mask[..., np.newaxis] * 0.62, 3, axis=-1)
    picture[mask & ~found] = MISSED
    picture[found & ~mask] = INVENTED
    return picture


def _few(values):
    """Round to a few levels: the last bits differ from run to run, and noise makes large files."""
    return np.round(LEVELS * np.asarray(values, float)) / LEVELS


def bare(axes, title=""):
    """Take ticks away, and make the frame thin."""
    axes.set_title(title, fontsize=9, color=INK)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(LINE)


def _maps(axes, maps, title):
    height, width, count = maps.shape
    shown, gap = min(count, 8), max(1, width // 8)
    row = np.full((height, shown * (width + gap) - gap), np.nan)
    for channel in range(shown):
        start = channel * (width + gap)
        row[:, start : start + width] = maps[:, :, channel] / max(maps[:, :, channel].max(), 1e-9)
    axes.imshow(_few(row), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")
    axes.set_title(title, fontsize=8, color=INK, pad=2)
