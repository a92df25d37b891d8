"""How the numbers in `cnn_downsampling.json` came about; the chapter `cnn` shows them.

Three ways to make maps smaller and two heads are trained on the same 1,437 digits and tested on 360
digits of other writers, once for each seed. A further network is trained on labels that were drawn
by lot. Run it again with `python book/_data/cnn_downsampling.py`; it takes some minutes.
"""

import json
from pathlib import Path

import numpy as np

from course_lib.cnn import as_model, backbone, head
from course_lib.data import digits

RESULT = Path(__file__).with_suffix(".json")
WAYS = ("max pooling", "average pooling", "strides")
HEADS = ("flatten", "global average")
SEEDS, EPOCHS, FILTERS, TRAINING = range(8), 10, (8, 16), 1437
LOTTERY, LOTTERY_EPOCHS = 300, 100


def network(way, flatten):
    """Return a network of one way to make maps smaller and one head, for digits of 8 x 8 pixels."""
    from keras import layers

    def averaging(image):
        tensor = image
        for maps in FILTERS:
            for _ in range(2):
                tensor = layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)
            tensor = layers.AveragePooling2D(2, padding="same")(tensor)
        return tensor

    def whole(image):
        if way == "average pooling":
            return head(averaging(image), flatten, 10)
        return head(backbone(image, FILTERS, strided=way == "strides"), flatten, 10)

    return as_model(whole, (8, 8, 1))


def fit(model, images, labels, epochs):
    """Train with Adam at a rate of 0.003, 32 images a step."""
    import keras

    model.compile(
        keras.optimizers.Adam(0.003),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=-(-len(images) // 32),
    )
    model.fit(images, labels, batch_size=32, epochs=epochs, verbose=0)


def accuracy(model, images, labels):
    """Return the share of images whose most probable class is the label."""
    return float((model.predict(images, verbose=0).argmax(axis=1) == labels).mean())


def compare(way, flatten, seed, epochs=EPOCHS):
    """Return the accuracy on the training digits and on those of other writers."""
    import keras

    keras.utils.set_random_seed(seed)
    images, labels = digits()
    model = network(way, flatten)
    fit(model, images[:TRAINING], labels[:TRAINING], epochs)
    seen, unseen = slice(TRAINING), slice(TRAINING, None)
    return [accuracy(model, images[part], labels[part]) for part in (seen, unseen)]


def lottery(seed, epochs=LOTTERY_EPOCHS, count=LOTTERY):
    """Return how many labels drawn by lot the lecture's backbone has learnt by heart."""
    import keras

    keras.utils.set_random_seed(seed)
    images, _ = digits()
    labels = np.random.default_rng(seed).integers(10, size=count)
    model = as_model(lambda image: head(backbone(image), classes=10), (8, 8, 1))
    fit(model, images[:count], labels, epochs)
    return accuracy(model, images[:count], labels)


if __name__ == "__main__":
    result = {
        f"{way}, {name}": [compare(way, name == "flatten", seed) for seed in SEEDS]
        for way in WAYS
        for name in HEADS
    }
    result["lottery"] = [lottery(seed) for seed in SEEDS[:3]]
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for setting, of in result.items():
        print(f"{setting:32} {np.mean(of, axis=0)} +- {np.std(of, axis=0)}")
