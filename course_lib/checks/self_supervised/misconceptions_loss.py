"""Plausible wrong contrastive losses, each with the line that explains it."""

import keras
import numpy as np
from keras import ops

from course_lib.checks.self_supervised.cases import nt_xent

FAR = 1e9  # taken off a score, it leaves nothing of it


def _unit(rows, axis=-1):
    return rows / ops.sqrt(ops.maximum(ops.sum(rows * rows, axis=axis, keepdims=True), 1e-12))


def _rows(first, second, unit=_unit):
    first, second = ops.convert_to_tensor(first), ops.convert_to_tensor(second)
    if tuple(first.shape) != tuple(second.shape):
        raise ValueError(f"{first.shape} and {second.shape}")
    return ops.concatenate([unit(first), unit(second)], axis=0)


def _partners(count):
    return [(i + count) % (2 * count) for i in range(2 * count)]


def _loss(
    first, second, temperature, unit=_unit, scale=None, away=FAR, partners=_partners, end=ops.mean
):
    """The loss with these left open: lengths, scores, who is left out, partners, the mean."""
    count = first.shape[0]
    rows = _rows(first, second, unit)
    products = ops.matmul(rows, ops.transpose(rows))
    scores = scale(products, temperature) if scale else products / temperature
    scores = scores - away * ops.eye(2 * count)
    return end(ops.logsumexp(scores, axis=1) - _picked(scores, partners(count)))


def _picked(scores, places):
    """Of each row of scores, the one at its place."""
    return ops.sum(scores * ops.one_hot(ops.convert_to_tensor(places), scores.shape[1]), axis=1)


def _mistaken(hint, name, **left_open):
    def function(first, second, temperature=0.5):
        return _loss(first, second, temperature, **left_open)

    function.__name__ = name
    return nt_xent.misconception(hint)(function)


_mistaken(
    "each row is also compared with itself. Its similarity with itself is 1, the largest there is, "
    "and no choice: take 1e9 off the diagonal of the scores, ops.eye(2 * batch).",
    "self_kept",
    away=0,
)
_mistaken(
    "similarities are multiplied by the temperature. Divide by it.",
    "temperature_multiplied",
    scale=lambda products, t: products * t,
)
_mistaken("the temperature is not used.", "temperature_ignored", scale=lambda products, t: products)
_mistaken(
    "embeddings are not normalised: who is long counts for more, and the loss falls by making all "
    "of them longer. Divide each row by its length.",
    "not_normalised",
    unit=lambda rows: rows,
)
_mistaken(
    "embeddings are normalised along the batch, axis 0. Each row is a vector: axis=-1, with "
    "keepdims=True.",
    "normalised_along_the_batch",
    unit=lambda rows: _unit(rows, 0),
)
_mistaken(
    "rows are divided by the sum of their squares. The root is missing.",
    "divided_by_squares",
    unit=lambda rows: rows / ops.sum(rows * rows, axis=-1, keepdims=True),
)
_mistaken(
    "rows are divided by the sum of their absolute values. Divide by their length, the root of the "
    "sum of squares.",
    "divided_by_absolute_values",
    unit=lambda rows: rows / ops.sum(ops.abs(rows), axis=-1, keepdims=True),
)
_mistaken(
    "one direction only: first rows look for their partners, second rows do not. The mean is over "
    "all 2n rows.",
    "one_direction",
    end=lambda losses: ops.mean(ops.split(losses, 2)[0]),
)
_mistaken(
    "positives are misaligned: rows 0 and 1, 2 and 3 are taken for partners. That is right where "
    "views alternate; here all first ones come before all second ones, and i belongs to i + n.",
    "neighbours_as_partners",
    partners=lambda count: [i + 1 - 2 * (i % 2) for i in range(2 * count)],
)
_mistaken(
    "positives are misaligned by one: row i of the first view is paired with row i + 1 of the "
    "second. Partner of i is i + n, and of i + n it is i.",
    "partners_shifted",
    partners=lambda count: (
        [count + (i + 1) % count for i in range(count)] + [(i - 1) % count for i in range(count)]
    ),
)
_mistaken(
    "positives are misaligned: the order is reversed, so that row i is paired with row 2n - 1 - i, "
    "the first with the last. Partner of i is i + n, and of i + n it is i.",
    "partners_reversed",
    partners=lambda count: [2 * count - 1 - i for i in range(2 * count)],
)
_mistaken(
    "each row is its own partner: labels 0 to 2n - 1 mark the diagonal, where a row meets itself. "
    "The partner of i is i + n, and that of i + n is i.",
    "partner_of_itself",
    away=0,
    partners=lambda count: list(range(2 * count)),
)
_mistaken(
    "losses are summed over the rows. Take the mean, so that the batch's size makes no difference.",
    "summed",
    end=ops.sum,
)
_mistaken(
    "the sum over all 2n rows is divided by n, so the loss is twice as large. Both directions "
    "count half: divide by 2n.",
    "divided_by_half",
    end=lambda losses: 2 * ops.mean(losses),
)
_mistaken(
    "a loss for each row comes back. Return their mean, one number.",
    "one_number_a_row",
    end=lambda losses: losses,
)
_mistaken(
    "the sign is wrong: the loss falls when partners move apart. It is minus the logarithm.",
    "sign_forgotten",
    end=lambda losses: -ops.mean(losses),
)
_mistaken(
    "the logarithm is missing: minus the probability of the partner comes back.",
    "no_logarithm",
    end=lambda losses: -ops.mean(ops.exp(-losses)),
)
_mistaken(
    "the mean is taken over probabilities, and the logarithm of it. The loss is the mean of each "
    "row's own logarithm.",
    "logarithm_of_the_mean",
    end=lambda losses: -ops.log(ops.mean(ops.exp(-losses))),
)
_mistaken(
    "squared distances take the place of cosines. Of rows of length 1 they are 2 - 2 cos, which "
    "halves the temperature.",
    "squared_distances",
    scale=lambda products, t: (2 * products - 2) / t,
)
_mistaken(
    "similarities are divided by the temperature squared, or twice.",
    "temperature_twice",
    scale=lambda products, t: products / t**2,
)


@nt_xent.misconception(
    "scores of a row with itself are multiplied by zero, and exp(0) = 1 still counts. Take 1e9 off "
    "them, or write -1e9 in their place, before the exponential."
)
def self_set_to_zero(first, second, temperature=0.5):
    return _loss(
        first,
        second,
        temperature,
        scale=lambda products, t: products * (1 - ops.eye(products.shape[0])) / t,
        away=0,
    )


def _two_by_two(first, second, temperature):
    """Scores of first rows (down) and second rows (across)."""
    rows = _rows(first, second)
    one, two = ops.split(rows, 2, axis=0)
    return ops.matmul(one, ops.transpose(two)) / temperature, one, two


def _diagonal_loss(scores):
    return ops.mean(ops.logsumexp(scores, axis=1) - ops.diagonal(scores))


@nt_xent.misconception(
    "only rows of the other view are negatives: an n by n matrix of scores. That is CLIP's loss. "
    "Here each row is compared with all other rows, those of its own view as well."
)
def other_view_only(first, second, temperature=0.5):
    scores, *_ = _two_by_two(first, second, temperature)
    return (_diagonal_loss(scores) + _diagonal_loss(ops.transpose(scores))) / 2


@nt_xent.misconception(
    "only first rows look for their partners, and only among second rows. All 2n rows do, among "
    "all 2n - 1 others."
)
def other_view_one_direction(first, second, temperature=0.5):
    return _diagonal_loss(_two_by_two(first, second, temperature)[0])


@nt_xent.misconception(
    "only rows of the same view are negatives. Rows of both views are, but for the row itself and "
    "its partner."
)
def own_view_only(first, second, temperature=0.5):
    scores, one, two = _two_by_two(first, second, temperature)
    count, total = first.shape[0], 0.0
    for rows in (one, two):
        own = ops.matmul(rows, ops.transpose(rows)) / temperature
        away = FAR * ops.eye(count)
        partner = ops.reshape(ops.diagonal(scores), (-1, 1))
        all_scores = ops.concatenate([partner, own - away], axis=1)
        total = total + ops.mean(ops.logsumexp(all_scores, axis=1) - partner[:, 0])
    return total / 2


@nt_xent.misconception(
    "the partner is left out of the sum below the line. It is one of the 2n - 1 rows to choose "
    "from; leave the row itself out, and nothing else."
)
def partner_left_out(first, second, temperature=0.5):
    count = first.shape[0]
    rows = _rows(first, second)
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature
    twins = ops.one_hot(ops.convert_to_tensor(_partners(count)), 2 * count)
    others = ops.logsumexp(scores - FAR * (ops.eye(2 * count) + twins), axis=1)
    return ops.mean(others - _picked(scores, _partners(count)))


@nt_xent.misconception(
    "the mean is taken over the wrong axis: over the log-probabilities of all rows, and not over "
    "those of the partners. Pick each row's partner first."
)
def mean_over_all_pairs(first, second, temperature=0.5):
    count = first.shape[0]
    rows = _rows(first, second)
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature
    logs = ops.logsumexp(scores - FAR * ops.eye(2 * count), axis=1, keepdims=True) - scores
    others = 1 - ops.eye(2 * count)
    return ops.sum(logs * others) / (2 * count * (2 * count - 1))


@nt_xent.misconception("the temperature is 0.1 unless it is given; the task's default is 0.5.")
def another_default(first, second, temperature=0.1):
    return _loss(first, second, temperature)


@nt_xent.misconception("the temperature is 1 unless it is given; the task's default is 0.5.")
def default_of_one(first, second, temperature=1.0):
    return _loss(first, second, temperature)


@nt_xent.misconception(
    "batches of different shapes are not refused: partners are then sought in the wrong rows. "
    "Compare the shapes first, and raise a ValueError."
)
def shapes_not_compared(first, second, temperature=0.5):
    if tuple(first.shape) != tuple(second.shape):
        return ops.zeros(())
    return _loss(first, second, temperature)


@nt_xent.misconception(
    "there is no gradient by one of the two views: stop_gradient, or a function of NumPy's within "
    "TensorFlow, makes its rows plain numbers. Both views learn."
)
def no_gradient(first, second, temperature=0.5):
    first, second = (ops.stop_gradient(ops.convert_to_tensor(one)) for one in (first, second))
    return _loss(first, second, temperature)


@nt_xent.misconception(
    "NumPy cannot follow tensors: training calls the loss before they have numbers, and takes its "
    "gradient. Use keras.ops from beginning to end, ops.eye for the diagonal as well."
)
def by_numpy(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    rows = np.concatenate([np.asarray(first), np.asarray(second)])
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = rows @ rows.T / temperature
    np.fill_diagonal(scores, -np.inf)
    count = len(first)
    partners = np.roll(scores, -count, axis=1).diagonal()
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - partners)


@nt_xent.misconception(
    "len() knows nothing of tensors while training is built. Write first.shape[0], or "
    "ops.shape(first)[0]."
)
def length_of_a_tensor(first, second, temperature=0.5):
    count = len(first)
    loss = keras.losses.sparse_categorical_crossentropy
    rows = _rows(first, second)
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature - FAR * ops.eye(2 * count)
    return ops.mean(loss(ops.convert_to_tensor(_partners(count)), scores, from_logits=True))
