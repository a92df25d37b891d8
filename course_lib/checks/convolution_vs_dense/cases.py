"""What the checks of `convolution_vs_dense` try: one idea a part, so that one mistake costs one.

Kernels whose taps are all alike (`_even_handed`) keep the parts about channels, strides and padding
apart from the orientation of the kernel, and all taps differ where the orientation is the idea.
"""

import numpy as np

from course_lib import convolution_vs_dense as topic
from course_lib.checks.core import Check, case

BOOK = "convolution_vs_dense.html#convolution-vs-dense"

convolution_matrix = Check(
    topic.convolution_matrix,
    topic="convolution_vs_dense",
    title="The matrix A of a convolution",
    returns=("matrix",),
    read=f"{BOOK}-matrix",
)
conv2d_as_dense = Check(
    topic.conv2d_as_dense,
    topic="convolution_vs_dense",
    title="A convolution computed as a dense layer",
    returns=("output",),
    read=f"{BOOK}-layer",
)
parameter_ratio = Check(
    topic.parameter_ratio,
    topic="convolution_vs_dense",
    title="Parameters of the dense layer over those of the convolutional one",
    returns=("ratio",),
    read=f"{BOOK}-parameters",
)
CHECKS = {check.name: check for check in (convolution_matrix, conv2d_as_dense, parameter_ratio)}


def _kernels(rng, *shape):
    """Weights of one decimal, all different and above 1 in size, so that each is recognised."""
    count = int(np.prod(shape))
    sizes = rng.permutation(np.arange(11, 20 + 2 * count))[:count]
    weights = sizes * rng.choice([-0.1, 0.1], count)
    return np.round(weights, 1).astype(np.float32).reshape(shape)


def _even_handed(rng, height, width, channels, filters):
    """Kernels whose taps are all alike within a channel and filter."""
    scale = _kernels(rng, 1, 1, channels, filters)
    return np.broadcast_to(scale, (height, width, channels, filters)).copy()


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, short enough to check by hand."""
    return np.round(rng.normal(0, 2, shape), 1).astype(np.float32)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


# --- convolution_matrix --------------------------------------------------------------------------


@convolution_matrix.part(weight=2)
def one_row(rng):
    """An image of a single row: every column is the kernel, one pixel further down."""
    yield case(_kernels(rng, 1, 2, 1, 1), (1, 4, 1))
    yield case(_kernels(rng, 1, 3, 1, 1), (1, _size(rng, 5, 8), 1))


@convolution_matrix.part(weight=3, read=f"{BOOK}-windows")
def rows(rng):
    """A gray image of several rows: every window once, and none around a row's end."""
    yield case(_kernels(rng, 2, 2, 1, 1), (3, 3, 1))
    size = _size(rng, 5, 7)
    yield case(_kernels(rng, 3, 3, 1, 1), (size, size, 1))


@convolution_matrix.part(weight=2, read=f"{BOOK}-windows")
def rectangles(rng):
    """Images and kernels that are not square."""
    yield case(_even_handed(rng, 1, 3, 1, 1), (3, 5, 1))
    yield case(_even_handed(rng, 3, 2, 1, 1), (_size(rng, 6, 7), _size(rng, 4, 5), 1))


@convolution_matrix.part(weight=2, read=f"{BOOK}-channels")
def channels(rng):
    """Several channels: the numbers of one pixel stand side by side."""
    yield case(_even_handed(rng, 2, 2, 2, 1), (3, 3, 2))
    yield case(_even_handed(rng, 3, 3, 3, 1), (_size(rng, 4, 5), _size(rng, 4, 6), 3))


@convolution_matrix.part(weight=2, read=f"{BOOK}-channels")
def filters(rng):
    """Several filters: the numbers of one position stand side by side."""
    yield case(_even_handed(rng, 2, 2, 1, 2), (3, 3, 1))
    yield case(_even_handed(rng, 3, 3, 1, 4), (_size(rng, 4, 5), _size(rng, 4, 6), 1))


@convolution_matrix.part(weight=3, read=f"{BOOK}-strides")
def strides(rng):
    """Strides, one for each axis, that need not divide the size."""
    for step in (2, (1, 2), (3, 1), (2, 3)):
        shape = (_size(rng, 6, 8), _size(rng, 6, 8), 1)
        yield case(_even_handed(rng, 2, 2, 1, 1), shape, step)
    yield case(_even_handed(rng, 3, 3, 1, 1), (_size(rng, 7, 9), 7, 1), strides=2)


@convolution_matrix.part(weight=3, read=f"{BOOK}-padding")
def padding(rng):
    """Padding "same": the zeros around the image are no inputs."""
    yield case(_even_handed(rng, 3, 3, 1, 1), (3, 4, 1), padding="same")
    for size, step in ((2, 1), (4, 1), (3, 2), (5, 3)):
        shape = (6, _size(rng, 6, 8), 1)
        yield case(_even_handed(rng, size, size, 1, 1), shape, step, "same")


@convolution_matrix.part(
    weight=2, after=(one_row, rows, rectangles, channels, filters, strides, padding)
)
def together(rng):
    """All of it at once."""
    for step, mode in (((2, 1), "same"), ((1, 2), "valid"), (2, "same")):
        shape = (_size(rng, 4, 6), _size(rng, 4, 6), _size(rng, 2, 3))
        kernels = _kernels(rng, _size(rng, 2, 4), _size(rng, 2, 4), shape[2], _size(rng, 2, 3))
        yield case(kernels, shape, step, mode)


@convolution_matrix.part(weight=1, read=f"{BOOK}-channels")
def bad_input(rng):
    """Channels that do not match, or a kernel that does not fit, end in a ValueError."""
    yield case(_kernels(rng, 2, 2, 1, 2), (4, 5, 3), raises=ValueError)
    yield case(_kernels(rng, 2, 2, 3, 1), (4, 5, 1), raises=ValueError)
    yield case(_kernels(rng, 4, 2, 1, 1), (3, 5, 1), raises=ValueError)


# --- conv2d_as_dense -----------------------------------------------------------------------------


@conv2d_as_dense.part(weight=2)
def one_image(rng):
    """One gray image, one kernel: flattened, multiplied, given back its shape."""
    yield case(_numbers(rng, 1, 3, 4, 1), _kernels(rng, 2, 2, 1, 1))
    image = _numbers(rng, 1, _size(rng, 4, 5), _size(rng, 6, 7), 1)
    yield case(image, _kernels(rng, 3, 3, 1, 1))


@conv2d_as_dense.part(weight=2, read=f"{BOOK}-flatten")
def maps(rng):
    """Channels in, filters out, both on the last axis."""
    yield case(_numbers(rng, 1, 4, 4, 3), _even_handed(rng, 2, 2, 3, 1))
    yield case(_numbers(rng, 1, 4, _size(rng, 5, 6), 1), _even_handed(rng, 3, 3, 1, 4))
    yield case(_numbers(rng, 1, 5, _size(rng, 6, 7), 2), _even_handed(rng, 2, 2, 2, 3))


@conv2d_as_dense.part(weight=2)
def bias(rng):
    """The bias is one number a filter, the same at every position."""
    for channels, filters in ((1, 3), (2, 3)):
        image = _numbers(rng, 1, 4, _size(rng, 5, 6), channels)
        bias = _kernels(rng, filters)
        yield case(image, _even_handed(rng, 2, 2, channels, filters), bias)


@conv2d_as_dense.part(weight=2, read=f"{BOOK}-flatten")
def batch(rng):
    """Every image of the batch is one row of FI."""
    yield case(_numbers(rng, 3, 4, 5, 1), _even_handed(rng, 2, 2, 1, 1))
    images = _numbers(rng, _size(rng, 2, 4), 4, _size(rng, 5, 6), 2)
    yield case(images, _even_handed(rng, 3, 3, 2, 2))


@conv2d_as_dense.part(weight=2, read=f"{BOOK}-strides")
def settings(rng):
    """Strides and padding reach the matrix, and the output's shape follows."""
    for step, mode in ((2, "valid"), ((1, 2), "valid"), (1, "same"), ((3, 2), "same")):
        image = _numbers(rng, 1, _size(rng, 6, 7), _size(rng, 6, 8), 1)
        yield case(image, _even_handed(rng, 3, 3, 1, 1), None, step, mode)


@conv2d_as_dense.part(weight=1)
def eight_bits(rng):
    """Images of 8 bits do not overflow."""
    image = rng.integers(100, 256, (1, 4, 5, 1), dtype=np.uint8)
    yield case(image, np.full((2, 2, 1, 1), rng.integers(2, 4), np.uint8))
    yield case(image, np.full((2, 2, 1, 1), 100, np.uint8))


@conv2d_as_dense.part(weight=1, after=(one_image, maps, bias, batch, settings))
def all_together(rng):
    """All of it at once."""
    for step, mode in (((2, 1), "same"), ((1, 2), "valid")):
        images = _numbers(rng, _size(rng, 2, 3), _size(rng, 4, 6), _size(rng, 5, 7), 2)
        kernels = _kernels(rng, _size(rng, 2, 3), _size(rng, 2, 4), 2, 3)
        yield case(images, kernels, _kernels(rng, 3), step, mode)


# --- parameter_ratio -----------------------------------------------------------------------------


@parameter_ratio.part(weight=1)
def weights(rng):
    """Weights alone, where the output is as large as the input."""
    yield case((4, 4, 1), 3, 1, padding="same", use_bias=False)
    for kernel_size in (3, 5):
        shape = (_size(rng, 20, 60), _size(rng, 20, 60), _size(rng, 2, 4))
        yield case(shape, kernel_size, _size(rng, 5, 20), padding="same", use_bias=False)


@parameter_ratio.part(weight=2)
def output(rng):
    """Weights alone, where the output is smaller than the input."""
    yield case((5, 5, 1), 3, 2, use_bias=False)
    for kernel_size in (3, 5):
        shape = (_size(rng, 20, 60), _size(rng, 20, 60), _size(rng, 2, 4))
        yield case(shape, kernel_size, _size(rng, 5, 20), use_bias=False)


@parameter_ratio.part(weight=2)
def biases(rng):
    """With biases: one a filter, or one a unit of the dense layer."""
    # Few inputs and weights, so that a bias counts for much.
    yield case((2, 2, 1), 1, 3, padding="same")
    for _ in range(2):
        shape = (_size(rng, 2, 4), _size(rng, 3, 6), _size(rng, 2, 4))
        yield case(shape, 3, _size(rng, 2, 9), padding="same", use_bias=True)


@parameter_ratio.part(weight=1)
def stepping(rng):
    """With strides, which make the output smaller."""
    for step, mode in ((2, "same"), (3, "valid"), ((1, 2), "valid")):
        shape = (_size(rng, 20, 60), _size(rng, 20, 60), _size(rng, 2, 4))
        yield case(shape, 3, _size(rng, 5, 20), step, mode, False)


@parameter_ratio.part(weight=1)
def rectangular(rng):
    """Kernels that are not square."""
    for kernel_size in ((3, 5), (1, 7)):
        shape = (_size(rng, 20, 60), _size(rng, 20, 60), _size(rng, 2, 4))
        yield case(shape, kernel_size, _size(rng, 5, 20), 1, "same", False)
        yield case(shape, kernel_size, _size(rng, 5, 20), use_bias=False)


@parameter_ratio.part(weight=1)
def photographs(rng):
    """A photograph, whose matrix would not fit into any memory."""
    for side in (1000, _size(rng, 600, 900)):
        yield case((side, side, 3), 3, 8, padding="same", use_bias=False)
