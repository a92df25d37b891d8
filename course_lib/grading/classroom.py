"""Grades a class: finds submissions, takes what is graded already, has workers grade the rest."""

import os
import pickle
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic

from course_lib.grading.course import CourseError, sync_assignment
from course_lib.grading.journal import Journal, Record, key_of, seed_for
from course_lib.grading.ledger import NAME_LENGTH, Ledger
from course_lib.grading.limits import Limits
from course_lib.grading.notes import INSTRUCTOR, STUDENT, Note
from course_lib.grading.packing import pack
from course_lib.grading.store import entry, handed_in, is_stored, read_report, save, write_report
from course_lib.grading.submission import Bundle, failed_result
from course_lib.grading.version import judging_code, test_version, topics_of

GRADER = "course_lib.grading.submission:grade_submission"
STARTUP_SECONDS = 120
REPORT_SECONDS = 5
GRADER_FAILED = "The grader failed"


@dataclass(frozen=True)
class Classroom:
    """A class that is about to be graded.

    Attributes:
        course: the `Course`.
        assignment: the `Assignment`.
        folders: the submissions, sorted by student.
        limits: the `Limits` of a submission.
        sandboxed: False if the instructor gave the sandbox up.
        warnings: sentences for the instructor.
        left_out: how many folders were left out for their names.
    """

    course: object
    assignment: object
    folders: tuple
    limits: Limits
    sandboxed: bool = True
    warnings: tuple = field(default=())
    left_out: int = 0


def gather(course, stem, student="*", limits=None, sandboxed=True):
    """Find the submissions of an assignment and bring the gradebook up to date.

    Raises:
        CourseError: if there is no such assignment or nothing was handed in.
    """
    assignment, fresh = sync_assignment(course, stem)
    warnings = []
    if fresh is False:
        warnings.append(
            f"assignments/{stem} is not what solutions/{stem} generates; run `make assignments`."
        )
    unusable = unusable_names(course, stem)
    return Classroom(
        course,
        assignment,
        tuple(find_submissions(course, stem, student)),
        limits or configured_limits(course, stem),
        sandboxed,
        tuple(warnings + unusable),
        len(unusable),
    )


def configured_limits(course, stem):
    """Return the limits that nbgrader_config.py sets for an assignment.

    Raises:
        CourseError: if one of them is not a positive number, or none that there is.
    """
    chosen = course.config.get("SandboxExecute", {})
    names = {limit.name for limit in fields(Limits)}
    try:
        limits = Limits().with_changes(**{name: chosen[name] for name in names if name in chosen})
        return limits.with_changes(**chosen.get("of_assignment", {}).get(stem, {}))
    except (AttributeError, TypeError, ValueError) as error:
        raise CourseError(f"a limit in the configuration is wrong: {error}") from error


def find_submissions(course, stem, student="*"):
    """Return the paths `submitted/<student>/<stem>`, sorted by student.

    Raises:
        CourseError: if there are none.
    """
    place = course.submitted
    if not place.is_dir():
        raise CourseError(
            f"{place} is missing; put each student's notebook at "
            f"<student>/{stem}/{stem}.ipynb there."
        )
    people = [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found = [p / stem for p in people if not _unusable(course, p.name) and _exists(p / stem)]
    if not found:
        raise CourseError(f"{place} has no submission of {stem!r} (<student>/{stem}/{stem}.ipynb).")
    chosen = sorted((p for p in found if fnmatchcase(p.parent.name, student)), key=str)
    if not chosen:
        raise CourseError(
            f"no student matches {student!r} among {len(found)} submissions of {stem!r}."
        )
    return chosen


def _exists(path: Path):
    # What may not be looked at is unreadable, not absent.
    return os.path.lexists(path) or not os.access(path.parent, os.X_OK)


def _unusable(course, name):
    """Return what a folder's name must be, if it is not; SQLite takes names of any length."""
    if not name.isprintable():
        return "printable characters in UTF-8"
    if len(name) > NAME_LENGTH and not course.gradebook_file:
        return f"at most {NAME_LENGTH} characters"
    return ""


def unusable_names(course, stem):
    """Return a warning for each folder whose name no gradebook or terminal can take.

    A folder that starts with a dot is one only if it has a submission: .git is none.
    """
    place, wanted = course.submitted, {}
    for path in place.iterdir():
        if not path.name.startswith("."):
            wanted[path.name] = _unusable(course, path.name)
        elif os.path.lexists(path / stem):
            wanted[path.name] = "characters without a dot at the start"
    return [
        f"the folder {name!a} in {place.name}/ was left out; give it a name of {wanted[name]}."
        for name in sorted(wanted)
        if wanted[name]
    ]


def looks_new(course, stem, student="*"):
    """Return whether a submission was never graded: then workers can start at once."""
    journal = Journal(course, stem)
    folders = find_submissions(course, stem, student)
    return not all(journal.path(folder.parent.name).exists() for folder in folders)


class Run:
    """One run over a class; the one writer.

    Args:
        classroom: the `Classroom`.
        cluster: the `Cluster` that grades.
        force: grade again what has a result.
        progress: called with each student's entry and whether it was graded now.

    Attributes:
        graded: how many were graded now.
        failed: the students whose grading failed; no submission is to blame.
    """

    def __init__(self, classroom, cluster, force=False, progress=None):
        self.classroom, self.cluster, self.force, self.progress = (
            classroom,
            cluster,
            force,
            progress,
        )
        self.course, self.assignment = classroom.course, classroom.assignment
        self.stem = self.assignment.stem
        self.journal = Journal(self.course, self.stem)
        self.tests = test_version(self.assignment)
        self.entries, self.graded, self.failed, self.written = {}, 0, [], monotonic()

    def grade(self):
        """Grade all submissions and store each result as it comes.

        Returns:
            The entries of the report, by student.
        """
        try:
            with Ledger(self.course, self.assignment) as self.ledger:
                self._grade_all()
        finally:
            # An interrupted class keeps what was graded.
            if self.entries:
                write_report(self.course, self.assignment, self.entries.values())
        return [self.entries[student] for student in sorted(self.entries)]

    def _grade_all(self):
        self.marks, self.report = self.ledger.marks(), self._reported()
        seconds = self.classroom.limits.submission_seconds * 2 + STARTUP_SECONDS
        for task, answer in self.cluster.run(self._to_grade(), self._envelope, seconds):
            bundle = task.bundle
            result = _result(bundle, answer)
            final = answer is not None and not _grader_failed(result)
            limits = bundle.limits.as_dict()
            record = Record(bundle.student, task.key, limits, task.seed, final, result)
            self.graded += 1
            self.failed += [] if final else [bundle.student]
            earlier = None if final else self.journal.read(bundle.student)
            if earlier and earlier.final:
                self._keep(self._as_before(earlier, result, task.when), new=True)
                continue
            self.journal.write(record)
            self._keep(save(self.ledger, record, task.packed, task.when), new=True)

    def _as_before(self, earlier, failed, when):
        """Return an entry with the earlier result: a failure of the grader's takes no marks."""
        why = [*failed["instructor"], "The marks are those of the last time that it was graded."]
        result = {**earlier.result, "instructor": why + earlier.result["instructor"]}
        record = replace(earlier, result=result)
        return entry(self.assignment, record, self.marks.get(earlier.student, {}), when)

    def _reported(self):
        """Return the entries that the report has; a damaged one is made anew."""
        try:
            return read_report(self.course, self.stem)["students"]
        except CourseError:
            return {}

    def _to_grade(self):
        """Yield what has no result yet; store what has one and is not stored."""
        for folder in self.classroom.folders:
            student, limits = folder.parent.name, self.classroom.limits
            packed, when = pack(folder, self.stem, limits), handed_in(folder)
            key = key_of(self.stem, packed.digest, self.tests, self.classroom.sandboxed)
            record = self.journal.read(student)
            if record and record.answers(key, limits.as_dict()) and not self.force:
                self._unchanged(record, packed, when)
                continue
            seed = record.seed if record and record.key == key else seed_for(self.course, key)
            yield _Task(self._bundle(student, packed, seed), packed, key, seed, when)

    def _unchanged(self, record, packed, when):
        """Take a result from the journal; complete what a run that was killed left undone."""
        student = record.student
        found, marks = self.report.get(student), self.marks.get(student, {})
        if is_stored(self.course, self.stem, record, found, marks, when):
            self._keep(entry(self.assignment, record, marks, when), new=False)
        else:
            self._keep(save(self.ledger, record, packed, when), new=False)

    def _bundle(self, student, packed, seed):
        return Bundle(
            student=student,
            files=packed.files,
            left_out=packed.left_out,
            problem=packed.problem,
            assignment=self.assignment,
            limits=self.classroom.limits,
            seed=seed,
            sandboxed=self.classroom.sandboxed,
        )

    def _envelope(self, task):
        from course_lib.grading.worker import Envelope

        topics = topics_of(self.assignment)
        return Envelope(topics, judging_code(topics), GRADER, pickle.dumps(task.bundle))

    def _keep(self, found, new):
        self.entries[found["student"]] = found
        if monotonic() > self.written + REPORT_SECONDS:
            # A grader that is killed keeps what it had.
            write_report(self.course, self.assignment, self.entries.values())
            self.written = monotonic()
        if self.progress is not None:
            self.progress(found, new)


@dataclass(frozen=True)
class _Task:
    """A submission on its way to a worker and back."""

    bundle: Bundle
    packed: object
    key: str
    seed: int
    when: str


def _result(bundle, answer):
    """Return a worker's answer, or the result of a submission that has none."""
    if answer is None:
        why = "The process that graded it was lost twice; grade it alone to see why."
    elif "grader_error" in answer:
        why = f"{GRADER_FAILED}: {answer['grader_error']}"
    else:
        return answer
    sorry = "The grader could not finish; your instructor will look at it."
    notes = [Note(why, to=INSTRUCTOR), Note(sorry, to=STUDENT)]
    return failed_result(bundle, "died", notes)


def _grader_failed(result):
    """Return whether a result is our fault, not the submission's, so that it is tried again."""
    return any(text.startswith(GRADER_FAILED) for text in result["instructor"])
