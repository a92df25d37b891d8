"""Grades a class: finds submissions, grades them in parallel, stores results, counts mistakes."""

import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic

from course_lib.grading.course import CourseError, sync_assignment
from course_lib.grading.limits import Limits
from course_lib.grading.notes import INSTRUCTOR, STUDENT, Note
from course_lib.grading.submission import Bundle, failed_result, grade_submission

STARTUP_SECONDS = 120
REPORT_SECONDS = 5


@dataclass(frozen=True)
class Classroom:
    """A class that is about to be graded.

    Attributes:
        course: the `Course`.
        assignment: the `Assignment`.
        bundles: one `Bundle` a submission, by student.
        warnings: sentences for the instructor.
    """

    course: object
    assignment: object
    bundles: tuple
    warnings: tuple = field(default=())


def gather(course, stem, student="*", limits=None, kernel_name="course-sandbox"):
    """Find the submissions of an assignment and bring the gradebook up to date.

    Raises:
        CourseError: if there is no such assignment or nothing was handed in.
    """
    assignment, fresh = sync_assignment(course, stem)
    warnings = []
    if fresh is False:
        warnings.append(
            f"assignments/{stem} is not what solutions/{stem} generates; run `make assignments`."
        )
    limits = limits or configured_limits(course)
    warnings += unusable_names(course)
    bundles = tuple(
        Bundle(path.parent.name, str(path), assignment, limits, kernel_name)
        for path in find_submissions(course, stem, student)
    )
    return Classroom(course, assignment, bundles, tuple(warnings))


def configured_limits(course):
    """Return the limits that nbgrader_config.py sets.

    Raises:
        CourseError: if one of them is not a positive number.
    """
    chosen = course.config.get("SandboxExecute", {})
    names = ("memory", "cell_seconds", "submission_seconds", "output_bytes")
    try:
        return Limits().with_changes(**{name: chosen[name] for name in names if name in chosen})
    except (TypeError, ValueError) as error:
        raise CourseError(f"a limit in the configuration is wrong: {error}") from error


def find_submissions(course, stem, student="*"):
    """Return the paths `submitted/<student>/<stem>`, sorted by student.

    Raises:
        CourseError: if there are none.
    """
    place = course.submitted
    if not place.is_dir():
        raise CourseError(
            f"{place} is missing; put each student's notebook at "
            f"<student>/{stem}/{stem}.ipynb there."
        )
    people = [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found = [p / stem for p in people if p.name.isprintable() and _exists(p / stem)]
    if not found:
        raise CourseError(f"{place} has no submission of {stem!r} (<student>/{stem}/{stem}.ipynb).")
    chosen = sorted((p for p in found if fnmatchcase(p.parent.name, student)), key=str)
    if not chosen:
        raise CourseError(
            f"no student matches {student!r} among {len(found)} submissions of {stem!r}."
        )
    return chosen


def _exists(path: Path):
    # What may not be looked at is unreadable, not absent.
    return os.path.lexists(path) or not os.access(path.parent, os.X_OK)


def unusable_names(course):
    """Return a warning for each folder whose name no gradebook or terminal can take."""
    names = sorted(p.name for p in course.submitted.iterdir() if not p.name.isprintable())
    return [
        f"the folder {name!a} in {course.submitted.name}/ was left out; give it a name of "
        "printable characters in UTF-8."
        for name in names
    ]


def grade_class(classroom, workers=2, progress=None):
    """Grade all submissions and store each result as it comes.

    Args:
        classroom: the `Classroom`.
        workers: how many submissions run at the same time.
        progress: called with each student's entry, for a progress bar.

    Returns:
        The entries of the report, by student.
    """
    from course_lib.grading.pool import run_all
    from course_lib.grading.store import save, write_report

    course, assignment = classroom.course, classroom.assignment
    if not classroom.bundles:
        return []
    seconds = classroom.bundles[0].limits.submission_seconds * 2 + STARTUP_SECONDS
    entries, written = [], monotonic()
    try:
        for bundle, result in run_all(grade_submission, classroom.bundles, workers, seconds):
            entry = save(course, assignment, bundle.folder, result or _lost(bundle))
            entries.append(entry)
            if monotonic() > written + REPORT_SECONDS:
                # A grader that is killed keeps what it had.
                write_report(course, assignment, entries)
                written = monotonic()
            if progress is not None:
                progress(entry)
    finally:
        # An interrupted class keeps what was graded.
        if entries:
            write_report(course, assignment, entries)
    return sorted(entries, key=lambda entry: entry["student"])


def _lost(bundle):
    notes = [
        Note(
            "The process that graded it was lost twice; grade it alone to see why.", to=INSTRUCTOR
        ),
        Note("The grader could not finish; your instructor will look at it.", to=STUDENT),
    ]
    return failed_result(bundle, "died", notes)
