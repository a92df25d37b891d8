"""Mends a submitted notebook so that it can be graded, and says what it mended.

nbgrader stops at the first duplicate or unknown grade_id, and gives no mark when a test was
deleted. Here the gradebook's cells are the truth: each cell of a submission is matched with them,
by its grade_id or by what it says; what is locked is restored, what is missing is put back, all
stand in the assignment's order, and what belongs to nobody becomes an ordinary cell. Each deviation
is a `Note`, never an exception.
"""

import copy
import re
import traceback

from nbformat import NotebookNode

from course_lib.grading.answers import (
    adopt_lost_answers,
    bring_forward,
    recognise_locked,
    save_typed_in,
)
from course_lib.grading.cells import give_ids, identity, new_cell, normal_cells, set_type
from course_lib.grading.copies import settle_duplicates
from course_lib.grading.mending import Work, is_as_released, released_forms
from course_lib.grading.notes import INSTRUCTOR, Note

__all__ = ["identity", "sanitise"]

MAX_NOTES = 40
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
EMPTY_ANSWER = "# This answer was missing."
FLAGS = ("grade", "solution", "locked", "task")


def sanitise(notebook, assignment):
    """Mend a notebook in place.

    Args:
        notebook: a `NotebookNode`; anything inside may be wrong.
        assignment: the `Assignment` that it should be.

    Returns:
        The notes; no exception, whatever the notebook holds.
    """
    notes = []
    try:
        cells = _mended(notebook.get("cells"), assignment, notes)
    except Exception:
        # The last net: everything known is handled below, and the rest must not stop the class.
        why = traceback.format_exc(limit=-3)
        cells, notes = _as_released(notebook.get("cells"), assignment, why)
    give_ids(cells)
    spec = {**PYTHON, **copy.deepcopy(assignment.kernelspec)}
    notes += _about_kernel(notebook.get("metadata"), spec)
    notebook.clear()
    notebook.update(nbformat=4, nbformat_minor=5, cells=cells)
    notebook["metadata"] = NotebookNode(kernelspec=NotebookNode(spec))
    return _few(notes)


def _mended(cells, assignment, notes):
    work = Work(normal_cells(cells, notes), assignment, notes)
    _drop_strangers(work)
    recognise_locked(work)
    settle_duplicates(work)
    save_typed_in(work)
    adopt_lost_answers(work)
    _restore(work)
    _reorder(work)
    bring_forward(work)
    return work.cells


def _as_released(cells, assignment, why):
    """Return the cells as released, the student's code in front, for what nobody foresaw."""
    try:
        own = [new_cell("code", c.source) for c in normal_cells(cells, []) if c.cell_type == "code"]
    except Exception:
        own = []
    notes = [
        Note("The notebook could not be mended; your instructor will look at it.", repair=True),
        Note(f"The sanitiser failed, so all cells stand as released: {why}", to=INSTRUCTOR),
    ]
    return [*own, *map(_released_cell, assignment.cells)], notes


def _about_kernel(metadata, spec):
    """Say which kernel the notebook asked for; a virtual environment's name is no fault."""
    asked = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(asked, dict):
        return []
    language, name = asked.get("language"), asked.get("name")
    if isinstance(language, str) and language.lower() not in ("", "python"):
        text = f"The notebook was written for {language[:40]!r}; it runs as Python."
        return [Note(text, repair=True)]
    if isinstance(name, str) and name not in ("", spec["name"]):
        text = f"The notebook names the kernel {name[:40]!r}; it runs on the course's own."
        return [Note(text, to=INSTRUCTOR)]
    return []


def _few(notes):
    """Return the notes, each once and not more than a reader can bear."""
    notes = list(dict.fromkeys(notes))
    if len(notes) <= MAX_NOTES:
        return notes
    text = f"{len(notes) - MAX_NOTES:,} more things were mended."
    return [*notes[:MAX_NOTES], Note(text, repair=any(note.repair for note in notes))]


def _drop_strangers(work):
    """Strip nbgrader's metadata from cells that the assignment does not have."""
    for cell in work.cells:
        name = identity(cell)
        if "nbgrader" not in cell.metadata or name in work.known:
            continue
        del cell.metadata["nbgrader"]
        # nbgrader leaves empty metadata behind; only a name that looks real is worth a word.
        if name is not None:
            work.mend(f"The cell {name[:60]!r} is not part of the assignment; it does not count.")


def _restore(work):
    """Give each known cell the type, metadata and, if locked, the source that was released."""
    schemas = set()
    for cell in work.cells:
        name = identity(cell)
        if name is None:
            continue
        wanted, was = work.known[name], cell.metadata["nbgrader"]
        changed = _changes(cell, wanted, was)
        ours = changed and wanted.locked and is_as_released(cell)
        set_type(cell, wanted.cell_type)
        if was.get("schema_version") != 3:
            schemas.add(repr(was.get("schema_version"))[:20])
        if wanted.locked:
            cell["source"] = wanted.source
            cell.pop("attachments", None)
        cell.metadata["nbgrader"] = NotebookNode(wanted.metadata())
        what = ", ".join(changed)
        if ours:
            text = f"The cell {name!r} was released otherwise since ({what}); the new one counts."
            work.notes.append(Note(text, cell=name))
        elif changed:
            work.mend(f"The cell {name!r} was changed ({what}); the original was restored.", name)
    if schemas:
        text = (
            f"Cells are of nbgrader's schema {', '.join(sorted(schemas))}, not 3; they were read."
        )
        work.notes.append(Note(text, to=INSTRUCTOR))


def _changes(cell, wanted, was):
    """Return what of a known cell is not as released."""
    changed = []
    if cell.cell_type != wanted.cell_type:
        changed.append("its type")
    # An older schema lacks some keys; what is absent was not changed.
    current = was.get("schema_version") == 3
    if (wanted.grade or wanted.task) and (current or "points" in was):
        changed += ["its points"] if _number(was.get("points")) != wanted.points else []
    given = [flag for flag in FLAGS if current or flag in was]
    if any(bool(was.get(flag, False)) != getattr(wanted, flag) for flag in given):
        changed.append("its nbgrader settings")
    if wanted.locked and cell.source.strip() not in released_forms(wanted.source):
        changed.append("its text")
    return changed


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _reorder(work):
    """Bring the assignment's cells into their order, put missing ones back, keep the rest near.

    A cell that belongs to nobody stays behind the known cell that it followed.
    """
    leading, groups = [], {}
    followers = leading
    for cell in work.cells:
        if identity(cell):
            followers = groups[identity(cell)] = []
        followers.append(cell)
    wanted = [cell.name for cell in work.assignment.cells]
    if list(groups) != [name for name in wanted if name in groups]:
        work.mend("The assignment's cells stood in another order, which was restored.")
    cells = []
    for index, released in enumerate(work.assignment.cells):
        if leading and _starts(released, wanted[: index + 1], groups):
            cells += leading
            leading = []
        if released.name not in groups:
            groups[released.name] = [_put_back(work, released)]
        cells += groups[released.name]
    work.cells[:] = cells + leading


def _starts(released, names, groups):
    """Return whether a notebook's first cells, which belong to nobody, go before this one.

    What was released before all answers and is missing, such as the imports, goes before them.
    """
    return released.solution or released.grade or any(name in groups for name in names)


def _put_back(work, released):
    if released.solution and released.cell_type == "code":
        # Its released text would undo the answer, if that stands elsewhere.
        text = f"The answer {released.name!r} was missing; an empty cell stands for it."
    else:
        kind = "test" if released.autograded else "cell"
        text = f"The {kind} {released.name!r} was missing; it was put back as released."
    work.mend(text, released.name)
    return _released_cell(released)


def _released_cell(released):
    answer = released.solution and released.cell_type == "code"
    cell_id = "restored-" + re.sub(r"[^A-Za-z0-9_-]", "-", released.name)[:50]
    cell = new_cell(released.cell_type, EMPTY_ANSWER if answer else released.source, cell_id)
    cell.metadata["nbgrader"] = NotebookNode(released.metadata())
    return cell
