"""Calls into a student's process, which is a real one, honest, unlucky or hostile."""

import contextlib
import copy
import inspect
import json
import os
import signal
import time

import numpy as np
import pytest

from course_lib.checks.run import find, run
from course_lib.grading import calls
from course_lib.grading.calls import (
    BadReply,
    CallTimeout,
    ChannelClosed,
    StudentError,
    WireLimits,
)
from course_lib.grading.inside.codec import RefusedError
from tests.wire_helpers import functions, student

HONEST = '''
import sys, time
import numpy as np

number, words, nothing = 3, ["a", "b"], None
text_of_text = type("Text", (str,), {})("plain")
odd = object()
sine = np.sin

def double(x, times=2, *, bias=[0.5]):
    """Twice as much."""
    return x * times

def give(x): return x
def opaque(f=object): return 1
def fill(array, items, table, rng):
    array[0] = 7; items.append(array); table["new"] = items; return rng.normal()
def first(a, b): return a is b, a
def write(x): x[0] = 1
def printing(n):
    print("out" * n); print("err", file=sys.stderr); return n
def fail(kind, *args):
    if True:
        raise kind(*args)
def custom():
    class OddError(ValueError): pass
    raise OddError("an odd size")
def linalg(): np.linalg.inv(np.zeros((2, 2)))
def leave(): sys.exit(3)
def stop(): next(iter([]))
def full(): raise MemoryError
def odd_text():
    class Strange(Exception):
        def __str__(self): raise RuntimeError
    raise Strange
def late_change(x):
    x[0] = 5
    raise ValueError("after the change")
def spin():
    while True: pass
def apply(f, *args, **kwargs): return f(*args, **kwargs)
kept = []
def keep(f): kept.append(f)
def call_kept(): return kept[0](1)
def maker(n): return lambda x: x + n
def twice(f): return lambda x: f(f(x))
class Counter:
    def __init__(self): self.n = 0
    def up(self): self.n += 1; return self.n
counter = Counter()
def counting(): return counter.up
def cheat(x):
    from statistics import mean
    return mean(x)
def generator(): yield 1
def thing(): return odd
def big(): return np.zeros(2**23)
def recursive(): return recursive()
'''


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    with student(tmp_path_factory.mktemp("honest"), HONEST) as channel:
        yield channel


@pytest.fixture
def ask(honest):
    """A function that calls the student's function of a name; the channel must stay well."""

    def call(name, *args, **kwargs):
        return functions(honest, name)[0](*args, **kwargs)

    yield call
    assert honest.dead == ""
    assert honest.suspicious == []


# --- what a name stands for ----------------------------------------------------------------------


def test_names_are_described(honest):
    names = ["double", "number", "words", "nothing", "odd", "sine", "absent", "text_of_text"]
    described = honest.describe(names)
    kinds = [described[name].kind for name in names]
    assert kinds == ["callable", *["data"] * 3, "refused", "callable", "missing", "data"]
    assert [described[name].value for name in names[1:4]] == [3, ["a", "b"], None]
    assert "a value of type object cannot leave the sandbox" in described["odd"].reason
    assert type(described["text_of_text"].value) is str
    with pytest.raises(ValueError, match="'absent' is missing; only what is described as callable"):
        honest.proxy("absent", described["absent"])


def test_a_proxy_looks_like_the_function(honest):
    described = honest.describe(["double", "opaque"])
    double = honest.proxy("double", described["double"])
    assert (double.__name__, double.__qualname__, double.__doc__) == (
        "double",
        "double",
        "Twice as much.",
    )
    assert double.__module__ == "student"
    assert double.student_module == "__main__"
    assert str(inspect.signature(double)) == "(x, times=2, *, bias=[0.5])"
    assert str(described["opaque"].signature) == "(f=<class 'object'>)"
    assert copy.deepcopy([double])[0] is double
    assert honest.describe(["double"])["double"].value is double


def test_a_ready_made_function_says_where_it_was_made(honest):
    (sine,) = functions(honest, "sine")
    assert sine(0.0) == 0.0
    report = run(find("output_size"), sine, forbidden=("numpy",))
    assert report.outcomes[0].came == "a call of numpy.sin, which is not allowed here"


# --- arguments and results -----------------------------------------------------------------------


def test_values_go_there_and_back(ask):
    value = [1, (2.5, np.arange(3, dtype="int8")), {"k": np.float32(2)}]
    came = ask("give", value)
    assert repr(came) == repr(value)
    assert came is value, "an argument that is returned is the caller's own"
    assert ask("double", np.arange(3)).tolist() == [0, 2, 4]
    assert ask("double", 2, times=5) == 10


def test_changes_of_arguments_arrive_in_the_callers_objects(ask):
    array, items, table, rng = np.zeros(2), ["x"], {"old": 1}, np.random.default_rng(1)
    expected = np.random.default_rng(1)
    drawn = ask("fill", array, items, table, rng)
    assert drawn == expected.normal()
    assert rng.normal() == expected.normal(), "the generator has moved on"
    assert array.tolist() == [7, 0]
    assert items[1] is array
    assert table["new"] is items
    with pytest.raises(ValueError, match="after the change"):
        ask("late_change", array)
    assert array[0] == 5


def test_one_array_handed_over_twice_is_one(ask):
    array = np.ones(2)
    same, came = ask("first", array, array)
    assert same is True
    assert came is array
    assert ask("first", array, array.copy())[0] is False


def test_read_only_arrays_stay_read_only(ask):
    array = np.zeros(3)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        ask("write", array)


def test_what_is_printed_is_kept_apart(ask, honest):
    honest.take_printed()
    assert ask("printing", 2) == 2
    assert honest.printed == "outout\nerr\n"
    ask("printing", 5000)
    assert len(honest.take_printed()) < 4100
    assert honest.take_printed() == ""


def test_what_cannot_leave_is_said(ask):
    for name, said in (
        ("generator", "write return and not yield"),
        ("thing", "a value of type object cannot leave the sandbox"),
        ("big", "arrays of more than 41,943,040 bytes"),
    ):
        with pytest.raises(BadReply, match=said):
            ask(name)
    with pytest.raises(RefusedError, match="object cannot leave"):
        ask("give", object())


# --- exceptions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args", "kind", "said"),
    [
        ("fail", (int, "x"), ValueError, "invalid literal"),
        ("fail", (len,), TypeError, "takes exactly one argument"),
        ("custom", (), ValueError, "OddError: an odd size"),
        ("linalg", (), ValueError, "LinAlgError: Singular matrix"),
        ("leave", (), StudentError, r"ended the program with exit\(3\)"),
        ("stop", (), StudentError, "StopIteration: the function took from an iterator"),
        ("full", (), MemoryError, "more memory than the sandbox has"),
        ("odd_text", (), StudentError, "Strange"),
        ("recursive", (), RecursionError, "maximum recursion depth"),
    ],
)
def test_exceptions_arrive_by_kind(ask, name, args, kind, said):
    with pytest.raises(kind, match=said) as raised:
        ask(name, *args)
    assert type(raised.value) is kind


def test_an_exception_names_the_students_line(ask):
    with pytest.raises(ValueError, match="invalid") as raised:
        ask("fail", int, "x")
    assert raised.value.student_line == "raise kind(*args)"
    with pytest.raises(ValueError, match="Singular") as raised:
        ask("linalg")
    assert raised.value.student_line == "def linalg(): np.linalg.inv(np.zeros((2, 2)))"


# --- functions that take and return functions ----------------------------------------------------


def test_functions_cross_both_ways(ask):
    seen = []

    def trusted(x, y=1):
        seen.append((x, y))
        return x + y

    assert ask("apply", trusted, 2, y=5) == 7
    assert seen == [(2, 5)]
    assert ask("give", trusted) is trusted
    add_five = ask("maker", 5)
    assert add_five(1) == 6
    assert ask("give", add_five) is add_five
    assert ask("apply", add_five, 3) == 8
    assert ask("twice", np.sin)(0.5) == np.sin(np.sin(0.5))
    up = ask("counting")
    assert (up(), ask("counting")()) == (1, 2)


def test_calls_nest_and_errors_travel_through_them(ask, honest):
    apply, double = functions(honest, "apply", "double")
    assert apply(lambda x: apply(lambda y: double(y) + 1, x), 4) == 9

    def refuse(x):
        raise IndexError("no")

    with pytest.raises(IndexError, match="no"):
        apply(refuse, 1)

    def deeper(n):
        return apply(deeper, n + 1)

    with pytest.raises((BadReply, RuntimeError, StudentError), match="call back more than 8 deep"):
        deeper(0)


def test_a_function_is_the_students_only_while_the_call_lasts(ask, honest):
    ask("keep", lambda x: x)
    with pytest.raises(RuntimeError, match="no such function was handed over"):
        ask("call_kept")
    assert honest.suspicious == ["the student's process called a function that it was not given"]
    honest.suspicious.clear()


# --- watching ------------------------------------------------------------------------------------


def test_forbidden_calls_are_found(honest):
    (cheat, double) = functions(honest, "cheat", "double")
    value, found = cheat.call_watched(([1, 3],), {}, ("statistics",))
    assert value == 2
    assert found == ["statistics.mean"]
    assert double.call_watched((2,), {}, ("statistics", "json"))[1] == []
    with pytest.raises(TypeError) as raised:
        cheat.call_watched((5,), {}, ("statistics",))
    assert raised.value.student_found == ["statistics.mean"]


# --- time ----------------------------------------------------------------------------------------


def test_a_call_that_takes_too_long_is_stopped_and_others_follow(honest):
    spin, double, apply = functions(honest, "spin", "double", "apply")
    honest.call_seconds = 0.4
    try:
        with pytest.raises(CallTimeout, match=r"longer than 0\.4 seconds"):
            spin()
        assert double(2) == 4
        started = time.monotonic()
        with pytest.raises(CallTimeout):
            apply(lambda: spin())
        assert time.monotonic() - started < 2
        with pytest.raises(CallTimeout):
            apply(lambda: time.sleep(0.6))
        assert double(3) == 6
    finally:
        honest.call_seconds = 60.0


def test_serving_ends_and_begins_again(honest):
    (double,) = functions(honest, "double")
    honest.end()
    honest.end()
    assert double(4) == 8, "functions that were handed out stay known"


# --- hostile students ----------------------------------------------------------------------------

HOSTILE = """
import gc, json, os, signal, struct, sys, threading, time
from course_inside import agent

def raw(data): sock.sendall(struct.pack(">I", len(data)) + data)
def say(**frame): raw(json.dumps(frame).encode())
def current(): return next(iter(agent._agents.values())).calls[-1]

def fine(): return 1
def kill(): os.kill(os.getpid(), 9)
def stand(): os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)
def stubborn():
    while True:
        try:
            while True: time.sleep(0.01)
        except KeyboardInterrupt: pass
def drip():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock.sendall(struct.pack(">I", 1000))
    while True: sock.sendall(b" "); time.sleep(0.05)
def flood():
    while True: say(id=1, op="reply", value=1)
def torrent():
    while True: raw(b"[" + b"0," * 2**20 + b"0]")
def huge(): sock.sendall(b"\\xff\\xff\\xff\\xff")
def garbage(): raw(b"\\x80garbage"); time.sleep(60)
def wide(): raw(b'{"id":' + str(current()).encode() + b',"value":[' + b"[],"*2**22 + b"0]}")
def deep(): raw(b"[" * 10**6)
def infinite(): raw(b'{"id":' + str(current()).encode() + b',"op":"reply","value":NaN}')
def answer(value, **more): say(id=current(), op="reply", value=value, **more); return 5
def twice(): say(id=current(), op="reply", value=2); return 3
def forge(): say(id=7, op="reply", value=2); return 3
def before(n):
    for i in range(n): say(id=i, op="reply", value=2)
    return 3
def mad(x): raise SystemExit("\\x1b[31m" + "\\ud800" * 9)
def call_all():
    for n in range(30):
        say(id=current(), op="callback", fn=n, args=["tuple", []], kwargs=["dict", []])
    return 1
def deaf(x):
    agent.Stream.receive = lambda *a: time.sleep(60)
    return 1
def close(): sock.close()
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "GRACE", 1.0)
    with student(tmp_path, HOSTILE, call_seconds=0.7) as channel:
        yield channel


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kill", "its process has ended"),
        ("stand", "could not be interrupted"),
        ("stubborn", "could not be interrupted"),
        ("drip", "could not be interrupted"),
        ("flood", "too many answers that nobody asked for"),
        ("huge", "announced a message of 4294967295 bytes"),
        ("close", "its process has ended"),
    ],
)
def test_a_dead_channel_says_why_and_fails_at_once(hostile, name, said):
    bad, fine = functions(hostile, name, "fine")
    started = time.monotonic()
    with pytest.raises(ChannelClosed, match=said):
        bad()
    assert time.monotonic() - started < 5
    assert said in hostile.dead
    started = time.monotonic()
    with pytest.raises(ChannelClosed, match=said):
        fine()
    assert hostile.describe(["fine"])["fine"].kind == "refused"
    hostile.end()
    assert time.monotonic() - started < 0.1


def test_what_all_together_is_too_much_ends_the_wire(tmp_path):
    limits = WireLimits(total_bytes=2**22)
    with student(tmp_path, HOSTILE, call_seconds=5.0, limits=limits) as channel:
        (torrent,) = functions(channel, "torrent")
        for _ in range(3):
            with contextlib.suppress(StudentError):
                torrent()
        assert "more than 4194304 bytes in all" in channel.dead


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("garbage", "a message that is not JSON"),
        ("wide", "a message of too many parts"),
        ("deep", "a message that is nested too deeply"),
        ("infinite", "a message that is not JSON"),
    ],
)
def test_garbage_fails_the_call_and_is_noted(hostile, name, said):
    (bad,) = functions(hostile, name)
    with pytest.raises(BadReply, match=said):
        bad()
    assert said in hostile.suspicious[0]


def test_forged_answers_are_dropped_and_noted(hostile):
    twice, forge, before, fine = functions(hostile, "twice", "forge", "before", "fine")
    assert twice() == 2
    assert fine() == 1
    assert "an answer to a call that was over" in hostile.suspicious[0]
    assert forge() == 3
    assert before(20) == 3
    assert fine() == 1
    assert "an answer to no call" in hostile.suspicious[1]
    with pytest.raises(ChannelClosed, match="too many answers"):
        before(60)


@pytest.mark.parametrize(
    "more",
    [
        {"value": ["network", {"class_name": "Lambda"}, [], []]},
        {"value": None, "changed": [[0, 1]]},
        {"value": None, "changed": [[0, ["list", [["same", 0]]]]]},
        {"value": None, "changed": [[1, ["array", "<f8", [3], "AAAA", ""]]]},
        {"value": None, "changed": [[1, ["array", "<f8", [1], "AAAAAAAAAAA=", ""]]]},
        {"value": None, "changed": [[9, ["list", []]]]},
        {"value": None, "changed": 5},
        {"value": None, "changed": [[0, ["list", []]], [0, ["list", []]]]},
        {"value": None, "graph": [[0], {}, [], []]},
        {"value": ["function", "trusted", 1, {}]},
        {"value": ["function", "student", -1, {}]},
        {"value": ["function", "student", 7, {"signature": [["no name", 1]]}]},
        {"value": ["function", "student", 8, {"signature": [["a", 9]]}]},
        {"value": ["function", "student", 9, []]},
        {},
    ],
    ids=repr,
)
def test_forged_content_is_a_bad_reply_and_changes_nothing(forger, more):
    items, array = [1], np.zeros(2)
    value = more.get("value", ["unknown"])
    rest = {key: node for key, node in more.items() if key != "value"}
    with pytest.raises(BadReply):
        forger(json.dumps(value), json.dumps(rest), items, array)
    assert items == [1]
    assert array.tolist() == [0, 0]


@pytest.fixture(scope="module")
def forger(tmp_path_factory):
    code = (
        HOSTILE
        + """
def forge_reply(value, more, items, array): answer(json.loads(value), **json.loads(more))
"""
    )
    with student(tmp_path_factory.mktemp("forger"), code, limits=WireLimits(strays=999)) as channel:
        (forge_reply,) = functions(channel, "forge_reply")
        yield forge_reply


def test_functions_that_were_not_given_cannot_be_called(hostile):
    (call_all,) = functions(hostile, "call_all")
    assert call_all() == 1
    assert "called a function that it was not given" in hostile.suspicious[0]


def test_nobody_waits_for_a_student_who_does_not_read(hostile):
    (deaf,) = functions(hostile, "deaf")
    assert deaf(0) == 1
    started = time.monotonic()
    with pytest.raises(ChannelClosed, match="does not read what it is sent"):
        deaf(np.zeros(2**20))
    assert time.monotonic() - started < 4


def test_odd_texts_are_made_plain(hostile):
    (mad,) = functions(hostile, "mad")
    with pytest.raises(StudentError) as raised:
        mad(1)
    str(raised.value).encode("utf8")


def test_when_the_submissions_time_is_over_calls_fail_at_once(tmp_path):
    with student(tmp_path, HONEST, seconds=1.0) as channel:
        double, spin = functions(channel, "double", "spin")
        with pytest.raises(CallTimeout, match="the submission's time is over"):
            spin()
        started = time.monotonic()
        with pytest.raises(ChannelClosed, match="the submission's time is over"):
            double(1)
        assert time.monotonic() - started < 0.1


def test_a_student_who_dies_without_a_call_is_noticed(hostile):
    os.killpg(hostile.process.pid, signal.SIGKILL)
    started = time.monotonic()
    assert hostile.describe(["fine"])["fine"].kind == "refused"
    assert "its process has ended" in hostile.dead
    assert time.monotonic() - started < 2


def test_an_interrupt_that_fails_is_no_failure_of_the_check(tmp_path):
    def broken():
        raise RuntimeError("nobody there")

    with student(tmp_path, HONEST, call_seconds=0.3, interrupt=broken) as channel:
        (spin,) = functions(channel, "spin")
        with pytest.raises(ChannelClosed, match="could not be interrupted"):
            spin()


# --- checks ask through the wire ------------------------------------------------------------------

ANSWERS = {
    "correct": "return int((size - kernel_size) // strides + 1)",
    "no floor": "return (size - kernel_size) / strides + 1",
    "wrong": "return size",
    "stub": "raise NotImplementedError()",
    "raises": "return size // 0",
}
HEAD = 'def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):\n    '


@pytest.mark.parametrize("name", ANSWERS)
def test_a_check_says_the_same_through_the_wire(name, tmp_path):
    source = HEAD + ANSWERS[name] + "\n"
    namespace = {}
    exec(compile(source, "<cell>", "exec"), namespace)
    here = run(find("output_size"), namespace["output_size"], hidden=True)
    with student(tmp_path, source) as channel:
        (answer,) = functions(channel, "output_size")
        there = run(find("output_size"), answer, hidden=True)
    assert [outcome.status for outcome in there.outcomes] == [o.status for o in here.outcomes]
    for one, other in zip(there.outcomes, here.outcomes, strict=True):
        came = one.came.split(" (in the line:")[0]
        assert came == other.came.split(" (in the line:")[0]
        assert (one.expected, one.misconception) == (other.expected, other.misconception)
    if name == "raises":
        assert there.outcomes[0].came.endswith("(in the line: return size // 0)")


def test_a_check_of_a_dead_process_ends_at_once(tmp_path):
    source = HEAD + "import os; os._exit(1)\n"
    with student(tmp_path, source) as channel:
        (answer,) = functions(channel, "output_size")
        started = time.monotonic()
        report = run(find("output_size"), answer, hidden=True)
        assert time.monotonic() - started < 2
    assert {outcome.status for outcome in report.outcomes} == {"failed"}
    assert "its process has ended" in report.outcomes[-1].came


def test_forbidden_calls_in_the_sandbox_cost_the_part(tmp_path):
    source = HEAD + "from statistics import mean; return int(mean([size]))\n"
    with student(tmp_path, source) as channel:
        (answer,) = functions(channel, "output_size")
        report = run(find("output_size"), answer, forbidden=("statistics",))
    assert report.outcomes[0].came == "a call of statistics.mean, which is not allowed here"
