"""A trained network as plain arrays: saved, loaded, and run forward without Keras.

The page of the exhibit `DrawingExplorer` holds these arrays, and computes with them as `forward`
does here.
"""

from pathlib import Path

import numpy as np

from course_lib.cnn import max_pool2d
from course_lib.convolution import conv2d

WEIGHTS = Path(__file__).with_name("cnn_weights.npz")
SIDE = 16  # pixels of the network's input, along each side


def layers_of(model):
    """Return a Keras model's layers as a list of dicts of plain arrays.

    Args:
        model: a chain of Conv2D 3 x 3 "same" with ReLU, 2 x 2 pooling, Flatten or
            GlobalAveragePooling2D, and one Dense with softmax.

    Raises:
        ValueError: if the model holds a layer that the page cannot compute; the message names it.
    """
    layers = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("InputLayer", "Softmax", "Activation"):
            continue
        if kind not in KINDS:
            raise ValueError(
                f"layer {layer.name!r} is a {kind}; the page computes {', '.join(KINDS)} only. "
                f"Build the network of these."
            )
        held = [np.asarray(weight, np.float32) for weight in layer.get_weights()]
        layers.append({"kind": KINDS[kind], **dict(zip(("kernel", "bias"), held, strict=False))})
    return layers


KINDS = {
    "Conv2D": "conv",
    "MaxPooling2D": "pool",
    "Flatten": "flatten",
    "GlobalAveragePooling2D": "mean",
    "Dense": "dense",
}


def save(layers, path):
    """Write layers to an `.npz` file."""
    arrays = {"kinds": np.array([layer["kind"] for layer in layers])}
    for place, layer in enumerate(layers):
        arrays |= {f"{name}_{place}": layer[name] for name in ("kernel", "bias") if name in layer}
    np.savez_compressed(path, **arrays)


def load(path=WEIGHTS):
    """Read what `save` wrote.

    Example:
        >>> [layer["kind"] for layer in load()]
        ['conv', 'conv', 'pool', 'conv', 'conv', 'pool', 'flatten', 'dense']
    """
    with np.load(path) as held:
        return [
            {"kind": str(kind)}
            | {n: held[f"{n}_{i}"] for n in ("kernel", "bias") if f"{n}_{i}" in held}
            for i, kind in enumerate(held["kinds"])
        ]


def enlarge(images):
    """Return images of 8 x 8 pixels as 16 x 16, between neighbours on a straight line.

    Args:
        images: array of shape `(batch, 8, 8, 1)`.

    Example:
        >>> row = np.tile([0.0, 0, 0, 1, 0, 0, 0, 0], (1, 8, 1))[..., np.newaxis]
        >>> enlarge(row)[0, 0, 4:10, 0]
        array([0.  , 0.25, 0.75, 0.75, 0.25, 0.  ])
    """
    for axis in (1, 2):
        padded = np.concatenate(
            [images.take([0], axis), images, images.take([-1], axis)], axis=axis
        )
        here = np.arange(1, padded.shape[axis] - 1)
        middle = padded.take(here, axis)
        parts = [0.75 * middle + 0.25 * padded.take(here + step, axis) for step in (-1, 1)]
        stacked = np.stack(parts, axis=axis + 1)
        shape = list(images.shape)
        shape[axis] *= 2
        images = stacked.reshape(shape)
    return images


def forward(layers, images):
    """Return what every layer puts out for images of shape `(batch, 16, 16, 1)`.

    The last are probabilities.
    """
    values, outputs = np.asarray(images, float), []
    for layer in layers:
        values = _output(layer, values)
        outputs.append(values)
    powers = np.exp(outputs[-1] - outputs[-1].max(axis=-1, keepdims=True))
    return [*outputs, powers / powers.sum(axis=-1, keepdims=True)]


def layer_names(layers):
    """Return the names that the lecture's listing gives to these layers.

    Example:
        >>> layer_names(load())[:4]
        ['conv_1', 'conv_2', 'downsample_1', 'conv_3']
    """
    counts, words = {}, {"conv": "conv", "pool": "downsample"}
    names = []
    for kind in (layer["kind"] for layer in layers):
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{words[kind]}_{counts[kind]}" if kind in words else kind)
    return names


def _output(layer, values):
    if layer["kind"] == "conv":
        return np.maximum(conv2d(values, layer["kernel"], layer["bias"], padding="same"), 0)
    if layer["kind"] == "pool":
        return max_pool2d(values, padding="same")
    if layer["kind"] == "flatten":
        return values.reshape(len(values), -1)
    if layer["kind"] == "mean":
        return values.mean(axis=(1, 2))
    return values @ layer["kernel"] + layer["bias"]
