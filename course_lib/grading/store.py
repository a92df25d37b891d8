"""The one writer: results into the gradebook, `autograded/` and `reports/`."""

import fcntl
import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

from course_lib.grading.course import CourseError, gradebook_errors, open_gradebook
from course_lib.grading.sandbox import copy_plain_files

PLACEHOLDER = "This submission has no graded notebook.\n\n"


def check_writable(course):
    """Refuse early to grade into a place that cannot be written.

    Raises:
        CourseError: names the place.
    """
    for folder in (course.autograded, course.reports):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CourseError(f"{folder} cannot be written ({error.strerror}).") from error
    path = course.gradebook_file
    if path and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CourseError(f"{path} cannot be written.")


@contextmanager
def only_writer(course):
    """Hold the course's lock while grading: two writers would undo each other's reports.

    Raises:
        CourseError: if another `course grade` holds it.
    """
    with open(course.reports / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(f"another `course grade` is at work in {course.root}.") from None
        yield


def save(course, assignment, folder, result):
    """Store one result: the gradebook first, then the graded notebook.

    Manual marks in the gradebook stay; storing the same result twice changes nothing.

    Args:
        course: the `Course`.
        assignment: the `Assignment`.
        folder: the submission's folder.
        result: what `grade_submission` returned.

    Returns:
        The student's entry for the report.
    """
    student, stem = result["student"], assignment.stem
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student(student)
        when = {"timestamp": _timestamp(course, folder)} if _timestamp(course, folder) else {}
        gradebook.update_or_create_submission(stem, student, **when)
        if result["notebook"] is None:
            _save_zero(gradebook, stem, student)
    notebook = _notebook(result)
    if result["notebook"] is not None:
        with gradebook_errors(course):
            _save_grades(course, stem, student, notebook)
    _write_autograded(course, stem, student, folder, notebook)
    return _entry(course, assignment, result)


def _timestamp(course, folder):
    """Return when it was handed in, from nbgrader's timestamp.txt, or None."""
    try:
        # A pipe of that name would be waited for.
        found = os.lstat(os.path.join(folder, "timestamp.txt"))
        if not stat.S_ISREG(found.st_mode) or found.st_size > 1000:
            return None
        return course.directory.get_existing_timestamp(str(folder))
    except Exception:
        # A timestamp that does not parse is the collector's accident, not a reason to stop.
        return None


def _save_zero(gradebook, stem, student):
    submission = gradebook.find_submission_notebook(stem, stem, student)
    for grade in submission.grades:
        grade.auto_score = 0.0
        grade.needs_manual_grade = False
    gradebook.db.commit()


def _notebook(result):
    import nbformat

    if result["notebook"] is not None:
        return nbformat.from_dict(json.loads(result["notebook"]))
    text = PLACEHOLDER + "\n".join(f"- {message}" for message in result["messages"])
    cell = nbformat.v4.new_markdown_cell(text, id="placeholder")
    return nbformat.v4.new_notebook(cells=[cell])


def _save_grades(course, stem, student, notebook):
    """Let nbgrader's own preprocessors write the grades, comments and late penalties."""
    from nbgrader.preprocessors import AssignLatePenalties

    from course_lib.grading.preprocessors import SaveGrades

    info = {"assignment": stem, "notebook": stem, "student": student}
    resources = {"nbgrader": {**info, "db_url": course.directory.db_url}}
    for step in (SaveGrades, AssignLatePenalties):
        step(config=course.config).preprocess(notebook, resources)


def _write_autograded(course, stem, student, folder, notebook):
    """Replace the student's graded folder as a whole, so that it is never half written."""
    final = course.autograded / student / stem
    final.parent.mkdir(parents=True, exist_ok=True)
    for left in final.parent.glob(f".{stem}-*"):
        shutil.rmtree(left, ignore_errors=True)  # of a grader that was killed
    fresh = Path(tempfile.mkdtemp(prefix=f".{stem}-", dir=final.parent))
    try:
        if Path(folder).is_dir() and not Path(folder).is_symlink():
            copy_plain_files(folder, fresh, course.directory.max_dir_size * 1000)
            for path in fresh.glob("*.ipynb"):
                path.unlink()
        text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (fresh / f"{stem}.ipynb").write_text(text, encoding="utf-8", errors="replace")
        fresh.chmod(0o755)
        if final.is_symlink() or final.is_file():
            final.unlink()
        elif final.exists():
            shutil.rmtree(final)
        fresh.rename(final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _entry(course, assignment, result):
    """Return the report's entry; the manual marks are those of the gradebook."""
    manual = manual_marks(course, assignment, result["student"])
    auto = sum(mark["points"] for mark in result["marks"])
    given = sum(mark["points"] for mark in manual)
    return {
        "student": result["student"],
        "status": result["status"],
        "auto": auto,
        "auto_max": sum(mark["maximum"] for mark in result["marks"]),
        "manual": given,
        "manual_max": sum(mark["maximum"] for mark in manual),
        "pending": sum(mark["pending"] for mark in manual),
        "seconds": result["seconds"],
        "version": result["version"],
        "messages": result["messages"],
        "instructor": result["instructor"],
        "marks": result["marks"],
    }


def manual_marks(course, assignment, student):
    """Return the marks of the parts that a person grades, from the gradebook."""
    wanted = [cell for cell in assignment.cells if cell.manual]
    marks = []
    with open_gradebook(course) as gradebook:
        for cell in wanted:
            grade = gradebook.find_grade(cell.name, assignment.stem, assignment.stem, student)
            marks.append(
                {
                    "name": cell.name,
                    "points": float(grade.score or 0.0),
                    "maximum": cell.points,
                    "pending": bool(grade.needs_manual_grade),
                }
            )
    return marks


def write_report(course, assignment, entries):
    """Merge entries into `reports/<stem>.json`; the file is replaced as a whole."""
    path = course.reports / f"{assignment.stem}.json"
    students = read_report(course, assignment.stem).get("students", {}) if path.exists() else {}
    students.update({entry["student"]: entry for entry in entries})
    content = {
        "stem": assignment.stem,
        "version": assignment.version,
        "students": dict(sorted(students.items())),
    }
    write_json(path, content)
    return content


def read_report(course, stem):
    """Read a report.

    Raises:
        CourseError: if there is none, or it is damaged.
    """
    path = course.reports / f"{stem}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content["students"], dict):
            raise TypeError("no students")
    except FileNotFoundError:
        raise CourseError(f"{path} is missing; run `course grade {stem}` first.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"{path} is not a report ({error}); move it away and grade again."
        ) from error
    return content


def write_json(path, content):
    """Write JSON so that a reader sees the old file or the new one, never half of it.

    Raises:
        CourseError: if the place cannot be written.
    """
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write("\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise CourseError(f"{path} cannot be written ({error.strerror}).") from error
