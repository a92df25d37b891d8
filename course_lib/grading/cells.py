"""Brings a notebook's cells, whatever is in them, to the form that nbformat 4.5 promises."""

import re
from collections import Counter

from nbformat import NotebookNode

from course_lib.grading.notes import Note

MAX_CELLS = 5000
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TYPES = ("code", "markdown", "raw")
SURROGATE = re.compile(r"[\ud800-\udfff]")
FENCE = re.compile(r"\A\s*```[\w {}.]*\n(.*)\n```\s*\Z", re.DOTALL)
DAMAGES = {
    "not a cell": "Cells that were damaged beyond reading, and dropped",
    "type": "Cells of an unknown type, which became raw text",
    "source": "Cells whose text could not be read, or not all of it",
    "lines": "Cells whose lines had lost their ends, which were put back",
    "NUL": "Cells with NUL characters, which were removed",
    "surrogate": "Cells with halves of characters, which were joined or replaced",
    "skip": "Cells that carried the tag skip-execution, which was removed",
}


def identity(cell):
    """Return a cell's grade_id, or None when it has none."""
    meta = cell.metadata.get("nbgrader")
    name = meta.get("grade_id") if isinstance(meta, dict) else None
    return name if isinstance(name, str) and name else None


def normal_cells(cells, notes):
    """Return the cells of a notebook, each with a type, a text and nbgrader's metadata only.

    Outputs, counts, tags and other editors' metadata are left out: they mark nothing, and what is
    wrong in them would make the file invalid.

    Args:
        cells: anything.
        notes: a list that gets a note for each kind of damage.
    """
    cells = cells if isinstance(cells, list | tuple) else []
    if len(cells) > MAX_CELLS:
        text = f"The notebook has {len(cells):,} cells; those after {MAX_CELLS:,} were dropped."
        notes.append(Note(text, repair=True))
    damage = Counter()
    normal = [_normal_cell(cell, damage) for cell in cells[:MAX_CELLS]]
    for kind, what in DAMAGES.items():
        if damage[kind]:
            notes.append(Note(f"{what}: {damage[kind]:,}.", repair=True))
    return [cell for cell in normal if cell is not None]


def _normal_cell(cell, damage):
    if not isinstance(cell, dict):
        damage["not a cell"] += 1
        return None
    kind, metadata = cell.get("cell_type"), cell.get("metadata")
    if kind not in TYPES:
        damage["type"] += 1
        kind = "raw"
    normal = NotebookNode(cell_type=kind, metadata=NotebookNode())
    normal["source"] = _text(cell.get("source", ""), damage)
    if isinstance(metadata, dict):
        tags = metadata.get("tags")
        damage["skip"] += isinstance(tags, list) and "skip-execution" in tags
        if isinstance(metadata.get("nbgrader"), dict):
            normal.metadata["nbgrader"] = NotebookNode(_scalars(metadata["nbgrader"]))
    if isinstance(cell.get("id"), str):
        normal["id"] = cell["id"]
    if kind == "markdown" and _are_attachments(cell.get("attachments")):
        normal["attachments"] = cell["attachments"]
    set_type(normal, kind)
    return normal


def _text(source, damage):
    if isinstance(source, list):
        parts = [part for part in source if isinstance(part, str)]
        bare = len(parts) > 1 and not any("\n" in part for part in parts)
        damage["lines"] += bare
        damage["source"] += len(parts) < len(source)
        source = ("\n" if bare else "").join(parts)
    elif not isinstance(source, str):
        damage["source"] += 1
        return ""
    damage["NUL"] += "\0" in source
    if SURROGATE.search(source):
        damage["surrogate"] += 1
        # Two halves may have been one character that an editor escaped.
        source = source.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return source.replace("\0", "").replace("\r\n", "\n").lstrip("\ufeff")


def _scalars(meta):
    kept = {k: v for k, v in meta.items() if isinstance(k, str)}
    return {k: v for k, v in kept.items() if isinstance(v, str | int | float | None)}


def _are_attachments(value):
    """Return whether this is what nbformat calls attachments: pictures pasted into an answer."""
    return isinstance(value, dict) and all(
        isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())
        for bundle in value.values()
    )


def set_type(cell, cell_type):
    """Make a cell one of another type, with the keys that the type has."""
    if cell.cell_type != cell_type and cell_type == "code":
        # Who makes code a text may put it between fences, to see it in colours.
        cell["source"] = FENCE.sub(r"\1", cell.source)
    cell["cell_type"] = cell_type
    if cell_type != "markdown":
        cell.pop("attachments", None)
    if cell_type == "code":
        cell["outputs"], cell["execution_count"] = [], None
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def new_cell(cell_type, source, cell_id=""):
    """Return a cell; a fixed id, so that grading the same submission twice gives the same file."""
    cell = NotebookNode(cell_type=cell_type, source=source, metadata=NotebookNode(), id=cell_id)
    set_type(cell, cell_type)
    return cell


def disown(cell, cell_type=None):
    """Make a cell one that belongs to nobody, and of another type if that is given."""
    cell.metadata.pop("nbgrader", None)
    if cell_type:
        set_type(cell, cell_type)


def give_ids(cells):
    """Give each cell an id that is valid and its own, the same at every grading."""
    taken = set()
    wanting = []
    for cell in cells:
        if CELL_ID.fullmatch(cell.get("id", "")) and cell["id"] not in taken:
            taken.add(cell["id"])
        else:
            wanting.append(cell)
    number = 0
    for cell in wanting:
        while f"cell-{number}" in taken:
            number += 1
        cell["id"] = f"cell-{number}"
        taken.add(cell["id"])
