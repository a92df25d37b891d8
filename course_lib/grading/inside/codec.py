"""Values as JSON and back: what both directions share.

What JSON has no word for becomes a list that begins with a tag. Nothing is unpickled, evaluated or
looked up by a path; whatever a student's class does, what arrives is plain. Lists, dicts, sets,
arrays, generators and networks are numbered as they come, so that one object handed over twice is
one object on the other side, and changes can be told of it.
"""

import math

import numpy as np

from .errors import MalformedError, RefusedError

__all__ = ["DTYPES", "MalformedError", "Memo", "Meter", "RefusedError", "dtype_name", "is_key"]

try:
    import ml_dtypes

    _EXTRA = {"bfloat16": np.dtype(ml_dtypes.bfloat16)}
except ImportError:
    _EXTRA = {}

_SIZES = {"b": "1", "i": "1248", "u": "1248", "f": "248", "c": ("8", "16")}
DTYPES = {
    np.dtype(order + kind + size).str: np.dtype(order + kind + size)
    for kind, sizes in _SIZES.items()
    for size in sizes
    for order in "<>"
} | _EXTRA
SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
WORD = 2**63  # larger integers go as text
DIGITS = 1000
_HASHED = 2**60  # below it, integers are their own hashes: nobody can make them collide


class Memo:
    """Objects that have crossed, in order, with the room that each takes when written out."""

    def __init__(self):
        self.objects = []
        self.sizes = []
        self._numbers = {}

    def add(self, value):
        """Number an object and return its number."""
        self.objects.append(value)
        self.sizes.append(None)
        self._numbers[id(value)] = len(self.objects) - 1
        return len(self.objects) - 1

    def put(self, number, value):
        """Fill in an object that was numbered before it was made."""
        self.objects[number] = value
        self._numbers[id(value)] = number

    def forget(self, number):
        """Let an object, where it comes again, be a new one."""
        self._numbers.pop(id(self.objects[number]), None)

    def find(self, value):
        """Return an object's number, or None."""
        return self._numbers.get(id(value))


class Meter:
    """Counts what a message holds, so that sharing cannot hide its size."""

    def __init__(self, limits, error):
        self.limits, self.error = limits, error
        self.nodes = self.bytes = self.depth = 0

    def add(self, nodes=1, size=0):
        self.nodes += nodes
        self.bytes += size
        if self.nodes > self.limits.nodes:
            raise self.error(f"a value of more than {self.limits.nodes:,} parts")
        if self.bytes > self.limits.array_bytes:
            raise self.error(f"arrays of more than {self.limits.array_bytes:,} bytes")

    def __enter__(self):
        self.depth += 1
        if self.depth > self.limits.depth:
            raise self.error(f"a value nested more than {self.limits.depth} deep")

    def __exit__(self, *_):
        self.depth -= 1


def dtype_name(dtype):
    """Return the wire's name of a dtype, or None where it may not cross.

    Example:
        >>> dtype_name(np.dtype("float32")), dtype_name(np.dtype(object))
        ('<f4', None)
    """
    name = dtype.name if dtype.name in _EXTRA else dtype.str
    return name if DTYPES.get(name) == dtype else None


def is_key(key):
    """Whether a value may be a key of a dict, or in a set."""
    if isinstance(key, (int, np.integer)):
        return abs(int(key)) < _HASHED
    return key is None or isinstance(key, (str, bytes, np.bool_, float, np.floating))
