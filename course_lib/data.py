"""Pictures and digits that ship with the libraries we use, so that nothing is downloaded.

scikit-image's wheel holds the pictures named in `CREDITS`; its others are fetched on first use
and are refused here. scikit-learn's wheel holds the digits.
"""

from dataclasses import dataclass

import numpy as np

from course_lib.arguments import pair


@dataclass(frozen=True)
class Credit:
    """Who made a picture, and on what terms it may be shown.

    Attributes:
        subject: what the picture shows.
        author: the photographer or the collection.
        licence: the terms, as scikit-image states them.
    """

    subject: str
    author: str
    licence: str

    def __str__(self):
        return f"{self.subject}: {self.author}, {self.licence}"


CREDITS = {
    "astronaut": Credit("Eileen Collins, astronaut", "NASA", "public domain"),
    "brick": Credit("a brick wall", "CC0Textures", "CC0"),
    "camera": Credit("a man with a camera", "Lav Varshney", "CC0"),
    "cat": Credit("Chelsea the cat", "Stéfan van der Walt", "CC0"),
    "clock": Credit("a clock, blurred by motion", "Stéfan van der Walt", "public domain"),
    "coffee": Credit("a cup of coffee", "Rachel Michetti, Pikolo Espresso Bar", "CC0"),
    "coins": Credit("Greek coins", "Brooklyn Museum", "no known copyright restrictions"),
    "grass": Credit("grass", "linolafett, DeviantArt", "CC0"),
    "gravel": Credit("gravel", "CC0Textures", "CC0"),
    "hubble_deep_field": Credit("distant galaxies", "NASA, Hubble", "public domain"),
    "retina": Credit("a human retina", "Mikael Häggström", "CC0"),
    "rocket": Credit("a Falcon 9 at its launch", "SpaceX", "public domain"),
}


def photograph(name="camera", size=None, gray=False):
    """Return a picture as floating-point numbers from 0 (black) to 1 (white).

    Every figure and experiment takes its pictures from here, so that each has a credit and the
    same numbers on every machine.

    Args:
        name: a key of `CREDITS`.
        size: an integer for a square, or a pair `(height, width)`. The middle of the picture is
            cut to that shape and then shrunk or enlarged. `None` keeps the picture as it is.
        gray: whether to turn colour into luminance. A picture that has no colour stays gray.

    Returns:
        A float64 array of shape `(height, width, 3)`, or `(height, width)` for a gray picture.

    Raises:
        ValueError: if no such picture ships with scikit-image, or if `size` is not positive.

    Example:
        >>> photograph("coffee").shape, photograph("coffee", size=64, gray=True).shape
        ((400, 600, 3), (64, 64))
    """
    if name not in CREDITS:
        raise ValueError(
            f"there is no picture {name!r} that needs no download; choose one of: "
            f"{', '.join(CREDITS)}."
        )
    # Here and not at the top: importing it takes longer than most of what else a page does.
    from skimage import color, data, transform

    picture = getattr(data, name)() / 255
    if gray and picture.ndim == 3:
        picture = color.rgb2gray(picture)
    if size is None:
        return picture
    size = pair(size, "size")
    return np.clip(transform.resize(_middle(picture, size), size, anti_aliasing=True), 0, 1)


def digits():
    """Return the 1,797 handwritten digits of scikit-learn, small enough to train on in seconds.

    Returns:
        A tuple `(images, labels)`: float64 of shape `(1797, 8, 8, 1)` from 0 to 1, and integers
        of shape `(1797,)`.

    Example:
        >>> images, labels = digits()
        >>> images.shape, labels[:5]
        ((1797, 8, 8, 1), array([0, 1, 2, 3, 4]))

    Reference:
        Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI repository.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[..., np.newaxis] / 16, bunch.target


def _middle(picture, size):
    """Cut the largest middle part that has the proportions of `size`."""
    height, width = picture.shape[:2]
    scale = min(height / size[0], width / size[1])
    rows, columns = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]
