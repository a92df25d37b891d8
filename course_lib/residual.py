"""Residual connections: blocks with shortcuts, the networks made of them, gradients by layer.

Blocks take and return tensors. `filters` is a list with one number for each convolution of the
block. `strides` is an integer, which the first convolution takes, or a list with one entry for each
convolution; an entry is an integer, or a pair for height and width.
"""

import functools

import keras
import numpy as np
from keras import layers

from course_lib.arguments import integer, pair

MOMENTUM = 0.9  # Keras's 0.99 remembers the initial statistics for longer than we train
VARIANTS = ("original", "preactivation", "lecture", "plain")


def total_strides(strides):
    """Return the factors, for height and width, by which a block's convolutions shrink an image.

    They multiply: two strides of 2 leave one pixel in four along each axis. The lecture's block
    takes the maximum, which is right only where one stride alone is larger than 1.

    Example:
        >>> total_strides([2, (1, 3)])                                 # 2 * 1 and 2 * 3
        (2, 6)
    """
    down, right = zip(*(pair(stride, "strides") for stride in strides), strict=True)
    return int(np.prod(down)), int(np.prod(right))


def shortcut(
    tensor, filters, strides=1, batch_norm=False, kernel_initializer="glorot_uniform"
):  # fmt: skip
    """Return a block's input in the shape of its output: itself, or else a projection of it.

    It is the path on which the gradient passes a block unharmed, so it is linear, and it has no
    weights unless the shape differs.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: channels of the block's output.
        strides: by which the block shrinks its input, an integer or a pair.
        batch_norm: normalise the projection, as the paper's networks do, and spare its bias.
        kernel_initializer: of the projection's kernel.

    Returns:
        The tensor itself if channels agree and strides are 1; else it is subsampled by the strides
        and convolved with 1x1 kernels.

    Raises:
        ValueError: if `filters` or `strides` are no positive integers.

    Example:
        >>> tensor = keras.Input((9, 9, 8))
        >>> shortcut(tensor, 8) is tensor
        True
        >>> shortcut(tensor, 16, strides=2).shape                      # 5 = ceil(9 / 2)
        (None, 5, 5, 16)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, section 3.3, option B.
    """
    filters, strides = integer(filters, "filters"), pair(strides, "strides")
    if strides == (1, 1) and tensor.shape[-1] == filters:
        return tensor
    tensor = subsample(tensor, strides)
    return _conv(tensor, filters, 1, 1, batch_norm, kernel_initializer)


def subsample(tensor, strides):
    """Keep one pixel in `strides` along each axis, the first one always.

    A 1x1 convolution with strides reads these pixels and no others, so it may as well be one
    without strides, after this. It must be here: TensorFlow with oneDNN computes the gradient of a
    1x1 kernel with strides wrongly, or crashes, as `tests/test_onednn.py` shows.

    Example:
        >>> image = np.arange(6.0).reshape(1, 1, 6, 1)
        >>> np.ravel(subsample(image, (1, 2)))
        array([0., 2., 4.], dtype=float32)
    """
    strides = pair(strides, "strides")
    return tensor if strides == (1, 1) else layers.AveragePooling2D(1, strides)(tensor)


def padded_shortcut(tensor, filters, strides=1):
    """Return a block's input in the shape of its output without a weight: new channels are zero.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: channels of the block's output, no fewer than the tensor's.
        strides: by which the block shrinks its input, an integer or a pair.

    Raises:
        ValueError: if there are fewer filters than channels.

    Example:
        >>> padded_shortcut(np.ones((1, 1, 1, 2)), 3)[0, 0, 0].numpy()
        array([1., 1., 0.], dtype=float32)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, section 3.3, option A.
    """
    missing = integer(filters, "filters") - tensor.shape[-1]
    if missing < 0:
        raise ValueError(
            f"zeros can add channels and not take them away: the tensor has {tensor.shape[-1]} "
            f"channels, filters is {filters}. Project with shortcut(...)."
        )
    tensor = keras.ops.cast(subsample(tensor, strides), "float32")
    return keras.ops.pad(tensor, [[0, 0], [0, 0], [0, 0], [0, missing]]) if missing else tensor


def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    """Add a block's input to what its convolutions make of it: ReLU(f(x) + x).

    The convolutions learn the difference between output and input, and gradients have a way around
    them. f ends in a linear convolution, so that it can add as well as take away.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: a list, the filters of each convolution.
        strides: an integer for the first convolution, or a list with one entry for each; an entry
            is an integer or a pair.
        kernel_size: of all convolutions; the shortcut's is 1.

    Returns:
        A tensor of shape `(batch, ceil(height / strides), ceil(width / strides), filters[-1])`,
        with the product of all strides.

    Raises:
        ValueError: if `filters` is empty, or the strides are not as many.

    Example:
        >>> residual_block_v1(keras.Input((32, 32, 8)), [8, 16], strides=2).shape
        (None, 16, 16, 16)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, figure 2, without batch
        normalisation. The lecture's own version is `residual_block_lecture`.
    """
    strides = _one_for_each(strides, filters)
    branch = tensor
    for number, (maps, stride) in enumerate(zip(filters, strides, strict=True), start=1):
        activation = "relu" if number < len(filters) else None
        if pair(kernel_size, "kernel_size") == (1, 1):  # see `subsample`
            branch, stride = subsample(branch, stride), 1
        branch = layers.Conv2D(
            maps, kernel_size, strides=stride, padding="same", activation=activation
        )(branch)
    identity = shortcut(tensor, filters[-1], total_strides(strides))
    return layers.ReLU()(layers.Add()([branch, identity]))


def residual_block_lecture(
    tensor, filters, strides=1, kernel_size=3, batch_norm=False, kernel_initializer="glorot_uniform"
):
    """Build the lecture's block: ReLU in the shortcut and before the addition, none after it.

    It is here for comparison. Its branch is never negative, so values grow from block to block.
    Where the lecture's version fails or broadcasts (fewer channels, strides other than 2) this one
    has a shortcut of the right shape.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: see `residual_block_v1`; likewise `strides` and `kernel_size`.
        strides: see `filters`.
        kernel_size: see `filters`.
        batch_norm: normalise before each ReLU.
        kernel_initializer: of the block's convolutions.

    Example:
        >>> residual_block_lecture(keras.Input((32, 32, 8)), [8, 16], [2, 1]).shape
        (None, 16, 16, 16)
    """
    strides = _one_for_each(strides, filters)
    identity = shortcut(tensor, filters[-1], total_strides(strides), batch_norm, kernel_initializer)
    if identity is not tensor:
        identity = layers.ReLU()(identity)
    branch = plain_block(tensor, filters, strides, kernel_size, batch_norm, kernel_initializer)
    return layers.Add()([branch, identity])


def residual_block_original(
    tensor,
    filters,
    strides=1,
    kernel_size=3,
    batch_norm=True,
    kernel_initializer="he_normal",
    projection=True,
):
    """Build the paper's block: batch normalisation after each convolution, ReLU after the addition.

    Without batch normalisation it is `residual_block_v1`.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: see `residual_block_v1`; likewise `strides` and `kernel_size`.
        strides: see `filters`.
        kernel_size: see `filters`.
        batch_norm: normalise after each convolution, which then has no bias.
        kernel_initializer: of the block's convolutions.
        projection: where shapes differ, project (the paper's option B); else pad with zeros (A).

    Example:
        >>> residual_block_original(keras.Input((32, 32, 16)), [32, 32], 2).shape
        (None, 16, 16, 32)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, figure 2.
    """
    strides = _one_for_each(strides, filters)
    settings = batch_norm, kernel_initializer
    branch = tensor
    if filters[:-1]:
        branch = plain_block(branch, filters[:-1], strides[:-1], kernel_size, *settings)
    branch = _conv(branch, filters[-1], strides[-1], kernel_size, *settings)
    identity = _identity(tensor, filters, strides, projection, *settings)
    return layers.ReLU()(layers.Add()([branch, identity]))


def residual_block_preactivation(
    tensor,
    filters,
    strides=1,
    kernel_size=3,
    batch_norm=True,
    kernel_initializer="he_normal",
    projection=True,
):
    """Build the block with activations before the convolutions: nothing follows the addition.

    From block to block the shortcuts are then one clean sum, and the gradient of the last block's
    output reaches the first one's input unchanged, beside what the branches add to it.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: see `residual_block_original`; likewise all others.
        strides: see `filters`.
        kernel_size: see `filters`.
        batch_norm: see `filters`.
        kernel_initializer: see `filters`.
        projection: see `filters`.

    Example:
        >>> residual_block_preactivation(keras.Input((32, 32, 16)), [32, 32], 2).shape
        (None, 16, 16, 32)

    Reference:
        He et al. (2016), Identity mappings in deep residual networks, figure 4(e). There a
        projection reads the activated tensor; here it reads the tensor itself, as identities do.
    """
    strides = _one_for_each(strides, filters)
    branch = tensor
    for maps, stride in zip(filters, strides, strict=True):
        branch = layers.ReLU()(_normalised(branch) if batch_norm else branch)
        branch = _convolved(branch, maps, stride, kernel_size, not batch_norm, kernel_initializer)
    identity = _identity(tensor, filters, strides, projection, False, kernel_initializer)
    return layers.Add()([branch, identity])


def plain_block(
    tensor, filters, strides=1, kernel_size=3, batch_norm=True, kernel_initializer="he_normal"
):
    """Build a block's convolutions without a shortcut, each with batch normalisation and ReLU.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: see `residual_block_original`; likewise all others.
        strides: see `filters`.
        kernel_size: see `filters`.
        batch_norm: see `filters`.
        kernel_initializer: see `filters`.

    Example:
        >>> plain_block(keras.Input((32, 32, 16)), [32, 32], 2).shape
        (None, 16, 16, 32)
    """
    for maps, stride in zip(filters, _one_for_each(strides, filters), strict=True):
        tensor = _conv(tensor, maps, stride, kernel_size, batch_norm, kernel_initializer)
        tensor = layers.ReLU()(tensor)
    return tensor


def resnet(
    tensor,
    depth=20,
    classes=10,
    filters=16,
    projection=True,
    block="original",
    batch_norm=True,
    kernel_initializer="he_normal",
):
    """Build the paper's network for small images: three stages of blocks, then the mean and scores.

    Each stage has `(depth - 2) / 6` blocks of two 3x3 convolutions. The second and third begin with
    strides of 2 and twice the filters. A convolution before them and the dense layer after them
    make up the depth; projections do not count, as in the paper.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        depth: the number of layers with weights on the longest path: 8, 14, 20, ..., 32, ..., 56.
        classes: the number of scores.
        filters: of the first stage.
        projection: where shapes differ, project (272,474 parameters at depth 20, as the paper's
            option B); else subsample and pad with zeros (269,722, its option A).
        block: `"original"`, `"preactivation"`, `"lecture"`, or `"plain"` for no shortcuts.
        batch_norm: whether convolutions are normalised; if not, they have biases.
        kernel_initializer: of the convolutions.

    Returns:
        A tensor of shape `(batch, classes)`: scores (logits), to which the loss applies the
        softmax (`from_logits=True`), since a gradient through a softmax that is 0 or 1 is lost.

    Raises:
        ValueError: if `depth` is not 6n + 2, or there is no such block.

    Example:
        >>> images = keras.Input((32, 32, 3))
        >>> model = keras.Model(images, resnet(images, depth=8))
        >>> sum(np.prod(weight.shape) for weight in model.trainable_weights)
        np.int64(78042)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, section 4.2. Deviations:
        batch normalisation's momentum is 0.9 and its epsilon Keras's.
    """
    blocks = blocks_per_stage(depth)
    build = _block_named(block, projection)
    settings = {"batch_norm": batch_norm, "kernel_initializer": kernel_initializer}
    tensor = _conv(tensor, filters, 1, 3, batch_norm, kernel_initializer)
    if block != "preactivation":
        tensor = layers.ReLU()(tensor)
    for stage, maps in enumerate((filters, 2 * filters, 4 * filters)):
        for number in range(blocks):
            strides = 2 if stage > 0 and number == 0 else 1
            tensor = build(tensor, [maps, maps], strides, **settings)
    if block == "preactivation":
        tensor = layers.ReLU()(_normalised(tensor) if batch_norm else tensor)
    return layers.Dense(classes)(layers.GlobalAveragePooling2D()(tensor))


def plain_network(
    tensor, depth=20, classes=10, filters=16, batch_norm=True, kernel_initializer="he_normal"
):
    """Build the network of the same depth without shortcuts.

    Args:
        tensor: see `resnet`; likewise all others.
        depth: see `tensor`.
        classes: see `tensor`.
        filters: see `tensor`.
        batch_norm: see `tensor`.
        kernel_initializer: see `tensor`.

    Example:
        >>> images = keras.Input((32, 32, 3))
        >>> model = keras.Model(images, plain_network(images, depth=8))
        >>> sum(np.prod(w.shape) for w in model.trainable_weights)     # no projections: -2,752
        np.int64(75290)
    """
    return resnet(
        tensor,
        depth,
        classes,
        filters,
        block="plain",
        batch_norm=batch_norm,
        kernel_initializer=kernel_initializer,
    )


def resnet_parameters(depth=20, classes=10, filters=16, projection=True, channels=3):
    """Count the trainable parameters of `resnet` with batch normalisation from the formula.

    Counted are kernels, two numbers a channel for each batch normalisation (gamma and beta), and
    the dense layer's weights and biases. Moving means and variances are not trained and not
    counted; convolutions have no biases.

    Args:
        depth: see `resnet`; likewise all others.
        classes: see `depth`.
        filters: see `depth`.
        projection: see `depth`.
        channels: of the images.

    Example:
        >>> [resnet_parameters(depth) for depth in (20, 32, 56)]
        [272474, 466906, 855770]
        >>> [resnet_parameters(depth, projection=False) for depth in (20, 32, 56)]
        [269722, 464154, 853018]
    """

    def convolution(size, before, after):
        return size * size * before * after + 2 * after

    total, before = convolution(3, channels, filters), filters
    for after in (filters, 2 * filters, 4 * filters):
        convolutions = 2 * blocks_per_stage(depth)
        total += convolution(3, before, after) + (convolutions - 1) * convolution(3, after, after)
        if projection and before != after:
            total += convolution(1, before, after)
        before = after
    return total + (before + 1) * classes


def blocks_per_stage(depth):
    """Return how many blocks of two convolutions each of the three stages has.

    Raises:
        ValueError: if the depth is not 6n + 2.

    Example:
        >>> [blocks_per_stage(depth) for depth in (8, 20, 56)]         # 56 = 6 * 9 + 2
        [1, 3, 9]
    """
    blocks, rest = divmod(integer(depth, "depth") - 2, 6)
    if rest or blocks < 1:
        raise ValueError(
            f"depth must be 6n + 2: three stages of n blocks of two convolutions, the first "
            f"convolution and the dense layer; got {depth}. Take 8, 14, 20, 32, 44 or 56."
        )
    return blocks


def gradient_norms(model, images, labels):
    """Return how large the loss's gradient is for each convolution kernel of a classifier.

    They show how much of the error signal arrives at each depth, in one step of training: the loss
    is the mean cross-entropy of the batch, and batch normalisation uses the batch's statistics.
    The model is as it was afterwards.

    Args:
        model: a `keras.Model` that returns scores (logits) of shape `(batch, classes)`.
        images: array of shape `(batch, height, width, channels)`.
        labels: the class numbers, shape `(batch,)`.

    Returns:
        An array with one number for each `Conv2D` of the model, in the order of `model.layers`,
        which is that from input to output: the square root of the sum of the squares of all
        entries of its kernel's gradient. Projections are `Conv2D` layers, too.

    Raises:
        ValueError: if the model has no `Conv2D`, or Keras does not run on TensorFlow.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(resnet, (8, 8, 1), depth=8, filters=4)
        >>> gradient_norms(model, np.ones((2, 8, 8, 1)), np.array([3, 7])).shape   # 1 + 6 + 2
        (9,)
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError("gradients are taken with TensorFlow; set KERAS_BACKEND=tensorflow.")
    import tensorflow as tf

    kernels = [layer.kernel for layer in model.layers if isinstance(layer, layers.Conv2D)]
    if not kernels:
        raise ValueError("the model has no Conv2D among its layers; give one that convolves.")
    before = [np.asarray(weight) for weight in model.non_trainable_weights]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(np.asarray(labels), model(np.asarray(images, "float32"), training=True))
    gradients = tape.gradient(
        value,
        [kernel.value for kernel in kernels],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    for weight, array in zip(model.non_trainable_weights, before, strict=True):
        weight.assign(array)  # the moving averages took note of the batch
    return np.array([float(tf.norm(gradient)) for gradient in gradients])


def _one_for_each(strides, filters):
    """Return a list of strides, one for each convolution."""
    if not isinstance(filters, (list, tuple)) or not filters:
        raise ValueError(
            f"filters must be a list with one number for each convolution; got {filters!r}. Write "
            f"filters=[16, 16]."
        )
    if not isinstance(strides, (list, tuple)):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError(
            f"there are {len(filters)} convolutions (filters={list(filters)}) and "
            f"{len(strides)} strides; got strides={list(strides)}. Give each convolution one, or "
            f"an integer for the first."
        )
    return [pair(stride, "strides") for stride in strides]


def _convolved(tensor, filters, strides, kernel_size, use_bias, kernel_initializer):
    if pair(kernel_size, "kernel_size") == (1, 1):  # see `subsample`
        tensor, strides = subsample(tensor, strides), 1
    return layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
    )(tensor)


def _conv(tensor, filters, strides, kernel_size, batch_norm, kernel_initializer):
    tensor = _convolved(tensor, filters, strides, kernel_size, not batch_norm, kernel_initializer)
    return _normalised(tensor) if batch_norm else tensor


def _normalised(tensor):
    return layers.BatchNormalization(momentum=MOMENTUM)(tensor)


def _identity(tensor, filters, strides, projection, batch_norm, kernel_initializer):
    if projection:
        total = total_strides(strides)
        return shortcut(tensor, filters[-1], total, batch_norm, kernel_initializer)
    return padded_shortcut(tensor, filters[-1], total_strides(strides))


def _block_named(name, projection):
    if name not in VARIANTS:
        raise ValueError(f"there is no block {name!r}; the blocks are: {', '.join(VARIANTS)}.")
    if name in ("plain", "lecture"):
        return plain_block if name == "plain" else residual_block_lecture
    blocks = residual_block_original, residual_block_preactivation
    return functools.partial(blocks[VARIANTS.index(name)], projection=projection)
