"""Recipe of mobile_linear.json: is the bottleneck better off without an activation?

Run from the root of the repository, `python book/_data/mobile_linear.py`. It takes about ten minutes
on two cores.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from course_lib.data import digits
from course_lib.mobile import inverted_residual_block, ordinary_block
from course_lib.models import as_model

WIDTHS = (2, 4, 8, 16)
SEEDS = (0, 1, 2, 3, 4)
EPOCHS = 10


def network(tensor, width, linear):
    """Five inverted residual blocks on 8 x 8 pixels; their narrow ends have `width` channels."""
    tensor = ordinary_block(tensor, width)
    for strides in (1, 1, 2, 1, 1):
        tensor = inverted_residual_block(tensor, width, 6, strides, linear=linear)
    return layers.Dense(10)(layers.GlobalAveragePooling2D()(tensor))


def train(width, linear, seed, epochs=EPOCHS):
    """Train on 1,200 digits; return each epoch's training loss, and accuracy on the other 597."""
    images, labels = digits()
    images = ((images - images.mean()) / images.std()).astype("float32")
    keras.utils.set_random_seed(seed)
    model = as_model(network, (8, 8, 1), width, linear)
    model.compile(
        keras.optimizers.Adam(0.005),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = model.fit(images[:1200], labels[:1200], 60, epochs, verbose=0)
    scores = model.predict(images[1200:], 597, verbose=0)
    return history.history["loss"], float(np.mean(scores.argmax(axis=1) == labels[1200:]))


def main():
    """Train every width, with and without the activation, and write the result beside this."""
    runs = {}
    for width in WIDTHS:
        for linear in (True, False):
            losses, accuracies = zip(*(train(width, linear, s) for s in SEEDS), strict=True)
            runs[f"{width}, {'linear' if linear else 'relu'}"] = {
                "loss": np.round(losses, 4).tolist(),
                "test": np.round(accuracies, 4).tolist(),
            }
            keras.utils.clear_session()
            print(width, linear, np.round(accuracies, 3), np.round(losses, 3)[:, -1], flush=True)
    result = {"widths": WIDTHS, "seeds": SEEDS, "epochs": EPOCHS, "runs": runs}
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
