"""Reads a network's configuration before Keras does: only listed classes, nothing that runs code.

Keras's safe mode refuses lambdas, but would import custom classes and read files. Here the list
says what is allowed, and the rest is refused by name.
"""

import importlib
import math

from . import known
from .errors import MalformedError, RefusedError

_LAYERS = """Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
AdaptiveMaxPooling1D AdaptiveMaxPooling2D Add AdditiveAttention AlphaDropout Attention Average
AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional
CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
Conv3DTranspose Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Dot
Dropout ELU EinsumDense Embedding Flatten GRU GaussianDropout GaussianNoise
GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization Identity InputLayer LSTM
LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum
MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RandomBrightness
RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom ReLU
RepeatVector Rescaling Reshape Resizing SeparableConv1D SeparableConv2D SimpleRNN Softmax
SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization Subtract
TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D
ZeroPadding2D ZeroPadding3D"""
_MODELS = {
    "keras": frozenset({"Sequential", "DTypePolicy"}),
    "keras.models": frozenset({"Sequential"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.models.sequential": frozenset({"Sequential"}),
    "keras.dtype_policies": frozenset({"DTypePolicy"}),
    "keras.layers": frozenset(_LAYERS.split()),
}
# Every public class of these modules is plain: numbers in, formula out.
_PLAIN = (
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
)
_OPERATIONS = tuple(
    f"keras.src.ops.{name}" for name in ("numpy", "nn", "core", "math", "image", "linalg")
)
_LOOPS = ("Map", "Scan", "AssociativeScan", "WhileLoop", "ForiLoop", "VectorizedMap")
_TAKE_FUNCTIONS = frozenset((*_LOOPS, "Operation", "Switch", "Cond", "JVP"))
_LEAVES = frozenset(
    {"__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__tuple__"}
)
_PARTS, _DEPTH, _TEXT = 100_000, 60, 10_000
_SIZES = 8  # a longer list is no shape
_LARGEST = 2**20
_LARGEST_PRODUCT = 2**27  # of a list of integers, which may be a shape
_LARGEST_OF = {"units": 2**16, "filters": 2**16, "output_dim": 2**16, "num_classes": 2**10}
_LARGEST_OF |= {"seed": 2**64, "salt": 2**64, "kernel_size": 1024, "pool_size": 1024}
_LARGEST_OF |= {"strides": 1024, "dilation_rate": 1024, "size": 1024, "padding": 1024}
_DTYPES = ("bool", "bfloat16", *(f"float{bits}" for bits in (16, 32, 64)))
_DTYPES += tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))


def check(config, limits):
    """Refuse a configuration that is too large, or that names a class which is not listed.

    Args:
        config: what `serialize_keras_object` gave, as JSON carries it.
        limits: the `WireLimits`.

    Raises:
        RefusedError: naming the layer, if it holds another class.
        MalformedError: if it is out of bounds, or no configuration at all.
    """
    if type(config) is not dict or "class_name" not in config:
        raise MalformedError("a network without a configuration")
    stack, parts, layers = [(config, 0, "")], 0, 0
    while stack:
        node, depth, key = stack.pop()
        parts += 1
        if parts > _PARTS or depth > _DEPTH:
            raise MalformedError("a network whose configuration is too large or too deep")
        if type(node) is dict:
            if "class_name" in node:
                _check_class(node)
                layers += "inbound_nodes" in node
            stack += [(value, depth + 1, name) for name, value in node.items()]
        elif type(node) is list:
            sizes = [abs(one) for one in node if type(one) is int and one]
            if key != "value" and math.prod(sizes[:_SIZES]) > _LARGEST_PRODUCT:
                raise MalformedError(f"a network with {key} of {sizes[:8]}, which is too large")
            stack += [(value, depth + 1, key) for value in node]
        else:
            _check_leaf(node, key)
    if layers > limits.layers:
        raise MalformedError(f"a network of {layers} layers; at most {limits.layers} can cross")


def _check_leaf(node, key):
    if type(node) is int and abs(node) > _LARGEST_OF.get(key, _LARGEST):
        raise MalformedError(f"a network with {key}={node}, which is too large")
    if type(node) is str and len(node) > _TEXT:
        raise MalformedError("a network with a text that is too long")
    if type(node) not in (int, str, float, bool, type(None)):
        raise MalformedError(f"a network whose configuration holds a {type(node).__name__}")


def _check_class(node):
    name, module, registered = (node.get(k) for k in ("class_name", "module", "registered_name"))
    if node.get("compile_config"):
        raise MalformedError("a network that brings its training along")
    if type(name) is str and name in _LEAVES and module is None:
        _check_numbers(node)
        return
    if type(name) is str and type(module) is str:
        config = node.get("config")
        if name == "function":
            if registered in (None, config) and known.find(f"{module}.{config}") is not None:
                return
        elif registered in (None, name) and name.isidentifier() and _is_listed(module, name):
            return
    raise RefusedError(_not_listed(node, name, module))


def _check_numbers(node):
    """Let an array in a configuration have numbers only: a text's length is part of its dtype."""
    config = node.get("config")
    if node["class_name"] in ("__tensor__", "__numpy__"):
        dtype = config.get("dtype") if type(config) is dict else None
        if dtype not in _DTYPES:
            raise MalformedError("a network with constants that are no numbers")


def _is_listed(module, name):
    if name in _MODELS.get(module, ()):
        return True
    if module in _PLAIN:
        return isinstance(getattr(importlib.import_module(module), name, None), type)
    if module not in _OPERATIONS or name in _TAKE_FUNCTIONS:
        return False
    from keras import Operation

    kind = getattr(importlib.import_module(module), name, None)
    return isinstance(kind, type) and issubclass(kind, Operation) and kind.__module__ == module


def _not_listed(node, name, module):
    config = node.get("config")
    called = config.get("name") if type(config) is dict else config
    what = f"{name!s:.100} of {module!s:.100}" if module else f"{name!s:.100}"
    fix = "use Keras's own layers and keras.ops, so that what it computes can be checked"
    return f"the network holds {called!s:.100} of the class {what}, which may not cross; {fix}"
