"""A network as steps that can be run one by one, with any value on the way changed."""

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


class Graph:
    """A model's steps in an order in which they can be run.

    Args:
        model: a functional model of one input and one output; nested models are opened.
        images: what it is run on.
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

    def last_weights(self):
        """Return the number of the last step with weights, or -1."""
        return max((place for place, step in enumerate(self.steps) if weights_of(step)), default=-1)

    def without_rim(self, number):
        """Return the number of what a value was before zeros were put around it."""
        maker = next((step for step in self.steps if number in step.outputs), None)
        if maker and type(maker.operation).__name__ in ("ZeroPadding2D", "Pad"):
            return self.without_rim(maker.inputs[0])
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


def weights_of(step):
    """Return the variables of a step's layer, none of an operation."""
    return getattr(step.operation, "weights", ())


def kernel_of(step):
    """Return the shape of a step's kernel, or None."""
    for variable in weights_of(step):
        if "kernel" in variable.path.rpartition("/")[2]:
            return tuple(variable.shape)
    return None
