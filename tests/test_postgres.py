"""The gradebook on a real PostgreSQL server that is shared, killed and started again."""

import os
import sys

import pytest
from grading_helpers import STEM, hand_in
from postgres_helpers import MISSING, programs, server
from scale_courses import FULL, answers, copy_course, marks, report
from scale_helpers import gradings
from test_cluster import end, hand_in_slow, journaled, start, wait_for
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.grading import locks
from course_lib.grading.course import open_course


@pytest.fixture
def root(tmp_path):
    """A course without submissions, with its gradebook on the server."""
    return copy_course("postgresql", tmp_path)


def test_a_database_that_is_killed_costs_no_result(root):
    everyone = hand_in_slow(root, 12)
    running = start(root)
    wait_for(lambda: len(journaled(root)) >= 3)
    server().kill()
    try:
        _, err = end(running, 1)
        _, again = end(start(root), 1)
    finally:
        server().start()
    for said in (err, again):
        assert len(said.strip().splitlines()) == 1, said
        assert "the gradebook's database does not answer" in said
        assert "start it, then grade again: what was graded is kept" in said
    kept = journaled(root)
    assert 3 <= len(kept) < 12
    (root / "log").unlink()
    end(start(root))
    assert set(gradings(root / "log", "begin")) == everyone - kept
    assert marks(root) == dict.fromkeys(everyone, FULL)
    assert set(report(root)) == everyone


def test_one_writer_on_all_computers_that_share_the_database(root, tmp_path_factory):
    hand_in(root, "ann", answers("right"))
    other = tmp_path_factory.mktemp("elsewhere")
    (other / "nbgrader_config.py").write_bytes((root / "nbgrader_config.py").read_bytes())
    elsewhere = open_course(other)
    locks.check_writable(elsewhere)
    with locks.only_writer(elsewhere):
        _, err = end(start(root), 1)
    assert "another `course grade` works on this gradebook, perhaps on another computer" in err
    assert len(err.strip().splitlines()) == 1
    assert marks(root) == {}
    end(start(root))
    assert marks(root) == {"ann": FULL}


def test_a_name_too_long_for_its_tables_is_left_out(root):
    hand_in(root, "ann", answers("right"))
    hand_in(root, "x" * 129, answers("right"))
    hand_in(root, "名" * 80, answers("right"))
    _, err = end(start(root), 1)
    assert "give it a name of at most 128 characters" in err
    assert marks(root) == {"ann": FULL, "名" * 80: FULL}


def test_the_report_reads_it(root, tmp_path):
    hand_in(root, "ann", answers("right"))
    end(start(root))
    where = ["--course", str(root), "--csv", str(tmp_path / "marks.csv")]
    done = CliRunner().invoke(app, ["report", STEM, *where])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "ann" in (tmp_path / "marks.csv").read_text()


def test_no_address_with_a_password_is_ever_shown(root):
    hand_in(root, "ann", answers("right"))
    with open(root / "nbgrader_config.py", "a", encoding="utf-8") as file:
        address = "postgresql+psycopg2://me:secret@/none?host=/nowhere"
        file.write(f"c.CourseDirectory.db_url = {address!r}\n")
    out, err = end(start(root), 1)
    assert "does not answer" in err
    assert "secret" not in out + err


def test_without_the_server_the_tests_fail_and_say_what_to_install(monkeypatch):
    monkeypatch.setattr("pathlib.Path.glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    with pytest.raises(pytest.fail.Exception, match=MISSING):
        programs()
