"""`course_lib.self_supervised`: views, the contrastive loss, pretraining and the linear probe."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import rotate
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from course_lib import self_supervised as module
from course_lib.data import digits
from course_lib.models import as_model

keras = pytest.importorskip("keras")


def signed(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


# --- views ---------------------------------------------------------------------------------------


def shifts(image, most):
    """Every shifted version of an image, by its offset; pixels of the border are repeated."""
    height, width, _ = image.shape
    rows, columns = np.arange(height), np.arange(width)
    return {
        (down, right): image[np.clip(rows - down, 0, height - 1)][
            :, np.clip(columns - right, 0, width - 1)
        ]
        for down in range(-most, most + 1)
        for right in range(-most, most + 1)
    }


def found_shift(view, image, most):
    """The offset and the factor of which a view is made."""
    for offset, moved in shifts(image, most).items():
        factor = (view * moved).sum() / (moved * moved).sum()
        if np.allclose(view, factor * moved, atol=1e-5):
            return offset, factor
    return None


@pytest.mark.parametrize(("shift", "contrast"), [(0, 0.0), (1, 0.3), (2, 0.5), (3, 0.0)])
def test_views_are_shifted_images_times_a_factor(shift, contrast):
    images = signed(12, 6, 7, 2)
    for views in module.augment_pair(images, seed=1, shift=shift, contrast=contrast):
        assert views.shape == images.shape
        assert views.dtype == np.float32
        for view, image in zip(views, images, strict=True):
            _, factor = found_shift(view, image, shift)
            assert 1 - contrast - 1e-5 <= factor <= 1 + contrast + 1e-5


def test_each_view_of_each_image_has_its_own_draws():
    images = np.repeat(signed(1, 8, 8, 1), 300, axis=0)
    pair = module.augment_pair(images, seed=0)
    drawn = [[found_shift(view, images[0], 1) for view in views] for views in pair]
    offsets = [{offset for offset, _ in of} for of in drawn]
    assert [len(of) for of in offsets] == [9, 9]
    same = np.mean([one[0] == other[0] for one, other in zip(*drawn, strict=True)])
    assert same == pytest.approx(1 / 9, abs=0.06)
    factors = [[factor for _, factor in of] for of in drawn]
    assert abs(np.corrcoef(*factors)[0, 1]) < 0.2
    counts = np.unique([o for of in drawn for o, _ in of], axis=0, return_counts=True)[1]
    assert counts.min() > 600 / 9 * 0.6


def test_seeds_and_generators():
    images, rng = signed(4, 5, 5, 1), np.random.default_rng(3)
    once, again = (module.augment_pair(images, seed=3) for _ in range(2))
    drawn, more = (module.augment_pair(images, rng) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once, drawn)
    assert np.abs(more[0] - drawn[0]).max() > 0
    np.testing.assert_array_equal(images, signed(4, 5, 5, 1))


def test_turns_are_what_scipy_turns():
    images = signed(3, 9, 8, 2)
    angles = np.random.default_rng(5).uniform(-1, 1, 3) * 40
    came = module.turn_at_random(images, 5, degrees=40)
    assert came.dtype == np.float32
    for view, image, angle in zip(came, images, angles, strict=True):
        due = rotate(image, -angle, reshape=False, order=1, mode="nearest")
        np.testing.assert_allclose(view, due, atol=1e-4)
    np.testing.assert_allclose(module.turn_at_random(images, degrees=0), images, atol=1e-6)


def test_turned_pair_goes_on_from_augment_pair():
    images = signed(5, 8, 8, 1)
    plain = module.augment_pair(images, seed=2)
    np.testing.assert_allclose(module.turned_pair(images, 2, degrees=0), plain, atol=1e-6)
    first, second = module.turned_pair(images, 2)
    assert np.abs(first - plain[0]).max() > 0.1
    assert np.abs(second - plain[1]).max() > 0.1


# --- the loss ------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.05, 0.5, 3])
@pytest.mark.parametrize(("batch", "width"), [(1, 3), (2, 1), (5, 4), (9, 2)])
def test_loss_is_the_formula(batch, width, temperature):
    first, second = signed(batch, width) * 7, signed(batch, width, seed=1)
    came = module.nt_xent(first, second, temperature)
    assert tuple(came.shape) == ()
    due = module.nt_xent_loops(first, second, temperature)
    assert float(came) == pytest.approx(due, rel=1e-4, abs=1e-5)


def test_loss_of_what_can_be_computed_by_hand():
    """One image: no negatives, nothing to choose. All alike: chance. Orthogonal pairs: by hand."""
    one = signed(1, 4)
    assert float(module.nt_xent(one, signed(1, 4, seed=1))) == pytest.approx(0, abs=1e-6)
    alike = np.ones((6, 3), "float32")
    assert float(module.nt_xent(alike, alike)) == pytest.approx(np.log(11), abs=1e-5)
    pairs = np.eye(4, dtype="float32")
    due = np.log(1 + 6 * np.exp(-1 / 0.2))
    assert float(module.nt_xent(pairs, pairs, 0.2)) == pytest.approx(due, abs=1e-5)
    # Partners opposite: cos -1, against 2 N - 2 others at right angles.
    due = np.log(1 + 6 * np.exp(1 / 0.5))
    assert float(module.nt_xent(pairs, -pairs, 0.5)) == pytest.approx(due, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(2, 5), st.integers(0, 99))
def test_loss_does_not_change_where_it_should_not(batch, width, seed):
    """By lengths, by the order of the images, by a rotation of all, by the order of the views."""
    first, second = signed(batch, width, seed=seed), signed(batch, width, seed=seed + 1)
    rng = np.random.default_rng(seed)
    before = float(module.nt_xent(first, second))
    lengths = rng.uniform(0.1, 9, (2, batch, 1)).astype("float32")
    order = rng.permutation(batch)
    turn = np.linalg.qr(signed(width, width, seed=seed + 2))[0]
    for pair in (
        (first * lengths[0], second * lengths[1]),
        (first[order], second[order]),
        (first @ turn, second @ turn),
        (second, first),
    ):
        assert float(module.nt_xent(*pair)) == pytest.approx(before, rel=1e-4)


def test_order_of_one_side_matters():
    rows = signed(5, 4)
    aligned, shuffled = (float(module.nt_xent(rows, other)) for other in (rows, rows[::-1]))
    assert aligned < shuffled - 0.3


def test_gradient_is_the_formulas_and_goes_through_the_lengths():
    import tensorflow as tf

    first, second = signed(3, 4), signed(3, 4, seed=1)
    rows = tf.Variable(first)
    with tf.GradientTape() as tape:
        loss = module.nt_xent(rows, second, 0.3)
    came = tape.gradient(loss, rows).numpy()
    for place in np.ndindex(first.shape):
        up, down = first.astype(float), first.astype(float)
        up[place] += 1e-5
        down[place] -= 1e-5
        values = [module.nt_xent_loops(one, second, 0.3) for one in (up, down)]
        assert came[place] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-4)
    # Along itself a row does not change its cosine with any other.
    np.testing.assert_allclose(np.sum(came * first, axis=1), 0, atol=1e-5)


def test_rows_of_zeros_make_no_nan():
    import tensorflow as tf

    rows = tf.Variable(np.zeros((3, 2), "float32"))
    with tf.GradientTape() as tape:
        loss = module.nt_xent(rows, signed(3, 2))
    assert np.isfinite(float(loss))
    assert np.isfinite(tape.gradient(loss, rows).numpy()).all()


def test_loss_takes_a_batch_whose_size_is_open():
    import tensorflow as tf

    open_batch = tf.TensorSpec((None, 4), "float32")
    function = tf.function(module.nt_xent, input_signature=[open_batch, open_batch])
    for batch in (2, 5):
        rows = signed(batch, 4), signed(batch, 4, seed=1)
        assert float(function(*rows)) == pytest.approx(module.nt_xent_loops(*rows), abs=1e-5)


# --- pretraining ---------------------------------------------------------------------------------


def tiny():
    keras.utils.set_random_seed(0)
    return as_model(module.small_encoder, (8, 8, 1), filters=(4, 8))


def test_pretraining_lowers_the_loss_and_repeats():
    images = digits()[0][:96]
    found = []
    for _ in range(2):
        model = tiny()
        before = [weight.copy() for weight in model.get_weights()]
        losses = module.pretrain(model, images, 8, batch_size=32, learning_rate=0.01)["loss"]
        assert len(losses) == 8
        assert losses[-1] < losses[0] - 0.1
        assert any(
            np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True)
        )
        found.append((losses, module.embed(model, images)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-3)


def test_a_step_gets_first_views_and_then_second_views_of_the_same_images():
    """The views carry their image's number; what the encoder is given is watched."""
    images = np.arange(1.0, 9).reshape(8, 1, 1, 1) * np.ones((1, 8, 8, 1))
    seen = []

    def marked(images, rng):
        return images.astype("float32"), -images.astype("float32")

    model = tiny()
    real = keras.Model.fit

    def fit(self, views, *args, **kwargs):
        seen.append((views[:, 0, 0, 0], kwargs))
        return real(self, views, *args, **kwargs)

    keras.Model.fit = fit
    try:
        module.pretrain(model, images, epochs=1, batch_size=4, augment=marked)
    finally:
        keras.Model.fit = real
    ((numbers, given),) = seen
    assert given["batch_size"] == 8
    assert given["shuffle"] is False
    for step in numbers.reshape(2, 2, 4):
        np.testing.assert_array_equal(step[0], -step[1])
    assert sorted(numbers[numbers > 0]) == list(range(1, 9))


def test_maps_and_several_outputs_are_taken():
    images = keras.Input((8, 8, 1))
    fine = keras.layers.Conv2D(4, 3, padding="same")(images)
    coarse = keras.layers.Conv2D(6, 3, strides=2, padding="same")(fine)
    model = keras.Model(images, [fine, coarse])
    pictures = digits()[0][:20]
    before = [weight.copy() for weight in model.get_weights()]
    module.pretrain(model, pictures, epochs=1, batch_size=500)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True))
    rows = module.embed(model, pictures, batch_size=7)
    assert rows.shape == (20, 6)
    due = np.array(model(pictures.astype("float32"))[1]).mean(axis=(1, 2))
    np.testing.assert_allclose(rows, due, atol=1e-5)


def test_embedding_leaves_the_encoder_and_each_image_alone():
    model, images = tiny(), digits()[0][:30]
    before = model.get_weights()
    rows = module.embed(model, images)
    np.testing.assert_allclose(module.embed(model, images[3:5]), rows[3:5], atol=1e-5)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_pretrained_features_tell_more_than_those_of_a_fresh_network():
    """A small version of the chapter's experiment."""
    images, labels = digits()
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order].astype("float32"), labels[order]
    model = as_model(module.small_encoder, (8, 8, 1), filters=(8, 16))
    told = []
    for _ in range(2):
        rows = module.embed(model, images)
        chosen = module.few_labels(labels[:1000], 10)
        known = rows[chosen], labels[chosen]
        told.append(module.linear_probe(*known, rows[1000:], labels[1000:]))
        module.pretrain(model, images[:1000], epochs=6)
    assert told[1] > told[0] + 0.05


# --- the probe -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("classes", "width", "count"), [(2, 3, 20), (3, 8, 12), (5, 4, 60)])
def test_probe_agrees_with_scikit_learn(classes, width, count):
    rng = np.random.default_rng(classes)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, count + 200 - classes)])
    centres = rng.normal(size=(classes, width))
    rows = centres[labels] + rng.normal(size=(len(labels), width))
    rows = rows * rng.uniform(0.01, 100, width) + rng.normal(size=width) * 50
    came = module.linear_probe(rows[:count], labels[:count], rows[count:], labels[count:])
    scaler = StandardScaler().fit(rows[:count])
    # Of two classes scikit-learn has one column of weights; two columns share the penalty.
    theirs = LogisticRegression(C=2.0 if classes == 2 else 1.0, max_iter=2000, tol=1e-8)
    theirs.fit(scaler.transform(rows[:count]), labels[:count])
    due = theirs.score(scaler.transform(rows[count:]), labels[count:])
    assert came == pytest.approx(due, abs=0.011)  # two of 200


def test_probe_uses_the_training_parts_statistics():
    """Moved and stretched test features must be read as they are, not set right by themselves."""
    rng = np.random.default_rng(0)
    labels = np.arange(100) % 2
    rows = np.where(labels, 1.0, -1.0)[:, np.newaxis] + 0.1 * rng.normal(size=(100, 1))
    assert module.linear_probe(rows, labels, rows, labels) == 1
    assert module.linear_probe(rows, labels, rows + 10, labels) == 0.5
    assert module.linear_probe(rows[:50], labels[:50], rows[50:51], labels[50:51]) == 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99))
def test_probe_does_not_care_for_the_scale_of_a_feature(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(80) % 4
    rows = rng.normal(size=(80, 6)) + 1.5 * np.eye(6)[labels]
    moved = rows * rng.uniform(0.1, 100, 6) + rng.normal(size=6)
    parts = [
        module.linear_probe(of[:40], labels[:40], of[40:], labels[40:]) for of in (rows, moved)
    ]
    assert parts[0] == pytest.approx(parts[1], abs=0.026)


def test_a_feature_that_never_changes_and_labels_of_any_name():
    rows = np.array([[0.0, 3], [1, 3], [9, 3], [10, 3]])
    unseen = [[0.0, 99], [10, -99]]
    assert module.linear_probe(rows, [7, 7, -2, -2], unseen, [7, -2]) == 1
    assert module.linear_probe(rows, [7, 7, -2, -2], unseen, [7, 5]) == 0.5


def test_few_labels_are_of_each_class_and_none_twice():
    labels = digits()[1]
    chosen = module.few_labels(labels, 7, seed=4)
    assert len(set(chosen)) == 70
    np.testing.assert_array_equal(np.bincount(labels[chosen]), 7)
    assert set(chosen) != set(module.few_labels(labels, 7, seed=5))


# --- bad input -----------------------------------------------------------------------------------


PAIR = signed(3, 2), signed(3, 2, seed=1)
ROWS, LABELS = signed(4, 2), [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: module.augment_pair(np.ones((8, 8, 1))), r"images\[np.newaxis\]"),
        (lambda: module.augment_pair(signed(2, 4, 4, 1), shift=-1), "shift must be an integer"),
        (lambda: module.augment_pair(signed(2, 4, 4, 1), shift=0.5), "shift must be an integer"),
        (lambda: module.augment_pair(signed(2, 4, 4, 1), contrast=1), "below 1; got 1"),
        (lambda: module.augment_pair(signed(2, 4, 4, 1), contrast=-0.1), "contrast must be"),
        (lambda: module.turn_at_random(signed(2, 4, 4, 1), degrees=-1), "degrees must be"),
        (lambda: module.turn_at_random(signed(2, 4, 4)), "images must be an array"),
        (lambda: module.nt_xent(PAIR[0], PAIR[1][:2]), r"got \(3, 2\) and \(2, 2\)"),
        (lambda: module.nt_xent(ROWS[0], ROWS[1]), r"the shape \(batch, width\)"),
        (lambda: module.nt_xent(*PAIR, temperature=0), "temperature must be a number above 0"),
        (lambda: module.pretrain(tiny(), signed(1, 8, 8, 1)), "at least two"),
        (lambda: module.pretrain(tiny(), signed(8, 8, 8)), "images must be an array"),
        (lambda: module.pretrain(tiny(), signed(4, 8, 8, 1), batch_size=1), "batch_size must be"),
        (lambda: module.pretrain(tiny(), signed(4, 8, 8, 1), epochs=0), "epochs must be"),
        (lambda: module.pretrain(tiny(), signed(4, 8, 8, 1), width=0), "width must be"),
        (lambda: module.embed(tiny(), signed(8, 8, 1)), "images must be an array"),
        (lambda: module.few_labels([0, 0, 1], 2), "at most 1: class 1 has no more; got 2"),
        (lambda: module.few_labels([0, 1], 0), "each must be an integer"),
        (lambda: module.linear_probe(ROWS, LABELS, signed(4, 3), LABELS), "width 2 and features 3"),
        (lambda: module.linear_probe(ROWS, [0, 1], ROWS, LABELS), "train_labels must have one"),
        (
            lambda: module.linear_probe(ROWS, LABELS, ROWS, [0]),
            "^labels must have one entry for each row",
        ),
        (lambda: module.linear_probe(ROWS, [1] * 4, ROWS, LABELS), "two classes or more"),
        (lambda: module.linear_probe(ROWS[0], LABELS, ROWS, LABELS), "train_features must be"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_names_of_answers_are_the_assignments():
    from course_lib.topics import topic

    for name in topic("self_supervised").answers:
        assert inspect.isfunction(getattr(module, name))
