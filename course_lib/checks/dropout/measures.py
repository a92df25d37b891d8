"""What is measured of the answers of `dropout`: statistics of masks, and what a block computes."""

import numpy as np

from course_lib.checks import networks
from course_lib.checks.compare import difference
from course_lib.checks.core import Unfit
from course_lib.checks.dropout.statistics import MASK, mask_statistics, settled

(
    ZEROS, SIZE, REST, IMAGES_ALIKE, CHANNELS_ALIKE, ACROSS, DOWN, CALLS_ALIKE, IN_PART,
    AT_THE_MEAN,
) = MASK  # fmt: skip


def measure_mask(answer, x, rate, training, seeds):
    """Call the function once for each seed; return the statistics of what it dropped."""
    if not 0 <= rate < 1:
        return answer(x, rate, training, seeds[0])
    original = x.astype(float)
    outputs = []
    for seed in seeds:
        output = answer(x, rate, training, seed)
        problem = difference(output, original, np.inf, "output")
        if problem:
            raise Unfit(*problem)
        outputs.append(np.asarray(output, float))
    return mask_statistics(original, np.stack(outputs), rate)


# What is found out about a block; the masks' statistics two by two, since each needs a network.
BLOCK = (OUTPUT, PARAMETERS, BRANCH, STRANGE, AROUND, CHOICES) = (
    "output",
    "trainable parameters",
    "share of the branch's input that is zero, share of maps that are so in part",
    "share of the branch's input that is neither zero nor scaled",
    "share of zeros on the shortcut, after the branch, after the sum",
    "share of equal choices in two images, in two channels",
)


def measure_block(answer, shape, settings, rate, images, seed, training=False):
    """Build the block; return what it computes, or what its branch sees where images are given.

    Args:
        answer: the function.
        shape: of an image.
        settings: filters, strides and kernel size.
        rate: of the dropout.
        images: what goes in, or how many images the statistics of masks should be taken of.
        seed: of the weights.
        training: whether the block runs as in training.
    """
    training = training or None  # so that a layer that always trains is seen
    model = networks.built(answer, shape, *settings, rate)
    if isinstance(images, int):
        seen = _what_the_branch_sees(model, shape, images, seed, rate, training)
        return 0.0, 0, *seen
    networks.inject(model, seed, biases=False)
    for one in networks.weighted(model):
        if hasattr(one.layer, "epsilon"):  # a matter of taste
            one.layer.epsilon = 1e-3
    output = networks.outputs(model, images, training)
    return output, networks.parameters(model)[0], *np.zeros(4)


def _what_the_branch_sees(model, shape, count, seed, rate, training):
    """Statistics of the maps that reach a branch of 1x1 convolutions, found from outside.

    With positive weights and inputs no ReLU bends, so that the branch is a matrix. Images with one
    channel lit give its columns; its inverse tells from an output what went in.
    """
    height, width, channels = shape
    rng = np.random.default_rng(seed)
    _make_linear(model, rng, channels)
    networks.reseed(model, seed)
    lit = np.zeros((channels, height, width, channels), np.float32)
    lit[np.arange(channels), :, :, np.arange(channels)] = 1
    matrix = (networks.outputs(model, lit, training=False) - lit)[:, 0, 0, :].astype(float)
    x = rng.uniform(1, 2, (count, *shape)).astype(np.float32)
    branch = networks.outputs(model, x, training) - x
    if np.linalg.matrix_rank(matrix) < channels:
        raise Unfit(
            "a branch through which some channels of the input do not come",
            "a branch of convolutions, batch normalisation and ReLU that takes in every channel",
        )
    seen = np.linalg.solve(matrix.T, branch.reshape(-1, channels).T.astype(float)).T
    seen = np.where(np.abs(seen) < 1e-3, 0, seen).reshape(1, *x.shape)
    found = dict(zip(MASK, mask_statistics(x.astype(float), seen, rate), strict=True))
    dropped, choices = (
        np.array([found[one], found[two]])
        for one, two in ((ZEROS, IN_PART), (IMAGES_ALIKE, CHANNELS_ALIKE))
    )
    return dropped, found[REST], _around(model, x, branch, rate, training), choices


def _make_linear(model, rng, channels):
    """Positive kernels, and batch normalisation that does nothing, not even in training."""
    for one in networks.weighted(model):
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            value = np.zeros(variable.shape) + (role in ("gamma", "moving_variance"))
            if role == "kernel" and variable.shape == (1, 1, channels, channels):
                value[0, 0] = np.eye(channels) + rng.uniform(0.05, 0.15, (channels, channels))
            variable.assign(value.astype(np.float32))
        if "moving_mean" in one.roles:
            one.layer.trainable = False


def _around(model, x, branch, rate, training):
    """Shares of zeros on the shortcut, seen when the branch is silent, after branch and sum."""
    channels = x.shape[-1]
    # Now and then a branch sees nothing at all, and rightly gives nothing.
    hypotheses = rate**channels, rate, (1 - rate) ** channels
    after_branch, after_sum = (
        np.sum(np.abs(values[:, 0, 0, 0]) < 1e-4) for values in (branch, branch + x)
    )
    networks.zero(model)
    silent = networks.outputs(model, x, training)[:, 0, 0] == 0
    return np.array(
        [
            settled(silent.sum(), silent.size, 0, rate),
            settled(after_branch, len(x), *hypotheses),
            settled(after_sum, len(x), *hypotheses[:2]),
        ]
    )
