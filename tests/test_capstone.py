"""Pages of wallpaper, clicks, pairs, and a segmenter on a pretrained encoder."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from course_lib import capstone as topic
from course_lib import capstone_pages as made
from course_lib.models import as_model

# --- pages ---------------------------------------------------------------------------------------


def test_pages_are_drawn_from_their_seed():
    first, masks = made.pages(3, seed=4)
    again, same = made.pages(3, seed=4)
    other, _ = made.pages(3, seed=5)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(masks, same)
    assert np.abs(first - other).max() > 0.5
    assert first.dtype == np.float32
    assert first.shape == (3, 64, 64, 1)
    assert masks.shape == (3, 64, 64)


def test_kinds_are_about_equally_frequent_and_differ_on_a_page():
    _, masks = made.pages(40, seed=1)
    on_pages = [np.unique(mask, return_counts=True) for mask in masks]
    assert {len(kinds) for kinds, _ in on_pages} == {3, 4}
    assert min(areas.min() for _, areas in on_pages) >= 64 * 64 // 8
    frequent = np.bincount(np.concatenate([kinds for kinds, _ in on_pages]), minlength=6)
    assert frequent.max() - frequent.min() <= 2


def test_five_pages_show_every_kind_at_least_twice():
    for seed in range(20):
        _, masks = made.pages(5, seed=seed)
        found = np.bincount(np.concatenate([np.unique(mask) for mask in masks]), minlength=6)
        assert found.min() >= 2


def test_brightness_and_contrast_say_nothing_about_the_class():
    images, masks = made.pages(60, seed=2)
    numbers = {kind: [] for kind in range(6)}
    for image, mask in zip(images[..., 0], masks, strict=True):
        for kind in np.unique(mask):
            numbers[kind].append((image[mask == kind].mean(), image[mask == kind].std()))
    means = np.array([np.mean(of, axis=0) for of in numbers.values()])
    within = np.mean([np.std(of, axis=0) for of in numbers.values()], axis=0)
    assert (means.std(axis=0) < 0.5 * within).all()


def test_hidden_pages_show_other_digits(monkeypatch):
    """With digits that tell their number, no number is in both."""
    pictures = np.arange(1797.0)[:, None, None, None] * np.ones((1, 8, 8, 1))
    labels = np.arange(1797) % 10
    monkeypatch.setattr(made, "digits", lambda: (pictures, labels))
    seen = []
    original = made._paper
    monkeypatch.setattr(
        made, "_paper", lambda rng, of: seen.append(set(of[:, 0, 0])) or original(rng, of)
    )
    made.pages(3)
    given, seen[:] = set().union(*seen), []
    made.pages(3, unseen=True)
    assert given.isdisjoint(set().union(*seen))


@pytest.mark.parametrize("clicks", [1, 4])
def test_clicks_tell_the_truth_and_nothing_else(clicks):
    _, masks = made.pages(4, seed=3)
    points = made.click(masks, clicks, seed=1)
    known = points >= 0
    np.testing.assert_array_equal(points[known], masks[known])
    assert (points[~known] == -1).all()
    for mask, one in zip(masks, points, strict=True):
        kinds, counts = np.unique(one[one >= 0], return_counts=True)
        np.testing.assert_array_equal(kinds, np.unique(mask))
        assert (counts == clicks).all()
    assert (made.click(masks, clicks, seed=2) != points).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: made.pages(0), "count must be an integer of at least 1"),
        (lambda: made.click(np.zeros((4, 4))), "masks"),
        (lambda: made.click([[[0, 1]]], clicks=0), "clicks must be an integer of at least 1"),
        (lambda: made.click([[[0, 1]]], clicks=2), "class 0 has 1 pixels on a page: 2 of them"),
    ],
)
def test_bad_arguments_of_pages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- pairs ---------------------------------------------------------------------------------------


def numbered(batch=3, height=12, width=17):
    """Pages on which every pixel tells its page, its row and its column."""
    return np.stack(np.mgrid[:batch, :height, :width], axis=-1)


@pytest.mark.parametrize(("size", "shift"), [(4, 2), (5, 0), (12, 3), (1, 20)])
def test_pairs_are_squares_of_one_page_near_each_other(size, shift):
    pages = numbered()
    pairs = topic.crop_pairs(pages, 300, size, shift, seed=1)
    assert pairs.shape == (300, 2, size, size, 3)
    assert pairs.dtype == pages.dtype
    corners = pairs[:, :, 0, 0]
    square = np.stack(np.mgrid[:1, :size, :size], axis=-1)[0]
    np.testing.assert_array_equal(pairs, corners[:, :, None, None] + square)
    np.testing.assert_array_equal(corners[:, 0, 0], corners[:, 1, 0])
    apart = np.abs(corners[:, 0, 1:] - corners[:, 1, 1:])
    most = np.minimum(shift, [12 - size, 17 - size])
    np.testing.assert_array_equal(apart.max(axis=0), most)


def test_pairs_come_from_everywhere_alike():
    pairs = topic.crop_pairs(numbered(2, 6, 7), 8000, size=4, shift=1, seed=0)
    places = pairs[:, 0, 0, 0]
    _, counts = np.unique(places, axis=0, return_counts=True)
    assert len(counts) == 2 * 3 * 4
    assert np.abs(counts / 8000 * 24 - 1).max() < 0.25
    # From a corner a second square can go to 2 x 2 places only, all of them inside.
    corner = pairs[(places[:, 1] == 0) & (places[:, 2] == 0), 1, 0, 0, 1:]
    _, counts = np.unique(corner, axis=0, return_counts=True)
    assert len(counts) == 4
    assert counts.min() > 0.7 * counts.mean()


def test_distortions_move_brightness_and_contrast_alone():
    squares = np.random.default_rng(0).normal(3, 1, (400, 2, 8, 8, 1))
    views = topic.distort(squares, seed=1)
    assert views.dtype == np.float32
    flat, given = views.reshape(800, -1), squares.reshape(800, -1)
    assert 0.2 < flat.mean(axis=1).std() < 0.4  # of a uniform number from -0.5 to 0.5: 0.29
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(flat, given, strict=True)]
    assert np.min(alike) > 0.8
    gains = [np.polyfit(other, one, 1)[0] for one, other in zip(flat, given, strict=True)]
    assert 0.5 < np.min(gains) < 0.7
    assert 1.5 < np.max(gains) < 1.7


def test_pair_loss_by_the_formula():
    rows = np.random.default_rng(2).normal(size=(5, 2, 7)).astype("float32")
    flat = np.concatenate([rows[:, 0], rows[:, 1]]).astype(float)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    total = 0
    for i in range(10):
        terms = [np.exp(flat[i] @ flat[k] / 0.2) for k in range(10) if k != i]
        total -= np.log(np.exp(flat[i] @ flat[(i + 5) % 10] / 0.2) / sum(terms)) / 10
    assert float(topic.pair_loss(None, rows)) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topic.crop_pairs(np.ones((4, 4)), 1), "pages"),
        (lambda: topic.crop_pairs(np.ones((1, 9, 4, 1)), 1, size=5), "a square of 5 does not fit"),
        (lambda: topic.crop_pairs(np.ones((1, 9, 9, 1)), 0), "count must be an integer"),
        (lambda: topic.crop_pairs(np.ones((1, 9, 9, 1)), 1, 0), "size must be an integer"),
        (lambda: topic.crop_pairs(np.ones((1, 9, 9, 1)), 1, 2, -1), "shift must be an integer"),
        (lambda: topic.pretrain(np.ones((1, 32, 32, 1)), steps=0), "steps must be an integer"),
    ],
)
def test_bad_arguments_of_pairs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- clicks --------------------------------------------------------------------------------------


def some(batch=2, classes=4):
    rng = np.random.default_rng(7)
    truth = rng.integers(-1, classes, (batch, 5, 6))
    scores = rng.normal(size=(batch, 5, 6, classes))
    powers = np.exp(scores)
    return truth, (powers / powers.sum(axis=-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("kind", ["int64", "float32", "int8"])
def test_point_loss_is_the_mean_over_clicks(kind):
    truth, prediction = some()
    chosen = [-np.log(p[t]) for t, p in zip(truth.ravel(), prediction.reshape(-1, 4)) if t >= 0]  # noqa: B905
    found = float(topic.point_loss(truth.astype(kind), prediction))
    assert found == pytest.approx(np.mean(chosen), rel=1e-5)


def test_pixels_that_nobody_clicked_have_no_gradient():
    import tensorflow as tf

    truth, prediction = some()
    values = tf.Variable(prediction)
    with tf.GradientTape() as tape:
        loss = topic.point_loss(truth, values)
    moved = np.abs(tape.gradient(loss, values)).sum(axis=-1) > 0
    np.testing.assert_array_equal(moved, truth >= 0)


def test_no_click_no_loss():
    _, prediction = some()
    assert float(topic.point_loss(np.full((2, 5, 6), -1), prediction)) == 0


@pytest.mark.parametrize("shapes", [((2, 5, 6, 1), (2, 5, 6, 4)), ((2, 5, 6), (2, 5, 6))])
def test_shapes_of_point_loss(shapes):
    with pytest.raises(ValueError, match="truth must be"):
        topic.point_loss(*map(np.zeros, shapes))


# --- the segmenter -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts():
    keras.utils.set_random_seed(3)
    network = as_model(topic.encoder, (None, None, 1))
    return network, topic.segmenter(network, classes=3)


def test_segmenter_by_hand(parts):
    """Features, their mean over 3x3 places, one product, and a resize by another function."""
    network, model = parts
    pages = np.random.default_rng(0).normal(size=(2, 16, 24, 1)).astype("float32")
    features = np.asarray(network(pages, training=False))
    filled = np.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(filled, (3, 3), axis=(1, 2))
    kernel, bias = model.get_layer("scores").get_weights()
    scores = np.nanmean(windows, axis=(-2, -1)) @ kernel[0, 0] + bias
    large = np.asarray(ops.image.resize(scores.astype("float32"), (16, 24), "bilinear"))
    powers = np.exp(large)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(pages)), expected, atol=1e-5)


def test_training_moves_the_head_and_nothing_else(parts):
    network, model = parts
    before = [weights.copy() for weights in network.get_weights()]
    head = model.get_layer("scores").get_weights()[0].copy()
    pages, masks = made.pages(2, seed=0)
    points = made.click(masks % 3, clicks=2)
    losses = topic.fit_points(model, pages, points, steps=3)
    assert losses[-1] < losses[0]
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # the averages of batch normalisation among them
    assert np.abs(model.get_layer("scores").get_weights()[0] - head).max() > 0
    assert any(layer is network for layer in model.layers), "the encoder itself, not a copy"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda parts: topic.segmenter(parts[0], 1), "classes must be an integer of at least 2"),
        (lambda parts: topic.fit_points(parts[1], 0, 0, 0), "steps must be an integer"),
        (lambda parts: topic.fit_points(parts[1], 0, 0, 1, 0), "learning_rate must be a number"),
    ],
)
def test_bad_arguments_of_the_segmenter(parts, call, message):
    with pytest.raises(ValueError, match=message):
        call(parts)


def test_encoder_takes_any_size():
    network = as_model(topic.encoder, (None, None, 2), filters=(3, 4, 5))
    assert network(np.zeros((1, 20, 32, 2))).shape == (1, 5, 8, 5)
    assert [type(layer) for layer in network.layers].count(layers.MaxPooling2D) == 2


def test_pretraining_starts_from_its_seed():
    pages, _ = made.pages(2, seed=0)
    one, two = (topic.pretrain(pages, seed, steps=2, batch=8) for seed in (0, 0))
    other = topic.pretrain(pages, 1, steps=2, batch=8)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert np.abs(one.get_weights()[0] - other.get_weights()[0]).max() > 0.01


@pytest.mark.parametrize("points", [np.full((2, 8, 8), -1), np.zeros((1, 8, 8), int)])
def test_bad_arguments_of_segment(points):
    pages = np.zeros((2, 8, 8, 1))
    with pytest.raises(ValueError, match=r"points must have the pages' shape \(2, 8, 8\)"):
        topic.segment(pages, pages, points, pages)


@pytest.mark.slow
def test_segment_beats_what_can_be_had_without_pretraining():
    from course_lib.unet import mean_iou

    unlabelled, _ = made.pages(200, seed=51)
    pages, masks = made.pages(5, seed=52)
    hidden, truth = made.pages(20, seed=53, unseen=True)
    found = topic.segment(unlabelled, pages, made.click(masks), hidden)
    assert found.shape == truth.shape
    assert mean_iou(truth, found, 6)[1] > 0.5
