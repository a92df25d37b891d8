"""The exhibit of the topic `encoder_decoder`: what an upsampling writes, and how often."""

import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import encoder_decoder_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.encoder_decoder_upsampling import (
    MOST,
    PICTURES,
    WAYS,
    WEIGHTS,
    keras_choice,
    matrix_of,
    plan,
)
from course_lib.exhibits.pictures import one_of


def _synchronised(trait):
    return trait.tag(sync=True)


class UpsamplingExplorer(Exhibit):
    """Kernel, stride and padding of a transposed convolution, beside nearest and bilinear.

    Args:
        size: pixels of the input along an axis, 2 to 8.
        kernel_size: taps, 1 to 6.
        strides: 1 to 4; also the factor of the interpolations.
        padding: `"valid"` or `"same"`, of the convolution that is transposed.
        extra: which of the possible output sizes, from 0; by default Keras's.
        way: the one drawn along the axis: `"transposed"`, `"nearest"` or `"bilinear"`.
        weights: of a stamp: `"ones"`, `"tent"` or `"drawn"`.
        picture: what is enlarged in the plane: `"even"`, `"ball"`, `"edge"` or `"noise"`.
        pixel: the output pixel that is read out, counted from 0.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> UpsamplingExplorer(size=3).plan().counts             # 3 x 3, stride 2
        (1, 1, 2, 1, 2, 1, 1)
    """

    front = "encoder_decoder/upsampling_explorer"
    still_size = (7.2, 4.6)
    size = _synchronised(traitlets.Int())
    kernel_size = _synchronised(traitlets.Int())
    strides = _synchronised(traitlets.Int())
    padding = _synchronised(traitlets.Unicode())
    extra = _synchronised(traitlets.Int())
    way = _synchronised(traitlets.Unicode())
    weights = _synchronised(traitlets.Unicode())
    picture = _synchronised(traitlets.Unicode())
    pixel = _synchronised(traitlets.Int())

    def __init__(
        self,
        size=6,
        kernel_size=3,
        strides=2,
        padding="valid",
        extra=None,
        *,
        way="transposed",
        weights="ones",
        picture="even",
        pixel=4,
    ):
        padding = one_of(padding, "padding", ("valid", "same"))
        kernel_size = _at_most(kernel_size, "kernel_size")
        strides = _at_most(strides, "strides")
        if extra is None:
            extra = keras_choice(kernel_size, strides, padding)
        if integer(extra, "extra", minimum=0) >= strides:
            raise ValueError(
                f"extra must be less than strides, which is {strides}: there are as many output "
                f"sizes; got {extra}."
            )
        super().__init__(
            size=_at_most(size, "size", minimum=2),
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            extra=extra,
            way=one_of(way, "way", WAYS),
            weights=one_of(weights, "weights", WEIGHTS),
            picture=one_of(picture, "picture", PICTURES),
            pixel=integer(pixel, "pixel", minimum=0),
        )

    def plan(self):
        """Return the axis of the transposed convolution: sizes, cut pixels and counts."""
        return plan(self.size, self.kernel_size, self.strides, self.padding, self.extra)

    def matrix(self, way=None):
        """Return the matrix along one axis, of shape `(output, size)`."""
        return matrix_of(
            way or self.way,
            self.size,
            self.kernel_size,
            self.strides,
            self.padding,
            self.extra,
            self.weights,
        )

    def draw_still(self, figure):
        """Draw the stamps along one axis, and the pictures in the plane."""
        stills.draw_upsampling(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        planned, shape = self.plan(), f"{self.kernel_size} by {self.kernel_size}"
        counts = " ".join(map(str, planned.counts))
        return (
            f"{self.size} input pixels stamp a {shape} kernel with stride {self.strides} into "
            f"{planned.output} output pixels. Along an axis these are written {counts} times. "
            f"Below, a picture enlarged so, and by nearest and bilinear interpolation."
        )


EXHIBITS = (UpsamplingExplorer,)


def _at_most(value, name, minimum=1):
    if integer(value, name, minimum=minimum) > MOST[name]:
        raise ValueError(f"{name} must be at most {MOST[name]} here; got {value}.")
    return int(value)
