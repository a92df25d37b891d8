"""The checks on trial: what is right must pass, what is planted must fail with its own hint."""

import copy
from dataclasses import dataclass

import numpy as np

from course_lib.checks.core import READY_MADE
from course_lib.checks.run import VISIBLE_SEED, load, run
from course_lib.topics import TOPICS

# Variants and misconceptions live in course_lib.checks; what they may not call is the rest.
_FOR_VARIANTS = (
    *(m for m in READY_MADE if m != "course_lib"),
    *(f"course_lib.{topic.stem}" for topic in TOPICS),
)


@dataclass(frozen=True)
class Verdict:
    """One row of the audit: what was planted, what was due, what came."""

    check: str
    kind: str
    name: str
    due: str
    came: str

    @property
    def ok(self):
        """Whether the check did what was due."""
        return self.due == self.came


def audit(stem, seed=1):
    """Put every check of a topic on trial.

    Args:
        stem: the topic's.
        seed: of the hidden draws.

    Returns:
        A list of `Verdict`s.

    Raises:
        ValueError: if there is no such topic.
    """
    return [verdict for check in load(stem) for verdict in _audit_check(check, seed)]


def _audit_check(check, seed):
    def verdict(kind, name, due, came):
        return Verdict(check.name, kind, name, due, came)

    report = run(check, check.reference, True, seed, forbidden=())
    yield verdict("reference", check.name, "passes", _passes(report))
    for variant in check.variants:
        report = run(check, variant, True, seed, _FOR_VARIANTS)
        yield verdict("variant", variant.__name__, "passes", _passes(report))
    for planted in check.misconceptions:
        for hidden in (False, True):
            report = run(check, planted.function, hidden, seed, forbidden=())
            kind = "mistake, hidden" if hidden else "mistake"
            yield verdict(kind, planted.name, f"hint {planted.name}", _hint(report))
    for ready in check.ready_made:
        report = run(check, ready, True, seed, _FOR_VARIANTS)
        yield verdict("ready-made", ready.__name__, "call is found", _found(report))
    for name, stub in _STUBS.items():
        report = run(check, stub, True, seed, forbidden=())
        yield verdict("stub", name, "fails politely", _polite(report))
    report = run(check, memorised(check), True, seed, forbidden=())
    yield verdict("memorised", "answers of the visible cases", "fails", _fails(report))


def memorised(check):
    """Return a function that knows the visible cases' answers and nothing else."""
    known = []
    for part in check.parts:
        for case in check.draw(part, VISIBLE_SEED):
            try:
                result = check.reference(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
            except Exception as error:  # the case's due exception is memorised as well
                result = error
            known.append((_key(case.args, case.kwargs), result))

    def answer(*args, **kwargs):
        result = dict(known).get(_key(args, kwargs), known[0][1])
        if isinstance(result, Exception):
            raise result
        return result

    return answer


def _key(args, kwargs):
    parts = [*args, *(v for pair in sorted(kwargs.items()) for v in pair)]
    return tuple(
        (p.shape, p.dtype.str, p.tobytes()) if isinstance(p, np.ndarray) else repr(p) for p in parts
    )


def _not_implemented(*args, **kwargs):
    raise NotImplementedError


_STUBS = {
    "raises NotImplementedError": _not_implemented,
    "returns None": lambda *args, **kwargs: None,
    "returns ...": lambda *args, **kwargs: ...,
}


def _passes(report):
    failed = [o.name for o in report.outcomes if o.status != "passed"]
    return "passes" if not failed else f"fails at {', '.join(failed)}"


def _fails(report):
    return "passes" if report.passed else "fails"


def _hint(report):
    if report.passed:
        return "passes"
    return f"hint {report.diagnosis}" if report.diagnosis else "fails without a hint"


def _found(report):
    """Whether every part that asks for a result failed by the call; errors need none."""
    called = ["which is not allowed" in o.came for o in report.outcomes]
    return "call is found" if called[0] and report.score < 0.2 else "call is not found"


def _polite(report):
    statuses = {o.status for o in report.outcomes}
    if statuses <= {"failed", "skipped"} and report.score == 0 and not report.diagnosis:
        return "fails politely"
    return f"statuses {sorted(statuses)}, hint {report.diagnosis}"
