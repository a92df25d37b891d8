"""A class at scale: resumed, unchanged, killed at any moment; on SQLite and on PostgreSQL."""

import errno
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from itertools import count

import nbformat
import pytest
from grading_helpers import STEM, by_name, hand_in
from nbgrader.dbutil import _temp_alembic_ini
from scale_courses import FULL, HALF, answers, copy_course, marks, report
from scale_helpers import Here
from sqlalchemy import text

from course_lib.grading import cgroups, classroom, commands, launch, ledger, locks, store
from course_lib.grading.classroom import Run, gather
from course_lib.grading.course import CourseError, open_course, open_gradebook
from course_lib.grading.limits import Limits


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request, tmp_path):
    """A course without submissions, with its gradebook in the database of the parameter."""
    return copy_course(request.param, tmp_path)


@pytest.fixture
def lite(tmp_path):
    """A course without submissions on SQLite, for what no database can change."""
    return copy_course("sqlite", tmp_path)


def run(root, cluster=None, **options):
    """Grade in this process; return the run."""
    cluster = cluster or Here()
    course = open_course(root)
    locks.check_writable(course)
    limits = options.pop("limits", None)
    ran = Run(gather(course, STEM, limits=limits), cluster, **options)
    ran.found = {entry["student"]: entry for entry in ran.grade()}
    return ran


def pending(root, student):
    """Return whether a person has to look at the written answer."""
    with open_gradebook(open_course(root)) as gradebook:
        return gradebook.find_grade("why", STEM, STEM, student).needs_manual_grade


def mark_by_hand(root, student, points):
    """Give a mark as the formgrader does."""
    with open_gradebook(open_course(root)) as gradebook:
        grade = gradebook.find_grade("why", STEM, STEM, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


# --- what is graded again, and what is not ---------------------------------------------------


class Failing(Here):
    """A cluster whose grader raises."""

    def run(self, items, send, seconds):
        for item in items:
            yield item, {"grader_error": "no disk"}


def test_a_failure_of_the_grader_takes_no_marks(root):
    hand_in(root, "ann", answers("right"))
    before = run(root).found["ann"]
    hand_in(root, "ben", answers("right"))
    failed = run(root, Failing(), force=True)
    assert failed.failed == ["ann", "ben"]
    ann, ben = (failed.found[student] for student in ("ann", "ben"))
    assert (ann["status"], ann["auto"]) == (before["status"], before["auto"])
    assert ann["auto"] > 0
    assert "no disk" in ann["instructor"][0]
    assert (ben["status"], ben["auto"]) == ("died", 0)
    assert report(root)["ann"]["auto"] == before["auto"]
    with open_gradebook(open_course(root)) as gradebook:
        assert gradebook.find_submission(STEM, "ann").score == before["auto"]
    again = run(root, here := Here())
    assert here.graded == ["ben"]
    assert again.found["ann"]["instructor"] == before["instructor"]


def test_only_what_changed_is_graded_again(root):
    for student in ("ann", "ben", "cleo"):
        hand_in(root, student, answers("right"))
    assert run(root, first := Here()).graded == 3
    assert first.graded == ["ann", "ben", "cleo"]
    again = run(root, second := Here())
    assert (again.graded, second.graded) == (0, [])
    assert again.found == {s: {k: e[k] for k in e if k != "gone"} for s, e in report(root).items()}
    hand_in(root, "ben", answers("wrong"))
    hand_in(root, "dora", answers("right"))
    os.utime(root / "submitted" / "ann" / STEM / f"{STEM}.ipynb")  # a new time is no change
    run(root, third := Here())
    assert third.graded == ["ben", "dora"]
    assert marks(root) == {"ann": FULL, "ben": HALF, "cleo": FULL, "dora": FULL}
    run(root, forced := Here(), force=True)
    assert forced.graded == ["ann", "ben", "cleo", "dora"]


def test_changed_tests_regrade_and_keep_what_a_person_gave(root):
    for student in ("ann", "ben"):
        hand_in(root, student, answers("right"))
    run(root)
    mark_by_hand(root, "ann", 3.5)
    path = root / "solutions" / STEM / f"{STEM}.ipynb"
    notebook = nbformat.read(path, 4)
    test = by_name(notebook, "double-test")
    test.source = test.source.replace("### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TESTS\n1 + 1")
    nbformat.write(notebook, path)
    run(root, again := Here())
    assert again.graded == ["ann", "ben"]
    assert marks(root) == {"ann": (2.0, 3.0, 3.5), "ben": FULL}
    assert not pending(root, "ann")
    assert pending(root, "ben")


def test_a_person_looks_again_only_at_an_answer_that_changed(root):
    for student in ("ann", "ben"):
        hand_in(root, student, answers("right"))
    run(root)
    assert pending(root, "ann")
    mark_by_hand(root, "ann", 3.5)
    mark_by_hand(root, "ben", 2.0)
    hand_in(root, "ann", answers("wrong"))  # other code, the same words
    hand_in(root, "ben", answers("right", why="For another reason."))
    entries = run(root).found
    assert marks(root) == {"ann": (0.5, 0.5, 3.5), "ben": (2.0, 3.0, 2.0)}
    assert not pending(root, "ann")
    assert pending(root, "ben")
    assert [(entries[s]["manual"], entries[s]["pending"]) for s in entries] == [(3.5, 0), (2.0, 1)]
    mark_by_hand(root, "ben", 4.0)
    assert run(root, unchanged := Here()).found["ben"]["manual"] == 4.0
    run(root, force=True)
    assert unchanged.graded == []
    assert not pending(root, "ben")


def test_an_automatic_mark_that_a_person_overrode_stays_and_is_shown_when_it_moves(root):
    hand_in(root, "ann", answers("wrong"))
    run(root)
    with open_gradebook(open_course(root)) as gradebook:
        grade = gradebook.find_grade("double-test", STEM, STEM, "ann")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    run(root, force=True)
    hand_in(root, "ann", answers("right"))
    flags = []
    for _ in range(2):
        with open_gradebook(open_course(root)) as gradebook:
            grade = gradebook.find_grade("double-test", STEM, STEM, "ann")
            flags.append((grade.auto_score, grade.manual_score, grade.needs_manual_grade))
        run(root)
    assert flags == [(0.5, 1.5, False), (2.0, 1.5, True)]


def test_other_limits_regrade_those_that_met_one(lite):
    root = lite
    for student, word in {"ann": "right", "ben": "wrong", "cleo": "timeout"}.items():
        hand_in(root, student, answers(word))
    run(root)
    run(root, again := Here(), limits=replace(Limits(), cell_seconds=99))
    assert again.graded == ["cleo"]


@pytest.mark.parametrize("lost", ["gradebook", "autograded", "report", "journal"])
def test_what_is_lost_is_made_again_from_the_rest(lite, lost):
    root = lite
    for student in ("ann", "ben"):
        hand_in(root, student, answers("right"))
    before = run(root).found
    if lost == "gradebook":
        (root / "gradebook.db").unlink()
    elif lost == "journal":
        path = next((root / "grading" / STEM).glob("ann-*"))
        path.write_bytes(path.read_bytes()[:100])
    else:
        shutil.rmtree(root / {"autograded": "autograded", "report": "reports"}[lost])
    again = run(root, graded := Here())
    assert graded.graded == (["ann"] if lost == "journal" else [])
    assert len(again.journal.damaged) == (lost == "journal")
    assert again.found == before
    assert marks(root) == {"ann": FULL, "ben": FULL}
    assert sorted(report(root)) == ["ann", "ben"]
    assert (root / "autograded/ben/tiny/tiny.ipynb").is_file()


def test_a_gradebook_from_a_backup_is_brought_up_to_date(lite):
    root = lite
    hand_in(root, "ann", answers("wrong"))
    run(root)
    backup = (root / "gradebook.db").read_bytes()
    hand_in(root, "ann", answers("right"))
    run(root)
    (root / "gradebook.db").write_bytes(backup)
    assert marks(root) == {"ann": HALF}
    run(root, here := Here())
    assert here.graded == []
    assert marks(root) == {"ann": FULL}


def test_a_submission_that_is_gone_keeps_its_marks_and_says_so(lite):
    root = lite
    for student in ("ann", "ben"):
        hand_in(root, student, answers("right"))
    run(root)
    shutil.rmtree(root / "submitted" / "ann")
    run(root)
    assert marks(root) == {"ann": FULL, "ben": FULL}
    assert {name: entry["gone"] for name, entry in report(root).items()} == {
        "ann": True,
        "ben": False,
    }


def test_a_later_timestamp_reaches_the_gradebook_without_grading(lite):
    root = lite
    stamp = hand_in(root, "ann", answers("right")).with_name("timestamp.txt")
    for day in (3, 4):
        stamp.write_text(f"2026-11-0{day} 10:00:00 UTC")
        run(root, here := Here())
        with open_gradebook(open_course(root)) as gradebook:
            assert gradebook.find_submission(STEM, "ann").timestamp.day == day
    assert here.graded == []


def test_an_unchanged_class_costs_next_to_nothing(lite):
    root = lite
    for number in range(200):
        hand_in(root, f"student-{number}", answers("right"))
    assert run(root).graded == 200
    started = time.process_time()
    assert run(root, here := Here()).graded == 0
    # About 0.3 s here; opening 200 gradebooks alone would take longer.
    assert time.process_time() - started < 2
    assert here.graded == []


def test_a_new_gradebook_has_the_version_that_nbgrader_gives_it(tmp_path):
    course = open_course(copy_course("sqlite", tmp_path))
    with _temp_alembic_ini("sqlite://") as settings:
        command = ["alembic", "-c", settings, "heads"]
        stock = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with open_gradebook(course) as gradebook:
        version = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert stock.split() == [version, "(head)"]


# --- places that cannot be written ------------------------------------------------------------


@pytest.mark.parametrize("full", ["autograded", "grading"])
def test_a_full_disk_is_one_line_and_loses_nothing(lite, monkeypatch, full):
    root = lite
    students = [f"s{number}" for number in range(5)]
    for student in students:
        hand_in(root, student, answers("right"))
    place, name = (store, "unpack") if full == "autograded" else (os, "fsync")
    original, calls = getattr(place, name), count(1)

    def fill(*arguments):
        if next(calls) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")  # a write names no file
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, fill)
        wanted = f"({full}|reports)/[^ ]* cannot be written .No space left"
        with pytest.raises(CourseError, match=wanted):
            run(root, first := Here())
    assert not list(root.glob("**/.tiny-*"))
    run(root, second := Here())
    lost = ["s1"] if full == "grading" else []
    assert sorted(first.graded + second.graded) == sorted(students + lost)
    assert marks(root) == dict.fromkeys(students, FULL)
    assert sorted(report(root)) == students


def test_what_stands_in_for_control_groups_is_said_when_something_was_graded(
    lite, monkeypatch, capsys
):
    hand_in(lite, "ann", answers("right"))
    missing = cgroups.Cgroups("none", "No control groups here.")
    monkeypatch.setattr(launch, "find_cgroups", lambda: missing)
    here = Here()
    for here.scheduler, said in ((None, 1), (None, 0), ("tls://host:1", 0)):
        force = here.scheduler is not None
        commands._show_and_store(gather(open_course(lite), STEM), here, force, None)
        assert capsys.readouterr().err.count("note: No control groups here.\n") == said


# --- ended between any two steps -------------------------------------------------------------

STEPS = {
    "before the journal": (classroom.Journal, "write"),
    "after the journal": (classroom, "save"),
    "in the transaction": (ledger, "_comment"),
    "after the gradebook": (store, "_write_autograded"),
    "in the graded folder": (store, "unpack"),
    "after the graded folder": (classroom.Run, "_keep"),
    "before the report": (classroom, "write_report"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_ends_between_two_steps_is_completed(root, monkeypatch, step):
    for student in ("ann", "ben", "cleo"):
        hand_in(root, student, answers("right"))
    place, name = STEPS[step]
    original, calls = getattr(place, name), count(1)

    def ends(*arguments, **options):
        if next(calls) == (1 if step == "before the report" else 4 if name == "_comment" else 2):
            raise SystemExit
        return original(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, ends)
        # Not even what `finally` would do comes to pass when a process is killed.
        if step != "before the report":
            patched.setattr(classroom, "write_report", lambda *_: None)
        with pytest.raises(SystemExit):
            run(root, first := Here())
    kept = {re.sub("-.*", "", path.name) for path in (root / "grading" / STEM).glob("*.json")}
    run(root, second := Here())
    assert kept | set(second.graded) == {"ann", "ben", "cleo"}
    assert kept.isdisjoint(second.graded)
    assert set(first.graded) - kept == ({"ben"} if step == "before the journal" else set())
    assert marks(root) == dict.fromkeys(("ann", "ben", "cleo"), FULL)
    assert sorted(report(root)) == ["ann", "ben", "cleo"]
    for student in report(root):
        assert [p.name for p in (root / "autograded" / student).iterdir()] == [STEM]
    run(root, third := Here())
    assert third.graded == []
