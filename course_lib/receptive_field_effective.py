"""The effective receptive field: which pixels move an output, and by how much, found by gradients.

The receptive field says which pixels *can* change an output. Here the gradient says which do.
"""

import numpy as np

from course_lib.arguments import integer, numeric_array

LEVEL = (
    0.0455  # of the peak, 1 - 95.45 %, as Luo et al. count: a Gaussian has it at 2.49 deviations
)


def effective_receptive_field(model, images, position=None):
    """Return how much each pixel moves one output of a model, as shares that add up to 1.

    One output position is taken, all channels of which are added up. Its derivative by every pixel
    is taken for each image; sizes are added over the input's channels and averaged over the
    images. Signs are dropped *before* averaging, or else pixels that push now up and now down
    would seem to do nothing.

    Args:
        model: a `keras.Model` from images to images.
        images: array of shape `(batch, height, width, channels)`. Their number and kind matter
            where activations cut: each image switches other units off.
        position: the output's `(row, column)`; by default the middle,
            `(output_height // 2, output_width // 2)`.

    Returns:
        An array of shape `(height, width)`, whose sum is 1; all zeros if nothing moves the output.

    Raises:
        ValueError: if the output is no image, there is no such position, or Keras does not run on
            TensorFlow.

    Example:
        >>> import keras
        >>> blur = keras.layers.Conv2D(1, 3, kernel_initializer="ones")
        >>> model = keras.Sequential([keras.Input((5, 5, 1)), blur])
        >>> field = effective_receptive_field(model, np.zeros((1, 5, 5, 1)))
        >>> (9 * field[2]).round(6).tolist()                           # 9 pixels, 1/9 each
        [0.0, 1.0, 1.0, 1.0, 0.0]

    Reference:
        Luo, Li, Urtasun and Zemel (2016), Understanding the effective receptive field in deep
        convolutional neural networks, section 3. They feed random inputs and give the middle of
        the output plane a gradient of 1.
    """
    images = numeric_array(images, "images", ("batch", "height", "width", "channels"))
    row, column = _position(model, images, position)
    gradient = _gradient(model, images.astype("float32"), row, column)
    field = np.abs(gradient).sum(axis=-1).mean(axis=0)
    return field / (field.sum() or 1)


def deviation(field):
    """Return the standard deviation of a field, in pixels, down and to the right.

    Args:
        field: shares of shape `(height, width)`.

    Raises:
        ValueError: if they are all zeros.

    Example:
        >>> deviation(np.array([[0.25, 0.0, 0.25], [0.25, 0.0, 0.25]]))
        (0.5, 1.0)
    """
    field = _shares(field)
    spreads = []
    for shares in (field.sum(axis=1), field.sum(axis=0)):
        places = np.arange(shares.size)
        middle = np.sum(places * shares)
        spreads.append(float(np.sqrt(np.sum((places - middle) ** 2 * shares))))
    return tuple(spreads)


def effective_size(field, level=LEVEL):
    """Return the side of the square with as many pixels as reach a share of the largest.

    Args:
        field: shares of shape `(height, width)`.
        level: the part of the largest share that a pixel must have to count.

    Example:
        >>> effective_size(np.ones((5, 5)) / 25)
        5.0

    Reference:
        Luo et al. (2016), section 3: they take 1 - 95.45 % of the peak, after the share of a
        Gaussian that lies within two deviations. Its value there is 13.5 % of the peak, though;
        it falls to 4.55 % at 2.49 deviations. We count as they do, so that numbers compare.
    """
    field = np.asarray(field, float)
    return float(np.sqrt(np.sum(field > level * field.max())))


def gaussian(field):
    """Return the Gaussian with the middle and the deviations of a field; its sum is 1.

    Args:
        field: shares of shape `(height, width)`.

    Example:
        >>> bell = gaussian(np.outer([1, 2, 1], [1, 2, 1]) / 16)
        >>> round(float(bell[1, 1] / bell[1, 0]), 3)                   # exp(1 / (2 * 1/2))
        2.718
    """
    field = _shares(field)
    sides = []
    for shares, spread in zip(
        (field.sum(axis=1), field.sum(axis=0)), deviation(field), strict=True
    ):
        places = np.arange(shares.size)
        middle = np.sum(places * shares)
        bell = np.exp(-((places - middle) ** 2) / (2 * max(spread, 1e-6) ** 2))
        sides.append(bell / bell.sum())
    return np.outer(*sides)


def gaussian_fit(field):
    """Return which part of a field's variance its Gaussian explains, 1 for a perfect one.

    Args:
        field: shares of shape `(height, width)`.

    Example:
        >>> steps = np.pad([1, 4, 6, 4, 1], 4)                         # four coins
        >>> round(gaussian_fit(np.outer(steps, steps)), 3)
        0.992
    """
    field = _shares(field)
    return float(1 - np.sum((field - gaussian(field)) ** 2) / np.sum((field - field.mean()) ** 2))


def plain_stack(tensor, depth=8, filters=8, kernel_size=3, activation="relu", channels=1):
    """Build a stack of equal convolutions, from images to images of the same size.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        depth: the number of convolutions.
        filters: of all but the last.
        kernel_size: of all.
        activation: between them; None for a linear network.
        channels: of the output.

    Example:
        >>> import keras
        >>> plain_stack(keras.Input((16, 16, 1)), depth=3).shape
        (None, 16, 16, 1)
    """
    from keras import layers

    initializer = "he_normal" if activation == "relu" else "glorot_normal"
    for number in range(1, integer(depth, "depth") + 1):
        last = number == depth
        tensor = layers.Conv2D(
            channels if last else filters,
            kernel_size,
            padding="same",
            activation=None if last else activation,
            kernel_initializer=initializer,
        )(tensor)
    return tensor


def measure_stack(depth, seed=0, count=8, size=None, **settings):
    """Return the effective receptive field of a `plain_stack` with random weights.

    Args:
        depth: the number of convolutions.
        seed: of the weights and of the images, which are noise.
        count: the number of images.
        size: of an image; by default just as large as the receptive field.
        **settings: of `plain_stack`.

    Example:
        >>> field = measure_stack(depth=4)
        >>> field.shape, round(float(field.sum()), 3)                  # 9 = 1 + 4*2
        ((9, 9), 1.0)
    """
    import keras

    from course_lib.models import as_model

    side = size or 1 + depth * (settings.get("kernel_size", 3) - 1)
    keras.utils.set_random_seed(seed)
    model = as_model(plain_stack, (side, side, 1), depth=depth, **settings)
    images = np.random.default_rng(seed).normal(size=(count, side, side, 1))
    return effective_receptive_field(model, images)


def mean_task(count, size=32, window=9, seed=0):
    """Return noise, and for each pixel the mean of the window around it: a task for far sight.

    A network can do it only if it looks at all pixels of the window alike, those at its rim as
    much as its middle. The targets are scaled to a standard deviation of 1.

    Args:
        count: the number of images.
        size: of an image.
        window: side of the window, an odd integer. Beyond the edges the noise is 0.
        seed: of the noise.

    Returns:
        Two arrays of shape `(count, size, size, 1)`, float32: images and targets.

    Raises:
        ValueError: if `window` is even.

    Example:
        >>> images, targets = mean_task(2, size=8, window=3)
        >>> bool(np.isclose(targets[0, 3, 3, 0], 3 * images[0, 2:5, 2:5].mean()))
        True
    """
    if integer(window, "window") % 2 == 0:
        raise ValueError(f"window must be odd, so that it has a middle; got {window}. Write 9.")
    images = np.random.default_rng(seed).normal(size=(count, size, size, 1)).astype("float32")
    half = window // 2
    padded = np.pad(images[..., 0], ((0, 0), (half, half), (half, half)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(1, 2))
    return images, (window * windows.mean(axis=(3, 4)))[..., np.newaxis].astype("float32")


def trained_fields(
    window=11, seed=0, *, epochs=10, count=256, size=32, rate=0.01, **settings
):  # fmt: skip
    """Train a `plain_stack` on `mean_task` and return its effective field before and after.

    Args:
        window: of the task.
        seed: of weights and data.
        epochs: of training, with Adam.
        count: the number of images to train on.
        size: of an image.
        rate: of learning.
        **settings: of `plain_stack`.

    Returns:
        A dictionary: `"before"` and `"after"`, two fields of shape `(size, size)`, and `"losses"`,
        the mean squared error of each epoch, which is 1 for whoever answers 0.

    Example:
        >>> found = trained_fields(window=3, depth=2, epochs=1, filters=2, count=8, size=8)
        >>> found["after"].shape, len(found["losses"])
        ((8, 8), 1)
    """
    import keras

    from course_lib.models import as_model

    keras.utils.set_random_seed(seed)
    model = as_model(plain_stack, (size, size, 1), **settings)
    images, targets = mean_task(count, size, window, seed)
    looked_at = images[:16]
    before = effective_receptive_field(model, looked_at)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.optimizer.build(model.trainable_variables)  # spares a trace
    history = model.fit(images, targets, batch_size=16, epochs=epochs, verbose=0)
    after = effective_receptive_field(model, looked_at)
    return {"before": before, "after": after, "losses": history.history["loss"]}


def _shares(field):
    field = np.asarray(field, float)
    if not field.sum() > 0:
        raise ValueError(
            "the field is all zeros: nothing moves this output, as in a network whose ReLUs have "
            "all died. Train with a smaller learning rate, or start from another seed."
        )
    return field / field.sum()


def _position(model, images, position):
    shape = model.compute_output_shape(images.shape)
    if isinstance(shape, list) or len(shape) != 4:
        raise ValueError(
            f"the model must return images, (batch, height, width, channels); it returns {shape}. "
            "Take a layer before the pooling: "
            "keras.Model(model.input, model.get_layer(...).output)."
        )
    _, height, width, _ = shape
    row, column = (height // 2, width // 2) if position is None else position
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"there is no position {position!r} in an output of {height} x {width}.")
    return row, column


def _gradient(model, images, row, column):
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError("gradients are taken with TensorFlow; set KERAS_BACKEND=tensorflow.")
    import tensorflow as tf

    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = tf.reduce_sum(model(images, training=False)[:, row, column])
    gradient = tape.gradient(output, images, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return gradient.numpy()
