"""A network as steps that can be run one by one, with any value on the way changed.

A skip is found by what it is, not by a layer's name. Data has passed the bottom, the weights at the
coarsest level, or it has not: where what has not meets what has, a skip ends. So it does not matter
whether it is concatenated by a layer or an operation, in a nested model or not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course_lib.checks import networks


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a layer or an operation.

    Attributes:
        operation: the layer or operation.
        node: Keras's record of the call.
        inputs: numbers of the values that it takes.
        outputs: numbers of the values that it gives.
    """

    operation: object
    node: object
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Join:
    """Where a skip ends.

    Attributes:
        step: the number of the step that takes it.
        value: the number of the value that it brings.
        level: 0 for the finest.
    """

    step: int
    value: int
    level: int


class Graph:
    """A model's steps in an order in which they can be run.

    Args:
        model: a functional model of one input and one output; nested models are opened.
        images: what it is run on; sizes that poolings divide show its levels best.
    """

    def __init__(self, model, images):
        self.images = np.asarray(images, np.float32)
        self.steps = []
        self._known = {}
        self._count = 1
        self._shapes = {0: self.images.shape}
        inputs = {id(one): 0 for one in networks._flat(model.inputs)}
        self.output = self._number(networks._flat(model.outputs)[0], inputs, ())
        if any(None in shape[1:] for shape in self._shapes.values()):
            self._shapes = {number: np.shape(value) for number, value in self.values.items()}
        height = self.images.shape[1]
        self.level = {
            number: round(np.log2(height / shape[1]))
            for number, shape in self._shapes.items()
            if len(shape) == 4 and shape[1] > 0
        }
        levels = [self.level.get(s.outputs[0], -1) for s in self.steps if _weights(s)]
        bottom = max(levels, default=0)
        self.passed = set()
        for step in self.steps:
            there = _weights(step) and self.level.get(step.outputs[0]) == bottom
            if there or self.passed & set(step.inputs):
                self.passed |= set(step.outputs)

    @cached_property
    def values(self):
        """All values by number, nothing changed; many questions need the shapes only."""
        return self.run()

    def run(self, changed=None, values=None, first=0):
        """Return all values by number.

        Args:
            changed: `{(step, value): array}`, what a step gets in place of a value.
            values: known ones, when only the steps from `first` on are run.
            first: the number of the first step to run.
        """
        import keras

        changed = changed or {}
        values = {0: self.images} if values is None else dict(values)
        for place, step in enumerate(self.steps[first:], start=first):
            given = {
                id(tensor): keras.ops.convert_to_tensor(
                    changed.get((place, number), values[number])
                )
                for tensor, number in zip(step.node.input_tensors, step.inputs, strict=True)
            }
            args, kwargs = step.node.arguments.fill_in(given)
            result = args[0] if _over_all(step) else step.operation(*args, **kwargs)
            for number, value in zip(step.outputs, networks._flat(result), strict=True):
                values[number] = np.asarray(value)
        return values

    def rerun(self, place, value, array):
        """Return the output if a step gets an array in place of a value, and nothing else does."""
        return self.run({(place, value): array}, self.values, place)[self.output]

    def joins(self):
        """Return where skips end: `Join`s in the order in which they are run."""
        found = []
        for place, step in enumerate(self.steps):
            maps = {number for number in step.inputs if number in self.level}
            if maps & self.passed and step.outputs[0] in self.level:
                level = self.level[step.outputs[0]]
                found += [Join(place, number, level) for number in sorted(maps - self.passed)]
        return found

    def pooled(self, level):
        """Return the values from which the next level is made: what the encoder made of this one.

        Numbers of values; none where there is no such level.
        """
        return [
            number
            for step in self.steps
            if self.level.get(step.outputs[0], -1) > level
            for number in sorted(self._maps(step.inputs))
            if number not in self.passed and self.level[number] == level
        ]

    def ups(self):
        """Return the numbers of the steps that enlarge what they take."""
        return [
            place
            for place, step in enumerate(self.steps)
            if self.level.get(step.inputs[0], -1) > self.level.get(step.outputs[0], np.inf)
        ]

    def after(self, place):
        """Return the value at the end of the chain that a step begins.

        It ends where two values meet, where a map is enlarged again, and before a 3x3 convolution
        or the last weights.
        """
        stops = {*self.ups(), *self.plain(), self.last_weights()}
        number = self.steps[place].outputs[0]
        while True:
            takers = [p for p, step in enumerate(self.steps) if number in step.inputs]
            if len(takers) != 1 or takers[0] in stops:
                return number
            if len(set(self.steps[takers[0]].inputs)) != 1:
                return number
            number = self.steps[takers[0]].outputs[0]

    def last_weights(self):
        """Return the number of the last step with weights, or -1."""
        return max((place for place, step in enumerate(self.steps) if _weights(step)), default=-1)

    def sources(self, number):
        """Return the last steps with kernels that a value comes from; -1 stands for the images.

        Normalisation has weights and no kernel.
        """
        place = next((p for p, step in enumerate(self.steps) if number in step.outputs), -1)
        if place < 0 or _kernel(self.steps[place]):
            return {place}
        return set().union(*(self.sources(one) for one in set(self.steps[place].inputs)))

    def unrectified(self):
        """Return the 3x3 convolutions that negative numbers come from, to a kernel or a pooling."""
        found = set()
        for step in self.steps:
            number, level = step.inputs[0], self.level.get(step.outputs[0], -1)
            if _kernel(step) or level > self.level.get(number, np.inf):
                sources = self.sources(number)
                if len(sources) == 1 and (self.values[number] < 0).any():
                    found |= sources & self.plain()
        return found

    def plain(self):
        """Return the numbers of the steps that are 3x3 convolutions and keep the size."""
        return {
            place
            for place, step in enumerate(self.steps)
            if (_kernel(step) or ())[:2] == (3, 3)
            and self.level.get(step.inputs[0]) == self.level.get(step.outputs[0])
        }

    def entering(self, level):
        """Return the value that the first kernel of a level takes on the way down, or None.

        A rim that is put around it before, where others pad in the convolution, does not count.
        """
        for step in self.steps:
            if _kernel(step) and self.level.get(step.outputs[0]) == level:
                number = self._without_rim(step.inputs[0])
                return None if number in self.passed else self.values[number]
        return None

    def kernels(self, level):
        """Return how many numbers the kernels hold whose layers give values of a level."""
        layers = {
            step.operation
            for step in self.steps
            if _weights(step) and self.level.get(step.outputs[0]) == level
        }
        return sum(
            int(np.prod(variable.shape))
            for layer in layers
            for variable in layer.weights
            if "kernel" in variable.path.rpartition("/")[2]
        )

    def _maps(self, numbers):
        """Of values, the nearest maps that they come from: pooling by reshape has more axes."""
        found = {number for number in numbers if number in self.level}
        for number in set(numbers) - found:
            maker = next((step for step in self.steps if number in step.outputs), None)
            found |= self._maps(maker.inputs) if maker else set()
        return found

    def _without_rim(self, number):
        maker = next((step for step in self.steps if number in step.outputs), None)
        if maker and type(maker.operation).__name__ in ("ZeroPadding2D", "Pad"):
            return self._without_rim(maker.inputs[0])
        return number

    def _number(self, tensor, bound, scope):
        """The number of a tensor's value; the steps that it needs are noted first."""
        if id(tensor) in bound:
            return bound[id(tensor)]
        key = id(tensor), scope
        if key not in self._known:
            operation, index, position = tensor._keras_history
            node = operation._inbound_nodes[index]
            before = tuple(self._number(one, bound, scope) for one in node.input_tensors)
            if hasattr(operation, "outputs") and hasattr(operation, "layers"):
                pairs = zip(networks._flat(operation.inputs), before, strict=True)
                inner = {id(one): number for one, number in pairs}
                place = networks._flat(operation.outputs)[position]
                self._known[key] = self._number(place, inner, (*scope, id(node)))
            else:
                self._step(operation, node, before, scope)
        return self._known[key]

    def _step(self, operation, node, before, scope):
        numbers = range(self._count, self._count + len(node.output_tensors))
        self._count += len(node.output_tensors)
        for tensor, number in zip(node.output_tensors, numbers, strict=True):
            self._known[id(tensor), scope] = number
            self._shapes[number] = tuple(tensor.shape)
        self.steps.append(Step(operation, node, before, tuple(numbers)))


def _over_all(step):
    """Whether a step normalises by the image's own numbers, so that a pixel moves all others.

    It cannot be made neutral by its weights, as batch normalisation can, and is left out.
    """
    name = type(step.operation).__name__
    return name in ("GroupNormalization", "LayerNormalization")


def _weights(step):
    return getattr(step.operation, "weights", ())


def _kernel(step):
    """The shape of a step's kernel, or None."""
    for variable in _weights(step):
        if "kernel" in variable.path.rpartition("/")[2]:
            return tuple(variable.shape)
    return None
