"""Mends a submitted notebook so that it can be graded, and says what it mended.

nbgrader stops at the first duplicate or unknown grade_id, and gives no mark when a test was
deleted. Here the gradebook's cells are the truth: each cell of a submission is matched with them by
its grade_id, what is locked is restored, what is missing is put back, and what belongs to nobody
becomes an ordinary cell. Each deviation is a `Note`, never an exception.
"""

import ast
import copy
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_lib.grading.notes import INSTRUCTOR, Note

KEPT_METADATA = ("nbgrader", "tags")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def sanitise(notebook, assignment):
    """Mend a notebook in place.

    Args:
        notebook: a `NotebookNode`, version 4; anything inside may be wrong.
        assignment: the `Assignment` that it should be.

    Returns:
        The notes.
    """
    notes = []
    _normalise(notebook, notes)
    notebook.metadata["kernelspec"] = copy.deepcopy(assignment.kernelspec)
    _identify(notebook, assignment, notes)
    _drop_duplicates(notebook, assignment, notes)
    _adopt_lost_answers(notebook, assignment, notes)
    _restore(notebook, assignment, notes)
    _reinsert(notebook, assignment, notes)
    return notes


def identity(cell):
    """Return a cell's grade_id, or None when it has none."""
    meta = cell.metadata.get("nbgrader")
    return meta.get("grade_id") if isinstance(meta, dict) else None


def _normalise(notebook, notes):
    """Give each cell what nbformat promises, without outputs, tags and attachments of execution."""
    # Other editors' metadata marks nothing, and what is wrong in it would make the file invalid.
    notebook["metadata"] = NotebookNode()
    cells = notebook.get("cells")
    cells = cells if isinstance(cells, list) else []
    notebook["cells"] = [cell for cell in map(_normal_cell, cells) if cell is not None]
    if len(notebook.cells) < len(cells):
        notes.append(Note("Some cells were damaged beyond reading and were dropped.", repair=True))
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    seen = set()
    for index, cell in enumerate(notebook.cells):
        if not CELL_ID.fullmatch(cell.get("id", "")) or cell["id"] in seen:
            cell["id"] = f"cell-{index}"
        seen.add(cell["id"])
        tags = cell.metadata.pop("tags", None)
        if isinstance(tags, list) and "skip-execution" in tags:
            notes.append(
                Note(
                    "A cell carried the tag skip-execution, which was removed.",
                    repair=True,
                    cell=identity(cell),
                )
            )


def _normal_cell(cell):
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    normal = NotebookNode(
        cell_type=cell["cell_type"],
        metadata=NotebookNode({key: metadata[key] for key in KEPT_METADATA if key in metadata}),
        source=source if isinstance(source, str) else "",
    )
    if isinstance(cell.get("id"), str):
        normal["id"] = cell["id"]
    if normal.cell_type == "markdown" and _are_attachments(cell.get("attachments")):
        normal["attachments"] = cell["attachments"]
    if normal.cell_type == "code":
        normal["outputs"], normal["execution_count"] = [], None
    return normal


def _are_attachments(value):
    """Return whether this is what nbformat calls attachments: pictures pasted into an answer."""
    return isinstance(value, dict) and all(
        isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())
        for bundle in value.values()
    )


def _identify(notebook, assignment, notes):
    """Strip nbgrader's metadata from cells that the assignment does not have."""
    known = assignment.by_name
    for cell in notebook.cells:
        if "nbgrader" not in cell.metadata:
            continue
        name = identity(cell)
        if isinstance(name, str) and name in known:
            continue
        del cell.metadata["nbgrader"]
        # nbgrader leaves empty metadata behind; only a name that looks real is worth a word.
        if name is not None:
            text = f"The cell {str(name)[:60]!r} is not part of the assignment; it does not count."
            notes.append(Note(text, repair=True))


def _drop_duplicates(notebook, assignment, notes):
    """Keep one cell for each grade_id: the last copy that was edited, in the place of the first.

    The others stay to be read, as raw cells: run, an older copy below would undo the answer.
    """
    cells = {}
    for cell in notebook.cells:
        if identity(cell):
            cells.setdefault(identity(cell), []).append(cell)
    for name, copies in cells.items():
        if len(copies) < 2:
            continue
        stub = assignment.by_name[name].source.strip()
        kept = ([cell for cell in copies if cell.source.strip() != stub] or copies)[-1]
        kept_source, kept_type = kept.source, kept.cell_type
        for cell in copies[1:]:
            del cell.metadata["nbgrader"]
        sources = [cell.source for cell in copies if cell is not kept]
        for cell, source in zip(copies[1:], sources, strict=True):
            _set_type(cell, "raw")
            cell.source = source
        _set_type(copies[0], kept_type)
        copies[0].source = kept_source
        text = f"The cell {name!r} is there {len(copies)} times; the last edited copy counts."
        notes.append(Note(text, repair=True, cell=name))


def defined_names(source):
    """Return what a cell defines at its top level; nothing if it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def _adopt_lost_answers(notebook, assignment, notes):
    """Recognise answers whose nbgrader metadata another editor removed, by what they define."""
    present = {identity(cell) for cell in notebook.cells}
    for wanted in assignment.cells:
        if wanted.name in present or not wanted.solution or wanted.cell_type != "code":
            continue
        names = defined_names(wanted.source)
        free = [
            cell
            for cell in notebook.cells
            if cell.cell_type == "code"
            and not identity(cell)
            and names & defined_names(cell.source)
        ]
        if free:
            free[-1].metadata["nbgrader"] = NotebookNode(wanted.metadata())
            text = f"The answer {wanted.name!r} had lost its nbgrader metadata; it was recognised."
            notes.append(Note(text, repair=True, cell=wanted.name))


def _restore(notebook, assignment, notes):
    """Give each known cell the type, metadata and, if locked, the source that was released."""
    for cell in notebook.cells:
        name = identity(cell)
        if name is None:
            continue
        wanted, changed = assignment.by_name[name], []
        was = cell.metadata["nbgrader"]
        if cell.cell_type != wanted.cell_type:
            changed.append("its type")
            _set_type(cell, wanted.cell_type)
        if (wanted.grade or wanted.task) and _number(was.get("points")) != wanted.points:
            changed.append("its points")
        flags = ("grade", "solution", "locked", "task")
        if any(bool(was.get(flag, False)) != getattr(wanted, flag) for flag in flags):
            changed.append("its nbgrader settings")
        if was.get("schema_version") != 3:
            text = (
                f"The cell {name!r} is of nbgrader's schema {was.get('schema_version')!r}, not 3."
            )
            notes.append(Note(text, to=INSTRUCTOR, cell=name))
        if wanted.locked:
            if cell.source.strip() not in _released_forms(wanted.source):
                changed.append("its text")
            cell.source = wanted.source
        cell.metadata["nbgrader"] = NotebookNode(wanted.metadata())
        if changed:
            text = (
                f"The cell {name!r} was changed ({', '.join(changed)}); the original was restored."
            )
            notes.append(Note(text, repair=True, cell=name))


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _released_forms(source):
    """Return a locked cell's text with and without its hidden tests; students have the latter."""
    kept, hidden = [], False
    for line in source.splitlines():
        if "### BEGIN HIDDEN TESTS" in line:
            hidden = True
        elif "### END HIDDEN TESTS" in line:
            hidden = False
        elif not hidden:
            kept.append(line)
    return {source.strip(), "\n".join(kept).strip()}


def _set_type(cell, cell_type):
    cell["cell_type"] = cell_type
    cell.pop("attachments", None)
    if cell_type == "code":
        cell["outputs"], cell["execution_count"] = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _reinsert(notebook, assignment, notes):
    """Put back what is missing, each after the cell that precedes it in the assignment."""
    previous = None
    for wanted in assignment.cells:
        names = [identity(cell) for cell in notebook.cells]
        if wanted.name not in names:
            index = _place(names, previous, assignment)
            notebook.cells.insert(index, _released_cell(wanted))
            kind = "test" if wanted.autograded else "cell"
            text = f"The {kind} {wanted.name!r} was missing; it was put back as released."
            notes.append(Note(text, repair=True, cell=wanted.name))
        previous = wanted.name


def _place(names, previous, assignment):
    """Return where a missing cell goes; a notebook without any metadata gets them at its end."""
    if previous in names:
        return names.index(previous) + 1
    known = set(assignment.by_name)
    later = [index for index, name in enumerate(names) if name in known]
    return later[0] if later else len(names)


def _released_cell(wanted):
    make = new_code_cell if wanted.cell_type == "code" else new_markdown_cell
    # A fixed id: grading the same submission twice gives the same file.
    cell = make(wanted.source, id=f"restored-{wanted.name}"[:64].replace(" ", "-"))
    cell.metadata["nbgrader"] = NotebookNode(wanted.metadata())
    return cell
