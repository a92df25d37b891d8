"""The whole class of attackers, graded in one run with honest students among them."""

import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.attacks import stock
from tests.attacks.assignment import MAXIMUM, STEM
from tests.attacks.classroom import HONEST, TABLE, Traces, chosen, grade, judge, run

NUMBERS = [attack.number for attack in TABLE]


@pytest.fixture(scope="module")
def class_(tmp_path_factory):
    """Grade everybody; return outcomes by folder, the command's result, and what was left."""
    folder = tmp_path_factory.mktemp("attacks")
    with Traces() as traces:
        outcomes, done = grade(folder, TABLE)
        left = traces.left()
    return {outcome.attack.folder: outcome for outcome in outcomes}, done, left, folder


def test_every_row_of_the_threat_table_is_here():
    assert sorted(NUMBERS)[:42] == list(range(1, 43))
    assert len(NUMBERS) == len(set(NUMBERS)) >= 42 + 20


def test_the_class_finishes(class_):
    outcomes, done, _, _ = class_
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(outcomes) == len(TABLE) + len(HONEST)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("attack", TABLE, ids=lambda attack: f"{attack.number}-{attack.name}")
def test_an_attacker_gets_what_is_honest(class_, attack):
    assert class_[0][attack.folder].problems == []


@pytest.mark.parametrize("student", HONEST, ids=lambda attack: attack.folder)
def test_an_honest_student_among_them_gets_all(class_, student):
    outcome = class_[0][student.folder]
    assert outcome.problems == []
    assert outcome.points == MAXIMUM


def test_nothing_is_left(class_):
    """No process, file, control group or mount of the class."""
    assert class_[2] == []


def test_the_class_report_shows_names_and_runs_none(class_):
    folder = class_[3]
    run(folder, "course", "report", STEM, "--html", "class.html", "--csv", "class.csv")
    page = (folder / "class.html").read_text()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert not list(folder.rglob("pwned"))
    marks = (folder / "class.csv").read_text()
    assert "'=1+cmd()" in marks
    assert "\n=1" not in marks


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"auto": 5.0, "status": "wrong"}, "5 is above the honest 0"),
        ({"auto": 0.0, "status": "graded"}, "its status is 'graded'"),
        (None, "it ended in no status"),
        ({"auto": 0.0, "status": "died"}, None),
    ],
)
def test_an_escape_would_be_seen(entry, problem, tmp_path):
    (attack,) = chosen("17")
    problems = judge(attack, entry, tmp_path).problems
    assert not problems if problem is None else problem in problems[0]


def test_what_is_left_would_be_seen():
    with Traces() as traces:
        Path(tempfile.gettempdir(), "left-file").touch()
        # Its parent ends, so that it is an orphan.
        subprocess.run(["sh", "-c", "sleep 60 & "], check=True)
        sleepers = []
        while not sleepers:  # at first it is called sh
            left = traces.left(0)
            sleepers = [word.split()[1] for word in left if "sleep" in word]
        (sleeper,) = sleepers
        subprocess.run(["kill", "-9", sleeper], check=True)
    # Control groups and mounts may be those of tests that run beside this one.
    kinds = [word.split()[0] for word in left]
    assert (kinds.count("file"), kinds.count("process")) == (1, 1)


def test_stock_nbgrader_was_measured_for_every_row():
    record = stock.recorded()
    assert record["version"]
    known = {a.folder for a in TABLE if a.number <= 42}
    assert known <= set(record["marks"])
    # The comparison means something: on stock nbgrader many attacks pay.
    paid = [a for a in TABLE if (record["marks"].get(a.folder) or {}).get("mark") is not None]
    assert sum(record["marks"][a.folder]["mark"] > a.honest for a in paid) >= 12
