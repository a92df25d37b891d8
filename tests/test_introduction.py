"""`course_lib.introduction`: permutations against their matrix, networks against NumPy, Keras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import introduction
from course_lib.introduction import (
    dense_parameters,
    fixed_permutation,
    permute_dense_kernel,
    permute_pixels,
    small_convolutional_network,
    small_dense_network,
)
from course_lib.models import as_model

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


def images_of(shape, channels=3, batch=2, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, *shape, channels)).astype("float32")


@settings(max_examples=50, deadline=None)
@given(shape=shapes, channels=st.integers(1, 3), seed=st.integers(0, 99))
def test_permuting_is_a_matrix_and_its_transpose_goes_back(shape, channels, seed):
    images, permutation = images_of(shape, channels), fixed_permutation(shape, seed)
    matrix = np.eye(len(permutation), dtype="float32")[permutation]
    moved = permute_pixels(images, permutation)
    for image, came in zip(images, moved, strict=True):
        flat = image.reshape(-1, channels)
        np.testing.assert_array_equal(came.reshape(-1, channels), matrix @ flat)
    np.testing.assert_array_equal(permute_pixels(moved, np.argsort(permutation)), images)


def test_each_pixel_goes_where_the_permutation_says():
    images = np.arange(24).reshape(1, 3, 4, 2)
    permutation = fixed_permutation((3, 4), seed=5)
    moved = permute_pixels(images, permutation)
    for place, origin in enumerate(permutation):
        there, before = divmod(place, 4), divmod(int(origin), 4)
        assert moved[0][there].tolist() == images[0][before].tolist()
    assert moved.dtype == images.dtype


@pytest.mark.parametrize("shape", [5, (2, 7), (1, 1)])
def test_permutations_are_fixed_by_their_seed(shape):
    first, again = fixed_permutation(shape, 3), fixed_permutation(shape, 3)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(first), np.arange(len(first)))
    if len(first) > 1:
        assert any((fixed_permutation(shape, seed) != first).any() for seed in range(4, 9))


def test_the_input_stays_as_it_is():
    images, kernel = images_of((3, 4)), np.ones((36, 2))
    copies = images.copy(), kernel.copy()
    permutation = fixed_permutation((3, 4))
    permute_pixels(images, permutation)[:] = 0
    permute_dense_kernel(kernel, permutation)[:] = 0
    np.testing.assert_array_equal(images, copies[0])
    np.testing.assert_array_equal(kernel, copies[1])


@settings(max_examples=50, deadline=None)
@given(shape=shapes, channels=st.integers(1, 3), units=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_dense_layer_with_its_rows_moved_says_the_same(shape, channels, units, seed):
    images, permutation = images_of(shape, channels, seed=seed), fixed_permutation(shape, seed)
    kernel = np.random.default_rng(seed).normal(size=(images[0].size, units))
    before = images.reshape(2, -1) @ kernel
    moved = permute_pixels(images, permutation).reshape(2, -1)
    after = moved @ permute_dense_kernel(kernel, permutation)
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def test_kerass_flatten_keeps_the_same_order(keras):
    images, permutation = images_of((3, 4)), fixed_permutation((3, 4), 1)
    model = as_model(small_dense_network, (3, 4, 3), units=5)
    before = model.predict_on_batch(images)
    kernel, *rest = model.get_weights()
    model.set_weights([permute_dense_kernel(kernel, permutation), *rest])
    after = model.predict_on_batch(permute_pixels(images, permutation))
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert np.abs(model.predict_on_batch(images) - before).max() > 1e-3


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_whole_training_is_the_same_under_other_names(keras, optimizer):
    rng = np.random.default_rng(0)
    images, labels = images_of((3, 4), 2, batch=64), rng.integers(0, 10, 64)
    permutation = fixed_permutation((3, 4), 2)
    keras.utils.set_random_seed(0)
    start = as_model(small_dense_network, (3, 4, 2), units=8).get_weights()

    def train(images, weights):
        model = as_model(small_dense_network, (3, 4, 2), units=8)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.set_weights(weights)
        story = model.fit(images, labels, batch_size=16, epochs=5, shuffle=False, verbose=0)
        return story.history["loss"], model.get_weights()

    losses, learnt = train(images, start)
    moved = [permute_dense_kernel(start[0], permutation), *start[1:]]
    other_losses, other = train(permute_pixels(images, permutation), moved)
    np.testing.assert_allclose(other_losses, losses, rtol=1e-5)
    np.testing.assert_allclose(other[0], permute_dense_kernel(learnt[0], permutation), atol=1e-4)
    unmoved, _ = train(permute_pixels(images, permutation), start)
    assert np.abs(np.subtract(unmoved, losses)).max() > 1e-3


def test_the_dense_network_is_what_numpy_makes_of_its_weights(keras):
    images = images_of((3, 4), batch=5)
    model = as_model(small_dense_network, (3, 4, 3), units=6, classes=4)
    kernel, bias, last, offset = model.get_weights()
    hidden = np.maximum(images.reshape(5, -1) @ kernel + bias, 0)
    scores = np.exp(hidden @ last + offset)
    wanted = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_on_batch(images), wanted, atol=1e-6)


def test_the_convolutional_network_is_what_numpy_makes_of_its_weights(keras):
    from course_lib.convolution import conv2d

    images = images_of((6, 4), 2, batch=5)
    model = as_model(small_convolutional_network, (6, 4, 2), filters=(3, 5), classes=4)
    first, b1, second, b2, last, offset = model.get_weights()
    features = np.maximum(conv2d(images, first, b1, padding="same"), 0)
    features = features.reshape(5, 3, 2, 2, 2, 3).max(axis=(2, 4))
    features = np.maximum(conv2d(features, second, b2, padding="same"), 0)
    scores = np.exp(features.mean(axis=(1, 2)) @ last + offset)
    wanted = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_on_batch(images), wanted, atol=1e-6)


def test_networks_take_and_return_tensors(keras):
    for network in (small_dense_network, small_convolutional_network):
        inputs = keras.Input((8, 8, 1))
        assert network(inputs, classes=7).shape == (None, 7)
        assert as_model(network, (8, 8, 1)).name == network.__name__


@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 7, 3), (4,), (2, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_parameters_are_those_of_keras_and_of_counting(keras, shape, use_bias):
    counted = sum(1 for _ in np.ndindex(*shape, 6)) + sum(1 for _ in range(6) if use_bias)
    layer = keras.layers.Dense(6, use_bias=use_bias)
    layer.build((None, int(np.prod(shape))))
    assert dense_parameters(shape, 6, use_bias) == layer.count_params() == counted


def test_the_lectures_images():
    counts = [dense_parameters(s, 128) for s in ((28, 28, 1), (100, 100, 3), (1000, 1000, 3))]
    assert counts == [100_480, 3_840_128, 384_000_128]
    assert isinstance(dense_parameters((np.int64(3), 2), np.int64(5)), int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fixed_permutation((3, 0)), "shape must be an integer of at least 1"),
        (lambda: fixed_permutation(3, seed=-1), "seed must be an integer of at least 0"),
        (lambda: permute_pixels(np.ones((4, 4)), [0]), "images must be an array of shape"),
        (lambda: permute_pixels(np.ones((1, 2, 2, 1)), [0, 1, 2]), r"moves 3 pixels.*have 2 x 2"),
        (lambda: permute_pixels(np.ones((1, 2, 2, 1)), [0, 1, 2, 2]), "each of 0 to 3 once"),
        (lambda: permute_pixels(np.ones((1, 2, 2, 1)), [1, 2, 3, 4]), "each of 0 to 3 once"),
        (lambda: permute_pixels(np.ones((1, 5, 5, 1)), [0] * 25), "repeated or missing numbers"),
        (lambda: permute_pixels(np.ones((1, 2, 2, 1)), [[0, 1], [2, 3]]), "permutation must be"),
        (lambda: permute_pixels(np.ones((1, 2, 2, 1)), []), "permutation must hold"),
        (lambda: permute_dense_kernel(np.ones(4), [0, 1]), "kernel must be an array of shape"),
        (lambda: permute_dense_kernel(np.ones((5, 2)), [0, 1]), "5 rows, which 2 pixels cannot"),
        (lambda: dense_parameters((), 3), "input_shape must be a tuple of sizes"),
        (lambda: dense_parameters(28, 3), "input_shape must be a tuple of sizes; got 28"),
        (lambda: dense_parameters((28, 0), 3), "each size in input_shape must be an integer"),
        (lambda: dense_parameters((28, 28), 1.5), "units must be an integer"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_counting_needs_no_tensorflow():
    import subprocess
    import sys

    code = "import sys, course_lib.exhibits.introduction; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert introduction.__doc__
