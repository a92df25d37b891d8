"""What students may hand in for `multitask` beyond the planted mistakes."""

from dataclasses import replace

import keras
import pytest
from keras import layers, ops

from course_lib.checks.run import find, run

# Mistakes in networks take long to build: those that an answer below was once taken for.
KNOWN = ("image_rescaled", "image_pooled_first", "one_tensor_of_both", "backbone_is_frozen")
KNOWN += ("kind_does_not_train", "pooled_after_the_last_level", "always_nothing")
KNOWN += ("missing_quantity_is_zero", "missing_quantity_is_the_mean", "every_pair_of_images")
KNOWN += ("squared_error_alone", "product_of_both")


def judged(name, answer, seed=3):
    """Return the report, and of each part that did not pass what came and the mistake's name."""
    check = find(name)
    known = [mistake for mistake in check.misconceptions if mistake.name in KNOWN]
    check = replace(check, misconceptions=known)
    report = run(check, answer, hidden=True, seed=seed, forbidden=())
    failed = {o.name: (o.came, o.misconception) for o in report.outcomes if o.status == "failed"}
    return report, failed


# --- the loss ------------------------------------------------------------------------------------


def masked_mean(there, values):
    there = ops.cast(there, "float32")
    return ops.sum(there * values) / ops.maximum(ops.sum(there), 1.0)


def entropy(kinds, probabilities):
    rows = ops.one_hot(kinds, probabilities.shape[-1])
    chosen = ops.maximum(ops.sum(rows * probabilities, axis=-1), 1e-7)
    return masked_mean(kinds >= 0, -ops.log(chosen))


def squared(quantities, predicted):
    there = ops.logical_not(ops.isnan(quantities))
    return masked_mean(there, (predicted[:, 0] - ops.where(there, quantities, 0.0)) ** 2)


@pytest.mark.parametrize("seed", [1, 3])
def test_keras_may_leave_out_the_missing_kinds(seed):
    """Its loss counts images, which a symbolic tensor with an open batch cannot tell."""

    def loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
        own = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
        return weights[0] * own(kinds, probabilities) + weights[1] * squared(quantities, predicted)

    assert judged("multitask_loss", loss, seed)[1] == {}


@pytest.mark.parametrize("number", [0.0, 0.7404])
def test_a_number_that_was_written_down_earns_nothing(number):
    report, failed = judged("multitask_loss", lambda *given, weights=(1.0, 1.0): number)
    assert report.score == 0
    assert failed["cross_entropy"][1] == (None if number else "always_nothing")


@pytest.mark.parametrize(("result", "came"), [("0.5", "'0.5'"), ({"loss": 1.0}, "{'loss': 1.0}")])
def test_what_is_no_number_is_called_by_its_name(result, came):
    report, failed = judged("multitask_loss", lambda *given, weights=(1.0, 1.0): result)
    assert report.score == 0
    assert failed["batches"] == (came, None)


def test_a_mean_in_the_place_of_what_is_missing_is_not_taken_for_zero():
    def loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
        there = ops.logical_not(ops.isnan(quantities))
        known = ops.where(there, quantities, 0.0)
        filled = ops.where(there, quantities, masked_mean(there, known))
        error = ops.mean((predicted[:, 0] - filled) ** 2)
        return weights[0] * entropy(kinds, probabilities) + weights[1] * error

    _, failed = judged("multitask_loss", loss)
    assert failed["gradients"][1] == failed["together"][1] == "missing_quantity_is_the_mean"


def mean_of_some(there, values):
    values = values[there]
    return masked_mean(ops.ones_like(values), values)


@pytest.mark.parametrize("mean", [masked_mean, mean_of_some])
def test_what_works_in_a_training_is_right(mean):
    """Keras's symbolic tensors know neither == nor a mask as index; `fit` hands out none."""

    def loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
        kinds, quantities = ops.convert_to_tensor(kinds), ops.convert_to_tensor(quantities)
        there = quantities == quantities
        errors = predicted[:, 0] - ops.nan_to_num(quantities)
        hot = ops.one_hot(kinds, probabilities.shape[-1])
        losses = -ops.log(ops.maximum(ops.sum(hot * probabilities, axis=-1), 1e-7))
        first = mean(ops.logical_not(kinds == -1), losses)
        return weights[0] * first + weights[1] * mean(there, errors**2)

    report, failed = judged("multitask_loss", loss)
    assert failed == {}
    assert report.passed


# --- the network ---------------------------------------------------------------------------------


def network(first=None, activation="relu", end=None, kind="kind"):
    """Return a function that builds the network, with steps of one's own."""

    def build(tensor, classes=3, filters=(8, 16, 32)):
        tensor = first(tensor) if first else tensor
        for level, maps in enumerate(filters):
            tensor = layers.MaxPooling2D()(tensor) if level else tensor
            tensor = layers.Conv2D(maps, 3, padding="same", activation=activation)(tensor)
        if end:
            return end(tensor, classes)
        features = layers.GlobalAveragePooling2D()(tensor)
        probabilities = layers.Dense(classes, activation="softmax", name=kind)(features)
        return probabilities, layers.Dense(1, name="quantity")(features)

    return build


def test_heads_may_be_convolutions_of_the_means():
    def end(tensor, classes):
        means = layers.GlobalAveragePooling2D(keepdims=True)(tensor)
        kind = layers.Conv2D(classes, 1, activation="softmax")(means)
        quantity = layers.Conv2D(1, 1)(means)
        return layers.Flatten(name="kind")(kind), layers.Flatten(name="quantity")(quantity)

    assert judged("multitask_model", network(end=end))[1] == {}


@pytest.mark.parametrize(
    ("settings", "due"),
    [
        ({"first": lambda x: layers.Rescaling(1 / 127.5, offset=-1)(x)}, {"pooling"}),
        ({"activation": "tanh"}, {"activations"}),
        (
            {
                "end": lambda x, classes: (
                    layers.Softmax(axis=0, name="kind")(layers.Dense(classes)(_mean(x))),
                    layers.Dense(1, name="quantity")(_mean(x)),
                )
            },
            {"probabilities"},
        ),
    ],
)
def test_one_mistake_costs_one_part(settings, due):
    assert set(judged("multitask_model", network(**settings))[1]) == due


def _mean(tensor):
    return layers.GlobalAveragePooling2D()(tensor)


def test_pixels_that_are_changed_are_not_taken_for_pooled():
    rescaled = network(first=lambda x: layers.Rescaling(1 / 127.5, offset=-1)(x))
    assert judged("multitask_model", rescaled)[1]["pooling"][1] == "image_rescaled"


def test_one_output_is_not_taken_for_both_joined():
    build = network()
    _, failed = judged("multitask_model", lambda *given, **named: build(*given, **named)[0])
    assert failed["sizes"] == ("one tensor of shape (None, 4)", None)


def test_layers_of_one_name_are_told():
    report, failed = judged("multitask_model", network(kind="quantity"))
    assert report.score == 0
    assert failed["sizes"] == ("several layers named 'quantity'", None)


def test_a_flat_answer_has_no_backbone():
    def dense(tensor, classes=3, filters=(8, 16, 32)):
        features = layers.Dense(filters[-1], activation="relu")(layers.Flatten()(tensor))
        kind = layers.Dense(classes, activation="softmax", name="kind")(features)
        return kind, layers.Dense(1, name="quantity")(features)

    came, hint = judged("multitask_model", dense)[1]["average"]
    assert "[0] = 4" in came
    assert hint is None
