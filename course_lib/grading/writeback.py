"""Writes into the caller's own objects what the student's code changed in its copies of them."""

import numpy as np

from course_lib.grading.inside import networks
from course_lib.grading.inside.codec import MalformedError

_CONTAINERS = {"list": list, "dict": dict, "set": set}
_KINDS = tuple(_CONTAINERS.values())


def apply_changes(changed, memo, given, decoder):
    """Change objects that were handed over, all of them or none.

    Args:
        changed: pairs of an object's number and its new content, as they came.
        memo: the `Memo` of the call.
        given: how many of its objects were handed over.
        decoder: the `Decoder` of the reply; it reads the content.

    Raises:
        MalformedError: if the content does not fit the objects.
    """
    if type(changed) is not list or len(changed) > given:
        raise MalformedError("what came back holds changes of nothing")
    contents = {}
    for pair in changed:
        number, node = pair if type(pair) is list and len(pair) == 2 else (None, None)
        if type(number) is not int or not 0 <= number < given or number in contents:
            raise MalformedError("what came back holds changes of nothing")
        contents[number] = _read(memo.objects[number], node, decoder)
    replaced = {id(memo.objects[n]): c for n, c in contents.items() if isinstance(c, _KINDS)}
    if replaced:
        _measure_again(memo, replaced, decoder)
    for number, content in contents.items():
        _write(memo.objects[number], content)


def _read(target, node, decoder):
    """Return an object's new content; its kind, and an array's shape, must be what they were."""
    tag = node[0] if type(node) is list and node and type(node[0]) is str else None
    if isinstance(target, np.ndarray) and tag == "array" and len(node) == 5:
        array = decoder.read_array(*node[1:4])
        if array.shape != target.shape or array.dtype != target.dtype:
            raise MalformedError("the shape or the dtype of an argument was changed in place")
        return array
    if isinstance(target, np.random.Generator) and tag == "generator" and len(node) == 5:
        return decoder.content(node).bit_generator.state
    if networks.is_numbered(target) and tag == "state":
        return networks.read_state(target, node, decoder)
    if tag in _CONTAINERS and type(target) is _CONTAINERS[tag]:
        return decoder.content(node)
    raise MalformedError("what came back holds a change of another kind of object")


def _measure_again(memo, replaced, decoder):
    """Refuse cycles and hidden size in what arguments will hold; note their new sizes."""
    sizes = {}
    try:
        for number, value in enumerate(memo.objects):
            memo.sizes[number] = _size(value, replaced, sizes, decoder.limits)
    except RecursionError:
        raise MalformedError("what came back is nested too deeply") from None


def _size(value, replaced, sizes, limits):
    if isinstance(value, np.ndarray):
        return 1, value.nbytes
    if not isinstance(value, (list, tuple, dict)):
        return 1, 0
    if id(value) in sizes:
        if sizes[id(value)] is None:
            raise MalformedError("what came back holds a value that contains itself")
        return sizes[id(value)]
    sizes[id(value)] = None
    now = replaced.get(id(value), value)
    nodes = size = 1
    for part in now.values() if isinstance(now, dict) else now:
        more = _size(part, replaced, sizes, limits)
        nodes, size = nodes + more[0], size + more[1]
        if nodes > limits.nodes or size > limits.array_bytes:
            raise MalformedError("what came back is too large when written out")
    sizes[id(value)] = nodes, size
    return nodes, size


def _write(target, content):
    if isinstance(target, np.ndarray):
        if target.flags.writeable:  # else only the student's own copy could be
            target[...] = content
    elif isinstance(target, list):
        target[:] = content
    elif isinstance(target, (dict, set)):
        target.clear()
        target.update(content)
    elif isinstance(target, np.random.Generator):
        target.bit_generator.state = content
    else:
        networks.write_state(target, content)
