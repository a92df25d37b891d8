"""Plausible wrong answers of `image_processing`, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import image_processing
from course_lib.arguments import pair
from course_lib.checks.image_processing.cases import (
    BT_601,
    box_kernel,
    edge_magnitude,
    filter2d,
    image_gradients,
    to_gray,
)

_REC_709 = image_processing.REC_709
_gray = image_processing.to_gray
_filter = image_processing.filter2d
_gradients = image_processing.image_gradients


def _wrapped(values):
    """Whole numbers in 8 bits, as an assignment into a uint8 array leaves them."""
    return np.trunc(values).astype(np.int64).astype(np.uint8)


# --- to_gray -------------------------------------------------------------------------------------


@to_gray.misconception(
    "The channels were averaged. The eye finds green far brighter than blue: each channel is "
    "multiplied with its weight, and the products are summed."
)
def plain_mean(image, weights=_REC_709):
    return np.mean(image, axis=2)


@to_gray.misconception(
    "The channels were averaged, and their sum in 8 bits wrapped around at 256. Turn the image "
    "into floating point first, and give each channel its weight."
)
def mean_that_wraps(image, weights=_REC_709):
    return (image[..., 0] + image[..., 1] + image[..., 2]) / 3


@to_gray.misconception(
    "These are the weights of BT.601 (0.299, 0.587, 0.114), the standard of old television. The "
    "task names those of BT.709: 0.2126, 0.7152, 0.0722."
)
def weights_of_bt601(image, weights=_REC_709):
    return _gray(image, BT_601 if weights is _REC_709 else weights)


@to_gray.misconception(
    "These are the weights of BT.601 (0.299, 0.587, 0.114), whatever weights were given. Use the "
    "argument, whose default is BT.709: 0.2126, 0.7152, 0.0722."
)
def always_weights_of_bt601(image, weights=_REC_709):
    return _gray(image, BT_601)


@to_gray.misconception(
    "These are scikit-image's weights (0.2125, 0.7154, 0.0721). The task names those of BT.709, "
    "which differ in the fourth decimal: 0.2126, 0.7152, 0.0722."
)
def weights_of_scikit_image(image, weights=_REC_709):
    return _gray(image, (0.2125, 0.7154, 0.0721) if weights is _REC_709 else weights)


@to_gray.misconception(
    "The weights were rounded to two decimals. Use all four: 0.2126, 0.7152, 0.0722."
)
def rounded_weights(image, weights=_REC_709):
    return _gray(image, np.round(weights, 2))


@to_gray.misconception(
    "The channels were taken in the order blue, green, red, as OpenCV stores them. Here channel 0 "
    "is red and has the first weight."
)
def blue_first(image, weights=_REC_709):
    return image[..., ::-1].astype(float) @ np.asarray(weights)


@to_gray.misconception(
    "The weights that were given were ignored: the sum always used 0.2126, 0.7152, 0.0722. Use "
    "the argument; those are its default."
)
def weights_ignored(image, weights=_REC_709):
    return _gray(image)


@to_gray.misconception(
    "The weighted channels were averaged, so the result is three times too dark. The weights sum "
    "to 1 already: sum the products."
)
def weighted_then_averaged(image, weights=_REC_709):
    return _gray(image, weights) / 3


@to_gray.misconception(
    "The result of an 8-bit image was written into 8 bits, which cut its decimals off. Make the "
    "output floating point; np.zeros_like(image) and image.dtype do not."
)
def decimals_cut_off(image, weights=_REC_709):
    gray = _gray(image, weights)
    return _wrapped(gray) if image.dtype == np.uint8 else gray


@to_gray.misconception(
    "The result was cut to whole numbers, as 8 bits do. The task asks for floating point: an image "
    "from 0 to 1 would become nothing but zeros."
)
def always_eight_bits(image, weights=_REC_709):
    return _wrapped(_gray(image, weights))


@to_gray.misconception(
    "The result was rounded. Rounding comes last, when a picture is stored; until then decimals "
    "are kept."
)
def rounded_gray(image, weights=_REC_709):
    return np.rint(_gray(image, weights))


@to_gray.misconception(
    "An image of 8 bits was scaled to the range 0 to 1. Here the range stays as it came: white is "
    "255 before and after."
)
def scaled_to_one(image, weights=_REC_709):
    gray = _gray(image, weights)
    return gray / 255 if image.dtype == np.uint8 else gray


@to_gray.misconception(
    "Every image was divided by 255. Here the range stays as it came: white is 255 before and "
    "after, or 1 before and after."
)
def always_divided(image, weights=_REC_709):
    return _gray(image, weights) / 255


@to_gray.misconception(
    "The result was divided by its largest value. That helps to show it, but here the range stays "
    "as it came, so that two images can be compared."
)
def gray_stretched(image, weights=_REC_709):
    gray = _gray(image, weights)
    return gray / gray.max()


@to_gray.misconception(
    "The result was cut to the range 0 to 255. Images may hold negative numbers, for example once "
    "their mean is subtracted; a weighted sum leaves them."
)
def gray_clipped(image, weights=_REC_709):
    return np.clip(_gray(image, weights), 0, 255)


@to_gray.misconception("Only one channel was taken, red. Gray is a weighted sum of all three.")
def red_alone(image, weights=_REC_709):
    return image[..., 0]


@to_gray.misconception(
    "Only one channel was taken, green. It counts most, but gray is a weighted sum of all three."
)
def green_alone(image, weights=_REC_709):
    return image[..., 1]


@to_gray.misconception(
    "The brightest channel was taken. That makes pure blue as bright as white; gray is a weighted "
    "sum of all three."
)
def brightest_channel(image, weights=_REC_709):
    return image.max(axis=2)


@to_gray.misconception(
    "The mean of the brightest and the darkest channel was taken (the lightness of HSL). Gray is a "
    "weighted sum of all three."
)
def lightness(image, weights=_REC_709):
    return (image.max(axis=2).astype(float) + image.min(axis=2)) / 2


@to_gray.misconception(
    "Axis 0 was taken for the channels. Here they come last: image[:, :, 0] is red, and image[0] "
    "is the first row."
)
def channels_first(image, weights=_REC_709):
    red, green, blue = (image[c].astype(float) for c in range(3))
    return weights[0] * red + weights[1] * green + weights[2] * blue


@to_gray.misconception(
    "The channels' axis was kept, with length 1. A gray image here has the shape (height, width)."
)
def channel_axis_kept(image, weights=_REC_709):
    return _gray(image, weights)[..., np.newaxis]


@to_gray.misconception(
    "All three channels hold the gray value. It looks gray, but a gray image here has the shape "
    "(height, width)."
)
def three_gray_channels(image, weights=_REC_709):
    return np.repeat(_gray(image, weights)[..., np.newaxis], 3, axis=2)


@to_gray.misconception(
    "The channels were weighted but not summed: sum over the last axis, axis=2 or axis=-1."
)
def not_summed(image, weights=_REC_709):
    return image.astype(float) * np.asarray(weights)


@to_gray.misconception(
    "A fourth channel, or a missing one, was passed over in silence. It may be a transparency, or "
    "the image is gray already: raise a ValueError that says what came."
)
def silent_about_channels(image, weights=_REC_709):
    return image if image.ndim == 2 else _gray(image[..., :3], weights)


# --- box_kernel ----------------------------------------------------------------------------------


@box_kernel.misconception(
    "The kernel was not normalised: it sums, and makes the image brighter by the number of its "
    "entries. A mean divides by that number."
)
def not_normalised(kernel_size):
    return np.ones(pair(kernel_size, ""))


@box_kernel.misconception(
    "The ones were divided by the length of one side. There are height times width of them."
)
def divided_by_one_side(kernel_size):
    height, width = pair(kernel_size, "")
    return np.ones((height, width)) / height


@box_kernel.misconception(
    "The ones were divided by height plus width. There are height times width of them."
)
def divided_by_height_plus_width(kernel_size):
    height, width = pair(kernel_size, "")
    return np.ones((height, width)) / (height + width)


@box_kernel.misconception(
    "The ones were divided by the square of the height. That is right for squares; in general "
    "there are height times width of them."
)
def divided_by_height_squared(kernel_size):
    height, width = pair(kernel_size, "")
    return np.ones((height, width)) / height**2


@box_kernel.misconception(
    "The division was one of whole numbers, with // or into an integer array: 1 // 9 is 0. Use / "
    "and floating point."
)
def divided_without_decimals(kernel_size):
    height, width = pair(kernel_size, "")
    return np.full((height, width), 1 // (height * width))


@box_kernel.misconception(
    "The weights were rounded, so they no longer sum to 1: nine times 0.11 is 0.99. Keep all "
    "decimals."
)
def box_rounded(kernel_size):
    return image_processing.box_kernel(kernel_size).round(2)


@box_kernel.misconception(
    "Height and width were mixed up: the first entry of the pair is the height, the number of rows."
)
def box_axes_swapped(kernel_size):
    return image_processing.box_kernel(pair(kernel_size, "")[::-1])


@box_kernel.misconception(
    "The first entry of the pair was used for both axes. A kernel need not be square."
)
def box_always_square(kernel_size):
    return image_processing.box_kernel(pair(kernel_size, "")[0])


@box_kernel.misconception(
    "The kernel has one axis only. It is a grid of shape (kernel_height, kernel_width)."
)
def box_in_one_row(kernel_size):
    return image_processing.box_kernel(kernel_size).ravel()


@box_kernel.misconception(
    "The kernel has the four axes of a network's layer. Here it is a grid of shape (kernel_height, "
    "kernel_width)."
)
def box_with_four_axes(kernel_size):
    return image_processing.box_kernel(kernel_size)[..., np.newaxis, np.newaxis]


# --- filter2d ------------------------------------------------------------------------------------


def _padded(image, kernel, padding, split=None, mode=None):
    """Pad by `split(taps) -> (before, after)` on both axes, in a mode of `np.pad`."""
    if padding == "valid":
        return image
    split = split or (lambda taps: ((taps - 1) // 2, taps // 2))
    return np.pad(image, [split(taps) for taps in kernel.shape], mode=mode or padding)


@filter2d.misconception(
    "This is exactly what you get with the kernel flipped, as mathematicians define convolution. "
    "Here it is not flipped: leave out the [::-1]."
)
def flipped_kernel(image, kernel, padding="valid"):
    image = _padded(image, kernel, padding)
    return _filter(image, kernel[::-1, ::-1])


@filter2d.misconception(
    "Rows and columns of the kernel were mixed up: its axis 0 goes down the image, as the image's "
    "own axis 0."
)
def kernel_transposed(image, kernel, padding="valid"):
    return _filter(image, kernel.T, padding)


@filter2d.misconception(
    "Window and kernel were multiplied as matrices. Here the numbers that lie on top of each other "
    "are multiplied: window * kernel and not window @ kernel."
)
def matrix_product(image, kernel, padding="valid"):
    windows = np.lib.stride_tricks.sliding_window_view(
        _padded(image, kernel, padding), kernel.shape
    )
    return (windows @ kernel).sum(axis=(2, 3))


@filter2d.misconception(
    "The products were averaged. They are summed; a kernel that shall average holds 1/9 itself."
)
def window_averaged(image, kernel, padding="valid"):
    return _filter(image, kernel / kernel.size, padding)


@filter2d.misconception(
    "The kernel was made to sum to 1. It is used as it is given: a kernel of differences, which "
    "sums to 0, could not be divided by its sum."
)
@np.errstate(all="ignore")
def kernel_normalised(image, kernel, padding="valid"):
    return _filter(image, kernel / kernel.sum(), padding)


@filter2d.misconception(
    "The last row and column of positions are missing: a kernel of k pixels takes size - k + 1 "
    "positions, and range(size - k) stops one too early."
)
def last_position_missing(image, kernel, padding="valid"):
    return _filter(image, kernel, padding)[:-1, :-1]


@filter2d.misconception(
    "The windows stand side by side, like tiles. They overlap: the kernel moves on by one pixel, "
    "not by its own size."
)
def windows_side_by_side(image, kernel, padding="valid"):
    output = _filter(image, kernel, padding)
    return output[:: kernel.shape[0], :: kernel.shape[1]]


@filter2d.misconception(
    'The output has the image\'s size, with zeros where the kernel no longer fits. With "valid" it '
    "has as many rows and columns as there are positions; the other paddings fill the border with "
    "results."
)
def zeros_where_it_does_not_fit(image, kernel, padding="valid"):
    inner, output = _filter(image, kernel), np.zeros(image.shape)
    output[: inner.shape[0], : inner.shape[1]] = inner
    return output


@filter2d.misconception(
    'The output has the image\'s size, with a frame of zeros. With "valid" it has as many rows and '
    "columns as there are positions; the other paddings fill the border with results."
)
def frame_of_zeros(image, kernel, padding="valid"):
    inner = _filter(image, kernel)
    widths = [((k - 1) // 2, k // 2) for k in kernel.shape]
    return np.pad(inner, widths)


@filter2d.misconception(
    "The results' absolute values were taken. The sign tells a change to bright from one to dark."
)
def response_without_sign(image, kernel, padding="valid"):
    return np.abs(_filter(image, kernel, padding))


@filter2d.misconception(
    "Negative results became 0. They count as well: half of all edges are negative."
)
def negative_responses_cut(image, kernel, padding="valid"):
    return np.maximum(_filter(image, kernel, padding), 0)


@filter2d.misconception(
    "The results were cut to the range 0 to 255. Edges are negative, and sums are large: keep them."
)
def response_clipped(image, kernel, padding="valid"):
    return np.clip(_filter(image, kernel, padding), 0, 255)


@filter2d.misconception(
    "The output of an 8-bit image was kept in 8 bits: decimals are cut off, negative results and "
    "those above 255 wrap around. Make the output floating point; image.dtype and "
    "np.zeros_like(image) do not."
)
def output_in_eight_bits(image, kernel, padding="valid"):
    output = _filter(image, kernel, padding)
    return _wrapped(output) if image.dtype == np.uint8 else output


@filter2d.misconception(
    "The results were cut to whole numbers: the output was made for integers. Leave out the dtype, "
    "and np.zeros makes floats."
)
def output_in_integers(image, kernel, padding="valid"):
    return np.trunc(_filter(image, kernel, padding))


@filter2d.misconception(
    "Image and kernel of 8 bits were multiplied in 8 bits, and the products wrapped around at 256. "
    "Turn the image into floating point first."
)
def products_in_eight_bits(image, kernel, padding="valid"):
    windows = np.lib.stride_tricks.sliding_window_view(
        _padded(image, kernel, padding), kernel.shape
    )
    return np.sum(windows * kernel, axis=(2, 3))


@filter2d.misconception(
    "The sum over the window was made in 8 bits and wrapped around at 256, because image and "
    "kernel both have 8 bits. Turn the image into floating point first."
)
def sums_in_eight_bits(image, kernel, padding="valid"):
    output = _filter(image, kernel, padding)
    return _wrapped(output) if image.dtype == kernel.dtype == np.uint8 else output


@filter2d.misconception(
    'The padding was ignored: this is the result of the image alone, as for padding="valid".'
)
def padding_ignored(image, kernel, padding="valid"):
    return _filter(image, kernel)


@filter2d.misconception(
    "The result was padded, and not the image. The border's results must come from windows that "
    "reach over the border: pad first, then slide."
)
def result_padded(image, kernel, padding="valid"):
    return _padded(_filter(image, kernel), kernel, padding)


@filter2d.misconception(
    "At the border the image's own pixels were copied into the result. There, too, a window is "
    "summed: pad the image first, then slide."
)
def border_copied(image, kernel, padding="valid"):
    inner = _filter(image, kernel)
    if padding == "valid":
        return inner
    output = image.astype(float)
    top, left = ((taps - 1) // 2 for taps in kernel.shape)
    output[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return output


@filter2d.misconception(
    "Of an even kernel's padding the odd row and column were put before the image. Here they come "
    "after: (k - 1) // 2 before and k // 2 after."
)
def odd_row_before(image, kernel, padding="valid"):
    return _filter(
        _padded(image, kernel, padding, lambda taps: (taps // 2, (taps - 1) // 2)), kernel
    )


@filter2d.misconception(
    "k // 2 rows and columns were put on both sides. That is right for odd kernels; for even ones "
    "it is one too many: (k - 1) // 2 before and k // 2 after."
)
def half_kernel_both_sides(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel, padding, lambda taps: (taps // 2, taps // 2)), kernel)


@filter2d.misconception(
    "(k - 1) // 2 rows and columns were put on both sides, so the odd one of even kernels is "
    "missing: (k - 1) // 2 before and k // 2 after."
)
def odd_row_missing(image, kernel, padding="valid"):
    return _filter(
        _padded(image, kernel, padding, lambda taps: ((taps - 1) // 2, (taps - 1) // 2)), kernel
    )


@filter2d.misconception(
    "k - 1 rows and columns were put on both sides, so the result is larger than the image. "
    "Together it should be k - 1: (k - 1) // 2 before and k // 2 after."
)
def padded_twice_as_much(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel, padding, lambda taps: (taps - 1, taps - 1)), kernel)


@filter2d.misconception(
    "All of the padding was put after the image, which moves the result: (k - 1) // 2 of it comes "
    "before."
)
def all_padding_after(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel, padding, lambda taps: (0, taps - 1)), kernel)


@filter2d.misconception(
    "The kernel's width decided how many rows were padded, and its height how many columns. Axis 0 "
    "is the height, for both."
)
def padding_axes_swapped(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel.T, padding), kernel)


@filter2d.misconception(
    "The kernel's height decided the padding of both axes. A kernel need not be square."
)
def padding_by_height_alone(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel[:, :1] @ kernel[:, :1].T, padding), kernel)


@filter2d.misconception(
    "There are zeros around the image whatever the padding's name is. Hand the name on, as in "
    "np.pad(image, widths, mode=padding)."
)
def always_zeros(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel, padding, mode="constant"), kernel)


@filter2d.misconception(
    "The border's pixels were repeated whatever the padding's name is. \"constant\" puts zeros "
    'around the image, and "reflect" mirrors it.'
)
def always_repeated(image, kernel, padding="valid"):
    return _filter(_padded(image, kernel, padding, mode="edge"), kernel)


@filter2d.misconception(
    "The mirror stands behind the border's pixels and not on them, so they occur twice. That is "
    'np.pad\'s "symmetric", which SciPy calls "reflect"; here "reflect" is np.pad\'s.'
)
def mirror_repeats_the_border(image, kernel, padding="valid"):
    mode = "symmetric" if padding == "reflect" else padding
    return _filter(_padded(image, kernel, padding, mode=mode), kernel)


@filter2d.misconception(
    'The image was continued at the opposite side ("wrap"). "reflect" mirrors it at its border.'
)
def wrapped_for_mirrored(image, kernel, padding="valid"):
    mode = "wrap" if padding == "reflect" else padding
    return _filter(_padded(image, kernel, padding, mode=mode), kernel)


@filter2d.misconception(
    "What cannot be computed was passed over in silence: a kernel larger than the image gave an "
    "empty result, or an unknown padding was taken for another. Raise a ValueError that says so."
)
def silent_about_the_impossible(image, kernel, padding="valid"):
    if padding not in image_processing.PADDINGS:
        padding = "constant" if padding == "same" else "valid"
    try:
        return _filter(image, kernel, padding)
    except ValueError:
        height, width = (max(s - k + 1, 0) for s, k in zip(image.shape, kernel.shape, strict=True))
        return np.zeros((height, width))


@filter2d.misconception(
    'An unknown padding was taken for "valid". A word that is misspelt would then go unnoticed: '
    "raise a ValueError that names the four."
)
def unknown_padding_as_valid(image, kernel, padding="valid"):
    return _filter(image, kernel, padding if padding in image_processing.PADDINGS else "valid")


# --- image_gradients -----------------------------------------------------------------------------


@image_gradients.misconception(
    "dx and dy are swapped. x goes right, along axis 1: dx = right neighbour minus pixel. And dx "
    "comes first."
)
def x_and_y_swapped(image):
    return _gradients(image)[::-1]


@image_gradients.misconception(
    "The signs are those of left minus right and above minus below. The kernel [-1 1] is not "
    "flipped: the neighbour minus the pixel."
)
def signs_reversed(image):
    dx, dy = _gradients(image)
    return -dx, -dy


@image_gradients.misconception(
    "dy points up: it is above minus below. Axis 0 goes down, so dy is below minus above."
)
def y_upwards(image):
    dx, dy = _gradients(image)
    return dx, -dy


@image_gradients.misconception(
    "The absolute values were taken. The lecture shows those as pictures; the gradient keeps its "
    "sign, which tells a change to bright from one to dark."
)
def absolute_differences(image):
    return tuple(np.abs(d) for d in _gradients(image))


@image_gradients.misconception(
    "Negative differences became 0, so every edge from bright to dark is lost. Keep the sign."
)
def clipped_to_positive(image):
    return tuple(np.maximum(d, 0) for d in _gradients(image))


@image_gradients.misconception(
    "The differences of an 8-bit image were made in 8 bits, where 90 - 100 is 246. Turn the image "
    "into floating point before you subtract."
)
def differences_wrap(image):
    return image[:-1, 1:] - image[:-1, :-1], image[1:, :-1] - image[:-1, :-1]


@image_gradients.misconception(
    "The differences were made in 8 bits with signs, which end at 127: 255 - 0 becomes -1. Use "
    "floating point."
)
def differences_in_signed_bytes(image):
    wrapped = differences_wrap(image)
    return tuple(d.astype(np.int8) if image.dtype == np.uint8 else d for d in wrapped)


@image_gradients.misconception(
    "dx and dy differ in shape, so they cannot be combined. Cut both to (height - 1, width - 1): "
    "dx loses its last row, dy its last column."
)
def not_cut(image):
    image = image.astype(float)
    return image[:, 1:] - image[:, :-1], image[1:] - image[:-1]


@image_gradients.misconception(
    "The first row of dx and the first column of dy were cut off, or left and upper neighbours "
    "were subtracted. Leave out the last ones: entry (i, j) of both compares pixel (i, j) with the "
    "next."
)
def first_row_cut(image):
    dx, dy = not_cut(image)
    return dx[1:], dy[:, 1:]


@image_gradients.misconception(
    "dx and dy have the image's size: the border was padded or repeated. Cut both to (height - 1, "
    "width - 1)."
)
def size_kept(image):
    image = np.pad(image.astype(float), (0, 1), mode="edge")
    return image[:-1, 1:] - image[:-1, :-1], image[1:, :-1] - image[:-1, :-1]


@image_gradients.misconception(
    "dx and dy have the image's size, with zeros put around it. Cut both to (height - 1, width - "
    "1): the step from the image to the zeros is no edge."
)
def size_kept_by_zeros(image):
    image = np.pad(image.astype(float), (0, 1))
    return image[:-1, 1:] - image[:-1, :-1], image[1:, :-1] - image[:-1, :-1]


@image_gradients.misconception(
    "dx and dy have the image's size, and the last column was compared with the first, as np.roll "
    "does. Those are no neighbours: cut both to (height - 1, width - 1)."
)
def size_kept_by_rolling(image):
    image = np.pad(image.astype(float), (0, 1), mode="wrap")
    return image[:-1, 1:] - image[:-1, :-1], image[1:, :-1] - image[:-1, :-1]


@image_gradients.misconception(
    "The right neighbour minus the left one was taken, two pixels apart. The kernel [-1 1] "
    "compares a pixel with its neighbour."
)
def two_pixels_apart(image):
    image = image.astype(float)
    return image[1:-1, 2:] - image[1:-1, :-2], image[2:, 1:-1] - image[:-2, 1:-1]


@image_gradients.misconception(
    "This is np.gradient: half the difference of pixels two apart, and the image's size. The "
    "kernel [-1 1] compares a pixel with its neighbour."
)
def central_differences(image):
    return tuple(np.gradient(image.astype(float))[::-1])


@image_gradients.misconception(
    "This is np.gradient, cut: half the difference of pixels two apart. The kernel [-1 1] compares "
    "a pixel with its neighbour."
)
def central_differences_cut(image):
    dy, dx = np.gradient(image.astype(float))
    return dx[:-1, :-1], dy[:-1, :-1]


@image_gradients.misconception(
    "Both are the lower right neighbour minus the pixel, along the diagonal. dx stays in its row, "
    "dy in its column."
)
def diagonal_differences(image):
    image = image.astype(float)
    diagonal = image[1:, 1:] - image[:-1, :-1]
    return diagonal, diagonal


@image_gradients.misconception(
    "The differences were divided by the largest one. That helps to show them, but here they are "
    "wanted as they are; in a flat image it divides 0 by 0."
)
@np.errstate(all="ignore")
def differences_normalised(image):
    return tuple(d / np.abs(d).max() for d in _gradients(image))


@image_gradients.misconception("The differences were divided by 255. They keep the image's range.")
def differences_scaled(image):
    return tuple(d / 255 for d in _gradients(image))


@image_gradients.misconception("The differences were halved. Neighbours are one pixel apart.")
def differences_halved(image):
    return tuple(d / 2 for d in _gradients(image))


# --- edge_magnitude ------------------------------------------------------------------------------


@edge_magnitude.misconception(
    "|dx| + |dy| was computed. That makes diagonal edges too strong; the Euclidean norm is "
    "sqrt(dx**2 + dy**2)."
)
def sum_of_absolutes(image):
    dx, dy = _gradients(image)
    return np.abs(dx) + np.abs(dy)


@edge_magnitude.misconception(
    "The larger of |dx| and |dy| was taken. That makes diagonal edges too weak; the Euclidean norm "
    "is sqrt(dx**2 + dy**2)."
)
def larger_of_both(image):
    dx, dy = _gradients(image)
    return np.maximum(np.abs(dx), np.abs(dy))


@edge_magnitude.misconception(
    "The sum of squares was halved: ** comes before /, so x**1/2 is (x**1) / 2. Write x**0.5, or "
    "np.sqrt(x)."
)
def half_for_root(image):
    dx, dy = _gradients(image)
    return (dx**2 + dy**2) / 2


@edge_magnitude.misconception(
    "This is the norm of np.gradient, which compares pixels two apart. Take the differences of "
    "image_gradients."
)
def norm_of_central_differences(image):
    dx, dy = central_differences_cut(image)
    return np.hypot(dx, dy)


@edge_magnitude.misconception("The root is missing: this is dx**2 + dy**2.")
def squared_norm(image):
    dx, dy = _gradients(image)
    return dx**2 + dy**2


@edge_magnitude.misconception(
    "dx and dy were added with their signs, so an edge to bright and one to dark cancel. Square "
    "them first."
)
def absolute_of_sum(image):
    dx, dy = _gradients(image)
    return np.abs(dx + dy)


@edge_magnitude.misconception(
    "dx and dy were added before they were squared: (dx + dy)**2 is not dx**2 + dy**2."
)
def signed_sum(image):
    dx, dy = _gradients(image)
    return dx + dy


@edge_magnitude.misconception(
    "The squares were averaged, so the result is too small by the square root of 2. Sum them."
)
def root_of_mean(image):
    dx, dy = _gradients(image)
    return np.sqrt((dx**2 + dy**2) / 2)


@edge_magnitude.misconception(
    "Half of |dx| + |dy| was computed, the mean. The Euclidean norm is sqrt(dx**2 + dy**2)."
)
def mean_of_absolutes(image):
    return sum_of_absolutes(image) / 2


@edge_magnitude.misconception(
    "This is the norm of the clipped gradient: negative differences became 0, so edges to dark are "
    "lost. Squares need no clipping."
)
def norm_of_clipped(image):
    return np.hypot(*clipped_to_positive(image))


@edge_magnitude.misconception(
    "This is the norm of differences that wrapped around in 8 bits, where 90 - 100 is 246. Turn "
    "the image into floating point before you subtract."
)
def norm_of_wrapped(image):
    return np.hypot(*(d.astype(float) for d in differences_wrap(image)))


@edge_magnitude.misconception(
    "Differences and squares were computed in 8 bits and wrapped around at 256. Turn the image "
    "into floating point before you subtract."
)
def squares_wrap(image):
    dx, dy = differences_wrap(image)
    return np.sqrt(dx**2 + dy**2)


@edge_magnitude.misconception(
    "The squares were computed in 16 bits, which end at 32767; 200 times 200 is 40000 already. Use "
    "floating point."
)
@np.errstate(all="ignore")
def squares_in_sixteen_bits(image):
    dx, dy = _gradients(image)
    if image.dtype == np.uint8:
        dx, dy = dx.astype(np.int16), dy.astype(np.int16)
    return np.sqrt((dx**2 + dy**2).astype(float))


@edge_magnitude.misconception(
    "The result was cut off at 255. An edge can be as strong as 255 times the square root of 2."
)
def magnitude_clipped(image):
    magnitude = image_processing.edge_magnitude(image)
    return np.minimum(magnitude, 255) if image.dtype == np.uint8 else magnitude


@edge_magnitude.misconception(
    "The result of an 8-bit image was written into 8 bits: decimals are cut off, and edges above "
    "255 wrap around. Keep it in floating point."
)
def magnitude_in_eight_bits(image):
    magnitude = image_processing.edge_magnitude(image)
    return _wrapped(magnitude) if image.dtype == np.uint8 else magnitude


@edge_magnitude.misconception(
    "The result was divided by its largest value. That helps to show it, but then edges of two "
    "images cannot be compared, and in a flat image it divides 0 by 0."
)
@np.errstate(all="ignore")
def magnitude_normalised(image):
    magnitude = image_processing.edge_magnitude(image)
    return magnitude / magnitude.max()


@edge_magnitude.misconception("Only dx was used. Horizontal edges show in dy alone.")
def x_alone(image):
    return np.abs(_gradients(image)[0])


@edge_magnitude.misconception("Only dy was used. Vertical edges show in dx alone.")
def y_alone(image):
    return np.abs(_gradients(image)[1])


@edge_magnitude.misconception(
    "This is the gradient's direction, an angle. Its strength is sqrt(dx**2 + dy**2)."
)
def direction_for_strength(image):
    dx, dy = _gradients(image)
    return np.arctan2(dy, dx)


@edge_magnitude.misconception(
    "One number for the whole image was computed. The norm is taken at every pixel; np.linalg.norm "
    "of an array sums over all of it unless it is given an axis."
)
def one_norm_for_all(image):
    return float(np.linalg.norm(_gradients(image)))
