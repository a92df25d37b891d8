"""Networks for small devices: depthwise and pointwise convolution, and the blocks made of them.

Convolutions are NumPy, built from scratch; blocks and networks are Keras and take and return
tensors. Images are channels last, `(batch, height, width, channels)`; depthwise kernels are
`(kernel_height, kernel_width, channels, multiplier)`, as in Keras. What blocks cost is counted in
`course_lib.mobile_costs`.
"""

import numpy as np
from keras import layers

from course_lib.arguments import integer, numeric_array, padding_name, pair, positive
from course_lib.convolution import IMAGE_AXES, KERNEL_AXES, output_size, pad_same

DEPTHWISE_AXES = ("kernel_height", "kernel_width", "channels", "multiplier")
MOMENTUM = 0.9  # Keras's 0.99 remembers the initial statistics for longer than we train
# The rows of each paper's table 1 or 2: how many filters a block has, and its stride. For the
# second network also the expansion and how often the block is repeated, the stride once.
MOBILENET = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    """Convolve every channel with kernels of its own, and sum over no channels.

    It is the half of a convolution that looks at the neighbourhood. The other half, which mixes
    channels, is `pointwise_conv2d`.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(kernel_height, kernel_width, channels, multiplier)`.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`.

    Input shape:
        `(batch, height, width, channels)`

    Output shape:
        `(batch, output_height, output_width, channels * multiplier)`, the sizes as
        `convolution.output_size` gives them. The maps of one channel stand side by side: channel
        `c` and kernel `m` make map `c * multiplier + m`.

    Returns:
        An array of at least float32 precision.

    Raises:
        ValueError: if a rank is wrong, the channels of images and kernels differ, or the kernel
            does not fit into the image.

    Example:
        >>> image = np.stack([np.ones((3, 3)), np.full((3, 3), 10.0)], axis=-1)[np.newaxis]
        >>> kernels = np.ones((2, 2, 2, 1))
        >>> depthwise_conv2d(image, kernels)[0, 0, 0]        # 4 * 1 and 4 * 10, apart
        array([ 4., 40.])
        >>> twice = np.concatenate([kernels, -kernels], axis=-1)
        >>> depthwise_conv2d(image, twice)[0, 0, 0]
        array([  4.,  -4.,  40., -40.])

    Reference:
        Howard et al. (2017), MobileNets, section 3.1, equation 3. Multiplier, order and padding
        are those of `keras.ops.depthwise_conv`, which wants equal strides on a CPU.
    """
    images, kernels, strides = _prepare(images, kernels, strides, padding)
    batch, _, _, channels = images.shape
    kernel_height, kernel_width, _, multiplier = kernels.shape
    height = output_size(images.shape[1], kernel_height, strides[0])
    width = output_size(images.shape[2], kernel_width, strides[1])
    shape = (batch, height, width, channels, multiplier)
    output = np.zeros(shape, images.dtype)
    # One tap at a time: its sums are too short for a matrix product.
    for i in range(kernel_height):
        for j in range(kernel_width):
            seen = images[
                :,
                i : i + (height - 1) * strides[0] + 1 : strides[0],
                j : j + (width - 1) * strides[1] + 1 : strides[1],
            ]
            output += seen[..., np.newaxis] * kernels[i, j]
    return output.reshape(batch, height, width, channels * multiplier)


def depthwise_conv2d_loops(images, kernels, strides=1, padding="valid"):
    """Convolve channel by channel as the definition reads: one sum for every output number.

    The slow oracle of `depthwise_conv2d`. Arguments, shapes and errors are its.

    Example:
        >>> depthwise_conv2d_loops(np.ones((1, 2, 3, 1)), np.ones((2, 2, 1, 2)))[0, 0]
        array([[4., 4.],
               [4., 4.]])
    """
    images, kernels, (down, right) = _prepare(images, kernels, strides, padding)
    batch, image_height, image_width, channels = images.shape
    kernel_height, kernel_width, _, multiplier = kernels.shape
    height = output_size(image_height, kernel_height, down)
    width = output_size(image_width, kernel_width, right)
    output = np.zeros((batch, height, width, channels * multiplier), images.dtype)
    for n, y, x, c, m in np.ndindex(batch, height, width, channels, multiplier):
        top, left = y * down, x * right
        window = images[n, top : top + kernel_height, left : left + kernel_width, c]
        output[n, y, x, c * multiplier + m] = np.sum(window * kernels[:, :, c, m])
    return output


def pointwise_conv2d(images, kernels):
    """Mix the channels of each pixel: a convolution with kernels of 1x1.

    It sees no neighbour, so it is one product of matrices, pixels by channels and channels by
    filters.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(1, 1, channels, filters)`, as Keras has it.

    Returns:
        An array of shape `(batch, height, width, filters)`, of at least float32 precision.

    Raises:
        ValueError: if a rank is wrong, the kernels are not 1x1, or the channels differ.

    Example:
        >>> pixel = np.array([4.0, 40.0]).reshape(1, 1, 1, 2)
        >>> pointwise_conv2d(pixel, np.array([[1.0, 0.5], [1.0, -1.0]]).reshape(1, 1, 2, 2))
        array([[[[ 44., -38.]]]])

    Reference:
        Lin, Chen and Yan (2014), Network in network.
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    kernels = numeric_array(kernels, "kernels", KERNEL_AXES)
    if kernels.shape[:2] != (1, 1):
        raise ValueError(
            f"a pointwise kernel is 1 x 1, shape (1, 1, channels, filters); "
            f"got {kernels.shape}. For larger ones use convolution.conv2d."
        )
    _same_channels(images, kernels, "pointwise")
    dtype = np.result_type(images, kernels, np.float32)
    matrix = kernels[0, 0].astype(dtype, copy=False)
    return images.astype(dtype, copy=False) @ matrix


def separable_parameters(
    kernel_size, channels, filters, multiplier=1, use_bias=True
):  # fmt: skip
    """Number of parameters of a depthwise convolution and of the pointwise one after it.

    Together they stand for one convolution from `channels` to `filters`, which has
    `kernel_height * kernel_width * channels * filters` weights.

    Args:
        kernel_size: an integer, or a pair for height and width; the pointwise kernel is 1x1.
        channels: channels of the input.
        filters: channels of the output.
        multiplier: depthwise kernels for each channel, Keras's `depth_multiplier`.
        use_bias: whether each map of either layer adds one scalar.

    Returns:
        A tuple `(depthwise, pointwise)` of two integers.

    Raises:
        ValueError: if a size is not a positive integer.

    Example:
        >>> separable_parameters(3, channels=32, filters=64)   # 3*3*32 + 32 and 32*64 + 64
        (320, 2112)
        >>> separable_parameters(3, 32, 64, multiplier=2, use_bias=False)
        (576, 4096)

    Reference:
        Howard et al. (2017), MobileNets. Keras's `SeparableConv2D` has one bias, after the
        pointwise step; two layers have two, and MobileNet's, followed by batch normalisation, none.
    """
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    maps = integer(channels, "channels") * integer(multiplier, "multiplier")
    filters, bias = integer(filters, "filters"), bool(use_bias)
    depthwise = (kernel_height * kernel_width + bias) * maps
    return depthwise, (maps + bias) * filters


def ordinary_block(tensor, filters, strides=1, kernel_size=3):
    """Convolve, normalise, ReLU6: what the other two blocks take apart.

    Example:
        >>> import keras
        >>> ordinary_block(keras.Input((32, 32, 8)), 16, strides=2).shape
        (None, 16, 16, 16)
    """
    if pair(kernel_size, "kernel_size") == (1, 1):  # see `residual.subsample`
        tensor, strides = _subsample(tensor, strides), 1
    tensor = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False)(tensor)
    return _normalise(tensor)


def depthwise_separable_block(
    tensor, filters, strides=1, multiplier=1, kernel_size=3
):  # fmt: skip
    """Convolve in two steps, each normalised and followed by ReLU6: depthwise, then pointwise.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: channels of the output.
        strides: an integer, of the depthwise step.
        multiplier: depthwise kernels for each channel.
        kernel_size: of the depthwise step.

    Returns:
        A tensor of shape `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Raises:
        ValueError: if a number is not a positive integer.

    Example:
        >>> import keras
        >>> depthwise_separable_block(keras.Input((32, 32, 8)), 16, strides=2).shape
        (None, 16, 16, 16)

    Reference:
        Howard et al. (2017), MobileNets, figure 3.
    """
    multiplier = integer(multiplier, "multiplier")
    tensor = _depthwise(tensor, strides, kernel_size, multiplier)
    return _normalise(_pointwise(tensor, integer(filters, "filters")))


def inverted_residual_block(
    tensor, filters, expansion=6, strides=1, kernel_size=3, linear=True
):  # fmt: skip
    """Expand, filter depthwise, project back, and add the input where the shapes agree.

    An ordinary residual block with a bottleneck is wide at its ends and narrow within. This one is
    narrow at its ends, which is what must be kept in memory, and wide within, where it is cheap:
    the filtering is depthwise.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: channels of the output.
        expansion: how many times wider than `channels` the inside is. With 1 there is no
            expanding convolution.
        strides: an integer, of the depthwise step.
        kernel_size: of the depthwise step.
        linear: whether the projection has no activation, as it should. `False` puts ReLU6 after
            it, for comparison.

    Returns:
        A tensor of shape `(batch, ceil(height / strides), ceil(width / strides), filters)`. The
        input is added if `strides` is 1 and `filters` is its number of channels; otherwise there is
        no shortcut, and none is projected.

    Raises:
        ValueError: if a number is not a positive integer.

    Example:
        >>> import keras
        >>> tensor = keras.Input((32, 32, 8))
        >>> inverted_residual_block(tensor, 8).shape
        (None, 32, 32, 8)
        >>> inverted_residual_block(tensor, 12, strides=2).shape
        (None, 16, 16, 12)

    Reference:
        Sandler et al. (2018), MobileNetV2: Inverted residuals and linear bottlenecks, table 1.
    """
    filters = integer(filters, "filters")
    expansion = integer(expansion, "expansion")
    strides, channels = integer(strides, "strides"), tensor.shape[-1]
    wide = tensor
    if expansion > 1:
        wide = _normalise(_pointwise(tensor, expansion * channels))
    wide = _depthwise(wide, strides, kernel_size)
    narrow = _pointwise(wide, filters)
    narrow = layers.BatchNormalization(momentum=MOMENTUM)(narrow)
    if not linear:
        narrow = layers.ReLU(6.0)(narrow)
    if strides == 1 and filters == channels:
        return layers.Add()([tensor, narrow])
    return narrow


def mobilenet(tensor, classes=1000, alpha=1.0, multiplier=1):
    """Classify an image by the first MobileNet: one convolution, 13 depthwise separable blocks.

    Args:
        tensor: images of shape `(batch, height, width, channels)`, 224 pixels wide in the paper.
        classes: number of probabilities.
        alpha: the paper's width multiplier, by which every number of filters is multiplied.
        multiplier: depthwise kernels for each channel.

    Returns:
        A tensor of shape `(batch, classes)`; each row sums to 1.

    Raises:
        ValueError: if `alpha` is not positive.

    Example:
        >>> from course_lib.models import as_model
        >>> as_model(mobilenet, (224, 224, 3)).count_params()
        4253864

    Reference:
        Howard et al. (2017), MobileNets, table 1. `keras.applications.MobileNet` computes the
        same where every size that is halved is even, and it drops one feature in a thousand while
        it trains.
    """
    alpha = positive(alpha, "alpha")
    tensor = ordinary_block(tensor, max(1, int(32 * alpha)), strides=2)
    for filters, strides in MOBILENET:
        filters = max(1, int(filters * alpha))
        settings = filters, strides, multiplier
        tensor = depthwise_separable_block(tensor, *settings)
    return _head(tensor, classes)


def mobilenet_v2(tensor, classes=1000, alpha=1.0):
    """Classify an image by the second MobileNet: 17 inverted residual blocks between two others.

    Args:
        tensor: images of shape `(batch, height, width, channels)`, 224 pixels wide in the paper.
        classes: number of probabilities.
        alpha: the width multiplier; filters are rounded to multiples of 8.

    Returns:
        A tensor of shape `(batch, classes)`; each row sums to 1.

    Raises:
        ValueError: if `alpha` is not positive.

    Example:
        >>> from course_lib.models import as_model
        >>> as_model(mobilenet_v2, (224, 224, 3)).count_params()
        3538984

    Reference:
        Sandler et al. (2018), MobileNetV2, table 2, as `keras.applications.MobileNetV2` has it.
    """
    alpha = positive(alpha, "alpha")
    tensor = ordinary_block(tensor, multiple_of_8(32 * alpha), strides=2)
    for expansion, filters, repeats, strides in MOBILENET_V2:
        filters = multiple_of_8(int(filters * alpha))
        for number in range(repeats):
            settings = expansion, strides if number == 0 else 1
            tensor = inverted_residual_block(tensor, filters, *settings)
    last = multiple_of_8(1280 * max(alpha, 1.0))
    return _head(_normalise(_pointwise(tensor, last)), classes)


def multiple_of_8(filters):
    """Round a number of filters to a multiple of 8, never down by more than a tenth.

    Processors work on several numbers at once; an odd channel costs as much as eight.

    Example:
        >>> [multiple_of_8(n) for n in (3, 11.2, 12, 33.6)]
        [8, 16, 16, 32]
    """
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded


def _head(tensor, classes):
    features = layers.GlobalAveragePooling2D()(tensor)
    return layers.Dense(classes, activation="softmax")(features)


def _normalise(tensor):
    """Batch normalisation and ReLU6, which keeps values in a range that 8 bits can hold."""
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=MOMENTUM)(tensor))


def _depthwise(tensor, strides, kernel_size, multiplier=1):
    tensor = layers.DepthwiseConv2D(
        kernel_size,
        integer(strides, "strides"),
        padding="same",
        depth_multiplier=multiplier,
        use_bias=False,
    )(tensor)
    return _normalise(tensor)


def _pointwise(tensor, filters):
    return layers.Conv2D(filters, 1, use_bias=False)(tensor)


def _subsample(tensor, strides):
    return tensor if strides == 1 else layers.AveragePooling2D(1, strides)(tensor)


def _same_channels(images, kernels, kind):
    if images.shape[3] != kernels.shape[2]:
        raise ValueError(
            f"images have {images.shape[3]} channels and {kind} kernels expect "
            f"{kernels.shape[2]}: got shapes {images.shape} and {kernels.shape}. Axis 3 of images "
            f"and axis 2 of kernels must agree."
        )


def _prepare(images, kernels, strides, padding):
    """Check the arguments, bring arrays to one floating-point type and pad the images."""
    images = numeric_array(images, "images", IMAGE_AXES)
    kernels = numeric_array(kernels, "kernels", DEPTHWISE_AXES)
    if images.size == 0 or kernels.size == 0:
        raise ValueError(
            f"images and kernels must not be empty; got shapes {images.shape} and {kernels.shape}."
        )
    _same_channels(images, kernels, "depthwise")
    dtype = np.result_type(images, kernels, np.float32)  # so that uint8 images cannot overflow
    strides = pair(strides, "strides")
    if padding_name(padding) == "same":
        images = pad_same(images, kernels.shape[:2], strides)
    return images.astype(dtype, copy=False), kernels.astype(dtype, copy=False), strides
