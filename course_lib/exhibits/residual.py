"""The exhibits of the topic `residual`: gradients by layer, and a block with its shortcut."""

import numpy as np
import traitlets

from course_lib.arguments import integer, pair
from course_lib.exhibits import residual_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.pictures import one_of
from course_lib.exhibits.residual_blocks import LARGEST, ORDERS, RULES, block_values, plan
from course_lib.exhibits.residual_signals import (
    MOST_BLOCKS,
    QUANTITIES,
    kernels_of,
    last_gradient,
    picture,
    signals,
)


def _synchronised(trait):
    return trait.tag(sync=True)


class GradientExplorer(Exhibit):
    """Two deep networks with equal weights, one with shortcuts: what arrives at each layer.

    A digit goes forward through convolutions of four 3x3 filters, a gradient of norm 1 comes back.

    Args:
        blocks: of two convolutions each, 1 to 27; one more convolution stands before them.
        scale: factor on He's initialisation, 0.5 to 1.5. Glorot's is the root of a half.
        batch_norm: whether each convolution is followed by batch normalisation.
        branch_scale: factor from 0 to 1 on what a block adds to its input.
        quantity: what the bars show: `"maps"` and `"kernels"` for gradients, or `"values"`.
        layer: the one that is read out, counted from 0.
        seed: of the weights, 0 to 999.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> plain, residual = GradientExplorer(blocks=27).measured()
        >>> bool(plain.maps[0] < 1e-8), bool(residual.maps[0] > 1)
        (True, True)
    """

    front = "residual/gradient_explorer"
    still_size = (7.2, 3.8)
    image = _synchronised(traitlets.List())
    blocks = _synchronised(traitlets.Int())
    scale = _synchronised(traitlets.Float())
    batch_norm = _synchronised(traitlets.Bool())
    branch_scale = _synchronised(traitlets.Float())
    quantity = _synchronised(traitlets.Unicode())
    layer = _synchronised(traitlets.Int())
    seed = _synchronised(traitlets.Int())

    def __init__(
        self,
        blocks=9,
        scale=0.71,
        batch_norm=False,
        branch_scale=1.0,
        *,
        quantity="maps",
        layer=0,
        seed=3,
    ):
        super().__init__(
            image=picture().ravel().tolist(),
            blocks=_at_most(blocks, "blocks", MOST_BLOCKS),
            scale=_between(scale, "scale", 0.5, 1.5),
            batch_norm=bool(batch_norm),
            branch_scale=_between(branch_scale, "branch_scale", 0, 1),
            quantity=one_of(quantity, "quantity", QUANTITIES),
            layer=integer(layer, "layer", minimum=0),
            seed=_at_most(seed, "seed", 999, minimum=0),
        )

    def measured(self):
        """Return the signals of the plain and of the residual network."""
        kernels = kernels_of(self.blocks, self.scale, self.seed)
        settings = last_gradient(self.seed), self.batch_norm, self.branch_scale
        gradient, *rest = settings
        return tuple(signals(kernels, gradient, shortcuts, *rest) for shortcuts in (False, True))

    def draw_still(self, figure):
        """Draw one bar a layer for both networks."""
        stills.draw_gradients(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        plain, residual = (network.maps[0] for network in self.measured())
        return (
            f"Bars by layer for a plain and a residual network of {2 * self.blocks + 1} "
            f"convolutions with equal weights. Of a gradient of size 1 at the output, "
            f"{plain:.1e} arrives at the first layer of the plain network and {residual:.1e} at "
            f"that of the residual one."
        )


class BlockExplorer(Exhibit):
    """A block of two convolutions: which shortcut it needs, and what both paths add up to.

    Args:
        size: pixels along each side of the input, 2 to 12.
        channels: of the input, 1 to 4.
        filters: of the two convolutions, each 1 to 4.
        strides: of the two convolutions, each 1 to 3.
        rule: `"shape"` projects exactly when the shape differs; `"lecture"` is the lecture's test.
        order: where activations and addition stand: `"original"`, `"lecture"`, `"preactivation"`.
        channel: the one that is drawn, counted from 0.
        seed: of the weights, 0 to 99.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> BlockExplorer(strides=(3, 1)).plan().shapes[1]       # 3 = ceil(8 / 3)
        (3, 3, 2)
    """

    front = "residual/block_explorer"
    still_size = (7.2, 2.1)
    size = _synchronised(traitlets.Int())
    channels = _synchronised(traitlets.Int())
    filters = _synchronised(traitlets.List())
    strides = _synchronised(traitlets.List())
    rule = _synchronised(traitlets.Unicode())
    order = _synchronised(traitlets.Unicode())
    channel = _synchronised(traitlets.Int())
    seed = _synchronised(traitlets.Int())

    def __init__(
        self,
        size=8,
        channels=2,
        filters=(2, 2),
        strides=(1, 1),
        *,
        rule="shape",
        order="original",
        channel=0,
        seed=0,
    ):
        super().__init__(
            size=_at_most(size, "size", LARGEST["size"], minimum=2),
            channels=_at_most(channels, "channels", LARGEST["channels"]),
            filters=_pair_at_most(filters, "filters"),
            strides=_pair_at_most(strides, "strides"),
            rule=one_of(rule, "rule", RULES),
            order=one_of(order, "order", ORDERS),
            channel=integer(channel, "channel", minimum=0),
            seed=_at_most(seed, "seed", 99, minimum=0),
        )

    def plan(self):
        """Return shapes, shortcut, outcome and parameters."""
        return plan(self.size, self.channels, tuple(self.filters), tuple(self.strides), self.rule)

    def values(self):
        """Return the arrays on both paths, by name."""
        shape = self.size, self.channels, tuple(self.filters), tuple(self.strides)
        return block_values(*shape, self.rule, self.order, self.seed)

    def draw_still(self, figure):
        """Draw one channel of input, both paths, sum and output."""
        stills.draw_block(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        planned = self.plan()
        shapes = [" by ".join(map(str, shape)) for shape in planned.shapes]
        path = f"a projection with strides {planned.strides}" if planned.strides else "the identity"
        outcome = {
            "fits": "they are added",
            "broadcasts": "they broadcast, without an error",
            "fails": "they cannot be added",
        }[planned.outcome]
        return (
            f"A block of two convolutions on an input of {shapes[0]}. The branch gives "
            f"{shapes[1]}, the shortcut, {path}, gives {shapes[2]}: {outcome}."
        )


EXHIBITS = (GradientExplorer, BlockExplorer)


def _at_most(value, name, limit, minimum=1):
    if integer(value, name, minimum=minimum) > limit:
        raise ValueError(f"{name} must be at most {limit} here; got {value}.")
    return int(value)


def _pair_at_most(value, name):
    values = pair(value, name)
    if max(values) > LARGEST[name]:
        raise ValueError(f"{name} must be at most {LARGEST[name]} here; got {value!r}.")
    return list(values)


def _between(value, name, low, high):
    if isinstance(value, bool) or not np.isscalar(value) or not low <= float(value) <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}; got {value!r}.")
    return float(value)
