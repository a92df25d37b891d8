"""The block explorer's block, as the page's JavaScript computes it too: shapes, then values."""

from dataclasses import dataclass

import numpy as np

from course_lib.convolution import conv2d, conv2d_parameters
from course_lib.exhibits.residual_signals import draws

ORDERS = ("original", "lecture", "preactivation")
RULES = ("shape", "lecture")
LARGEST = {"size": 12, "channels": 4, "filters": 4, "strides": 3}


@dataclass(frozen=True)
class Plan:
    """What a block will do, known before anything is computed.

    Attributes:
        shapes: of input, branch and shortcut, `(height, width, channels)` each.
        strides: of the projection, or 0 for an identity.
        outcome: `"fits"`, `"broadcasts"` or `"fails"`.
        parameters: of the branch and of the shortcut, biases included.
    """

    shapes: tuple
    strides: int
    outcome: str
    parameters: tuple


def plan(size, channels, filters, strides, rule="shape"):
    """Say which shortcut a block of two convolutions gets, and whether the sum is possible.

    Args:
        size: pixels along each side of the input.
        channels: of the input.
        filters: of both convolutions.
        strides: of both convolutions.
        rule: `"shape"` projects exactly when the shape differs, by the product of the strides;
            `"lecture"` when a stride is 2 or the channels grow, by the largest stride.

    Example:
        >>> plan(8, 2, (2, 2), (3, 1)).outcome, plan(8, 2, (2, 2), (3, 1), "lecture").outcome
        ('fits', 'fails')
    """
    between, last = filters
    side = _shrunk(_shrunk(size, strides[0]), strides[1])
    branch = (side, side, last)
    if rule == "shape":
        stride = strides[0] * strides[1] if branch != (size, size, channels) else 0
    else:
        stride = max(strides) if 2 in strides or channels < last else 0
    small = _shrunk(size, stride) if stride else size
    shortcut = (small, small, last if stride else channels)
    return Plan(
        ((size, size, channels), branch, shortcut),
        stride,
        _outcome(branch, shortcut),
        (
            conv2d_parameters(3, channels, between) + conv2d_parameters(3, between, last),
            conv2d_parameters(1, channels, last) if stride else 0,
        ),
    )


def _shrunk(size, stride):
    return -(-size // stride)


def _outcome(branch, shortcut):
    if branch == shortcut:
        return "fits"
    same = (a == b or 1 in (a, b) for a, b in zip(branch, shortcut, strict=True))
    return "broadcasts" if all(same) else "fails"


def block_input(size, channels):
    """Return a smooth signed picture of shape `(1, size, size, channels)`."""
    place = (np.arange(size) + 0.5) * np.pi / size
    channel = np.arange(channels)
    down = np.sin((channel + 1) * place[:, np.newaxis] + channel)
    across = np.cos((channel + 2) * place[:, np.newaxis])
    return (down[:, np.newaxis] + across[np.newaxis]).reshape(1, size, size, channels)


def block_kernels(channels, filters, seed):
    """Return the kernels of both convolutions and of the projection, He's initialisation."""
    shapes = ((3, 3, channels, filters[0]), (3, 3, *filters), (1, 1, channels, filters[1]))
    kernels = []
    for number, shape in enumerate(shapes):
        count = int(np.prod(shape))
        spread = np.sqrt(2 / (count / shape[3]))
        kernels.append(spread * draws(count, 10 * seed + number).reshape(shape))
    return kernels


def block_values(size, channels, filters, strides, rule="shape", order="original", seed=0):
    """Compute a block.

    Returns:
        A dictionary of arrays without the batch axis: `"input"`, `"branch"`, `"shortcut"`, and
        `"sum"` and `"output"`, which are missing where the shapes cannot be added.

    Example:
        >>> values = block_values(8, 2, (2, 2), (1, 1))
        >>> bool((values["output"] == np.maximum(values["branch"] + values["input"], 0)).all())
        True
    """
    planned, tensor = plan(size, channels, filters, strides, rule), block_input(size, channels)
    first, second, projection = block_kernels(channels, filters, seed)
    start = np.maximum(tensor, 0) if order == "preactivation" else tensor
    between = np.maximum(conv2d(start, first, strides=strides[0], padding="same"), 0)
    branch = conv2d(between, second, strides=strides[1], padding="same")
    shortcut = tensor
    if planned.strides:
        shortcut = conv2d(tensor, projection, strides=planned.strides, padding="same")
        if order == "lecture":
            shortcut = np.maximum(shortcut, 0)
    if order == "lecture":
        branch = np.maximum(branch, 0)
    values = {"input": tensor[0], "branch": branch[0], "shortcut": shortcut[0]}
    if planned.outcome != "fails":
        total = values["branch"] + values["shortcut"]
        values["sum"] = total
        values["output"] = np.maximum(total, 0) if order == "original" else total
    return values
