"""Train networks with one head and with two; `multitask_sharing.json` beside this is the result.

Run it with `python book/_data/multitask_sharing.py` from the course's folder; it takes about half
an hour. Networks that the result already holds are left out; delete it to train them all. The page
calls `measure` itself, with fewer pictures and epochs.
"""

import json
from pathlib import Path

import keras
import numpy as np

from course_lib.models import as_model
from course_lib.multitask import multitask_model, single_task_model, train_multitask
from course_lib.multitask_shapes import hide, labelled_shapes

RESULT = Path(__file__).with_suffix(".json")
SEEDS, IMAGES, TESTS, EPOCHS, SIZE = (0, 1, 2), 1200, 1000, 12, 32
FILTERS = (16, 32, 32)
HALF = (11, 22, 23)  # two networks of these have as many weights as one of FILTERS
MIDDLE, SPREAD = 0.21 * SIZE, 0.04 * SIZE  # of the radii, so that the network learns numbers near 1
SCARCE = (30, 100, 300)
WEIGHTS = ((1, 0.01), (1, 0.1), (1, 1), (0.1, 1), (0.01, 1))


def measure(
    heads, kinds=IMAGES, radii=IMAGES, weights=(1, 1), filters=FILTERS, seed=0, images=IMAGES,
    epochs=EPOCHS, shuffled=False,
):  # fmt: skip
    """Train one network and try it on pictures kept back.

    Args:
        heads: "both", "kind" or "quantity". A network of one head sees the pictures that have its
            label, again and again, for as many steps as the other ones take.
        kinds: how many pictures keep their kind.
        radii: how many keep their radius.
        weights: of the losses.
        filters: of the backbone.
        seed: of pictures, what is kept, and training.
        images: how many pictures.
        epochs: how often they are seen.
        shuffled: whether pictures get the radii of other pictures.

    Returns:
        A dictionary: "kind", the share of right kinds; "radius", the root of the mean squared
        error in pixels; "weights" of the network.
    """
    given, kind, radius = labelled_shapes(images, SIZE, seed=1000 + seed)
    others, true_kind, true_radius = labelled_shapes(TESTS, SIZE, seed=1)
    if shuffled:
        radius = np.random.default_rng(seed).permutation(radius)
    labels = {
        "kind": hide(kind, kinds, seed),
        "quantity": (hide(radius, radii, 500 + seed) - MIDDLE) / SPREAD,
    }
    inputs, tested = standardised(given, given), standardised(others, given)
    keras.utils.set_random_seed(seed)
    if heads == "both":
        model = as_model(multitask_model, given.shape[1:], filters=filters)
    else:
        model = as_model(single_task_model, given.shape[1:], heads, filters=filters)
        there = labels["kind"] >= 0 if heads == "kind" else np.isfinite(labels["quantity"])
        again = np.resize(np.flatnonzero(there), images)
        inputs, labels = inputs[again], {heads: labels[heads][again]}
    train_multitask(model, inputs, labels, weights, epochs, seed=seed)
    outputs = model.predict(tested, verbose=0)
    outputs = dict(zip(model.output_names, outputs if heads == "both" else [outputs], strict=True))
    found = {"weights": model.count_params()}
    if "kind" in outputs:
        found["kind"] = round(float((outputs["kind"].argmax(-1) == true_kind).mean()), 4)
    if "quantity" in outputs:
        pixels = outputs["quantity"][:, 0] * SPREAD + MIDDLE
        found["radius"] = round(float(np.sqrt(np.mean((pixels - true_radius) ** 2))), 4)
    return found


def standardised(images, like):
    """Return images with the mean 0 and the deviation 1 of those that are trained with."""
    return (images - like.mean(axis=(0, 1, 2))) / like.std(axis=(0, 1, 2))


def plan():
    """Yield the name of each comparison's arm and the settings of `measure`."""
    yield "full, both", {"heads": "both"}
    for head in ("kind", "quantity"):
        yield f"full, {head}", {"heads": head}
        yield f"full, {head}, half", {"heads": head, "filters": HALF}
    for kept in SCARCE:
        yield f"{kept} kinds, both", {"heads": "both", "kinds": kept}
        yield f"{kept} kinds, kind", {"heads": "kind", "kinds": kept}
        yield f"{kept} radii, both", {"heads": "both", "radii": kept}
        yield f"{kept} radii, quantity", {"heads": "quantity", "radii": kept}
    yield "100 kinds, shuffled", {"heads": "both", "kinds": 100, "shuffled": True}
    for first, second in WEIGHTS:
        if (first, second) != (1, 1):
            yield f"weights {first:g} {second:g}", {"heads": "both", "weights": (first, second)}


def main():
    """Train everything and write the result after each network, since it takes a while."""
    results = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    for seed in SEEDS:
        for name, settings in plan():
            runs = results.setdefault(name, {})
            if str(seed) not in runs:
                runs[str(seed)] = measure(**settings, seed=seed)
                RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")
                print(name, seed, runs[str(seed)], flush=True)


if __name__ == "__main__":
    main()
