"""Correct answers of `dropout` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import random

import numpy as np

from course_lib.checks.dropout.cases import dropout, residual_block, spatial_dropout


def _probability(rate):
    if rate < 0 or rate >= 1:
        raise ValueError(f"rate must lie in [0, 1), got {rate}")
    return 1 - rate


# --- dropout -------------------------------------------------------------------------------------


@dropout.variant
def by_binomial(x, rate, training=False, seed=None):
    keep = _probability(rate)
    if not training:
        return x
    mask = np.random.default_rng(seed).binomial(1, keep, size=x.shape)
    return mask * (x / keep)


@dropout.variant
def by_where(x, rate, training=False, seed=None):
    keep = _probability(rate)
    rng = np.random.RandomState(seed)
    return np.where(rng.uniform(size=x.shape) < rate, 0, x / keep) if training else np.array(x)


@dropout.variant
def by_choice(x, rate, training=False, seed=None):
    keep = _probability(rate)
    if training:
        np.random.seed(seed)  # as older tutorials do
        return x * np.random.choice([0, 1 / keep], size=x.shape, p=[1 - keep, keep])
    return x


@dropout.variant
def number_by_number(x, rate, training=False, seed=None):
    keep, draw = _probability(rate), random.Random(seed)
    if not training:
        return x.astype(float)
    output = [0.0 if draw.random() < rate else float(value) / keep for value in x.flat]
    return np.array(output).reshape(x.shape)


@dropout.forbid
def the_courses_own(x, rate, training=False, seed=None):
    from course_lib import dropout as topic

    return topic.dropout(x, rate, training, seed)


@dropout.forbid
def the_ready_layer(x, rate, training=False, seed=None):
    import keras

    return np.asarray(keras.layers.Dropout(rate, seed=seed)(x, training=training))


# --- spatial_dropout -----------------------------------------------------------------------------


@spatial_dropout.variant
def by_broadcasting(x, rate, training=False, seed=None):
    keep = _probability(rate)
    if x.ndim != 4:
        raise ValueError(f"expected four axes, got {x.ndim}")
    if not training:
        return x
    mask = np.random.default_rng(seed).random((x.shape[0], x.shape[3])) < keep
    return x * mask[:, None, None, :] / keep


@spatial_dropout.variant
def map_by_map(x, rate, training=False, seed=None):
    keep = _probability(rate)
    batch, _, _, channels = x.shape  # too few axes end in a ValueError by themselves
    output = np.array(x, float)
    rng = np.random.default_rng(seed)
    for image in range(batch):
        for channel in range(channels if training else 0):
            factor = 0 if rng.random() < rate else 1 / keep
            output[image, :, :, channel] *= factor
    return output


@spatial_dropout.variant
def by_permuted_axes(x, rate, training=False, seed=None):
    keep = _probability(rate)
    if len(x.shape) != 4:
        raise ValueError("not a batch of images")
    np.random.seed(seed)
    maps = np.moveaxis(x, 3, 1)
    mask = np.random.binomial(1, keep, (*maps.shape[:2], 1, 1)) / keep
    return np.moveaxis(maps * mask, 1, 3) if training else x


@spatial_dropout.forbid
def the_courses_own_maps(x, rate, training=False, seed=None):
    from course_lib.dropout import spatial_dropout

    return spatial_dropout(x, rate, training, seed)


@spatial_dropout.forbid
def the_ready_layer_of_maps(x, rate, training=False, seed=None):
    import keras

    layer = keras.layers.SpatialDropout2D(rate, seed=seed)
    return np.asarray(layer(x, training=training))


# --- residual_block ------------------------------------------------------------------------------


def _listed(value, count, rest):
    return value if isinstance(value, list) else [value] + [rest] * (count - 1)


@residual_block.variant
def strided_projection(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    from keras import layers

    strides = _listed(strides, len(filters), 1)
    sizes = _listed(kernel_size, len(filters), kernel_size)
    x = layers.SpatialDropout2D(rate)(tensor)
    down = right = 1
    for i in range(len(filters)):
        x = layers.Conv2D(filters[i], sizes[i], strides=strides[i], padding="same", use_bias=False)(
            x
        )
        x = layers.BatchNormalization(epsilon=1e-5)(x)
        if i + 1 < len(filters):
            x = layers.Activation("relu")(x)
        step = strides[i] if isinstance(strides[i], tuple) else (strides[i], strides[i])
        down, right = down * step[0], right * step[1]
    residual = tensor
    if tensor.shape != x.shape:
        residual = layers.Conv2D(
            filters[-1], 1, strides=(down, right), padding="same", use_bias=False
        )(tensor)
        residual = layers.BatchNormalization(epsilon=1e-5)(residual)
    return layers.Activation("relu")(residual + x)


@residual_block.variant
def dropout_with_a_noise_shape(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    import keras
    from keras import layers

    strides = _listed(strides, len(filters), 1)
    sizes = _listed(kernel_size, len(filters), kernel_size)
    down, right = np.prod([np.broadcast_to(stride, 2) for stride in strides], axis=0).tolist()
    identity = tensor
    if (down, right) != (1, 1) or tensor.shape[-1] != filters[-1]:
        identity = layers.AveragePooling2D(1, (down, right))(tensor)
        identity = layers.Conv2D(filters[-1], 1, use_bias=False, name="shortcut")(identity)
        identity = layers.BatchNormalization(name="shortcut_norm")(identity)
    x = layers.Dropout(rate, noise_shape=(None, 1, 1, None))(tensor) if rate > 0 else tensor
    *inner, last = zip(filters, sizes, strides, strict=True)
    for settings in inner:
        x = layers.Conv2D(*settings, padding="same", use_bias=False)(x)
        x = keras.ops.relu(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(*last, padding="same", use_bias=False)(x))
    return keras.ops.relu(layers.add([x, identity]))


@residual_block.forbid
def the_courses_block(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    from course_lib import dropout as topic

    return topic.residual_block(tensor, filters, strides, kernel_size, rate)
