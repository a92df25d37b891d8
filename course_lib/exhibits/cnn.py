"""The exhibits of the topic `cnn`: a trained network that reads drawings, and pooling by hand."""

import numpy as np
import traitlets

from course_lib.arguments import integer, padding_name, pair
from course_lib.cnn import (
    average_pool2d,
    average_pool2d_gradient,
    max_pool2d,
    max_pool2d_gradient,
)
from course_lib.data import digits
from course_lib.exhibits import cnn_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.cnn_network import enlarge, forward, load
from course_lib.exhibits.cnn_strokes import prepare
from course_lib.exhibits.drawings import checked_strokes, packed_layers
from course_lib.exhibits.pictures import one_of

EXAMPLES = (1545, 1471, 1492, 1475, 1512, 1517, 1510, 1587, 1511, 1676)
TABLE = (
    (8, 2, 1, 4, 1, 9, 1, 9, 1),
    (1, 4, 4, 3, 3, 3, 4, 9, 6),
    (5, 4, 4, 4, 6, 9, 7, 1, 3),
    (2, 9, 3, 5, 6, 7, 7, 4, 9),
    (6, 5, 6, 4, 9, 7, 2, 0, 1),
    (2, 2, 2, 5, 5, 3, 4, 8, 9),
    (9, 5, 0, 1, 3, 5, 3, 4, 7),
    (7, 3, 4, 9, 5, 4, 6, 3, 2),
    (6, 7, 4, 7, 5, 2, 3, 4, 6),
)
KINDS = ("maximum", "mean")
LEVELS = 16  # brightness of an example's pixels, as the data has it


def _synchronised(trait):
    return trait.tag(sync=True)


class DrawingExplorer(Exhibit):
    """Draw a digit: a trained network names it, and shows what each of its layers found.

    The page computes the forward pass itself, from the weights that come with it.

    Args:
        layers: the network, as `cnn_network.layers_of` takes it from a Keras model of 16 x 16 x 1
            pixels. By default the one that ships with the course.
        strokes: a drawing: list of lists of points `(x, y)`, from 0 to 1, y downwards.
        example: the digit whose example is shown, if nothing is drawn; -1 for an empty pad.
        layer: place in `layers` of the convolution or pooling whose map is enlarged.
        map: which of its maps; the last if `None`.
        cursor: row and column of the pixel whose origin is explained.
        asked: the digit whose evidence is shown; -1 for the most probable one.
        alone: whether each map has its own scale of brightness, or each layer one for all.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = DrawingExplorer(strokes=[[(0.5, 0.1), (0.5, 0.9)]])
        >>> int(explorer.probabilities().argmax())                     # an upright line
        1
    """

    front = "cnn/drawing_explorer"
    still_size = (7.2, 5.0)
    weights = _synchronised(traitlets.Bytes())
    shapes = _synchronised(traitlets.List())
    examples = _synchronised(traitlets.Bytes())
    strokes = _synchronised(traitlets.List())
    example = _synchronised(traitlets.Int())
    layer = _synchronised(traitlets.Int())
    map = _synchronised(traitlets.Int())
    cursor = _synchronised(traitlets.List())
    asked = _synchronised(traitlets.Int())
    alone = _synchronised(traitlets.Bool())

    def __init__(
        self, layers=None, strokes=(), example=3, *, layer=1, map=None, cursor=(12, 7), asked=-1,
        alone=True,
    ):  # fmt: skip
        layers = load() if layers is None else layers
        shapes, weights = packed_layers(layers)
        maps = {p: one["maps"] for p, one in enumerate(shapes) if one["kind"] in ("conv", "pool")}
        if integer(layer, "layer", minimum=0) not in maps:
            raise ValueError(
                f"layer must be the place of a convolution or a pooling layer, one of "
                f"{', '.join(str(place) for place in maps)}; got {layer}."
            )
        super().__init__(
            weights=weights,
            shapes=shapes,
            examples=_examples(),
            strokes=checked_strokes(strokes),
            example=-1 if len(strokes) else _within(example, "example", -1, 9),
            layer=int(layer),
            map=maps[layer] - 1 if map is None else _within(map, "map", 0, maps[layer] - 1),
            cursor=list(pair(cursor, "cursor", minimum=0)),
            alone=bool(alone),
            asked=_within(asked, "asked", -1, shapes[-1]["shape"][-1] - 1),
        )

    def layers(self):
        """Return the network as plain arrays, read back from what the page gets."""
        return _unpacked(self.shapes, self.weights)

    def picture(self):
        """Return the network's input, of shape `(1, 16, 16, 1)`."""
        if self.example < 0:
            return prepare(self.strokes)
        levels = np.frombuffer(self.examples, np.uint8).reshape(-1, 8, 8, 1)
        return enlarge(levels[[self.example]] / LEVELS)

    def outputs(self):
        """Return what each layer puts out, and the probabilities last."""
        return forward(self.layers(), self.picture())

    def probabilities(self):
        """Return the probability of each digit."""
        return self.outputs()[-1][0]

    def place(self):
        """Return the cursor, brought into the enlarged map."""
        height, width = self.outputs()[self.layer].shape[1:3]
        return min(self.cursor[0], height - 1), min(self.cursor[1], width - 1)

    def draw_still(self, figure):
        """Draw the picture, the probabilities, and the maps of every layer."""
        stills.draw_network(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        probabilities = self.probabilities()
        drawn = f"an example of a {self.example}" if self.example >= 0 else "a drawing"
        sizes = [
            f"{maps.shape[-1]} of {maps.shape[1]} by {maps.shape[2]}"
            for maps in self.outputs()
            if maps.ndim == 4
        ]
        best = int(probabilities.argmax())
        return (
            f"A network of {self.weight_count():,} weights reads {drawn}. Its feature maps, layer "
            f"by layer: {', '.join(sizes)}. Bars of probability: the longest is that of {best}, "
            f"{probabilities[best]:.1%}."
        )

    def weight_count(self):
        """Return how many numbers the network has learnt.

        Example:
            >>> DrawingExplorer().weight_count()
            6722
        """
        return len(self.weights) // 4


class PoolingExplorer(Exhibit):
    """Pool the lecture's table: which numbers a window sees, keeps, and sends its gradient to.

    Args:
        values: square table of 4 to 12 whole numbers from 0 to 9 a side; the lecture's by default.
        kind: `"maximum"` or `"mean"`.
        pool_size: numbers along each side of a window, 1 to 4.
        strides: step from window to window, 1 to 4.
        padding: `"valid"` or `"same"`.
        cursor: row and column of the window that is lit.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> PoolingExplorer(pool_size=3, strides=3).output()
        array([[8., 9., 9.],
               [9., 9., 9.],
               [9., 9., 7.]])
    """

    front = "cnn/pooling_explorer"
    still_size = (7.2, 2.9)
    values = _synchronised(traitlets.List())
    size = _synchronised(traitlets.Int())
    kind = _synchronised(traitlets.Unicode())
    pool_size = _synchronised(traitlets.Int())
    strides = _synchronised(traitlets.Int())
    padding = _synchronised(traitlets.Unicode())
    cursor = _synchronised(traitlets.List())

    def __init__(
        self, values=None, kind="maximum", pool_size=3, strides=2, padding="valid", *, cursor=(1, 2)
    ):
        table = np.asarray(TABLE if values is None else values)
        square = table.ndim == 2 and table.shape[0] == table.shape[1]
        if not square or not 4 <= len(table) <= 12:
            raise ValueError(
                f"values must be a square table of 4 to 12 numbers a side; got shape {table.shape}."
            )
        if not np.isin(table, range(10)).all():
            raise ValueError("values must be whole numbers from 0 to 9, as keys write them.")
        super().__init__(
            values=table.astype(int).ravel().tolist(),
            size=len(table),
            kind=one_of(kind, "kind", KINDS),
            pool_size=_within(pool_size, "pool_size", 1, 4),
            strides=_within(strides, "strides", 1, 4),
            padding=padding_name(padding),
            cursor=list(pair(cursor, "cursor", minimum=0)),
        )

    def table(self):
        """Return the numbers, of shape `(size, size)`."""
        return np.array(self.values, float).reshape(self.size, self.size)

    def output(self):
        """Return what pooling makes of them."""
        pool = max_pool2d if self.kind == "maximum" else average_pool2d
        return pool(self.table()[np.newaxis, ..., np.newaxis], *self._settings())[0, :, :, 0]

    def gradient(self):
        """Return the gradient at each number, if each window's output has the gradient 1."""
        of = max_pool2d_gradient if self.kind == "maximum" else average_pool2d_gradient
        above = np.ones((1, *self.output().shape, 1))
        images = self.table()[np.newaxis, ..., np.newaxis]
        return of(images, above, *self._settings())[0, :, :, 0]

    def place(self):
        """Return the cursor, brought into the output."""
        last = len(self.output()) - 1
        return min(self.cursor[0], last), min(self.cursor[1], last)

    def draw_still(self, figure):
        """Draw the table with a window, the output, and the gradient."""
        stills.draw_pooling(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        output, gradient = self.output(), self.gradient()
        return (
            f"A table of {self.size} by {self.size} numbers and the {self.kind} of windows of "
            f"{self.pool_size} by {self.pool_size} with steps of {self.strides} and padding "
            f'"{self.padding}": {len(output)} by {len(output)} numbers. Beside them how much '
            f"gradient each number gets: none at {int((gradient == 0).sum())}, at most "
            f"{gradient.max():.3g}."
        )

    def _settings(self):
        return self.pool_size, self.strides, self.padding


EXHIBITS = (DrawingExplorer, PoolingExplorer)


def _unpacked(shapes, weights):
    row = np.frombuffer(weights, "<f4")
    layers = []
    for entry in shapes:
        layer = {"kind": entry["kind"]}
        if "shape" in entry:
            shape, start = entry["shape"], entry["at"]
            end = start + int(np.prod(shape))
            layer |= {"kernel": row[start:end].reshape(shape), "bias": row[end : end + shape[-1]]}
        layers.append(layer)
    return layers


def _examples():
    """Ten held-out digits, as levels of 8 x 8 pixels."""
    return np.rint(LEVELS * digits()[0][list(EXAMPLES)]).astype(np.uint8).tobytes()


def _within(value, name, low, high):
    if not low <= integer(value, name, minimum=low) <= high:
        raise ValueError(f"{name} must lie between {low} and {high} here; got {value}.")
    return int(value)
