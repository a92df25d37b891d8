"""Train one UNet with four losses on pictures of one small shape each; the result is beside this.

Run it with `python book/_data/unet_losses.py` from the course's folder; it takes minutes.
The page calls `train` itself, with fewer pictures.
"""

import json
from pathlib import Path

import keras
import numpy as np

from course_lib.data import scenes
from course_lib.models import as_model
from course_lib.unet import (
    dice_loss,
    iou,
    iou_loss,
    one_hot,
    segmentation_loss,
    standardise,
    unet,
)

RESULT = Path(__file__).with_suffix(".json")
SEEDS, EPOCHS, IMAGES, TESTS, SIZE = (0, 1, 2), 10, 300, 100, 64
LOSSES = {
    "cross-entropy": "binary_crossentropy",
    "Dice": dice_loss,
    "IoU": iou_loss,
    "both": segmentation_loss,
}


def train(name, seed, epochs=EPOCHS, images=IMAGES, tests=TESTS, size=SIZE):
    """Train one network; after each epoch measure it on pictures kept back.

    Returns:
        A dictionary: "iou" by epoch, the mean over the pictures; "right",
        the share of right pixels by epoch; "found", how many of the shape's
        pixels were found, by epoch; "unsure", the share of probabilities
        between 5 % and 95 % in the end; "foreground", the shapes' share of
        the pixels.
    """
    given, masks = scenes(images, size, seed=2000 + seed, most=1)
    others, truth = scenes(tests, size, seed=2, most=1)
    truth, others = truth > 0, standardise(others, given)
    keras.utils.set_random_seed(seed)
    model = as_model(unet, (size, size, 3), filters=(8, 16, 32))
    model.compile(keras.optimizers.Adam(0.003), LOSSES[name])
    model.optimizer.build(model.trainable_variables)  # spares a trace
    result = {"iou": [], "right": [], "found": []}
    for _ in range(epochs):
        targets = one_hot(masks, 1)
        model.fit(standardise(given), targets, batch_size=16, verbose=0)
        answers = model.predict(others, verbose=0)[..., 0]
        result["iou"].append(float(iou(truth, answers).mean()))
        result["right"].append(float((truth == (answers > 0.5)).mean()))
        result["found"].append(float((answers > 0.5)[truth].mean()))
    unsure = (answers > 0.05) & (answers < 0.95)
    curves = {k: np.round(of, 4).tolist() for k, of in result.items()}
    return curves | {
        "unsure": round(float(unsure.mean()), 4),
        "foreground": round(float(truth.mean()), 4),
    }


def main():
    """Train everything and write the result after each network."""
    results = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    for seed in SEEDS:
        for name in LOSSES:
            if str(seed) not in results.setdefault(name, {}):
                results[name][str(seed)] = train(name, seed)
                RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")
                print(name, seed, results[name][str(seed)], flush=True)


if __name__ == "__main__":
    main()
