"""From an output back to the input: intervals through a model's graph, joined where branches do."""

import math
from fractions import Fraction

from course_lib.receptive_field_graph import graph, undefined
from course_lib.receptive_field_layers import WHOLE, reads


def union(one, other):
    """Return the shortest interval that covers two, either of which may be None.

    Example:
        >>> union((0, 2), (4, 5)), union(None, (4, 5))
        ((0, 5), (4, 5))
    """
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


class Walk:
    """The way back through a model to one of its inputs.

    Args:
        model: a functional or sequential `keras.Model`.
        input_name: the name of the input, if there are several.
        rules: of layers that are not known; see `course_lib.receptive_field_layers.reads`.

    Attributes:
        axes: how many axes the input has between the batch and the channels.

    Raises:
        ValueError: if there is no such input, or it is no image and no sequence.
    """

    def __init__(self, model, input_name=None, rules=None):
        self.nodes, self.outputs = graph(model)
        self.rules = rules or {}
        self.source = self._input(input_name)
        self.axes = self.source.axes
        self._place = {node: place for place, node in enumerate(self.nodes)}
        self._known = {}
        if not self.axes:
            raise ValueError(
                f"the input {self.source.name!r} has the shape {self.source.shape}, which has no "
                "height and no width. A receptive field needs (batch, height, width, channels) or "
                "(batch, length, channels)."
            )

    def find(self, layer=None):
        """Return the node of a layer, or of the model's output.

        Raises:
            ValueError: if there is no such layer, or none is named and there are several outputs.
        """
        if layer is None and len(self.outputs) == 1:
            return self.outputs[0]
        if layer is None:
            names = ", ".join(repr(node.name) for node in self.outputs)
            raise ValueError(
                f"the model has several outputs; name one of them with layer=: {names}."
            )
        found = [node for node in self.nodes if node.name == layer]
        if not found:
            names = ", ".join(repr(node.name) for node in self.nodes)
            raise ValueError(f"there is no layer {layer!r}; the layers are: {names}.")
        return found[-1]

    def reached(self):
        """Return the nodes that depend on the input, from input to output."""
        found = {self.source}
        for node in self.nodes:
            if any(source in found for source in node.sources):
                found.add(node)
        return [node for node in self.nodes if node in found]

    def interval(self, node, axis, position):
        """Return the first and the last input on which an output of a node depends, or None."""
        wanted = {node: (position, position)}
        for one in self._backwards(node):
            interval = wanted.get(one)
            if interval is not None:
                for number, source in enumerate(one.sources):
                    read = self._read(one, number, axis, interval)
                    wanted[source] = union(wanted.get(source), read)
        return wanted.get(self.source)

    def rate(self, node, axis):
        """Return by how many inputs the interval moves with the output, and after how many outputs.

        The second number is 1 unless something enlarges: outputs then take turns, and only after
        so many of them does everything repeat.
        """
        rates = {node: Fraction(1)}
        for one in self._backwards(node):
            if one in rates:
                for number, source in enumerate(one.sources):
                    # What does not move reads all: nothing before it matters.
                    moved = rates[one] and rates[one] * self._reads(one, number, axis).rate
                    before = rates.setdefault(source, moved)
                    if 0 not in (before, moved) and before != moved:
                        raise undefined(
                            source,
                            f"branches that meet again read it with strides of {before} and "
                            f"{moved}, so that no two outputs have fields of one size",
                            'Stop before they meet with layer="...", or ask for single outputs '
                            "with model_interval",
                        )
                    rates[source] = before or moved
        period = math.lcm(*(rate.denominator for rate in rates.values()))
        return rates.get(self.source), period

    def field(self, node, axis):
        """Return size, stride and padding of a node's receptive field along an axis.

        Raises:
            ValueError: if the node does not depend on the input.
        """
        rate, period = self.rate(node, axis)
        if rate is None:
            raise ValueError(
                f"the layer {node.name!r} does not depend on the input {self.source.name!r}."
            )
        intervals = [self.interval(node, axis, position) for position in range(period)]
        intervals = [interval for interval in intervals if interval is not None]
        if not intervals:
            return 0, _number(rate), 0
        if any(math.isinf(first) for first, _ in intervals):
            return math.inf, 0, math.inf
        size = max(last - first + 1 for first, last in intervals)
        return size, _number(rate), -intervals[0][0]

    def _backwards(self, node):
        return reversed(self.nodes[: self._place[node] + 1])

    def _read(self, node, number, axis, interval):
        return WHOLE if interval == WHOLE else self._reads(node, number, axis).interval(interval)

    def _reads(self, node, number, axis):
        key = node, number, axis
        if key not in self._known:
            self._known[key] = reads(node, number, axis, self.rules)
        return self._known[key]

    def _input(self, name):
        inputs = [node for node in self.nodes if not node.sources]
        names = ", ".join(repr(node.name) for node in inputs)
        if name is None and len(inputs) > 1:
            raise ValueError(f"the model has several inputs; name one with input_name=: {names}.")
        found = [node for node in inputs if name in (None, node.name)]
        if not found:
            raise ValueError(f"there is no input {name!r}; the inputs are: {names}.")
        return found[0]


def _number(fraction):
    return int(fraction) if fraction.denominator == 1 else float(fraction)
