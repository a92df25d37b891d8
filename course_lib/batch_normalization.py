"""Batch normalisation: two steps, two modes, and what it becomes when training is over.

The last axis is the channel's, `(batch, features)` after a dense layer and
`(batch, height, width, channels)` after a convolution. Every channel has one mean, one variance,
one `gamma` and one `beta`. `momentum` is what the moving averages *keep*, as in Keras: it is the
lecture's alpha, and one minus PyTorch's momentum.
"""

from numbers import Real

import numpy as np

from course_lib.arguments import integer, numeric_array, pair, positive

AXES = {2: ("batch", "features"), 4: ("batch", "height", "width", "channels")}
MOMENTUM = 0.9
EPSILON = 1e-3


def batch_statistics(x):
    """Compute one mean and one variance a channel over all other axes.

    What is averaged over is what a layer sees as its batch: the examples, and for images every
    position in them, since a kernel treats them all alike.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.

    Returns:
        A pair `(mean, variance)` of shape `(channels,)` each. The variance is the biased one: the
        sum of squares is divided by the count, and not by the count minus 1.

    Raises:
        ValueError: if `x` has another rank, or nothing to average over.

    Example:
        >>> batch_statistics(np.array([[1.0, 10.0], [3.0, 10.0]]))   # ((1 - 2)^2 + (3 - 2)^2) / 2
        (array([ 2., 10.]), array([1., 0.]))
    """
    (x,) = prepared(x)
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes)


def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=MOMENTUM, epsilon=EPSILON
):
    """Normalise a batch by its own statistics, and let the moving averages take a step.

    It is what the layer does in training. The output does not depend on the moving averages: they
    are only written down, for inference.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`, the output's standard deviation.
        beta: array of shape `(channels,)`, the output's mean.
        moving_mean: array of shape `(channels,)`, as the steps before left it.
        moving_variance: the same, of the variance.
        momentum: the share of the old moving averages that stays, at least 0 and below 1. It is
            the lecture's alpha. PyTorch calls `1 - momentum` by this name.
        epsilon: added to the variance, under the root.

    Returns:
        A triple `(output, moving_mean, moving_variance)`: an array of `x`'s shape, and the new
        moving averages. The arrays that were given stay as they are.

    Raises:
        ValueError: if `x` has another rank or no examples, if an array does not have one entry a
            channel, or if momentum or epsilon are out of bounds.

    Example:
        >>> x = np.array([[1.0], [3.0]])                              # mean 2, variance 1
        >>> output, mean, variance = batch_norm_train(
        ...     x, np.array([2.0]), np.array([5.0]), np.zeros(1), np.ones(1), epsilon=1e-9)
        >>> output.round(6)                                           # 5 - 2 * 1, 5 + 2 * 1
        array([[3.],
               [7.]])
        >>> mean.round(6), variance                                   # 0.9 * 0 + 0.1 * 2
        (array([0.2]), array([1.]))

    Reference:
        Ioffe and Szegedy (2015), Batch normalization, algorithm 1. Their moving variance, and
        PyTorch's, is of the unbiased one; this one, as Keras's, is of the same that normalises.
    """
    x, gamma, beta, moving_mean, moving_variance = prepared(
        x, gamma, beta, moving_mean, moving_variance
    )
    momentum, epsilon = share(momentum, "momentum"), positive(epsilon, "epsilon")
    mean, variance = batch_statistics(x)
    normalised = (x - mean) / np.sqrt(variance + epsilon)
    output = gamma * normalised + beta
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    moving_variance = momentum * moving_variance + (1 - momentum) * variance
    return output, moving_mean, moving_variance


def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=EPSILON):
    """Normalise by the moving averages, so that an output depends on its own input alone.

    It is what the layer does when training is over: a single image has no batch, and an answer
    must not depend on which other images happen to come along.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`.
        beta: array of shape `(channels,)`.
        moving_mean: array of shape `(channels,)`.
        moving_variance: array of shape `(channels,)`. It is a variance: its root is taken here.
        epsilon: added to the variance, under the root.

    Returns:
        An array of `x`'s shape.

    Raises:
        ValueError: if `x` has another rank or no examples, if an array does not have one entry a
            channel, or if epsilon is not above 0.

    Example:
        >>> x = np.array([[10.0]])                                    # a batch of one
        >>> batch_norm_inference(x, 2.0 * np.ones(1), np.ones(1), np.array([4.0]),
        ...                      np.array([9.0]), epsilon=1e-9).round(6)  # 2 * (10 - 4) / 3 + 1
        array([[5.]])
    """
    x, gamma, beta, moving_mean, moving_variance = prepared(
        x, gamma, beta, moving_mean, moving_variance
    )
    epsilon = positive(epsilon, "epsilon")
    normalised = (x - moving_mean) / np.sqrt(moving_variance + epsilon)
    return gamma * normalised + beta


def batch_norm_gradients(x, gamma, output_gradient, epsilon=EPSILON):
    """Carry a loss's gradient back through `batch_norm_train`.

    Mean and variance are functions of the batch, so every example has a part in the output of every
    other. What is left for `x` has no mean and nothing in the direction of the normalised input:
    shifting or scaling the whole batch does not change the loss.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        gamma: array of shape `(channels,)`.
        output_gradient: array of `x`'s shape, the loss's derivative by each output.
        epsilon: added to the variance, under the root.

    Returns:
        A triple `(x_gradient, gamma_gradient, beta_gradient)` of the shapes of `x`, `gamma` and
        `gamma`.

    Raises:
        ValueError: if a shape does not fit, or epsilon is not above 0.

    Example:
        >>> x = np.array([[1.0], [2.0], [3.0]])
        >>> x_gradient, gamma_gradient, beta_gradient = batch_norm_gradients(
        ...     x, np.ones(1), np.array([[1.0], [0.0], [0.0]]), epsilon=1e-9)
        >>> x_gradient.ravel().round(3)                               # they sum to 0
        array([ 0.204, -0.408,  0.204])
        >>> gamma_gradient.round(3), beta_gradient       # (1 - 2) / sqrt(2 / 3) of the first input
        (array([-1.225]), array([1.]))

    Reference:
        Ioffe and Szegedy (2015), Batch normalization, section 3; their six lines put together.
    """
    x, gamma = prepared(x, gamma)
    output_gradient = _like(x, output_gradient)
    axes = tuple(range(x.ndim - 1))
    mean, variance = batch_statistics(x)
    deviation = np.sqrt(variance + positive(epsilon, "epsilon"))
    normalised = (x - mean) / deviation
    by_mean = output_gradient.mean(axis=axes)
    by_deviation = (output_gradient * normalised).mean(axis=axes)
    x_gradient = gamma / deviation * (output_gradient - by_mean - normalised * by_deviation)
    gamma_gradient = (output_gradient * normalised).sum(axis=axes)
    return x_gradient, gamma_gradient, output_gradient.sum(axis=axes)


def fold_batch_norm(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=EPSILON):
    """Write a batch normalisation at inference into the weights of the layer before it.

    With fixed statistics it only scales and shifts each filter's output, which the layer can do
    itself: the folded network is the same function and has one layer less.

    Args:
        kernel: array of shape `(kernel_height, kernel_width, channels, filters)` of a convolution,
            or `(features, units)` of a dense layer; the outputs are the last axis.
        bias: array of shape `(filters,)`, or `None` for a layer without.
        gamma: array of shape `(filters,)`, as `beta`, `moving_mean` and `moving_variance`.
        beta: see `gamma`.
        moving_mean: see `gamma`.
        moving_variance: see `gamma`.
        epsilon: added to the variance, under the root.

    Returns:
        A pair `(kernel, bias)` of the shapes of `kernel` and `gamma`.

    Raises:
        ValueError: if a rank is wrong, if an array does not have one entry a filter, or if epsilon
            is not above 0.

    Example:
        >>> kernel, bias = fold_batch_norm(
        ...     np.array([[6.0]]), np.array([7.0]), np.array([2.0]), np.array([1.0]),
        ...     np.array([4.0]), np.array([9.0]), epsilon=1e-9)
        >>> kernel.round(6), bias.round(6)                     # 6 * 2 / 3; (7 - 4) * 2 / 3 + 1
        (array([[4.]]), array([3.]))

    Reference:
        Jacob et al. (2018), Quantization and training of neural networks for efficient
        integer-arithmetic-only inference, section 3.2.
    """
    kernel, bias, gamma, beta, moving_mean, moving_variance = _layer(
        kernel, bias, gamma, beta, moving_mean, moving_variance
    )
    epsilon = positive(epsilon, "epsilon")
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return kernel * scale, (bias - moving_mean) * scale + beta


def conv_bn_relu(tensor, filters, strides=1, kernel_size=3):
    """Convolve, normalise, cut off below zero: the block that most networks repeat.

    The convolution has no bias: the normalisation subtracts the mean, and any bias with it; its
    `beta` takes the place. The momentum of 0.9 lets a training of some hundred steps arrive at
    moving averages that are its own; Keras's 0.99 needs ten times as many.

    Args:
        tensor: Keras tensor of shape `(batch, height, width, channels)`.
        filters: number of feature maps.
        strides: an integer, or a pair for height and width.
        kernel_size: likewise.

    Returns:
        A Keras tensor of shape `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Raises:
        ValueError: if the tensor has another rank, or a number is not a positive integer.

    Example:
        >>> import keras
        >>> conv_bn_relu(keras.Input((9, 7, 3)), 8, strides=2).shape  # ceil(9 / 2), ceil(7 / 2)
        (None, 5, 4, 8)

    Reference:
        The lecture's `conv_bn_relu`, with its order of arguments; there with a bias and Keras's
        momentum.
    """
    # Imported here, so that the functions in NumPy can be used without loading a framework.
    from keras import layers

    _needs_rank(tensor, 4)
    filters, kernel_size = integer(filters, "filters"), pair(kernel_size, "kernel_size")
    if kernel_size == (1, 1) and pair(strides, "strides") != (1, 1):
        # The strided one has wrong gradients with oneDNN: tests/test_onednn.py.
        tensor, strides = layers.AveragePooling2D(1, pair(strides, "strides"))(tensor), 1
    convolution = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False)
    tensor = convolution(tensor)
    tensor = layers.BatchNormalization(momentum=MOMENTUM)(tensor)
    return layers.ReLU()(tensor)


def dense_bn_relu(tensor, units):
    """Apply a dense layer, normalise, cut off below zero; the sibling of `conv_bn_relu`.

    Args:
        tensor: Keras tensor of shape `(batch, features)`.
        units: number of hidden neurons.

    Returns:
        A Keras tensor of shape `(batch, units)`.

    Raises:
        ValueError: if the tensor has another rank, or `units` is not a positive integer.

    Example:
        >>> import keras
        >>> dense_bn_relu(keras.Input((20,)), 5).shape
        (None, 5)
    """
    from keras import layers

    _needs_rank(tensor, 2)
    tensor = layers.Dense(integer(units, "units"), use_bias=False)(tensor)
    tensor = layers.BatchNormalization(momentum=MOMENTUM)(tensor)
    return layers.ReLU()(tensor)


def prepared(x, *arrays):
    """Return a batch and the arrays that belong to it as floats, or raise a `ValueError`.

    Args:
        x: array of shape `(batch, features)` or `(batch, height, width, channels)`.
        *arrays: gamma, beta, moving mean and moving variance, in this order, as far as needed.

    Returns:
        A list of them all, of at least float32 precision.

    Example:
        >>> [array.dtype.name for array in prepared(np.zeros((2, 3), "uint8"), [1, 2, 3])]
        ['float32', 'float64']
    """
    x = numeric_array(x, "x", AXES.get(np.ndim(x), AXES[4]))
    if x.size == 0:
        raise ValueError(
            f"x must hold at least one number a channel; got shape {x.shape}. Leave empty batches "
            f"out."
        )
    return [_at_least_float32(x), *_by_channel(x.shape[-1], arrays, _NAMES)]


def share(value, name):
    """Return `value` as a float of at least 0 and below 1, or raise a `ValueError`.

    Example:
        >>> share(0, "momentum")
        0.0
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < 1:
        raise ValueError(
            f"{name} must be a number of at least 0 and below 1, the share that is kept; got "
            f"{value!r}. PyTorch's momentum m is {name}=1 - m here."
        )
    return float(value)


_NAMES = ("gamma", "beta", "moving_mean", "moving_variance")
_KERNEL_AXES = {
    2: ("features", "units"),
    4: ("kernel_height", "kernel_width", "channels", "filters"),
}


def _at_least_float32(array):
    return array.astype(np.result_type(array, np.float32), copy=False)


def _by_channel(channels, arrays, names):
    """Return arrays that have one entry a channel, as floats."""
    checked = []
    for name, array in zip(names, arrays, strict=False):
        array = numeric_array(array, name, ("channels",))
        if len(array) != channels:
            raise ValueError(
                f"{name} must have one entry for each of the {channels} channels of the last axis; "
                f"got {len(array)}."
            )
        checked.append(_at_least_float32(array))
    return checked


def _like(x, output_gradient):
    output_gradient = numeric_array(output_gradient, "output_gradient", AXES[x.ndim])
    if output_gradient.shape != x.shape:
        raise ValueError(
            f"output_gradient must have the shape of x, {x.shape}; got {output_gradient.shape}. "
            f"It has one number for each output."
        )
    return output_gradient


def _layer(kernel, bias, *arrays):
    """Return a layer's kernel, its bias or zeros, and the arrays of the normalisation after it."""
    kernel = numeric_array(kernel, "kernel", _KERNEL_AXES.get(np.ndim(kernel), _KERNEL_AXES[4]))
    outputs = kernel.shape[-1]
    bias = np.zeros(outputs, np.float32) if bias is None else bias
    return kernel, *_by_channel(outputs, (bias, *arrays), ("bias", *_NAMES))


def _needs_rank(tensor, rank):
    if len(tensor.shape) != rank:
        raise ValueError(
            f"tensor must have the shape ({', '.join(AXES[rank])}); got {tuple(tensor.shape)}. "
            f"{_RANK_FIX[rank]}"
        )


_RANK_FIX = {
    2: "Flatten or pool images first: keras.layers.Flatten()(tensor).",
    4: "Images of one channel need a last axis of 1.",
}
