"""The command `course report`: a graded class on a terminal, as CSV, JSON and one HTML page."""

import csv as csv_module
from pathlib import Path
from typing import Annotated

import typer

from course_lib.grading.console import CourseFolder, Stem, marks_text, one_line_errors, table
from course_lib.grading.figures import (
    common_mistakes,
    has_result,
    part_success,
    summary,
)

__all__ = ["common_mistakes", "part_success", "print_class", "report"]

# What a spreadsheet runs as a formula, also in the wide forms of East Asian keyboards.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = ("student", "status", "auto", "auto_max", "manual", "manual_max", "pending")


def report(
    stem: Stem,
    csv: Annotated[Path | None, typer.Option(help="Write the marks to this CSV file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one page.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all numbers to this file.")] = None,
    course: CourseFolder = Path(),
):
    """Show a graded class: marks, parts, commonest mistakes, and who needs a look.

    Marks by hand are those of the gradebook at this moment.
    """
    with one_line_errors():
        from course_lib.grading import course as courses
        from course_lib.grading import files, store

        opened = courses.open_course(course)
        courses.check_stem(stem)
        entries = list(store.read_report(opened, stem)["students"].values())
        entries = _with_manual_marks(opened, stem, entries)
        found = summary(stem, entries)
        if csv is not None:
            files.write_text(csv, csv_text(entries))
        if html is not None:
            files.write_text(html, class_page(found))
        if json is not None:
            files.write_json(json, found)
        print_class(entries, found["mistakes"])
        _print_rest(found)


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


def _print_rest(found):
    rows = [
        (p["cell"], p["title"], p["passed"], p["failed"], p["skipped"], p["none"])
        for p in found["parts"]
    ]
    table("Parts", ("cell", "part", "passed", "failed", "skipped", "no result"), rows)
    for key, title in (("repaired", "Mended before grading"), ("suspicious", "For you only")):
        rows = [(row["student"], "; ".join(row["sentences"])) for row in found[key]]
        if rows:
            table(title, ("student", "what"), rows)
    for key, title in (("waiting", "Wait for marks by hand"), ("gone", "Handed in no more")):
        if found[key]:
            table(title, ("student",), [(name,) for name in found[key]])
    points = found["points"]
    if points["graded"]:
        table("Automatic points", ("share", "students", ""), _histogram(points["bins"]))
        typer.echo(
            f"mean {points['mean']:g}, median {points['median']:g}, from {points['least']:g} to "
            f"{points['most']:g} of {points['maximum']:g}; {points['graded']} of "
            f"{found['students']} submissions could be graded."
        )


def _histogram(bins):
    most = max(bins)
    return [
        (f"{10 * index}–{10 * index + 10} %", count, "█" * round(30 * count / most))
        for index, count in enumerate(bins)
    ]


def _with_manual_marks(course, stem, entries):
    """Return the entries with the manual marks that the gradebook has now."""
    from nbgrader.api import MissingEntry

    from course_lib.grading.assignment import load_assignment
    from course_lib.grading.course import open_gradebook

    if course.gradebook_file and not course.gradebook_file.exists():
        return entries
    try:
        with open_gradebook(course) as gradebook:
            manual = {cell.name for cell in load_assignment(gradebook, stem).cells if cell.manual}
            found = {
                submission.student_id: _by_hand(submission, manual)
                for submission in gradebook.assignment_submissions(stem)
            }
    except MissingEntry:
        return entries
    return [entry | found.get(entry["student"], {}) for entry in entries]


def _by_hand(submission, manual):
    marks = [g for notebook in submission.notebooks for g in notebook.grades if g.name in manual]
    return {
        "manual": float(sum(mark.score or 0.0 for mark in marks)),
        "pending": sum(bool(mark.needs_manual_grade) for mark in marks),
    }


def csv_text(entries):
    """Return one row a student, with a column for each graded cell; no result leaves it empty."""
    import io

    file = io.StringIO(newline="")
    writer = csv_module.writer(file)
    cells = list(dict.fromkeys(mark["name"] for entry in entries for mark in entry["marks"]))
    writer.writerow([_plain(name) for name in (*COLUMNS, *cells)])
    for entry in entries:
        points = {m["name"]: m["points"] for m in entry["marks"] if has_result(m)}
        row = [_plain(entry[name]) for name in COLUMNS]
        writer.writerow(row + [points.get(name, "") for name in cells])
    return file.getvalue()


def _plain(value):
    """Return a cell that a spreadsheet does not run as a formula."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value


def class_page(found):
    """Return the report of a class as one page that needs no script and asks for nothing.

    Args:
        found: what `summary` returned.
    """
    from course_lib.grading import pages

    most = max([*found["points"]["bins"], 1])
    return pages.render("class.html.j2", ("page.css", "class.css"), found=found, most=most)
