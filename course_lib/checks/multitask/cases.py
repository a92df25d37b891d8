"""What the checks of `multitask` try: one idea a part, so that one mistake costs one part.

A network is asked what moves which of its answers: see `measures`. A loss gets one image where the
mean must not matter, equal weights where the weights must not, and numbers without an error for the
task that is not asked for. What it makes of several images is judged by what it makes of one.
"""

import numpy as np

from course_lib import multitask as topic
from course_lib.checks.core import Check, case
from course_lib.checks.multitask.measures import (
    AVERAGE,
    HEADS,
    KERNELS,
    LINEAR,
    NAMES,
    NETWORK,
    PADDED,
    POOLED,
    PROBABILITIES,
    RELU,
    SHAPES,
    SHARED,
    measure_network,
)
from course_lib.checks.multitask.measures_loss import RESULTS, SURE, measure_loss

BOOK = "multitask.html#multitask"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")

multitask_model = Check(
    topic.multitask_model,
    topic="multitask",
    title="One backbone, two heads",
    returns=NETWORK,
    read=f"{BOOK}-model",
    forbidden=KERAS_ALLOWED,
    measure=measure_network,
    hidden_draws=1,
)
multitask_loss = Check(
    topic.multitask_loss,
    topic="multitask",
    title="A loss of two tasks, with labels missing",
    returns=RESULTS,
    read=f"{BOOK}-loss",
    forbidden=KERAS_ALLOWED,
    measure=measure_loss,
    hidden_draws=1,
)
CHECKS = {check.name: check for check in (multitask_model, multitask_loss)}


def _seed(rng):
    return int(rng.integers(1000))


# --- multitask_model -----------------------------------------------------------------------------
# Building takes the time, so parts and draws share a network of three levels, whose weights differ
# from draw to draw. One of a single level is drawn anew, with as many kinds as by default.

DEEP = {"shape": (24, 28, 2), "classes": 4, "filters": (2, 3, 5)}


@multitask_model.part(weight=4)
def sizes(rng):
    """A tuple: first a number for each kind, then a single number."""
    yield case(**DEEP, look=SHAPES, of=SHAPES)


@multitask_model.part(weight=5)
def convolutions(rng):
    """A 3×3 convolution for each entry of filters, with as many filters as it says."""
    yield case(**DEEP, look=KERNELS, of=KERNELS)
    height, width, channels, maps = (int(rng.integers(low, 2 * low)) for low in (8, 8, 2, 9))
    yield case((height, width, channels), filters=(maps + 1,), look=KERNELS, of=KERNELS)


@multitask_model.part(weight=4)
def activations(rng):
    """A ReLU follows each convolution."""
    yield case(**DEEP, look=RELU, seed=_seed(rng), of=RELU)


@multitask_model.part(weight=4)
def pooling(rng):
    """From a level to the next one the largest of each 2×2 numbers goes on."""
    yield case(**DEEP, look=POOLED, seed=_seed(rng), of=POOLED)


@multitask_model.part(weight=2)
def padding(rng):
    """Convolutions keep the size: padding "same"."""
    yield case(**DEEP, look=PADDED, seed=_seed(rng), of=PADDED)


@multitask_model.part(weight=4)
def average(rng):
    """The features are the mean of each of the last maps, which are not pooled before."""
    yield case(**DEEP, look=AVERAGE, seed=_seed(rng), of=AVERAGE)


@multitask_model.part(weight=9, read=f"{BOOK}-sharing")
def sharing(rng):
    """There is one backbone: all of its kernels learn from both outputs."""
    yield case(**DEEP, look=SHARED, seed=_seed(rng), of=SHARED)


@multitask_model.part(weight=4, read=f"{BOOK}-sharing")
def heads(rng):
    """Each output has one dense layer of its own, which reads the features and nothing else."""
    yield case(**DEEP, look=HEADS, seed=_seed(rng), of=HEADS)


@multitask_model.part(weight=4)
def probabilities(rng):
    """The kind ends in a softmax."""
    yield case(**DEEP, look=PROBABILITIES, seed=_seed(rng), of=PROBABILITIES)


@multitask_model.part(weight=4)
def linear(rng):
    """The quantity has no activation: negative and large numbers come out as they are."""
    yield case(**DEEP, look=LINEAR, seed=_seed(rng), of=LINEAR)


@multitask_model.part(weight=1)
def names(rng):
    """The layers that give the outputs are named "kind" and "quantity"."""
    yield case(**DEEP, look=NAMES, of=NAMES)


# --- multitask_loss ------------------------------------------------------------------------------


def _kinds(rng, *values):
    return np.array(values, np.int32)


def _scores(rng, batch, classes):
    """Scores of kinds, far from a tie; they make probabilities that are no round numbers."""
    return np.round(rng.normal(0, 1.2, (batch, classes)), 1).astype(np.float32)


def _sure(kinds, classes):
    """Scores whose softmax is 1 for the right kind: there is no cross-entropy."""
    return np.where(np.arange(classes) == np.reshape(kinds, (-1, 1)), SURE, 0).astype(np.float32)


def _column(values):
    return np.reshape(values, (-1, 1)).astype(np.float32)


def _numbers(rng, batch):
    return np.round(rng.normal(0, 2, batch), 1).astype(np.float32)


def _apart(rng, quantities, least=0.3, most=2.5):
    """Predictions that are wrong by as much, in either direction."""
    count = len(quantities)
    return _column(
        quantities + rng.choice([-1, 1], count) * np.round(rng.uniform(least, most, count), 1)
    )


def _equal(rng, batch):
    """Quantities that are all alike, and predicted as they are: no error in any order."""
    quantities = np.full(batch, np.round(rng.normal(0, 2), 1), np.float32)
    return quantities, _column(quantities)


@multitask_loss.part(weight=4)
def cross_entropy(rng):
    """One image whose quantity is right: minus the logarithm of its kind's probability."""
    for classes in (3, 4):
        kinds = _kinds(rng, rng.integers(classes))
        quantities, predicted = _equal(rng, 1)
        yield case(kinds, quantities, _scores(rng, 1, classes), predicted)


@multitask_loss.part(weight=4)
def squared_error(rng):
    """One image whose kind is sure: the square of the quantity's error."""
    for errors in ((0.3, 0.8), (1.5, 2.5)):  # a Huber loss is half of the square to 1 alone
        kinds, quantities = _kinds(rng, rng.integers(3)), _numbers(rng, 1)
        yield case(kinds, quantities, _sure(kinds, 3), _apart(rng, quantities, *errors))


@multitask_loss.part(weight=5)
def weighted(rng):
    """The first weight is the cross-entropy's, the second one the squared error's."""
    kinds, quantities = _kinds(rng, rng.integers(3)), _numbers(rng, 1)
    given = kinds, quantities, _scores(rng, 1, 3), _apart(rng, quantities)
    for weights in ((0.5, 3.0), (2.0, 0.0)):
        yield case(*given, weights=weights, look="own")


@multitask_loss.part(weight=6)
def batches(rng):
    """A batch in which all labels are there: each task's mean over the images, one number."""
    kinds, quantities = _kinds(rng, 1, 0, 2), _numbers(rng, 3)
    none, right = _equal(rng, 3)
    yield case(kinds, none, _scores(rng, 3, 3), right, summed=False, look="own")
    yield case(
        kinds, quantities, _sure(kinds, 3), _apart(rng, quantities), summed=False, look="own"
    )


# Of the labels one is there, so that a sum and a mean are the same.


@multitask_loss.part(weight=6, read=f"{BOOK}-missing")
def missing_kinds(rng):
    """Images without a kind (-1) are left out: one of three is there, and the mean is its loss."""
    kinds = np.where(np.arange(3) == rng.integers(3), rng.integers(3), -1).astype(np.int32)
    quantities, predicted = _equal(rng, 3)
    yield case(kinds, quantities, _scores(rng, 3, 3), predicted, look="own")


@multitask_loss.part(weight=6, read=f"{BOOK}-missing")
def missing_quantities(rng):
    """Images without a quantity (NaN) are left out: one of three is there."""
    kinds, one, there = _kinds(rng, *rng.integers(3, size=3)), _numbers(rng, 1), rng.integers(3)
    quantities = np.where(np.arange(3) == there, one, np.nan).astype(np.float32)
    predicted = np.full((3, 1), one + np.round(rng.uniform(0.4, 2.5), 1), np.float32)
    yield case(kinds, quantities, _sure(kinds, 3), predicted, look="own")


@multitask_loss.part(weight=4, read=f"{BOOK}-missing")
def none_there(rng):
    """A batch without any kind, or any quantity, or both: that task adds 0."""
    kinds, quantities = _kinds(rng, rng.integers(3)), _numbers(rng, 1)
    nothing, missing = _kinds(rng, -1), np.full(1, np.nan, np.float32)
    scores, predicted = _scores(rng, 1, 3), _apart(rng, quantities)
    yield case(nothing, quantities, scores, predicted, look="own")
    yield case(kinds, missing, scores, predicted, look="own")
    yield case(nothing, missing, scores, predicted, look="own")


@multitask_loss.part(weight=1)
def impossible(rng):
    """A probability of 0 counts as 1e-7, so that the loss stays finite."""
    quantities, predicted = _equal(rng, 1)
    scores = 5 * _sure(_kinds(rng, rng.integers(3)), 3)  # zeros indeed
    yield case(_kinds(rng, int(scores.argmin())), quantities, scores, predicted)


@multitask_loss.part(weight=5, read=f"{BOOK}-gradient")
def gradients(rng):
    """In training: of tensors without numbers, a gradient without NaN; missing labels get none."""
    kinds, quantities, scores = _kinds(rng, -1, 2, 0), _numbers(rng, 3), _scores(rng, 3, 3)
    predicted = _column(quantities + np.round(rng.uniform(0.5, 2), 1))
    quantities[0] = np.nan  # both labels of one image: that each has its own mask is asked below
    yield case(kinds, quantities, scores, predicted, look="gradient")


@multitask_loss.part(weight=1, after=(none_there, gradients), read=f"{BOOK}-gradient")
def nothing_to_learn(rng):
    """In training: where a task has no label in the batch its gradient is 0, and not NaN."""
    kinds, quantities = _kinds(rng, 1, 2, 0), _numbers(rng, 3)
    given = _scores(rng, 3, 3), _column(quantities + 1)
    yield case(0 * kinds - 1, quantities * np.nan, *given, look="gradient")


@multitask_loss.part(
    weight=3,
    after=(cross_entropy, squared_error, weighted, batches, missing_kinds, missing_quantities),
    read=f"{BOOK}-missing",
)
def together(rng):
    """All of it: several labels of each task, missing in different images, and weights."""
    kinds, quantities = rng.integers(3, size=6).astype(np.int32), _numbers(rng, 6)
    predicted, places = _apart(rng, quantities), rng.permutation(6)
    kinds[places[:3]], quantities[places[2:4]] = -1, np.nan
    scores = _scores(rng, 6, 3)
    yield case(kinds, quantities, scores, predicted, weights=(0.5, 2.0), summed=False, look="own")
    yield case(kinds, quantities, scores, predicted, weights=(1.5, 0.25), summed=False, look="own")
