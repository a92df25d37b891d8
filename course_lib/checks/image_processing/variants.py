"""Correct answers of `image_processing` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import math

import numpy as np

from course_lib.checks.image_processing.cases import (
    box_kernel,
    edge_magnitude,
    filter2d,
    image_gradients,
    to_gray,
)

WEIGHTS = (0.2126, 0.7152, 0.0722)


def _refuse(image):
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"not (height, width, 3) but {image.shape}")


# --- to_gray -------------------------------------------------------------------------------------


@to_gray.variant
def gray_by_channels(image, weights=WEIGHTS):
    _refuse(image)
    red, green, blue = image[:, :, 0], image[:, :, 1], image[:, :, 2]
    return float(weights[0]) * red + float(weights[1]) * green + float(weights[2]) * blue


@to_gray.variant
def gray_by_product(image, weights=WEIGHTS):
    height, width, channels = image.shape
    if channels != 3:
        raise ValueError("three channels, please")
    return np.dot(image.reshape(-1, 3), weights).reshape(height, width)


@to_gray.variant
def gray_by_pixels(image, weights=WEIGHTS):
    _refuse(image)
    gray = np.zeros(image.shape[:2])
    for i, j in np.ndindex(gray.shape):
        gray[i, j] = sum(w * float(v) for w, v in zip(weights, image[i, j], strict=True))
    return gray


@to_gray.variant
def gray_by_average(image, weights=WEIGHTS):
    _refuse(image)
    return np.average(image.astype(np.float32), axis=-1, weights=weights)


@to_gray.variant
def gray_by_einsum(image, weights=WEIGHTS):
    return np.einsum("ijc,c->ij", image / 1.0, np.asarray(weights, np.float32))


@to_gray.forbid
def gray_by_scikit_image(image, weights=WEIGHTS):
    from skimage.color import rgb2gray

    return rgb2gray(image)


@to_gray.forbid
def gray_by_reference(image, weights=WEIGHTS):
    from course_lib.image_processing import to_gray as found

    return found(image, weights)


# --- box_kernel ----------------------------------------------------------------------------------


def _both(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


@box_kernel.variant
def box_by_ones(kernel_size):
    kernel = np.ones(_both(kernel_size))
    return kernel / kernel.sum()


@box_kernel.variant
def box_by_outer(kernel_size):
    height, width = _both(kernel_size)
    return np.outer(np.full(height, 1 / height), np.full(width, 1 / width))


@box_kernel.variant
def box_by_lists(kernel_size):
    height, width = _both(kernel_size)
    return [[1 / height / width] * width for _ in range(height)]


@box_kernel.forbid
def box_by_reference(kernel_size):
    from course_lib import image_processing

    return image_processing.box_kernel(kernel_size)


# --- filter2d ------------------------------------------------------------------------------------


def _pad(image, kernel, padding):
    """Pad in floating point, refuse what does not fit; return the image and the output's size."""
    image = image.astype(np.float64)
    if padding != "valid":
        widths = [((taps - 1) // 2, taps // 2) for taps in kernel.shape]
        image = np.pad(image, widths, mode=padding)
    height, width = (s - k + 1 for s, k in zip(image.shape, kernel.shape, strict=True))
    if height < 1 or width < 1:
        raise ValueError("the kernel is larger than the image")
    return image, height, width


@filter2d.variant
def filter_by_windows(image, kernel, padding="valid"):
    image, height, width = _pad(image, kernel, padding)
    rows, columns = kernel.shape
    output = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            output[i, j] = np.sum(image[i : i + rows, j : j + columns] * kernel)
    return output


@filter2d.variant
def filter_by_taps(image, kernel, padding="valid"):
    image, height, width = _pad(image, kernel, padding)
    output = 0
    for (a, b), weight in np.ndenumerate(kernel):
        output = output + weight * image[a : a + height, b : b + width]
    return output.astype(np.float32)


@filter2d.variant
def filter_by_einsum(image, kernel, padding="valid"):
    image, _, _ = _pad(image, kernel, padding)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)


@filter2d.variant
def filter_by_spectra(image, kernel, padding="valid"):
    image, height, width = _pad(image, kernel, padding)
    spectrum = np.fft.rfft2(image) * np.fft.rfft2(kernel, image.shape).conj()
    return np.fft.irfft2(spectrum, image.shape)[:height, :width]


@filter2d.variant
def filter_by_indices(image, kernel, padding="valid"):
    """Never pads: looks up where each pixel beyond the border would come from."""
    (height, width), (rows, columns) = image.shape, kernel.shape
    if padding == "valid":
        image, height, width = _pad(image, kernel, padding)
        top = left = 0
    else:
        top, left = (rows - 1) // 2, (columns - 1) // 2
    output = np.zeros((height, width))
    for i, j in np.ndindex(height, width):
        for a, b in np.ndindex(rows, columns):
            y, x = i + a - top, j + b - left
            inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
            if not inside and padding == "constant":
                continue
            y, x = (_place(p, s, padding) for p, s in ((y, image.shape[0]), (x, image.shape[1])))
            output[i, j] += float(image[y, x]) * kernel[a, b]
    return output


def _place(position, size, padding):
    if padding == "edge":
        return min(max(position, 0), size - 1)
    if padding == "reflect":
        return size - 1 - abs(size - 1 - abs(position))
    if padding in ("valid", "constant"):
        return position
    raise ValueError(f"no such padding: {padding}")


@filter2d.forbid
def filter_by_scipy(image, kernel, padding="valid"):
    from scipy import signal

    image, _, _ = _pad(image, kernel, padding)
    return signal.correlate2d(image, kernel, mode="valid")


@filter2d.forbid
def filter_by_ndimage(image, kernel, padding="valid"):
    from scipy import ndimage

    image, height, width = _pad(image, kernel, padding)
    top, left = (taps // 2 for taps in kernel.shape)
    whole = ndimage.correlate(image, kernel.astype(float))
    return whole[top : top + height, left : left + width]


@filter2d.forbid
def filter_by_reference(image, kernel, padding="valid"):
    from course_lib.image_processing import filter2d as found

    return found(image, kernel, padding)


# --- image_gradients -----------------------------------------------------------------------------


@image_gradients.variant
def gradients_by_diff(image):
    image = np.array(image, dtype=float)
    return np.diff(image, axis=1)[:-1], np.diff(image, axis=0)[:, :-1]


@image_gradients.variant
def gradients_by_filter(image):
    dx = filter_by_taps(image, np.array([[-1, 1]]))
    dy = filter_by_taps(image, np.array([[-1], [1]]))
    return dx[:-1, :], dy[:, :-1]


@image_gradients.variant
def gradients_in_integers(image):
    if image.dtype == np.uint8:
        image = image.astype(np.int16)
    pixel = image[:-1, :-1]
    return [image[:-1, 1:] - pixel, image[1:, :-1] - pixel]


@image_gradients.variant
def gradients_by_pixels(image):
    height, width = image.shape
    dx, dy = np.zeros((height - 1, width - 1)), np.zeros((height - 1, width - 1))
    for i in range(height - 1):
        for j in range(width - 1):
            dx[i, j] = float(image[i, j + 1]) - float(image[i, j])
            dy[i, j] = float(image[i + 1, j]) - float(image[i, j])
    return dx, dy


@image_gradients.forbid
def gradients_by_ndimage(image):
    from scipy import ndimage

    image = image.astype(float)
    dx = ndimage.correlate1d(image, [0, -1, 1], axis=1)
    dy = ndimage.correlate1d(image, [0, -1, 1], axis=0)
    return dx[:-1, :-1], dy[:-1, :-1]


@image_gradients.forbid
def gradients_by_reference(image):
    from course_lib import image_processing

    return image_processing.image_gradients(image)


# --- edge_magnitude ------------------------------------------------------------------------------


@edge_magnitude.variant
def magnitude_by_hypot(image):
    return np.hypot(*gradients_by_diff(image))


@edge_magnitude.variant
def magnitude_by_norm(image):
    return np.linalg.norm(np.stack(gradients_by_pixels(image)), axis=0)


@edge_magnitude.variant
def magnitude_by_complex_numbers(image):
    dx, dy = gradients_by_filter(image)
    return np.abs(dx + 1j * dy)


@edge_magnitude.variant
def magnitude_by_pixels(image):
    height, width = image.shape
    image = image.tolist()
    return [
        [
            math.sqrt((image[i][j + 1] - image[i][j]) ** 2 + (image[i + 1][j] - image[i][j]) ** 2)
            for j in range(width - 1)
        ]
        for i in range(height - 1)
    ]


@edge_magnitude.forbid
def magnitude_by_reference(image):
    from course_lib import image_processing

    return image_processing.edge_magnitude(image)
