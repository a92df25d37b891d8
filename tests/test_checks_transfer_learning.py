"""The checks of fine-tuning: what they rest on in Keras, and that one mistake costs one part."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from course_lib.checks import networks  # noqa: E402  after Keras, which may be missing
from course_lib.checks.run import run  # noqa: E402
from course_lib.checks.transfer_learning import CHECKS, measures  # noqa: E402

FREEZE, HEAD, TUNE = (CHECKS[name] for name in ("freeze_until", "replace_head", "fine_tune"))


def lost(check, answer):
    """Names of the parts that do not pass, and the mistakes that are named."""
    report = run(check, answer, forbidden=())
    failed = [outcome for outcome in report.outcomes if outcome.status != "passed"]
    return [o.name for o in failed], {o.misconception for o in failed if o.misconception}


def test_a_models_flag_that_is_true_already_frees_no_layer():
    """Keras on TensorFlow drops an assignment of the same value: the hint and the task say so."""
    model = measures.small_model()
    model.layers[1].trainable = False
    model.trainable = True
    assert not model.layers[1].trainable
    model.trainable = False
    model.trainable = True
    assert model.layers[1].trainable


def test_a_step_moves_what_learns_and_nothing_else():
    model, (images, labels) = measures.small_model(), measures.examples(8)
    for layer in model.layers[:-1]:
        layer.trainable = False
    before = measures.Weights(model)
    loss, predicted = measures.step(model, images, labels)
    wanted = -np.log(predicted[np.arange(8), labels]).mean()
    assert loss == pytest.approx(wanted, rel=1e-4)
    trained, moving = before.changes()
    assert {name for name, change in trained.items() if change} == {"scores"}
    assert set(moving.values()) == {0}


@pytest.mark.slow
def test_frozen_variables_do_not_count_as_frozen_layers():
    def by_variables(model, name):
        names = [layer.name for layer in model.layers]
        count = 0 if name is None else names.index(name) + 1
        model.trainable = False
        model.trainable = True
        for layer in model.layers[:count]:
            for variable in layer.weights:
                variable.trainable = False
        return model

    parts, named = lost(FREEZE, by_variables)
    assert parts == ["frozen", "included", "statistics", "nested"]
    assert named == {"variables_frozen"}


def test_preprocessing_comes_back_to_the_last_bit():
    """So that a training with it and one without are the same."""
    images, _ = measures.examples(measures.COUNT)
    preprocess = measures.Preprocess([])
    given = images * measures.SCALE + measures.OFFSET
    np.testing.assert_array_equal(preprocess(given), images)
    assert len(preprocess.calls) == 1
    assert repr(preprocess) == "preprocess"


def test_images_change_from_class_to_class_and_labels_come_mixed():
    images, labels = measures.examples(32)
    assert np.bincount(labels).tolist() == [8] * 4
    assert not (np.diff(labels) >= 0).all()
    assert images[labels == 0].mean(0) != pytest.approx(images[labels == 1].mean(0), abs=0.5)


def training(compiles, images, labels, **given):
    """The real thing, with Keras's own `fit`, compiled once or before each stage."""
    model, images = given["model"], given.get("preprocess", np.asarray)(images)
    keras.utils.set_random_seed(given["seed"])
    names, history = [layer.name for layer in model.layers], {"loss": [], "accuracy": []}
    until = given.get("until")
    for stage, start in enumerate((len(names) - 1, names.index(until) + 1 if until else 0)):
        for place, layer in enumerate(model.layers):
            layer.trainable = place >= start
        if stage == 0 or compiles == 2:
            adam = keras.optimizers.Adam(given["learning_rates"][stage])
            model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        settings = {"batch_size": given["batch_size"], "epochs": given["epochs"][stage]}
        found = model.fit(images, labels, verbose=0, **settings).history
        history = {name: history[name] + found.get(name, []) for name in history}
    return history


@pytest.mark.slow
@pytest.mark.parametrize(
    ("compiles", "parts", "named"),
    [(2, [], set()), (1, ["second_stage", "second_rate"], {"compiled_once"})],
)
def test_what_fit_trains_is_looked_up_when_it_begins(compiles, parts, named):
    """The planted mistake, a plain loop, does what Keras does to a model that is compiled once."""

    def answer(model, images, labels, **given):
        if not given.get("seed"):
            raise ValueError("what is refused is asked elsewhere")
        return training(compiles, images, labels, model=model, **given)

    assert lost(TUNE, answer) == (parts, named)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "mistake", "parts"),
    [
        (FREEZE, "named_layer_left_out", ["included"]),
        (FREEZE, "one_layer_too_many", ["after"]),
        (FREEZE, "batch_norm_left_out", ["statistics"]),
        (FREEZE, "nothing_returned", ["returned"]),
        (HEAD, "no_softmax", ["probabilities"]),
        (HEAD, "fresh_backbone", ["carried"]),
        (HEAD, "statistics_left_behind", ["moving"]),
        (HEAD, "averaged_behind_the_softmax", ["averaged"]),
        (TUNE, "batch_norm_not_frozen", ["still"]),
        (TUNE, "until_ignored", ["until"]),
        (TUNE, "same_rate", ["second_rate"]),
        (TUNE, "batch_size_ignored", ["second_rate"]),
        (TUNE, "not_preprocessed", ["preprocessing"]),
        (TUNE, "preprocessed_twice", ["preprocessing"]),
        pytest.param(TUNE, "seed_ignored", ["seeds"], marks=pytest.mark.slow),
        (TUNE, "second_history_only", ["history"]),
        (TUNE, "second_stage_only", ["history", "head_alone", "still", "first_rate", "falls"]),
        (TUNE, "empty_history_looked_up", ["history", "all_layers", "second_rate", "seeds"]),
    ],
)
def test_one_mistake_costs_one_part(check, mistake, parts):
    planted = next(m for m in check.misconceptions if m.name == mistake)
    assert lost(check, planted.function) == (parts, {mistake})


def test_an_error_comes_once_for_all_parts_that_need_the_call():
    calls = []

    def fails(model, images, labels, **given):
        calls.append(given["epochs"])
        raise RuntimeError("no")

    # To name what is wrong would take it through all planted trainings.
    parts, named = lost(replace(TUNE, misconceptions=[]), fails)
    assert len(parts) == len(TUNE.parts)
    assert not named
    assert calls.count((4, 0)) == 1


def test_who_trains_nothing_earns_nothing_for_what_stays():
    def stands_still(model, images, labels, **given):
        if not sum(given["epochs"]):
            raise ValueError("what is refused is asked elsewhere")
        return {name: [0.5] * sum(given["epochs"]) for name in ("loss", "accuracy")}

    parts, _ = lost(replace(TUNE, misconceptions=[]), stands_still)
    assert set(parts) == {part.name for part in TUNE.parts} - {"history", "refused"}


def test_a_list_of_lists_costs_the_history_alone():
    """`append` for `extend`: NumPy makes no array of it, and the check must not fall over that."""
    ragged = {"loss": [[1.0, 0.5], [0.4]], "accuracy": [[0.2, 0.3], [0.5]]}
    found = measures._lengths(ragged)
    assert found.came.startswith("history['loss'] of [[1.0, 0.5], [0.4]]")
    assert found.expected.startswith("one number for each epoch")
    assert measures._lengths({"loss": [1.0, 0.5], "accuracy": np.ones(2)}).tolist() == [2, 2]


def test_a_model_that_cannot_be_looked_into_is_said():
    class Own(keras.Model):
        """A model of a class of its own, as a student may write it."""

        def call(self, images):
            """Return the images."""
            return images

    for model in (Own(), keras.Sequential([keras.layers.Dense(2, activation="softmax")])):
        with pytest.raises(networks.Unfit, match="does not say what it computes"):
            measures.measure_head(lambda *given, model=model: model, "mean", 2, measures.SHAPE)


def test_head_of_a_nested_model_is_looked_into():
    def nested(model, name, classes):
        inner = keras.Model(model.input, model.get_layer(name).output)
        images = keras.Input(model.input_shape[1:])
        tensor = inner(images)
        if len(tensor.shape) == 4:
            tensor = keras.ops.mean(tensor, axis=(1, 2))
        return keras.Model(images, keras.layers.Dense(classes, "softmax")(tensor))

    assert lost(HEAD, nested) == (["bad_arguments"], {"single_class_accepted"})


@pytest.mark.parametrize("answer", [lambda *given, **more: 3, lambda model, *given, **more: model])
def test_what_is_no_answer_is_said(answer):
    with pytest.raises(networks.Unfit, match=r"instead of|history"):
        measures.measure_tuning(answer, measures.HISTORY)
    with pytest.raises(networks.Unfit, match="3 instead of a model"):
        measures.measure_head(lambda *given: 3, "mean", 2, measures.SHAPE)
    with pytest.raises(networks.Unfit, match="a tensor"):
        measures.measure_head(lambda model, *given: model.output, "mean", 2, measures.SHAPE)
    with pytest.raises(networks.Unfit, match="without weights"):
        measures.measure_head(lambda *given: weightless(), "mean", 2, measures.SHAPE)


def weightless():
    images = keras.Input(measures.SIZE)
    return keras.Model(images, keras.layers.Softmax()(keras.layers.Flatten()(images)))
