"""What the checks of `unet` try.

A UNet is asked what happens when something in it is changed: see `measures`. Sizes are not square,
there are two poolings or one, and one class or several.
"""

import numpy as np

from course_lib import unet as topic
from course_lib.checks.core import Check, case
from course_lib.checks.unet.measures import (
    AGAIN,
    EPOCHS,
    FALLS,
    FEATURES,
    IMPROVES,
    JOINED,
    KERNELS,
    LINEAR,
    NETWORK,
    PATCH,
    POOLED,
    PROBABILITIES,
    RELU,
    REPEATS,
    SHAPE,
    TRAINING,
    measure_iou,
    measure_loss,
    measure_network,
    measure_training,
)

BOOK = "unet.html#unet"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")
READY_LOSSES = ("keras.losses", "keras.src.losses", "keras.metrics", "keras.src.metrics")

unet = Check(
    topic.unet,
    topic="unet",
    title="A UNet",
    returns=NETWORK,
    read=f"{BOOK}-network",
    forbidden=KERAS_ALLOWED,
    measure=measure_network,
    hidden_draws=1,
)
iou = Check(
    topic.iou,
    topic="unet",
    title="Intersection over union",
    returns=("number of images whose result is NaN", "intersection over union"),
    read=f"{BOOK}-iou",
    measure=measure_iou,
)
dice_loss = Check(
    topic.dice_loss,
    topic="unet",
    title="The Dice loss",
    returns=("loss",),
    read=f"{BOOK}-dice",
    forbidden=(*KERAS_ALLOWED, *READY_LOSSES),
    measure=measure_loss,
)
train_unet = Check(
    topic.train_unet,
    topic="unet",
    title="Training",
    returns=TRAINING,
    read=f"{BOOK}-training",
    forbidden=KERAS_ALLOWED,
    measure=measure_training,
    hidden_draws=1,
)
CHECKS = {check.name: check for check in (unet, iou, dice_loss, train_unet)}


def _seed(rng):
    return int(rng.integers(1000))


def _pick(rng, *values):
    return values[rng.integers(len(values))]


# --- unet ----------------------------------------------------------------------------------------
# Building takes the time, so parts and draws share two networks: two poolings and one class, one
# pooling and three classes. What differs from draw to draw are weights and images.

DEEP = ((24, 20, 2), [2, 3, 4])
WIDE = ((8, 12, 2), [3, 5])


def _both(rng, look):
    yield case(*DEEP, look=look, seed=_seed(rng), of=look)
    yield case(*WIDE, classes=3, look=look, seed=_seed(rng), of=look)


@unet.part(weight=3)
def shape(rng):
    """The output has the image's height and width, and a channel for each class."""
    yield from _both(rng, SHAPE)


@unet.part(weight=5)
def convolutions(rng):
    """Two 3×3 convolutions a level on both ways, a 2×2 up-convolution to each, a 1×1 at the end."""
    yield from _both(rng, KERNELS)


@unet.part(weight=3)
def activations(rng):
    """A ReLU follows each 3×3 convolution: nothing negative reaches the next one or the pooling."""
    yield case(*DEEP, look=RELU, seed=_seed(rng), of=RELU)


@unet.part(weight=2)
def pooling(rng):
    """On the way down the largest of each 2×2 numbers goes on to the next level."""
    yield case(*DEEP, look=POOLED, seed=_seed(rng), of=POOLED)


@unet.part(weight=5, read=f"{BOOK}-probabilities")
def probabilities(rng):
    """A sigmoid for one class, a softmax for several."""
    yield from _both(rng, PROBABILITIES)


@unet.part(weight=2)
def inference(rng):
    """At inference the same image gives the same probabilities each time."""
    yield case(*DEEP, look=REPEATS, seed=_seed(rng), of=REPEATS)


@unet.part(weight=9, read=f"{BOOK}-skips")
def skips(rng):
    """There is a skip at each level but the deepest: changed by itself, it moves the output."""
    yield from _both(rng, JOINED)


@unet.part(weight=7, read=f"{BOOK}-skips")
def features(rng):
    """A skip brings its level's features as they are before pooling."""
    yield from _both(rng, FEATURES)


@unet.part(weight=4, after=(skips,), read=f"{BOOK}-skips")
def scales(rng):
    """One pixel of a skip moves a small patch at the finest level, and larger ones below it."""
    yield case(*DEEP, look=PATCH, seed=_seed(rng), of=PATCH)


@unet.part(weight=3)
def up(rng):
    """Up-convolutions have no activation: what is doubled or negated before is so behind."""
    yield case(*DEEP, look=LINEAR, seed=_seed(rng), of=LINEAR)


@unet.part(weight=3, read=f"{BOOK}-without")
def without_skips(rng):
    """With skips=False nothing is joined; all else stays."""
    settings = {"skips": False, "seed": _seed(rng)}
    yield case(*DEEP, look=KERNELS, of=KERNELS, **settings)
    yield case(*DEEP, look=JOINED, of=JOINED, **settings)


@unet.part(weight=4, read=f"{BOOK}-sizes")
def any_size(rng):
    """Sizes that cannot be halved come out as they went in."""
    sizes = _pick(rng, (13, 22, 2), (14, 11, 2), (9, 19, 2))
    yield case(sizes, [2, 3, 4], look=SHAPE, seed=_seed(rng), of=SHAPE)
    yield case((7, 8, 2), [3, 4], look=SHAPE, seed=_seed(rng), of=SHAPE)


# --- iou -----------------------------------------------------------------------------------------


def _masks(rng, *shape, share=0.4):
    return (rng.random(shape) < share).astype(np.uint8)


def _probabilities(rng, *shape):
    """Numbers from 0 to 1 that are no threshold."""
    return (rng.integers(0, 50, shape) / 50 + 0.01).astype(np.float32)


# Single images where it can be: whether a batch is taken as one is asked in one part.


def _sizes(rng, batch=1):
    return batch, int(rng.integers(4, 7)), int(rng.integers(5, 9))


@iou.part(weight=4)
def masks(rng):
    """Two masks: what both have, over what one of them has at least."""
    sizes = _sizes(rng)
    for shares in ((0.4, 0.4), (0.7, 0.2), (0.2, 0.6)):
        first, second = (_masks(rng, *sizes, share=share) for share in shares)
        yield case(first, second.astype(np.float32))


@iou.part(weight=3)
def images(rng):
    """One number for each image of the batch."""
    sizes = _sizes(rng, int(rng.integers(2, 5)))
    yield case(_masks(rng, *sizes), _masks(rng, *sizes).astype(np.float32))


@iou.part(weight=3)
def thresholds(rng):
    """A probability above the threshold counts as the object."""
    sizes = _sizes(rng)
    yield case(_masks(rng, *sizes), _probabilities(rng, *sizes))
    for threshold in (0.2, 0.8):
        yield case(_masks(rng, *sizes), _probabilities(rng, *sizes), threshold=threshold)


@iou.part(weight=2)
def empty(rng):
    """Two empty masks agree: 1. An empty one and another do not: 0."""
    sizes = _sizes(rng)
    none, some = np.zeros(sizes, np.uint8), _masks(rng, *sizes)
    some[0, 1, 2] = 1
    for first, second in ((none, none), (none, some), (some, none)):
        yield case(first, second.astype(np.float32))


@iou.part(weight=1)
def labels(rng):
    """In the true masks whatever is above 0 is the object, 2 and 255 as well."""
    sizes = _sizes(rng)
    truth = _masks(rng, *sizes, share=0.6) * rng.choice([1, 2, 255], sizes)
    yield case(truth.astype(np.uint8), _probabilities(rng, *sizes))


@iou.part(weight=2)
def refusals(rng):
    """Masks of two shapes are refused with a ValueError, where NumPy would broadcast them."""
    truth, one = _masks(rng, 3, 4, 5), _masks(rng, 1, 5, 5)
    yield case(truth, truth[:1].astype(np.float32), raises=ValueError)
    # A single square mask is what NumPy broadcasts against a network's output without a word.
    yield case(one, one[..., np.newaxis].astype(np.float32), raises=ValueError)


# --- dice_loss -----------------------------------------------------------------------------------


def _pair(rng, batch, *rest):
    shape = batch, int(rng.integers(3, 6)), int(rng.integers(4, 7)), *rest
    return _masks(rng, *shape).astype(np.float32), _probabilities(rng, *shape)


@dice_loss.part(weight=4)
def one_class(rng):
    """One image, one class: 1 - (2 × sum(t × p) + smooth) / (sum(t) + sum(p) + smooth)."""
    yield case(*_pair(rng, 1, 1), smooth=0.5)
    yield case(*_pair(rng, 1, 1), smooth=2.0)


@dice_loss.part(weight=2)
def batches(rng):
    """One number for each image of the batch."""
    yield case(*_pair(rng, 3, 1), smooth=0.5)
    yield case(*_pair(rng, 2, 1), smooth=0.25)


@dice_loss.part(weight=2)
def several_classes(rng):
    """Several classes: each class has its loss, and their mean counts."""
    yield case(*_pair(rng, 1, 3), smooth=0.5)
    yield case(*_pair(rng, 1, 2), smooth=0.5)


@dice_loss.part(weight=2)
def smoothing(rng):
    """Two empty masks have the loss 0; smooth is 1 unless it is given."""
    truth, prediction = _pair(rng, 1, 1)
    yield case(truth, prediction)
    yield case(0 * truth, 0 * prediction)


@dice_loss.part(weight=1)
def whole_numbers(rng):
    """True masks may be whole numbers or truth values."""
    truth, prediction = _pair(rng, 1, 1)
    yield case(truth.astype(np.uint8), prediction, smooth=0.5)
    yield case(truth.astype(bool), prediction, smooth=0.5)


@dice_loss.part(weight=3)
def in_compile(rng):
    """In training, where tensors have no numbers yet, it gives the same."""
    yield case(*_pair(rng, 1, 1), smooth=0.5, symbolic=True)
    yield case(*_pair(rng, 1, 3), smooth=0.5, symbolic=True)


# --- train_unet ----------------------------------------------------------------------------------
# One training serves three parts and the last part has two, in hidden tests as well: training takes
# the time, and what is asked of it does not depend on numbers that could be known before.


@train_unet.part(weight=2)
def history(rng):
    """It returns a dictionary with a loss for each epoch."""
    yield case(5, 1, of=EPOCHS)


@train_unet.part(weight=3)
def falls(rng):
    """The loss falls."""
    yield case(5, 1, of=FALLS)


@train_unet.part(weight=4)
def improves(rng):
    """The model itself is trained: its predictions for images that it has not seen improve."""
    yield case(5, 1, of=IMPROVES)


@train_unet.part(weight=2)
def seeds(rng):
    """Equal seeds give equal results."""
    yield case(2, 2, twice=True, of=AGAIN)
