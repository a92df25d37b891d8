"""The commands `course grade` and `course report`."""

import csv as csv_module
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Stem = Annotated[str, typer.Argument(help="The assignment, for instance convolution.")]
CourseFolder = Annotated[
    Path, typer.Option("--course", help="The course's folder, if it is not here or above.")
]
UNSAFE_HELP = (
    "Grade without the sandbox. Submissions then run as you: they can read and change your files, "
    "the gradebook, the solutions and other submissions, use the network, and fill memory and disk."
)


def grade(
    stem: Stem,
    student: Annotated[
        str, typer.Option(help="Only students that match, for instance 'a*'.")
    ] = "*",
    workers: Annotated[int, typer.Option(min=1, help="Submissions graded at the same time.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Also write the results to this file.")] = None,
    memory: Annotated[float | None, typer.Option(help="GiB of memory of a submission.")] = None,
    cell_seconds: Annotated[float | None, typer.Option(help="Seconds of one cell.")] = None,
    submission_seconds: Annotated[
        float | None, typer.Option(help="Seconds of a submission.")
    ] = None,
    unsafe_no_sandbox: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help=UNSAFE_HELP)
    ] = False,
    course: CourseFolder = Path(),
):
    """Grade a class: submitted/<student>/STEM/STEM.ipynb, each in a sandbox.

    Marks go to the gradebook, graded notebooks to autograded/, details to reports/STEM.json.
    Ends with status 0 when every submission ended in a status, whatever the marks.
    """
    with _one_line_errors():
        from course_lib.grading import classroom, store
        from course_lib.grading.course import check_assignment, open_course

        opened = open_course(course)
        check_assignment(opened, stem)
        limits = classroom.configured_limits(opened)
        limits = _limits(limits, memory, cell_seconds, submission_seconds)
        kernel = _kernel(unsafe_no_sandbox)
        classroom.find_submissions(opened, stem, student)
        store.check_writable(opened)
        if json is not None:
            store.write_json(json, {"stem": stem, "students": []})
        with store.only_writer(opened):
            gathered = classroom.gather(opened, stem, student, limits, kernel)
            _show_and_store(gathered, workers, json)


def _show_and_store(gathered, workers, json):
    """Grade with a progress bar, print the class, and write the JSON file if one is wanted."""
    from course_lib.grading import classroom, store

    for warning in gathered.warnings:
        typer.echo(f"warning: {warning}", err=True)
    entries = _grade_with_progress(gathered, workers)
    stem, directory = gathered.assignment.stem, gathered.course.directory
    mistakes = classroom.common_mistakes(entries, stem)
    if json is not None:
        store.write_json(json, {"stem": stem, "students": entries, "mistakes": mistakes})
    _print_class(entries, mistakes)
    typer.echo(f"\n{_summary(entries)}")
    typer.echo(
        f"Marks are in the gradebook, details in reports/{stem}.json, graded notebooks in "
        f"{directory.autograded_directory}/."
    )


def report(
    stem: Stem,
    csv: Annotated[Path | None, typer.Option(help="Write the marks to this CSV file.")] = None,
    course: CourseFolder = Path(),
):
    """Show the marks of a graded class, how often each part passed, and the commonest mistakes."""
    with _one_line_errors():
        from course_lib.grading import classroom as classes
        from course_lib.grading import course as courses
        from course_lib.grading import store

        opened = courses.open_course(course)
        courses.check_stem(stem)
        entries = list(store.read_report(opened, stem)["students"].values())
        entries = _with_manual_marks(opened, stem, entries)
        if csv is not None:
            _write_csv(csv, entries)
        _print_class(entries, classes.common_mistakes(entries, stem))
        _print_parts(classes.part_success(entries))


@contextmanager
def _one_line_errors():
    """Turn what an instructor can act on into one line on stderr and exit status 1."""
    from course_lib.grading.course import CourseError

    try:
        yield
    except CourseError as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # `course report ... | head` has seen enough; Python must not flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        # A full disk, or a place that became unwritable while the class was graded.
        typer.echo(f"course: {error.filename or 'a file'}: {error.strerror or error}.", err=True)
        raise typer.Exit(1) from None


def _limits(limits, memory, cell_seconds, submission_seconds):
    from course_lib.grading.course import CourseError

    try:
        return limits.with_changes(
            memory=None if memory is None else int(memory * 2**30),
            cell_seconds=cell_seconds,
            submission_seconds=submission_seconds,
        )
    except ValueError as error:
        raise CourseError(str(error)) from error


def _kernel(unsafe):
    """Return the kernel that runs submissions; refuse where there is no sandbox."""
    from course_lib.grading import sandbox
    from course_lib.grading.course import CourseError

    if unsafe:
        typer.echo("warning: no sandbox; submissions run with all your rights.", err=True)
        return "python3"
    problem = sandbox.sandbox_problem()
    if problem:
        raise CourseError(sandbox.NO_SANDBOX.format(reason=problem))
    sandbox.install()
    return sandbox.KERNEL_NAME


def _grade_with_progress(gathered, workers):
    from course_lib.grading.classroom import grade_class

    total = len(gathered.bundles)
    if not sys.stdout.isatty():
        return grade_class(gathered, workers)
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("Grading", total=total)

        def advance(entry):
            # A name may hold what Rich reads as markup, or be longer than the terminal.
            name = escape(shortened(entry["student"], 30))
            bar.update(task, advance=1, description=f"{name}: {entry['status']}")

        entries = grade_class(gathered, workers, advance)
        bar.update(task, description="Grading")
    return entries


def shortened(text, length):
    """Return text of at most `length` characters.

    Example:
        >>> shortened("a long name", 6)
        'a lon…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def marks_text(entry):
    """Return an entry's marks for a reader.

    Example:
        >>> marks_text({"auto": 3.5, "auto_max": 8, "manual": 0, "manual_max": 4, "pending": 1})
        '3.5/8, 4 to mark by hand'
    """
    text = f"{entry['auto']:g}/{entry['auto_max']:g}"
    if entry["pending"]:
        return f"{text}, {entry['manual_max']:g} to mark by hand"
    if entry["manual_max"]:
        return f"{text} + {entry['manual']:g}/{entry['manual_max']:g}"
    return text


def _summary(entries):
    """Return how many submissions ended in which status, best first."""
    from course_lib.grading.submission import STATUSES

    counts = [(sum(e["status"] == status for e in entries), status) for status in STATUSES[::-1]]
    parts = ", ".join(f"{count} {status}" for count, status in counts if count)
    plural = "" if len(entries) == 1 else "s"
    return f"{len(entries)} submission{plural}: {parts}."


def _first_message(entry):
    """Return the first message that says more than the status does."""
    return next(iter(entry["instructor"]), "")


def _table(title, header, rows):
    """Print a table: drawn on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        typer.echo(f"\n{title}")
        for row in [header, *rows]:
            typer.echo("\t".join(" ".join(str(value).split()) for value in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name)
    for row in rows:
        # Text, not str: a student's message may hold what Rich reads as markup.
        table.add_row(*(Text(str(value)) for value in row))
    Console().print(table)


def _print_class(entries, mistakes):
    rows = [(e["student"], e["status"], marks_text(e), _first_message(e)) for e in entries]
    _table("Marks", ("student", "status", "marks", "first message"), rows)
    if mistakes:
        rows = [(m["students"], m["check"], m["hint"]) for m in mistakes]
        _table("Commonest mistakes", ("students", "check", "hint"), rows)


def _print_parts(parts):
    rows = [(p["cell"], p["title"], f"{p['passed']}/{p['students']}") for p in parts]
    _table("Parts", ("cell", "part", "passed"), rows)


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
