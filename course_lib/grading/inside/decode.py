"""JSON as values: from what a stranger sent to plain objects within bounds."""

import binascii
import math

import numpy as np

from . import graphs, known, networks
from .codec import DIGITS, DTYPES, SPECIAL, WORD, MalformedError, Memo, Meter, is_key


class Decoder:
    """Turns what came back into values, believing nothing.

    Args:
        limits: the `WireLimits`.
        memo: the `Memo` of the call, with what was sent.
        functions: `functions.decode(node)` gives a callable; None refuses them.
        tensors: on the student's side makes a tensor of an array; else tensors arrive as arrays.
        outputs: symbolic results, by number.
    """

    def __init__(self, limits, memo=None, functions=None, tensors=None, outputs=()):
        self.limits = limits
        self.memo = memo or Memo()
        self.functions = functions
        self.tensors = tensors
        self.outputs = outputs
        self.meter = Meter(limits, MalformedError)
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
            _demand(-WORD < node < WORD, "an integer out of range")
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
        _demand(is_key(key), "a key")
        return key

    def _int(self, text):
        _demand(type(text) is str and len(text) <= DIGITS + 4, "an integer that is too long")
        return _number(text)

    def _float(self, text):
        _demand(type(text) is str and text in SPECIAL, "an unknown float")
        return SPECIAL[text]

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
            abs(parts[0]) + abs(parts[1]) < WORD and len(value) <= self.limits.nodes,
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
        _demand(self.tensors is not None, "a symbolic input, where only results may be")
        return self.number(lambda: graphs.decode_symbol(shape, dtype, name))

    def _output(self, number):
        _demand(type(number) is int and 0 <= number < len(self.outputs), "an output of nothing")
        return self.number(lambda: self.outputs[number])


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
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
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
