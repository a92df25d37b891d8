"""Courses to copy, whose gradebook exists already, and what became of them."""

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from grading_helpers import ROOT, STEM, answered, make_course
from postgres_helpers import server

from course_lib.grading import locks
from course_lib.grading.course import open_course, open_gradebook, sync_assignment

NUMBERS = count()
FULL, HALF = (2.0, 3.0, None), (0.5, 0.5, None)


@cache
def _template(kind):
    """Make a course with its gradebook, once for each kind of database."""
    folder = Path(tempfile.mkdtemp(prefix="template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = make_course(folder)
    _use(root, kind, "template0")
    course = open_course(root)
    locks.check_writable(course)
    sync_assignment(course, STEM)
    return root


def _use(root, kind, template):
    """Let a course have its gradebook in a database of its own."""
    if kind == "postgresql":
        name = f"course_{next(NUMBERS)}_{os.getpid()}"
        line = f"c.CourseDirectory.db_url = {server().database(name, template)!r}\n"
        text = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
        (root / "nbgrader_config.py").write_text(text + line, encoding="utf-8")
        (root / "database").write_text(name)


def copy_course(kind, root):
    """Make a course without submissions whose gradebook is in a database of this kind."""
    source = _template(kind)
    shutil.copytree(source, root, dirs_exist_ok=True)
    if kind == "postgresql":
        _use(root, kind, (source / "database").read_text())
    return root


def answers(word, why="Because it is."):
    """Return a submission that the grader of these tests treats as `word` says."""
    return answered(double=f"def double(x):\n    return 2 * x  # does: {word}", why=why)


def marks(root):
    """Return what the gradebook has, by student: automatic marks in order, the manual one."""
    with open_gradebook(open_course(root)) as gradebook:
        found = {}
        for submission in gradebook.assignment_submissions(STEM):
            (notebook,) = submission.notebooks
            grades = {grade.cell.name: grade for grade in notebook.grades}
            assert len(grades) == len(notebook.grades) == 3
            assert submission.student.id not in found
            auto = [grades[name].auto_score for name in ("double-test", "square-test")]
            found[submission.student.id] = (*auto, grades["why"].manual_score)
    return found


def report(root):
    """Return the entries of the report."""
    return json.loads((root / "reports" / f"{STEM}.json").read_text())["students"]
