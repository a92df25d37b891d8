"""The command `course grade`."""

import sys
from functools import partial
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from course_lib.grading.console import CourseFolder, one_line_errors, shortened

UNSAFE_HELP = (
    "Grade without the sandbox. Submissions then run as you: they can read and change your files, "
    "the gradebook, the solutions and other submissions, use the network, and fill memory and disk."
)
SCHEDULER_HELP = (
    "Grade on the Dask cluster at this address instead, tls://HOST:PORT or tcp://HOST:PORT. With "
    "tcp nobody is authenticated: who reaches that port can run code as you."
)


def grade(
    stems: Annotated[
        list[str], typer.Argument(metavar="STEM...", help="The assignments, for instance unet.")
    ],
    student: Annotated[
        str, typer.Option(help="Only students that match, for instance 'a*'.")
    ] = "*",
    workers: Annotated[int, typer.Option(min=1, help="Submissions graded at the same time.")] = 2,
    scheduler: Annotated[str | None, typer.Option(help=SCHEDULER_HELP)] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the results to this file.")] = None,
    memory: Annotated[float | None, typer.Option(help="GiB of memory of a submission.")] = None,
    cell_seconds: Annotated[float | None, typer.Option(help="Seconds of one cell.")] = None,
    submission_seconds: Annotated[
        float | None, typer.Option(help="Seconds of a submission.")
    ] = None,
    unsafe_no_sandbox: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help=UNSAFE_HELP)
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Grade again what has not changed.")
    ] = False,
    course: CourseFolder = Path(),
):
    """Grade a class: submitted/<student>/STEM/STEM.ipynb, each in a sandbox.

    Marks go to the gradebook, graded notebooks to autograded/, details to reports/STEM.json.
    Several assignments share the workers, which take a while to start. What has not changed since
    it was graded is not graded again, and a run that was ended goes on where it was.

    Ends with status 0 when every submission was graded, whatever the marks; with 1 when a folder
    was left out for its name, when grading one failed, or when grading could not go on.
    """
    with one_line_errors():
        from course_lib.grading import classroom, files, locks
        from course_lib.grading.cluster import Cluster, check_address
        from course_lib.grading.course import CourseError, check_assignment, open_course

        opened = open_course(course)
        for stem in (stems := list(dict.fromkeys(stems))):
            check_assignment(opened, stem)
        check_address(scheduler)
        limits = {
            stem: _limits(
                classroom.configured_limits(opened, stem), memory, cell_seconds, submission_seconds
            )
            for stem in stems
        }
        sandboxed = _sandboxed(unsafe_no_sandbox)
        for stem in stems:
            classroom.find_submissions(opened, stem, student)
        locks.check_writable(opened)
        if json is not None and len(stems) > 1:
            raise CourseError(
                f"--json writes the results of one assignment; you named {len(stems)}. Leave it "
                "out and read reports/STEM.json, or grade one at a time."
            )
        if json is not None:
            files.check_place(json)
        warm = stems, sandboxed, _modules(opened, stems)
        with locks.only_writer(opened), Cluster(workers, scheduler, warm) as cluster:
            locks.sweep()
            if force or any(classroom.looks_new(opened, stem, student) for stem in stems):
                cluster.start()
            partly = False
            for stem in stems:
                if len(stems) > 1:
                    typer.echo(f"\n{stem}")
                gathered = classroom.gather(opened, stem, student, limits[stem], sandboxed)
                run = _show_and_store(gathered, cluster, force, json)
                partly = partly or gathered.left_out or run.failed
        if partly:
            raise typer.Exit(1)


def _show_and_store(gathered, cluster, force, json):
    """Grade with a progress bar, print the class, write the JSON file; return the `Run`."""
    from course_lib.grading import files
    from course_lib.grading.classroom import Run
    from course_lib.grading.reporting import common_mistakes, print_class

    for warning in gathered.warnings:
        typer.echo(f"warning: {warning}", err=True)
    run = Run(gathered, cluster, force)
    entries = _grade_with_progress(run, len(gathered.folders))
    for name in run.journal.damaged:
        typer.echo(f"warning: {name} in the journal was damaged; graded again.", err=True)
    stem, directory = gathered.assignment.stem, gathered.course.directory
    mistakes = common_mistakes(entries, stem)
    if json is not None:
        files.write_json(json, {"stem": stem, "students": entries, "mistakes": mistakes})
    print_class(entries, mistakes)
    typer.echo(f"\n{_summary(entries, run.graded)}")
    typer.echo(
        f"Marks are in the gradebook, details in reports/{stem}.json, graded notebooks in "
        f"{directory.autograded_directory}/."
    )
    if run.graded and gathered.sandboxed and cluster.scheduler is None:
        _say_what_stands_in()
    if run.failed:
        typer.echo(f"warning: {_failure(run)}", err=True)
    return run


def _say_what_stands_in():
    """Say what bounded memory and processes on this computer where control groups could not."""
    from course_lib.grading.launch import find_cgroups

    if find_cgroups().reason:
        typer.echo(f"note: {find_cgroups().reason}", err=True)


def _failure(run):
    """Say that there are submissions without marks for which no student is to blame."""
    count, why = len(run.failed), run.entries[run.failed[0]]["instructor"][0].rstrip(".")
    names = [shortened(name, 30) for name in run.failed[:5]] + ["..."] * (count > 5)
    return (
        f"{count} of {len(run.entries)} submissions could not be graded ({', '.join(names)}): "
        f"{why}. They keep the marks that they had, and without any have none for that reason "
        "alone. Grade again when that is mended."
    )


def _modules(course, stems):
    """Return what the assignments' own cells import; the sources are read without nbgrader."""
    from json import loads

    from course_lib.grading.warm import imported_modules

    found = []
    for stem in stems:
        try:
            cells = loads(course.source_notebook(stem).read_text(encoding="utf-8"))["cells"]
            locked = [c for c in cells if c["metadata"].get("nbgrader", {}).get("locked")]
            found += imported_modules(["".join(cell["source"]) for cell in locked])
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue  # what is wrong with it is said where it is used
    return list(dict.fromkeys(found))


def _limits(limits, memory, cell_seconds, submission_seconds):
    from course_lib.grading.course import CourseError

    try:
        return limits.with_changes(
            memory=memory if memory is None or not isfinite(memory) else int(memory * 2**30),
            cell_seconds=cell_seconds,
            submission_seconds=submission_seconds,
        )
    except ValueError as error:
        raise CourseError(str(error)) from error


def _sandboxed(unsafe):
    """Return whether submissions run in the sandbox; refuse where there is none."""
    from course_lib.grading import sandbox
    from course_lib.grading.course import CourseError

    if unsafe:
        typer.echo("warning: no sandbox; submissions run with all your rights.", err=True)
        return False
    problem = sandbox.sandbox_problem()
    if problem:
        raise CourseError(sandbox.NO_SANDBOX.format(reason=problem))
    sandbox.install()
    return True


def _grade_with_progress(run, total):
    """Grade, and say so: with a bar on a terminal, with a line for each student elsewhere."""
    if not sys.stdout.isatty():
        run.progress = partial(_say, count(1), total)
        return run.grade()
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("Grading", total=total)

        def advance(entry, _):
            # A name may hold what Rich reads as markup, or be longer than the terminal.
            name = escape(shortened(entry["student"], 30))
            bar.update(task, advance=1, description=f"{name}: {entry['status']}")

        run.progress = advance
        entries = run.grade()
        bar.update(task, description="Grading")
    return entries


def _say(numbers, total, entry, new):
    """Print a line as soon as a submission is graded; the unchanged ones are only counted."""
    number = next(numbers)
    if new:
        typer.echo(f"[{number}/{total}] {entry['student']}: {entry['status']}")
        sys.stdout.flush()


def _summary(entries, graded):
    """Return how many submissions ended in which status, best first."""
    from course_lib.grading.submission import STATUSES

    counts = [(sum(e["status"] == status for e in entries), status) for status in STATUSES[::-1]]
    parts = ", ".join(f"{count} {status}" for count, status in counts if count)
    plural = "" if len(entries) == 1 else "s"
    unchanged = len(entries) - graded
    taken = f" {unchanged} unchanged, {graded} graded now." if unchanged else ""
    return f"{len(entries)} submission{plural}: {parts}.{taken}"
