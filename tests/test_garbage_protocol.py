"""Whatever a student's process sends: a call returns a plain value or raises what it should."""

import copy
import json
import socket
import struct
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_lib.grading import calls
from course_lib.grading.calls import Channel, StudentError, WireLimits
from course_lib.grading.inside.encode import Encoder
from course_lib.grading.replies import RAISED

LIMITS = WireLimits(nodes=5000, array_bytes=10**5, strays=5)
ID = 5
FACTS = {"name": "f", "qualname": "f", "module": "m", "doc": "d"}
FACTS["signature"] = [["x", 1], ["y", 1, "value", ["tuple", [1]]], ["z", 3, "text", "o"]]
EXHAUSTIVE = settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def network():
    """The node of a network with a branch, a shared layer and an operation."""
    keras = pytest.importorskip("keras")
    x = keras.Input((4, 4, 1))
    shared = keras.layers.Conv2D(1, 3, padding="same")
    y = keras.layers.BatchNormalization()(shared(shared(x)))
    return Encoder(WireLimits()).encode(keras.Model(x, keras.ops.relu(y) + x))


def honest_frames():
    """Messages as an honest process sends them, of every kind."""
    value = [1, 2.5, None, "text", (True, 3j, b"x"), {"k": {1, 2}}, np.float32(1)]
    value += [np.zeros((2, 3), "int8"), np.random.default_rng(1), slice(1, 2), range(3), ...]
    node = Encoder(LIMITS).encode(value)
    reply = {"id": ID, "op": "reply", "printed": "out", "found": ["keras.ops.conv"]}
    array = ["array", "<f8", [2], "AAAAAAAAAAAAAAAAAAAAAA==", ""]
    changed = [[0, ["list", [3, ["same", 1]]]], [1, array], [2, ["dict", [["a", 1]]]]]
    error = {"name": "OddError", "bases": ["ValueError", "Exception"], "text": "t", "line": "l"}
    function = ["function", "student", 3, FACTS]
    yield {**reply, "value": node}
    yield {**reply, "value": None, "changed": changed}
    yield {**reply, "value": ["list", [["same", 0], ["same", 1], function]]}
    yield {**reply, "value": ["function", "trusted", 1, {}], "changed": []}
    yield {**reply, "op": "error", "error": error, "changed": changed}
    yield {**reply, "op": "error", "error": {"refused": "no"}}
    yield {**reply, "op": "described", "kind": "callable", "value": function}
    yield {**reply, "op": "described", "kind": "data", "value": node}
    yield {**reply, "op": "described", "kind": "refused", "reason": "r"}
    arguments = {"args": ["tuple", [1]], "kwargs": ["dict", [["y", 2]]]}
    yield {"id": ID, "op": "callback", "fn": 1, **arguments}
    yield {"id": ID, "op": "ended"}


HONEST = list(honest_frames())
SEEDS = st.sampled_from(HONEST).map(copy.deepcopy)
KEYS = st.sampled_from(sorted({key for frame in HONEST for key in frame}))
TAGS = ["list", "tuple", "dict", "set", "same", "array", "scalar", "int", "float", "known"]
TAGS += ["function", "network", "object", "symbol", "output", "generator", "range", "state"]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
LEAVES |= st.text(max_size=20) | st.sampled_from(
    [*TAGS, "<f4", "|b1", "AAAA", "student", "trusted"]
)
LEAVES |= st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**63, 10**400])
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(st.sampled_from(TAGS), inner, inner).map(list)
        | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


def places(tree, path=()):
    """Every place in a tree of lists and dicts."""
    yield path
    if isinstance(tree, dict):
        for key in tree:
            yield from places(tree[key], (*path, key))
    elif isinstance(tree, list):
        for index, part in enumerate(tree):
            yield from places(part, (*path, index))


def put(tree, path, new):
    """The tree with another thing at a place."""
    if not path:
        return new
    inner = tree
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return tree


@st.composite
def mutated(draw, seeds):
    """An honest message with one to three places changed; it keeps the number of its call."""
    tree = draw(seeds)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(tree) if p and p != ("id",)]))
        tree = put(tree, path, draw(JSON))
    return tree


def exchange(ask, *messages):
    """Let a channel ask while these bytes wait for it, and nothing comes after them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours, LIMITS, call_seconds=5.0, deadline=time.monotonic() + 20)
        for data in messages:
            theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return ask(channel)


def frame(message):
    """A message's bytes."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">I", len(data)) + data


PLAIN = (int, float, complex, bool, str, bytes, type(None), np.ndarray, np.generic, range, slice)
PLAIN += (type(...), np.dtype, np.random.Generator, calls.Proxy, type, np.ufunc)


def demand_plain(value):
    """Fail where a value is of a kind that the code does not have."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            demand_plain(part)
        return
    known = type(value).__module__.split(".")[0] in ("keras", "builtins", "numpy")
    assert isinstance(value, PLAIN) or known, type(value)


def call(channel):
    """Call a function with something of every kind that may be changed."""
    items, array, table = [1], np.zeros(2), {"k": 2}

    def trusted(*args, **kwargs):
        demand_plain([args, kwargs])
        return 1

    value, error = attempt(channel, items, array, table, trusted)
    demand_plain(value)
    # What a student raised says in which line; what escapes from our own code does not.
    assert isinstance(error, (StudentError, type(None))) or "student_line" in vars(error), error
    assert array.shape == (2,)
    demand_plain([items, table])
    repr([items, table])


def attempt(channel, *args):
    """Return what a call returns, and what it raises."""
    try:
        return channel.call(0, args, {}), None
    except (StudentError, *RAISED.values()) as error:
        return None, error


def describe(channel):
    """Ask what a name is."""
    (described,) = channel.describe(["f"]).values()
    assert described.kind in ("callable", "data", "missing", "refused")
    demand_plain(described.value)
    str(described.signature)


@pytest.fixture(autouse=True, scope="module")
def _known_number():
    """Calls have numbers that nobody can guess; here they are known, so that more is reached."""
    original = calls.secrets.randbits
    calls.secrets.randbits = lambda bits: ID
    yield
    calls.secrets.randbits = original


@pytest.mark.parametrize("ask", [call, describe])
@EXHAUSTIVE
@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"\0\0\0\0")
@example(data=b"\xff\xff\xff\xff")
@example(data=b"\0\0\0\x02{}" * 9)
def test_any_bytes(ask, data):
    exchange(ask, data)


@pytest.mark.parametrize("ask", [call, describe])
@EXHAUSTIVE
@given(data=st.binary(max_size=80))
@example(data=b"[" * 10_000)
@example(data=b'{"id":5,"value":' + b"9" * 5000 + b"}")
@example(data=b'{"id":5,"op":"reply","value":Infinity}')
@example(data='{"id":5}'.encode("utf-16"))
@example(data=b'{"id":5,"op":"reply","value":"\\ud800","printed":"\\ud800"}')
def test_any_message(ask, data):
    exchange(ask, frame(data))


@pytest.mark.parametrize("ask", [call, describe])
@EXHAUSTIVE
@given(node=JSON, key=KEYS)
def test_any_json_in_a_reply(ask, node, key):
    exchange(ask, frame({"id": ID, "op": "reply", "value": node, key: node}))


@pytest.mark.parametrize("ask", [call, describe])
@EXHAUSTIVE
@given(messages=st.lists(mutated(SEEDS), min_size=1, max_size=3))
def test_honest_messages_with_faults(ask, messages):
    exchange(ask, *map(frame, messages))


@EXHAUSTIVE
@given(seed=SEEDS, place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans())
def test_honest_messages_with_one_byte_changed(seed, place, byte, cut):
    data = bytearray(frame(seed))
    index = int(place * (len(data) - 1))
    data[index] = byte
    exchange(call, bytes(data[: index + 1] if cut else data))


@pytest.mark.parametrize("message", HONEST, ids=lambda message: message["op"])
def test_honest_messages_without_a_fault(message):
    """What the faults are put into is sound: else nothing behind the first test is reached."""

    def ask(channel):
        items, array, table = [1], np.zeros(2), {"k": 2}
        _, error = attempt(channel, items, array, table, len, lambda: 0)
        ends = {"error": ("OddError: t", "no"), "callback": ("its process has ended",)}
        expected = ends.get(message["op"], ("None",))
        assert any(end in str(error) for end in expected)
        if message.get("changed"):
            assert items[0] == 3
            assert items[1] is array
            assert table == {"a": 1}

    exchange(ask, frame(message))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_networks_with_faults(data):
    message = {"id": ID, "op": "reply", "value": network_node()}
    exchange(call, frame(data.draw(mutated(st.just(message).map(copy.deepcopy)))))


_nodes = []


def network_node():
    if not _nodes:
        _nodes.append(network())
    return _nodes[0]
