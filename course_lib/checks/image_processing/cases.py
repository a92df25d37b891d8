"""What the checks of `image_processing` try: one idea a part, so that one mistake costs one part.

Kernels that stay the same when flipped (`_even_handed`) keep the parts about borders and 8 bits
apart from the orientation of the kernel.
"""

import numpy as np

from course_lib import image_processing
from course_lib.checks.core import Check, case

to_gray = Check(
    image_processing.to_gray,
    topic="image_processing",
    title="Gray from colour",
    returns=("gray",),
    read="image_processing.html#image-processing-gray",
    rtol=1e-5,  # scikit-image's weights differ from ours in the fourth decimal
)
box_kernel = Check(
    image_processing.box_kernel,
    topic="image_processing",
    title="The kernel of a mean",
    returns=("kernel",),
    read="image_processing.html#image-processing-box",
)
filter2d = Check(
    image_processing.filter2d,
    topic="image_processing",
    title="A kernel that slides over a gray image",
    returns=("output",),
    read="image_processing.html#image-processing-window",
)
image_gradients = Check(
    image_processing.image_gradients,
    topic="image_processing",
    title="Differences between neighbouring pixels",
    returns=("dx", "dy"),
    read="image_processing.html#image-processing-differences",
)
edge_magnitude = Check(
    image_processing.edge_magnitude,
    topic="image_processing",
    title="Strength of the edges",
    returns=("magnitude",),
    read="image_processing.html#image-processing-norm",
    rtol=1e-3,  # NumPy's root of an 8-bit number has 11 bits; a diagnosis must still recognise it
)
CHECKS = {
    check.name: check for check in (to_gray, box_kernel, filter2d, image_gradients, edge_magnitude)
}

EIGHT_BITS = "image_processing.html#image-processing-eight-bits"
BORDERS = "image_processing.html#image-processing-borders"
BT_601 = (0.299, 0.587, 0.114)


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, short enough to check by hand."""
    return np.round(rng.normal(0, 2, shape), 1).astype(np.float32)


def _bytes(rng, *shape, low=0):
    return rng.integers(low, 256, shape, dtype=np.uint8)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


def _rectangle(rng, low=5, high=8):
    """A height and a width that differ, either one the larger."""
    height, width = rng.choice(np.arange(low, high + 1), 2, replace=False)
    return int(height), int(width)


def _even_handed(rng, height, width):
    """A kernel that is the same when its rows or its columns are reversed, but not flat."""
    quarter = _numbers(rng, -(-height // 2), -(-width // 2))
    quarter[0, 0] = np.abs(quarter).max() + 1
    rows = [min(i, height - 1 - i) for i in range(height)]
    columns = [min(j, width - 1 - j) for j in range(width)]
    return quarter[np.ix_(rows, columns)]


# --- to_gray -------------------------------------------------------------------------------------


@to_gray.part(weight=4)
def weighted_sum(rng):
    """Red, green and blue, each with its weight, summed."""
    yield case(rng.random((*_rectangle(rng), 3)).astype(np.float32))
    yield case(np.round(255 * rng.random((*_rectangle(rng), 3)), 1))
    yield case(_numbers(rng, 3, _size(rng, 4, 6), 3))


@to_gray.part(weight=3, read=EIGHT_BITS)
def eight_bit_colours(rng):
    """Images of 8 bits: decimals stay, nothing wraps around, the range is 0 to 255."""
    yield case(_bytes(rng, *_rectangle(rng), 3, low=90))
    yield case(_bytes(rng, 4, 5, 3))


@to_gray.part(weight=2)
def other_weights(rng):
    """Other weights, where they are given."""
    image = rng.random((*_rectangle(rng), 3)).astype(np.float32)
    yield case(image, (0.5, 0.25, 0.25))
    yield case(image, weights=BT_601)
    yield case(image, weights=np.array([0.0, 0.0, 1.0]))


@to_gray.part(weight=1)
def no_colours(rng):
    """An image without exactly three channels ends in a ValueError."""
    yield case(rng.random((_size(rng, 4, 6), 5, 4)), raises=ValueError)
    yield case(rng.random((_size(rng, 4, 6), 5)), raises=ValueError)


# --- box_kernel ----------------------------------------------------------------------------------


@box_kernel.part(weight=3)
def square_kernels(rng):
    """Squares of odd and even size: equal weights that sum to 1."""
    for kernel_size in (3, 2, _size(rng, 4, 9), 1):
        yield case(kernel_size)


@box_kernel.part(weight=2)
def rectangular_kernels(rng):
    """A pair: first the height, then the width."""
    yield case((2, 5))
    yield case((_size(rng, 5, 7), _size(rng, 3, 4)))
    yield case((1, _size(rng, 2, 5)))


# --- filter2d ------------------------------------------------------------------------------------


@filter2d.part(weight=4)
def every_window(rng):
    """In every window, the sum of products."""
    for _ in range(2):
        yield case(_numbers(rng, *_rectangle(rng, 4, 6)), _numbers(rng, 3, 3))


@filter2d.part(weight=2)
def rectangles(rng):
    """Images and kernels that are not square."""
    yield case(_numbers(rng, 4, 7), _even_handed(rng, 1, 3))
    yield case(_numbers(rng, 8, _size(rng, 4, 6)), _even_handed(rng, 5, 3))
    yield case(_numbers(rng, 5, _size(rng, 6, 7)), _even_handed(rng, 3, 5))


@filter2d.part(weight=2, read=EIGHT_BITS)
def eight_bit_images(rng):
    """Images of 8 bits: decimals and negative results stay, and nothing wraps around."""
    image = _bytes(rng, *_rectangle(rng), low=100)
    yield case(image, np.ones((3, 3), np.uint8))
    yield case(image, np.full((1, 3), 3, np.uint8))
    yield case(image, np.full((3, 1), 0.25))
    yield case(_bytes(rng, 5, 6), np.array([[-1, 2, -1]], np.int8))


@filter2d.part(weight=2, read=BORDERS)
def zeros_around(rng):
    """Padding "constant": zeros around the image, and the size stays."""
    for size in ((3, 3), (5, 3), (1, 3)):
        yield case(_numbers(rng, *_rectangle(rng)), _even_handed(rng, *size), "constant")


@filter2d.part(weight=1, read=BORDERS)
def border_repeated(rng):
    """Padding "edge": the border's pixels repeated."""
    for size in ((3, 3), (3, 5)):
        yield case(_numbers(rng, *_rectangle(rng)), _even_handed(rng, *size), padding="edge")


@filter2d.part(weight=1, read=BORDERS)
def border_mirrored(rng):
    """Padding "reflect": the image mirrored at its border pixels."""
    for size in ((3, 3), (5, 3)):
        yield case(_numbers(rng, *_rectangle(rng)), _even_handed(rng, *size), padding="reflect")


@filter2d.part(weight=2, read=BORDERS)
def even_kernels(rng):
    """Even kernels have no middle: of their padding the odd row and column come after."""
    yield case(_numbers(rng, *_rectangle(rng)), _even_handed(rng, 2, 4))
    for size, padding in (((2, 2), "constant"), ((4, 2), "edge"), ((1, 4), "reflect")):
        yield case(_numbers(rng, *_rectangle(rng)), _even_handed(rng, *size), padding)


@filter2d.part(
    weight=2,
    after=(every_window, rectangles, zeros_around, border_repeated, border_mirrored, even_kernels),
)
def all_at_once(rng):
    """All of it at once."""
    for size, padding in (((4, 3), "reflect"), ((2, 5), "edge"), ((3, 2), "constant")):
        yield case(_numbers(rng, *_rectangle(rng)), _numbers(rng, *size), padding)
    # With padding every kernel fits, even one that is larger than the image.
    yield case(_numbers(rng, 4, 6), _numbers(rng, 5, 3), "constant")


@filter2d.part(weight=1)
def impossible(rng):
    """A kernel that does not fit, or an unknown padding, ends in a ValueError."""
    image = _numbers(rng, _size(rng, 3, 5), 6)
    yield case(image, _numbers(rng, len(image) + 1, 2), raises=ValueError)
    yield case(image, _numbers(rng, 3, 3), "same", raises=ValueError)
    yield case(image, _numbers(rng, 2, 7), raises=ValueError)


# --- image_gradients -----------------------------------------------------------------------------


@image_gradients.part(weight=3)
def along_x(rng):
    """dx: the right neighbour minus the pixel, without the last row."""
    for _ in range(2):
        yield case(_numbers(rng, *_rectangle(rng, 3, 7)), of="dx")


@image_gradients.part(weight=3)
def along_y(rng):
    """dy: the lower neighbour minus the pixel, without the last column."""
    for _ in range(2):
        yield case(_numbers(rng, *_rectangle(rng, 3, 7)), of="dy")


@image_gradients.part(weight=3, read=EIGHT_BITS)
def eight_bit_differences(rng):
    """Images of 8 bits: a difference may be negative."""
    yield case(_bytes(rng, *_rectangle(rng)))


@image_gradients.part(weight=1)
def flat_and_sloping(rng):
    """A flat image has no gradient, an even slope the same one everywhere."""
    height, width = _rectangle(rng)
    slope_y, slope_x = (float(s) for s in rng.choice(np.arange(2, 8), 2, replace=False))
    rows, columns = np.mgrid[:height, :width]
    yield case(slope_y * rows + slope_x * columns)
    yield case(np.full((height, width), 7.0))


# --- edge_magnitude ------------------------------------------------------------------------------


@edge_magnitude.part(weight=4)
def euclidean(rng):
    """The square root of the sum of the squares, of differences of both signs."""
    for _ in range(2):
        yield case(_numbers(rng, *_rectangle(rng, 4, 7)))


@edge_magnitude.part(weight=3, read=EIGHT_BITS)
def eight_bit_edges(rng):
    """Images of 8 bits: neither the differences nor their squares wrap around."""
    # A chessboard first: 2 * 200**2 wraps around in 16 bits to a number that has a real root, so
    # that the mistake gives numbers and not NaN, and is recognised.
    board = np.indices(_rectangle(rng)).sum(axis=0) % 2 * 205
    yield case((board + rng.integers(0, 16, board.shape)).astype(np.uint8))
    yield case(_bytes(rng, *_rectangle(rng)))


@edge_magnitude.part(weight=1)
def no_edges(rng):
    """A flat image has no edges; one step is as strong upwards as downwards."""
    height, width = _rectangle(rng)
    step = np.zeros((height, width))
    step[:, width // 2 :] = _size(rng, 2, 9)
    step[height // 2 :] *= -1
    yield case(step)
    yield case(np.full((height, width), 0.5))
