"""Finds out which arguments a call has changed, so that the caller's own can be changed too."""

import hashlib
import json

import numpy as np

from . import networks


class Before:
    """Arguments as they were before a call.

    Args:
        memo: the `Memo` with all that was handed over.

    Attributes:
        count: how many objects these were.
    """

    def __init__(self, memo):
        self.memo = memo
        self.count = len(memo.objects)
        self._before = [_snapshot(value) for value in memo.objects]
        self._structures = {
            number: networks.structure(value)
            for number, value in enumerate(memo.objects)
            if networks.is_numbered(value)
        }

    def changed(self, encoder):
        """Return a number and the new content of each object that has changed.

        A network whose layers are others now is another network, which crosses as a new one.
        """
        for number, before in self._structures.items():
            if networks.structure(self.memo.objects[number]) != before:
                self.memo.forget(number)
                self._before[number] = None
        return [
            [number, _content(self.memo.objects[number], encoder)]
            for number, before in enumerate(self._before)
            if before is not None and _snapshot(self.memo.objects[number]) != before
        ]


def _snapshot(value):
    """Something that differs when an object has changed."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, hashlib.blake2b(value.tobytes()).digest()
    if networks.is_numbered(value):
        return networks.snapshot(value)
    return json.dumps(_shallow(value))


def _shallow(value):
    """An object's own content; other objects in it count by identity."""
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, dict):
        return [[_part(key), _part(one)] for key, one in value.items()]
    return [_part(one) for one in value]


def _part(value):
    if isinstance(value, tuple):
        return [_part(one) for one in value]
    if isinstance(value, (str, int, float, complex, bytes, np.generic, type(None))):
        return f"{type(value).__name__} {value!r}"
    return id(value)


def _content(value, encoder):
    if networks.is_numbered(value):
        return networks.encode_state(value, encoder)
    return encoder.content(value)
