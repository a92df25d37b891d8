"""Plausible wrong answers of `convolution_vs_dense`, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import convolution
from course_lib import convolution_vs_dense as topic
from course_lib.arguments import pair
from course_lib.checks.convolution_vs_dense.cases import (
    conv2d_as_dense,
    convolution_matrix,
    parameter_ratio,
)

_matrix = topic.convolution_matrix
_size = convolution.output_size


def _shapes(kernels, input_shape, strides, padding):
    """Shapes of input and output, as `(height, width, channels)` and so on."""
    sizes = zip(input_shape[:2], kernels.shape[:2], pair(strides, ""), strict=True)
    return tuple(input_shape), (*(_size(*axis, padding) for axis in sizes), kernels.shape[3])


def _before(size, taps, step, padding):
    """Zeros before the first pixel, as Keras puts them."""
    lacking = max((_size(size, taps, step, padding) - 1) * step + taps - size, 0)
    return lacking // 2 if padding == "same" else 0


def _at(position, tap, step):
    return position * step + tap


def _as_is(place, size):
    return place


def _laid(kernels, input_shape, strides, padding, pixel=_at, before=_before, border=_as_is):
    """A, with these left open: the pixel of a tap, the zeros before it, what is done outside."""
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    axes = []
    for size, count, taps, step in zip(
        inputs[:2], outputs[:2], kernels.shape[:2], pair(strides, ""), strict=True
    ):
        position, tap = np.divmod(np.arange(count * taps), taps)
        place = border(pixel(position, tap, step) - before(size, taps, step, padding), size)
        inside = (place >= 0) & (place < size)
        axes.append((place[inside], tap[inside], position[inside]))
    (y, a, i), (x, b, j) = axes
    matrix = np.zeros((*inputs, *outputs), kernels.dtype)
    matrix[y[:, None], x, :, i[:, None], j, :] = kernels[a[:, None], b]
    return matrix.reshape(np.prod(inputs), np.prod(outputs))


def _laid_flat(kernels, input_shape, strides, padding, first, count):
    """A, with windows that begin at any place of the flattened image and run on over its rows."""
    height, width, channels = input_shape
    kernel_height, kernel_width, _, filters = kernels.shape
    taps = np.add.outer(np.arange(kernel_height) * width, np.arange(kernel_width)).ravel()
    places = np.add.outer(first, taps)
    position = np.broadcast_to(np.arange(count)[:, None], places.shape)
    tap = np.broadcast_to(np.arange(taps.size), places.shape)
    inside = (places >= 0) & (places < height * width)
    matrix = np.zeros((height * width, channels, count, filters), kernels.dtype)
    weights = kernels.reshape(-1, channels, filters)[tap[inside]]
    matrix[places[inside], :, position[inside], :] = weights
    return matrix.reshape(height * width * channels, count * filters)


# --- convolution_matrix --------------------------------------------------------------------------


@convolution_matrix.misconception(
    "This is the transpose of A. FI is a row and stands on the left, O = FI A, so A has one row "
    "for each number of the input and one column for each number of the output."
)
def transposed(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels, input_shape, strides, padding).T


@convolution_matrix.misconception(
    "This is exactly what you get with the kernel flipped. Networks compute cross-correlation: tap "
    "(0, 0) meets the top left pixel of the window."
)
def flipped_kernel(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels[::-1, ::-1], input_shape, strides, padding)


@convolution_matrix.misconception(
    "Height and width of the kernel were mixed up: axis 0 of the kernels goes down the rows, and "
    "one row down is `width` places further in the flattened image."
)
def kernel_transposed(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels.swapaxes(0, 1), input_shape, strides, padding)


@convolution_matrix.misconception(
    "Some columns are no windows: they begin near the end of one row of the image and go on in the "
    "next. The lecture's printed band has them too. A window lies inside the image whole, so leave "
    "those columns out."
)
def windows_around_row_ends(kernels, input_shape, strides=1, padding="valid"):
    if padding == "same" or pair(strides, "") != (1, 1):
        return _matrix(kernels, input_shape, strides, padding)
    _, (rows, columns, _) = _shapes(kernels, input_shape, strides, padding)
    count = (rows - 1) * input_shape[1] + columns
    return _laid_flat(kernels, input_shape, strides, padding, np.arange(count), count)


@convolution_matrix.misconception(
    "The number of columns is right, but window p was begun at pixel p, so windows run around the "
    "rows' ends. Position (i, j) is column i * output_width + j, and its window begins at pixel "
    "i * width + j."
)
def windows_at_consecutive_pixels(kernels, input_shape, strides=1, padding="valid"):
    if padding == "same" or pair(strides, "") != (1, 1):
        return _matrix(kernels, input_shape, strides, padding)
    _, (rows, columns, _) = _shapes(kernels, input_shape, strides, padding)
    count = rows * columns
    return _laid_flat(kernels, input_shape, strides, padding, np.arange(count), count)


@convolution_matrix.misconception(
    "The kernel's rows were laid next to each other, as if it had one row only. In the flattened "
    "image the next row of the window is `width` places further on."
)
def kernel_in_one_piece(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    down, right = pair(strides, "")
    if padding == "same":
        return _matrix(kernels, input_shape, strides, padding)
    first = np.add.outer(np.arange(outputs[0]) * down * inputs[1], np.arange(outputs[1]) * right)
    flat = kernels.reshape(1, -1, *kernels.shape[2:])
    count = outputs[0] * outputs[1]
    return _laid_flat(flat, input_shape, 1, padding, first.ravel(), count)


@convolution_matrix.misconception(
    "The last row and column of positions are missing: a kernel of k pixels takes size - k + 1 "
    "positions, and range(size - k) stops one too early."
)
def last_position_missing(kernels, input_shape, strides=1, padding="valid"):
    _, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding)
    if padding == "same":
        return matrix
    skip = int(outputs[0] > 1)  # an image of one row keeps it
    windows = matrix.reshape(len(matrix), *outputs)
    return windows[:, : outputs[0] - skip, :-1].reshape(len(matrix), -1)


@convolution_matrix.misconception(
    "Image and output were flattened column by column. Both go row by row, as `reshape` does: "
    "pixel (y, x) is number y * width + x."
)
def column_by_column(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(*inputs, *outputs)
    return matrix.transpose(1, 0, 2, 4, 3, 5).reshape(np.prod(inputs), np.prod(outputs))


@convolution_matrix.misconception(
    "The image was flattened column by column. It goes row by row: pixel (y, x) is number "
    "y * width + x."
)
def image_column_by_column(kernels, input_shape, strides=1, padding="valid"):
    inputs, _ = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(*inputs, -1)
    return matrix.transpose(1, 0, 2, 3).reshape(np.prod(inputs), -1)


@convolution_matrix.misconception(
    "The positions were numbered column by column. The output goes row by row: position (i, j) is "
    "number i * output_width + j."
)
def output_column_by_column(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(-1, *outputs)
    return matrix.transpose(0, 2, 1, 3).reshape(np.prod(inputs), -1)


@convolution_matrix.misconception(
    "A pixel's number was computed with the height, y * height + x. A row of the image holds "
    "`width` pixels: y * width + x."
)
def height_for_width(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    inputs, _ = _shapes(kernels, input_shape, strides, padding)
    right = _matrix(kernels, input_shape, strides, padding).reshape(*inputs, -1)
    wrong = np.zeros((height * width, channels, right.shape[-1]), kernels.dtype)
    for y, x in np.ndindex(height, width):
        if y * height + x >= len(wrong) and right[y, x].any():
            raise IndexError("a pixel's number lies outside of the matrix")
        wrong[min(y * height + x, len(wrong) - 1)] += right[y, x]
    return wrong.reshape(height * width * channels, -1)


@convolution_matrix.misconception(
    "The matrix is still a tensor of six axes. Flatten the input's three axes to one, and the "
    "output's three to another: reshape(height * width * channels, -1)."
)
def not_flattened(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    return _matrix(kernels, input_shape, strides, padding).reshape(*inputs, *outputs)


@convolution_matrix.misconception(
    "The image was flattened channel by channel. Channels are last: the numbers of one pixel stand "
    "side by side, at (y * width + x) * channels + c."
)
def channels_first(kernels, input_shape, strides=1, padding="valid"):
    inputs, _ = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(*inputs, -1)
    return matrix.transpose(2, 0, 1, 3).reshape(np.prod(inputs), -1)


@convolution_matrix.misconception(
    "The filters stand in blocks, one after the other. Filters are the output's last axis, so they "
    "are interleaved: position (i, j) and filter f are column (i * output_width + j) * filters + f."
)
def filters_in_blocks(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(-1, *outputs)
    return matrix.transpose(0, 3, 1, 2).reshape(np.prod(inputs), -1)


@convolution_matrix.misconception(
    "Image and output were both flattened channels first. In this course, as in Keras, channels "
    "are last: for the input the channels, and for the output the filters, run fastest."
)
def both_channels_first(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding).reshape(*inputs, *outputs)
    return matrix.transpose(2, 0, 1, 5, 3, 4).reshape(np.prod(inputs), np.prod(outputs))


def _numbered(kernels, input_shape, strides, padding, channels_apart, filters_apart):
    """A by loops, with rows and columns numbered as told, later weights upon earlier ones."""
    (height, width, channels), outputs = _shapes(kernels, input_shape, strides, padding)
    rows, columns, filters = outputs
    placed = _matrix(np.ones(kernels.shape), input_shape, strides, padding).nonzero()
    right = _matrix(kernels, input_shape, strides, padding)[placed]
    pixel, channel = np.divmod(placed[0], channels)
    position, filter_number = np.divmod(placed[1], filters)
    order = np.lexsort((filter_number, channel, pixel, position))
    p = pixel * channels_apart + channel
    q = position * filters_apart + filter_number
    matrix = np.zeros((height * width * channels, rows * columns * filters), kernels.dtype)
    for n in order:
        matrix[p[n], q[n]] = right[n]
    return matrix


@convolution_matrix.misconception(
    "Neighbouring pixels were put into neighbouring rows, so that channels overwrite each other. A "
    "pixel has `channels` rows of its own: (y * width + x) * channels + c."
)
def channels_upon_each_other(kernels, input_shape, strides=1, padding="valid"):
    return _numbered(kernels, input_shape, strides, padding, 1, kernels.shape[3])


@convolution_matrix.misconception(
    "Neighbouring positions were put into neighbouring columns, so that filters overwrite each "
    "other. A position has `filters` columns: (i * output_width + j) * filters + f."
)
def filters_upon_each_other(kernels, input_shape, strides=1, padding="valid"):
    return _numbered(kernels, input_shape, strides, padding, kernels.shape[2], 1)


@convolution_matrix.misconception(
    "Channels and filters overwrite each other: multiply the pixel's number by `channels`, and the "
    "position's by `filters`, before c and f are added."
)
def numbers_upon_each_other(kernels, input_shape, strides=1, padding="valid"):
    return _numbered(kernels, input_shape, strides, padding, 1, 1)


@convolution_matrix.misconception(
    "The entries that are not zero are all 1. A holds the kernel's weights."
)
def ones_for_weights(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(np.ones_like(kernels), input_shape, strides, padding)


@convolution_matrix.misconception(
    "The weights were cut to whole numbers: the matrix was made for integers. Leave out the dtype, "
    "and np.zeros makes floats."
)
def whole_numbers(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(np.trunc(kernels), input_shape, strides, padding)


@convolution_matrix.misconception(
    "There is a column for every pixel, and columns whose window does not fit are empty. Without "
    "padding the output is smaller than the image: those positions do not exist."
)
def empty_columns(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    matrix = _matrix(kernels, input_shape, strides, padding)
    if padding == "same":
        return matrix
    wide = np.zeros((len(matrix), *inputs[:2], outputs[2]), matrix.dtype)
    wide[:, : outputs[0], : outputs[1]] = matrix.reshape(len(matrix), *outputs)
    return wide.reshape(len(matrix), -1)


@convolution_matrix.misconception(
    "Only the first channel was used: the image's other channels have no rows. A has "
    "height * width * channels rows."
)
def first_channel_only(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels[:, :, :1], (*input_shape[:2], 1), strides, padding)


@convolution_matrix.misconception(
    "All channels got the first channel's weights. Each channel has its own, "
    "kernels[:, :, channel, filter]."
)
def one_kernel_for_all_channels(kernels, input_shape, strides=1, padding="valid"):
    shared = np.broadcast_to(kernels[:, :, :1], kernels.shape)
    return _matrix(shared, input_shape, strides, padding)


@convolution_matrix.misconception(
    "Only the first filter has columns. A has output_height * output_width * filters columns."
)
def first_filter_only(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels[..., :1], input_shape, strides, padding)


@convolution_matrix.misconception(
    "All columns were made with the first filter's weights. Filter f has its own, kernels[..., f]."
)
def first_filter_for_all(kernels, input_shape, strides=1, padding="valid"):
    shared = np.broadcast_to(kernels[..., :1], kernels.shape)
    return _matrix(shared, input_shape, strides, padding)


@convolution_matrix.misconception(
    "The kernel's last two axes were mixed up: kernels are (height, width, channels, filters)."
)
def kernel_axes_mixed(kernels, input_shape, strides=1, padding="valid"):
    *size, channels, filters = kernels.shape
    mixed = kernels.reshape(*size, filters, channels).swapaxes(2, 3)
    return _matrix(mixed, input_shape, strides, padding)


@convolution_matrix.misconception(
    "The channels were not compared. Where kernels and image differ in them no such layer exists: "
    "raise a ValueError."
)
def channels_not_compared(kernels, input_shape, strides=1, padding="valid"):
    *size, _, filters = kernels.shape
    channels = min(kernels.shape[2], input_shape[2])
    fitting = np.zeros((*size, input_shape[2], filters), kernels.dtype)
    fitting[:, :, :channels] = kernels[:, :, :channels]
    return _matrix(fitting, input_shape, strides, padding)


@convolution_matrix.misconception(
    "The channels were not compared, and NumPy spread the kernel's only channel over all channels "
    "of the image. Where the two differ no such layer exists: raise a ValueError."
)
def channels_spread(kernels, input_shape, strides=1, padding="valid"):
    if kernels.shape[2] == 1:
        kernels = np.repeat(kernels, input_shape[2], axis=2)
    return _matrix(kernels, input_shape, strides, padding)


@convolution_matrix.misconception(
    "The stride was applied to the kernel's taps, which pulls the kernel apart. It moves the "
    "window: tap a of position i meets pixel i * strides + a, not i + a * strides."
)
def strides_on_taps(kernels, input_shape, strides=1, padding="valid"):
    return _laid(kernels, input_shape, strides, padding, lambda i, a, step: i + a * step)


@convolution_matrix.misconception(
    "The stride was applied to position and tap alike. Only the window moves by it: tap a of "
    "position i meets pixel i * strides + a."
)
def strides_on_both(kernels, input_shape, strides=1, padding="valid"):
    return _laid(kernels, input_shape, strides, padding, lambda i, a, step: (i + a) * step)


@convolution_matrix.misconception(
    "The number of columns is right, but the windows stand side by side: position i begins at "
    "pixel i * strides."
)
def stride_in_the_size_only(kernels, input_shape, strides=1, padding="valid"):
    return _laid(kernels, input_shape, strides, padding, lambda i, a, step: i + a)


@convolution_matrix.misconception("The stride was ignored: every position has a column.")
def strides_ignored(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels, input_shape, 1, padding)


@convolution_matrix.misconception(
    "The strides of height and width were swapped: the first entry belongs to the height."
)
def strides_swapped(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels, input_shape, pair(strides, "")[::-1], padding)


@convolution_matrix.misconception(
    "The first entry of the strides was used for both axes. A pair has one for each."
)
def first_stride_for_both(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels, input_shape, pair(strides, "")[0], padding)


@convolution_matrix.misconception(
    "The zeros of the padding were counted as inputs: A has the rows of the padded image. They are "
    "always zero, so whatever would stand in their rows has no effect: leave the rows out."
)
def padding_as_inputs(kernels, input_shape, strides=1, padding="valid"):
    if padding == "same":
        padded = convolution.pad_same(np.zeros((1, *input_shape)), kernels.shape[:2], strides)
        input_shape = padded.shape[1:]
    return _matrix(kernels, input_shape, strides, "valid")


@convolution_matrix.misconception(
    'The padding was ignored. With "same" there are ceil(size / strides) positions along each '
    "axis, and windows reach beyond the image."
)
def padding_ignored(kernels, input_shape, strides=1, padding="valid"):
    return _matrix(kernels, input_shape, strides, "valid")


@convolution_matrix.misconception(
    'The zeros before the image were forgotten: with "same" the first window begins in the '
    "padding, so tap a of position i meets pixel i * strides + a - before."
)
def nothing_before(kernels, input_shape, strides=1, padding="valid"):
    return _laid(kernels, input_shape, strides, padding, before=lambda *axis: 0)


@convolution_matrix.misconception(
    "The odd zero was put before the image. TensorFlow and Keras put it after, for even kernels "
    "and for stride 2."
)
def odd_zero_before(kernels, input_shape, strides=1, padding="valid"):
    def before(size, taps, step, padding):
        lacking = max((_size(size, taps, step, padding) - 1) * step + taps - size, 0)
        return (lacking + 1) // 2 if padding == "same" else 0

    return _laid(kernels, input_shape, strides, padding, before=before)


@convolution_matrix.misconception(
    "k // 2 zeros were taken to stand before the image. That is right for odd kernels at stride 1 "
    "only."
)
def half_kernel_before(kernels, input_shape, strides=1, padding="valid"):
    def before(size, taps, step, padding):
        return taps // 2 if padding == "same" else 0

    return _laid(kernels, input_shape, strides, padding, before=before)


@convolution_matrix.misconception(
    "The image was padded as for stride 1. Only what the last window lacks is padded, so with "
    "strides the windows start elsewhere."
)
def padded_for_stride_one(kernels, input_shape, strides=1, padding="valid"):
    def before(size, taps, step, padding):
        return (taps - 1) // 2 if padding == "same" else 0

    return _laid(kernels, input_shape, strides, padding, before=before)


@convolution_matrix.misconception(
    "Windows that reach beyond the border came in again on the other side. In NumPy an index of -1 "
    "is the last pixel: leave out what lies outside the image."
)
def around_the_border(kernels, input_shape, strides=1, padding="valid"):
    return _laid(kernels, input_shape, strides, padding, border=lambda place, size: place % size)


@convolution_matrix.misconception(
    "Windows that reach beyond the image's top or left came in again at the bottom or right: in "
    "NumPy an index of -1 is the last pixel. Leave out what lies outside the image."
)
def negative_index(kernels, input_shape, strides=1, padding="valid"):
    def from_the_end(place, size):
        return np.where(place < 0, place + size, place)

    return _laid(kernels, input_shape, strides, padding, border=from_the_end)


@convolution_matrix.misconception(
    "Windows that reach beyond the right or left border came in again one row further: only the "
    "flattened number was tested. Test row and column, 0 <= y < height and 0 <= x < width."
)
def only_the_flat_index_tested(kernels, input_shape, strides=1, padding="valid"):
    inputs, outputs = _shapes(kernels, input_shape, strides, padding)
    if padding == "valid":
        return _matrix(kernels, input_shape, strides, padding)
    starts = [
        np.arange(count) * step - _before(size, taps, step, padding)
        for size, count, taps, step in zip(
            inputs[:2], outputs[:2], kernels.shape[:2], pair(strides, ""), strict=True
        )
    ]
    first = np.add.outer(starts[0] * inputs[1], starts[1]).ravel()
    return _laid_flat(kernels, input_shape, strides, padding, first, first.size)


# --- conv2d_as_dense -----------------------------------------------------------------------------


def _layer(images, kernels, bias, strides, padding, matrix=_matrix, order=None, back=None):
    """The dense layer, with its matrix, the order of FI and the way back left open."""
    batch, *input_shape = images.shape
    _, (rows, columns, filters) = _shapes(kernels, input_shape, strides, padding)
    flat = order(images) if order else images.reshape(batch, -1)
    output = flat @ matrix(kernels, tuple(input_shape), strides, padding)
    shape = batch, rows, columns, filters
    output = back(output, *shape) if back else output.reshape(shape)
    return output if bias is None else output + bias


def _with_matrix(name, hint, wrong):
    """Register the layer that is right but for a mistake in its matrix."""

    def layer(images, kernels, bias=None, strides=1, padding="valid"):
        return _layer(images, kernels, bias, strides, padding, matrix=wrong)

    layer.__name__ = name
    conv2d_as_dense.misconception(hint)(layer)


_with_matrix(
    "flipped_kernel_in_a",
    "This is exactly what you get with the kernel flipped. The mistake is in your matrix: see what "
    "the check of convolution_matrix says.",
    flipped_kernel,
)
_with_matrix(
    "kernel_transposed_in_a",
    "Height and width of the kernel were mixed up. The mistake is in your matrix: see what the "
    "check of convolution_matrix says.",
    kernel_transposed,
)
_with_matrix(
    "windows_at_consecutive_pixels_in_a",
    "Windows run around the rows' ends. The mistake is in your matrix: see what the check of "
    "convolution_matrix says.",
    windows_at_consecutive_pixels,
)
_with_matrix(
    "channels_first_in_a",
    "The matrix has its rows channel by channel, and the image was flattened channels last. The "
    "mistake is in your matrix: see what the check of convolution_matrix says.",
    channels_first,
)
_with_matrix(
    "filters_in_blocks_in_a",
    "The matrix has its filters in blocks, and the output was reshaped as if they were "
    "interleaved. The mistake is in your matrix: see what the check of convolution_matrix says.",
    filters_in_blocks,
)
_with_matrix(
    "strides_on_taps_in_a",
    "The stride pulls the kernel apart. The mistake is in your matrix: see what the check of "
    "convolution_matrix says.",
    strides_on_taps,
)
_with_matrix(
    "nothing_before_in_a",
    "The zeros before the image were forgotten. The mistake is in your matrix: see what the check "
    "of convolution_matrix says.",
    nothing_before,
)


@conv2d_as_dense.misconception("The bias was forgotten. Every unit of a filter adds the same one.")
def bias_forgotten(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, None, strides, padding)


@conv2d_as_dense.misconception(
    "The bias was added once for every pixel of the window. It is added once to the sum."
)
def bias_per_pixel(images, kernels, bias=None, strides=1, padding="valid"):
    taps = kernels.shape[0] * kernels.shape[1]
    return _layer(images, kernels, None if bias is None else taps * bias, strides, padding)


@conv2d_as_dense.misconception(
    "The bias was added to every weight of the matrix, so it is multiplied with the pixels. It is "
    "added to the output."
)
def bias_in_the_matrix(images, kernels, bias=None, strides=1, padding="valid"):
    kernels = kernels if bias is None else kernels + bias
    return _layer(images, kernels, None, strides, padding)


@conv2d_as_dense.misconception(
    "The bias was repeated in blocks, np.repeat for np.tile: the filters of one position stand "
    "side by side. Adding it after the reshape, by broadcasting, needs neither."
)
def bias_in_blocks(images, kernels, bias=None, strides=1, padding="valid"):
    output = _layer(images, kernels, None, strides, padding)
    if bias is None:
        return output
    _, rows, columns, filters = output.shape
    return output + np.repeat(bias, rows * columns).reshape(rows, columns, filters)


@conv2d_as_dense.misconception(
    "The biases were summed, and every map got all of them. Filter f adds bias[f]."
)
def biases_summed(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, None if bias is None else bias.sum(), strides, padding)


@conv2d_as_dense.misconception("Every map got the first filter's bias. Filter f adds bias[f].")
def first_bias_for_all(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, None if bias is None else bias[0], strides, padding)


@conv2d_as_dense.misconception(
    "The output is still flat, one row an image. Give it back its shape: "
    "(batch, output_height, output_width, filters)."
)
def left_flat(images, kernels, bias=None, strides=1, padding="valid"):
    output = _layer(images, kernels, bias, strides, padding)
    return output.reshape(len(output), -1)


@conv2d_as_dense.misconception(
    "The flat output was read as (filters, output_height, output_width) and then turned. In A the "
    "filters run fastest: reshape to (batch, output_height, output_width, filters) at once."
)
def read_filters_first(images, kernels, bias=None, strides=1, padding="valid"):
    def back(output, batch, rows, columns, filters):
        return output.reshape(batch, filters, rows, columns).transpose(0, 2, 3, 1)

    return _layer(images, kernels, bias, strides, padding, back=back)


@conv2d_as_dense.misconception(
    "The filters came before height and width. The output is channels last, like the images."
)
def filters_before_height(images, kernels, bias=None, strides=1, padding="valid"):
    return np.moveaxis(_layer(images, kernels, bias, strides, padding), -1, 1)


@conv2d_as_dense.misconception(
    "Height and width of the output were mixed up when it was reshaped: rows come first."
)
def output_sizes_swapped(images, kernels, bias=None, strides=1, padding="valid"):
    def back(output, batch, rows, columns, filters):
        return output.reshape(batch, columns, rows, filters)

    return _layer(images, kernels, bias, strides, padding, back=back)


@conv2d_as_dense.misconception(
    "The flat output was read column by column. It goes row by row, as `reshape` does by itself."
)
def output_read_by_columns(images, kernels, bias=None, strides=1, padding="valid"):
    def back(output, batch, rows, columns, filters):
        return output.reshape(batch, columns, rows, filters).swapaxes(1, 2)

    return _layer(images, kernels, bias, strides, padding, back=back)


@conv2d_as_dense.misconception(
    "The images were flattened channel by channel, and A has the channels of a pixel side by side: "
    "images.reshape(batch, -1) is in the right order by itself."
)
def flattened_channels_first(images, kernels, bias=None, strides=1, padding="valid"):
    def order(images):
        return images.transpose(0, 3, 1, 2).reshape(len(images), -1)

    return _layer(images, kernels, bias, strides, padding, order=order)


@conv2d_as_dense.misconception(
    "The images were flattened column by column. A has its rows row by row, as `reshape` goes by "
    "itself."
)
def flattened_by_columns(images, kernels, bias=None, strides=1, padding="valid"):
    def order(images):
        return images.swapaxes(1, 2).reshape(len(images), -1)

    return _layer(images, kernels, bias, strides, padding, order=order)


@conv2d_as_dense.misconception(
    "The whole batch was flattened in one go, and read in the wrong order: one image is one row of "
    "FI, so reshape to (batch, -1) and not to (-1, batch)."
)
def batch_flattened_with_the_pixels(images, kernels, bias=None, strides=1, padding="valid"):
    def order(images):
        return images.reshape(-1, len(images)).T

    return _layer(images, kernels, bias, strides, padding, order=order)


@conv2d_as_dense.misconception(
    "The axis of the batch was dropped. A single image is a batch of one, and so is its output."
)
def batch_axis_dropped(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, bias, strides, padding)[0]


@conv2d_as_dense.misconception(
    "Axes of size 1 were squeezed away. They stay: (batch, output_height, output_width, filters)."
)
def squeezed(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, bias, strides, padding).squeeze()


@conv2d_as_dense.misconception(
    "The axis of the filters was dropped. One filter makes one map, and it has an axis as well."
)
def filter_axis_dropped(images, kernels, bias=None, strides=1, padding="valid"):
    output = _layer(images, kernels, bias, strides, padding)
    return output[..., 0] if output.shape[-1] == 1 else output


@conv2d_as_dense.misconception(
    "The images were the product's columns, and its result was reshaped with the batch still last. "
    "Turn it first, or let the images be rows: FI @ A."
)
def batch_still_last(images, kernels, bias=None, strides=1, padding="valid"):
    def back(output, *shape):
        return output.T.reshape(shape)

    return _layer(images, kernels, bias, strides, padding, back=back)


@conv2d_as_dense.misconception("The images of the batch were summed. Each one has its own output.")
def batch_summed(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images.sum(axis=0, keepdims=True), kernels, bias, strides, padding)


@conv2d_as_dense.misconception(
    "Only the first image of the batch was used. FI has one row for each image."
)
def first_image_only(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images[:1], kernels, bias, strides, padding)


@conv2d_as_dense.misconception(
    "The strides did not reach the matrix: every position was computed. Pass them on to "
    "convolution_matrix."
)
def strides_not_passed_on(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, bias, 1, padding)


@conv2d_as_dense.misconception(
    'The padding did not reach the matrix: "same" gave what "valid" gives. Pass it on to '
    "convolution_matrix."
)
def padding_not_passed_on(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, bias, strides, "valid")


@conv2d_as_dense.misconception(
    "Neither strides nor padding reached the matrix. Pass both on to convolution_matrix."
)
def settings_not_passed_on(images, kernels, bias=None, strides=1, padding="valid"):
    return _layer(images, kernels, bias, 1, "valid")


@conv2d_as_dense.misconception(
    "The sums were kept in 8 bits, where 200 + 100 is 44. Convert images and kernels to float "
    "first."
)
def eight_bit_overflow(images, kernels, bias=None, strides=1, padding="valid"):
    output = _layer(images, kernels, bias, strides, padding)
    return output.astype(np.int64) % 256 if images.dtype == np.uint8 else output


@conv2d_as_dense.misconception(
    "The sums were kept in 16 bits, which end at 32767. A layer's sums have no such limit: convert "
    "images and kernels to float first."
)
def sixteen_bit_overflow(images, kernels, bias=None, strides=1, padding="valid"):
    output = _layer(images, kernels, bias, strides, padding)
    return output.astype(np.int64).astype(np.int16) if images.dtype == np.uint8 else output


@conv2d_as_dense.misconception("A ReLU was applied. The layer's activation comes afterwards.")
def rectified(images, kernels, bias=None, strides=1, padding="valid"):
    return np.maximum(_layer(images, kernels, bias, strides, padding), 0)


# --- parameter_ratio -----------------------------------------------------------------------------


def _counts(input_shape, kernel_size, filters, strides, padding):
    """Inputs, positions, filters and weights of a kernel: what every count is made of."""
    height, width, channels = input_shape
    kernel_height, kernel_width = pair(kernel_size, "")
    down, right = pair(strides, "")
    rows = _size(height, kernel_height, down, padding)
    columns = _size(width, kernel_width, right, padding)
    inputs, taps = height * width * channels, kernel_height * kernel_width * channels
    return inputs, rows * columns, filters, taps


@parameter_ratio.misconception(
    "The ratio is upside down: it is the dense layer's parameters over the convolution's, and far "
    "above 1."
)
def inverted(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    return 1 / topic.parameter_ratio(input_shape, kernel_size, filters, strides, padding, use_bias)


@parameter_ratio.misconception(
    "This is the difference of the two counts. Divide the dense layer's by the convolution's."
)
def subtracted(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    counts = topic.parameter_counts(input_shape, kernel_size, filters, strides, padding, use_bias)
    return counts.dense - counts.convolution


@parameter_ratio.misconception(
    "The size of the output was ignored: the dense layer was given one unit for each filter. For "
    "the same output it needs one for each number, output_height * output_width * filters."
)
def one_unit_a_filter(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    inputs, _, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * filters / ((taps + use_bias) * filters)


@parameter_ratio.misconception(
    "The output was taken to be as large as the input. Without padding, or with strides, it is "
    "smaller, and the dense layer needs fewer units."
)
def output_as_large_as_input(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    return topic.parameter_ratio(input_shape, kernel_size, filters, 1, "same", use_bias)


@parameter_ratio.misconception(
    "The filters were forgotten in the dense layer: its output has "
    "output_height * output_width * filters numbers."
)
def filters_forgotten(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * positions / ((taps + use_bias) * filters)


@parameter_ratio.misconception(
    "The filters were forgotten in the convolution: each filter has a kernel of its own."
)
def one_kernel(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * positions * filters / (taps + use_bias)


@parameter_ratio.misconception(
    "The channels were forgotten in the convolution: a kernel has weights for each of them."
)
def channels_forgotten(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * positions / (taps / input_shape[2] + use_bias)


@parameter_ratio.misconception(
    "The channels were forgotten in the dense layer: it sees every number of the input, "
    "height * width * channels."
)
def channels_forgotten_in_dense(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs / input_shape[2] + use_bias) * positions / (taps + use_bias)


@parameter_ratio.misconception(
    "The non-zeros of A were counted. The dense layer that could compute the same has a weight for "
    "every entry: for all inputs and all outputs."
)
def nonzeros_for_entries(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    counts = topic.parameter_counts(input_shape, kernel_size, filters, strides, padding, use_bias)
    return counts.locally_connected / counts.convolution


@parameter_ratio.misconception(
    "The biases were forgotten in both layers: one for each unit of the dense one, one for each "
    "filter of the convolution."
)
def biases_forgotten(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    return topic.parameter_ratio(input_shape, kernel_size, filters, strides, padding, False)


@parameter_ratio.misconception(
    "The dense layer's biases were forgotten: it has one for each of its units, which is one for "
    "each number of the output."
)
def no_bias_in_dense(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return inputs * positions / (taps + use_bias)


@parameter_ratio.misconception("The convolution's biases were forgotten: it has one a filter.")
def no_bias_in_convolution(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * positions / taps


@parameter_ratio.misconception(
    "The dense layer was given one bias a filter. Nothing is shared there: it has one for each of "
    "its units."
)
def dense_shares_its_bias(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs * positions + use_bias) / (taps + use_bias)


@parameter_ratio.misconception(
    "The convolution was given one bias for each position. The bias is shared: one a filter."
)
def convolution_bias_per_position(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs + use_bias) * positions / (taps + use_bias * positions)


@parameter_ratio.misconception(
    "One bias was counted for each layer. The dense one has one a unit, the convolution one a "
    "filter."
)
def one_bias_a_layer(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    inputs, positions, filters, taps = _counts(input_shape, kernel_size, filters, strides, padding)
    return (inputs * positions * filters + use_bias) / (taps * filters + use_bias)


@parameter_ratio.misconception("use_bias was ignored: without biases there are weights only.")
def bias_always(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    return topic.parameter_ratio(input_shape, kernel_size, filters, strides, padding)


@parameter_ratio.misconception(
    "The strides were ignored: with them the output, and so the dense layer, is smaller."
)
def strides_ignored_in_ratio(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    return topic.parameter_ratio(input_shape, kernel_size, filters, 1, padding, use_bias)


@parameter_ratio.misconception(
    'The padding was ignored: with "same" the output is not cut at the border.'
)
def padding_ignored_in_ratio(
    input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True
):
    return topic.parameter_ratio(input_shape, kernel_size, filters, strides, "valid", use_bias)


@parameter_ratio.misconception(
    "The kernel was taken to be square: multiply its height by its width."
)
def square_kernel(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    height, _ = pair(kernel_size, "")
    return topic.parameter_ratio(input_shape, height, filters, strides, padding, use_bias)


@parameter_ratio.misconception(
    "The ratio was rounded to a whole number. Divide with /, which keeps the rest, and not with //."
)
def rounded_down(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    counts = topic.parameter_counts(input_shape, kernel_size, filters, strides, padding, use_bias)
    return counts.dense // counts.convolution
