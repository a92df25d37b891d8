"""The receptive field: how much of the input one number of a network's output depends on.

Along each axis it is three numbers. Output `i` depends on `size` pixels of the input, of which the
first is pixel `i * stride - padding`. `receptive_field` computes them for a stack of layers,
forwards; `model_receptive_field` for a Keras model with branches, from the output backwards.
What a network does with its field is measured in `course_lib.receptive_field_effective`.
"""

import math
from numbers import Integral
from typing import NamedTuple

from course_lib.arguments import integer
from course_lib.receptive_field_effective import effective_receptive_field
from course_lib.receptive_field_layers import same_padding
from course_lib.receptive_field_walk import Walk

__all__ = [
    "Field",
    "Layer",
    "Row",
    "effective_deviation",
    "effective_receptive_field",
    "growth",
    "model_interval",
    "model_receptive_field",
    "receptive_field",
    "rows",
    "same_padding",
    "table",
]


class Layer(NamedTuple):
    """A convolution or a pooling along one axis, in Keras's words.

    Attributes:
        kernel_size: taps along the axis, or the pooling's size.
        strides: step from one position to the next.
        dilation_rate: distance between neighbouring taps.
        padding: zeros before the first pixel; or `"valid"`, none, or `"same"`, if strides are 1.
    """

    kernel_size: int
    strides: int = 1
    dilation_rate: int = 1
    padding: int | str = 0


class Field(NamedTuple):
    """A receptive field along one axis.

    Attributes:
        size: pixels from the first to the last that an output depends on.
        stride: pixels from the field of one output to that of the next.
        padding: pixels by which the field of the first output begins before the image.

    Example:
        >>> field = Field(size=7, stride=2, padding=3)
        >>> field.interval(0), field.interval(5), field.centre(5)
        ((-3, 3), (7, 13), 10.0)
    """

    size: float
    stride: float
    padding: float

    def interval(self, position):
        """Return the first and the last pixel on which an output depends."""
        first = position * self.stride - self.padding
        return first, first + self.size - 1

    def centre(self, position):
        """Return the pixel in the middle of an output's field; half a pixel where it is even."""
        return position * self.stride - self.padding + (self.size - 1) / 2


class Row(NamedTuple):
    """A layer of a model, the shape of its output and its receptive fields, one for each axis."""

    name: str
    shape: tuple
    fields: tuple


def receptive_field(layers):
    """Return the receptive field of a stack of layers along one axis.

    A neighbour in the input of a layer lies `stride` pixels away in the image, where `stride` is
    the product of the strides of all layers before. So a layer adds `stride` pixels for each tap
    beyond its first, and only then multiplies the stride by its own.

    Args:
        layers: from input to output, each a `Layer`, a dictionary with its words, or an integer
            for a kernel without anything else.

    Returns:
        A `Field`: the tuple `(size, stride, padding)`.

    Raises:
        ValueError: if a layer is none of these, a number is out of range, or `padding="same"`
            comes with strides, where the number of zeros depends on the image's size.

    Example:
        >>> receptive_field([3, 3])                                  # 1 + 2 + 2
        Field(size=5, stride=1, padding=0)
        >>> receptive_field([Layer(3, strides=2), Layer(3, padding=1)])   # 1 + 2 + 2*2
        Field(size=7, stride=2, padding=2)
        >>> receptive_field([{"kernel_size": 3, "dilation_rate": 4}])     # 1 + 4*2
        Field(size=9, stride=1, padding=0)

    Reference:
        Araujo, Norris and Sim (2019), Computing receptive fields of convolutional neural networks,
        equations 2 to 4.
    """
    size, stride, padding = 1, 1, 0
    for layer in map(_layer, layers):
        size += (layer.kernel_size - 1) * layer.dilation_rate * stride
        padding += layer.padding * stride
        stride *= layer.strides
    return Field(size, stride, padding)


def growth(layers):
    """Return the receptive fields in front of a stack's first layer and behind each one.

    Args:
        layers: see `receptive_field`.

    Example:
        >>> [field.size for field in growth([3, 3, 3])]                    # linear
        [1, 3, 5, 7]
        >>> [field.size for field in growth([Layer(3, strides=2)] * 3)]    # exponential
        [1, 3, 7, 15]
    """
    layers = list(layers)
    return [receptive_field(layers[:count]) for count in range(len(layers) + 1)]


def effective_deviation(layers):
    """Return the standard deviation of the effective field that a stack of layers starts with.

    Think of every kernel as equal weights. The weight of a pixel is then the number of paths from
    it to the output, which is the distribution of a sum: one step of each layer, uniform on the
    kernel's taps, of variance `(k*k - 1) / 12`. Variances add up, so the deviation grows with the
    square root of depth where the size grows with depth.

    With random weights of mean 0 this is the deviation of the *squared* gradient. The gradient's
    own size is then wider by the root of 2.

    Args:
        layers: see `receptive_field`.

    Example:
        >>> effective_deviation([2])                                   # -1/2 or 1/2
        0.5
        >>> round(effective_deviation([3] * 24), 6)                    # sqrt(24 * 8 / 12)
        4.0

    Reference:
        Luo, Li, Urtasun and Zemel (2016), Understanding the effective receptive field in deep
        convolutional neural networks, section 2.
    """
    variance, stride = 0.0, 1
    for layer in map(_layer, layers):
        variance += (layer.kernel_size**2 - 1) / 12 * (layer.dilation_rate * stride) ** 2
        stride *= layer.strides
    return math.sqrt(variance)


def model_receptive_field(model, layer=None, input_name=None, rules=None):
    """Return the receptive field of a Keras model along each axis of its images.

    It follows the outputs back to the input: each layer turns the interval of outputs that is
    wanted of it into the interval of inputs that it reads, and where branches meet on the way back
    an interval covers what all of them read. A rule that carries sizes forwards and takes the
    largest is wrong there, since two branches may look past each other.

    The field is not cut at the image's edges, so it may be larger than the image. Global pooling,
    `Flatten` and `GroupNormalization` read everything: size and padding are then infinite and the
    stride is 0. Behind an upsampling or a transposed convolution the stride may be a fraction, and
    neighbouring outputs have fields of different sizes; `size` is the largest of them, and
    `padding` that of the first output. `model_interval` gives each one.

    Args:
        model: a functional or sequential `keras.Model`, which may hold further models.
        layer: the name of the layer behind which to look; the output by default. A layer in a
            nested model is called `"model/layer"`.
        input_name: the name of the input, if there are several.
        rules: what layers read that are not known here, a dictionary by class or name; see
            `course_lib.receptive_field_layers.reads`.

    Returns:
        A tuple of `Field`s, `(size, stride, padding)`, one for each axis: height and width of an
        image, or the one axis of a sequence.

    Raises:
        ValueError: if it is not defined. The message names the layer and says what to do.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> image = keras.Input((32, 32, 1))
        >>> down = layers.Conv2D(2, (3, 5), strides=2, padding="same")(image)
        >>> model = keras.Model(image, layers.Add()([down, layers.Conv2D(2, 3, 2, "same")(image)]))
        >>> model_receptive_field(model)
        (Field(size=3, stride=2, padding=0), Field(size=5, stride=2, padding=1))
    """
    walk = Walk(model, input_name, rules)
    node = walk.find(layer)
    return tuple(Field(*walk.field(node, axis)) for axis in range(walk.axes))


def model_interval(model, position=0, layer=None, input_name=None, rules=None):
    """Return the first and the last pixel on which one output of a model depends.

    Args:
        model: see `model_receptive_field`; likewise `layer`, `input_name` and `rules`.
        position: of the output, an integer for all axes or one for each.
        layer: see `model`.
        input_name: see `model`.
        rules: see `model`.

    Returns:
        A tuple of pairs `(first, last)`, one for each axis; None for an output that depends on no
        pixel at all.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(1, 3, 2)])
        >>> model_interval(model, (0, 3))
        ((0, 2), (6, 8))
    """
    walk = Walk(model, input_name, rules)
    places = [position] * walk.axes if isinstance(position, Integral) else list(position)
    if len(places) != walk.axes:
        raise ValueError(f"position must be an integer or {walk.axes} of them; got {position!r}.")
    node = walk.find(layer)
    return tuple(walk.interval(node, axis, place) for axis, place in enumerate(places))


def rows(model, input_name=None, rules=None):
    """Return the receptive fields behind every layer of a model.

    Args:
        model: see `model_receptive_field`; likewise `input_name` and `rules`.
        input_name: see `model`.
        rules: see `model`.

    Returns:
        A list of `Row`s from input to output. Layers that do not depend on the input are left out.

    Raises:
        ValueError: as `model_receptive_field`.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(1, 3, name="c")])
        >>> rows(model)[-1].fields[0]
        Field(size=3, stride=1, padding=0)
    """
    walk = Walk(model, input_name, rules)
    return [
        Row(
            node.name,
            node.shape,
            tuple(Field(*walk.field(node, axis)) for axis in range(walk.axes)),
        )
        for node in walk.reached()
    ]


def table(model, brief=False, input_name=None, rules=None):
    """Print a model's layers with the receptive field behind each.

    Where the axes differ, a cell has a number for each, height first.

    Args:
        model: see `model_receptive_field`; likewise `input_name` and `rules`.
        brief: print only the layers that change the field.
        input_name: see `model`.
        rules: see `model`.

    Raises:
        ValueError: as `model_receptive_field`.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> table(
        ...     keras.Sequential(
        ...         [
        ...             keras.Input((32, 32, 3), name="image"),
        ...             layers.Conv2D(8, 3, strides=2, name="conv"),
        ...             layers.MaxPooling2D((2, 1), name="pool"),
        ...             layers.GlobalAveragePooling2D(name="mean"),
        ...         ]
        ...     )
        ... )
        layer   output shape   size   stride   padding
        image   32 x 32 x 3       1        1         0
        conv    15 x 15 x 8       3        2         0
        pool    7 x 15 x 8      5 3      4 2         0
        mean    8               all        0       all
    """
    cells = [("layer", "output shape", "size", "stride", "padding")]
    last = None
    for name, shape, fields in rows(model, input_name, rules):
        if brief and fields == last:
            continue
        last = fields
        sizes = " x ".join("?" if size is None else str(size) for size in shape[1:])
        cells.append((_shortened(name), sizes, *map(_cell, zip(*fields, strict=True))))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        texts = [
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("   ".join(texts).rstrip())


def _cell(numbers):
    texts = ["all" if math.isinf(number) else f"{number:g}" for number in numbers]
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)


def _shortened(name, most=34):
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _layer(value):
    """Return a `Layer` with a number for its padding."""
    if isinstance(value, Integral):
        value = Layer(value)
    elif isinstance(value, dict) and "kernel_size" in value and value.keys() <= set(Layer._fields):
        value = Layer(**value)
    if not isinstance(value, Layer):
        raise ValueError(
            f"a layer must be a Layer, an integer, or a dictionary with kernel_size and, if need "
            f'be, strides, dilation_rate and padding; got {value!r}. Write {{"kernel_size": 3}}.'
        )
    numbers = [
        integer(number, name) for name, number in zip(Layer._fields, value[:3], strict=False)
    ]
    return Layer(*numbers, _first_zeros(*numbers, value.padding))


def _first_zeros(kernel_size, strides, dilation_rate, padding):
    if padding == "same" and strides > 1:
        raise ValueError(
            f'padding="same" with strides of {strides} puts zeros before the first pixel that '
            "depend on the image's size. Give their number: padding=same_padding(size, "
            f"{kernel_size}, {strides}, {dilation_rate})."
        )
    if padding == "same":
        return (kernel_size - 1) * dilation_rate // 2
    return 0 if padding == "valid" else integer(padding, "padding", minimum=0)
