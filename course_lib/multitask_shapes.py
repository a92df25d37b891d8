"""Pictures of one shape with labels: its kind, its radius, and how far its corners reach."""

import numpy as np

from course_lib.arguments import integer
from course_lib.data import SHAPES, shape_mask

RADII = (0.14, 0.28)  # of the picture's side
# From the middle to the farthest point, in radii of the circle that has the shape's area.
FARTHEST = {"circle": 1.0, "square": np.sqrt(np.pi / 2), "triangle": 2 * np.sqrt(np.pi / 27**0.5)}


def labelled_shapes(count, size=32, seed=0, noise=0.1):
    """Draw pictures of one shape each, and tell its kind and its radius.

    Neither label gives the other away: shapes of one radius have one area whatever their kind,
    and the radius is drawn without a look at the kind. Colours say nothing about either.

    Args:
        count: how many pictures.
        size: pixels along a side, at least 16.
        seed: an integer; equal seeds give equal pictures.
        noise: the standard deviation of what is added to each number.

    Returns:
        A tuple `(images, kinds, radii)`: float32 of shape `(count, size, size, 3)`, integers of
        shape `(count,)`, which count in `course_lib.data.SHAPES`, and float32 of shape
        `(count,)`, in pixels: the radius of the circle that has the shape's area.

    Raises:
        ValueError: if a number is none, or too small.

    Example:
        >>> images, kinds, radii = labelled_shapes(5)
        >>> images.shape, kinds, radii.round(1)
        ((5, 32, 32, 3), array([2, 1, 1, 0, 0]), array([4.6, 8.1, 8.6, 7.2, 7.7], dtype=float32))
    """
    count, size = integer(count, "count"), integer(size, "size", minimum=16)
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a number of at least 0; got {noise!r}.")
    rng = np.random.default_rng(seed)
    images = np.empty((count, size, size, 3), np.float32)
    kinds = rng.integers(len(SHAPES), size=count)
    radii = rng.uniform(*RADII, size=count) * size
    for image, kind, radius in zip(images, kinds, radii, strict=True):
        image[:] = _coloured(rng, size, 0.0, 0.4)
        inside = _inside(rng, SHAPES[kind], radius, size)
        image[inside] = _coloured(rng, size, 0.6, 1.0)[inside]
    images += rng.normal(0, noise, images.shape)
    return images, kinds, radii.astype(np.float32)


def reaches(kinds, radii):
    """Return how far shapes reach: from the middle to the farthest point, in the radii's unit.

    A second quantity, which has to do with both labels: of shapes of one area the triangle
    reaches farther than the square, and the square farther than the circle.

    Example:
        >>> reaches([0, 1, 2], [1.0, 1.0, 1.0]).round(3)
        array([1.   , 1.253, 1.555])
    """
    return np.array([FARTHEST[SHAPES[kind]] for kind in kinds]) * np.asarray(radii)


def hide(labels, kept, seed=0):
    """Return labels of which all but some are missing: -1 for integers, NaN for numbers.

    Args:
        labels: an array of shape `(count,)`.
        kept: how many stay, drawn at random.
        seed: an integer; equal seeds keep the same ones.

    Raises:
        ValueError: if more should stay than there are.

    Example:
        >>> hide(np.array([4, 5, 6]), 2), hide(np.array([4.0, 5.0, 6.0]), 1)
        (array([ 4, -1,  6]), array([nan, nan,  6.]))
    """
    labels = np.array(labels)
    if integer(kept, "kept", minimum=0) > len(labels):
        raise ValueError(f"kept must be at most {len(labels)}, the number of labels; got {kept}.")
    missing = np.random.default_rng(seed).permutation(len(labels))[kept:]
    labels[missing] = -1 if labels.dtype.kind in "iu" else np.nan
    return labels


def _inside(rng, kind, radius, size):
    """Which pixels lie in a shape of this area; its place and angle are random."""
    reach = FARTHEST[kind] * radius
    row, column = rng.uniform(reach, size - reach, 2)
    angle = rng.uniform(0, 2 * np.pi)
    return shape_mask(kind, (size, size), (row, column), radius, angle)


def _coloured(rng, size, low, high):
    """A picture of one random colour that grows lighter in a random direction."""
    colour, angle = rng.uniform(low, high, 3), rng.uniform(0, 2 * np.pi)
    down, right = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    slope = rng.uniform(0, 0.3) * (down * np.sin(angle) + right * np.cos(angle))
    return colour + slope[..., np.newaxis]
