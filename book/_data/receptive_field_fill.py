"""Fill outlines by networks of equal weights and unequal fields; the results lie beside this file.

Run it with `python book/_data/receptive_field_fill.py` from the course's folder. The page calls
`train` itself with one seed.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from course_lib.models import as_model
from course_lib.receptive_field import effective_receptive_field

RESULT = Path(__file__).with_suffix(".json")
SIZE, SMALLEST, LARGEST, SEEDS = 40, 4, 13, (0, 1, 2, 3, 4)
SHOWN = [26, 9, 11, 5]  # of the test's outlines: two small ones, two large ones


def outlines(count, seed=0):
    """Draw one outline on each image: a circle or a square, one pixel wide.

    Args:
        count: the number of images.
        seed: of kinds, places and sizes.

    Returns:
        Two arrays of shape `(count, 40, 40, 1)`: the outlines under a little noise, and 1 for
        each pixel within.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    images, filled = [], []
    for _ in range(count):
        radius = rng.uniform(SMALLEST, LARGEST)
        row, column = rng.uniform(radius, SIZE - 1 - radius, size=2)
        away = np.abs(rows - row), np.abs(columns - column)
        far = np.hypot(*away) if rng.integers(2) else np.maximum(*away)
        filled.append(far < radius)
        images.append(np.abs(far - radius) < 0.6)
    noise = rng.normal(0, 0.1, (count, SIZE, SIZE))
    images = (np.array(images) + noise)[..., np.newaxis].astype("float32")
    return images, np.array(filled)[..., np.newaxis].astype("float32")


def filler(tensor, kind="plain"):
    """Build seven 3 x 3 convolutions, of equal weights and unequal fields.

    Args:
        tensor: of shape `(batch, height, width, 1)`.
        kind: `"plain"`, `"strides"` (three, then enlarged) or `"dilation"`.
    """
    strides = (1, 2, 2, 2, 1, 1, 1) if kind == "strides" else (1,) * 7
    dilation = (1, 2, 4, 8, 4, 2, 1) if kind == "dilation" else (1,) * 7
    for place in range(7):
        if kind == "strides" and place > 3:
            tensor = layers.UpSampling2D()(tensor)
        last = place == 6
        tensor = layers.Conv2D(
            1 if last else 8,
            3,
            strides[place],
            "same",
            dilation_rate=dilation[place],
            activation=None if last else "relu",
            kernel_initializer="he_normal",
        )(tensor)
    return tensor


def train(kind, seed, epochs=12, count=320):
    """Train a network to fill outlines; return the model and the losses of the epochs."""
    keras.utils.set_random_seed(seed)
    model = as_model(filler, (SIZE, SIZE, 1), kind)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    data, settings = outlines(count, seed), {"batch_size": 16, "verbose": 0}
    history = model.fit(*data, epochs=epochs, **settings)
    return model, history.history["loss"]


def intersection_over_union(model, images, filled):
    """Return the share of all pixels found or wanted that are both."""
    found, wanted = np.asarray(model(images)) > 0, filled > 0.5
    return float((found & wanted).sum() / (found | wanted).sum())


def wrong_by_depth(model, images, filled):
    """Return the share of wrong pixels among those within, by distance from the outside."""
    from scipy.ndimage import distance_transform_edt

    wrong = (np.asarray(model(images)) > 0) != (filled > 0.5)
    depth = np.array([distance_transform_edt(mask[..., 0]) for mask in filled])
    bins = np.floor(depth).astype(int)
    return [float(wrong[..., 0][bins == b].mean()) for b in range(1, 12)]


def rounded(values):
    """Four digits are enough for a figure."""
    return [float(f"{value:.4g}") for value in values]


def main():
    """Train all kinds with all seeds; write scores, answers and effective fields."""
    results, images = {}, outlines(200, 99)
    for kind in ("plain", "strides", "dilation"):
        runs, fields = [], {}
        for seed in SEEDS:
            model, losses = train(kind, seed, epochs=20)
            run = {"losses": rounded(losses)}
            run["iou"] = round(intersection_over_union(model, *images), 4)
            run["wrong"] = rounded(wrong_by_depth(model, *images))
            noise = outlines(32, 98)[0]
            keras.utils.set_random_seed(seed)
            untrained = as_model(filler, (SIZE, SIZE, 1), kind)
            for when, one in (("before", untrained), ("after", model)):
                field = effective_receptive_field(one, noise)
                fields.setdefault(when, []).append(field)
            if seed == SEEDS[0]:
                shown = keras.ops.sigmoid(model(images[0][SHOWN]))
                answers = np.rint(100 * np.asarray(shown)[..., 0]).astype(int).tolist()
            runs.append(run)
            print(kind, seed, run["iou"], losses[-1], flush=True)
        results[kind] = {"runs": runs, "answers": answers}
        for when, of in fields.items():
            results[kind][when] = [rounded(row) for row in np.mean(of, axis=0)]
    RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
