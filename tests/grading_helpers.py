"""A tiny course in a folder: one assignment with two checked functions, and submissions to it."""

import json
import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
STEM = "tiny"

# Stands for course_lib.checks.check, so that these tests are about grading alone.
CHECK = """
class Report:
    def __init__(self, name, results):
        self.name, self.results = name, results
        self.score = sum(ok for _, ok in results) / len(results)
    def _repr_mimebundle_(self, include=None, exclude=None):
        parts = [{"name": n, "title": n + " is right", "status": "passed" if ok else "failed",
                  "weight": 1, "message": "" if ok else "it differs",
                  "misconception": None if ok else "swapped"} for n, ok in self.results]
        return {"text/plain": "report",
                "application/vnd.course.report+json": {"topic": "tiny", "check": self.name,
                    "hidden": True, "score": self.score, "parts": parts}}
    def points(self, maximum):
        return self.score * maximum


def check(name, function):
    from IPython.display import display
    cases = {"double": [(1, 2), (2, 4)], "square": [(2, 4), (3, 9)]}[name]
    results = []
    for given, wanted in cases:
        try:
            results.append((f"{name}{given}", function(given) == wanted))
        except Exception:
            results.append((f"{name}{given}", False))
    report = Report(name, results)
    display(report)
    return report
"""

DOUBLE = "def double(x):\n    return 2 * x"
SQUARE = "def square(x):\n    return x * x"
MARKS = "    ### BEGIN SOLUTION\n{}\n    ### END SOLUTION"


def meta(name, **flags):
    """Return nbgrader's metadata of a cell."""
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": {"grade_id": name, **base, **flags}}


def _solution(name, source):
    first, body = source.split("\n", 1)
    text = f"{first}\n{MARKS.format(body)}"
    return new_code_cell(text, metadata=meta(name, solution=True), id=name)


def _test(name, points):
    text = (
        f'report = check("{name}", {name})\n### BEGIN HIDDEN TESTS\n'
        f'report = check("{name}", {name})\n'
        f"### END HIDDEN TESTS\nreport.points({points})"
    )
    flags = meta(f"{name}-test", grade=True, locked=True, points=points)
    return new_code_cell(text, metadata=flags, id=f"{name}-test")


def source_notebook():
    """Return the instructor's notebook: 2 + 3 points by checks, 4 by hand."""
    cells = [
        new_markdown_cell("# Tiny", id="title"),
        new_code_cell(CHECK, metadata=meta("setup", locked=True), id="setup"),
        _solution("double", DOUBLE),
        _test("double", 2),
        _solution("square", SQUARE),
        _test("square", 3),
        new_markdown_cell(
            "Why?", metadata=meta("why", grade=True, solution=True, points=4), id="why"
        ),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_course(folder):
    """Make a course with the tiny assignment and this project's own nbgrader_config.py."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    place = folder / "solutions" / STEM
    place.mkdir(parents=True)
    nbformat.write(source_notebook(), place / f"{STEM}.ipynb")
    return folder


def released():
    """Return the student's version, as nbgrader would generate it."""
    notebook = source_notebook()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in ("double", "square"):
            cell.source = f"def {name}(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
        if name.endswith("-test"):
            lines = cell.source.splitlines()
            cell.source = "\n".join([lines[0], lines[4]])
    return notebook


def by_name(notebook, name):
    """Return the first cell with this grade_id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def answered(double=DOUBLE, square=SQUARE, why="Because it is."):
    """Return the student's version with answers."""
    notebook = released()
    for name, source in (("double", double), ("square", square), ("why", why)):
        by_name(notebook, name).source = source
    return notebook


def hand_in(course, student, notebook):
    """Put a notebook, or any text or bytes, where a submission belongs; return its path."""
    path = course / "submitted" / student / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        path.write_text(text, encoding="utf-8")
    return path
