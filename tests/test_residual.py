"""`course_lib.residual`: blocks against NumPy, networks against the paper's counts, gradients."""

import itertools

import numpy as np
import pytest

from course_lib import convolution, residual
from course_lib.models import as_model

keras = pytest.importorskip("keras")

# Channels in, filters, strides: identity, more, fewer, one channel; 2, 3, several, per axis.
BLOCKS = [
    (3, [3, 3], 1),
    (2, [4, 3, 2], 1),
    (2, [3, 5], 1),
    (8, [3, 1], 1),
    (3, [4, 3], 2),
    (3, [4, 3], 3),
    (3, [2, 3], [2, 2]),
    (2, [3, 4], [3, 2]),
    (3, [2, 3], [(1, 2), 1]),
]
PUBLISHED = {20: 272_474, 32: 466_906, 56: 855_770}


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def signed(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def model_of(block, shape, *arguments, **settings):
    """The block as a model, with biases that are not zero."""
    tensor = keras.Input(shape)
    model = keras.Model(tensor, block(tensor, *arguments, **settings))
    rng = np.random.default_rng(1)
    for variable in model.trainable_weights:
        if variable.ndim == 1:
            variable.assign(rng.normal(size=variable.shape))
    return model


def convolutions(model):
    """Kernels, biases and strides of the branch in order, and of the shortcut if it has any."""
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    branch = [layer for layer in found if layer.kernel_size != (1, 1)]
    return branch, [layer for layer in found if layer.kernel_size == (1, 1)]


def by_numpy(model, images):
    """ReLU(f(x) + s(x)) with the course's own convolution, whose projection has strides."""
    branch, projection = convolutions(model)
    result = images
    for number, layer in enumerate(branch, start=1):
        kernel, bias = layer.get_weights()
        result = convolution.conv2d(result, kernel, bias, layer.strides, "same")
        result = np.maximum(result, 0) if number < len(branch) else result
    if projection:
        kernel, bias = projection[0].get_weights()
        strides = tuple(int(n) for n in np.prod([layer.strides for layer in branch], axis=0))
        images = convolution.conv2d(images, kernel, bias, strides, "same")
    return np.maximum(result + images, 0), bool(projection)


# --- blocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "filters", "strides"), BLOCKS)
def test_block_is_what_its_formula_says(channels, filters, strides):
    images = signed(2, 9, 7, channels)
    model = model_of(residual.residual_block_v1, (9, 7, channels), filters, strides)
    expected, projects = by_numpy(model, images)
    np.testing.assert_allclose(np.asarray(model(images)), expected, atol=2e-5)
    assert projects == (strides != 1 or channels != filters[-1])
    assert (expected == 0).any()
    assert (expected > 0).any()


@pytest.mark.parametrize(("channels", "filters", "strides"), BLOCKS)
def test_original_without_batch_norm_is_v1(channels, filters, strides):
    images = signed(2, 9, 7, channels)
    one = model_of(residual.residual_block_v1, (9, 7, channels), filters, strides)
    other = model_of(
        residual.residual_block_original, (9, 7, channels), filters, strides, batch_norm=False
    )
    assert [w.shape for w in one.weights] == [w.shape for w in other.weights]
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(np.asarray(one(images)), np.asarray(other(images)), atol=1e-6)


def test_strides_of_two_branches_multiply_where_the_maximum_would_broadcast():
    tensor = keras.Input((4, 4, 3))
    assert residual.residual_block_v1(tensor, [3, 3], [2, 2]).shape == (None, 1, 1, 3)
    assert residual.total_strides([2, 2]) == (4, 4)


@pytest.mark.parametrize("size", [4, 5, 7, 8, 13])
def test_product_of_strides_fits_every_size(size):
    for strides in itertools.product((1, 2, 3), repeat=2):
        tensor = keras.Input((size, size + 1, 2))
        output = residual.residual_block_v1(tensor, [2, 3], list(strides))
        total = strides[0] * strides[1]
        assert output.shape == (None, -(-size // total), -(-(size + 1) // total), 3)


def test_shortcut_is_a_strided_projection():
    """Subsampling and 1x1 kernels are the 1x1 convolution with strides, number by number."""
    images = signed(2, 7, 9, 3)
    for strides in (2, 3, (1, 2), (3, 1)):
        model = model_of(residual.shortcut, (7, 9, 3), 5, strides)
        kernel, bias = model.layers[-1].get_weights()
        expected = convolution.conv2d(images, kernel, bias, strides, "same")
        np.testing.assert_allclose(np.asarray(model(images)), expected, atol=1e-5)


def test_padded_shortcut_has_no_weights():
    images = signed(1, 5, 5, 2)
    model = model_of(residual.padded_shortcut, (5, 5, 2), 4, 2)
    assert model.weights == []
    came = np.asarray(model(images))
    np.testing.assert_array_equal(came[..., :2], images[:, ::2, ::2])
    assert not came[..., 2:].any()


@pytest.mark.parametrize(
    "block", [residual.residual_block_original, residual.residual_block_preactivation]
)
def test_a_silent_branch_leaves_the_input(block):
    """The pre-activation block is the identity then; the original keeps what is not negative."""
    images = signed(2, 5, 4, 3)
    model = model_of(block, (5, 4, 3), [3, 3], batch_norm=False)
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    clean = block is residual.residual_block_preactivation
    expected = images if clean else np.maximum(images, 0)
    np.testing.assert_array_equal(np.asarray(model(images)), expected)


def test_lectures_block_can_only_add():
    """Its branch is never negative, so means grow from block to block; v1's do not run away."""
    means = {}
    for block in (residual.residual_block_lecture, residual.residual_block_v1):
        tensor = images = keras.Input((12, 12, 8))
        outputs = []
        for _ in range(9):
            tensor = block(tensor, [8, 8])
            outputs.append(tensor)
        values = keras.Model(images, outputs)(signed(4, 12, 12, 8))
        means[block.__name__] = [float(np.mean(value)) for value in values]
    lecture = means["residual_block_lecture"]
    assert all(after > before for before, after in itertools.pairwise(lecture))
    image = signed(2, 5, 5, 3)
    output = model_of(residual.residual_block_lecture, (5, 5, 3), [3, 3])(image)
    assert (np.asarray(output) >= image - 1e-6).all()


def test_derivative_is_one_plus_that_of_the_branch():
    """The Jacobian of the pre-activation block minus its branch's is the identity matrix."""
    import tensorflow as tf

    model = model_of(residual.residual_block_preactivation, (3, 2, 2), [2, 2], batch_norm=False)
    add = next(layer for layer in model.layers if isinstance(layer, keras.layers.Add))
    both = keras.Model(model.input, [model.output, add.input[0]])
    image = tf.constant(signed(1, 3, 2, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        whole, branch = both(image)
    jacobians = [np.reshape(tape.jacobian(y, image), (12, 12)) for y in (whole, branch)]
    np.testing.assert_allclose(jacobians[0] - jacobians[1], np.eye(12), atol=1e-6)
    assert np.abs(jacobians[1]).max() > 0.01


# --- networks ------------------------------------------------------------------------------------


def trained(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize("depth", PUBLISHED)
def test_counts_are_the_papers(depth):
    model = as_model(residual.resnet, (32, 32, 3), depth=depth)
    assert trained(model) == PUBLISHED[depth] == residual.resnet_parameters(depth)
    branch, projections = convolutions(model)
    assert (len(branch), len(projections)) == (depth - 1, 2)
    assert not any(layer.use_bias for layer in branch + projections)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize("projection", [True, False])
def test_formula_counts_what_is_built(projection):
    settings = {"depth": 14, "classes": 3, "filters": 4, "projection": projection}
    model = as_model(residual.resnet, (8, 8, 2), **settings)
    assert trained(model) == residual.resnet_parameters(**settings, channels=2)


def test_plain_network_differs_by_the_shortcuts_alone():
    plain = as_model(residual.plain_network, (8, 8, 1), depth=14, filters=4)
    same = as_model(residual.resnet, (8, 8, 1), depth=14, filters=4, projection=False)
    assert trained(plain) == trained(same)
    kinds = [type(layer).__name__ for layer in plain.layers]
    assert "Add" not in kinds


@pytest.mark.parametrize(
    ("block", "batch_norm"),
    [("original", True), ("preactivation", True), ("lecture", False), ("plain", False)],
)
def test_every_network_is_saved_and_loaded(block, batch_norm, tmp_path):
    """In Keras's safe mode, which refuses code: zeros are padded by an operation."""
    settings = {"depth": 8, "filters": 2, "block": block, "batch_norm": batch_norm}
    projection = block != "original"  # zeros once
    model = as_model(residual.resnet, (8, 8, 1), **settings, projection=projection)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = signed(2, 8, 8, 1)
    np.testing.assert_array_equal(np.asarray(model(images)), np.asarray(again(images)))


# --- gradients -----------------------------------------------------------------------------------


def classifier(**settings):
    return as_model(residual.resnet, (6, 6, 1), depth=8, filters=2, classes=3, **settings)


def test_gradient_norms_are_those_of_differences():
    """Central differences, one entry of a kernel at a time, know nothing of automatic gradients."""
    inputs = keras.Input((4, 4, 1))
    layer = keras.layers.Conv2D(2, 2, activation="softplus")
    scores = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(layer(inputs)))
    model = keras.Model(inputs, scores)
    images, labels = signed(3, 4, 4, 1), np.array([2, 0, 1])

    def loss():
        logits = np.asarray(model(images), dtype=float)
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -logs[np.arange(3), labels].mean()

    kernel = np.asarray(layer.kernel)
    squares = 0
    for index in np.ndindex(kernel.shape):
        values = []
        for step in (1e-2, -1e-2):
            moved = kernel.copy()
            moved[index] += step
            layer.kernel.assign(moved)
            values.append(loss())
        layer.kernel.assign(kernel)
        squares += ((values[0] - values[1]) / 2e-2) ** 2
    came = residual.gradient_norms(model, images, labels)
    np.testing.assert_allclose(came, [np.sqrt(squares)], rtol=2e-3)


def test_gradient_norms_leave_the_model_alone():
    model = classifier()
    before = model.get_weights()
    images, labels = signed(4, 6, 6, 1), np.array([0, 1, 2, 0])
    norms = residual.gradient_norms(model, images, labels)
    assert norms.shape == (9,)
    assert (norms > 0).all()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(norms, residual.gradient_norms(model, images, labels), rtol=1e-5)


def test_gradients_do_not_vanish_with_shortcuts():
    """At depth 44, without batch norm and with Keras's initial weights.

    Signals shrink on their way forwards and gradients on their way back, so all kernels of the
    plain network have gradients that are next to nothing, the last one's too: 1e-12 seen.
    """
    images, labels = signed(8, 8, 8, 1), np.arange(8) % 3
    settings = {"depth": 44, "filters": 4, "classes": 3, "batch_norm": False}
    settings["kernel_initializer"] = "glorot_uniform"
    norms = {
        block: residual.gradient_norms(
            as_model(residual.resnet, (8, 8, 1), block=block, **settings), images, labels
        )
        for block in ("plain", "original")
    }
    assert norms["plain"].max() < 1e-7
    assert norms["original"].min() > 1e-3


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: residual.residual_block_v1(x, [2, 2], [1, 1, 2]), "2 convolutions .* 3 strides"),
        (lambda x: residual.residual_block_v1(x, [2, 2, 3], [1, 2]), "3 convolutions .* 2 strides"),
        (lambda x: residual.residual_block_v1(x, []), r"filters must be a list .* got \[\]"),
        (lambda x: residual.residual_block_v1(x, 8), "filters must be a list .* got 8"),
        (lambda x: residual.residual_block_v1(x, [2, 2], 0), "strides must be an integer of at"),
        (lambda x: residual.shortcut(x, 0), "filters must be an integer of at least 1; got 0"),
        (lambda x: residual.padded_shortcut(x, 1), "the tensor has 2 channels, filters is 1"),
        (lambda x: residual.resnet(x, depth=18), "depth must be 6n \\+ 2: .* got 18"),
        (lambda x: residual.resnet(x, depth=2), "depth must be 6n \\+ 2"),
        (lambda x: residual.resnet(x, block="v1"), "there is no block 'v1'; the blocks are: orig"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(keras.Input((6, 6, 2)))


def test_gradients_need_a_convolution_and_tensorflow(monkeypatch):
    inputs = keras.Input((3,))
    dense = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    with pytest.raises(ValueError, match="the model has no Conv2D among its layers"):
        residual.gradient_norms(dense, np.ones((1, 3)), np.array([0]))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="set KERAS_BACKEND=tensorflow"):
        residual.gradient_norms(classifier(), signed(1, 6, 6, 1), np.array([0]))
