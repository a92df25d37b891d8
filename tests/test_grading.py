"""Grading: mended notebooks, marks, a class with every status, and the commands."""

import contextlib
import copy
import csv
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import asdict

import nbformat
import pytest
import typer
from grading_helpers import (
    DOUBLE,
    STEM,
    answered,
    by_name,
    hand_in,
    make_course,
    released,
    source_notebook,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.nbgraderformat import MetadataValidator
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from course_lib.grading import commands, reporting, sandbox
from course_lib.grading.assignment import Assignment, SourceCell
from course_lib.grading.classroom import configured_limits
from course_lib.grading.cluster import Cluster
from course_lib.grading.course import (
    CourseError,
    gradebook_errors,
    open_course,
    open_gradebook,
    sync_assignment,
)
from course_lib.grading.locks import only_writer
from course_lib.grading.notes import CONTROL, Note
from course_lib.grading.preprocessors import SandboxExecute
from course_lib.grading.reporting import common_mistakes, part_success
from course_lib.grading.sanitise import identity, sanitise
from course_lib.grading.score import REPORT, RESULT, score_cell

needs_sandbox = pytest.mark.skipif(
    sandbox.sandbox_problem() is not None, reason=f"no sandbox: {sandbox.sandbox_problem()}"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Make a course with the tiny assignment in its gradebook."""
    return make_course(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def assignment(tiny):
    """Read the tiny assignment as the gradebook has it."""
    return sync_assignment(open_course(tiny), STEM)[0]


def names(notebook):
    """Return the grade_ids of a notebook, in order."""
    return [identity(cell) for cell in notebook.cells if identity(cell)]


ORDER = ["setup", "double", "double-test", "square", "square-test", "why"]


# --- the assignment --------------------------------------------------------------------------


def test_gradebook_gives_back_the_assignment(assignment):
    assert [cell.name for cell in assignment.cells] == ORDER
    assert [cell.name for cell in assignment.cells if cell.autograded] == [
        "double-test",
        "square-test",
    ]
    assert [cell.name for cell in assignment.cells if cell.manual] == ["why"]
    assert [cell.points for cell in assignment.cells] == [0, 0, 2, 0, 3, 4]
    assert "HIDDEN" in assignment.by_name["double-test"].source
    assert "2 * x" not in assignment.by_name["double"].source


def test_generating_touches_no_release_and_changes_nothing_the_second_time(tiny, assignment):
    again, fresh = sync_assignment(open_course(tiny), STEM)
    assert again == assignment
    assert fresh is None
    assert not (tiny / "assignments").exists()


def test_stale_release_is_noticed(tmp_path):
    course = open_course(make_course(tmp_path))
    path = tmp_path / "assignments" / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert sync_assignment(course, STEM)[1] is False
    assert path.read_text() == "{}"


# --- the sanitiser ---------------------------------------------------------------------------


def test_untouched_and_answered_notebooks_need_no_repair(assignment):
    for notebook in (released(), answered()):
        notes = sanitise(notebook, assignment)
        assert notes == []
        assert "HIDDEN" in by_name(notebook, "square-test").source
        MetadataValidator().validate_nb(notebook)


def _duplicate(notebook):
    extra = copy.deepcopy(by_name(notebook, "square"))
    extra.source = "def square(x):\n    return 'the last one'"
    notebook.cells.append(extra)


def _stub_below(notebook):
    notebook.cells.append(by_name(released(), "square"))


def _delete(name):
    def damage(notebook):
        notebook.cells.remove(by_name(notebook, name))

    return damage


def _change_points(notebook):
    by_name(notebook, "double-test").metadata.nbgrader.points = 200


def _change_test(notebook):
    by_name(notebook, "double-test").source = "2.0"


def _flags(notebook):
    by_name(notebook, "double-test").metadata.nbgrader.update(grade=False, solution=True)


def _to_markdown(notebook):
    cell = by_name(notebook, "double-test")
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]


def _unknown(notebook):
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": {"grade_id": "mine"}}))


def _skip(notebook):
    by_name(notebook, "double-test").metadata.tags = ["skip-execution"]


def _lose_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


DAMAGES = {
    "is there 2 times": [_duplicate, _stub_below],
    "was missing": [_delete("double-test"), _delete("setup"), _delete("why")],
    "was changed (its points)": [_change_points],
    "was changed (its text)": [_change_test],
    "was changed (its nbgrader settings)": [_flags],
    "was changed (its type)": [_to_markdown],
    "is not part of the assignment": [_unknown],
    "skip-execution": [_skip],
    "had lost its nbgrader metadata": [_lose_metadata],
}


@pytest.mark.parametrize(
    ("phrase", "damage"), [(phrase, d) for phrase, ds in DAMAGES.items() for d in ds]
)
def test_damage_is_mended_and_said(assignment, phrase, damage):
    notebook = answered()
    damage(notebook)
    notes = sanitise(notebook, assignment)
    assert any(phrase in note.text and note.repair for note in notes), notes
    assert sorted(names(notebook)) == sorted(ORDER)
    MetadataValidator().validate_nb(notebook)
    test = by_name(notebook, "double-test")
    assert test.cell_type == "code"
    assert test.source == assignment.by_name["double-test"].source
    assert test.metadata.nbgrader.points == 2
    position = {name: index for index, name in enumerate(names(notebook))}
    assert position["double"] < position["double-test"]
    assert all("tags" not in cell.metadata for cell in notebook.cells)


def test_of_duplicates_the_last_edited_one_counts(assignment):
    for damage, wanted in ((_duplicate, "the last one"), (_stub_below, "x * x")):
        notebook = answered()
        damage(notebook)
        sanitise(notebook, assignment)
        assert wanted in by_name(notebook, "square").source
        running = [
            c.source for c in notebook.cells if c.cell_type == "code" and "def square" in c.source
        ]
        assert len(running) == 1
        assert sum(cell.cell_type == "raw" for cell in notebook.cells) == 1


def test_kernelspec_and_old_schema(assignment):
    notebook = answered()
    notebook.metadata.kernelspec = {"name": "evil", "display_name": "x"}
    for cell in notebook.cells:
        cell.metadata.get("nbgrader", {}).pop("schema_version", None)
    notes = sanitise(notebook, assignment)
    assert notebook.metadata.kernelspec["name"] == "python3"
    assert {note.to for note in notes} == {"instructor"}
    assert not any(note.repair for note in notes)
    MetadataValidator().validate_nb(notebook)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(["cell_type", "metadata", "source", "outputs", "id", "attachments"])
CELL = st.dictionaries(FIELDS, JSON, max_size=6) | st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "markdown", "raw", "other"]),
        "source": st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3) | JSON,
        "metadata": st.fixed_dictionaries(
            {"nbgrader": st.dictionaries(st.sampled_from(["grade_id", "points", "grade"]), JSON)}
        )
        | st.fixed_dictionaries(
            {"nbgrader": st.fixed_dictionaries({"grade_id": st.sampled_from([*ORDER, "other"])})}
        )
        | JSON,
    }
)
FIXED = Assignment(
    "tiny",
    (
        SourceCell("double", "code", "def double(x): ...", None, False, False, True, False, 0.0),
        SourceCell("double-test", "code", "check('double')", None, True, True, False, False, 2.0),
        SourceCell("why", "markdown", "Why?", None, False, True, True, False, 4.0),
    ),
    {"name": "python3", "display_name": "Python 3", "language": "python"},
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CELL | JSON, max_size=6) | JSON, JSON)
def test_sanitiser_survives_garbage(cells, metadata):
    notebook = nbformat.from_dict({"cells": cells, "metadata": metadata})
    sanitise(notebook, FIXED)
    assert sorted(names(notebook)) == ["double", "double-test", "why"]
    assert by_name(notebook, "double-test").source == "check('double')"
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)


# --- marks -----------------------------------------------------------------------------------


def ended(complete=True):
    """Return the structured result that the trusted process adds."""
    return new_output("display_data", data={RESULT: {"complete": complete, "seed": 1}})


def graded(*outputs, source="check('double', double)", points=8, result=True):
    """Return an executed graded cell."""
    outputs = (*outputs, ended()) if result else outputs
    meta = {"grade_id": "t", "grade": True, "solution": False, "points": points}
    return new_code_cell(source, outputs=list(outputs), metadata={"nbgrader": NotebookNode(meta)})


def report(score, *parts):
    """Return an output with a report."""
    content = {
        "topic": "t",
        "check": "double",
        "hidden": True,
        "score": score,
        "parts": list(parts),
    }
    return new_output("display_data", data={REPORT: content, "text/plain": ""})


def number(value):
    """Return the output of a cell that ends with a number."""
    return new_output("execute_result", data={"text/plain": value}, execution_count=1)


def error(name="ValueError", text="bad"):
    """Return an error output."""
    return new_output("error", ename=name, evalue=text, traceback=[])


STDERR = new_output("stream", name="stderr", text="UserWarning: careful")
SCORES = {
    "report and number agree": ((report(0.5), number("4.0")), 4.0, ""),
    "rounded number": ((report(1 / 3), number("2.67")), 2.67, "part"),
    "report alone": ((report(0.5),), 4.0, "part"),
    "the last report": ((report(1.0), report(0.25)), 2.0, "part"),
    "warnings are free": ((STDERR, report(1.0), number("8.0")), 8.0, ""),
    "silence": ((), 0.0, "printed no result"),
    "a number without its report": ((number("8.0"),), 0.0, "printed no result"),
    "error": ((report(1.0), error()), 0.0, "it stopped with ValueError: bad"),
    "lowered number": ((report(1.0), number("3.0")), 3.0, ""),
    "raised number": ((report(0.5), number("8.0")), 4.0, ""),
    "number out of range": ((report(0.5), number("800")), 4.0, ""),
    "score out of range": ((report(9.0),), 8.0, ""),
    "score that is no number": (
        (report("1.0"), report(True), report(float("nan"))),
        0.0,
        "no result",
    ),
}


@pytest.mark.parametrize("case", sorted(SCORES))
def test_marks(case):
    outputs, points, reason = SCORES[case]
    mark = score_cell(graded(*outputs))
    assert mark.points == pytest.approx(points)
    assert reason in mark.reason
    assert (mark.reason == "") == (mark.points == mark.maximum)


def test_disagreement_is_told_to_the_instructor():
    assert score_cell(graded(report(0.5), number("4.0"))).suspicious == ()
    for value in ("8.0", "3.0", "-1", "800"):
        assert len(score_cell(graded(report(0.5), number(value))).suspicious) == 1


def test_a_cell_without_a_check_may_end_with_a_number():
    mark = score_cell(graded(number("5.0"), source="total = 5.0\ntotal"))
    assert (mark.points, mark.check) == (5.0, None)


def test_assertions_that_hold_give_full_marks_and_only_a_result_proves_it():
    source = "assert double(2) == 4"
    assert score_cell(graded(source=source)).points == 8.0
    for outputs in ((), (ended(False),), (report(1.0), number("8.0"))):
        mark = score_cell(graded(*outputs, source=source, result=False))
        assert (mark.points, mark.reason) == (0.0, "it was not run to its end")
    assert score_cell(graded(error(), source=source)).points == 0.0


def test_our_marks_agree_with_nbgrader():
    from nbgrader.utils import determine_grade

    for score in (0.0, 0.25, 1.0):
        cell = graded(report(score), number(repr(8 * score)))
        assert determine_grade(cell) == (score_cell(cell).points, 8.0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        JSON | st.fixed_dictionaries({"data": st.fixed_dictionaries({REPORT: JSON})}), max_size=4
    )
)
def test_scoring_survives_forged_outputs(outputs):
    cell = graded()
    cell.outputs = outputs
    assert 0 <= score_cell(cell).points <= 8


def test_mistakes_and_parts_are_counted():
    def entry(student, *statuses):
        parts = [
            {
                "name": f"p{i}",
                "title": f"P{i}",
                "status": s,
                "misconception": "m" if s == "failed" else None,
            }
            for i, s in enumerate(statuses)
        ]
        return {"student": student, "marks": [{"name": "t", "check": "double", "parts": parts}]}

    entries = [entry("a", "failed", "failed"), entry("b", "passed", "failed"), entry("c")]
    assert common_mistakes(entries, STEM) == [
        {"check": "double", "name": "m", "hint": "m", "students": 2}
    ]
    assert [(row["part"], row["passed"], row["students"]) for row in part_success(entries)] == [
        ("p0", 1, 3),
        ("p1", 0, 3),
    ]


# --- a class ---------------------------------------------------------------------------------

LOOP = "def double(x):\n    while True:\n        pass"
WARN = f"{DOUBLE}\nimport sys, warnings\nwarnings.warn('careful')\nprint('noise', file=sys.stderr)"
NOISY = "def double(x):\n    print('x' * 3_000_000)\n    return 2 * x"
EXIT = "import os\ndef double(x):\n    os._exit(0)"
GREEDY = "class Big:\n    pass\nBIG = bytearray(3 * 2**30)\n" + DOUBLE
STUBBORN = """
def double(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""


def _with(damage):
    notebook = answered()
    damage(notebook)
    return notebook


CLASS = {
    # student: (notebook, status, automatic marks)
    "ann": (answered(), "graded", 5.0),
    "ben": (answered(square="def square(x):\n    return x + 2"), "wrong", 3.5),
    "cleo": (released(), "wrong", 0.0),
    "dora": (answered(double=WARN), "graded", 5.0),
    "emil": (answered(double=NOISY), "graded", 5.0),
    "fritz": (answered(double=LOOP), "timeout", 3.0),
    "gus": (answered(double=STUBBORN), "timeout", 0.0),
    "hal": (answered(double=EXIT), "died", 0.0),
    "ida": (answered(double=GREEDY), "out of memory", 3.0),
    "jan": ("{broken", "unreadable", 0.0),
    "kim": (_with(_duplicate), "repaired", 2.0),
    "lea": (_with(_delete("double-test")), "repaired", 5.0),
}
MESSAGES = {
    "ben": "not passed: square3 is right",
    "fritz": "a call took longer than 3 s",
    "gus": "could not be interrupted",
    "hal": "its Python process ended itself (exit status 0)",
    "ida": "a cell wanted more than 2,048 MiB of memory",
    "jan": "is not valid JSON",
    "kim": "is there 2 times; the last edited copy counts",
    "lea": "'double-test' was missing; it was put back",
}


APP = typer.Typer()
APP.command()(commands.grade)
APP.command()(reporting.report)


def run_course(*arguments, check=None):
    """Run a command in this process, in the current folder."""
    done = CliRunner().invoke(APP, [str(argument) for argument in arguments])
    if check is not None:
        assert done.exit_code == check, (done.output, done.exception)
    return done


LIMITS = ("--cell-seconds", 3, "--submission-seconds", 14, "--memory", 2)


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory):
    """Grade the class once; return the course's folder and what the command printed."""
    root = make_course(tmp_path_factory.mktemp("class"))
    for student, (notebook, _, _) in CLASS.items():
        hand_in(root, student, notebook)
    (root / "submitted" / "mia" / STEM / f"{STEM}.ipynb").mkdir(parents=True)  # a folder
    (root / "submitted" / "nobody").mkdir()
    for name in ("page.html", "plot.Svg", "data.csv"):
        (root / "submitted" / "emil" / STEM / name).write_text("<script>alert(1)</script>")
    place = ("--course", root, "--json", root / "out.json")
    done = run_course("grade", STEM, *place, *LIMITS, check=0)
    return root, done


def entries_of(root):
    """Return the report's entries."""
    return json.loads((root / "reports" / f"{STEM}.json").read_text())["students"]


@needs_sandbox
def test_every_submission_ends_in_its_status(graded_class):
    entries = entries_of(graded_class[0])
    found = {name: (entry["status"], entry["auto"]) for name, entry in entries.items()}
    wanted = {name: (status, points) for name, (_, status, points) in CLASS.items()}
    assert found == {**wanted, "mia": ("unreadable", 0.0)}


@needs_sandbox
@pytest.mark.parametrize("student", sorted(MESSAGES))
def test_messages_say_what_happened(graded_class, student):
    entry = entries_of(graded_class[0])[student]
    assert MESSAGES[student] in " ".join(entry["messages"])
    assert MESSAGES[student] in " ".join(entry["instructor"])


@needs_sandbox
def test_the_command_prints_the_class(graded_class):
    _, done = graded_class
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["ann", "graded", "5/5, 4 to mark by hand", ""] in lines
    assert "13 submissions: 3 graded, 2 wrong, 2 repaired, 2 timeout" in done.stdout
    assert "Commonest mistakes" in done.stdout
    assert re.fullmatch(r"(note: No control groups [^\n]*\n)?", done.stderr)


@needs_sandbox
def test_gradebook_and_graded_notebooks(graded_class):
    root, _ = graded_class
    with open_gradebook(open_course(root)) as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(STEM)}
    assert scores == {name: entry["auto"] for name, entry in entries_of(root).items()}
    for student in [*CLASS, "mia"]:
        nbformat.validate(nbformat.read(root / "autograded" / student / STEM / f"{STEM}.ipynb", 4))
    assert not list(root.glob("autograded/*/.*"))
    assert (root / "autograded/emil/tiny/tiny.ipynb").stat().st_size < 100_000
    assert json.loads((root / "out.json").read_text())["mistakes"][0]["students"] >= 2


@needs_sandbox
def test_regrading_keeps_manual_marks_and_changes_nothing_else(graded_class):
    root, _ = graded_class
    before = entries_of(root)
    with open_gradebook(open_course(root)) as gradebook:
        gradebook.find_grade("why", STEM, STEM, "ann").manual_score = 3.5
        gradebook.db.commit()
    notebook = (root / "autograded/ann/tiny/tiny.ipynb").read_bytes()
    run_course("grade", STEM, "--student", "ann", "--course", root, *LIMITS, check=0)
    after = entries_of(root)
    assert after["ann"]["manual"] == 3.5
    assert after["ann"]["auto"] == 5.0
    assert {k: v for k, v in after.items() if k != "ann"} == {
        k: v for k, v in before.items() if k != "ann"
    }
    with open_gradebook(open_course(root)) as gradebook:
        assert gradebook.find_submission(STEM, "ann").score == 8.5
    assert (root / "autograded/ann/tiny/tiny.ipynb").read_bytes() == notebook


@needs_sandbox
def test_report_and_its_table(graded_class):
    root, _ = graded_class
    done = run_course("report", STEM, "--csv", root / "marks.csv", "--course", root, check=0)
    assert "double-test\tdouble1 is right\t" in done.stdout
    rows = {row["student"]: row for row in csv.DictReader((root / "marks.csv").open())}
    assert rows["ben"]["square-test"] == "1.5"
    assert rows["hal"]["status"] == "died"
    assert len(rows) == 13


def nbgrader(*arguments, cwd):
    """Run a stock nbgrader command."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


@needs_sandbox
def test_stock_nbgrader_works_on_our_configuration(tmp_path):
    root = make_course(tmp_path)
    for student in ("ben", "dora", "kim"):
        hand_in(root, student, CLASS[student][0])
    # What a link leads to must not come back to its owner as feedback; a page must not run here.
    place = root / "submitted/ben/tiny"
    (place / "secret.txt").symlink_to(root / "nbgrader_config.py")
    (place / "page.HTML").write_text("<script>alert(1)</script>")
    (place / "data.csv").write_text("1,2")
    hand_in(root, "liz", "")
    (root / "submitted/liz/tiny/tiny.ipynb").unlink()
    (root / "submitted/liz/tiny/tiny.ipynb").symlink_to(place / "tiny.ipynb")
    made = nbgrader("generate_assignment", STEM, cwd=root)
    released_text = (root / "assignments" / STEM / f"{STEM}.ipynb").read_text()
    assert str(root) not in released_text
    assert sync_assignment(open_course(root), STEM)[1] is True  # made again, it is the same
    done = nbgrader("autograde", STEM, cwd=root)
    assert (made.returncode, done.returncode) == (0, 1), done.stderr
    assert "liz/tiny holds its notebook through a link" in done.stderr
    assert not (root / "autograded/liz/tiny").exists()
    assert sorted(p.name for p in (root / "autograded/ben/tiny").iterdir()) == [
        "data.csv",
        "tiny.ipynb",
    ]
    with open_gradebook(open_course(root)) as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(STEM)}
    assert scores.pop("liz") == 0
    assert scores == {student: CLASS[student][2] for student in scores}
    assert len(scores) == 3
    assert nbgrader("generate_feedback", STEM, cwd=root).returncode == 0
    assert "Because it is." in (root / "feedback/ben/tiny/tiny.html").read_text()
    assert nbgrader("export", cwd=root).returncode == 0
    assert "tiny,,,ben,,,,3.5,0.0,3.5,9.0" in (root / "grades.csv").read_text()


# --- bad input -------------------------------------------------------------------------------


def no_submissions(root):
    """Leave no submission of the assignment."""
    (root / "submitted" / "ann").mkdir(parents=True)


def broken_gradebook(root):
    """Put something else where the gradebook should be."""
    hand_in(root, "ann", answered())
    (root / "gradebook.db").write_text("this is no database, and it is longer than a header")


def unwritable(name):
    """Put a file where a folder should be; permissions do not stop root."""

    def prepare(root):
        hand_in(root, "ann", answered())
        (root / name).write_text("a file")

    return prepare


def broken_source(root):
    """Damage the instructor's notebook."""
    hand_in(root, "ann", answered())
    (root / "solutions" / STEM / f"{STEM}.ipynb").write_text("{}")


def broken_config(root):
    """Damage the configuration."""
    (root / "nbgrader_config.py").write_text("c = get_config(")


def handed_in(root):
    """Hand in one good submission."""
    hand_in(root, "ann", answered())


def limited(**limits):
    """Configure other limits for the assignment."""

    def prepare(root):
        handed_in(root)
        with open(root / "nbgrader_config.py", "a", encoding="utf-8") as config:
            config.write(f"\nc.SandboxExecute.of_assignment = {{{STEM!r}: {limits}}}\n")

    return prepare


def handed_in_twice(root):
    """Hand in one submission of each of two assignments."""
    hand_in(root, "ann", answered())
    other = root / "solutions" / "other"
    shutil.copytree(root / "solutions" / STEM, other)
    (other / f"{STEM}.ipynb").rename(other / "other.ipynb")
    own = root / "submitted" / "ann" / "other"
    shutil.copytree(root / "submitted" / "ann" / STEM, own)
    (own / f"{STEM}.ipynb").rename(own / "other.ipynb")


BAD = {
    "there is no assignment 'nothing': solutions/nothing/": (handed_in, ("grade", STEM, "nothing")),
    "--json writes the results of one assignment; you named 2": (
        handed_in_twice,
        ("grade", STEM, "other", "--json", "out.json"),
    ),
    "there is no assignment 'nothing': solutions/nothing": (handed_in, ("grade", "nothing")),
    "'../x' is no stem": (handed_in, ("grade", "../x")),
    "submitted is missing; put each student's": (lambda root: None, ("grade", STEM)),
    "has no submission of 'tiny'": (no_submissions, ("grade", STEM)),
    "no student matches 'z*' among 1": (handed_in, ("grade", STEM, "--student", "z*")),
    "cannot be used as a gradebook": (broken_gradebook, ("grade", STEM)),
    "autograded cannot be written": (unwritable("autograded"), ("grade", STEM)),
    "reports cannot be written": (unwritable("reports"), ("grade", STEM)),
    "nowhere/out.json cannot be written": (
        unwritable("nowhere"),
        ("grade", STEM, "--json", "nowhere/out.json"),
    ),
    "solutions cannot be written (it is a folder)": (
        handed_in,
        ("grade", STEM, "--json", "solutions"),
    ),
    "nbgrader cannot generate the assignment 'tiny'": (broken_source, ("grade", STEM)),
    "nbgrader_config.py does not load: SyntaxError": (broken_config, ("grade", STEM)),
    "a limit in the configuration is wrong: the limit memory is -1": (
        limited(memory=-1),
        ("grade", STEM),
    ),
    "unexpected keyword argument 'seconds'": (limited(seconds=5), ("grade", STEM)),
    "'nonsense' is no address": (handed_in, ("grade", STEM, "--scheduler", "nonsense")),
    "the limit memory is -": (handed_in, ("grade", STEM, "--memory", "-1")),
    "the limit memory is inf": (handed_in, ("grade", STEM, "--memory", "inf")),
    "run `course grade tiny` first": (handed_in, ("report", STEM)),
}


def snapshot(root):
    """Return the content of every file of a course."""
    return {p.relative_to(root): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@needs_sandbox
@pytest.mark.parametrize("phrase", sorted(BAD))
def test_bad_input_is_one_line_and_loses_nothing(tmp_path, monkeypatch, phrase):
    monkeypatch.chdir(tmp_path)
    prepare, arguments = BAD[phrase]
    make_course(tmp_path)
    prepare(tmp_path)
    before = snapshot(tmp_path)
    done = run_course(*arguments)
    assert done.exit_code == 1, (done.output, done.exception)
    assert phrase in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stdout == ""
    after = snapshot(tmp_path)
    assert {path: after.get(path) for path in before} == before


# --- strangers' names, texts and pages -------------------------------------------------------

NAMES = ("[red]x[b] [nope]", "=1+1", "-rf", "名前", "quo'te\"s", "x" * 200)
BAD_NAMES = ("..x", "new\nline", "esc\x1b[31m", "bad\udcff", "\u202ertl")


@needs_sandbox
def test_assignments_named_together_share_the_workers(tmp_path, monkeypatch):
    make_course(tmp_path)
    handed_in_twice(tmp_path)
    started, start = [], Cluster._start_local
    monkeypatch.setattr(Cluster, "_start_local", lambda self: started.append(self) or start(self))
    place = ("--course", tmp_path, "--workers", 1)
    done = run_course("grade", STEM, "other", STEM, *place, check=0)
    assert done.stdout.count("1 submission: 1 graded") == 2
    assert len(started) == 1
    for stem in (STEM, "other"):
        entry = json.loads((tmp_path / "reports" / f"{stem}.json").read_text())["students"]["ann"]
        assert (entry["status"], entry["auto"]) == ("graded", 5)


@needs_sandbox
def test_odd_names_neither_stop_the_class_nor_speak_to_the_terminal(tmp_path):
    make_course(tmp_path)
    for name in (*NAMES, *BAD_NAMES):
        hand_in(tmp_path, name, "{broken")
    os.mkfifo(tmp_path / "submitted" / "-rf" / STEM / "timestamp.txt")
    (tmp_path / "submitted/.git").mkdir()
    code = "from course_lib.cli import app; app(['grade', 'tiny', '--workers', '1'])"
    command = [sys.executable, "-c", code]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe(command[0], command, {**os.environ, "COLUMNS": "80", "TERM": "xterm"})
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 65536):
            shown += chunk
    # A folder that was left out is work that nobody graded.
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1, shown.decode()
    assert b"6 submissions: 6 unreadable." in shown
    assert b"[red]x[b] [nope]" in shown
    assert b"esc\x1b[31m" not in shown
    assert b"'esc\\x1b[31m' in submitted/ was left out" in shown
    assert b"'..x' in submitted/ was left out" in shown
    assert b".git" not in shown
    assert sorted(entries_of(tmp_path)) == sorted(NAMES)
    run_course("report", STEM, "--csv", tmp_path / "m.csv", "--course", tmp_path, check=0)
    rows = [row["student"] for row in csv.DictReader((tmp_path / "m.csv").open())]
    assert "'=1+1" in rows
    assert "'-rf" in rows


def test_what_a_submission_says_is_plain_text():
    evil = "\x1b]0;owned\x07\x9b31m\ud800\u202e"
    part = {"name": evil, "title": evil, "message": evil, "misconception": evil, "status": "failed"}
    marks = (score_cell(graded(report(0.5, part))), score_cell(graded(error(evil, evil))))
    said = json.dumps([asdict(mark) for mark in marks], ensure_ascii=False) + Note(evil).text
    assert "\\x1b]0;owned" in said
    assert not CONTROL.search(said)


HOSTILE = {
    "text/html": '<p onclick="x()">fine</p><style>p{}</style><script>x()</script><img src=x>',
    "application/javascript": "x()",
    "image/svg+xml": "<svg onload='x()'/>",
    "text/markdown": "<script>x()</script>",
    "text/latex": "<img src=x onerror='x()'>",
    "image/png": '"><script>x()</script>',
    "text/plain": "<script>x()</script>",
}


def test_no_script_of_a_submission_reaches_the_instructors_browser(tmp_path):
    course = open_course(make_course(tmp_path))
    why = "Mine. <script>x()</script> **bold** `a < b`"
    picture = {"image/png": "iVBORw0KGgo=", "text/plain": "picture"}
    shown = [picture, *({kind: text} for kind, text in HOSTILE.items())]
    outputs = [new_output("display_data", data=data) for data in shown]
    cells = [
        new_code_cell("1", outputs=outputs),
        nbformat.v4.new_markdown_cell(why),
    ]
    page, _ = HTMLExporter(config=course.config, template_name="classic").from_notebook_node(
        nbformat.v4.new_notebook(cells=cells)
    )
    body = page[page.index("<body") :]
    for harm in (r"<script[^>]*>[^<]*x\(\)", r"onclick=", "<svg", "<img src=x", "<style>p"):
        assert not re.search(harm, body)
    for good in ("<p>fine</p>", "iVBORw0KGgo=", "<strong>bold</strong>", "<code>a &lt; b</code>"):
        assert good in body


@pytest.mark.parametrize(
    ("reason", "mend"),
    {
        "database is locked": "perhaps a formgrader: end that",
        "database or disk is full": "make room",
        "attempt to write a readonly database": "make it and its folder writable",
        "unable to open database file": "make it and its folder writable",
    }.items(),
)
def test_a_gradebook_that_cannot_be_written_is_not_called_broken(tiny, reason, mend):
    problem = OperationalError("INSERT", {}, sqlite3.OperationalError(reason))
    with (
        pytest.raises(CourseError, match=f"{reason}.; .*{mend}, then run this again"),
        gradebook_errors(open_course(tiny)),
    ):
        raise problem


@needs_sandbox
def test_a_run_that_cannot_go_on_leaves_the_results_of_the_last_one(tmp_path):
    make_course(tmp_path)
    handed_in(tmp_path)
    broken_source(tmp_path)
    (tmp_path / "out.json").write_text("the last one")
    run_course("grade", STEM, "--course", tmp_path, "--json", tmp_path / "out.json", check=1)
    assert (tmp_path / "out.json").read_text() == "the last one"


@needs_sandbox
def test_two_graders_do_not_meet(tmp_path):
    make_course(tmp_path)
    handed_in(tmp_path)
    (tmp_path / "reports").mkdir()
    with only_writer(open_course(tmp_path)):
        done = run_course("grade", STEM, "--course", tmp_path, check=1)
    assert "another `course grade` is at work" in done.stderr
    assert not (tmp_path / "gradebook.db").exists()


def test_an_assignment_may_have_limits_of_its_own(tmp_path):
    make_course(tmp_path)
    limited(cell_seconds=99.0)(tmp_path)
    course = open_course(tmp_path)
    for limits_of in (
        lambda stem: configured_limits(course, stem),
        SandboxExecute(config=course.config).limits_of,
    ):
        own, others = limits_of(STEM), limits_of("other")
        assert (own.cell_seconds, others.cell_seconds) == (99, 30)
        assert own.memory == others.memory == 4 * 2**30


def test_no_course_here(tmp_path):
    with pytest.raises(CourseError, match=r"no nbgrader_config.py in .* or above"):
        open_course(tmp_path)


def test_refuses_without_a_sandbox(tmp_path, monkeypatch):
    make_course(tmp_path)
    handed_in(tmp_path)
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else found(name))
    monkeypatch.chdir(tmp_path)
    sandbox.sandbox_problem.cache_clear()
    done = run_course("grade", STEM)
    sandbox.sandbox_problem.cache_clear()
    assert done.exit_code == 1
    assert "cannot be sandboxed here: the program `bwrap` is not installed" in done.stderr
    assert "--unsafe-no-sandbox" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "gradebook.db").exists()
    done = run_course("grade", STEM, "--unsafe-no-sandbox", check=0)
    assert "no sandbox; submissions run with all your rights" in done.stderr
    assert entries_of(tmp_path)["ann"]["status"] == "graded"


@needs_sandbox
def test_a_graded_folder_holds_no_page_and_its_entry_keeps_the_notes(graded_class):
    root, entries = graded_class[0], entries_of(graded_class[0])
    there = {path.name for path in (root / "autograded/emil/tiny").iterdir()}
    assert there == {"data.csv", "tiny.ipynb"}
    assert any(note["text"] for entry in entries.values() for note in entry["notes"])


def test_source_notebook_is_valid():
    nbformat.validate(source_notebook())
    MetadataValidator().validate_nb(source_notebook())
