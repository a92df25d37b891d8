"""What an attack is: a submission, what it does, and what honest grading gives it."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.assignment import STEM, submission

FINE = ("graded", "wrong", "repaired")
ANY = (*FINE, "timeout", "out of memory", "died", "unreadable")


@dataclass(frozen=True)
class Attack:
    """One hostile or unlucky submission.

    Attributes:
        number: 1 to 42 is a row of the table in notes/grading.md; from 101 on it is ours.
        name: a few words, lower case.
        what: what it does, for a reader of the table.
        notebook: a notebook, or the bytes of the file.
        honest: the points that its answers deserve.
        statuses: those that are right for it.
        files: further files of the submission, bytes by name.
        place: called with the submission's folder, for what is not a plain file.
        earlier: a notebook that was handed in and graded before, or None.
        after: called with the course's folder and the student when the class was graded; returns
            what went wrong.
        student: the folder's name; by default number and name.
    """

    number: int
    name: str
    what: str
    notebook: object
    honest: float = 0.0
    statuses: tuple = ANY
    files: dict = field(default_factory=dict)
    place: object = None
    earlier: object = None
    after: object = None
    student: str = ""

    @property
    def folder(self):
        """The student's name."""
        return self.student or f"a{self.number:03d}-{re.sub('[^a-z0-9]+', '-', self.name.lower())}"

    def hand_in(self, course, notebook=None):
        """Write the submission below `submitted/`; return its folder."""
        folder = Path(course, "submitted", self.folder, STEM)
        folder.mkdir(parents=True, exist_ok=True)
        content = self.notebook if notebook is None else notebook
        if content is not None:
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            (folder / f"{STEM}.ipynb").write_bytes(data)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if self.place is not None and notebook is None:
            self.place(folder)
        return folder


def by_code(number, name, what, before="", honest=0.0, statuses=ANY, **options):
    """Return an attack that is all in its code; see `submission` for the cells."""
    cells = {
        key: options.pop(key) for key in ("output_size", "conv2d", "after_cells") if key in options
    }
    if "after_cells" in cells:
        cells["after"] = cells.pop("after_cells")
    notebook = submission(before, **cells)
    return Attack(number, name, what, notebook, honest, statuses, **options)
