"""Split execution: what runs where, what crosses, and what a lost process costs."""

import json
import os
import signal
import time

import nbformat
import pytest
from grading_helpers import (
    DOUBLE,
    SQUARE,
    STEM,
    answered,
    by_name,
    hand_in,
    make_course,
    meta,
)
from nbformat.v4 import new_code_cell

from course_lib.grading import submission
from course_lib.grading.assignment import Assignment, SourceCell
from course_lib.grading.course import open_course, sync_assignment
from course_lib.grading.limits import Limits
from course_lib.grading.names import Names
from course_lib.grading.notes import Note
from course_lib.grading.packing import pack
from course_lib.grading.policy import _used, remarks
from course_lib.grading.score import REPORT, RESULT
from course_lib.grading.shell import defined_names, used_names
from course_lib.grading.submission import Bundle, grade_submission, notebook_from

LIMITS = Limits(cell_seconds=10, submission_seconds=40, memory=2 * 2**30)


@pytest.fixture(scope="module")
def grade(tmp_path_factory):
    """Return a function that grades a notebook of the tiny course; one warm process serves all."""
    root = make_course(tmp_path_factory.mktemp("split"))
    assignment, _ = sync_assignment(open_course(root), STEM)

    def grade(notebook, seed=7, limits=LIMITS):
        packed = pack(hand_in(root, "ann", notebook).parent, STEM, limits)
        bundle = Bundle("ann", packed.files, packed.left_out, packed.problem, assignment, limits)
        return grade_submission(Bundle(**{**vars(bundle), "seed": seed}))

    yield grade
    submission.cool_down()


def points(result):
    """Return the points by cell."""
    return {mark["name"]: mark["points"] for mark in result["marks"]}


def printed(result, name):
    """Return what the outputs of a graded notebook's cell say, by the cell's id or source."""
    cells = notebook_from(result["notebook"]).cells
    cell = next(c for c in cells if name in (c.get("id"), c.source))
    return "".join(str(o.get("text") or o.get("evalue") or "") for o in cell.outputs)


def with_cell(source, **answers):
    """Return an answered notebook with one more cell of the student's before the others."""
    notebook = answered(**answers)
    notebook.cells.insert(2, new_code_cell(source, id="own"))
    return notebook


FULL = {"double-test": 2.0, "square-test": 3.0}
NONE = {"double-test": 0.0, "square-test": 0.0}
WRONG = {"double": "def double(x):\n    return 0", "square": "def square(x):\n    return -1"}


def test_a_right_answer_has_full_marks_and_a_recorded_seed(grade):
    result = grade(answered(), seed=1234)
    assert (points(result), result["status"], result["seed"]) == (FULL, "graded", 1234)
    assert {"read", "fork", "kernel", "cells", "calls", "checks"} <= set(result["timings"])
    nbformat.validate(notebook_from(result["notebook"]))
    json.dumps(result, allow_nan=False)


SHOW = "from IPython.display import display\ndisplay({{'{}': {}}}, raw=True)\n5.0"
FORGERIES = {
    "another check": "def check(name, function):\n    class R:\n"
    "        def points(self, n): return n\n    return R()",
    "another Report": "class Report:\n    def points(self, maximum): return maximum",
    "a forged report": SHOW.format(REPORT, "{'check': 'double', 'score': 1.0, 'parts': []}"),
    "a forged result": SHOW.format(RESULT, "{'complete': True}"),
    "another __eq__": "class Yes(int):\n    def __eq__(self, other): return True\n"
    "    __hash__ = int.__hash__",
    "other builtins": "import builtins\nbuiltins.sum = lambda x: 2\nbuiltins.len = lambda x: 2",
}


@pytest.mark.parametrize("forgery", sorted(FORGERIES))
def test_nothing_that_a_submission_defines_reaches_the_tests(grade, forgery):
    answers = WRONG
    if forgery == "another __eq__":
        answers = {name: f"def {name}(x):\n    return Yes(0)" for name in WRONG}
    result = grade(with_cell(FORGERIES[forgery], **answers))
    assert points(result) == NONE


def test_the_tests_are_not_in_the_students_process(grade):
    look = (
        "import gc, sys\n"
        "def double(x):\n"
        "    texts = [t for t in gc.get_objects() if isinstance(t, str) and 'HID' 'DEN T' in t]\n"
        "    texts += [t for t in In if 'BEGIN HID' 'DEN' in t]\n"
        "    names = [m for m in sys.modules if m.startswith('course_lib.checks.')]\n"
        "    print('found', len(texts), names)\n"
        "    return 2 * x"
    )
    result = grade(answered(double=look))
    assert "found 0 []" in printed(result, "double-test")
    assert points(result) == FULL


def test_what_a_function_prints_is_shown_with_its_test(grade):
    result = grade(answered(double="def double(x):\n    print('seen', x)\n    return 2 * x"))
    assert "seen 1\nseen 2" in printed(result, "double-test")


def test_a_missing_name_is_a_missing_name(grade):
    result = grade(answered(double="nothing = 1"))
    assert points(result) == {**FULL, "double-test": 0.0}
    assert "name 'double' is not defined" in " ".join(result["messages"])


def test_a_value_may_be_handed_in_where_a_function_is_meant(grade):
    assert points(grade(answered(double="double = 3"))) == {**FULL, "double-test": 0.0}
    assert points(grade(answered(double="double = lambda x: x + x"))) == FULL


def test_what_one_test_changes_stays_with_the_student(grade):
    counting = "calls = []\ndef double(x):\n    calls.append(x)\n    return 2 * x"
    notebook = answered(double=counting)
    notebook.cells.append(new_code_cell("print('called with', sorted(set(calls)))", id="after"))
    assert "called with [1, 2]" in printed(grade(notebook), "after")


@pytest.mark.parametrize("ending", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_process_that_ends_in_a_call_costs_what_comes_after(grade, ending):
    result = grade(answered(square=f"import os\ndef square(x):\n    {ending}"))
    assert (result["status"], points(result)) == ("died", {"double-test": 2.0, "square-test": 0.0})


def test_the_deadline_covers_the_whole_submission(grade):
    slow = "import time\ndef double(x):\n    time.sleep(3)\n    return 2 * x"
    limits = Limits(cell_seconds=10, submission_seconds=4)
    begun = time.monotonic()
    result = grade(answered(double=slow), limits=limits)
    assert time.monotonic() - begun < 20
    assert result["status"] == "timeout"
    assert points(result) == NONE


def _descendants(pid):
    from course_lib.grading.watchdog import process_tree

    return process_tree(pid)[1:]


def test_a_lost_zygote_is_replaced(grade):
    assert points(grade(answered())) == FULL
    warm = submission.warm_up((STEM,))
    for pid in _descendants(warm.process.pid):
        os.kill(pid, signal.SIGKILL)
    assert points(grade(answered())) == FULL
    assert submission.warm_up((STEM,)) is warm


def test_a_lost_warm_process_is_replaced(grade):
    warm = submission.warm_up((STEM,))
    os.kill(warm.process.pid, signal.SIGKILL)
    warm.process.wait()
    assert points(grade(answered())) == FULL


def test_nothing_outlives_the_warm_process(grade):
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600)"
    assert points(grade(with_cell(daemon))) == FULL
    warm = submission.warm_up((STEM,))
    pids = _descendants(warm.process.pid)
    assert pids
    submission.cool_down()
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_names_of_cells():
    source = "import numpy as np\n%matplotlib inline\na, (b, c) = f(np.ones(2))\nclass D: pass\n"
    assert defined_names(source) == ["a", "b", "c", "D"]
    assert set(used_names(source)) == {"f", "np", "get_ipython"}
    assert defined_names("def broken(:") == used_names("def broken(:") == []


def test_remarks_are_for_the_instructor_alone():
    cell = SourceCell("a", "code", "", None, False, False, True, False, 0.0)
    assignment = Assignment("tiny", (cell,), {})
    source = "import keras\nfrom sys import _getframe\nopen('/proc/1/mem')\nkeras.ops.conv(1)"
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell(source, id="a")])
    notebook.cells[0].metadata["nbgrader"] = {"grade_id": "a"}
    notes = remarks(notebook, assignment, {"conv2d": ("keras", "scipy.signal")})
    assert [note.text for note in notes] == [
        "the cell 'a' uses sys._getframe.",
        "the cell 'a' mentions /proc/.",
        "the cell 'a' uses keras, which an answer may not call.",
    ]
    assert all(isinstance(note, Note) and note.to == "instructor" for note in notes)
    notebook.cells[0].source = f"{DOUBLE}\n{SQUARE}\nimport numpy as np"
    assert remarks(notebook, assignment, {"conv2d": ("keras",)}) == []


def test_a_cell_is_held_to_what_its_own_answers_may_not_call():
    cell = SourceCell("a", "code", "", None, False, False, True, False, 0.0)
    assignment = Assignment("tiny", (cell,), {})
    forbidden = {"size": ("keras", "scipy"), "network": ("keras.applications", "scipy")}

    def texts(source):
        notebook = nbformat.v4.new_notebook(cells=[new_code_cell(source, id="a")])
        notebook.cells[0].metadata["nbgrader"] = {"grade_id": "a"}
        return [note.text.split()[4] for note in remarks(notebook, assignment, forbidden)]

    imports = "import keras, scipy\n"
    assert texts(f"{imports}def network(): pass") == ["scipy,"]
    assert texts(f"{imports}def size(): pass") == ["keras,", "scipy,"]
    assert texts(f"{imports}def size(): pass\nnetwork = 1") == ["keras,", "scipy,"]
    assert texts(f"{imports}def helper(): pass") == ["scipy,"]


SETUP = """import numpy as np
TWICE = 4
found = []

def close(a, x):
    return abs(a - x) < 0.5

def doubles(x=TWICE):
    return double(x) == 2 * x

found.append(double(3))
x = 5"""


def names_after(*sources):
    """Return `Names` where `double` and `x` are answers, and what of each cell runs here."""
    names = Names(["double", "x"], {"display": print})
    return names, [names.trusted_part(source) for source in sources]


def test_a_locked_cell_that_needs_an_answer_runs_here_but_for_that():
    names, (part,) = names_after(SETUP)
    assert part == SETUP.replace("\n\n", "\n").replace("found.append(double(3))\n", "")
    assert names.students == {"double", "found"}
    # A trusted helper brings the answers along that it calls; `x` was bound by the assignment.
    namespace = dict.fromkeys(["doubles", "close", "TWICE", "x"])
    names.namespace.update(namespace)
    assert names.wanted("assert doubles() and close(TWICE, x)") == ["double"]
    names.answered("x = 1")
    assert "x" in names.students


def test_what_is_computed_with_an_answer_is_the_students():
    names, (part,) = names_after("a = double(1)\nb = a + 1\nc = 3\n@double\ndef f(): pass")
    assert part == "c = 3"
    assert names.students == {"double", "x", "a", "b", "f"}


def test_a_name_of_a_test_that_stopped_is_not_asked_for():
    names, _ = names_after("pass")
    names.ran_graded("assert double(1) == 2\ndef close(a, b): return a == b", complete=False)
    assert names.wanted("assert close(double(2), 4)") == ["double"]


def test_a_helper_of_the_assignment_is_not_taken_from_the_student(tmp_path):
    root = make_course(tmp_path)
    path = root / "solutions" / STEM / f"{STEM}.ipynb"
    notebook = nbformat.read(path, 4)
    helper = new_code_cell("def right():\n    return double(3) == 6", id="helper")
    helper.metadata = meta("helper", locked=True)
    notebook.cells.insert(2, helper)
    by_name(notebook, "double-test").source = "assert right()"
    nbformat.write(notebook, path)
    assignment, _ = sync_assignment(open_course(root), STEM)
    wrong = "def double(x):\n    return 0\n\ndef right():\n    return True"
    for source, wanted in ((DOUBLE, 2), (wrong, 0)):
        packed = pack(hand_in(root, "ann", answered(double=source)).parent, STEM, LIMITS)
        result = grade_submission(Bundle("ann", packed.files, (), "", assignment, LIMITS))
        assert points(result) == {"double-test": wanted, "square-test": 3}


def test_the_longest_chains_of_names_are_cut():
    # All chains within a chain took minutes, and gigabytes.
    used = _used(f"x{'.b' * 700}\nsys._getframe(0).f_back")
    assert "sys._getframe" in used
    assert len(used) == 3
    assert max(map(len, used)) < 30
