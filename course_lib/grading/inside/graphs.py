"""Symbolic tensors: a function of them is a network between what it was given and what it gave.

The student's side gets fresh inputs of the same shape. What comes back is the network from them to
the results, layer by layer, and the trusted side calls these layers on the caller's own tensors.
"""

from . import networks
from .errors import MalformedError, RefusedError

_MARK = "_came_from_a_student"


def encode_symbol(value, encoder):
    """Return the node of a symbolic tensor: as an input, or as a result of the given ones."""
    if encoder.symbols == "given":
        return ["symbol", list(value.shape), str(value.dtype), str(value.name)]
    if encoder.symbols != "made":
        raise RefusedError("a symbolic tensor can only be returned; return a model of it instead")
    encoder.outputs.append(value)
    return ["output", len(encoder.outputs) - 1]


def decode_symbol(shape, dtype, name):
    """Return a fresh symbolic tensor."""
    import keras

    if type(shape) is not list or not all(n is None or type(n) is int for n in shape):
        raise MalformedError("a symbolic tensor without a shape")
    return keras.Input(batch_shape=tuple(shape), dtype=dtype)


def encode_graph(encoder, given):
    """Return the node of the network between given symbolic tensors and the results.

    Args:
        encoder: it has met the results.
        given: how many objects of its memo were handed over.
    """
    import keras

    objects = encoder.memo.objects[:given]
    numbers = [n for n, one in enumerate(objects) if networks.is_symbol(one)]
    if not numbers:
        raise RefusedError("a symbolic tensor, though none was given; return a keras.Model of it")
    try:
        model = keras.Model([objects[n] for n in numbers], encoder.outputs)
    except ValueError as error:
        raise RefusedError(
            "the symbolic result does not come from the given tensors alone: "
            f"{str(error)[:200]}. Call the layers on the arguments"
        ) from None
    return [numbers, *networks.encode(model, encoder)[1:]]


def decode_graph(decoder, node, given):
    """Call a student's layers on the caller's own tensors and return the results.

    Args:
        decoder: its memo has the tensors.
        node: what `encode_graph` gave.
        given: how many objects of the memo were handed over.
    """
    if type(node) is not list or len(node) != 4 or type(node[0]) is not list:
        raise MalformedError("a graph of wrong length")
    numbers, config, weights, flags = node
    inputs = [decoder.memo.objects[n] for n in numbers if type(n) is int and 0 <= n < given]
    if len(inputs) != len(numbers) or not all(networks.is_symbol(one) for one in inputs):
        raise MalformedError("a graph of inputs that were not given")
    import keras

    # A copy with inputs of its own comes first: it shows that all is sound before the caller's
    # graph grows.
    copy = networks.decode(decoder, config, weights, flags)
    if not isinstance(copy, keras.Model) or len(copy.inputs) != len(inputs):
        raise MalformedError("a graph with other inputs than those given")
    return _Builder(config["config"], inputs).outputs(copy)


class _Builder:
    """Rebuilds the layers of a functional model on given tensors."""

    def __init__(self, config, inputs):
        import keras

        self.keras = keras
        self.config = networks.restore(config)
        self.names = _rename(self.config["layers"], inputs)
        self.tensors = {}
        ends = _ends(self.config["input_layers"])
        for (name, index, number), tensor in zip(ends, inputs, strict=True):
            self.tensors[name, index] = {number: tensor}
        self.inputs = {name for name, _, _ in ends}

    def outputs(self, copy):
        """Return the results, with the weights of a copy of the network."""
        layers = {}
        allowed = sum(weight.numpy().size for weight in copy.weights)
        with networks.building(allowed):
            for data in self.config["layers"]:
                if data["name"] not in self.inputs:
                    layers[data["name"]] = self._layer(data)
            self._call_all(layers)
        for name, layer in layers.items():
            self._finish(layer, copy, name)
        ends = _ends(self.config["output_layers"])
        return [self.tensors[name, index][number] for name, index, number in ends]

    def _layer(self, data):
        parts = {key: data[key] for key in ("module", "class_name", "config", "registered_name")}
        layer = self.keras.saving.deserialize_keras_object(parts, safe_mode=True)
        layer.name = self.names[data["name"]]
        setattr(layer, _MARK, True)
        return layer

    def _call_all(self, layers):
        waiting = [
            (data["name"], index, node)
            for data in self.config["layers"]
            if data["name"] in layers
            for index, node in enumerate(data["inbound_nodes"])
        ]
        while waiting:
            left = [one for one in waiting if not self._call(layers[one[0]], *one)]
            if len(left) == len(waiting):
                raise MalformedError("a graph that hangs together nowhere")
            waiting = left

    def _call(self, layer, name, index, node):
        """Call a layer if its arguments are there, and say whether they were."""
        if index and (name, index - 1) not in self.tensors:
            return False
        try:
            args, kwargs = self._value(node["args"]), self._value(node["kwargs"])
        except KeyError:
            return False
        result = layer(*args, **kwargs)
        flat = self.keras.tree.flatten(result)
        self.tensors[name, index] = dict(enumerate(flat))
        return True

    def _value(self, node):
        if isinstance(node, dict):
            if node.get("class_name") == "__keras_tensor__":
                name, index, number = node["config"]["keras_history"]
                return self.tensors[name, index][number]
            if "class_name" in node:
                return self.keras.saving.deserialize_keras_object(node, safe_mode=True)
            return {key: self._value(value) for key, value in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(self._value(part) for part in node)
        return node

    def _finish(self, layer, copy, name):
        """Give a layer the weights and flags that its copy has."""
        if not isinstance(layer, self.keras.layers.Layer):
            return
        twin = copy.get_layer(name)
        layer.set_weights(twin.get_weights())
        for one, other in zip(layer._flatten_layers(), twin._flatten_layers(), strict=True):
            one.trainable = other.trainable


def _ends(node):
    """Return `[name, node index, tensor index]` of each end of a model, however it is nested."""
    if isinstance(node, (list, tuple)) and len(node) == 3 and isinstance(node[0], str):
        return [tuple(node)]
    parts = node.values() if isinstance(node, dict) else node
    return [end for part in parts for end in _ends(part)]


def _rename(layers, inputs):
    """Return a name for each layer that none of the caller's own layers has.

    Both sides number layers on their own, so that two layers may have the same name by chance.
    Names that a student gave twice stay, as they would in one process.
    """
    before = _operations_before(inputs)
    taken = {one.name for one in before if not hasattr(one, _MARK)}
    used = {one.name for one in before} | {data["name"] for data in layers}
    names = {}
    for data in layers:
        name, count = data["name"], 1
        while name in (taken if name == data["name"] else used):
            name, count = f"{data['name']}_student_{count}", count + 1
        names[data["name"]] = name
        used.add(name)
        pass_over(name)
    return names


def _operations_before(tensors):
    """The layers that lead to tensors."""
    stack, seen, found = list(tensors), set(), []
    while stack:
        history = getattr(stack.pop(), "_keras_history", None)
        if history is None or (id(history.operation), history.node_index) in seen:
            continue
        seen.add((id(history.operation), history.node_index))
        found.append(history.operation)
        stack += history.operation._inbound_nodes[history.node_index].input_tensors
    return found


def pass_over(name):
    """Let Keras number the next layer that is made here past a name that has come."""
    from keras.src.backend.common import global_state

    counts = global_state.get_global_attribute("object_name_uids")
    prefix, _, number = name.rpartition("_")
    if not (prefix and number.isdecimal() and len(number) < 7):
        prefix, number = name, "0"
    if counts is not None:
        counts[prefix] = max(counts[prefix], int(number) + 1)
