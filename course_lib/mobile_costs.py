"""What blocks and networks cost, and what a ReLU loses where there are few channels.

Costs are counted for one image. Pure counting, `block_costs` and `share_lost`, needs no Keras.
"""

import math
from typing import NamedTuple

import numpy as np

from course_lib.arguments import integer, numeric_array, pair
from course_lib.convolution import output_size

BLOCKS = ("ordinary", "separable", "inverted")


class Step(NamedTuple):
    """One convolution of a block: its weights, products, and the numbers it reads and writes."""

    name: str
    parameters: int
    multiply_adds: int
    reads: int
    writes: int

    @property
    def intensity(self):
        """Products for each number that is moved: weights and input read, output written."""
        return self.multiply_adds / (self.parameters + self.reads + self.writes)


class Cost(NamedTuple):
    """What one call of a layer costs an image."""

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    multiply_adds: int


def block_costs(
    block, size, channels, filters, kernel_size=3, multiplier=1, expansion=6, strides=1
):
    """Count the convolutions of a block, step by step.

    Convolutions have no biases, since batch normalisation follows each of them, and it is not
    counted: after training it is folded into the weights.

    Args:
        block: `"ordinary"`, one convolution; `"separable"`, depthwise and pointwise; `"inverted"`,
            expanding, depthwise and projecting.
        size: pixels of the input, an integer or a pair for height and width; padded as `"same"`.
        channels: of the input.
        filters: channels of the output.
        kernel_size: of what is not pointwise, an integer or a pair.
        multiplier: depthwise kernels for each channel, of `"separable"`.
        expansion: of `"inverted"`; with 1 nothing is expanded.
        strides: of what is not pointwise, an integer or a pair.

    Returns:
        A tuple of `Step`s in the order in which they are computed.

    Raises:
        ValueError: if there is no such block, or a size is not a positive integer.

    Example:
        >>> [step.multiply_adds for step in block_costs("ordinary", 8, 16, 32)]
        [294912]
        >>> # 294912 = 8*8 * 9*16*32, and below 8*8 * 9*16 and 8*8 * 16*32
        >>> [step.multiply_adds for step in block_costs("separable", 8, 16, 32)]
        [9216, 32768]
        >>> [step.name for step in block_costs("inverted", 8, 16, 16)]
        ['expand', 'depthwise', 'project']
    """
    if block not in BLOCKS:
        raise ValueError(f"there is no block {block!r}; the blocks are: {', '.join(BLOCKS)}.")
    taps = math.prod(pair(kernel_size, "kernel_size"))
    channels, filters = integer(channels, "channels"), integer(filters, "filters")
    before, after = (math.prod(pixels) for pixels in _sizes(size, kernel_size, strides))
    if block == "ordinary":
        return (_step("convolve", taps * channels * filters, before * channels, after, filters),)
    if block == "separable":
        first, wide = (), channels * integer(multiplier, "multiplier")
        reads = channels
    else:
        reads = wide = channels * integer(expansion, "expansion")
        first = (_step("expand", channels * wide, before * channels, before, wide),)
        first = first if expansion > 1 else ()
    depthwise = _step("depthwise", taps * wide, before * reads, after, wide)
    name = "project" if block == "inverted" else "pointwise"
    return (*first, depthwise, _step(name, wide * filters, after * wide, after, filters))


def total(steps):
    """Return the parameters and the multiply-adds of all steps of a block, or rows of a model.

    Example:
        >>> total(block_costs("separable", 8, 16, 32))                # 9*16 + 16*32; times 8*8
        (656, 41984)
    """
    return sum(step.parameters for step in steps), sum(step.multiply_adds for step in steps)


def saving(kernel_size, filters, multiplier=1):
    """Return the share of a convolution's multiply-adds that its two separate steps need.

    Args:
        kernel_size: an integer, or a pair.
        filters: channels of the output.
        multiplier: depthwise kernels for each channel.

    Example:
        >>> round(saving(3, filters=64), 4)                           # 1 / 64 + 1 / 9
        0.1267

    Reference:
        Howard et al. (2017), MobileNets, section 3.1, with a multiplier of 1.
    """
    taps = math.prod(pair(kernel_size, "kernel_size"))
    return integer(multiplier, "multiplier") * (1 / integer(filters, "filters") + 1 / taps)


def costs(model):
    """Count what each layer of a Keras model costs for one image.

    Convolutions of every kind and dense layers multiply. Taps that meet the zeros of the padding
    are counted, as is usual. Everything else, such as activations, sums, pooling and biases, takes
    a step or a few for each number and is left out; so is batch normalisation, which is folded into
    the weights before a network is used.

    Args:
        model: a built `keras.Model` of one fixed input size, functional or sequential; models
            inside it are looked into.

    Returns:
        A list of `Cost`s, one for each call of a layer, those nearest to the input first. A layer
        that is called twice computes twice; its parameters are in its first row.

    Raises:
        ValueError: if a size is open, or a layer multiplies in a way that is not known here. The
            message names it.

    Example:
        >>> import keras
        >>> from course_lib.mobile import depthwise_separable_block
        >>> from course_lib.models import as_model
        >>> rows = costs(as_model(depthwise_separable_block, (8, 8, 16), 32))
        >>> [(row.kind, row.multiply_adds) for row in rows if row.multiply_adds]
        [('DepthwiseConv2D', 9216), ('Conv2D', 32768)]
    """
    rows, seen = [], set()
    for layer, given, result in _calls(model):
        shared = id(layer) in seen
        seen.add(id(layer))
        parameters = sum(math.prod(w.shape) for w in getattr(layer, "weights", ()))
        rows.append(
            Cost(
                layer.name,
                type(layer).__name__,
                tuple(result[1:]),
                0 if shared else parameters,
                _multiply_adds(layer, given, result),
            )
        )
    return rows


def multiply_adds(model):
    """Return how many products of a weight and a number a Keras model computes for one image.

    Each is followed by an addition, and many tables count the two as two operations.

    Args:
        model: as for `costs`.

    Raises:
        ValueError: as `costs`.

    Example:
        >>> from course_lib.cnn import cnn_with_pooling
        >>> from course_lib.models import as_model
        >>> multiply_adds(as_model(cnn_with_pooling, (100, 100, 3)))
        25216224
    """
    return sum(row.multiply_adds for row in costs(model))


def share_lost(channels, width):
    """Return the probability that a ReLU after a random projection loses what a point was.

    A unit whose kernel has no preferred direction is at zero for half of all points, and says
    nothing of them. `channels` numbers can be found again if as many units are active.

    Args:
        channels: numbers that describe a point.
        width: units that they are projected to.

    Returns:
        A float, `P(B < channels)` for a binomial `B` of `width` throws of a fair coin.

    Raises:
        ValueError: if a number is not a positive integer.

    Example:
        >>> [share_lost(2, width) for width in (2, 3, 5)]             # 3/4, 4/8, 6/32
        [0.75, 0.5, 0.1875]
        >>> share_lost(16, 16 * 6) < 1e-10
        True
    """
    channels, width = integer(channels, "channels"), integer(width, "width")
    return sum(math.comb(width, k) for k in range(min(channels, width + 1))) / 2**width


def relu_round_trip(points, width, seed=0):
    """Project points at random, apply ReLU, and find as much of them again as can be found.

    Where at least as many units are active as a point has numbers, these are the solution of a
    linear system and come back exactly. Where fewer are, infinitely many points give the same
    outputs; the shortest one that agrees with the active units is returned.

    Args:
        points: array of shape `(count, channels)`.
        width: units that they are projected to.
        seed: of the projection.

    Returns:
        A tuple `(found, active)`: the points found, of the shape of `points`, and how many units
        are active for each, of shape `(count,)`.

    Raises:
        ValueError: if `points` has another rank or `width` is not a positive integer.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(1000, 2))
        >>> found, active = relu_round_trip(points, width=3)
        >>> np.array_equal(np.abs(found - points).max(axis=1) < 1e-9, active >= 2)
        True

    Reference:
        Sandler et al. (2018), MobileNetV2, figure 1 and section 3.2. They go back with the inverse
        of the projection, which brings back no point exactly that lost a unit.
    """
    points = numeric_array(points, "points", ("count", "channels"))
    _, channels = points.shape
    rng = np.random.default_rng(seed)
    projection = rng.normal(size=(channels, integer(width, "width")))
    outputs = np.maximum(points @ projection, 0)
    is_active = outputs > 0
    found = np.zeros(points.shape)
    patterns, which = np.unique(is_active, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = np.flatnonzero(which.ravel() == number)
        if pattern.any():
            seen = outputs[chosen][:, pattern]
            found[chosen] = seen @ np.linalg.pinv(projection[:, pattern])
    return found, is_active.sum(axis=1)


def _step(name, parameters, reads, positions, maps):
    """Every weight of a convolution is used once at every position."""
    return Step(name, parameters, parameters * positions, reads, positions * maps)


def _sizes(size, kernel_size, strides):
    size, kernel_size = pair(size, "size"), pair(kernel_size, "kernel_size")
    strides = pair(strides, "strides")
    return size, tuple(map(output_size, size, kernel_size, strides, ["same"] * 2))


def _calls(model):
    """Yield layers with the shapes of what they are given and give, one entry for each call."""
    found, done = [], set()

    def visit(tensor):
        layer, index, _ = tensor._keras_history
        node = layer._inbound_nodes[index]
        if id(node) in done:
            return
        done.add(id(node))
        for one in node.input_tensors:
            visit(one)
        if not node.input_tensors:  # an input
            return
        if hasattr(layer, "layers"):
            found.extend(_calls(layer))
        else:
            found.append((layer, node.input_tensors[0].shape, node.outputs[0].shape))

    if not getattr(model, "outputs", None):
        raise ValueError(
            f"{getattr(model, 'name', model)!r} has no graph of layers to count; give its input's "
            f"shape, or build it as a functional or sequential keras.Model."
        )
    for output in model.outputs:
        visit(output)
    return found


def _multiply_adds(layer, given, result):
    kind = type(layer).__name__
    matrices = [w for w in getattr(layer, "weights", ()) if len(w.shape) > 1]
    if not matrices:
        return 0
    known = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
    known += tuple(f"{how}Conv{n}D" for how in ("Depthwise", "Separable") for n in (1, 2))
    if kind not in (*known, "Dense"):
        raise ValueError(
            f"layer {layer.name!r} is a {kind}, which multiplies in a way that is not counted "
            f"here; known are {', '.join(known)} and Dense. Count it yourself, or leave it out."
        )
    # A transposed convolution spreads every pixel that it is given; others gather.
    shape = given if kind.endswith("Transpose") else result
    first = getattr(layer, "data_format", None) == "channels_first"
    positions = shape[2:] if first else shape[1:-1]
    if None in positions:
        raise ValueError(
            f"layer {layer.name!r} has an open size, {shape}; the count depends on it. Build the "
            f"model for one input size."
        )
    return math.prod(positions) * sum(math.prod(w.shape) for w in matrices)
