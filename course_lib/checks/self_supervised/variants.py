"""Correct answers of `self_supervised` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import random

import keras
import numpy as np
from keras import ops

from course_lib.checks.self_supervised.cases import augment_pair, linear_probe, nt_xent

# --- augment_pair --------------------------------------------------------------------------------


@augment_pair.variant
def image_by_image(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.RandomState(seed)
    height, width = images.shape[1:3]

    def view(image):
        padded = np.pad(image, [(shift, shift), (shift, shift), (0, 0)], "edge")
        top, left = rng.randint(0, 2 * shift + 1, 2)
        return padded[top : top + height, left : left + width] * rng.uniform(
            1 - contrast, 1 + contrast
        )

    pairs = [(view(image), view(image)) for image in images.astype("float32")]
    return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])


@augment_pair.variant
def by_clipped_places(images, seed=0, shift=1, contrast=0.3):
    """Rows and columns are looked up, and those outside are the border's."""
    rng = np.random.default_rng(seed)
    batch, height, width, _ = images.shape

    def view():
        down, right = rng.integers(-shift, shift, (2, batch), endpoint=True)
        rows = np.clip(np.arange(height) - down[:, None], 0, height - 1)
        columns = np.clip(np.arange(width) - right[:, None], 0, width - 1)
        moved = images[np.arange(batch)[:, None, None], rows[:, :, None], columns[:, None, :]]
        return moved * (1 + contrast * (2 * rng.random((batch, 1, 1, 1)) - 1))

    return [view(), view()]


@augment_pair.variant
def by_the_standard_library(images, seed=0, shift=1, contrast=0.3):
    """All views at once, first and second in turn, with Python's own random numbers."""
    draw = random.Random(seed)
    twice = np.repeat(np.asarray(images, dtype=float), 2, axis=0)
    for place, image in enumerate(twice):
        for axis in (0, 1):
            step = draw.randint(-shift, shift)
            size = image.shape[axis]
            places = [min(max(i - step, 0), size - 1) for i in range(size)]
            image = image.take(places, axis=axis)
        twice[place] = image * draw.uniform(1 - contrast, 1 + contrast)
    return twice[0::2], twice[1::2]


@augment_pair.variant
def stacked(images, seed=0, shift=1, contrast=0.3):
    """One array of both, made by SciPy, first the contrast and then the step."""
    from scipy import ndimage

    rng = np.random.default_rng([seed, 1])
    views = np.stack([images, images]).astype(np.float32)
    views *= rng.uniform(1 - contrast, 1 + contrast, (2, len(images), 1, 1, 1))
    for view in views:
        for place in range(len(view)):
            step = (*rng.integers(-shift, shift + 1, 2), 0)
            view[place] = ndimage.shift(view[place], step, order=0, mode="nearest")
    return views


@augment_pair.forbid
def the_courses_pair(images, seed=0, shift=1, contrast=0.3):
    from course_lib.self_supervised import augment_pair

    return augment_pair(images, seed, shift, contrast)


@augment_pair.forbid
def ready_layers(images, seed=0, shift=1, contrast=0.3):
    layer = keras.layers.RandomTranslation(
        shift / images.shape[1], shift / images.shape[2], fill_mode="nearest", seed=seed
    )
    return [np.asarray(layer(images, training=True)) for _ in range(2)]


# --- nt_xent -------------------------------------------------------------------------------------


def _refuse(first, second):
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} against {second.shape}")


@nt_xent.variant
def by_the_formula(first, second, temperature=0.5):
    """Exponentials, with the diagonal cut out by a mask, and bare slices of tensors."""
    _refuse(first, second)
    batch = first.shape[0]
    rows = ops.concatenate([first, second])
    rows = rows / ops.norm(rows, axis=1, keepdims=True)
    powers = ops.exp(ops.matmul(rows, ops.transpose(rows)) / temperature)
    below = ops.sum(powers * (1 - ops.eye(2 * batch)), axis=1)
    positive = ops.sum(rows[:batch] * rows[batch:], axis=1) / temperature
    return ops.mean(ops.log(below)) - ops.mean(positive)


@nt_xent.variant
def by_four_matrices(first, second, temperature=0.5):
    """As SimCLR's own code: two choices of n, each among n - 1 of its view and n of the other."""
    _refuse(first, second)
    batch = ops.shape(first)[0]
    first, second = (ops.normalize(rows, axis=-1) for rows in (first, second))
    labels = ops.one_hot(ops.arange(batch), 2 * batch)
    far = ops.one_hot(ops.arange(batch), batch) * 1e9

    def among(one, two):
        other = ops.matmul(one, ops.transpose(two)) / temperature
        own = ops.matmul(one, ops.transpose(one)) / temperature - far
        scores = ops.concatenate([other, own], 1)
        return keras.losses.categorical_crossentropy(labels, scores, from_logits=True)

    return ops.mean(among(first, second) + among(second, first)) / 2


@nt_xent.variant
def row_by_row(first, second, temperature=0.5):
    """Loops over the rows, as the formula is written."""
    _refuse(first, second)
    n = first.shape[0]
    z = [x / ops.sqrt(ops.sum(ops.square(x))) for f in (first, second) for x in _each(f, n)]
    s = [[ops.sum(a * b) / temperature for b in z] for a in z]
    total = 0.0
    for i in range(2 * n):
        j = i + n if i < n else i - n
        others = sum(ops.exp(s[i][k]) for k in range(2 * n) if k != i)
        total = total - ops.log(ops.exp(s[i][j]) / others)
    return total / (2 * n)


def _each(rows, count):
    return [rows[i] for i in range(count)]


@nt_xent.variant
def by_log_softmax(first, second, temperature=0.5):
    _refuse(first, second)
    n = first.shape[0]
    rows = keras.utils.normalize(ops.concatenate((first, second), axis=0), axis=1)
    similarity = ops.einsum("id,jd->ij", rows, rows)
    scores = ops.where(np.eye(2 * n, dtype=bool), -np.inf, similarity / temperature)
    logs = ops.log_softmax(scores, axis=-1)
    places = np.roll(np.arange(2 * n), n).reshape(-1, 1)
    return -ops.mean(ops.take_along_axis(logs, places, axis=1))


@nt_xent.variant
def by_alternating_rows(first, second, temperature=0.5):
    """Both views of an image next to each other; partners are neighbours then."""
    _refuse(first, second)
    count, width = first.shape
    rows = ops.reshape(ops.stack([first, second], axis=1), (2 * count, width))
    rows = rows / ops.sqrt(ops.sum(rows**2, axis=1, keepdims=True) + 1e-12)
    scores = rows @ ops.transpose(rows) / temperature - 1e9 * ops.eye(2 * count)
    partners = [i + 1 if i % 2 == 0 else i - 1 for i in range(2 * count)]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss(ops.array(partners), scores)


@nt_xent.forbid
def the_courses_loss(first, second, temperature=0.5):
    from course_lib.self_supervised import nt_xent

    return nt_xent(first, second, temperature)


@nt_xent.forbid
def the_courses_lengths(first, second, temperature=0.5):
    from course_lib.self_supervised import unit_length

    rows = unit_length(ops.concatenate([first, second]))
    return ops.mean(ops.logsumexp(ops.matmul(rows, ops.transpose(rows)) / temperature, axis=1))


# --- linear_probe --------------------------------------------------------------------------------


@linear_probe.variant
def down_the_gradient(train_features, train_labels, features, labels):
    """Plain gradient descent from random weights, without a penalty."""
    mean, std = train_features.mean(0), train_features.std(0) + 1e-8
    x, z = (train_features - mean) / std, (features - mean) / std
    classes = int(max(train_labels)) + 1
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(0, 0.01, (x.shape[1], classes)), np.zeros(classes)
    target = np.eye(classes)[train_labels]
    for _ in range(500):
        scores = x @ weights + bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        error = (powers / powers.sum(axis=1, keepdims=True) - target) / len(x)
        weights -= 0.5 * x.T @ error
        bias -= 0.5 * error.sum(axis=0)
    return np.mean((z @ weights + bias).argmax(axis=1) == labels)


@linear_probe.variant
def with_momentum_and_a_penalty(train_features, train_labels, features, labels):
    """The labels that occur, a column of ones, weights pulled to zero, biases too."""
    mean = np.mean(train_features, axis=0, dtype=np.float64)
    deviation = np.std(train_features, axis=0, dtype=np.float64)
    deviation = np.where(deviation > 0, deviation, 1)

    def prepared(rows):
        return np.c_[(rows - mean) / deviation, np.ones(len(rows))]

    x, kinds = prepared(train_features), sorted(set(train_labels.tolist()))
    target = np.array([[float(label == kind) for kind in kinds] for label in train_labels])
    weights = np.zeros((x.shape[1], len(kinds)))
    speed = np.zeros_like(weights)
    for _ in range(200):
        powers = np.exp(np.clip(x @ weights, -50, 50))
        slope = x.T @ (powers / powers.sum(1)[:, None] - target) / len(x) + 0.001 * weights
        speed = 0.9 * speed - 0.2 * slope
        weights = weights + speed
    places = np.argmax(prepared(features) @ weights, axis=1)
    right = sum(kinds[place] == label for place, label in zip(places, labels, strict=True))
    return right / len(labels)


@linear_probe.variant
def one_row_at_a_time(train_features, train_labels, features, labels):
    """Stochastic steps, one row each."""
    rng = np.random.default_rng(1)
    mean, deviation = train_features.mean(axis=0), train_features.std(axis=0)
    deviation[deviation == 0] = 1
    x, z = (np.float64((rows - mean) / deviation) for rows in (train_features, features))
    weights, bias = np.zeros((1 + train_labels.max(), x.shape[1])), np.zeros(1 + train_labels.max())
    for epoch in range(60):
        rate = 0.3 / (1 + 0.1 * epoch)
        for i in rng.permutation(len(x)):
            scores = weights @ x[i] + bias
            error = np.exp(scores - scores.max())
            error /= error.sum()
            error[train_labels[i]] -= 1
            weights -= rate * np.outer(error, x[i])
            bias -= rate * error
    return float(((z @ weights.T + bias).argmax(-1) == labels).mean())


@linear_probe.forbid
def the_courses_probe(train_features, train_labels, features, labels):
    from course_lib.self_supervised import linear_probe

    return linear_probe(train_features, train_labels, features, labels)


@linear_probe.forbid
def by_scikit_learn(train_features, train_labels, features, labels):
    from sklearn.linear_model import LogisticRegression

    mean, deviation = train_features.mean(0), train_features.std(0) + 1e-9
    model = LogisticRegression().fit((train_features - mean) / deviation, train_labels)
    return model.score((features - mean) / deviation, labels)
