"""What each kind of layer reads: one line of whole-number arithmetic for each axis.

A layer that has to produce the outputs from `a` to `b` reads the inputs from
`floor((a * times + first) / over)` to `floor((b * times + last) / over)`. A convolution multiplies
(`times` is its stride), an upsampling divides (`over` is its factor), and both shift.

Layers are known by the names of their classes, so that nobody waits for Keras here.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from course_lib.receptive_field_graph import axis_name, undefined

WHOLE = (-math.inf, math.inf)


class Reads(NamedTuple):
    """Which inputs a layer reads along one axis; the defaults read each output's own position.

    Example:
        >>> Reads(times=2, first=-1, last=1).interval((3, 4))     # 3 taps, stride 2, one zero
        (5, 9)
        >>> Reads(over=2).interval((3, 4))                        # every pixel repeated twice
        (1, 2)
    """

    times: int = 1
    over: int = 1
    first: int = 0
    last: int = 0

    def interval(self, wanted):
        """Return the first and the last input read for these outputs, or None if there is none."""
        if wanted == WHOLE:
            return WHOLE
        first = (wanted[0] * self.times + self.first) // self.over
        last = (wanted[1] * self.times + self.last) // self.over
        return (first, last) if first <= last else None

    @property
    def rate(self):
        """By how many inputs the interval moves when the output moves by one."""
        return Fraction(self.times, self.over)


class Everything:
    """What a layer reads that needs all positions for any of its outputs."""

    rate = Fraction(0)

    def interval(self, wanted):
        """Return the interval without ends."""
        return WHOLE


EVERYTHING = Everything()
ITSELF = Reads()


def window(extent, strides, zeros):
    """Return what a window of `extent` pixels reads, with `zeros` zeros before the first pixel.

    Example:
        >>> window(extent=3, strides=2, zeros=1)
        Reads(times=2, over=1, first=-1, last=1)
    """
    return Reads(times=strides, first=-zeros, last=extent - 1 - zeros)


def transposed(extent, strides, cropped=0):
    """Return what a transposed convolution reads that drops its first `cropped` outputs.

    Input `i` writes to the outputs from `i * strides - cropped` on, `extent` of them. Read
    backwards, output `o` takes from all `i` between `(o + cropped - extent + 1) / strides`, rounded
    up, and `(o + cropped) / strides`, rounded down. As everywhere, nothing is cut at the edges.

    Example:
        >>> [transposed(3, 2).interval((o, o)) for o in range(4)]
        [(-1, 0), (0, 0), (0, 1), (1, 1)]
    """
    return Reads(over=strides, first=cropped - extent + strides, last=cropped)


def nearest(size):
    """Return what an enlargement reads that repeats every pixel `size` times.

    Example:
        >>> [nearest(2).interval((o, o)) for o in range(4)]
        [(0, 0), (0, 0), (1, 1), (1, 1)]
    """
    return Reads(over=size)


def bilinear(size):
    """Return what an enlargement reads that interpolates between pixels' centres.

    Output `o` lies at `(o + 1/2) / size - 1/2` among the inputs, and reads the inputs to its left
    and its right, or the one that it meets.

    Example:
        >>> [bilinear(2).interval((o, o)) for o in range(1, 4)]
        [(0, 1), (0, 1), (1, 2)]
    """
    return Reads(times=2, over=2 * size, first=1 - size, last=size)


def same_padding(size, kernel_size, strides=1, dilation_rate=1):
    """Return how many zeros `padding="same"` puts before the first pixel of an axis.

    With strides it depends on the size of the input: the last window has to end where the input
    does, or one pixel after it. An odd number of zeros has its larger half at the end.

    Args:
        size: pixels along the axis.
        kernel_size: taps of the kernel along the axis.
        strides: step from one position to the next.
        dilation_rate: distance between neighbouring taps.

    Example:
        >>> same_padding(224, 3, strides=2), same_padding(225, 3, strides=2)
        (0, 1)
    """
    extent = (kernel_size - 1) * dilation_rate + 1
    return max((-(-size // strides) - 1) * strides + extent - size, 0) // 2


def reads(node, number, axis, rules=None):
    """Return what a node reads of its input `number` along an axis.

    Args:
        node: a `Node` of the graph.
        number: which of the node's inputs.
        axis: 0 for the height, 1 for the width.
        rules: for layers that are not listed here, by class or layer name: a `Reads`,
            `EVERYTHING`, or a function of the layer and the axis that returns one of them.

    Returns:
        A `Reads`, or `EVERYTHING`.

    Raises:
        ValueError: if it is not defined; the message names the layer.
    """
    operation, source = node.operation, node.sources[number]
    own = _own_rule(node, rules or {})
    if own is not None:
        return own(operation, axis) if callable(own) else own
    if getattr(operation, "data_format", None) == "channels_first":
        raise undefined(node, 'it has its channels first; build it with "channels_last"')
    is_layer = hasattr(operation, "trainable")
    table = _LAYERS if is_layer else _OPERATIONS
    names = [c.__name__ for c in type(operation).__mro__ if c.__module__.startswith("keras.")]
    rule = next((table[name] for name in names if name in table), None)
    if rule is None:
        raise undefined(node, "the course has no rule for it")
    return rule(node, source, axis)


def _own_rule(node, rules):
    names = [node.name, *(kind.__name__ for kind in type(node.operation).__mro__)]
    return next((rules[name] for name in names if name in rules), None)


def _entry(value, axis):
    return value if isinstance(value, int) else value[axis]


def _zeros(node, source, axis, extent, strides):
    padding = node.operation.padding
    if padding in ("valid", "causal"):
        return extent - 1 if padding == "causal" else 0
    size = source.length(axis)
    if size is None and strides > 1:
        raise undefined(
            node,
            f'with padding="same" and strides of {strides} its zeros depend on the size of the '
            "input, which is not known",
            "Build the model with an input size, such as keras.Input((224, 224, 3))",
        )
    return (extent - 1) // 2 if size is None else same_padding(size, extent, strides)


def _convolution(node, source, axis):
    layer = node.operation
    extent = (_entry(layer.kernel_size, axis) - 1) * _entry(layer.dilation_rate, axis) + 1
    strides = _entry(layer.strides, axis)
    return window(extent, strides, _zeros(node, source, axis, extent, strides))


def _pooling(node, source, axis):
    extent, strides = _entry(node.operation.pool_size, axis), _entry(node.operation.strides, axis)
    return window(extent, strides, _zeros(node, source, axis, extent, strides))


def _transposed_convolution(node, source, axis):
    layer = node.operation
    extent = (_entry(layer.kernel_size, axis) - 1) * _entry(layer.dilation_rate, axis) + 1
    strides = _entry(layer.strides, axis)
    if layer.padding == "valid":
        return transposed(extent, strides)
    before, after = source.length(axis), node.length(axis)
    if before is None or after is None:
        if layer.output_padding is not None:
            raise undefined(node, "its output_padding needs the size of the input")
        return transposed(extent, strides, max(extent - strides, 0) // 2)
    return transposed(extent, strides, max((before - 1) * strides + extent - after, 0) // 2)


def _upsampling(node, source, axis):
    size = _entry(node.operation.size, axis)
    kind = getattr(node.operation, "interpolation", "nearest")
    if kind not in ("nearest", "bilinear"):
        raise undefined(node, f'only "nearest" and "bilinear" are known; it has {kind!r}')
    return nearest(size) if kind == "nearest" else bilinear(size)


def _margin(value, axis):
    """What a layer adds or cuts before the first pixel; for one axis the pair stands alone."""
    return value[0] if isinstance(value[0], int) else value[axis][0]


def _shifted(by):
    return Reads(first=by, last=by)


def _zero_padding(node, source, axis):
    return _shifted(-_margin(node.operation.padding, axis))


def _cropping(node, source, axis):
    return _shifted(_margin(node.operation.cropping, axis))


def _itself(node, source, axis):
    """A size of 1 is repeated (broadcast) where it meets a larger one."""
    if source.length(axis) == 1 and node.length(axis) != 1:
        return Reads(times=0)
    return ITSELF


def _everything(node, source, axis):
    return EVERYTHING


def _along(node):
    """The axes along which an operation works, counted from the batch."""
    axes = getattr(node.operation, "axis", -1)
    rank = len(node.sources[0].shape)
    axes = range(rank) if axes is None else axes
    return {one % rank for one in (axes if hasattr(axes, "__iter__") else [axes])}


def _normalised(node, source, axis):
    return EVERYTHING if axis + 1 in _along(node) else ITSELF


def _reduced(node, source, axis):
    images = set(range(1, 1 + source.axes))
    if _along(node) & images and not images <= _along(node) and len(node.shape) < len(source.shape):
        raise undefined(node, "it takes away one of the image's axes and leaves another")
    return _normalised(node, source, axis)


def _joined(node, source, axis):
    if axis + 1 in _along(node):
        raise undefined(node, f"it puts its inputs side by side along the {axis_name(axis)}")
    return _itself(node, source, axis)


def _dense(node, source, axis):
    """On an image a dense layer works on the channels of each pixel, as a 1x1 convolution does."""
    return ITSELF


def _reshaped(node, source, axis):
    images = slice(1, 1 + source.axes)
    if source.axes == 0 or source.shape[images] == node.shape[images]:
        return ITSELF
    if node.axes == 0 or all(size == 1 for size in source.shape[images]):
        return EVERYTHING
    raise undefined(node, f"it turns {source.shape[1:]} into {node.shape[1:]} and mixes the axes")


def _padded(node, source, axis):
    widths = node.operation.pad_width
    return _shifted(-widths[axis + 1 if len(widths) > 1 else 0][0])


def _sliced(node, source, axis):
    """`x[:, ::2, ::2, :]` and the like, with starts and steps that are not negative."""
    keys = list(node.arguments[1] if isinstance(node.arguments[1], tuple) else node.arguments[1:2])
    if Ellipsis in keys:
        where, missing = keys.index(Ellipsis), len(source.shape) - len(keys) + 1
        keys[where : where + 1] = [slice(None)] * missing
    keys += [slice(None)] * (len(source.shape) - len(keys))
    key = keys[axis + 1]
    if not all(isinstance(one, slice) for one in keys) or min(key.start or 0, key.step or 1) < 0:
        raise undefined(node, f"its slice {key!r} cannot be followed")
    return Reads(key.step or 1, 1, key.start or 0, key.start or 0)


def _named(names, rule):
    return dict.fromkeys(names.split(), rule)


def _of_every_rank(names, rule):
    return {f"{name}{rank}D": rule for name in names.split() for rank in (1, 2, 3)}


_ACTIVATIONS = "Relu Relu6 Sigmoid Silu Softplus Softsign Tanh Gelu Elu Selu LeakyRelu HardSigmoid"
_UNARY = "Abs Absolute Negative Exp Log Log1p Sqrt Square Sign Clip Cast Reciprocal Round Rsqrt"
_BINARY = "Add Subtract Multiply Divide TrueDivide Maximum Minimum Power Where Greater Less"
_LAYERS = {
    **{f"{kind}Conv{rank}D": _convolution for kind in ("", "Depthwise", "Separable")
       for rank in (1, 2, 3)},
    **_of_every_rank("MaxPooling AveragePooling", _pooling),
    **{f"Conv{rank}DTranspose": _transposed_convolution for rank in (1, 2, 3)},
    **_of_every_rank("UpSampling", _upsampling),
    **_of_every_rank("ZeroPadding", _zero_padding),
    **_of_every_rank("Cropping", _cropping),
    **_of_every_rank("GlobalMaxPooling GlobalAveragePooling", _everything),
    **_named("Flatten GroupNormalization", _everything),
    **_named("LayerNormalization RMSNormalization UnitNormalization Softmax", _normalised),
    **_named("Activation ReLU LeakyReLU PReLU ELU BatchNormalization Identity", _itself),
    **_named("Dropout GaussianDropout AlphaDropout GaussianNoise Rescaling Normalization", _itself),
    **_of_every_rank("SpatialDropout", _itself),
    **_named("Add Subtract Multiply Average Maximum Minimum ActivityRegularization", _itself),
    # Of keras.applications: ConvNeXt's, and the sum with a weight of InceptionResNetV2.
    **_named("LayerScale StochasticDepth CustomScaleLayer", _itself),
    "Concatenate": _joined,
    "Dense": _dense,
    "Reshape": _reshaped,
}  # fmt: skip
_OPERATIONS = {
    **_named(f"{_ACTIVATIONS} {_UNARY} {_BINARY} Identity", _itself),
    **_named("Mean Sum Max Min Amax Amin Std Var Prod", _reduced),
    **_named("Softmax LogSoftmax Normalize", _normalised),
    "Concatenate": _joined,
    "Reshape": _reshaped,
    "Pad": _padded,
    "GetItem": _sliced,
}
