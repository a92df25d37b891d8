"""The one writer: results into the gradebook, `autograded/` and `reports/`."""

import contextlib
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

from course_lib.grading.course import CourseError
from course_lib.grading.files import write_json, writing
from course_lib.grading.ledger import answers
from course_lib.grading.packing import unpack

PLACEHOLDER = "This submission has no graded notebook.\n\n"
# Jupyter serves autograded/ to the instructor's browser: no page or script of a stranger's there.
PAGES = frozenset(
    [
        ".htm",
        ".html",
        ".js",
        ".mht",
        ".mhtml",
        ".mjs",
        ".shtml",
        ".svg",
        ".svgz",
        ".xht",
        ".xhtml",
        ".xml",
        ".xsl",
        ".xslt",
    ]
)


def is_page(name):
    """Return whether a browser would run what a file of this name says.

    Example:
        >>> is_page("a/Plot.SVG"), is_page("data.csv")
        (True, False)
    """
    return os.path.splitext(name.rstrip(". "))[1].lower() in PAGES


def handed_in(folder):
    """Return the text of nbgrader's timestamp.txt, or "" where it is not a small plain file."""
    try:
        # A pipe of that name would be waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(os.path.join(folder, "timestamp.txt"), flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            return file.read(1000).decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _moment(text):
    """Return what a timestamp's text says, or None."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(text) if text else None
    except Exception:
        # One that does not parse is the collector's accident, not a reason to stop.
        return None


def save(ledger, record, packed, when=""):
    """Store one result: the gradebook first, then the graded notebook.

    Marks that a person gave stay; storing the same result twice changes nothing.

    Args:
        ledger: the open `Ledger`.
        record: the journal's `Record`.
        packed: the submission's `Packed` files.
        when: the text of its timestamp.

    Returns:
        The student's entry for the report.
    """
    course, assignment, result = ledger.course, ledger.assignment, record.result
    before = answers(graded_text(course, assignment.stem, record.student), assignment)
    ledger.save(result, _moment(when), before)
    with writing(course.autograded / record.student / assignment.stem):
        _write_autograded(course, assignment.stem, result, packed, when)
    marks = ledger.marks(record.student).get(record.student, {})
    return entry(assignment, record, marks, when)


def graded_text(course, stem, student):
    """Return the text of a graded notebook as it is stored, or None."""
    try:
        return (course.autograded / student / stem / f"{stem}.ipynb").read_text("utf-8")
    except (OSError, ValueError):
        return None


def is_stored(course, stem, record, found, marks, when):
    """Return whether gradebook, graded notebook and report have a record already.

    Args:
        course: the `Course`.
        stem: names the assignment.
        record: the `Record`.
        found: the student's entry in the report, or None.
        marks: what the gradebook has of the student, from `Ledger.marks`.
        when: the text of the submission's timestamp.
    """
    return (
        found is not None
        and found.get("key") == record.key
        and found.get("handed_in") == when
        and all(
            mark["name"] in marks and marks[mark["name"]]["auto"] == mark["points"]
            for mark in record.result["marks"]
        )
        and (course.autograded / record.student / stem / f"{stem}.ipynb").is_file()
    )


def _write_autograded(course, stem, result, packed, when):
    """Replace the student's graded folder as a whole, so that it is never half written."""
    final = course.autograded / result["student"] / stem
    final.parent.mkdir(parents=True, exist_ok=True)
    for left in final.parent.glob(f".{stem}-*"):
        shutil.rmtree(left, ignore_errors=True)  # of a grader that was killed
    fresh = Path(tempfile.mkdtemp(prefix=f".{stem}-", dir=final.parent))
    others = {
        name: data
        for name, data in packed.files.items()
        if ("/" in name or not name.endswith(".ipynb")) and not is_page(name)
    }
    try:
        with contextlib.suppress(ValueError):  # paths that exclude each other are not worth a mark
            unpack(others, fresh)
        if when:
            (fresh / "timestamp.txt").write_text(f"{when}\n", encoding="ascii")
        text = result["notebook"] or _placeholder(result["messages"])
        (fresh / f"{stem}.ipynb").write_text(text, encoding="utf-8", errors="replace")
        fresh.chmod(0o755)
        if final.is_symlink() or final.is_file():
            final.unlink()
        elif final.exists():
            shutil.rmtree(final)
        fresh.rename(final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _placeholder(messages):
    import nbformat

    text = PLACEHOLDER + "\n".join(f"- {message}" for message in messages)
    cell = nbformat.v4.new_markdown_cell(text, id="placeholder")
    return json.dumps(nbformat.v4.new_notebook(cells=[cell]), indent=1) + "\n"


def entry(assignment, record, marks, when):
    """Return the report's entry; the manual marks are those of the gradebook.

    Args:
        assignment: the `Assignment`.
        record: the `Record`.
        marks: what the gradebook has of the student, from `Ledger.marks`.
        when: the text of the submission's timestamp.
    """
    result = record.result
    return {
        "student": result["student"],
        "status": result["status"],
        "auto": sum(mark["points"] for mark in result["marks"]),
        "auto_max": sum(mark["maximum"] for mark in result["marks"]),
        **by_hand(assignment, marks),
        # The notebook lies in autograded/.
        **{name: value for name, value in result.items() if name != "notebook"},
        "seed": record.seed,
        "key": record.key,
        "handed_in": when,
    }


def by_hand(assignment, marks):
    """Return what a person gave and has still to give: manual, manual_max and pending."""
    cells = [(cell, marks.get(cell.name)) for cell in assignment.cells if cell.manual]
    rows = [(cell.points, mark) for cell, mark in cells]
    return {
        "manual": sum(score(mark) for _, mark in rows),
        "manual_max": sum(points for points, _ in rows),
        "pending": sum(bool(mark and mark["pending"]) for _, mark in rows),
    }


def score(mark):
    """Return what a mark of the gradebook is worth; a person's counts before the grader's."""
    if mark is None:
        return 0.0
    given = mark["auto"] if mark["manual"] is None else mark["manual"]
    return float(given or 0.0) + float(mark["extra"] or 0.0)


def write_report(course, assignment, entries):
    """Merge entries into `reports/<stem>.json`; the file is replaced as a whole.

    An entry whose submission is no longer in `submitted/` stays, as its marks stay in the
    gradebook, and has `"gone": true`.
    """
    path = course.reports / f"{assignment.stem}.json"
    students = read_report(course, assignment.stem).get("students", {}) if path.exists() else {}
    students.update({entry["student"]: entry for entry in entries})
    students = {name: _with_gone(course, assignment.stem, students[name]) for name in students}
    content = {
        "stem": assignment.stem,
        "version": assignment.version,
        "students": dict(sorted(students.items())),
    }
    write_json(path, content)
    return content


def _with_gone(course, stem, entry):
    return {**entry, "gone": not os.path.lexists(course.submitted / entry["student"] / stem)}


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
