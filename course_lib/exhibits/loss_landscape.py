"""The exhibit of the topic `loss_landscape`: two surfaces, turned under one camera."""

from functools import cache
from numbers import Real

import numpy as np
import traitlets

from course_lib.arguments import pair
from course_lib.exhibits import loss_landscape_stills as stills
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.loss_landscape_data import (
    DEPTHS,
    KINDS,
    SEEDS,
    STATISTICS,
    accuracies,
    surfaces,
)
from course_lib.exhibits.pictures import one_of
from course_lib.loss_landscape import roughness

VIEWS = ("surface", "contours")
LIMITS = {"turn": (-180, 180), "tilt": (0, 90), "zoom": (0.6, 3)}


def _synchronised(trait):
    return trait.tag(sync=True)


class LandscapeExplorer(Exhibit):
    """Turn the landscapes of a plain and a residual network, at one scale and under one camera.

    The losses are those that `book/_data/loss_landscape.py` computed.

    Args:
        depth: layers of both networks, 56 or 20.
        seed: of training and directions, 0 to 2.
        statistics: what batch normalisation uses away from the trained weights: those of the
            `"batch"`, or the `"moving"` averages.
        view: `"surface"`, or `"contours"` seen from above.
        log: whether heights and colours follow the logarithm of the loss.
        turn: degrees about the upright axis, -180 to 180.
        tilt: degrees above the horizon, 0 to 90.
        zoom: 0.6 to 3.
        cursor: row and column of the dot on the grid; its middle by default.
        title: what stands above. Two on one page need two titles.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = LandscapeExplorer(depth=20)
        >>> plain, residual = explorer.pair()
        >>> plain.shape
        (21, 21)
    """

    front = "loss_landscape/landscape_explorer"
    still_size = (7.2, 3.6)
    losses = _synchronised(traitlets.Bytes())
    points = _synchronised(traitlets.Int())
    reach = _synchronised(traitlets.Float())
    facts = _synchronised(traitlets.List())
    depths = _synchronised(traitlets.List())
    seeds = _synchronised(traitlets.List())
    ways = _synchronised(traitlets.List())
    depth = _synchronised(traitlets.Int())
    seed = _synchronised(traitlets.Int())
    statistics = _synchronised(traitlets.Unicode())
    view = _synchronised(traitlets.Unicode())
    log = _synchronised(traitlets.Bool())
    turn = _synchronised(traitlets.Float())
    tilt = _synchronised(traitlets.Float())
    zoom = _synchronised(traitlets.Float())
    cursor = _synchronised(traitlets.List())
    title = _synchronised(traitlets.Unicode())

    def __init__(
        self,
        depth=56,
        seed=0,
        statistics="batch",
        view="surface",
        *,
        log=False,
        turn=-35,
        tilt=32,
        zoom=1,
        cursor=None,
        title="The landscape around two trained networks",
    ):
        steps, losses, facts = _everything()
        points = len(steps)
        cursor = pair(points // 2 if cursor is None else cursor, "cursor", minimum=0)
        if max(cursor) >= points:
            raise ValueError(f"cursor must lie on the grid of {points} x {points}; got {cursor}.")
        camera = {"turn": turn, "tilt": tilt, "zoom": zoom}
        super().__init__(
            losses=losses,
            points=points,
            reach=float(steps[-1]),
            facts=facts,
            depths=list(DEPTHS),
            seeds=list(SEEDS),
            ways=list(STATISTICS),
            depth=_listed(depth, "depth", DEPTHS),
            seed=_listed(seed, "seed", SEEDS),
            statistics=one_of(statistics, "statistics", STATISTICS),
            view=one_of(view, "view", VIEWS),
            log=bool(log),
            cursor=list(cursor),
            title=str(title),
            **{name: _limited(value, name) for name, value in camera.items()},
        )

    def pair(self):
        """Return the losses of the plain and of the residual network, each `(points, points)`."""
        _, held = surfaces()
        return tuple(held[self.depth, self.seed, kind, self.statistics] for kind in KINDS)

    def scale(self):
        """Return the lowest and the highest loss of both, the ends of the common scale."""
        both = np.stack(self.pair()).astype(np.float32).astype(float)
        return both.min(), both.max()

    def heights(self):
        """Return both surfaces as shares of the common scale, from 0 to 1."""
        low, high = self.scale()
        of = np.log10 if self.log else np.asarray
        return tuple((of(losses) - of(low)) / (of(high) - of(low)) for losses in self.pair())

    def draw_still(self, figure):
        """Draw both landscapes as they stand."""
        stills.draw_landscapes(figure, self)

    def alternative_text(self):
        """Say what the picture shows."""
        rough = [roughness(losses) for losses in self.pair()]
        (low, high), shown = self.scale(), "surfaces" if self.view == "surface" else "contour maps"
        return (
            f"The loss around the trained weights of a plain and a residual network of "
            f"{self.depth} layers, drawn as two {shown} at one scale from {low:.2g} to "
            f"{high:.2g}. On the grid the plain one has {rough[0].minima} local minima and is not "
            f"convex at {rough[0].nonconvex:.0%} of the points, the residual one {rough[1].minima} "
            f"and {rough[1].nonconvex:.0%}."
        )


EXHIBITS = (LandscapeExplorer,)


def _listed(value, name, allowed):
    if isinstance(value, bool) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}; got {value!r}.")
    return int(value)


def _limited(value, name):
    low, high = LIMITS[name]
    if not isinstance(value, Real) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}; got {value!r}.")
    return float(value)


@cache
def _everything():
    """The grid's steps, all losses as bytes in the page's order, and what is said of each."""
    steps, held = surfaces()
    known = accuracies()
    names = [
        (depth, seed, kind, way)
        for depth in DEPTHS
        for seed in SEEDS
        for way in STATISTICS
        for kind in KINDS
    ]
    losses = np.stack([held[name] for name in names]).astype("<f4").tobytes()
    facts = [[known[name[:3]][0], *roughness(held[name])] for name in names]
    return steps, losses, facts
