"""Marks into nbgrader's gradebook: one submission, one transaction."""

import json
from contextlib import contextmanager

from course_lib.grading.course import gradebook_errors

NAME_LENGTH = 128  # of a student, in nbgrader's tables; PostgreSQL insists


class Ledger:
    """The gradebook of one assignment, open for a run.

    Args:
        course: the `Course`.
        assignment: the `Assignment`.
    """

    def __init__(self, course, assignment):
        from nbgrader.api import Gradebook

        self.course, self.assignment, self.stem = course, assignment, assignment.stem
        with gradebook_errors(course):
            self.gradebook = Gradebook(course.directory.db_url, course.directory.course_id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gradebook.close()

    def marks(self, student=None):
        """Return what the gradebook has: by student and cell, the columns of a mark.

        Args:
            student: only this one.

        Returns:
            Dicts of dicts of dicts with auto, manual, extra and pending.
        """
        from nbgrader import api

        grade, cell, one = api.Grade, api.BaseCell, api.SubmittedAssignment
        columns = (one.student_id, cell.name, grade.auto_score, grade.manual_score)
        with gradebook_errors(self.course), self._session() as session:
            query = (
                session.query(*columns, grade.extra_credit, grade.needs_manual_grade)
                .join(cell, grade.cell_id == cell.id)
                .join(api.SubmittedNotebook, grade.notebook_id == api.SubmittedNotebook.id)
                .join(one, api.SubmittedNotebook.assignment_id == one.id)
                .join(api.Assignment, one.assignment_id == api.Assignment.id)
                .filter(api.Assignment.name == self.stem)
            )
            if student is not None:
                query = query.filter(one.student_id == student)
            found = {}
            for person, name, auto, manual, extra, pending in query:
                mark = {"auto": auto, "manual": manual, "extra": extra, "pending": bool(pending)}
                found.setdefault(person, {})[name] = mark
        return found

    def save(self, result, timestamp, before):
        """Store one result, all of it or nothing; the marks that a person gave stay.

        A person is asked again where the answer, or the automatic mark, is another than the one
        that was marked.

        Args:
            result: what `grade_submission` returned.
            timestamp: when it was handed in, or None.
            before: the answers as they were stored last, by cell.
        """
        student = result["student"]
        cells = _cells(result["notebook"])
        points = {mark["name"]: mark["points"] for mark in result["marks"]}
        with gradebook_errors(self.course), self._session() as session, _at_once(session):
            self.gradebook.update_or_create_student(student)
            when = {"timestamp": timestamp} if timestamp else {}
            submission = self.gradebook.update_or_create_submission(self.stem, student, **when)
            notebook = self.gradebook.find_submission_notebook(self.stem, self.stem, student)
            grades = self._grades(session, notebook)
            for cell in self.assignment.cells:
                if cell.autograded:
                    _set_auto(grades[cell.name], points.get(cell.name, 0.0))
                elif cell.manual:
                    new = cells.get(cell.name)
                    same = new is not None and before.get(cell.name) == new["source"]
                    _set_manual(grades[cell.name], _by_hand(cell, new), same)
            for comment in notebook.comments:
                comment.auto_comment = _comment(cells.get(comment.cell.name))
            session.flush()
            self._penalty(session, submission, notebook)

    @contextmanager
    def _session(self):
        """Use the session and give its connection back: an idle one would keep a lock."""
        try:
            yield self.gradebook.db()
        finally:
            self.gradebook.db.remove()

    def _grades(self, session, notebook):
        """Return the rows by cell; make those of cells that the tests have since."""
        from nbgrader.api import Grade

        rows = {grade.cell.name: grade for grade in notebook.grades}
        for cell in self.assignment.cells:
            if (cell.autograded or cell.manual) and cell.name not in rows:
                found = self.gradebook.find_graded_cell(cell.name, self.stem, self.stem)
                rows[cell.name] = Grade(cell_id=found.id, notebook=notebook)
                session.add(rows[cell.name])
        return rows

    def _penalty(self, session, submission, notebook):
        """Let nbgrader's plugin say what being late costs."""
        from nbgrader.preprocessors import AssignLatePenalties

        session.refresh(notebook)
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            step = AssignLatePenalties(config=self.course.config)
            step.init_plugin()
            student, score = submission.student_id, notebook.score
            penalty = step.plugin_inst.late_submission_penalty(student, score, late)
            if penalty is not None:
                notebook.late_submission_penalty = step._check_late_penalty(notebook, penalty)


@contextmanager
def _at_once(session):
    """Make one transaction of all that nbgrader's functions commit one by one."""
    session.commit = session.flush
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.commit
    session.commit()


def _cells(text):
    """Return the cells of a graded notebook by grade_id."""
    if text is None:
        return {}
    import nbformat

    notebook = nbformat.from_dict(json.loads(text))
    named = ((cell.metadata.get("nbgrader", {}).get("grade_id"), cell) for cell in notebook.cells)
    return {name: cell for name, cell in named if name}


def answers(text, assignment):
    """Return the answers that a person marks, by cell, from a graded notebook's text.

    What cannot be read has none: a person is then asked again.
    """
    try:
        cells = _cells(text)
        return {c.name: cells[c.name]["source"] for c in assignment.cells if c.name in cells}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}


def _by_hand(cell, answer):
    """Return the automatic mark of an answer for a person: 0 if there is none to read."""
    from nbgrader.utils import determine_grade

    if answer is None:
        return 0.0
    return None if cell.task else determine_grade(answer)[0]


def _set_auto(grade, points):
    changed = grade.auto_score != points
    grade.auto_score = points
    if grade.manual_score is None:
        grade.needs_manual_grade = False
    elif changed:
        grade.needs_manual_grade = True


def _set_manual(grade, score, same):
    grade.auto_score = score
    if grade.manual_score is None:
        grade.needs_manual_grade = score is None
    elif not same:
        grade.needs_manual_grade = True


def _comment(cell):
    from nbgrader.utils import compute_checksum, is_task

    if cell is None or is_task(cell):
        return None
    untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
    return "No response." if untouched else None
