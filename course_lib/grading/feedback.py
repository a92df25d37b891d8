"""The student's page: marks, what was mended, what failed and why, then the notebook.

nbgrader_config.py names `FeedbackExporter`, so that nbgrader's own `generate_feedback` makes these
pages; `course feedback` makes them for a class without starting nbgrader for each student.
"""

import json
import re
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup
from nbconvert.exporters import Exporter
from traitlets import default

from course_lib.checks.report import STYLE as REPORT_STYLE
from course_lib.grading import pages
from course_lib.grading.formulas import STYLE
from course_lib.grading.harmless import render_markdown, tame, terminal_text
from course_lib.grading.hidden import has_hidden, public_parts, without_hidden
from course_lib.grading.notes import plain
from course_lib.grading.score import REPORT
from course_lib.grading.told import told

STATUS = {
    "graded": "All automatic checks pass",
    "wrong": "Some parts do not pass yet",
    "repaired": "Mended, then graded",
    "timeout": "Stopped at a time limit",
    "out of memory": "Stopped at the memory limit",
    "died": "Python ended while it was graded",
    "unreadable": "Not readable, so not graded",
}
SIGNS = {"passed": ("✓", "good"), "failed": ("✗", "bad"), "skipped": ("–", "quiet")}
CALL = re.compile(r"\bcheck\(\s*[\"'](\w+)")
HEADING = re.compile(r"<(/?)h([1-6])>")
STOPPED = "it stopped with "


class FeedbackExporter(Exporter):
    """Makes a student's page from a graded notebook, the gradebook and the class's report."""

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self):
        return ".html"

    def from_notebook_node(self, nb, resources=None, **kw):
        """Return the page and nbconvert's resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        info = resources.get("nbgrader", {})
        student, stem = info.get("student", ""), info.get("assignment", "")
        grades = read_grades(info["db_url"], stem, student) if "db_url" in info else {}
        root = getattr(getattr(self.parent, "coursedir", None), "root", ".")
        return make_page(nb, student, stem, grades, read_entry(root, stem, student)), resources


@lru_cache(maxsize=4)
def _report(path, changed):
    try:
        students = json.loads(Path(path).read_text(encoding="utf-8"))["students"]
        return students if isinstance(students, dict) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def read_entry(root, stem, student):
    """Return a student's entry in the class's report; empty if stock nbgrader graded."""
    path = Path(root) / "reports" / f"{stem}.json"
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return _report(str(path), changed).get(student) or {}


def read_grades(db_url, stem, student):
    """Return what the gradebook knows of a submission: its cells by name, score and penalty."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(db_url) as gradebook:
        try:
            found = gradebook.find_submission_notebook(stem, stem, student)
        except MissingEntry:
            return {}
        cells = {
            grade.name: {
                "points": float(grade.score or 0.0),
                "maximum": float(grade.max_score or 0.0),
                "pending": bool(grade.needs_manual_grade),
                "by_hand": grade.manual_score is not None,
            }
            for grade in found.grades
        }
        comments = {comment.name: comment.comment or "" for comment in found.comments}
        return {
            "cells": cells,
            "comments": comments,
            "score": float(found.score or 0.0),
            "maximum": float(found.max_score or 0.0),
            "penalty": float(found.late_submission_penalty or 0.0),
        }


def make_page(notebook, student, stem, grades, entry):
    """Return a student's page.

    Args:
        notebook: the graded notebook; whatever students wrote in it is sanitised.
        student: the student's name.
        stem: the assignment's.
        grades: what `read_grades` returned.
        entry: what `read_entry` returned.
    """
    marks = {mark["name"]: mark for mark in entry.get("marks", ())}
    kept = notebook.get("metadata", {}).get("course_grading")
    said = told(entry, kept.get("notes", ()) if isinstance(kept, dict) else ())
    reports = [_cell_reports(cell) for cell in notebook.get("cells", ())]
    tamed = tame(notebook)
    cells = [
        _cell(cell, found, index, grades, marks)
        for index, (cell, found) in enumerate(zip(tamed.cells, reports, strict=True))
    ]
    if entry.get("status") == "unreadable":
        cells = []
    penalty = min(grades.get("penalty", 0.0), grades.get("score", 0.0))
    page = {
        "title": _title(tamed, stem),
        "student": plain(student),
        "score": grades.get("score", 0.0) - penalty,
        "maximum": grades.get("maximum", 0.0),
        "penalty": penalty,
        "rows": _rows(cells, grades, marks),
        "cells": cells,
        **said,
    }
    page["pending"] = sum(row["maximum"] for row in page["rows"] if row["pending"])
    page["status"] = STATUS.get(entry.get("status"), "Graded")
    if page["headline"].rstrip(".") == page["status"]:
        page["headline"] = ""
    sheets = ("page.css", "feedback.css")
    return pages.render("feedback.html.j2", sheets, STYLE, page=page)


def _title(notebook, stem):
    """Return the notebook's first heading; the student may have changed it, or the stem."""
    for cell in notebook.cells[:1]:
        first = cell.source.strip().split("\n")[0]
        if cell.cell_type == "markdown" and cell.metadata and first.startswith("# "):
            return plain(first[2:].strip())[:120]
    return stem


def _cell_reports(cell):
    outputs = cell.get("outputs", ()) if isinstance(cell, dict) else ()
    data = [output.get("data") for output in outputs or () if isinstance(output, dict)]
    found = [forms.get(REPORT) for forms in data if isinstance(forms, dict)]
    return [report for report in found if isinstance(report, dict)]


def _cell(cell, reports, index, grades, marks):
    """Return what the template shows of one cell."""
    meta = cell.metadata.get("nbgrader", {})
    name, grade = meta.get("grade_id", ""), grades.get("cells", {}).get(meta.get("grade_id"))
    shown = dict.fromkeys(("head", "points", "text", "source", "reason", "comment"))
    shown |= {"name": name, "graded": False, "parts": [], "outputs": [], "cell": index + 1}
    shown["anchor"] = f"part-{name}" if name else ""
    shown["label"] = f"Cell {index + 1}"
    if grade:
        points = f"{pages.points(grade['points'])} / {pages.points(grade['maximum'])} points"
        shown["points"] = "to be marked by a person" if grade["pending"] else points
    if meta.get("solution") or meta.get("task"):
        shown["head"] = "Your answer"
        shown["comment"] = _comment(grades.get("comments", {}).get(name))
    source = without_hidden(cell.source) if _locked(meta) else cell.source
    if cell.cell_type == "markdown":
        shown["text"] = _text(source, json.dumps(cell.get("attachments", {}), sort_keys=True))
    elif source.strip():
        shown["source"] = _code(source)
    if meta.get("grade") and not meta.get("solution") and cell.cell_type == "code":
        secret = has_hidden(cell.source)
        shown |= {"graded": True, "head": _check_name(reports, marks.get(name), cell)}
        shown["parts"] = [_part(part) for part in public_parts(reports)]
        shown["reason"] = _reason(marks.get(name, {}).get("reason", ""), secret)
        if secret:
            # What the student's code printed or raised there may hold a hidden case's numbers.
            return shown
    shown["outputs"] = [_output(o, bool(reports)) for o in cell.get("outputs", ())]
    shown["outputs"] = [output for output in shown["outputs"] if output]
    return shown


def _locked(meta):
    return meta.get("locked") or (meta.get("grade") and not meta.get("solution"))


def _comment(text):
    return Markup(render_markdown(text)) if text else None


@lru_cache(maxsize=500)
def _text(source, attachments):
    """The instructor's text is the same in each student's notebook, so it is rendered once."""
    text = render_markdown(source, json.loads(attachments))
    # The page's own headings stand above those of the notebook.
    return Markup(HEADING.sub(lambda h: f"<{h[1]}h{min(int(h[2]) + 2, 6)}>", text))


@lru_cache(maxsize=500)
def _code(source):
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def _check_name(reports, mark, cell):
    """Return the heading of a test: the check's name, if need be from the call in its source."""
    called = CALL.search(cell.source)
    check = (mark or {}).get("check") or (reports[-1].get("check") if reports else None)
    check = check or (called[1] if called else cell.metadata["nbgrader"]["grade_id"])
    return f"Test of {plain(str(check))[:100]}"


def _part(part):
    sign, tone = SIGNS.get(part["status"], ("!", "warn"))
    return part | {"sign": sign, "tone": tone}


def _reason(reason, secret):
    """Return why there is no mark; what a hidden case raised stays out."""
    if reason.startswith(STOPPED) and secret:
        return f"{STOPPED.capitalize()}{reason.removeprefix(STOPPED).split(':')[0]}."
    if not reason or reason.startswith("not passed"):
        return ""
    return f"{reason[0].upper()}{reason[1:]}".rstrip(".") + "."


def _output(output, report):
    """Return kind and HTML of an output, or None for a report, which is shown in our words."""
    if output.output_type == "stream":
        text = terminal_text(output.text)
        return {"kind": output.name, "html": Markup(f"<pre>{text}</pre>")} if text.strip() else None
    if output.output_type == "error":
        lines = terminal_text("\n".join(output.traceback))
        return {"kind": "error", "html": Markup(f"<pre>{lines}</pre>")}
    data = output.data
    if report and output.output_type == "execute_result":
        return None
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            picture = f'<img alt="A picture that this cell drew" src="data:{kind};base64,{{}}">'
            return {"kind": "picture", "html": Markup(picture.format("".join(data[kind].split())))}
    if "text/html" in data:
        # A report brings its style along; this page has it, and allows no other.
        return {"kind": "scroll", "html": Markup(data["text/html"].removeprefix(REPORT_STYLE))}
    return {"kind": "plain", "html": Markup(f"<pre>{terminal_text(data['text/plain'])}</pre>")}


def _rows(cells, grades, marks):
    """Return the table of marks: one row for each part that has points, in order."""
    left, rows = dict(grades.get("cells", {})), []
    for cell in cells:
        if cell["name"] in left:
            rows.append(_row(cell["name"], cell, left.pop(cell["name"]), marks))
    return rows + [_row(name, None, grade, marks) for name, grade in left.items()]


def _row(name, cell, grade, marks):
    automatic = name in marks or bool(cell and cell["graded"])
    title = cell["head"] if cell and cell["graded"] else name.replace("-", " ").capitalize()
    row = {
        "title": title.removeprefix("Test of "),
        "anchor": cell["anchor"] if cell else "",
        **grade,
    }
    if grade["pending"]:
        row["result"] = "by hand: waits for a person"
    elif grade["by_hand"]:
        row["result"] = "by hand: marked"
    elif automatic:
        parts = cell["parts"] if cell else []
        passed = sum(part["status"] == "passed" for part in parts)
        row["result"] = f"{passed} of {len(parts)} checks pass" if parts else "no result"
    else:
        row["result"] = "by hand: no answer"
    return row
