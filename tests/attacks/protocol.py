"""Attacks of our own devising on the wire and on what crosses it, from 101 on."""

from tests.attacks.assignment import RIGHT, WRONG
from tests.attacks.attack import ANY, FINE, by_code

# Each of these runs in the sandbox, next to the agent that answers the grader's calls.
WIRE = """
import json, struct, sys, threading, time
agent = sys.modules.get("course_inside.agent")
kernel = sys.modules.get("course_inside.kernel")
wire = kernel._Calls.socket if kernel else None
def frame(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack(">I", len(data)) + data
def send(*values):
    if wire is not None:
        for value in values:
            wire.sendall(frame(value))
def replace_sending(make):
    # What the agent says is what `make` says.
    if agent is not None:
        def forged(self, answer):
            for value in make(answer):
                self.stream.sock.sendall(value if isinstance(value, bytes) else frame(value))
        agent.Agent._send = forged
"""
LEFT = ("died", "wrong", "timeout")


def forged(number, name, what, make, statuses=LEFT, **options):
    """Return an attack that replaces each answer of the agent by others."""
    code = f"{WIRE}\ndef make(answer):\n" + "\n".join("    " + line for line in make.split("\n"))
    return by_code(number, name, what, code + "\nreplace_sending(make)", 0, statuses, **options)


TABLE = (
    forged(101, "huge length", "announces an answer of 4 GB", 'return [b"\\xff\\xff\\xff\\xff"]'),
    forged(
        102,
        "deep answer",
        "answers with 100,000 nested lists",
        'return [frame(b\'{"op":"reply","id":%d,"value":\' % answer["id"] + b"[" * 100000'
        ' + b"]" * 100000 + b"}")]',
    ),
    forged(
        103,
        "not a number",
        "answers NaN and Infinity",
        'return [frame(b\'{"op":"reply","id":%d,"printed":"","found":[],"changed":[],\'\n'
        '    b\'"value":NaN}\' % answer["id"])]',
    ),
    forged(
        104,
        "slow drip",
        "announces 16 MB and answers a byte each tenth of a second",
        'import itertools\nreturn itertools.chain([b"\\x01\\x00\\x00\\x00"],\n'
        '    (time.sleep(0.1) or b" " for _ in itertools.count()))',
        ("timeout", "died", "wrong"),
    ),
    forged(
        105,
        "other numbers",
        "answers the calls that come next, and the last one again",
        'return [dict(answer, id=answer["id"] + n) for n in (1, 2, -1, 0, 0)]',
    ),
    forged(
        106,
        "verdict by wire",
        "sends a verdict, marks and a report instead of values",
        "return [dict(answer, op=op, score=1.0, points=5, complete=True, value=True)\n"
        '    for op in ("verdict", "result", "ended", "described", "reply")]',
    ),
    forged(107, "answer twice", "gives each answer three times", "return [answer] * 3"),
    forged(
        108,
        "large answer",
        "answers with a text of 60 MB, then with another",
        'return [dict(answer, value="x" * 60_000_000)] * 2',
    ),
    forged(
        109,
        "lying arrays",
        "answers with arrays whose shape and bytes disagree",
        'return [dict(answer, value=["array", "<f8", [10**9, 10**9], "AAAA", ""])]',
    ),
    forged(
        110,
        "odd nodes",
        "answers with unknown tags, types and numbers of objects",
        "import itertools\n"
        'for value in (["same", 0], ["same", -1], ["known", "os.system"], ["dtype", "O"],\n'
        '              ["int", "9" * 10**6], ["generator", "0x1", "0x1", 7, -1], ["list", 5],\n'
        '              ["function", "trusted", 0, {}], ["function", "student", -5, None],\n'
        '              ["object", {"class_name": "Popen", "module": "os"}], [], {}, None):\n'
        "    send(dict(answer, value=value))\nreturn [answer]",
    ),
    forged(
        111,
        "callback storm",
        "calls functions back that were never handed over",
        'return [{"op": "callback", "id": answer["id"], "fn": n, "args": ["tuple", []],\n'
        '    "kwargs": ["dict", []]} for n in range(500)] + [answer]',
    ),
    by_code(
        112,
        "answer before asked",
        "sends answers to sixty calls before the first",
        WIRE + "early = [{'op': 'reply', 'id': n, 'value': value, 'printed': '', 'found': [],\n"
        "          'changed': []} for n in range(60) for value in (3, 12)]\n"
        "if wire is not None:\n    wire.sendall(b''.join(map(frame, early)))",
        statuses=LEFT,
    ),
    by_code(
        113,
        "closes the wire",
        "closes the socket on which it is called",
        WIRE + "wire and wire.close()",
        statuses=LEFT,
    ),
    by_code(
        114,
        "half of the wire",
        "shuts its sending half down",
        WIRE + "wire and wire.shutdown(1)",
        statuses=LEFT,
    ),
    by_code(
        115,
        "passes descriptors",
        "sends open files along with its answers",
        WIRE + "import os, socket\nif wire is not None:\n"
        "    files = [os.open('/dev/null', 0) for _ in range(100)]\n"
        "    socket.send_fds(wire, [frame({'op': 'reply', 'id': 0, 'value': 3})], files)",
        statuses=LEFT,
    ),
    by_code(
        116,
        "flood",
        "sends messages without end",
        WIRE + "def flood():\n    while True:\n"
        "        send({'op': 'reply', 'id': 10**6, 'value': 'x' * 1000})\n"
        "threading.Thread(target=flood, daemon=True).start()",
        statuses=LEFT,
    ),
    by_code(
        117,
        "no agent",
        "replaces the agent, and what answers calls, by its own",
        WIRE + "if agent:\n    agent.serve = lambda *a, **k: None\n"
        "    agent.Agent.serve = lambda self, space: self.stream.sock.sendall("
        "frame({'op': 'ended', 'id': 0}) * 50)",
        statuses=LEFT,
    ),
    by_code(
        118,
        "never serves",
        "leaves the kernel busy, so that no call is answered",
        WIRE + "if agent:\n    agent.Agent.serve = lambda *a: time.sleep(1000)",
        statuses=("timeout", "died", "wrong"),
    ),
    by_code(
        119,
        "equals all",
        "returns numbers and arrays that equal everything",
        "class Yes(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\n"
        "class Array(np.ndarray):\n    def __array_ufunc__(self, *a, **k):\n"
        "        return np.True_\n    def __array_function__(self, *a, **k):\n"
        "        return True",
        statuses=FINE,
        output_size="def output_size(*a):\n    return Yes(7)",
        conv2d="def conv2d(*a):\n    return np.ones((1, 1)).view(Array)",
    ),
    by_code(
        120,
        "lying signature",
        "claims names, texts and signatures that are no such things",
        "class Odd:\n    __name__ = '\\x1b[2J<script>' * 10**5\n"
        "    __doc__ = property(lambda s: 1 / 0)\n"
        "    __signature__ = property(lambda s: 1 / 0)\n    __code__ = 5\n"
        "    def __getattr__(self, name):\n        raise SystemExit\n"
        "    def __call__(self, *a):\n        return -1",
        statuses=LEFT,
        output_size="output_size = Odd()",
        conv2d="conv2d = Odd()",
    ),
    by_code(
        121,
        "generators",
        "yields its answers, one of them without end",
        statuses=FINE,
        output_size="def output_size(*a):\n    yield 3",
        conv2d="def conv2d(*a):\n    while True:\n        yield -3.0",
    ),
    by_code(
        122,
        "knows visible cases",
        "answers what the visible tests ask, and nothing else",
        honest=1.5,
        statuses=("wrong",),
        output_size="def output_size(size, kernel_size, strides=1):\n    return 3",
        conv2d="def conv2d(image, kernel):\n    if kernel.shape == (1, 1):\n"
        "        return image\n    if kernel.shape == (2, 2) and kernel.sum() == 4:\n"
        "        return np.array([[10, 14, 18], [26, 30, 34]])\n    return np.zeros((9, 9))",
    ),
    by_code(
        123,
        "counts calls",
        "changes its answers with the number of calls",
        "calls = []",
        statuses=FINE,
        output_size="def output_size(*a):\n    calls.append(a)\n    return -len(calls)",
        conv2d="def conv2d(*a):\n    calls.append(a)\n    return np.full((1, 1), len(calls) / 3)",
    ),
    by_code(
        124,
        "changes its inputs",
        "overwrites its arguments, so that they fit its answer",
        statuses=FINE,
        conv2d="def conv2d(image, kernel):\n    image[:] = 0\n"
        "    kernel[:] = 0\n    return np.zeros((1, 1))",
    ),
    by_code(
        125,
        "swaps later",
        "a thread replaces the functions between calls",
        """
import threading, time
def swap():
    while True:
        get_ipython().user_ns["output_size"] = lambda *a: time.monotonic_ns() % 13
        get_ipython().user_ns["conv2d"] = lambda *a: np.full((1, 1), -3.5)
        time.sleep(0.001)
threading.Thread(target=swap, daemon=True).start()
""",
        statuses=FINE,
    ),
    by_code(
        126,
        "exceptions as text",
        "raises classes with endless, huge and hostile texts",
        """
class Endless(Exception):
    def __str__(self):
        while True: pass
class Huge(ValueError):
    def __str__(self):
        return "<script>alert(1)</script>\\x1b[2J" * 10**6
class KeyboardInterrupt(Exception): pass
""",
        statuses=("timeout", "wrong", "died"),
        output_size="def output_size(*a):\n    raise Endless()",
        conv2d="def conv2d(*a):\n    raise Huge()",
    ),
    by_code(
        127,
        "control flow",
        "raises SystemExit, GeneratorExit and a StopIteration",
        statuses=LEFT,
        output_size="def output_size(*a):\n    raise SystemExit(0)",
        conv2d="def conv2d(*a):\n    raise GeneratorExit",
    ),
    by_code(
        128,
        "hostile models",
        "returns Keras models that hold code, or that are enormous",
        """
import keras
def models():
    x = keras.Input((2,))
    yield keras.Sequential([x, keras.layers.Lambda(lambda v: v * 0 + 3)])
    class Mine(keras.layers.Layer):
        def call(self, v):
            return v
    yield keras.Sequential([x, Mine()])
    odd = keras.layers.Dense(3)
    odd.get_config = lambda: {"name": "d", "units": 10**9, "__class__": "os.system"}
    yield odd
answers = models()
""",
        statuses=ANY,
        output_size="def output_size(*a):\n    return next(answers)",
        conv2d="def conv2d(*a):\n    return next(answers)",
    ),
    by_code(
        129,
        "recursion",
        "recurses without end, in code and in what it returns",
        """
import sys
nest = []
nest.append(nest)
deep = []
for _ in range(100_000):
    deep = [deep]
""",
        statuses=LEFT,
        output_size="def output_size(*a):\n    return nest",
        conv2d="def conv2d(*a):\n    sys.setrecursionlimit(10**9)\n"
        "    return conv2d(*a) if a else deep",
    ),
    by_code(
        130,
        "numbers as objects",
        "returns object arrays, masked arrays, records, huge integers",
        statuses=FINE,
        output_size="def output_size(*a):\n    return 10 ** 100_000",
        conv2d="def conv2d(*a):\n    return np.ma.masked_all((3, 4))",
    ),
    by_code(
        131,
        "wide letters",
        "is right, and spells its names with other letters of Unicode",
        honest=5,
        statuses=("graded", "repaired"),
        output_size=RIGHT["output_size"].replace("def output_size", "def ｏutput_size"),
        conv2d=RIGHT["conv2d"].replace("def conv2d", "def ｃonv2d"),
    ),
    by_code(
        132,
        "other letters",
        "has names that look right and are others",
        statuses=FINE,
        output_size=RIGHT["output_size"].replace("def output_size", "def оutput_size"),
        conv2d=WRONG["conv2d"],
    ),
)
