"""Making images larger, from scratch: interpolation, and convolution transposed.

Images are channels last, `(batch, height, width, channels)`. The kernels of a transposed
convolution are `(kernel_height, kernel_width, filters, channels)`, as Keras's `Conv2DTranspose` has
them: they are those of the convolution that it turns around.
"""

import numpy as np

from course_lib.arguments import integer, numeric_array, padding_name, pair
from course_lib.convolution import IMAGE_AXES

KERNEL_AXES = ("kernel_height", "kernel_width", "filters", "channels")


def upsample_nearest(images, size=2):
    """Repeat each pixel in a block: the nearest pixel's value, wherever one looks.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        size: how often each pixel is repeated, an integer or a pair for height and width.

    Returns:
        An array of the same dtype and shape `(batch, height * size, width * size, channels)`.

    Raises:
        ValueError: if the rank is wrong, or `size` is no positive integer.

    Example:
        >>> image = np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
        >>> upsample_nearest(image, (1, 2))[0, :, :, 0]
        array([[1, 1, 2, 2],
               [3, 3, 4, 4]])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    down, right = pair(size, "size")
    return images.repeat(down, axis=1).repeat(right, axis=2)


def upsample_bilinear(images, size=2):
    """Interpolate linearly between the centres of neighbouring pixels, along rows and columns.

    A pixel is a small square, and its value stands at the middle of it. So the new pixel `i` lies
    at `(i + 0.5) / size - 0.5` of the old grid; beyond the outermost centres nothing is known, and
    the border's value goes on.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        size: new pixels for each old one, an integer or a pair for height and width.

    Returns:
        An array of at least float32 precision and shape
        `(batch, height * size, width * size, channels)`.

    Raises:
        ValueError: if the rank is wrong, or `size` is no positive integer.

    Example:
        >>> image = np.array([0.0, 4.0, 8.0]).reshape(1, 1, 3, 1)
        >>> upsample_bilinear(image, (1, 2))[0, 0, :, 0]      # 1 = 3/4 * 0 + 1/4 * 4
        array([0., 1., 3., 5., 7., 8.])

    Reference:
        Keras's `UpSampling2D(interpolation="bilinear")`, which has the same convention.
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    images = images.astype(np.result_type(images, np.float32))
    (down, right), (_, height, width, _) = pair(size, "size"), images.shape
    rows = interpolation_matrix(height, down).astype(images.dtype)
    columns = interpolation_matrix(width, right).astype(images.dtype)
    return np.einsum("ih,bhwc,jw->bijc", rows, images, columns, optimize=True)


def interpolation_matrix(size, factor):
    """Return the matrix that interpolates linearly between `size` numbers in a row.

    Interpolation is linear in the image, as convolution is, but its weights are not learnt.

    Args:
        size: how many numbers go in.
        factor: how many come out for each.

    Returns:
        An array of shape `(size * factor, size)` whose rows add up to 1.

    Example:
        >>> interpolation_matrix(2, 2)
        array([[1.  , 0.  ],
               [0.75, 0.25],
               [0.25, 0.75],
               [0.  , 1.  ]])
    """
    size, factor = integer(size, "size"), integer(factor, "factor")
    where = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    # A tent of width 2 around each centre: 1 there, 0 at its neighbours.
    return np.clip(1 - np.abs(where[:, np.newaxis] - np.arange(size)), 0, 1)


def transposed_size(size, kernel_size, strides=1, padding="valid", output_padding=None):
    """Return the length of an axis after a transposed convolution.

    A convolution of stride s takes s different sizes to one, since it rounds. Turned around, each
    of them may come out; `input_sizes` lists them. Keras chooses the largest for `"same"`, and for
    `"valid"` the smallest that is no less than `size * strides`. `output_padding` asks for another.

    Args:
        size: pixels along the axis.
        kernel_size: taps of the kernel along the axis.
        strides: step from one copy of the kernel to the next.
        padding: `"valid"` keeps all that the copies cover, `"same"` as much as `size * strides`.
        output_padding: pixels more than Keras's least (below), or `None` for its own choice.

    Returns:
        An integer. `"valid"`: `(size - 1) * strides + kernel_size + output_padding`, or without
        `output_padding` `size * strides + max(kernel_size - strides, 0)`. `"same"`:
        `(size - 1) * strides + kernel_size % 2 + output_padding`, or without `size * strides`.

    Raises:
        ValueError: if a number is no positive integer, the padding is unknown, or `output_padding`
            asks for a size that is not among `input_sizes`.

    Example:
        >>> transposed_size(4, 3, strides=2)                   # 4 * 2 + (3 - 2)
        9
        >>> transposed_size(4, 3, strides=2, padding="same")   # 4 * 2
        8
        >>> transposed_size(4, 3, 2, "same", output_padding=0) # 3 * 2 + 1
        7

    Reference:
        Dumoulin and Visin (2016), A guide to convolution arithmetic, relationship 14, whose `a` is
        `output_padding`.
    """
    size, kernel_size = integer(size, "size"), integer(kernel_size, "kernel_size")
    strides = integer(strides, "strides")
    same = padding_name(padding) == "same"
    if output_padding is None:
        return size * strides + (0 if same else max(kernel_size - strides, 0))
    more = integer(output_padding, "output_padding", minimum=0)
    length = (size - 1) * strides + (kernel_size % 2 if same else kernel_size) + more
    sizes = input_sizes(size, kernel_size, strides, padding)
    if length not in sizes:
        least = sizes[0] - length + more
        raise ValueError(
            f"output_padding={more} asks for {length} pixels, of which the convolution "
            f"does not make {size}. It must be at least {least} and less than "
            f"{least + strides} here; or leave it out."
        )
    return length


def input_sizes(size, kernel_size, strides=1, padding="valid"):
    """Return the sizes that a convolution takes to `size`: what its transpose may give back.

    Args:
        size: pixels of the convolution's output along an axis.
        kernel_size: taps of its kernel.
        strides: its step.
        padding: its padding.

    Returns:
        A list of integers, `strides` of them, in ascending order.

    Example:
        >>> input_sizes(4, 3, strides=2, padding="same")
        [7, 8]
        >>> from course_lib.convolution import output_size
        >>> [output_size(n, 3, 2, "same") for n in (6, 7, 8, 9)]
        [3, 4, 4, 5]
    """
    size, kernel_size = integer(size, "size"), integer(kernel_size, "kernel_size")
    strides = integer(strides, "strides")
    start = (size - 1) * strides + (1 if padding_name(padding) == "same" else kernel_size)
    return list(range(start, start + strides))


def conv2d_transpose(images, kernels, strides=1, padding="valid", output_padding=None):
    """Let every pixel paint a copy of the kernel, times its value; where copies overlap, they add.

    It is the adjoint of `convolution.conv2d` with the same kernels, strides and padding: the
    matrix of one is the transpose of the other's. So it undoes what a convolution does to shapes,
    and nothing of what it does to values; and it computes a convolution's gradient with respect to
    its input.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(kernel_height, kernel_width, filters, channels)`.
        strides: the step from one copy to the next, an integer or a pair for height and width.
        padding: `"valid"` keeps all copies whole; `"same"` cuts the canvas to `size * strides`.
        output_padding: an integer, or a pair; see `transposed_size`, which also gives the sizes.

    Input shape:
        `(batch, height, width, channels)`

    Output shape:
        `(batch, output_height, output_width, filters)`

    Returns:
        An array of at least float32 precision.

    Raises:
        ValueError: if a rank is wrong, the channels of images and kernels differ, or a setting is
            out of range.

    Example:
        >>> image = np.array([[1.0, 10.0]]).reshape(1, 1, 2, 1)
        >>> kernel = np.array([[1.0, 2.0, 3.0]]).reshape(1, 3, 1, 1)
        >>> conv2d_transpose(image, kernel, (1, 2))[0, :, :, 0]    # 13 = 3 * 1 + 1 * 10
        array([[ 1.,  2., 13., 20., 30.]])

    Reference:
        Dumoulin and Visin (2016), A guide to convolution arithmetic, section 4. The padding and the
        sizes are those of Keras's `Conv2DTranspose`.
    """
    images, kernels, (down, right) = _prepare(images, kernels, strides)
    batch, height, width, _ = images.shape
    kernel_height, kernel_width, filters, _ = kernels.shape
    sizes = _sizes(images, kernels, (down, right), padding, output_padding)
    rows, columns = (height - 1) * down + kernel_height, (width - 1) * right + kernel_width
    shape = batch, max(rows, sizes[0]), max(columns, sizes[1]), filters
    canvas = np.zeros(shape, images.dtype)
    for i in range(kernel_height):
        for j in range(kernel_width):
            # Tap (i, j) of all copies at once: they lie a stride apart and do not overlap.
            there = np.s_[:, i : i + height * down : down, j : j + width * right : right]
            canvas[there] += images @ kernels[i, j].T
    top, left = max(rows - sizes[0], 0) // 2, max(columns - sizes[1], 0) // 2
    return canvas[:, top : top + sizes[0], left : left + sizes[1]]


def conv2d_transpose_loops(images, kernels, strides=1, padding="valid", output_padding=None):
    """`conv2d_transpose` as its definition reads: every pixel paints its copy of the kernel.

    The slow oracle. Arguments, shapes and errors are those of `conv2d_transpose`.

    Example:
        >>> kernel = np.ones((2, 2, 1, 1))
        >>> conv2d_transpose_loops(np.ones((1, 2, 2, 1)), kernel)[0, :, :, 0]
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
    """
    images, kernels, (down, right) = _prepare(images, kernels, strides)
    batch, height, width, _ = images.shape
    kernel_height, kernel_width, filters, _ = kernels.shape
    rows, columns = _sizes(images, kernels, (down, right), padding, output_padding)
    top = max((height - 1) * down + kernel_height - rows, 0) // 2
    left = max((width - 1) * right + kernel_width - columns, 0) // 2
    output = np.zeros((batch, rows, columns, filters), images.dtype)
    for n, y, x in np.ndindex(batch, height, width):
        for i, j in np.ndindex(kernel_height, kernel_width):
            row, column = y * down + i - top, x * right + j - left
            if 0 <= row < rows and 0 <= column < columns:
                output[n, row, column] += kernels[i, j] @ images[n, y, x]
    return output


def overlap_counts(size, kernel_size, strides=1, padding="valid"):
    """Count how many copies of the kernel a transposed convolution paints on each pixel.

    Where the counts alternate, so does the output: a checkerboard. They are even wherever the
    strides divide the kernel's size. Read backwards, a count says how many windows of the
    convolution look at the pixel: for 1x1 kernels with strides of 2, three pixels in four have 0.

    Args:
        size: of the image that is made larger, an integer or a pair for height and width.
        kernel_size: likewise.
        strides: likewise.
        padding: `"valid"` or `"same"`.

    Returns:
        An array of integers of shape `(output_height, output_width)`.

    Example:
        >>> overlap_counts((1, 4), (1, 3), (1, 2))
        array([[1, 1, 2, 1, 2, 1, 2, 1, 1]])
        >>> overlap_counts((1, 4), (1, 2), (1, 2))
        array([[1, 1, 1, 1, 1, 1, 1, 1]])

    Reference:
        Odena, Dumoulin and Olah (2016), Deconvolution and checkerboard artifacts.
    """
    ones = np.ones((1, *pair(size, "size"), 1))
    kernel = np.ones((*pair(kernel_size, "kernel_size"), 1, 1))
    return conv2d_transpose(ones, kernel, strides, padding)[0, :, :, 0].astype(int)


def phase_means(images, strides=2):
    """Average an image's pixels by where they stand in their block of `strides`.

    A pattern that repeats with every block, such as a checkerboard, shows in these few numbers; in
    a natural image they are all alike.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        strides: the block, an integer or a pair for height and width.

    Returns:
        An array of shape `(strides, strides)`.

    Raises:
        ValueError: if the image is smaller than one block.

    Example:
        >>> stripes = np.tile([0.0, 1.0], 3).reshape(1, 1, 6, 1)
        >>> phase_means(stripes, (1, 2))
        array([[0., 1.]])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    down, right = pair(strides, "strides")
    height, width = images.shape[1] // down * down, images.shape[2] // right * right
    if not height or not width:
        raise ValueError(
            f"images must have at least one block of {down} x {right} pixels; got shape "
            f"{images.shape}. Choose smaller strides."
        )
    blocks = images[:, :height, :width].reshape(
        len(images), height // down, down, width // right, right, -1
    )
    return blocks.mean(axis=(0, 1, 3, 5))


def checkerboard(images, strides=2):
    """Return how strong the pattern of the strides is in images, as a share of their variation.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        strides: of the transposed convolution that made them, an integer or a pair.

    Returns:
        A float from 0 to 1: the standard deviation of `phase_means` over that of the images. For a
        constant image it is 0.

    Example:
        >>> stripes = np.tile([0.0, 1.0], 3).reshape(1, 1, 6, 1)
        >>> checkerboard(stripes, (1, 2)), checkerboard(np.sort(stripes, axis=2), (1, 3))
        (1.0, 0.0)
    """
    spread = float(np.std(np.asarray(images, float)))
    pattern = float(np.std(phase_means(images, strides)))
    return min(pattern / spread, 1.0) if spread > 0 else 0.0


def bilinear_kernels(size, channels=1):
    """Return the kernels with which a transposed convolution interpolates bilinearly.

    Interpolation is a special transposed convolution, then: one that may be learnt further. With
    strides of `size` and `padding="same"` it agrees with `upsample_bilinear` everywhere but at the
    border, where zeros lie beyond the image.

    Args:
        size: by how much the image grows, an integer.
        channels: each is interpolated for itself.

    Returns:
        An array of shape `(taps, taps, channels, channels)` with `taps = 2 * size - size % 2`.

    Example:
        >>> bilinear_kernels(2)[1, :, 0, 0]
        array([0.1875, 0.5625, 0.5625, 0.1875])

    Reference:
        Long, Shelhamer and Darrell (2015), Fully convolutional networks for semantic segmentation,
        section 3.3.
    """
    size, channels = integer(size, "size"), integer(channels, "channels")
    taps = 2 * size - size % 2
    tent = 1 - np.abs(np.arange(taps) - (taps - 1) / 2) / size
    return np.einsum("i,j,fc->ijfc", tent, tent, np.eye(channels))


def _prepare(images, kernels, strides):
    """Check the arguments and bring images and kernels to one floating-point type."""
    images = numeric_array(images, "images", IMAGE_AXES)
    kernels = numeric_array(kernels, "kernels", KERNEL_AXES)
    if images.size == 0 or kernels.size == 0:
        raise ValueError(
            f"images and kernels must not be empty; got shapes {images.shape} and {kernels.shape}."
        )
    if images.shape[-1] != kernels.shape[-1]:
        raise ValueError(
            f"images have {images.shape[-1]} channels and kernels expect {kernels.shape[-1]}: got "
            f"shapes {images.shape} and {kernels.shape}. The last axes of both must agree: kernels "
            f"are (height, width, filters, channels)."
        )
    dtype = np.result_type(images, kernels, np.float32)  # so that uint8 images cannot overflow
    return (
        images.astype(dtype, copy=False),
        kernels.astype(dtype, copy=False),
        pair(strides, "strides"),
    )


def _sizes(images, kernels, strides, padding, output_padding):
    more = (None, None)
    if output_padding is not None:
        more = pair(output_padding, "output_padding", minimum=0)
    axes = zip(images.shape[1:3], kernels.shape[:2], strides, more, strict=True)
    return [transposed_size(n, k, s, padding, extra) for n, k, s, extra in axes]
