"""`course_lib.unet`: network by hand, the original's numbers, masks, losses, training, checks."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from keras import layers, ops

from course_lib import unet as topic
from course_lib.checks import networks
from course_lib.checks.run import run
from course_lib.checks.unet import CHECKS, measures
from course_lib.checks.unet.graph import Levels
from course_lib.cnn import max_pool2d
from course_lib.convolution import conv2d
from course_lib.data import scenes
from course_lib.models import as_model

MASKS = arrays(bool, (3, 4, 5))


def images_of(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(scope="module")
def small():
    """A UNet with two poolings, with weights that are no initial ones."""
    model = as_model(topic.unet, (13, 22, 2), filters=(3, 4, 5), classes=3)
    networks.inject(model, seed=1)
    return model


# --- the network ---------------------------------------------------------------------------------


def by_hand(model, images):
    """The network by NumPy, from the layers' names and weights."""

    def convolve(values, name):
        for number in (1, 2):
            values = conv2d(values, *layer(f"{name}_conv_{number}").get_weights(), padding="same")
            norm = layer(f"{name}_conv_{number}_norm")
            gamma, beta, mean, variance = norm.get_weights()
            values = gamma * (values - mean) / np.sqrt(variance + norm.epsilon) + beta
            values = np.maximum(values, 0)
        return values

    def up(values, kernel, bias):
        batch, height, width, _ = values.shape
        larger = np.zeros((batch, 2 * height, 2 * width, kernel.shape[2]))
        for row in (0, 1):
            for column in (0, 1):
                larger[:, row::2, column::2] = values @ kernel[row, column].T
        return larger + bias

    layer = model.get_layer
    first = convolve(images.astype(float), "encoder_0")
    second = convolve(max_pool2d(first, padding="same"), "encoder_1")
    values = convolve(max_pool2d(second, padding="same"), "encoder_2")
    for level, features in ((1, second), (0, first)):
        height, width = features.shape[1:3]
        larger = up(values, *layer(f"up_{level}").get_weights())[:, :height, :width]
        values = convolve(np.concatenate([features, larger], axis=-1), f"decoder_{level}")
    scores = conv2d(values, *layer("probabilities").get_weights())
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_network_by_hand(small):
    images = images_of(2, 13, 22, 2)
    output = np.asarray(small(images))
    assert output.std(axis=(0, 1, 2)).min() > 1e-3, "weights that hide the image show nothing"
    np.testing.assert_allclose(output, by_hand(small, images), atol=2e-5)


def test_original_has_the_published_size():
    model = as_model(topic.original_unet, (572, 572, 1))
    assert model.count_params() == 31_030_658
    assert model.output_shape == (None, 388, 388, 2)
    # Two convolutions take 4 pixels, a pooling halves: the bottom is 28 pixels wide.
    assert 28 in {layer.output.shape[1] for layer in model.layers}


def test_original_cuts_skips_in_the_middle():
    model = as_model(topic.original_unet, (44, 44, 1), filters=(2, 3), classes=1)
    assert model.output_shape == (None, 28, 28, 1)  # 44 - 4 = 40, 20 - 4 = 16, 32 - 4 = 28
    cut = next(layer for layer in model.layers if isinstance(layer, layers.Cropping2D))
    assert cut.cropping == ((4, 4), (4, 4))  # 40 to 32
    with pytest.raises(ValueError, match="at level 0 the features are 41 x 40 pixels"):
        topic.original_unet(keras.Input((45, 44, 1)))


def test_original_sees_no_padding():
    """Shifted by the poolings' stride, the image gives the shifted output, to the last pixel."""
    model = as_model(topic.original_unet, (44, 44, 1), filters=(2, 3), classes=1)
    networks.inject(model, 2)
    images = images_of(1, 46, 44, 1)
    one, two = (np.asarray(model(images[:, start : start + 44])) for start in (0, 2))
    np.testing.assert_allclose(one[:, 2:], two[:, :-2], atol=1e-5)


def test_any_size_with_the_same_weights():
    weights = None
    for height, width in ((16, 16), (13, 22), (17, 5), (1, 3)):
        model = as_model(topic.unet, (height, width, 1), filters=(2, 3, 4))
        weights = weights or model.get_weights()
        model.set_weights(weights)
        assert model(np.zeros((2, height, width, 1))).shape == (2, height, width, 1)


def test_open_sizes_take_multiples_only():
    model = as_model(topic.unet, (None, None, 1), filters=(2, 3))
    assert model(np.zeros((1, 12, 20, 1))).shape == (1, 12, 20, 1)
    with pytest.raises(Exception, match=r"(?i)concat|must be equal"):
        model(np.zeros((1, 13, 20, 1)))


def test_probabilities(small):
    output = np.asarray(small(images_of(2, 13, 22, 2)))
    np.testing.assert_allclose(output.sum(axis=-1), 1, atol=1e-5)
    one = as_model(topic.unet, (8, 8, 2), filters=(2, 3))
    networks.inject(one, 3)
    output = np.asarray(one(images_of(2, 8, 8, 2)))
    assert 0 < output.min() < output.max() < 1


@pytest.mark.parametrize("batch_norm", [True, False])
def test_numbers_in_the_kernels(batch_norm):
    """9 c f for a 3x3 convolution, 4 c f for an up-convolution, c f at the end."""
    model = as_model(topic.unet, (8, 8, 3), filters=(4, 6), classes=2, batch_norm=batch_norm)
    kernels = [w for w in model.weights if w.path.endswith("kernel")]
    due = 9 * (3 * 4 + 4 * 4) + 9 * (4 * 6 + 6 * 6) + 4 * 6 * 4 + 9 * (8 * 4 + 4 * 4) + 4 * 2
    assert sum(int(np.prod(kernel.shape)) for kernel in kernels) == due
    norms = sum(isinstance(layer, layers.BatchNormalization) for layer in model.layers)
    assert norms == (6 if batch_norm else 0)


def test_skips_one_by_one():
    def joined(skips):
        model = as_model(topic.unet, (8, 8, 1), filters=(2, 3, 4), skips=skips)
        return [layer.name for layer in model.layers if "skip" in layer.name]

    assert joined(True) == ["skip_1", "skip_0"]
    assert joined(False) == []
    assert joined((True, False)) == ["skip_0"]
    with pytest.raises(ValueError, match="skips has 1 entries for 2 levels above the bottom"):
        joined([True])


@pytest.mark.parametrize("filters", [8, (8,), "ab"])
def test_too_few_levels(filters):
    with pytest.raises(ValueError, match="filters must be"):
        topic.unet(keras.Input((8, 8, 1)), filters=filters)


def test_a_saved_network_loads_in_safe_mode(small, tmp_path):
    small.save(tmp_path / "unet.keras")
    loaded = keras.saving.load_model(tmp_path / "unet.keras", safe_mode=True)
    images = images_of(1, 13, 22, 2)
    np.testing.assert_array_equal(loaded(images), small(images))


# --- masks ---------------------------------------------------------------------------------------


def test_iou_and_dice_of_counted_masks():
    truth = np.zeros((3, 2, 4))
    truth[0, 0], truth[1, :, 0] = 1, 255  # four pixels, two, none
    prediction = np.array([[[0.9, 0.6, 0.4, 0.5], [0.7, 0, 0, 0]]] * 2 + [np.zeros((2, 4))])
    # Shared 2 of 5; shared 2 of 3; both empty.
    np.testing.assert_allclose(topic.iou(truth, prediction), [2 / 5, 2 / 3, 1])
    np.testing.assert_allclose(topic.dice(truth, prediction), [4 / 7, 4 / 5, 1])
    np.testing.assert_allclose(topic.iou(truth, prediction, threshold=0.35)[0], 4 / 5)


@settings(max_examples=60, deadline=None)
@given(first=MASKS, second=MASKS)
def test_iou_properties(first, second):
    from sklearn.metrics import f1_score, jaccard_score

    value = topic.iou(first, second)
    np.testing.assert_array_equal(value, topic.iou(second, first))
    np.testing.assert_array_equal(value == 1, (first == second).all(axis=(1, 2)))
    for ours, theirs in ((topic.iou, jaccard_score), (topic.dice, f1_score)):
        pairs = zip(first, second, strict=True)
        due = [theirs(one.ravel(), other.ravel(), zero_division=1) for one, other in pairs]
        np.testing.assert_allclose(ours(first, second), due)


def test_masks_of_different_shapes_are_refused():
    masks = np.zeros((2, 8, 8))
    for other in (masks[:1], masks[..., np.newaxis]):
        with pytest.raises(ValueError, match="shape"):
            topic.iou(masks, other)
    with pytest.raises(ValueError, match=r"one shape; got \(2, 8, 8\) and \(1, 8, 8\)"):
        topic.mean_iou(masks, masks[:1], 2)


def test_mean_iou_as_keras_has_it():
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 3, (4, 6, 5)), rng.random((4, 6, 5, 4))
    each, mean = topic.mean_iou(truth, scores, 4)
    metric = keras.metrics.MeanIoU(num_classes=4)
    metric.update_state(truth, scores.argmax(axis=-1))
    assert mean == pytest.approx(float(metric.result()), rel=1e-5)
    assert each[3] == 0  # predicted, and nowhere true
    each, mean = topic.mean_iou(truth, truth, 4)
    np.testing.assert_array_equal(each, [1, 1, 1, np.nan])
    assert mean == 1


def test_border_is_what_is_near_a_change():
    from scipy import ndimage

    _, masks = scenes(3, size=(24, 30), seed=1)
    for distance in (1, 2, 4):
        for mask, near in zip(masks, topic.border(masks, distance), strict=True):
            due = np.zeros(mask.shape, bool)
            for label in np.unique(mask):
                inside = mask == label
                grown = ndimage.binary_dilation(inside, iterations=distance)
                due |= grown & ~inside
            np.testing.assert_array_equal(near, due)
    assert not topic.border(np.ones((1, 4, 4)), 3).any()
    with pytest.raises(ValueError, match="masks must be an array of shape"):
        topic.border(masks[0])


# --- losses --------------------------------------------------------------------------------------


def test_dice_loss_as_keras_has_it():
    rng = np.random.default_rng(1)
    truth = (rng.random((3, 4, 5, 1)) < 0.3).astype("float32")
    prediction = rng.random((3, 4, 5, 1)).astype("float32")
    theirs = keras.losses.Dice(axis=(1, 2, 3), reduction=None)(truth, prediction)
    np.testing.assert_allclose(topic.dice_loss(truth, prediction, 1e-7), theirs, rtol=1e-5)


def test_dice_loss_of_masks_is_one_less_dice():
    rng = np.random.default_rng(2)
    first, second = (rng.random((2, 4, 6, 7, 1)) < 0.4).astype("float32")
    due = 1 - topic.dice(first[..., 0], second[..., 0])
    np.testing.assert_allclose(topic.dice_loss(first, second, smooth=1e-9), due, atol=1e-6)
    empty = np.zeros((1, 4, 4, 2))
    assert float(topic.dice_loss(empty, empty)[0]) == 0


def test_dice_loss_is_the_mean_of_its_classes_and_takes_whole_numbers():
    rng = np.random.default_rng(3)
    truth = topic.one_hot(rng.integers(0, 3, (2, 4, 5)), 3)
    prediction = rng.dirichlet(np.ones(3), (2, 4, 5)).astype("float32")
    each = [topic.dice_loss(truth[..., [c]], prediction[..., [c]]) for c in range(3)]
    np.testing.assert_allclose(topic.dice_loss(truth, prediction), np.mean(each, axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        topic.dice_loss(truth.astype(np.uint8), prediction),
        topic.dice_loss(truth, prediction),
        rtol=1e-6,
    )


def test_dice_loss_has_the_gradient_of_its_differences():
    import tensorflow as tf

    rng = np.random.default_rng(4)
    truth = (rng.random((1, 3, 2, 2)) < 0.5).astype("float64")
    prediction = rng.random((1, 3, 2, 2))
    variable = tf.Variable(prediction)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(topic.dice_loss(truth, variable.value()))
    gradient = np.asarray(tape.gradient(loss, variable))
    for index in np.ndindex(prediction.shape):
        step = np.zeros(prediction.shape)
        step[index] = 1e-4
        high, low = (
            float(topic.dice_loss(truth, tf.constant(prediction + sign * step))[0])
            for sign in (1, -1)
        )
        assert (high - low) / 2e-4 == pytest.approx(gradient[index], abs=1e-5)


def test_iou_loss_of_masks_is_one_less_iou():
    rng = np.random.default_rng(5)
    first, second = (rng.random((3, 6, 5, 1)) < 0.5 for _ in range(2))
    due = 1 - topic.iou(first[..., 0], second[..., 0])
    came = topic.iou_loss(first, second.astype(np.float32), smooth=1e-9)
    np.testing.assert_allclose(came, due, atol=1e-6)
    empty = np.zeros((1, 4, 4, 1), np.float32)
    assert float(topic.iou_loss(empty, empty)[0]) == 0


def test_iou_loss_follows_from_dice_with_twice_the_smoothing():
    """(b + s) / (a - b + s) is d / (2 - d), if d has 2 s."""
    rng = np.random.default_rng(6)
    truth = (rng.random((2, 5, 4, 1)) < 0.4).astype(np.float32)
    probable = rng.random(truth.shape).astype(np.float32)
    dice = 1 - np.asarray(topic.dice_loss(truth, probable, smooth=2 * 0.7))
    due = 1 - dice / (2 - dice)
    np.testing.assert_allclose(topic.iou_loss(truth, probable, smooth=0.7), due, rtol=1e-5)
    with pytest.raises(ValueError, match="must have one shape"):
        topic.iou_loss(truth, probable[..., 0])


def test_dice_loss_refuses_what_would_broadcast():
    with pytest.raises(ValueError, match="truth and prediction must have one shape"):
        topic.dice_loss(np.zeros((2, 4, 4)), np.zeros((2, 4, 4, 1)))
    with pytest.raises(ValueError, match=r"got \(2, 4, 4, 1\) and \(2, 4, 4, 3\)"):
        topic.dice_loss(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 3)))


def test_segmentation_loss_is_cross_entropy_and_dice():
    rng = np.random.default_rng(5)
    for classes in (1, 3):
        truth = topic.one_hot(rng.integers(0, max(classes, 2), (2, 4, 5)), classes)
        prediction = rng.dirichlet(np.ones(3), (2, 4, 5)).astype("float32")[..., :classes]
        terms = truth * np.log(prediction)
        if classes == 1:
            terms = terms + (1 - truth) * np.log(1 - prediction)
        due = -terms.sum(axis=-1).mean(axis=(1, 2)) + np.asarray(topic.dice_loss(truth, prediction))
        np.testing.assert_allclose(topic.segmentation_loss(truth, prediction), due, rtol=1e-4)


# --- training ------------------------------------------------------------------------------------


def test_standardise():
    images = 5 + 3 * images_of(4, 6, 6, 2)
    ours = topic.standardise(images)
    assert ours.mean() == pytest.approx(0, abs=1e-5)
    assert ours.std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(topic.standardise(images[:1], like=images), ours[:1], atol=1e-6)
    assert not topic.standardise(np.ones((1, 2, 2, 1))).any()


def test_training_improves_predictions_and_repeats_itself():
    images, masks = scenes(64, size=16, seed=0)
    others, truth = scenes(32, size=16, seed=1)
    new = topic.standardise(others, like=images)
    images = topic.standardise(images)
    keras.utils.set_random_seed(0)
    model = as_model(topic.unet, (16, 16, 3), filters=(4, 8))
    weights, results = model.get_weights(), []
    before = topic.iou(truth, np.asarray(model(new))[..., 0]).mean()
    for seed in (3, 3, 4):
        model.set_weights(weights)
        settings = {"epochs": 4, "batch_size": 8, "learning_rate": 0.01, "seed": seed}
        history = topic.train_unet(model, images, masks, validation=(new, truth), **settings)
        results.append(model.get_weights())
        assert sorted(history) == ["loss", "val_loss"]
        assert len(history["loss"]) == 4
        assert history["loss"][-1] < 0.8 * history["loss"][0]
    after = topic.iou(truth, np.asarray(model(new))[..., 0]).mean()
    assert after > before + 0.2
    triples = list(zip(*results, strict=True))
    for one, two, _ in triples:
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-5)
    assert any(not np.allclose(one, other, 1e-3, 1e-4) for one, _, other in triples)


def test_training_of_several_classes():
    images, masks = scenes(24, size=12, seed=2)
    model = as_model(topic.unet, (12, 12, 3), filters=(3, 4), classes=4)
    history = topic.train_unet(model, topic.standardise(images), masks, epochs=2)
    assert history["loss"][1] < history["loss"][0]


def test_training_refuses():
    images, masks = scenes(3, size=8)
    model = as_model(topic.unet, (8, 8, 3), filters=(2, 3), classes=3)
    with pytest.raises(ValueError, match="a mask holds 7, and the model has 3 classes"):
        topic.train_unet(model, images, 0 * masks + 7)
    with pytest.raises(ValueError, match=r"images must have the shape .* got \(3, 8, 8, 3\) and"):
        topic.train_unet(model, images, masks[:2])
    with pytest.raises(ValueError, match="learning_rate must be a number above 0"):
        topic.train_unet(model, images, masks * 0, learning_rate=0)


# --- the checks ----------------------------------------------------------------------------------


def joined(tensor, skip, later):
    """A UNet of one pooling whose two halves are given."""
    first = layers.Conv2D(2, 3, padding="same", activation="relu")(tensor)
    below = layers.Conv2D(3, 3, padding="same")(layers.MaxPooling2D()(first))
    up = layers.Conv2DTranspose(2, 2, 2)(below)
    return layers.Conv2D(1, 1)(later(skip(first), up))


@pytest.mark.parametrize("way", ["layer", "operation", "nested", "sum"])
def test_a_skip_is_found_however_it_is_written(way):
    inner = [keras.Input((8, 6, 2)), keras.Input((8, 6, 2))]
    ways = {
        "layer": lambda one, two: layers.Concatenate()([one, two]),
        "operation": lambda one, two: ops.concatenate([two, one], axis=-1),
        "nested": lambda one, two: keras.Model(inner, layers.Concatenate()(inner))([one, two]),
        "sum": lambda one, two: one + two,
    }
    tensor = keras.Input((8, 6, 1))
    model = keras.Model(tensor, joined(tensor, layers.Identity(), ways[way]))
    graph = Levels(model, images_of(1, 8, 6, 1))
    np.testing.assert_allclose(graph.values[graph.output], model(graph.images), rtol=1e-5)
    (join,) = graph.joins()
    assert join.level == 0
    (pooled,) = graph.pooled(0)
    np.testing.assert_array_equal(graph.values[pooled], graph.values[join.value])
    raised = graph.rerun(join.step, join.value, graph.values[join.value] + 1)
    assert np.abs(raised - graph.values[graph.output]).min() > 1e-6


def test_what_has_no_skip_has_none():
    tensor = keras.Input((8, 6, 1))
    twice = joined(tensor, lambda x: x, lambda one, two: layers.Concatenate()([two, two]))
    graph = Levels(keras.Model(tensor, twice), images_of(1, 8, 6, 1))
    assert graph.joins() == []
    assert graph.pooled(1) == []


def test_a_change_reaches_one_taker_only():
    """The skip is changed, and what is pooled is not."""
    tensor = keras.Input((8, 6, 1))
    doubled = joined(tensor, lambda x: x, lambda one, two: layers.Concatenate()([one, two]))
    model = keras.Model(tensor, doubled)
    networks.inject(model, 0)
    graph = Levels(model, images_of(1, 8, 6, 1))
    (join,) = graph.joins()
    pixel = np.array(graph.values[join.value])
    pixel[0, 3, 3] += 1
    moved = np.abs(graph.rerun(join.step, join.value, pixel) - graph.values[graph.output]) > 1e-7
    assert moved.sum() == 1, "the last convolution is 1x1, so that one pixel moves one"


def forked(relu=True):
    """A UNet of one pooling, its ReLUs written in three styles or but for the first left out."""
    tensor = keras.Input((8, 6, 1))
    first = layers.Conv2D(2, 3, padding="same", activation="relu")(tensor)
    below = layers.Conv2D(3, 3, padding="same")(layers.MaxPooling2D()(first))
    below = ops.where(below > 0, below, 0.0) if relu else below
    both = layers.Concatenate()([first, layers.Conv2DTranspose(2, 2, 2)(below)])
    up = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same")(both))
    up = ops.maximum(up, 0.0) if relu else up
    return keras.Model(tensor, layers.Conv2D(1, 1)(up))


def test_a_missing_relu_is_found_on_both_ways_and_any_style_of_relu_is_one():
    levels = []
    for relu in (True, False):
        model = forked(relu)
        networks.inject(model, 3)
        graph = Levels(model, images_of(1, 8, 6, 1))
        found = [graph.steps[place] for place in graph.unrectified()]
        levels.append(sorted(graph.level[step.outputs[0]] for step in found))
    assert levels == [[], [0, 1]]


def test_dropout_that_is_always_on_is_seen_though_predict_hides_it():
    """Keras overrides a layer's own training=True where the model is told training=False."""
    tensor = keras.Input((4, 4, 1))
    model = keras.Model(tensor, layers.Dropout(0.5)(tensor, training=True))
    images = images_of(1, 4, 4, 1)
    np.testing.assert_array_equal(model(images, training=False), images)
    assert not np.array_equal(model(images), images)
    assert measures._repeats(model, (4, 4, 1), (), 0) == 1


def test_reports_say_nan_as_what_it_is():
    def divided(truth, prediction, threshold=0.5):
        if truth.shape != prediction.shape:
            raise ValueError("not one shape")
        truth, found = truth > 0, prediction > threshold
        with np.errstate(invalid="ignore"):
            return (truth & found).sum((1, 2)) / (truth | found).sum((1, 2))

    report = run(CHECKS["iou"], divided)
    failed = [outcome for outcome in report.outcomes if outcome.status == "failed"]
    assert [(o.name, o.misconception) for o in failed] == [("empty", "nothing_over_nothing")]
    assert "NaN 1" in failed[0].came


def test_a_training_that_cannot_be_measured_says_so():
    report = run(CHECKS["train_unet"], lambda *_, **__: None)
    assert {outcome.came for outcome in report.outcomes[:3]} == {"NoneType as history"}


def test_the_model_that_is_trained_can_be_trained():
    """The check asks for six tenths of the error that it began with, or less."""
    images, masks = measures.blobs(32, 1)
    model = measures.small_model(1)
    before = measures._error(model, images, masks)
    topic.train_unet(model, images, masks, epochs=5, batch_size=16, learning_rate=0.03, seed=1)
    assert before > 0.3
    assert measures._error(model, images, masks) < 0.5 * before
