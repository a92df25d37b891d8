"""The surfaces of the chapter on the loss landscape: what was trained, and how they were drawn.

    python book/_data/loss_landscape.py            # all of it, some forty minutes on 2 busy cores
    python book/_data/loss_landscape.py --quick    # a small one of each kind, written nowhere

Plain and residual networks of one depth and with equally many parameters are trained on 1,500
digits of 8 x 8 pixels. Around the trained weights the loss on the first 256 of them is evaluated
on 21 x 21 points, along two filter-normalised random directions that are drawn from the same random
numbers for both networks. Results are written beside this file: loss_landscape.npz holds the
surfaces, loss_landscape.json how well each network had learnt.
"""

import argparse
import json
import time
from itertools import product
from pathlib import Path

import keras
import numpy as np

from course_lib.data import digits
from course_lib.loss_landscape import directions_of, loss_of, loss_surface, weights_of
from course_lib.models import as_model
from course_lib.residual import plain_network, resnet

HERE = Path(__file__).parent
DEPTHS, SEEDS, KINDS, STATISTICS = (56, 20), (0, 1, 2), ("plain", "residual"), ("batch", "moving")
EPOCHS, BATCH, RATE, TRAINED, SEEN = 8, 64, 0.02, 1500, 256
STEPS = np.linspace(-1, 1, 21)


def pictures():
    """Return images of mean 0 and standard deviation 1, and labels."""
    images, labels = digits()
    return ((images - images.mean()) / images.std()).astype("float32"), labels


def network(kind, depth):
    """Return an untrained network; both kinds have the same weights, in the same order."""
    if kind == "plain":
        return as_model(plain_network, (8, 8, 1), depth=depth, filters=8)
    return as_model(resnet, (8, 8, 1), depth=depth, filters=8, projection=False)


def train(kind, depth, seed, epochs=EPOCHS):
    """Return a trained network and its accuracy on the images that it saw and on the others."""
    images, labels = pictures()
    keras.utils.set_random_seed(seed)
    model = network(kind, depth)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE, momentum=0.9), entropy, metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)  # spares a trace
    seen, new = slice(None, TRAINED), slice(TRAINED, None)
    model.fit(images[seen], labels[seen], BATCH, epochs, verbose=0)
    scores = [model.evaluate(images[part], labels[part], verbose=0)[1] for part in (seen, new)]
    return model, scores


def surface(model, seed, statistics, steps=STEPS, count=SEEN):
    """Return the loss around a model's weights, of shape `(points, points)`."""
    images, labels = pictures()
    weights = weights_of(model)
    loss = loss_of(model, images[:count], labels[:count], statistics)
    return loss_surface(loss, weights, directions_of(weights, seed), steps)


def everything(depths=DEPTHS, seeds=SEEDS, epochs=EPOCHS, steps=STEPS, count=SEEN):
    """Yield a name, a network's scores, and its surfaces by what batch normalisation used."""
    for depth, seed, kind in product(depths, seeds, KINDS):
        begun = time.perf_counter()
        model, scores = train(kind, depth, seed, epochs)
        drawn = {way: surface(model, seed, way, steps, count) for way in STATISTICS}
        print(f"{kind} {depth}, seed {seed}: accuracy {scores[0]:.3f} {scores[1]:.3f}, "
              f"{time.perf_counter() - begun:.0f} s", flush=True)  # fmt: skip
        yield f"{kind}-{depth}-{seed}", scores, drawn
        keras.backend.clear_session()


def main():
    """Compute all surfaces and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small one of each kind")
    if parser.parse_args().quick:
        list(everything((8,), (0,), 1, np.linspace(-1, 1, 3), 64))
        return
    surfaces, told = {}, {}
    for name, scores, drawn in everything():
        told[name] = [round(score, 4) for score in scores]
        surfaces |= {f"{name}-{way}": values.astype("float32") for way, values in drawn.items()}
        np.savez_compressed(HERE / "loss_landscape.npz", steps=STEPS, **surfaces)
        (HERE / "loss_landscape.json").write_text(json.dumps(told, indent=1) + "\n", "utf8")


if __name__ == "__main__":
    main()
