"""Train plain and residual networks on digits; `residual_depth.json` beside this is the result.

Run it with `python book/_data/residual_depth.py` from the course's folder; it takes minutes.
Networks that the result already holds are left out; delete it to train them all.
The shipped result was made with TF_ENABLE_ONEDNN_OPTS=0. The page calls `train` itself.
"""

import json
from pathlib import Path

import keras
import numpy as np

from course_lib.data import digits
from course_lib.models import as_model
from course_lib.residual import resnet

RESULT = Path(__file__).with_suffix(".json")
SEEDS, EPOCHS, RATE, LARGE_RATE = (0, 1, 2), 8, 0.02, 0.1
NETWORKS = [(block, depth, RATE) for depth in (20, 56, 8, 32) for block in ("plain", "original")]
NETWORKS += [(block, 56, LARGE_RATE) for block in ("plain", "original")]
NETWORKS += [(block, 20, RATE) for block in ("lecture", "preactivation")]


def data():
    """Return 1,200 digits to train on and 597 others, standardised: (images, labels) twice."""
    images, labels = digits()
    images = ((images - images.mean()) / images.std()).astype("float32")
    return (images[:1200], labels[:1200]), (images[1200:], labels[1200:])


def train(block, depth, seeds=SEEDS, epochs=EPOCHS, rate=RATE):
    """Train one network from several starts.

    Args:
        block: as `resnet` takes it: "plain" or, with shortcuts, "original".
        depth: of the network.
        seeds: one for each start.
        epochs: of 12 steps each.
        rate: the learning rate; momentum is 0.9.

    Returns:
        A dictionary of lists with an entry a seed: "loss", the mean training
        loss of each epoch, and "test", the accuracy on digits kept back.
    """

    def build():
        return as_model(resnet, (8, 8, 1), depth=depth, block=block)

    (images, labels), (others, wanted) = data()
    model, found = build(), {"loss": [], "test": []}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss)
    model.optimizer.build(model.trainable_variables)
    rested = [variable.numpy() for variable in model.optimizer.variables]
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        # New weights in the old model: compiling takes longer than training.
        model.set_weights(build().get_weights())
        pairs = zip(model.optimizer.variables, rested, strict=True)
        for variable, value in pairs:
            variable.assign(value)
        settings = {"batch_size": 100, "epochs": epochs, "verbose": 0}
        losses = model.fit(images, labels, **settings).history["loss"]
        found["loss"].append([round(value, 4) for value in losses])
        guessed = np.argmax(model(others, training=False), axis=-1)
        found["test"].append(round(float(np.mean(guessed == wanted)), 4))
    return found


def main():
    """Train everything and write the result after each network, since it takes a while."""
    results = {"epochs": EPOCHS, "seeds": list(SEEDS), "runs": {}}
    if RESULT.exists():
        results = json.loads(RESULT.read_text(encoding="utf8"))
    for block, depth, rate in NETWORKS:
        name = f"{block}, {depth}, {rate}"
        if name not in results["runs"]:
            results["runs"][name] = train(block, depth, rate=rate)
            RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")
            print(name, results["runs"][name], flush=True)


if __name__ == "__main__":
    main()
