"""What a student may read of a hidden test: which idea failed and the mistake, not the numbers.

A hidden case's arguments and results would be the answer key of the next attempt. Its report is
therefore not shown as it is. What the visible cases show already is shown whole; of a failure that
only hidden cases found the student learns shapes, kinds of results, the line of their own code that
raised, and the misconception that was recognised.
"""

import re

MARKED = re.compile(r"BEGIN (HIDDEN TESTS|MARK SCHEME)|END (HIDDEN TESTS|MARK SCHEME)")
LEFT_OUT = "# Hidden tests ran here."
ARRAYS = re.compile(r"\b\w+=[a-z]+\d* \(\d[\d, ]*\)")
SHAPE = re.compile(r"(?:\w+ of )?shape \([\d, ]*\)")
COUNT = re.compile(r"(\w+)\[[^\]]*\] = .* \((\d+ of \d+ numbers differ)\)")
LINE = re.compile(r"\(in the line: .*\)$", re.DOTALL)
ERROR = re.compile(r"[A-Za-z_]\w*(?:Error|Exception|Warning|Interrupt|Iteration)\b")
# Sentences of the checks that hold nothing of the case.
PLAIN = (
    re.compile(r"(None|Ellipsis) instead of the \w+"),
    re.compile(r"a generator instead of the \w+"),
    re.compile(r"a value: .*"),
    re.compile(r"an? (?:result|array|array of real numbers, .*|implementation)"),
    re.compile(r"NotImplementedError: not answered yet"),
    re.compile(r"changed arguments: .*"),
    re.compile(r"arguments left as they were|your own computation"),
    re.compile(r"a call of [\w.]+, which is not allowed here"),
    re.compile(r"a tuple of \d+: \([\w, ]*\)"),
    re.compile(r"an? \w+ that says what is wrong"),
    # A measure of all that an answer did, such as the share of right pixels.
    re.compile(r"a [\w ]+ of -?\d\.\d\d|at least -?\d\.\d\d"),
)


def without_hidden(source):
    r"""Return a locked cell's source without its hidden tests and marking scheme.

    A region that does not end is hidden to the end of the cell.

    Example:
        >>> print(without_hidden("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc"))
        a
        # Hidden tests ran here.
        c
    """
    kept, hidden = [], False
    for line in source.splitlines():
        found = MARKED.search(line)
        if found:
            if found[1] == "HIDDEN TESTS" and not hidden:
                kept.append(LEFT_OUT)
            hidden = bool(found[1])
        elif not hidden:
            kept.append(line)
    return "\n".join(kept)


def has_hidden(source):
    """Return whether a cell's source has a part that students do not get."""
    return bool(MARKED.search(source))


def public_parts(reports):
    """Return the parts of a cell's last report as its student may read them.

    Args:
        reports: the JSON reports that the cell emitted, in order; visible ones come first.

    Returns:
        A list of dicts: name, title, status, and rows, pairs of a label and a text.
    """
    if not reports:
        return []
    last = reports[-1]
    seen = {
        part.get("name"): part
        for report in reports
        if not report.get("hidden")
        for part in _parts(report)
    }
    parts = [_public(part, seen.get(part.get("name")), last) for part in _parts(last)]
    return _without_repetition(parts)


def _without_repetition(parts):
    """Say the same mistake, and the same error, only once."""
    came, hints = set(), set()
    for part in parts:
        rows = dict(part["rows"])
        if rows.get("came") in came:
            part["rows"] = [("came", "the same")]
        elif rows.get("looks like") in hints:
            rows["looks like"] = "the same mistake"
            rows.pop("read", None)
            part["rows"] = list(rows.items())
        came |= {rows["came"]} if "came" in rows else set()
        hints |= {rows["looks like"]} if "looks like" in rows else set()
    return parts


def _parts(report):
    parts = report.get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _public(part, seen, report):
    status = str(part.get("status"))
    public = {"name": _said(part, "name"), "title": _said(part, "title") or _said(part, "name")}
    public |= {"status": status, "rows": []}
    if status == "failed":
        whole = not report.get("hidden")
        if seen and seen.get("status") == "failed":
            part, whole = seen | {"hint": _said(seen, "hint") or _said(part, "hint")}, True
        public["rows"] = _whole(part) if whole else _reduced(part)
    elif status == "skipped":
        public["rows"] = [("why", _said(part, "message"))] if _said(part, "message") else []
    elif status == "error":
        public["rows"] = [("why", "The check itself failed; your instructor has been told.")]
    return public


def _said(part, key):
    value = part.get(key)
    return value if isinstance(value, str) else ""


def _whole(part):
    rows = [(key, _said(part, key)) for key in ("tried", "came", "expected", "why")]
    if not any(text for _, text in rows):
        rows = [("why", _said(part, "message"))]
    return [row for row in [*rows, *_advice(part)] if row[1]]


def _advice(part):
    read = _said(part, "read")
    return [("looks like", _said(part, "hint")), ("read", read and f"the book: {read}")]


def _reduced(part):
    arrays = ", ".join(ARRAYS.findall(_said(part, "tried")))
    came, expected = _came(_said(part, "came")), _expected(_said(part, "expected"))
    rows = [
        ("tried", f"a hidden case with {arrays}" if arrays else "a hidden case"),
        ("came", came),
        ("expected", expected if came else ""),
        ("why", _said(part, "why")),
    ]
    return [row for row in [*rows, *_advice(part)] if row[1]]


def _came(text):
    """Return what came without values of the hidden case, "" if nothing did."""
    if any(pattern.fullmatch(text) for pattern in PLAIN) or SHAPE.fullmatch(text):
        return text
    if found := COUNT.fullmatch(text):
        return f"other numbers in {found[1]} ({found[2]})"
    if text.endswith(", and no error"):
        return "no error"
    if found := ERROR.match(text):
        line = LINE.search(text)
        return f"{found[0]} {line[0]}" if line else found[0]
    if found := re.search(r", (an? \w+)$", text):
        return found[1]
    return "another result" if text else ""


def _expected(text):
    """Return what was expected without values of the hidden case."""
    if any(pattern.fullmatch(text) for pattern in PLAIN) or SHAPE.fullmatch(text):
        return text
    found = re.match(r"-?\d+, (an int.*)", text)
    return found[1] if found else ""
