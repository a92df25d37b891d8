"""Correct answers of `mobile` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
import numpy as np
from keras import layers

from course_lib.checks.mobile.cases import (
    depthwise_conv2d,
    inverted_residual_block,
    separable_parameters,
)

# --- depthwise_conv2d ----------------------------------------------------------------------------


def _both(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _ready(images, kernels, strides, padding):
    """Pad, widen the dtype and refuse what does not fit; return images, steps and sizes."""
    if images.shape[3] != kernels.shape[2]:
        raise ValueError(f"{images.shape[3]} channels, but kernels for {kernels.shape[2]}")
    strides = _both(strides)
    if padding == "same":
        widths = [(0, 0)]
        for size, k, s in zip(images.shape[1:3], kernels.shape[:2], strides, strict=True):
            total = max((-(-size // s) - 1) * s + k - size, 0)
            widths.append((total // 2, total - total // 2))
        images = np.pad(images, [*widths, (0, 0)])
    sizes = [
        (size - k) // s + 1
        for size, k, s in zip(images.shape[1:3], kernels.shape[:2], strides, strict=True)
    ]
    if min(sizes) < 1:
        raise ValueError("the kernel is larger than the image")
    return images.astype(np.float64), strides, sizes


@depthwise_conv2d.variant
def by_loops(images, kernels, strides=1, padding="valid"):
    images, (down, right), (height, width) = _ready(images, kernels, strides, padding)
    kh, kw, channels, multiplier = kernels.shape
    output = np.zeros((len(images), height, width, channels * multiplier))
    for i in range(height):
        for j in range(width):
            window = images[:, i * down : i * down + kh, j * right : j * right + kw, :]
            for c in range(channels):
                for m in range(multiplier):
                    products = window[..., c] * kernels[:, :, c, m]
                    output[:, i, j, c * multiplier + m] = products.sum(axis=(1, 2))
    return output


@depthwise_conv2d.variant
def by_einsum(images, kernels, strides=1, padding="valid"):
    images, (down, right), (height, width) = _ready(images, kernels, strides, padding)
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    windows = windows[:, ::down, ::right][:, :height, :width]
    maps = np.einsum("nyxcij,ijcm->nyxcm", windows, kernels)
    return maps.reshape(*maps.shape[:3], -1)


@depthwise_conv2d.variant
def by_a_sparse_convolution(images, kernels, strides=1, padding="valid"):
    """An ordinary convolution whose kernels are zero for all channels but one."""
    images, (down, right), (height, width) = _ready(images, kernels, strides, padding)
    kh, kw, channels, multiplier = kernels.shape
    full = np.zeros((kh, kw, channels, channels * multiplier))
    for c in range(channels):
        full[:, :, c, c * multiplier : (c + 1) * multiplier] = kernels[:, :, c]
    output = 0
    for i in range(kh):
        for j in range(kw):
            seen = images[:, i:, j:][:, ::down, ::right][:, :height, :width]
            output = output + seen @ full[i, j]
    return output


@depthwise_conv2d.variant
def channel_after_channel(images, kernels, strides=1, padding="valid"):
    images, (down, right), (height, width) = _ready(images, kernels, strides, padding)
    maps = []
    for c in range(images.shape[3]):
        for kernel in np.moveaxis(kernels[:, :, c], -1, 0):
            total = np.zeros((len(images), height, width))
            for (i, j), weight in np.ndenumerate(kernel):
                rows = slice(i, i + down * (height - 1) + 1, down)
                columns = slice(j, j + right * (width - 1) + 1, right)
                total += float(weight) * images[:, rows, columns, c]
            maps.append(total)
    return np.stack(maps, axis=-1)


@depthwise_conv2d.forbid
def keras_operation(images, kernels, strides=1, padding="valid"):
    return np.asarray(keras.ops.depthwise_conv(images, kernels, strides, padding))


@depthwise_conv2d.forbid
def keras_layer(images, kernels, strides=1, padding="valid"):
    layer = layers.DepthwiseConv2D(
        kernels.shape[:2], strides, padding, depth_multiplier=kernels.shape[3], use_bias=False
    )
    layer.build(images.shape)
    layer.set_weights([kernels])
    return np.asarray(layer(images))


@depthwise_conv2d.forbid
def tensorflows(images, kernels, strides=1, padding="valid"):
    import tensorflow as tf

    return tf.nn.depthwise_conv2d(
        images, kernels, (1, strides, strides, 1), padding.upper()
    ).numpy()


@depthwise_conv2d.forbid
def scipys(images, kernels, strides=1, padding="valid"):
    from scipy.signal import correlate2d

    down, right = _both(strides)
    maps = [
        [correlate2d(image[..., c], kernels[:, :, c, m], padding) for image in images]
        for c, m in np.ndindex(kernels.shape[2:])
    ]
    return np.moveaxis(maps, 0, -1)[:, ::down, ::right]


# --- separable_parameters ------------------------------------------------------------------------


@separable_parameters.variant
def sizes_of_arrays(kernel_size, channels, filters, multiplier=1, use_bias=True):
    maps = channels * multiplier
    first = np.zeros((*_both(kernel_size), channels, multiplier)).size
    second = np.zeros((1, 1, maps, filters)).size
    return (first + maps, second + filters) if use_bias else (first, second)


@separable_parameters.variant
def as_the_lecture_writes_it(kernel_size, channels, filters, multiplier=1, use_bias=True):
    if isinstance(kernel_size, int):
        kernel_size = (kernel_size, kernel_size)
    k_x, k_y = kernel_size
    depthwise = k_x * k_y * channels * multiplier + int(use_bias) * channels * multiplier
    pointwise = channels * multiplier * filters + int(use_bias) * filters
    return [depthwise, pointwise]


@separable_parameters.forbid
def counted_by_keras(kernel_size, channels, filters, multiplier=1, use_bias=True):
    counts = []
    for layer, given in (
        (layers.DepthwiseConv2D(kernel_size, 1, "same", multiplier, use_bias=use_bias), channels),
        (layers.Conv2D(filters, 1, use_bias=use_bias), channels * multiplier),
    ):
        layer.build((None, 9, 9, given))
        counts.append(layer.count_params())
    return tuple(counts)


# --- inverted_residual_block ---------------------------------------------------------------------


@inverted_residual_block.variant
def as_keras_applications(tensor, filters, expansion=6, strides=1, kernel_size=3):
    """Named activations, explicit padding where the stride is not 1."""
    channels = tensor.shape[-1]
    x = tensor
    if expansion != 1:
        x = layers.Conv2D(expansion * channels, 1, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(x)
        x = layers.Activation("relu6")(x)
    if strides == 2 and kernel_size == 3:
        odd = [size % 2 for size in x.shape[1:3]]
        x = layers.ZeroPadding2D([(rest, 1) for rest in odd])(x)
        x = layers.DepthwiseConv2D(3, 2, "valid", use_bias=False)(x)
    else:
        x = layers.DepthwiseConv2D(kernel_size, strides, "same", use_bias=False)(x)
    x = layers.Activation("relu6")(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    return layers.add([tensor, x]) if strides == 1 and channels == filters else x


@inverted_residual_block.variant
def groups_and_operators(tensor, filters, expansion=6, strides=1, kernel_size=3):
    """A convolution in as many groups as channels; operations for activation and sum."""
    x, wide = tensor, tensor.shape[3] * expansion

    def six(x):
        return keras.ops.relu6(layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x))

    if expansion > 1:
        x = six(layers.Conv2D(wide, (1, 1), use_bias=False)(x))
    x = layers.Conv2D(
        wide, kernel_size, strides=strides, padding="same", groups=wide, use_bias=False
    )(x)
    x = layers.Conv2D(filters, (1, 1), use_bias=False)(six(x))
    x = layers.BatchNormalization()(x)
    return x + tensor if x.shape == tensor.shape else x


@inverted_residual_block.variant
def dense_and_nested(tensor, filters, expansion=6, strides=1, kernel_size=3):
    """Dense layers mix the channels; the branch is a model of its own, with groups in it."""
    channels = tensor.shape[-1]
    wide = channels * expansion
    branch = keras.Sequential([keras.Input(tensor.shape[1:])])
    if expansion > 1:
        branch.add(layers.Dense(wide, use_bias=False))
        branch.add(layers.BatchNormalization())
        branch.add(layers.ReLU(max_value=6))
    filtering = {"padding": "same", "groups": wide, "use_bias": False}
    branch.add(layers.Conv2D(wide, kernel_size, strides, **filtering))
    branch.add(layers.BatchNormalization())
    branch.add(layers.ReLU(max_value=6))
    branch.add(layers.Dense(filters, use_bias=False))
    branch.add(layers.BatchNormalization())
    narrow = branch(tensor)
    if strides != 1 or filters != channels:
        return narrow
    return layers.Add()([narrow, tensor])


@inverted_residual_block.variant
def minimum_and_maximum(tensor, filters, expansion=6, strides=1, kernel_size=3):
    """ReLU6 by its formula; early returns."""
    ops = keras.ops
    x = tensor
    if expansion > 1:
        x = layers.Conv2D(x.shape[-1] * expansion, 1, use_bias=False)(x)
        x = ops.minimum(ops.maximum(layers.BatchNormalization()(x), 0.0), 6.0)
    x = layers.DepthwiseConv2D(
        (kernel_size, kernel_size), strides=(strides, strides), padding="same", use_bias=False
    )(x)
    x = ops.clip(layers.BatchNormalization()(x), 0, 6)
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    if (strides, filters) == (1, tensor.shape[-1]):
        return layers.Add()([x, tensor])
    return x


@inverted_residual_block.forbid
def the_courses_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    from course_lib import mobile

    return mobile.inverted_residual_block(tensor, filters, expansion, strides, kernel_size)


@inverted_residual_block.forbid
def from_keras_applications(tensor, filters, expansion=6, strides=1, kernel_size=3):
    from keras.src.applications import mobilenet_v2

    return mobilenet_v2._inverted_res_block(tensor, expansion, strides, 1.0, filters, 1)
