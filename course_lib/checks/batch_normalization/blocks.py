"""What is measured of the blocks that students build: outputs, moving averages, what they keep.

Weights are injected by position, so that a block is judged by what it computes. In a *positive*
world (images, kernels and gammas above zero, betas large) a ReLU changes nothing, wherever it
stands: there size, stride and statistics show alone.
"""

import numpy as np

from course_lib.checks import networks

LARGE_BETA = 20


def measure_conv(answer, images, filters, *sizes, seed, training=False, positive=False):
    """Build a block on images and return the numbers that say what it computes.

    Args:
        answer: `conv_bn_relu`, a student's or ours.
        images: array of shape `(batch, height, width, channels)`.
        filters: as `answer` takes it.
        *sizes: strides and kernel size, as `answer` takes them.
        seed: of the weights.
        training: whether the block is called as in training.
        positive: whether all is above zero.

    Returns:
        The output, the moving mean and variance after the call, the share of the moving averages
        that one call in training keeps, the number of parameters.
    """
    return _measure(answer, images, (filters, *sizes), seed, training, positive)


def measure_dense(answer, rows, units, seed, training=False, positive=False):
    """Build a block on rows of features and return what `measure_conv` does."""
    return _measure(answer, rows, (units,), seed, training, positive)


def _measure(answer, x, sizes, seed, training, positive):
    model = networks.built(answer, x.shape[1:], *sizes)
    networks.inject(model, seed, biases=False)
    if positive:
        _lift(model)
        x = np.abs(x)
    # A layer that always trains is seen where the block infers.
    output = networks.outputs(model, x, training=training or None)
    mean, variance = (_read(model, role) for role in ("moving_mean", "moving_variance"))
    kept = _kept(model, x) if training else np.zeros(0)
    return output, mean, variance, kept, sum(networks.parameters(model))


def _lift(model):
    """Make kernels and gammas positive and betas so large that nothing falls below zero."""
    for one in networks.weighted(model):
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            array = np.abs(np.asarray(variable))
            if role == "beta":
                variable.assign(array + LARGE_BETA)
            elif role in ("kernel", "gamma"):
                variable.assign(array)


def _kept(model, x):
    """The share that one call in training keeps, found by moving where it starts from."""
    ends = []
    for start in (0, 1):
        for variable in _moving(model):
            variable.assign(np.full(variable.shape, start, np.float32))
        networks.outputs(model, x, training=True)
        ends.append(np.concatenate([np.zeros(0), *map(np.asarray, _moving(model))]))
    return np.round(ends[1] - ends[0], 4)


def _read(model, wanted):
    return np.concatenate([np.zeros(0), *map(np.asarray, _moving(model, (wanted,)))])


def _moving(model, wanted=("moving_mean", "moving_variance")):
    return [
        variable
        for one in networks.weighted(model)
        for role, variable in zip(one.roles, one.layer.weights, strict=True)
        if role in wanted
    ]
