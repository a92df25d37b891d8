"""What leaks around dropped numbers: how well neighbours, or other maps, give them away."""

import numpy as np

from course_lib.arguments import numeric_array
from course_lib.convolution import IMAGE_AXES

NEIGHBOURS = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0))


def neighbours(x):
    """Return for each pixel its eight neighbours in the same map, zero beyond the border.

    Args:
        x: array of shape `(batch, height, width, channels)`.

    Returns:
        An array of shape `(batch, height, width, channels, 8)`, row by row from the upper left.

    Example:
        >>> neighbours(np.arange(9.0).reshape(1, 3, 3, 1))[0, 1, 1, 0]
        array([0., 1., 2., 3., 5., 6., 7., 8.])
    """
    x = numeric_array(x, "x", IMAGE_AXES)
    _, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    views = [padded[:, 1 + y : 1 + y + height, 1 + b : 1 + b + width] for y, b in NEIGHBOURS]
    return np.stack(views, axis=-1)


def predict_from_neighbours(x, kept, otherwise=0.0):
    """Guess every number as the mean of its surviving neighbours in the same map.

    Args:
        x: array of shape `(batch, height, width, channels)`.
        kept: booleans of that shape, false where a number is dropped.
        otherwise: the guess where no neighbour survives, a number or one a channel.

    Returns:
        An array of the shape of `x`.

    Example:
        >>> x = np.array([[1.0, 2.0], [3.0, 9.0]]).reshape(1, 2, 2, 1)
        >>> float(predict_from_neighbours(x, x < 9)[0, 1, 1, 0])       # (1 + 2 + 3) / 3
        2.0
    """
    count = neighbours(np.asarray(kept, float)).sum(axis=-1)
    total = neighbours(x * kept).sum(axis=-1)
    guess = np.broadcast_to(np.asarray(otherwise, total.dtype), total.shape)
    return np.where(count > 0, total / np.maximum(count, 1), guess)


def explained(values, predictions, centre=None):
    """Return the share of the variance of values that predictions explain, R squared.

    1 is a perfect prediction, 0 as good as the mean, and less than 0 worse than the mean.

    Args:
        values: array of numbers.
        predictions: array of the same shape.
        centre: what the variance is measured about; the mean of `values` if absent.

    Example:
        >>> explained(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))     # 1 - 1 / 2
        0.5
    """
    centre = np.mean(values) if centre is None else centre
    rest, all_of_it = np.sum((values - predictions) ** 2), np.sum((values - centre) ** 2)
    return float(1 - rest / all_of_it)


def leak(train, test, train_kept, test_kept, source="neighbours"):
    """Measure how well dropped activations are predicted from what survives.

    For each channel a linear regression is fitted on dropped numbers of one set of images and
    judged on those of another, so that nothing is learnt by heart. It sees the surviving values
    and which of them survive.

    Args:
        train: activations of shape `(batch, height, width, channels)` to fit on.
        test: activations of other images, to judge on.
        train_kept: booleans of the shape of `train`, false where a number is dropped.
        test_kept: likewise for `test`.
        source: `"neighbours"`, the eight around a pixel in its own map, or `"channels"`, the same
            pixel in all other maps.

    Returns:
        R squared over all dropped numbers of `test`, each channel about its own mean. It is 0 for
        whoever knows each channel's mean and nothing else.

    Raises:
        ValueError: if `source` is neither.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> column = np.cumsum(rng.normal(size=(20, 1, 9, 1)), axis=2)
        >>> same = np.repeat(column, 9, axis=1)           # each pixel is the one above it
        >>> kept = rng.random(same.shape) < 0.7
        >>> leak(same[:10], same[10:], kept[:10], kept[10:]) > 0.8
        True
    """
    if source not in ("neighbours", "channels"):
        raise ValueError(f'source must be "neighbours" or "channels"; got {source!r}.')
    rest = total = 0.0
    for channel in range(train.shape[-1]):
        inputs, values = _questions(train, train_kept, channel, source)
        asked, answers = _questions(test, test_kept, channel, source)
        if len(values) < 2 or not len(answers):
            continue
        # A little ridge: a map that is always off would make the equations singular.
        square = inputs.T @ inputs + 1e-6 * len(inputs) * np.eye(inputs.shape[1])
        guesses = asked @ np.linalg.solve(square, inputs.T @ values)
        rest += np.sum((answers - guesses) ** 2)
        total += np.sum((answers - answers.mean()) ** 2)
    return float(1 - rest / total)


def _questions(x, kept, channel, source):
    """Inputs and values of the regression for the dropped numbers of one channel."""
    if source == "neighbours":
        own = slice(channel, channel + 1)
        alive = neighbours(kept[..., own].astype(float))[..., 0, :]
        seen = neighbours(x[..., own] * kept[..., own])[..., 0, :]
    else:
        alive = np.delete(kept, channel, axis=-1).astype(float)
        seen = np.delete(x * kept, channel, axis=-1)
    dropped = ~kept[..., channel]
    ones = np.ones((np.count_nonzero(dropped), 1))
    inputs = np.hstack([seen[dropped], alive[dropped], ones])
    return inputs.astype(float), x[..., channel][dropped].astype(float)
