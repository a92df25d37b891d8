"""What the exhibits of `image_processing` start from: photographs, noise, smoothing, places."""

import numpy as np

from course_lib.arguments import numeric_array
from course_lib.data import CREDITS, photograph
from course_lib.exhibits.pictures import gray_levels, one_of
from course_lib.image_processing import filter2d, gaussian_kernel

SIZE = 112  # pixels a side of the photographs that a page carries


def smooth(image, sigma, padding="reflect"):
    """Blur with a Gaussian of up to three deviations each way; sigma 0 changes nothing.

    Example:
        >>> smooth(np.eye(3), 0) is not None
        True
    """
    if not sigma:
        return image
    taps = 2 * int(np.ceil(3 * sigma)) + 1
    across = filter2d(image, gaussian_kernel((1, taps), sigma), padding)
    return filter2d(across, gaussian_kernel((taps, 1), sigma), padding)


def normals(count, seed=7):
    """Return normal random numbers from a generator short enough to repeat in JavaScript.

    Example:
        >>> normals(10000).std().round(1)
        np.float64(1.0)
    """
    state, uniform = seed, np.empty(2 * count)
    for index in range(2 * count):
        state = (1664525 * state + 1013904223) % 2**32
        uniform[index] = (state + 0.5) / 2**32
    return np.sqrt(-2 * np.log(uniform[::2])) * np.cos(2 * np.pi * uniform[1::2])


def photograph_stack(photographs):
    """Return the traits that hold photographs, given by name or as gray arrays of one shape.

    Args:
        photographs: names from `course_lib.data.CREDITS`, or a dictionary of arrays by name.

    Raises:
        ValueError: if a name is unknown, an array does not suit a page, or the shapes differ.

    Example:
        >>> traits = photograph_stack(("camera", "coins"))
        >>> len(traits["photographs"])                          # 2 * 112 * 112
        25088
    """
    if not isinstance(photographs, dict):
        names = (photographs,) if isinstance(photographs, str) else photographs
        names = [one_of(name, "each of photographs", tuple(CREDITS)) for name in names]
        photographs = {name: photograph(name, SIZE, gray=True) for name in names}
    levels = [gray_levels(image, f"photographs[{name!r}]") for name, image in photographs.items()]
    shapes = {image.shape for image in levels}
    if len(shapes) != 1:
        raise ValueError(
            f"photographs must be at least one, all of one shape; got {sorted(shapes)}. Cut them "
            f"with course_lib.data.photograph(name, size)."
        )
    height, width = shapes.pop()
    stack = b"".join(image.tobytes() for image in levels)
    return {
        "photographs": stack,
        "names": list(photographs),
        "height": height,
        "width": width,
        "chosen": 0,
    }


def between(value, name, low, high):
    """Return a number that lies between two others, or raise a `ValueError`."""
    value = float(numeric_array(value, name, ()))
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}; got {value:g}.")
    return int(value) if name == "size" else value


def place_on(value, name, shape):
    """Return a row and a column of a picture as a list, or raise a `ValueError`."""
    place = numeric_array(value, name, ("place",))
    inside = place.shape == (2,) and place.dtype.kind in "iu"
    if not inside or not all(0 <= p < n for p, n in zip(place.tolist(), shape, strict=True)):
        raise ValueError(
            f"{name} must be a row and a column of the picture, from (0, 0) to "
            f"{tuple(n - 1 for n in shape)}; got {value!r}."
        )
    return place.tolist()
