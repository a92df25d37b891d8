"""The sample class, graded as an instructor does it, against what was written down before."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.submissions import build

ROOT = Path(__file__).resolve().parent.parent
# Those who loop for ever wait out every limit, the others may meet a first TensorFlow import on a
# busy machine.
SLOW = ("--cell-seconds", "12")
PATIENT = ("--cell-seconds", "150", "--submission-seconds", "400")
CASES = [(stem, s) for stem in build.stems_with_students() for s in build.students(stem)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade every class in a course of its own; return the command's results by stem."""
    course = tmp_path_factory.mktemp("course")
    for name in ("nbgrader_config.py", "_config.yml"):
        shutil.copy(ROOT / name, course)
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, course / name)
    results = {}
    for stem in build.stems_with_students():
        slow = {s for s in build.students(stem) if build.expected(s)["status"] == "timeout"}
        done = _grade(course, stem, set(build.students(stem)) - slow, *PATIENT)
        late = _grade(course, stem, slow, *SLOW)
        report = json.loads((course / "reports" / f"{stem}.json").read_text())
        results[stem] = (done, late), report
    return results


def _grade(course, stem, students, *options):
    """Hand in what these students wrote, and nothing else; grade it."""
    shutil.rmtree(course / "submitted", ignore_errors=True)
    for student in students:
        target = course / "submitted" / student.name / stem
        target.mkdir(parents=True)
        shutil.copy(student / f"{stem}.ipynb", target)
    return subprocess.run(
        [ROOT / ".venv/bin/course", "grade", stem, *options],
        cwd=course,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


def test_the_command_ends_well(graded):
    for (done, late), _ in graded.values():
        assert (done.returncode, late.returncode) == (0, 0), done.stderr + late.stderr
        assert "Commonest mistakes" in done.stdout


@pytest.mark.parametrize(("stem", "student"), CASES, ids=[s.name for _, s in CASES])
def test_marks_and_status_are_as_written_down(graded, stem, student):
    _, report = graded[stem]
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
