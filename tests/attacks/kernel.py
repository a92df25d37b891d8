"""Attacks of our own devising from within the kernel: on its messages, and on what is shown."""

import json

from nbformat.v4 import new_code_cell, new_output

from tests.attacks import checks
from tests.attacks.assignment import RIGHT, cell, correct, submission
from tests.attacks.attack import FINE, Attack, by_code
from tests.attacks.rows import in_both

REPORT, RESULT = "application/vnd.course.report+json", "application/vnd.course.result+json"
FORGED = f"""
from IPython.display import display
report = {{"topic": "x", "check": "conv2d", "hidden": True, "score": 1.0, "parts": [
    {{"name": "all", "title": "all", "status": "passed", "weight": 1, "message": "",
      "misconception": None}}]}}
def forge():
    display({{"{REPORT}": report, "{RESULT}": {{"complete": True, "points": 5, "seed": 1}},
             "text/plain": "5.0"}}, raw=True)
"""


def _forged_outputs():
    notebook = submission()
    data = {REPORT: {"score": 1.0, "parts": [], "check": "conv2d"}, RESULT: {"complete": True}}
    for name in ("output_size-test", "conv2d-test"):
        test = cell(notebook, name)
        test["outputs"] = [new_output("display_data", data)]
        test["outputs"].append(new_output("execute_result", {"text/plain": "3.0"}))
        test["execution_count"] = 1
        test.metadata["nbgrader"] |= {"auto_score": 3, "score": 3, "manual_score": 3}
        test.metadata["course_grading"] = {"marks": [{"name": name, "points": 3}]}
    notebook.metadata["course_grading"] = {"status": "graded", "marks": []}
    return notebook


def _many_cells():
    notebook = correct()
    notebook.cells += [new_code_cell(f"x{n} = {n}", id=f"m{n}") for n in range(300)]
    notebook.cells += [new_code_cell("", id=f"n{n}") for n in range(5000)]
    return notebook


def _odd_ids():
    notebook = correct()
    for index, one in enumerate(notebook.cells):
        one["id"] = "../" * 30 if index % 2 else "<script>\u202e\x1b[2J"
    notebook.metadata["authors"] = [{"name": "\ud800"}]
    notebook.metadata["language_info"] = {"name": '"><script>alert(1)</script>', "version": 3}
    return notebook


MESSAGES = """
session, kernel = get_ipython().kernel.session, get_ipython().kernel
import threading, time
def forge():
    parents = [kernel.get_parent()]
    while True:
        for parent in parents:
            for kind, content in (
                ("status", {"execution_state": "idle"}), ("status", {"execution_state": "dead"}),
                ("execute_result", {"data": {"text/plain": "3"}, "execution_count": 1}),
                ("error", {"ename": 5, "evalue": None, "traceback": "x"}), ("clear_output", {}),
                ("display_data", {"data": 7}), ("stream", {"name": "stdout"}), ("nonsense", [1]),
                ("update_display_data", {"data": {}, "transient": {"display_id": 1}}),
            ):
                session.send(kernel.iopub_socket, kind, content, parent=parent)
        time.sleep(0.01)
        parents = [kernel.get_parent(), {}, {"msg_id": "1"}]
threading.Thread(target=forge, daemon=True).start()
"""
SHELL_REPLIES = """
session, kernel = get_ipython().kernel.session, get_ipython().kernel
real = session.send
def send(stream, kind, content=None, parent=None, **more):
    if kind == "execute_reply":
        for status in ("ok", "error", "aborted", 5):
            real(stream, kind, {"status": status, "payload": [{"source": "x"}],
                                "execution_count": "y", "user_expressions": {}}, parent, **more)
        return None
    return real(stream, kind, content, parent, **more)
session.send = send
"""
ENDLESS = """
import sys
def chatter(*a):
    while True:
        print("x" * 1000)
"""

TABLE = (
    by_code(
        141,
        "forged report",
        "shows a report with full score, in cells and in tests",
        FORGED + "forge()",
        statuses=FINE,
        after_cells="forge()",
        output_size="def output_size(*a):\n    forge()\n    print(report)\n    return -1",
        conv2d="def conv2d(*a):\n    forge()\n    return np.full((1, 1), 0.5)",
    ),
    Attack(
        142,
        "forged outputs",
        "hands in tests with results, scores and marks in them",
        _forged_outputs(),
        0,
        FINE,
    ),
    by_code(
        143,
        "forged messages",
        "a thread sends states, results and nonsense to the grader",
        MESSAGES,
    ),
    by_code(144, "forged replies", "answers each request to run a cell four times", SHELL_REPLIES),
    by_code(
        145,
        "asks for input",
        "waits for a line from the keyboard",
        "try:\n    input()\nexcept Exception as error:\n    print(type(error))",
        statuses=(*FINE, "timeout"),
        **{k: v for k, v in in_both("input()").items() if k != "before"},
    ),
    by_code(
        146,
        "prints without end",
        "prints until it is stopped",
        ENDLESS,
        statuses=("died", "timeout", "wrong"),
        output_size="def output_size(*a):\n    chatter()",
        conv2d="def conv2d(*a):\n    chatter()",
    ),
    by_code(
        147,
        "floods a cell",
        "shows results without end in a cell of its own",
        ENDLESS + "chatter()",
        statuses=("died", "timeout", "wrong"),
    ),
    by_code(
        148,
        "replaced IPython",
        "replaces run_cell, do_execute and the display",
        """
shell = get_ipython()
type(shell).run_cell = lambda *a, **k: None
type(shell.kernel).do_execute = lambda *a, **k: {"status": "ok", "execution_count": 1}
shell.display_pub.publish = lambda *a, **k: None
""",
    ),
    by_code(
        149,
        "traces and hooks",
        "settrace, setprofile, atexit, import hooks, __build_class__",
        """
import atexit, builtins, sys, time
def trace(*a):
    frame = a[0]
    for name in list(frame.f_locals):
        if name in ("score", "mark", "points", "complete"):
            frame.f_locals[name] = 5
    return trace
sys.settrace(trace)
sys.setprofile(trace)
atexit.register(time.sleep, 1000)
builtins.len = builtins.sum = lambda *a: 4
builtins.__import__ = (lambda real: lambda n, *a, **k: real(n, *a, **k))(builtins.__import__)
""",
    ),
    by_code(
        150,
        "shuts down",
        "asks the kernel to end, and leaves through quit",
        """
get_ipython().ask_exit()
get_ipython().kernel.do_shutdown(True)
""",
        after_cells="quit()",
        statuses=(*FINE, "died"),
    ),
    by_code(
        151,
        "wipes names",
        "deletes all names, also the builtins",
        """
import builtins, sys
for name in ("open", "print", "isinstance", "type", "len", "getattr"):
    delattr(builtins, name)
sys.modules.clear()
""",
        statuses=(*FINE, "died", "timeout"),
    ),
    by_code(
        152,
        "huge traceback",
        "fails 900 frames deep with a text of 10 MB",
        "def fall(n):\n    if n == 0:\n        raise ValueError('x' * 10**7)\n    fall(n - 1)\n"
        "fall(900)",
        statuses=(*FINE, "timeout", "died"),
    ),
    by_code(
        153,
        "shows scripts",
        "shows HTML, SVG, JavaScript and escapes wherever it can",
        """
from IPython.display import display
display({"text/html": "<script>alert(1)</script>", "application/javascript": "alert(1)",
         "image/svg+xml": "<svg onload=alert(1)>", "text/markdown": "<script>alert(1)</script>"},
        raw=True)
print("</pre><script>alert(1)</script>\\x1b]0;x\\x07\\x1b[2J")
raise type("<script>alert(1)</script>", (Exception,), {})("</pre><script>alert(1)</script>")
""",
        statuses=FINE,
        after=checks.no_script,
    ),
    Attack(
        154,
        "many cells",
        "is right, with 5,300 cells more",
        _many_cells(),
        5,
        ("graded", "repaired", "timeout"),
    ),
    Attack(
        155,
        "odd ids",
        "is right, with paths and escapes for ids, scripts for metadata",
        _odd_ids(),
        5,
        ("graded", "repaired"),
        after=checks.no_script,
    ),
    Attack(
        156,
        "padding",
        "is right, with a megabyte of spaces at its end",
        json.dumps(correct()).encode() + b" " * 10**6,
        5,
        ("graded", "repaired"),
    ),
    Attack(
        157,
        "same bytes",
        "has the bytes of an honest student's notebook",
        correct(),
        5,
        ("graded", "repaired"),
    ),
    Attack(
        158,
        "zip bomb",
        "is a zip archive under the notebook's name",
        b"PK\x03\x04" + bytes(10**6),
        0,
        ("unreadable",),
    ),
    Attack(
        159,
        "nested",
        "is JSON of 200,000 nested lists",
        b"[" * 200_000 + b"]" * 200_000,
        0,
        ("unreadable",),
    ),
    Attack(
        160,
        "html for a name",
        "is right, under a name that is markup",
        correct(),
        5,
        ("graded", "repaired"),
        student="<img src=x onerror=alert(1)>",
        after=checks.no_markup,
    ),
    Attack(
        161,
        "shell for a name",
        "is right, under a name that a shell would run",
        correct(),
        5,
        ("graded", "repaired"),
        student="ann; touch pwned; $(touch pwned) && ..",
        after=checks.nothing_touched,
    ),
    Attack(
        165,
        "option for a name",
        "is right, under a name that a program would read as an option",
        correct(),
        5,
        ("graded", "repaired"),
        student="-rf",
    ),
    Attack(
        166,
        "formula for a name",
        "is right, under a name that a spreadsheet would compute",
        correct(),
        5,
        ("graded", "repaired"),
        student="=1+cmd()",
    ),
    Attack(
        162,
        "odd files",
        "is right, with files of odd names and depths",
        correct(),
        5,
        ("graded", "repaired"),
        files={
            "a b/c\nd.txt": b"x",
            "; rm -rf .": b"x",
            "..hidden/...": b"x",
            "\x1b[2J": b"x",
            "/".join(["deep"] * 60) + "/x": b"x",
            "-rf": b"x",
            "sitecustomize.py": b"raise 1",
            "usercustomize.py": b"raise 1",
            "course_inside/agent.py": b"raise 1",
            "conftest.py": b"raise 1",
            "IPython/__init__.py": b"raise 1",
            ".ipython/profile_default/startup/x.py": b"raise 1",
            "ipython_config.py": b"raise 1",
            "__pycache__/x.pyc": b"x",
        },
    ),
    Attack(
        163,
        "many files",
        "is right, with 3,000 files",
        correct(),
        5,
        ("graded", "repaired"),
        files={f"f{n}": b"x" for n in range(3000)},
    ),
    Attack(
        164,
        "swapped while read",
        "is right; a pipe, a socket and a device's name lie about",
        correct(),
        5,
        ("graded", "repaired"),
        place=lambda folder: _special(folder),
    ),
)


def _special(folder):
    import os
    import socket

    os.mkfifo(folder / "pipe")
    here = os.getcwd()
    # A socket's path may have 107 characters only.
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("socket")
    finally:
        os.chdir(here)
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to("..", target_is_directory=True)
    (folder / "sparse").touch()
    os.truncate(folder / "sparse", 2**40)


__all__ = ["RIGHT", "TABLE"]
