"""Segment hidden pages from clicks, by encoders with and without pretraining, over seeds.

Run it with `python book/_data/capstone_labels.py` from the course's folder; it takes many
minutes. Seeds that `capstone_labels.json` beside this already holds are left out; delete it to
train them all.
"""

import json
import time
from pathlib import Path

import keras
import numpy as np

from course_lib import capstone as topic
from course_lib import capstone_pages as made
from course_lib.models import as_model
from course_lib.unet import mean_iou

RESULT = Path(__file__).with_suffix(".json")
CLASSES, FEW, MANY, TESTS = 6, 5, 200, 30
SEEDS = (0, 1, 2, 3, 4)


def drawn(seed, clicks=1):
    """Return unlabelled pages, pages, their clicks, hidden pages and masks."""
    unlabelled, _ = made.pages(MANY, seed=1000 + seed)
    pages, masks = made.pages(FEW, seed=2000 + seed)
    hidden, truth = made.pages(TESTS, seed=3000 + seed, unseen=True)
    return unlabelled, pages, made.click(masks, clicks, seed), hidden, truth


def new_encoder(seed):
    """Return an encoder that has learnt nothing yet."""
    keras.utils.set_random_seed(seed)
    return as_model(topic.encoder, (None, None, 1))


def from_scratch(seed):
    """Return the same model with new weights, all of them to be trained."""
    network = new_encoder(seed)
    model = topic.segmenter(network, CLASSES)
    network.trainable = True
    # The frozen encoder infers; this one has to learn its averages too.
    head = [layer for layer in model.layers if layer not in (network, model.layers[0])]
    tensor = keras.Input((None, None, 1))
    output = network(tensor)
    for layer in head:
        output = layer(output)
    return keras.Model(tensor, output)


def local_statistics(images):
    """Return for each pixel means, deviations and mean differences around it, at three sizes."""
    from scipy.ndimage import uniform_filter

    down = np.abs(np.diff(images, axis=1, prepend=images[:, :1]))
    right = np.abs(np.diff(images, axis=2, prepend=images[:, :, :1]))
    found = [images]
    for size in (5, 11, 21):
        window = (0, size, size, 0)
        mean = uniform_filter(images, window)
        variance = uniform_filter(images**2, window) - mean**2
        found += [mean, np.sqrt(np.maximum(variance, 0))]
        found += [uniform_filter(differences, window) for differences in (down, right)]
    return np.concatenate(found, axis=-1)


def by_statistics(pages, points, hidden):
    """Segment by a logistic regression on local statistics."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    given, clicked = local_statistics(pages), points >= 0
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(given[clicked], points[clicked])
    return fitted.predict(local_statistics(hidden).reshape(-1, given.shape[-1])).reshape(
        hidden.shape[:-1]
    )


def predicted(model, images):
    """Return the likeliest class of each pixel."""
    return model.predict(images, verbose=0).argmax(axis=-1)


def arms(seed, clicks=1):
    """Return the mean IoU of each way, and the seconds of CPU that the whole one took."""
    unlabelled, pages, points, hidden, truth = drawn(seed, clicks)
    score = lambda masks: round(mean_iou(truth, masks, CLASSES)[1], 4)  # noqa: E731
    found, started = {}, time.process_time()
    network = topic.pretrain(unlabelled, seed)
    found["seconds of pretraining"] = round(time.process_time() - started, 1)
    started = time.process_time()
    model = topic.segmenter(network, CLASSES)
    topic.fit_points(model, pages, points)
    found["pretrained"] = score(predicted(model, hidden))
    found["seconds of the head"] = round(time.process_time() - started, 1)
    network.trainable = True
    topic.fit_points(model, pages, points, 40, 1e-3)
    found["fine-tuned"] = score(predicted(model, hidden))
    model = from_scratch(seed)
    topic.fit_points(model, pages, points, 150, 3e-3)
    found["scratch"] = score(predicted(model, hidden))
    model = topic.segmenter(new_encoder(seed), CLASSES)
    topic.fit_points(model, pages, points)
    found["random encoder"] = score(predicted(model, hidden))
    found["local statistics"] = score(by_statistics(pages, points, hidden))
    most = np.bincount(points[points >= 0]).argmax()
    found["one class"] = score(np.full_like(truth, most))
    return found


def main():
    """Run every seed, and write the result after each."""
    results = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    for seed in SEEDS:
        if str(seed) not in results:
            results[str(seed)] = arms(seed)
            RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf8")
            print(seed, results[str(seed)], flush=True)


if __name__ == "__main__":
    main()
