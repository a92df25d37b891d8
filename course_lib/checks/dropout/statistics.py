"""What a mask shows of itself, and when chance can be ruled out.

A right answer draws its own mask, so there is no output to compare with. What can be compared are
*statistics*: the share of zeros, how often two images make the same choice, and so on. Each counts
independent choices of one probability, so its distribution is binomial and its tails are known
exactly. Where a count lies within the bounds of a hypothesis, the hypothesis' own value stands for
it: what is right then equals the reference to the last digit, and so does each mistake its model.
"""

import numpy as np
from scipy.stats import binom

# The probability that one comparison condemns what is right. `cases` adds them up.
ALPHA = 1e-9
MASK = (
    "share of zeros",
    "size of survivors, output / input",
    "share that is neither zero nor scaled",
    "share of equal choices in two images",
    "share of equal choices in two channels",
    "share of equal choices, side by side",
    "share of equal choices, one above the other",
    "share of equal choices in two calls",
    "share of maps dropped in part",
    "how often just the mean number is dropped, over what chance makes of it",
)


def within(count, trials, probability):
    """Whether so many of independent trials are not surprising, two tails of `ALPHA` together.

    Example:
        >>> within(50, 100, 0.5), within(0, 100, 0.5), within(3, 10, 0.0)
        (True, False, False)
    """
    low = binom.cdf(count, trials, probability)
    high = binom.sf(count - 1, trials, probability)
    return bool(min(low, high) > ALPHA / 2)


def settled(count, trials, *hypotheses):
    """Return the first probability that a count does not contradict, or else the share itself.

    Example:
        >>> settled(29, 100, 0.3, 0.7), settled(69, 100, 0.3, 0.7), settled(10, 1000, 0.3, 0.7)
        (0.3, 0.7, 0.01)
    """
    for probability in hypotheses:
        if within(count, trials, probability):
            return float(probability)
    return float(count / trials)


def mask_statistics(x, outputs, rate):
    """Return the statistics that `MASK` names.

    Args:
        x: the input, without zeros.
        outputs: array of shape `(calls, *x.shape)`.
        rate: the share that should be dropped.

    Returns:
        A tuple of floats.
    """
    ratios = outputs / x
    dropped = outputs == 0
    size, rest = _sizes(ratios, dropped, rate)
    between = tuple(range(2, dropped.ndim - 1))  # the axes of pixels, where there are any
    partly = float(np.mean(dropped.any(axis=between) & ~dropped.all(axis=between)))
    units = _distinct(dropped)
    # Which axis is which: calls, images, and for images rows, columns and channels.
    pixels = (2, 3) if x.ndim == 4 else (-1, -1)
    alike = [_alike(units, dropped, axis, rate) for axis in (1, -1, pixels[1], pixels[0], 0)]
    zeros = float(dropped.all())
    if dropped.any() and not dropped.all():
        zeros = settled(units.sum(), units.size, rate, 1 - rate)
    return zeros, size, rest, *alike, 1.0 if partly > 0.9 else partly, _at_the_mean(units, rate)


def _sizes(ratios, dropped, rate):
    """The factor of what survives, and how much is neither dropped nor multiplied by it."""
    kept = ratios[~dropped]
    if not kept.size:
        return 0.0, 0.0
    factor = float(np.sort(kept)[kept.size // 2])
    strange = np.abs(kept - factor) > 1e-3 * abs(factor)
    share = strange.sum() / ratios.size
    if share > 0.4:  # no common factor at all
        return factor, 1.0
    return factor, settled(strange.sum(), ratios.size, 0, rate)


def _distinct(dropped):
    """The mask without its repetitions: along an axis where all choices are equal, the first."""
    for axis in range(dropped.ndim):
        first = dropped.take([0], axis)
        if (dropped == first).all():
            dropped = first
    return dropped


def _alike(units, dropped, axis, rate):
    """How often two neighbours along an axis make the same choice; pairs do not overlap."""
    count, chance = units.shape[axis], rate**2 + (1 - rate) ** 2
    if count == 1:
        # A handful of equal choices, as of a few channels with one mask, is no evidence.
        few = 1 < dropped.shape[axis] < 20 / units.size
        return chance if few else float(dropped.shape[axis] > 1)
    pairs = np.arange(count // 2 * 2)
    equal = np.equal(units.take(pairs[::2], axis), units.take(pairs[1::2], axis))
    return settled(equal.sum(), equal.size, chance)


def _at_the_mean(units, rate):
    """How often a call drops the likeliest number, over the probability that it does."""
    counts = units.reshape(len(units), -1).sum(axis=1)
    size = units[0].size
    middle = round(size * rate)
    chance = binom.pmf(middle, size, rate)
    return settled(np.sum(counts == middle), len(counts), chance) / chance
