"""Plausible wrong pairs, losses and segmenters, each with the line that explains it."""

import keras
import numpy as np
from keras import layers, ops

from course_lib.checks.capstone.cases import crop_pairs, point_loss, segmenter

# --- crop_pairs ----------------------------------------------------------------------------------


def _pairs(pages, count, size, shift, seed, corners=None, other=None, cut=None, pile=None):
    """Take the right steps, but for those that are given."""
    rng = np.random.default_rng(seed)
    batch, height, width = pages.shape[:3]
    last = np.array([height - size, width - size])
    number = rng.integers(batch, size=count)
    first = (corners or _corners)(rng, last, count)
    second = (other or _other)(rng, first, last, shift)
    numbers = number, number
    if pile:
        numbers = number, rng.integers(batch, size=count)
    cut = cut or _cut
    sides = [
        np.stack([cut(pages, *place, size) for place in zip(page, *where.T, strict=True)])
        for page, where in zip(numbers, (first, second), strict=True)
    ]
    return np.stack(sides, axis=1)


def _corners(rng, last, count):
    return rng.integers(last + 1, size=(count, 2))


def _other(rng, first, last, shift):
    return rng.integers(np.maximum(first - shift, 0), np.minimum(first + shift, last) + 1)


def _cut(pages, page, row, column, size):
    return pages[page, row : row + size, column : column + size]


@crop_pairs.misconception(
    "the two squares come from different pages. They show two kinds as a rule, and the network "
    "learns to say that these are alike: draw one page for both."
)
def from_two_pages(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, seed, pile=True)


@crop_pairs.misconception(
    "the second square lies farther away than `shift`, as where it is drawn anywhere on the page, "
    "and in another region. Draw it within `shift` pixels of the first."
)
def anywhere_on_the_page(pages, count, size=16, shift=8, seed=0):
    return _pairs(
        pages,
        count,
        size,
        shift,
        seed,
        other=lambda rng, f, last, s: rng.integers(last + 1, size=f.shape),
    )


@crop_pairs.misconception(
    "both squares are the same piece of the page. Nothing is left to learn: two distortions of "
    "one picture are told by the picture."
)
def the_same_square_twice(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, seed, other=lambda rng, first, last, s: first)


@crop_pairs.misconception(
    "the second square lies only below and to the right of the first. Draw the shift from -shift "
    "to shift."
)
def only_down_and_right(pages, count, size=16, shift=8, seed=0):
    def other(rng, first, last, shift):
        return rng.integers(first, np.minimum(first + shift, last) + 1)

    return _pairs(pages, count, size, shift, seed, other=other)


@crop_pairs.misconception(
    "one shift is taken for both axes, so the second square lies on a diagonal. Draw one for the "
    "rows and one for the columns."
)
def on_the_diagonal(pages, count, size=16, shift=8, seed=0):
    def other(rng, first, last, shift):
        moves = rng.integers(-shift, shift + 1, (len(first), 1))
        away = first + moves
        outside = ((away < 0) | (away > last)).any(axis=1, keepdims=True)
        return np.where(outside, first, away)

    return _pairs(pages, count, size, shift, seed, other=other)


@crop_pairs.misconception(
    "the second square is moved along one axis only, up or down or sideways, and never along both. "
    "Draw a shift of the rows and a shift of the columns for each pair."
)
def one_axis_at_a_time(pages, count, size=16, shift=8, seed=0):
    def other(rng, first, last, shift):
        axis = np.eye(2, dtype=int)[rng.integers(2, size=len(first))]
        return np.clip(first + axis * rng.integers(-shift, shift + 1, first.shape), 0, last)

    return _pairs(pages, count, size, shift, seed, other=other)


@crop_pairs.misconception(
    "the last shift never occurs: integers(-shift, shift) leaves its upper end out. Add 1."
)
def last_shift_left_out(pages, count, size=16, shift=8, seed=0):
    def other(rng, first, last, shift):
        return np.clip(first + rng.integers(-shift, shift, first.shape), 0, last)

    return _pairs(pages, count, size, shift, seed, other=other)


@crop_pairs.misconception(
    "the squares never reach the last row and column: there are height - size + 1 places, and "
    "integers(n) ends at n - 1."
)
def last_place_left_out(pages, count, size=16, shift=8, seed=0):
    def corners(rng, last, count):
        return rng.integers(last, size=(count, 2))

    return _pairs(pages, count, size, shift, seed, corners=corners)


@crop_pairs.misconception(
    "all pairs lie at one place, drawn once. Draw a place for each pair, size=(count, 2)."
)
def one_place_for_all(pages, count, size=16, shift=8, seed=0):
    def corners(rng, last, count):
        return np.repeat(rng.integers(last + 1, size=(1, 2)), count, axis=0)

    return _pairs(pages, count, size, shift, seed, corners=corners)


@crop_pairs.misconception(
    "the two squares of a pair are not side by side: what comes is (2, count, ...). Stack along "
    "axis 1."
)
def two_stacks(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, seed).swapaxes(0, 1)


@crop_pairs.misconception(
    "rows and columns are exchanged in the squares: a page is indexed [row, column]."
)
def transposed_squares(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, seed).swapaxes(2, 3)


@crop_pairs.misconception(
    "the seed is not used: every call cuts other pairs. Begin with np.random.default_rng(seed)."
)
def seed_ignored(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, None)


@crop_pairs.misconception(
    "whatever the seed, the pairs are the same. Begin with np.random.default_rng(seed), and draw "
    "with it."
)
def seed_fixed(pages, count, size=16, shift=8, seed=0):
    return _pairs(pages, count, size, shift, 0)


# --- point_loss ----------------------------------------------------------------------------------


def _point_loss(truth, prediction, clicked=None, label=None, surprise=None, mean=None):
    """Take the right steps, but for those that are given."""
    classes = prediction.shape[-1]
    truth = ops.cast(truth, "int32")
    weights = ops.cast(truth >= 0 if clicked is None else clicked(truth), "float32")
    labels = ops.maximum(truth, 0) if label is None else label(truth, classes)
    chosen = ops.sum(ops.one_hot(labels, classes) * prediction, axis=-1)
    losses = (surprise or _surprise)(ops.maximum(chosen, 1e-7))
    return (mean or _mean)(losses * weights, weights)


def _surprise(probabilities):
    return -ops.log(probabilities)


def _mean(losses, weights):
    return ops.sum(losses) / ops.maximum(ops.sum(weights), 1.0)


@point_loss.misconception(
    "the pixels that nobody clicked count as class 0. A 0 says 'this is class 0'; -1 says nothing. "
    "Give them the weight 0."
)
def unknown_as_the_first_class(truth, prediction):
    return _point_loss(truth, prediction, clicked=lambda truth: truth >= -1)


@point_loss.misconception(
    "the pixels that nobody clicked count as the last class: in NumPy the index -1 is the last "
    "one. Give them the weight 0."
)
def unknown_as_the_last_class(truth, prediction):
    return _point_loss(
        truth, prediction, clicked=lambda truth: truth >= -1, label=lambda t, classes: t % classes
    )


@point_loss.misconception(
    "the sum over the clicks is divided by the number of all pixels. Nearly all of them say "
    "nothing, so the loss and its gradient nearly vanish; divide by the number of clicks."
)
def divided_by_all_pixels(truth, prediction):
    return _point_loss(truth, prediction, mean=lambda losses, weights: ops.mean(losses))


@point_loss.misconception(
    "this is the sum over the clicks. It grows with their number; divide by it."
)
def sum_of_the_clicks(truth, prediction):
    return _point_loss(truth, prediction, mean=lambda losses, weights: ops.sum(losses))


@point_loss.misconception(
    "class 0 is left out with the pixels that nobody clicked: a click is what is 0 or more."
)
def without_the_first_class(truth, prediction):
    return _point_loss(truth, prediction, clicked=lambda truth: truth > 0)


@point_loss.misconception(
    "each image has its own mean, and these are averaged: a click in an image with few of them "
    "counts more. Sum over the whole batch, then divide once."
)
def mean_of_the_images_means(truth, prediction):
    def mean(losses, weights):
        sums, counts = (ops.sum(one, axis=(1, 2)) for one in (losses, weights))
        return ops.sum(sums / ops.maximum(counts, 1.0)) / losses.shape[0]

    return _point_loss(truth, prediction, mean=mean)


@point_loss.misconception(
    "the clicks' probabilities are averaged before the logarithm is taken. Each click has its own "
    "logarithm, so that one bad mistake cannot hide."
)
def logarithm_of_the_mean(truth, prediction):
    def mean(losses, weights):
        found = ops.sum(ops.exp(-losses) * weights) / ops.maximum(ops.sum(weights), 1.0)
        return -ops.log(found) if truth.shape[0] else found

    return _point_loss(truth, prediction, mean=mean)


@point_loss.misconception(
    "the loss is 1 less the probability. Cross-entropy is minus its logarithm, which grows without "
    "bound when the network is sure of something wrong."
)
def linear_instead(truth, prediction):
    return _point_loss(truth, prediction, surprise=lambda probabilities: 1 - probabilities)


@point_loss.misconception("the sign is missing: a logarithm of a probability is negative.")
def sign_missing(truth, prediction):
    return _point_loss(truth, prediction, surprise=ops.log)


@point_loss.misconception(
    "the logarithm has base 2. Keras and this course take the natural one, ops.log."
)
def base_two(truth, prediction):
    return _point_loss(truth, prediction, surprise=lambda found: -ops.log(found) / np.log(2))


@point_loss.misconception(
    "the predictions are taken for scores: a softmax is taken of what is a probability already. "
    "Leave from_logits=True out."
)
def softmax_twice(truth, prediction):
    return _point_loss(truth, ops.softmax(prediction, axis=-1))


@point_loss.misconception(
    "without a click the sum is divided by 0. Divide by ops.maximum(count, 1)."
)
def not_a_number_without_clicks(truth, prediction):
    def mean(losses, weights):
        return ops.sum(losses) / ops.sum(weights)

    return _point_loss(truth, prediction, mean=mean)


@point_loss.misconception(
    "the logarithm of 0 is infinite. Cut probabilities off first: ops.clip(prediction, 1e-7, 1), "
    "as keras.losses does."
)
def infinite_logarithm(truth, prediction):
    truth = ops.cast(truth, "int32")
    weights = ops.cast(truth >= 0, "float32")
    kinds = ops.one_hot(ops.maximum(truth, 0), prediction.shape[-1])
    chosen = ops.sum(kinds * prediction, axis=-1)
    # Elsewhere a 1, whose logarithm is 0: 0 times infinity would be NaN.
    losses = -ops.log(chosen * weights + 1 - weights)
    return _mean(losses, weights)


@point_loss.misconception(
    "there is no gradient: the prediction is made plain numbers, by stop_gradient or a function of "
    "NumPy's within TensorFlow. Nothing is learnt."
)
def no_gradient(truth, prediction):
    return _point_loss(truth, ops.stop_gradient(ops.convert_to_tensor(prediction)))


@point_loss.misconception(
    "NumPy counts here. In compile the tensors have no numbers yet: use keras.ops, ops.sum and "
    "not np.sum, no float(...), no .numpy()."
)
def by_numpy(truth, prediction):
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    clicked = truth >= 0
    if not clicked.any():
        return 0.0
    chosen = prediction[clicked][np.arange(clicked.sum()), truth[clicked].astype(int)]
    return float(-np.log(np.maximum(chosen, 1e-7)).mean())


# --- segmenter -----------------------------------------------------------------------------------


def _segmenter(
    encoder, classes, ready=None, average=None, scores=None, up=None, end="softmax", training=False
):
    """Take the right steps, but for those that are given."""
    encoder = (ready or _frozen)(encoder)
    pages = keras.Input((None, None, encoder.input_shape[-1]))
    tensor = encoder(pages, training=training)
    tensor = (average or layers.AveragePooling2D(3, strides=1, padding="same"))(tensor)
    tensor = (scores or layers.Conv2D(classes, 1))(tensor)
    tensor = (up or layers.UpSampling2D(4, interpolation="bilinear"))(tensor)
    return keras.Model(pages, layers.Activation(end)(tensor))


def _frozen(encoder):
    encoder.trainable = False
    return encoder


def _copied(encoder):
    copy = keras.models.clone_model(encoder)
    copy.trainable = False
    return copy


def _same(tensor):
    return tensor


@segmenter.misconception(
    "the encoder is not frozen: encoder.trainable = False. A handful of clicks would move all of "
    "its weights."
)
def not_frozen(encoder, classes):
    return _segmenter(encoder, classes, ready=_same)


@segmenter.misconception(
    "batch normalisation trains along: it takes the mean of the few pages at hand, and moves its "
    "averages. Call the encoder with training=False, or freeze all of it."
)
def batch_norm_trains(encoder, classes):
    def ready(encoder):
        for layer in encoder.layers:
            layer.trainable = "norm" in layer.name
        return encoder

    return _segmenter(encoder, classes, ready=ready, training=True)


@segmenter.misconception(
    "the encoder's weights are new ones: keras.models.clone_model copies the layers and not what "
    "they learnt. Call the encoder itself."
)
def new_weights(encoder, classes):
    return _segmenter(encoder, classes, ready=_copied)


@segmenter.misconception(
    "everything is frozen, the new convolution too: nothing would be learnt. Freeze the encoder "
    "alone."
)
def all_frozen(encoder, classes):
    model = _segmenter(encoder, classes)
    model.trainable = False
    return model


@segmenter.misconception(
    "the output has the size of the features, a quarter of the page's: UpSampling2D(4) is missing."
)
def size_of_the_features(encoder, classes):
    return _segmenter(encoder, classes, up=_same)


@segmenter.misconception(
    "upsampling takes the nearest feature, in blocks of 4x4 pixels: interpolation='bilinear'."
)
def nearest_upsampling(encoder, classes):
    return _segmenter(encoder, classes, up=layers.UpSampling2D(4))


@segmenter.misconception(
    "the features are not averaged: a click then speaks for one place of the encoder's grid, and "
    "not for the 3x3 around it."
)
def no_average(encoder, classes):
    return _segmenter(encoder, classes, average=_same)


@segmenter.misconception("of 3x3 features the largest is taken and not the mean: AveragePooling2D.")
def largest_instead_of_mean(encoder, classes):
    return _segmenter(encoder, classes, average=layers.MaxPooling2D(3, strides=1, padding="same"))


@segmenter.misconception(
    "what comes out is no probabilities: a softmax over the classes, the last axis, is missing."
)
def scores_instead(encoder, classes):
    return _segmenter(encoder, classes, end="linear")


@segmenter.misconception(
    "each class has a sigmoid of its own, and the classes do not sum to 1. One class excludes the "
    "others: a softmax."
)
def sigmoids(encoder, classes):
    return _segmenter(encoder, classes, end="sigmoid")


@segmenter.misconception(
    "the softmax comes before the upsampling: between two places their probabilities are mixed and "
    "not their scores. Upsample the scores, and take the softmax last."
)
def softmax_before_upsampling(encoder, classes):
    scores = layers.Conv2D(classes, 1, activation="softmax")
    return _segmenter(encoder, classes, scores=scores, end="linear")


@segmenter.misconception(
    "there is an output too many or too few: -1 is no class, and nobody has to predict it."
)
def a_class_for_nobody(encoder, classes):
    return _segmenter(encoder, classes, scores=layers.Conv2D(classes + 1, 1))


@segmenter.misconception(
    "the new convolution is 3x3: nine times the weights for a handful of clicks. 1x1 is asked for."
)
def large_kernel(encoder, classes):
    return _segmenter(encoder, classes, scores=layers.Conv2D(classes, 3, padding="same"))
