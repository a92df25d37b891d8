"""The command `course report`, and what it counts in a graded class."""

import csv as csv_module
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from course_lib.grading.console import CourseFolder, Stem, marks_text, one_line_errors, table


def report(
    stem: Stem,
    csv: Annotated[Path | None, typer.Option(help="Write the marks to this CSV file.")] = None,
    course: CourseFolder = Path(),
):
    """Show the marks of a graded class, how often each part passed, and the commonest mistakes."""
    with one_line_errors():
        from course_lib.grading import course as courses
        from course_lib.grading import store

        opened = courses.open_course(course)
        courses.check_stem(stem)
        entries = list(store.read_report(opened, stem)["students"].values())
        entries = _with_manual_marks(opened, stem, entries)
        if csv is not None:
            _write_csv(csv, entries)
        print_class(entries, common_mistakes(entries, stem))
        _print_parts(part_success(entries))


def _first_message(entry):
    """Return the first message that says more than the status does."""
    return next(iter(entry["instructor"]), "")


def print_class(entries, mistakes):
    """Print the marks of a class and its commonest mistakes."""
    rows = [(e["student"], e["status"], marks_text(e), _first_message(e)) for e in entries]
    table("Marks", ("student", "status", "marks", "first message"), rows)
    if mistakes:
        rows = [(m["students"], m["check"], m["hint"]) for m in mistakes]
        table("Commonest mistakes", ("students", "check", "hint"), rows)


def _print_parts(parts):
    rows = [(p["cell"], p["title"], f"{p['passed']}/{p['students']}") for p in parts]
    table("Parts", ("cell", "part", "passed"), rows)


def _with_manual_marks(course, stem, entries):
    """Return the entries with the manual marks that the gradebook has now."""
    from nbgrader.api import MissingEntry

    from course_lib.grading.assignment import load_assignment
    from course_lib.grading.course import open_gradebook
    from course_lib.grading.store import manual_marks

    if course.gradebook_file and not course.gradebook_file.exists():
        return entries
    try:
        with open_gradebook(course) as gradebook:
            assignment = load_assignment(gradebook, stem)
        found = [manual_marks(course, assignment, entry["student"]) for entry in entries]
    except MissingEntry:
        return entries
    return [
        entry
        | {
            "manual": sum(mark["points"] for mark in marks),
            "pending": sum(mark["pending"] for mark in marks),
        }
        for entry, marks in zip(entries, found, strict=True)
    ]


def _write_csv(path, entries):
    """Write one row a student, with a column for each graded cell."""
    from course_lib.grading.course import CourseError

    cells = list(dict.fromkeys(mark["name"] for entry in entries for mark in entry["marks"]))
    header = ["student", "status", "auto", "auto_max", "manual", "manual_max", "pending", *cells]
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv_module.writer(file)
            writer.writerow(header)
            for entry in entries:
                points = {mark["name"]: mark["points"] for mark in entry["marks"]}
                row = [_plain(entry["student"]), *(entry[name] for name in header[1:7])]
                writer.writerow(row + [points.get(name, 0.0) for name in cells])
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}).") from error


def _plain(text):
    """Return text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def part_success(entries):
    """Return, by check and part, how many of the students passed.

    Returns:
        A list of dicts with cell, part, title, passed and students, in the order of the assignment.
    """
    rows = {}
    for entry in entries:
        for mark in entry["marks"]:
            parts = rows.setdefault(mark["name"], {})
            for part in mark["parts"]:
                row = parts.setdefault(part["name"], {"title": part["title"], "passed": 0})
                row["passed"] += part["status"] == "passed"
    return [
        {"cell": cell, "part": part, **row, "students": len(entries)}
        for cell, parts in rows.items()
        for part, row in (parts or {"": {"title": "(no report)", "passed": 0}}).items()
    ]


def common_mistakes(entries, stem):
    """Return the misconceptions that checks recognised, commonest first.

    Returns:
        A list of dicts with check, name, hint and students.
    """
    counts = Counter()
    for entry in entries:
        seen = {
            (mark.get("check") or mark["name"], part["misconception"])
            for mark in entry["marks"]
            for part in mark["parts"]
            if part.get("misconception")
        }
        counts.update(seen)
    hints = _hints(stem) if counts else {}
    return [
        {"check": check, "name": name, "hint": hints.get((check, name), name), "students": number}
        for (check, name), number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _hints(stem):
    """Return the hints of a topic's misconceptions; not every assignment has checks of ours."""
    try:
        from course_lib.checks import load

        checks = load(stem)
    except (ImportError, ValueError, LookupError, AttributeError):
        return {}
    return {(check.name, m.name): m.hint for check in checks for m in check.misconceptions}
