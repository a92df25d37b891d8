"""The exhibit of the topic `multitask`: two tasks pull at two shared weights."""

from numbers import Real

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.exhibits import multitask_stills as stills
from course_lib.exhibits.base import Exhibit

SLOPE, DECAY, AIM, NOISE = 3, 0.01, 30, 0.3  # the page has the same
PICTURES, DRAWS, REACH = 40, 8, 2.4


def _synchronised(trait):
    return trait.tag(sync=True)


def direction(degrees):
    """Return the unit vector of an angle.

    Example:
        >>> direction(90).round(6) + 0.0
        array([0., 1.])
    """
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


class SharingExplorer(Exhibit):
    """See two tasks pull at the same two weights, and what comes of it for each.

    A picture is two numbers, and the backbone makes one feature of them, with the two shared
    weights. The heads are fixed: the quantity is the feature, the kind's probability a sigmoid of
    three times the feature. So both losses can be drawn over the plane of the weights.

    Args:
        share: weight of the kind's loss, 0 to 1; the quantity's has the rest.
        apart: degrees between what the two tasks ask of the weights, 0 to 180.
        kinds: how many of the 40 pictures have a kind.
        quantities: how many have a quantity.
        draw: which pictures, 0 to 7.
        place: where the dot stands, two weights from -2.4 to 2.4.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> scores = SharingExplorer(apart=15, kinds=3).scores()
        >>> scores["both"]["wrong"] < scores["kind"]["wrong"]
        True
    """

    front = "multitask/sharing_explorer"
    still_size = (7.2, 3.9)
    draws = _synchronised(traitlets.List())
    draw = _synchronised(traitlets.Int())
    share = _synchronised(traitlets.Float())
    apart = _synchronised(traitlets.Float())
    kinds = _synchronised(traitlets.Int())
    quantities = _synchronised(traitlets.Int())
    place = _synchronised(traitlets.List())

    def __init__(
        self, share=0.5, apart=20, kinds=4, quantities=PICTURES, draw=0, place=(-1.2, 0.9)
    ):
        rng = np.random.default_rng(0)
        super().__init__(
            draws=rng.normal(size=(DRAWS, PICTURES, 4)).round(3).tolist(),
            draw=_counted(draw, "draw", DRAWS - 1),
            share=_within(share, "share", 0, 1),
            apart=_within(apart, "apart", 0, 180),
            kinds=_counted(kinds, "kinds", PICTURES),
            quantities=_counted(quantities, "quantities", PICTURES),
            place=[_within(weight, "place", -REACH, REACH) for weight in place],
        )

    def examples(self):
        """Return `(features, kinds, quantities)`, NaN where a label is missing."""
        points = np.array(self.draws[self.draw])
        features, number = points[:, :2], np.arange(PICTURES)
        kinds = features @ direction(AIM + self.apart) + NOISE * points[:, 2] > 0
        quantities = features @ direction(AIM) + NOISE * points[:, 3]
        return (
            features,
            np.where(number < self.kinds, kinds, np.nan),
            np.where(number >= PICTURES - self.quantities, quantities, np.nan),
        )

    def losses(self, weights):
        """Return the losses of both tasks, of shape `(2,)`, and their gradients, `(2, 2)`."""
        features, kinds, quantities = self.examples()
        feature = features @ np.asarray(weights, float)
        score = SLOPE * feature
        each = np.logaddexp(0, score) - kinds * score, (feature - quantities) ** 2
        slopes = SLOPE * (1 / (1 + np.exp(-score)) - kinds), 2 * (feature - quantities)
        return (
            np.array([_mean(one) for one in each]),
            np.array([_mean(one[:, np.newaxis] * features) for one in slopes]),
        )

    def minimum(self, share=None):
        """Return the weights at which the weighted sum of the losses is least."""
        from scipy.optimize import minimize

        parts = np.array([1, 0]) + (1 - (self.share if share is None else share)) * np.array(
            [-1, 1]
        )

        def total(weights):
            losses, gradients = self.losses(weights)
            decay = DECAY * weights @ weights
            return parts @ losses + decay, parts @ gradients + 2 * DECAY * weights

        return minimize(total, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-8}).x

    def minima(self):
        """Return the best weights "kind" and "quantity" alone, and for "both"."""
        return {"kind": self.minimum(1), "quantity": self.minimum(0), "both": self.minimum()}

    def scores(self):
        """Return for each of `minima` the share of "wrong" kinds, and how far "off" quantities are.

        They hold for new pictures without noise, whose two numbers are normal.
        """
        return {name: self.score(weights) for name, weights in self.minima().items()}

    def score(self, weights):
        """Return "wrong" and "off" of some weights."""
        size = np.linalg.norm(weights)
        aim = direction(AIM + self.apart)
        angle = np.arccos(np.clip(weights @ aim / size, -1, 1)) if size > 1e-6 else np.pi / 2
        return {
            "wrong": float(angle / np.pi),
            "off": float(np.linalg.norm(weights - direction(AIM))),
        }

    def draw_still(self, figure):
        """Draw the plane with both losses, and the scores beside it."""
        stills.draw_sharing(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        scores = self.scores()
        return (
            f"Lines of equal loss of two tasks over the plane of two shared weights, the tasks "
            f"{self.apart:.0f} degrees apart, with {self.kinds} kinds and {self.quantities} "
            f"quantities known. The best weights for the kind alone get "
            f"{scores['kind']['wrong']:.1%} of new kinds wrong, those for the weighted sum "
            f"{scores['both']['wrong']:.1%}."
        )


EXHIBITS = (SharingExplorer,)


def _mean(values):
    """The mean over the rows that are there; zeros without any."""
    there = values[np.isfinite(values).reshape(len(values), -1).all(axis=1)]
    return there.mean(axis=0) if len(there) else np.zeros(values.shape[1:])


def _counted(value, name, most):
    if integer(value, name, minimum=0) > most:
        raise ValueError(f"{name} must be at most {most}; got {value}.")
    return int(value)


def _within(value, name, least, most):
    if not isinstance(value, Real) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}; got {value!r}.")
    return float(value)
