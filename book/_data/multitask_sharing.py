"""Train networks with one head and with two; `multitask_sharing.json` beside this is the result.

Run it with `python book/_data/multitask_sharing.py` from the course's folder; it takes many
minutes. Networks that the result already holds are left out; delete it to train them
all. The page calls `measure` itself, with fewer pictures.
"""

import json
from pathlib import Path

import keras
import numpy as np

from course_lib.models import as_model
from course_lib.multitask import multitask_model, single_task_model, train_multitask
from course_lib.multitask_shapes import hide, labelled_shapes, reaches

RESULT = Path(__file__).with_suffix(".json")
SEEDS, IMAGES, TESTS, EPOCHS, SIZE = (0, 1, 2), 1200, 1000, 12, 32
FILTERS = (16, 32, 32)
HALF = (11, 22, 23)  # two networks of these have as many weights as one of FILTERS
FEW_KINDS = 100
WEIGHTS = ((1, 0.1), (0.1, 1))


def measure(
    heads,
    kinds=IMAGES,
    quantities=IMAGES,
    quantity="radius",
    weights=(1, 1),
    filters=FILTERS,
    seed=0,
    images=IMAGES,
    epochs=EPOCHS,
    balanced=True,
):
    """Train one network and try it on pictures kept back.

    Args:
        heads: "both", "kind" or "quantity". A network of one head sees the
            pictures that have its label, again and again, for as many steps.
        kinds: how many pictures keep their kind.
        quantities: how many keep their quantity.
        quantity: "radius" or "reach".
        weights: of the losses.
        filters: of the backbone.
        seed: of pictures, what is kept, and training.
        images: how many pictures.
        epochs: how often they are seen.
        balanced: whether, with two heads and scarce labels, half of what is
            seen has the scarce label. Else many batches have one or two.

    Returns:
        A dictionary: "kind", the share of right kinds; "quantity", the root
        of the mean squared error in pixels; "parameters" of the network.
    """
    given, true = _pictures(images, 1000 + seed, quantity)
    others, truth = _pictures(TESTS, 1, quantity)
    middle, spread = true["quantity"].mean(), true["quantity"].std()
    labels = {
        "kind": hide(true["kind"], kinds, seed),
        "quantity": hide(true["quantity"], quantities, 500 + seed),
    }
    labels["quantity"] = (labels["quantity"] - middle) / spread
    keras.utils.set_random_seed(seed)
    if heads == "both":
        model = as_model(multitask_model, given.shape[1:], filters=filters)
        scarce = "kind" if kinds < quantities else "quantity"
        half = images // 2 if balanced and kinds != quantities else 0
        again = np.resize(_there(labels[scarce]), half)
        order = np.random.default_rng(seed).permutation(images)
        seen = np.concatenate([order[half:], again])
    else:
        shape = given.shape[1:]
        model = as_model(single_task_model, shape, heads, filters=filters)
        seen = np.resize(_there(labels[heads]), images)
    labels = {name: labels[name][seen] for name in model.output_names}
    pixels = standardised(given, given)[seen]
    train_multitask(model, pixels, labels, weights, epochs, seed=seed)
    outputs = model.predict(standardised(others, given), verbose=0)
    outputs = outputs if heads == "both" else [outputs]
    outputs = dict(zip(model.output_names, outputs, strict=True))
    found = {"parameters": model.count_params()}
    if "kind" in outputs:
        right = outputs["kind"].argmax(-1) == truth["kind"]
        found["kind"] = round(float(right.mean()), 4)
    if "quantity" in outputs:
        off = outputs["quantity"][:, 0] * spread + middle - truth["quantity"]
        found["quantity"] = round(float(np.sqrt(np.mean(off**2))), 4)
    return found


def standardised(images, like):
    """Return images by the mean and the deviation of those that are trained with."""
    return (images - like.mean(axis=(0, 1, 2))) / like.std(axis=(0, 1, 2))


def _pictures(count, seed, quantity):
    images, kinds, radii = labelled_shapes(count, SIZE, seed)
    return images, {
        "kind": kinds,
        "quantity": reaches(kinds, radii) if quantity == "reach" else radii,
    }


def _there(labels):
    return np.flatnonzero(labels >= 0 if labels.dtype.kind == "i" else np.isfinite(labels))


def plan():
    """Yield the name of each network and the settings of `measure`."""
    yield "full both", {"heads": "both"}
    for head in ("kind", "quantity"):
        yield f"full {head}", {"heads": head}
        yield f"full {head} half", {"heads": head, "filters": HALF}
    few = {"kinds": FEW_KINDS}
    yield "few kinds alone", {"heads": "kind", **few}
    yield "few kinds radius", {"heads": "both", **few}
    yield "few kinds reach", {"heads": "both", "quantity": "reach", **few}
    for weights in WEIGHTS:
        yield f"weights {weights[0]:g} {weights[1]:g}", {"heads": "both", "weights": weights}


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
