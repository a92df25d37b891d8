"""Correct answers of `unet` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
import numpy as np
from keras import layers, ops

from course_lib.checks.unet.cases import dice_loss, iou, train_unet, unet

# --- unet ----------------------------------------------------------------------------------------


@unet.variant
def as_in_the_paper(tensor, filters=(8, 16, 32), classes=1, skips=True):
    """No normalisation; pad the image to a multiple and cut the output."""
    height, width = tensor.shape[1:3]
    multiple = 2 ** (len(filters) - 1)
    below, right = -height % multiple, -width % multiple
    x = layers.ZeroPadding2D(((0, below), (0, right)))(tensor)
    kept = []
    for maps in filters[:-1]:
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        kept.append(x)
        x = layers.MaxPool2D()(x)
    x = layers.Conv2D(filters[-1], 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(filters[-1], 3, activation="relu", padding="same")(x)
    for maps, skip in zip(filters[-2::-1], kept[::-1], strict=True):
        x = layers.Conv2DTranspose(maps, 2, strides=2, padding="same")(x)
        if skips:
            x = layers.concatenate([x, skip])
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(classes, 1, activation="sigmoid" if classes == 1 else "softmax")(x)
    return layers.Cropping2D(((0, below), (0, right)))(x)


@unet.variant
def by_recursion(tensor, filters=(8, 16, 32), classes=1, skips=True):
    """A level holds the level below it; batch normalisation, operations in place of layers."""

    def convolve(x, maps):
        for _ in range(2):
            x = layers.Conv2D(maps, 3, padding="same", use_bias=False)(x)
            x = ops.relu(layers.BatchNormalization(epsilon=1e-5)(x))
        return x

    def level(x, filters):
        x = convolve(x, filters[0])
        if len(filters) == 1:
            return x
        height, width = x.shape[1:3]
        up = level(layers.MaxPooling2D(padding="same")(x), filters[1:])
        up = layers.Conv2DTranspose(filters[0], 2, 2, use_bias=False)(up)[:, :height, :width]
        return convolve(ops.concatenate([x, up], axis=-1) if skips else up, filters[0])

    scores = layers.Dense(classes)(level(tensor, list(filters)))
    return ops.sigmoid(scores) if classes == 1 else ops.softmax(scores)


@unet.variant
def repeated_and_convolved(tensor, filters=(8, 16, 32), classes=1, skips=True):
    """Up-convolutions as repeating and a 2x2 convolution, dropout at the bottom, nested models."""

    def block(x, maps):
        inputs = keras.Input(x.shape[1:])
        y = layers.Conv2D(maps, (3, 3), padding="same", kernel_initializer="he_normal")(inputs)
        y = layers.Activation("relu")(y)
        y = layers.Conv2D(maps, (3, 3), padding="same", kernel_initializer="he_normal")(y)
        return keras.Model(inputs, layers.Activation("relu")(y))(x)

    stack, x = [], tensor
    for maps in filters[:-1]:
        stack.append(block(x, maps))
        x = layers.MaxPooling2D((2, 2), padding="same")(stack[-1])
    x = layers.Dropout(0.3)(block(x, filters[-1]))
    for maps in reversed(filters[:-1]):
        skip = stack.pop()
        x = layers.Conv2D(maps, 2, padding="same")(layers.UpSampling2D()(x))
        if x.shape[1:3] != skip.shape[1:3]:
            below, right = (a - b for a, b in zip(x.shape[1:3], skip.shape[1:3], strict=True))
            x = layers.Cropping2D(((0, below), (0, right)))(x)
        x = block(layers.Concatenate(axis=3)([skip, x]) if skips else x, maps)
    x = layers.Conv2D(classes, 1)(x)
    return layers.Activation("sigmoid")(x) if classes == 1 else layers.Softmax()(x)


@unet.variant
def by_operations(tensor, filters=(8, 16, 32), classes=1, skips=True):
    """Rims put around before valid convolutions, pooling by reshape, normalisation by the image."""

    def convolve(x, maps):
        for _ in range(2):
            x = layers.Conv2D(maps, 3)(layers.ZeroPadding2D(1)(x))
            x = ops.maximum(layers.GroupNormalization(1)(x), 0)
        return x

    def pool(x):
        height, width, maps = x.shape[1:]
        x = ops.pad(x, [[0, 0], [0, height % 2], [0, width % 2], [0, 0]])
        fours = ops.reshape(x, (-1, -(-height // 2), 2, -(-width // 2), 2, maps))
        return ops.max(fours, axis=(2, 4))

    kept = [convolve(tensor, filters[0])]
    for maps in filters[1:]:
        kept.append(convolve(pool(kept[-1]), maps))
    x = kept.pop()
    for maps in filters[-2::-1]:
        skip = kept.pop()
        x = layers.Conv2DTranspose(maps, 2, 2)(x)[:, : skip.shape[1], : skip.shape[2]]
        x = convolve(ops.concatenate([skip, x], -1) if skips else x, maps)
    scores = layers.Conv2D(classes, 1)(x)
    if classes == 1:
        return 1 / (1 + ops.exp(-scores))
    powers = ops.exp(scores)
    return powers / ops.sum(powers, axis=-1, keepdims=True)


@unet.forbid
def the_courses_unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    from course_lib import unet as topic

    return topic.unet(tensor, filters, classes, skips)


@unet.forbid
def the_courses_convolutions(tensor, filters=(8, 16, 32), classes=1, skips=True):
    from course_lib.unet import double_conv, probabilities

    return probabilities(double_conv(tensor, filters[0]), classes)


# --- iou -----------------------------------------------------------------------------------------


@iou.variant
def image_by_image(truth, prediction, threshold=0.5):
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError("not the same shape")
    values = []
    for one, other in zip(truth, prediction, strict=True):
        one, other = one > 0, other > threshold
        either = np.logical_or(one, other).sum()
        values.append(np.logical_and(one, other).sum() / either if either else 1.0)
    return values


@iou.variant
def by_areas(truth, prediction, threshold=0.5):
    if np.shape(truth) != np.shape(prediction):
        raise ValueError("masks differ in shape")
    flat = (np.array(truth) > 0).reshape(len(truth), -1).astype(int)
    found = (np.array(prediction) > threshold).reshape(len(truth), -1).astype(int)
    both = (flat * found).sum(1)
    union = flat.sum(1) + found.sum(1) - both
    result = np.ones(len(flat))
    result[union > 0] = both[union > 0] / union[union > 0]
    return result


@iou.variant
def by_sets(truth, prediction, threshold=0.5):
    def places(mask):
        return set(zip(*np.nonzero(mask), strict=True))

    if truth.shape != prediction.shape:
        raise ValueError(f"{truth.shape} against {prediction.shape}")
    pairs = [(places(t > 0), places(p > threshold)) for t, p in zip(truth, prediction, strict=True)]
    return np.array([len(a & b) / len(a | b) if a | b else 1 for a, b in pairs])


@iou.forbid
def the_courses_iou(truth, prediction, threshold=0.5):
    from course_lib.unet import iou

    return iou(truth, prediction, threshold)


@iou.forbid
def by_scikit_learn(truth, prediction, threshold=0.5):
    from sklearn.metrics import jaccard_score

    pairs = zip(truth > 0, prediction > threshold, strict=True)
    return np.array([jaccard_score(t.ravel(), p.ravel(), zero_division=1) for t, p in pairs])


# --- dice_loss -----------------------------------------------------------------------------------


@dice_loss.variant
def flattened(truth, prediction, smooth=1.0):
    batch_axis, classes = -1, prediction.shape[-1]
    prediction = ops.cast(prediction, "float32")
    pixels = prediction.shape[1] * prediction.shape[2]
    truth = ops.reshape(ops.cast(truth, "float32"), (batch_axis, pixels, classes))
    prediction = ops.reshape(prediction, (batch_axis, pixels, classes))
    numerator = 2.0 * ops.sum(truth * prediction, axis=1) + smooth
    denominator = ops.sum(truth + prediction, axis=1) + smooth
    return 1.0 - ops.mean(numerator / denominator, axis=1)


@dice_loss.variant
def by_einsum(truth, prediction, smooth=1.0):
    prediction = ops.convert_to_tensor(prediction)
    truth = ops.cast(truth, "float32")
    both = ops.einsum("bhwc,bhwc->bc", truth, prediction)
    areas = ops.sum(truth, (1, 2)) + ops.sum(prediction, (1, 2))
    return ops.average((areas - 2 * both) / (areas + smooth), axis=1)


@dice_loss.variant
def class_by_class(truth, prediction, smooth=1.0):
    truth = ops.cast(truth, "float32")
    losses = []
    for c in range(prediction.shape[-1]):
        t, p = truth[..., c], prediction[..., c]
        both = ops.sum(ops.multiply(t, p), axis=[1, 2])
        losses.append(1 - (2 * both + smooth) / (ops.sum(t, [1, 2]) + ops.sum(p, [1, 2]) + smooth))
    return sum(losses) / len(losses)


@dice_loss.forbid
def the_courses_loss(truth, prediction, smooth=1.0):
    from course_lib.unet import dice_loss

    return dice_loss(truth, prediction, smooth)


@dice_loss.forbid
def the_ready_loss(truth, prediction, smooth=1.0):
    return keras.losses.Dice(axis=(1, 2, 3), reduction=None)(truth, prediction)


# --- train_unet ----------------------------------------------------------------------------------


def _soft_dice(truth, prediction):
    both = ops.sum(truth * prediction, axis=(1, 2, 3))
    areas = ops.sum(truth, axis=(1, 2, 3)) + ops.sum(prediction, axis=(1, 2, 3))
    return 1 - (2 * both + 1) / (areas + 1)


@train_unet.variant
def with_keras_losses(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    """Cross-entropy alone, by Keras; nothing is shuffled."""
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="binary_crossentropy")
    targets = (masks > 0).astype("float32")[..., None]
    settings = {"epochs": epochs, "batch_size": batch_size, "verbose": 0, "shuffle": False}
    keras.utils.set_random_seed(seed)
    return model.fit(images, targets, **settings).history


@train_unet.variant
def step_by_step(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    """A loop of its own, with an order of its own."""
    model.compile(keras.optimizers.Adam(learning_rate), _soft_dice)
    rng, losses = np.random.default_rng(seed), []
    targets = np.float32(masks > 0)[..., np.newaxis]
    for _ in range(epochs):
        order, total = rng.permutation(len(images)), 0.0
        for start in range(0, len(images), batch_size):
            chosen = order[start : start + batch_size]
            found = model.train_on_batch(images[chosen], targets[chosen])
            total += float(np.ravel(found)[0]) * len(chosen)
        losses.append(total / len(images))
    return {"loss": losses}


@train_unet.variant
def both_losses(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    """Cross-entropy and Dice together, AdamW, with a metric."""

    def loss(truth, prediction):
        entropy = keras.losses.binary_crossentropy(truth, prediction)
        return ops.mean(entropy, axis=(1, 2)) + _soft_dice(truth, prediction)

    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.AdamW(learning_rate), loss, metrics=["binary_accuracy"])
    history = model.fit(
        images, np.expand_dims(masks, -1).astype("float32"), batch_size, epochs, verbose=0
    )
    return history.history


@train_unet.forbid
def the_courses_training(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    from course_lib import unet as topic

    return topic.train_unet(model, images, masks, epochs, batch_size, learning_rate, seed)
