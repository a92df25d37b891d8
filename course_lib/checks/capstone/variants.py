"""Correct answers of `capstone` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import random

import keras
import numpy as np
from keras import layers, ops

from course_lib.checks.capstone.cases import crop_pairs, point_loss, segment, segmenter

# --- crop_pairs ----------------------------------------------------------------------------------


@crop_pairs.variant
def one_by_one(pages, count, size=16, shift=8, seed=0):
    """Python's own random numbers; what falls off the page is moved back."""
    draw = random.Random(seed)
    batch, height, width, _ = pages.shape
    pairs = []
    for _ in range(count):
        page = pages[draw.randrange(batch)]
        row, column = draw.randint(0, height - size), draw.randint(0, width - size)
        down = min(max(row + draw.randint(-shift, shift), 0), height - size)
        right = min(max(column + draw.randint(-shift, shift), 0), width - size)
        first = page[row : row + size, column : column + size]
        pairs.append([first, page[down : down + size, right : right + size]])
    return np.array(pairs)


@crop_pairs.variant
def without_a_loop(pages, count, size=16, shift=8, seed=0):
    """Indices that broadcast; the second square first, and tried again where it falls off."""
    generator = np.random.RandomState(seed)
    numbers = generator.randint(len(pages), size=count)
    room = np.array(pages.shape[1:3]) - size + 1
    second = np.stack([generator.randint(one, size=count) for one in room], axis=1)
    first = second + generator.randint(-shift, shift + 1, second.shape)
    while ((first < 0) | (first >= room)).any():
        off = ((first < 0) | (first >= room)).any(axis=1)
        first[off] = second[off] + generator.randint(-shift, shift + 1, (off.sum(), 2))
    along = np.arange(size)
    stacks = [
        pages[
            numbers[:, None, None],
            corner[:, 0, None, None] + along[:, None],
            corner[:, 1, None, None] + along,
        ]
        for corner in (first, second)
    ]
    return np.stack(stacks, axis=1)


@crop_pairs.forbid
def the_courses_pairs(pages, count, size=16, shift=8, seed=0):
    from course_lib.capstone import crop_pairs

    return crop_pairs(pages, count, size, shift, seed)


# --- point_loss ----------------------------------------------------------------------------------


@point_loss.variant
def by_one_hot(truth, prediction):
    """A class of -1 is no class: its row of zeros takes nothing."""
    kinds = ops.one_hot(ops.cast(truth, "int32"), prediction.shape[-1])
    logs = ops.log(ops.clip(prediction, 1e-7, 1))
    return -ops.sum(kinds * logs) / ops.maximum(ops.sum(kinds), 1)


@point_loss.variant
def by_ignoring(truth, prediction):
    """Keras leaves a class out, and counts it in the mean."""
    losses = keras.losses.sparse_categorical_crossentropy(truth, prediction, ignore_class=-1)
    clicks = ops.sum(ops.cast(ops.not_equal(ops.cast(truth, "int32"), -1), "float32"))
    return ops.divide_no_nan(ops.sum(losses), clicks)


@point_loss.variant
def flattened(truth, prediction):
    truth = ops.reshape(ops.cast(truth, "int32"), (-1,))
    prediction = ops.reshape(prediction, (-1, prediction.shape[-1]))
    known = ops.where(truth < 0, 0.0, 1.0)
    chosen = ops.take_along_axis(prediction, ops.maximum(truth, 0)[:, None], axis=1)[:, 0]
    total = ops.sum(ops.where(truth < 0, 0.0, -ops.log(chosen + 1e-7)))
    return total / ops.maximum(ops.sum(known), 1.0)


@point_loss.variant
def by_a_mask(truth, prediction):
    """The clicks alone, picked by TensorFlow, and asked for with ==."""
    truth, prediction = ops.convert_to_tensor(truth), ops.convert_to_tensor(prediction)
    known = ops.logical_not(truth == -1)
    losses = keras.losses.sparse_categorical_crossentropy(truth[known], prediction[known])
    return ops.cond(ops.any(known), lambda: ops.mean(losses), lambda: 0.0)


@point_loss.forbid
def the_courses_loss(truth, prediction):
    from course_lib.capstone import point_loss

    return point_loss(truth, prediction)


# --- segmenter -----------------------------------------------------------------------------------


@segmenter.variant
def in_a_row(encoder, classes):
    encoder.trainable = False
    head = [
        layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same"),
        layers.Dense(classes),
        layers.UpSampling2D((4, 4), interpolation="bilinear"),
        layers.Softmax(axis=-1),
    ]
    return keras.Sequential([keras.Input((None, None, encoder.input_shape[-1])), encoder, *head])


@segmenter.variant
def on_top_of_the_encoders_output(encoder, classes):
    """No nested model; what is linear in another order; the encoder's layers frozen one by one."""
    for layer in encoder.layers:
        layer.trainable = False
    x = layers.Conv2D(classes, (1, 1))(encoder.output)
    x = layers.AvgPool2D(3, 1, "same")(x)
    x = layers.UpSampling2D(size=4, interpolation="bilinear")(x)
    return keras.Model(encoder.input, ops.softmax(x, axis=-1))


@segmenter.forbid
def the_courses_segmenter(encoder, classes):
    from course_lib.capstone import segmenter

    return segmenter(encoder, classes)


# --- segment -------------------------------------------------------------------------------------


def _pairs(pages, count):
    rng = np.random.default_rng(3)
    pairs = np.empty((count, 2, 16, 16, 1), np.float32)
    for pair in pairs:
        page, corner = pages[rng.integers(len(pages))], rng.integers(0, 49, 2)
        for square in pair:
            row, column = np.clip(corner + rng.integers(-4, 5, 2), 0, 48)
            piece = page[row : row + 16, column : column + 16]
            square[:] = rng.uniform(0.6, 1.6) * (piece - piece.mean()) + rng.uniform(-0.5, 0.5)
    return pairs + rng.normal(0, 0.2, pairs.shape).astype(np.float32)


def _contrast(_, embeddings):
    rows = ops.reshape(ops.transpose(ops.normalize(embeddings, axis=-1), (1, 0, 2)), (200, 32))
    scores = ops.matmul(rows, ops.transpose(rows)) / 0.2 - 1e9 * ops.eye(200)
    partners = ops.one_hot(ops.roll(ops.arange(200), -100), 200)
    return -ops.mean(ops.sum(partners * ops.log_softmax(scores), axis=-1))


@segment.variant
def clicked_features_alone(unlabelled, pages, points, hidden):
    """A head that is fitted to the features under the clicks, and no segmentation network."""
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential([keras.Input((None, None, 1))])
    for maps in (16, 32, 48):
        encoder.add(layers.Conv2D(maps, 3, padding="same", use_bias=False))
        encoder.add(layers.BatchNormalization(momentum=0.9))
        encoder.add(layers.Activation("relu"))
        if maps < 48:
            encoder.add(layers.MaxPooling2D())
    head = [layers.GlobalAveragePooling2D(), layers.Dense(64, use_bias=False)]
    head += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Dense(32)]
    head = keras.Sequential([*head, layers.BatchNormalization(momentum=0.9)])
    views = keras.Input((2, 16, 16, 1))
    both = [head(encoder(views[:, 0])), head(encoder(views[:, 1]))]
    model = keras.Model(views, ops.stack(both, axis=1))
    model.compile(keras.optimizers.Adam(7e-3), _contrast)
    model.fit(_pairs(unlabelled, 15000), np.zeros(15000), batch_size=100, verbose=0)
    mean = layers.AveragePooling2D(3, 1, "same")
    up = layers.UpSampling2D(4, interpolation="bilinear")
    known, wanted = (np.asarray(up(mean(encoder(one)))) for one in (pages, hidden))
    chosen = points >= 0
    rows, kinds = known[chosen], points[chosen]
    linear = keras.Sequential([keras.Input((48,)), layers.Dense(6, activation="softmax")])
    linear.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    linear.fit(rows, kinds, batch_size=len(rows), epochs=100, verbose=0)
    kernel, bias = linear.get_weights()
    return (wanted @ kernel + bias).argmax(axis=-1)


@segment.forbid
def the_courses_answer(unlabelled, pages, points, hidden):
    from course_lib import capstone

    capstone.crop_pairs(unlabelled, 1)
    return np.zeros(hidden.shape[:3], int)


@segment.forbid
def with_labels_from_elsewhere(unlabelled, pages, points, hidden):
    from sklearn.datasets import load_digits

    load_digits()
    return np.zeros(hidden.shape[:3], int)
