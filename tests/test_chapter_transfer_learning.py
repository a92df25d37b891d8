"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json

import numpy as np
import pytest
from chapter_helpers import BOOK, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load

STEM = "transfer_learning"
COUNTS = ("1", "3", "10", "30")


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def runs():
    """What the recipe has measured: arrays over the seeds, by arm and labels of each digit."""
    results = json.loads((BOOK / "_data" / f"{STEM}_labels.json").read_text("utf8"))
    arms = {
        (arm, count): np.array([of[seed] for seed in sorted(of)])
        for arm, by_count in results.items()
        for count, of in by_count.items()
    }
    assert {len(of) for of in arms.values()} == {3}
    return arms


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for part in check.parts:
            assert f"\n({part.read.partition('#')[2]})=\n" in text(STEM)


# The source


def test_the_source(page):
    assert page["read"] > 0.95
    assert says("6,000 of them")
    from course_lib.transfer_learning_source import COUNT, LETTERS

    assert COUNT == 6000
    assert len(LETTERS) == 17  # "Seventeen letters", and a question of the quiz


def test_probes(page):
    mean = {
        key: of.mean()
        for key, of in page["probes"].items()
        if key[2] in ("relu_1", "relu_2", "relu_3")
    }
    source, target = (
        [mean["trained", task, f"relu_{layer}"] for layer in (1, 2, 3)]
        for task in ("letters", "digits")
    )
    assert source == sorted(source)
    assert source[2] > 0.93
    assert source[2] - source[1] > 0.05
    assert target[1] - target[0] > 0.15
    assert max(target[1:]) < source[1]  # "fewer of them are read right", says the quiz
    assert abs(target[2] - target[1]) < 0.03  # "next to nothing to add"
    for task, trained in (("letters", source), ("digits", target)):
        untrained = [mean["untrained", task, f"relu_{layer}"] for layer in (1, 2, 3)]
        assert all(one < other for one, other in zip(untrained, trained, strict=True))
        assert untrained[2] < 0.35


# Freezing


def test_trainable_and_compile(page):
    assert page["silent"] == 0
    without, compiled = page["without"], page["compiled"]
    assert without["conv_1"] == without["conv_3"] == 0  # "exactly zero", says the quiz
    assert without["head"] > 1e-4
    assert min(compiled[name] for name in ("conv_1", "conv_3", "head")) > 1e-4


def test_freezing_after_a_first_fit_is_as_silent(page):
    """The other way round: what the text says of it, in words alone."""
    late = page["replace_head"](page["source_model"](), "features", 10)
    late.compile("adam", "sparse_categorical_crossentropy")
    late.fit(*page["examples"], verbose=0)
    page["freeze_until"](late, "features")
    before = late.get_weights()
    late.fit(*page["examples"], verbose=0)
    assert page["moved"](late, before)["conv_1"] > 1e-4


def test_statistics_drift_where_weights_alone_are_frozen(page):
    assert page["drift"]["the layers"] == 0
    assert page["drift"]["their weights only"] > 0.05


def test_inference_that_is_built_in_is_overruled_by_fit(page):
    """Keras hands the model's own `training` on; what the text offers instead holds."""
    import keras
    import tensorflow as tf

    source, (images, labels) = page["source_model"](), page["examples"]
    inner = keras.Model(source.input, source.get_layer("features").output)
    pages = keras.Input(source.input_shape[1:])
    head = keras.layers.Dense(10, activation="softmax")
    model = keras.Model(pages, head(inner(pages, training=False)))
    model.compile("adam", "sparse_categorical_crossentropy")
    norm = source.get_layer("norm_3")

    def changes(train):
        before = [weight.numpy().copy() for weight in (norm.gamma, norm.moving_mean)]
        train()
        now = [weight.numpy() for weight in (norm.gamma, norm.moving_mean)]
        return [np.abs(new - old).max() for new, old in zip(now, before, strict=True)]

    assert min(changes(lambda: model.fit(images, labels, verbose=0))) > 1e-4

    def by_hand():
        with tf.GradientTape() as tape:
            predicted = model(images, training=False)
            losses = keras.losses.sparse_categorical_crossentropy(labels, predicted)
            loss = keras.ops.mean(losses)
        weights = model.trainable_variables
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        keras.optimizers.Adam().apply(gradients, weights)

    gamma, mean = changes(by_hand)
    assert gamma > 1e-4
    assert mean == 0


def test_the_heads_inputs(page):
    assert page["shared"]
    assert says("a head on `relu_2` has 32 inputs and one on `relu_3` has 64")
    from course_lib.transfer_learning import replace_head
    from course_lib.transfer_learning_source import source_model

    model = source_model()
    for name, maps in (("relu_1", 16), ("relu_2", 32), ("features", 64)):  # the first exercise
        head = replace_head(model, name, 5).get_layer("head")
        assert head.count_params() == 5 * maps + 5


# Ways and labels


def test_transfer_beats_scratch_with_every_seed(runs):
    for count in COUNTS:
        for way in ("frozen", "tuned"):
            assert (runs[way, count] > runs["scratch", count] + 0.1).all()
    assert round(100 * runs["scratch", "3"].mean()) == 17  # the chapter's first lines
    # "thirty labels from scratch are worth about as much as three with the letters' network"
    assert abs(runs["scratch", "30"].mean() - runs["frozen", "3"].mean()) < 0.05


def test_few_labels_want_a_frozen_backbone_and_more_labels_a_tuned_one(runs):
    for count in ("1", "3"):
        assert (runs["frozen", count] > runs["tuned", count]).all()
    for count in ("10", "30"):
        assert (runs["tuned", count] > runs["frozen", count]).all()
    longer = runs["scratch, longer", "30"] - runs["scratch", "30"]
    assert 0 < longer.mean() < 0.01
    assert runs["scratch", "1"].mean() < 0.15  # "near chance", says the quiz


def test_rates(runs):
    rate = {name: runs[f"rate {name}", "10"] for name in (0.0003, 0.001, 0.003, 0.01, 0.03)}
    mean = {name: of.mean() for name, of in rate.items()}
    frozen = runs["frozen", "10"].mean()
    assert abs(mean[0.0003] - frozen) < 0.03
    assert max(mean, key=mean.get) in (0.003, 0.01)
    assert abs(mean[0.003] - mean[0.01]) < 0.02
    assert (rate[0.03] < rate[0.003]).all()
    assert mean[0.03] < frozen


def test_which_layers(runs):
    many = [runs[arm, "30"].mean() for arm in ("frozen", "until relu_2", "until relu_1", "tuned")]
    assert many == sorted(many)
    for seed in range(3):
        of = [runs[arm, "30"][seed] for arm in ("frozen", "until relu_2", "until relu_1", "tuned")]
        assert of == sorted(of)
    few = [runs[arm, "3"] for arm in ("frozen", "until relu_2", "until relu_1", "tuned")]
    means = [of.mean() for of in few]
    assert max(means) == means[0]
    assert max(means) - min(means) < min(np.ptp(of) for of in few)
    assert np.ptp(means[1:]) < 0.01  # "cannot be told apart"


def test_the_page_computes_what_the_recipe_did(page, runs):
    assert page["here"] == pytest.approx(runs["tuned", "3"][0], abs=0.06)
    assert page["here"] > runs["scratch", "3"].max()


def test_preprocessing(page):
    forms = page["by_form"]
    assert forms["once"] == page["read"]
    assert forms["never"] < 0.3  # "a ruin"
    assert 0.02 < forms["once"] - forms["twice"] < 0.08  # "a few letters in a hundred"


# ImageNet


def test_photographs(page):
    assert page["norms"] == 52
    assert page["learn"] == 1280 * 3 + 3


@pytest.mark.parametrize(
    ("name", "due"),
    [
        ("mobilenet_v2", lambda x: x / 127.5 - 1),
        ("efficientnet", lambda x: x),
        ("mobilenet_v3", lambda x: x),
        ("resnet50", lambda x: x[..., ::-1] - np.array([103.939, 116.779, 123.68])),
    ],
)
def test_what_is_said_of_preprocessing(name, due):
    import importlib

    module = importlib.import_module(f"keras.applications.{name}")
    images = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 3)).astype("float32")
    np.testing.assert_allclose(module.preprocess_input(images.copy()), due(images), atol=1e-3)
