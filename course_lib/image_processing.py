"""Images as arrays, and what can be done to them with a small kernel: gray, blur, edges.

A gray image is `(height, width)`, a colour image `(height, width, 3)` in the order red, green,
blue. Axis 0 is y and goes down, axis 1 is x and goes right. Results are floating point, because
numbers of 8 bits wrap around; the range of the input stays, 0 to 255 or 0 to 1.
"""

import numpy as np

from course_lib.arguments import integer, numeric_array, pair, positive

GRAY_AXES = ("height", "width")
COLOUR_AXES = ("height", "width", "channels")
KERNEL_AXES = ("kernel_height", "kernel_width")
REC_709 = (0.2126, 0.7152, 0.0722)
PADDINGS = ("valid", "constant", "edge", "reflect")


def to_gray(image, weights=REC_709):
    """Turn a colour image into a gray one: a weighted sum of red, green and blue.

    The eye finds green brighter than red, and red brighter than blue, so the plain mean would make
    a blue sky too bright and a lawn too dark.

    Args:
        image: array of shape `(height, width, 3)`: red, green, blue.
        weights: what each channel counts. They sum to 1, so that white stays white.

    Returns:
        An array of shape `(height, width)`, of at least float32 precision, in the image's range.

    Raises:
        ValueError: if `image` has another rank or number of channels, or if there are not three
            weights.

    Example:
        >>> image = np.array([[[255, 255, 255], [200, 100, 50]]], np.uint8)
        >>> to_gray(image)                # 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50 = 117.65
        array([[255.  , 117.65]], dtype=float32)

    Reference:
        ITU-R BT.709. The standard defines the weights for linear light; like most programs we
        apply them to the stored, gamma-encoded numbers, whose result is called luma.
    """
    image, weights = _colour_and_weights(image, weights)
    return image @ weights


def to_uint8(image):
    """Bring numbers between 0 and 255 back to 8 bits, as a picture file wants them.

    `image.astype("uint8")` alone cuts the decimals off and lets 256 become 0: rounding and
    clipping come first.

    Args:
        image: array of shape `(height, width)` or `(height, width, channels)`, 0 to 255.

    Returns:
        A uint8 array of the same shape.

    Raises:
        ValueError: if `image` has another rank.

    Example:
        >>> to_uint8([[-3.0, 99.7, 256.0]])
        array([[  0, 100, 255]], dtype=uint8)
    """
    return np.clip(np.rint(_gray_or_colour(image)), 0, 255).astype(np.uint8)


def histogram(image, bins=256, limits=(0, 256)):
    """Count how many pixels have which intensity: how dark or bright, flat or contrasty.

    Args:
        image: array of shape `(height, width)` or `(height, width, channels)`.
        bins: number of intervals between the limits, all of one width.
        limits: `(lowest, highest)`; what lies outside is not counted.

    Returns:
        A tuple `(counts, edges)`: integers of shape `(bins,)`, or `(bins, channels)`, and the
        intervals' `bins + 1` borders.

    Raises:
        ValueError: if `image` has another rank, `bins` is no positive integer, or the limits are
            no two growing numbers.

    Example:
        >>> counts, edges = histogram(np.array([[0, 0, 7], [255, 9, 0]], np.uint8), bins=2)
        >>> counts, edges
        (array([5, 1]), array([  0., 128., 256.]))
    """
    image = _gray_or_colour(image)
    bins, limits = integer(bins, "bins"), numeric_array(limits, "limits", ("ends",))
    if limits.shape != (2,) or not limits[0] < limits[1]:
        raise ValueError(
            f"limits must be two growing numbers, such as (0, 256); got {tuple(limits.tolist())}."
        )
    edges = np.linspace(*limits, bins + 1)
    counts = [np.histogram(channel, edges)[0] for channel in np.atleast_3d(image).T]
    return (np.stack(counts, axis=1) if image.ndim == 3 else counts[0]), edges


def box_kernel(kernel_size):
    """Make the kernel that replaces each pixel by the mean of its window: the simplest blur.

    Args:
        kernel_size: an integer for a square, or a pair for height and width.

    Returns:
        An array of shape `(kernel_height, kernel_width)` whose equal entries sum to 1, so that
        the image gets neither brighter nor darker.

    Raises:
        ValueError: if a size is not a positive integer.

    Example:
        >>> box_kernel((2, 4))                     # 1 / (2 * 4)
        array([[0.125, 0.125, 0.125, 0.125],
               [0.125, 0.125, 0.125, 0.125]])
    """
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    return np.full((kernel_height, kernel_width), 1 / (kernel_height * kernel_width))


def gaussian_kernel(kernel_size, sigma=1.0):
    """Make the kernel of a soft blur, whose weights fall with the distance from the middle.

    Unlike the box it is round, and it leaves no new edges: a square of light becomes a soft spot.

    Args:
        kernel_size: an integer for a square, or a pair; about `6 * sigma + 1` holds nearly all.
        sigma: standard deviation in pixels.

    Returns:
        An array of shape `(kernel_height, kernel_width)` that sums to 1.

    Raises:
        ValueError: if a size is not a positive integer or `sigma` is not above 0.

    Example:
        >>> gaussian_kernel((1, 3), sigma=1.0).round(3)   # exp(-1/2) and 1, over their sum
        array([[0.274, 0.452, 0.274]])
    """
    sigma = positive(sigma, "sigma")
    rows, columns = (np.arange(k) - (k - 1) / 2 for k in pair(kernel_size, "kernel_size"))
    squares = rows[:, np.newaxis] ** 2 + columns**2
    # The nearest tap's exponent becomes 0, so that a tiny sigma does not divide 0 by 0.
    weights = np.exp((squares.min() - squares) / sigma**2 / 2)
    return weights / weights.sum()


def sharpen_kernel(amount=1.0, kernel_size=3):
    """Make the kernel that adds to an image what a blur takes from it, *unsharp masking*.

    Args:
        amount: how much of the difference between image and blur is added.
        kernel_size: an odd integer, or a pair of them: the window of the blur.

    Returns:
        An array of shape `(kernel_height, kernel_width)` that sums to 1.

    Raises:
        ValueError: if a size is not a positive odd integer or `amount` is not above 0.

    Example:
        >>> sharpen_kernel(9.0)                    # -9 / 9 around, 1 + 9 more in the middle
        array([[-1., -1., -1.],
               [-1.,  9., -1.],
               [-1., -1., -1.]])
    """
    amount = positive(amount, "amount")
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    if kernel_height % 2 == 0 or kernel_width % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd, since an even kernel has no middle tap; got {kernel_size!r}."
        )
    kernel = -amount * box_kernel((kernel_height, kernel_width))
    kernel[kernel_height // 2, kernel_width // 2] += 1 + amount
    return kernel


def filter2d(image, kernel, padding="valid"):
    """Slide a kernel over a gray image: in every window, the sum of products.

    It is what a convolutional layer does, with one channel, one filter and a kernel chosen by hand.
    The kernel is not flipped (cross-correlation).

    Args:
        image: array of shape `(height, width)`.
        kernel: array of shape `(kernel_height, kernel_width)`.
        padding: `"valid"` keeps the windows that lie inside the image; `"constant"` puts zeros
            around it, `"edge"` repeats its border pixels, `"reflect"` mirrors it at them (the words
            of `numpy.pad`). Those three keep the size; of an even kernel's padding the odd row and
            column come after, as in `padding="same"` of the networks.

    Returns:
        An array of at least float32 precision, of the image's shape or, for `"valid"`,
        `(height - kernel_height + 1, width - kernel_width + 1)`.

    Raises:
        ValueError: if a rank is wrong, an array is empty, `padding` is unknown, or the kernel does
            not fit into an image that is not padded.

    Example:
        >>> image = np.array([[0, 0, 1], [2, 0, 0]])
        >>> filter2d(image, [[-1, 1]])             # right minus left
        array([[ 0.,  1.],
               [-2.,  0.]])
        >>> filter2d(image, [[-1, 1]], "constant") # behind the last pixel stands a 0
        array([[ 0.,  1., -1.],
               [-2.,  0.,  0.]])
    """
    image, kernel = _image_and_kernel(image, kernel)
    if _padding_mode(padding) != "valid":
        image = np.pad(image, [((k - 1) // 2, k // 2) for k in kernel.shape], mode=padding)
    height, width = _positions(image, kernel)
    output = np.zeros((height, width), image.dtype)
    for i, j in np.ndindex(kernel.shape):
        output += kernel[i, j] * image[i : i + height, j : j + width]
    return output


def image_gradients(image):
    """Differences between neighbouring pixels, large where an edge is: kernels `[-1 1]`.

    Both are cut to the pixels that have a right *and* a lower neighbour, so that they can be
    combined. Each sits half a pixel off, between the two pixels that it compares.

    Args:
        image: array of shape `(height, width)`, at least 2 pixels each way.

    Returns:
        A tuple `(dx, dy)` of shape `(height - 1, width - 1)` each: right minus left, and below
        minus above. Negative where the image gets darker.

    Raises:
        ValueError: if `image` has another rank or fewer than 2 rows or columns.

    Example:
        >>> dx, dy = image_gradients([[0, 3, 3], [4, 4, 0]])
        >>> dx                                     # 3 - 0, 3 - 3
        array([[3., 0.]])
        >>> dy                                     # 4 - 0, 4 - 3
        array([[4., 1.]])
    """
    image = _gray(image, smallest=2)
    dx = image[:-1, 1:] - image[:-1, :-1]
    dy = image[1:, :-1] - image[:-1, :-1]
    return dx, dy


def edge_magnitude(image):
    """Strength of the edge at each pixel, whatever its direction: the gradient's Euclidean norm.

    Args:
        image: array of shape `(height, width)`, at least 2 pixels each way.

    Returns:
        An array of shape `(height - 1, width - 1)`, nowhere negative.

    Raises:
        ValueError: if `image` has another rank or fewer than 2 rows or columns.

    Example:
        >>> edge_magnitude([[0, 3, 3], [4, 4, 0]])  # sqrt(3**2 + 4**2), sqrt(0**2 + 1**2)
        array([[5., 1.]])
    """
    dx, dy = image_gradients(image)
    return np.sqrt(dx**2 + dy**2)


def sobel_gradients(image):
    """Differences that are smoothed across their direction, so that noise makes fewer edges.

    The kernels are the weights `[1 2 1] / 4` across times the difference `[-1 0 1] / 2` along, so
    the result is a change per pixel, as that of `image_gradients`. It sits on the pixel.

    Args:
        image: array of shape `(height, width)`, at least 3 pixels each way.

    Returns:
        A tuple `(dx, dy)` of shape `(height - 2, width - 2)` each.

    Raises:
        ValueError: if `image` has another rank or fewer than 3 rows or columns.

    Example:
        >>> dx, dy = sobel_gradients([[0, 5, 2], [0, 5, 2], [0, 5, 6]])
        >>> dx, dy                                 # (2 + 2 * 2 + 6) / 8, (0 + 2 * 0 + 4) / 8
        (array([[1.5]]), array([[0.5]]))

    Reference:
        Sobel and Feldman (1968), A 3x3 isotropic gradient operator for image processing. Many
        libraries leave the division by 8 out.
    """
    image = _gray(image, smallest=3)
    kernel = np.outer([1, 2, 1], [-1, 0, 1]) / 8
    return filter2d(image, kernel), filter2d(image, kernel.T)


def intensity_profile(image, start, end, samples=100):
    """Read a gray image along a straight line: an edge is a step in the profile.

    Between pixels it interpolates: of the four around a place, the nearer ones count more.

    Args:
        image: array of shape `(height, width)`.
        start: `(row, column)` of the line's first place, in pixels; need not be whole numbers.
        end: `(row, column)` of its last.
        samples: number of places, evenly spaced, both ends included.

    Returns:
        An array of shape `(samples,)`.

    Raises:
        ValueError: if `image` has another rank, an end lies outside of it, or `samples` is less
            than 2.

    Example:
        >>> intensity_profile([[0, 10], [20, 30]], (0, 0), (1, 1), samples=3)
        array([ 0., 15., 30.])
    """
    image = _gray(image)
    samples = integer(samples, "samples", minimum=2)
    ends = [_place(image, start, "start"), _place(image, end, "end")]
    rows, columns = np.linspace(*ends, samples).T
    top, left = (
        np.minimum(at.astype(int), max(size - 2, 0))
        for at, size in zip((rows, columns), image.shape, strict=True)
    )
    below, right = (
        np.minimum(at + 1, size - 1) for at, size in zip((top, left), image.shape, strict=True)
    )
    down, across = rows - top, columns - left
    upper = image[top, left] * (1 - across) + image[top, right] * across
    lower = image[below, left] * (1 - across) + image[below, right] * across
    return upper * (1 - down) + lower * down


def _floating(array):
    """The array in at least 32-bit floating point, where it cannot wrap around."""
    return array.astype(np.result_type(array, np.float32), copy=False)


def _gray_or_colour(image):
    return numeric_array(image, "image", COLOUR_AXES if np.ndim(image) == 3 else GRAY_AXES)


def _gray(image, smallest=1):
    image = numeric_array(image, "image", GRAY_AXES)
    if min(image.shape) < smallest:
        raise ValueError(
            f"image must have at least {smallest} rows and columns; got shape {image.shape}."
        )
    return _floating(image)


def _colour_and_weights(image, weights):
    """Check both and bring them to one floating-point type, so that no sum wraps around."""
    image = numeric_array(image, "image", COLOUR_AXES)
    weights = numeric_array(weights, "weights", ("channels",))
    channels = image.shape[2]
    if channels != 3:
        fix = "Leave the transparency out with image[..., :3]." if channels == 4 else ""
        raise ValueError(
            f"image must have 3 channels, red, green and blue; got {channels} in shape "
            f"{image.shape}. {fix}".rstrip()
        )
    if weights.shape != (3,):
        raise ValueError(
            f"weights must hold one number for each of red, green and blue; got {len(weights)}."
        )
    image = _floating(image)
    return image, weights.astype(image.dtype)


def _image_and_kernel(image, kernel):
    """Check both and bring them to one floating-point type."""
    image = numeric_array(image, "image", GRAY_AXES)
    kernel = numeric_array(kernel, "kernel", KERNEL_AXES)
    if image.size == 0 or kernel.size == 0:
        raise ValueError(
            f"image and kernel must not be empty; got shapes {image.shape} and {kernel.shape}."
        )
    dtype = np.result_type(image, kernel, np.float32)
    return image.astype(dtype, copy=False), kernel.astype(dtype, copy=False)


def _positions(image, kernel):
    """How many windows fit, down and across; at least one each way."""
    height, width = (size - k + 1 for size, k in zip(image.shape, kernel.shape, strict=True))
    if height < 1 or width < 1:
        raise ValueError(
            f"a kernel of shape {kernel.shape} does not fit into an image of shape {image.shape}. "
            f'Use another padding than "valid", a smaller kernel, or a larger image.'
        )
    return height, width


def _padding_mode(value):
    if not isinstance(value, str) or value not in PADDINGS:
        names = ", ".join(f'"{name}"' for name in PADDINGS)
        raise ValueError(f"padding must be one of {names}, in lower case; got {value!r}.")
    return value


def _place(image, value, name):
    """Return a place as two floats, if it lies inside the image."""
    place = numeric_array(value, name, ("place",)).astype(float)
    last = np.array(image.shape) - 1
    if place.shape != (2,) or not np.all((place >= 0) & (place <= last)):
        raise ValueError(
            f"{name} must be a pair (row, column) from (0, 0) to {tuple(last.tolist())}; "
            f"got {value!r}."
        )
    return place
