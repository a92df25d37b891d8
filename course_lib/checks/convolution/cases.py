"""What the checks of `convolution` try: one idea a part, so that one mistake costs one part.

Kernels that stay the same when flipped or transposed (`_even_handed`) keep the parts about
channels, strides or padding apart from the orientation of the kernel.
"""

import numpy as np

from course_lib import convolution
from course_lib.checks.core import Check, case

output_size = Check(
    convolution.output_size,
    topic="convolution",
    title="Positions of a kernel along one axis",
    returns=("size",),
    read="convolution.html#convolution-padding",
)
pad_same = Check(
    convolution.pad_same,
    topic="convolution",
    title="Zeros around images, as padding same puts them",
    returns=("padded",),
    read="convolution.html#convolution-zeros",
)
conv2d = Check(
    convolution.conv2d,
    topic="convolution",
    title="A convolutional layer's output",
    returns=("output",),
    read="convolution.html#convolution-channels",
)
conv2d_gradients = Check(
    convolution.conv2d_gradients,
    topic="convolution",
    title="Gradients of a convolutional layer",
    returns=("images_gradient", "kernels_gradient", "bias_gradient"),
    read="convolution.html#convolution-learning",
)
conv2d_parameters = Check(
    convolution.conv2d_parameters,
    topic="convolution",
    title="Number of parameters of a convolutional layer",
    returns=("parameters",),
    read="convolution.html#convolution-parameters",
)
learn_kernels = Check(
    convolution.learn_kernels,
    topic="convolution",
    title="Kernels found by gradient descent",
    returns=("kernels", "losses"),
    read="convolution.html#convolution-learning",
    rtol=1e-3,
)
CHECKS = {
    check.name: check
    for check in (
        output_size,
        pad_same,
        conv2d,
        conv2d_parameters,
        conv2d_gradients,
        learn_kernels,
    )
}


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, short enough to check by hand."""
    return np.round(rng.normal(0, 2, shape), 1).astype(np.float32)


def _even_handed(rng, height, width, channels, filters):
    """Kernels whose taps are all alike within a channel and filter."""
    scale = _numbers(rng, 1, 1, channels, filters) + np.float32(0.05)
    return np.broadcast_to(scale, (height, width, channels, filters)).copy()


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


# --- output_size ---------------------------------------------------------------------------------


@output_size.part(weight=2)
def valid(rng):
    """Without padding, at stride 1."""
    for kernel_size in (1, 3, 4):
        yield case(_size(rng, 6, 40), kernel_size)


@output_size.part(weight=2, read="convolution.html#convolution-strides")
def steps(rng):
    """With strides: what remains is dropped."""
    for strides in (2, 3):
        for kernel_size in (2, 3, 4):
            positions = _size(rng, 2, 12)
            size = kernel_size + positions * strides
            yield case(size, kernel_size, strides)
            yield case(size + strides - 1, kernel_size, strides)


@output_size.part(weight=2)
def same(rng):
    """With padding "same": the size over the stride, rounded up."""
    for kernel_size in (1, 2, 3, 5):
        yield case(_size(rng, 6, 40), kernel_size, padding="same")
    for kernel_size, strides in ((3, 2), (2, 2), (3, 3), (1, 2)):
        size = strides * _size(rng, 3, 12)
        yield case(size, kernel_size, strides, "same")
        yield case(size + 1, kernel_size, strides, "same")


@output_size.part(weight=1, read="convolution.html#convolution-dilation")
def spread(rng):
    """With dilation, which stretches the kernel."""
    for kernel_size, dilation_rate in ((3, 2), (2, 3), (4, 2)):
        yield case(_size(rng, 15, 40), kernel_size, 1, "valid", dilation_rate)
        yield case(_size(rng, 15, 40), kernel_size, 2, "same", dilation_rate)


@output_size.part(weight=1)
def impossible(rng):
    """A kernel that does not fit ends in a ValueError."""
    size = _size(rng, 3, 9)
    yield case(size, size + _size(rng, 1, 4), raises=ValueError)


# --- pad_same ------------------------------------------------------------------------------------


@pad_same.part(weight=2)
def odd_kernels(rng):
    """Odd kernels at stride 1: as much before as after."""
    for kernel_size in (3, 5, 1):
        yield case(_numbers(rng, 1, _size(rng, 5, 8), _size(rng, 5, 8), 1), kernel_size)


@pad_same.part(weight=2)
def even_kernels(rng):
    """Even kernels: the odd zero comes after."""
    for kernel_size in (2, 4):
        yield case(_numbers(rng, 1, _size(rng, 5, 8), _size(rng, 5, 8), 1), kernel_size)


@pad_same.part(weight=2)
def strided(rng):
    """With strides the last window decides how much is needed."""
    for strides, kernel_size in ((2, 3), (3, 5), (2, 1), (3, 2)):
        height, width = strides * _size(rng, 2, 4), strides * _size(rng, 2, 4) + 1
        yield case(_numbers(rng, 1, height, width, 1), kernel_size, strides)


@pad_same.part(weight=2)
def each_axis(rng):
    """Height and width each have their own kernel size and stride."""
    yield case(_numbers(rng, 1, 6, 7, 1), (3, 5))
    yield case(_numbers(rng, 1, _size(rng, 5, 9), _size(rng, 5, 9), 1), (5, 1), (2, 1))


@pad_same.part(weight=1)
def batches(rng):
    """Only height and width grow, for every image and channel."""
    yield case(_numbers(rng, 3, 5, 6, 2), 3)
    yield case(rng.integers(1, 256, (2, 4, 5, 3), dtype=np.uint8), (2, 3))


@pad_same.part(weight=1, read="convolution.html#convolution-dilation")
def dilated(rng):
    """Dilation stretches the kernel, and the padding with it."""
    yield case(_numbers(rng, 1, 8, 9, 1), 3, 1, 2)
    yield case(_numbers(rng, 1, _size(rng, 7, 9), 8, 1), (2, 3), 1, (3, 2))


# --- conv2d --------------------------------------------------------------------------------------


@conv2d.part(weight=3, read="convolution.html#convolution-window")
def window(rng):
    """One gray image, one kernel: the sum of products in every window."""
    for size in (3, 2):
        image = _numbers(rng, 1, _size(rng, 4, 7), _size(rng, 4, 7), 1)
        yield case(image, _numbers(rng, size, size, 1, 1))


@conv2d.part(weight=2, read="convolution.html#convolution-channels")
def channels(rng):
    """Every channel has its own kernel, and the results are summed."""
    for depth in (3, 2):
        image = _numbers(rng, 1, _size(rng, 4, 6), 5, depth)
        yield case(image, _even_handed(rng, 3, 3, depth, 1))


@conv2d.part(weight=2, read="convolution.html#convolution-filters")
def filters(rng):
    """Every filter makes one feature map, on the last axis."""
    yield case(_numbers(rng, 1, 5, 5, 1), _even_handed(rng, 3, 3, 1, 4))
    yield case(_numbers(rng, 1, 4, 6, 3), _even_handed(rng, 2, 2, 3, 3))


@conv2d.part(weight=2, read="convolution.html#convolution-filters")
def bias(rng):
    """The bias is one number a filter, added once."""
    for depth, count in ((1, 3), (2, 3)):
        image = _numbers(rng, 1, 5, _size(rng, 4, 6), depth)
        yield case(image, _even_handed(rng, 2, 2, depth, count), _numbers(rng, count) + 0.5)


@conv2d.part(weight=1, read="convolution.html#convolution-window")
def rectangles(rng):
    """Images and kernels that are not square."""
    yield case(_numbers(rng, 1, 4, 7, 1), _even_handed(rng, 1, 3, 1, 1))
    yield case(_numbers(rng, 1, 8, _size(rng, 4, 6), 1), _even_handed(rng, 4, 2, 1, 1))


@conv2d.part(weight=2, read="convolution.html#convolution-strides")
def strides(rng):
    """Strides, one for each axis, that need not divide the size."""
    for step in (2, (1, 2), (3, 1), (2, 3)):
        image = _numbers(rng, 1, _size(rng, 7, 9), _size(rng, 7, 9), 1)
        yield case(image, _even_handed(rng, 2, 2, 1, 1), None, step)
        yield case(image, _even_handed(rng, 3, 3, 1, 1), strides=step)


@conv2d.part(weight=2, read="convolution.html#convolution-padding")
def padding(rng):
    """Padding "same", for odd and even kernels and with strides."""
    for size, step in ((3, 1), (2, 1), (4, 1), (3, 2), (5, 3)):
        image = _numbers(rng, 1, 6, _size(rng, 6, 8), 1)
        yield case(image, _even_handed(rng, size, size, 1, 1), None, step, "same")


@conv2d.part(weight=1, read="convolution.html#convolution-channels")
def batch(rng):
    """Every image of the batch is treated alone."""
    yield case(_numbers(rng, _size(rng, 2, 4), 4, 5, 1), _even_handed(rng, 2, 2, 1, 1))


@conv2d.part(weight=1, read="convolution.html#convolution-dilation")
def dilation(rng):
    """Dilation leaves gaps between the taps."""
    for rate in (2, (1, 3)):
        image = _numbers(rng, 1, 8, _size(rng, 8, 9), 1)
        yield case(image, _even_handed(rng, 3, 3, 1, 1), dilation_rate=rate)


@conv2d.part(weight=1, read="convolution.html#convolution-window")
def eight_bits(rng):
    """Images of 8 bits do not overflow."""
    image = rng.integers(100, 256, (1, 5, 5, 1), dtype=np.uint8)
    yield case(image, np.ones((2, 2, 1, 1), np.uint8))
    yield case(image, np.full((3, 3, 1, 1), rng.integers(2, 4), np.uint8))


@conv2d.part(
    weight=2,
    after=(window, channels, filters, bias, rectangles, strides, padding, batch),
    read="convolution.html#convolution-channels",
)
def together(rng):
    """All of it at once."""
    for step, mode in (((2, 1), "same"), ((1, 2), "valid"), (2, "same")):
        images = _numbers(rng, _size(rng, 2, 3), _size(rng, 6, 8), _size(rng, 6, 8), 3)
        kernels = _numbers(rng, _size(rng, 2, 4), _size(rng, 2, 4), 3, 2)
        yield case(images, kernels, _numbers(rng, 2), step, mode)


@conv2d.part(weight=1, read="convolution.html#convolution-channels")
def bad_input(rng):
    """Channels that do not match, or a kernel that does not fit, end in a ValueError."""
    yield case(_numbers(rng, 1, 5, 5, 3), _numbers(rng, 3, 3, 1, 2), raises=ValueError)
    yield case(_numbers(rng, 1, 3, 5, 1), _numbers(rng, 4, 2, 1, 1), raises=ValueError)


# --- conv2d_gradients ----------------------------------------------------------------------------


def _gradient_case(rng, shape, kernel, step=1, mode="valid", gap=1, of=None):
    """A call with images and kernels of these shapes and an output gradient that fits."""
    images, kernels = _numbers(rng, *shape), _numbers(rng, *kernel)
    output = convolution.conv2d(images, kernels, None, step, mode, gap)
    gradient = _numbers(rng, *output.shape)
    if (step, mode, gap) == (1, "valid", 1):
        return case(images, kernels, gradient, of=of)
    return case(images, kernels, gradient, step, mode, gap, of=of)


@conv2d_gradients.part(weight=1)
def by_bias(rng):
    """The bias's gradient: a sum over the batch and all positions."""
    yield _gradient_case(rng, (3, 4, 5, 1), (2, 2, 1, 4), of="bias_gradient")


@conv2d_gradients.part(weight=2)
def by_kernels(rng):
    """The kernels' gradient, for one image."""
    yield _gradient_case(rng, (1, 5, 4, 1), (3, 2, 1, 1), of="kernels_gradient")
    yield _gradient_case(rng, (1, 5, 6, 2), (2, 3, 2, 3), of="kernels_gradient")


@conv2d_gradients.part(weight=1)
def over_the_batch(rng):
    """The kernels' gradient is summed over the batch."""
    yield _gradient_case(rng, (4, 3, 3, 1), (1, 1, 1, 1), of="kernels_gradient")


@conv2d_gradients.part(weight=3)
def by_images(rng):
    """The images' gradient: windows overlap, and their shares add up."""
    yield _gradient_case(rng, (1, 5, 4, 1), (3, 2, 1, 1), of="images_gradient")
    yield _gradient_case(rng, (2, 4, 5, 2), (2, 2, 2, 3), of="images_gradient")


@conv2d_gradients.part(
    weight=2, after=(by_kernels, by_images), read="convolution.html#convolution-strides"
)
def at_strides(rng):
    """With strides, some pixels are never seen."""
    yield _gradient_case(rng, (2, 6, 7, 1), (2, 2, 1, 2), (2, 3))
    yield _gradient_case(rng, (1, _size(rng, 6, 8), 7, 2), (3, 3, 2, 1), (3, 2))


@conv2d_gradients.part(
    weight=2, after=(by_kernels, by_images), read="convolution.html#convolution-padding"
)
def at_padding(rng):
    """With padding "same", the zeros' share is cut off."""
    yield _gradient_case(rng, (2, 5, 4, 1), (3, 3, 1, 2), 1, "same")
    yield _gradient_case(rng, (1, 6, _size(rng, 5, 7), 2), (2, 4, 2, 1), 2, "same")


@conv2d_gradients.part(
    weight=1, after=(by_kernels, by_images), read="convolution.html#convolution-dilation"
)
def at_dilation(rng):
    """With dilation."""
    yield _gradient_case(rng, (1, 7, 8, 1), (2, 3, 1, 2), 1, "valid", 2)


# --- conv2d_parameters ---------------------------------------------------------------------------


@conv2d_parameters.part(weight=1)
def weights(rng):
    """Without bias: height times width times channels times filters."""
    yield case(3, 1, 1, use_bias=False)
    yield case(5, _size(rng, 2, 9), _size(rng, 10, 40), use_bias=False)


@conv2d_parameters.part(weight=1)
def with_bias(rng):
    """With bias: one more for each filter."""
    yield case(3, 3, 8)
    yield case(1, _size(rng, 2, 9), _size(rng, 10, 40), use_bias=True)


@conv2d_parameters.part(weight=1)
def rectangular(rng):
    """Kernels that are not square."""
    yield case((3, 5), _size(rng, 2, 9), _size(rng, 10, 40))
    yield case((1, 7), _size(rng, 2, 9), _size(rng, 10, 40), False)


# --- learn_kernels -------------------------------------------------------------------------------


def _lesson(rng, shape, kernel, **settings):
    """Images, what a secret kernel makes of them, and the size to look for."""
    images = rng.normal(0, 1, shape)
    targets = convolution.conv2d(images, _numbers(rng, *kernel))
    return case(images, targets, kernel[:2], **settings)


@learn_kernels.part(weight=1)
def first_steps(rng):
    """The first steps from zero kernels go down the gradient of the mean squared error."""
    yield _lesson(rng, (1, 6, 6, 1), (2, 2, 1, 1), steps=1, learning_rate=0.2, of="kernels")
    yield _lesson(rng, (1, 7, 6, 1), (3, 3, 1, 1), steps=4, learning_rate=0.1, of="kernels")


@learn_kernels.part(weight=1)
def curve(rng):
    """The losses are those before each step."""
    yield _lesson(rng, (2, 6, 7, 1), (2, 3, 1, 1), steps=5, learning_rate=0.05, of="losses")


@learn_kernels.part(weight=1, after=(first_steps,))
def several(rng):
    """A batch of images with channels, and several kernels at once."""
    yield _lesson(rng, (3, 6, 5, 2), (2, 2, 2, 3), steps=6, learning_rate=0.1, of="kernels")


@learn_kernels.part(weight=1, after=(first_steps,))
def found(rng):
    """After enough steps the secret kernel is found."""
    yield _lesson(rng, (3, 6, 6, 1), (2, 2, 1, 1), steps=60, learning_rate=0.3, of="kernels")
