"""How the numbers in `cnn_downsampling.json` came about; the chapter `cnn` shows them.

Two ways to make maps smaller and two heads are trained on the same 1,437 digits and tested on 360
digits of other writers, once for each seed. `python book/_data/cnn_downsampling.py` runs it again;
it takes some minutes.
"""

import json
from pathlib import Path

import numpy as np

from course_lib.cnn import backbone, head
from course_lib.data import digits
from course_lib.models import as_model

RESULT = Path(__file__).with_suffix(".json")
WAYS = ("max pooling", "strides")
HEADS = ("flatten", "global average")
SEEDS, EPOCHS, FILTERS, TRAINING = range(4), 10, (8, 16), 1437


def compare(way, flatten, seed, epochs=EPOCHS):
    """Return the accuracy on digits of other writers than the training digits'."""
    import keras

    keras.utils.set_random_seed(seed)
    images, labels = digits()
    seen, unseen = slice(TRAINING), slice(TRAINING, None)

    def network(image):
        return head(backbone(image, FILTERS, way == "strides"), flatten, 10)

    model = as_model(network, (8, 8, 1))
    model.compile(
        keras.optimizers.Adam(0.003),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=45,  # a whole epoch, 1437 / 32
    )
    model.optimizer.build(model.trainable_variables)  # spares a trace
    model.fit(images[seen], labels[seen], 32, epochs, verbose=0)
    return model.evaluate(images[unseen], labels[unseen], 360, verbose=0)[1]


if __name__ == "__main__":
    result = {
        f"{way}, {name}": [compare(way, name == "flatten", seed) for seed in SEEDS]
        for way in WAYS
        for name in HEADS
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for setting, of in result.items():
        print(f"{setting:32} {np.mean(of):.3f}, {min(of):.3f} to {max(of):.3f}")
