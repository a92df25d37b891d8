"""What a check finds out about a network: it is judged by what it computes.

A student's network may name its layers as it likes, make them in any order and nest models. So
weights are injected by *position*: what a layer is fed by and the shapes of its weights decide
which numbers it gets. Two right networks then compute the same. Layers without weights do not
count as a position, so that a misplaced activation changes the output and nothing else.

Keras is imported where a network is measured, and not before.
"""

import inspect
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from types import FunctionType

import numpy as np

from course_lib.checks.compare import describe, is_tensor
from course_lib.checks.core import Unfit
from course_lib.grading.inside.training import call_in_training

__all__ = [
    "Unfit",
    "Weighted",
    "built",
    "in_training",
    "inject",
    "model_of",
    "outputs",
    "parameters",
    "placeholder",
    "reseed",
    "weighted",
    "zero",
]


@dataclass(frozen=True, eq=False)
class Weighted:
    """A layer with weights, and where it stands.

    Attributes:
        layer: Keras's layer.
        position: a number that follows from its weights' shapes and all that stands before it.
        depth: how many such layers data passes at most on its way here.
        roles: the names of its weights, such as `"kernel"`, in Keras's order.
    """

    layer: object
    position: int
    depth: int
    roles: tuple[str, ...]


def placeholder(shape, **options):
    """Return a symbolic tensor for a batch of inputs of this shape."""
    import keras

    return keras.Input(tuple(shape), **options)


# Models of our own functions, which are many and are measured in many parts.
_OURS = OrderedDict()
_MOST = 200


def built(answer, shape, *args, **kwargs):
    """Return the model of what an answer makes of a tensor for inputs of this shape.

    Building takes longer than measuring. So the same call is made once in a run of a check, and the
    model comes back with the weights that it was built with.

    Args:
        answer: a function of a tensor.
        shape: of one input.
        *args: what `answer` takes after the tensor.
        **kwargs: the same, by name.

    Raises:
        Unfit: as `model_of`.
    """
    key = repr((tuple(shape), args, sorted(kwargs.items())))
    recall = getattr(answer, "recall", None)
    found = recall(key) if recall else _OURS.get((answer, key))
    if found is not None:
        model, weights = found
        model.set_weights(weights)
        return model
    tensor = placeholder(shape)
    model = model_of(tensor, answer(tensor, *args, **kwargs))
    kept = model, model.get_weights()
    if recall:
        answer.keep(key, kept)
    else:
        _OURS[answer, key] = kept
        if len(_OURS) > _MOST:
            _OURS.popitem(last=False)
    return model


def model_of(inputs, outputs):
    """Return the model between symbolic tensors.

    Raises:
        Unfit: if `outputs` is no symbolic tensor or does not come from the inputs, or if a layer,
            or a function that it holds, is not Keras's own, as none may be that comes from a
            student to the grader.
    """
    import keras

    given = outputs if isinstance(outputs, (list, tuple)) and outputs else [outputs]
    for one in given:
        if one is None or one is Ellipsis:
            raise Unfit(f"{one} instead of a tensor", "a tensor: the function must end with return")
        if isinstance(one, keras.Model):
            raise Unfit(describe(one), "a tensor: return what the last layer gives, not a model")
        if isinstance(one, keras.Layer):
            raise Unfit(f"a layer, {describe(one)}", "a tensor: call the layer on its input")
        if not is_tensor(one):
            raise Unfit(describe(one), "a tensor of Keras, made by calling layers on the input")
    try:
        model = keras.Model(inputs, outputs)
    except ValueError as error:
        if "names should be unique" in f"{error}":
            named = re.search(r'The name "(.*?)"', f"{error}")
            wanted = "a name of its own for each layer: Keras tells layers apart by their names"
            raise Unfit(f"several layers named {named.group(1)!r}", wanted) from None
        wanted = "a tensor that is computed from the function's argument"
        raise Unfit("a tensor that does not come from the input alone", wanted) from None
    _refuse_strange_layers(model)
    return model


def _refuse_strange_layers(model):
    """Only what Keras's own layers and operations compute can be looked into, layer by layer."""
    wanted = "Keras's own layers and keras.ops, so that what it computes can be checked"
    for layer in model._flatten_layers(include_self=False):
        name, module = type(layer).__name__, type(layer).__module__
        if module.partition(".")[0] != "keras":
            raise Unfit(f"a network with a layer of a class of its own, {name}", wanted)
        if name == "Lambda":
            came = "a Lambda layer, with which a saved model cannot be loaded in safe mode"
            raise Unfit(came, wanted)
        for own in vars(layer).values():
            if not isinstance(own, FunctionType):
                continue
            package = own.__module__.partition(".")[0]
            if package == "tensorflow":
                raise Unfit(
                    f"a layer {name} that was handed a function of TensorFlow, {own.__name__}",
                    'a function of Keras there, most easily by its name, as in activation="relu"',
                )
            if package != "keras":
                raise Unfit(
                    f"a layer {name} that was handed a function of your own, {own.__name__}",
                    "a function of Keras there, or yours called on the tensor: f(layer(x))",
                )


def weighted(model):
    """Return a model's layers with weights as `Weighted`, those nearest to the input first."""
    return sorted(_Walk(model).found.values(), key=lambda one: (one.depth, one.position))


def inject(model, seed, biases=True):
    """Give every layer signed random weights that follow from its position and a seed.

    Kernels keep the size of what passes them; scales (gamma) are of either sign and never small,
    moving means are not zero and moving variances not one.

    Args:
        model: a model.
        seed: an integer.
        biases: whether biases are drawn; else they are zero.
    """
    for one in weighted(model):
        arrays = []
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            rng = np.random.default_rng([seed, one.position, zlib.crc32(role.encode())])
            array = _drawn(rng, role, tuple(variable.shape))
            arrays.append(array * (biases or role != "bias"))
        one.layer.set_weights(arrays)


def reseed(model, seed):
    """Let layers that draw, such as dropout, draw the same numbers in every process.

    Args:
        model: a model.
        seed: of the first layer that draws; each has its own.
    """
    # Of everything in the model: a layer that draws may have no weights.
    for number, layer in enumerate(model._flatten_layers()):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed % 2**31, number], np.uint32))


def zero(model, chosen=lambda one: True, roles=("kernel", "bias")):
    """Set weights of these roles to zero where `chosen(weighted)` says so; return how many layers.

    Args:
        model: a model.
        chosen: a function of a `Weighted`.
        roles: names of weights.
    """
    count = 0
    for one in weighted(model):
        if chosen(one):
            for role, variable in zip(one.roles, one.layer.weights, strict=True):
                if role in roles:
                    variable.assign(np.zeros(variable.shape, np.float32))
            count += 1
    return count


def outputs(model, images, training=None):
    """Return what a model computes of images, as an array, or a tuple of them.

    Args:
        model: a model.
        images: a batch.
        training: as Keras takes it. With None the model infers, but a layer that was called with
            `training=True` trains; with False that layer infers as well.
    """
    if training is None and any(map(_trains_unless_told, model._flatten_layers())):
        training = False
    result = model(images, training=training)
    if isinstance(result, (list, tuple)):
        return tuple(np.asarray(one) for one in result)
    return np.asarray(result)


def _trains_unless_told(layer):
    """Whether a layer takes it that it trains, and all behind it then do: so does `Resizing`."""
    training = inspect.signature(layer.call).parameters.get("training")
    return training is not None and training.default is True


def in_training(answer, *arrays, wrt=(), learns=(), open_batch=True, **kwargs):
    """Return what a loss makes of arrays where `fit` calls it, on tensors without numbers.

    Args:
        answer: the loss.
        *arrays: what the tensors become, each with an axis for the batch.
        wrt: by which of them the sum of the result is differentiated.
        learns: those by which the gradient must not be zero, or nothing would be learnt.
        open_batch: whether the size of the batch is not known either.
        **kwargs: what the answer takes beside the tensors.

    Returns:
        The result and a list of gradients, None where the result does not depend on one.

    Raises:
        Unfit: if the result is no tensor, or nothing is learnt by it.

    Example:
        >>> in_training(lambda x: x**2, np.array([1.0, 3]), wrt=[0])
        (array([1., 9.], dtype=float32), [array([2., 6.], dtype=float32)])
    """
    settings = {"wrt": [*wrt, *learns], "open_batch": open_batch}
    if hasattr(answer, "in_training"):
        result, gradients = answer.in_training(arrays, kwargs, **settings)
    else:
        result, gradients = call_in_training(answer, arrays, kwargs, **settings)
    if result is None or result is Ellipsis:
        raise Unfit(f"{result} instead of a tensor", "a tensor: the function must end with return")
    if gradients is None:
        wanted = "a tensor that keras.ops computes from the arguments, which have no numbers yet"
        raise Unfit(describe(result), wanted)
    if any(one is None or not np.any(one) for one in gradients[len(wrt) :]):
        raise Unfit(
            "a loss whose gradient is zero, whatever is predicted: nothing is learnt",
            "a tensor that keras.ops computes from the prediction, from beginning to end",
        )
    return result, gradients[: len(wrt)]


def parameters(model):
    """Return how many numbers a model trains, and how many it keeps otherwise."""
    sizes = [
        sum(int(np.prod(w.shape)) for w in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    ]
    return tuple(sizes)


def _drawn(rng, role, shape):
    if role == "bias":
        return rng.normal(0, 0.5, shape)
    if role == "gamma":
        return rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
    if role == "moving_variance":
        return rng.uniform(0.3, 2, shape)
    if role in ("beta", "moving_mean"):
        return rng.normal(0, 0.5, shape)
    fan_in = max(1, int(np.prod(shape[:2] if "depthwise" in role else shape[:-1])))
    return rng.normal(0, 1.4 / np.sqrt(fan_in), shape)


class _Walk:
    """Goes from a model's outputs to its inputs and gives each layer with weights a position."""

    def __init__(self, model):
        self.found = {}
        self.known = {}
        for output in _flat(model.outputs):
            self.fed_by(output, {})

    def fed_by(self, tensor, bound):
        """The positions of the nearest layers with weights before a tensor, and its depth."""
        if id(tensor) in bound:
            return bound[id(tensor)]
        key = id(tensor), tuple(sorted(bound.items()))
        if key not in self.known:
            self.known[key] = self._look(tensor, bound)
        return self.known[key]

    def _look(self, tensor, bound):
        operation, index, number = tensor._keras_history
        node = operation._inbound_nodes[index]
        before = [self.fed_by(one, bound) for one in node.input_tensors]
        if not before:
            return ("input", number), 0
        if hasattr(operation, "outputs") and hasattr(operation, "layers"):  # a nested model
            inner = {id(t): b for t, b in zip(_flat(operation.inputs), before, strict=True)}
            return self.fed_by(_flat(operation.outputs)[number], inner)
        feeds = tuple(sorted({feed for feed, _ in before}, key=repr))
        depth = max(depth for _, depth in before)
        if not getattr(operation, "weights", ()):
            return feeds[0] if len(feeds) == 1 else ("joined", *feeds), depth
        if operation not in self.found:
            roles = tuple(variable.path.rpartition("/")[2] for variable in operation.weights)
            shapes = [
                (role, _kernel_shape(role, tuple(variable.shape)))
                for role, variable in zip(roles, operation.weights, strict=True)
                if role != "bias"
            ]
            position = zlib.crc32(repr((shapes, feeds)).encode())
            self.found[operation] = Weighted(operation, position, depth + 1, roles)
        one = self.found[operation]
        return ("layer", one.position), one.depth


def _kernel_shape(role, shape):
    """A dense layer on the channels of an image is a 1x1 convolution, and gets its weights."""
    return (1, 1, *shape) if role == "kernel" and len(shape) == 2 else shape


def _flat(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
