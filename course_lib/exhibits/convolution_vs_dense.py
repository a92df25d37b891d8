"""The exhibits of the topic `convolution_vs_dense`: a layer's matrix, and what follows a shift."""

from functools import cache

import numpy as np
import traitlets

from course_lib.arguments import integer, padding_name, pair
from course_lib.convolution import conv2d, output_size
from course_lib.convolution_vs_dense import (
    equivariance_error,
    parameter_counts,
    sparse_convolution_matrix,
)
from course_lib.data import digits, photograph
from course_lib.exhibits import convolution_vs_dense_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.kernels import binomial
from course_lib.exhibits.pictures import gray_levels, one_of

LAYERS = ("convolutional", "locally connected", "dense")
POINTING = ("input", "output", "entry")
LIMITS = {"size": (4, 8), "kernel_size": (1, 4), "strides": (1, 3), "channels": (1, 2),
    "filters": (1, 2)}  # fmt: skip
FARTHEST = 8  # pixels that the camera moves at most
BRIGHTEST = 9  # one digit a pixel, so that sums can be done in one's head


def _synchronised(trait):
    return trait.tag(sync=True)


class MatrixExplorer(Exhibit):
    """A layer written as `O = FI A`: pixels, outputs and entries of A light up what they touch.

    Weights are ready-made and all different, so that equal colours in A mean one shared weight.

    Args:
        size: pixels along each side of the image, 4 to 8.
        kernel_size: taps along each side, 1 to 4.
        strides: 1 to 3.
        padding: `"valid"` or `"same"`.
        channels: 1 or 2.
        filters: 1 or 2.
        layer: `"convolutional"`, `"locally connected"` (a weight of its own for each entry that is
            not zero) or `"dense"` (for every entry).
        pointing: what lights up: an `"input"` pixel with its row of A, an `"output"` pixel with its
            column, or an `"entry"`, which has both.
        cursor: row and column of A. What lies outside is brought to the nearest entry.
        title: what stands above. Two on one page need two titles, to be told apart when they are
            read out.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = MatrixExplorer(size=4, kernel_size=2)
        >>> explorer.matrix().shape, explorer.counts()       # 16 * 9; 9 * 4; 4
        ((16, 9), ParameterCounts(convolution=4, locally_connected=36, dense=144))
    """

    front = "convolution_vs_dense/matrix_explorer"
    still_size = (7.2, 4.4)
    image = _synchronised(traitlets.Bytes())
    size = _synchronised(traitlets.Int())
    kernel_size = _synchronised(traitlets.Int())
    strides = _synchronised(traitlets.Int())
    padding = _synchronised(traitlets.Unicode())
    channels = _synchronised(traitlets.Int())
    filters = _synchronised(traitlets.Int())
    layer = _synchronised(traitlets.Unicode())
    pointing = _synchronised(traitlets.Unicode())
    cursor = _synchronised(traitlets.List())
    title = _synchronised(traitlets.Unicode())

    def __init__(
        self,
        size=4,
        kernel_size=2,
        strides=1,
        padding="valid",
        *,
        channels=1,
        filters=1,
        layer="convolutional",
        pointing="output",
        cursor=(6, 4),
        title="A layer as a matrix: O = FI A",
    ):
        given = {
            "size": size,
            "kernel_size": kernel_size,
            "strides": strides,
            "channels": channels,
            "filters": filters,
        }
        super().__init__(
            **{name: _limited(value, name) for name, value in given.items()},
            image=_picture().tobytes(),
            padding=padding_name(padding),
            layer=one_of(layer, "layer", LAYERS),
            pointing=one_of(pointing, "pointing", POINTING),
            cursor=list(pair(cursor, "cursor", minimum=0)),
            title=str(title),
        )

    def pixels(self):
        """Return the image, levels from 0 to 9, of shape `(size, size, channels)`."""
        start = (8 - self.size) // 2
        middle = slice(start, start + self.size)
        picture = np.frombuffer(self.image, np.uint8).reshape(8, 8, 2)
        return picture[middle, middle, : self.channels].astype(float)

    def output_shape(self):
        """Return `(output_height, output_width, filters)`."""
        side = output_size(self.size, self.kernel_size, self.strides, self.padding)
        return side, side, self.filters

    def kernels(self):
        """Return the convolution's kernels: whole numbers without 0, all of them different."""
        shape = (self.kernel_size, self.kernel_size, self.channels, self.filters)
        count = int(np.prod(shape))
        values = np.arange(count) - count // 2
        return (values + (values >= 0)).astype(float).reshape(shape)

    def numbers(self):
        """Return which weight stands at each entry of A: its number, or -1 where there is none."""
        shape = (self.size**2 * self.channels, int(np.prod(self.output_shape())))
        if self.layer == "dense":
            return np.arange(shape[0] * shape[1]).reshape(shape)
        kernels = self.kernels()
        tagged = np.arange(1, kernels.size + 1).reshape(kernels.shape)
        sizes = (self.size, self.size, self.channels)
        matrix = sparse_convolution_matrix(tagged, sizes, self.strides, self.padding).tocoo()
        numbers = np.full(shape, -1)
        numbers[matrix.coords] = np.rint(matrix.data) - 1
        if self.layer == "locally connected":
            used = numbers.T >= 0  # numbered as the page does: window by window, tap by tap
            return np.where(used, np.cumsum(used).reshape(used.shape) - 1, -1).T
        return numbers

    def matrix(self):
        """Return A with the weights that the page shows."""
        numbers = self.numbers()
        if self.layer == "convolutional":
            values = self.kernels().ravel()
            return np.where(numbers >= 0, values[numbers], 0.0)
        own = (numbers * 2654435761 % 2**32 >> 28) % 9 - 4  # scattered, and short to repeat
        return np.where(numbers >= 0, np.where(own == 0, 5, own), 0).astype(float)

    def output(self):
        """Return the layer's output, of shape `(output_height, output_width, filters)`."""
        return (self.pixels().ravel() @ self.matrix()).reshape(self.output_shape())

    def counts(self):
        """Return the weights that each of the three layers has to learn, biases apart."""
        sizes = (self.size, self.size, self.channels)
        settings = (self.kernel_size, self.filters, self.strides, self.padding)
        return parameter_counts(sizes, *settings, use_bias=False)

    def place(self):
        """Return the cursor, brought to the nearest entry of A."""
        rows, columns = self.numbers().shape
        return min(self.cursor[0], rows - 1), min(self.cursor[1], columns - 1)

    def draw_still(self, figure):
        """Draw image, kernel and output, and A with what is pointed at."""
        stills.draw_matrix(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        counts, (rows, columns) = self.counts(), self.numbers().shape
        height, width, filters = self.output_shape()
        return (
            f"An image of {self.size} by {self.size} by {self.channels}, the output of "
            f"{height} by {width} by {filters}, and the matrix A of {rows} by {columns} entries "
            f"between them, as a {self.layer} layer has it. To learn: {counts.dense:,} weights if "
            f"dense, {counts.locally_connected:,} if locally connected, {counts.convolution:,} if "
            f"convolutional."
        )


class ShiftExplorer(Exhibit):
    """Move the camera over a photograph, and see whether a layer's output moves with it.

    The layer's kernel is a smoothed difference from left to right, 5 x 5.

    Args:
        image: gray picture of 24 to 160 pixels a side; the views are 8 pixels smaller. By default
            the photographer of scikit-image.
        shift: pixels that the second view lies further down and right, each 0 to 8.
        strides: 1 to 4.
        padding: `"valid"` or `"same"`.
        layer: `"convolutional"`, or `"locally connected"`: the kernel is stronger at one position
            than at another.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> ShiftExplorer(shift=(0, 2), strides=2).share_that_differs()
        0.0
        >>> ShiftExplorer(shift=(0, 1), strides=2).share_that_differs() > 0.9
        True
    """

    front = "convolution_vs_dense/shift_explorer"
    still_size = (7.2, 2.3)
    image = _synchronised(traitlets.Bytes())
    height = _synchronised(traitlets.Int())
    width = _synchronised(traitlets.Int())
    kernel = _synchronised(traitlets.List())
    shift = _synchronised(traitlets.List())
    strides = _synchronised(traitlets.Int())
    padding = _synchronised(traitlets.Unicode())
    layer = _synchronised(traitlets.Unicode())

    def __init__(
        self, image=None, shift=(0, 1), strides=2, padding="valid", *, layer="convolutional"
    ):
        levels = gray_levels(photograph("camera", 80) if image is None else image)
        if min(levels.shape) < 24:
            raise ValueError(
                f"image must have at least 24 pixels a side, so that something is left of it when "
                f"the view moves; got {levels.shape[0]} x {levels.shape[1]}."
            )
        shift = pair(shift, "shift", minimum=0)
        if max(shift) > FARTHEST:
            raise ValueError(f"shift must be at most {FARTHEST} along each axis; got {shift}.")
        if integer(strides, "strides") > 4:
            raise ValueError(f"strides must be at most 4 here; got {strides}.")
        super().__init__(
            image=levels.tobytes(),
            height=levels.shape[0],
            width=levels.shape[1],
            kernel=np.outer(binomial(5), binomial(5) * (-1, -1, 0, 1, 1)).tolist(),
            shift=list(shift),
            strides=int(strides),
            padding=padding_name(padding),
            layer=one_of(layer, "layer", LAYERS[:2]),
        )

    def scene(self):
        """Return what the two views together see, of shape `(1, height, width, 1)`."""
        levels = np.frombuffer(self.image, np.uint8).reshape(self.height, self.width)
        size = min(levels.shape) - FARTHEST
        down, right = self.shift
        seen = levels[: size + down, : size + right].astype(float)
        return seen[np.newaxis, ..., np.newaxis]

    def output(self, views):
        """Return the layer's output for views of shape `(batch, size, size, 1)`."""
        kernel = np.array(self.kernel)[..., np.newaxis, np.newaxis]
        output = conv2d(views, kernel, None, self.strides, self.padding)
        if self.layer == "convolutional":
            return output
        place = np.arange(1, output[0].size + 1).reshape(output.shape[1:])
        return output * (((place * 2654435761 % 2**32 >> 28) % 9 + 4) / 8)

    def error(self):
        """Return the difference at each position, NaN where it has no counterpart."""
        return equivariance_error(self.output, self.scene(), self.shift, self.strides)

    def share_that_differs(self):
        """Return the share of the compared positions at which the two outputs differ."""
        error = self.error()
        return float(np.mean(error[~np.isnan(error)] > 1e-6))

    def draw_still(self, figure):
        """Draw the views, both outputs and their difference."""
        stills.draw_shift(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        down, right = self.shift
        return (
            f"Two views of a photograph, the second moved by {down} down and {right} right; the "
            f"outputs of a {self.layer} layer with strides {self.strides} and padding "
            f'"{self.padding}" for both, and their difference: they differ at '
            f"{self.share_that_differs():.1%} of the positions."
        )


EXHIBITS = (MatrixExplorer, ShiftExplorer)


def _limited(value, name):
    low, high = LIMITS[name]
    if not low <= integer(value, name) <= high:
        raise ValueError(f"{name} must lie between {low} and {high} here; got {value}.")
    return int(value)


@cache
def _picture():
    """Two handwritten digits as the channels of one picture, of shape `(8, 8, 2)`."""
    images, _ = digits()
    levels = np.rint(BRIGHTEST * images[[3, 4], :, :, 0])
    return np.moveaxis(levels, 0, -1).astype(np.uint8)
