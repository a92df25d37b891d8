"""Train equal networks for near and for far sight; what they look at lies beside this file.

Run it with `python book/_data/receptive_field_training.py` from the course's folder. The page
calls `train` itself with one seed.
"""

import json
from pathlib import Path

import keras

from course_lib.models import as_model
from course_lib.receptive_field_effective import (
    deviation,
    effective_receptive_field,
    effective_size,
    mean_task,
    plain_stack,
)

RESULT = Path(__file__).with_suffix(".json")
DEPTH, SIZE, WINDOWS, SEEDS = 8, 24, (3, 9, 15), (0, 1, 2)


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


def main():
    """Train for every window and seed; write numbers, and the fields of the first seed."""
    results = {}
    for window in WINDOWS:
        runs = []
        for seed in SEEDS:
            found = train(window, seed)
            run = {"losses": [float(f"{loss:.4g}") for loss in found["losses"]]}
            for when in ("before", "after"):
                run[when] = {
                    "deviation": [round(one, 3) for one in deviation(found[when])],
                    "size": round(effective_size(found[when]), 2),
                }
                if seed == SEEDS[0]:
                    field = found[when]
                    run[when]["field"] = [[float(f"{x:.3g}") for x in row] for row in field]
            runs.append(run)
            print(window, seed, run["before"]["deviation"], run["after"]["deviation"], flush=True)
            print(run["before"]["size"], run["after"]["size"], run["losses"][-1], flush=True)
        results[window] = runs
    RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
