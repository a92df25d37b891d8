"""Correct answers of `convolution_vs_dense` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import math

import numpy as np

from course_lib.checks.convolution_vs_dense.cases import (
    conv2d_as_dense,
    convolution_matrix,
    parameter_ratio,
)


def _both(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _positions(size, kernel_size, strides, padding):
    """Number of positions, and zeros before the first pixel."""
    if padding == "valid":
        if kernel_size > size:
            raise ValueError(f"a kernel of {kernel_size} does not fit into {size}")
        return (size - kernel_size) // strides + 1, 0
    count = math.ceil(size / strides)
    return count, max((count - 1) * strides + kernel_size - size, 0) // 2


def _plan(kernels, input_shape, strides, padding):
    """Output's height and width, and zeros above and left; refuse what does not fit."""
    if input_shape[2] != kernels.shape[2]:
        raise ValueError(f"{input_shape[2]} channels, but kernels for {kernels.shape[2]}")
    sizes = zip(input_shape[:2], kernels.shape[:2], _both(strides), strict=True)
    (height, top), (width, left) = (_positions(*axis, padding) for axis in sizes)
    return height, width, top, left


# --- convolution_matrix --------------------------------------------------------------------------


@convolution_matrix.variant
def loops(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    kernel_height, kernel_width, _, filters = kernels.shape
    rows, columns, top, left = _plan(kernels, input_shape, strides, padding)
    down, right = _both(strides)
    matrix = np.zeros((height * width * channels, rows * columns * filters))
    for i in range(rows):
        for j in range(columns):
            for a in range(kernel_height):
                for b in range(kernel_width):
                    y, x = i * down + a - top, j * right + b - left
                    if not (0 <= y < height and 0 <= x < width):
                        continue
                    row = (y * width + x) * channels
                    column = (i * columns + j) * filters
                    matrix[row : row + channels, column : column + filters] = kernels[a, b]
    return matrix


@convolution_matrix.variant
def window_on_an_empty_image(kernels, input_shape, strides=1, padding="valid"):
    """Lay the kernel on an empty padded image, cut the border off, flatten: one column."""
    height, width, channels = input_shape
    kernel_height, kernel_width, _, filters = kernels.shape
    rows, columns, top, left = _plan(kernels, input_shape, strides, padding)
    down, right = _both(strides)
    found = []
    for i in range(rows):
        for j in range(columns):
            for f in range(filters):
                image = np.zeros((height + 2 * kernel_height, width + 2 * kernel_width, channels))
                y, x = i * down - top + kernel_height, j * right - left + kernel_width
                image[y : y + kernel_height, x : x + kernel_width] = kernels[..., f]
                found.append(
                    image[kernel_height:-kernel_height, kernel_width:-kernel_width].ravel()
                )
    return np.stack(found, axis=1).astype(np.float32)


@convolution_matrix.variant
def answers_to_unit_images(kernels, input_shape, strides=1, padding="valid"):
    """Row p of A is what an image with a single one at pixel p is turned into."""
    rows, columns, top, left = _plan(kernels, input_shape, strides, padding)
    down, right = _both(strides)
    units = np.eye(math.prod(input_shape)).reshape(-1, *input_shape)
    after = [s * n for s, n in zip((down, right), (rows, columns), strict=True)]
    padded = np.pad(units, ((0, 0), (top, after[0] + 9), (left, after[1] + 9), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[:2], axis=(1, 2))
    seen = windows[:, ::down, ::right][:, :rows, :columns]
    return np.einsum("nijchw,hwcf->nijf", seen, kernels).reshape(len(units), -1)


@convolution_matrix.variant
def product_of_selections(kernels, input_shape, strides=1, padding="valid"):
    """A as a sum over taps of Kronecker products of selection matrices."""
    height, width, _ = input_shape
    rows, columns, top, left = _plan(kernels, input_shape, strides, padding)
    down, right = _both(strides)
    total = 0
    for a in range(kernels.shape[0]):
        vertical = np.eye(height, 1000, _diagonal(a, top))[:, : rows * down : down]
        for b in range(kernels.shape[1]):
            horizontal = np.eye(width, 1000, _diagonal(b, left))[:, : columns * right : right]
            total = total + np.kron(np.kron(vertical, horizontal), kernels[a, b])
    return total


def _diagonal(tap, before):
    """The diagonal on which pixel = position + tap - before."""
    return before - tap


@convolution_matrix.forbid
def by_the_layer(kernels, input_shape, strides=1, padding="valid"):
    from course_lib.convolution import conv2d

    units = np.eye(math.prod(input_shape)).reshape(-1, *input_shape)
    return conv2d(units, kernels, None, strides, padding).reshape(len(units), -1)


@convolution_matrix.forbid
def reference(kernels, input_shape, strides=1, padding="valid"):
    from course_lib import convolution_vs_dense

    return convolution_vs_dense.convolution_matrix(kernels, input_shape, strides, padding)


# --- conv2d_as_dense -----------------------------------------------------------------------------


@conv2d_as_dense.variant
def by_reshape(images, kernels, bias=None, strides=1, padding="valid"):
    matrix = loops(kernels, images.shape[1:], strides, padding)
    rows, columns, *_ = _plan(kernels, images.shape[1:], strides, padding)
    flat = images.reshape(len(images), -1) @ matrix
    if bias is not None:
        flat += np.tile(bias, rows * columns)
    return flat.reshape(len(images), rows, columns, -1)


@conv2d_as_dense.variant
def image_by_image(images, kernels, bias=None, strides=1, padding="valid"):
    matrix = window_on_an_empty_image(kernels, images.shape[1:], strides, padding)
    rows, columns, *_ = _plan(kernels, images.shape[1:], strides, padding)
    outputs = []
    for image in images:
        output = (matrix.T @ image.flatten()).reshape(rows, columns, kernels.shape[3])
        for f in range(kernels.shape[3]):
            output[..., f] += 0 if bias is None else bias[f]
        outputs.append(output)
    return np.array(outputs)


@conv2d_as_dense.variant
def by_sparse(images, kernels, bias=None, strides=1, padding="valid"):
    from scipy import sparse

    matrix = sparse.csr_array(product_of_selections(kernels, images.shape[1:], strides, padding))
    rows, columns, *_ = _plan(kernels, images.shape[1:], strides, padding)
    output = (images.reshape(len(images), -1).astype(float) @ matrix).reshape(
        len(images), rows, columns, -1
    )
    return output if bias is None else output + bias


@conv2d_as_dense.forbid
def ready_layer(images, kernels, bias=None, strides=1, padding="valid"):
    from course_lib.convolution import conv2d

    return conv2d(images, kernels, bias, strides, padding)


@conv2d_as_dense.forbid
def scipy_correlate(images, kernels, bias=None, strides=1, padding="valid"):
    from scipy import signal

    _, _, top, left = _plan(kernels, images.shape[1:], strides, padding)
    rows, columns, *_ = _plan(kernels, images.shape[1:], strides, padding)
    down, right = _both(strides)
    images = np.pad(images.astype(float), ((0, 0), (top, 9), (left, 9), (0, 0)))
    output = np.zeros((len(images), rows, columns, kernels.shape[3]))
    for n, c, f in np.ndindex(len(images), *kernels.shape[2:]):
        full = signal.correlate2d(images[n, :, :, c], kernels[:, :, c, f], mode="valid")
        output[n, :, :, f] += full[::down, ::right][:rows, :columns]
    return output if bias is None else output + bias


# --- parameter_ratio -----------------------------------------------------------------------------


@parameter_ratio.variant
def by_counting_units(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    height, width, channels = input_shape
    (kernel_height, kernel_width), (down, right) = _both(kernel_size), _both(strides)
    rows, _ = _positions(height, kernel_height, down, padding)
    columns, _ = _positions(width, kernel_width, right, padding)
    units = rows * columns * filters
    dense = units * (height * width * channels + use_bias)
    return dense / (filters * (kernel_height * kernel_width * channels + use_bias))


@parameter_ratio.variant
def by_arrays(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    sizes = zip(input_shape[:2], _both(kernel_size), _both(strides), strict=True)
    units = filters * np.prod([_positions(*axis, padding)[0] for axis in sizes])
    inputs, taps = np.prod(input_shape), np.prod(_both(kernel_size)) * input_shape[2]
    one = 1 if use_bias else 0
    return np.float64(inputs * units + one * units) / (taps * filters + one * filters)


@parameter_ratio.forbid
def by_the_courses_counts(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    from course_lib.convolution import conv2d_parameters, output_size

    (kernel_height, kernel_width), (down, right) = _both(kernel_size), _both(strides)
    units = filters * output_size(input_shape[0], kernel_height, down, padding)
    units *= output_size(input_shape[1], kernel_width, right, padding)
    dense = (math.prod(input_shape) + use_bias) * units
    return dense / conv2d_parameters(kernel_size, input_shape[2], filters, use_bias)
