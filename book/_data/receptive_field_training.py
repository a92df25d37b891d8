"""A task that needs nearby pixels only, and a network that learns it; the page calls `train`."""

import keras

from course_lib.models import as_model
from course_lib.receptive_field_effective import (
    effective_receptive_field,
    mean_task,
    plain_stack,
)

DEPTH, SIZE = 8, 24


def train(window, seed, epochs=12, count=192):
    """Train a stack of eight convolutions to answer the mean of a window.

    Returns:
        A dictionary: the effective fields `"before"` and `"after"`, of shape
        `(24, 24)`, and the `"losses"`.
    """
    keras.utils.set_random_seed(seed)
    model = as_model(plain_stack, (SIZE, SIZE, 1), depth=DEPTH)
    images, targets = mean_task(count, SIZE, window, seed)
    before = effective_receptive_field(model, images[:16])
    model.compile(keras.optimizers.Adam(0.003), "mse")
    settings = {"batch_size": 16, "epochs": epochs, "verbose": 0}
    losses = model.fit(images, targets, **settings).history["loss"]
    after = effective_receptive_field(model, images[:16])
    return {"before": before, "after": after, "losses": losses}
