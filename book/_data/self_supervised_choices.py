"""How the numbers in `self_supervised_choices.json` came about; the chapter shows them.

Views, temperature and batch size of the pretraining are changed one at a time, and a probe with
ten labels a class says what the features are worth. `python
book/_data/self_supervised_choices.py` runs it again; it takes about ten minutes.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from self_supervised_labels import TRAIN, data, pretrained, probed

from course_lib.self_supervised import augment_pair, embed, turned_pair

RESULT = Path(__file__).with_suffix(".json")
SEEDS, EPOCHS, EACH, DRAWS = (0, 1, 2), 20, 10, 3


def no_change(images, rng):
    """Return each image twice as it is."""
    return images, images


def contrast_only(images, rng):
    """Return two views that differ in brightness alone."""
    return augment_pair(images, rng, shift=0)


def turned_far(images, rng):
    """Return two views turned by up to a half turn: a 6 may become a 9."""
    return turned_pair(images, rng, degrees=180)


CHOICES = {
    "no change": {"augment": no_change},
    "contrast": {"augment": contrast_only},
    "shift and contrast": {"augment": augment_pair},
    "all, as used": {},
    "turned by up to 180": {"augment": turned_far},
    "temperature 0.05": {"temperature": 0.05},
    "temperature 0.2": {"temperature": 0.2},
    "temperature 2": {"temperature": 2.0},
    "batches of 8": {"batch_size": 8},
    "batches of 32": {"batch_size": 32},
    "batches of 512": {"batch_size": 512},
}


def tried(name, seed, epochs=EPOCHS):
    """Return the accuracy of a probe on features pretrained with one choice changed."""
    features = embed(pretrained(seed, epochs, **CHOICES[name]), data()[0])
    return float(np.mean([probed(features, EACH, draw) for draw in range(DRAWS)]))


def main():
    """Try each choice with each seed; write after each."""
    result = {"seeds": SEEDS, "epochs": EPOCHS, "each": EACH, "train": TRAIN, "runs": {}}
    for name in CHOICES:
        result["runs"][name] = [round(tried(name, seed), 4) for seed in SEEDS]
        RESULT.write_text(json.dumps(result) + "\n", encoding="utf8")
        print(name, result["runs"][name], flush=True)


if __name__ == "__main__":
    main()
