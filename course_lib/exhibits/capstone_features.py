"""What the exhibit of `capstone` shows: three pages, and what two encoders say of each place.

Run it with `python -m course_lib.exhibits.capstone_features` from the course's folder: it pretrains
an encoder and writes `capstone_features.npz` beside this. It takes less than a minute.
"""

from pathlib import Path

import numpy as np

from course_lib import capstone_pages as made

FILE = Path(__file__).with_name("capstone_features.npz")
ENCODERS = ("pretrained", "untrained")
COUNT, FACTOR = 3, 4


def load():
    """Return the arrays that ship: "pages", "cells", and the features of both encoders.

    Example:
        >>> {name: values.shape for name, values in load().items()}["pretrained"]
        (3, 16, 16, 48)
    """
    with np.load(FILE) as held:
        return {name: held[name] for name in held.files}


def rows_of(features):
    """Return features as whole numbers from -127 to 127, of which products are cosines.

    The mean over all places is removed first: features behind a ReLU all point the same way, more
    or less. Rows then get length 1, or nearly so.

    Example:
        >>> rows_of(np.float32([[3, 4], [-3, -4]]))
        array([[  76,  102],
               [ -76, -102]], dtype=int8)
    """
    flat = features - features.mean(axis=tuple(range(features.ndim - 1)))
    lengths = np.linalg.norm(flat, axis=-1, keepdims=True)
    return np.round(127 * flat / np.maximum(lengths, 1e-9)).astype(np.int8)


def cells_of(masks):
    """Return the class of the middle of each square of 4 x 4 pixels, as `(count, 16, 16)`.

    Example:
        >>> cells_of(np.arange(64).reshape(1, 8, 8))
        array([[[18, 22],
                [50, 54]]], dtype=uint8)
    """
    return masks[:, FACTOR // 2 :: FACTOR, FACTOR // 2 :: FACTOR].astype(np.uint8)


def main():
    """Pretrain, and write what both encoders say of three hidden pages."""
    import keras
    from keras import layers

    from course_lib import capstone as topic
    from course_lib.models import as_model

    pages, masks = made.pages(COUNT, seed=8, unseen=True)
    unlabelled, _ = made.pages(200, seed=1000)
    trained = topic.pretrain(unlabelled)
    keras.utils.set_random_seed(0)
    untrained = as_model(topic.encoder, (None, None, 1))
    gray = np.clip(np.round(127 + 70 * pages[..., 0]), 0, 255).astype(np.uint8)
    found = {"pages": gray, "cells": cells_of(masks)}
    mean = layers.AveragePooling2D(3, strides=1, padding="same")
    for name, network in zip(ENCODERS, (trained, untrained), strict=True):
        found[name] = rows_of(np.asarray(mean(network(pages, training=False))))
    np.savez_compressed(FILE, **found)
    print(FILE, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
