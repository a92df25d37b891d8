"""What the checks of `self_supervised` try: one idea a part, so that one mistake costs one.

Views are random, so shares are counted: `COMPARISONS` of them at most, each of which condemns what
is right with a probability of at most `ALPHA` of `dropout`, 1e-9.
"""

import numpy as np

from course_lib import self_supervised as topic
from course_lib.checks.core import READY_MADE, Check, case
from course_lib.checks.self_supervised.measures import (
    BORDER,
    DECIMALS,
    FACTORS,
    IMAGES,
    MOVES,
    NOTHING,
    OWN,
    SEEDS,
    VIEW,
    VIEWS,
    measure_views,
)
from course_lib.checks.self_supervised.measures_loss import (
    AXES,
    CHOICES,
    DIRECTIONS,
    LENGTHS,
    LOSS,
    NEGATIVES,
    PARTNERS,
    SYMBOLIC,
    TEMPERATURE,
    VALUE,
    measure_loss,
)
from course_lib.checks.self_supervised.measures_probe import measure_probe

BOOK = "self_supervised.html#self-supervised"
COMPARISONS = 500
KERAS_ALLOWED = ("course_lib", "keras_hub", "keras_cv", "tensorflow_similarity", "lightly")

augment_pair = Check(
    topic.augment_pair,
    topic="self_supervised",
    title="Two views of each image",
    returns=VIEW,
    read=f"{BOOK}-views",
    rtol=1e-3,
    forbidden=tuple(name for name in READY_MADE if name != "scipy.ndimage"),
    measure=measure_views,
    hidden_draws=1,
)
nt_xent = Check(
    topic.nt_xent,
    topic="self_supervised",
    title="The contrastive loss",
    returns=LOSS,
    read=f"{BOOK}-loss",
    rtol=1e-3,
    forbidden=KERAS_ALLOWED,
    measure=measure_loss,
    hidden_draws=1,
)
linear_probe = Check(
    topic.linear_probe,
    topic="self_supervised",
    title="A linear probe",
    returns=("accuracy",),
    read=f"{BOOK}-probe",
    measure=measure_probe,
)
CHECKS = {check.name: check for check in (augment_pair, nt_xent, linear_probe)}


def _seed(rng):
    return int(rng.integers(1_000_000))


# --- augment_pair --------------------------------------------------------------------------------
# Most parts ask the same call.


def _pictures(rng, count=800, shape=(9, 8, 2)):
    return rng.uniform(0.5, 1.5, (count, *shape)).astype(np.float32)


def _calls(rng, look, shifts=(1,)):
    """The same images and settings in all parts of a draw: views are made once."""
    for shift in shifts:
        yield case(_pictures(np.random.default_rng(shift)), shift, shift, 0.3, look=look, of=look)
    seed = _seed(rng) + 10
    images = _pictures(np.random.default_rng(seed), shape=(11, 10, 1))
    yield case(images, seed, 2, 0.4, look=look, of=look)


@augment_pair.part(weight=4)
def own_image(rng):
    """Row i of both arrays is made of image i, by steps of whole pixels and by one factor."""
    yield from _calls(rng, OWN)


@augment_pair.part(weight=4)
def two_draws(rng):
    """The two views of an image have draws of their own, and neither is the image itself."""
    yield from _calls(rng, VIEWS)


@augment_pair.part(weight=3)
def each_image(rng):
    """Each image has draws of its own."""
    yield from _calls(rng, IMAGES)


@augment_pair.part(weight=3)
def steps(rng):
    """Steps go from -shift to shift, ends included, alike often, down and right on their own."""
    yield from _calls(rng, MOVES)


@augment_pair.part(weight=3)
def border(rng):
    """What comes in from outside repeats the border."""
    yield from _calls(rng, BORDER)


@augment_pair.part(weight=3)
def contrast(rng):
    """Factors lie between 1 - contrast and 1 + contrast, all alike likely."""
    yield from _calls(rng, FACTORS)


@augment_pair.part(weight=2)
def seeds(rng):
    """Equal seeds give equal views, and others give others."""
    yield case(_pictures(rng, 12), _seed(rng), 1, 0.3, look=SEEDS, of=SEEDS)


@augment_pair.part(weight=1)
def nothing(rng):
    """With shift=0 and contrast=0 the views are the images."""
    yield case(_pictures(rng, 5), _seed(rng), 0, 0.0, look=NOTHING, of=NOTHING)


@augment_pair.part(weight=1)
def whole_numbers(rng):
    """Images of 8 bits become views with decimals."""
    images = rng.integers(90, 120, (40, 6, 7, 1), np.uint8)
    yield case(images, _seed(rng), 1, 0.3, look=DECIMALS, of=DECIMALS)


# --- nt_xent -------------------------------------------------------------------------------------


def _embeddings(rng, count=None, width=None):
    """Rows of all lengths, partners somewhat alike."""
    count, width = count or int(rng.integers(3, 6)), width or int(rng.integers(4, 7))
    first = rng.normal(0, 1, (count, width))
    second = first + rng.normal(0, 0.9, first.shape)
    return first.astype(np.float32), second.astype(np.float32)


def _asked(rng, look, *temperatures, **size):
    for temperature in temperatures:
        yield case(*_embeddings(rng, **size), temperature, look=look, of=look)


@nt_xent.part(weight=2)
def one_number(rng):
    """The loss of a batch is one number, the mean over its rows."""
    yield from _asked(rng, AXES, 0.5)


@nt_xent.part(weight=5)
def choices(rng):
    """Each of the 2n rows chooses among all others, 2n - 1 of them: never itself."""
    yield from _asked(rng, CHOICES, 0.5)


@nt_xent.part(weight=5)
def negatives(rng):
    """Rows of both views are negatives."""
    yield from _asked(rng, NEGATIVES, 0.5)


@nt_xent.part(weight=6)
def partners(rng):
    """The loss falls when row i of one view and row i of the other come closer, and no others."""
    yield from _asked(rng, PARTNERS, 1.0)


@nt_xent.part(weight=5)
def lengths(rng):
    """Only directions count: embeddings of other lengths have the same loss."""
    yield from _asked(rng, LENGTHS, 0.5)


@nt_xent.part(weight=5)
def temperature(rng):
    """Similarities are divided by the temperature: the lower it is, the more the nearest count."""
    yield from _asked(rng, TEMPERATURE, 1.0, count=8)


@nt_xent.part(weight=5)
def directions(rng):
    """First rows look for their partners, and second rows for theirs."""
    yield from _asked(rng, DIRECTIONS, 0.5, count=4)


@nt_xent.part(weight=4)
def value(rng):
    """All together: the number that the formula gives."""
    yield from _asked(rng, VALUE, 0.25, 2.0)


@nt_xent.part(weight=1)
def default(rng):
    """The temperature is 0.5 unless it is given."""
    yield case(*_embeddings(rng), look=VALUE, of=VALUE)


@nt_xent.part(weight=3, read=f"{BOOK}-loss")
def in_training(rng):
    """In training, where tensors have no numbers yet, it gives the same."""
    yield from _asked(rng, SYMBOLIC, 0.5)


@nt_xent.part(weight=1)
def refusals(rng):
    """Two batches of different shapes end in a ValueError."""
    first, second = _embeddings(rng, count=5)
    yield case(first, second[:-2], 0.5, raises=ValueError)


# --- linear_probe --------------------------------------------------------------------------------
# The data leave no room for taste: whatever the penalty and the steps, a classifier that is linear,
# has biases and was trained gives the same answer. Each part has its own trap.
#
# Nowhere is all of it right, or an answer of 1.0 would earn most points: `wrong` rows go by another
# name. Their share is the same in both halves, so that who judges by the rows that it learnt from
# loses the part that asks for it. Among those they lie farther out than all others: they are
# nobody's nearest row.
FARTHER = 1.25


def _mixed(rng, *rows):
    """Features and labels of `(count, label, feature, feature...)`, shuffled."""
    counts, labels, features = [r[0] for r in rows], [r[1] for r in rows], [r[2:] for r in rows]
    order = rng.permutation(sum(counts))
    return (
        np.repeat(features, counts, axis=0)[order].astype(np.float32),
        np.repeat(labels, counts)[order],
    )


@linear_probe.part(weight=4)
def accuracy(rng):
    """The share of the given labels that is right, of a classifier that did not learn from them."""
    classes, width = int(rng.integers(3, 5)), 24
    # Five points a class, each three times: that one of the three is called by a wrong name cannot
    # be learnt. The others are points on their own, so that all of their names could be.
    centres = 3 * np.repeat(np.eye(classes), width // classes, axis=1)
    points = np.repeat(centres, 5, axis=0)
    points = points + rng.normal(0, 0.3, points.shape)
    known, others = np.repeat(points, 3, axis=0), np.repeat(centres, 5, axis=0)
    others = others + rng.normal(0, 0.1, others.shape)
    # One of each class has a wrong name's row for its neighbour, and most of its class behind it.
    others[2::5] = 0.85 * centres + 0.15 * points[::5]
    parts = []
    for rows, each, wrong in ((known, 15, (0,)), (others, 5, (1, 4))):
        labels = np.repeat(np.arange(classes), each)
        turned = np.isin(np.arange(len(rows)) % each, wrong)
        parts += [rows.astype(np.float32), np.where(turned, (labels + 1) % classes, labels)]
    yield case(*parts, as_it_is=True)


@linear_probe.part(weight=4)
def standardised(rng):
    """Features are standardised: a small one may tell more than a large one."""
    # With large numbers, plain steps that nobody standardised jump to and fro: what comes may look
    # as if nothing had been learnt. With the small ones of a second case it does not.
    yield case(*_misleading(rng, (800.0, 1500.0), (-3e3, 5e3)))
    yield case(*_misleading(rng, (1.0, 1.5), (-1.0, 0.5)))


def _misleading(rng, larges, bases):
    """A small feature that tells the classes apart, and a large one that mostly does."""
    small, large = float(rng.choice([1e-3, 2e-3])), float(rng.choice(larges))
    middle, base = 10 * small, float(rng.choice(bases))
    wrong = int(rng.integers(1, 3))
    known, others = [], []
    for label, side in ((0, -1), (1, 1)):
        low = int(rng.integers(2, 4))
        at = [(middle + far * side * small, base + far * side * large) for far in (1, FARTHER)]
        misled = middle + side * small, base - side * large
        known += [(12, label, *at[0]), (4, label, *misled), (2 * wrong, 1 - label, *at[1])]
        others += [(low, label, *at[0]), (8 - low, label, *misled), (wrong, 1 - label, *at[0])]
    return *_mixed(rng, *known), *_mixed(rng, *others)


@linear_probe.part(weight=5)
def statistics(rng):
    """Mean and deviation are those of the training features, for both."""
    scale, wrong = float(rng.choice([1.0, 3.0])), int(rng.integers(1, 4))
    strays = [(wrong, 1, -FARTHER * scale), (wrong, 0, FARTHER * scale)]
    known = [(9, 0, -scale), (9, 1, scale), *strays]
    # Above the middle nearly all; by their own mean, a part would be below it.
    low = int(rng.integers(5, 8))
    others = [(low, 1, 0.5 * scale), (17 - low, 1, 1.1 * scale), (1, 0, -0.5 * scale)]
    others += [(2 * wrong, 0, 1.1 * scale)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))
    # Strange rows among the others must not make all that was learnt from look alike. Of two, one
    # of each class, it is all the same what becomes of them then.
    strays = [(wrong, 0, -FARTHER * scale), (wrong, 1, FARTHER * scale)]
    known = [(12, 1, -scale), (8, 0, scale), *strays]
    low = int(rng.integers(6, 9))
    others = [(low, 1, -scale), (19 - low, 0, scale), (1, 0, 1e7 * scale)]
    others += [(2 * wrong - 1, 0, -scale), (1, 1, 1e7 * scale)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))


@linear_probe.part(weight=3)
def linear(rng):
    """The classifier is linear: what no straight border can part stays apart."""
    outer = int(rng.integers(13, 16))
    known = [(outer, 1, -1.0), (outer, 1, 1.0), (6, 0, 0.0)]
    others = [(4, 1, -1.0), (4, 1, 1.0), (int(rng.integers(3, 8)), 0, 0.0)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))


@linear_probe.part(weight=2)
def trained(rng):
    """It is trained, by some hundreds of steps: the first ones point elsewhere."""
    # What both features have in common is large and says nothing. Their difference parts the
    # classes; the first step is along the one whose means differ.
    common, wrong = float(rng.choice([2.5, 3.0])), int(rng.integers(1, 3))

    def rows(count, label, shift, far=1, name=None):
        side = far * (2 * label - 1)
        return count, label if name is None else name, side + shift, shift

    known = [rows(6, label, shift) for label in (0, 1) for shift in (-common, 0, common)]
    known += [rows(2 * wrong, label, 0, FARTHER, 1 - label) for label in (0, 1)]
    low = int(rng.integers(5, 10))
    others = [rows(low, 0, common), rows(14 - low, 1, -common)]
    others += [rows(2, 0, -common), rows(2, 1, common)]
    others += [rows(wrong, label, 0, 1, 1 - label) for label in (0, 1)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))


@linear_probe.part(weight=3)
def biases(rng):
    """Each class has a bias: three classes on a line can be told apart."""
    wrong = int(rng.integers(1, 4))
    # In the middle an eighth beside it is far enough out.
    known = [(6, 0, -1.0), (12, 1, 0.0), (6, 2, 1.0), (wrong, 2, -0.125), (wrong, 0, 0.125)]
    low, high = rng.integers(2, 4, 2)
    others = [(low, 0, -1.0), (12 - low - high, 1, 0.0), (high, 2, 1.0), (wrong, 2, 0.0)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))


@linear_probe.part(weight=2)
def constant(rng):
    """A feature that never changes does no harm."""
    still, wrong = float(rng.choice([0.0, 2.5])), int(rng.integers(1, 3))
    strays = [(wrong, 1, still, -FARTHER), (wrong, 0, still, FARTHER)]
    known = [(6, 0, still, -1.0), (6, 1, still, 1.0), *strays]
    low = int(rng.integers(3, 6))
    others = [(low, 0, still, -1.0), (12 - low, 1, still, 1.0)]
    others += [(wrong, 1, still, -1.0), (wrong, 0, still, 1.0)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))


@linear_probe.part(weight=1)
def gaps(rng):
    """Labels need not run from 0 on without a gap."""
    one, two = int(rng.integers(1, 4)), int(rng.integers(5, 9))
    known = [(7, one, -1.0), (7, two, 1.0)]
    others = [(3, one, -1.0), (int(rng.integers(4, 8)), two, 1.0), (2, one, 1.0)]
    yield case(*_mixed(rng, *known), *_mixed(rng, *others))
