"""The exhibit of the topic `unet`: a trained network finds a drawn shape, each skip on or off."""

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import unet_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.drawings import checked_strokes, packed_layers
from course_lib.exhibits.unet_network import depth_of, forward, load, weight_count
from course_lib.exhibits.unet_shapes import (
    NOISE,
    SHADE,
    mask_of,
    noise_levels,
    picture_of,
)
from course_lib.unet import border, iou


def _ring(radii, squeeze=1.0, turn=0.0):
    """Points around the middle of the pad, one for each radius."""
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) - np.pi / 2 + turn
    ring = np.stack([squeeze * np.cos(angles), np.sin(angles)], axis=-1) * np.c_[radii]
    return (0.5 + ring).round(3).tolist()


def _comb():
    """A back with teeth of three pixels, four pixels apart."""
    points = [[0.15, 0.2], [0.85, 0.2]]
    for right in np.arange(0.85, 0.2, -7 / 64):
        left = right - 3 / 64
        points += [[right, 0.78], [left, 0.78], [left, 0.36], [max(left - 4 / 64, 0.15), 0.36]]
    return np.round(points, 3).tolist()


def _spiral():
    turns = np.linspace(0, 3, 60)
    around = 2 * np.pi * turns
    radii = 0.05 + 0.12 * turns
    points = 0.5 + np.stack([np.cos(around), np.sin(around)], axis=-1) * radii[:, np.newaxis]
    return points.round(3).tolist()


EXAMPLES = (
    {"name": "star", "strokes": [_ring([0.44, 0.14] * 7)], "filled": True},
    {"name": "comb", "strokes": [_comb()], "filled": True},
    {"name": "egg", "strokes": [_ring([0.36] * 32, squeeze=0.75)], "filled": True},
    {"name": "spiral", "strokes": [_spiral()], "filled": False},
)


def _synchronised(trait):
    return trait.tag(sync=True)


class SkipExplorer(Exhibit):
    """Draw a shape: a small UNet finds it in noise, and each of its skips can be switched off.

    The page computes the forward pass itself, from the weights that come with it. They were
    trained with every combination of skips, by `course_lib.exhibits.unet_training`.

    Args:
        strokes: a drawing: list of lists of points `(x, y)`, from 0 to 1, y downwards; an example
            by default.
        filled: whether a stroke is the outline of a shape, or a line.
        switches: whether each skip is on, from the finest to the coarsest.
        noise: standard deviation of the noise, 0 to 0.3.
        shade: how uneven the light is, 0 to 0.8.
        draw: which drawing of the noise, a whole number from 0.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> with_skips, without = SkipExplorer(), SkipExplorer(switches=(False, True, True))
        >>> with_skips.scores()["iou"] > without.scores()["iou"]
        True
    """

    front = "unet/skip_explorer"
    still_size = (7.2, 4.6)
    weights = _synchronised(traitlets.Bytes())
    shapes = _synchronised(traitlets.List())
    grain = _synchronised(traitlets.Bytes())
    examples = _synchronised(traitlets.List())
    strokes = _synchronised(traitlets.List())
    filled = _synchronised(traitlets.Bool())
    switches = _synchronised(traitlets.List())
    noise = _synchronised(traitlets.Float())
    shade = _synchronised(traitlets.Float())
    draw = _synchronised(traitlets.Int())

    def __init__(
        self, strokes=None, *, filled=True, switches=(True, True, True), noise=0.15, shade=0.4,
        draw=0,
    ):  # fmt: skip
        layers = load()
        shapes, weights = packed_layers(layers)
        if len(switches) != depth_of(layers):
            raise ValueError(
                f"switches must have one entry for each of the {depth_of(layers)} skips, from the "
                f"finest to the coarsest; got {len(switches)}."
            )
        super().__init__(
            weights=weights,
            shapes=shapes,
            grain=noise_levels().tobytes(),
            examples=list(EXAMPLES),
            strokes=EXAMPLES[0]["strokes"] if strokes is None else checked_strokes(strokes),
            filled=bool(filled),
            switches=[bool(switch) for switch in switches],
            noise=_within(noise, "noise", NOISE),
            shade=_within(shade, "shade", SHADE),
            draw=integer(draw, "draw", minimum=0),
        )

    def mask(self):
        """Return the drawn shape, of shape `(64, 64)`."""
        return mask_of(self.strokes, self.filled)

    def picture(self):
        """Return what the network gets, of the same shape."""
        return picture_of(self.mask(), self.noise, self.shade, self.draw)

    def outputs(self):
        """Return what each stage of the network puts out, as `unet_network.forward` does."""
        return forward(load(), self.picture(), self.switches)

    def scores(self):
        """Return "iou", in all the picture, "near", the same near borders, "missed", "invented"."""
        mask, found = self.mask()[np.newaxis], self.outputs()["mask"][np.newaxis] > 0.5
        band = border(mask)
        return {
            "iou": float(iou(mask, found)[0]),
            "near": float(iou(mask & band, found & band)[0]),
            "missed": int((mask & ~found).sum()),
            "invented": int((found & ~mask).sum()),
        }

    def draw_still(self, figure):
        """Draw shape, picture, answer and mistakes, and the maps of every stage."""
        stills.draw_skips(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        scores = self.scores()
        off = [
            f"{64 >> level} by {64 >> level}" for level, on in enumerate(self.switches) if not on
        ]
        state = f"with the skips at {' and '.join(off)} off" if off else "with all skips on"
        return (
            f"A drawn shape, the noisy picture of it, and what a UNet of "
            f"{weight_count(load()):,} weights makes of that {state}: intersection over union "
            f"{scores['iou']:.2f}, {scores['near']:.2f} within two pixels of a border. Below, the "
            f"feature maps of encoder and decoder at three sizes."
        )


EXHIBITS = (SkipExplorer,)


def _within(value, name, most):
    if not 0 <= value <= most:
        raise ValueError(f"{name} must lie between 0 and {most} here; got {value}.")
    return float(value)
