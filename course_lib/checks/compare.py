"""Compare what came with what was expected, and say where they first differ."""

import inspect
import re
from numbers import Integral, Real

import numpy as np

_COLOURS = re.compile("\x1b\\[[0-9;]*m")


class AtLeast(float):
    """A result that is due where more is as good, such as a share of right pixels."""


def same(came, expected, rtol):
    """Whether two results agree in structure, shape and values."""
    if isinstance(expected, tuple):
        return (
            isinstance(came, (tuple, list))
            and len(came) == len(expected)
            and all(same(c, e, rtol) for c, e in zip(came, expected, strict=True))
        )
    return difference(came, expected, rtol) is None


def difference(came, expected, rtol, name="result", atol=0.0):
    """Say how one returned value differs from the expected one, or return `None`.

    Args:
        came: what the student's function returned.
        expected: what the reference returned: an integer, an array, or a float; or an
            `AtLeast`, which more is no difference from.
        rtol: tolerance relative to the largest expected magnitude.
        name: the value's name, for the sentence.
        atol: absolute tolerance in addition.

    Returns:
        A pair of sentences `(came, expected)`, or `None` where they agree.

    Example:
        >>> difference(np.zeros((2, 3)), np.zeros((3, 2)), 1e-4)
        ('result of shape (2, 3)', 'shape (3, 2)')
        >>> difference(3.0, 3, 1e-4)
        ('result 3.0, a float', '3, an int: divide with //, or convert with int(...)')
        >>> difference(0.414, AtLeast(0.5), 1e-4, "share of right pixels")
        ('a share of right pixels of 0.41', 'at least 0.50')
    """
    if came is None or came is Ellipsis:
        return f"{came} instead of the {name}", "a value: the function must end with return"
    if inspect.isgenerator(came):
        return f"a generator instead of the {name}", "a value: write return and not yield"
    if isinstance(expected, Integral):
        return _integer_difference(came, int(expected), name)
    array, problem = _as_numbers(came, name)
    if problem:
        return problem
    if isinstance(expected, AtLeast) and array.ndim == 0:
        # Cut and not rounded: 0.4999 is not "0.50 where 0.50 is due". NaN counts as wrong.
        shown = np.floor(100 * array.astype(float)) / 100
        enough = bool(array >= expected)
        return None if enough else (f"a {name} of {shown:.2f}", f"at least {expected:.2f}")
    expected = np.asarray(expected, dtype=np.float64)
    if array.shape != expected.shape:  # first, since what has another shape may be huge
        return f"{name} of shape {array.shape}", f"shape {expected.shape}"
    array = array.astype(np.float64)
    scale = max(1e-6, float(np.max(np.abs(expected), initial=0)))
    # Written so that NaN counts as wrong.
    wrong = ~(np.abs(array - expected) <= rtol * scale + atol)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f"{name}{list(index)}" if index else name
    count = f" ({wrong.sum()} of {wrong.size} numbers differ)" if wrong.size > 1 else ""
    return f"{place} = {_short(array[index])}{count}", _short(expected[index])


def describe(value):
    """A short text for one argument or result: small values whole, large arrays by shape.

    Example:
        >>> describe(np.zeros((2, 5, 5, 1), "float32")), describe((2, 1))
        ('float32 (2, 5, 5, 1)', '(2, 1)')
    """
    if isinstance(value, np.ndarray):
        if value.size > 4 or value.ndim > 1:
            return f"{value.dtype} {value.shape}"
        return shorten(np.array2string(value, precision=3, separator=", "), 60)
    if type(value) in (tuple, list) and any(isinstance(v, np.ndarray) for v in value):
        opening, closing = "()" if isinstance(value, tuple) else "[]"
        return shorten(f"{opening}{', '.join(describe(v) for v in value)}{closing}", 90)
    if is_tensor(value):
        return f"a tensor {value.shape}"
    if type(value).__module__.startswith("keras.") and hasattr(value, "layers"):
        return f"a model of {len(value.layers)} layers"
    try:
        return shorten(repr(value), 60)
    except Exception:  # a student's object may raise anything in __repr__
        return f"a {type(value).__name__}"


def is_tensor(value):
    """Whether a value is a symbolic tensor of Keras, which is not imported for the question."""
    return type(value).__name__ == "KerasTensor" and type(value).__module__.startswith("keras.")


def shorten(text, width):
    """Return a text on one line, without a terminal's colours, cut where longer than `width`.

    Example:
        >>> shorten("a long  story", 9)
        'a long...'
    """
    text = " ".join(_COLOURS.sub("", text[: 4 * width]).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def _integer_difference(came, expected, name):
    if isinstance(came, np.ndarray) and came.ndim == 0:
        came = came[()]
    if isinstance(came, bool) or not isinstance(came, Real):
        return f"{name} {describe(came)}, a {type(came).__name__}", f"{expected}, an int"
    if came == expected and not isinstance(came, Integral):
        kind = type(came).__name__
        fix = "an int: divide with //, or convert with int(...)"
        return f"{name} {came}, a {kind}", f"{expected}, {fix}"
    return None if came == expected else (f"{name} {_short(came)}", str(expected))


def _as_numbers(came, name):
    """Return `came` as an array of real numbers, or the sentences that say why it is none."""
    kind = type(came)
    # NumPy would wrap a sparse matrix in an object; the grader takes neither of the two.
    if str(kind.__module__).startswith("scipy.sparse"):
        return None, (f"a sparse {name} ({kind.__name__})", "a NumPy array: end with .toarray()")
    if kind is np.matrix:
        fix = "a NumPy array: write .toarray() and not .todense(), or np.asarray(...)"
        return None, (f"{name} of type np.matrix", fix)
    try:
        array = np.asarray(came)
    except Exception as error:  # a student's object may raise anything in __array__
        return None, (f"{name} that is no array ({type(error).__name__}: {error})", "an array")
    if array.dtype.kind == "c":
        return None, (f"{name} of complex numbers", "real numbers: take the real part with .real")
    if array.dtype.kind not in "buif":
        kind = f"of dtype {array.dtype}" if isinstance(came, np.ndarray) else describe(came)
        return None, (f"{name} {kind}", "an array of real numbers, such as float32")
    return array, None


def _short(number):
    return str(number) if isinstance(number, Integral) else f"{float(number):.5g}"
