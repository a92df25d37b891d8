"""`course_lib.transfer_learning`: what is frozen, the new head, both stages; source and probes."""

import keras
import numpy as np
import pytest
from keras import layers

from course_lib import transfer_learning as topic
from course_lib import transfer_learning_imagenet as imagenet
from course_lib import transfer_learning_probe as probing
from course_lib import transfer_learning_source as source
from course_lib.checks import networks
from course_lib.models import as_model

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(12, 8, 8, 1)).astype("float32")
LABELS = np.arange(12) % 3


def small(classes=3, seed=0):
    """A network with two convolutions, with weights and statistics that are no initial ones."""
    model = as_model(topic.classifier, (8, 8, 1), classes=classes, filters=(2, 3))
    networks.inject(model, seed=seed)
    return model


def changed(model, before):
    """The names of the layers some weight of which is not what it was."""
    pairs = zip(model.weights, before, model.get_weights(), strict=True)
    return {weight.path.split("/")[0] for weight, old, new in pairs if not np.array_equal(old, new)}


def step(model, learning_rate=0.01, epochs=1):
    model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
    model.fit(IMAGES, LABELS, batch_size=12, epochs=epochs, verbose=0)


# --- the network ---------------------------------------------------------------------------------


def test_layers_of_the_backbone():
    model = as_model(topic.backbone, (9, 8, 2), filters=(3, 4, 5))
    assert [layer.name for layer in model.layers][1:] == [
        *("conv_1", "norm_1", "relu_1", "pool_1", "conv_2", "norm_2", "relu_2", "pool_2"),
        *("conv_3", "norm_3", "relu_3", "features"),
    ]
    assert model.get_layer("relu_3").output.shape[1:] == (3, 2, 5)  # 9 is 5 is 3, rounded up
    # 9 c f for a convolution without bias, four numbers a map for a batch norm.
    assert model.count_params() == 9 * (2 * 3 + 3 * 4 + 4 * 5) + 4 * (3 + 4 + 5)


@pytest.mark.parametrize("filters", [8, ()])
def test_a_backbone_needs_filters(filters):
    with pytest.raises(ValueError, match="filters must be a list with an entry"):
        topic.backbone(keras.Input((8, 8, 1)), filters=filters)


# --- freeze_until --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conv_1", "norm_1", "relu_1", "conv_2", "features", "head"])
def test_frozen_layers_do_not_move_and_others_do(name):
    model = small()
    names = [layer.name for layer in model.layers]
    assert topic.freeze_until(model, name) is model
    before = model.get_weights()
    if name != "head":  # else there is nothing to train
        step(model)
    moved = changed(model, before)
    with_weights = {layer.name for layer in model.layers if layer.weights}
    assert moved == with_weights & set(names[names.index(name) + 1 :])


def test_a_frozen_batch_norm_normalises_by_its_statistics():
    model = topic.freeze_until(small(), "relu_1")
    inner = keras.Model(model.input, model.get_layer("relu_1").output)
    np.testing.assert_array_equal(inner(IMAGES, training=True), inner(IMAGES, training=False))
    topic.freeze_until(model, None)
    assert not np.allclose(inner(IMAGES, training=True), inner(IMAGES, training=False))


def test_what_was_frozen_before_does_not_count():
    model = small()
    model.trainable = False
    topic.freeze_until(model, "relu_1")
    learn = {weight.path for weight in model.trainable_weights}
    assert learn == {"conv_2/kernel", "norm_2/gamma", "norm_2/beta", "head/kernel", "head/bias"}
    topic.freeze_until(model, None)
    assert len(model.trainable_weights) == 8


def test_a_model_inside_the_model_freezes_as_a_whole():
    inside = as_model(topic.backbone, (8, 8, 1), filters=(2, 3))
    outer = keras.Sequential([keras.Input((8, 8, 1)), inside, layers.Dense(3)])
    topic.freeze_until(outer, inside.name)
    assert [weight.path.split("/")[-1] for weight in outer.trainable_weights] == ["kernel", "bias"]
    topic.freeze_until(outer, None)
    assert len(outer.trainable_weights) == 8


# --- replace_head --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "width"), [("relu_1", 2), ("relu_2", 3), ("features", 3)])
def test_the_head_by_hand(name, width):
    model = small(seed=1)
    new = topic.replace_head(model, name, 5)
    kernel = RNG.normal(size=(width, 5)).astype("float32")
    new.get_layer("head").set_weights([kernel, np.arange(5.0)])
    found = np.asarray(keras.Model(model.input, model.get_layer(name).output)(IMAGES))
    found = found.mean(axis=(1, 2)) if found.ndim == 4 else found
    powers = np.exp(found @ kernel + np.arange(5.0))
    due = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(new(IMAGES), due, atol=1e-5)
    assert new.layers[-1].name == "head"


def test_the_backbone_is_shared_and_the_old_head_is_gone():
    model = small()
    new = topic.replace_head(model, "features", 4)
    assert new.get_layer("conv_2") is model.get_layer("conv_2")
    assert new.get_layer("head") is not model.get_layer("head")
    assert model.output_shape == (None, 3)
    twice = topic.replace_head(new, "features", 7)
    assert twice.output_shape == (None, 7)


def test_bad_heads():
    model = small()
    with pytest.raises(ValueError, match="classes must be at least 2; got 1"):
        topic.replace_head(model, "features", 1)
    with pytest.raises(ValueError, match=r"no layer 'relu_9'; give one of its layers: .*relu_2"):
        topic.replace_head(model, "relu_9", 3)
    with pytest.raises(ValueError, match="no layer 'relu_9'"):
        topic.freeze_until(model, "relu_9")
    sequence = keras.Sequential([keras.Input((5, 2)), layers.Dense(3, name="rows")])
    with pytest.raises(ValueError, match=r"'rows' has the shape \(None, 5, 3\)"):
        topic.replace_head(sequence, "rows", 3)


# --- fine_tune -----------------------------------------------------------------------------------


def test_the_first_stage_moves_the_head_alone():
    model = small()
    before = model.get_weights()
    history = topic.fine_tune(model, IMAGES, LABELS, epochs=(3, 0))
    assert changed(model, before) == {"head"}
    assert {name: len(of) for name, of in history.items()} == {"loss": 3, "accuracy": 3}


@pytest.mark.parametrize(("until", "still"), [(None, set()), ("relu_1", {"conv_1", "norm_1"})])
def test_the_second_stage_moves_what_is_behind(until, still):
    model = small()
    before = model.get_weights()
    topic.fine_tune(model, IMAGES, LABELS, until, epochs=(1, 1))
    moved = changed(model, before)
    assert moved == {"conv_1", "norm_1", "conv_2", "norm_2", "head"} - still


def test_rates_of_both_stages():
    """Adam's first step moves a weight by its rate, as long as the gradient is not tiny."""
    model = small()
    before = dict(zip([w.path for w in model.weights], model.get_weights(), strict=True))
    topic.fine_tune(model, IMAGES, LABELS, epochs=(1, 1), learning_rates=(0.1, 0.02))
    far = {w.path: np.abs(np.asarray(w) - before[w.path]).max() for w in model.weights}
    assert far["conv_2/kernel"] == pytest.approx(0.02, rel=0.01)
    assert 0.075 < far["head/kernel"] < 0.125


def test_preprocessing_is_applied_once():
    calls = []

    def halve(images):
        calls.append(len(images))
        return images / 2

    one, two = small(), small()
    first = topic.fine_tune(one, IMAGES, LABELS, preprocess=halve, epochs=(1, 1))
    second = topic.fine_tune(two, IMAGES / 2, LABELS, epochs=(1, 1))
    assert calls == [12]
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-5)


def test_equal_seeds_give_equal_weights():
    runs = []
    for seed in (1, 1, 2):
        model = small()
        topic.fine_tune(model, IMAGES, LABELS, epochs=(1, 1), batch_size=4, seed=seed)
        runs.append(np.concatenate([of.ravel() for of in model.get_weights()]))
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-6)
    assert not np.allclose(runs[0], runs[2], atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": LABELS[:5]}, r"images must have the shape .* got \(12, 8, 8, 1\) and \(5,\)"),
        ({"labels": np.eye(3)[LABELS]}, "One-hot labels become integers"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "with at least one image"),
        ({"labels": LABELS + 1}, "labels must be integers from 0 to 2"),
        ({"labels": LABELS - 1}, "labels must be integers from 0 to 2"),
        ({"labels": LABELS / 1.0}, "labels must be integers from 0 to 2.* got float64"),
        ({"until": "relu_9"}, "no layer 'relu_9'"),
        ({"epochs": 3}, r"epochs must be a pair.* got 3. Write epochs=\(3, 3\)"),
        ({"epochs": (1, -1)}, "epochs must be an integer of at least 0"),
        ({"learning_rates": (0.1, 0.1, 0.1)}, "learning_rates must be a pair"),
        ({"learning_rates": (0.1, 0)}, "learning_rates must be a number above 0"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_bad_arguments(change, message):
    given = {"images": IMAGES, "labels": LABELS, "epochs": (1, 1), **change}
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        topic.fine_tune(model, given.pop("images"), given.pop("labels"), **given)
    assert changed(model, before) == set(), "nothing is trained before arguments are looked at"


# --- the source task -----------------------------------------------------------------------------


def test_letters_and_pages():
    images, labels = source.letters(200, seed=4)
    again, _ = source.letters(200, seed=4)
    np.testing.assert_array_equal(images, again)
    assert images.shape == (200, 8, 8, 1)
    assert 0 <= images.min() < images.max() == 1
    assert set(labels) == set(range(17))
    assert not set("BGIOQSZ") & set(source.LETTERS)
    pages = source.placed(images, noise=0, seed=4)
    # Each page holds its letter, fainter, at a place of its own.
    sums = pages.sum(axis=(1, 2, 3)) / images.sum(axis=(1, 2, 3))
    assert 0.6 <= sums.min() < sums.max() <= 1
    places = {tuple(np.argwhere(page[..., 0])[0]) for page in pages}
    assert len(places) > 30
    noise = source.placed(images, seed=4) - pages
    assert noise.std() == pytest.approx(0.15, rel=0.2)


def test_letters_and_digits_are_equally_bright():
    """The letters' docstring says so."""
    from course_lib.data import digits

    drawn, written = source.letters(1000)[0], digits()[0]
    assert drawn.mean() == pytest.approx(written.mean(), abs=0.01)
    assert drawn.std() == pytest.approx(written.std(), abs=0.01)


def test_numbers_of_pages_are_those_of_prepare():
    pages = source.placed(source.letters(2000)[0])
    assert source.prepare(pages).mean() == pytest.approx(0, abs=0.02)
    assert source.prepare(pages).std() == pytest.approx(1, abs=0.02)


def test_bad_letters_and_pages():
    with pytest.raises(ValueError, match="count must be an integer of at least 1"):
        source.letters(0)
    with pytest.raises(ValueError, match="images of 8 x 8 pixels do not fit on a page of 6 x 6"):
        source.placed(np.zeros((1, 8, 8, 1)), size=6)


def test_the_shipped_network_reads_new_letters():
    assert source.WEIGHTS.stat().st_size < 200_000
    model = source.source_model()
    assert model.count_params() == 24_737
    images, labels = source.letters(1000, seed=7)
    pages = source.prepare(source.placed(images, seed=8))
    found = model.predict(pages, verbose=0).argmax(axis=-1)
    assert (found == labels).mean() > 0.95


def test_the_recipe_trains():
    """A tenth of the recipe: enough to see that it is the road to the shipped weights."""
    model = source.train_source(count=1500, rates=(0.003,) * 4)
    images, labels = source.letters(300, seed=7)
    found = model.predict(source.prepare(source.placed(images)), verbose=0).argmax(axis=-1)
    assert (found == labels).mean() > 0.25  # 17 letters: 6 % by chance


# --- probes --------------------------------------------------------------------------------------


def test_layer_features_are_means_of_maps():
    model = small()
    found = probing.layer_features(model, IMAGES, ["relu_1", "features"])
    maps = keras.Model(model.input, model.get_layer("relu_1").output)(IMAGES)
    np.testing.assert_allclose(found["relu_1"], np.mean(maps, axis=(1, 2)), atol=1e-6)
    assert found["features"].shape == (12, 3)
    assert list(probing.layer_features(model, IMAGES, ["features"])) == ["features"]
    with pytest.raises(ValueError, match="No such layer: relu_9"):
        probing.layer_features(model, IMAGES, ["relu_9"])


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_ridge_by_scikit_learn(strength):
    from sklearn.linear_model import Ridge

    features, tests = RNG.normal(size=(9, 4)), RNG.normal(size=(5, 4))
    labels = np.arange(9) % 3
    scores = probing.ridge_scores(features, labels, tests, 3, strength)
    size = ((features - features.mean(axis=0)) ** 2).sum() / 9
    # Ours has no separate mean of the targets: it is 1 / 3 for each where classes are balanced.
    theirs = Ridge(alpha=strength * size).fit(features, np.eye(3)[labels])
    np.testing.assert_allclose(scores, theirs.predict(tests) - 1 / 3, atol=1e-9)


def test_bad_probes():
    with pytest.raises(ValueError, match="labels must be as many as features"):
        probing.ridge_scores(np.zeros((3, 2)), [0, 1], np.zeros((1, 2)), 2)
    with pytest.raises(ValueError, match="tests as wide"):
        probing.ridge_scores(np.zeros((2, 2)), [0, 1], np.zeros((1, 3)), 2)


# --- ImageNet ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photo_weights(tmp_path_factory):
    """A file in the format of Keras 3, and one in that of the files that Keras fetches."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    keras.utils.set_random_seed(3)
    model = imagenet.imagenet_backbone(96, weights=None)
    folder = tmp_path_factory.mktemp("weights")
    model.save_weights(folder / "own.weights.h5")
    fetched = folder / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    with h5py.File(fetched, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return model, folder / "own.weights.h5", fetched


@pytest.mark.parametrize("kind", [1, 2])
def test_weights_come_from_a_file(photo_weights, kind):
    due = photo_weights[0].get_weights()
    came = imagenet.imagenet_backbone(96, str(photo_weights[kind])).get_weights()
    assert all(np.array_equal(one, other) for one, other in zip(due, came, strict=True))


def test_weights_are_asked_for_by_the_right_name(photo_weights, monkeypatch):
    """What happens with a network, but for the network: Keras asks for a file, and gets ours."""
    from keras.src.applications import mobilenet_v2

    asked = []

    def get_file(name, address, **settings):
        asked.append((name, address))
        return str(photo_weights[2])

    monkeypatch.setattr(mobilenet_v2.file_utils, "get_file", get_file)
    came = imagenet.imagenet_backbone(96)
    assert asked[0][0] == photo_weights[2].name
    assert asked[0][1].endswith(photo_weights[2].name)
    np.testing.assert_array_equal(came.get_weights()[0], photo_weights[0].get_weights()[0])


def test_no_network_is_said(monkeypatch):
    from keras.src.applications import mobilenet_v2

    def get_file(*arguments, **settings):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(mobilenet_v2.file_utils, "get_file", get_file)
    with pytest.raises(ConnectionError, match=r"did not come .URL fetch failure.*give the file's"):
        imagenet.imagenet_backbone(96)


def test_other_weights_are_refused(tmp_path):
    small().save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="does not hold the weights of MobileNetV2"):
        imagenet.imagenet_backbone(96, str(tmp_path / "other.weights.h5"))
    with pytest.raises(ValueError, match=r"size must be one of \(96, 128, .* got 100"):
        imagenet.imagenet_backbone(100)


def test_the_whole_road_on_photographs(photo_weights):
    """The chapter's snippet: a head, two stages, preprocessing once; the frozen part stays."""
    from keras.applications.mobilenet_v2 import preprocess_input

    base = imagenet.imagenet_backbone(96, str(photo_weights[1]))
    model = topic.replace_head(base, "out_relu", classes=3)
    images = RNG.uniform(0, 255, (3, 96, 96, 3)).astype("float32")
    before = model.get_weights()
    topic.fine_tune(
        model, images, np.arange(3), "block_12_project_BN", preprocess_input, epochs=(1, 1)
    )
    moved = changed(model, before)
    assert {"head", "Conv_1", "block_13_expand"} <= moved
    assert not any(name.startswith(("block_12", "block_1_", "Conv1")) for name in moved)
