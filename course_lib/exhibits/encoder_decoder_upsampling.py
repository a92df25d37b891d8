"""Upsampling along one axis as a matrix, as the page's JavaScript computes it too.

Every way to enlarge an image here is the same act: each pixel *stamps* its kernel into the output,
and what overlaps is added. A picture is enlarged by the same matrix along both axes.
"""

from dataclasses import dataclass

import numpy as np

MOST = {"size": 8, "kernel_size": 6, "strides": 4}
WAYS = ("transposed", "nearest", "bilinear")
WEIGHTS = ("ones", "tent", "drawn")
PICTURES = ("even", "ball", "edge", "noise")


@dataclass(frozen=True)
class Plan:
    """One axis of a transposed convolution, known before anything is computed.

    Attributes:
        sizes: every length that the strided convolution takes to the input's length.
        output: the one that is chosen.
        before: pixels that are cut off in front ("same" padding).
        after: pixels that are cut off behind.
        counts: how often each output pixel is written.
    """

    sizes: tuple
    output: int
    before: int
    after: int
    counts: tuple


def sizes_before(size, kernel_size, strides, padding):
    """Return all lengths that a convolution takes to `size`: there are as many as strides.

    Example:
        >>> sizes_before(4, 3, 2, "valid"), sizes_before(4, 3, 2, "same")
        ((9, 10), (7, 8))
    """
    first = (size - 1) * strides + (kernel_size if padding == "valid" else 1)
    return tuple(range(first, first + strides))


def keras_choice(kernel_size, strides, padding):
    """Return which of the lengths `Conv2DTranspose` gives, counted from 0, unless it is told.

    Example:
        >>> keras_choice(3, 2, "same"), keras_choice(3, 2, "valid"), keras_choice(2, 3, "valid")
        (1, 0, 1)
    """
    return strides - 1 if padding == "same" else max(strides - kernel_size, 0)


def plan(size, kernel_size, strides, padding, extra):
    """Lay out one axis of the transposed convolution.

    Args:
        size: pixels of the input.
        kernel_size: taps of the kernel.
        strides: distance between two stamps.
        padding: of the convolution whose transpose it is, `"valid"` or `"same"`.
        extra: which of the possible lengths, counted from 0; the last one if there are fewer.

    Example:
        >>> plan(3, 3, 2, "valid", 0).counts                     # stamps overlap by one pixel
        (1, 1, 2, 1, 2, 1, 1)
    """
    sizes = sizes_before(size, kernel_size, strides, padding)
    output = sizes[min(extra, strides - 1)]
    cut = 0
    if padding == "same":
        cut = max((size - 1) * strides + kernel_size - output, 0)
    full = np.zeros(max(output + cut, (size - 1) * strides + kernel_size), int)
    for pixel in range(size):
        full[pixel * strides : pixel * strides + kernel_size] += 1
    before = cut // 2
    counts = tuple(full[before : before + output].tolist())
    return Plan(sizes, output, before, cut - before, counts)


def weights_of(kernel_size, name):
    """Return the weights of one stamp along one axis.

    Args:
        kernel_size: taps.
        name: `"ones"`; `"tent"`, which falls off in straight lines as bilinear interpolation does;
            or `"drawn"`, positive and without order, as before training.

    Example:
        >>> weights_of(4, "tent")
        array([0.25, 0.75, 0.75, 0.25])
    """
    taps = np.arange(kernel_size)
    if name == "ones":
        return np.ones(kernel_size)
    if name == "drawn":
        return 0.6 + 0.5 * np.sin(2.4 * taps + 0.7)
    factor = (kernel_size + 1) // 2
    return 1 - np.abs(taps - (kernel_size - 1) / 2) / factor


def transposed_matrix(size, kernel_size, strides, padding, extra, weights="ones"):
    """Return the matrix of a transposed convolution: one column a stamp.

    Example:
        >>> transposed_matrix(2, 3, 2, "valid", 0).astype(int)
        array([[1, 0],
               [1, 0],
               [1, 1],
               [0, 1],
               [0, 1]])
    """
    planned, taps = (
        plan(size, kernel_size, strides, padding, extra),
        weights_of(kernel_size, weights),
    )
    matrix = np.zeros((planned.output, size))
    for pixel in range(size):
        for tap, weight in enumerate(taps):
            place = pixel * strides + tap - planned.before
            if 0 <= place < planned.output:
                matrix[place, pixel] = weight
    return matrix


def interpolation_matrix(size, factor, way):
    """Return the matrix of nearest or bilinear interpolation, with pixels' centres aligned.

    Example:
        >>> interpolation_matrix(2, 2, "bilinear")
        array([[1.  , 0.  ],
               [0.75, 0.25],
               [0.25, 0.75],
               [0.  , 1.  ]])
    """
    matrix = np.zeros((size * factor, size))
    for place in range(size * factor):
        if way == "nearest":
            matrix[place, place // factor] = 1
            continue
        at = min(max((place + 0.5) / factor - 0.5, 0), size - 1)
        left = int(at)
        matrix[place, left] += 1 - (at - left)
        matrix[place, min(left + 1, size - 1)] += at - left
    return matrix


def matrix_of(way, size, kernel_size, strides, padding="valid", extra=0, weights="ones"):
    """Return the matrix along one axis of any of the three ways."""
    if way == "transposed":
        return transposed_matrix(size, kernel_size, strides, padding, extra, weights)
    return interpolation_matrix(size, strides, way)


def picture_of(name, size):
    """Return the small picture that is enlarged, of shape `(size, size)`, from 0 to 1."""
    place = (np.arange(size) + 0.5) / size
    down, across = place[:, np.newaxis], place[np.newaxis]
    if name == "even":
        return np.full((size, size), 0.6)
    if name == "ball":
        return np.exp(-5 * ((down - 0.45) ** 2 + (across - 0.55) ** 2))
    if name == "edge":
        return np.where(down + across < 1, 0.85, 0.2)
    return 0.5 + 0.45 * np.sin(37 * down * across + 11 * down + 5 * across)


def phase_sums(kernel_size, strides, weights="ones"):
    """Return what arrives, far from the borders, at each of `strides` neighbours.

    Equal sums leave an even gray even. With `"ones"` they count how often a pixel is written.

    Example:
        >>> phase_sums(3, 2), phase_sums(4, 2), phase_sums(3, 2, "tent")
        (array([2., 1.]), array([2., 2.]), array([1., 1.]))
    """
    taps = np.zeros(-(-kernel_size // strides) * strides)
    taps[:kernel_size] = weights_of(kernel_size, weights)
    return taps.reshape(-1, strides).sum(axis=0)


def enlarged(picture, matrix, scale=1.0):
    """Enlarge a picture along both axes by one matrix, times `scale` along each."""
    return scale**2 * (matrix @ picture @ matrix.T)


def scale_of(kernel_size, strides, weights="ones"):
    """Return the factor on a stamp's weights with which a picture keeps its mean."""
    return strides / weights_of(kernel_size, weights).sum()
