"""How the numbers in `self_supervised_labels.json` came about; the chapter shows them.

An encoder learns from 1,200 digits without labels. Then a few labels are given out, to a linear
probe on its features and to those that it is compared with.
`python book/_data/self_supervised_labels.py` runs it again; it takes about five minutes.
"""

import functools
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

from course_lib.data import digits
from course_lib.models import as_model
from course_lib.self_supervised import (
    embed,
    few_labels,
    linear_probe,
    pretrain,
    small_encoder,
    turned_pair,
)

RESULT = Path(__file__).with_suffix(".json")
EACH, SEEDS, EPOCHS, STEPS = (1, 3, 10, 30, 80), (0, 1, 2, 3, 4), 20, 240
TRAIN = 1200


def data():
    """Shuffle the digits: the file has them sorted by who wrote them."""
    images, labels = digits()
    order = np.random.default_rng(0).permutation(len(images))
    return images[order].astype("float32"), labels[order]


def encoder(seed):
    """Build an encoder with weights of its own."""
    keras.utils.set_random_seed(seed)
    return as_model(small_encoder, (8, 8, 1))


def pretrained(seed, epochs=EPOCHS, **settings):
    """Return an encoder that has seen the training images and no label."""
    made = encoder(seed)
    pretrain(made, data()[0][:TRAIN], epochs, seed=seed, **settings)
    return made


def probed(features, each, seed):
    """Return the accuracy of a linear probe with so many labels a class."""
    labels = data()[1]
    chosen = few_labels(labels[:TRAIN], each, seed)
    known = features[chosen], labels[chosen]
    return linear_probe(*known, features[TRAIN:], labels[TRAIN:])


def classifier(seed):
    """Build an encoder with a dense layer on its features."""
    base = encoder(seed)
    return keras.Model(base.input, layers.Dense(10)(base.output))


@functools.cache
def compiled():
    """Compile a classifier once: that takes longer than training it."""
    model = classifier(0)
    rate = keras.optimizers.schedules.CosineDecay(0.003, STEPS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, steps_per_execution=20)
    model.optimizer.build(model.trainable_variables)
    return model, [one.numpy() for one in model.optimizer.variables]


def trained(each, seed, weights=None, steps=STEPS):
    """Return the accuracy of encoder and classifier trained on these labels.

    Args:
        each: labels a class.
        seed: of the weights, and of which labels are given out.
        weights: of a pretrained encoder to begin with; else fresh ones.
        steps: of 32 images each, in views like those of pretraining.
    """
    images, labels = data()
    rng = np.random.default_rng(seed)
    model, rested = compiled()
    fresh = classifier(seed).get_weights()
    model.set_weights([*(weights or fresh[:-2]), *fresh[-2:]])
    for variable, value in zip(model.optimizer.variables, rested, strict=True):
        variable.assign(value)
    chosen = few_labels(labels[:TRAIN], each, seed)
    drawn = rng.choice(chosen, steps * 32)
    views = turned_pair(images[drawn], rng)[0]
    model.fit(views, labels[drawn], batch_size=32, shuffle=False, verbose=0)
    guessed = np.argmax(embed(model, images[TRAIN:]), axis=-1)
    return float(np.mean(guessed == labels[TRAIN:]))


def main():
    """Try every arm with every number of labels and every seed; write after each seed."""
    images, _ = data()
    arms = ("pretrained", "random", "pixels", "scratch", "tuned")
    runs = {arm: {each: [] for each in EACH} for arm in arms}
    for seed in SEEDS:
        learnt = pretrained(seed)
        features = {
            "pretrained": embed(learnt, images),
            "random": embed(encoder(seed), images),
            "pixels": images.reshape(len(images), -1),
        }
        for each in EACH:
            for arm, of in features.items():
                runs[arm][each].append(round(probed(of, each, seed), 4))
            for arm, start in (("scratch", None), ("tuned", learnt.get_weights())):
                runs[arm][each].append(round(trained(each, seed, start), 4))
        result = {"each": EACH, "seeds": SEEDS, "epochs": EPOCHS, "runs": runs}
        RESULT.write_text(json.dumps(result) + "\n", encoding="utf8")
        print(seed, {arm: [of[e][-1] for e in EACH] for arm, of in runs.items()}, flush=True)


if __name__ == "__main__":
    main()
