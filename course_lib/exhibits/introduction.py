"""The exhibits of the topic `introduction`: pixels that change places, parameters that add up."""

import numpy as np
import traitlets

from course_lib.arguments import integer, pair
from course_lib.convolution import conv2d, conv2d_parameters
from course_lib.data import digits
from course_lib.exhibits import introduction_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.pictures import one_of
from course_lib.introduction import (
    dense_parameters,
    fixed_permutation,
    permute_dense_kernel,
    permute_pixels,
)

KERNELS = {
    "upright strokes": [[-1.0, 2.0, -1.0]] * 3,
    "level strokes": [[-1.0] * 3, [2.0] * 3, [-1.0] * 3],
    "edges, dark to light": [[-1.0, 0.0, 1.0]] * 3,
    "blur": [[1 / 9] * 3] * 3,
}
LIMITS = {"height": 1024, "width": 1024, "channels": 64, "units": 1024, "kernel_size": 11}
FLOAT32, ADAM = 4, 4  # bytes a number; weights, gradients and Adam's two running means


def _synchronised(trait):
    return trait.tag(sync=True)


def partial_shuffle(order, moved):
    """Let the first `moved` pixels of `order` change places in a ring; the others stay.

    Args:
        order: a permutation of all places.
        moved: how many of them take part.

    Returns:
        An integer array: place `i` takes the pixel that stood at place `array[i]`.

    Example:
        >>> partial_shuffle([2, 0, 3, 1], moved=3)              # 2 takes 0, 0 takes 3, 3 takes 2
        array([3, 1, 0, 2])
    """
    source, ring = np.arange(len(order)), np.asarray(order)[:moved]
    source[ring] = np.roll(ring, -1)
    return source


class ShuffleExplorer(Exhibit):
    """A digit whose pixels change places, and what a dense and a convolutional layer make of it.

    The dense layer has one unit a digit, and a unit's weights are the mean picture of its digit
    minus the mean of all. Agreement is the correlation of what a layer says now with what it said
    of the digit in order; the convolution's response is moved along before they are compared.

    Args:
        digit: 0 to 9.
        moved: how many of the 64 pixels have changed places at first; even.
        kernel: a name from `KERNELS`.
        follow: whether the dense weights move along with the pixels.
        seed: of the order in which pixels start to move.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> dense, convolution = ShuffleExplorer(moved=64).agreements()
        >>> round(dense, 6), convolution < 0.5
        (1.0, True)
    """

    front = "introduction/shuffle_explorer"
    still_size = (7.2, 4.4)
    digits = _synchronised(traitlets.Bytes())
    side = _synchronised(traitlets.Int())
    units = _synchronised(traitlets.List())
    kernels = _synchronised(traitlets.List())
    order = _synchronised(traitlets.List())
    digit = _synchronised(traitlets.Int())
    kernel = _synchronised(traitlets.Int())
    moved = _synchronised(traitlets.Int())
    follow = _synchronised(traitlets.Bool())
    cursor = _synchronised(traitlets.List())

    def __init__(self, digit=3, moved=20, kernel="edges, dark to light", *, follow=True, seed=0):
        images, labels = digits()
        side = images.shape[1]
        means = np.stack([images[labels == label].mean(axis=0).ravel() for label in range(10)])
        moved = _at_most(moved, "moved", side * side, minimum=0)
        super().__init__(
            digits=np.rint(images[:10] * 255).astype(np.uint8).tobytes(),  # one of each, 0 to 9
            side=side,
            units=(means - means.mean(axis=0)).round(3).tolist(),
            kernels=[[name, rows] for name, rows in KERNELS.items()],
            order=fixed_permutation(side, seed).tolist(),
            digit=_at_most(digit, "digit", 9, minimum=0),
            kernel=list(KERNELS).index(one_of(kernel, "kernel", tuple(KERNELS))),
            moved=moved - moved % 2,
            follow=bool(follow),
            cursor=[0, 0],
        )
        counts = np.abs(self.picture().ravel() * self.weights()[:, digit])
        self.cursor = [int(i) for i in divmod(counts.argmax(), side)]

    def source(self):
        """Return where each place's pixel came from."""
        return partial_shuffle(self.order, self.moved)

    def picture(self, source=None):
        """Return the digit, shuffled, of shape `(side, side)` with values from 0 to 1."""
        levels = np.frombuffer(self.digits, np.uint8).reshape(10, self.side, self.side, 1)
        source = self.source() if source is None else source
        return permute_pixels(levels[[self.digit]] / 255, source)[0, :, :, 0]

    def weights(self, source=None):
        """Return the dense layer's kernel, of shape `(side * side, 10)`."""
        source = self.source() if source is None else source
        kernel = np.array(self.units).T
        return permute_dense_kernel(kernel, source) if self.follow else kernel

    def outputs(self, source=None):
        """Return the dense layer's ten outputs."""
        return self.picture(source).ravel() @ self.weights(source)

    def response(self, source=None):
        """Return the convolution's response, of shape `(side, side)`; padding is `"same"`."""
        images = self.picture(source)[np.newaxis, :, :, np.newaxis]
        kernel = np.array(self.kernels[self.kernel][1])[:, :, np.newaxis, np.newaxis]
        return conv2d(images, kernel, padding="same")[0, :, :, 0]

    def agreements(self, moved=None):
        """Return the agreement of the dense layer and that of the convolution."""
        source = partial_shuffle(self.order, self.moved if moved is None else moved)
        nowhere = partial_shuffle(self.order, 0)
        along = self.response(nowhere).ravel()[source]
        dense = np.corrcoef(self.outputs(source), self.outputs(nowhere))[0, 1]
        return float(dense), float(np.corrcoef(self.response(source).ravel(), along)[0, 1])

    def draw_still(self, figure):
        """Draw the digit, the dense weights, the response, and both agreements."""
        stills.draw_shuffle(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        dense, convolution = self.agreements()
        return (
            f"The digit {self.digit} with {self.moved} of its {self.side**2} pixels moved, the "
            f"weights of a dense unit{' moved alike' if self.follow else ''}, and the response of "
            f"a convolution. With what they said of the digit in order, the dense layer agrees to "
            f"{dense:.2f} and the convolution to {convolution:.2f}."
        )


class ParameterCounter(Exhibit):
    """The parameters of a dense and of a convolutional layer, while the image grows.

    Args:
        size: height and width of the image, or an integer for both, 4 to 1024.
        channels: of the image, up to 64.
        units: of the dense layer, up to 1024.
        kernel_size: of the convolutional layer, up to 11.
        filters: of the convolutional layer, up to 512.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> counter = ParameterCounter(size=100, channels=3, units=128, kernel_size=3, filters=32)
        >>> counter.dense(), counter.convolution()    # 30001 * 128; (3 * 3 * 3 + 1) * 32
        (3840128, 896)
    """

    front = "introduction/parameter_counter"
    still_size = (7.2, 3.4)
    height = _synchronised(traitlets.Int())
    width = _synchronised(traitlets.Int())
    square = _synchronised(traitlets.Bool())
    channels = _synchronised(traitlets.Int())
    units = _synchronised(traitlets.Int())
    kernel_size = _synchronised(traitlets.Int())
    filters = _synchronised(traitlets.Int())

    def __init__(self, size=100, channels=3, units=128, kernel_size=3, filters=32):
        height, width = (_at_most(n, "size", LIMITS["height"]) for n in pair(size, "size", 4))
        super().__init__(
            height=height,
            width=width,
            square=height == width,
            channels=_at_most(channels, "channels", LIMITS["channels"]),
            units=_at_most(units, "units", LIMITS["units"]),
            kernel_size=_at_most(kernel_size, "kernel_size", LIMITS["kernel_size"]),
            filters=_at_most(filters, "filters", 512),
        )

    def dense(self):
        """Return the parameters of the dense layer."""
        return dense_parameters((self.height, self.width, self.channels), self.units)

    def convolution(self):
        """Return the parameters of the convolutional layer."""
        return conv2d_parameters(self.kernel_size, self.channels, self.filters)

    def dense_alike(self):
        """Return those of a dense layer with as many outputs as the convolution has."""
        units = self.height * self.width * self.filters
        return dense_parameters((self.height, self.width, self.channels), units)

    def draw_still(self, figure):
        """Draw both counts against the side of the image."""
        stills.draw_counts(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        return (
            f"For an image of {self.height} by {self.width} pixels and {self.channels} channels, "
            f"a dense layer of {self.units} units has {self.dense():,} parameters, "
            f"{memory(self.dense() * FLOAT32)}; a convolutional layer of {self.filters} filters "
            f"of {self.kernel_size} by {self.kernel_size} has {self.convolution():,}."
        )


def memory(size):
    """Write a number of bytes with three digits, in units of a thousand.

    Example:
        >>> memory(896), memory(1_536_000_512)
        ('896 bytes', '1.54 GB')
    """
    names, place = ("bytes", "kB", "MB", "GB", "TB", "PB"), 0
    while size >= 999.5 and place < len(names) - 1:
        size, place = size / 1000, place + 1
    digits_after = 2 - len(str(int(size))) + 1
    return f"{size:.{digits_after}f} {names[place]}" if place else f"{size} {names[0]}"


def _at_most(value, name, limit, minimum=1):
    if integer(value, name, minimum) > limit:
        raise ValueError(f"{name} must be at most {limit} here; got {value}.")
    return int(value)


EXHIBITS = (ShuffleExplorer, ParameterCounter)
