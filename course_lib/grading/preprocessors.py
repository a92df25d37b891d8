"""The grader's steps as nbgrader's own `autograde` runs them; nbgrader_config.py names them."""

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade, is_solution
from traitlets import Dict, Float, Integer

from course_lib.grading.assignment import load_assignment
from course_lib.grading.course import open_course
from course_lib.grading.journal import key_of, seed_for
from course_lib.grading.limits import Limits
from course_lib.grading.packing import pack
from course_lib.grading.sanitise import sanitise
from course_lib.grading.score import score_cell
from course_lib.grading.store import handed_in, is_page
from course_lib.grading.submission import Bundle, notebook_from, notebook_text, run_warm
from course_lib.grading.version import test_version

KEY = "course_grading"
LIMITS = ("memory", "cell_seconds", "submission_seconds", "output_bytes")


class Sanitise(NbGraderPreprocessor):
    """Mends a notebook; stands for nbgrader's five sanitising preprocessors."""

    def preprocess(self, nb, resources):
        """Mend the notebook and leave the notes in its metadata."""
        info = resources["nbgrader"]
        _only_plain_files(CourseDirectory(config=self.config), info)
        with Gradebook(info["db_url"]) as gradebook:
            assignment = load_assignment(gradebook, info["assignment"])
        notes = sanitise(nb, assignment)
        for note in notes:
            self.log.warning("%s: %s", info["student"], note.text)
        nb.metadata[KEY] = {"notes": [note.as_dict() for note in notes]}
        return nb, resources


def _only_plain_files(course, info):
    """Take out of `autograded/` what nbgrader copied through links, and pages that would run.

    Raises:
        NbGraderException: if the notebook itself is reached through a link; nbgrader then removes
            the copy and grades the others.
    """
    student, stem = info["student"], info["assignment"]
    folder = Path(course.format_path(course.submitted_directory, student, stem))
    if any(path.is_symlink() for path in (folder.parent, folder, folder / f"{stem}.ipynb")):
        raise NbGraderException(f"{folder} holds its notebook through a link; it is not followed.")
    ours = Path(course.format_path(course.source_directory, ".", stem))
    copied = Path(course.format_path(course.autograded_directory, student, stem))
    theirs = {name for name in pack(folder, stem, Limits()).files if not is_page(name)}
    theirs |= {f"{stem}.ipynb", *(["timestamp.txt"] if handed_in(folder) else [])}
    for path in copied.rglob("*"):
        name = path.relative_to(copied)
        keep = name.as_posix() in theirs or (ours / name).exists()
        if path.is_file() and not keep:
            path.unlink()


class SandboxExecute(NbGraderPreprocessor):
    """Runs a mended notebook split: the submission in the sandbox, the tests in a trusted process.

    It stands for nbgrader's `Execute`, and nothing that a submission does makes it raise.
    """

    memory = Integer(Limits.memory, help="Bytes of memory of a submission.").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="Seconds of one cell.").tag(config=True)
    submission_seconds = Float(Limits.submission_seconds, help="Seconds of all cells.").tag(
        config=True
    )
    output_bytes = Integer(Limits.output_bytes, help="Bytes of output kept of a cell.").tag(
        config=True
    )
    of_assignment = Dict(help="Other limits of single assignments, by their names.").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        """Run the notebook in place."""
        info = resources["nbgrader"]
        stem = info["assignment"]
        with Gradebook(info["db_url"]) as gradebook:
            assignment = load_assignment(gradebook, stem)
        limits = self.limits_of(stem)
        packed = pack(self._submitted(info), stem, limits)
        files = {**packed.files, f"{stem}.ipynb": notebook_text(nb).encode()}
        seed = self._seed(stem, packed.digest, assignment)
        bundle = Bundle(info["student"], files, packed.left_out, "", assignment, limits, seed)
        done = run_warm("execute", bundle)
        for sentence in (*packed.left_out, *done["suspicious"]):
            self.log.warning("%s: %s", info["student"], sentence)
        executed = notebook_from(done["notebook"])
        nb.cells = executed.cells
        nb.metadata.setdefault(KEY, {})["outcome"] = done["outcome"]
        nb.metadata[KEY]["reason"] = done["reason"]
        return nb, resources

    def limits_of(self, stem):
        """Return the `Limits` of an assignment."""
        limits = Limits().with_changes(
            **{name: getattr(self, name) for name in LIMITS if name in self.trait_values()}
        )
        return limits.with_changes(**self.of_assignment.get(stem, {}))

    def _submitted(self, info):
        course = CourseDirectory(config=self.config)
        place = course.submitted_directory
        return Path(course.format_path(place, info["student"], info["assignment"]))

    def _seed(self, stem, digest, assignment):
        """Return the seed that `course grade` would draw with."""
        course = open_course(Path(CourseDirectory(config=self.config).root))
        return seed_for(course, key_of(stem, digest, test_version(assignment)))


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
