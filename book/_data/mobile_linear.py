"""How the numbers in `mobile_linear.json` came about; the chapter `mobile` shows them.

Networks of inverted residual blocks learn to read digits, with and without a ReLU6 after the
projection. `python book/_data/mobile_linear.py` runs it again; it takes minutes.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from course_lib.data import digits
from course_lib.mobile import inverted_residual_block, ordinary_block
from course_lib.models import as_model

RESULT = Path(__file__).with_suffix(".json")
WIDTHS, SEEDS, EPOCHS = (2, 4, 8), (0, 1, 2, 3, 4), 10


def network(tensor, width, linear):
    """Five blocks whose narrow ends have `width` channels."""
    tensor = ordinary_block(tensor, width)
    for strides in (1, 1, 2, 1, 1):
        settings = {"strides": strides, "linear": linear}
        tensor = inverted_residual_block(tensor, width, 6, **settings)
    return layers.Dense(10)(layers.GlobalAveragePooling2D()(tensor))


def train(width, linear, seeds=SEEDS, epochs=EPOCHS):
    """Train one network from several starts, on 1,200 digits.

    Args:
        width: channels of the narrow ends.
        linear: whether the projection has no activation; else ReLU6.
        seeds: one for each start.
        epochs: of 20 steps each.

    Returns:
        A dictionary of lists with an entry a seed: "loss", the mean training
        loss of each epoch, and "test", the accuracy on 597 digits kept back.
    """

    def build():
        return as_model(network, (8, 8, 1), width, linear)

    images, labels = digits()
    images = ((images - images.mean()) / images.std()).astype("float32")
    model, found = build(), {"loss": [], "test": []}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # A whole epoch at once, 1,200 / 60 steps.
    model.compile(keras.optimizers.Adam(0.005), loss, steps_per_execution=20)
    model.optimizer.build(model.trainable_variables)
    rested = [variable.numpy() for variable in model.optimizer.variables]
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        # New weights in the old model: compiling takes longer than training.
        model.set_weights(build().get_weights())
        pairs = zip(model.optimizer.variables, rested, strict=True)
        for variable, value in pairs:
            variable.assign(value)
        settings = {"batch_size": 60, "epochs": epochs, "verbose": 0}
        history = model.fit(images[:1200], labels[:1200], **settings).history
        found["loss"].append([round(value, 4) for value in history["loss"]])
        guessed = np.argmax(model(images[1200:], training=False), axis=-1)
        right = float(np.mean(guessed == labels[1200:]))
        found["test"].append(round(right, 4))
    return found


def main():
    """Train every width with and without the activation; write after each."""
    result = {"widths": WIDTHS, "seeds": SEEDS, "epochs": EPOCHS, "runs": {}}
    for width in WIDTHS:
        for linear in (True, False):
            name = f"{width}, {'linear' if linear else 'relu'}"
            result["runs"][name] = train(width, linear)
            RESULT.write_text(json.dumps(result) + "\n", encoding="utf8")
            print(name, result["runs"][name]["test"], flush=True)


if __name__ == "__main__":
    main()
