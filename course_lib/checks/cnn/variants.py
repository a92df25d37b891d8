"""Correct answers of `cnn` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import math

import numpy as np

from course_lib.checks.cnn.cases import (
    average_pool2d,
    clip_by_global_norm,
    cnn_with_pooling,
    max_pool2d,
    max_pool2d_gradient,
)


def _both(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _axis(size, window, step, padding):
    """Windows along an axis, and pixels before the first and after the last pixel."""
    if padding == "valid":
        if window > size:
            raise ValueError(f"a window of {window} does not fit into {size}")
        return (size - window) // step + 1, 0, 0
    count = math.ceil(size / step)
    total = max((count - 1) * step + window - size, 0)
    return count, total // 2, total - total // 2


def _plan(images, pool_size, strides, padding):
    """Both axes' plans, windows and steps."""
    window = _both(pool_size)
    step = window if strides is None else _both(strides)
    axes = zip(images.shape[1:3], window, step, strict=True)
    return [_axis(*axis, padding) for axis in axes], window, step


def _view(images, pool_size, strides, padding, fill):
    """All windows at once: (batch, height, width, channels, pool_height, pool_width)."""
    plans, window, step = _plan(images, pool_size, strides, padding)
    around = [(0, 0), *((before, after) for _, before, after in plans), (0, 0)]
    padded = np.pad(images.astype(np.float64), around, constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(1, 2))
    windows = windows[:, :: step[0], :: step[1]]
    return windows[:, : plans[0][0], : plans[1][0]]


def _cut_windows(images, pool_size, strides, padding):
    """Each position with its window, cut off at the image's border."""
    plans, window, step = _plan(images, pool_size, strides, padding)
    for i in range(plans[0][0]):
        for j in range(plans[1][0]):
            y, x = i * step[0] - plans[0][1], j * step[1] - plans[1][1]
            rows = slice(max(y, 0), y + window[0])
            columns = slice(max(x, 0), x + window[1])
            yield i, j, rows, columns


# --- max_pool2d ----------------------------------------------------------------------------------


@max_pool2d.variant
def maximum_loops(images, pool_size=2, strides=None, padding="valid"):
    plans, _, _ = _plan(images, pool_size, strides, padding)
    output = np.zeros((len(images), plans[0][0], plans[1][0], images.shape[3]), np.float32)
    for i, j, rows, columns in _cut_windows(images, pool_size, strides, padding):
        output[:, i, j] = images[:, rows, columns].max(axis=(1, 2))
    return output


@max_pool2d.variant
def maximum_of_a_view(images, pool_size=2, strides=None, padding="valid"):
    return _view(images, pool_size, strides, padding, -np.inf).max(axis=(4, 5))


@max_pool2d.variant
def axis_after_axis(images, pool_size=2, strides=None, padding="valid"):
    """The largest of a rectangle is the largest of its rows' largest."""
    plans, window, step = _plan(images, pool_size, strides, padding)
    result = images
    for axis in (1, 2):
        count, before, _ = plans[axis - 1]
        starts = np.arange(count) * step[axis - 1] - before
        size = images.shape[axis]
        slices = [
            np.take(result, range(max(s, 0), min(s + window[axis - 1], size)), axis).max(axis)
            for s in starts
        ]
        result = np.stack(slices, axis)
    return result


@max_pool2d.forbid
def the_reference(images, pool_size=2, strides=None, padding="valid"):
    from course_lib.cnn import max_pool2d as found

    return found(images, pool_size, strides, padding)


@max_pool2d.forbid
def keras_pooling(images, pool_size=2, strides=None, padding="valid"):
    import keras

    return np.asarray(keras.ops.max_pool(images, pool_size, strides, padding))


# --- average_pool2d ------------------------------------------------------------------------------


@average_pool2d.variant
def average_loops(images, pool_size=2, strides=None, padding="valid"):
    plans, _, _ = _plan(images, pool_size, strides, padding)
    output = np.zeros((len(images), plans[0][0], plans[1][0], images.shape[3]))
    for i, j, rows, columns in _cut_windows(images, pool_size, strides, padding):
        output[:, i, j] = images[:, rows, columns].mean(axis=(1, 2))
    return output


@average_pool2d.variant
def mean_without_nan(images, pool_size=2, strides=None, padding="valid"):
    return np.nanmean(_view(images, pool_size, strides, padding, np.nan), axis=(4, 5))


@average_pool2d.variant
def sums_over_counts(images, pool_size=2, strides=None, padding="valid"):
    sums, counts = (
        _view(array, pool_size, strides, padding, 0).sum(axis=(4, 5)).astype(np.float32)
        for array in (images, np.ones_like(images))
    )
    return sums / counts


@average_pool2d.forbid
def the_modules_own(images, pool_size=2, strides=None, padding="valid"):
    from course_lib.cnn import average_pool2d as found

    return found(images, pool_size, strides, padding)


@average_pool2d.forbid
def keras_averages(images, pool_size=2, strides=None, padding="valid"):
    import keras

    floats = images.astype("float32")
    return np.asarray(keras.ops.average_pool(floats, pool_size, strides, padding))


# --- max_pool2d_gradient -------------------------------------------------------------------------


def _refuse(images, output_gradient, pool_size, strides, padding):
    (rows, *_), (columns, *_) = _plan(images, pool_size, strides, padding)[0]
    if output_gradient.shape != (len(images), rows, columns, images.shape[3]):
        raise ValueError(f"an output gradient of shape {output_gradient.shape} does not fit")


@max_pool2d_gradient.variant
def gradient_loops(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    _refuse(images, output_gradient, pool_size, strides, padding)
    gradient = np.zeros(images.shape)
    for i, j, rows, columns in _cut_windows(images, pool_size, strides, padding):
        for n in range(len(images)):
            for c in range(images.shape[3]):
                window = images[n, rows, columns, c]
                y, x = np.unravel_index(window.argmax(), window.shape)
                gradient[n, rows.start + y, columns.start + x, c] += output_gradient[n, i, j, c]
    return gradient


@max_pool2d_gradient.variant
def gradient_by_places(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    """The winners' places in the flattened images, and one sum over them."""
    _refuse(images, output_gradient, pool_size, strides, padding)
    numbers = np.arange(1.0, images.size + 1).reshape(images.shape)
    values = _view(images, pool_size, strides, padding, -np.inf)
    places = _view(numbers, pool_size, strides, padding, 0)
    values, places = (v.reshape(*v.shape[:4], -1) for v in (values, places))
    winner = values.argmax(axis=-1)[..., np.newaxis]
    places = np.take_along_axis(places, winner, -1)[..., 0].astype(int) - 1
    gradient = np.zeros(images.size, np.float32)
    np.add.at(gradient, places, output_gradient)
    return gradient.reshape(images.shape)


@max_pool2d_gradient.forbid
def the_modules_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    from course_lib.cnn import max_pool2d_gradient as found

    return found(images, output_gradient, pool_size, strides, padding)


@max_pool2d_gradient.forbid
def gradient_tape(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    import tensorflow as tf

    tensor, window = tf.constant(images), _both(pool_size)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        step = window if strides is None else _both(strides)
        pooled = tf.nn.max_pool2d(tensor, window, step, padding.upper())
    return tape.gradient(pooled, tensor, tf.constant(output_gradient)).numpy()


# --- cnn_with_pooling ----------------------------------------------------------------------------


@cnn_with_pooling.variant
def as_the_lecture_prints_it(image, flatten=True):
    from keras import layers

    settings = {"kernel_size": (3, 3), "strides": (1, 1), "padding": "same", "activation": "relu"}
    halving = {"pool_size": (2, 2), "strides": (2, 2), "padding": "same"}
    conv_1 = layers.Conv2D(filters=8, **settings)(image)
    conv_2 = layers.Conv2D(filters=8, **settings)(conv_1)
    downsample_1 = layers.MaxPool2D(**halving)(conv_2)
    conv_3 = layers.Conv2D(filters=16, **settings)(downsample_1)
    conv_4 = layers.Conv2D(filters=16, **settings)(conv_3)
    downsample_2 = layers.MaxPool2D(**halving)(conv_4)
    conv_5 = layers.Conv2D(filters=32, **settings)(downsample_2)
    conv_6 = layers.Conv2D(filters=32, **settings)(conv_5)
    downsample_3 = layers.MaxPool2D(**halving)(conv_6)
    if flatten:
        vector = layers.Flatten()(downsample_3)
    else:
        vector = layers.GlobalAveragePooling2D()(downsample_3)
    return layers.Dense(units=3, activation="softmax")(vector)


@cnn_with_pooling.variant
def by_operations(image, flatten=True):
    """Layers only where there are weights; the rest in keras.ops."""
    from keras import layers, ops

    tensor = image
    for filters in (8, 8, None, 16, 16, None, 32, 32, None):
        if filters is None:
            tensor = ops.max_pool(tensor, 2, 2, "same")
        else:
            tensor = ops.relu(layers.Conv2D(filters, 3, padding="same")(tensor))
    if flatten:
        tensor = ops.reshape(tensor, (-1, math.prod(tensor.shape[1:])))
    else:
        tensor = ops.mean(tensor, axis=(1, 2))
    return ops.softmax(layers.Dense(3)(tensor), axis=-1)


@cnn_with_pooling.variant
def activated_after_pooling(image, flatten=True):
    """A ReLU and a maximum may change places."""
    from keras import layers

    tensor = image
    for filters in (8, 16, 32):
        tensor = layers.Conv2D(filters, 3, padding="same", activation="relu")(tensor)
        tensor = layers.Conv2D(filters, 3, padding="same")(tensor)
        tensor = layers.ReLU()(layers.MaxPooling2D(padding="same")(tensor))
    collect = layers.Flatten() if flatten else layers.GlobalAveragePooling2D()
    return layers.Activation("softmax")(layers.Dense(3)(collect(tensor)))


@cnn_with_pooling.variant
def of_nested_models(image, flatten=True):
    import keras
    from keras import layers

    stages = []
    for filters in (8, 16, 32):
        stages.append(layers.Conv2D(filters, (3, 3), padding="same", activation="relu"))
        stages.append(layers.Conv2D(filters, (3, 3), padding="same", activation="relu"))
        stages.append(layers.MaxPooling2D((2, 2), padding="same"))
    collect = layers.Flatten() if flatten else layers.GlobalAveragePooling2D()
    backbone = keras.Sequential([keras.Input(image.shape[1:]), *stages], name="backbone")
    features = backbone(image)
    top = [keras.Input(features.shape[1:]), collect, layers.Dense(3), layers.Softmax()]
    return keras.Sequential(top, name="head")(features)


@cnn_with_pooling.forbid
def the_modules_network(image, flatten=True):
    from course_lib.cnn import cnn_with_pooling as found

    return found(image, flatten)


# --- clip_by_global_norm -------------------------------------------------------------------------


@clip_by_global_norm.variant
def one_long_vector(gradients, max_norm):
    vector = np.concatenate([np.ravel(g) for g in gradients]).astype(np.float64)
    norm = np.linalg.norm(vector)
    if norm <= max_norm:
        return list(gradients), norm
    return [g / norm * max_norm for g in gradients], norm


@clip_by_global_norm.variant
def norm_of_norms(gradients, max_norm):
    norm = math.hypot(*(float(np.linalg.norm(g.astype(float))) for g in gradients))
    factor = min(1.0, max_norm / (norm + 1e-12))
    return tuple(factor * g for g in gradients), norm


@clip_by_global_norm.variant
def scaled_by_the_largest(gradients, max_norm):
    """No square runs over in any precision when all numbers are divided by the largest first."""
    largest = max(np.abs(g).max() for g in gradients)
    if largest == 0:
        return gradients, 0.0
    norm = largest * np.sqrt(sum(((g / largest) ** 2).sum() for g in gradients))
    return [g * min(max_norm / norm, 1) for g in gradients], norm


@clip_by_global_norm.forbid
def the_modules_clipping(gradients, max_norm):
    from course_lib.cnn import clip_by_global_norm as found

    return found(gradients, max_norm)


@clip_by_global_norm.forbid
def tensorflows_clipping(gradients, max_norm):
    import tensorflow as tf

    clipped, norm = tf.clip_by_global_norm(gradients, max_norm)
    return [g.numpy() for g in clipped], float(norm)
