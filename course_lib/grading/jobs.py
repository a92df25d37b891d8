"""What a trusted process does: grade a bundle, or run a notebook for stock nbgrader."""

from time import monotonic

from course_lib.grading.notes import BOTH, INSTRUCTOR, STUDENT, Note
from course_lib.grading.policy import remarks
from course_lib.grading.reading import read_notebook
from course_lib.grading.sanitise import sanitise
from course_lib.grading.score import score_notebook
from course_lib.grading.split import DeadlineExceeded, alarm, run_split
from course_lib.grading.submission import (
    NOT_RUN,
    UnreadableError,
    failed_result,
    notebook_from,
    notebook_text,
)


def grade(bundle):
    """Grade a bundle; the whole of it: read, sanitise, execute, score.

    Returns:
        What `course_lib.grading.submission.grade_submission` promises.
    """
    started, notes, timings = monotonic(), [Note(text) for text in bundle.left_out], {}
    try:
        with alarm(bundle.limits.submission_seconds):
            notebook, found = _read(bundle)
            notes += found
    except UnreadableError as error:
        return failed_result(bundle, "unreadable", [*notes, Note(str(error))])
    except DeadlineExceeded:
        notes.append(Note("The notebook is so large or so tangled that it took too long to read."))
        return failed_result(bundle, "timeout", notes)
    timings["read"] = monotonic() - started
    done = run_split(notebook, bundle.assignment, bundle.files, bundle.limits, bundle.seed)
    marks, outcome = _judge(notebook, done, bundle.limits, notes)
    result = failed_result(bundle, _status(outcome, marks, notes), notes, monotonic() - started)
    result["marks"] = [mark.as_dict() for mark in marks]
    result["notebook"] = notebook_text(notebook)
    phases = {**timings, **done.timings}
    result["timings"] = {phase: round(seconds, 3) for phase, seconds in phases.items()}
    return result


def _read(bundle):
    """Return the sanitised notebook and the notes on it."""
    notebook, notes, _ = read_notebook(bundle.files, bundle.assignment.stem, bundle.limits)
    notes = [*notes, *sanitise(notebook, bundle.assignment)]
    notes += remarks(notebook, bundle.assignment, forbidden_modules(bundle.assignment.stem))
    return notebook, notes


def execute(bundle):
    """Run the sanitised notebook `bundle.files[...]` of stock nbgrader's autograde.

    Returns:
        A dict: the executed notebook as text, outcome, reason and suspicious sentences.
    """
    notebook = notebook_from(bundle.files[f"{bundle.assignment.stem}.ipynb"])
    done = run_split(notebook, bundle.assignment, bundle.files, bundle.limits, bundle.seed)
    return {
        "notebook": notebook_text(notebook),
        "outcome": done.outcome,
        "reason": done.reason,
        "suspicious": done.suspicious,
    }


def forbidden_modules(stem):
    """Return the modules that answers may not call, by check; none without checks of ours."""
    try:
        from course_lib.checks import load

        return {check.name: check.forbidden for check in load(stem)}
    except (ImportError, ValueError, LookupError):
        return {}


JOBS = {"grade": grade, "execute": execute}


def _judge(notebook, done, limits, notes):
    """Score an executed notebook; add to the notes; return the marks and the outcome."""
    outcome = done.outcome
    if done.reason:
        notes.append(Note(f"While it ran: {done.reason}."))
    notes += [Note(text, to=INSTRUCTOR) for text in done.suspicious]
    marks = score_notebook(notebook)
    if outcome == "ok" and _wanted_memory(notebook) and any(mark.reason for mark in marks):
        outcome = "out of memory"
        limit = f"{limits.memory / 2**20:,.0f} MiB"
        notes.append(Note(f"While it ran: a cell wanted more than {limit} of memory."))
    for mark in marks:
        notes += [] if mark.reason.startswith(NOT_RUN) else _mark_notes(mark)
    notes += _not_run_note(marks)
    return marks, outcome


def _wanted_memory(notebook):
    """Return whether some cell, graded or not, stopped with a MemoryError."""
    return any(
        output.get("output_type") == "error" and "MemoryError" in str(output.get("ename"))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def _mark_notes(mark):
    """Say why a mark is not full: to the instructor in a line, to the student part by part."""
    notes = [Note(text, to=INSTRUCTOR, cell=mark.name) for text in mark.suspicious]
    if mark.reason:
        text = f"{mark.name}: {mark.points:g} of {mark.maximum:g} points; {mark.reason}."
        notes.append(Note(text, to=BOTH, cell=mark.name))
    for part in mark.parts:
        text = f"{mark.name}, {part['title'] or part['name']} {part['message']}".strip()
        if part["status"] == "error":
            notes.append(Note(f"The check itself failed. {text}", to=INSTRUCTOR, cell=mark.name))
        elif part["status"] == "failed":
            notes.append(Note(text, to=STUDENT, cell=mark.name))
    return notes


def _not_run_note(marks):
    """Say once for all cells that did not run why they did not."""
    missed = [mark for mark in marks if mark.reason.startswith(NOT_RUN)]
    if not missed:
        return []
    names = ", ".join(mark.name for mark in missed)
    why = missed[0].reason.removeprefix(NOT_RUN)
    return [Note(f"Not run, so without marks: {names}; {why}.")]


def _status(outcome, marks, notes):
    if outcome == "died":
        return "died"
    if outcome == "out of memory" or any(mark.out_of_memory for mark in marks):
        return "out of memory"
    if outcome == "timeout" or any(mark.timed_out for mark in marks):
        return "timeout"
    if any(note.repair for note in notes):
        return "repaired"
    return "wrong" if any(mark.points < mark.maximum for mark in marks) else "graded"
