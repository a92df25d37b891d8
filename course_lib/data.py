"""Pictures, digits and drawn scenes: what the course trains on, without a download.

scikit-image's wheel holds the pictures named in `CREDITS`; its others are fetched on first use
and are refused here. scikit-learn's wheel holds the digits. `scenes` and `noisy` draw from seeds.
One set alone comes over the network, for readers who have one: `pets`.
"""

from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np

from course_lib.arguments import integer, numeric_array, pair


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


# --- scenes for segmentation ---------------------------------------------------------------------

SHAPES = ("circle", "square", "triangle")


def scenes(count, size=64, shapes=SHAPES, seed=0, most=4, noise=0.15):
    """Draw pictures of shapes before a background, and for each pixel what it shows.

    What is to be found is the outline alone. Shapes of one radius have one area, they are turned
    at random, and their colours and stripes are drawn without a look at their kind. They are
    brighter than the background on the whole, and one may hide another.

    Args:
        count: how many pictures.
        size: an integer for a square, or a pair `(height, width)`.
        shapes: the kinds to draw from, names of `SHAPES`.
        seed: an integer; equal seeds give equal pictures.
        most: a picture has from 1 to this many shapes.
        noise: the standard deviation of what is added to each number.

    Returns:
        A tuple `(images, masks)`: float32 of shape `(count, height, width, 3)` from 0 to 1, and
        uint8 of shape `(count, height, width)`: 0 for the background, 1 for the first of
        `shapes`, 2 for the second, and so on. `masks > 0` is a mask of all shapes.

    Raises:
        ValueError: if a kind is unknown, or a number is none.

    Example:
        >>> images, masks = scenes(10, size=(32, 48), shapes=("circle", "square"))
        >>> images.shape, masks.shape, np.unique(masks)
        ((10, 32, 48, 3), (10, 32, 48), array([0, 1, 2], dtype=uint8))
    """
    count, most = integer(count, "count"), integer(most, "most")
    noise = _deviation(noise, "noise")
    shapes = (shapes,) if isinstance(shapes, str) else tuple(shapes)
    if not shapes or not set(shapes) <= set(SHAPES):
        raise ValueError(f"shapes must be names out of {', '.join(SHAPES)}; got {shapes!r}.")
    height, width = pair(size, "size")
    rng = np.random.default_rng(seed)
    images = np.empty((count, height, width, 3), np.float32)
    masks = np.zeros((count, height, width), np.uint8)
    for image, mask in zip(images, masks, strict=True):
        image[:] = _stripes(rng, height, width, 0.0, 0.5)
        for _ in range(rng.integers(1, most + 1)):
            kind = int(rng.integers(len(shapes)))
            inside = _inside(rng, shapes[kind], height, width)
            image[inside] = _stripes(rng, height, width, 0.4, 1.0)[inside]
            mask[inside] = kind + 1
    images += rng.normal(0, noise, images.shape)
    return np.clip(images, 0, 1), masks


def _inside(rng, kind, height, width):
    """Return which pixels lie in a shape of this kind, of a random place, radius and angle."""
    # A triangle's corners are 1.56 radii from its middle: every shape lies whole in the picture.
    shorter = min(height, width)
    radius, angle = rng.uniform(0.08, 0.19) * shorter, rng.uniform(0, 2 * np.pi)
    row, column = (rng.uniform(1.6 * radius, side - 1.6 * radius) for side in (height, width))
    return shape_mask(kind, (height, width), (row, column), radius, angle)


def shape_mask(kind, size, middle, radius, angle=0.0):
    """Return which pixels lie in a circle, a square or a triangle; equal radii give equal areas.

    Args:
        kind: one of `SHAPES`.
        size: `(height, width)` of the picture.
        middle: `(row, column)`, in pixels.
        radius: of the circle; the others have its area.
        angle: by which a square or a triangle is turned, in radians.

    Raises:
        ValueError: if there is no such kind of shape.

    Example:
        >>> int(shape_mask("square", (4, 4), (2, 2), 1.0).sum())     # its side is sqrt(pi) = 1.77
        4
    """
    if kind not in SHAPES:
        raise ValueError(f"kind must be one of {', '.join(SHAPES)}; got {kind!r}.")
    (height, width), (row, column) = size, middle
    down, right = np.mgrid[:height, :width] + 0.5  # the centres of the pixels
    down, right = down - row, right - column
    if kind == "circle":
        return down**2 + right**2 <= radius**2
    sides = {"square": 4, "triangle": 3}[kind]
    # A regular polygon has the area sides * inner**2 * tan(pi / sides); here it is the circle's.
    inner = radius * np.sqrt(np.pi / (sides * np.tan(np.pi / sides)))
    turns = angle + 2 * np.pi * np.arange(sides) / sides
    return np.all([right * np.cos(t) + down * np.sin(t) <= inner for t in turns], axis=0)


def _stripes(rng, height, width, low, high):
    """Return a picture of one random colour under faint stripes of a random direction."""
    colour, angle = rng.uniform(low, high, 3), rng.uniform(0, np.pi)
    length, phase, strength = rng.uniform(3, 12), rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.15)
    down, right = np.mgrid[:height, :width]
    wave = np.sin(2 * np.pi * (down * np.sin(angle) + right * np.cos(angle)) / length + phase)
    return colour + strength * wave[..., np.newaxis]


# --- pairs for image to image --------------------------------------------------------------------


def patches(count, size=32, names=("astronaut", "cat", "coffee", "rocket"), seed=0):
    """Cut squares out of photographs at random places, mirrored at random.

    They are what a small network can learn to clean or to colour: real textures and real colours,
    without a download.

    Args:
        count: how many.
        size: pixels along a side.
        names: keys of `CREDITS`. Give training and test different ones: patches of one
            photograph overlap.
        seed: an integer; equal seeds give equal patches.

    Returns:
        A float32 array of shape `(count, size, size, 3)` from 0 to 1. A photograph that has no
        colour gives three equal channels.

    Raises:
        ValueError: if a name is unknown, or a patch does not fit into its photograph.

    Example:
        >>> patches(5, size=16, names=["cat"]).shape
        (5, 16, 16, 3)
    """
    count, size = integer(count, "count"), integer(size, "size")
    names = (names,) if isinstance(names, str) else tuple(names)
    pictures = [photograph(name) for name in names]
    for name, picture in zip(names, pictures, strict=True):
        if size > min(picture.shape[:2]):
            raise ValueError(f"{name} has {picture.shape[:2]} pixels: a patch of {size} is larger.")
    rng = np.random.default_rng(seed)
    cut = np.empty((count, size, size, 3), np.float32)
    for patch in cut:
        picture = pictures[rng.integers(len(pictures))]
        row, column = (rng.integers(side - size + 1) for side in picture.shape[:2])
        found = picture[row : row + size, column : column + size]
        found = found if found.ndim == 3 else found[..., np.newaxis]
        patch[:] = found[:, ::-1] if rng.random() < 0.5 else found
    return cut


def noisy(images, deviation=0.1, seed=0):
    """Add noise to images: with the images themselves these are pairs to learn denoising from.

    The sum is not cut to the range from 0 to 1. Cutting would darken white and brighten black,
    and the noise would no longer be zero in the mean.

    Args:
        images: an array of floating-point numbers, of any shape.
        deviation: the standard deviation of the noise.
        seed: an integer; equal seeds give equal noise.

    Returns:
        A float32 array of the same shape.

    Raises:
        ValueError: if `deviation` is negative, or `images` holds no numbers.

    Example:
        >>> noisy(np.zeros((1, 2, 2, 1)), deviation=0.5)[0, :, :, 0].round(2)
        array([[ 0.06, -0.07],
               [ 0.32,  0.05]], dtype=float32)
    """
    images = numeric_array(images, "images", [f"axis {axis}" for axis in range(np.ndim(images))])
    noise = np.random.default_rng(seed).normal(0, _deviation(deviation, "deviation"), images.shape)
    return (images + noise).astype(np.float32)


def gray_and_colour(images):
    """Return images in gray and as they are: pairs to learn colouring from.

    Args:
        images: array of shape `(batch, height, width, 3)`.

    Returns:
        A tuple `(gray, colour)` of float32, of shapes `(batch, height, width, 1)` and
        `(batch, height, width, 3)`. Gray is the luminance, with the weights of `photograph`.

    Raises:
        ValueError: if the images have no three channels.

    Example:
        >>> gray, colour = gray_and_colour(np.ones((1, 2, 2, 3)) * [1.0, 0.0, 0.0])
        >>> gray[0, 0, 0], colour[0, 0, 0]
        (array([0.2125], dtype=float32), array([1., 0., 0.], dtype=float32))
    """
    images = numeric_array(images, "images", ("batch", "height", "width", "channels"))
    if images.shape[-1] != 3:
        raise ValueError(f"images must have 3 channels, red, green and blue; got {images.shape}.")
    colour = images.astype(np.float32)
    return colour @ np.float32([[0.2125], [0.7154], [0.0721]]), colour


def _deviation(value, name):
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be a number of at least 0; got {value!r}.")
    return float(value)


# --- a set of photographs for who has a network --------------------------------------------------

PETS = "https://www.robots.ox.ac.uk/~vgg/data/pets/data"
PETS_MD5 = {
    "images.tar.gz": "5c4f3ee8e5d25df40f4fd59a7f44e54c",
    "annotations.tar.gz": "95a8c909bbe2e81eed6a22bccdf3f68f",
}


def pets(count=200, size=64, split="trainval", seed=0, folder=None, origin=PETS):
    """Load photographs of cats and dogs with masks, fetched on first use: 0.8 GB, kept afterwards.

    Args:
        count: how many of the split's 3,680 or 3,669 photographs, drawn at random; `None` for all.
        size: an integer for a square, or a pair `(height, width)`. The middle of a photograph is
            cut to that shape, and then shrunk.
        split: `"trainval"` or `"test"`.
        seed: of the draw.
        folder: where the archives are kept; by default `~/.keras/oxford_pets`.
        origin: the address of the folder that holds the two archives.

    Returns:
        A tuple `(images, masks)`: float32 of shape `(count, height, width, 3)` from 0 to 1, and
        uint8 of shape `(count, height, width)`: 0 for the background, 1 for the animal, 2 for its
        border, which the people who drew the masks left open.

    Raises:
        ConnectionError: if the archives are neither in `folder` nor to be had.
        ValueError: if the split is unknown, or the archives do not hold what they should.

    Example:
        >>> images, masks = pets(100, size=96)                                 # doctest: +SKIP

    Reference:
        Parkhi, Vedaldi, Zisserman and Jawahar (2012), Cats and dogs. Photographs and masks are
        under CC BY-SA 4.0.
    """
    size = pair(size, "size")
    folder = Path(folder or Path.home() / ".keras" / "oxford_pets").expanduser()
    pictures, notes = (_unpacked(name, folder, origin) for name in PETS_MD5)
    listed = notes / "annotations" / f"{split}.txt"
    if not listed.is_file():
        raise ValueError(f'split must be "trainval" or "test"; there is no {split!r} ({listed}).')
    names = [line.split()[0] for line in listed.read_text().splitlines() if line.strip()]
    order = np.random.default_rng(seed).permutation(len(names))[:count]
    chosen = [names[number] for number in order]
    files = [pictures / "images" / f"{name}.jpg" for name in chosen]
    images = np.stack([_opened(path, size, "rgb") for path in files]) / np.float32(255)
    files = [notes / "annotations" / "trimaps" / f"{name}.png" for name in chosen]
    masks = np.stack([_opened(path, size, "grayscale")[..., 0] for path in files])
    if not np.isin(masks, (1, 2, 3)).all():
        raise ValueError(f"the masks must hold 1, 2 and 3; got {np.unique(masks)}.")
    return images, np.uint8([0, 1, 0, 2])[masks.astype(np.uint8)]


def _unpacked(name, folder, origin):
    """Return the folder of an unpacked archive, which is fetched if it is not there."""
    from keras.utils import get_file

    unpacked = folder / name.replace(".tar.gz", "_extracted")
    if unpacked.is_dir():  # get_file would unpack all of it once more
        return unpacked
    folder.mkdir(parents=True, exist_ok=True)
    address, md5 = f"{origin}/{name}", PETS_MD5[name] if origin == PETS else None
    try:
        get_file(name, address, file_hash=md5, cache_dir=folder, cache_subdir="", extract=True)
    except Exception as error:  # Keras raises a bare Exception where an address does not answer
        raise ConnectionError(
            f"{name} did not come from {address} ({error}). Without a network, fetch it elsewhere "
            f"and put it into {folder}, or go on with course_lib.data.scenes(...), which draws "
            "images and masks on this machine."
        ) from error
    return unpacked


def _opened(path, size, mode):
    """Return a picture file as an array of this size; masks keep their numbers."""
    from keras.utils import img_to_array, load_img

    way = {"rgb": "bilinear", "grayscale": "nearest"}[mode]
    try:
        opened = load_img(path, mode, size, interpolation=way, keep_aspect_ratio=True)
    except OSError as error:
        raise ValueError(
            f"{path} is missing or damaged. Delete {path.parents[1]} and its archive, and load "
            "the set once more."
        ) from error
    return img_to_array(opened, dtype="float32")


def _middle(picture, size):
    """Cut the largest middle part that has the proportions of `size`."""
    height, width = picture.shape[:2]
    scale = min(height / size[0], width / size[1])
    rows, columns = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]
