"""What is found out of a linear probe: the share that it gets right, in whatever unit it says so.

A percentage is one mistake, and costs the part that asks for a share. For the other parts it is
translated: two easy questions, whose answers are known, tell which unit it is.
"""

import numpy as np

from course_lib.checks.once import once

CLASSES, EACH = 4, 5
UNITS = {
    "a percentage": lambda found, count: found / 100,
    "a number": lambda found, count: found / count,
    "a share of errors": lambda found, count: 1 - found,
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
    found = answer(*given)
    return UNITS[unit](found, len(given[-1])) if unit and np.ndim(found) == 0 else found


def _unit(answer):
    """The name of the unit in which a probe answers; None for a share, and for any other."""
    questions = [_easy(wrong) for wrong in (1, 2)]
    try:
        found = [(float(answer(*given)), len(given[-1])) for given, _ in questions]
    except Exception:  # the call that counts will say it
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
