"""The report of a class: what is counted, and each form that it is written in."""

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from course_lib.checks.report import Outcome, Report
from course_lib.grading import figures, reporting
from course_lib.grading.course import open_course, open_gradebook, sync_assignment
from course_lib.grading.told import for_us_only, told
from tests.grading_helpers import STEM, make_course

APP = typer.Typer()
APP.command()(reporting.report)

SAID = ("double-test: 1 of 2 points.", "a.bin was left out.")
NASTY = '=HYPERLINK("x")<script>window.__pwned=1</script>[red]'


def part(name, status, misconception=None):
    title = f"{name} is right"
    return {"name": name, "title": title, "status": status, "misconception": misconception}


def mark(name, points, *parts, reason="not passed", suspicious=()):
    found = {"name": f"{name}-test", "check": name, "points": points, "maximum": 2.0}
    return found | {"reason": reason, "parts": list(parts), "suspicious": list(suspicious)}


def entry(student, status, *marks, messages=(), instructor=(), **more):
    auto = sum(m["points"] for m in marks)
    base = {"student": student, "status": status, "auto": auto, "auto_max": 4.0, "manual": 0.0}
    base |= {"manual_max": 4.0, "pending": 0, "marks": list(marks), "seconds": 1.0}
    return base | {"messages": ["Headline.", *messages], "instructor": list(instructor), **more}


def a_class():
    good = mark("double", 2.0, part("one", "passed"), part("two", "passed"), reason="")
    half = mark("double", 1.0, part("one", "passed"), part("two", "failed", "swapped"))
    late = mark("double", 0.0, part("one", "failed", "swapped"), part("two", "skipped"))
    silent = mark("square", 0.0, reason="it stopped with NameError: x")
    full = mark("square", 2.0, part("three", "passed"), reason="", suspicious=["odd replies."])
    mended = "The cell 'x' was changed; the original was restored."
    return [
        entry("ann", "graded", good, full, instructor=["odd replies."], gone=True),
        entry(
            "ben",
            "wrong",
            half,
            silent,
            messages=SAID,
        ),
        entry(NASTY, "repaired", late, silent, messages=[mended], instructor=[mended]),
        entry("gus", "unreadable", mark("double", 0.0, reason="unreadable"), silent, pending=1),
    ]


def test_no_result_is_not_a_failure():
    rows = {row["part"]: row for row in figures.part_success(a_class())}
    counted = [(r["passed"], r["failed"], r["skipped"], r["none"]) for r in rows.values()]
    assert counted == [(2, 1, 0, 1), (1, 1, 1, 1), (1, 0, 0, 3)]
    checks = {row["cell"]: row for row in figures.check_success(a_class())}
    assert (checks["double-test"]["mean"], checks["double-test"]["results"]) == (1.0, 3)
    assert (checks["square-test"]["mean"], checks["square-test"]["none"]) == (2.0, 3)


def test_marks_are_spread_over_those_who_could_be_graded():
    points = figures.distribution(a_class())
    assert (points["graded"], points["mean"], points["median"]) == (3, 1.67, 1.0)
    assert points["bins"] == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert figures.distribution([]) | {"bins": 0} == {
        **dict.fromkeys(("mean", "median", "least", "most")),
        "graded": 0,
        "maximum": 0.0,
        "bins": 0,
    }


def test_who_needs_a_look():
    found = figures.summary(STEM, a_class())
    assert found["waiting"] == ["gus"]
    assert found["gone"] == ["ann"]
    assert [row["student"] for row in found["repaired"]] == [NASTY]
    assert found["suspicious"] == [{"student": "ann", "sentences": ["odd replies."]}]
    assert list(found["statuses"].items()) == [
        ("graded", 1),
        ("wrong", 1),
        ("repaired", 1),
        ("unreadable", 1),
    ]
    assert found["mistakes"][0]["students"] == 2


def test_what_was_said_is_sorted_with_notes_and_without():
    notes = [
        {"text": "Mended.", "to": "both", "repair": True},
        {"text": "Secret.", "to": "instructor", "repair": False},
        {"text": "Left out.", "to": "both", "repair": False},
    ]
    said = entry("ann", "wrong", messages=["Mended.", "Left out."], instructor=["Secret."])
    assert told(said | {"notes": notes}) == {
        "headline": "Headline.",
        "mended": ["Mended."],
        "messages": ["Left out."],
    }
    assert told({}, notes)["mended"] == ["Mended."]
    assert "Secret." not in str(told({}, notes))
    plain = entry("bo", "timeout", messages=["While it ran: too long.", "Cell 'x' was restored."])
    assert told(plain)["mended"] == ["Cell 'x' was restored."]
    assert told(plain)["messages"] == ["While it ran: too long."]
    assert told(entry("cy", "unreadable", messages=["x is not JSON."]))["mended"] == []
    assert for_us_only(said) == ["Secret."]


def test_csv_runs_no_formula_and_leaves_no_result_empty():
    odd = [
        entry(name, "wrong", mark("double", 1.0, part("one", "passed")))
        for name in ("=1+1", "+1", "-1", "@x", " =1", "\uff1d1", 'a,"b"', "Zoë")
    ]
    rows = list(csv.DictReader(io.StringIO(reporting.csv_text([*a_class(), *odd]), newline="")))
    names = [row["student"] for row in rows]
    assert names[4:] == ["'=1+1", "'+1", "'-1", "'@x", "' =1", "'\uff1d1", 'a,"b"', "Zoë"]
    assert names[2] == f"'{NASTY}"
    assert rows[0]["double-test"] == "2.0"
    assert rows[1]["square-test"] == ""
    assert rows[3]["double-test"] == ""


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A course with a report, and what the command printed and wrote."""
    root = make_course(tmp_path_factory.mktemp("reported"))
    course = open_course(root)
    sync_assignment(course, STEM)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student("ann")
        gradebook.update_or_create_submission(STEM, "ann")
        grade = gradebook.find_grade("why", STEM, STEM, "ann")
        grade.manual_score, grade.needs_manual_grade = 3.5, False
        gradebook.db.commit()
    (root / "reports").mkdir()
    students = {row["student"]: row for row in a_class()}
    (root / "reports" / f"{STEM}.json").write_text(json.dumps({"students": students}))
    files = [f"--{kind}={root / 'out'}.{kind}" for kind in ("csv", "html", "json")]
    done = CliRunner().invoke(APP, [STEM, *files, "--course", str(root)])
    assert done.exit_code == 0, (done.output, done.exception)
    return root, done.stdout


def test_the_command_shows_all_and_knows_the_gradebooks_marks(reported):
    root, shown = reported
    assert "ann\tgraded\t4/4 + 3.5/4" in shown
    assert "double-test\ttwo is right\t1\t1\t1\t1" in shown
    assert "Wait for marks by hand" in shown
    assert "mean 1.67, median 1, from 0 to 4 of 4; 3 of 4 submissions could be graded." in shown
    found = json.loads((root / "out.json").read_text())
    assert found["marks"][0]["manual"] == 3.5
    assert (root / "out.csv").read_bytes().startswith(b"student,status,auto")
    assert oct(Path(root / "out.html").stat().st_mode)[-3:] == "644"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_is_readable_asks_for_nothing_and_runs_nothing(reported, visit, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    path = reported[0] / "out.html"
    assert NASTY in unescape(path.read_text())
    assert "<script" not in path.read_text()
    size = {"width": width, "height": 900}
    seen = visit(path.as_uri(), viewport=size, color_scheme=scheme)
    assert (seen.remote, seen.faults, seen.addresses) == ([], [], [path.as_uri()])
    assert seen.page.evaluate("window.__pwned") is None
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()
    for table in seen.page.query_selector_all("table"):
        assert table.query_selector("caption")
        assert table.query_selector("th[scope=row], th[scope=rowgroup]")


# --- the report of a check --------------------------------------------------------------------


def outcome(name, status, **more):
    return Outcome(name, f"{name} works", status, 1, **more)


def test_a_checks_report_is_short_and_keeps_all_it_knows():
    failed = {"tried": "f(1)", "came": "2", "expected": "3", "hint": "An <idea>.", "read": "b#c"}
    parts = (
        outcome("one", "passed"),
        outcome("two", "failed", **failed),
        outcome("three", "failed", **failed | {"came": "5"}),
        outcome("four", "failed", **failed | {"came": "7", "hint": "Another."}),
        outcome("five", "skipped", message="This builds on two."),
        outcome("six", "passed"),
    )
    report = Report("convolution", "conv2d", "Convolve", False, parts)
    page, text = report.to_html(), str(report)
    assert re.search(r"<summary>[^/]*</span>.*2 parts passed</summary>", page)
    assert page.count("<details>") == 3  # two later failures, and what passed
    for title in ("one", "two", "three", "four", "five", "six"):
        assert f"{title} works" in page
    assert "An &lt;idea&gt;." in page
    assert page.count("f(1)") == 3
    assert "  ✓ passed: one, six" in text.splitlines()
    assert text.count("tried") == 3
