"""What the checks of `capstone` try.

The last answer trains for a while. It is called once, and what came of it is measured once; each
part asks for more than the one before it. The pages are drawn from the student's seed.
"""

import functools
from collections import OrderedDict

import numpy as np

from course_lib import capstone as topic
from course_lib.checks.capstone.measures import (
    AGAIN,
    CALM,
    CROPS,
    CUT,
    FAR,
    FORM,
    IOU,
    KEPT,
    LABELS,
    LOSS,
    MASKS,
    MISSING,
    PAGE,
    PAIRS,
    PLACES,
    SCRATCH,
    SEGMENTER,
    SHAPES,
    SHIFTS,
    SOME,
    STATISTICS,
    SUMS,
    TRAINED,
    VALUES,
    WELL,
    due_masks,
    measure_loss,
    measure_masks,
    measure_pairs,
    measure_segmenter,
)
from course_lib.checks.core import READY_MADE, Check, case

BOOK = "capstone.html#capstone"
KERAS_ALLOWED = tuple(name for name in READY_MADE if name not in ("keras", "tensorflow"))

_RIGHT = OrderedDict()


@functools.wraps(topic.segment)
def segment(unlabelled, pages, points, hidden, *args, **kwargs):
    """Segment as the reference does, which trains, and keep the last results."""
    key = hidden.tobytes()
    if key not in _RIGHT or args or kwargs:
        _RIGHT[key] = topic.segment(unlabelled, pages, points, hidden, *args, **kwargs)
        if len(_RIGHT) > 8:
            _RIGHT.popitem(last=False)
    return _RIGHT[key].copy()


crop_pairs = Check(
    topic.crop_pairs,
    topic="capstone",
    title="Pairs of squares",
    returns=CROPS,
    read=f"{BOOK}-pairs",
    forbidden=KERAS_ALLOWED,
    measure=measure_pairs,
    hidden_draws=1,
)
point_loss = Check(
    topic.point_loss,
    topic="capstone",
    title="The loss of the clicks",
    returns=LOSS,
    read=f"{BOOK}-clicks",
    forbidden=KERAS_ALLOWED,
    measure=measure_loss,
    hidden_draws=1,
)
segmenter = Check(
    topic.segmenter,
    topic="capstone",
    title="The segmenter",
    returns=SEGMENTER,
    read=f"{BOOK}-segmenter",
    forbidden=KERAS_ALLOWED,
    measure=measure_segmenter,
    hidden_draws=1,
)
segment = Check(
    segment,
    topic="capstone",
    title="Segment with few labels",
    returns=MASKS,
    read=f"{BOOK}-segment",
    forbidden=KERAS_ALLOWED,
    measure=measure_masks,
    hidden_draws=1,
    due=due_masks,
)
CHECKS = {check.name: check for check in (crop_pairs, point_loss, segmenter, segment)}


# --- crop_pairs ----------------------------------------------------------------------------------
# One call serves all parts of a draw but the last one.


def _cut(look, **settings):
    given = {"shape": (3, 20, 24, 1), "count": 900, "size": 8, "shift": 3, "seed": 5} | settings
    return case(*given.values(), of=look)


@crop_pairs.part(weight=3)
def shape(rng):
    """The pairs have the shape (count, 2, size, size, channels)."""
    yield _cut(PAIRS)
    yield _cut(PAIRS, shape=(2, 19, 14, 2), count=int(rng.integers(5, 30)), size=6)


@crop_pairs.part(weight=3)
def squares(rng):
    """Each square is a piece of a page, as it stands there."""
    yield _cut(CUT)
    yield _cut(CUT, shape=(2, 19, 14, 2), count=40, size=int(rng.integers(4, 8)))


@crop_pairs.part(weight=3)
def one_page(rng):
    """Both squares of a pair come from one page."""
    yield _cut(PAGE)


@crop_pairs.part(weight=3)
def near(rng):
    """They are at most `shift` pixels apart, along each axis."""
    yield _cut(FAR)
    yield _cut(FAR, shift=int(rng.integers(4, 7)))


@crop_pairs.part(weight=3)
def shifts(rng):
    """All such shifts occur, up and down, left and right, and both at once."""
    yield _cut(SHIFTS)


@crop_pairs.part(weight=3)
def places(rng):
    """The first square may lie anywhere on any page, at its borders too."""
    yield _cut(PLACES)


@crop_pairs.part(weight=2)
def seeds(rng):
    """Equal seeds give equal pairs, and other seeds other ones."""
    yield _cut(AGAIN)
    yield _cut(AGAIN, seed=int(rng.integers(100, 1000)))


# --- point_loss ----------------------------------------------------------------------------------


def _probabilities(rng, *shape):
    scores = rng.normal(0, 1.5, shape)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def _clicks(rng, shape, counts, classes):
    """Clicks in each image of a batch, -1 elsewhere; every class is clicked where there is room."""
    truth = np.full((len(counts), *shape), -1, np.int32)
    for one, count in zip(truth, counts, strict=True):
        kinds = (np.arange(count) + rng.integers(classes)) % classes
        one.flat[rng.permutation(one.size)[:count]] = kinds
    return truth


def _clicked(rng, counts, classes=3):
    shape = int(rng.integers(4, 7)), int(rng.integers(7, 10))
    truth = _clicks(rng, shape, counts, classes)
    return truth, _probabilities(rng, *truth.shape, classes)


@point_loss.part(weight=4)
def one_click(rng):
    """A page of one pixel, which is clicked: minus the logarithm of its class's probability."""
    for classes, least, end in ((3, 1, 3), (4, 0, 1), (5, 1, 5)):  # class 0 as well
        truth = rng.integers(least, end, size=(1, 1, 1)).astype(np.int32)
        yield case(truth, _probabilities(rng, 1, 1, 1, classes))


# What follows is judged by what the answer itself gives for such a pixel.


@point_loss.part(weight=4)
def unknown(rng):
    """A page with one click: whatever the network says elsewhere, the loss is the click's."""
    for _ in range(3):
        yield case(*_clicked(rng, [1]), own=True)


@point_loss.part(weight=3)
def clicks(rng):
    """A page of pixels that are all clicked: their mean."""
    for classes in (3, 5):
        count = 3 * int(rng.integers(2, 4))
        truth = rng.permutation(np.arange(count) % classes).reshape(1, -1, 3).astype(np.int32)
        yield case(truth, _probabilities(rng, *truth.shape, classes), own=True)


@point_loss.part(weight=2, after=(unknown, clicks))
def batches(rng):
    """Each click of a batch counts alike, also where one image has more of them than another."""
    few, many = int(rng.integers(1, 3)), int(rng.integers(6, 9))
    yield case(*_clicked(rng, [few, many]), own=True)
    yield case(*_clicked(rng, [many, 0, few]), own=True)


@point_loss.part(weight=1)
def no_clicks(rng):
    """A batch without clicks has the loss 0, and not 0/0."""
    yield case(*_clicked(rng, [0, 0]))


@point_loss.part(weight=1)
def certain(rng):
    """A probability of 0 where the click says otherwise is a large number, and no infinity."""
    truth = rng.integers(1, 3, size=(1, 1, 1)).astype(np.int32)
    yield case(truth, np.array([1, 0, 0], np.float32).reshape(1, 1, 1, 3))


@point_loss.part(weight=3)
def in_compile(rng):
    """In training, where tensors have no numbers yet, it gives the same."""
    yield case(*_clicked(rng, [5]), symbolic=True, own=True)


# --- segmenter -----------------------------------------------------------------------------------


def _seed(rng):
    return int(rng.integers(1000))


@segmenter.part(weight=3)
def size(rng):
    """Probabilities of the page's height and width come out, for pages of more than one size."""
    yield case(1, 5, 3, look=SHAPES, seed=_seed(rng), of=SHAPES)
    yield case(2, 6, 4, look=SHAPES, seed=_seed(rng), of=SHAPES)


@segmenter.part(weight=5)
def starts(rng):
    """It starts from the weights of the encoder that it is given."""
    yield case(1, 5, 3, look=KEPT, seed=_seed(rng), of=KEPT)


@segmenter.part(weight=4)
def frozen(rng):
    """Only the 1×1 convolution is trained."""
    yield case(1, 5, 3, look=TRAINED, seed=_seed(rng), of=TRAINED)
    yield case(2, 6, 4, look=TRAINED, seed=_seed(rng), of=TRAINED)


@segmenter.part(weight=3)
def inference(rng):
    """The encoder infers while the head is trained: batch normalisation takes what it learnt."""
    yield case(1, 5, 3, look=CALM, seed=_seed(rng), of=CALM)


@segmenter.part(weight=3)
def probabilities(rng):
    """A softmax: what a pixel's classes get is positive and sums to 1."""
    yield case(1, 5, 3, look=SUMS, seed=_seed(rng), of=SUMS)


@segmenter.part(weight=4)
def values(rng):
    """The mean of 3×3 features, a 1×1 convolution, bilinear upsampling."""
    yield case(1, 5, 3, look=VALUES, seed=_seed(rng), of=VALUES)


# --- segment -------------------------------------------------------------------------------------
# All parts draw one seed, and share what was trained with it.


def _segmented(rng, look, **settings):
    yield case(int(rng.integers(2**62)), of=look, **settings)


@segment.part(weight=2)
def masks(rng):
    """A mask for each hidden page, of its height and width."""
    yield from _segmented(rng, FORM)


@segment.part(weight=2)
def labels(rng):
    """Each pixel has a class, a whole number from 0 to 5, and no class is forgotten."""
    seed = int(rng.integers(2**62))
    yield case(seed, of=LABELS)
    yield case(seed, of=MISSING)


@segment.part(weight=5)
def something(rng):
    """The clicks taught it something: more than guesses, or one class everywhere, are worth."""
    yield from _segmented(rng, IOU, least=SOME)


@segment.part(weight=5, after=(something,))
def more_than_statistics(rng):
    """More than simple statistics of a pixel's neighbours give."""
    yield from _segmented(rng, IOU, least=STATISTICS)


@segment.part(weight=12, after=(more_than_statistics,))
def more_than_scratch(rng):
    """The pages without labels helped: more than was ever reached from scratch."""
    yield from _segmented(rng, IOU, least=SCRATCH)


@segment.part(weight=9, after=(more_than_scratch,))
def pretrained(rng):
    """What a well pretrained encoder is worth, less a margin."""
    yield from _segmented(rng, IOU, least=WELL)
