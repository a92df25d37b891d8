"""The exhibit of `batch_normalization`: a batch of activations on its way through both steps."""

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.batch_normalization import (
    EPSILON,
    MOMENTUM,
    batch_norm_inference,
    batch_norm_train,
)
from course_lib.convolution import conv2d
from course_lib.data import digits
from course_lib.exhibits import batch_normalization_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.pictures import one_of

LAYERS = ("dense", "convolutional")
IMAGES, STEPS = 512, 120
UNIT = 1 / 20  # what one level of the stored bytes stands for
LIMITS = {"batch_size": (1, 64), "step": (0, STEPS), "momentum": (0, 0.99)}
LIMITS |= {"gamma": (-2, 2), "beta": (-3, 3)}
DENSE_SEED, KERNEL_SEED = 170, 50  # random weights whose outputs are far enough from mean 0


class DistributionExplorer(Exhibit):
    """Follow a batch of one channel through both steps, as in training and as at inference.

    The activations are those of one channel with random weights on 512 digits: of a dense unit, or
    of a 5x5 kernel with 16 positions an image. Training has gone through batches of them, one after
    the other, and kept moving averages. In the batch that is shown, image 0 stands first: one of
    its numbers is marked, and stays what it is when its companions change.

    Args:
        layer: one of `LAYERS`.
        batch_size: number of images in a batch, 1 to 64.
        step: how many batches the moving averages have seen, 0 to 120.
        momentum: what the moving averages keep, 0 to 0.99.
        gamma: the output's standard deviation, -2 to 2.
        beta: the output's mean, -3 to 3.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = DistributionExplorer(batch_size=1)
        >>> explorer.training()                   # a batch of one is its own mean: beta is left
        array([0.])
    """

    front = "batch_normalization/distribution_explorer"
    still_size = (7.2, 4.6)
    units = traitlets.Bytes().tag(sync=True)
    maps = traitlets.Bytes().tag(sync=True)
    positions = traitlets.Int().tag(sync=True)
    place = traitlets.Int().tag(sync=True)
    unit = traitlets.Float().tag(sync=True)
    epsilon = traitlets.Float().tag(sync=True)
    layer = traitlets.Unicode().tag(sync=True)
    batch_size = traitlets.Int().tag(sync=True)
    step = traitlets.Int().tag(sync=True)
    momentum = traitlets.Float().tag(sync=True)
    gamma = traitlets.Float().tag(sync=True)
    beta = traitlets.Float().tag(sync=True)

    def __init__(
        self, layer="dense", batch_size=8, step=40, momentum=MOMENTUM, *, gamma=1.0, beta=0.0
    ):
        units, maps = _activations()
        super().__init__(
            units=units.tobytes(),
            maps=maps.tobytes(),
            positions=maps.shape[1],
            place=int(np.argmin(maps[0])),
            unit=UNIT,
            epsilon=EPSILON,
            layer=one_of(layer, "layer", LAYERS),
            batch_size=_within(integer(batch_size, "batch_size"), "batch_size"),
            step=_within(integer(step, "step", 0), "step"),
            momentum=_within(momentum, "momentum"),
            gamma=_within(gamma, "gamma"),
            beta=_within(beta, "beta"),
        )

    def store(self):
        """Return the numbers of all images, of shape `(512, 1)` or `(512, 16)`."""
        levels = np.frombuffer(self.units if self.layer == "dense" else self.maps, np.int8)
        return levels.reshape(IMAGES, -1) * UNIT

    def batch(self, step=None, marked=True):
        """Return the numbers of batch `step`, one after the other; the marked image comes first."""
        step = self.step if step is None else step
        images = 1 + (step * self.batch_size + np.arange(self.batch_size)) % (IMAGES - 1)
        if marked:
            images[0] = 0
        return self.store()[images].ravel()

    def marked(self):
        """Return the marked number as it arrives."""
        return float(self.store()[0, self.marked_place()])

    def marked_place(self):
        """Return where the marked number stands in a batch that holds it."""
        return 0 if self.layer == "dense" else self.place

    def moving(self):
        """Return the moving mean and variance after `step` batches, from 0 and 1."""
        mean, variance = np.zeros(1), np.ones(1)
        for step in range(self.step):
            x = self.batch(step, marked=False)[:, np.newaxis]
            _, mean, variance = batch_norm_train(x, [1.0], [0.0], mean, variance, self.momentum)
        return float(mean[0]), float(variance[0])

    def training(self, values=None, gamma=None, beta=None):
        """Return what the batch becomes by its own statistics."""
        x = (self.batch() if values is None else values)[:, np.newaxis]
        scaled = self._parameters(gamma, beta)
        return batch_norm_train(x, *scaled, np.zeros(1), np.ones(1), self.momentum)[0][:, 0]

    def inference(self, values=None, gamma=None, beta=None):
        """Return what the batch becomes by the moving averages."""
        x = (self.batch() if values is None else np.asarray(values))[:, np.newaxis]
        mean, variance = self.moving()
        return batch_norm_inference(x, *self._parameters(gamma, beta), [mean], [variance])[:, 0]

    def others(self):
        """Return what the marked number becomes in training, in each of 121 batches."""
        at = self.marked_place()
        return np.array([self.training(self.batch(step))[at] for step in range(STEPS + 1)])

    def draw_still(self, figure):
        """Draw the batch as it arrives, and both columns below it."""
        stills.draw_distributions(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        batch, at = self.batch(), self.marked_place()
        training, others = self.training(), self.others()
        return (
            f"A batch of {batch.size} activations with mean {batch.mean():.2f} and standard "
            f"deviation {batch.std():.2f} goes through both steps. Its own statistics give it mean "
            f"{training.mean():.2f} and deviation {training.std():.2f}, and turn the marked "
            f"{self.marked():.2f} into {training[at]:.2f}; in other batches into anything from "
            f"{others.min():.2f} to {others.max():.2f}. The moving averages turn it into "
            f"{self.inference()[at]:.2f}."
        )

    def _parameters(self, gamma, beta):
        gamma = self.gamma if gamma is None else gamma
        beta = self.beta if beta is None else beta
        return np.array([gamma]), np.array([beta])


def _activations():
    """Return one channel's activations on digits, in levels of `UNIT`: dense, convolutional."""
    images = digits()[0][:IMAGES]
    weights = np.random.default_rng(DENSE_SEED).normal(0, 0.5, (64, 1))
    kernel = np.random.default_rng(KERNEL_SEED).normal(0, 0.5, (5, 5, 1, 1))
    dense, maps = images.reshape(IMAGES, -1) @ weights, conv2d(images, kernel).reshape(IMAGES, -1)
    return tuple(np.rint(values / UNIT).astype(np.int8) for values in (dense, maps))


def _within(value, name):
    low, high = LIMITS[name]
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high} here; got {value}.")
    return value


EXHIBITS = (DistributionExplorer,)
