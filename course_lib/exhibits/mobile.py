"""The exhibit of the topic `mobile`: what three blocks cost, with their wiring."""

import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import mobile_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.mobile_costs import BLOCKS, block_costs, total

LIMITS = {
    "size": 112,
    "channels": 256,
    "filters": 256,
    "kernel_size": 9,
    "multiplier": 4,
    "expansion": 8,
    "strides": 3,
}


def _synchronised(trait):
    return trait.tag(sync=True)


class CostExplorer(Exhibit):
    """An ordinary, a separable and an inverted residual block: wiring, weights and products.

    All three lead from the same channels to the same filters; no convolution has biases.

    Args:
        size: pixels along each side of the input, 4 to 112.
        channels: of the input, 1 to 256.
        filters: channels of the output, 1 to 256.
        kernel_size: of what is not pointwise, 1 to 9.
        multiplier: depthwise kernels for each channel of the separable block, 1 to 4.
        expansion: of the inverted residual block, 1 to 8.
        strides: of what is not pointwise, 1 to 3.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = CostExplorer(size=28, channels=32, filters=32)
        >>> [total(explorer.costs(block))[0] for block in ("ordinary", "separable", "inverted")]
        [9216, 1312, 14016]
    """

    front = "mobile/cost_explorer"
    still_size = (7.2, 3.6)
    size = _synchronised(traitlets.Int())
    channels = _synchronised(traitlets.Int())
    filters = _synchronised(traitlets.Int())
    kernel_size = _synchronised(traitlets.Int())
    multiplier = _synchronised(traitlets.Int())
    expansion = _synchronised(traitlets.Int())
    strides = _synchronised(traitlets.Int())

    def __init__(
        self,
        size=28,
        channels=16,
        filters=16,
        kernel_size=3,
        *,
        multiplier=1,
        expansion=6,
        strides=1,
    ):
        super().__init__(
            size=_at_most(size, "size", minimum=4),
            channels=_at_most(channels, "channels"),
            filters=_at_most(filters, "filters"),
            kernel_size=_at_most(kernel_size, "kernel_size"),
            multiplier=_at_most(multiplier, "multiplier"),
            expansion=_at_most(expansion, "expansion"),
            strides=_at_most(strides, "strides"),
        )

    def costs(self, block):
        """Return the steps of a block, as `mobile_costs.block_costs` counts them."""
        settings = {name: getattr(self, name) for name in LIMITS}
        return block_costs(block, **settings)

    def draw_still(self, figure):
        """Draw the wiring of all three, and bars below."""
        stills.draw_costs(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        counts = [total(self.costs(block)) for block in BLOCKS]
        named = ("An ordinary convolution", "depthwise and pointwise", "an inverted residual block")
        told = [
            f"{name} {'has' if i == 0 else 'have' if i == 1 else 'has'} {weights:,} weights and "
            f"{products:,} multiply-adds"
            for i, (name, (weights, products)) in enumerate(zip(named, counts, strict=True))
        ]
        return (
            f"Three blocks from {self.channels} channels of {self.size} by {self.size} pixels to "
            f"{self.filters} filters, drawn as maps with kernels between them. {'; '.join(told)}."
        )


def _at_most(value, name, minimum=1):
    if integer(value, name, minimum) > LIMITS[name]:
        raise ValueError(f"{name} must be at most {LIMITS[name]} here; got {value}.")
    return int(value)


EXHIBITS = (CostExplorer,)
