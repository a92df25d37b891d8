"""The exhibit of the topic `dropout`: dropped pixels and maps, guessed from what survives."""

from functools import cache
from numbers import Real

import numpy as np
import traitlets

from course_lib.arguments import integer, pair
from course_lib.convolution import conv2d
from course_lib.data import photograph
from course_lib.dropout_leak import predict_from_neighbours
from course_lib.exhibits import dropout_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.pictures import channel_levels

HIGHEST = 0.9
NAMES = ("blur", "dark", "edges, right", "edges, left", "edges, up", "spots")


def _synchronised(trait):
    return trait.tag(sync=True)


class LeakExplorer(Exhibit):
    """Drop numbers or maps of six feature maps, and guess what is gone from what is left around it.

    Args:
        rate: the share that is dropped, 0 to 0.9.
        seed: of the masks, 0 to 999; the page's button counts it on.
        training: whether anything is dropped.
        cursor: row and column of the pixel that is told of, in the picture of all maps.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = LeakExplorer(rate=0.5)
        >>> explorer.explained("standard") > 0.6, explorer.explained("spatial")
        (True, 0.0)
    """

    front = "dropout/leak_explorer"
    still_size = (7.2, 5.2)
    maps = _synchronised(traitlets.Bytes())
    names = _synchronised(traitlets.List())
    height = _synchronised(traitlets.Int())
    width = _synchronised(traitlets.Int())
    rate = _synchronised(traitlets.Float())
    seed = _synchronised(traitlets.Int())
    training = _synchronised(traitlets.Bool())
    cursor = _synchronised(traitlets.List())

    def __init__(self, rate=0.3, seed=7, *, training=True, cursor=(20, 60)):
        number = isinstance(rate, Real) and not isinstance(rate, bool)
        if not number or not 0 <= rate <= HIGHEST:
            raise ValueError(f"rate must lie between 0 and {HIGHEST} here; got {rate!r}.")
        if integer(seed, "seed", minimum=0) > 999:
            raise ValueError(f"seed must lie between 0 and 999 here; got {seed}.")
        maps = feature_maps()
        super().__init__(
            maps=np.moveaxis(maps, -1, 0).tobytes(),
            names=list(NAMES),
            height=maps.shape[0],
            width=maps.shape[1],
            rate=float(rate),
            seed=int(seed),
            training=bool(training),
            cursor=list(pair(cursor, "cursor", minimum=0)),
        )

    def values(self):
        """Return the maps, levels from 0 to 255, of shape `(height, width, maps)`."""
        levels = np.frombuffer(self.maps, np.uint8)
        shape = (len(self.names), self.height, self.width)
        return np.moveaxis(levels.reshape(shape), 0, -1).astype(float)

    def kept(self, kind):
        """Return the mask of `"standard"` or `"spatial"` dropout that the page draws."""
        maps, size = len(self.names), self.height * self.width
        if kind == "spatial":
            drawn = np.repeat(uniform(self.seed, np.arange(maps)), size)
        else:
            drawn = uniform(self.seed, np.arange(maps * size))
        drawn = drawn.reshape(maps, self.height, self.width)
        return np.moveaxis(drawn, 0, -1) >= (self.rate if self.training else 0)

    def output(self, kind):
        """Return what the next layer sees."""
        if not self.training:
            return self.values()
        return self.values() * self.kept(kind) / (1 - self.rate)

    def guesses(self, kind):
        """Return the maps with each dropped number guessed from its surviving neighbours."""
        values, kept = self.values(), self.kept(kind)
        means = values.mean(axis=(0, 1))
        guessed = predict_from_neighbours(values[None], kept[None], means)[0]
        return np.where(kept, values, guessed)

    def explained(self, kind):
        """Return R squared of the guesses about each map's mean; NaN if nothing is dropped."""
        values, gone = self.values(), ~self.kept(kind)
        if not gone.any():
            return float("nan")
        rest = np.sum((values - self.guesses(kind))[gone] ** 2)
        return float(1 - rest / np.sum((values - values.mean(axis=(0, 1)))[gone] ** 2))

    def draw_still(self, figure):
        """Draw the maps after both kinds of dropout, and as guessed."""
        stills.draw_leak(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        if not self.training:
            return (
                "Six feature maps of a photograph at inference: dropout lets them pass unchanged."
            )
        standard, spatial = (self.explained(kind) for kind in ("standard", "spatial"))
        told = [
            "nothing is dropped" if np.isnan(value) else f"{value:.2f}"
            for value in (standard, spatial)
        ]
        return (
            f"Six feature maps of a photograph after standard and after spatial dropout at a rate "
            f"of {self.rate:g}, and below as guessed from surviving neighbours. R squared of the "
            f"guesses: standard {told[0]}, spatial {told[1]}."
        )


EXHIBITS = (LeakExplorer,)


def uniform(seed, places):
    """Return a number from 0 to below 1 for each place: mulberry32, as the page has it.

    Example:
        >>> uniform(3, np.arange(2)).round(4)
        array([0.2651, 0.4047])
    """
    mask = np.uint64(0xFFFFFFFF)

    def times(one, other):
        return (one * other) & mask

    places = np.asarray(places, np.uint64)
    start = np.uint64(seed * 2654435761)
    mixed = (start + (places + np.uint64(1)) * np.uint64(0x6D2B79F5)) & mask
    mixed = times(mixed ^ (mixed >> np.uint64(15)), mixed | np.uint64(1))
    mixed ^= (mixed + times(mixed ^ (mixed >> np.uint64(7)), mixed | np.uint64(61))) & mask
    return (mixed ^ (mixed >> np.uint64(14))) / 2.0**32


@cache
def feature_maps():
    """Return six feature maps of a photograph after a ReLU, uint8 of shape `(48, 48, 6)`."""
    image = photograph("camera", 50).astype(float)
    image = image / image.max()
    smooth, slope = np.array([1.0, 2.0, 1.0]) / 4, np.array([-1.0, 0.0, 1.0])
    across, spots = np.outer(smooth, slope), -np.outer(smooth, smooth)
    spots[1, 1] += 1
    blur = np.outer(smooth, smooth)
    kernels = np.stack([blur, -blur, across, -across, -across.T, spots], axis=-1)
    bias = np.array([0, 0.8, 0, 0, 0, 0.0])
    maps = conv2d(image[None, ..., None], kernels[:, :, None, :], bias)[0]
    maps = np.maximum(maps, 0)
    return channel_levels_of_many(maps / np.quantile(maps, 0.97, axis=(0, 1)))


def channel_levels_of_many(maps):
    """Return maps as uint8 levels, cut off at 1."""
    maps = np.clip(maps, 0, 1)
    return np.concatenate([channel_levels(maps[..., :3]), channel_levels(maps[..., 3:])], axis=-1)
