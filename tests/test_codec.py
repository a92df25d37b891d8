"""Values survive the way out of the sandbox exactly, and nothing that a student made survives."""

import collections
import enum
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import sparse

from course_lib.grading.inside.codec import DTYPES, MalformedError, Memo, RefusedError, dtype_name
from course_lib.grading.inside.decode import Decoder
from course_lib.grading.inside.encode import Encoder
from course_lib.grading.inside.limits import WireLimits

LIMITS = WireLimits()


def wire(value, limits=LIMITS):
    """A value after the journey: out, as JSON's text, and in."""
    node = Encoder(limits).encode(value)
    return Decoder(limits).decode(json.loads(json.dumps(node, allow_nan=False)))


def same(one, other):
    """Whether two values are the same to the last bit, types included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    if isinstance(one, (np.ndarray, np.generic)):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
            and one.flags.writeable == other.flags.writeable
        )
    if isinstance(one, (float, complex)):
        return repr(one) == repr(other)
    if isinstance(one, (set, frozenset)):
        return one == other and {type(x) for x in one} == {type(x) for x in other}
    return one == other


numbers = st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
dtypes = st.sampled_from(sorted(set(DTYPES.values()), key=str)).filter(lambda d: d.kind in "biufc")
shapes = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
arrays = dtypes.flatmap(lambda dtype: npst.arrays(dtype, shapes))
scalars = dtypes.flatmap(lambda dtype: npst.arrays(dtype, (1,))).map(lambda array: array[0])
keys = texts | st.booleans() | st.none() | st.integers(-(2**59), 2**59) | st.binary()
leaves = st.none() | st.booleans() | numbers | texts | st.binary() | arrays | scalars
leaves |= st.builds(slice, st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9))
leaves |= st.builds(range, st.integers(-9, 9), st.integers(-9, 99), st.integers(1, 5))
leaves |= st.just(Ellipsis) | st.sets(keys) | st.frozensets(keys)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_every_value_arrives_exactly(value):
    assert same(wire(value), value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308])
def test_floats_at_the_edge_arrive(number):
    assert repr(wire(number)) == repr(number)
    with np.errstate(over="ignore"):
        assert same(wire(np.float32(number)), np.float32(number))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4)[::2, ::-1],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array(3.5, "float16"),
        np.zeros((0, 5), "complex64"),
        np.array([True, False]),
        np.broadcast_to(np.float32(1), (2, 2)),
    ],
    ids=["strided", "fortran", "big-endian", "0-d", "empty", "bool", "read-only"],
)
def test_arrays_of_every_make_arrive(array):
    came = wire(array)
    assert came.dtype == array.dtype
    assert came.shape == array.shape
    assert came.flags.writeable == array.flags.writeable
    np.testing.assert_array_equal(came, array)


def test_bfloat16_arrives():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2], ml_dtypes.bfloat16)
    assert same(wire(array), array)


def test_an_object_met_twice_is_one_object():
    array, inner = np.zeros(2), [1]
    came = wire([array, {"a": array}, inner, (inner,)])
    assert came[0] is came[1]["a"]
    assert came[2] is came[3][0]


def test_random_generators_continue_where_they_were():
    generator = np.random.default_rng(7)
    generator.integers(5, dtype=np.uint32)
    came = wire(generator)
    assert came is not generator
    assert came.normal(size=3).tolist() == generator.normal(size=3).tolist()
    assert came.integers(9, dtype=np.uint32) == generator.integers(9, dtype=np.uint32)


def test_functions_and_types_that_both_sides_have_cross_by_name():
    for value in (np.sin, np.float32, len, int, np.maximum, np.dtype("float16")):
        assert wire(value) is value or wire(value) == value


class Level(enum.IntEnum):
    LOW = 3


class Always(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class Loud(str):
    def __str__(self):
        return "other"


Pair = collections.namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Level.LOW, 3),
        (Always(2), 2),
        (Loud("text"), "text"),
        (Pair(1, [2]), (1, [2])),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, b=[]), {"b": []}),
        (bytearray(b"x"), b"x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_students_classes_arrive_as_plain_values(value, plain):
    came = wire(value)
    assert type(came) is type(plain)
    assert came == plain


class Sub(np.ndarray):
    pass


class Spy:
    def __array__(self, *_):
        raise AssertionError("nobody may ask")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Spy(), "Spy cannot leave the sandbox; return numbers, arrays, lists or Keras models"),
        (np.ma.masked_array([1]), "MaskedArray cannot leave the sandbox; return a plain array"),
        (np.array([None]), "ndarray with the dtype object cannot leave the sandbox"),
        (np.array(["a"]), "ndarray with the dtype <U1 cannot leave"),
        (np.array([(1, 2)], "i4,i4"), "cannot leave the sandbox"),
        (np.zeros(1).view(Sub), "Sub cannot leave the sandbox; return a plain array"),
        (sparse.csr_matrix(np.eye(2)), "(csr_matrix) cannot leave the sandbox; return a NumPy"),
        (np.asmatrix(np.eye(2)), "write .toarray() and not .todense()"),
        (np.datetime64("2020"), "dtype datetime64"),
        ((n for n in ()), "write return and not yield"),
        (lambda: 0, "function cannot leave"),
        (2**5000, "an integer of 5001 bits; at most 4000"),
        ("a" * 1_000_001, "a text of 1,000,001 characters; at most 1,000,000"),
        (np.zeros(2**24 + 1, bool), "at most 16,777,216 numbers"),
        (np.zeros((0, 2**40)), "at most 16,777,216 numbers"),
        (np.zeros(6 * 2**20), "arrays of more than 41,943,040 bytes"),
        ({(1, 2): 3}, "a key of type tuple cannot cross"),
        ({2**61: 3}, "a key of type int cannot cross"),
        (set(range(20_001)), "a set of more than 20000 entries"),
        ([[]] * 1_000_001, "a value of more than 1,000,000 parts"),
        (np.random.RandomState(1), "RandomState cannot leave"),
        (np.random.Generator(np.random.MT19937(1)), "other than PCG64; use np.random.default_rng"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_leave_is_refused_by_name(value, said):
    with pytest.raises(RefusedError) as refused:
        Encoder(LIMITS).encode(value)
    assert said in str(refused.value)


def test_cycles_and_depth_are_refused():
    loop = []
    loop.append((loop,))
    with pytest.raises(RefusedError, match="contains itself"):
        wire(loop)
    deep = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises(RefusedError, match="more than 40 deep"):
        wire(deep)


def test_sharing_does_not_hide_size():
    level = [0] * 100
    for _ in range(6):
        level = [level] * 100
    with pytest.raises(RefusedError, match="more than 1,000,000 parts"):
        wire(level)
    node = ["list", [0] * 100]
    for number in range(6, 0, -1):  # what an honest encoder would not send
        node = ["list", [node, *[["same", number]] * 99]]
    with pytest.raises(MalformedError, match="more than 1,000,000 parts"):
        Decoder(LIMITS).decode(node)


def test_shared_arrays_count_each_time():
    array = np.zeros(2**20)
    with pytest.raises(RefusedError, match="arrays of more than"):
        wire([array] * 6)


def b64(count):
    return "A" * (count * 4 // 3)


@pytest.mark.parametrize(
    "node",
    [
        {},
        [],
        [1],
        ["list"],
        ["list", 3],
        ["list", [], []],
        ["unknown", 1],
        ["same", 0],
        ["same", -1],
        ["same", True],
        ["list", [["same", 0]]],
        ["dict", [[1]]],
        ["dict", [[["list", []], 1]]],
        ["dict", [[2**61, 1]]],
        ["dict", [[["complex", 1.0, 1.0], 1]]],
        ["set", [["array", "<f8", [], b64(9), ""]]],
        ["int", "0x" + "f" * 1100],
        ["int", "ten"],
        ["float", "1"],
        ["float", ["nan"]],
        ["complex", 1, "x"],
        ["bytes", "***"],
        ["bytes", "é"],
        ["slice", ["list", []], None, None],
        ["range", 0, 2**62, 1],
        ["range", 0, 1, 0],
        ["range", ["int", "0x" + "f" * 40], 0, 1],
        ["dtype", "|O"],
        ["dtype", ["<f8"]],
        ["scalar", "|O", b64(9)],
        ["scalar", "<f8", b64(9)],
        ["array", "|O", [1], b64(9), ""],
        ["array", "<f8", [2], b64(9), ""],
        ["array", "<f8", [-1], "", ""],
        ["array", "<f8", [1.0], "", ""],
        ["array", "<f8", [True], "", ""],
        ["array", "<f8", [0, 2**40], "", ""],
        ["array", "<f8", [2**70], "", ""],
        ["array", "<f8", [1] * 40, "", ""],
        ["array", "<f8", [0], "", "x"],
        ["array", "<f8", [0], "", []],
        ["generator", "0x1", "0x" + "f" * 60, 0, 0],
        ["generator", "0x1", "0x1", 2, 0],
        ["generator", "0x1", "0x1", 0, -1],
        ["known", "os.system"],
        ["known", "builtins.eval"],
        ["known", ["numpy.sin"]],
        ["function", "student", 0, {}],
        ["output", 0],
        ["symbol", [-5], "float32", "x"],
        ["symbol", "ab", "float32", "x"],
        ["network", {}, [], []],
        ["network", {"class_name": "Dense"}, [], []],
        ["object", []],
        "\ud800",
        2**63,
    ],
    ids=repr,
)
def test_what_is_no_value_is_refused(node):
    with pytest.raises((MalformedError, RefusedError)):
        Decoder(LIMITS).decode(node)


def test_booleans_are_bits_whatever_bytes_come():
    came = Decoder(LIMITS).decode(["array", "|b1", [3], "AAEH", ""])
    assert came.tolist() == [False, True, True]
    assert came.view(np.uint8).tolist() == [0, 1, 1]


def test_dtypes_that_may_cross():
    assert dtype_name(np.dtype("float32")) == "<f4"
    assert dtype_name(np.dtype("longdouble")) is None
    assert dtype_name(np.dtype("U3")) is None


def test_a_memo_forgets():
    memo, value = Memo(), []
    number = memo.add(value)
    assert memo.find(value) == number
    memo.forget(number)
    assert memo.find(value) is None
