"""The exhibit's small UNet as plain arrays, run forward without Keras, each skip on or off.

The page of `SkipExplorer` holds these arrays, and computes with them as `forward` does here.
"""

from pathlib import Path

import numpy as np

from course_lib.cnn import max_pool2d
from course_lib.convolution import conv2d
from course_lib.exhibits import cnn_network

WEIGHTS = Path(__file__).with_name("unet_weights.npz")
MIDDLE, SPREAD = 0.5, 0.25  # the network reads (picture - MIDDLE) / SPREAD


def load(path=WEIGHTS):
    """Read the convolutions, from the picture to the mask: two a stage, and the last one, 1 x 1.

    Example:
        >>> [layer["kernel"].shape[-1] for layer in load()]
        [4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 8, 8, 4, 4, 1]
    """
    return cnn_network.load(path)


def depth_of(layers):
    """Return how often the network halves its maps; it has as many skips.

    Example:
        >>> depth_of(load())                                   # 15 = 2 * 3 + 2 + 2 * 3 + 1
        3
    """
    return (len(layers) - 3) // 4


def forward(layers, picture, switches):
    """Run the network on one picture.

    Args:
        layers: as `load` returns them.
        picture: array of shape `(height, width)`, sizes divisible by `2 ** depth`.
        switches: whether each skip is on, from the finest to the coarsest; a skip that is off
            hands on zeros.

    Returns:
        A dictionary: "encoder", "code" and "decoder" hold the maps that each stage puts out, of
        shape `(1, height, width, maps)`, the finest first; "mask" the probabilities, of shape
        `(height, width)`.
    """
    depth, todo = depth_of(layers), iter(layers)
    values = (np.asarray(picture, float)[np.newaxis, ..., np.newaxis] - MIDDLE) / SPREAD
    encoder, decoder = [], []
    for _ in range(depth):
        encoder.append(_stage(todo, values))
        values = max_pool2d(encoder[-1])
    code = values = _stage(todo, values)
    for skip, switch in zip(reversed(encoder), reversed(switches), strict=True):
        larger = values.repeat(2, axis=1).repeat(2, axis=2)
        values = _stage(todo, np.concatenate([skip * bool(switch), larger], axis=-1))
        decoder.append(values)
    last = next(todo)
    score = conv2d(values, last["kernel"], last["bias"])[0, :, :, 0]
    mask = 1 / (1 + np.exp(-score))
    return {"encoder": encoder, "code": code, "decoder": decoder[::-1], "mask": mask}


def _stage(todo, values):
    """Two convolutions with ReLU."""
    for _ in range(2):
        layer = next(todo)
        values = np.maximum(conv2d(values, layer["kernel"], layer["bias"], padding="same"), 0)
    return values


def weight_count(layers):
    """Return how many numbers the network has learnt."""
    return sum(layer[name].size for layer in layers for name in ("kernel", "bias"))
