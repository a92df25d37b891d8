"""Grades one submission: read, sanitise, execute, score. From files to JSON, no side effect."""

import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from course_lib.grading.assignment import Assignment
from course_lib.grading.limits import Limits
from course_lib.grading.notes import BOTH, INSTRUCTOR, STUDENT, Note, texts

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


class UnreadableError(ValueError):
    """A submission that is not a notebook."""


@dataclass(frozen=True)
class Bundle:
    """All that grading a submission depends on.

    Attributes:
        student: the name of the submission's folder.
        folder: the submission's folder.
        assignment: the cells and tests.
        limits: what the submission may use.
        kernel_name: "course-sandbox", or another kernel if the instructor gave the sandbox up.
    """

    student: str
    folder: str
    assignment: Assignment
    limits: Limits = field(default_factory=Limits)
    kernel_name: str = "course-sandbox"


def grade_submission(bundle):
    """Grade one submission, whatever it holds.

    Returns:
        A dict that JSON can carry: student, status, seconds, version, marks, notes, messages (for
        the student), instructor (messages for the instructor) and notebook (text, or None).
    """
    started, notes, marks, notebook, status = monotonic(), [], [], None, None
    try:
        notebook, notes = read_notebook(bundle)
        marks, outcome = _run(notebook, bundle, notes)
        status = _status(outcome, marks, notes)
    except UnreadableError as error:
        status = "unreadable"
        notes.append(Note(str(error)))
    except Exception as error:
        # One submission never stops the class; but that it was our fault must be seen.
        status = "died"
        notes.append(Note(f"The grader failed: {type(error).__name__}: {error}", to=INSTRUCTOR))
        notes.append(Note("The grader could not finish; this is not your fault.", to=STUDENT))
        marks = []
    result = failed_result(bundle, status, notes, monotonic() - started)
    if marks:
        result["marks"] = [mark.as_dict() for mark in marks]
        result["notebook"] = _text(notebook)
    return result


def failed_result(bundle, status, notes, seconds=0.0):
    """Return the result of a submission that has no marks: 0 for each automatic part."""
    cells = [cell for cell in bundle.assignment.cells if cell.autograded]
    return {
        "student": bundle.student,
        "status": status,
        "seconds": round(seconds, 2),
        "version": bundle.assignment.version,
        "marks": [_no_mark(cell, status) for cell in cells],
        "notes": [note.as_dict() for note in notes],
        "messages": [HEADLINE[status], *texts(notes, STUDENT)],
        "instructor": texts(notes, INSTRUCTOR),
        "notebook": None,
    }


def _no_mark(cell, status):
    return {"name": cell.name, "points": 0.0, "maximum": cell.points, "reason": status, "parts": []}


def _run(notebook, bundle, notes):
    """Sanitise, execute and score; add to the notes."""
    # nbgrader and nbclient take a second to import, which only a worker pays.
    from course_lib.grading.execute import KEY, SandboxExecute
    from course_lib.grading.sanitise import sanitise
    from course_lib.grading.score import score_notebook

    notes += sanitise(notebook, bundle.assignment)
    execute = SandboxExecute(kernel_name=bundle.kernel_name)
    execute.limits = bundle.limits
    _, resources = execute.preprocess(notebook, {"metadata": {"path": bundle.folder}})
    outcome = resources[KEY]
    notes += [Note(text) for text in outcome["left_out"]]
    if outcome["reason"]:
        notes.append(Note(f"While it ran: {outcome['reason']}."))
    marks = score_notebook(notebook)
    if outcome["outcome"] == "ok" and _wanted_memory(notebook) and any(m.reason for m in marks):
        outcome["outcome"] = "out of memory"
        limit = f"{bundle.limits.memory / 2**20:,.0f} MiB"
        notes.append(Note(f"While it ran: a cell wanted more than {limit} of memory."))
    for mark in marks:
        notes += [] if mark.reason.startswith(NOT_RUN) else _mark_notes(mark)
    notes += _not_run_note(marks)
    return marks, outcome["outcome"]


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


def read_notebook(bundle):
    """Read a submission's notebook.

    Returns:
        The notebook, version 4, and notes.

    Raises:
        UnreadableError: in a sentence for the student.
    """
    try:
        path, notes = _find_notebook(bundle)
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableError(f"the folder cannot be read ({error.strerror}).") from error
    name = path.name
    if size > bundle.limits.notebook_bytes:
        limit = bundle.limits.notebook_bytes
        raise UnreadableError(
            f"{name} has {size:,} bytes, more than {limit:,}; clear its outputs and hand it in "
            "again."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{name} is not UTF-8 text (byte {error.start}).") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{name} is not valid JSON ({error}).") from error
    if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
        raise UnreadableError(f"{name} is JSON, but not a notebook: it has no cells.")
    return _as_version_4(content, name), notes


def _find_notebook(bundle):
    folder, name = Path(bundle.folder), f"{bundle.assignment.stem}.ipynb"
    path = folder / name
    if folder.is_symlink() or not folder.is_dir():
        raise UnreadableError(f"{folder.name!r} is not a folder with the notebook {name}.")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UnreadableError(f"{name} is not a plain file.")
    if path.is_file():
        return path, []
    others = sorted(p for p in folder.glob("*.ipynb") if p.is_file() and not p.is_symlink())
    if len(others) == 1:
        text = f"{name} was handed in as {others[0].name!r}."
        return others[0], [Note(text, repair=True)]
    found = ", ".join(repr(p.name) for p in others[:5]) or "no notebook"
    raise UnreadableError(f"{name} is missing; the folder holds {found}.")


def _as_version_4(content, name):
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.from_dict(content)
            if int(content.get("nbformat", 4)) < 4:
                notebook = nbformat.convert(notebook, 4)
    except Exception as error:
        raise UnreadableError(f"{name} cannot be read as a notebook ({error}).") from error
    return notebook


def _text(notebook):
    """Return the notebook's text; outputs may hold what JSON or UTF-8 cannot."""
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode() + "\n"
