"""Keras models and layers as configuration and weights; tensors as arrays.

Keras is imported only where it was already, or where a network arrives.
"""

import contextlib
import math
import sys

import numpy as np

from . import blueprint, graphs
from .errors import MalformedError, RefusedError

_PLAIN_MODULES = ("keras.src.losses", "keras.src.initializers", "keras.src.regularizers")
_PLAIN_MODULES += ("keras.src.constraints", "keras.src.optimizers", "keras.src.metrics")
_LARGEST_OUTPUT = 2**25  # numbers that one layer may make of one example
_UNKNOWN_SIZE = 32  # what an axis without a size is taken for


def is_numbered(value):
    """Whether a value is a network, a layer or a symbolic tensor."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, (keras.layers.Layer, keras.KerasTensor))


def is_symbol(value):
    """Whether a value is a symbolic tensor."""
    return is_numbered(value) and isinstance(value, sys.modules["keras"].KerasTensor)


def encode(value, encoder):
    """Return the node of what `is_numbered`.

    Raises:
        RefusedError: if it is not made of Keras's own layers, or too large.
    """
    import keras

    if isinstance(value, keras.KerasTensor):
        return graphs.encode_symbol(value, encoder)
    try:
        check_outputs(value)
    except MalformedError as error:
        raise RefusedError(f"{error}, which is too large to be checked") from None
    config = _config(value, encoder.limits)
    weights, flags = _state(value, encoder)
    return ["network", config, weights, flags]


def encode_plain(value, encoder):
    """Return the node of a tensor, a loss, an optimiser and the like, or None."""
    tensorflow, keras = sys.modules.get("tensorflow"), sys.modules.get("keras")
    if tensorflow is not None and isinstance(value, (tensorflow.Tensor, tensorflow.Variable)):
        if not hasattr(value, "numpy"):
            raise RefusedError("a symbolic tensor of TensorFlow cannot leave the sandbox")
        return encoder.tensor(value.numpy())
    if tensorflow is not None and isinstance(value, tensorflow.TensorShape):
        return encoder.encode(tuple(value.as_list()))
    if tensorflow is not None and isinstance(value, tensorflow.DType):
        return encoder.encode(np.dtype(value.as_numpy_dtype))
    if keras is not None and isinstance(value, keras.Variable):
        return encoder.tensor(value.numpy())
    plain = keras is not None and type(value).__module__.startswith(_PLAIN_MODULES)
    if plain and hasattr(value, "get_config"):
        return ["object", _config(value, encoder.limits)]
    return None


def tensor(array):
    """Return an array as a tensor of Keras's backend."""
    import keras

    return keras.ops.convert_to_tensor(array)


def snapshot(value):
    """Return what differs when a network's weights or flags have changed."""
    if not hasattr(value, "weights"):
        return None
    return _flags(value), [np.asarray(weight).tobytes() for weight in value.weights]


def structure(value):
    """Return what differs when layers were added to a network or taken from it."""
    if not hasattr(value, "weights"):
        return None
    layers = [(type(layer).__name__, id(layer)) for layer in _layers(value)]
    return layers, [tuple(weight.shape) for weight in value.weights]


def encode_state(value, encoder):
    """Return the node of a network's weights and flags alone."""
    return ["state", *_state(value, encoder)]


def read_state(value, node, decoder):
    """Return the weights and flags that a "state" node has for a network."""
    if len(node) != 3:
        raise MalformedError("a state of wrong length")
    return _arrays(decoder, node[1], value), _read_flags(value, node[2])


def write_state(value, state):
    """Give a network weights and flags."""
    weights, flags = state
    for variable, array in zip(value.weights, weights, strict=True):
        variable.assign(array)
    for layer, flag in zip(_layers(value), flags, strict=True):
        layer.trainable = flag


def decode(decoder, config, weights, flags):
    """Return the network of a configuration, its weights and its flags.

    Raises:
        MalformedError: if they disagree, or are out of bounds.
        RefusedError: if it names a class that is not listed.
    """
    blueprint.check(config, decoder.limits)
    sizes = _shapes(weights, decoder.limits)
    import keras

    with building(sum(math.prod(shape) for shape in sizes)):
        value = keras.saving.deserialize_keras_object(restore(config), safe_mode=True)
    if not isinstance(value, keras.layers.Layer):
        raise MalformedError("a network that is none")
    check_outputs(value)
    fill(decoder, value, weights, flags)
    for layer in _layers(value):
        graphs.pass_over(layer.name)
    return value


def fill(decoder, value, weights, flags):
    """Give a network that was built the weights and flags that came with it."""
    arrays = _arrays(decoder, weights, value)
    write_state(value, (arrays, _read_flags(value, flags)))


def decode_object(decoder, config):
    """Return the loss, optimiser or the like of a configuration."""
    blueprint.check(config, decoder.limits)
    import keras

    value = keras.saving.deserialize_keras_object(restore(config), safe_mode=True)
    if not type(value).__module__.startswith(_PLAIN_MODULES):
        raise MalformedError("an object of another kind")
    return value


@contextlib.contextmanager
def building(allowed):
    """Let layers make weights of so many numbers in all, and make them zeros.

    The sizes in a configuration cannot be trusted: a few letters ask for gigabytes.
    """
    import keras

    original, left = keras.layers.Layer.add_weight, allowed

    def add_weight(self, *args, shape=None, initializer=None, **kwargs):
        nonlocal left
        if args:
            shape, args = args[0], ()
        left -= math.prod(shape or ())
        if left < 0:
            raise MalformedError("a network with fewer weights than its layers need")
        return original(self, shape=shape, initializer="zeros", **kwargs)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original


def check_outputs(value):
    """Refuse a network whose layers would make far more numbers than they take."""
    for layer in [value, *getattr(value, "operations", ()), *_layers(value)]:
        for node in getattr(layer, "_inbound_nodes", ()):
            for output in node.output_tensors:
                sizes = [_UNKNOWN_SIZE if n is None else n for n in output.shape[1:]]
                if math.prod(sizes) > _LARGEST_OUTPUT:
                    raise MalformedError(f"a layer with outputs of shape {output.shape}")


def restore(node):
    """Return a configuration with its tuples, for which JSON has no word."""
    if isinstance(node, dict):
        if node.get("class_name") == "__tuple__":
            return tuple(restore(part) for part in node["items"])
        return {key: restore(value) for key, value in node.items()}
    return [restore(part) for part in node] if isinstance(node, list) else node


def _config(value, limits):
    import keras

    try:
        config = _plain(keras.saving.serialize_keras_object(value))
    except RefusedError:
        raise
    except Exception as error:  # a student's class may raise anything
        kind = type(value).__name__
        raise RefusedError(
            f"a {kind} cannot leave the sandbox: {str(error)[:200]}; use Keras's own layers"
        ) from None
    try:
        blueprint.check(config, limits)
    except MalformedError as error:
        raise RefusedError(f"{error}") from None
    return config


def _plain(node):
    """Return a configuration in JSON's words, without what belongs to training."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items() if key != "compile_config"}
    if isinstance(node, tuple):
        return {"class_name": "__tuple__", "items": [_plain(part) for part in node]}
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if isinstance(node, np.generic):
        return node.item()
    if isinstance(node, float) and not math.isfinite(node):
        raise RefusedError("a network with an infinite number in its configuration")
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    raise RefusedError(f"a network whose configuration holds a {type(node).__name__}")


def _layers(value):
    return list(value._flatten_layers())


def _flags(value):
    return [bool(layer.trainable) for layer in _layers(value)]


def _state(value, encoder):
    count = sum(math.prod(weight.shape) for weight in value.weights)
    if count > encoder.limits.parameters:
        raise RefusedError(
            f"a network of {count:,} weights; at most {encoder.limits.parameters:,} can cross"
        )
    return [encoder.tensor(np.asarray(w))[1:4] for w in value.weights], _flags(value)


def _shapes(weights, limits):
    """Return the shapes that weights declare, before any is read."""
    if type(weights) is not list or len(weights) > 20 * limits.layers:
        raise MalformedError("a network without weights")
    shapes = [node[1] for node in weights if type(node) is list and len(node) == 3]
    for shape in shapes:
        if type(shape) is not list or not all(type(n) is int and n >= 0 for n in shape):
            raise MalformedError("weights without a shape")
    if len(shapes) != len(weights) or sum(map(math.prod, shapes)) > limits.parameters:
        raise MalformedError("weights out of bounds")
    return shapes


def _arrays(decoder, weights, value):
    """Return weights as arrays of the shapes and dtypes that a network's have."""
    shapes = [tuple(weight.shape) for weight in value.weights]
    dtypes = [str(weight.dtype) for weight in value.weights]
    declared = [tuple(shape) for shape in _shapes(weights, decoder.limits)]
    if declared != shapes:
        raise MalformedError("weights of other shapes than the network's")
    arrays = [decoder.read_array(*node) for node in weights]
    if [array.dtype.name for array in arrays] != dtypes:
        raise MalformedError("weights of other dtypes than the network's")
    return arrays


def _read_flags(value, flags):
    if type(flags) is not list or any(type(flag) is not bool for flag in flags):
        raise MalformedError("flags that are none")
    if len(flags) != len(_layers(value)):
        raise MalformedError("more or fewer flags than layers")
    return flags
