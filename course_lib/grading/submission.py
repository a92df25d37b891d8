"""Grades one submission: a bundle in, JSON out, in a process of its own that is thrown away."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from course_lib.grading.assignment import Assignment
from course_lib.grading.choosing import UnreadableError
from course_lib.grading.limits import Limits
from course_lib.grading.notes import INSTRUCTOR, STUDENT, Note, texts
from course_lib.grading.warm import (
    GRACE_SECONDS,
    SharedWarm,
    Warm,
    WarmError,
    WarmTimeout,
    imported_modules,
)

# Worst first; a submission has the worst that applies.
STATUSES = ("unreadable", "died", "out of memory", "timeout", "repaired", "wrong", "graded")

HEADLINE = {
    "unreadable": "Your notebook could not be read, so it has no marks yet.",
    "died": "Your notebook ended Python while it was graded; what came after has no marks.",
    "out of memory": "Your notebook needed more memory than there is.",
    "timeout": "Your notebook ran into a time limit.",
    "repaired": "Your notebook had to be mended before it was graded.",
    "wrong": "Some parts do not pass yet.",
    "graded": "All automatic checks pass.",
}
NOT_RUN = "not run: "
ATTEMPTS = 2

__all__ = ["STATUSES", "Bundle", "UnreadableError", "failed_result", "grade_submission"]


@dataclass(frozen=True)
class Bundle:
    """All that grading a submission depends on; it crosses to workers on other machines.

    Attributes:
        student: the name of the submission's folder.
        files: contents by path, as `packing.pack` read them.
        left_out: sentences about files that were not packed.
        problem: why there is nothing to grade, or "".
        assignment: the cells and tests.
        limits: what the submission may use.
        seed: of the hidden draws.
        sandboxed: whether it is shut in; False if the instructor gave the sandbox up.
    """

    student: str
    files: dict = field(repr=False)
    left_out: tuple
    problem: str
    assignment: Assignment = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    seed: int = 1
    sandboxed: bool = True


class _Worker:
    """The warm process of this worker."""

    warm = None
    lock = threading.Lock()


def warm_up(stems, sandboxed=True, modules=(), place=""):
    """Start this process's warm process, so that the first submission does not wait for it.

    Args:
        stems: name the assignments.
        sandboxed: whether submissions will be shut in.
        modules: what the assignments' own cells import.
        place: where a warm process of this computer listens that all workers share; without one, or
            if it is gone, the worker starts its own.
    """
    with _Worker.lock:
        warm = _Worker.warm
        if warm is not None and warm.sandboxed == sandboxed and warm.alive():
            return warm
        if warm is not None:
            warm.close()
        _Worker.warm = None
        with suppress(OSError):
            _Worker.warm = SharedWarm(place, sandboxed) if place else None
        _Worker.warm = _Worker.warm or Warm(stems, sandboxed, modules)
        return _Worker.warm


def cool_down():
    """End this process's warm process, if there is one."""
    with _Worker.lock:
        if _Worker.warm is not None:
            _Worker.warm.close()
        _Worker.warm = None


def run_warm(name, bundle):
    """Run a job on a bundle in a trusted process; once more if that process was lost.

    Raises:
        WarmError: if it was lost twice.
    """
    seconds = bundle.limits.submission_seconds * 1.5 + GRACE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        cells = [cell.source for cell in bundle.assignment.cells if cell.locked]
        modules = imported_modules(cells)
        warm = warm_up((bundle.assignment.stem,), bundle.sandboxed, modules)
        try:
            return warm.run(name, bundle, seconds)
        except WarmTimeout:
            raise
        except WarmError:
            if not warm.alive():
                cool_down()
            if attempt == ATTEMPTS:
                raise
    return None


def grade_submission(bundle):
    """Grade one submission, whatever it holds; never raises.

    Returns:
        A dict that JSON can carry: student, status, seconds, version, seed, timings, marks, notes,
        messages (for the student), instructor (messages for the instructor) and notebook (text, or
        None).
    """
    if bundle.problem:
        notes = [Note(text) for text in (bundle.problem, *bundle.left_out)]
        return failed_result(bundle, "unreadable", notes)
    try:
        return run_warm("grade", bundle)
    except WarmTimeout as error:
        notes = [
            Note(f"Its tests were ended: {error}.", to=INSTRUCTOR),
            Note("Testing what your functions returned took too long.", to=STUDENT),
        ]
        return failed_result(bundle, "timeout", notes)
    except Exception as error:
        # One submission never stops the class; but that it was our fault must be seen.
        notes = [
            Note(f"The grader failed: {type(error).__name__}: {error}", to=INSTRUCTOR),
            Note("The grader could not finish; this is not your fault.", to=STUDENT),
        ]
        return failed_result(bundle, "died", notes)


def failed_result(bundle, status, notes, seconds=0.0):
    """Return the result of a submission that has no marks: 0 for each automatic part."""
    cells = [cell for cell in bundle.assignment.cells if cell.autograded]
    return {
        "student": bundle.student,
        "status": status,
        "seconds": round(seconds, 2),
        "version": bundle.assignment.version,
        "seed": bundle.seed,
        "timings": {},
        "marks": [_no_mark(cell, status) for cell in cells],
        "notes": [note.as_dict() for note in notes],
        "messages": [HEADLINE[status], *texts(notes, STUDENT)],
        "instructor": texts(notes, INSTRUCTOR),
        "notebook": None,
    }


def _no_mark(cell, status):
    return {"name": cell.name, "points": 0.0, "maximum": cell.points, "reason": status, "parts": []}


def notebook_from(data):
    """Return the notebook that `notebook_text` wrote."""
    import nbformat

    return nbformat.from_dict(json.loads(data))


def notebook_text(notebook):
    """Return a notebook's text; outputs may hold what JSON or UTF-8 cannot."""
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode() + "\n"
