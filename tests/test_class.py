"""The sample class, graded as an instructor does it, against what was written down before."""

import json
import os
import shutil
import subprocess
import zlib
from pathlib import Path

import nbformat
import pytest

from course_lib.checks import load
from tests.submissions import build

ROOT = Path(__file__).resolve().parent.parent
# Those who loop for ever wait out every limit, the others may meet a first TensorFlow import on a
# busy machine.
SLOW = ("--cell-seconds", "12")
PATIENT = ("--cell-seconds", "150", "--submission-seconds", "400")
CASES = [(stem, s) for stem in build.stems_with_students() for s in build.students(stem)]


def _takes_long(stem):
    """Whether students build networks, each of them in both processes."""
    return any(check.measure and check.hidden_draws == 1 for check in load(stem))


def _is_quick(stem, student):
    """The mould's class whole; of others one right, the unreadable, and if fast some wrong ones."""
    if stem == "convolution":
        return True
    status = build.expected(student)["status"]
    if _takes_long(stem):  # to name the mistake in a network is most of the work: once will do
        first, others = ("correct", "half-finished") if stem == "cnn" else ("correct",), False
    else:
        first = ("correct", "wrong")
        others = zlib.crc32(f"{stem}/{student.name}".encode()) % 6 == 0
    picked = [next(s for s in build.students(stem) if s.name.startswith(k)) for k in first]
    # Who loops for ever waits out every limit.
    return student in picked or status == "unreadable" or (others and status != "timeout")


QUICK = [(stem, student) for stem, student in CASES if _is_quick(stem, student)]
REST = [pair for pair in CASES if pair not in QUICK]


def _grade_all(course, cases):
    """Grade these students in a course of their own; return what ended, and reports by stem."""
    for name in ("nbgrader_config.py", "_config.yml"):
        shutil.copy(ROOT / name, course)
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, course / name)
    slow = [case for case in cases if build.expected(case[1])["status"] == "timeout"]
    done = [_grade(course, [case for case in cases if case not in slow], *PATIENT)]
    done += [_grade(course, slow, *SLOW)] if slow else []
    stems = dict.fromkeys(stem for stem, _ in cases)
    reports = {stem: course / "reports" / f"{stem}.json" for stem in stems}
    return done, {stem: json.loads(path.read_text()) for stem, path in reports.items()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """What the command says of a part of the class."""
    return _grade_all(tmp_path_factory.mktemp("course"), QUICK)


@pytest.fixture(scope="module")
def graded_rest(tmp_path_factory):
    """What it says of the others."""
    return _grade_all(tmp_path_factory.mktemp("course"), REST)


def _grade(course, cases, *options):
    """Hand in what these students wrote, and nothing else; grade it with one command."""
    shutil.rmtree(course / "submitted", ignore_errors=True)
    for stem, student in cases:
        target = course / "submitted" / student.name / stem
        target.mkdir(parents=True)
        shutil.copy(student / f"{stem}.ipynb", target)
    return subprocess.run(
        [ROOT / ".venv/bin/course", "grade", *dict.fromkeys(stem for stem, _ in cases), *options],
        cwd=course,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def test_the_command_ends_well(graded):
    for done in graded[0]:
        assert done.returncode == 0, done.stderr
    said = graded[0][0].stdout
    assert said.count("Marks are in the gradebook") == len(graded[1])
    assert said.count("Commonest mistakes") >= 3  # where others than the blank and the right are


def test_every_class_is_tried_in_each_way():
    stems = {stem for stem, _ in CASES}
    assert {stem for stem, _ in QUICK} == stems
    for stem in stems:
        marks = [build.expected(s)["marks"] for own, s in QUICK if own == stem]
        assert len(marks) >= 2
        assert any(sum(one.values()) == _total(stem) for one in marks), f"nobody is right in {stem}"


def _total(stem):
    """The points that checks give."""
    notebook = nbformat.read(ROOT / "assignments" / stem / f"{stem}.ipynb", as_version=4)
    cells = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return sum(cell.get("points", 0) for cell in cells if not cell.get("solution"))


def _ids(cases):
    return [student.name for _, student in cases]


@pytest.mark.parametrize(("stem", "student"), QUICK, ids=_ids(QUICK))
def test_marks_and_status_are_as_written_down(graded, stem, student):
    _are_as_written_down(graded[1][stem], student)


@pytest.mark.slow
@pytest.mark.parametrize(("stem", "student"), REST, ids=_ids(REST))
def test_marks_and_status_of_the_others_are_as_written_down(graded_rest, stem, student):
    _are_as_written_down(graded_rest[1][stem], student)


def _are_as_written_down(report, student):
    entry = report["students"][student.name]
    expected = build.expected(student)
    assert entry["status"] == expected["status"], entry["messages"]
    checked = [cell for cell in entry["marks"] if cell["name"] in expected["marks"]]
    marks = {cell["name"]: cell["points"] for cell in checked}
    assert marks == pytest.approx(expected["marks"])
    assert entry["auto"] == pytest.approx(sum(expected["marks"].values()))
    # A written answer waits for a person; a cell left as released does not.
    assert entry["pending"] == expected.get("pending", 0)
    hints = {p["misconception"] for cell in checked for p in cell["parts"] if p["misconception"]}
    assert hints == set(expected["hints"])
    if expected["status"] != "graded":
        assert entry["messages"], "a status other than graded says why"
