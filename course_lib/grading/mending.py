"""A notebook that is being mended, and what the assignment says its cells should be."""

import hashlib
from dataclasses import dataclass, field

from course_lib.grading.cells import identity
from course_lib.grading.definitions import Definitions
from course_lib.grading.notes import Note


@dataclass
class Work:
    """A notebook that is being mended.

    Attributes:
        cells: its cells, normal ones.
        assignment: the `Assignment` that it should be.
        notes: what was found.
        code: reads what cells define.
    """

    cells: list
    assignment: object
    notes: list
    code: Definitions = field(default_factory=Definitions)

    def __post_init__(self):
        self.known = self.assignment.by_name
        tests = [cell for cell in self.assignment.cells if cell.autograded]
        self.mentioned = {cell.name: self.code.mentions(cell.source) for cell in tests}
        checked = set().union(*self.mentioned.values())
        # What an answer must define: the names that tests use, of those that its release defines.
        self.wanted = {}
        for cell in self.assignment.cells:
            if cell.solution and not cell.locked and cell.cell_type == "code":
                names = self.code.names(cell.source)
                self.wanted[cell.name] = names & checked or names
        self.expected = set().union(*self.wanted.values())

    def mend(self, text, name=None):
        """Note a repair."""
        self.notes.append(Note(text, repair=True, cell=name))

    def present(self):
        """Return the grade_ids that the notebook has."""
        return {identity(cell) for cell in self.cells} - {None}

    def defines(self, cell, names):
        """Return which of some names a cell answers, whatever type it has now."""
        if not any(name in cell.source for name in names):
            return set()
        return self.code.answers(cell.source) & names

    def is_untouched(self, cell, name):
        """Return whether an answer's cell is as released, or empty."""
        return cell.source.strip() in ("", self.known[name].source.strip())


def released_forms(source):
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


def is_as_released(cell):
    """Return whether a cell is as nbgrader released it, by the checksum that it carries.

    If it is not the assignment's all the same, then the assignment was changed since. Who forges a
    checksum gains other words on the report: what is locked is restored in any case.
    """
    meta = cell.metadata.get("nbgrader")
    if not isinstance(meta, dict):
        return False
    # As nbgrader.utils.compute_checksum, which takes long to import.
    flags = [meta.get(flag, False) for flag in ("grade", "solution", "locked")]
    parts = [cell.source, cell.cell_type, *map(str, flags), str(meta.get("grade_id"))]
    if flags[0]:
        try:
            parts.append(str(float(meta.get("points"))))
        except (TypeError, ValueError, OverflowError):
            return False
    text = "".join(parts).encode("utf-8", "replace")
    return meta.get("checksum") == hashlib.md5(text, usedforsecurity=False).hexdigest()
