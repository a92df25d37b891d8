"""Values as JSON: from what a program has to what the wire can say."""

import base64
import math

import numpy as np

from . import known, networks
from .codec import DIGITS, WORD, Memo, Meter, RefusedError, dtype_name, is_key


class Encoder:
    """Turns values into what JSON can say.

    Args:
        limits: the `WireLimits`.
        memo: the `Memo` of the call.
        functions: `functions.encode(value)` gives a callable's node; None refuses callables.
        symbols: what symbolic tensors are: "given" to a function, "made" by it, or refused.
    """

    def __init__(self, limits, memo=None, functions=None, symbols=None):
        self.limits = limits
        self.memo = memo or Memo()
        self.functions = functions
        self.symbols = symbols
        self.outputs = []
        self.meter = Meter(limits, RefusedError)

    def encode(self, value):
        """Return a value's node.

        Raises:
            RefusedError: if it may not cross.

        Example:
            >>> from course_lib.grading.inside.limits import WireLimits
            >>> Encoder(WireLimits()).encode([1, (2.5, None)])
            ['list', [1, ['tuple', [2.5, None]]]]
        """
        self.meter.add()
        plain = self._plain(value)
        if plain is not NotImplemented:
            return plain
        if _numbered(value):
            return self._numbered(value)
        if isinstance(value, tuple):
            return ["tuple", self._items(value)]
        return self._other(value)

    def content(self, value):
        """Return the node of a numbered object again, as it is now."""
        self.meter.add()
        return self._numbered_content(value)

    def _plain(self, value):
        if value is None or value is True or value is False:
            return value
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int):
            value = int.__pos__(value)
            return value if -WORD < value < WORD else ["int", self._digits(value)]
        if isinstance(value, float):
            value = float.__pos__(value)
            return value if math.isfinite(value) else ["float", repr(value)]
        return NotImplemented

    def _text(self, value):
        text = str.__getitem__(value, slice(None))
        if len(text) > self.limits.text:
            raise RefusedError(f"a text of {len(text):,} characters; at most {self.limits.text:,}")
        return text

    def _digits(self, value):
        if value.bit_length() > 4 * DIGITS:
            raise RefusedError(f"an integer of {value.bit_length()} bits; at most {4 * DIGITS}")
        return hex(value)

    def _scalar(self, value):
        name = dtype_name(value.dtype)
        if name is None:
            raise RefusedError(_sorry(value))
        return ["scalar", name, _base64(value.tobytes())]

    def _numbered(self, value):
        number = self.memo.find(value)
        if number is not None:
            if self.memo.sizes[number] is None:
                raise RefusedError("a value that contains itself")
            self.meter.add(*self.memo.sizes[number])
            return ["same", number]
        number = self.memo.add(value)
        before = self.meter.nodes, self.meter.bytes
        node = self._numbered_content(value)
        self.memo.sizes[number] = (self.meter.nodes - before[0], self.meter.bytes - before[1])
        return node

    def _numbered_content(self, value):
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, list):
            return ["list", self._items(value)]
        if isinstance(value, dict):
            return ["dict", self._pairs(value)]
        if isinstance(value, (set, frozenset)):
            tag = "set" if isinstance(value, set) else "frozenset"
            return [tag, [self._key(key) for key in self._few(value)]]
        if isinstance(value, np.random.Generator):
            return ["generator", *_generator_state(value)]
        return networks.encode(value, self)

    def _items(self, values):
        with self.meter:
            return [self.encode(value) for value in values]

    def _pairs(self, values):
        with self.meter:
            return [[self._key(key), self.encode(values[key])] for key in self._few(values)]

    def _few(self, values):
        if len(values) > self.limits.keys:
            raise RefusedError(f"a {type(values).__name__} of more than {self.limits.keys} entries")
        return values

    def _key(self, key):
        if not is_key(key):
            raise RefusedError(
                f"a key of type {type(key).__name__} cannot cross; use texts, or integers"
            )
        return self.encode(key)

    def _array(self, array):
        name = dtype_name(array.dtype)
        if type(array) not in (np.ndarray, np.memmap) or name is None:
            raise RefusedError(_sorry(array))
        if max(array.size, array.ndim and math.prod(max(1, n) for n in array.shape)) > (
            self.limits.elements
        ):
            raise RefusedError(
                f"an array of shape {array.shape}; at most {self.limits.elements:,} numbers"
            )
        self.meter.add(0, array.nbytes)
        flags = "" if array.flags.writeable else "r"
        return ["array", name, list(array.shape), _base64(array.tobytes()), flags]

    def tensor(self, array):
        """Return the node of a tensor, given as an array."""
        node = self._array(np.asarray(array))
        return [*node[:4], "t"]

    def _other(self, value):
        if isinstance(value, complex):
            return ["complex", self.encode(value.real), self.encode(value.imag)]
        if isinstance(value, (bytes, bytearray)):
            self.meter.add(0, len(value))
            return ["bytes", _base64(bytes(value))]
        if isinstance(value, (slice, range)):
            parts = [self.encode(part) for part in (value.start, value.stop, value.step)]
            return [type(value).__name__, *parts]
        if value is Ellipsis:
            return ["ellipsis"]
        if isinstance(value, np.dtype) and dtype_name(value):
            return ["dtype", dtype_name(value)]
        name = known.name_of(value)
        if name:
            return ["known", name]
        node = networks.encode_plain(value, self)
        if node is None and self.functions is not None and callable(value):
            node = self.functions.encode(value)
        if node is None:
            raise RefusedError(_sorry(value))
        return node


def _numbered(value):
    kinds = (np.ndarray, list, dict, set, frozenset, np.random.Generator)
    return isinstance(value, kinds) or networks.is_numbered(value)


def _generator_state(generator):
    state = generator.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise RefusedError("a random generator other than PCG64; use np.random.default_rng")
    inner = state["state"]
    return [hex(inner["state"]), hex(inner["inc"]), state["has_uint32"], state["uinteger"]]


def _base64(data):
    return base64.b64encode(data).decode("ascii")


def _sorry(value):
    """Say that a value cannot cross, and what can."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    if str(kind.__module__).startswith("scipy.sparse"):
        return (
            f"a sparse matrix ({kind.__name__}) cannot leave the sandbox; return a NumPy array: "
            "end with .toarray()"
        )
    if kind is np.matrix:
        return (
            "an np.matrix cannot leave the sandbox; return a NumPy array: write .toarray() and not "
            ".todense(), or np.asarray(...)"
        )
    if isinstance(value, (np.ndarray, np.generic)):
        if kind is np.ndarray or isinstance(value, np.generic):
            name = f"{name} with the dtype {value.dtype}"
        return f"a value of type {name} cannot leave the sandbox; return a plain array of numbers"
    if name == "generator":
        return "a generator cannot leave the sandbox; write return and not yield"
    return (
        f"a value of type {name} cannot leave the sandbox; return numbers, arrays, lists or "
        "Keras models"
    )
