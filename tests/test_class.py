"""The sample class, graded as an instructor does it, against what was written down before."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.submissions import build

ROOT = Path(__file__).resolve().parent.parent
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
        for student in build.students(stem):
            target = course / "submitted" / student.name / stem
            target.mkdir(parents=True)
            shutil.copy(student / f"{stem}.ipynb", target)
        done = subprocess.run(
            [ROOT / ".venv/bin/course", "grade", stem, "--json", "out.json"],
            cwd=course,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        results[stem] = done, json.loads((course / "out.json").read_text())
    return results


def test_the_command_ends_well(graded):
    for done, _ in graded.values():
        assert done.returncode == 0, done.stderr
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
    hints = {p["misconception"] for cell in checked for p in cell["parts"] if p["misconception"]}
    assert hints == set(expected["hints"])
    if expected["status"] != "graded":
        assert entry["messages"], "a status other than graded says why"
