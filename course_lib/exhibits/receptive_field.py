"""The exhibit of the topic `receptive_field`: a stack of layers, and how far its units see."""

import numpy as np
import traitlets

from course_lib.arguments import integer, padding_name
from course_lib.data import photograph
from course_lib.exhibits import receptive_field_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.pictures import gray_levels, one_of
from course_lib.exhibits.receptive_field_stack import (
    KINDS,
    LARGEST,
    LIMITS,
    MOST_LAYERS,
    PRESETS,
    SMALLEST,
    levels,
    ways,
)

SIDE = 96  # of the photograph that travels with the page


def _synchronised(trait):
    return trait.tag(sync=True)


class FieldExplorer(Exhibit):
    """A stack of layers that the reader builds: its field grows on a line and on an image.

    Args:
        layers: up to 24 lists `[kind, kernel_size, strides, dilation_rate]`, where the kind is
            `"convolution"` or `"pooling"`; or a name from
            `course_lib.exhibits.receptive_field_stack.PRESETS`, which also gives `size`.
        size: pixels along each side of the image, 16 to 224.
        padding: `"same"` or `"valid"`, of all layers.
        layer: the one whose unit is shown, counted from 1; by default the last.
        place: where that unit is, as shares of the image's height and width.
        weighted: whether pixels are shown by the number of ways that lead to them.
        logarithmic: whether the growth is plotted on a logarithmic axis.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> FieldExplorer("five of 3 × 3").levels()[-1].size          # 1 + 5 * 2
        11
        >>> FieldExplorer("stride 2").levels()[-1].size               # 1 + 2 + 4 + 8 + 16 + 32
        63
    """

    front = "receptive_field/field_explorer"
    still_size = (7.2, 5.6)
    image = _synchronised(traitlets.Bytes())
    presets = _synchronised(traitlets.Dict())
    layers = _synchronised(traitlets.List())
    size = _synchronised(traitlets.Int())
    padding = _synchronised(traitlets.Unicode())
    layer = _synchronised(traitlets.Int())
    place = _synchronised(traitlets.List())
    weighted = _synchronised(traitlets.Bool())
    logarithmic = _synchronised(traitlets.Bool())

    def __init__(
        self,
        layers="five of 3 × 3",
        size=None,
        padding=None,
        *,
        layer=None,
        place=(0.5, 0.5),
        weighted=False,
        logarithmic=False,
    ):
        given = (layers, 65, "same")
        if isinstance(layers, str):
            given = PRESETS[one_of(layers, "layers", tuple(PRESETS))]
        stack = _stack(given[0])
        super().__init__(
            image=gray_levels(photograph("camera", SIDE)).tobytes(),
            presets={name: list(preset) for name, preset in PRESETS.items()},
            layers=stack,
            size=_between(given[1] if size is None else size, "size", SMALLEST, LARGEST),
            padding=padding_name(given[2] if padding is None else padding),
            layer=_between(len(stack) if layer is None else layer, "layer", 1, len(stack)),
            place=_shares(place),
            weighted=bool(weighted),
            logarithmic=bool(logarithmic),
        )

    def levels(self):
        """Return units, size, stride and padding of the input and after each layer."""
        return levels(self.layers, self.size, self.padding)

    def shown(self):
        """Return the number of the layer that is shown: the chosen one, or the last that fits."""
        units = [level.units for level in self.levels()]
        return max(i for i in range(self.layer + 1) if units[i])

    def unit(self):
        """Return row and column of the unit that is shown."""
        units = self.levels()[self.shown()].units
        return [min(int(share * units), units - 1) for share in self.place]

    def ways(self, axis=1):
        """Return in how many ways the unit depends on each place of each level, along an axis."""
        layers = self.layers[: self.shown()]
        return ways(layers, self.size, self.padding, self.unit()[axis])

    def photograph(self):
        """Return the picture as levels of gray from 0 to 255."""
        return np.frombuffer(self.image, np.uint8).reshape(SIDE, SIDE)

    def draw_still(self, figure):
        """Draw the stack along a line, the field on the image, and its growth."""
        stills.draw_field(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        field = self.levels()[self.layer]
        return (
            f"A stack of {len(self.layers)} layers over {self.size} pixels. One unit of layer "
            f"{self.layer} sees a field of {field.size} pixels along each side; the fields of "
            f"neighbours lie {field.stride} apart, and the first begins {field.padding} before "
            f"the image."
        )


EXHIBITS = (FieldExplorer,)


def _between(value, name, low, high):
    if integer(value, name, minimum=low) > high:
        raise ValueError(f"{name} must be at most {high} here; got {value}.")
    return int(value)


def _stack(layers):
    if not isinstance(layers, (list, tuple)) or not 1 <= len(layers) <= MOST_LAYERS:
        raise ValueError(
            f"layers must be a list of 1 to {MOST_LAYERS} layers; got {layers!r}. "
            f'Write [["convolution", 3, 1, 1]] for one of 3 x 3.'
        )
    return [_layer(layer) for layer in layers]


def _layer(layer):
    if not isinstance(layer, (list, tuple)) or len(layer) != 4:
        raise ValueError(
            f"a layer must be a list [kind, kernel_size, strides, dilation_rate]; got {layer!r}."
        )
    numbers = [
        _between(value, name, 1, limit)
        for value, (name, limit) in zip(layer[1:], LIMITS.items(), strict=True)
    ]
    return [one_of(layer[0], "a layer's kind", KINDS), *numbers]


def _shares(place):
    values = np.asarray(place, float)
    if values.shape != (2,) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"place must be two shares from 0 to 1, of height and width; got {place!r}."
        )
    return values.tolist()
