"""The exhibits of the topic `convolution`: a kernel, the size of an output, a stack of filters."""

import numpy as np
import traitlets

from course_lib.arguments import integer, padding_name, pair
from course_lib.convolution import conv2d, conv2d_parameters, output_size
from course_lib.data import photograph
from course_lib.exhibits import convolution_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.kernels import DIFFERENCES, PRESETS, filter_bank
from course_lib.exhibits.pictures import channel_levels, gray_levels, kernel_rows, one_of

COLOURS = ("signed", "range", "clip")
GRID_LIMITS = {"size": 16, "kernel_size": 7, "strides": 5, "dilation_rate": 4}


def _synchronised(trait):
    return trait.tag(sync=True)


class KernelExplorer(Exhibit):
    """A kernel that the reader edits over an image, with the sum of products at one pixel.

    Args:
        image: gray picture of shape `(height, width)`, 8 to 160 pixels a side: floats from 0 to 1
            or integers from 0 to 255. By default the photographer of scikit-image.
        kernel: array of up to 7 x 7 weights, or a name from `course_lib.exhibits.kernels.PRESETS`.
        padding: `"valid"` or `"same"`.
        flipped: whether to flip the kernel first, which makes it the mathematician's convolution.
        colours: `"signed"` (purple below zero, orange above), `"range"` (gray from minimum to
            maximum) or `"clip"` (gray, 0 to 255). By default what suits the kernel.
        cursor: row and column of the response where the sum is shown; by default
            where the response is strongest.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = KernelExplorer(kernel=[[-1, 1]])
        >>> explorer.kernel, explorer.response().shape          # 96 - 2 + 1 = 95
        ([[-1.0, 1.0]], (96, 95))
    """

    front = "convolution/kernel_explorer"
    still_size = (7.2, 3.1)
    image = _synchronised(traitlets.Bytes())
    height = _synchronised(traitlets.Int())
    width = _synchronised(traitlets.Int())
    kernel = _synchronised(traitlets.List())
    padding = _synchronised(traitlets.Unicode())
    flipped = _synchronised(traitlets.Bool())
    colours = _synchronised(traitlets.Unicode())
    cursor = _synchronised(traitlets.List())

    def __init__(
        self,
        image=None,
        kernel="Sobel x",
        *,
        padding="valid",
        flipped=False,
        colours=None,
        cursor=None,
    ):
        levels = gray_levels(photograph("camera", 96) if image is None else image)
        if colours is None:
            shown_as_gray = isinstance(kernel, str) and kernel not in DIFFERENCES
            colours = "clip" if shown_as_gray else "signed"
        if isinstance(kernel, str):
            kernel = PRESETS[one_of(kernel, "kernel", tuple(PRESETS))]
        height, width = levels.shape
        super().__init__(
            image=levels.tobytes(),
            height=height,
            width=width,
            kernel=kernel_rows(kernel),
            padding=padding_name(padding),
            flipped=bool(flipped),
            colours=one_of(colours, "colours", COLOURS),
            cursor=[0, 0] if cursor is None else list(pair(cursor, "cursor", minimum=0)),
        )
        if cursor is None:
            response = np.abs(self.response())
            self.cursor = [int(i) for i in np.unravel_index(response.argmax(), response.shape)]

    @traitlets.validate("kernel")
    def _valid_kernel(self, proposal):
        return kernel_rows(proposal["value"])

    def levels(self):
        """Return the image as floats from 0 to 255, of shape `(height, width)`."""
        return np.frombuffer(self.image, np.uint8).reshape(self.height, self.width).astype(float)

    def weights(self):
        """Return the weights that are multiplied with the pixels: the kernel, flipped if asked."""
        kernel = np.array(self.kernel)
        return kernel[::-1, ::-1] if self.flipped else kernel

    def response(self):
        """Return what the kernel, as it now stands, answers at every pixel."""
        images = self.levels()[np.newaxis, :, :, np.newaxis]
        kernels = self.weights()[:, :, np.newaxis, np.newaxis]
        return conv2d(images, kernels, padding=self.padding)[0, :, :, 0]

    def draw_still(self, figure):
        """Draw image, kernel and response."""
        stills.draw_kernel(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        response = self.response()
        return (
            f"A gray photograph of {self.height} by {self.width} pixels, the kernel "
            f"{np.round(self.kernel, 3).tolist()} and its response, from {response.min():.1f} to "
            f"{response.max():.1f}."
        )


class OutputSizeExplorer(Exhibit):
    """A grid on which padding, stride, dilation and kernel size decide the output's size.

    A kernel that does not fit is allowed here: the exhibit then says why there is no output.

    Args:
        size: input size, an integer or a pair for rows and columns, up to 16.
        kernel_size: up to 7, likewise.
        strides: up to 5, likewise.
        padding: `"valid"` or `"same"`.
        dilation_rate: up to 4, likewise.
        position: which window is shown, counted from 0, row by row.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> OutputSizeExplorer(size=7, kernel_size=3, strides=2).output_shape()
        (3, 3)
        >>> OutputSizeExplorer(size=3, kernel_size=5).output_shape()      # does not fit
        (0, 0)
    """

    front = "convolution/output_size_explorer"
    still_size = (7.2, 3.4)
    size = _synchronised(traitlets.List())
    kernel_size = _synchronised(traitlets.List())
    strides = _synchronised(traitlets.List())
    dilation_rate = _synchronised(traitlets.List())
    padding = _synchronised(traitlets.Unicode())
    alike = _synchronised(traitlets.Bool())
    position = _synchronised(traitlets.Int())

    def __init__(
        self,
        size=6,
        kernel_size=3,
        strides=2,
        padding="valid",
        *,
        dilation_rate=1,
        position=0,
    ):
        given = {
            "size": size,
            "kernel_size": kernel_size,
            "strides": strides,
            "dilation_rate": dilation_rate,
        }
        pairs = {name: _limited_pair(value, name) for name, value in given.items()}
        super().__init__(
            **pairs,
            padding=padding_name(padding),
            alike=all(rows == columns for rows, columns in pairs.values()),
            position=integer(position, "position", minimum=0),
        )

    def output_shape(self):
        """Return rows and columns of the output; 0 where the kernel does not fit."""
        return tuple(self._axis_output(axis) for axis in (0, 1))

    def draw_still(self, figure):
        """Draw the padded input with one window, and the output."""
        stills.draw_output_size(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        (rows, columns), (out_rows, out_columns) = self.size, self.output_shape()
        return (
            f"A grid of {rows} by {columns} cells read by a kernel of "
            f"{self.kernel_size[0]} by {self.kernel_size[1]} with strides "
            f"{tuple(self.strides)}, dilation {tuple(self.dilation_rate)} and padding "
            f'"{self.padding}": the output has {out_rows} by {out_columns} cells.'
        )

    def _axis_output(self, axis):
        settings = (self.strides[axis], self.padding, self.dilation_rate[axis])
        try:
            return output_size(self.size[axis], self.kernel_size[axis], *settings)
        except ValueError:
            return 0


class FilterExplorer(Exhibit):
    """How each filter convolves all channels, sums, adds its bias and makes one feature map.

    Args:
        image: picture of shape `(height, width, channels)` with 1 to 4 channels, 8 to 64 pixels
            a side. By default an astronaut in red, green and blue, with their mean as a fourth.
        channels: how many of its channels are used at first; 3 by default, or all of a given image.
        filters: how many filters at first, up to 8.
        kernel_size: taps along each side at first, up to 7.
        use_bias: whether a scalar is added to each feature map.
        kernels: array of shape `(size, size, channels, filters)` to show instead of the bank of
            ready-made ones, for example what a network has learnt. It fixes `kernel_size`.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = FilterExplorer(channels=3, filters=8, kernel_size=3)
        >>> explorer.parameters()                               # 3 * 3 * 3 * 8 + 8
        224
    """

    front = "convolution/filter_explorer"
    still_size = (7.2, 4.6)
    image = _synchronised(traitlets.Bytes())
    height = _synchronised(traitlets.Int())
    width = _synchronised(traitlets.Int())
    available = _synchronised(traitlets.Int())
    colour = _synchronised(traitlets.Bool())
    channels = _synchronised(traitlets.Int())
    filters = _synchronised(traitlets.Int())
    kernel_size = _synchronised(traitlets.Int())
    use_bias = _synchronised(traitlets.Bool())
    bias = _synchronised(traitlets.List())
    kernels = _synchronised(traitlets.List())
    chosen = _synchronised(traitlets.Int())
    cursor = _synchronised(traitlets.List())

    def __init__(
        self, image=None, channels=None, filters=4, kernel_size=3, *, use_bias=True, kernels=None
    ):
        levels = channel_levels(_default_channels() if image is None else image)
        height, width, available = levels.shape
        if max(height, width) > 64:
            raise ValueError(
                f"image must have at most 64 pixels a side, since every filter is computed while "
                f"the reader drags; got {height} x {width}. Shrink it, for example image[::2, ::2]."
            )
        if kernels is not None:
            kernels = _kernel_stack(kernels, available)
            kernel_size, _, channels, filters = kernels.shape
        elif channels is None:
            channels = min(3, available) if image is None else available
        super().__init__(
            image=levels.tobytes(),
            height=height,
            width=width,
            colour=available >= 3,
            available=available if kernels is None else channels,
            channels=_at_most(channels, "channels", available),
            filters=_at_most(filters, "filters", 8),
            kernel_size=_at_most(kernel_size, "kernel_size", 7),
            use_bias=bool(use_bias),
            bias=[0.1, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0, 0.0],
            kernels=[] if kernels is None else kernels.transpose(3, 2, 0, 1).tolist(),
            chosen=3 if kernels is None else 0,  # red against green: one filter, three answers
            cursor=[3 * height // 4, width // 3],
        )

    def levels(self):
        """Return the used channels as floats from 0 to 1, of shape `(height, width, channels)`."""
        levels = np.frombuffer(self.image, np.uint8).reshape(self.height, self.width, -1)
        return levels[:, :, : self.channels] / 255

    def stack(self):
        """Return the kernels in use, of shape `(size, size, channels, filters)`."""
        if not self.kernels:
            return filter_bank(self.kernel_size, self.channels, self.filters)
        stack = np.array(self.kernels).transpose(2, 3, 1, 0)
        return stack[:, :, : self.channels, : self.filters]

    def feature_maps(self):
        """Return the layer's output, of shape `(height, width, filters)`; padding is `"same"`."""
        bias = np.array(self.bias[: self.filters]) if self.use_bias else None
        return conv2d(self.levels()[np.newaxis], self.stack(), bias, padding="same")[0]

    def parameters(self):
        """Return the number of trainable parameters of the layer as it stands."""
        return conv2d_parameters(self.kernel_size, self.channels, self.filters, self.use_bias)

    def dense_parameters(self):
        """Return those of a dense layer between the same input and output."""
        pixels = self.height * self.width
        return (pixels * self.channels + self.use_bias) * pixels * self.filters

    def draw_still(self, figure):
        """Draw the channels, what the chosen filter makes of each, their sum, and all maps."""
        stills.draw_filters(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        return (
            f"{self.channels} channels of {self.height} by {self.width} pixels; {self.filters} "
            f"filters of {self.kernel_size} by {self.kernel_size}, each summed over the channels "
            f"into one feature map; {self.parameters():,} parameters, where a dense layer would "
            f"need {self.dense_parameters():,}."
        )


def _limited_pair(value, name):
    limit = GRID_LIMITS[name]
    values = pair(value, name)
    if max(values) > limit:
        raise ValueError(f"{name} must be at most {limit}, so that the grid fits; got {value!r}.")
    return list(values)


def _at_most(value, name, limit):
    if integer(value, name) > limit:
        raise ValueError(f"{name} must be at most {limit} here; got {value}.")
    return int(value)


def _default_channels():
    colours = photograph("astronaut", 48)
    return np.concatenate([colours, colours.mean(axis=-1, keepdims=True)], axis=-1)


def _kernel_stack(kernels, available):
    array = np.asarray(kernels, dtype=float)
    square = array.ndim == 4 and array.shape[0] == array.shape[1]
    if not square or array.shape[2] > available or not np.isfinite(array).all():
        raise ValueError(
            f"kernels must be finite numbers of shape (size, size, channels, filters) with at most "
            f"{available} channels; got shape {array.shape}. Keras's layer.get_weights()[0] has it."
        )
    return array


EXHIBITS = (KernelExplorer, OutputSizeExplorer, FilterExplorer)
