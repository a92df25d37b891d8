"""A UNet's levels and skips, found among its steps.

A skip is found by what it is, not by a layer's name. Data has passed the bottom, the weights at the
coarsest level, or it has not: where what has not meets what has, a skip ends. So it does not matter
whether it is concatenated by a layer or an operation, in a nested model or not.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.checks.graph import Graph, kernel_of, weights_of


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


class Levels(Graph):
    """A model's steps, and the level of each value: how often the size was halved before.

    Args:
        model: a functional model of one input and one output; nested models are opened.
        images: what it is run on; sizes that poolings divide show its levels best.
    """

    def __init__(self, model, images):
        super().__init__(model, images)
        height = self.images.shape[1]
        self.level = {
            number: round(np.log2(height / shape[1]))
            for number, shape in self._shapes.items()
            if len(shape) == 4 and shape[1] > 0
        }
        levels = [self.level.get(s.outputs[0], -1) for s in self.steps if weights_of(s)]
        bottom = max(levels, default=0)
        self.passed = set()
        for step in self.steps:
            there = weights_of(step) and self.level.get(step.outputs[0]) == bottom
            if there or self.passed & set(step.inputs):
                self.passed |= set(step.outputs)

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

    def sources(self, number):
        """Return the last steps with kernels that a value comes from; -1 stands for the images.

        Normalisation has weights and no kernel.
        """
        place = next((p for p, step in enumerate(self.steps) if number in step.outputs), -1)
        if place < 0 or kernel_of(self.steps[place]):
            return {place}
        return set().union(*(self.sources(one) for one in set(self.steps[place].inputs)))

    def unrectified(self):
        """Return the 3x3 convolutions that negative numbers come from, to a kernel or a pooling."""
        found = set()
        for step in self.steps:
            number, level = step.inputs[0], self.level.get(step.outputs[0], -1)
            if kernel_of(step) or level > self.level.get(number, np.inf):
                sources = self.sources(number)
                if len(sources) == 1 and (self.values[number] < 0).any():
                    found |= sources & self.plain()
        return found

    def plain(self):
        """Return the numbers of the steps that are 3x3 convolutions and keep the size."""
        return {
            place
            for place, step in enumerate(self.steps)
            if (kernel_of(step) or ())[:2] == (3, 3)
            and self.level.get(step.inputs[0]) == self.level.get(step.outputs[0])
        }

    def entering(self, level):
        """Return the value that the first kernel of a level takes on the way down, or None.

        A rim that is put around it before, where others pad in the convolution, does not count.
        """
        for step in self.steps:
            if kernel_of(step) and self.level.get(step.outputs[0]) == level:
                number = self.without_rim(step.inputs[0])
                return None if number in self.passed else self.values[number]
        return None

    def kernels(self, level):
        """Return how many numbers the kernels hold whose layers give values of a level."""
        layers = {
            step.operation
            for step in self.steps
            if weights_of(step) and self.level.get(step.outputs[0]) == level
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
