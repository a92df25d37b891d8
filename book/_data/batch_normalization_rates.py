"""Train a small convolutional network on the digits, with and without batch normalisation.

The chapter on batch normalisation shows `network` and `train`, runs four trainings of them, and
draws the fifty-one whose result ships beside this file. To make that file again (about five
minutes): `python book/_data/batch_normalization_rates.py`.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from course_lib.batch_normalization import conv_bn_relu
from course_lib.data import digits

FILTERS = (16, 16, 32, 32, 32, 32)
RATES, SEEDS, EPOCHS = (0.03, 0.1, 0.3, 1.0, 3.0), (0, 1, 2), 4
BLOCKS = ("plain", "plain, He", "batch norm", "Keras's momentum")
RESULT = Path(__file__).with_suffix(".json")


def plain_block(tensor, filters, strides, start="glorot_uniform"):
    tensor = layers.Conv2D(filters, 3, strides, padding="same", kernel_initializer=start)(tensor)
    return layers.ReLU()(tensor)


def he_block(tensor, filters, strides):
    return plain_block(tensor, filters, strides, start="he_normal")


def default_block(tensor, filters, strides):
    tensor = layers.Conv2D(filters, 3, strides, padding="same")(tensor)
    tensor = layers.BatchNormalization()(tensor)  # momentum 0.99
    return layers.ReLU()(tensor)


def network(block):
    blocks = dict(zip(BLOCKS, (plain_block, he_block, conv_bn_relu, default_block), strict=True))
    tensor = inputs = keras.Input((8, 8, 1))
    for place, filters in enumerate(FILTERS):
        tensor = blocks[block](tensor, filters, 2 if place == 2 else 1)
    tensor = layers.GlobalAveragePooling2D()(tensor)
    return keras.Model(inputs, layers.Dense(10)(tensor))


def train(block, rate, seed, epochs=EPOCHS):
    """Return accuracy at inference, by batch statistics, and the losses."""
    keras.utils.set_random_seed(seed)
    images, labels = digits()
    images = ((images - images.mean()) / images.std()).astype("float32")
    order = np.random.default_rng(seed).permutation(len(images))
    seen, new = order[:1400], order[1400:]
    model = network(block)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss)
    log = model.fit(images[seen], labels[seen], 32, epochs, verbose=0)

    def accuracy(training):
        scores = np.array(model(images[new], training=training))
        return float((scores.argmax(axis=1) == labels[new]).mean())

    return accuracy(False), accuracy(True), log.history["loss"]


def main():
    runs = [(block, rate) for block in BLOCKS[:3] for rate in RATES]
    runs += [(BLOCKS[3], 0.1), (BLOCKS[3], 0.3)]
    results = []
    for block, rate in runs:
        for seed in SEEDS:
            inference, by_batch, losses = train(block, rate, seed)
            kept = [None if not np.isfinite(loss) else float(f"{loss:.4g}") for loss in losses]
            results.append([block, rate, seed, round(inference, 4), round(by_batch, 4), kept])
            print(*results[-1], flush=True)
    rows = ",\n".join(json.dumps(row) for row in results)
    RESULT.write_text(f"[\n{rows}\n]\n", encoding="utf8")


if __name__ == "__main__":
    main()
