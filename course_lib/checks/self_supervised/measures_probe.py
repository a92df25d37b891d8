"""What is found out of a linear probe: the share that it gets right, in whatever unit it says so.

A percentage is one mistake, and costs the part that asks for a share. For the other parts it is
translated: two easy questions, whose answers are known, tell which unit it is.
"""

import numpy as np

from course_lib.checks.once import once

CLASSES, EACH = 4, 5
ROUNDED = 0.01  # some twenty rows are asked for: their shares lie farther apart
UNITS = {
    "a percentage": lambda found, count: found / 100,
    "a number": lambda found, count: found / count,
    "a share of errors": lambda found, count: 1 - found,
    "a percentage of errors": lambda found, count: 1 - found / 100,
    "a number of errors": lambda found, count: 1 - found / count,
}


def measure_probe(answer, *given, as_it_is=False):
    """Call the probe and return its share.

    Args:
        answer: the function that trains the probe.
        given: training features and labels, other features and labels.
        as_it_is: whether the number is taken as it comes, and not translated into a share.
    """
    # Before the call that counts: the last one is what the report shows.
    unit = None if as_it_is else once(answer, "unit", lambda: _unit(answer))
    found, count = answer(*given), len(given[-1])
    share = _number(found)
    if share is None:  # the comparison says so
        return found
    return _unrounded(UNITS[unit](share, count) if unit else share, count)


def _number(found):
    """A number as a float, one in an array as well; else None."""
    try:
        array = np.asarray(found)
    except ValueError:  # lists of several lengths
        return None
    return float(array.reshape(())) if array.size == 1 and array.dtype.kind in "iuf" else None


def _unrounded(share, count):
    """The share that was meant, where two or three digits of it came."""
    nearest = round(share * count) / count if np.isfinite(share) else share
    return nearest if abs(share - nearest) <= ROUNDED else share


def _unit(answer):
    """The name of the unit in which a probe answers; None for a share, and for any other."""
    questions = [_easy(wrong) for wrong in (1, 2)]
    try:
        found = [(_number(answer(*given)), len(given[-1])) for given, _ in questions]
    except Exception:  # the call that counts will say it
        return None
    if any(value is None for value, _ in found):
        return None
    shares = [share for _, share in questions]
    if np.allclose([value for value, _ in found], shares, atol=1e-3):
        return None
    for name, translate in UNITS.items():
        if np.allclose([translate(*one) for one in found], shares, atol=1e-3):
            return name
    return None


def _easy(wrong):
    """Rows far apart, `wrong` of four others by a wrong name, and the share that is right."""
    rng, labels = np.random.default_rng(wrong), np.repeat(np.arange(CLASSES), EACH)
    rows, others = 3 * np.eye(CLASSES)[labels] + rng.normal(0, 0.1, (2, len(labels), CLASSES))
    named = np.where(np.arange(len(labels)) % 4 < wrong, (labels + 1) % CLASSES, labels)
    given = rows.astype(np.float32), labels, others.astype(np.float32), named
    return given, float(np.mean(named == labels))
