"""Turns an executed notebook into marks.

The outputs of a graded cell come from the trusted process, not from the submission, and end with a
structured result that says whether the cell ran to its end. The mark is the score of the last
report that its check emitted, times the cell's points; without a report the number that the cell
ends with, nbgrader's partial credit; and without a number full marks, if its assertions all held.
Without a structured result there are none: silence is 0 with a reason.
"""

import math
import re
from dataclasses import asdict, dataclass, field

from course_lib.grading.notes import plain

REPORT = "application/vnd.course.report+json"
RESULT = "application/vnd.course.result+json"
STATUSES = ("passed", "failed", "skipped", "error")
CALLS_CHECK = re.compile(r"\bcheck\s*\(")
# report.points rounds to hundredths.
ROUNDING = 0.006
MEMORY_ERROR = re.compile(r"MemoryError|Unable to allocate|ResourceExhausted")
TIMEOUTS = ("CellTimeoutError", "KeyboardInterrupt", "DeadlineExceeded")


@dataclass(frozen=True)
class CellMark:
    """The mark of one automatically graded cell.

    Attributes:
        name: its grade_id.
        points, maximum: given and possible.
        reason: why it is not full marks, "" when it is.
        parts: the report's parts: name, title, status, weight, message, misconception.
        check: the check's name, or None.
        suspicious: what does not fit together, for the instructor.
        out_of_memory, timed_out: whether the cell hit that limit.
    """

    name: str
    points: float
    maximum: float
    reason: str = ""
    parts: tuple = ()
    check: str | None = None
    suspicious: tuple = field(default=())
    out_of_memory: bool = False
    timed_out: bool = False

    def as_dict(self):
        """Return the mark as JSON can carry it."""
        return asdict(self)


def is_graded(cell):
    """Return whether a check decides a cell's mark; nbgrader's own would import all of nbgrader."""
    meta = cell.metadata.get("nbgrader") or {}
    return bool(cell.cell_type == "code" and meta.get("grade") and not meta.get("solution"))


def score_notebook(notebook):
    """Return the `CellMark` of each automatically graded cell, in order."""
    return [score_cell(cell) for cell in notebook.cells if is_graded(cell)]


def score_cell(cell):
    """Return the `CellMark` of one executed cell; never raises for what the outputs hold."""
    meta = cell.metadata["nbgrader"]
    name, maximum = meta["grade_id"], float(meta["points"])
    outputs = [output for output in cell.get("outputs", []) if isinstance(output, dict)]
    reports = [report for report in map(_report, outputs) if report]
    errors = [output for output in outputs if output.get("output_type") == "error"]
    parts = tuple(reports[-1]["parts"]) if reports else ()
    found = {
        "parts": parts,
        "check": reports[-1]["check"] if reports else None,
        "out_of_memory": _out_of_memory(errors, parts),
        "timed_out": any(error.get("ename") in TIMEOUTS for error in errors),
    }
    if errors:
        return CellMark(name, 0.0, maximum, _error_text(errors), **found)
    if not any(_ran_to_its_end(output) for output in outputs):
        return CellMark(name, 0.0, maximum, "it was not run to its end", **found)
    value, suspicious = _final_number(outputs, maximum)
    if reports:
        value, odd = _agreed(reports[-1]["score"] * maximum, value)
        suspicious += [f"{name}: {text}" for text in odd]
    elif CALLS_CHECK.search(cell.source):
        value = None
    elif value is None and not suspicious:
        # Assertions that all hold say nothing; that the cell ran to its end says it.
        value = maximum
    found["suspicious"] = tuple(suspicious)
    if value is None:
        return CellMark(name, 0.0, maximum, "its check printed no result", **found)
    reason = "" if value >= maximum else _failed_parts(parts)
    return CellMark(name, value, maximum, reason, **found)


def _ran_to_its_end(output):
    data = output.get("data")
    result = data.get(RESULT) if isinstance(data, dict) else None
    return isinstance(result, dict) and result.get("complete") is True


def _agreed(points, value):
    """Return the points that count, given the report's and the cell's last number, and oddities."""
    if value is None:
        return points, []
    if abs(value - points) <= ROUNDING:
        # The number that nbgrader itself would take.
        return value, []
    text = f"the report gives {points:g} points, the cell's last line {value:g}; the smaller counts"
    return min(points, value), [f"{text}."]


def _report(output):
    """Return the report in an output, cleaned, or None; all of it may have been forged."""
    data = output.get("data")
    report = data.get(REPORT) if isinstance(data, dict) else None
    if not isinstance(report, dict):
        return None
    score = _finite(report.get("score"))
    parts = report.get("parts")
    if score is None or not isinstance(parts, list):
        return None
    return {
        "check": plain(str(report.get("check", ""))[:100]),
        "score": min(max(score, 0.0), 1.0),
        "parts": [_part(part) for part in parts[:200] if isinstance(part, dict)],
    }


def _part(part):
    status = part.get("status")
    misconception = part.get("misconception")
    return {
        "name": plain(str(part.get("name", ""))[:100]),
        "title": plain(str(part.get("title", ""))[:300]),
        "status": status if status in STATUSES else "error",
        "weight": _finite(part.get("weight")) or 0.0,
        "message": plain(str(part.get("message") or "")[:4000]),
        "misconception": plain(str(misconception)[:100]) if misconception else None,
    }


def _finite(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _final_number(outputs, maximum):
    """Return the number that the cell ended with, or None, and what is odd about it."""
    results = [output for output in outputs if output.get("output_type") == "execute_result"]
    odd = ["a cell produced several results"] if len(results) > 1 else []
    if not results:
        return None, odd
    data = results[-1].get("data")
    text = data.get("text/plain") if isinstance(data, dict) else None
    try:
        value = float(str(text))
    except ValueError:
        return None, odd
    if not 0 <= value <= maximum:
        return None, [*odd, f"a cell ended with {value:g}, outside 0 to {maximum:g}"]
    return value, odd


def _error_text(errors):
    """Say what stopped the cell; a time-out leaves a KeyboardInterrupt behind as well."""
    ours = ("CellTimeoutError", "DeadlineExceeded", "KernelDied", "NotRun")
    first = next((error for error in errors if error.get("ename") in ours), errors[0])
    value = plain(" ".join(str(first.get("evalue", "")).split())[:300])
    if first.get("ename") in ours:
        return value
    return f"it stopped with {plain(str(first.get('ename', 'an error'))[:100])}: {value}"


def _out_of_memory(errors, parts):
    texts = [f"{error.get('ename')} {error.get('evalue')}" for error in errors]
    texts += [part["message"] for part in parts if part["status"] in ("failed", "error")]
    return any(MEMORY_ERROR.search(text) for text in texts)


def _failed_parts(parts):
    """Name the first part that was missed and say how many more there are."""
    missed = [part for part in parts if part["status"] != "passed"]
    if not missed:
        return "it gave part of the points"
    first = (missed[0]["title"] or missed[0]["name"]).rstrip(".")
    more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    return f"not passed: {first}{more}"
