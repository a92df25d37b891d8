"""Kernels with names, and the bank of filters that the exhibits start from.

`front/common/kernels.js` holds the same numbers for pages without a kernel.
"""

import numpy as np

_BINOMIAL = np.array([[1, 2, 1]])
PRESETS = {
    "identity": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "box": np.full((3, 3), 1 / 9),
    "Gaussian": _BINOMIAL.T @ _BINOMIAL / 16,
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "Sobel x": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "Sobel y": np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "Laplacian": np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "emboss": np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    "difference x": np.array([[-1.0, 1]]),
    "difference y": np.array([[-1.0], [1]]),
}
DIFFERENCES = ("Sobel x", "Sobel y", "Laplacian", "difference x", "difference y")
FILTERS = (
    "blurred brightness",
    "edges across",
    "edges down",
    "red against green",
    "blue against yellow",
    "centre against surround",
    "diagonal edges",
    "random, as before training",
)


def filter_bank(kernel_size, channels, filters):
    """Return the first filters of a bank that has one of each kind that early layers learn.

    Args:
        kernel_size: taps along each side.
        channels: channels of the image; the colour filters read the first three.
        filters: at most 8, in the order of `FILTERS`.

    Returns:
        An array of shape `(kernel_size, kernel_size, channels, filters)`.

    Example:
        >>> filter_bank(3, 1, 2)[:, :, 0, 1]
        array([[-0.0625,  0.    ,  0.0625],
               [-0.125 ,  0.    ,  0.125 ],
               [-0.0625,  0.    ,  0.0625]])
    """
    bank = [_filter(index, kernel_size, channels) for index in range(filters)]
    return np.stack(bank, axis=-1)


def binomial(size):
    """Return a row of Pascal's triangle with sum 1, which approaches a Gaussian.

    Example:
        >>> binomial(3)
        array([0.25, 0.5 , 0.25])
    """
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [0.5, 0.5])
    return row


def _filter(index, size, channels):
    if index == 7:
        return _random(size, channels)
    opponent = {3: (1, -1, 0, 0), 4: (-0.5, -0.5, 1, 0)}.get(index)
    shares = np.full(channels, 1 / channels) if opponent is None else np.resize(opponent, channels)
    return _pattern(index, size)[:, :, np.newaxis] * shares


def _pattern(index, size):
    blur = binomial(size)
    slope = blur * (np.linspace(-1, 1, size) if size > 1 else 1)
    if index == 1:
        return np.outer(blur, slope)
    if index == 2:
        return np.outer(slope, blur)
    if index == 5:
        peak = np.zeros((size, size))
        peak[(size - 1) // 2, (size - 1) // 2] = 1
        return peak - 1 / size**2
    if index == 6:
        return np.outer(blur, slope) + np.outer(slope, blur)
    return np.outer(blur, blur)


def _random(size, channels):
    """Uniform weights from a generator that is short enough to repeat in JavaScript."""
    state, weights = 7, np.empty(channels * size * size)
    for index in range(weights.size):
        state = (1664525 * state + 1013904223) % 2**32
        weights[index] = state / 2**31 - 1
    return weights.reshape(channels, size, size).transpose(1, 2, 0) / size
