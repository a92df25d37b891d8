"""What is found out of two views and of a contrastive loss, so that one mistake moves one number.

Views are random. Each is read backwards: by which step, and by which factor, its own image became
it. Steps and factors are then counted as masks are in `dropout`: where chance explains a share, the
share that is due stands for it.

A loss is one number, and any mistake changes it. So it is asked what happens when embeddings are
stretched, swapped, pulled together or made all alike.
"""

from collections import OrderedDict

import numpy as np

from course_lib.checks.compare import describe, difference
from course_lib.checks.core import Unfit
from course_lib.checks.dropout.statistics import settled

# --- two views -----------------------------------------------------------------------------------

OWN = "share of views that are made of their own image, in both arrays"
BORDER = "share of moved views that go on with the border, that wrap around, that end in zeros"
MOVES = "shares of the steps down and to the right, and of equal ones, in both arrays"
FACTORS = "shares of small, large and impossible factors, and of other additions, in both arrays"
VIEWS = "share of images with equal steps in both views, with equal factors; views left alone"
IMAGES = "share of neighbouring images with equal steps, with equal factors, in both arrays"
SEEDS = "whether equal seeds give equal views, whether different seeds do"
NOTHING = "whether views are the images, shuffled images, black, where nothing is to be changed"
DECIMALS = "whether views of whole numbers have decimals"
VIEW = (OWN, BORDER, MOVES, FACTORS, VIEWS, IMAGES, SEEDS, NOTHING, DECIMALS)
_CALLS = OrderedDict()


def measure_views(answer, images, seed, shift, contrast, look=OWN):
    """Make two views of each image, and find out one of `VIEW`; the others come back as zeros."""
    original = images.astype(float)
    views = _views(answer, images, seed, shift, contrast)
    first, second = views.pair
    if look == SEEDS:
        pairs = [_made(answer, images, other, shift, contrast) for other in (seed, seed + 1)]
        found = [float(np.array_equal((first, second), other.pair)) for other in pairs]
    elif look == NOTHING:
        found = [fact for view in (first, second) for fact in _unchanged(view, original)]
    elif look == DECIMALS:
        found = [float(np.mean(view != np.round(view)) > 0.5) for view in (first, second)]
    else:
        if not views.read:  # once for all looks
            read = [_Read(original, view, shift, contrast) for view in (first, second)]
            views.read.update({name: ask(*read) for name, ask in _LOOKS.items()})
        found = views.read[look]
    return tuple(np.array(found) if name == look else 0 for name in VIEW)


class _Views:
    """A pair of views, and what was read of it."""

    def __init__(self, pair):
        self.pair, self.read = pair, {}


def _views(answer, images, seed, shift, contrast):
    """Call the answer, once for the same arguments."""
    key = repr((images.shape, images.dtype, images.ravel()[:9].tolist(), seed, shift, contrast))
    recall = getattr(answer, "recall", None)
    found = recall(key) if recall else _CALLS.get((answer, key))
    if found is None:
        found = _made(answer, images, seed, shift, contrast)
        if recall:
            answer.keep(key, found)
        else:
            _CALLS[answer, key] = found
            if len(_CALLS) > 30:
                _CALLS.popitem(last=False)
    return found


def _made(answer, images, seed, shift, contrast):
    return _Views(_pair(answer(images, seed=seed, shift=shift, contrast=contrast), images.shape))


def _pair(result, shape):
    try:
        views = list(result)
    except TypeError:
        raise Unfit(describe(result), "a pair of arrays: return first, second") from None
    if len(views) != 2:
        raise Unfit(f"{len(views)} things", "a pair of arrays: return first, second")
    for view, name in zip(views, ("first", "second"), strict=True):
        problem = difference(view, np.zeros(shape), np.inf, f"{name} view")
        if problem:
            raise Unfit(*problem)
    return tuple(np.asarray(view, float) for view in views)


class _Read:
    """Views read backwards: the steps, factors and additions that made them of their images.

    Attributes:
        own: whether a view is made of its image.
        known: the same; or, where few are, whether it is made of any of the images.
        steps: down and to the right.
        factors: by which the image was multiplied.
        added: what was added.
    """

    def __init__(self, images, views, shift, contrast):
        self.images, self.views, self.shift, self.contrast = images, views, shift, contrast
        self.reach = shift + 1  # one further, to see who goes too far
        edge = slice(self.reach, -self.reach)
        self.seen = views[:, edge, edge].reshape(len(views), -1)
        self._read()
        self.own = self.known
        if self.known.mean() < 0.5:  # of whose images are they?
            self.images = images[self._sources()]
            self._read()

    def _candidates(self):
        """Each step, and what would be seen of the images then."""
        height, width = self.images.shape[1:3]
        for down in range(-self.reach, self.reach + 1):
            for right in range(-self.reach, self.reach + 1):
                rows = slice(self.reach - down, height - self.reach - down)
                columns = slice(self.reach - right, width - self.reach - right)
                yield (down, right), self.images[:, rows, columns].reshape(self.seen.shape)

    def _read(self):
        best = np.full(len(self.views), np.inf)
        self.steps = np.zeros((len(self.views), 2), int)
        self.factors, self.added = np.ones(len(self.views)), np.zeros(len(self.views))
        for step, moved in self._candidates():
            error, factor, added = _line(moved, self.seen)
            better = error < best - 1e-9
            best = np.where(better, error, best)
            self.steps[better] = step
            self.factors[better], self.added[better] = factor[better], added[better]
        self.known = best < 1e-3

    def _sources(self):
        """For each view the image that looks most like it, whatever the step and the factor."""
        seen, best = _directions(self.seen), np.zeros(len(self.views))
        sources = np.arange(len(self.views))
        for _, moved in self._candidates():
            alike = seen @ _directions(moved).T
            nearest = alike.argmax(axis=1)
            most = alike.max(axis=1)
            sources = np.where(most > best, nearest, sources)
            best = np.maximum(best, most)
        return sources

    @property
    def still(self):
        """Whether no view was changed at all."""
        return not self.steps.any() and np.allclose(self.factors, 1) and self.known.all()


def _directions(rows):
    rows = (rows - rows.mean(axis=1, keepdims=True)).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _line(x, y):
    """The line that leads from each row of x to that of y: its error, slope and intercept."""
    means = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    dx, dy = x - means[0], y - means[1]
    slope = np.sum(dx * dy, axis=1) / np.maximum(np.sum(dx * dx, axis=1), 1e-12)
    error = np.abs(dy - slope[:, np.newaxis] * dx).max(axis=1)
    return (
        error / np.maximum(np.abs(y).max(axis=1), 1e-6),
        slope,
        (means[1].T - slope * means[0].T)[0],
    )


def _unchanged(view, original):
    """Whether a view is the images; if not, the same in another order; or all black."""
    one, two = (np.sort(images.sum(axis=(1, 2, 3))) for images in (view, original))
    same = np.allclose(view, original, 1e-4, 1e-4)
    return [float(same), float(not same and np.allclose(one, two, 1e-4)), float(not view.any())]


def _nothing_done(views):
    """Whether images came back as they were: who has done nothing has earned nothing by it."""
    return all(view.still for view in views)


def _share(hits, *hypotheses):
    hits = np.asarray(hits)
    found = settled(hits.sum(), hits.size, *hypotheses)
    return found if found in hypotheses else round(float(found), 1)


def _mostly(hits, due):
    """Whether all but a few are equal; a share in between is told by other looks."""
    return 1 if np.mean(hits) > 0.9 else due


def _own(*views):
    return [_share(view.own, 1, 0, 0.5) for view in views]


def _border(*views):
    """Of the views that were moved, how many have which border."""
    hits = {mode: [] for mode in ("edge", "wrap", "constant")}
    for view in views:
        chosen = view.known & view.steps.any(axis=1)
        for mode, found in hits.items():
            for place in np.flatnonzero(chosen)[:40]:
                due = _moved(view.images[place], view.steps[place], view.shift + 1, mode)
                due = view.factors[place] * due + view.added[place] * (mode != "constant")
                found.append(np.allclose(view.views[place], due, 1e-3, 1e-3))
    if not hits["edge"]:  # what never moves has no border to go on with
        return [0, 0, 0] if _nothing_done(views) else [1, 0, 0]
    return [_share(found, 1, 0) for found in hits.values()]


def _moved(image, step, reach, mode):
    height, width, _ = image.shape
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode=mode)
    down, right = reach - step
    return padded[down : down + height, right : right + width]


def _moves(*views):
    shift = views[0].shift
    values, due = range(-shift - 1, shift + 2), 1 / (2 * shift + 1)
    wanted = [due if abs(value) <= shift else 0 for value in values]
    hypotheses = due, 0, 1, 1 / (2 * shift), 1 / (shift + 1)
    alone = any(view.still for view in views) and not all(view.still for view in views)
    found = []
    for view in views:
        # A single draw shows no shares, nor does what was left alone; other looks have these.
        if (_single(view) and any(one.steps.any() for one in views)) or (alone and view.still):
            found += [*wanted, *wanted, due]
            continue
        for axis in range(2):
            found += [_share(view.steps[:, axis] == value, *hypotheses) for value in values]
        found.append(_share(view.steps[:, 0] == view.steps[:, 1], *hypotheses))
    return found


def _factors(*views):
    alone = any(view.still for view in views) and not all(view.still for view in views)
    found = []
    for view in views:
        wide, factors = view.contrast, view.factors
        one = np.ptp(factors) < 1e-4 and not np.allclose(factors, 1)
        if one or (alone and view.still):
            found += [0.25, 0.25, 0, 0]
            continue
        hits = (
            factors < 1 - wide / 2,
            factors > 1 + wide / 2,
            np.abs(factors - 1) > wide + 1e-3,
            np.abs(view.added) > 1e-2,
        )
        found += [_share(hit, *due) for hit, due in zip(hits, _DUE, strict=True)]
    return found


_DUE = (0.25, 0, 0.5, 1), (0.25, 0, 0.5, 1), (0, 0.5, 1), (0, 1)


def _between(first, second):
    if _nothing_done((first, second)):
        return [1, 1, 1]
    due = 1 / (2 * first.shift + 1) ** 2
    same = (first.steps == second.steps).all(axis=1)
    moves = _mostly(same, due)
    alike = _mostly(np.abs(first.factors - second.factors) < 1e-4, 0)
    alone = first.still != second.still
    # Where nothing is drawn at all, another look has it.
    if (not first.steps.any() and not second.steps.any()) or alone:
        moves = due
    if (np.allclose(first.factors, 1) and np.allclose(second.factors, 1)) or alone:
        alike = 0
    if _single(first) and _single(second):
        moves = due
    return [moves, alike, float(alone)]


def _single(view):
    return len(np.unique(view.steps, axis=0)) == 1


def _images(*views):
    if _nothing_done(views):
        return [1, 1, 1, 1]
    due = 1 / (2 * views[0].shift + 1) ** 2
    alone = any(view.still for view in views) and not all(view.still for view in views)
    moving, found = any(view.steps.any() for view in views), []
    for view in views:
        one, two = view.steps[::2], view.steps[1::2]
        moves = _mostly((one == two).all(axis=1), due)
        alike = _mostly(np.abs(view.factors[::2] - view.factors[1::2]) < 1e-4, 0)
        # What never moves, or is left alone, is told by other looks.
        moves = due if not moving or (alone and view.still) else moves
        found += [moves, 0 if np.allclose(view.factors, 1) else alike]
    return found


_LOOKS = {
    OWN: _own,
    BORDER: _border,
    MOVES: _moves,
    FACTORS: _factors,
    VIEWS: _between,
    IMAGES: _images,
}
