"""Values as JSON and back: all that may cross the sandbox's wall.

What JSON has no word for becomes a list that begins with a tag. Nothing is unpickled, evaluated or
looked up by a path; whatever a student's class does, what arrives is plain. Lists, dicts, sets,
arrays, generators and networks are numbered as they come, so that one object handed over twice is
one object on the other side, and changes can be told of it.
"""

import base64
import binascii
import math

import numpy as np

from . import known, networks

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
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_WORD = 2**63  # larger integers go as text
_HASHED = 2**60  # below it, integers are their own hashes: nobody can make them collide
_DIGITS = 1000


class RefusedError(TypeError):
    """A value that cannot cross; the text says what to hand over instead."""


class MalformedError(ValueError):
    """Something that came is not a value in this code; the text says why."""


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

    def find(self, value):
        """Return an object's number, or None."""
        return self._numbers.get(id(value))


class _Meter:
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


class Encoder:
    """Turns values into what JSON can say.

    Args:
        limits: the `WireLimits`.
        memo: the `Memo` of the call.
        functions: `functions.encode(value)` gives a callable's node; None refuses callables.
    """

    def __init__(self, limits, memo=None, functions=None):
        self.limits = limits
        self.memo = memo or Memo()
        self.functions = functions
        self.outputs = []
        self.meter = _Meter(limits, RefusedError)

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
            return value if -_WORD < value < _WORD else ["int", self._digits(value)]
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
        if value.bit_length() > 4 * _DIGITS:
            raise RefusedError(f"an integer of {value.bit_length()} bits; at most {4 * _DIGITS}")
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
        if not _is_key(key):
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


def _is_key(key):
    if isinstance(key, (int, np.integer)):
        return abs(int(key)) < _HASHED
    return key is None or isinstance(key, (str, bytes, np.bool_, float, np.floating))


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


class Decoder:
    """Turns what came back into values, believing nothing.

    Args:
        limits: the `WireLimits`.
        memo: the `Memo` of the call, with what was sent.
        functions: `functions.decode(node)` gives a callable; None refuses them.
        tensors: makes a tensor of an array; by default tensors arrive as arrays.
        outputs: symbolic results, by number.
    """

    def __init__(self, limits, memo=None, functions=None, tensors=None, outputs=()):
        self.limits = limits
        self.memo = memo or Memo()
        self.functions = functions
        self.tensors = tensors
        self.outputs = outputs
        self.meter = _Meter(limits, MalformedError)
        self.again = False

    def decode(self, node):
        """Return a node's value.

        Raises:
            MalformedError: if it is no node within the limits.

        Example:
            >>> from course_lib.grading.inside.limits import WireLimits
            >>> Decoder(WireLimits()).decode(["tuple", [1, ["float", "nan"]]])
            (1, nan)
        """
        self.meter.add()
        if type(node) in (type(None), bool, float):
            return node
        if type(node) is int:
            _demand(-_WORD < node < _WORD, "an integer out of range")
            return node
        if type(node) is str:
            return self._text(node)
        _demand(type(node) is list and node and type(node[0]) is str, "a node without a tag")
        method = _METHODS.get(node[0])
        _demand(method is not None, "an unknown tag")
        arguments = node[1:]
        _demand(len(arguments) == method.__code__.co_argcount - 1, f"a {node[0]} of wrong length")
        return method(self, *arguments)

    def _text(self, text):
        _demand(len(text) <= self.limits.text, "a text that is too long")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise MalformedError("a text with half a character") from None
        return text

    def content(self, node):
        """Return the new content of an object that has its number already."""
        self.again = True
        return self.decode(node)

    def number(self, make):
        """Number what `make` returns, as the other side did, before it is made."""
        if self.again:
            self.again = False
            return make()
        number = self.memo.add(None)
        before = self.meter.nodes, self.meter.bytes
        value = make()
        self.memo.put(number, value)
        self.memo.sizes[number] = (self.meter.nodes - before[0], self.meter.bytes - before[1])
        return value

    def _same(self, number):
        _demand(type(number) is int and 0 <= number < len(self.memo.objects), "a number of nothing")
        _demand(self.memo.sizes[number] is not None, "a value that contains itself")
        self.meter.add(*self.memo.sizes[number])
        return self.memo.objects[number]

    def items(self, nodes):
        """Return the values of a list of nodes."""
        _demand(type(nodes) is list, "items that are no list")
        with self.meter:
            return [self.decode(node) for node in nodes]

    def _list(self, nodes):
        return self.number(lambda: self.items(nodes))

    def _tuple(self, nodes):
        return tuple(self.items(nodes))

    def _dict(self, pairs):
        return self.number(lambda: self._read_pairs(pairs))

    def _read_pairs(self, pairs):
        _demand(type(pairs) is list and len(pairs) <= self.limits.keys, "entries out of bounds")
        _demand(all(type(p) is list and len(p) == 2 for p in pairs), "an entry without a value")
        with self.meter:
            return {self._key(key): self.decode(value) for key, value in pairs}

    def _set(self, nodes):
        return self.number(lambda: set(self._keys(nodes)))

    def _frozenset(self, nodes):
        return self.number(lambda: frozenset(self._keys(nodes)))

    def _keys(self, nodes):
        _demand(type(nodes) is list and len(nodes) <= self.limits.keys, "entries out of bounds")
        return [self._key(node) for node in nodes]

    def _key(self, node):
        _demand(type(node) is not list or node[:1] in (["scalar"], ["bytes"], ["float"]), "a key")
        key = self.decode(node)
        _demand(_is_key(key), "a key")
        return key

    def _int(self, text):
        _demand(type(text) is str and len(text) <= _DIGITS + 4, "an integer that is too long")
        return _number(text)

    def _float(self, text):
        _demand(type(text) is str and text in _SPECIAL, "an unknown float")
        return _SPECIAL[text]

    def _complex(self, real, imaginary):
        parts = self.decode(real), self.decode(imaginary)
        _demand(all(type(part) is float for part in parts), "a complex number without floats")
        return complex(*parts)

    def _bytes(self, text):
        data = _unbase64(text)
        self.meter.add(0, len(data))
        return data

    def _slice(self, start, stop, step):
        parts = [self.decode(part) for part in (start, stop, step)]
        _demand(all(part is None or type(part) is int for part in parts), "a slice of others")
        return slice(*parts)

    def _range(self, start, stop, step):
        parts = [self.decode(part) for part in (start, stop, step)]
        _demand(all(type(part) is int for part in parts) and parts[2], "a range of others")
        value = range(*parts)
        _demand(
            abs(parts[0]) + abs(parts[1]) < _HASHED and len(value) <= self.limits.nodes,
            "a range that is too long",
        )
        return value

    def _ellipsis(self):
        return Ellipsis

    def _dtype(self, name):
        _demand(type(name) is str and name in DTYPES, "a dtype that may not cross")
        return DTYPES[name]

    def _scalar(self, name, text):
        data, dtype = _unbase64(text), self._dtype(name)
        _demand(len(data) == dtype.itemsize, "a scalar of wrong size")
        return np.frombuffer(data, dtype)[0]

    def _array(self, name, shape, text, flags):
        array = self.read_array(name, shape, text)
        _demand(flags in ("", "r", "t"), "an array with unknown flags")
        if flags == "t" and self.tensors:
            array = self.tensors(array)
        elif flags == "r":
            array.flags.writeable = False
        return self.number(lambda: array) if flags != "t" else array

    def read_array(self, name, shape, text):
        """Return a new array of a dtype, a shape and its bytes, which must agree."""
        dtype = self._dtype(name)
        _demand(type(shape) is list and len(shape) <= 32, "a shape")
        _demand(all(type(n) is int and n >= 0 for n in shape), "a shape")
        _demand(math.prod(max(1, n) for n in shape) <= self.limits.elements, "an array too large")
        size = math.prod(shape) * dtype.itemsize
        self.meter.add(0, size)
        data = _unbase64(text)
        _demand(len(data) == size, "an array whose shape and bytes disagree")
        if dtype.kind == "b":
            data = (np.frombuffer(data, np.uint8) != 0).tobytes()
        return np.frombuffer(bytearray(data), dtype).reshape(shape)

    def _generator(self, state, increment, has_uint32, uinteger):
        values = _word(state, 128), _word(increment, 128)
        _demand(has_uint32 in (0, 1) and type(has_uint32) is int, "a random state")
        _demand(type(uinteger) is int and 0 <= uinteger < 2**32, "a random state")

        def make():
            bits = np.random.PCG64(0)
            inner = {"state": values[0], "inc": values[1]}
            bits.state = {
                "bit_generator": "PCG64",
                "state": inner,
                "has_uint32": has_uint32,
                "uinteger": uinteger,
            }
            return np.random.Generator(bits)

        return self.number(make)

    def _known(self, name):
        value = known.find(name)
        _demand(value is not None, "a function that nobody knows")
        return value

    def _function(self, side, number, facts):
        _demand(self.functions is not None, "a function, where none may be")
        return self.functions.decode(side, number, facts)

    def _network(self, config, weights, flags):
        return self.number(lambda: networks.decode(self, config, weights, flags))

    def _object(self, config):
        return networks.decode_object(self, config)

    def _symbol(self, shape, dtype, name):
        return self.number(lambda: networks.decode_symbol(shape, dtype, name))

    def _output(self, number):
        _demand(type(number) is int and 0 <= number < len(self.outputs), "an output of nothing")
        return self.outputs[number]


_METHODS = {
    "same": Decoder._same,
    "list": Decoder._list,
    "tuple": Decoder._tuple,
    "dict": Decoder._dict,
    "set": Decoder._set,
    "frozenset": Decoder._frozenset,
    "int": Decoder._int,
    "float": Decoder._float,
    "complex": Decoder._complex,
    "bytes": Decoder._bytes,
    "slice": Decoder._slice,
    "range": Decoder._range,
    "ellipsis": Decoder._ellipsis,
    "dtype": Decoder._dtype,
    "scalar": Decoder._scalar,
    "array": Decoder._array,
    "generator": Decoder._generator,
    "known": Decoder._known,
    "function": Decoder._function,
    "network": Decoder._network,
    "object": Decoder._object,
    "symbol": Decoder._symbol,
    "output": Decoder._output,
}


def _demand(condition, what):
    if not condition:
        raise MalformedError(f"what came back holds {what}")


def _unbase64(text):
    _demand(type(text) is str, "bytes that are no text")
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise MalformedError("what came back holds bytes that are not base64") from None


def _number(text):
    try:
        return int(text, 16)
    except ValueError:
        raise MalformedError("what came back holds an integer without digits") from None


def _word(text, bits):
    _demand(type(text) is str and len(text) <= bits // 4 + 2, "a random state")
    value = _number(text)
    _demand(0 <= value < 2**bits, "a random state")
    return value
