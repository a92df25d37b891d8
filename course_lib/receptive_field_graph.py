"""A Keras model as a plain list of nodes, those inside of nested models among them."""

from dataclasses import dataclass, field

AXES = ("height", "width", "depth")


@dataclass(eq=False)
class Node:
    """One call of one layer or operation.

    Attributes:
        name: the layer's name, after those of the models that it is nested in.
        operation: Keras's layer or operation.
        shape: of the output, with the batch.
        sources: the nodes whose outputs it reads.
        arguments: what it was called with.
    """

    name: str
    operation: object
    shape: tuple
    sources: list = field(default_factory=list, repr=False)
    arguments: tuple = field(default=(), repr=False)

    @property
    def axes(self):
        """How many axes lie between the batch and the channels."""
        return max(len(self.shape) - 2, 0)

    def length(self, axis):
        """Return the size along an axis of the image, or None if it is not known."""
        return self.shape[1 + axis] if axis < self.axes else None


def axis_name(axis):
    """Return what an axis of an image is called.

    Example:
        >>> axis_name(0)
        'height'
    """
    return AXES[axis]


def undefined(node, why, fix=None):
    """Return the error that names the layer whose field is not defined, and the way out.

    Example:
        >>> str(undefined(Node("mixer", object(), ()), "it is new"))[:60]
        "the receptive field is not defined at layer 'mixer' (object)"
    """
    kind = type(node.operation).__name__
    fix = fix or (
        f'Stop before it with layer="...", or say what it reads with rules={{"{kind}": '
        "Reads(...)}, for example Reads() for its own position alone"
    )
    return ValueError(
        f"the receptive field is not defined at layer {node.name!r} ({kind}): {why}. {fix}."
    )


def graph(model):
    """Return the nodes of a model from input to output, and the nodes of its outputs.

    A model's layers alone do not say what feeds what, and a nested model hides its own.

    Args:
        model: a functional or sequential `keras.Model` that has an input shape.

    Returns:
        A pair: a list of `Node`s, in which every node stands behind its sources, and the list of
        those that are the model's outputs.

    Raises:
        ValueError: if the model is not made of connected layers.

    Example:
        >>> import keras
        >>> from keras import layers
        >>> inner = [layers.Conv2D(2, 3, name="a"), layers.ReLU(name="b")]
        >>> head = keras.Sequential(inner, name="h")
        >>> nodes, outputs = graph(keras.Sequential([keras.Input((8, 8, 1), name="i"), head]))
        >>> [node.name for node in nodes], outputs[0].shape
        (['i', 'h/a', 'h/b'], (None, 6, 6, 2))
    """
    nodes = []
    return nodes, _expand(model, None, "", nodes)


def _flat(tensors):
    tensors = tensors.values() if isinstance(tensors, dict) else tensors
    return [tensors] if hasattr(tensors, "shape") else list(tensors)


def _functional(model, name):
    """The functional model itself; a sequential one keeps its graph in another."""
    inner = getattr(model, "_functional", None) or model
    if not hasattr(inner, "_nodes_by_depth"):
        raise ValueError(
            f"the model {name!r} has no graph to follow: give a Sequential its keras.Input first, "
            "and build others from an input to an output, keras.Model(inputs, outputs)."
        )
    return inner


def _expand(model, given, prefix, nodes):
    """Append a model's nodes; `given` are the nodes that feed it, None for the outermost."""
    name = prefix.rstrip("/") or getattr(model, "name", type(model).__name__)
    functional = _functional(model, name)
    inputs = _flat(functional.inputs)
    if given is None:
        given = [_input(tensor) for tensor in inputs]
        nodes.extend(given)
    made = {id(tensor): node for tensor, node in zip(inputs, given, strict=True)}
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for call in functional._nodes_by_depth[depth]:
            if not all(id(tensor) in made for tensor in call.output_tensors):
                found = _called(call, made, prefix, nodes)
                made |= {id(t): n for t, n in zip(call.output_tensors, found, strict=True)}
    return [made[id(tensor)] for tensor in _flat(functional.outputs)]


def _input(tensor):
    operation = tensor._keras_history.operation
    return Node(operation.name, operation, tuple(tensor.shape))


def _called(call, made, prefix, nodes):
    """Append the nodes of one call and return the node of each of its outputs."""
    operation, sources = call.operation, [made[id(tensor)] for tensor in call.input_tensors]
    name = f"{prefix}{operation.name}"
    if hasattr(operation, "layers"):
        return _expand(operation, sources, f"{name}/", nodes)
    shape = tuple(call.output_tensors[0].shape)
    node = Node(name, operation, shape, sources, tuple(call.arguments.args))
    nodes.append(node)
    return [node] * len(call.output_tensors)
