"""Say why an answer is wrong: which mistake gives the same results, which arguments differ.

A wrong diagnosis is worse than none, so that a mistake gives the failing case's result is not
enough. A single number, or one number all over, it may give by chance: there it must explain every
case of the part. An array it can not: there it must not contradict a right result, and an answer
with two mistakes still hears of each. Where an error was due and none came, that is the mistake:
there it must be right in all else, or it would explain the missing error with something different.

Where one call is dear, as a training is, no mistake is run: what was measured must tell it.
"""

import inspect

import numpy as np

from course_lib.checks.compare import same, shorten


def diagnose(check, outcomes, failures, trials):
    """Give each failed outcome the misconception that explains its part's results.

    Where several do, the one that agrees with most of the results of the whole check is meant.

    Args:
        check: the `Check`.
        outcomes: one for each part.
        failures: for each part the trials of the draw that failed, none where it passed.
        trials: all trials.
    """
    if check.due:
        _recognise(check, outcomes, failures)
        return
    results = {}
    whole = _explaining_all(check, failures, trials, results)
    open_parts = []
    for outcome, part_trials in zip(outcomes, failures, strict=True):
        if whole and _explains(check, whole, part_trials, trials, results):
            outcome.misconception, outcome.hint = whole.name, whole.hint
        elif part_trials:
            open_parts.append((outcome, part_trials))
    explaining = [
        [m for m in check.misconceptions if _explains(check, m, part_trials, trials, results)]
        for _, part_trials in open_parts
    ]
    hits = {
        m.name: sum(_agrees(check, m, t, results) for t in trials if _tells(check, t))
        for found in explaining
        for m in found
    }
    for (outcome, _), found in zip(open_parts, explaining, strict=True):
        if found:
            best = max(found, key=lambda m: hits[m.name])
            outcome.misconception, outcome.hint = best.name, best.hint


def _recognise(check, outcomes, failures):
    """Name the first mistake that is known by what was measured; no mistake is run."""
    for outcome, part_trials in zip(outcomes, failures, strict=True):
        failed = next((t for t in part_trials if t.problem), None)
        if failed is None or failed.ready_made or failed.error is not None:
            continue
        found = failed.came if isinstance(failed.came, tuple) else (failed.came,)
        facts = dict(zip(check.returns, found, strict=True))
        known = [m for m in check.misconceptions if m.known_by and m.known_by(facts)]
        if known:
            outcome.misconception, outcome.hint = known[0].name, known[0].hint


def _explaining_all(check, failures, trials, results):
    """The first misconception that gives every result, or None; no other can agree with more.

    Most are out after one case, and to build a network for each case takes long.
    """
    if not any(_tells(check, t) for part_trials in failures for t in part_trials if t.problem):
        return None
    telling = sorted((t for t in trials if _tells(check, t)), key=lambda t: not t.problem)
    for misconception in check.misconceptions:
        if all(_agrees(check, misconception, t, results) for t in telling):
            return misconception
    return None


def note_arguments(reference, function, case):
    """Say how a function's arguments differ from the task's where a call suffers from it, or "".

    A name that differs does no harm, nor does a default that the call overrules; an impossible
    call, another order or another default that it relies on do.

    Example:
        >>> from course_lib.checks.core import case
        >>> note_arguments(lambda size, strides=1: 0, lambda strides, size: 0, case(3, strides=2))
        'The task asks for the arguments (size, strides=1); yours are (strides, size).'
    """
    try:
        wanted, own = inspect.signature(reference), inspect.signature(function)
        if _can_be_called(own, case):
            asked, given = (_arrives(signature, case) for signature in (wanted, own))
            if asked.keys() != given.keys() or all(
                asked[name] is given[name] or repr(asked[name]) == repr(given[name])
                for name in asked
            ):
                return ""
        return f"The task asks for the arguments {wanted}; yours are {shorten(str(own), 100)}."
    except Exception:  # not every callable has a signature, and defaults may raise when shown
        return ""


def _can_be_called(signature, case):
    try:
        signature.bind(*case.args, **case.kwargs)
    except TypeError:
        return False
    return True


def _arrives(signature, case):
    """What a call hands to each name, by the call itself or by default."""
    bound = signature.bind(*case.args, **case.kwargs)
    bound.apply_defaults()
    return bound.arguments


def _tells(check, trial):
    """Whether a trial has a result that a mistake can be compared with.

    A network that cannot be built or measured ends in words about its shapes, which are a result.
    """
    if trial.ready_made or trial.changed or isinstance(trial.error, NotImplementedError):
        return False
    return trial.error is None or (check.measure is not None and _words(trial.error) != "")


def _words(error):
    try:
        return shorten(f"{error}", 300) if isinstance(error, Exception) else ""
    except Exception:  # a student's exception may raise when it is shown
        return ""


def _explains(check, misconception, trials, of_the_check, results):
    """Whether a misconception gives the failing result, and no other that speaks against it."""
    failed = next((t for t in trials if t.problem), None)
    if failed is None or not _tells(check, failed):
        return False
    by_chance = _may_agree_by_chance(check, failed)
    others = [t for t in trials if _tells(check, t) and (by_chance or not t.problem)]
    if failed.case.raises and not _is_right(check, misconception, of_the_check):
        return False
    return all(_agrees(check, misconception, t, results) for t in (failed, *others))


def _is_right(check, misconception, trials):
    """Whether a misconception gives the expected results wherever there are any."""
    due = [t for t in trials if not t.case.raises]
    return all(_reproduces(check, misconception, t.case, check.expected(t.case), None) for t in due)


def _may_agree_by_chance(check, trial):
    if trial.error is not None:
        return True
    try:
        came = np.asarray(_compared(check, trial.case, trial.came))
        return came.size < 2 or np.ptp(came) == 0
    except Exception:  # several arrays, or none
        return not isinstance(trial.came, (tuple, list))


def _agrees(check, misconception, trial, results):
    """Whether a misconception gives what the student's function gave on a case."""
    key = misconception.name, id(trial)
    if key not in results:
        results[key] = _reproduces(check, misconception, trial.case, trial.came, trial.error)
    return results[key]


def _reproduces(check, misconception, case, value, error):
    """Whether a misconception gives this value on a case, or this error."""
    result, own = check.mistake(misconception, case)
    if own is not None:
        return error is not None and _words(own) == _words(error)
    try:
        agree = same(_compared(check, case, value), _compared(check, case, result), check.rtol)
        return error is None and agree
    except Exception:  # one of several values where several are due
        return False


def _compared(check, case, result):
    """Of several returned values, the one that the case compares."""
    if case.of is None:
        return result
    if not isinstance(result, (tuple, list)):
        raise TypeError("not one of several values")
    return result[check.returns.index(case.of)]
