"""Build the sample students' notebooks from the assignment and what each of them wrote.

A student is a folder `tests/submissions/<stem>/<student>/` with two files written by hand:
`expected.toml` (who this is, what the grader must make of it) and, if they wrote anything,
`answers.py` (cells in percent format, `# %% grade_id`). The notebook beside them is derived:

    python -m tests.submissions.build            # rebuild all
    python -m tests.submissions.build --into submitted    # hand the class in
"""

import argparse
import copy
import re
import shutil
import tomllib
from pathlib import Path

import nbformat

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def stems_with_students():
    """Return the topics that have a sample class."""
    return sorted({path.parents[1].name for path in HERE.glob("*/*/expected.toml")})


def students(stem):
    """Return the students' folders, in alphabetical order."""
    return sorted(path.parent for path in (HERE / stem).glob("*/expected.toml"))


def expected(student):
    """Return what a student's `expected.toml` says."""
    return tomllib.loads((student / "expected.toml").read_text(encoding="utf8"))


def build(stem, student):
    """Return the bytes of a student's notebook.

    Cells that the student did not write are the model solution's, or the released stub's where
    `expected.toml` says `base = "stub"`.
    """
    settings = expected(student)
    notebook = nbformat.read(ROOT / "assignments" / stem / f"{stem}.ipynb", as_version=4)
    answers = read_answers(student / "answers.py")
    if settings.get("base", "solution") == "solution":
        answers = {**_model_answers(stem), **answers}
    unknown = set(answers) - {cell.id for cell in notebook.cells}
    if unknown:
        raise ValueError(f"{student}/answers.py answers cells that do not exist: {unknown}")
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    damage, _, cell = settings.get("damage", "none").partition(": ")
    notebook = DAMAGES[damage](notebook, cell)
    text = notebook if isinstance(notebook, str) else nbformat.writes(notebook) + "\n"
    return text.encode("utf8")


def read_answers(path):
    """Return the cells of a percent-format file by grade_id; none if there is no file."""
    if not path.exists():
        return {}
    pieces = re.split(r"^# %% (\S+)\n", path.read_text(encoding="utf8"), flags=re.MULTILINE)
    return {name: body.strip("\n") for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def _model_answers(stem):
    notebook = nbformat.read(ROOT / "solutions" / stem / f"{stem}.ipynb", as_version=4)
    marker = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
    return {
        cell.id: marker.sub("", cell.source).strip("\n")
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"
    }


def _find(notebook, name):
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == name)


def _without_a_cell(notebook, name):
    del notebook.cells[_find(notebook, name)]
    return notebook


def _copied_cell(notebook, name):
    """An answer cell pasted above itself: same grade_id, as JupyterLab's copy keeps it."""
    where = _find(notebook, name)
    first = copy.deepcopy(notebook.cells[where])
    first.id, first.source = "pasted", "# my first try, to keep\nraise NotImplementedError()"
    notebook.cells.insert(where, first)
    return notebook


def _edited_test(notebook, name):
    """A test cell that was made to say what one would like to hear, and worth more."""
    cell = notebook.cells[_find(notebook, name)]
    cell.source = "300.0"
    cell.metadata.nbgrader.points = 300
    return notebook


# What befalls a notebook on its way, by the name that `damage` has in expected.toml; most take
# the grade_id of the cell, as in `damage = "deleted cell: conv2d-check"`.
DAMAGES = {
    "none": lambda notebook, _: notebook,
    "broken json": lambda notebook, _: nbformat.writes(notebook)[:9000],
    "deleted cell": _without_a_cell,
    "copied cell": _copied_cell,
    "edited test": _edited_test,
}


def main():
    """Rebuild the notebooks, or copy the class to where students hand in."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stems", nargs="*", help="topics; all that have students if absent")
    parser.add_argument("--into", type=Path, help="hand the class in below this folder")
    options = parser.parse_args()
    for stem in options.stems or stems_with_students():
        for student in students(stem):
            notebook = student / f"{stem}.ipynb"
            if options.into is None:
                notebook.write_bytes(build(stem, student))
                continue
            target = options.into / student.name / stem
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notebook, target / notebook.name)


if __name__ == "__main__":
    main()
