"""The command `course feedback`: nbgrader's own converter, started once for a class."""

import logging
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from course_lib.grading.console import CourseFolder, Stem, one_line_errors

LOG = "course_lib.grading.feedback"


def feedback(
    stem: Stem,
    student: Annotated[
        str, typer.Option(help="Only students that match, for instance 'a*'.")
    ] = "*",
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that make pages; worth it for hundreds.")
    ] = 1,
    course: CourseFolder = Path(),
):
    """Make each student's page: marks, what was mended, what failed and why, and the notebook.

    Pages go to feedback/<student>/STEM/STEM.html, as those of `nbgrader generate_feedback` do, and
    `nbgrader release_feedback STEM` hands them out. Hidden tests and their numbers are not in them.
    """
    with one_line_errors():
        from course_lib.grading.course import (
            CourseError,
            check_stem,
            open_course,
            open_gradebook,
        )

        opened = open_course(course)
        check_stem(stem)
        students = graded_students(opened, stem, student)
        with open_gradebook(opened):
            pass  # one that is broken or locked is said once, in our words
        failed = make_pages(opened.root, stem, students, workers)
        for name, reason in sorted(failed.items()):
            typer.echo(f"course: no feedback for {name!a}: {reason}", err=True)
        made, folder = len(students) - len(failed), opened.directory.feedback_directory
        typer.echo(
            f"{made} page{'' if made == 1 else 's'} in {folder}/<student>/{stem}/{stem}.html."
        )
        if failed:
            raise CourseError(f"{len(failed)} of {len(students)} pages could not be made.")


def graded_students(course, stem, student="*"):
    """Return the names of the students whose graded notebook is there, sorted.

    Raises:
        CourseError: if there are none.
    """
    from course_lib.grading.course import CourseError

    found = sorted(path.parts[-3] for path in course.autograded.glob(f"*/{stem}/{stem}.ipynb"))
    if not found:
        raise CourseError(f"nothing of {stem!r} is graded yet; run `course grade {stem}` first.")
    chosen = [name for name in found if fnmatchcase(name, student)]
    if not chosen:
        raise CourseError(f"no student matches {student!r} among {len(found)} graded ones.")
    return chosen


def make_pages(root, stem, students, workers=1):
    """Make the feedback pages of some students.

    Args:
        root: the course's folder.
        stem: the assignment's.
        students: their names.
        workers: how many processes share the work.

    Returns:
        A dict: of each student whose page could not be made, the reason.
    """
    workers = min(workers, len(students))
    if workers < 2:
        return _make(str(root), stem, students)
    shares, failed = [students[first::workers] for first in range(workers)], {}
    # A fork would copy the gradebook's open connection.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(_make, str(root), stem, share): share for share in shares}
        for job in as_completed(jobs):
            try:
                failed |= job.result()
            except BrokenProcessPool:
                failed |= dict.fromkeys(jobs[job], "its process was lost; try it with --workers 1.")
    return failed


class _Reasons(logging.Handler):
    """Keeps the last line of what nbgrader logs as an error: the exception's own."""

    last = ""

    def emit(self, record):
        lines = [line for line in record.getMessage().splitlines() if line.strip()]
        if lines and "error" in lines[-1].lower() and "Traceback" in lines[0]:
            self.last = lines[-1]


def _make(root, stem, students):
    from nbgrader.converters import GenerateFeedback
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    from course_lib.grading.course import gradebook_errors, open_course

    course, failed, reasons = open_course(root), {}, _Reasons(logging.ERROR)

    class Pages(GenerateFeedback):
        """Goes over the given students; one that fails does not stop the others."""

        def init_notebooks(self):
            # nbgrader would take a name with brackets for a pattern.
            places = {name: self._format_source(stem, name) for name in students}
            self.places = {name: (at, [f"{at}/{stem}.ipynb"]) for name, at in places.items()}

        def init_assignment(self, assignment_id, student_id):
            super().init_assignment(assignment_id, student_id)
            # Beside a name with brackets nbgrader copies the graded notebook, hidden tests and all.
            for copy in Path(self._format_dest(assignment_id, student_id)).rglob("*.ipynb"):
                copy.unlink()

        def convert_notebooks(self):
            for name, (at, notebooks) in self.places.items():
                self.assignments, reasons.last = {at: notebooks}, ""
                try:
                    super().convert_notebooks()
                except NbGraderException:
                    failed[name] = reasons.last or "nbgrader gives no reason."

    directory = CourseDirectory(config=course.config)
    directory.root, directory.assignment_id = str(course.root), stem
    converter = Pages(coursedir=directory, config=course.config)
    converter.force = True
    converter.log = logging.getLogger(LOG)
    converter.log.propagate = False
    converter.log.setLevel(logging.ERROR)
    converter.log.addHandler(reasons)
    try:
        with gradebook_errors(course):
            converter.start()
    finally:
        converter.log.removeHandler(reasons)
    return failed
