"""The checks on trial: what is right must pass, what is planted must fail with its own hint."""

import contextlib
import copy
import pkgutil
from dataclasses import dataclass, replace

import numpy as np

import course_lib
from course_lib.checks.compare import is_tensor
from course_lib.checks.run import VISIBLE_SEED, load, run
from course_lib.topics import TOPICS

# Networks take long to build: of mistakes in them a sample has every one of so many, and of right
# answers in other styles, and of ready-made ones, the first.
SAMPLED = 20


def _for_variants(check):
    """What a variant may not call. It lives in course_lib.checks itself, so the topics stand in.

    A topic's helpers are named after it: `receptive_field_walk` is forbidden with its stem.
    """
    others = (module for module in check.forbidden if module != "course_lib")
    stems = tuple(topic.stem for topic in TOPICS)
    names = (module.name for module in pkgutil.iter_modules(course_lib.__path__))
    return (*others, *(f"course_lib.{name}" for name in names if name.startswith(stems)))


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


def audit(stem, seed=1, thorough=True):
    """Put every check of a topic on trial.

    Args:
        stem: the topic's.
        seed: of the hidden draws.
        thorough: whether all mistakes in networks are tried, both as students see them, without
            hidden draws, and as they are graded; else every twentieth one is, as it is graded, and
            the checks know no others, nor more than one variant. It takes many times as long.

    Returns:
        A list of `Verdict`s.

    Raises:
        ValueError: if there is no such topic.
    """
    return [verdict for check in load(stem) for verdict in _audit_check(check, seed, thorough)]


def _audit_check(check, seed, thorough):
    def verdict(kind, name, due, came):
        return Verdict(check.name, kind, name, due, came)

    sampled = check.measure is not None and not thorough
    if sampled:  # whatever is wrong is compared with all that are known
        check = replace(
            check,
            misconceptions=check.misconceptions[::SAMPLED],
            variants=check.variants[:1],
            ready_made=check.ready_made[:1],
        )
    report = run(check, check.reference, True, seed, forbidden=())
    yield verdict("reference", check.name, "passes", _passes(report))
    for variant in check.variants:
        report = run(check, variant, True, seed, _for_variants(check))
        yield verdict("variant", variant.__name__, "passes", _passes(report))
    for planted in check.misconceptions:
        for hidden in (True,) if sampled else (False, True):
            report = run(check, planted.function, hidden, seed, forbidden=())
            kind = "mistake, hidden" if hidden else "mistake"
            yield verdict(kind, planted.name, f"hint {planted.name}", _hint(report))
    for ready in check.ready_made:
        report = run(check, ready, True, seed, _for_variants(check))
        yield verdict("ready-made", ready.__name__, "call is found", _found(report))
    for name, stub in _STUBS.items():
        report = run(check, stub, True, seed, forbidden=())
        yield verdict("stub", name, "fails politely", _polite(report))
    if sampled and check.due:  # to memorise is to train once more
        return
    report = run(check, memorised(check), True, seed, forbidden=())
    yield verdict("memorised", "answers of the visible cases", "fails", _fails(report))


def memorised(check):
    """Return a function that knows the visible cases' answers and nothing else."""
    known = []

    def note(*args, **kwargs):
        try:
            result = check.reference(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        except Exception as error:  # the case's due exception is memorised as well
            known.append((_key(args, kwargs), error))
            raise
        known.append((_key(args, kwargs), result))
        return result

    for part in check.parts:
        for case in check.draw(part, VISIBLE_SEED):
            with contextlib.suppress(Exception):
                check.result(note, *copy.deepcopy((case.args, case.kwargs)))

    def answer(*args, **kwargs):
        table = dict(known)
        key = _key(args, kwargs)
        result = table.get(key, known[0][1])
        if isinstance(result, Exception):
            raise result
        # A network cannot be handed out twice; it is made again, for the call that was known.
        return check.reference(*args, **kwargs) if check.measure and key in table else result

    return answer


def _key(args, kwargs):
    parts = [*args, *(v for pair in sorted(kwargs.items()) for v in pair)]
    return tuple(_one_key(part) for part in parts)


def _one_key(value):
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return str(value.shape) if is_tensor(value) else repr(value)


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
