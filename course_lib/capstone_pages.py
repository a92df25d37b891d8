"""Pages of wallpaper: what the capstone segments. Each region is papered with one kind of digit.

Neighbouring places of a region show the same kind of digit, written by different hands. Nobody
needs to say which kind for a network to learn from that.
"""

import numpy as np

from course_lib.arguments import integer, numeric_array
from course_lib.data import digits

KINDS = (0, 1, 3, 4, 6, 7)  # class i is the digit KINDS[i]
SIZE, TILE = 64, 8
NOISE = 0.1
NOBODY = -1
READERS = 900  # digits before this one are for pages to learn from, the others for hidden pages


def pages(count, seed=0, unseen=False):
    """Draw pages of three or four regions, each papered with handwritten digits of one kind.

    Brightness and contrast are drawn for each region without a look at its kind: how dark a pixel
    is, and how much its neighbours differ, say nothing about the class.

    Args:
        count: how many pages.
        seed: an integer; equal seeds give equal pages.
        unseen: whether to take digits that the other pages never show, as hidden pages do.

    Returns:
        A tuple `(images, masks)`: float32 of shape `(count, 64, 64, 1)`, about 0 in the mean, and
        integers of shape `(count, 64, 64)`, the place of each pixel's digit in `KINDS`. The
        regions of one page differ in kind, and all kinds are about equally frequent.

    Raises:
        ValueError: if `count` is not a positive integer.

    Example:
        >>> images, masks = pages(3)
        >>> images.shape, masks.shape, len(np.unique(masks[0])) in (3, 4)
        ((3, 64, 64, 1), (3, 64, 64), True)
    """
    count, rng = integer(count, "count"), np.random.default_rng(seed)
    pictures, labels = digits()
    half = slice(READERS, None) if unseen else slice(READERS)
    pictures, labels = pictures[half, ..., 0], labels[half]
    images = np.empty((count, SIZE, SIZE, 1), np.float32)
    masks = np.empty((count, SIZE, SIZE), np.int64)
    waiting = []
    for image, mask in zip(images[..., 0], masks, strict=True):
        regions = _regions(rng, rng.integers(3, 5))
        chosen, waiting = _kinds(rng, waiting, regions.max() + 1)
        for number, kind in enumerate(chosen):
            inside = regions == number
            paper = _paper(rng, pictures[labels == KINDS[kind]])[inside]
            paper = (paper - paper.mean()) / paper.std()
            image[inside] = rng.uniform(-0.5, 0.5) + rng.uniform(0.5, 1) * paper
            mask[inside] = kind
        image += rng.normal(0, NOISE, image.shape)
    return images, masks


def _regions(rng, number):
    """Return for each pixel the nearest of a few random points; no region is small."""
    down, right = np.mgrid[:SIZE, :SIZE]
    while True:
        points = rng.uniform(0, SIZE, (number, 2))
        squares = (down[..., None] - points[:, 0]) ** 2 + (right[..., None] - points[:, 1]) ** 2
        nearest = squares.argmin(axis=-1)
        if np.bincount(nearest.ravel(), minlength=number).min() >= SIZE**2 // 8:
            return nearest


def _kinds(rng, waiting, number):
    """Deal different kinds off a pile that is refilled with all of them when it runs out."""
    dealt = waiting[:number]
    if len(dealt) < number:
        fresh = list(rng.permutation(len(KINDS)))
        fresh.sort(key=lambda kind: kind in dealt)  # what the page has already goes to the end
        needed = number - len(dealt)
        return dealt + fresh[:needed], fresh[needed:]
    return dealt, waiting[number:]


def _paper(rng, pictures):
    """Return a page papered with pictures drawn at random; the first tile starts anywhere."""
    along = SIZE // TILE + 1
    tiles = pictures[rng.integers(len(pictures), size=(along, along))]
    whole = tiles.transpose(0, 2, 1, 3).reshape(along * TILE, along * TILE)
    top, left = rng.integers(0, TILE, 2)
    return whole[top : top + SIZE, left : left + SIZE]


def click(masks, clicks=1, seed=0):
    """Return what is known when someone clicks a few pixels of each region and names their class.

    Args:
        masks: integers of shape `(count, height, width)`; of each class on a page, pixels are
            clicked.
        clicks: how many pixels of each class on each page.
        seed: an integer; equal seeds give equal clicks.

    Returns:
        Integers of the masks' shape: the class where somebody clicked, -1 elsewhere.

    Raises:
        ValueError: if `masks` has another rank, or a region has fewer pixels than clicks.

    Example:
        >>> points = click([[[0, 0, 1, 1, 1]]], clicks=2, seed=0)
        >>> points, (points >= 0).sum()                               # 2 classes, 2 clicks each
        (array([[[ 0,  0,  1, -1,  1]]]), np.int64(4))

    Reference:
        Bearman, Russakovsky, Ferrari and Fei-Fei (2016), What's the point: semantic segmentation
        with point supervision.
    """
    masks = numeric_array(masks, "masks", ("count", "height", "width"))
    clicks, rng = integer(clicks, "clicks"), np.random.default_rng(seed)
    points = np.full(masks.shape, NOBODY)
    for known, mask in zip(points, masks, strict=True):
        for kind in np.unique(mask):
            places = np.argwhere(mask == kind)
            if len(places) < clicks:
                raise ValueError(
                    f"class {kind} has {len(places)} pixels on a page: {clicks} of them cannot be "
                    "clicked. Ask for fewer clicks."
                )
            for row, column in rng.permutation(places)[:clicks]:
                known[row, column] = kind
    return points
