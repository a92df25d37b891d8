"""Correct answers of `encoder_decoder` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
import numpy as np
from keras import layers

from course_lib.checks.encoder_decoder.cases import (
    conv2d_transpose,
    decoder_residual_block,
    encoder_decoder,
    encoder_residual_block,
    upsample_nearest,
)


def _both(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


# --- upsample_nearest ----------------------------------------------------------------------------


@upsample_nearest.variant
def by_indices(images, size=2):
    """Look up the nearest pixel of every place."""
    down, right = _both(size)
    _, height, width, _ = images.shape
    rows, columns = np.arange(height * down) // down, np.arange(width * right) // right
    return images[:, rows][:, :, columns]


@upsample_nearest.variant
def by_kronecker_product(images, size=2):
    """A block of ones, times each pixel."""
    return np.kron(images, np.ones((1, *_both(size), 1), images.dtype))


@upsample_nearest.variant
def by_slices(images, size=2):
    """Every place of the block in turn, in loops."""
    down, right = _both(size)
    batch, height, width, channels = images.shape
    larger = np.empty((batch, down * height, right * width, channels))
    for i in range(down):
        for j in range(right):
            larger[:, i::down, j::right, :] = images
    return larger


@upsample_nearest.variant
def by_broadcasting(images, size=2):
    """New axes that are stretched and merged."""
    down, right = _both(size)
    batch, height, width, channels = images.shape
    stretched = np.broadcast_to(
        images[:, :, None, :, None, :], (batch, height, down, width, right, channels)
    )
    return stretched.reshape(batch, height * down, width * right, channels)


@upsample_nearest.forbid
def by_keras(images, size=2):
    return np.asarray(layers.UpSampling2D(size)(images))


@upsample_nearest.forbid
def by_scipy(images, size=2):
    from scipy.ndimage import zoom

    return zoom(images, (1, *_both(size), 1), order=0)


# --- conv2d_transpose ----------------------------------------------------------------------------


def _shapes(images, kernels, strides, padding):
    """Size of the output, and what is cut before it, along both axes."""
    if images.shape[3] != kernels.shape[3]:
        raise ValueError(f"{images.shape[3]} channels, kernels for {kernels.shape[3]}")
    sizes, starts = [], []
    for n, k, s in zip(images.shape[1:3], kernels.shape[:2], _both(strides), strict=True):
        more = max(k - s, 0)
        sizes.append(n * s + (more if padding == "valid" else 0))
        starts.append(more // 2 if padding == "same" else 0)
    return sizes, starts


@conv2d_transpose.variant
def pixel_by_pixel(images, kernels, strides=1, padding="valid"):
    """One copy of the kernel after the other."""
    (rows, columns), (top, left) = _shapes(images, kernels, strides, padding)
    down, right = _both(strides)
    batch, height, width, _ = images.shape
    tall, wide, filters, _ = kernels.shape
    canvas = np.zeros((batch, height * down + tall, width * right + wide, filters))
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                copy = (kernels * images[b, y, x]).sum(axis=-1)
                canvas[b, y * down : y * down + tall, x * right : x * right + wide] += copy
    return canvas[:, top : top + rows, left : left + columns]


@conv2d_transpose.variant
def zeros_and_windows(images, kernels, strides=1, padding="valid"):
    """Zeros between the pixels, a border of zeros, and a convolution with the kernel flipped."""
    (rows, columns), (top, left) = _shapes(images, kernels, strides, padding)
    down, right = _both(strides)
    batch, height, width, channels = images.shape
    tall, wide, _, _ = kernels.shape
    spread = np.zeros((batch, height * down + 2 * tall, width * right + 2 * wide, channels))
    inner = spread[:, tall - 1 :, wide - 1 :]
    inner[:, : height * down : down, : width * right : right] = images
    windows = np.lib.stride_tricks.sliding_window_view(spread, (tall, wide), axis=(1, 2))
    full = np.einsum("byxcij,ijfc->byxf", windows, kernels[::-1, ::-1])
    return full[:, top : top + rows, left : left + columns]


@conv2d_transpose.variant
def by_matrices(images, kernels, strides=1, padding="valid"):
    """One sparse matrix for the rows and one for the columns, for each tap."""
    sizes, starts = _shapes(images, kernels, strides, padding)
    output = 0
    for i, j in np.ndindex(*kernels.shape[:2]):
        moved = []
        for n, size, start, step, tap in zip(
            images.shape[1:3], sizes, starts, _both(strides), (i, j), strict=True
        ):
            place = np.arange(n) * step + tap - start
            moved.append((np.arange(size)[:, np.newaxis] == place).astype(float))
        mixed = images @ kernels[i, j].T
        output = output + np.einsum("yh,xw,bhwf->byxf", *moved, mixed)
    return output


@conv2d_transpose.variant
def gathered(images, kernels, strides=1, padding="valid"):
    """Each output pixel looks for the copies that reach it; float32 sums."""
    (rows, columns), (top, left) = _shapes(images, kernels, strides, padding)
    down, right = _both(strides)
    batch, height, width, _ = images.shape
    tall, wide, filters, _ = kernels.shape
    output = np.zeros((batch, rows, columns, filters), np.float32)
    for row in range(rows):
        for column in range(columns):
            for i in range(tall):
                for j in range(wide):
                    y, rest_y = divmod(row + top - i, down)
                    x, rest_x = divmod(column + left - j, right)
                    if rest_y == rest_x == 0 and 0 <= y < height and 0 <= x < width:
                        output[:, row, column] += images[:, y, x] @ kernels[i, j].T
    return output


@conv2d_transpose.forbid
def keras_layer(images, kernels, strides=1, padding="valid"):
    return keras.ops.conv_transpose(images, kernels, strides, padding)


@conv2d_transpose.forbid
def tensorflow_gradient(images, kernels, strides=1, padding="valid"):
    import tensorflow as tf

    (rows, columns), _ = _shapes(images, kernels, strides, padding)
    shape = len(images), rows, columns, kernels.shape[2]
    return tf.nn.conv2d_transpose(images, kernels, shape, strides, padding.upper()).numpy()


@conv2d_transpose.forbid
def the_courses_gradient(images, kernels, strides=1, padding="valid"):
    from course_lib.convolution import conv2d_gradients

    (rows, columns), _ = _shapes(images, kernels, strides, padding)
    like = np.zeros((len(images), rows, columns, kernels.shape[2]))
    return conv2d_gradients(like, kernels, images, strides, padding)[0]


# --- the blocks ----------------------------------------------------------------------------------


def _sizes(filters, kernel_size):
    if isinstance(kernel_size, int):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError(f"{len(filters)} convolutions, {len(kernel_size)} kernel sizes")
    return kernel_size


def _branch_of_layers(x, filters, sizes, rate):
    """Convolutions with biases, activations by name."""
    if rate > 0:
        x = layers.SpatialDropout2D(rate)(x)
    for number, maps in enumerate(filters):
        x = layers.BatchNormalization()(layers.Conv2D(maps, sizes[number], padding="same")(x))
        if number + 1 < len(filters):
            x = layers.Activation("relu")(x)
    return x


def _zeros_beside(x, maps):
    """Zeros from the tensor itself, put beside it."""
    zeros = keras.ops.zeros_like(x[..., :1])
    return layers.Concatenate()([x] + [zeros] * (maps - x.shape[-1]))


@encoder_residual_block.variant
def with_biases(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    """Biases, zeros by concatenation."""
    sizes = _sizes(filters, kernel_size)
    if learnable_sampling:
        x = layers.Conv2D(filters[-1], 2, 2, "same")(tensor)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    else:
        x = layers.MaxPool2D(padding="same")(tensor)
    shortcut = x
    if x.shape[-1] < filters[-1]:
        shortcut = _zeros_beside(x, filters[-1])
    elif x.shape[-1] > filters[-1]:
        shortcut = layers.BatchNormalization()(layers.Conv2D(filters[-1], 1)(x))
    added = layers.add([_branch_of_layers(x, filters, sizes, drop_rate), shortcut])
    return layers.Activation("relu")(added)


@encoder_residual_block.variant
def with_operations(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    """Keras's operations where there are any, and dropout of whole maps by its noise's shape."""
    sizes = _sizes(filters, kernel_size)
    if learnable_sampling:
        x = layers.Conv2D(filters[-1], (2, 2), strides=(2, 2), padding="same")(tensor)
        x = keras.ops.relu(layers.BatchNormalization(momentum=0.9)(x))
    else:
        x = keras.ops.max_pool(tensor, 2, 2, "same")
    y = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, x.shape[-1]))(x)
    for maps, size in list(zip(filters, sizes, strict=True))[:-1]:
        y = layers.Conv2D(maps, size, padding="same", use_bias=False)(y)
        y = keras.ops.relu(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters[-1], sizes[-1], padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    missing = filters[-1] - x.shape[-1]
    if missing < 0:
        x = layers.BatchNormalization()(layers.Dense(filters[-1], use_bias=False)(x))
    elif missing:
        x = keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, missing)))
    return keras.ops.relu(x + y)


@encoder_residual_block.variant
def nested_branch(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    """The branch as a model of its own; zeros by a layer that pads, on swapped axes."""
    sizes = _sizes(filters, kernel_size)
    if learnable_sampling:
        x = layers.Conv2D(filters[-1], 2, strides=2, padding="same", use_bias=False)(tensor)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    else:
        x = layers.MaxPooling2D((2, 2), strides=2, padding="same")(tensor)
    branch = keras.Sequential([keras.Input(x.shape[1:]), layers.SpatialDropout2D(drop_rate)])
    for maps, size in zip(filters, sizes, strict=True):
        branch.add(layers.Conv2D(maps, size, padding="same", use_bias=False))
        branch.add(layers.BatchNormalization())
        branch.add(layers.ReLU())
    branch.pop()
    y = branch(x)
    if x.shape[-1] > filters[-1]:
        x = layers.BatchNormalization()(layers.Conv2D(filters[-1], 1)(x))
    elif x.shape[-1] < filters[-1]:
        turned = layers.Permute((1, 3, 2))(x)
        turned = layers.ZeroPadding2D(((0, 0), (0, filters[-1] - x.shape[-1])))(turned)
        x = layers.Permute((1, 3, 2))(turned)
    return layers.ReLU()(layers.Add()([x, y]))


@encoder_residual_block.forbid
def the_courses_shortcut(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    from course_lib.encoder_decoder import match_channels

    sizes = _sizes(filters, kernel_size)
    x = layers.MaxPool2D(padding="same")(tensor)
    if learnable_sampling:
        x = layers.Conv2D(filters[-1], 2, 2, "same")(tensor)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    y = _branch_of_layers(x, filters, sizes, drop_rate)
    return layers.ReLU()(layers.Add()([y, match_channels(x, filters[-1])]))


@encoder_residual_block.forbid
def the_courses_convolution(
    tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False
):
    from course_lib.batch_normalization import conv_bn_relu

    sizes = _sizes(filters, kernel_size)
    x = layers.MaxPool2D(padding="same")(tensor)
    y = conv_bn_relu(x, filters[0], 1, sizes[0])
    return layers.ReLU()(layers.Add()([_branch_of_layers(y, filters, sizes, drop_rate), x]))


@decoder_residual_block.variant
def repeats(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    """Pixels repeated by an operation; the projection before they are, which is the same."""
    sizes = _sizes(filters, kernel_size)
    if learnable_sampling:
        x = layers.Conv2DTranspose(filters[-1], 2, 2, "same")(tensor)
        x = shortcut = layers.Activation("relu")(layers.BatchNormalization()(x))
    else:
        x = keras.ops.repeat(keras.ops.repeat(tensor, 2, axis=1), 2, axis=2)
        shortcut = x
        if tensor.shape[-1] > filters[-1]:
            small = layers.BatchNormalization()(layers.Conv2D(filters[-1], 1)(tensor))
            shortcut = layers.UpSampling2D()(small)
    if shortcut.shape[-1] < filters[-1]:
        shortcut = _zeros_beside(shortcut, filters[-1])
    return layers.ReLU()(shortcut + _branch_of_layers(x, filters, sizes, drop_rate))


@decoder_residual_block.variant
def resizes(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    """Resized by the nearest pixel; zeros by an operation."""
    sizes = _sizes(filters, kernel_size)
    height, width, maps = 2 * tensor.shape[1], 2 * tensor.shape[2], filters[-1]
    if learnable_sampling:
        x = layers.Conv2DTranspose(maps, (2, 2), strides=(2, 2), use_bias=False)(tensor)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    else:
        x = layers.Resizing(height, width, interpolation="nearest")(tensor)
    shortcut = x
    if x.shape[-1] > maps:
        shortcut = layers.Conv2D(maps, 1, use_bias=False)(x)
        shortcut = layers.BatchNormalization(momentum=0.9)(shortcut)
    if x.shape[-1] < maps:
        widths = [(0, 0), (0, 0), (0, 0), (0, maps - x.shape[-1])]
        shortcut = keras.ops.pad(x, widths)
    y = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, x.shape[-1]))(x)
    return layers.ReLU()(layers.Add()([_branch_of_layers(y, filters, sizes, 0), shortcut]))


@decoder_residual_block.forbid
def the_courses_encoder_turned(
    tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False
):
    from course_lib.encoder_decoder import match_channels

    sizes = _sizes(filters, kernel_size)
    x = layers.UpSampling2D()(tensor)
    if learnable_sampling:
        x = layers.Conv2DTranspose(filters[-1], 2, 2)(tensor)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    y = _branch_of_layers(x, filters, sizes, drop_rate)
    return layers.ReLU()(layers.Add()([y, match_channels(x, filters[-1])]))


# --- encoder_decoder -----------------------------------------------------------------------------


def _block(x, filters, sizes, rate, learnt, down):
    if down:
        small = layers.Conv2D(filters[-1], 2, 2, "same", use_bias=False)
        x = small(x) if learnt else layers.MaxPooling2D(2, padding="same")(x)
    else:
        large = layers.Conv2DTranspose(filters[-1], 2, 2, use_bias=False)
        x = large(x) if learnt else layers.UpSampling2D(2)(x)
    if learnt:
        x = layers.ReLU()(layers.BatchNormalization()(x))
    y, missing = _branch_of_layers(x, filters, _sizes(filters, sizes), rate), 0
    missing = filters[-1] - x.shape[-1]
    if missing > 0:
        x = keras.ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, missing)])
    if missing < 0:
        x = layers.BatchNormalization()(layers.Conv2D(filters[-1], 1, use_bias=False)(x))
    return layers.ReLU()(layers.Add()([x, y]))


def _one_for_each(*lists):
    if len({len(one) for one in lists}) > 1:
        raise ValueError(f"{[len(one) for one in lists]} levels")


@encoder_decoder.variant
def one_function_for_both(
    tensor,
    encoder_filters,
    encoder_kernel_sizes,
    decoder_filters,
    decoder_kernel_sizes,
    code_filters=256,
    code_kernel_size=5,
    channels=3,
    drop_rate=0.0,
    learnable_sampling=False,
):
    """One block for both ways; cut by a layer."""
    _one_for_each(encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes)
    x = tensor
    for filters, sizes in zip(encoder_filters, encoder_kernel_sizes, strict=True):
        x = _block(x, filters, sizes, drop_rate, learnable_sampling, down=True)
    x = layers.Conv2D(code_filters, code_kernel_size, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, sizes in zip(decoder_filters, decoder_kernel_sizes, strict=True):
        x = _block(x, filters, sizes, drop_rate, learnable_sampling, down=False)
    x = layers.Conv2D(channels, 3, padding="same")(x)
    rows, columns = x.shape[1] - tensor.shape[1], x.shape[2] - tensor.shape[2]
    return layers.Cropping2D(((0, rows), (0, columns)))(x)


@encoder_decoder.variant
def cut_by_slices(
    tensor,
    encoder_filters,
    encoder_kernel_sizes,
    decoder_filters,
    decoder_kernel_sizes,
    code_filters=256,
    code_kernel_size=5,
    channels=3,
    drop_rate=0.0,
    learnable_sampling=False,
):
    """A loop over numbers; cut by slices."""
    depth = len(encoder_filters)
    for one in (encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes):
        if len(one) != depth:
            raise ValueError(f"{len(one)} entries for {depth} levels")
    settings, x = (drop_rate, learnable_sampling), tensor
    for level in range(depth):
        x = _block(x, encoder_filters[level], encoder_kernel_sizes[level], *settings, True)
    x = layers.Conv2D(code_filters, code_kernel_size, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for level in range(depth):
        x = _block(x, decoder_filters[level], decoder_kernel_sizes[level], *settings, False)
    x = layers.Conv2D(channels, (3, 3), padding="same", activation="linear")(x)
    return x[:, : tensor.shape[1], : tensor.shape[2], :]


@encoder_decoder.forbid
def the_courses_network(
    tensor,
    encoder_filters,
    encoder_kernel_sizes,
    decoder_filters,
    decoder_kernel_sizes,
    *settings,
    **named,
):
    from course_lib import encoder_decoder as course

    levels = encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes
    return course.encoder_decoder(tensor, *levels, *settings, **named)
