"""Checks of arguments that the topic modules share: what came, what was expected, the fix."""

from numbers import Integral, Real

import numpy as np

PADDINGS = ("valid", "same")


def pair(value, name, minimum=1):
    """Return `value` as a tuple of two integers, one for height and one for width.

    Args:
        value: an integer for both axes, or a pair of integers.
        name: the argument's name, for the error message.
        minimum: the smallest integer allowed.

    Returns:
        A tuple `(height, width)` of Python integers.

    Raises:
        ValueError: if `value` is neither, or smaller than `minimum`.

    Example:
        >>> pair(3, "kernel_size"), pair((1, 2), "strides")
        ((3, 3), (1, 2))
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        values = (value, value)
    else:  # a set or a dictionary has two entries as well, but no order
        values = tuple(value) if isinstance(value, (tuple, list, np.ndarray)) else ()
    if len(values) != 2 or not all(_is_integer(v) and v >= minimum for v in values):
        raise ValueError(
            f"{name} must be an integer of at least {minimum}, or a pair of them for height and "
            f"width; got {value!r}. Write {name}={max(minimum, 1)} or "
            f"{name}=({max(minimum, 1)}, {max(minimum, 1)})."
        )
    return tuple(int(v) for v in values)


def integer(value, name, minimum=1):
    """Return `value` as a Python integer of at least `minimum`, or raise a `ValueError`.

    Example:
        >>> integer(np.int64(3), "filters")
        3
    """
    if not _is_integer(value) or value < minimum:
        raise ValueError(
            f"{name} must be an integer of at least {minimum}; got {value!r} "
            f"of type {type(value).__name__}."
        )
    return int(value)


def positive(value, name):
    """Return `value` as a float above zero, or raise a `ValueError`.

    Example:
        >>> positive(np.float32(0.5), "learning_rate")
        0.5
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise ValueError(
            f"{name} must be a number above 0; got {value!r} of type {type(value).__name__}. Write "
            f"{name}=0.1."
        )
    return float(value)


def padding_name(value):
    """Return `value` if it names a padding, or raise a `ValueError` that lists the names.

    Example:
        >>> padding_name("same")
        'same'
    """
    if not isinstance(value, str) or value not in PADDINGS:
        raise ValueError(f'padding must be "valid" or "same", in lower case; got {value!r}.')
    return value


def numeric_array(value, name, axes):
    """Return `value` as a real numeric array whose axes are named by `axes`.

    Args:
        value: anything that NumPy can turn into an array of numbers.
        name: the argument's name, for the error message.
        axes: the names of the expected axes, such as `("batch", "height", "width", "channels")`.

    Returns:
        A NumPy array of rank `len(axes)`; integer and boolean types are kept.

    Raises:
        ValueError: if `value` is not numeric, is complex, or has another rank.

    Example:
        >>> numeric_array([[1, 2], [3, 4]], "image", ("height", "width")).shape
        (2, 2)
    """
    expected = f"an array of shape ({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be {expected}; its rows differ in length.") from error
    if array.dtype.kind not in "buif":
        raise ValueError(
            f"{name} must hold real numbers; got dtype {array.dtype} "
            f"({type(value).__name__}). Convert it, for example with .astype('float32')."
        )
    if array.ndim != len(axes):
        raise ValueError(
            f"{name} must be {expected}; got shape {array.shape}, which has {array.ndim} axes "
            f"and not {len(axes)}. {_rank_fix(name, array.ndim, axes)}"
        )
    return array


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _rank_fix(name, rank, axes):
    if axes[0] == "batch" and rank == len(axes) - 1:
        return f"Add the batch axis with {name}[np.newaxis]."
    if axes[-1] == "channels" and rank == len(axes) - 2:
        return f"Add batch and channels with {name}[np.newaxis, ..., np.newaxis]."
    return "Reshape it, or index the part that you mean."
