"""A convolutional network layer by layer: pooling, the lecture's network, clipped gradients.

Pooling and clipping are NumPy, built from scratch; the network is Keras. Images are channels last,
`(batch, height, width, channels)`. Keras is imported by the functions that need it, since it takes
seconds and half of this module does without.
"""

import math
from typing import NamedTuple

import numpy as np

from course_lib.arguments import integer, numeric_array, padding_name, pair, positive
from course_lib.convolution import IMAGE_AXES, output_size


class Row(NamedTuple):
    """One line of the lecture's table: a layer, how its parameters multiply, its output's shape."""

    name: str
    arithmetic: str
    parameters: int
    output_shape: tuple


class Operations(NamedTuple):
    """What a layer costs an image: products of weights, and comparisons or additions of pooling."""

    name: str
    multiply_adds: int
    pooling: int


def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    """Keep the largest number of every window, channel by channel.

    It makes images smaller without a parameter: it says that something was found in a window, and
    not where.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        pool_size: the window, an integer or a pair for height and width.
        strides: step from one window to the next, likewise; `pool_size` if `None`. Smaller steps
            make windows overlap.
        padding: `"valid"` drops what no whole window covers, `"same"` keeps it in partial windows,
            in which the padding does not count.

    Input shape:
        `(batch, height, width, channels)`

    Output shape:
        `(batch, output_height, output_width, channels)`, sizes as `convolution.output_size`'s.

    Returns:
        An array of at least float32 precision.

    Raises:
        ValueError: if the rank is wrong or the window does not fit into the image.

    Example:
        >>> image = np.array([[8.0, 2.0, 1.0], [1.0, 4.0, 4.0], [-5.0, -4.0, -4.0]])
        >>> max_pool2d(image[np.newaxis, ..., np.newaxis], padding="same")[0, :, :, 0]
        array([[ 8.,  4.],
               [-4., -4.]])

    Reference:
        Scherer, Müller and Behnke (2010), Evaluation of pooling operations in convolutional
        architectures for object recognition. Padding and strides are `keras.ops.max_pool`'s.
    """
    images, window, _ = _prepare(images, pool_size, strides, padding)
    # Minus infinity never wins. With zeros a border of negative numbers would have maximum 0.
    padded = np.pad(images, window.around, constant_values=-np.inf)
    return np.maximum.reduce([padded[tap] for tap in window.taps])


def average_pool2d(images, pool_size=2, strides=None, padding="valid"):
    """Average the numbers of every window, channel by channel.

    A partial window of `"same"` is divided by the number of pixels in it.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        pool_size: the window, as `max_pool2d` takes it.
        strides: likewise.
        padding: likewise.

    Returns:
        An array of at least float32 precision, of the shape that `max_pool2d` gives.

    Raises:
        ValueError: if the rank is wrong or the window does not fit into the image.

    Example:
        >>> image = np.array([[8.0, 2.0, 1.0], [1.0, 4.0, 4.0], [-5.0, -4.0, -4.0]])
        >>> average_pool2d(image[np.newaxis, ..., np.newaxis], padding="same")[0, :, :, 0]
        array([[ 3.75,  2.5 ],
               [-4.5 , -4.  ]])

    Reference:
        LeCun et al. (1998), Gradient-based learning applied to document recognition, whose
        subsampling also learns a factor and a bias.
    """
    images, window, _ = _prepare(images, pool_size, strides, padding)
    padded = np.pad(images, window.around)
    return sum(padded[tap] for tap in window.taps) / window.counts.astype(images.dtype)


def pool2d_loops(images, pool_size=2, strides=None, padding="valid", reduce=np.max):
    """Pool as the definition reads: one window after the other, cut off at the image's border.

    The slow oracle of `max_pool2d`, and with `reduce=np.mean` of `average_pool2d`. Arguments,
    shapes and errors are theirs.

    Example:
        >>> pool2d_loops(np.arange(6.0).reshape(1, 2, 3, 1), 2, 1, reduce=np.mean)[0, :, :, 0]
        array([[2., 3.]])
    """
    images, window, (down, right) = _prepare(images, pool_size, strides, padding)
    pool_height, pool_width = pair(pool_size, "pool_size")
    batch, height, width, channels = images.shape
    output = np.zeros((batch, *window.positions, channels), images.dtype)
    for n, i, j, c in np.ndindex(output.shape):
        top, left = i * down - window.around[1][0], j * right - window.around[2][0]
        rows = slice(max(top, 0), min(top + pool_height, height))
        columns = slice(max(left, 0), min(left + pool_width, width))
        output[n, i, j, c] = reduce(images[n, rows, columns, c])
    return output


def max_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    """Gradient of a loss with respect to the images that `max_pool2d` was given.

    Only the pixel that won its window moved the output, so it gets the window's whole gradient; one
    that won several overlapping windows gets the sum. Where several pixels tie, the first in row
    order wins: the maximum has no derivative there, and this is one of its subgradients.

    Args:
        images: array of shape `(batch, height, width, channels)`, as given to `max_pool2d`.
        output_gradient: the loss's gradient with respect to `max_pool2d`'s output, of its shape.
        pool_size: as given to `max_pool2d`, and likewise `strides` and `padding`.
        strides: see `pool_size`.
        padding: see `pool_size`.

    Returns:
        An array of the shape of `images`.

    Raises:
        ValueError: as `max_pool2d`, and if `output_gradient` does not have the output's shape.

    Example:
        >>> image = np.array([[1.0, 9.0, 2.0], [4.0, 3.0, 5.0]])[np.newaxis, ..., np.newaxis]
        >>> gradient = np.array([10.0, 1.0]).reshape(1, 1, 2, 1)
        >>> max_pool2d_gradient(image, gradient, 2, 1)[0, :, :, 0]     # 9 won both windows: 10 + 1
        array([[ 0., 11.,  0.],
               [ 0.,  0.,  0.]])

    Reference:
        Boureau, Ponce and LeCun (2010), A theoretical analysis of feature pooling in visual
        recognition, compare maximum and average. The rule for ties is TensorFlow's on a CPU.
    """
    images, window, _ = _prepare(images, pool_size, strides, padding)
    output_gradient = _output_gradient(output_gradient, images, window)
    padded = np.pad(images, window.around, constant_values=-np.inf)
    largest = np.maximum.reduce([padded[tap] for tap in window.taps])
    gradient, is_free = np.zeros_like(padded), np.ones(largest.shape, bool)
    for tap in window.taps:  # in row order, so that of equals the first wins
        wins = is_free & (padded[tap] == largest)
        gradient[tap] += wins * output_gradient
        is_free &= ~wins
    return gradient[window.inside]


def average_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    """Gradient of a loss with respect to the images that `average_pool2d` was given.

    Every pixel of a window gets an equal share of its gradient, and shares of overlapping windows
    add up. Arguments and errors are those of `max_pool2d_gradient`; of `images` only the shape
    matters.

    Example:
        >>> gradient = np.array([10.0, 1.0]).reshape(1, 1, 2, 1)
        >>> average_pool2d_gradient(np.zeros((1, 2, 3, 1)), gradient, 2, 1)[0, :, :, 0]
        array([[2.5 , 2.75, 0.25],
               [2.5 , 2.75, 0.25]])
    """
    images, window, _ = _prepare(images, pool_size, strides, padding)
    share = _output_gradient(output_gradient, images, window) / window.counts
    gradient = np.pad(np.zeros_like(images), window.around)
    for tap in window.taps:
        gradient[tap] += share
    return gradient[window.inside]


def backbone(image, filters=(8, 16, 32), strided=False):
    """Extract features: for each entry of `filters` two 3x3 convolutions, then half the size.

    Args:
        image: tensor of shape `(batch, height, width, channels)`.
        filters: number of feature maps of each stage.
        strided: whether the second convolution of a stage takes steps of 2, instead of a pooling
            layer after it. The parameters and the output's shape stay the same.

    Returns:
        A tensor of shape `(batch, height / 2^stages, width / 2^stages, filters[-1])`, each half
        rounded up.

    Example:
        >>> import keras
        >>> backbone(keras.Input((100, 100, 3))).shape             # 100, 50, 25, 13
        (None, 13, 13, 32)
    """
    from keras import layers

    tensor = image
    for stage, maps in enumerate(filters, start=1):
        for place in (2 * stage - 1, 2 * stage):
            strides = 2 if strided and place == 2 * stage else 1
            tensor = layers.Conv2D(
                maps, 3, strides, padding="same", activation="relu", name=f"conv_{place}"
            )(tensor)
        if not strided:
            pooling = layers.MaxPooling2D(2, padding="same", name=f"downsample_{stage}")
            tensor = pooling(tensor)
    return tensor


def head(features, flatten=True, classes=3):
    """Turn feature maps into one probability a class.

    Args:
        features: tensor of shape `(batch, height, width, channels)`.
        flatten: whether every number of the maps goes to the dense layer, or only the average of
            each map, which keeps the dense layer's size apart from the image's.
        classes: number of probabilities.

    Returns:
        A tensor of shape `(batch, classes)`; each row sums to 1.

    Example:
        >>> import keras
        >>> head(keras.Input((13, 13, 32)), classes=10).shape
        (None, 10)
    """
    from keras import layers

    collect = layers.Flatten if flatten else layers.GlobalAveragePooling2D
    vector = collect(name="vector")(features)
    scores = layers.Dense(classes, name="dense")(vector)
    # Not the lecture's tf.nn.softmax: Keras 3 refuses it on a symbolic tensor.
    return layers.Softmax(axis=-1, name="output")(scores)


def cnn_with_pooling(image, flatten=True):
    """Classify an image by the lecture's network: six convolutions, three poolings, one dense.

    Args:
        image: tensor of shape `(batch, height, width, channels)`.
        flatten: whether the dense layer sees every number of the last maps, or each map's average.

    Returns:
        A tensor of shape `(batch, 3)` of probabilities.

    Raises:
        ValueError: Keras's own, if `image` has another rank.

    Example:
        >>> from course_lib.models import as_model
        >>> as_model(cnn_with_pooling, (100, 100, 3)).count_params()
        34411
        >>> as_model(cnn_with_pooling, (100, 100, 3), flatten=False).count_params()
        18283
    """
    return head(backbone(image), flatten)


def cnn_with_strides(image, flatten=True):
    """Classify an image as `cnn_with_pooling` does, with strided convolutions for the pooling.

    Every second convolution takes steps of 2. It has the same parameters and sizes, and does a
    quarter of that convolution's work; no layer is left that does nothing but make maps smaller.

    Example:
        >>> from course_lib.models import as_model
        >>> as_model(cnn_with_strides, (100, 100, 3)).count_params()
        34411

    Reference:
        Springenberg et al. (2015), Striving for simplicity: the all convolutional net.
    """
    return head(backbone(image, strided=True), flatten)


def parameter_table(model):
    """List a model's layers with their parameters and output shapes, as the lecture's table does.

    Args:
        model: a built `keras.Model`. Its input is left out, as in the lecture.

    Returns:
        A list of `Row`s in the order of the layers; shapes are without the batch.

    Example:
        >>> from course_lib.models import as_model
        >>> rows = parameter_table(as_model(cnn_with_pooling, (100, 100, 3)))
        >>> rows[0]
        Row(name='conv_1', arithmetic='3*3*3*8 + 8', parameters=224, output_shape=(100, 100, 8))
        >>> [row.parameters for row in rows]
        [224, 584, 0, 1168, 2320, 0, 4640, 9248, 0, 0, 16227, 0]
    """
    rows = []
    for layer in _layers(model):
        arithmetic = " + ".join("*".join(map(str, w.shape)) for w in layer.weights)
        parameters = sum(math.prod(w.shape) for w in layer.weights)
        rows.append(Row(layer.name, arithmetic or "0", parameters, layer.output.shape[1:]))
    return rows


def table_text(rows):
    """Write rows of `parameter_table` as the lecture prints them, the total last.

    Example:
        >>> print(table_text([Row("conv_1", "3*3*3*8 + 8", 224, (100, 100, 8))]))
        Layer name    Number of parameters      Output shape
        conv_1        3*3*3*8 + 8 = 224         (100, 100, 8)
        Total         224                       -
    """
    lines = [("Layer name", "Number of parameters", "Output shape")]
    for name, arithmetic, parameters, shape in rows:
        sums = f"{arithmetic} = {parameters}" if parameters else "0"
        lines.append((name, sums, str(shape)))
    lines.append(("Total", str(sum(row.parameters for row in rows)), "-"))
    return "\n".join(f"{name:<14}{sums:<26}{shape}" for name, sums, shape in lines)


def operations(model):
    """Count what each layer of a model computes for one image.

    A convolution multiplies each tap of each kernel at every position (a transposed one at every
    position of its input), and a dense layer each of its weights once. Taps that meet the zeros of
    the padding are counted too, as is usual. Biases, activations and global pooling are left out:
    they cost one step a number.

    Args:
        model: a built `keras.Model` of one fixed input size.

    Returns:
        A list of `Operations`, one for each row of `parameter_table`. `pooling` counts comparisons
        of max pooling or additions of average pooling, one less than a window has pixels.

    Example:
        >>> from course_lib.models import as_model
        >>> rows = operations(as_model(cnn_with_pooling, (100, 100, 3)))
        >>> rows[0]                                             # 100*100 * 3*3*3*8
        Operations(name='conv_1', multiply_adds=2160000, pooling=0)
        >>> rows[2]                                             # 50*50*8 * (2*2 - 1)
        Operations(name='downsample_1', multiply_adds=0, pooling=60000)
    """
    rows = []
    for layer in _layers(model):
        kernel = getattr(layer, "kernel", None)
        pool_size = getattr(layer, "pool_size", (1,))
        *positions, maps = layer.output.shape[1:]
        products = 0
        if kernel is not None:
            products = math.prod(kernel_positions(layer)) * math.prod(kernel.shape)
        steps = math.prod(positions) * maps * (math.prod(pool_size) - 1)
        rows.append(Operations(layer.name, products, steps))
    return rows


def kernel_positions(layer):
    """Return the height and width over which a layer moves its kernel; nothing for a dense layer.

    A convolution makes one number a filter at each position of its output. A transposed one paints
    one copy of its kernel for each position of its *input*.

    Example:
        >>> import keras
        >>> images = keras.Input((8, 8, 3))
        >>> sampling = {"strides": 2, "padding": "same"}
        >>> for kind in (keras.layers.Conv2D, keras.layers.Conv2DTranspose):
        ...     layer = kind(5, 3, **sampling)
        ...     print(layer(images).shape[1:3], kernel_positions(layer))
        (4, 4) (4, 4)
        (16, 16) (8, 8)
    """
    import keras

    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    return tuple((layer.input if is_transposed else layer.output).shape[1:-1])


def loss_gradients(model, images, labels):
    """Gradients of the mean cross-entropy with respect to every trainable weight of a model.

    Args:
        model: a `keras.Model` that returns probabilities, on the TensorFlow backend.
        images: array of shape `(batch, height, width, channels)`.
        labels: integers of shape `(batch,)`.

    Returns:
        A tuple `(loss, gradients)`: a float, and a list of arrays in the order of
        `model.trainable_weights`.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(cnn_with_pooling, (8, 8, 1))
        >>> loss, gradients = loss_gradients(model, np.ones((2, 8, 8, 1)), [0, 1])
        >>> [g.shape for g in gradients[:2]]
        [(3, 3, 1, 8), (8,)]
    """
    import keras
    import tensorflow as tf

    with tf.GradientTape() as tape:
        probabilities = model(np.asarray(images, "float32"), training=True)
        loss = keras.losses.sparse_categorical_crossentropy(np.asarray(labels), probabilities)
        loss = keras.ops.mean(loss)
    weights = [w.value for w in model.trainable_weights]
    return float(loss), [np.asarray(g) for g in tape.gradient(loss, weights)]


def descend(model, images, labels, steps, learning_rate, batch_size=32, clip=None, seed=0):
    """Train a model by plain gradient descent, each step's gradients passed through `clip`.

    It keeps what an optimiser hides: the loss and the gradients' norm before every step.

    Args:
        model: as for `loss_gradients`; its weights are changed.
        images: array of shape `(count, height, width, channels)`.
        labels: integers of shape `(count,)`.
        steps: number of steps.
        learning_rate: length of a step along the gradient.
        batch_size: images drawn for each step.
        clip: a function from a list of gradients to a list of gradients, or `None`.
        seed: of the draw.

    Returns:
        A tuple `(losses, norms)` of two arrays of shape `(steps,)`; the norms are those before
        clipping.

    Raises:
        ValueError: if a number is not positive.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(cnn_with_pooling, (8, 8, 1))
        >>> losses, norms = descend(model, np.ones((4, 8, 8, 1)), [0, 1, 2, 0], 3, 0.1)
        >>> losses.shape, norms.shape
        ((3,), (3,))
    """
    rng, learning_rate = np.random.default_rng(seed), positive(learning_rate, "learning_rate")
    images, labels = np.asarray(images, "float32"), np.asarray(labels)
    batch_size = integer(batch_size, "batch_size")
    losses, norms = np.zeros((2, integer(steps, "steps")))
    for step in range(steps):
        drawn = rng.integers(len(images), size=batch_size)
        losses[step], gradients = loss_gradients(model, images[drawn], labels[drawn])
        norms[step] = global_norm(gradients)
        gradients = clip(gradients) if clip else gradients
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
            weight.assign(weight - learning_rate * gradient.astype("float32"))
    return losses, norms


def clip_by_value(gradients, max_value):
    """Cut every number of every gradient off at `max_value`, on both sides of zero.

    Large entries lose more than small ones, so the step changes its direction.

    Args:
        gradients: a list of arrays.
        max_value: the largest size that is let through.

    Returns:
        A list of arrays of the same shapes.

    Raises:
        ValueError: if `max_value` is not positive, or `gradients` is no list.

    Example:
        >>> clip_by_value([np.array([3.0, -4.0]), np.array([0.5])], 1.0)
        [array([ 1., -1.]), array([0.5])]

    Reference:
        Mikolov (2012), Statistical language models based on neural networks; Keras's `clipvalue`.
    """
    max_value = positive(max_value, "max_value")
    return [np.clip(gradient, -max_value, max_value) for gradient in _listed(gradients)]


def global_norm(gradients):
    """Length of all gradients, taken as one long vector.

    It sums squares in double precision: the squares of gradients that explode do not fit into
    single precision long before the gradients themselves.

    Example:
        >>> global_norm([np.array([3.0]), np.array([[4.0]])])      # sqrt(9 + 16)
        5.0
        >>> f"{global_norm([np.float32([3e30, 4e30])]):.1e}"
        '5.0e+30'
    """
    squares = sum(np.sum(np.square(g, dtype=np.float64)) for g in _listed(gradients))
    return float(np.sqrt(squares))


def clip_by_global_norm(gradients, max_norm):
    """Shorten all gradients by one factor where together they are longer than `max_norm`.

    One factor for all keeps the direction of the step, and gradients that are short enough stay as
    they are.

    Args:
        gradients: a list of arrays, one for each weight of a network.
        max_norm: the largest length that is let through.

    Returns:
        A tuple `(clipped, norm)`: a list of arrays of the same shapes, and the length before
        clipping as a float. If that is not finite, no factor mends it: all entries become NaN.

    Raises:
        ValueError: if `max_norm` is not positive, or `gradients` is no list.

    Example:
        >>> clip_by_global_norm([np.array([3.0]), np.array([[4.0]])], 1.0)
        ([array([0.6]), array([[0.8]])], 5.0)

    Reference:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
        networks, algorithm 1. What is returned is as in `tf.clip_by_global_norm`.
    """
    gradients, max_norm = _listed(gradients), positive(max_norm, "max_norm")
    norm = global_norm(gradients)
    if not np.isfinite(norm):
        return [np.full_like(gradient, np.nan) for gradient in gradients], norm
    factor = max_norm / max(norm, max_norm)
    return [gradient * factor for gradient in gradients], norm


class _Window(NamedTuple):
    """How windows lie on images: their taps on the padded image, in row order."""

    around: tuple
    inside: tuple
    positions: tuple
    taps: list
    counts: np.ndarray


def _prepare(images, pool_size, strides, padding):
    """Check the arguments; return floating-point images, their windows and the strides."""
    images = numeric_array(images, "images", IMAGE_AXES)
    if images.size == 0:
        raise ValueError(f"images must not be empty; got shape {images.shape}.")
    images = images.astype(np.result_type(images, np.float32), copy=False)
    pool_size = pair(pool_size, "pool_size")
    strides = pool_size if strides is None else pair(strides, "strides")
    size = images.shape[1:3]
    if padding_name(padding) == "valid" and (pool_size[0] > size[0] or pool_size[1] > size[1]):
        raise ValueError(
            f"a window of {pool_size[0]} x {pool_size[1]} pixels does not fit into an image of "
            f'{size[0]} x {size[1]}. Use padding="same", a smaller pool_size, or a larger image.'
        )
    return images, _window(size, pool_size, strides, padding), strides


def _window(size, pool_size, strides, padding):
    """Lay windows on an image of `size`."""
    positions = tuple(map(output_size, size, pool_size, strides, [padding] * 2))
    last = [(count - 1) * step for count, step in zip(positions, strides, strict=True)]
    lacking = [max(x + k - n, 0) for x, k, n in zip(last, pool_size, size, strict=True)]
    around = tuple((lack // 2, lack - lack // 2) for lack in lacking)
    inside = tuple(slice(before, before + n) for (before, _), n in zip(around, size, strict=True))
    taps = [
        np.s_[:, a : a + last[0] + 1 : strides[0], b : b + last[1] + 1 : strides[1]]
        for a, b in np.ndindex(pool_size)
    ]
    pixels = np.pad(np.ones((1, *size, 1), int), ((0, 0), *around, (0, 0)))
    counts = sum(pixels[tap] for tap in taps)
    around = ((0, 0), *around, (0, 0))
    return _Window(around, (slice(None), *inside), positions, taps, counts)


def _output_gradient(value, images, window):
    value = numeric_array(value, "output_gradient", IMAGE_AXES)
    expected = (len(images), *window.positions, images.shape[3])
    if value.shape != expected:
        raise ValueError(
            f"output_gradient must have the shape of the pooling's output, {expected}; got "
            f"{value.shape}. Call both with the same pool_size, strides and padding."
        )
    return value.astype(images.dtype)


def _layers(model):
    """A model's layers without its inputs."""
    import keras

    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def _listed(gradients):
    """Return gradients as a list of floating-point arrays."""
    if not isinstance(gradients, (list, tuple)):
        raise ValueError(
            f"gradients must be a list of arrays, one for each weight; got a "
            f"{type(gradients).__name__}. Write [gradient] for a single one."
        )
    arrays = [np.asarray(gradient) for gradient in gradients]
    for place, array in enumerate(arrays):
        if array.dtype.kind not in "buif":
            raise ValueError(
                f"gradients[{place}] must hold real numbers; got dtype {array.dtype}. Leave out "
                f"weights that the loss does not depend on."
            )
    return [a if a.dtype.kind == "f" else a.astype(np.float64) for a in arrays]
