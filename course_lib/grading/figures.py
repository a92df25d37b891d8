"""Counts what a graded class did: marks, parts, mistakes, and who needs a look."""

import statistics
from collections import Counter

from course_lib.grading.told import for_us_only, told

BINS = 10
# Worst first, as in `submission.STATUSES`; no import, so that a report needs no grader.
STATUSES = ("unreadable", "died", "out of memory", "timeout", "repaired", "wrong", "graded")


def summary(stem, entries):
    """Return all that the report of a class says, as JSON can carry it.

    Args:
        stem: the assignment's.
        entries: those of the report, with the manual marks of now.
    """
    return {
        "stem": stem,
        "students": len(entries),
        "statuses": {s: n for s in STATUSES[::-1] if (n := sum(e["status"] == s for e in entries))},
        "points": distribution(entries),
        "checks": check_success(entries),
        "parts": part_success(entries),
        "mistakes": common_mistakes(entries, stem),
        "gone": [e["student"] for e in entries if e.get("gone")],
        "waiting": [e["student"] for e in entries if e["pending"]],
        "repaired": _sentences(entries, lambda entry: told(entry)["mended"]),
        "suspicious": _sentences(entries, for_us_only),
        "marks": [
            {key: entry[key] for key in ("student", "status", "auto", "auto_max")}
            | {key: entry[key] for key in ("manual", "manual_max", "pending")}
            | {"cells": {m["name"]: m["points"] if has_result(m) else None for m in entry["marks"]}}
            for entry in entries
        ],
    }


def _sentences(entries, of):
    found = [{"student": entry["student"], "sentences": of(entry)} for entry in entries]
    return [row for row in found if row["sentences"]]


def has_result(mark):
    """Return whether a check or a number decided the mark; 0 for silence is no result."""
    return bool(mark["parts"]) or mark.get("points", 0) > 0 or not mark.get("reason", "x")


def distribution(entries):
    """Return how the automatic points are spread over those who could be graded.

    Returns:
        A dict: graded, maximum, mean, median, least, most, and bins, ten counts.
    """
    graded = [e for e in entries if e["status"] != "unreadable" and e["auto_max"]]
    found = [entry["auto"] for entry in graded]
    shares = [max(0.0, min(entry["auto"] / entry["auto_max"], 1.0)) for entry in graded]
    bins = Counter(min(int(share * BINS), BINS - 1) for share in shares)
    rounded = {
        name: round(float(of(found)), 2) if found else None
        for name, of in (
            ("mean", statistics.fmean),
            ("median", statistics.median),
            ("least", min),
            ("most", max),
        )
    }
    maximum = max((entry["auto_max"] for entry in entries), default=0.0)
    counts = [bins[index] for index in range(BINS)]
    return {"graded": len(graded), "maximum": maximum, **rounded, "bins": counts}


def check_success(entries):
    """Return, by graded cell, the mean share of its points and how many have no result.

    Returns:
        A list of dicts with cell, check, maximum, mean (None if nobody has a result), results and
        none, in the order of the assignment.
    """
    rows = {}
    for entry in entries:
        for mark in entry["marks"]:
            base = {"check": None, "maximum": mark["maximum"], "points": []}
            row = rows.setdefault(mark["name"], base)
            row["check"] = row["check"] or mark.get("check")
            if has_result(mark):
                row["points"].append(mark["points"])
    return [
        {
            "cell": cell,
            "check": row["check"],
            "maximum": row["maximum"],
            "mean": round(statistics.fmean(row["points"]), 2) if row["points"] else None,
            "results": len(row["points"]),
            "none": len(entries) - len(row["points"]),
        }
        for cell, row in rows.items()
    ]


def part_success(entries):
    """Return, by check and part, how many of the students passed.

    A student without a result, whose notebook was unreadable for instance, did not fail the part.

    Returns:
        A list of dicts with cell, part, title, passed, failed, skipped (it builds on a part that
        failed), none (no result) and students, in the order of the assignment.
    """
    rows = {}
    for entry in entries:
        for mark in entry["marks"]:
            parts = rows.setdefault(mark["name"], {})
            for part in mark["parts"]:
                row = parts.setdefault(
                    part["name"], {"title": part["title"], "passed": 0, "failed": 0, "skipped": 0}
                )
                if part["status"] in ("passed", "failed", "skipped"):
                    row[part["status"]] += 1
    empty = {"title": "(no report)", "passed": 0, "failed": 0, "skipped": 0}
    return [
        {"cell": cell, "part": part, **row}
        | {"none": len(entries) - row["passed"] - row["failed"] - row["skipped"]}
        | {"students": len(entries)}
        for cell, parts in rows.items()
        for part, row in (parts or {"": empty}).items()
    ]


def common_mistakes(entries, stem):
    """Return the misconceptions that checks recognised, commonest first.

    Returns:
        A list of dicts with check, name, hint and students.
    """
    counts = Counter()
    for entry in entries:
        seen = {
            (mark.get("check") or mark["name"], part["misconception"])
            for mark in entry["marks"]
            for part in mark["parts"]
            if part.get("misconception")
        }
        counts.update(seen)
    hints = _hints(stem) if counts else {}
    return [
        {"check": check, "name": name, "hint": hints.get((check, name), name), "students": number}
        for (check, name), number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _hints(stem):
    """Return the hints of a topic's misconceptions; not every assignment has checks of ours."""
    try:
        from course_lib.checks import load

        checks = load(stem)
    except (ImportError, ValueError, LookupError, AttributeError):
        return {}
    return {(check.name, m.name): m.hint for check in checks for m in check.misconceptions}
