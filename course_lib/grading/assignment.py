"""What the gradebook knows of an assignment: the cells that were released, with their tests."""

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class SourceCell:
    """One cell that nbgrader looks after.

    Attributes:
        name: its grade_id.
        cell_type: "code" or "markdown".
        source: as released, hidden tests included.
        checksum: nbgrader's.
        locked, grade, solution, task: nbgrader's flags.
        points: the most that it can give, 0 if it is not graded.
    """

    name: str
    cell_type: str
    source: str
    checksum: str | None
    locked: bool
    grade: bool
    solution: bool
    task: bool
    points: float

    @property
    def autograded(self):
        """Whether a check decides the mark, not a person."""
        return self.grade and not self.solution and self.cell_type == "code"

    @property
    def manual(self):
        """Whether a person decides the mark."""
        return self.task or (self.grade and self.solution)

    def metadata(self):
        """Return nbgrader's metadata of the cell, schema 3."""
        meta = {"grade_id": self.name, "grade": self.grade, "solution": self.solution}
        meta |= {"locked": self.locked, "task": self.task, "schema_version": 3}
        meta["cell_type"] = self.cell_type
        if self.checksum:
            meta["checksum"] = self.checksum
        if self.grade or self.task:
            meta["points"] = self.points
        return meta


@dataclass(frozen=True)
class Assignment:
    """An assignment's cells in order, and the kernelspec that its notebook names."""

    stem: str
    cells: tuple[SourceCell, ...]
    kernelspec: dict

    @property
    def by_name(self):
        """The cells by grade_id."""
        return {cell.name: cell for cell in self.cells}

    @property
    def version(self):
        """A hash of cells, points and tests; `version.test_version` adds the code that judges."""
        text = json.dumps([vars(cell) for cell in self.cells], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_assignment(gradebook, stem, order=None):
    """Read an assignment from an open gradebook.

    Args:
        gradebook: an nbgrader `Gradebook`.
        stem: names the assignment and its one notebook.
        order: grade_ids in the order of the notebook; SQL promises none.

    Raises:
        nbgrader.api.MissingEntry: if the gradebook does not have it.
    """
    notebook = gradebook.find_notebook(stem, stem)
    grades = {cell.name: cell for cell in notebook.grade_cells}
    tasks = {cell.name: cell for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    cells = []
    for cell in notebook.source_cells:
        graded = grades.get(cell.name) or tasks.get(cell.name)
        cells.append(
            SourceCell(
                name=cell.name,
                cell_type=cell.cell_type,
                source=cell.source or "",
                checksum=cell.checksum,
                locked=bool(cell.locked),
                grade=cell.name in grades,
                solution=cell.name in solutions,
                task=cell.name in tasks,
                points=float(graded.max_score or 0) if graded else 0.0,
            )
        )
    if order:
        position = {name: index for index, name in enumerate(order)}
        cells.sort(key=lambda cell: position.get(cell.name, len(position)))
    return Assignment(stem, tuple(cells), json.loads(notebook.kernelspec or "{}") or {})


def cell_order(notebook):
    """Return the grade_ids of a notebook in their order."""
    found = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return [name for name in found if name]
