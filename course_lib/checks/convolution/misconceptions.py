"""Plausible wrong answers of `convolution`, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import convolution
from course_lib.arguments import pair
from course_lib.checks.convolution.cases import (
    conv2d,
    conv2d_gradients,
    conv2d_parameters,
    learn_kernels,
    output_size,
    pad_same,
)

_size = convolution.output_size
_conv2d = convolution.conv2d
_gradients = convolution.conv2d_gradients


def _extent(kernel_size, dilation_rate):
    return (kernel_size - 1) * dilation_rate + 1


# --- output_size ---------------------------------------------------------------------------------


@output_size.misconception(
    "The division was rounded up. Without padding a window must lie inside the image whole, so "
    "what remains after the last full step is dropped: round down."
)
def ceil_for_floor(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return -(-size // strides)
    return -(-(size - _extent(kernel_size, dilation_rate)) // strides) + 1


@output_size.misconception(
    "One position is missing: a kernel as large as the image still fits once, so add 1."
)
def forgotten_one(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return -(-size // strides)
    return (size - _extent(kernel_size, dilation_rate)) // strides


@output_size.misconception(
    "The 1 was added before the division. Count the steps first, (size - k) // strides, then add "
    "the first position."
)
def one_before_division(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return -(-size // strides)
    return (size - _extent(kernel_size, dilation_rate) + 1) // strides


@output_size.misconception(
    'The half was rounded down. "same" pads until the last started step has a whole window, so 25 '
    "at stride 2 gives 13: round up."
)
def same_rounded_down(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return size // strides
    return _size(size, kernel_size, strides, padding, dilation_rate)


@output_size.misconception('With "same" the stride was ignored. The size stays only at stride 1.')
def same_keeps_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return size
    return _size(size, kernel_size, strides, padding, dilation_rate)


@output_size.misconception(
    'The formula of symmetric padding, k // 2 on both sides, was used for "same". For even kernels '
    "it gives one too many; Keras's definition is ceil(size / strides)."
)
def same_as_symmetric(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        extent = _extent(kernel_size, dilation_rate)
        return (size + 2 * (extent // 2) - extent) // strides + 1
    return _size(size, kernel_size, strides, padding, dilation_rate)


@output_size.misconception(
    'The padding was ignored: "same" gave the size without padding. Is it spelt in lower case?'
)
def same_ignored(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    return _size(size, kernel_size, strides, "valid", dilation_rate)


@output_size.misconception(
    "The dilation was ignored. A kernel of k taps at rate d covers (k - 1) * d + 1 pixels."
)
def dilation_ignored_in_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    return _size(size, kernel_size, strides, padding)


@output_size.misconception(
    "The dilated kernel was taken to cover k * d pixels. There is no gap after the last tap: it "
    "covers (k - 1) * d + 1."
)
def extent_with_last_gap(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    return _size(size, kernel_size * dilation_rate, strides, padding)


@output_size.misconception(
    "A kernel larger than the image was given a size of zero or less. No such layer exists: raise "
    "a ValueError that says so."
)
def no_error(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return -(-size // strides)
    return (size - _extent(kernel_size, dilation_rate)) // strides + 1


# --- pad_same ------------------------------------------------------------------------------------


def _pad(images, kernel_size, strides, dilation_rate, split, **mode):
    """Pad by `split(total, extent) -> (before, after)` on both axes."""
    widths = []
    for size, taps, step, gap in zip(
        images.shape[1:3],
        pair(kernel_size, ""),
        pair(strides, ""),
        pair(dilation_rate, ""),
        strict=True,
    ):
        extent = _extent(taps, gap)
        total = max((_size(size, taps, step, "same") - 1) * step + extent - size, 0)
        widths.append(split(total, extent))
    return np.pad(images, ((0, 0), *widths, (0, 0)), **mode)


@pad_same.misconception("The odd zero was put before the image. TensorFlow and Keras put it after.")
def odd_zero_before(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(images, kernel_size, strides, dilation_rate, lambda t, k: (t - t // 2, t // 2))


@pad_same.misconception(
    "k // 2 zeros were put on both sides. That is right for odd kernels at stride 1 only; the "
    'total that "same" needs can be odd, and depends on the stride.'
)
def half_kernel_both_sides(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(images, kernel_size, strides, dilation_rate, lambda t, k: (k // 2, k // 2))


@pad_same.misconception(
    "(k - 1) // 2 zeros were put on both sides, so the odd zero of even kernels is missing."
)
def odd_zero_missing(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(
        images, kernel_size, strides, dilation_rate, lambda t, k: ((k - 1) // 2, (k - 1) // 2)
    )


@pad_same.misconception(
    "The stride was ignored. Only what the last window lacks is padded, and with a stride of 2 "
    "that can be less than k - 1."
)
def stride_ignored_in_padding(images, kernel_size, strides=1, dilation_rate=1):
    return convolution.pad_same(images, kernel_size, 1, dilation_rate)


@pad_same.misconception(
    "All the zeros were put after the image. They are shared between both sides."
)
def all_zeros_after(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(images, kernel_size, strides, dilation_rate, lambda t, k: (0, t))


@pad_same.misconception("The whole total was put on both sides, twice what is needed.")
def total_on_both_sides(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(images, kernel_size, strides, dilation_rate, lambda t, k: (t, t))


@pad_same.misconception(
    "Height and width were mixed up: the first entry of a pair belongs to the height, axis 1."
)
def axes_mixed_in_padding(images, kernel_size, strides=1, dilation_rate=1):
    turned = np.swapaxes(images, 1, 2)
    return np.swapaxes(convolution.pad_same(turned, kernel_size, strides, dilation_rate), 1, 2)


@pad_same.misconception("The first entry of a pair was used for both axes. It has one for each.")
def first_entry_for_both(images, kernel_size, strides=1, dilation_rate=1):
    firsts = (pair(value, "")[0] for value in (kernel_size, strides, dilation_rate))
    return convolution.pad_same(images, *firsts)


@pad_same.misconception('The border\'s pixels were repeated. "same" pads with zeros.')
def edge_repeated(images, kernel_size, strides=1, dilation_rate=1):
    return _pad(
        images, kernel_size, strides, dilation_rate, lambda t, k: (t // 2, t - t // 2), mode="edge"
    )


@pad_same.misconception(
    "The dilation was ignored. A dilated kernel covers more pixels and needs more zeros."
)
def dilation_ignored_in_padding(images, kernel_size, strides=1, dilation_rate=1):
    return convolution.pad_same(images, kernel_size, strides)


# --- conv2d --------------------------------------------------------------------------------------


@conv2d.misconception(
    "This is exactly what you get with the kernel flipped, as mathematicians define convolution. "
    "Networks compute cross-correlation: leave out the [::-1]."
)
def flipped_kernel(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels[::-1, ::-1], bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "Height and width of the kernel were mixed up: axis 0 of the kernels goes down the rows."
)
def kernel_transposed(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels.swapaxes(0, 1), bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "The products were averaged. A layer sums them; the kernel's own values set the scale."
)
def window_averaged(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    taps = kernels.shape[0] * kernels.shape[1]
    return _conv2d(images, kernels / taps, bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "The last row and column of positions are missing: a kernel of k pixels takes size - k + 1 "
    "positions, and range(size - k) stops one too early."
)
def last_position_missing(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, strides, padding, dilation_rate)[:, :-1, :-1]


@conv2d.misconception(
    "The axis of the batch was dropped. A single image is a batch of one, and so is its output."
)
def batch_axis_dropped(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, strides, padding, dilation_rate)[0]


@conv2d.misconception(
    "The filters came before height and width. The output is channels last, like the images."
)
def filters_before_height(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return np.moveaxis(_conv2d(images, kernels, bias, strides, padding, dilation_rate), -1, 1)


@conv2d.misconception("The channels were averaged. Their responses are summed.")
def channels_averaged(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels / kernels.shape[2], bias, strides, padding, dilation_rate)


@conv2d.misconception("Only the first channel was used. Every channel adds its own response.")
def first_channel_only(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images[..., :1], kernels[:, :, :1], bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "All channels were multiplied with the first channel's kernel. Each channel has a kernel of "
    "its own, kernels[:, :, channel, filter]."
)
def one_kernel_for_all_channels(
    images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1
):
    shared = np.broadcast_to(kernels[:, :, :1], kernels.shape)
    return _conv2d(images, shared, bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "The kernel's last two axes were permuted: kernels are (height, width, channels, filters)."
)
def kernel_axes_permuted(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    *size, channels, filters = kernels.shape
    permuted = kernels.reshape(*size, filters, channels).swapaxes(2, 3)
    return _conv2d(images, permuted, bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "Columns and kernels were flattened in different orders. If the windows are (channels, height, "
    "width), bring the kernels into that order before the matrix product."
)
def columns_in_another_order(
    images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1
):
    height, width, channels, filters = kernels.shape
    mixed = kernels.reshape(channels, height, width, filters).transpose(1, 2, 0, 3)
    return _conv2d(images, mixed, bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "The filters were summed into one map. Each filter keeps a map of its own, on the last axis."
)
def filters_summed(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    result = _conv2d(images, kernels, bias, strides, padding, dilation_rate)
    return result.sum(axis=-1, keepdims=True)


@conv2d.misconception(
    "Every map was made with the first filter's kernels. Filter f has its own, kernels[..., f]."
)
def first_filter_for_all(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    shared = np.broadcast_to(kernels[..., :1], kernels.shape)
    return _conv2d(images, shared, bias, strides, padding, dilation_rate)


@conv2d.misconception("The bias was forgotten.")
def bias_forgotten(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, None, strides, padding, dilation_rate)


@conv2d.misconception(
    "The bias was added once for every pixel of the window. It is added once to the sum."
)
def bias_per_pixel(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    taps = kernels.shape[0] * kernels.shape[1]
    bias = None if bias is None else taps * bias
    return _conv2d(images, kernels, bias, strides, padding, dilation_rate)


@conv2d.misconception(
    "The bias was added once for every input channel. It is added once to the sum over channels."
)
def bias_per_channel(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    bias = None if bias is None else kernels.shape[2] * bias
    return _conv2d(images, kernels, bias, strides, padding, dilation_rate)


@conv2d.misconception("The stride was applied to the rows only. It applies to both axes.")
def stride_on_rows_only(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    rows = pair(strides, "strides")[0]
    return _conv2d(images, kernels, bias, (rows, 1), padding, dilation_rate)


@conv2d.misconception(
    "The strides of height and width were swapped: the first entry belongs to the height."
)
def strides_swapped(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    swapped = pair(strides, "strides")[::-1]
    return _conv2d(images, kernels, bias, swapped, padding, dilation_rate)


@conv2d.misconception(
    "The first entry of the strides was used for both axes. A pair has one for each."
)
def first_stride_for_both(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, pair(strides, "strides")[0], padding, dilation_rate)


@conv2d.misconception("The stride was ignored: every position was computed.")
def strides_ignored(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, 1, padding, dilation_rate)


@conv2d.misconception(
    "The output has the right size, but its windows stand side by side: position i begins at pixel "
    "i * strides."
)
def stride_in_the_size_only(
    images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1
):
    if padding == "same":
        images = convolution.pad_same(images, kernels.shape[:2], strides, dilation_rate)
    _, height, width, _ = _conv2d(images, kernels, bias, strides, "valid", dilation_rate).shape
    return _conv2d(images, kernels, bias, 1, "valid", dilation_rate)[:, :height, :width]


@conv2d.misconception(
    'The padding was ignored. "same" puts zeros around the image before the windows are taken.'
)
def padding_ignored(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception(
    "The odd zero was put before the image. TensorFlow and Keras put it after, for even kernels "
    "and for stride 2."
)
def padding_on_the_wrong_side(
    images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1
):
    if padding == "same":
        images = odd_zero_before(images, kernels.shape[:2], strides, dilation_rate)
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception(
    "k // 2 zeros were put on both sides. That is right for odd kernels at stride 1 only."
)
def padding_symmetric(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        images = half_kernel_both_sides(images, kernels.shape[:2], strides, dilation_rate)
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception(
    "(k - 1) // 2 zeros were put on both sides, so the odd zero of even kernels is missing."
)
def padding_too_short(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        images = odd_zero_missing(images, kernels.shape[:2], strides, dilation_rate)
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception(
    "The image was padded as for stride 1, and then strided. Only what the last window lacks is "
    "padded, so the windows start elsewhere."
)
def padded_for_stride_one(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        images = convolution.pad_same(images, kernels.shape[:2], 1, dilation_rate)
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception('The border\'s pixels were repeated. "same" pads with zeros.')
def padded_with_the_edge(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        images = edge_repeated(images, kernels.shape[:2], strides, dilation_rate)
    return _conv2d(images, kernels, bias, strides, "valid", dilation_rate)


@conv2d.misconception("The image wraps around at its border. The border is padded with zeros.")
def wrapped_around(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        extent = [
            _extent(k, d) for k, d in zip(kernels.shape[:2], pair(dilation_rate, ""), strict=True)
        ]
        widths = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in extent]
        images = np.pad(images, ((0, 0), *widths, (0, 0)), mode="wrap")
        full = _conv2d(images, kernels, bias, 1, "valid", dilation_rate)
        rows, columns = pair(strides, "strides")
        return full[:, ::rows, ::columns]
    return _conv2d(images, kernels, bias, strides, padding, dilation_rate)


@conv2d.misconception("The images of the batch were summed. Each one has an output of its own.")
def batch_summed(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    summed = images.sum(axis=0, keepdims=True)
    return _conv2d(summed, kernels, bias, strides, padding, dilation_rate)


@conv2d.misconception("Only the first image of the batch was used.")
def first_image_only(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images[:1], kernels, bias, strides, padding, dilation_rate)


@conv2d.misconception("The dilation was ignored: the taps stand side by side.")
def dilation_ignored(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return _conv2d(images, kernels, bias, strides, padding)


@conv2d.misconception(
    "The sum was kept in 8 bits, where 200 + 100 is 44. Convert the image to float first."
)
def eight_bit_overflow(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    result = _conv2d(images, kernels, bias, strides, padding, dilation_rate)
    return result.astype(np.int64) % 256 if images.dtype == np.uint8 else result


@conv2d.misconception(
    "The products were kept in 8 bits, where 3 * 100 is 44. Convert the image to float first."
)
def eight_bit_products(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if images.dtype != np.uint8 or np.ptp(kernels) or kernels.dtype != np.uint8:
        return _conv2d(images, kernels, bias, strides, padding, dilation_rate)
    products = images * kernels.flat[0]
    return _conv2d(products, np.ones_like(kernels), bias, strides, padding, dilation_rate)


@conv2d.misconception("A ReLU was applied. The layer's activation comes after conv2d.")
def rectified(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    return np.maximum(_conv2d(images, kernels, bias, strides, padding, dilation_rate), 0)


# --- conv2d_gradients ----------------------------------------------------------------------------


@conv2d_gradients.misconception(
    "The gradients of kernels and bias were averaged over the batch. The loss already holds any "
    "average; a shared kernel's gradient is the sum."
)
def batch_averaged(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    by_images, by_kernels, by_bias = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_images, by_kernels / len(images), by_bias / len(images)


@conv2d_gradients.misconception(
    "The batch sum was forgotten: the kernels' gradient is that of the last image, as when = "
    "stands for += in a loop over images."
)
def last_image_only(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    rest = (strides, padding, dilation_rate)
    by_images, *_ = _gradients(images, kernels, output_gradient, *rest)
    return by_images, *_gradients(images[-1:], kernels, output_gradient[-1:], *rest)[1:]


def _scatter(images, kernels, output_gradient, strides, padding, dilation_rate, put):
    """The images' gradient by loops, with `put` deciding how shares of a pixel combine."""
    strides, gaps = pair(strides, ""), pair(dilation_rate, "")
    padded = np.zeros_like(images)
    if padding == "same":
        padded = convolution.pad_same(padded, kernels.shape[:2], strides, gaps)
    rows = np.arange(kernels.shape[0]) * gaps[0]
    columns = np.arange(kernels.shape[1]) * gaps[1]
    for i in range(output_gradient.shape[1]):
        for j in range(output_gradient.shape[2]):
            share = np.einsum("nf,hwcf->nhwc", output_gradient[:, i, j], kernels)
            top, left = i * strides[0], j * strides[1]
            put(padded, (slice(None), *np.ix_(top + rows, left + columns)), share)
    if padding == "same":
        marker = convolution.pad_same(np.ones_like(images), kernels.shape[:2], strides, gaps)
        inside = marker[0, :, :, 0] == 1
        padded = padded[:, inside.any(axis=1)][:, :, inside.any(axis=0)]
    return padded


@conv2d_gradients.misconception(
    "Where windows overlap, a later one overwrote an earlier one: = stands where += is meant."
)
def overlap_overwritten(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    def overwrite(padded, where, share):
        padded[where] = share

    rest = (strides, padding, dilation_rate)
    by_images = _scatter(images, kernels, output_gradient, *rest, overwrite)
    return by_images, *_gradients(images, kernels, output_gradient, *rest)[1:]


@conv2d_gradients.misconception(
    "The images' gradient was scattered with the kernel flipped. A pixel gets back the weight that "
    "it was multiplied with: scatter the kernel as it stands. (Written as a convolution of the "
    "output's gradient, it is the full one, with the kernel flipped.)"
)
def scattered_flipped(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    rest = (strides, padding, dilation_rate)
    by_images, *_ = _gradients(images, kernels[::-1, ::-1], output_gradient, *rest)
    return by_images, *_gradients(images, kernels, output_gradient, *rest)[1:]


@conv2d_gradients.misconception(
    "The kernels' gradient came out flipped: tap (0, 0) met the top left pixel of every window."
)
def kernels_gradient_flipped(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    by_images, by_kernels, by_bias = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_images, by_kernels[::-1, ::-1], by_bias


@conv2d_gradients.misconception(
    "The kernels' gradient was averaged over the positions. The kernel is used at each of them, so "
    "their gradients add up."
)
def positions_averaged(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    by_images, by_kernels, by_bias = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    positions = output_gradient.shape[1] * output_gradient.shape[2]
    return by_images, by_kernels / positions, by_bias / positions


@conv2d_gradients.misconception(
    "The bias's gradient was averaged. The bias is added at every position of every image, so its "
    "gradient is the sum."
)
def bias_gradient_averaged(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    by_images, by_kernels, _ = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_images, by_kernels, output_gradient.mean(axis=(0, 1, 2))


@conv2d_gradients.misconception(
    "The bias's gradient was summed over the batch only. The bias is one number a filter, used at "
    "every position: sum over height and width too."
)
def bias_gradient_per_pixel(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    by_images, by_kernels, _ = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_images, by_kernels, output_gradient.sum(axis=0)


@conv2d_gradients.misconception(
    "The stride was ignored: the windows were taken side by side, not `strides` apart."
)
def stride_ignored_in_gradients(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    gaps = pair(dilation_rate, "")
    height, width = (
        steps - 1 + _extent(taps, gap)
        for steps, taps, gap in zip(
            output_gradient.shape[1:3], kernels.shape[:2], gaps, strict=True
        )
    )
    by_near, by_kernels, by_bias = _gradients(
        images[:, :height, :width], kernels, output_gradient, dilation_rate=gaps
    )
    by_images = np.zeros_like(images)
    by_images[:, :height, :width] = by_near
    return by_images, by_kernels, by_bias


@conv2d_gradients.misconception(
    "The share of the padding was not cut off: the gradient has the padded image's shape."
)
def padding_not_cut(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        images = convolution.pad_same(images, kernels.shape[:2], strides, dilation_rate)
    return _gradients(images, kernels, output_gradient, strides, "valid", dilation_rate)


@conv2d_gradients.misconception(
    "The padding was cut off after the image only. It stands on both sides: skip the zeros before."
)
def padding_cut_at_the_end(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    height, width = images.shape[1:3]
    by_padded, *rest = padding_not_cut(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_padded[:, :height, :width], *rest


@conv2d_gradients.misconception(
    "The order is (images, kernels, bias): the same as conv2d's arguments."
)
def order_mixed(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    by_images, by_kernels, by_bias = _gradients(
        images, kernels, output_gradient, strides, padding, dilation_rate
    )
    return by_kernels, by_images, by_bias


@conv2d_gradients.misconception(
    "The bias's gradient came first. The order is (images, kernels, bias), as in conv2d."
)
def bias_gradient_first(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    return _gradients(images, kernels, output_gradient, strides, padding, dilation_rate)[::-1]


@conv2d_gradients.misconception("The dilation was ignored in the gradients.")
def dilation_ignored_in_gradients(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    if padding == "same":
        return _gradients(images, kernels, output_gradient, strides, padding)
    height, width = (
        (steps - 1) * step + taps
        for steps, step, taps in zip(
            output_gradient.shape[1:3], pair(strides, ""), kernels.shape[:2], strict=True
        )
    )
    by_near, by_kernels, by_bias = _gradients(
        images[:, :height, :width], kernels, output_gradient, strides
    )
    by_images = np.zeros_like(images)
    by_images[:, :height, :width] = by_near
    return by_images, by_kernels, by_bias


# --- conv2d_parameters ---------------------------------------------------------------------------


@conv2d_parameters.misconception(
    "The biases were forgotten: the lecture's product kx * ky * c * n leaves them out, its table "
    "counts them. There is one a filter."
)
def biases_forgotten(kernel_size, channels, filters, use_bias=True):
    return convolution.conv2d_parameters(kernel_size, channels, filters, use_bias=False)


@conv2d_parameters.misconception("One bias was counted for the layer. There is one a filter.")
def one_bias(kernel_size, channels, filters, use_bias=True):
    return biases_forgotten(kernel_size, channels, filters) + bool(use_bias)


@conv2d_parameters.misconception("use_bias was ignored: without biases there is nothing to add.")
def bias_always(kernel_size, channels, filters, use_bias=True):
    return convolution.conv2d_parameters(kernel_size, channels, filters)


@conv2d_parameters.misconception(
    "The channels were forgotten. A kernel has its own weights for every input channel."
)
def channels_forgotten(kernel_size, channels, filters, use_bias=True):
    return convolution.conv2d_parameters(kernel_size, 1, filters, use_bias)


@conv2d_parameters.misconception(
    "A bias was counted for each pair of channel and filter. The channels are summed first."
)
def bias_per_pair(kernel_size, channels, filters, use_bias=True):
    pairs = channels * filters if use_bias else 0
    return biases_forgotten(kernel_size, channels, filters) + pairs


@conv2d_parameters.misconception(
    "One bias was counted for each input channel. There is one a filter."
)
def bias_per_input_channel(kernel_size, channels, filters, use_bias=True):
    return biases_forgotten(kernel_size, channels, filters) + (channels if use_bias else 0)


@conv2d_parameters.misconception(
    "The filters were forgotten: one filter was counted, and each of them has weights of its own."
)
def filters_forgotten(kernel_size, channels, filters, use_bias=True):
    return convolution.conv2d_parameters(kernel_size, channels, 1, use_bias)


@conv2d_parameters.misconception(
    "The kernel was taken to be square: multiply its height by its width."
)
def square_kernel(kernel_size, channels, filters, use_bias=True):
    height, _ = pair(kernel_size, "kernel_size")
    return convolution.conv2d_parameters(height, channels, filters, use_bias)


# --- learn_kernels -------------------------------------------------------------------------------


def _descend(images, targets, kernel_size, steps, learning_rate, factor=None, start=0.0):
    """The training loop, with the factor before the summed squares' gradient left open."""
    size = (*pair(kernel_size, "kernel_size"), images.shape[-1], targets.shape[-1])
    kernels, losses = np.full(size, start), []
    for _ in range(steps):
        errors = _conv2d(images, kernels) - targets
        losses.append(np.mean(errors**2))
        share = 2 / errors.size if factor is None else factor(errors)
        kernels = kernels - learning_rate * _gradients(images, kernels, share * errors)[1]
    return kernels, np.array(losses)


@learn_kernels.misconception(
    "The step goes up the gradient: the loss grows. Subtract learning_rate times the gradient."
)
def uphill(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, -learning_rate)


@learn_kernels.misconception(
    "The factor 2 of the derivative of a square is missing, so every step is half as long."
)
def factor_two_missing(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, learning_rate / 2)


@learn_kernels.misconception(
    "The gradient is that of the sum of squares, not of their mean: divide by the number of output "
    "values."
)
def sum_for_mean(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, learning_rate, lambda errors: 2.0)


@learn_kernels.misconception(
    "The gradient was divided by the number of images only; the mean runs over every output value."
)
def mean_over_images_only(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(
        images, targets, kernel_size, steps, learning_rate, lambda errors: 2 / len(errors)
    )


@learn_kernels.misconception("One step too few was made: steps=4 means four updates.")
def one_step_short(images, targets, kernel_size, steps=100, learning_rate=0.1):
    kernels, _ = _descend(images, targets, kernel_size, steps - 1, learning_rate)
    return kernels, _descend(images, targets, kernel_size, steps, learning_rate)[1]


@learn_kernels.misconception(
    "The loss was noted after the step. It is the loss of the kernels that the gradient is for: "
    "note it before."
)
def loss_after_step(images, targets, kernel_size, steps=100, learning_rate=0.1):
    kernels, _ = _descend(images, targets, kernel_size, steps, learning_rate)
    return kernels, _descend(images, targets, kernel_size, steps + 1, learning_rate)[1][1:]


@learn_kernels.misconception("The kernels started at one. Here they start at zero.")
def started_at_one(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, learning_rate, start=1.0)


@learn_kernels.misconception(
    "The losses are sums of squares. The loss is their mean, so that it does not grow with the "
    "image."
)
def summed_losses(images, targets, kernel_size, steps=100, learning_rate=0.1):
    kernels, losses = _descend(images, targets, kernel_size, steps, learning_rate)
    return kernels, losses * targets.size


@learn_kernels.misconception("The order is (kernels, losses): the losses came first.")
def losses_first(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, learning_rate)[::-1]


@learn_kernels.misconception(
    "learning_rate was ignored: every step was made with the default, 0.1."
)
def learning_rate_ignored(images, targets, kernel_size, steps=100, learning_rate=0.1):
    return _descend(images, targets, kernel_size, steps, 0.1)


@learn_kernels.misconception(
    "One loss too many: the last step's result was measured too. Note one loss before each step."
)
def one_loss_too_many(images, targets, kernel_size, steps=100, learning_rate=0.1):
    kernels, _ = _descend(images, targets, kernel_size, steps, learning_rate)
    return kernels, _descend(images, targets, kernel_size, steps + 1, learning_rate)[1]
