"""Pictures and kernels as exhibits take them: checked, small, and in bytes."""

import numpy as np

from course_lib.arguments import numeric_array

SMALLEST, LARGEST = 8, 160


def gray_levels(image, name="image"):
    """Return a gray picture as uint8 levels from 0 to 255.

    Args:
        image: array of shape `(height, width)`: floats from 0 to 1, or integers from 0 to 255.
        name: the argument's name, for the error message.

    Raises:
        ValueError: if the rank, the range or the size does not suit a page.

    Example:
        >>> gray_levels(np.eye(8))[0, :3]
        array([255,   0,   0], dtype=uint8)
    """
    if np.ndim(image) == 3:
        raise ValueError(
            f"{name} must be gray, of shape (height, width); got shape {np.shape(image)}. "
            f"Take one channel, {name}[:, :, 0], or the mean, {name}.mean(axis=-1)."
        )
    return _levels(numeric_array(image, name, ("height", "width")), name)


def channel_levels(image, name="image"):
    """Return a picture of 1 to 4 channels as uint8 levels of shape `(height, width, channels)`.

    Raises:
        ValueError: as `gray_levels`, and if there are more than 4 channels.

    Example:
        >>> channel_levels(np.ones((8, 9, 3))).shape
        (8, 9, 3)
    """
    if np.ndim(image) == 2:
        image = np.asarray(image)[:, :, np.newaxis]
    array = numeric_array(image, name, ("height", "width", "channels"))
    if not 1 <= array.shape[2] <= 4:
        raise ValueError(
            f"{name} must have 1 to 4 channels in its last axis; got shape {array.shape}. "
            f"Choose some, for example {name}[:, :, :3]."
        )
    return _levels(array, name)


def kernel_rows(kernel, name="kernel", largest=7):
    """Return a kernel as a list of rows of floats.

    Raises:
        ValueError: if it is not a finite table of 1 to `largest` rows and columns.

    Example:
        >>> kernel_rows(np.eye(2))
        [[1.0, 0.0], [0.0, 1.0]]
    """
    array = numeric_array(kernel, name, ("kernel_height", "kernel_width"))
    if not all(1 <= size <= largest for size in array.shape):
        raise ValueError(
            f"{name} must have 1 to {largest} rows and columns; got shape {array.shape}. "
            f"A larger one cannot be edited by hand."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers; got {array.tolist()}.")
    return array.astype(float).tolist()


def one_of(value, name, allowed):
    """Return `value` if it is among `allowed`, or raise a `ValueError` that lists them."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}; got {value!r}.")
    return value


def _levels(array, name):
    height, width = array.shape[:2]
    if not (SMALLEST <= height <= LARGEST and SMALLEST <= width <= LARGEST):
        raise ValueError(
            f"{name} must have {SMALLEST} to {LARGEST} pixels a side, so that pages stay small; "
            f"got {height} x {width}. Take every n-th pixel, {name}[::n, ::n], or a part of it."
        )
    real = array.dtype.kind == "f"
    top = 1 if real else 255
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > top:
        raise ValueError(
            f"{name} must lie between 0 and {top} when its dtype is {array.dtype}; got values "
            f"from {array.min()} to {array.max()}. Divide floats by their maximum, or convert "
            f"levels with .astype('uint8')."
        )
    return np.rint(array * 255).astype(np.uint8) if real else array.astype(np.uint8)
