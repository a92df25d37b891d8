"""Dropout: masks of single numbers, of whole feature maps, of blocks and of branches.

Scaling is *inverted*: what survives training is divided by the share that is kept, so that nothing
has to be done at inference. The last axis holds the channels. Every function that draws takes a
`seed`: an integer, a NumPy generator, or `None` for a mask that nobody can repeat.
"""

from numbers import Real

import numpy as np

from course_lib.arguments import integer, numeric_array, pair
from course_lib.convolution import IMAGE_AXES


def dropout(x, rate, training=False, seed=None):
    """Set each number to zero with a probability, in training only.

    No unit can then rely on one other unit alone, which is meant to keep a network from learning
    its training set by heart.

    Args:
        x: array of real numbers, of any shape.
        rate: the probability that a number is dropped, from 0 up to but without 1.
        training: whether to drop at all; at inference the input comes back unchanged.
        seed: of the mask; equal seeds give equal masks.

    Returns:
        An array of the shape of `x` and at least float32 precision: zeros, and survivors times
        `1 / (1 - rate)`. The input is not written to.

    Raises:
        ValueError: if `rate` is no number from 0 up to 1, or `x` is not numeric.

    Example:
        >>> dropout(np.array([3.0, 6.0, 9.0, 12.0]), 0.25, training=True, seed=1)
        array([ 4.,  8.,  0., 16.])
        >>> dropout(np.array([3.0, 6.0, 9.0, 12.0]), 0.25)
        array([ 3.,  6.,  9., 12.])

    Reference:
        Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
        overfitting. There survivors keep their size, and weights are scaled at inference.
    """
    x = _numbers(x)
    return _dropped(x, rate, training, seed, x.shape)


def spatial_dropout(x, rate, training=False, seed=None):
    """Set whole feature maps to zero with a probability, in training only.

    In a feature map neighbours are alike, so a single dropped pixel can be read off those around
    it. A map that is gone has no pixel left to tell.

    Args:
        x: array of shape `(batch, height, width, channels)`.
        rate: the probability that a map is dropped, from 0 up to but without 1.
        training: see `dropout`.
        seed: see `dropout`.

    Returns:
        An array of the shape of `x`. Each image draws for each of its channels whether that map
        is zero everywhere, or multiplied by `1 / (1 - rate)` everywhere.

    Raises:
        ValueError: as `dropout`, and if `x` does not have four axes.

    Example:
        >>> spatial_dropout(np.ones((1, 1, 2, 3)), 0.5, training=True, seed=0)[0, 0]
        array([[2., 0., 0.],
               [2., 0., 0.]])

    Reference:
        Tompson et al. (2015), Efficient object localization using convolutional networks,
        section 3.2.
    """
    x = numeric_array(_numbers(x), "x", IMAGE_AXES)
    batch, _, _, channels = x.shape
    return _dropped(x, rate, training, seed, (batch, 1, 1, channels))


def residual_block(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    """Build the lecture's residual block with batch normalisation and spatial dropout.

    Dropout stands at the entrance of the branch. The shortcut is not dropped: it is the block's
    clean copy of the input, and the way that gradients pass unharmed.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: a list, the filters of each convolution.
        strides: an integer for the first convolution, or a list with one entry for each; an entry
            is an integer or a pair.
        kernel_size: an integer for all convolutions, or a list with one entry for each.
        rate: the share of the input's feature maps that the branch does not see in training.

    Returns:
        A tensor of shape `(batch, ceil(height / strides), ceil(width / strides), filters[-1])`,
        with the product of all strides.

    Raises:
        ValueError: if `filters` is empty, a list does not have one entry for each convolution, or
            the rate is none.

    Example:
        >>> import keras
        >>> residual_block(keras.Input((32, 32, 8)), [8, 16], strides=2, rate=0.2).shape
        (None, 16, 16, 16)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, figure 2, for the order of
        layers. Three things differ from the lecture's listing: the last convolution and the
        projection are linear, the ReLU comes after the addition, and the input is projected
        exactly when shapes differ.
    """
    # The masks need NumPy alone; who asks for them should not wait for TensorFlow.
    from keras import layers

    from course_lib.residual import shortcut, subsample, total_strides

    rate = probability(rate)
    if not isinstance(filters, (list, tuple)) or not filters:
        problem = "filters must be a list with one entry a convolution"
        raise ValueError(f"{problem}; got {filters!r}.")
    count = len(filters)
    if not isinstance(strides, list):
        strides = [strides] + [1] * (count - 1)
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size] * count
    for name, values in (("strides", strides), ("kernel_size", sizes)):
        if len(values) != count:
            problem = f"{name} has {len(values)} entries for {count} convolutions"
            raise ValueError(f"{problem}; give one for each.")
    branch = layers.SpatialDropout2D(rate)(tensor) if rate else tensor
    for number, (maps, size, stride) in enumerate(
        zip(filters, sizes, strides, strict=True), start=1
    ):
        if pair(size, "kernel_size") == (1, 1):  # see `subsample`
            branch, stride = subsample(branch, stride), 1
        branch = layers.Conv2D(maps, size, stride, padding="same", use_bias=False)(branch)
        branch = layers.BatchNormalization(momentum=0.9)(branch)
        if number < count:
            branch = layers.ReLU()(branch)
    identity = shortcut(tensor, filters[-1], total_strides(strides), batch_norm=True)
    return layers.ReLU()(layers.Add()([branch, identity]))


# --- relatives -----------------------------------------------------------------------------------


def drop_block(x, rate, block_size, training=False, seed=None):
    """Set square blocks of a feature map to zero, in training only.

    Between dropping pixels, whose neighbours give them away, and dropping maps, of which little
    may be left.

    Args:
        x: array of shape `(batch, height, width, channels)`.
        rate: the share of pixels that should be dropped; overlaps make it slightly less.
        block_size: pixels along each side of a block.
        training: see `dropout`.
        seed: see `dropout`.

    Returns:
        An array of the shape of `x`, survivors scaled by the share that was kept in fact.

    Raises:
        ValueError: as `spatial_dropout`, and if a block does not fit.

    Example:
        >>> drop_block(np.ones((1, 4, 4, 1)), 0.3, 2, training=True, seed=8)[0, :, :, 0].round(2)
        array([[1.33, 1.33, 1.33, 1.33],
               [1.33, 1.33, 1.33, 1.33],
               [1.33, 1.33, 0.  , 0.  ],
               [1.33, 1.33, 0.  , 0.  ]])

    Reference:
        Ghiasi, Lin and Le (2018), DropBlock: a regularization method for convolutional networks.
    """
    x, rate = numeric_array(_numbers(x), "x", IMAGE_AXES), probability(rate)
    batch, height, width, channels = x.shape
    size = integer(block_size, "block_size")
    if size > min(height, width):
        raise ValueError(f"a block of {size} does not fit into {height} x {width} pixels.")
    if not training or rate == 0:
        return x.copy()
    rows, columns = height - size + 1, width - size + 1
    centres = rate * height * width / (size**2 * rows * columns)
    begins = np.random.default_rng(seed).random((batch, rows, columns, channels)) < centres
    kept = np.ones(x.shape, bool)
    for down in range(size):
        for right in range(size):
            kept[:, down : down + rows, right : right + columns] &= ~begins
    return x * kept * x.dtype.type(kept.size / max(1, kept.sum()))


def stochastic_depth(tensor, branch, rate):
    """Add a residual branch that is dropped whole, for each image by itself, in training only.

    Args:
        tensor: the block's input, of the branch's shape.
        branch: what the block's convolutions made of it.
        rate: the probability that an image does without the branch.

    Returns:
        The sum, a tensor.

    Example:
        >>> import keras
        >>> tensor = keras.Input((8, 8, 4))
        >>> stochastic_depth(tensor, keras.layers.ReLU()(tensor), 0.2).shape
        (None, 8, 8, 4)

    Reference:
        Huang et al. (2016), Deep networks with stochastic depth; there the branch is scaled at
        inference and one draw serves the batch.
    """
    from keras import layers

    dropped = layers.Dropout(probability(rate), noise_shape=(None, 1, 1, 1))(branch)
    return layers.Add()([tensor, dropped])


def probability(rate):
    """Return a dropout rate as a float, or raise a `ValueError`.

    Example:
        >>> probability(0.5)
        0.5
    """
    number = isinstance(rate, Real) and not isinstance(rate, (bool, np.bool_))
    if not number or not 0 <= rate < 1:
        raise ValueError(
            f"rate must be a number from 0 up to but without 1, the share that is dropped; got "
            f"{rate!r}. At 1 nothing would be left to scale."
        )
    return float(rate)


def _numbers(x):
    x = numeric_array(x, "x", [f"axis {axis}" for axis in range(np.ndim(x))])
    return x.astype(np.result_type(x.dtype, np.float32), copy=False)


def _dropped(x, rate, training, seed, shape):
    rate = probability(rate)
    if not training or rate == 0:
        return x.copy()
    kept = np.random.default_rng(seed).random(shape) >= rate
    return x * kept / x.dtype.type(1 - rate)
