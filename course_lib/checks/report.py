"""The report of a check: as HTML in a notebook, as text in a terminal, as JSON for the grader."""

import copy
import html
import sys
import textwrap
from dataclasses import asdict, dataclass, field

MIME = "application/vnd.course.report+json"
MARKS = {"passed": "✓", "failed": "✗", "skipped": "–", "error": "!"}
BOOK = "the book"

# JupyterLab's own colour variables, so that the report follows its light and dark themes. The
# doubled class outweighs its rules for lists and code.
STYLE = """
<style>
.course-report{--good:#1a7f37;--bad:#c62828;--rest:#6e7781;font-size:.95em;line-height:1.45;
 color:var(--jp-content-font-color1,inherit);max-width:52em}
.course-report.dark,[data-jp-theme-light="false"] .course-report,
 html[data-theme="dark"] .course-report{--good:#56d364;--bad:#ff8a80;--rest:#9aa4ae}
.course-report.course-report h4{margin:.4em 0;font-size:1.05em;font-weight:600}
.course-report.course-report ul{list-style:none;margin:0;padding:0}
.course-report li{margin:.15em 0;padding:.1em 0 .1em .8em;border-left:3px solid var(--rest)}
.course-report li.done,.course-report li.passed{border-color:var(--good)}
.course-report li.failed,.course-report li.error{border-color:var(--bad)}
.course-report .mark{display:inline-block;width:1.3em;padding:0;background:none;
 font-weight:700;color:var(--rest)}
.course-report .done .mark,.course-report .passed .mark{color:var(--good)}
.course-report .failed .mark,.course-report .error .mark{color:var(--bad)}
.course-report summary{cursor:pointer}
.course-report .more{color:var(--jp-content-font-color2,inherit)}
.course-report.course-report details ul{margin:.2em 0 .3em 1.3em}
.course-report.course-report details li{border:0;padding:0}
.course-report.course-report dl{display:grid;grid-template-columns:6.5em minmax(0,1fr);
 gap:.1em .6em;width:auto;margin:.3em 0 .5em 1.3em}
.course-report.course-report dt{float:none;width:auto;margin:0;padding:0;font-weight:600;
 white-space:nowrap;color:var(--jp-content-font-color2,inherit)}
.course-report.course-report dd{float:none;width:auto;margin:0;padding:0;overflow-wrap:anywhere}
.course-report .spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.course-report.course-report dd code{background:none;padding:0;color:inherit;white-space:pre-wrap}
</style>
"""


@dataclass
class Outcome:
    """What came of one part: `passed`, `failed`, `skipped`, or `error` (the check's own fault)."""

    name: str
    title: str
    status: str
    weight: float
    tried: str = ""
    came: str = ""
    expected: str = ""
    message: str = ""
    misconception: str | None = None
    hint: str = ""
    read: str = ""

    def lines(self, before=()):
        """The rows of the explanation, each a label and a text.

        What an outcome `before` has explained already is not explained again.
        """
        if self.status == "passed":
            return []
        if any(self.came and self.came == other.came for other in before):
            return [("came", "the same")]
        again = bool(self.hint) and any(self.hint == other.hint for other in before)
        rows = [
            ("tried", self.tried),
            ("came", self.came),
            ("expected", self.expected),
            ("why", self.message),
            ("looks like", "the same mistake" if again else self.hint),
            (
                "read",
                "" if again or self.status != "failed" else self.read and f"{BOOK}: {self.read}",
            ),
        ]
        return [(label, text) for label, text in rows if text]


@dataclass(frozen=True)
class Report:
    """All outcomes of one check."""

    topic: str
    check: str
    title: str
    hidden: bool
    outcomes: tuple[Outcome, ...]
    examples: dict = field(default_factory=dict)

    def example(self, part=None):
        """Return the arguments of a failed call, to try it by hand: `conv2d(**report.example())`.

        Args:
            part: the part's name; the first that failed if absent.

        Raises:
            ValueError: if no visible case of that part has failed; the message lists those that
                have.
        """
        name = next(iter(self.examples), None) if part is None else part
        if name not in self.examples:
            failed = ", ".join(self.examples) or "none"
            raise ValueError(f"no visible case of part {name!r} has failed; failed: {failed}.")
        return copy.deepcopy(self.examples[name])

    @property
    def score(self):
        """The passed share of the weights, from 0 to 1; parts that the check broke do not count."""
        counted = [o for o in self.outcomes if o.status != "error"]
        total = sum(o.weight for o in counted)
        return sum(o.weight for o in counted if o.status == "passed") / total if total else 0.0

    @property
    def passed(self):
        """Whether every part has passed."""
        return all(o.status == "passed" for o in self.outcomes)

    @property
    def diagnosis(self):
        """The first misconception found, or `None`."""
        return next((o.misconception for o in self.outcomes if o.misconception), None)

    def points(self, total):
        """The points out of `total`, for the last line of a graded cell.

        Example:
            >>> part = Outcome("sizes", "Sizes", "passed", weight=1)
            >>> Report("convolution", "conv2d", "Convolve", False, (part,)).points(8)
            8.0
        """
        return round(float(total) * self.score, 2)

    def to_json(self):
        """The report as data; what `MIME` carries to the grader."""
        parts = [asdict(o) for o in self.outcomes]
        for part, outcome in zip(parts, self.outcomes, strict=True):
            part["why"] = outcome.message
            if outcome.status == "failed":
                lines = [line for line in outcome.lines() if line[0] != "read"]
                part["message"] = "; ".join(f"{label}: {text}" for label, text in lines)
        return {
            "topic": self.topic,
            "check": self.check,
            "hidden": self.hidden,
            "score": self.score,
            "parts": parts,
        }

    @property
    def heading(self):
        """One line: what was checked and how much of it passed."""
        done = sum(o.status == "passed" for o in self.outcomes)
        kind = "with hidden cases, " if self.hidden else ""
        return f"{self.check}: {kind}{done} of {len(self.outcomes)} parts passed ({self.score:.0%})"

    def __str__(self):
        """The report for a terminal."""
        lines = [self.heading]
        for number, outcome in enumerate(self.outcomes):
            if outcome.status == "passed":
                continue
            lines.append(f"  {MARKS[outcome.status]} {outcome.title}")
            for label, text in outcome.lines(self.outcomes[:number]):
                body = textwrap.wrap(text, 84) or [""]
                lines.append(f"      {label:<11}{body[0]}")
                lines += [" " * 17 + rest for rest in body[1:]]
        passed = ", ".join(o.name.replace("_", " ") for o in self.outcomes if o.status == "passed")
        if passed:
            text = f"  {MARKS['passed']} passed: {passed}"
            lines += textwrap.wrap(text, 100, subsequent_indent="    ")
        if self.examples:
            lines.append(f"  {self._advice}")
        return "\n".join(lines)

    @property
    def _advice(self):
        return f"To try the first failed call by hand: {self.check}(**report.example())"

    def to_html(self):
        """The report for a notebook; every text in it is escaped.

        The first failure is shown whole. Later ones open at a click, and what passed is one line,
        so that a report of many parts still fits beside the code that it is about.
        """
        items, whole = [], True
        for number, outcome in enumerate(self.outcomes):
            if outcome.status != "passed":
                items.append(_item(outcome, outcome.lines(self.outcomes[:number]), whole))
                whole = whole and outcome.status == "skipped"
        items.append(_passed_item([o for o in self.outcomes if o.status == "passed"]))
        advice = f"<p>{html.escape(self._advice)}</p>" if self.examples else ""
        return (
            f'{STYLE}<div class="course-report"><h4>{html.escape(self.heading)}</h4>'
            f"<ul>{''.join(items)}</ul>{advice}</div>"
        )

    def show(self):
        """Display in a notebook, or print in a terminal."""
        shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
        if not shell or not hasattr(shell, "kernel"):
            print(self)
            return
        from IPython.display import display

        bundle = {"text/plain": str(self), "text/html": self.to_html(), MIME: self.to_json()}
        display(bundle, raw=True)

    def __repr__(self):
        return f"<{self.heading}>"


def _item(outcome, lines, whole):
    """A part that did not pass: whole, or a line that opens."""
    title, short = html.escape(outcome.title), ""
    rows = "".join(f"<dt>{label}</dt><dd>{_code(label, text)}</dd>" for label, text in lines)
    body = f"{_sign(outcome.status)}{title}"
    if rows and whole:
        body = f"{body}<dl>{rows}</dl>"
    elif len(lines) == 1:
        # One row is no longer than the line that would open it.
        body = f'{body} <span class="more">{_one_row(*lines[0])}</span>'
    elif rows:
        told = dict(lines)
        short = told.get("looks like") or told.get("why") or told.get("came") or ""
        short = f' <span class="more">{html.escape(short)}</span>' if short else ""
        body = f"<details><summary>{body}{short}</summary><dl>{rows}</dl></details>"
    return f'<li class="{outcome.status}">{body}</li>'


def _one_row(label, text):
    return html.escape(text if label in ("why", "came") else f"{label}: {text}")


def _passed_item(passed):
    """All parts that passed, in a line that opens."""
    if not passed:
        return ""
    titles = "".join(f"<li>{html.escape(outcome.title)}</li>" for outcome in passed)
    count = f"{len(passed)} part{'' if len(passed) == 1 else 's'} passed"
    return (
        f'<li class="done"><details><summary>{_sign("passed")}{count}</summary>'
        f"<ul>{titles}</ul></details></li>"
    )


def _sign(status):
    return (
        f'<span class="mark" aria-hidden="true">{MARKS[status]}</span>'
        f'<span class="spoken">{status}: </span>'
    )


def _code(label, text):
    escaped = html.escape(text)
    return f"<code>{escaped}</code>" if label in ("tried", "came", "expected") else escaped
