"""Drawings and small networks as exhibits take them: checked, and in bytes."""

import numpy as np


def checked_strokes(strokes):
    """Return strokes as lists of points, rounded to what a page can show.

    Args:
        strokes: list of lists of points `(x, y)`, from 0 to 1, y downwards.

    Raises:
        ValueError: if a stroke is no such list.

    Example:
        >>> checked_strokes([[(0.5, 0.1), (0.5, 0.9)]])
        [[[0.5, 0.1], [0.5, 0.9]]]
    """
    checked = []
    for stroke in strokes:
        points = np.asarray(stroke, float)
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ValueError(
                f"a stroke must be a list of points (x, y); got shape {points.shape}. Write "
                f"[[(0.5, 0.1), (0.5, 0.9)]] for one upright line."
            )
        if points.min() < 0 or points.max() > 1:
            raise ValueError(
                f"points must lie between 0 and 1 along both axes; got values from "
                f"{points.min():g} to {points.max():g}. Divide by the drawing's size."
            )
        checked.append(np.round(points, 3).tolist())
    return checked


def packed_layers(layers):
    """Return the layers' kinds and shapes, and all their numbers in one row of float32.

    Args:
        layers: list of dicts with "kernel" and "bias", if the layer has weights, and "kind", a
            convolution's if it is missing.

    Example:
        >>> packed_layers([{"kernel": np.ones((3, 3, 1, 2)), "bias": np.zeros(2)}])[0]
        [{'kind': 'conv', 'shape': [3, 3, 1, 2], 'at': 0, 'maps': 2}]
    """
    shapes, row, at = [], [], 0
    channels = 1
    for layer in layers:
        entry = {"kind": layer.get("kind", "conv")}
        if "kernel" in layer:
            arrays = [np.asarray(layer[name], np.float32) for name in ("kernel", "bias")]
            channels = arrays[0].shape[-1]
            entry |= {"shape": list(arrays[0].shape), "at": at}
            at += sum(array.size for array in arrays)
            row += [array.ravel() for array in arrays]
        shapes.append(entry | {"maps": channels})
    return shapes, np.concatenate(row).astype("<f4").tobytes()
