"""What is found out of a loss with missing labels: its value, and whom its gradient reaches."""

import numpy as np

from course_lib.checks import networks
from course_lib.checks.compare import describe
from course_lib.checks.core import Unfit

FINITE = "0 if the loss is finite, 1 if it is NaN, 2 if it is infinite"
LOSS = "loss"
KINDS = "whether the gradient reaches each image's scores of the kinds; 9 for NaN"
QUANTITIES = "whether the gradient reaches each predicted quantity; 9 for NaN"
RESULTS = (FINITE, LOSS, KINDS, QUANTITIES)
SURE = 40  # a score whose softmax is 1 beside zeros, and theirs not yet 0


def measure_loss(
    answer, kinds, quantities, scores, predicted, weights=None, summed=True, look="loss"
):
    """Return the loss, or whom its gradient reaches.

    Args:
        answer: the loss.
        kinds: labels, -1 where missing.
        quantities: labels, NaN where missing.
        scores: of the kinds; the loss gets their softmax.
        predicted: quantities.
        weights: the argument, if any is given.
        summed: whether a loss for each image counts as their sum, where one alone has a label.
        look: `"loss"`; `"own"`, where the loss of a single image, which other parts ask for,
            counts as right, and only what becomes of several is asked, unless the answer is the
            same for right and wrong: a number that was written down; or `"gradient"`, where the
            loss is called where training calls it, on tensors without numbers.

    Returns:
        A tuple as `RESULTS` names it; what is not asked for is 0.
    """
    settings = {} if weights is None else {"weights": weights}
    if look == "gradient":
        return 0, 0.0, *_reached(answer, kinds, quantities, scores, predicted, settings)
    found = due = 0.0
    # Before the call that counts: the last one is what the report shows.
    if look == "own" and _minds_mistakes(answer, scores):
        found = _sum_of_single(answer, kinds, quantities, scores, predicted, weights)
        due = _sum_of_single(_single, kinds, quantities, scores, predicted, weights)
    loss = answer(kinds, quantities, _softmax(scores), predicted, **settings)
    kind, value = _number(loss, len(kinds), summed)
    if kind == 0:
        value = value - found + due
    return kind, value, 0, 0


def _softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _single(kinds, quantities, probabilities, predicted):
    """The right loss of one image that has both labels."""
    return -np.log(probabilities[0, kinds[0]]) + (predicted[0, 0] - quantities[0]) ** 2


def _sum_of_single(answer, kinds, quantities, scores, predicted, weights):
    """The weighted sum of means of what a loss gives for one image and one task at a time."""
    first, second = weights or (1.0, 1.0)
    sure = _sure_of_the_first(scores)
    entropies, squares, nothing = [], [], _alone(answer, 0, sure, 0, 0)
    for kind, quantity, row, (value,) in zip(kinds, quantities, scores, predicted, strict=True):
        if kind >= 0:
            entropies.append(_alone(answer, kind, row[np.newaxis], value, value))
        if not np.isnan(quantity):
            squares.append(_alone(answer, 0, sure, quantity, value) - nothing)
    means = (np.mean(one) if one else 0.0 for one in (entropies, squares))
    return sum(weight * mean for weight, mean in zip((first, second), means, strict=True))


def _minds_mistakes(answer, scores):
    """Whether a loss is another one where the kind is unsure and the quantity wrong."""
    sure = _sure_of_the_first(scores)
    wrong = _alone(answer, 0, 0 * sure, 0, 2)
    return not np.isclose(wrong, _alone(answer, 0, sure, 0, 0), 1e-4, 1e-4)


def _sure_of_the_first(scores):
    return np.where(np.arange(scores.shape[1]) == 0, SURE, 0)[np.newaxis]


def _alone(answer, kind, scores, quantity, predicted):
    """What a loss gives for one image, with weights of 1."""
    labels = np.array([kind], np.int32), np.array([quantity], np.float32)
    loss = answer(*labels, _softmax(scores), np.array([[predicted]], np.float32))
    return float(np.sum(np.nan_to_num(_number(loss, 1, True)[1])))


def _number(loss, batch, summed):
    """Whether a loss is finite, and itself, or 0 where it is not: NaN equals nothing."""
    if loss is None or loss is ...:
        raise Unfit(f"{loss} instead of a loss", "a number: the function must end with return")
    if isinstance(loss, (tuple, list)):
        raise Unfit(f"{len(loss)} values, one by one", "one number: the weighted sum of both")
    try:
        value = None if isinstance(loss, (str, bytes)) else np.asarray(loss, float)
    except (TypeError, ValueError):
        value = None
    if value is None:
        raise Unfit(describe(loss), "one number: the weighted sum of both")
    if summed and value.size in (1, batch) and value.ndim <= 2 and max(value.shape, default=1):
        value = value.sum()
    kind = 1 if np.isnan(value).any() else 2 if np.isinf(value).any() else 0
    return kind, np.where(np.isfinite(value), value, 0)


def _reached(answer, kinds, quantities, scores, predicted, settings):
    """Whom the loss reaches with its gradient where training calls it."""
    probabilities, batch = _softmax(scores), len(kinds)
    given = kinds, quantities, probabilities, predicted
    _, (kept, other) = networks.in_training(answer, *given, wrt=[2, 3], **settings)
    if kept is not None:  # from probabilities on to the scores, through the softmax
        kept = probabilities * (kept - (kept * probabilities).sum(axis=1, keepdims=True))
    return _reaches(kept, batch), _reaches(other, batch)


def _reaches(gradient, batch):
    if gradient is None:
        return np.zeros(batch)
    gradient = np.asarray(gradient).reshape(batch, -1)
    reached = (np.abs(gradient) > 1e-7).any(axis=1)
    return np.where(np.isfinite(gradient).all(axis=1), reached, 9)
