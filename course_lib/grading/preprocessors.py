"""The grader's steps as nbgrader's own `autograde` runs them; nbgrader_config.py names them."""

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade, is_solution

from course_lib.grading.assignment import load_assignment
from course_lib.grading.sanitise import sanitise
from course_lib.grading.score import score_cell

KEY = "course_grading"


class Sanitise(NbGraderPreprocessor):
    """Mends a notebook; stands for nbgrader's five sanitising preprocessors."""

    def preprocess(self, nb, resources):
        """Mend the notebook and leave the notes in its metadata."""
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as gradebook:
            assignment = load_assignment(gradebook, info["assignment"])
        notes = sanitise(nb, assignment)
        for note in notes:
            self.log.warning("%s: %s", info["student"], note.text)
        nb.metadata[KEY] = {"notes": [note.as_dict() for note in notes]}
        return nb, resources


class SaveGrades(SaveAutoGrades):
    """Writes to the gradebook what `score_cell` gives; manual marks stay as they are."""

    def _add_score(self, cell, resources):
        # nbgrader gives full marks for silence and none for a warning on stderr.
        if is_solution(cell) or not is_grade(cell) or cell.cell_type != "code":
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        grade.auto_score = score_cell(cell).points
        grade.needs_manual_grade = grade.manual_score is not None
        self.gradebook.db.commit()
