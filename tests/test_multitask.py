"""The networks with one head and two, the loss that masks, and the pictures with two labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from course_lib import multitask
from course_lib.data import SHAPES
from course_lib.models import as_model
from course_lib.multitask import (
    backbone,
    checked_weights,
    kind_head,
    masked_cross_entropy,
    masked_squared_error,
    multitask_loss,
    multitask_model,
    single_task_model,
    train_multitask,
)
from course_lib.multitask_shapes import RADII, hide, labelled_shapes


def loop_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """The definition, label by label, in float64."""
    sums, counts = [0.0, 0.0], [0, 0]
    for place, (kind, quantity) in enumerate(zip(kinds, quantities, strict=True)):
        if kind >= 0:
            sums[0] -= np.log(max(float(probabilities[place][kind]), 1e-7))
            counts[0] += 1
        if not np.isnan(quantity):
            sums[1] += (float(np.ravel(predicted)[place]) - float(quantity)) ** 2
            counts[1] += 1
    means = [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]
    return weights[0] * means[0] + weights[1] * means[1]


def drawn(rng, batch=7, classes=4, missing=0.4):
    """Labels of which some are missing, and answers."""
    scores = rng.normal(size=(batch, classes))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    kinds = np.where(rng.random(batch) < missing, -1, rng.integers(classes, size=batch))
    quantities = np.where(rng.random(batch) < missing, np.nan, rng.normal(size=batch))
    return kinds, quantities, probabilities, rng.normal(size=(batch, 1))


# --- the networks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "channels", "classes"), [(32, 32, 3, 3), (17, 30, 1, 5)]
)
def test_one_backbone_feeds_both_heads(height, width, channels, classes):
    model = as_model(multitask_model, (height, width, channels), classes, filters=(4, 6))
    assert model.output_names == ["kind", "quantity"]
    images = np.random.default_rng(0).normal(size=(3, height, width, channels))
    kind, quantity = model.predict(images, verbose=0)
    assert (kind.shape, quantity.shape) == ((3, classes), (3, 1))
    np.testing.assert_allclose(kind.sum(axis=1), 1, rtol=1e-5)
    features = keras.Model(model.input, model.get_layer("features").output)(images)
    for name, came in (("kind", kind), ("quantity", quantity)):
        kernel, bias = model.get_layer(name).get_weights()
        scores = np.array(features) @ kernel + bias
        if name == "kind":
            scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(came, scores, rtol=1e-4, atol=1e-5)


def test_all_of_the_backbone_is_shared():
    """Its parameters are counted once, and each moves both outputs."""
    filters, shape = (4, 6), (16, 16, 3)
    both = as_model(multitask_model, shape, filters=filters)
    shared = as_model(backbone, shape, filters=filters).count_params()
    assert shared == (9 * 3 * 4 + 4 * 4) + (9 * 4 * 6 + 4 * 6)
    assert both.count_params() == shared + (6 * 3 + 3) + (6 + 1)
    images = np.random.default_rng(1).normal(size=(2, *shape))
    before = both.predict(images, verbose=0)
    for layer in both.layers:
        if isinstance(layer, layers.Conv2D):
            kept = layer.get_weights()
            layer.set_weights([2.0 * np.random.default_rng(2).normal(size=kept[0].shape)])
            after = both.predict(images, verbose=0)
            assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(after, before, strict=True))
            layer.set_weights(kept)


def test_neither_head_feeds_the_other():
    model = as_model(multitask_model, (16, 16, 3), filters=(4,))
    images = np.random.default_rng(3).normal(size=(2, 16, 16, 3))
    before = model.predict(images, verbose=0)
    for place, name in enumerate(("kind", "quantity")):
        kept = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([kept[0] + [[1]] * 4, kept[1]])
        after = model.predict(images, verbose=0)
        np.testing.assert_array_equal(after[1 - place], before[1 - place])
        model.get_layer(name).set_weights(kept)


def test_the_quantity_has_no_bounds():
    model = as_model(multitask_model, (16, 16, 3), filters=(4,))
    for value in (-50.0, 50.0):
        model.get_layer("quantity").set_weights([np.zeros((4, 1)), np.array([value])])
        assert model.predict(np.zeros((1, 16, 16, 3)), verbose=0)[1].item() == value


def test_a_network_of_one_head_is_the_other_less_a_head():
    both = as_model(multitask_model, (16, 16, 3), filters=(4, 6))
    images = np.random.default_rng(4).normal(size=(2, 16, 16, 3))
    for place, task in enumerate(multitask.TASKS):
        alone = as_model(single_task_model, (16, 16, 3), task, filters=(4, 6))
        other = multitask.TASKS[1 - place]
        rest = both.get_layer(other).count_params()
        assert alone.count_params() == both.count_params() - rest
        body = [w for layer in both.layers if layer.name != other for w in layer.get_weights()]
        alone.set_weights(body)
        np.testing.assert_allclose(
            alone.predict(images, verbose=0), both.predict(images, verbose=0)[place], rtol=1e-5
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: backbone(keras.Input((8, 8, 3)), ()), r"filters must be a list.*got \(\)"),
        (lambda: backbone(keras.Input((8, 8, 3)), 8), "filters must be a list.*got 8"),
        (lambda: backbone(keras.Input((3, 8, 3))), "at least 4, since 3 levels.*3, 8, 3"),
        (lambda: backbone(keras.Input((8,))), r"must have the shape \(batch, height"),
        (lambda: kind_head(keras.Input((4,)), 1), "classes must be an integer of at least 2"),
        (lambda: single_task_model(keras.Input((8, 8, 3)), "hue"), "task must be.*got 'hue'"),
    ],
)
def test_what_networks_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the loss ------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0.0, 0.4, 0.9, 1.0])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 2.0), (0, 1), (1, 0)])
def test_the_loss_is_that_of_a_loop(missing, weights):
    for seed in range(5):
        given = drawn(np.random.default_rng(seed), missing=missing)
        came = float(multitask_loss(*given, weights=weights))
        assert came == pytest.approx(loop_loss(*given, weights), rel=1e-5, abs=1e-7)


def test_with_all_labels_it_is_that_of_keras():
    kinds, quantities, probabilities, predicted = drawn(np.random.default_rng(6), missing=0)
    keras_own = (
        keras.losses.SparseCategoricalCrossentropy()(kinds, probabilities),
        np.mean((predicted[:, 0] - quantities) ** 2),
    )
    assert float(masked_cross_entropy(kinds, probabilities)) == pytest.approx(float(keras_own[0]))
    assert float(masked_squared_error(quantities, predicted)) == pytest.approx(keras_own[1])


def test_predictions_may_stand_in_a_column_or_a_row():
    """A column less a row would be a square."""
    kinds, quantities, probabilities, predicted = drawn(np.random.default_rng(7))
    losses = {
        float(multitask_loss(k, q, probabilities, p))
        for k in (kinds, kinds[:, np.newaxis])
        for q in (quantities, quantities[:, np.newaxis])
        for p in (predicted, predicted[:, 0])
    }
    assert len(losses) == 1


def gradients(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    answers = [tf.constant(one, "float32") for one in (probabilities, predicted)]
    with tf.GradientTape() as tape:
        tape.watch(answers)
        loss = multitask_loss(kinds, quantities, *answers, weights)
    return float(loss), [ops.convert_to_numpy(one) for one in tape.gradient(loss, answers)]


def test_gradients_are_those_of_the_formula():
    kinds, quantities, probabilities, predicted = drawn(np.random.default_rng(8))
    _, (first, second) = gradients(kinds, quantities, probabilities, predicted, (0.5, 3.0))
    there = kinds >= 0
    due = np.zeros_like(probabilities)
    rows = np.flatnonzero(there)
    due[rows, kinds[rows]] = -0.5 / probabilities[rows, kinds[rows]] / there.sum()
    np.testing.assert_allclose(first, due, rtol=1e-5)
    there = np.isfinite(quantities)
    due = np.where(there, 3 * 2 * (predicted[:, 0] - np.nan_to_num(quantities)), 0) / there.sum()
    np.testing.assert_allclose(second[:, 0], due, rtol=1e-5)


def test_without_any_label_loss_and_gradient_are_zero():
    _, _, probabilities, predicted = drawn(np.random.default_rng(9))
    loss, both = gradients([-1] * 7, [np.nan] * 7, probabilities, predicted)
    assert loss == 0
    assert all((one == 0).all() for one in both)
    loss, both = gradients([-1] * 7, [1.0] * 7, probabilities, predicted)
    assert loss > 0
    assert (both[0] == 0).all()
    assert np.isfinite(both[1]).all()


def test_what_is_missing_leaves_no_trace():
    """Answers to images without labels change nothing, however wild; no image at all neither."""
    given = list(drawn(np.random.default_rng(10), batch=9))
    before, _ = gradients(*given)
    given[2][given[0] < 0] = 0.0
    given[3][np.isnan(given[1])] = 1e30
    after, both = gradients(*given)
    assert after == pytest.approx(before)
    assert all(np.isfinite(one).all() for one in both)
    more = [np.concatenate([one, one[:2]]) for one in given]
    more[0][9:], more[1][9:] = -1, np.nan
    assert float(multitask_loss(*more)) == pytest.approx(before)


def test_a_probability_of_zero_has_a_finite_loss_and_gradient():
    loss, (first, _) = gradients([0], [np.nan], [[0.0, 1.0]], [[0.0]])
    assert loss == pytest.approx(-np.log(1e-7), rel=1e-5)
    assert np.isfinite(first).all()


def test_it_is_built_on_tensors_without_numbers():
    """As `compile` does."""
    given = [np.asarray(one, "float32") for one in drawn(np.random.default_rng(11))]
    inputs = [keras.Input(one.shape[1:]) for one in given]
    model = keras.Model(inputs, multitask_loss(*inputs, weights=(2, 3)))
    kinds = given[0].astype(int)
    assert float(model(given)) == pytest.approx(loop_loss(kinds, *given[1:], (2, 3)), rel=1e-5)


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), 1.0, (1, -1), (1, np.nan), "ab", (1, np.inf)])
def test_weights_are_two_numbers(weights):
    with pytest.raises(ValueError, match=r"weights must be two numbers.*Write weights=\(1.0, 1.0"):
        checked_weights(weights)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: masked_cross_entropy([0], [0.5, 0.5]), r"must have the shape \(batch, classes\)"),
        (lambda: masked_cross_entropy([[0, 1]], [[0.5, 0.5]]), r"kinds must have the shape"),
        (lambda: masked_cross_entropy([0, 1], [[0.5, 0.5]]), "kinds.*got 2 for 1 images"),
        (lambda: masked_squared_error([0.0, 1.0], [[0.5]]), "quantities.*got 2 for 1 images"),
        (lambda: masked_squared_error([0.0], [[0.5, 1.0]]), r"predicted must have the shape"),
    ],
)
def test_what_the_loss_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- training ------------------------------------------------------------------------------------


def small(seed=0, count=64):
    """Few small pictures and the labels that train a small network."""
    images, kinds, radii = labelled_shapes(count, 16, seed)
    images = (images - images.mean()) / images.std()
    return images, {"kind": kinds, "quantity": radii - radii.mean()}


def test_training_learns_both_tasks_and_repeats():
    images, labels = small()
    keras.utils.set_random_seed(0)
    model = as_model(multitask_model, (16, 16, 3), filters=(8, 8))
    start = model.get_weights()
    history = train_multitask(model, images, labels, epochs=6, batch_size=16)
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(
        ("loss", "kind_loss", "quantity_loss"), 6
    )
    assert all(values[-1] < values[0] for values in history.values())
    first = model.get_weights()
    model.set_weights(start)
    train_multitask(model, images, labels, epochs=6, batch_size=16)
    for one, other in zip(model.get_weights(), first, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_weights_of_the_losses_reach_the_training():
    """A head whose loss has the weight 0 stays as it was, the backbone does not."""
    images, labels = small()
    for place, (name, weights) in enumerate({"kind": (0, 1), "quantity": (1, 0)}.items()):
        model = as_model(multitask_model, (16, 16, 3), filters=(4,))
        before = [model.get_layer(task).get_weights()[0] for task in multitask.TASKS]
        train_multitask(model, images, labels, weights, epochs=1)
        after = [model.get_layer(task).get_weights()[0] for task in multitask.TASKS]
        assert name == multitask.TASKS[place]
        np.testing.assert_array_equal(after[place], before[place])
        assert np.abs(after[1 - place] - before[1 - place]).max() > 1e-4


def test_training_bears_missing_labels():
    images, labels = small()
    labels = {name: hide(values, 2) for name, values in labels.items()}
    model = as_model(multitask_model, (16, 16, 3), filters=(4,))
    history = train_multitask(model, images, labels, epochs=2, batch_size=16)
    assert np.isfinite(history["loss"]).all()
    assert all(np.isfinite(one).all() for one in model.get_weights())


@pytest.mark.parametrize("task", multitask.TASKS)
def test_training_of_one_head(task):
    images, labels = small()
    model = as_model(single_task_model, (16, 16, 3), task, filters=(8, 8))
    history = train_multitask(model, images, {task: labels[task]}, epochs=4, batch_size=16)
    assert list(history) == ["loss"]
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize(("labels", "got"), [({"kind": [0, 1]}, "none"), ({"kind": [0]}, "1")])
def test_labels_that_do_not_fit_are_refused(labels, got):
    model = as_model(multitask_model, (16, 16, 3), filters=(4,))
    name = "quantity" if got == "none" else "kind"
    with pytest.raises(ValueError, match=f'one "{name}" an image.*2 of them; got {got}'):
        train_multitask(model, np.zeros((2, 16, 16, 3)), labels)


# --- pictures with two labels --------------------------------------------------------------------


def test_shapes_have_the_area_of_their_radius():
    images, kinds, radii = labelled_shapes(90, size=64, seed=3, noise=0)
    assert set(kinds) == {0, 1, 2}
    assert (radii >= RADII[0] * 64).all()
    assert (radii <= RADII[1] * 64).all()
    # Without noise a shape has an edge all around: what is darkest in it is lighter than outside.
    for image, radius in zip(images, radii, strict=True):
        area = np.pi * radius**2
        flat = image.sum(axis=-1)
        outside = np.median(np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]]))
        inside = np.sort(np.abs(flat - outside).ravel())[::-1]
        jump = np.argmax(-np.diff(inside[: int(2 * area)])) + 1
        assert jump == pytest.approx(area, rel=0.12)


def test_labels_say_nothing_of_each_other():
    _, kinds, radii = labelled_shapes(3000, size=16, seed=4)
    means = [radii[kinds == kind].mean() for kind in range(len(SHAPES))]
    assert np.ptp(means) < 0.15 * np.ptp(RADII) * 16
    assert np.bincount(kinds) == pytest.approx([1000] * 3, abs=100)


def test_pictures_repeat_and_differ_by_seed():
    first, second, other = (labelled_shapes(3, seed=seed) for seed in (5, 5, 6))
    for one, same, different in zip(first, second, other, strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, different)


def test_hiding_keeps_so_many_and_changes_no_argument():
    kinds, radii = np.arange(10), np.arange(10.0)
    for kept in (0, 3, 10):
        assert (hide(kinds, kept) >= 0).sum() == np.isfinite(hide(radii, kept)).sum() == kept
    hidden = hide(kinds, 4, seed=1)
    assert (hidden[hidden >= 0] == np.flatnonzero(hidden >= 0)).all()
    assert (kinds == np.arange(10)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: labelled_shapes(2, size=8), "size must be an integer of at least 16"),
        (lambda: labelled_shapes(2, noise=-1), "noise must be a number of at least 0; got -1"),
        (lambda: hide(np.arange(3), 4), "kept must be at most 3.*got 4"),
    ],
)
def test_what_the_pictures_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
