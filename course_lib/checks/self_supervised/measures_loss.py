"""What is found out of a contrastive loss: what becomes of it when embeddings are changed."""

import numpy as np

from course_lib.checks import networks
from course_lib.checks.compare import describe, is_tensor
from course_lib.checks.core import Unfit

VALUE = "loss"
AXES = "number of axes of the loss"
CHOICES = "among how many rows each row chooses, by the loss of rows that are all alike"
NEGATIVES = "whether rows of the same view count as negatives, whether those of the other view do"
LENGTHS = "loss of embeddings of other lengths, over the loss of the same directions"
TEMPERATURE = "sign of the loss at a low temperature less that at a high one"
DIRECTIONS = "loss with both arguments swapped, over the loss"
PARTNERS = "whether the loss falls if row i of both, i and i + 1, rows 1 and 2 of one come closer"
SYMBOLIC = "whether the loss gives the same number in training, on tensors without numbers"
LOSS = (
    VALUE, AXES, CHOICES, NEGATIVES, LENGTHS, TEMPERATURE, DIRECTIONS, PARTNERS, SYMBOLIC,
)  # fmt: skip


def measure_loss(answer, first, second, temperature=None, look=VALUE):
    """Find out one of `LOSS`; the others come back as zeros."""
    settings = {} if temperature is None else {"temperature": temperature}

    def loss(one, two, **other):
        return answer(np.float32(one), np.float32(two), **{**settings, **other})

    if look == SYMBOLIC:
        found = _in_training(answer, loss(first, second), first, second, settings)
    else:
        found = _LOOKS[look](loss, first, second)
    return tuple(found if name == look else 0 for name in LOSS)


def _number(result):
    """The loss as a number; of one number a row, the mean, so that it costs one part only."""
    array = _array(result)
    return float(array.mean()) if array.size else np.nan


def _array(result):
    if result is None or result is ...:
        raise Unfit(f"{result} instead of the loss", "a number: the function must end with return")
    if is_tensor(result):
        raise Unfit(describe(result), "a number, where arrays of numbers are given")
    try:
        return np.asarray(result, float)
    except Exception:  # a student's object may raise anything
        raise Unfit(describe(result), "a number") from None


def _value(loss, first, second):
    return _number(loss(first, second))


def _axes(loss, first, second):
    return int(_array(loss(first, second)).ndim)


def _choices(loss, first, second):
    """Where all rows are alike, the loss is the logarithm of how many there are to choose from."""
    rows = np.repeat(_unit(first[:1]), len(first), axis=0)
    power = np.clip(_number(loss(rows, rows)), -20, 20)
    return float(np.exp(power))


def _negatives(loss, first, second):
    """Move rows of one view, and then those of two images, and keep all other similarities."""
    axes = np.eye(9)
    shared, sides = axes[:3], axes[3:9]
    beside = (shared + 0.5 * sides[3:]) / np.sqrt(1.25)
    apart = (shared + sides[:3]) / np.sqrt(2)
    close = (shared + sides[[0, 0, 0]]) / np.sqrt(2)
    own = _number(loss(apart, beside)) - _number(loss(close, beside))
    first, cos, sin = axes[:2], 0.6, 0.8
    away = cos * axes[:2] + sin * axes[2:4]
    turned = cos * axes[:2] + sin * np.array([axes[1], -axes[0]])
    other = _number(loss(first, away)) - _number(loss(first, turned))
    return np.array([abs(own) > 1e-4, abs(other) > 1e-4], float)


def _lengths(loss, first, second):
    rng = np.random.default_rng(len(first))
    one, two = (rows * rng.uniform(0.3, 3, (len(rows), 1)) for rows in (first, second))
    return _ratio(_number(loss(one, two)), _reacting(loss, _unit(first), _unit(second)))


def _temperature(loss, first, second):
    """Of rows that have nothing to do with each other a nearer one is always there.

    So the loss is high where it is cold, whoever is taken for the partner.
    """
    one, two = _unit(first[:, :3]), _unit(np.roll(second[:, :3], 3, axis=0))
    low, high = (_number(loss(one, two, temperature=t)) for t in (0.2, 5.0))
    return float(np.sign(np.round(low - high, 3)))


def _directions(loss, first, second):
    one, two = _unit(first), _unit(second)
    return _ratio(_number(loss(two, one)), _reacting(loss, one, two))


def _reacting(loss, first, second):
    """The loss; NaN where it is the same for the opposite partners, as a constant is."""
    found = _number(loss(first, second))
    return np.nan if found == _number(loss(first, -second)) else found


def _partners(loss, first, second):
    """All rows at right angles; then some come closer."""
    axes = np.eye(8)
    one, two = axes[:4], axes[4:]
    before = _number(loss(one, two))
    nearer = [
        (one, _unit(two + one)),
        (one, _unit(two + np.roll(one, -1, axis=0))),
        (_unit(one + one[[1, 1, 3, 3]] * [[1], [0], [1], [0]]), two),
    ]
    falls = [_number(loss(a, b)) < before - 1e-3 for a, b in nearer]
    return np.array(falls, float)


def _in_training(answer, due, first, second, settings):
    """Call it where training does, on tensors without numbers, and compare the two numbers."""
    came, _ = networks.in_training(
        answer, first, second, learns=[0, 1], open_batch=False, **settings
    )
    return float(np.isclose(np.mean(came), _number(due), 1e-3, 1e-4))


_LOOKS = {
    VALUE: _value,
    AXES: _axes,
    CHOICES: _choices,
    NEGATIVES: _negatives,
    LENGTHS: _lengths,
    TEMPERATURE: _temperature,
    DIRECTIONS: _directions,
    PARTNERS: _partners,
}


def _unit(rows):
    rows = np.asarray(rows, float)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _ratio(one, two):
    return one / two if two else np.nan
