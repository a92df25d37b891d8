"""Plausible wrong answers of `encoder_decoder` in NumPy, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import convolution, upsampling
from course_lib.arguments import pair
from course_lib.checks.encoder_decoder.cases import conv2d_transpose, upsample_nearest

_transpose = upsampling.conv2d_transpose


# --- upsample_nearest ----------------------------------------------------------------------------


@upsample_nearest.misconception(
    "The whole image was repeated side by side (np.tile). It is each pixel that is repeated, in a "
    "block of its own: np.repeat."
)
def tiled(images, size=2):
    return np.tile(images, (1, *pair(size, "size"), 1))


@upsample_nearest.misconception(
    "There are zeros between the pixels. The nearest pixel's value fills the whole block."
)
def zeros_between(images, size=2):
    down, right = pair(size, "size")
    batch, height, width, channels = images.shape
    larger = np.zeros((batch, height * down, width * right, channels), images.dtype)
    larger[:, ::down, ::right] = images
    return larger


@upsample_nearest.misconception("Only the height grew. Repeat along axis 2, the width, as well.")
def height_only(images, size=2):
    return images.repeat(pair(size, "size")[0], axis=1)


@upsample_nearest.misconception("Only the width grew. Repeat along axis 1, the height, as well.")
def width_only(images, size=2):
    return images.repeat(pair(size, "size")[1], axis=2)


@upsample_nearest.misconception(
    "The wrong axes grew: axis 0 is the batch. Height and width are axes 1 and 2."
)
def batch_and_height(images, size=2):
    down, right = pair(size, "size")
    return images.repeat(down, axis=0).repeat(right, axis=1)


@upsample_nearest.misconception(
    "The wrong axes grew: axis 3 holds the channels. Height and width are axes 1 and 2."
)
def width_and_channels(images, size=2):
    down, right = pair(size, "size")
    return images.repeat(down, axis=2).repeat(right, axis=3)


@upsample_nearest.misconception(
    "Height and width were mixed up: the first entry of a pair belongs to the height, axis 1."
)
def factors_mixed_up(images, size=2):
    down, right = pair(size, "size")
    return images.repeat(right, axis=1).repeat(down, axis=2)


@upsample_nearest.misconception("The factor is not used: the image is always doubled.")
def always_doubled(images, size=2):
    return upsampling.upsample_nearest(images, 2)


@upsample_nearest.misconception(
    "The first entry of a pair was used for both axes. It has one for each."
)
def first_factor_for_both(images, size=2):
    return upsampling.upsample_nearest(images, pair(size, "size")[0])


@upsample_nearest.misconception(
    "Values were interpolated between the pixels. The nearest pixel's value is taken as it is."
)
def interpolated(images, size=2):
    return upsampling.upsample_bilinear(images, size)


@upsample_nearest.misconception(
    "All images of the batch were taken for one, or the channels mixed: the numbers are right and "
    "in the wrong places. Repeat along an axis instead of reshaping."
)
def reshaped(images, size=2):
    down, right = pair(size, "size")
    batch, height, width, channels = images.shape
    flat = images.reshape(batch, -1).repeat(down * right, axis=1)
    return flat.reshape(batch, height * down, width * right, channels)


@upsample_nearest.misconception(
    "Each copy holds a share of the pixel's value, so that the sum stays. Brightness should stay: "
    "every copy has the whole value."
)
def shared_out(images, size=2):
    return upsampling.upsample_nearest(images, size) / np.prod(pair(size, "size"))


# --- conv2d_transpose ----------------------------------------------------------------------------


def _painted(images, kernels, strides, add):
    """The whole canvas, on which `add(canvas, where, copy)` puts one copy after the other."""
    down, right = pair(strides, "strides")
    batch, height, width, _ = images.shape
    rows, columns, filters, _ = kernels.shape
    shape = (height - 1) * down + max(rows, down), (width - 1) * right + max(columns, right)
    canvas = np.zeros((batch, *shape, filters))
    for y, x in np.ndindex(height, width):
        where = np.s_[:, y * down : y * down + rows, x * right : x * right + columns]
        add(canvas, where, np.einsum("bc,ijfc->bijf", images[:, y, x], kernels))
    return canvas


def _add(canvas, where, copy):
    canvas[where] += copy


def _cut(canvas, images, kernels, strides, padding, before=lambda total: total // 2):
    """Cut a canvas as "same" does, `before(total)` of the pixels at the top and at the left."""
    if padding != "same":
        return canvas
    cuts = []
    for size, taps, step in zip(images.shape[1:3], kernels.shape, pair(strides, ""), strict=False):
        start = before(max(taps - step, 0))
        cuts.append(slice(start, start + size * step))
    return canvas[:, cuts[0], cuts[1]]


@conv2d_transpose.misconception(
    "This is exactly what you get with the kernel flipped. Every pixel paints the kernel as it "
    "stands; it is the windows of a convolution, seen from the pixel, that look flipped."
)
def flipped_kernels(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels[::-1, ::-1], strides, padding)


@conv2d_transpose.misconception(
    "Height and width of the kernel were mixed up: axis 0 of the kernels goes down the rows."
)
def kernels_turned(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels.swapaxes(0, 1), strides, padding)


@conv2d_transpose.misconception(
    "Where copies overlap, the last one painted over the others. They add up: += and not =."
)
def painted_over(images, kernels, strides=1, padding="valid"):
    def add(canvas, where, copy):
        canvas[where] = copy

    return _cut(_painted(images, kernels, strides, add), images, kernels, strides, padding)


@conv2d_transpose.misconception(
    "Where copies overlap, they were averaged. They add up, which is where checkerboards come from."
)
def overlaps_averaged(images, kernels, strides=1, padding="valid"):
    ones = np.ones_like(images[..., :1])
    counts = _transpose(ones, np.ones((*kernels.shape[:2], 1, 1)), strides, padding)
    return _transpose(images, kernels, strides, padding) / np.maximum(counts, 1)


@conv2d_transpose.misconception(
    "This is a convolution: it makes the image smaller. A transposed one turns it around: each "
    "pixel paints a copy of the kernel."
)
def a_convolution(images, kernels, strides=1, padding="valid"):
    return convolution.conv2d(images, kernels.swapaxes(2, 3), None, strides, padding)


@conv2d_transpose.misconception(
    "Each pixel was repeated and the result convolved. That is another way to make an image larger "
    "(and a cure for checkerboards); a transposed convolution has zeros between the pixels."
)
def repeated_and_convolved(images, kernels, strides=1, padding="valid"):
    larger = upsampling.upsample_nearest(images, strides)
    return convolution.conv2d(larger, kernels.swapaxes(2, 3), None, 1, "same")


@conv2d_transpose.misconception(
    "The stride was ignored: copies stand one pixel apart. It is the step from one copy to the "
    "next."
)
def strides_ignored(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels, 1, padding)


@conv2d_transpose.misconception(
    "The strides were mixed up: the first entry of a pair belongs to the height."
)
def strides_mixed_up(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels, pair(strides, "")[::-1], padding)


@conv2d_transpose.misconception(
    "The first entry of the strides was used for both axes. A pair has one for each."
)
def first_stride_for_both(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels, pair(strides, "")[0], padding)


@conv2d_transpose.misconception(
    "There are strides - 1 zeros between the copies, as if each one began where the last one ended."
    " The strides lead from the start of one copy to the start of the next."
)
def a_stride_behind_each_copy(images, kernels, strides=1, padding="valid"):
    steps = [s + k - 1 for s, k in zip(pair(strides, ""), kernels.shape, strict=False)]
    if padding == "same" or min(kernels.shape[:2]) == 1 or max(pair(strides, "")) == 1:
        return _transpose(images, kernels, strides, padding)
    return _transpose(images, kernels, steps, padding)


@conv2d_transpose.misconception(
    'Without padding the output was cut to size * strides. That is "same"; "valid" keeps what the '
    "last copies paint beyond it, (size - 1) * strides + kernel_size in all."
)
def valid_cut_to_same(images, kernels, strides=1, padding="valid"):
    steps = pair(strides, "")
    rows, columns = (n * s for n, s in zip(images.shape[1:3], steps, strict=True))
    if padding == "same":
        return _transpose(images, kernels, strides, padding)
    return _transpose(images, kernels, strides, padding)[:, :rows, :columns]


@conv2d_transpose.misconception(
    "The zeros after the last copy are missing. Where the strides are larger than the kernel, the "
    "output is as large as size * strides all the same: each pixel has a block of its own."
)
def ends_with_the_last_copy(images, kernels, strides=1, padding="valid"):
    output, steps = _transpose(images, kernels, strides, padding), pair(strides, "")
    ends = [
        (n - 1) * s + k for n, s, k in zip(images.shape[1:3], steps, kernels.shape, strict=False)
    ]
    if padding == "same":
        return output
    return output[:, : ends[0], : ends[1]]


@conv2d_transpose.misconception(
    'With "same" the padding was ignored: nothing was cut. Is it spelt in lower case?'
)
def same_ignored(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels, strides)


@conv2d_transpose.misconception(
    'With "same" everything was cut below and at the right. Half of it, rounded down, comes off at '
    "the top and at the left."
)
def cut_at_the_end(images, kernels, strides=1, padding="valid"):
    canvas = _painted(images, kernels, strides, _add)
    return _cut(canvas, images, kernels, strides, padding, before=lambda total: 0)


@conv2d_transpose.misconception(
    'With "same" the odd pixel was cut before and not after. The transpose undoes what the '
    "convolution did, which puts the odd zero after the image."
)
def odd_pixel_cut_before(images, kernels, strides=1, padding="valid"):
    canvas = _painted(images, kernels, strides, _add)
    return _cut(canvas, images, kernels, strides, padding, before=lambda total: total - total // 2)


@conv2d_transpose.misconception(
    'With "same", kernel_size // 2 pixels were cut before. The total to be cut is '
    "kernel_size - strides, and half of it comes off before: the strides count."
)
def half_a_kernel_cut_before(images, kernels, strides=1, padding="valid"):
    if padding != "same":
        return _transpose(images, kernels, strides, padding)
    canvas = _painted(images, kernels, strides, _add)
    top, left = kernels.shape[0] // 2, kernels.shape[1] // 2
    rows, columns = (n * s for n, s in zip(images.shape[1:3], pair(strides, ""), strict=True))
    # What is missing at the end was never painted.
    canvas = np.pad(canvas, ((0, 0), (0, top), (0, left), (0, 0)))
    return canvas[:, top : top + rows, left : left + columns]


@conv2d_transpose.misconception(
    'With "same", (kernel_size - 1) // 2 pixels were cut on both sides, as for a convolution of '
    "stride 1. What is left must be size * strides."
)
def cut_as_for_a_stride_of_one(images, kernels, strides=1, padding="valid"):
    output = _transpose(images, kernels, strides)
    if padding != "same":
        return output
    (top, left), (rows, columns) = ((k - 1) // 2 for k in kernels.shape[:2]), output.shape[1:3]
    return output[:, top : rows - top, left : columns - left]


@conv2d_transpose.misconception(
    "Filters and channels were mixed up: the kernels are (height, width, filters, channels), so "
    "that the image's channels meet the last axis. A convolution's kernels have them third."
)
def filters_and_channels_mixed_up(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels.swapaxes(2, 3), strides, padding)


@conv2d_transpose.misconception(
    "The kernels' last two axes were permuted by a reshape: kernels are (height, width, filters, "
    "channels)."
)
def kernels_reshaped(images, kernels, strides=1, padding="valid"):
    rows, columns, filters, channels = kernels.shape
    mixed = kernels.reshape(rows, columns, channels, filters).swapaxes(2, 3)
    return _transpose(images, mixed, strides, padding)


@conv2d_transpose.misconception("Only the first channel was used. Every channel paints, and adds.")
def first_channel_only(images, kernels, strides=1, padding="valid"):
    return _transpose(images[..., :1], kernels[..., :1], strides, padding)


@conv2d_transpose.misconception("The channels were averaged. What they paint is summed.")
def channels_averaged(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels / kernels.shape[-1], strides, padding)


@conv2d_transpose.misconception(
    "The filters were summed into one map. Each filter paints a map of its own, on the last axis."
)
def filters_summed(images, kernels, strides=1, padding="valid"):
    return _transpose(images, kernels, strides, padding).sum(axis=-1, keepdims=True)


@conv2d_transpose.misconception(
    "The images of the batch were painted on one canvas. Each has a canvas of its own."
)
def batch_summed(images, kernels, strides=1, padding="valid"):
    output = _transpose(images, kernels, strides, padding)
    return np.broadcast_to(output.sum(axis=0), output.shape).copy()


@conv2d_transpose.misconception(
    "Only the first image of the batch was painted. Axis 0 of the images is the batch."
)
def first_image_only(images, kernels, strides=1, padding="valid"):
    return _transpose(images[:1], kernels, strides, padding)


@conv2d_transpose.misconception(
    "Channels that do not match were accepted: NumPy broadcast them, or a part was left out. "
    "Compare the last axes of images and kernels and raise a ValueError."
)
def accepts_any_channels(images, kernels, strides=1, padding="valid"):
    channels = min(images.shape[-1], kernels.shape[-1])
    return _transpose(images[..., :channels], kernels[..., :channels], strides, padding)
