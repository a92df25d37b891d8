"""The journal: what it keeps through accidents, its names, keys and seeds; versions of tests."""

import os
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.grading import journal as journals
from course_lib.grading import version
from course_lib.grading.assignment import Assignment, SourceCell
from course_lib.grading.course import CourseError
from course_lib.grading.journal import Journal, Record, course_secret, key_of, seed_for
from course_lib.grading.limits import Limits

LIMITS = Limits().as_dict()


@pytest.fixture
def course(tmp_path):
    """What the journal needs of a course."""
    return SimpleNamespace(journal=tmp_path / "grading")


@pytest.fixture
def journal(course):
    """Make an empty journal."""
    return Journal(course, "tiny")


def record(student="ann", key="k", status="graded", limits=LIMITS, final=True):
    """Return a record of a result."""
    result = {"student": student, "status": status, "marks": [], "notebook": "{}"}
    return Record(student, key, limits, 7, final, result)


def test_what_is_written_is_read(journal):
    assert journal.read("ann") is None
    journal.write(record())
    assert journal.read("ann") == record()
    journal.write(record(key="other"))
    assert journal.read("ann").key == "other"
    assert len(list(journal.folder.iterdir())) == 1
    assert journal.damaged == []


NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=255)
ODD_NAMES = [
    "..",
    ".",
    "a/../b",
    "-rf",
    "x" * 255,
    "名" * 85,
    "a\nb",
    "A",
    "a",
    "_",
    "é",
    "e\u0301",
    "\ud800",
    "\udcff",
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(NAMES)
def test_any_name_has_a_file_of_its_own_inside_the_folder(journal, name):
    path = journal.path(name)
    assert path.parent == journal.folder
    assert path.name.isascii()
    assert len(path.name) < 100
    assert path.name.strip(".") == path.name
    assert journal.path(f"{name}x") != path


def test_odd_names_do_not_meet(journal):
    for name in ODD_NAMES:
        journal.write(record(name))
    assert [journal.read(name).student for name in ODD_NAMES] == ODD_NAMES


def _cut(data):
    return data[: len(data) // 2]


def _flip(data):
    return data.replace(b'"graded"', b'"failed"')


DAMAGES = {
    "cut": _cut,
    "one word changed": _flip,
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "other JSON": lambda data: b"[1, 2]",
    "not UTF-8": lambda data: b"\xff\xfe" + data,
    "deep": lambda data: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_file_is_passed_over_and_named(journal, damage):
    journal.write(record())
    path = journal.path("ann")
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert journal.read("ann") is None
    assert journal.damaged == [path.name]


def test_another_students_file_does_not_count(journal):
    journal.write(record("eve"))
    shutil.copy(journal.path("eve"), journal.path("ann"))
    assert journal.read("ann") is None


def test_a_writer_that_was_killed_leaves_the_old_record_and_no_litter(course, journal, monkeypatch):
    journal.write(record())

    def killed(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(SystemExit):
            journal.write(record(key="new"))
    assert journal.read("ann").key == "k"
    (journal.folder / ".new-left").write_text("of one that had no time to clean up")
    again = Journal(course, "tiny")
    assert [path.name for path in again.folder.iterdir()] == [again.path("ann").name]


def test_it_is_on_the_disk_before_its_name_is(journal, monkeypatch):
    done = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("rename"), rename(*paths)))
    journal.write(record())
    assert done == ["sync", "rename", "sync"]


def test_a_place_that_cannot_be_written_is_one_line(course):
    course.journal.write_text("a file")
    with pytest.raises(CourseError, match="grading/tiny cannot be written"):
        Journal(course, "tiny")


def test_only_the_owner_reads_it(course, journal):
    journal.write(record())
    course_secret(course)
    paths = [course.journal, journal.folder, journal.path("ann"), course.journal / "secret"]
    assert [path.stat().st_mode & 0o077 for path in paths] == [0, 0, 0, 0]


# --- keys, limits, seeds ---------------------------------------------------------------------


def test_the_key_is_of_all_that_decides():
    keys = {
        key_of("tiny", "d", "t"),
        key_of("other", "d", "t"),
        key_of("tiny", "e", "t"),
        key_of("tiny", "d", "u"),
        key_of("tiny", "d", "t", sandboxed=False),
        key_of("tiny", "dt", ""),
    }
    assert len(keys) == 6


LARGER = replace(Limits(), cell_seconds=999).as_dict()
ANSWERS = [
    (record(), "k", LIMITS, True),
    (record(), "other", LIMITS, False),
    (record(final=False), "k", LIMITS, False),
    (record(status="timeout"), "k", LIMITS, True),
    (record(status="timeout"), "k", LARGER, False),
    (record(status="unreadable"), "k", LARGER, False),
    (record(status="wrong"), "k", LARGER, True),
    (record(status="graded"), "k", LARGER, True),
    (record(status="wrong"), "k", {**LIMITS, "disk": 1}, False),
    (record(status="graded"), "k", {**LIMITS, "disk": 1}, True),
]


@pytest.mark.parametrize(("kept", "key", "limits", "wanted"), ANSWERS)
def test_a_result_is_used_again_while_nothing_that_decided_it_changed(kept, key, limits, wanted):
    assert kept.answers(key, limits) is wanted


def test_seeds_are_of_the_key_and_of_the_courses_secret(course, tmp_path):
    seeds = {key: seed_for(course, key) for key in ("a", "b", "c")}
    assert len(set(seeds.values())) == 3
    assert all(0 <= seed < journals.SEEDS for seed in seeds.values())
    assert {key: seed_for(course, key) for key in seeds} == seeds
    other = SimpleNamespace(journal=tmp_path / "other")
    assert seed_for(other, "a") != seeds["a"]
    for lost in ("", "zz", "abcd"):
        (course.journal / "secret").write_text(lost)
        assert seed_for(course, "a") != seeds["a"]
        assert len(bytes.fromhex((course.journal / "secret").read_text())) == 32


# --- the version of tests --------------------------------------------------------------------


def cell(name, source, points=1.0):
    """Return a cell of an assignment."""
    return SourceCell(name, "code", source, None, True, True, False, False, points)


TINY = Assignment("tiny", (cell("a", "1"), cell("b", "2")), {"name": "python3"})


def test_every_cell_counts():
    versions = {
        version.test_version(assignment)
        for assignment in (
            TINY,
            replace(TINY, cells=TINY.cells[::-1]),
            replace(TINY, cells=(cell("a", "1"), cell("b", "3"))),
            replace(TINY, cells=(cell("a", "1"), cell("b", "2", 2.0))),
            replace(TINY, stem="other"),
            replace(TINY, stem="convolution"),
            replace(TINY, kernelspec={"name": "other"}),
            replace(TINY, cells=(*TINY.cells, cell("c", "from course_lib.checks import check"))),
        )
    }
    assert len(versions) == 8


def test_checks_of_ours_count_where_they_may_be_used():
    ours = replace(TINY, cells=(cell("a", "from course_lib.checks import check"),))
    assert version.topics_of(TINY) == ()
    assert version.topics_of(replace(TINY, stem="convolution")) == ("convolution",)
    assert "convolution" in version.topics_of(ours)


def relative(topics):
    """Return the judging files as text."""
    return {path.relative_to(version.ROOT).as_posix() for path in version.judging_files(topics)}


def test_what_judges_is_found_by_its_imports():
    core, topic = relative(()), relative(("convolution",))
    judges = {"convolution.py", "arguments.py", "checks/run.py", "checks/convolution/cases.py"}
    judges |= {"checks/convolution/misconceptions.py", "grading/score.py", "grading/sanitise.py"}
    assert judges <= topic
    assert {"grading/score.py", "grading/sanitise.py", "grading/submission.py"} <= core
    assert {path for path in core if path.startswith("grading/inside/")}
    assert "convolution.py" not in core
    assert not any("checks/convolution/" in path for path in core)
    others = ("exhibits/", "cli.py", "plots.py", "topics.py")
    others += tuple(f"grading/{n}.py" for n in ("store", "ledger", "commands", "reporting"))
    assert not [path for path in topic if path.startswith(others)]


EDITS = {
    "convolution.py": True,
    "arguments.py": True,
    "checks/convolution/cases.py": True,
    "checks/compare.py": True,
    "grading/sanitise.py": True,
    "grading/reporting.py": False,
    "exhibits/convolution.py": False,
    "plots.py": False,
    "cli.py": False,
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Copy course_lib."""
    target = tmp_path_factory.mktemp("copy") / "course_lib"
    skip = shutil.ignore_patterns("__pycache__", "front")
    return shutil.copytree(version.ROOT, target, ignore=skip)


@pytest.mark.parametrize("path", sorted(EDITS))
def test_an_edit_regrades_exactly_what_it_touches(copied, monkeypatch, path):
    monkeypatch.setattr(version, "ROOT", copied)
    code = version.judging_code.__wrapped__
    before = code(("convolution",)), code(())
    original = (copied / path).read_text()
    (copied / path).write_text(original + "\n# edited\n")
    after = code(("convolution",)), code(())
    (copied / path).write_text(original)
    assert (after[0] != before[0]) is EDITS[path]
    # A submission may import arguments.py, by way of data.py.
    alone = path in ("grading/sanitise.py", "checks/compare.py", "arguments.py")
    assert (after[1] != before[1]) is alone
