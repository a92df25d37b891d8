"""Plausible ways to segment badly, each known by what came of it: no training is repeated."""

import numpy as np

from course_lib.checks.capstone.cases import SCRATCH, SOME, WELL, segment
from course_lib.checks.capstone.measures import (
    CLASSES,
    COMMON,
    FORM,
    IOU,
    LABELS,
    MISSING,
    RENUMBERED,
    TURNED,
)

GAIN = 0.15  # of the measure: what mending a mistake must bring to be called that mistake


def _right(*given):
    """What the reference makes of it, kept where it was made before."""
    return segment.reference(*given)


@segment.misconception(
    "nearly all pixels get one class. That comes out where the pixels that nobody clicked count "
    "as a class, or where the network is not trained at all.",
    known_by=lambda facts: facts[COMMON] > 0.8,
)
def one_class_everywhere(unlabelled, pages, points, hidden):
    return np.zeros(hidden.shape[:3], int)


@segment.misconception(
    "these are probabilities, or scores, of each class. The class is where they are largest: "
    "argmax(axis=-1).",
    known_by=lambda facts: len(facts[FORM]) == 4 and facts[FORM][-1] > 1,
)
def probabilities_returned(unlabelled, pages, points, hidden):
    return np.eye(CLASSES, dtype=np.float32)[_right(unlabelled, pages, points, hidden)]


@segment.misconception(
    "the masks have an axis too many, of length 1 at the end. A mask is (height, width): take "
    "masks[..., 0].",
    known_by=lambda facts: len(facts[FORM]) == 4 and facts[FORM][-1] == 1,
)
def an_axis_too_many(unlabelled, pages, points, hidden):
    return _right(unlabelled, pages, points, hidden)[..., np.newaxis]


@segment.misconception(
    "the masks have the size of the features, a quarter of the page's. Upsample the scores before "
    "the class is chosen.",
    known_by=lambda facts: len(facts[FORM]) == 3 and facts[FORM][1] == 16,
)
def size_of_the_features(unlabelled, pages, points, hidden):
    return _right(unlabelled, pages, points, hidden)[:, 2::4, 2::4]


@segment.misconception(
    "there are labels that are no class: classes are 0 to 5, as in the clicks. -1 says nothing "
    "there, and is nothing to predict.",
    known_by=lambda facts: facts[LABELS] > 0,
)
def a_label_for_nobody(unlabelled, pages, points, hidden):
    return _right(unlabelled, pages, points, hidden) - 1


@segment.misconception(
    "rows and columns are exchanged: transposed, the masks would be right.",
    known_by=lambda facts: facts[TURNED] > facts[IOU] + GAIN,
)
def transposed(unlabelled, pages, points, hidden):
    return _right(unlabelled, pages, points, hidden).swapaxes(1, 2)


@segment.misconception(
    "the regions are found and their numbers are not those of the clicks: with other numbers the "
    "masks would be right. Clusters have no names; the clicks give them.",
    known_by=lambda facts: facts[RENUMBERED] > facts[IOU] + GAIN,
)
def other_numbers(unlabelled, pages, points, hidden):
    return (_right(unlabelled, pages, points, hidden) + 1) % CLASSES


@segment.misconception(
    "a class occurs nowhere, and the others are found. Does the network have an output for each "
    "of the 6 classes, and does class 0 count among the clicks?",
    known_by=lambda facts: facts[MISSING] > 0,
)
def a_class_is_missing(unlabelled, pages, points, hidden):
    found = _right(unlabelled, pages, points, hidden)
    return np.where(found == 0, 1 + found % 5, found)


@segment.misconception(
    "this is what guesses are worth, or an encoder that learnt nothing. Is it the pretrained "
    "encoder that the segmenter gets, and is the segmenter trained?",
    known_by=lambda facts: facts[IOU] < SOME,
)
def guesses(unlabelled, pages, points, hidden):
    rng = np.random.default_rng(0)
    blocks = rng.integers(CLASSES, size=(len(hidden), 8, 8))
    return blocks.repeat(8, axis=1).repeat(8, axis=2)


@segment.misconception(
    "this is what a network reaches from scratch, with the clicks alone. Pretrain the encoder on "
    "the pages without labels, and see that its loss falls well below that of guesses.",
    known_by=lambda facts: facts[IOU] < SCRATCH,
)
def without_pretraining(unlabelled, pages, points, hidden):
    return _spoilt(_right(unlabelled, pages, points, hidden), 0.6)


@segment.misconception(
    "the pretraining helped, and less than it can: too few steps or pairs, squares without "
    "distortion, or clicks that were allowed to move the encoder.",
    known_by=lambda facts: facts[IOU] < WELL,
)
def pretrained_for_too_short(unlabelled, pages, points, hidden):
    return _spoilt(_right(unlabelled, pages, points, hidden), 0.28)


def _spoilt(found, share):
    """Guess this share of all blocks, as a worse encoder does."""
    rng = np.random.default_rng(0)
    bad = (rng.random((len(found), 8, 8)) < share).repeat(8, axis=1).repeat(8, axis=2)
    guessed = rng.integers(CLASSES, size=(len(found), 8, 8))
    return np.where(bad, guessed.repeat(8, axis=1).repeat(8, axis=2), found)
