"""How far a right answer may stray when a sum cancels itself out.

A tolerance relative to the result is too strict where large numbers nearly cancel: every order of
summation then has another rounding error, of the size of the summands. So an answer is also right
if it would be right for inputs that differ in their last digits (backward error: N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 1.5).
"""

import copy

import numpy as np

LAST_DIGITS = 4 * float(np.finfo(np.float32).eps)
FACTOR = 8
MOST = 1e-3


def slack(check, case, expected):
    """Return the absolute tolerance that rounding of the inputs justifies, for each result.

    Args:
        check: the `Check`.
        case: the `Case`.
        expected: the reference's result: a value, or a tuple of them.

    Returns:
        A list of one number for each returned value, at most `MOST` of its size, or of 1.
    """
    rng = np.random.default_rng(0)
    args = [_shaken(value, rng) for value in case.args]
    kwargs = {name: _shaken(value, rng) for name, value in case.kwargs.items()}
    results = expected if isinstance(expected, tuple) else (expected,)
    try:
        other = check.result(check.reference, args, kwargs)
    except Exception:  # a reference may refuse inputs that are not exactly what they were
        return [0.0] * len(results)
    others = other if isinstance(other, tuple) else (other,)
    return [_distance(one, two) for one, two in zip(results, others, strict=True)]


def _shaken(value, rng):
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return copy.deepcopy(value)
    return (value * (1 + LAST_DIGITS * rng.choice([-1, 1], value.shape))).astype(value.dtype)


def _distance(one, two):
    one, two = np.asarray(one, dtype=float), np.asarray(two, dtype=float)
    if one.shape != two.shape or not one.size:
        return 0.0
    far, size = np.max(np.abs(one - two)), max(1.0, float(np.max(np.abs(one))))
    return float(min(FACTOR * far, MOST * size)) if np.isfinite(far) else 0.0
