"""Train one UNet with all, some and none of its skips; `unet_skips.json` beside this is the result.

Run it with `python book/_data/unet_skips.py` from the course's folder; it takes many minutes.
Networks that the result already holds are left out; delete it to train them all.
The page calls `measure` itself, with fewer pictures.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from course_lib.data import scenes
from course_lib.models import as_model
from course_lib.unet import border, iou, standardise, train_unet, unet

RESULT = Path(__file__).with_suffix(".json")
SEEDS, EPOCHS, IMAGES, TESTS, SIZE = (0, 1, 2), 10, 600, 200, 64
FILTERS, FARTHEST = (8, 16, 32, 64), 6
SHOWN = ("all", "none")
ARMS = {
    "all": True,
    "none": False,
    "twice": "twice",
    "finest only": (True, False, False),
    "all but the finest": (False, True, True),
    "coarsest only": (False, False, True),
}


class Twice(layers.Layer):
    """Stands where two maps are joined, and joins the second with itself."""

    def call(self, inputs):
        """Return as many channels as a skip would give, and none of it."""
        return ops.concatenate([inputs[1], inputs[1]], axis=-1)


def build(arm, size=SIZE):
    """Return the network of an arm, with new weights."""
    skips = ARMS[arm] != "twice" and ARMS[arm]
    shape = (size, size, 3)
    if arm != "twice":
        return as_model(unet, shape, FILTERS, skips=skips)

    def without(layer):
        if isinstance(layer, layers.Concatenate):
            return Twice(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    whole = as_model(unet, shape, FILTERS)
    return keras.models.clone_model(whole, clone_function=without)


def measure(arm, seed, epochs=EPOCHS, images=IMAGES, tests=TESTS, size=SIZE):
    """Train one network and measure its masks on pictures kept back.

    Returns:
        A dictionary: "loss" by epoch; "iou", "near" and "away", means over
        the pictures, in all of them, within two pixels of a border, and in
        the rest; "wrong", the share of wrong pixels at 1, 2, ... steps from
        a border; and, for pictures, the first three answers, "shown".
    """
    given, masks = scenes(images, size, seed=1000 + seed)
    others, truth = scenes(tests, size, seed=1)
    keras.utils.set_random_seed(seed)
    model = build(arm, size)
    history = train_unet(model, standardise(given), masks, epochs, seed=seed)
    found = model.predict(standardise(others, given), verbose=0)[..., 0]
    return scores(truth > 0, found) | {
        "loss": [round(value, 4) for value in history["loss"]],
        "parameters": model.count_params(),
        "shown": np.rint(100 * found[:3]).astype(int).tolist(),
    }


def scores(truth, found):
    """Return what `measure` says of masks and probabilities."""
    near, answer = border(truth), found > 0.5
    parts = {"iou": np.ones_like(near), "near": near, "away": ~near}
    means = {
        name: round(float(iou(truth & part, answer & part).mean()), 4)
        for name, part in parts.items()
    }
    rings, inner = [], np.zeros_like(near)
    for distance in range(1, FARTHEST + 1):
        disc = border(truth, distance)
        ring, inner = disc & ~inner, disc
        rings.append(round(float((answer != truth)[ring].mean()), 4))
    return means | {"wrong": rings, "share near": round(float(near.mean()), 4)}


def main():
    """Train everything and write the result after each network, since it takes a while."""
    results = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    for arm in ARMS:
        runs = results.setdefault(arm, {})
        for seed in SEEDS:
            if str(seed) in runs:
                continue
            runs[str(seed)] = measure(arm, seed)
            if seed > 0 or arm not in SHOWN:
                del runs[str(seed)]["shown"]
            RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")
            shown = {k: v for k, v in runs[str(seed)].items() if k != "shown"}
            print(arm, seed, shown, flush=True)


if __name__ == "__main__":
    main()
