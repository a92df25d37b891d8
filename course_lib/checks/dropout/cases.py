"""What the checks of `dropout` try: one idea a part, so that one mistake costs one.

A mask is random, so no part compares numbers with numbers. `statistics.py` counts independent
choices and compares the count with the exact binomial distribution that a right answer has. One
comparison condemns a right answer with a probability of at most `ALPHA` = 1e-9. The three checks
make at most `COMPARISONS` = 500 of them, hidden draws included, so by the union bound a right
assignment loses a mark to chance with a probability below 5e-7. Comparisons that are exact (a map
is dropped whole or not, equal seeds give equal masks) add nothing to this. In the other direction
the counts are so large that every mistake of `misconceptions.py` fails with a probability above
1 - 1e-9; `tests/test_dropout.py` adds both up.
"""

import numpy as np

from course_lib import dropout as topic
from course_lib.checks.core import Check, case
from course_lib.checks.dropout.measures import (
    ACROSS,
    AROUND,
    AT_THE_MEAN,
    BLOCK,
    BRANCH,
    CALLS_ALIKE,
    CHANNELS_ALIKE,
    CHOICES,
    DOWN,
    IMAGES_ALIKE,
    IN_PART,
    OUTPUT,
    PARAMETERS,
    REST,
    SIZE,
    STRANGE,
    ZEROS,
    measure_block,
    measure_mask,
)
from course_lib.checks.dropout.statistics import MASK

BOOK = "dropout.html#dropout"
COMPARISONS = 500


dropout = Check(
    topic.dropout,
    topic="dropout",
    title="Dropout of single numbers",
    returns=MASK,
    read=f"{BOOK}-mask",
    rtol=1e-3,
    measure=measure_mask,
)
spatial_dropout = Check(
    topic.spatial_dropout,
    topic="dropout",
    title="Dropout of whole feature maps",
    returns=MASK,
    read=f"{BOOK}-spatial",
    rtol=1e-3,
    measure=measure_mask,
)


def _numbers(rng, *shape):
    """Signed numbers away from zero, so that a zero in the output was put there."""
    size = rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)
    return np.round(size, 2).astype(np.float32)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


def _rate(rng):
    """A rate that is far enough from its complement for both to be told apart."""
    return float(rng.choice([0.15, 0.2, 0.25, 0.3, 0.35, 0.65, 0.7, 0.75, 0.8]))


def _seeds(rng, count=1):
    return [int(seed) for seed in rng.choice(1_000_000, count, replace=False)]


# --- dropout -------------------------------------------------------------------------------------


@dropout.part(weight=2, read=f"{BOOK}-scaling")
def inference(rng):
    """At inference nothing is dropped and nothing is scaled."""
    x = _numbers(rng, _size(rng, 30, 40), 50)
    for of in (ZEROS, SIZE, REST):
        yield case(x, _rate(rng), False, _seeds(rng), of=of)
    yield case(_numbers(rng, 4, 5, 6, 3), 0.5, False, _seeds(rng), of=SIZE)


@dropout.part(weight=2)
def zeros(rng):
    """In training what is dropped is zero, and all the rest is the input times one number."""
    yield case(_numbers(rng, _size(rng, 30, 40), 50), 0.3, True, _seeds(rng), of=REST)
    x = _numbers(rng, 5, 6, _size(rng, 7, 9), 8)
    yield case(x, float(rng.choice([0.2, 0.35])), True, _seeds(rng), of=REST)


@dropout.part(weight=3, read=f"{BOOK}-scaling")
def scaling(rng):
    """Survivors are scaled up, so that the mean stays what it was."""
    x = _numbers(rng, _size(rng, 30, 40), 50)
    yield case(x, 0.2, True, _seeds(rng), of=SIZE)
    yield case(x, 0.75, True, _seeds(rng), of=SIZE)
    yield case(x, _rate(rng), True, _seeds(rng), of=SIZE)
    yield case(_numbers(rng, 5, 6, 7, 8), 0, True, _seeds(rng), of=SIZE)


@dropout.part(weight=3)
def share(rng):
    """`rate` is the share of numbers that is dropped."""
    yield case(_numbers(rng, _size(rng, 40, 50), 50), 0.2, True, _seeds(rng), of=ZEROS)
    yield case(_numbers(rng, 6, 6, _size(rng, 7, 9), 8), 0.7, True, _seeds(rng), of=ZEROS)
    yield case(_numbers(rng, _size(rng, 5, 8), 400), _rate(rng), True, _seeds(rng), of=ZEROS)


@dropout.part(weight=2, read=f"{BOOK}-draws")
def images(rng):
    """Each image of the batch has a mask of its own."""
    yield case(_numbers(rng, 40, 60), 0.5, True, _seeds(rng), of=IMAGES_ALIKE)
    x = _numbers(rng, 6, 6, _size(rng, 7, 9), 8)
    yield case(x, _rate(rng), True, _seeds(rng), of=IMAGES_ALIKE)


@dropout.part(weight=2, read=f"{BOOK}-draws")
def numbers(rng):
    """Each number is dropped for itself, whatever becomes of other pixels and channels."""
    x, rate, seeds = _numbers(rng, 6, 6, _size(rng, 7, 9), 8), _rate(rng), _seeds(rng)
    for of in (CHANNELS_ALIKE, ACROSS, DOWN):
        yield case(x, rate, True, seeds, of=of)


@dropout.part(weight=2, read=f"{BOOK}-draws")
def calls(rng):
    """Equal seeds give equal masks, and different seeds different ones."""
    x, rate, (one, two) = _numbers(rng, 40, 60), _rate(rng), _seeds(rng, 2)
    yield case(x, rate, True, [one, two], of=CALLS_ALIKE)
    yield case(x, rate, True, [one, one], of=CALLS_ALIKE)


@dropout.part(weight=1, read=f"{BOOK}-draws")
def independence(rng):
    """How many numbers are dropped is left to chance as well."""
    yield case(_numbers(rng, 1, 40), 0.25, True, _seeds(rng, 24), of=AT_THE_MEAN)


@dropout.part(weight=2, read=f"{BOOK}-scaling")
def eight_bits(rng):
    """Whole numbers of 8 bits are scaled to numbers with decimals."""
    x = np.full((_size(rng, 4, 6), 50), int(rng.choice([101, 103, 251])), np.uint8)
    yield case(x, 0.3, True, _seeds(rng), of=SIZE)


@dropout.part(weight=1)
def bad_rates(rng):
    """A rate below 0, or of 1 and more, ends in a ValueError."""
    for rate in (-0.1, 1.5, 1.0):
        yield case(_numbers(rng, 4, 5), rate, True, _seeds(rng), raises=ValueError)


# --- spatial_dropout -----------------------------------------------------------------------------


def _maps(rng):
    """Many images and channels, since whole maps are counted; neither side is a square's."""
    return _numbers(rng, _size(rng, 30, 36), _size(rng, 6, 7), 9, 32)


@spatial_dropout.part(weight=2, read=f"{BOOK}-scaling")
def identity(rng):
    """At inference nothing is dropped and nothing is scaled."""
    x, rate = _maps(rng), _rate(rng)
    for of in (ZEROS, SIZE, REST):
        yield case(x, rate, False, _seeds(rng), of=of)


@spatial_dropout.part(weight=5)
def whole_maps(rng):
    """A feature map is dropped whole or not at all."""
    x, rate = _maps(rng), float(rng.choice([0.3, 0.35, 0.65, 0.7]))
    seeds = _seeds(rng)
    for of in (IN_PART, ACROSS, DOWN):
        yield case(x, rate, True, seeds, of=of)


@spatial_dropout.part(weight=2, read=f"{BOOK}-scaling")
def survivors(rng):
    """Maps that survive are scaled up, and the others are zero."""
    x = _maps(rng)
    for rate in (0.2, 0.75, 0):
        yield case(x, rate, True, _seeds(rng), of=SIZE)
    yield case(x, 0.3, True, _seeds(rng), of=REST)


@spatial_dropout.part(weight=2)
def rate_of_maps(rng):
    """`rate` is the share of maps that is dropped."""
    yield case(_maps(rng), 0.2, True, _seeds(rng), of=ZEROS)
    yield case(_maps(rng), _rate(rng), True, _seeds(rng), of=ZEROS)


@spatial_dropout.part(weight=2, read=f"{BOOK}-draws")
def own_masks(rng):
    """Each image of the batch drops maps of its own."""
    yield case(_maps(rng), float(rng.choice([0.3, 0.5, 0.7])), True, _seeds(rng), of=IMAGES_ALIKE)


@spatial_dropout.part(weight=2, read=f"{BOOK}-draws")
def channels(rng):
    """Each channel is dropped for itself."""
    rate = float(rng.choice([0.3, 0.5, 0.7]))
    yield case(_maps(rng), rate, True, _seeds(rng), of=CHANNELS_ALIKE)


@spatial_dropout.part(weight=1, read=f"{BOOK}-draws")
def seeds(rng):
    """Equal seeds give equal masks, and different seeds different ones."""
    x, (one, two) = _maps(rng), _seeds(rng, 2)
    yield case(x, 0.5, True, [one, two], of=CALLS_ALIKE)
    yield case(x, 0.5, True, [one, one], of=CALLS_ALIKE)


@spatial_dropout.part(weight=1, read=f"{BOOK}-draws")
def chance(rng):
    """How many maps are dropped is left to chance as well."""
    yield case(_numbers(rng, 1, 2, 3, 40), 0.25, True, _seeds(rng, 24), of=AT_THE_MEAN)


@spatial_dropout.part(weight=1)
def bad_input(rng):
    """A rate outside of [0, 1), or an array that holds no maps, ends in a ValueError."""
    for rate in (-0.1, 1.5, 1.0):
        yield case(_numbers(rng, 2, 3, 3, 4), rate, True, _seeds(rng), raises=ValueError)
    yield case(_numbers(rng, 4, 5), 0.5, True, _seeds(rng), raises=ValueError)


# --- residual_block ------------------------------------------------------------------------------

residual_block = Check(
    topic.residual_block,
    topic="dropout",
    title="A residual block with batch normalisation and spatial dropout",
    returns=BLOCK,
    read=f"{BOOK}-block",
    rtol=1e-3,
    forbidden=("course_lib", "keras.applications"),
    measure=measure_block,
    hidden_draws=1,
)


def _block(rng, shape, filters, strides=1, kernel_size=3, rate=0.0, training=False, of=OUTPUT):
    images = rng.normal(0, 1, (3, *shape)).astype(np.float32)
    settings = filters, strides, kernel_size
    seed = int(rng.integers(1_000_000))
    return case(shape, settings, rate, images, seed, training, of=of)


@residual_block.part(weight=3)
def same_shape(rng):
    """The branch's result and the input are added, then comes the ReLU; f may be negative."""
    yield _block(rng, (6, 5, 3), [_size(rng, 5, 6), 3])


@residual_block.part(weight=4)
def projection(rng):
    """Where shapes differ, and only there, the input is projected, linearly, and normalised."""
    yield _block(rng, (5, 6, 3), [_size(rng, 4, 5)])
    yield _block(rng, (7, 8, 3), [3, 3], _size(rng, 2, 3))
    yield _block(rng, (6, 9, 4), [5, 2], (1, 2))


@residual_block.part(weight=1)
def lists(rng):
    """Strides and kernel sizes may be lists with one entry for each convolution."""
    yield _block(rng, (8, 9, 3), [4, 5], [2, _size(rng, 1, 2)], [3, 1])


@residual_block.part(weight=3)
def normalisation(rng):
    """In training each convolution, and a projection, is followed by batch normalisation."""
    yield _block(rng, (6, 5, 3), [4, _size(rng, 4, 5)], 2, training=True)


@residual_block.part(weight=1)
def no_bias(rng):
    """Convolutions before a batch normalisation have no bias: it would be taken away again."""
    yield _block(rng, (4, 4, 3), [4, _size(rng, 5, 7)], of=PARAMETERS)


def _masks(rng, of, rate, training=True, filters=None, count=400):
    # Of 20 pixels, some are dropped and some are not, unless the map is dropped as a whole.
    shape, filters = (4, 5, 5), filters or [5]
    settings = filters, 1, 1
    return case(shape, settings, rate, count, int(rng.integers(1_000_000)), training, of=of)


@residual_block.part(weight=2, read=f"{BOOK}-scaling")
def at_inference(rng):
    """At inference the branch sees its input as it is."""
    yield _masks(rng, BRANCH, float(rng.choice([0.3, 0.4])), training=False)


@residual_block.part(weight=4)
def drops_maps(rng):
    """In training the branch does not see a share of `rate` of the feature maps."""
    yield _masks(rng, BRANCH, float(rng.choice([0.2, 0.25, 0.3])))


@residual_block.part(weight=3)
def place(rng):
    """Dropout stands at the entrance of the branch: the shortcut and the sum are not dropped."""
    rate = float(rng.choice([0.3, 0.35]))
    yield _masks(rng, AROUND, rate)
    yield _masks(rng, STRANGE, rate, filters=[5, 5])


@residual_block.part(weight=1, read=f"{BOOK}-draws")
def choices(rng):
    """Each image drops maps of its own, and each map for itself."""
    yield _masks(rng, CHOICES, 0.4)


CHECKS = {check.name: check for check in (dropout, spatial_dropout, residual_block)}
