"""Plausible wrong measures, losses and trainings of `unet`, each with the line that explains it."""

import keras
import numpy as np
from keras import ops

from course_lib.checks.unet.cases import dice_loss, iou, train_unet

# --- iou -----------------------------------------------------------------------------------------


def _checked(truth, prediction):
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise ValueError(f"{truth.shape} and {prediction.shape}")
    return truth > 0, prediction


def _areas(truth, prediction, threshold, axis=(1, 2)):
    """Intersection, union, and both areas."""
    truth, prediction = _checked(truth, prediction)
    found = prediction > threshold
    both, either = np.sum(truth & found, axis), np.sum(truth | found, axis)
    return both, either, np.sum(truth, axis), np.sum(found, axis)


def _share(part, whole, empty=1.0):
    return np.where(whole == 0, empty, part / np.maximum(whole, 1))


@iou.misconception(
    "this is the Dice coefficient, twice the intersection over the sum of both areas. The union "
    "counts what both have once."
)
def dice_instead(truth, prediction, threshold=0.5):
    both, _, first, second = _areas(truth, prediction, threshold)
    return _share(2 * both, first + second)


@iou.misconception(
    "the intersection is divided by the sum of both areas: what both have is counted twice. Take "
    "it off once, or use |."
)
def intersection_counted_twice(truth, prediction, threshold=0.5):
    both, _, first, second = _areas(truth, prediction, threshold)
    return _share(both, first + second)


@iou.misconception(
    "the intersection is divided by the area of the true mask alone. A prediction that marks "
    "everything would then be perfect; divide by the union."
)
def recall_instead(truth, prediction, threshold=0.5):
    both, _, first, _ = _areas(truth, prediction, threshold)
    return _share(both, first)


@iou.misconception(
    "the intersection is divided by the area of the prediction alone. A single right pixel would "
    "then be perfect; divide by the union."
)
def precision_instead(truth, prediction, threshold=0.5):
    both, _, _, second = _areas(truth, prediction, threshold)
    return _share(both, second)


@iou.misconception(
    "this is the share of right pixels. It counts the background that both agree on; intersection "
    "and union are of the object alone."
)
def accuracy_instead(truth, prediction, threshold=0.5):
    truth, prediction = _checked(truth, prediction)
    return np.mean(truth == (prediction > threshold), axis=(1, 2))


@iou.misconception(
    "the batch is counted as one image: one number comes back. Sum over height and width only, "
    "axis=(1, 2)."
)
def batch_as_one_image(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(truth, prediction, threshold, axis=None)
    return _share(both, either)


@iou.misconception(
    "the mean over the batch comes back. Return one number for each image; who asks may average."
)
def mean_over_the_batch(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(truth, prediction, threshold)
    return np.mean(_share(both, either))


@iou.misconception("the threshold is ignored: 0.5 is used whatever was asked for.")
def threshold_ignored(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(truth, prediction, 0.5)
    return _share(both, either)


@iou.misconception(
    "probabilities are used as they are, without a threshold. Decide first which pixels belong to "
    "the object: prediction > threshold."
)
def no_threshold(truth, prediction, threshold=0.5):
    truth, prediction = _checked(truth, prediction)
    both = np.sum(truth * prediction, axis=(1, 2))
    either = np.sum(truth, axis=(1, 2)) + np.sum(prediction, axis=(1, 2)) - both
    return np.where(either == 0, 1.0, both / np.maximum(either, 1e-9))


@iou.misconception("two empty masks give 0 / 0. They agree on every pixel: the result is 1.")
def nothing_over_nothing(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(truth, prediction, threshold)
    with np.errstate(invalid="ignore"):
        return both / either


@iou.misconception(
    "two empty masks give 0, as a small number added to the denominator alone makes it. They "
    "agree on every pixel: the result is 1."
)
def empty_is_zero(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(truth, prediction, threshold)
    return _share(both, either, empty=0.0)


@iou.misconception(
    "only the label 1 counts as the object in the true masks. Whatever is above 0 does."
)
def only_label_one(truth, prediction, threshold=0.5):
    _checked(truth, prediction)
    both, either, *_ = _areas(np.asarray(truth) == 1, prediction, threshold)
    return _share(both, either)


@iou.misconception(
    "the threshold is applied to the true masks only; in the prediction whatever is above 0 counts."
)
def threshold_on_the_truth(truth, prediction, threshold=0.5):
    both, either, *_ = _areas(np.asarray(truth) > threshold, np.asarray(prediction), 0)
    return _share(both, either)


@iou.misconception(
    "masks of different shapes are not refused. NumPy broadcasts them and counts every pixel "
    "several times: compare the shapes first, and raise a ValueError."
)
def shapes_not_compared(truth, prediction, threshold=0.5):
    truth, found = np.asarray(truth) > 0, np.asarray(prediction) > threshold
    try:
        both, either = np.sum(truth & found, axis=(1, 2)), np.sum(truth | found, axis=(1, 2))
    except ValueError:  # not even broadcasting works
        return np.zeros(len(truth))
    return _share(both, either)


# --- dice_loss -----------------------------------------------------------------------------------


def _sums(truth, prediction, axis=(1, 2), what=lambda numbers: numbers):
    prediction = ops.convert_to_tensor(prediction)
    truth = ops.cast(truth, prediction.dtype)
    both = ops.sum(truth * prediction, axis=axis)
    return both, ops.sum(what(truth), axis=axis), ops.sum(what(prediction), axis=axis)


@dice_loss.misconception(
    "this is the Dice coefficient: it grows as masks agree, and training would make it small. The "
    "loss is 1 less it."
)
def coefficient_instead(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean((2 * both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception("the factor 2 is missing: even equal masks have a loss of one half.")
def factor_two_missing(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - (both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "this is 1 less intersection over union (the Jaccard loss). Dice doubles the intersection and "
    "divides by the sum of both areas."
)
def jaccard_instead(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - (both + smooth) / (first + second - both + smooth), axis=-1)


@dice_loss.misconception(
    "probabilities are compared with a threshold first. Counts have no gradient, and nothing is "
    "learnt: multiply and sum the probabilities themselves."
)
def with_a_threshold(truth, prediction, smooth=1.0):
    found = ops.cast(ops.convert_to_tensor(prediction) > 0.5, "float32")
    both, first, second = _sums(truth, found)
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "the batch is summed up as one image. Sum over height and width, axis=(1, 2): each image has "
    "a loss of its own."
)
def batch_summed(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction, axis=(0, 1, 2))
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth))


@dice_loss.misconception(
    "the mean over the batch comes back. Return one number for each image; Keras averages them."
)
def batch_averaged(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth))


@dice_loss.misconception(
    "the classes are summed up before the division, so that a large class (the background) decides "
    "alone. Divide for each class, and take the mean."
)
def classes_summed(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction, axis=(1, 2, 3))
    return 1 - (2 * both + smooth) / (first + second + smooth)


@dice_loss.misconception(
    "a loss for each class comes back. Take the mean over the classes, axis=-1."
)
def classes_apart(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return 1 - (2 * both + smooth) / (first + second + smooth)


@dice_loss.misconception(
    "smooth is added to the denominator alone: two empty masks, which agree, have the loss 1."
)
def smooth_below_only(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - 2 * both / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "smooth is not used: two empty masks give 0 / 0, and NaN spreads through all weights. Add it "
    "to numerator and denominator."
)
def smooth_ignored(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - 2 * both / (first + second), axis=-1)


@dice_loss.misconception(
    "smooth is a tiny number or 0 unless it is given; the task's default is 1."
)
def tiny_smooth(truth, prediction, smooth=1e-6):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "means are taken in place of sums, so that smooth=1 is as large as the whole image."
)
def means_for_sums(truth, prediction, smooth=1.0):
    prediction = ops.convert_to_tensor(prediction)
    truth = ops.cast(truth, prediction.dtype)
    both = ops.mean(truth * prediction, axis=(1, 2))
    areas = ops.mean(truth, axis=(1, 2)) + ops.mean(prediction, axis=(1, 2))
    return ops.mean(1 - (2 * both + smooth) / (areas + smooth), axis=-1)


@dice_loss.misconception(
    "the denominator sums squares, as in V-Net's version. Here it sums the probabilities."
)
def squares_below(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, prediction, what=ops.square)
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "there is no gradient: the prediction is made plain numbers, by stop_gradient or a function of "
    "NumPy's within TensorFlow. Nothing is learnt."
)
def no_gradient(truth, prediction, smooth=1.0):
    both, first, second = _sums(truth, ops.stop_gradient(ops.convert_to_tensor(prediction)))
    return ops.mean(1 - (2 * both + smooth) / (first + second + smooth), axis=-1)


@dice_loss.misconception(
    "it computes with NumPy, which cannot follow tensors: fit calls the loss before they "
    "have numbers, and takes its gradient. Use keras.ops: ops.sum, ops.mean."
)
def by_numpy(truth, prediction, smooth=1.0):
    truth, prediction = np.asarray(truth, "float32"), np.asarray(prediction, "float32")
    both = np.sum(truth * prediction, axis=(1, 2))
    areas = np.sum(truth, axis=(1, 2)) + np.sum(prediction, axis=(1, 2))
    return np.mean(1 - (2 * both + smooth) / (areas + smooth), axis=-1)


# --- train_unet ----------------------------------------------------------------------------------


def _loss(truth, prediction):
    both, first, second = _sums(truth, prediction)
    return ops.mean(1 - (2 * both + 1) / (first + second + 1), axis=-1)


def _fit(model, images, masks, epochs, batch_size, learning_rate, seed, loss=_loss):
    """Train as `fit` does, by a plain loop: `fit` prepares for longer than so few steps take."""
    import tensorflow as tf

    optimizer, rng = keras.optimizers.Adam(learning_rate), np.random.default_rng(seed)
    targets = masks[..., np.newaxis].astype("float32")
    history = keras.callbacks.History()
    history.history = {"loss": []}
    for _ in range(epochs):
        order, values = rng.permutation(len(images)), []
        for start in range(0, len(images), batch_size):
            chosen = order[start : start + batch_size]
            with tf.GradientTape() as tape:
                value = ops.mean(loss(targets[chosen], model(images[chosen], training=True)))
            weights = [one.value for one in model.trainable_variables]
            optimizer.apply(tape.gradient(value, weights), model.trainable_variables)
            values.append(float(value))
        history.history["loss"].append(float(np.mean(values)))
    return history


@train_unet.misconception(
    "the history object itself comes back. Return its dictionary, fit(...).history."
)
def history_object(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    return _fit(model, images, masks, epochs, batch_size, learning_rate, seed)


@train_unet.misconception(
    "the trained model comes back, and not the history. It is the one that was given, and trained "
    "in place: return fit(...).history."
)
def model_instead(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    _fit(model, images, masks, 1, batch_size, learning_rate, seed)
    return model


@train_unet.misconception(
    "a copy of the model is trained, and the one that was given stays as it was. Train the model "
    "itself."
)
def a_copy_trained(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return _fit(copy, images, masks, epochs, batch_size, learning_rate, seed).history


@train_unet.misconception(
    "epochs is ignored: one epoch is trained, whatever was asked for. Hand it on to fit."
)
def one_epoch(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    return _fit(model, images, masks, 1, batch_size, learning_rate, seed).history


@train_unet.misconception(
    "epochs is ignored: ten epochs are trained, whatever was asked for. Hand it on to fit."
)
def ten_epochs(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    return _fit(model, images, masks, 10, batch_size, learning_rate, seed).history


@train_unet.misconception(
    "what is made small grows as masks agree: the Dice coefficient in place of the loss. The "
    "number falls, and the predictions get worse."
)
def coefficient_made_small(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    def loss(truth, prediction):
        return 1 - _loss(truth, prediction)

    return _fit(model, images, masks, epochs, batch_size, learning_rate, seed, loss).history


@train_unet.misconception(
    "nothing is learnt: the loss stays where it was. Check that weights are trainable, that the "
    "learning rate is handed on, and that the loss has no threshold."
)
def nothing_learnt(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    history = _fit(model, images, masks, epochs, batch_size, learning_rate * 1e-9, seed)
    return history.history


@train_unet.misconception(
    "the seed is not used: each call shuffles the images in another order. Call "
    "keras.utils.set_random_seed(seed) before fit."
)
def seed_ignored(
    model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0
):  # fmt: skip
    fresh = int(np.random.default_rng().integers(1_000_000))
    return _fit(model, images, masks, epochs, batch_size, learning_rate, fresh).history
