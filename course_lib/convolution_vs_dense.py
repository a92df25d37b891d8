"""A convolution written as a dense layer: one large matrix, mostly zeros, its weights shared.

With the image flattened to a *row* vector FI, row by row and channels last as
`keras.layers.Flatten` does, the lecture's `O = FI A` holds for a matrix `A` of shape
`(height * width * channels, output_height * output_width * filters)`. Axis 0 has one row for each
number of the input, axis 1 one column for each number of the output.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import sparse

from course_lib.arguments import integer, numeric_array, padding_name, pair
from course_lib.convolution import (
    IMAGE_AXES,
    KERNEL_AXES,
    conv2d_parameters,
    output_size,
)

LOCAL_AXES = ("output_height", "output_width", *KERNEL_AXES)


class MatrixCounts(NamedTuple):
    """How many numbers a layer's matrix holds: all entries, those not zero, different weights."""

    entries: int
    nonzeros: int
    distinct: int


class ParameterCounts(NamedTuple):
    """Parameters of three layers with one input and output shape, from constrained to free."""

    convolution: int
    locally_connected: int
    dense: int


def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    """Build the matrix A with which a dense layer computes a convolution, `O = FI A`.

    It shows what a convolutional layer leaves out: column by column it holds the kernel at the
    pixels of one window, and zeros everywhere else.

    Args:
        kernels: array of shape `(kernel_height, kernel_width, channels, filters)`.
        input_shape: `(height, width, channels)` of one image.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`. Zeros of the padding are no inputs and have no row.

    Returns:
        An array of shape `(height * width * channels, output_height * output_width * filters)`,
        of at least float32 precision.

    Raises:
        ValueError: if a rank is wrong, the channels of kernels and input differ, or the kernel does
            not fit into the image.

    Example:
        >>> kernel = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
        >>> convolution_matrix(kernel, (2, 3, 1))    # two windows: pixels 0, 1, 3, 4 and 1, 2, 4, 5
        array([[1., 0.],
               [2., 1.],
               [0., 2.],
               [3., 0.],
               [4., 3.],
               [0., 4.]])

    Reference:
        Dumoulin and Visin (2016), A guide to convolution arithmetic, section 4.1; their matrix
        multiplies a column vector and is the transpose of this one.
    """
    kernels, input_shape, strides = _prepare(kernels, input_shape, strides, padding)
    (y, a, i), (x, b, j) = _meetings(input_shape, kernels.shape, strides, padding)
    output_shape = _output_shape(input_shape, kernels.shape, strides, padding)
    matrix = np.zeros((*input_shape, *output_shape), kernels.dtype)
    matrix[y, x, :, i, j, :] = kernels[a, b]
    return matrix.reshape(math.prod(input_shape), math.prod(output_shape))


def sparse_convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    """Build `convolution_matrix` without its zeros.

    For a photograph the dense matrix does not fit into memory; its non-zeros do. A weight that
    happens to be zero is stored all the same, since training may change it. Arguments and errors
    are those of `convolution_matrix`.

    Returns:
        A `scipy.sparse.csr_array` of the same shape and values.

    Example:
        >>> matrix = sparse_convolution_matrix(np.ones((3, 3, 1, 1)), (96, 96, 1))
        >>> matrix.shape, matrix.nnz                          # 79524 = 94 * 94 * 3 * 3
        ((9216, 8836), 79524)
    """
    kernels, input_shape, strides = _prepare(kernels, input_shape, strides, padding)
    *_, channels, filters = kernels.shape
    vertical, horizontal = _meetings(input_shape, kernels.shape, strides, padding)
    y, a, i = (axis[..., np.newaxis, np.newaxis] for axis in vertical)
    x, b, j = (axis[..., np.newaxis, np.newaxis] for axis in horizontal)
    channel, map_number = np.arange(channels)[:, np.newaxis], np.arange(filters)
    output_shape = _output_shape(input_shape, kernels.shape, strides, padding)
    rows = np.ravel_multi_index(np.broadcast_arrays(y, x, channel), input_shape)
    columns = np.ravel_multi_index(np.broadcast_arrays(i, j, map_number), output_shape)
    values, rows, columns = np.broadcast_arrays(kernels[a, b, channel, map_number], rows, columns)
    return sparse.csr_array(
        (values.ravel(), (rows.ravel(), columns.ravel())),
        shape=(math.prod(input_shape), math.prod(output_shape)),
    )


def conv2d_as_dense(images, kernels, bias=None, strides=1, padding="valid"):
    """Compute a convolutional layer as a dense one: flatten, multiply with A, give back the shape.

    It proves the lecture's claim that the two are one operation; nobody would compute it this way.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(kernel_height, kernel_width, channels, filters)`.
        bias: array of shape `(filters,)`, one scalar a filter, or `None`.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`.

    Input shape:
        `(batch, height, width, channels)`

    Output shape:
        `(batch, output_height, output_width, filters)`

    Returns:
        An array of at least float32 precision, equal to `convolution.conv2d`'s up to rounding.

    Raises:
        ValueError: if a rank is wrong, the channels of images and kernels differ, the bias does
            not have one entry a filter, or the kernel does not fit into the image.

    Example:
        >>> image = np.arange(6.0).reshape(1, 2, 3, 1)
        >>> kernel = np.array([[1.0, 0.0], [0.0, 2.0]]).reshape(2, 2, 1, 1)
        >>> conv2d_as_dense(image, kernel)[0, :, :, 0]        # 1 * 0 + 2 * 4, then 1 * 1 + 2 * 5
        array([[ 8., 11.]])
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    batch, *input_shape = images.shape
    matrix = convolution_matrix(kernels, input_shape, strides, padding)
    shapes, strides = (input_shape, np.shape(kernels)), pair(strides, "strides")
    output_shape = _output_shape(*shapes, strides, padding)
    # One scalar a filter, so every position gets the same one: the bias is shared as well.
    bias = _bias(bias, output_shape[-1:], ("filters",))
    output = images.reshape(batch, math.prod(input_shape)) @ matrix
    return output.reshape(batch, *output_shape) + bias.astype(output.dtype)


def conv2d_transpose_as_dense(outputs, kernels, input_shape, strides=1, padding="valid"):
    """Carry numbers of the output's shape back to the input's, by A's transpose.

    It is the transposed convolution, and with a loss's gradient for `outputs` it is the gradient
    with respect to the images: each pixel collects from the windows that it lies in.

    Args:
        outputs: array of shape `(batch, output_height, output_width, filters)`.
        kernels: array of shape `(kernel_height, kernel_width, channels, filters)`, as given to the
            convolution that is turned around.
        input_shape: `(height, width, channels)` of that convolution's images. It must be told:
            with strides several sizes have the same output's.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`.

    Returns:
        An array of shape `(batch, height, width, channels)`.

    Raises:
        ValueError: as `convolution_matrix`, and if `outputs` does not have the output's shape.

    Example:
        >>> kernel = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
        >>> output = np.array([[1.0, 10.0]]).reshape(1, 1, 2, 1)
        >>> conv2d_transpose_as_dense(output, kernel, (2, 3, 1))[0, :, :, 0]     # 12 = 2 + 10 * 1
        array([[ 1., 12., 20.],
               [ 3., 34., 40.]])
    """
    outputs = numeric_array(outputs, "outputs", ("batch", *LOCAL_AXES[:2], "filters"))
    matrix = convolution_matrix(kernels, input_shape, strides, padding)
    output_shape = _output_shape(input_shape, np.shape(kernels), pair(strides, "strides"), padding)
    if outputs.shape[1:] != output_shape:
        raise ValueError(
            f"outputs must have the shape (batch, {', '.join(map(str, output_shape))}) that the "
            f"convolution of input_shape {tuple(input_shape)} has; got {outputs.shape}. Give both "
            f"the same strides and padding."
        )
    return (outputs.reshape(len(outputs), -1) @ matrix.T).reshape(-1, *input_shape)


def locally_connected(images, kernels, bias=None, strides=1, padding="valid"):
    """Apply a layer that looks at windows, as a convolution does, with a kernel for each position.

    It keeps locality and drops sharing: the step between a convolutional and a dense layer.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        kernels: array of shape `(output_height, output_width, kernel_height, kernel_width,
            channels, filters)`.
        bias: array of shape `(output_height, output_width, filters)`, or `None`.
        strides: an integer, or a pair for height and width.
        padding: `"valid"` or `"same"`. Weights on zeros of the padding have no effect.

    Returns:
        An array of shape `(batch, output_height, output_width, filters)`.

    Raises:
        ValueError: if a rank is wrong, or the kernels are not as many as the positions.

    Example:
        >>> kernels = np.arange(1.0, 7.0).reshape(1, 3, 1, 1, 1, 2)      # a 1x1 kernel a pixel
        >>> locally_connected(np.ones((1, 1, 3, 1)), kernels)[0, 0]
        array([[1., 2.],
               [3., 4.],
               [5., 6.]])

    Reference:
        LeCun (1989), Generalization and network design strategies (local connections, with and
        without shared weights).
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    kernels = _not_empty(numeric_array(kernels, "kernels", LOCAL_AXES))
    positions, one_kernel = kernels.shape[:2], kernels[0, 0]
    batch, *input_shape = images.shape
    _, _, strides = _prepare(one_kernel, input_shape, strides, padding)
    output_shape = _output_shape(input_shape, one_kernel.shape, strides, padding)
    if positions != output_shape[:2]:
        raise ValueError(
            f"there are {output_shape[0]} x {output_shape[1]} positions and each needs a kernel; "
            f"got kernels of shape {kernels.shape}. Axes 0 and 1 of kernels count positions."
        )
    bias = _bias(bias, output_shape, ("output_height", "output_width", "filters"))
    (y, a, i), (x, b, j) = _meetings(input_shape, one_kernel.shape, strides, padding)
    dtype = np.result_type(images, kernels, np.float32)
    matrix = np.zeros((*input_shape, *output_shape), dtype)
    matrix[y, x, :, i, j, :] = kernels[i, j, a, b]
    output = images.reshape(batch, -1) @ matrix.reshape(math.prod(input_shape), -1)
    return output.reshape(batch, *output_shape) + bias.astype(dtype)


def matrix_counts(input_shape, kernel_size, filters, strides=1, padding="valid"):
    """Count the entries, non-zeros and distinct weights of A from the shapes alone.

    Args:
        input_shape: `(height, width, channels)` of one image.
        kernel_size: an integer, or a pair for height and width; likewise `strides`.
        filters: number of kernels.
        strides: see `kernel_size`.
        padding: `"valid"` or `"same"`.

    Returns:
        A `MatrixCounts`; `measured_counts` finds the same by looking at a matrix.

    Raises:
        ValueError: if a size is not a positive integer, or the kernel does not fit.

    Example:
        >>> matrix_counts((28, 28, 1), 3, filters=8)  # 784 * 5408; 26 * 26 * 9 * 8; 9 * 8
        MatrixCounts(entries=4239872, nonzeros=48672, distinct=72)
    """
    input_shape, strides = _input_shape(input_shape), pair(strides, "strides")
    kernel_shape = _kernel_shape(kernel_size, input_shape, filters)
    output_shape = _output_shape(input_shape, kernel_shape, strides, padding)
    vertical, horizontal = _meetings(input_shape, kernel_shape, strides, padding)
    pairs = kernel_shape[2] * kernel_shape[3]
    return MatrixCounts(
        entries=math.prod(input_shape) * math.prod(output_shape),
        nonzeros=vertical[0].size * horizontal[0].size * pairs,
        # On a small image that is padded, outer taps may never meet a pixel.
        distinct=len(np.unique(vertical[1])) * len(np.unique(horizontal[1])) * pairs,
    )


def measured_counts(matrix):
    """Count the entries, non-zeros and distinct non-zero values of a matrix by looking at it.

    Args:
        matrix: an array, or a SciPy sparse one, of two axes.

    Returns:
        A `MatrixCounts`.

    Example:
        >>> measured_counts(np.array([[1.0, 0.0], [2.0, 1.0]]))
        MatrixCounts(entries=4, nonzeros=3, distinct=2)
    """
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    values = values[values != 0]
    return MatrixCounts(math.prod(matrix.shape), values.size, np.unique(values).size)


def parameter_counts(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    """Count the parameters of a convolutional, a locally connected and a dense layer.

    All three map the same input shape to the same output shape. The second drops the sharing of
    weights, and of the bias; the third drops locality as well.

    Args:
        input_shape: `(height, width, channels)` of one image.
        kernel_size: an integer, or a pair for height and width; likewise `strides`.
        filters: number of feature maps.
        strides: see `kernel_size`.
        padding: `"valid"` or `"same"`. Weights on zeros of the padding are not counted for the
            locally connected layer.
        use_bias: whether the layers have biases.

    Returns:
        A `ParameterCounts`.

    Raises:
        ValueError: if a size is not a positive integer, or the kernel does not fit.

    Example:
        >>> parameter_counts((28, 28, 1), 3, filters=8)
        ParameterCounts(convolution=80, locally_connected=54080, dense=4245280)
    """
    counts = matrix_counts(input_shape, kernel_size, filters, strides, padding)
    height, width, channels = _input_shape(input_shape)
    outputs = counts.entries // (height * width * channels)
    biases = outputs if use_bias else 0
    return ParameterCounts(
        convolution=conv2d_parameters(kernel_size, channels, filters, use_bias),
        locally_connected=counts.nonzeros + biases,
        dense=counts.entries + biases,
    )


def parameter_ratio(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    """How many times more parameters a dense layer needs for the output of a convolutional one.

    It is the lecture's argument for convolution in one number, and it grows with the image's size
    while the convolution's parameters do not.

    Args:
        input_shape: `(height, width, channels)` of one image.
        kernel_size: an integer, or a pair for height and width; likewise `strides`.
        filters: number of feature maps.
        strides: see `kernel_size`.
        padding: `"valid"` or `"same"`.
        use_bias: whether both layers have biases: one a filter, or one a unit.

    Returns:
        A float: parameters of the dense layer over those of the convolutional one.

    Raises:
        ValueError: if a size is not a positive integer, or the kernel does not fit.

    Example:
        >>> parameter_ratio((28, 28, 1), 3, filters=8)       # (784 * 5408 + 5408) / (9 * 8 + 8)
        53066.0
    """
    counts = parameter_counts(input_shape, kernel_size, filters, strides, padding, use_bias)
    return counts.dense / counts.convolution


def printed_band(kernel, size):
    """Build A as the lecture prints it, with every diagonal, and tell which columns are windows.

    Sliding along the flattened image, the kernel also stops where its window would begin at one
    row's end and go on in the next row. Those columns are no windows and must be left out.

    Args:
        kernel: array of shape `(kernel_height, kernel_width)`.
        size: `(height, width)` of the image.

    Returns:
        A tuple `(band, inside)`: the printed matrix, and for each of its columns whether it is a
        window of the image. `band[:, inside]` is `convolution_matrix`.

    Raises:
        ValueError: if `kernel` has another rank or does not fit.

    Example:
        >>> band, inside = printed_band(np.ones((2, 2)), (3, 3))
        >>> inside                               # pixel 2 ends a row: no window begins there
        array([ True,  True, False,  True,  True])
    """
    kernel = numeric_array(kernel, "kernel", KERNEL_AXES[:2])
    height, width = pair(size, "size")
    kernel_height, kernel_width = kernel.shape
    rows, columns = output_size(height, kernel_height), output_size(width, kernel_width)
    count = (rows - 1) * width + columns
    taps = (np.arange(kernel_height)[:, np.newaxis] * width + np.arange(kernel_width)).ravel()
    starts = np.arange(count)
    band = np.zeros((height * width, count), np.result_type(kernel, np.float32))
    band[starts[:, np.newaxis] + taps, starts[:, np.newaxis]] = kernel.ravel()
    return band, starts % width < columns


def equivariance_error(layer, scene, shift, strides=1):
    """Measure where a layer does not follow when the camera moves.

    Two views are cut from one scene, the second `shift` pixels further down and right, so nothing
    has to be invented at the border. A layer is equivariant where its output for the second view is
    the first one's, moved by `shift / strides`. An output moves by whole positions only: where
    `strides` does not divide `shift`, it is compared as if moved by what is left of the point.

    Args:
        layer: a function from `(batch, height, width, channels)` to `(batch, output_height,
            output_width, filters)`.
        scene: array of shape `(batch, height, width, channels)`; each view is smaller by `shift`.
        shift: an integer, or a pair for rows and columns; zero or more.
        strides: the layer's, an integer or a pair.

    Returns:
        An array of shape `(output_height, output_width)`: for each position of the second view the
        largest difference over batch and filters, NaN where the first view has no counterpart.

    Raises:
        ValueError: if `scene` has another rank, or nothing of it is in both views.

    Example:
        >>> scene = np.random.default_rng(0).normal(size=(1, 6, 6, 1))
        >>> equivariance_error(lambda view: view**2, scene, (0, 2))[0]
        array([ 0.,  0., nan, nan])
    """
    scene = numeric_array(scene, "scene", IMAGE_AXES)
    (down, right), strides = pair(shift, "shift", minimum=0), pair(strides, "strides")
    height, width = scene.shape[1] - down, scene.shape[2] - right
    if min(height, width) < 1:
        raise ValueError(
            f"a shift of {(down, right)} leaves nothing of a scene of {scene.shape[1:3]} pixels. "
            f"Take a smaller shift, or a larger scene."
        )
    first = np.asarray(layer(scene[:, :height, :width]))
    second = np.asarray(layer(scene[:, down:, right:]))
    down, right = down // strides[0], right // strides[1]
    rows, columns = first.shape[1] - down, first.shape[2] - right
    error = np.full(first.shape[1:3], np.nan)
    if rows > 0 and columns > 0:
        difference = np.abs(second[:, :rows, :columns] - first[:, down:, right:])
        error[:rows, :columns] = difference.max(axis=(0, 3))
    return error


def _prepare(kernels, input_shape, strides, padding):
    """Check the arguments that describe a layer and its input."""
    kernels = _not_empty(numeric_array(kernels, "kernels", KERNEL_AXES))
    input_shape, strides = _input_shape(input_shape), pair(strides, "strides")
    if input_shape[2] != kernels.shape[2]:
        raise ValueError(
            f"the input has {input_shape[2]} channels and kernels expect {kernels.shape[2]}: got "
            f"input_shape {input_shape} and kernels of shape {kernels.shape}. Axis 2 of both must "
            f"agree."
        )
    padding_name(padding)
    dtype = np.result_type(kernels, np.float32)  # so that integer kernels cannot overflow
    return kernels.astype(dtype, copy=False), input_shape, strides


def _not_empty(kernels):
    if kernels.size == 0:
        raise ValueError(
            f"kernels must not be empty; got shape {kernels.shape}. Every axis needs at least one "
            f"entry."
        )
    return kernels


def _input_shape(value):
    """Return `(height, width, channels)` as three positive Python integers."""
    sizes = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else ()
    if len(sizes) != 3:
        raise ValueError(
            f"input_shape must be (height, width, channels) of one image; got {value!r}. Leave out "
            f"the batch, and write 1 for the channels of a gray image."
        )
    return tuple(integer(n, name) for n, name in zip(sizes, IMAGE_AXES[1:], strict=True))


def _kernel_shape(kernel_size, input_shape, filters):
    return (*pair(kernel_size, "kernel_size"), input_shape[2], integer(filters, "filters"))


def _output_shape(input_shape, kernel_shape, strides, padding):
    """`(output_height, output_width, filters)` of the convolution."""
    height, width, _ = input_shape
    kernel_height, kernel_width, _, filters = kernel_shape
    return (
        output_size(height, kernel_height, strides[0], padding),
        output_size(width, kernel_width, strides[1], padding),
        filters,
    )


def _meetings(input_shape, kernel_shape, strides, padding):
    """Where taps meet pixels: for each axis `(pixel, tap, position)`, shaped to broadcast."""
    (y, a, i), (x, b, j) = (
        _axis_meetings(size, taps, step, padding)
        for size, taps, step in zip(input_shape[:2], kernel_shape[:2], strides, strict=True)
    )
    column = np.index_exp[:, np.newaxis]
    return (y[column], a[column], i[column]), (x, b, j)


def _axis_meetings(size, kernel_size, strides, padding):
    """All triples `(pixel, tap, position)` with `pixel = position * strides + tap - before`."""
    positions = output_size(size, kernel_size, strides, padding)
    lacking = max((positions - 1) * strides + kernel_size - size, 0)
    before = lacking // 2 if padding == "same" else 0
    position, tap = np.divmod(np.arange(positions * kernel_size), kernel_size)
    pixel = position * strides + tap - before
    inside = (pixel >= 0) & (pixel < size)
    return pixel[inside], tap[inside], position[inside]


def _bias(bias, shape, axes):
    """Return the bias, or zeros in its place, in a shape that is what the layer needs."""
    bias = numeric_array(np.zeros(shape) if bias is None else bias, "bias", axes)
    if bias.shape != shape:
        raise ValueError(
            f"bias must have the shape ({', '.join(axes)}), here {shape}; got {bias.shape}."
        )
    return bias
