"""Pages with digits and what layers make of them, for the exhibit; `python -m` computes them anew.

All are held as bytes, each map by its own range over all pages.
"""

from functools import cache
from pathlib import Path

import numpy as np

HELD = Path(__file__).with_suffix(".npz")
LABELLED, TESTS, SEED = 20, 100, 5  # of each digit; in all
LAYERS = ("relu_1", "relu_2", "relu_3")
NAMES = ("layer 1", "layer 2", "layer 3", "layer 3, untrained")


@cache
def load():
    """Return "pages", "labels" and, by name, features of shape `(pages, maps)`, all as uint8.

    The first `10 * LABELLED` pages may be labelled, sorted by digit; the others are tests.

    Example:
        >>> held = load()
        >>> held["pages"].shape, held["layer 3"].shape
        ((300, 16, 16), (300, 64))
    """
    with np.load(HELD) as held:
        found = {name: held[name] for name in held.files}
    return found | {"pixels": found["pages"].reshape(len(found["pages"]), -1)}


def as_bytes(values):
    """Return columns scaled to whole numbers from 0 to 255, each by its own range.

    Example:
        >>> as_bytes(np.array([[0.0, 5], [1, 5], [0.5, 5]]))[:, 0]
        array([  0, 255, 128], dtype=uint8)
    """
    low, high = values.min(axis=0), values.max(axis=0)
    return np.round(255 * (values - low) / np.maximum(high - low, 1e-9)).astype(np.uint8)


def chosen():
    """Return the places of the pages among scikit-learn's digits: labelled ones, then tests."""
    from course_lib.data import digits

    labels = digits()[1]
    order = np.random.default_rng(SEED).permutation(len(labels))
    each = [order[TESTS:][labels[order[TESTS:]] == digit][:LABELLED] for digit in range(10)]
    return np.concatenate([*each, order[:TESTS]])


def compute():
    """Return what ships, computed by the network that ships.

    Example:
        >>> sorted([*compute(), "pixels"]) == sorted(load())
        True
    """
    import keras

    from course_lib.data import digits
    from course_lib.transfer_learning_probe import layer_features
    from course_lib.transfer_learning_source import placed, prepare, source_model

    images, labels = digits()
    places = chosen()
    pages = placed(images[places], seed=SEED)
    model = source_model()
    by_layer = layer_features(model, prepare(pages), LAYERS)
    keras.utils.set_random_seed(SEED)
    untrained = layer_features(keras.models.clone_model(model), prepare(pages), LAYERS[-1:])
    features = [*by_layer.values(), untrained[LAYERS[-1]]]
    held = {name: as_bytes(of) for name, of in zip(NAMES, features, strict=True)}
    shown = np.clip(np.round(255 * (pages[..., 0] + 0.2) / 1.2), 0, 255).astype(np.uint8)
    return {"pages": shown, "labels": labels[places].astype(np.uint8), **held}


if __name__ == "__main__":
    np.savez_compressed(HELD, **compute())
    print(f"{HELD.name}: {HELD.stat().st_size:,} bytes")
