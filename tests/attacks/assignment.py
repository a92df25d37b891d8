"""The assignment that is attacked: plain asserts for 2 points, a fraction of 3 for the other part.

`output_size` and `conv2d` are names of the course's own reference, so that a submission which can
import the reference has the answer.
"""

import copy

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

STEM = "attacked"
POINTS = {"output_size": 2, "conv2d": 3}
MAXIMUM = sum(POINTS.values())

RIGHT = {
    "output_size": "def output_size(size, kernel_size, strides=1):\n"
    "    return (size - kernel_size) // strides + 1",
    "conv2d": "def conv2d(image, kernel):\n"
    "    height, width = kernel.shape\n"
    "    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1\n"
    "    return np.array([[(image[i:i + height, j:j + width] * kernel).sum()\n"
    "                      for j in range(columns)] for i in range(rows)])",
}
# Not one test passes, and no test is skipped by an error.
WRONG = {
    "output_size": "def output_size(size, kernel_size, strides=1):\n    return -1",
    "conv2d": "def conv2d(image, kernel):\n    return np.full((1, 1), 0.5)",
}
TESTS = {
    "output_size": """assert output_size(5, 3) == 3
np.testing.assert_allclose(output_size(7, 3, 2), 3)
### BEGIN HIDDEN TESTS
assert output_size(28, 5, 2) == 12
np.testing.assert_allclose(output_size(11, 4, 3), 3)
### END HIDDEN TESTS""",
    "conv2d": """image = np.arange(12.0).reshape(3, 4)
right = [np.allclose(conv2d(image.copy(), np.ones((1, 1))), image)]
right += [np.allclose(conv2d(image.copy(), np.ones((2, 2))), [[10, 14, 18], [26, 30, 34]])]
### BEGIN HIDDEN TESTS
right += [np.allclose(conv2d(image.copy(), np.array([[0.0, 1.0], [-1.0, 0.0]])), -3)]
right += [np.allclose(conv2d(-image, np.ones((3, 4))), [[-66.0]])]
### END HIDDEN TESTS
float(3 * sum(right) / len(right))""",
}
HIDDEN = "output_size(28, 5, 2) == 12"


def metadata(name, **flags):
    """Return nbgrader's metadata of a cell."""
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": {"grade_id": name, **base, **flags}}


def _test(name, source):
    flags = metadata(f"{name}-test", grade=True, locked=True, points=POINTS[name])
    return new_code_cell(source, metadata=flags, id=f"{name}-test")


def _answer(name, source):
    return new_code_cell(source, metadata=metadata(name, solution=True), id=name)


def _notebook(answers, tests):
    setup = metadata("setup", locked=True)
    cells = [new_markdown_cell("# Attacked", id="title")]
    cells += [new_code_cell("import numpy as np", metadata=setup, id="setup")]
    for name in POINTS:
        cells += [_answer(name, answers[name]), _test(name, tests[name])]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def source_notebook():
    """Return the instructor's notebook, with solutions and hidden tests."""
    answers = {
        name: "### BEGIN SOLUTION\n" + source + "\n### END SOLUTION"
        for name, source in RIGHT.items()
    }
    return _notebook(answers, TESTS)


def submission(before="", output_size=WRONG["output_size"], conv2d=WRONG["conv2d"], after=""):
    """Return a student's notebook.

    Args:
        before: code of a cell of the student's own, ahead of the answers; "" for none.
        output_size: the first answer.
        conv2d: the second answer.
        after: code of a last cell.
    """
    visible = {name: source.split("### BEGIN")[0].rstrip() for name, source in TESTS.items()}
    visible["conv2d"] += "\n" + TESTS["conv2d"].splitlines()[-1]
    notebook = _notebook({"output_size": output_size, "conv2d": conv2d}, visible)
    if before:
        notebook.cells.insert(2, new_code_cell(before, id="before"))
    if after:
        notebook.cells.append(new_code_cell(after, id="after"))
    return notebook


def correct(**more):
    """Return a right submission, with further cells as in `submission`."""
    return submission(**{**RIGHT, **more})


def cell(notebook, name):
    """Return the cell with this grade_id."""
    found = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return found[0]


def changed(notebook, name, **changes):
    """Return the notebook with other nbgrader metadata of one cell."""
    notebook = copy.deepcopy(notebook)
    cell(notebook, name).metadata["nbgrader"].update(changes)
    return notebook


def without_tests(notebook):
    """Return the notebook without its graded cells."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [c for c in notebook.cells if not c.get("id", "").endswith("-test")]
    return notebook
