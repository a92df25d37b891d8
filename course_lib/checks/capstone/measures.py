"""What the checks of `capstone` find out about an answer.

Pairs of squares are cut from pages whose pixels all differ, so that each square says where it came
from. A segmenter is handed a small encoder with known weights. Where something is wrong in one
respect, what is asked of the others is asked as if it were mended: one mistake costs one part.
"""

import numpy as np

from course_lib import capstone_pages as made
from course_lib.checks import networks
from course_lib.checks.compare import AtLeast, describe
from course_lib.checks.core import Unfit
from course_lib.checks.once import once

# --- pairs ---------------------------------------------------------------------------------------

PAIRS = "shape of the pairs"
CUT = "whether squares are no piece of a page, or 2 where it is one with rows for columns"
PAGE = "whether pairs come from two different pages"
FAR = "whether pairs are farther apart than the shift"
SHIFTS = (
    "least and largest shift of rows, of columns, whether these are shifts of their own, and "
    "whether there are both at once"
)
PLACES = "first and last row, first and last column of first squares, and number of pages"
AGAIN = "whether equal seeds give equal pairs, and whether other seeds give others"
CROPS = (PAIRS, CUT, PAGE, FAR, SHIFTS, PLACES, AGAIN)


def measure_pairs(answer, shape, count, size, shift, seed):
    """Cut pairs and find out what `CROPS` names.

    Args:
        answer: the function that cuts.
        shape: of the pages.
        count: of pairs.
        size: of a square.
        shift: how far apart the two of a pair may be.
        seed: what the answer is told.
    """
    key = shape, count, size, shift, seed
    return once(answer, key, lambda: _pairs(answer, shape, count, size, shift, seed))


def _pairs(answer, shape, count, size, shift, seed):
    # In no order: squares without their means must differ, or no seed would seem to be used.
    pages = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape).astype(np.float32)
    settings = {"size": size, "shift": shift}
    pairs, again, other = (
        _array(answer(pages.copy(), count, seed=one, **settings), "pairs")
        for one in (seed, seed, seed + 1)
    )
    same = np.array([np.array_equal(pairs, again), not np.array_equal(pairs, other)], int)
    due = (count, 2, size, size, shape[-1])
    form = np.array(pairs.shape)
    if pairs.shape == (2, count, *due[2:]):  # two stacks: what else is asked still counts
        pairs = pairs.swapaxes(0, 1)
    unknown = np.full(6, -1), np.full(5, -1)
    if pairs.shape != due:
        return form, *(-1,) * 3, *unknown, same
    found, whole = _places(pairs, pages)
    cut = int(not whole.all())
    if not whole.any():  # rows for columns: what else is asked still counts
        found, turned = _places(pairs.swapaxes(2, 3), pages)
        if not turned.all():  # what is no piece of a page has no place
            return form, 1, -1, -1, *unknown, same
        cut = 2
    one, two = found[:, 0], found[:, 1]
    page, away = one[:, 0] != two[:, 0], two[:, 1:] - one[:, 1:]
    far = ~page & (np.abs(away).max(axis=1) > shift)
    last = np.array(shape[1:3]) - size
    inner = ((one[:, 1:] >= shift) & (one[:, 1:] <= last - shift)).all(axis=1)
    wrong = cut, int(page.any()), int(far.any())
    return form, *wrong, _shifts(away, ~page & ~far, inner), _reach(one), same


def _shifts(away, good, inner):
    # Near a border one shift for both axes is cut off along one of them, and looks like two.
    free = np.abs(away[good & inner])
    own, both = (free[:, 0] != free[:, 1]).any(), (free > 0).all(axis=1).any()
    away = away[good] if good.any() else np.zeros((1, 2), int)
    return np.array([*_ends(away[:, 0]), *_ends(away[:, 1]), own, both], int)


def _reach(places):
    return np.array([*_ends(places[:, 1]), *_ends(places[:, 2]), len(set(places[:, 0]))], int)


def _ends(numbers):
    return numbers.min(), numbers.max()


def _places(pairs, pages):
    """Return page, row and column of each square's first pixel, and whether it is a square."""
    size = pairs.shape[2]
    first = np.clip(np.nan_to_num(pairs[:, :, 0, 0, 0]), 0, pages.size - 1).astype(int)
    place = np.argsort(pages, axis=None)[first]
    number, row, column, _ = np.unravel_index(place, pages.shape)
    rows, columns = (np.arange(size)[:, None], np.arange(size)[None])
    height, width = pages.shape[1:3]
    inside = (row <= height - size) & (column <= width - size)
    cut = pages[
        number[..., None, None],
        np.minimum(row[..., None, None] + rows, height - 1),
        np.minimum(column[..., None, None] + columns, width - 1),
    ]
    whole = inside & (cut == pairs).all(axis=(2, 3, 4))
    return np.stack([number, row, column], axis=-1), whole


def _array(value, name):
    if value is None or value is Ellipsis:
        raise Unfit(f"{value} instead of the {name}", "a value: the function must end with return")
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Unfit(f"{describe(value)} as {name}", "an array of numbers") from None


# --- the loss of the clicks ----------------------------------------------------------------------


LOSS = ("whether the loss is no number", "whether the loss is infinite", "loss")


def measure_loss(answer, truth, prediction, symbolic=False, own=False):
    """Return whether the loss of a batch is NaN, whether it is infinite, and what it is else.

    NaN equals nothing, not even itself: only as a number can it be told which mistake made it.

    Args:
        answer: the loss.
        truth: whole numbers, -1 where nobody clicked.
        prediction: probabilities.
        symbolic: call it where `fit` does, on tensors without numbers.
        own: whether the loss of a single pixel, which another part asks for, counts as right, and
            only what becomes of several is asked; or, if symbolic, what becomes of it there. Not
            so for an answer that is the same for right and wrong: a number that was written down.
    """
    # Before the call that counts: the last one is what the report shows.
    found, due = 0.0, 0.0
    if own and once(answer, "minds mistakes", lambda: _minds_mistakes(answer)):
        found, due = _own(answer, truth, prediction, symbolic), _due(truth, prediction)
    nan, infinite, loss = (_built if symbolic else _called)(answer, truth, prediction)
    return nan, infinite, loss - found + due if isinstance(loss, float) else loss


def _minds_mistakes(answer):
    sure, wrong = (_pixel(answer, 1, np.array(one, np.float32)) for one in ((0.1, 0.9), (0.9, 0.1)))
    return abs(sure - wrong) > 0.1


def _pixel(answer, kind, probabilities):
    """What a loss gives for a page of one pixel, which was clicked; 0 if that is no number."""
    truth = np.full((1, 1, 1), kind, np.int32)
    found = _called(answer, truth, probabilities.reshape(1, 1, 1, -1))[2]
    return found if isinstance(found, float) else 0.0


def _own(answer, truth, prediction, symbolic):
    if symbolic:
        found = _called(answer, truth, prediction)[2]
        return found if isinstance(found, float) else 0.0
    clicks = zip(truth[truth >= 0], prediction[truth >= 0], strict=True)
    return float(np.mean([_pixel(answer, *click) for click in clicks]))


def _due(truth, prediction):
    chosen = np.take_along_axis(prediction[truth >= 0], truth[truth >= 0][:, np.newaxis], axis=1)
    return float(-np.log(chosen).mean())


def _called(answer, truth, prediction):
    return _told(answer(truth, prediction))


def _built(answer, truth, prediction):
    return _told(
        networks.in_training(
            answer, truth.astype(np.float32), prediction, learns=[1], open_batch=False
        )[0]
    )


def _told(result):
    """An array of one number is that number."""
    try:
        number = np.asarray(result, float)
    except (TypeError, ValueError):  # no number: the comparison says so
        return 0, 0, result
    if number.size != 1 or result is None:
        return 0, 0, result
    number = float(number.reshape(()))
    return int(np.isnan(number)), int(np.isinf(number)), number if np.isfinite(number) else 0.0


# --- the segmenter -------------------------------------------------------------------------------

SHAPES = "height, width and classes of the output, of pages of two sizes"
KEPT = "number of the encoder's arrays of weights that the model does not start from"
TRAINED = "number of weights that are trained"
CALM = "share of probabilities that change because the model trains"
SUMS = "share of pixels whose numbers are no probabilities of classes"
VALUES = "probabilities"
SEGMENTER = (SHAPES, KEPT, TRAINED, CALM, SUMS, VALUES)
SIZES = ((24, 32), (16, 40))


def measure_segmenter(answer, channels, maps, classes, look, seed=0):
    """Build a segmenter upon a small encoder and find out one of `SEGMENTER`.

    Args:
        answer: the function that builds it.
        channels: of a page.
        maps: of the encoder's features.
        classes: of a pixel.
        look: what to find out; the others come back as zeros.
        seed: of weights and pages.
    """
    model, weights, arrays = once(
        answer, (channels, maps, classes), lambda: _segmenter(answer, channels, maps, classes)
    )
    model.set_weights(weights)
    rng = np.random.default_rng(seed)
    pages = [rng.normal(0, 1, (2, *size, channels)).astype(np.float32) for size in SIZES]
    found = _LOOKS[look](model, arrays, pages, classes, seed)
    return tuple(found if name == look else 0 for name in SEGMENTER)


def small_encoder(channels, maps):
    """Return an encoder with known weights, and moving averages that are not 0 and 1."""
    from keras import layers

    tensor = pages = networks.placeholder((None, None, channels))
    for number, count in enumerate((4, maps)):
        tensor = layers.Conv2D(count, 3, padding="same", use_bias=False)(tensor)
        tensor = layers.BatchNormalization(momentum=0.5, name=f"norm_{number}")(tensor)
        tensor = layers.MaxPooling2D(2)(layers.ReLU()(tensor))
    model = networks.model_of(pages, tensor)
    networks.inject(model, 11)
    return model


def _segmenter(answer, channels, maps, classes):
    import keras

    encoder = small_encoder(channels, maps)
    arrays = encoder.get_weights()
    model = answer(encoder, classes)
    if not isinstance(model, keras.Model):
        came = f"{model} instead of a model" if model is None else describe(model)
        raise Unfit(came, "a keras.Model, from pages to probabilities")
    networks.model_of(model.inputs, model.outputs)
    return model, model.get_weights(), arrays


def _shapes(model, arrays, pages, classes, seed):
    return np.array([networks.outputs(model, one[:1]).shape[1:] for one in pages])


def _kept(model, arrays, pages, classes, seed):
    there = model.get_weights()
    return sum(
        not any(own.shape == one.shape and np.allclose(own, one, 1e-4, 1e-6) for own in there)
        for one in arrays
    )


def _trained(model, arrays, pages, classes, seed):
    return networks.parameters(model)[0]


def _calm(model, arrays, pages, classes, seed):
    before, weights = networks.outputs(model, pages[0], training=False), model.get_weights()
    during = networks.outputs(model, pages[0], training=True)
    model.set_weights(weights)
    return float(np.abs(before - during).max() > 1e-4)


def _sums(model, arrays, pages, classes, seed):
    networks.inject(model, seed)
    found = networks.outputs(model, pages[0], training=False)
    wrong = (np.abs(found.sum(axis=-1) - 1) > 1e-3) | (found.min(axis=-1) < 0)
    return float(wrong.mean() > 0.01)


def _values(model, arrays, pages, classes, seed):
    """The probabilities, from scores where a softmax is missing, at the size of the page."""
    import keras

    networks.inject(model, seed)
    found = networks.outputs(model, pages[0], training=False)
    if found.ndim != 4:
        raise Unfit(f"an output of shape {found.shape}", "(batch, height, width, classes)")
    if found.shape[1:3] == tuple(side // 4 for side in SIZES[0]):
        found = np.asarray(keras.layers.UpSampling2D(4, interpolation="bilinear")(found))
    if np.abs(found.sum(axis=-1) - 1).max() > 1e-3:
        powers = np.exp(found - found.max(axis=-1, keepdims=True))
        found = powers / powers.sum(axis=-1, keepdims=True)
    return found


_LOOKS = {
    SHAPES: _shapes,
    KEPT: _kept,
    TRAINED: _trained,
    CALM: _calm,
    SUMS: _sums,
    VALUES: _values,
}

# --- everything ----------------------------------------------------------------------------------

FORM = "shape of the masks"
LABELS = "number of pixels whose label is no class"
IOU = "mean intersection over union"
RENUMBERED = "the same, were the classes numbered as fits best"
TURNED = "the same, were each mask transposed"
COMMON = "share of the commonest class"
MISSING = "number of classes that occur nowhere, where the others are found"
MASKS = (FORM, LABELS, IOU, RENUMBERED, TURNED, COMMON, MISSING)
CLASSES, MANY, FEW, HIDDEN = len(made.KINDS), 200, 5, 20
# Of the mean intersection over union, on hidden pages: above an encoder that learnt nothing;
# above statistics of a pixel's neighbours; above all that was reached from scratch; what the
# reference reaches, less a margin. `book/_data/capstone_labels.json` has the numbers.
SOME, STATISTICS, SCRATCH, WELL = 0.18, 0.25, 0.45, 0.53


def drawn(seed):
    """Return unlabelled pages, pages, their clicks, pages to segment, and the masks of these."""
    # Nobody finds a mask again by drawing pages for all seeds: there are too many.
    seeds = [int(one) for one in np.random.default_rng(seed).integers(2**62, size=5)]
    unlabelled, _ = made.pages(MANY, seeds[0])
    pages, masks = made.pages(FEW, seeds[1])
    hidden, truth = made.pages(HIDDEN, seeds[2], unseen=True)
    points = made.click(masks, 1, seeds[3])
    # A notebook can draw pages with all their masks. What learns from these does not know how
    # classes are numbered here: only the clicks say so.
    order = np.random.default_rng(seeds[4]).permutation(CLASSES)
    return unlabelled, pages, np.where(points < 0, points, order[points]), hidden, order[truth]


def measure_masks(answer, seed, least=0.0):
    """Let an answer do everything, once for each seed, and find out what `MASKS` names.

    Args:
        answer: the function that segments.
        seed: of the pages.
        least: what mean intersection over union is due; it changes nothing here.
    """

    def work():
        *given, truth = drawn(seed)
        return masks_facts(answer(*given), truth)

    return once(answer, seed, work)


def due_masks(seed, least=0.0):
    """Return what is due of the masks."""
    form = np.array([HIDDEN, 64, 64])
    return form, 0, AtLeast(least), AtLeast(0), AtLeast(0), AtLeast(0), 0


def masks_facts(result, truth):
    """Find out what `MASKS` names, of masks of another form as if they were mended."""
    result = _array(result, "masks")
    form, found = np.array(result.shape), result
    if found.ndim == 4:  # probabilities, or an axis too many
        found = found.argmax(axis=-1) if found.shape[-1] > 1 else found[..., 0]
    if found.ndim == 3 and found.shape[1:] == (16, 16):
        found = found.repeat(4, axis=1).repeat(4, axis=2)
    if found.shape != truth.shape:
        raise Unfit(f"masks of shape {result.shape}", f"shape {truth.shape}")
    labels = int((~np.isin(found, range(CLASSES))).sum())
    found = np.where(np.isin(found, range(CLASSES)), found, -1).astype(int)
    counts = np.array([(found == kind).sum() for kind in range(CLASSES)])
    iou = _mean_iou(truth, found)  # five classes of six are worth more than SCRATCH
    return (
        form,
        labels,
        iou,
        _renumbered(truth, found),
        _mean_iou(truth, found.swapaxes(1, 2)),
        float(counts.max() / found.size),
        int((counts == 0).sum()) if iou > SCRATCH else 0,
    )


def _table(truth, found):
    """Intersection over union of each true class with each class that was found."""
    return np.array(
        [
            [
                ((truth == one) & (found == two)).sum()
                / max(((truth == one) | (found == two)).sum(), 1)
                for two in range(CLASSES)
            ]
            for one in range(CLASSES)
        ]
    )


def _mean_iou(truth, found):
    return float(np.diag(_table(truth, found)).mean())


def _renumbered(truth, found):
    from scipy.optimize import linear_sum_assignment

    table = _table(truth, found)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].mean())
