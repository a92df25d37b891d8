"""Convolution as neural networks compute it, from loops to one matrix product to the FFT.

Images are channels last, `(batch, height, width, channels)`, and kernels are
`(kernel_height, kernel_width, channels, filters)`, as in Keras. What is computed is
*cross-correlation*: the kernel is not flipped.
"""

import numpy as np

from course_lib.arguments import integer, numeric_array, padding_name, pair, positive

IMAGE_AXES = ("batch", "height", "width", "channels")
KERNEL_AXES = ("kernel_height", "kernel_width", "channels", "filters")


def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    """Number of positions that a kernel takes along one axis.

    A network's designer needs it to know the shape of every layer before running one.

    Args:
        size: pixels along the axis.
        kernel_size: taps of the kernel along the axis.
        strides: step from one position to the next.
        padding: `"valid"` (none) or `"same"` (zeros, so that stride 1 keeps the size).
        dilation_rate: distance between neighbouring taps.

    Returns:
        An integer: `floor((size - k) / strides) + 1` for `"valid"`, where
        `k = (kernel_size - 1) * dilation_rate + 1`, and `ceil(size / strides)` for `"same"`.

    Raises:
        ValueError: if an argument is not a positive integer, if `padding` is unknown, or if the
            kernel does not fit into an axis that is not padded.

    Example:
        >>> output_size(7, 3), output_size(7, 3, strides=2)   # 7 - 3 + 1; floor(4 / 2) + 1
        (5, 3)
        >>> output_size(25, 2, strides=2, padding="same")     # ceil(25 / 2): half, rounded up
        13

    Reference:
        Dumoulin and Visin (2016), A guide to convolution arithmetic, relationship 5. `"same"` is
        TensorFlow's and Keras's definition.
    """
    size, kernel_size = integer(size, "size"), integer(kernel_size, "kernel_size")
    strides = integer(strides, "strides")
    dilation_rate = integer(dilation_rate, "dilation_rate")
    if padding_name(padding) == "same":
        return -(-size // strides)
    extent = _extent(kernel_size, dilation_rate)
    if extent > size:
        raise ValueError(
            f"a kernel of {kernel_size} taps at dilation_rate {dilation_rate} covers "
            f'{extent} pixels and does not fit into {size}. Use padding="same", a smaller '
            f"kernel, or a larger image."
        )
    return (size - extent) // strides + 1


def pad_same(images, kernel_size, strides=1, dilation_rate=1):
    """Put zeros around images as `padding="same"` does.

    The total along an axis is what the last window lacks; when it is odd, the extra zero comes
    *after*: for even kernels at stride 1, say, or odd ones at stride 2 on even sizes.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernel_size: an integer, or a pair for height and width; likewise `strides` and
            `dilation_rate`.
        strides: see `kernel_size`. The padding depends on it.
        dilation_rate: see `kernel_size`.

    Returns:
        An array of the same dtype and shape `(batch, padded_height, padded_width, channels)`.

    Raises:
        ValueError: if `images` has another rank or an argument is not a positive integer.

    Example:
        >>> pad_same(np.ones((1, 4, 4, 1)), 3, strides=2)[0, :, :, 0]   # 0 before, 1 after
        array([[1., 1., 1., 1., 0.],
               [1., 1., 1., 1., 0.],
               [1., 1., 1., 1., 0.],
               [1., 1., 1., 1., 0.],
               [0., 0., 0., 0., 0.]])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    settings = zip(
        images.shape[1:3],
        pair(kernel_size, "kernel_size"),
        pair(strides, "strides"),
        pair(dilation_rate, "dilation_rate"),
        strict=True,
    )
    rows, columns = (_same_padding(*axis) for axis in settings)
    return np.pad(images, ((0, 0), rows, columns, (0, 0)))


def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    """Convolve a batch of images with a stack of kernels: a convolutional layer's output.

    Every window is copied into one row of a matrix (*im2col*), so that a single matrix product
    does all the sums, which is where a processor is fastest.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(kernel_height, kernel_width, channels, filters)`.
        bias: array of shape `(filters,)`, one scalar a filter, or `None`.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`.
        dilation_rate: an integer, or a pair for height and width.

    Input shape:
        `(batch, height, width, channels)`

    Output shape:
        `(batch, output_height, output_width, filters)`, the sizes as `output_size` gives them.

    Returns:
        An array of at least float32 precision.

    Raises:
        ValueError: if a rank is wrong, the channels of images and kernels differ, the bias does
            not have one entry a filter, or the kernel does not fit into the image.

    Example:
        >>> image = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> kernel = np.array([[1.0, 0.0], [0.0, 2.0]]).reshape(2, 2, 1, 1)
        >>> conv2d(image, kernel)[0, :, :, 0]    # top left: 1 * 0 + 2 * 4
        array([[ 8., 11.],
               [17., 20.]])

    Reference:
        Chellapilla, Puri and Simard (2006), High performance convolutional neural networks for
        document processing (im2col). Padding, strides and dilation are `keras.ops.conv`'s.
    """
    images, kernels, bias, strides, dilation_rate = _prepare(
        images, kernels, bias, strides, padding, dilation_rate
    )
    windows = _windows(images, kernels.shape[:2], strides, dilation_rate)
    batch, height, width, *_ = windows.shape
    *taps, filters = kernels.shape
    columns = windows.reshape(batch * height * width, np.prod(taps))
    output = columns @ kernels.reshape(-1, filters)
    output += bias
    return output.reshape(batch, height, width, filters)


def conv2d_loops(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    """`conv2d` as its definition reads: one sum of products for every output number.

    The slow oracle that the fast forms are tested against. Arguments, shapes and errors are those
    of `conv2d`.

    Example:
        >>> conv2d_loops(np.ones((1, 3, 3, 2)), np.ones((2, 2, 2, 1)))[0, :, :, 0]   # 2 * 2 * 2
        array([[8., 8.],
               [8., 8.]])
    """
    images, kernels, bias, strides, dilation_rate = _prepare(
        images, kernels, bias, strides, padding, dilation_rate
    )
    batch, image_height, image_width, _ = images.shape
    kernel_height, kernel_width, _, filters = kernels.shape
    height = output_size(image_height, kernel_height, strides[0], "valid", dilation_rate[0])
    width = output_size(image_width, kernel_width, strides[1], "valid", dilation_rate[1])
    rows = _extent(kernel_height, dilation_rate[0])
    columns = _extent(kernel_width, dilation_rate[1])
    output = np.zeros((batch, height, width, filters), images.dtype)
    for n in range(batch):
        for i in range(height):
            for j in range(width):
                top, left = i * strides[0], j * strides[1]
                window = images[
                    n,
                    top : top + rows : dilation_rate[0],
                    left : left + columns : dilation_rate[1],
                ]
                for f in range(filters):
                    output[n, i, j, f] = np.sum(window * kernels[:, :, :, f]) + bias[f]
    return output


def conv2d_fft(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    """`conv2d` by the convolution theorem: a product of spectra, summed over channels.

    Its cost hardly depends on the kernel's size, so it wins for large kernels. Strides save
    nothing: the full result is computed and subsampled. Arguments, shapes and errors are those of
    `conv2d`.

    Example:
        >>> image, kernel = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((3, 3, 1, 1))
        >>> conv2d_fft(image, kernel)[0, :, :, 0].round(6)       # 0 + 1 + 2 + 4 + ... + 10 = 45
        array([[45., 54.],
               [81., 90.]])

    Reference:
        Mathieu, Henaff and LeCun (2014), Fast training of convolutional networks through FFTs.
        The conjugate of the kernel's spectrum makes it a cross-correlation.
    """
    images, kernels, bias, strides, dilation_rate = _prepare(
        images, kernels, bias, strides, padding, dilation_rate
    )
    _, image_height, image_width, _ = images.shape
    kernel_height, kernel_width, _, _ = kernels.shape
    height = output_size(image_height, kernel_height, 1, "valid", dilation_rate[0])
    width = output_size(image_width, kernel_width, 1, "valid", dilation_rate[1])
    spread = np.zeros(
        (
            _extent(kernel_height, dilation_rate[0]),
            _extent(kernel_width, dilation_rate[1]),
            *kernels.shape[2:],
        ),
        kernels.dtype,
    )
    spread[:: dilation_rate[0], :: dilation_rate[1]] = kernels
    grid = (image_height, image_width)
    image_spectrum = np.fft.rfft2(images, grid, axes=(1, 2))
    kernel_spectrum = np.fft.rfft2(spread, grid, axes=(0, 1)).conj()
    # For each frequency one product of matrices: (batch, channels) by (channels, filters).
    product = np.moveaxis(image_spectrum, 0, 2) @ kernel_spectrum
    full = np.moveaxis(np.fft.irfft2(product, grid, axes=(0, 1)), 2, 0)
    # Beyond height and width the kernel wraps around the periodic grid.
    return (full[:, : height : strides[0], : width : strides[1]] + bias).astype(images.dtype)


def conv2d_gradients(images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1):
    """Gradients of a loss with respect to everything that `conv2d` was given.

    Each kernel tap met the image at every position, so its gradient is a sum over positions and
    over the batch; each pixel met several taps, so its gradient is a sum over the windows that
    cover it.

    Args:
        images: array of shape `(batch, height, width, channels)`, as given to `conv2d`.
        kernels: array of shape `(kernel_height, kernel_width, channels, filters)`.
        output_gradient: the loss's gradient with respect to `conv2d`'s output, of its shape.
        strides: as given to `conv2d`.
        padding: as given to `conv2d`.
        dilation_rate: as given to `conv2d`.

    Returns:
        A tuple `(images_gradient, kernels_gradient, bias_gradient)` of the shapes of `images`,
        `kernels` and `(filters,)`.

    Raises:
        ValueError: as `conv2d`, and if `output_gradient` does not have the output's shape.

    Example:
        >>> image, kernel = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
        >>> by_image, by_kernel, by_bias = conv2d_gradients(image, kernel, np.ones((1, 2, 2, 1)))
        >>> by_image[0, :, :, 0]                 # how many windows cover each pixel
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
        >>> by_kernel[:, :, 0, 0]                # top left: 0 + 1 + 3 + 4
        array([[ 8., 12.],
               [20., 24.]])
        >>> by_bias
        array([4.])

    Reference:
        LeCun et al. (1998), Gradient-based learning applied to document recognition.
    """
    original_height, original_width = np.shape(images)[1:3] if np.ndim(images) == 4 else (0, 0)
    images, kernels, _, strides, dilation_rate = _prepare(
        images, kernels, None, strides, padding, dilation_rate
    )
    kernel_height, kernel_width, _, filters = kernels.shape
    windows = _windows(images, (kernel_height, kernel_width), strides, dilation_rate)
    batch, height, width, *_ = windows.shape
    output_gradient = numeric_array(
        output_gradient, "output_gradient", (*IMAGE_AXES[:3], "filters")
    )
    if output_gradient.shape != (batch, height, width, filters):
        raise ValueError(
            f"output_gradient must have the shape of conv2d's output, "
            f"{(batch, height, width, filters)}; got {output_gradient.shape}. Call both with the "
            f"same strides, padding and dilation_rate."
        )
    rows = output_gradient.reshape(-1, filters).astype(images.dtype)
    columns = windows.reshape(batch * height * width, -1)
    kernels_gradient = (columns.T @ rows).reshape(kernels.shape)
    by_window = (rows @ kernels.reshape(-1, filters).T).reshape(windows.shape)
    padded_gradient = np.zeros_like(images)
    for i in range(kernel_height):
        for j in range(kernel_width):
            top, left = i * dilation_rate[0], j * dilation_rate[1]
            padded_gradient[
                :,
                top : top + height * strides[0] : strides[0],
                left : left + width * strides[1] : strides[1],
            ] += by_window[:, :, :, i, j]
    images_gradient = padded_gradient
    if padding == "same":
        top, _ = _same_padding(original_height, kernel_height, strides[0], dilation_rate[0])
        left, _ = _same_padding(original_width, kernel_width, strides[1], dilation_rate[1])
        images_gradient = padded_gradient[
            :, top : top + original_height, left : left + original_width
        ]
    return images_gradient, kernels_gradient, rows.sum(axis=0)


def learn_kernels(images, targets, kernel_size, steps=100, learning_rate=0.1):
    """Find the kernels that turn images into targets, by gradient descent.

    It is the smallest training loop there is: one layer, no bias, no padding, full batch. The loss
    is the mean of the squared differences; it is convex in the kernels, so they may start at zero.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        targets: array of shape `(batch, output_height, output_width, filters)`.
        kernel_size: an integer, or a pair for height and width.
        steps: number of steps, each over all images.
        learning_rate: what a step multiplies the gradient with.

    Returns:
        A tuple `(kernels, losses)`: the learnt kernels of shape
        `(kernel_height, kernel_width, channels, filters)`, and the loss before each step, of shape
        `(steps,)`.

    Raises:
        ValueError: as `conv2d`, and if the targets do not have the output's shape or the learning
            rate is no number above zero.

    Example:
        >>> image = np.random.default_rng(0).normal(size=(1, 16, 16, 1))
        >>> difference = image[:, :, 1:] - image[:, :, :-1]
        >>> kernels, losses = learn_kernels(image, difference, (1, 2))
        >>> kernels[0, :, 0, 0].round(3)
        array([-1.,  1.])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    targets = numeric_array(targets, "targets", (*IMAGE_AXES[:3], "filters"))
    steps = integer(steps, "steps", minimum=0)
    learning_rate = positive(learning_rate, "learning_rate")
    channels, filters = images.shape[-1], targets.shape[-1]
    kernels = np.zeros((*pair(kernel_size, "kernel_size"), channels, filters))
    losses = np.zeros(steps)
    for step in range(steps):
        errors = conv2d(images, kernels)
        if errors.shape != targets.shape:
            raise ValueError(
                f"targets must have the output's shape {errors.shape}; got "
                f"{targets.shape}. Crop them to the windows that lie inside the image."
            )
        errors -= targets
        losses[step] = np.mean(errors**2)
        _, gradient, _ = conv2d_gradients(images, kernels, 2 * errors / errors.size)
        kernels -= learning_rate * gradient
    return kernels, losses


def conv2d_parameters(kernel_size, channels, filters, use_bias=True):
    """Number of trainable parameters of a convolutional layer.

    It depends on the channels and not on the image's size, which is what a dense layer cannot say.

    Args:
        kernel_size: an integer, or a pair for height and width.
        channels: channels of the input.
        filters: number of kernels, each over all channels.
        use_bias: whether each filter adds one scalar.

    Returns:
        An integer, `kernel_height * kernel_width * channels * filters`, plus `filters` with bias.

    Raises:
        ValueError: if a size is not a positive integer.

    Example:
        >>> conv2d_parameters(3, channels=3, filters=8)          # 224 = 3 * 3 * 3 * 8 + 8
        224
    """
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    channels, filters = integer(channels, "channels"), integer(filters, "filters")
    return (kernel_height * kernel_width * channels + bool(use_bias)) * filters


def _extent(kernel_size, dilation_rate):
    """Pixels from a kernel's first tap to its last, both counted."""
    return (kernel_size - 1) * dilation_rate + 1


def _same_padding(size, kernel_size, strides, dilation_rate):
    """Zeros before and after one axis: what the last window lacks, the odd one after."""
    last_window = (output_size(size, kernel_size, strides, "same") - 1) * strides
    total = max(last_window + _extent(kernel_size, dilation_rate) - size, 0)
    return total // 2, total - total // 2


def _prepare(images, kernels, bias, strides, padding, dilation_rate):
    """Check the arguments, bring them to one floating-point type and pad the images."""
    images = numeric_array(images, "images", IMAGE_AXES)
    kernels = numeric_array(kernels, "kernels", KERNEL_AXES)
    if images.size == 0 or kernels.size == 0:
        raise ValueError(
            f"images and kernels must not be empty; got shapes {images.shape} and {kernels.shape}."
        )
    channels, filters = kernels.shape[2:]
    if images.shape[-1] != channels:
        raise ValueError(
            f"images have {images.shape[-1]} channels and kernels expect {channels}: got shapes "
            f"{images.shape} and {kernels.shape}. Axis 3 of images and axis 2 of kernels must "
            f"agree."
        )
    dtype = np.result_type(images, kernels, np.float32)  # so that uint8 images cannot overflow
    if bias is None:
        bias = np.zeros(filters, dtype)
    bias = numeric_array(bias, "bias", ("filters",))
    if bias.shape != (filters,):
        raise ValueError(
            f"bias must hold one number a filter, shape ({filters},); got shape {bias.shape}."
        )
    strides, dilation_rate = pair(strides, "strides"), pair(dilation_rate, "dilation_rate")
    if padding_name(padding) == "same":
        images = pad_same(images, kernels.shape[:2], strides, dilation_rate)
    images, kernels, bias = (a.astype(dtype, copy=False) for a in (images, kernels, bias))
    return images, kernels, bias, strides, dilation_rate


def _windows(images, kernel_size, strides, dilation_rate):
    """View every window without copying it: (batch, height, width, *kernel_size, channels)."""
    batch, image_height, image_width, channels = images.shape
    height, width = (
        output_size(size, taps, step, "valid", gap)
        for size, taps, step, gap in zip(
            (image_height, image_width), kernel_size, strides, dilation_rate, strict=True
        )
    )
    by_image, by_row, by_column, by_channel = images.strides
    return np.lib.stride_tricks.as_strided(
        images,
        shape=(batch, height, width, *kernel_size, channels),
        strides=(
            by_image,
            by_row * strides[0],
            by_column * strides[1],
            by_row * dilation_rate[0],
            by_column * dilation_rate[1],
            by_channel,
        ),
        writeable=False,
    )
