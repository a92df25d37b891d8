"""Why dense layers fail on images: what they cannot know, and how many numbers they hold.

A fixed permutation of the pixels tells the two kinds of network apart. Images are channels last,
`(batch, height, width, channels)`, and a pixel keeps its channels together wherever it goes.
"""

import math

import numpy as np

from course_lib.arguments import integer, numeric_array, pair
from course_lib.convolution import IMAGE_AXES


def fixed_permutation(shape, seed=0):
    """Draw one shuffle of an image's pixels, the same for every image.

    Shuffled by one fixed permutation, a data set keeps every number that it had. All that is lost
    is who was whose neighbour.

    Args:
        shape: height and width of the images, or an integer for both.
        seed: of the random generator; equal seeds give equal permutations.

    Returns:
        An integer array of shape `(height * width,)` that holds each number below its length once.
        Place `i` of the shuffled image, counted row by row, takes the pixel `permutation[i]`.

    Raises:
        ValueError: if `shape` or `seed` is something else.

    Example:
        >>> fixed_permutation((2, 3))
        array([3, 2, 5, 4, 0, 1])
    """
    height, width = pair(shape, "shape")
    return np.random.default_rng(integer(seed, "seed", minimum=0)).permutation(height * width)


def permute_pixels(images, permutation):
    """Move the pixels of every image by one permutation.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        permutation: integers of shape `(height * width,)`, as `fixed_permutation` gives them.
            `numpy.argsort(permutation)` is the one that moves everything back.

    Returns:
        An array of the same shape and dtype.

    Raises:
        ValueError: if the rank is wrong, or `permutation` is not one of as many pixels.

    Example:
        >>> image = np.arange(6).reshape(1, 2, 3, 1)
        >>> permute_pixels(image, [3, 2, 5, 4, 0, 1])[0, :, :, 0]
        array([[3, 2, 5],
               [4, 0, 1]])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    batch, height, width, channels = images.shape
    permutation = _permutation(permutation)
    if len(permutation) != height * width:
        raise ValueError(
            f"permutation moves {len(permutation)} pixels and the images have {height} x {width}; "
            f"draw one with fixed_permutation(({height}, {width}))."
        )
    pixels = images.reshape(batch, height * width, channels)
    return pixels[:, permutation].reshape(images.shape)


def permute_dense_kernel(kernel, permutation):
    """Move the weights of a first dense layer as `permute_pixels` moves the pixels.

    The layer then answers to a shuffled image what it answered to the image before, so shuffling
    the pixels does nothing to a dense network but rename its weights.

    Args:
        kernel: array of shape `(height * width * channels, units)`, the kernel of the dense layer
            that follows `keras.layers.Flatten`.
        permutation: integers of shape `(height * width,)`.

    Returns:
        An array of the same shape and dtype.

    Raises:
        ValueError: if the rank is wrong, or the permutation's length does not divide the rows.

    Example:
        >>> image, kernel = np.array([[1.0, 10.0, 100.0]]), np.array([[5.0], [6.0], [7.0]])
        >>> image @ kernel                                       # 1 * 5 + 10 * 6 + 100 * 7
        array([[765.]])
        >>> image[:, [2, 0, 1]] @ permute_dense_kernel(kernel, [2, 0, 1])
        array([[765.]])
    """
    kernel = numeric_array(kernel, "kernel", ("inputs", "units"))
    inputs, units = kernel.shape
    permutation = _permutation(permutation)
    if inputs % len(permutation):
        raise ValueError(
            f"kernel has {inputs} rows, which {len(permutation)} pixels cannot "
            f"share evenly. Give the kernel of the layer after Flatten, whose "
            f"rows are height * width * channels."
        )
    # Flatten keeps a pixel's channels together.
    rows = kernel.reshape(len(permutation), -1, units)
    return rows[permutation].reshape(kernel.shape)


def dense_parameters(input_shape, units, use_bias=True):
    """Number of trainable parameters of a dense layer on a flattened image.

    It grows with every pixel, where `conv2d_parameters` does not know how many there are.

    Args:
        input_shape: sizes of one image, such as `(height, width, channels)`.
        units: number of outputs.
        use_bias: whether each unit adds one scalar.

    Returns:
        An integer, `height * width * channels * units`, plus `units` with bias.

    Raises:
        ValueError: if a size is not a positive integer, or there is none.

    Example:
        >>> dense_parameters((28, 28, 1), units=100)             # 28 * 28 * 100 + 100
        78500
    """
    sizes = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else ()
    if not sizes:
        raise ValueError(
            f"input_shape must be a tuple of sizes; got {input_shape!r}. Write "
            f"input_shape=(28, 28, 1)."
        )
    inputs = math.prod(integer(size, "each size in input_shape") for size in sizes)
    return (inputs + bool(use_bias)) * integer(units, "units")


def small_dense_network(images, units=64, classes=10):
    """Flatten, one hidden dense layer, one dense layer with softmax.

    Args:
        images: a Keras tensor of shape `(batch, height, width, channels)`.
        units: of the hidden layer.
        classes: number of outputs.

    Returns:
        A Keras tensor of shape `(batch, classes)`: probabilities.

    Example:
        >>> from course_lib.models import as_model
        >>> as_model(small_dense_network, (8, 8, 1)).count_params()    # 65 * 64 + 65 * 10
        4810
    """
    from keras import layers

    hidden = layers.Dense(units, activation="relu")(layers.Flatten()(images))
    return layers.Dense(classes, activation="softmax")(hidden)


def small_convolutional_network(images, filters=(16, 32), classes=10):
    """Convolutional layers of 3 x 3, the mean of each feature, one dense layer with softmax.

    Between two convolutional layers the maximum of 2 x 2 pixels is kept. The mean (*global average
    pooling*) forgets where in the image a feature was, so that nothing but the convolutions can
    tell one arrangement of pixels from another.

    Args:
        images: a Keras tensor of shape `(batch, height, width, channels)`.
        filters: of each convolutional layer, in order.
        classes: number of outputs.

    Returns:
        A Keras tensor of shape `(batch, classes)`: probabilities.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(small_convolutional_network, (8, 8, 1))
        >>> model.count_params()                       # 10 * 16 + (9 * 16 + 1) * 32 + 33 * 10
        5130
    """
    from keras import layers

    features = images
    for place, number in enumerate(filters):
        if place:
            features = layers.MaxPooling2D()(features)
        features = layers.Conv2D(number, 3, padding="same", activation="relu")(features)
    means = layers.GlobalAveragePooling2D()(features)
    return layers.Dense(classes, activation="softmax")(means)


def _permutation(value):
    permutation = numeric_array(value, "permutation", ("pixels",))
    if permutation.size == 0 or not np.array_equal(np.sort(permutation), range(len(permutation))):
        raise ValueError(
            f"permutation must hold each of 0 to {len(permutation) - 1} once; got "
            f"{permutation.tolist() if len(permutation) < 20 else 'repeated or missing numbers'}."
        )
    return permutation.astype(np.intp, copy=False)
