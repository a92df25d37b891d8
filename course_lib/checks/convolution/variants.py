"""Correct answers of `convolution` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import math

import numpy as np

from course_lib.checks.convolution.cases import (
    conv2d,
    conv2d_gradients,
    conv2d_parameters,
    learn_kernels,
    output_size,
    pad_same,
)


def _both(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _same(images, kernel_size, strides, dilation_rate):
    """Zeros around images, in the words of Keras's documentation."""
    widths = [(0, 0)]
    for size, k, s, d in zip(
        images.shape[1:3], _both(kernel_size), _both(strides), _both(dilation_rate), strict=True
    ):
        extent = (k - 1) * d + 1
        total = max(extent - s, 0) if size % s == 0 else max(extent - size % s, 0)
        widths.append((total // 2, total - total // 2))
    return np.pad(images, [*widths, (0, 0)])


def _ready(images, kernels, strides, padding, dilation_rate):
    """Pad, widen the dtype and refuse what does not fit; return images, steps, gaps, sizes."""
    if images.shape[3] != kernels.shape[2]:
        raise ValueError(f"{images.shape[3]} channels, but kernels for {kernels.shape[2]}")
    (sh, sw), (dh, dw) = _both(strides), _both(dilation_rate)
    if padding == "same":
        images = _same(images, kernels.shape[:2], strides, dilation_rate)
    height = (images.shape[1] - (kernels.shape[0] - 1) * dh - 1) // sh + 1
    width = (images.shape[2] - (kernels.shape[1] - 1) * dw - 1) // sw + 1
    if height < 1 or width < 1:
        raise ValueError("the kernel is larger than the image")
    return images.astype(np.float64), (sh, sw), (dh, dw), (height, width)


# --- output_size ---------------------------------------------------------------------------------


@output_size.variant
def by_counting(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return len(range(0, size, strides))
    count = len(range(0, size - (kernel_size - 1) * dilation_rate, strides))
    if count == 0:
        raise ValueError("the kernel does not fit")
    return count


@output_size.variant
def by_rounding(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    extent = dilation_rate * (kernel_size - 1) + 1
    if padding == "same":
        return math.ceil(size / strides)
    if extent > size:
        raise ValueError("the kernel does not fit")
    return np.int64(math.floor((size - extent) / strides)) + 1


# --- pad_same ------------------------------------------------------------------------------------


@pad_same.variant
def by_remainder(images, kernel_size, strides=1, dilation_rate=1):
    return _same(images, kernel_size, strides, dilation_rate)


@pad_same.variant
def by_pasting(images, kernel_size, strides=1, dilation_rate=1):
    shape, starts = list(images.shape), []
    for axis in (1, 2):
        size, stride = images.shape[axis], _both(strides)[axis - 1]
        extent = (_both(kernel_size)[axis - 1] - 1) * _both(dilation_rate)[axis - 1] + 1
        last = (math.ceil(size / stride) - 1) * stride
        shape[axis] = max(size, last + extent)
        starts.append((shape[axis] - size) // 2)
    canvas = np.zeros(shape, images.dtype)
    top, left = starts
    canvas[:, top : top + images.shape[1], left : left + images.shape[2]] = images
    return canvas


# --- conv2d --------------------------------------------------------------------------------------


@conv2d.variant
def loops(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), (height, width) = _ready(
        images, kernels, strides, padding, dilation_rate
    )
    output = np.zeros((len(images), height, width, kernels.shape[3]))
    for i in range(height):
        for j in range(width):
            for a in range(kernels.shape[0]):
                for b in range(kernels.shape[1]):
                    pixel = images[:, i * sh + a * dh, j * sw + b * dw]
                    output[:, i, j] += pixel @ kernels[a, b]
    return output if bias is None else output + bias


@conv2d.variant
def im2col(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), (height, width) = _ready(
        images, kernels, strides, padding, dilation_rate
    )
    columns = np.stack(
        [
            images[:, a * dh :, b * dw :][:, : height * sh : sh, : width * sw : sw]
            for a in range(kernels.shape[0])
            for b in range(kernels.shape[1])
        ],
        axis=3,
    )
    rows = columns.reshape(len(images) * height * width, -1)
    output = rows @ kernels.reshape(-1, kernels.shape[3])
    return output.reshape(len(images), height, width, -1) + (0 if bias is None else bias)


@conv2d.variant
def einsum(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), _ = _ready(images, kernels, strides, padding, dilation_rate)
    extent = [(k - 1) * d + 1 for k, d in zip(kernels.shape[:2], (dh, dw), strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(images, extent, axis=(1, 2))
    windows = windows[:, ::sh, ::sw, :, ::dh, ::dw]
    output = np.einsum("nijchw,hwcf->nijf", windows, kernels)
    return output if bias is None else output + bias


@conv2d.variant
def stride_tricks(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), (height, width) = _ready(
        images, kernels, strides, padding, dilation_rate
    )
    n, h, w, c = images.strides
    windows = np.lib.stride_tricks.as_strided(
        images,
        (len(images), height, width, *kernels.shape[:3]),
        (n, h * sh, w * sw, h * dh, w * dw, c),
    )
    output = np.tensordot(windows, kernels, axes=3)
    return output if bias is None else output + bias


@conv2d.variant
def fft(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), (height, width) = _ready(
        images, kernels, strides, padding, dilation_rate
    )
    spread = np.zeros((*images.shape[1:3], *kernels.shape[2:]))
    spread[: (kernels.shape[0] - 1) * dh + 1 : dh, : (kernels.shape[1] - 1) * dw + 1 : dw] = kernels
    spectra = np.fft.fft2(images, axes=(1, 2))[..., None] * np.fft.fft2(spread, axes=(0, 1)).conj()
    full = np.fft.ifft2(spectra.sum(axis=3), axes=(1, 2)).real
    output = full[:, : height * sh : sh, : width * sw : sw]
    return output if bias is None else output + bias


@conv2d.variant
def shifted_images(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    images, (sh, sw), (dh, dw), (height, width) = _ready(
        images, kernels, strides, padding, dilation_rate
    )
    output = 0 if bias is None else np.asarray(bias)
    for (a, b), _ in np.ndenumerate(kernels[:, :, 0, 0]):
        shifted = images[:, a * dh : a * dh + (height - 1) * sh + 1 : sh]
        shifted = shifted[:, :, b * dw : b * dw + (width - 1) * sw + 1 : sw]
        output = output + np.matmul(shifted, kernels[a, b])
    return output.astype(np.float32)


@conv2d.forbid
def reference(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    from course_lib.convolution import conv2d as found

    return found(images, kernels, bias, strides, padding, dilation_rate)


@conv2d.forbid
def scipy_correlate(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    from scipy import signal

    images, (sh, sw), (dh, dw), _ = _ready(images, kernels, strides, padding, dilation_rate)
    extent = [(k - 1) * d + 1 for k, d in zip(kernels.shape[:2], (dh, dw), strict=True)]
    spread = np.zeros((*extent, *kernels.shape[2:]))
    spread[::dh, ::dw] = kernels
    maps = [
        [
            sum(
                signal.correlate2d(image[:, :, c], spread[:, :, c, f], mode="valid")
                for c in range(image.shape[2])
            )
            for f in range(kernels.shape[3])
        ]
        for image in images
    ]
    output = np.moveaxis(np.array(maps), 1, 3)[:, ::sh, ::sw]
    return output if bias is None else output + bias


# --- conv2d_gradients ----------------------------------------------------------------------------


@conv2d_gradients.variant
def gradient_loops(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    height, width = images.shape[1:3]
    padded = images
    if padding == "same":
        padded = _same(images, kernels.shape[:2], strides, dilation_rate)
    top, left = ((padded.shape[a] - images.shape[a]) // 2 for a in (1, 2))
    (sh, sw), (dh, dw) = _both(strides), _both(dilation_rate)
    by_padded, by_kernels = np.zeros(padded.shape), np.zeros(kernels.shape)
    for n, i, j in np.ndindex(output_gradient.shape[:3]):
        g = output_gradient[n, i, j]
        for a, b in np.ndindex(kernels.shape[:2]):
            y, x = i * sh + a * dh, j * sw + b * dw
            by_padded[n, y, x] += kernels[a, b] @ g
            by_kernels[a, b] += np.outer(padded[n, y, x], g)
    by_images = by_padded[:, top : top + height, left : left + width]
    return by_images, by_kernels, output_gradient.sum((0, 1, 2))


@conv2d_gradients.variant
def gradient_taps(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    height, width = images.shape[1:3]
    padded = images
    if padding == "same":
        padded = _same(images, kernels.shape[:2], strides, dilation_rate)
    top, left = ((padded.shape[a] - images.shape[a]) // 2 for a in (1, 2))
    (sh, sw), (dh, dw) = _both(strides), _both(dilation_rate)
    rows, columns = output_gradient.shape[1:3]
    by_padded, by_kernels = np.zeros(padded.shape), np.zeros(kernels.shape)
    for a, b in np.ndindex(kernels.shape[:2]):
        seen = (
            slice(None),
            slice(a * dh, a * dh + (rows - 1) * sh + 1, sh),
            slice(b * dw, b * dw + (columns - 1) * sw + 1, sw),
        )
        by_kernels[a, b] = np.einsum("nijc,nijf->cf", padded[seen], output_gradient)
        by_padded[seen] += np.einsum("nijf,cf->nijc", output_gradient, kernels[a, b])
    by_images = by_padded[:, top : top + height, left : left + width]
    return [by_images, by_kernels, np.einsum("nijf->f", output_gradient)]


# --- conv2d_parameters ---------------------------------------------------------------------------


@conv2d_parameters.variant
def by_shapes(kernel_size, channels, filters, use_bias=True):
    kernels = np.empty((*_both(kernel_size), channels, filters))
    return kernels.size + (filters if use_bias else 0)


@conv2d_parameters.variant
def by_filter(kernel_size, channels, filters, use_bias=True):
    height, width = _both(kernel_size)
    per_filter = height * width * channels
    if use_bias:
        per_filter += 1
    return filters * per_filter


# --- learn_kernels -------------------------------------------------------------------------------


@learn_kernels.variant
def by_columns(images, targets, kernel_size, steps=100, learning_rate=0.1):
    size = _both(kernel_size)
    windows = np.lib.stride_tricks.sliding_window_view(images, size, axis=(1, 2))
    columns = np.moveaxis(windows, 3, 5).reshape(targets[..., 0].size, -1)
    wanted = targets.reshape(len(columns), -1)
    weights, losses = np.zeros((columns.shape[1], wanted.shape[1])), []
    for _ in range(steps):
        errors = columns @ weights - wanted
        losses.append((errors**2).mean())
        weights = weights - learning_rate * 2 * columns.T @ errors / errors.size
    return weights.reshape(*size, images.shape[3], targets.shape[3]), losses


@learn_kernels.variant
def with_own_layer(images, targets, kernel_size, steps=100, learning_rate=0.1):
    kernels = np.zeros((*_both(kernel_size), images.shape[3], targets.shape[3]), np.float32)
    losses = np.empty(steps, np.float32)
    for step in range(steps):
        errors = stride_tricks(images, kernels) - targets
        losses[step] = np.square(errors).mean()
        gradient = gradient_taps(images, kernels, errors)[1] * (2 / errors.size)
        kernels -= np.float32(learning_rate) * gradient.astype(np.float32)
    return kernels, losses
