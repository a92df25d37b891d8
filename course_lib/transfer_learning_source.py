"""A source task: letters drawn by code, as many as one likes, and a network that can read them.

`python -m course_lib.transfer_learning_source` trains the network anew and writes its weights
beside this file, where they ship with the course. It takes half a minute.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from course_lib.arguments import integer, numeric_array

# Strokes as corners (x, y) in a square from 0 to 1, y downwards. Letters that could be taken for a
# digit (B, G, I, O, Q, S, Z) are left out, so that the source task holds nothing of the target's.
STROKES = {
    "A": ("0,1 .5,0 1,1", ".2,.65 .8,.65"),
    "C": ("1,.15 .6,0 .2,.15 0,.5 .2,.85 .6,1 1,.85",),
    "D": ("0,0 0,1 .6,.95 1,.7 1,.3 .6,.05 0,0",),
    "E": ("1,0 0,0 0,1 1,1", "0,.5 .8,.5"),
    "F": ("1,0 0,0 0,1", "0,.5 .8,.5"),
    "H": ("0,0 0,1", "1,0 1,1", "0,.5 1,.5"),
    "J": ("1,0 1,.7 .75,1 .3,1 0,.75",),
    "K": ("0,0 0,1", "1,0 0,.5 1,1"),
    "L": ("0,0 0,1 1,1",),
    "M": ("0,1 0,0 .5,.6 1,0 1,1",),
    "N": ("0,1 0,0 1,1 1,0",),
    "P": ("0,1 0,0 .7,0 1,.15 1,.35 .7,.5 0,.5",),
    "T": ("0,0 1,0", ".5,0 .5,1"),
    "U": ("0,0 0,.65 .25,1 .75,1 1,.65 1,0",),
    "V": ("0,0 .5,1 1,0",),
    "X": ("0,0 1,1", "1,0 0,1"),
    "Y": ("0,0 .5,.5 1,0", ".5,.5 .5,1"),
}
LETTERS = "".join(STROKES)
SIZE = 8  # of scikit-learn's digits
FINER = 3  # samples along each side of a pixel
PAGE, NOISE = 16, 0.15
MIDDLE, SPREAD = 0.06, 0.24  # of the numbers of pages with letters

WEIGHTS = Path(__file__).with_suffix(".npz")
FILTERS, COUNT, BATCH, SEED = (16, 32, 64), 6000, 64, 0
RATES = (0.003,) * 12 + (0.0005,) * 4  # one for each epoch


def letters(count, seed=0):
    """Draw letters with a pen of random width, each slanted, turned, stretched and bent a little.

    They are as large and as bright as scikit-learn's digits, and nobody wrote them: labels cost
    nothing.

    Args:
        count: how many.
        seed: an integer; equal seeds give equal letters.

    Returns:
        A tuple `(images, labels)`: float32 of shape `(count, 8, 8, 1)` from 0 to 1, and integers
        of shape `(count,)`, the places in `LETTERS`.

    Raises:
        ValueError: if `count` is no integer above 0.

    Example:
        >>> images, labels = letters(5)
        >>> images.shape, "".join(LETTERS[label] for label in labels)
        ((5, 8, 8, 1), 'VNLFH')
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(LETTERS), size=integer(count, "count"))
    images = np.empty((count, SIZE, SIZE, 1), np.float32)
    for image, label in zip(images, labels, strict=True):
        image[..., 0] = _drawn(rng, STROKES[LETTERS[label]])
    return images, labels


def placed(images, size=PAGE, noise=NOISE, seed=0):
    """Put each image somewhere on a dark page, a little fainter than it is or not, in noise.

    Where a stroke lies then says nothing, and no pixel by itself says anything.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        size: of the page, in pixels along a side.
        noise: standard deviation of the noise.
        seed: an integer; equal seeds give equal places and equal noise.

    Returns:
        A float32 array of shape `(batch, size, size, channels)`.

    Raises:
        ValueError: if an image is larger than the page.

    Example:
        >>> placed(np.ones((2, 8, 8, 1))).shape
        (2, 16, 16, 1)
    """
    images = numeric_array(images, "images", ("batch", "height", "width", "channels"))
    batch, height, width, channels = images.shape
    if max(height, width) > integer(size, "size"):
        raise ValueError(
            f"images of {height} x {width} pixels do not fit on a page of {size} x {size}. Give a "
            f"size of at least {max(height, width)}."
        )
    rng = np.random.default_rng(seed)
    pages = rng.normal(0, noise, (batch, size, size, channels)).astype(np.float32)
    for page, image in zip(pages, images, strict=True):
        row, column = rng.integers((size - height + 1, size - width + 1))
        page[row : row + height, column : column + width] += rng.uniform(0.6, 1) * image
    return pages


def prepare(images):
    """Return pages as the network knows them: less the letters' mean, over their deviation.

    A new task's images take the *source's* numbers. It must be done once: the network has never
    seen pages that were prepared twice.

    Example:
        >>> prepare(np.array([0.06, 0.54]))
        array([0., 2.], dtype=float32)
    """
    return ((np.asarray(images) - MIDDLE) / SPREAD).astype(np.float32)


def source_model():
    """Return the network that reads letters on pages, with the weights that ship.

    Returns:
        A `keras.Model` from pages of shape `(batch, 16, 16, 1)`, prepared, to probabilities of
        `LETTERS`. Its layers are those of `transfer_learning.classifier`.

    Example:
        >>> pages, labels = letters(100, seed=3)
        >>> model = source_model()
        >>> found = model.predict(prepare(placed(pages, seed=3)), verbose=0).argmax(axis=-1)
        >>> bool((found == labels).mean() > 0.9)
        True
    """
    model = _untrained()
    with np.load(WEIGHTS) as held:
        model.set_weights([held[name] for name in sorted(held.files)])
    return model


def train_source(count=COUNT, rates=RATES, seed=SEED):
    """Train the network anew; each epoch places the same letters elsewhere, in new noise.

    Args:
        count: how many letters.
        rates: Adam's learning rate in each epoch.
        seed: of letters, places, noise and initial weights.

    Returns:
        The trained model.

    Example:
        >>> train_source(count=64, rates=[0.003]).output_shape
        (None, 17)
    """
    import keras

    keras.utils.set_random_seed(seed)
    model, (images, labels) = _untrained(), letters(count, seed)
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)  # spares a trace
    for epoch, rate in enumerate(rates):
        model.optimizer.learning_rate = rate
        pages = prepare(placed(images, seed=1000 * seed + epoch))
        model.fit(pages, labels, batch_size=BATCH, verbose=0)
    return model


def _untrained():
    from course_lib.models import as_model
    from course_lib.transfer_learning import classifier

    return as_model(classifier, (PAGE, PAGE, 1), classes=len(LETTERS), filters=FILTERS)


def _drawn(rng, strokes):
    """Return one letter: how much of each pixel the pen has touched."""
    angle, slant = rng.uniform(-0.15, 0.15), rng.uniform(-0.3, 0.3)
    scale = rng.uniform((3.0, 5.5), (6.0, 7.2))  # across and down, in pixels
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    place = np.array([[1.0, -slant], [0.0, 1.0]]) * scale[:, np.newaxis]
    place, middle = turn @ place, SIZE / 2 + rng.uniform(-0.3, 0.3, 2)
    pen, fine = rng.uniform(0.45, 0.8), (np.arange(SIZE * FINER) + 0.5) / FINER
    pixels = np.stack(np.meshgrid(fine, fine), axis=-1)
    touched = np.zeros(pixels.shape[:2], bool)
    for stroke in strokes:
        corners = np.array([corner.split(",") for corner in stroke.split()], float) - 0.5
        corners = (corners + rng.normal(0, 0.05, corners.shape)) @ place.T + middle
        for start, end in pairwise(corners):
            touched |= _distance(pixels, start, end) < pen
    return touched.reshape(SIZE, FINER, SIZE, FINER).mean(axis=(1, 3))


def _distance(points, start, end):
    """Return how far points are from a line segment."""
    along = end - start
    share = (points - start) @ along / max(along @ along, 1e-12)
    return np.linalg.norm(points - start - np.clip(share, 0, 1)[..., np.newaxis] * along, axis=-1)


if __name__ == "__main__":
    trained = train_source()
    np.savez_compressed(
        WEIGHTS, **{f"{place:02}": array for place, array in enumerate(trained.get_weights())}
    )
    tests, truth = letters(2000, seed=1)
    answers = trained.predict(prepare(placed(tests, seed=999)), verbose=0)
    right = (answers.argmax(axis=-1) == truth).mean()
    print(f"{WEIGHTS.name}: {trained.count_params():,} weights, {right:.1%} of new letters right")
