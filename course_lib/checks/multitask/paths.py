"""A network of two outputs as two paths, whose steps can be looked at one by one.

A network is what it computes, not what its layers are called: the backbone is what looks at more
than one pixel, the head what has kernels and does not.
"""

from weakref import WeakKeyDictionary

import numpy as np

from course_lib.checks.graph import Graph

TAPS, POSITIVE_TAPS, POSITIVE = "centre", "positive centre", "positive"


_PATHS = WeakKeyDictionary()  # of a model, which is asked in many parts


class Two:
    """A model of two outputs, told apart by their sizes and not by their order.

    Args:
        model: the model.
        classes: how many kinds there are.
        images: what it is run on, unless a question brings its own.
    """

    def __init__(self, model, classes, images):
        self.model, self.classes, self.images = model, classes, images
        widths = [len(one.shape) > 1 and one.shape[-1] for one in model.outputs]
        swapped = widths[1] == classes and widths[0] != classes
        self.order = (1, 0) if swapped else (0, 1)

    def paths(self, images=None):
        """Return the steps to the kind and those to the quantity, each a `Path`."""
        import keras

        images = self.images if images is None else images
        if self.model not in _PATHS:
            ends = [self.model.outputs[number] for number in self.order]
            models = [keras.Model(self.model.inputs, end) for end in ends]
            _PATHS[self.model] = [Path(model, images) for model in models]
        for path in _PATHS[self.model]:
            path.show(images)
        return _PATHS[self.model]


class Path(Graph):
    """The steps to one output: convolutions that look at neighbours, the backbone, and the rest."""

    def show(self, images):
        """Let the steps be run on other images; weights may have changed as well."""
        self.images = images
        self.__dict__.pop("values", None)

    @property
    def kernels(self):
        """Numbers of the steps with kernels, in their order."""
        return [place for place in range(len(self.steps)) if self.kernel(place)]

    @property
    def backbone(self):
        """Of these, the numbers of those that look at more than one pixel."""
        return [place for place in self.kernels if np.prod(self.kernel(place)[:-2]) > 1]

    @property
    def head(self):
        """The numbers of the others."""
        return [place for place in self.kernels if place not in self.backbone]

    def kernel(self, place):
        """The shape of a step's first kernel, or ()."""
        found = [variable.shape for variable in self.variables(place, "kernel")]
        return tuple(found[0]) if found else ()

    def variables(self, place, role):
        """A step's weights whose names end in a role."""
        weights = getattr(self.steps[place].operation, "weights", ())
        return [one for one in weights if role in one.path.rpartition("/")[2]]

    def enters(self, place):
        """The value that a step takes; a rim that was put around it does not count."""
        return self.values[self.without_rim(self.steps[place].inputs[0])]

    def draw(self, seed, how):
        """Give kernels numbers that follow from their order; the rest is neutral."""
        for layer in {step.operation for step in self.steps}:
            _neutralise(layer)
        for places, kind in ((self.backbone, how), (self.head, POSITIVE)):
            for number, place in enumerate(places):
                for variable in self.variables(place, "kernel"):
                    variable.assign(_drawn(tuple(variable.shape), [seed, number], kind))
        self.show(self.images)
        return self

    def settled(self, place):
        """The number of the last value after a step before its size changes or a kernel takes it.

        Normalisation, activations and dropout lie between, in any order.
        """
        number = self.steps[place].outputs[0]
        while True:
            takers = [p for p, step in enumerate(self.steps) if number in step.inputs]
            if len(takers) != 1 or self.kernel(takers[0]):
                return number
            (following,) = self.steps[takers[0]].outputs[:1]
            if self.values[following].shape != self.values[number].shape:
                return number
            number = following

    def enters_the_head(self):
        """What the head's first kernel gets, as numbers of shape `(batch, maps)`, or flat."""
        value = self.enters(self.head[0])
        if value.ndim < 4 or value.shape[1:3] == (1, 1):
            return value.reshape(len(value), -1)
        # A head of a 1x1 convolution comes before the mean: let it hand on one map at a time.
        (kernel,) = self.variables(self.head[0], "kernel")[:1]
        found = []
        for number in range(kernel.shape[-2]):
            one = np.zeros(kernel.shape, np.float32)
            one[..., number, 0] = 1
            kernel.assign(one)
            values = self.run()
            later = [values[step.outputs[0]] for step in self.steps[self.head[0] :]]
            flat = next((value for value in later if value.ndim < 4), later[-1])
            found.append(flat.reshape(len(flat), -1)[:, 0])
        return np.stack(found, axis=1)


def _neutralise(layer):
    """Leave out all that a network may have besides its kernels: biases, normalisation."""
    neutral = {"bias": 0, "beta": 0, "gamma": 1, "moving_mean": 0, "moving_variance": 1}
    for variable in getattr(layer, "weights", ()):
        role = variable.path.rpartition("/")[2]
        if role in neutral:
            variable.assign(np.full(variable.shape, neutral[role], np.float32))
    if hasattr(layer, "moving_variance"):
        layer.epsilon = 0.0


def _drawn(shape, seed, how):
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 1, shape)
    if how != TAPS:
        kernel = 0.3 + np.abs(kernel)
    if how == POSITIVE:  # small, so that no softmax is saturated
        kernel /= np.prod(shape[:-1])
    if how != POSITIVE and len(shape) == 4:
        centre = np.zeros(shape)
        centre[shape[0] // 2, shape[1] // 2] = kernel[shape[0] // 2, shape[1] // 2]
        kernel = centre
    return kernel.astype(np.float32)
