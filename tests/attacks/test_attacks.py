"""The whole class of attackers, graded in one run with honest students among them."""

import pytest

from tests.attacks import stock
from tests.attacks.assignment import MAXIMUM, STEM
from tests.attacks.classroom import HONEST, TABLE, Traces, grade, run

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


def test_the_class_report_shows_no_name_as_markup(class_):
    folder = class_[3]
    run(folder, "course", "report", STEM, "--html", "class.html", "--csv", "class.csv")
    page = (folder / "class.html").read_text()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert not list(folder.rglob("pwned"))


def test_stock_nbgrader_was_measured_for_every_row():
    record = stock.recorded()
    assert record["version"]
    known = {a.folder for a in TABLE if a.number <= 42}
    assert known <= set(record["marks"])
    # The comparison means something: on stock nbgrader many attacks pay.
    paid = [a for a in TABLE if (record["marks"].get(a.folder) or {}).get("mark") is not None]
    assert sum(record["marks"][a.folder]["mark"] > a.honest for a in paid) >= 12
