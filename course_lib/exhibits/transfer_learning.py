"""The exhibit of the topic `transfer_learning`: a new head on what each layer makes of images."""

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import transfer_learning_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.transfer_learning_features import LABELLED, NAMES, TESTS, load
from course_lib.transfer_learning_probe import ridge_scores

SETS = ("pixels", *NAMES)
MOST = 10  # labels of each digit
NEAREST = 5


def _synchronised(trait):
    return trait.tag(sync=True)


class HeadTrainer(Exhibit):
    """Label a few digits: a linear head is fitted to pixels or to a layer, and reads a hundred.

    The network has seen letters alone. The page fits the heads itself, by ridge regression.

    Args:
        features: what the head gets, one of `SETS`.
        count: labels of each digit, 1 to 10.
        draw: which of the pages are labelled, a whole number from 0.
        test: the page that is looked at, from 0 to 99.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> right = HeadTrainer(count=3).accuracies()
        >>> right["layer 3"] > right["layer 1"] > right["pixels"]
        True
    """

    front = "transfer_learning/head_trainer"
    still_size = (7.2, 4.0)
    pages = _synchronised(traitlets.Bytes())
    held = _synchronised(traitlets.Bytes())
    widths = _synchronised(traitlets.List())
    names = _synchronised(traitlets.List())
    labels = _synchronised(traitlets.List())
    features = _synchronised(traitlets.Unicode())
    count = _synchronised(traitlets.Int())
    draw = _synchronised(traitlets.Int())
    test = _synchronised(traitlets.Int())

    def __init__(self, features="layer 3", count=3, *, draw=0, test=0):
        if features not in SETS:
            raise ValueError(f"features must be one of {', '.join(SETS)}; got {features!r}.")
        if integer(count, "count") > MOST:
            raise ValueError(f"count must be at most {MOST} here; got {count}.")
        if integer(test, "test", minimum=0) >= TESTS:
            raise ValueError(f"test must be at most {TESTS - 1} here; got {test}.")
        found = load()
        super().__init__(
            pages=found["pages"].tobytes(),
            held=b"".join(found[name].tobytes() for name in NAMES),
            widths=[found[name].shape[1] for name in NAMES],
            names=list(SETS),
            labels=found["labels"].tolist(),
            features=features,
            count=count,
            draw=integer(draw, "draw", minimum=0),
            test=test,
        )

    def labelled(self):
        """Return the places of the labelled pages, digit by digit."""
        turn = (self.draw * self.count + np.arange(self.count)) % LABELLED
        return (LABELLED * np.arange(10)[:, np.newaxis] + turn).ravel()

    def scores(self, name):
        """Return what a head on these features gives the tests, of shape `(100, 10)`."""
        found, places = load()[name].astype(float), self.labelled()
        return ridge_scores(found[places], load()["labels"][places], found[-TESTS:], classes=10)

    def accuracies(self):
        """Return for each of `SETS` how many of the hundred tests come out right."""
        truth = load()["labels"][-TESTS:]
        return {name: int((self.scores(name).argmax(axis=1) == truth).sum()) for name in SETS}

    def nearest(self):
        """Return the places of the labelled pages that are nearest to the test, by the features."""
        found, places = load()[self.features].astype(float), self.labelled()
        away = ((found[places] - found[-TESTS + self.test]) ** 2).sum(axis=1)
        return places[np.argsort(away, kind="stable")[:NEAREST]]

    def draw_still(self, figure):
        """Draw the bars of all heads and the hundred tests."""
        stills.draw_heads(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        told = ", ".join(f"on {name} {right}" for name, right in self.accuracies().items())
        pages = "page" if self.count == 1 else "pages"
        return (
            f"Linear heads that have seen {self.count} labelled {pages} of each digit, and how "
            f"many of 100 other pages they read right: {told}. Beside it some of the pages; "
            f"framed are those that the head on {self.features} misreads."
        )


EXHIBITS = (HeadTrainer,)
