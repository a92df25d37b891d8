"""The exhibit of the topic `self_supervised`: pairs of embeddings on a circle, and their loss."""

from typing import NamedTuple

import numpy as np
import traitlets

from course_lib.arguments import numeric_array
from course_lib.exhibits import self_supervised_stills as stills
from course_lib.exhibits.base import Exhibit

SCATTERED = (20, 200, 305, 140, 95, 265, 350, 60)
COLDEST, HOTTEST = 0.05, 2
MOST = 6  # pairs


class Contrast(NamedTuple):
    """The contrastive loss of points on a circle.

    Attributes:
        loss: the mean of all points'.
        each: the loss of each point's choice.
        shares: the probabilities of each point's choice, a row each, 0 for itself.
        slopes: of the loss by each angle, in radians.
    """

    loss: float
    each: np.ndarray
    shares: np.ndarray
    slopes: np.ndarray


def contrast(angles, temperature):
    """Return the loss of points on a circle and its slopes, as `nt_xent` has the loss.

    On a circle an embedding has length 1 and can move along the tangent only: one angle says all.

    Args:
        angles: in degrees, those of the first views and then those of the second.
        temperature: above 0.

    Example:
        >>> at_one_place = contrast([90] * 8, 0.5)
        >>> round(at_one_place.loss, 6) == round(float(np.log(7)), 6)      # no better than chance
        True
    """
    angles = np.deg2rad(np.asarray(angles, float))
    count = len(angles)
    apart = angles[:, np.newaxis] - angles
    scores = np.cos(apart) / temperature
    np.fill_diagonal(scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    partners = np.roll(np.arange(count), count // 2)
    each = -np.log(np.maximum(shares[np.arange(count), partners], 1e-300))
    pull = (shares - np.eye(count)[partners]) / temperature
    slopes = -np.sum((pull + pull.T) * np.sin(apart), axis=1) / count
    return Contrast(float(each.mean()), each, shares, slopes)


class PairsExplorer(Exhibit):
    """Pairs of points on a circle that are dragged; the loss, and arrows where it pushes them.

    Args:
        angles: in degrees, of the first views and then of the second, in the same order: 2 to 6
            pairs.
        temperature: 0.05 to 2.
        chosen: the number of the point whose choice is shown.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> round(PairsExplorer(angles=[0, 180, 0, 180], temperature=1).now().loss, 4)
        0.2395
    """

    front = "self_supervised/pairs_explorer"
    still_size = (7.2, 3.4)
    angles = traitlets.List(traitlets.Float()).tag(sync=True)
    temperature = traitlets.Float().tag(sync=True)
    chosen = traitlets.Int().tag(sync=True)

    def __init__(self, angles=SCATTERED, temperature=0.5, chosen=0):
        angles = numeric_array(angles, "angles", ("points",))
        if len(angles) % 2 or not 4 <= len(angles) <= 2 * MOST:
            raise ValueError(
                f"angles must hold 2 to {MOST} pairs, first views and then second views; got "
                f"{len(angles)} angles."
            )
        if not COLDEST <= temperature <= HOTTEST:
            raise ValueError(
                f"temperature must be between {COLDEST} and {HOTTEST} here; got {temperature!r}."
            )
        if chosen not in range(len(angles)):
            raise ValueError(
                f"chosen must be the number of a point, 0 to {len(angles) - 1}; got {chosen!r}."
            )
        angles = [float(angle) % 360 for angle in angles]
        super().__init__(angles=angles, temperature=float(temperature), chosen=int(chosen))

    def now(self):
        """Return the loss and its slopes as the points lie."""
        return contrast(self.angles, self.temperature)

    def draw_still(self, figure):
        """Draw the circle with its arrows, and the chosen point's choice."""
        stills.draw_pairs(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        found, pairs = self.now(), len(self.angles) // 2
        name = stills.name_of(self.chosen, pairs)
        share = found.shares[self.chosen, (self.chosen + pairs) % (2 * pairs)]
        return (
            f"Two views each of {pairs} images as points on a circle, with arrows along the circle "
            f"where the loss pushes them. Temperature {self.temperature:g}, loss {found.loss:.3f}; "
            f"by chance it would be {np.log(2 * pairs - 1):.3f}. Beside it a bar for each point "
            f"among which {name} looks for its partner: the partner gets {share:.1%}."
        )


EXHIBITS = (PairsExplorer,)
