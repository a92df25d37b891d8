"""Relatives of batch normalisation: the same formula, averaged over other axes.

Each is one way out of the batch: the first three average within an example, so that training and
inference are one computation; the last corrects the batch's statistics by the moving ones.
"""

import numpy as np

from course_lib.arguments import integer, positive
from course_lib.batch_normalization import (
    EPSILON,
    MOMENTUM,
    batch_statistics,
    prepared,
    share,
)


def layer_norm(x, gamma, beta, epsilon=EPSILON):
    """Normalise each example over all its features.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`.
        beta: array of shape `(channels,)`.
        epsilon: added to the variance, under the root.

    Returns:
        An array of `x`'s shape.

    Raises:
        ValueError: if `x` has another rank, or an array does not have one entry a channel.

    Example:
        >>> layer_norm(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), 1e-9).round(6)
        array([[-1.,  1.]])

    Reference:
        Ba, Kiros and Hinton (2016), Layer normalization. Over images it is group normalisation with
        one group; `keras.layers.LayerNormalization` averages over the last axis alone unless told
        otherwise.
    """
    return group_norm(x, gamma, beta, 1, epsilon)


def instance_norm(x, gamma, beta, epsilon=EPSILON):
    """Normalise each feature map of each image by itself.

    Args:
        x: array of shape `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`.
        beta: array of shape `(channels,)`.
        epsilon: added to the variance, under the root.

    Returns:
        An array of `x`'s shape.

    Raises:
        ValueError: if `x` has another rank, or an array does not have one entry a channel.

    Example:
        >>> x = np.array([[1.0, 10.0], [3.0, 30.0]]).reshape(1, 2, 1, 2)      # two maps of 2x1
        >>> instance_norm(x, np.ones(2), np.zeros(2), 1e-9).round(6)[0, :, 0]
        array([[-1., -1.],
               [ 1.,  1.]])

    Reference:
        Ulyanov, Vedaldi and Lempitsky (2016), Instance normalization.
    """
    return group_norm(x, gamma, beta, np.shape(x)[-1], epsilon)


def group_norm(x, gamma, beta, groups, epsilon=EPSILON):
    """Normalise each example over groups of neighbouring channels.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`.
        beta: array of shape `(channels,)`.
        groups: how many groups the channels are divided into.
        epsilon: added to the variance, under the root.

    Returns:
        An array of `x`'s shape.

    Raises:
        ValueError: if `groups` does not divide the channels, or a shape does not fit.

    Example:
        >>> group_norm(np.array([[1.0, 3.0, 5.0, 9.0]]), np.ones(4), np.zeros(4), 2, 1e-9).round(6)
        array([[-1.,  1., -1.,  1.]])

    Reference:
        Wu and He (2018), Group normalization.
    """
    x, gamma, beta = prepared(x, gamma, beta)
    batch, *size, channels = x.shape
    groups = integer(groups, "groups")
    if channels % groups:
        raise ValueError(
            f"groups must divide the {channels} channels; got {groups}. Take a divisor of "
            f"{channels}."
        )
    grouped = x.reshape(batch, -1, groups, channels // groups)
    mean = grouped.mean(axis=(1, 3), keepdims=True)
    variance = grouped.var(axis=(1, 3), keepdims=True)
    normalised = (grouped - mean) / np.sqrt(variance + positive(epsilon, "epsilon"))
    return gamma * normalised.reshape(batch, *size, channels) + beta


def batch_renorm_train(
    x,
    gamma,
    beta,
    moving_mean,
    moving_variance,
    momentum=MOMENTUM,
    epsilon=EPSILON,
    r_max=3.0,
    d_max=5.0,
):
    """Normalise a batch by its own statistics, corrected toward the moving averages.

    In training and at inference the output is then the same, as long as the corrections stay
    within their bounds; gradients take them for constants. With `r_max=1` and `d_max=0` it is
    `batch_norm_train`.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`, as `beta`, `moving_mean` and `moving_variance`.
        beta: see `gamma`.
        moving_mean: see `gamma`.
        moving_variance: see `gamma`.
        momentum: the share of the old moving averages that stays.
        epsilon: added to both variances, under the roots.
        r_max: the largest correction of the scale, and the inverse of the smallest; at least 1.
        d_max: the largest correction of the mean, in standard deviations; at least 0.

    Returns:
        A triple `(output, moving_mean, moving_variance)`.

    Raises:
        ValueError: if a shape does not fit, or a number is out of bounds.

    Example:
        >>> x = np.array([[1.0], [3.0]])                       # mean 2; the moving averages say 0
        >>> one = np.ones(1)
        >>> batch_renorm_train(x, one, 0 * one, 0 * one, one, epsilon=1e-9)[0].round(6)
        array([[1.],
               [3.]])

    Reference:
        Ioffe (2017), Batch renormalization, algorithm 1.
    """
    x, gamma, beta, moving_mean, moving_variance = prepared(
        x, gamma, beta, moving_mean, moving_variance
    )
    momentum, epsilon = share(momentum, "momentum"), positive(epsilon, "epsilon")
    if not (r_max >= 1 and d_max >= 0):
        raise ValueError(
            f"r_max must be at least 1 and d_max at least 0; got {r_max} and {d_max}. "
            f"r_max=1 and d_max=0 correct nothing."
        )
    mean, variance = batch_statistics(x)
    deviation, moving_deviation = np.sqrt(variance + epsilon), np.sqrt(moving_variance + epsilon)
    scale = np.clip(deviation / moving_deviation, 1 / r_max, r_max)
    shift = np.clip((mean - moving_mean) / moving_deviation, -d_max, d_max)
    output = gamma * ((x - mean) / deviation * scale + shift) + beta
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    moving_variance = momentum * moving_variance + (1 - momentum) * variance
    return output, moving_mean, moving_variance
