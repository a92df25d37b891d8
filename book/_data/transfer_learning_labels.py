"""Read digits with few labels, in several ways, over seeds; the result is beside this.

Run it with `python book/_data/transfer_learning_labels.py` from the course's
folder; it takes minutes. The page calls `tried` itself, once.
"""

import json
from pathlib import Path

import keras
import numpy as np

from course_lib.data import digits
from course_lib.models import as_model
from course_lib.transfer_learning import classifier, fine_tune, replace_head
from course_lib.transfer_learning_source import FILTERS, PAGE, placed, prepare, source_model

RESULT = Path(__file__).with_suffix(".json")
SEEDS, TESTS, PLACES = (0, 1, 2), 600, 77
LABELS = {1: 60, 3: 60, 10: 40, 30: 20}  # labels a class: epochs
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)
HEAD, REST = 0.02, 0.003  # learning rates


def pages():
    """Return all digits on pages, prepared, their labels, and an order by chance."""
    images, labels = digits()
    order = np.random.default_rng(PLACES).permutation(len(labels))
    return prepare(placed(images, seed=PLACES)), labels, order


def chosen(labels, order, count, seed):
    """Return the places of `count` examples of each digit that are no tests."""
    rest = np.random.default_rng(seed).permutation(order[TESTS:])
    each = [rest[labels[rest] == digit][:count] for digit in range(10)]
    return np.concatenate(each)


def tried(way, count, seed, until=None, rate=REST, times=1):
    """Train in one way, and return the share of the tests that come out right.

    Args:
        way: "scratch", the same network with new weights; "frozen", a new
            head on the letters' network; "tuned", the head first and then
            all behind the layer `until` as well.
        count: labels of each digit.
        seed: of the choice of examples, the initial weights and the order.
        until: see "tuned".
        rate: the learning rate of the second stage.
        times: how many times as long it trains.
    """
    images, labels, order = pages()
    given, tests = chosen(labels, order, count, seed), order[:TESTS]
    keras.utils.set_random_seed(seed)
    shape = (PAGE, PAGE, 1)
    if way == "scratch":
        base = as_model(classifier, shape, classes=2, filters=FILTERS)
    else:
        base = source_model()
    model = replace_head(base, "features", 10)
    all_of = LABELS[count] * times
    half = all_of // 2
    epochs = {"scratch": (0, all_of), "frozen": (all_of, 0), "tuned": (half, half)}
    fine_tune(
        model,
        images[given],
        labels[given],
        until,
        epochs=epochs[way],
        learning_rates=(HEAD, rate),
        seed=seed,
    )
    found = model.predict(images[tests], batch_size=200, verbose=0).argmax(axis=-1)
    return round(float((found == labels[tests]).mean()), 4)


def plan():
    """Yield what is tried: a name, the labels of each digit, and settings."""
    for count in LABELS:
        for way in ("scratch", "frozen", "tuned"):
            yield way, way, count, {}
    for count in (3, 30):
        for until in ("relu_1", "relu_2"):
            yield f"until {until}", "tuned", count, {"until": until}
    yield "scratch, longer", "scratch", 30, {"times": 3}
    for rate in RATES:
        yield f"rate {rate}", "tuned", 10, {"rate": rate}


def main():
    """Try everything, and write the result after each training."""
    results = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    for seed in SEEDS:
        for name, way, count, settings in plan():
            of = results.setdefault(name, {}).setdefault(str(count), {})
            if str(seed) not in of:
                of[str(seed)] = tried(way, count, seed, **settings)
                RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")
                print(seed, name, count, of[str(seed)], flush=True)


if __name__ == "__main__":
    main()
