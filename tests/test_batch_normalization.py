"""Batch normalisation against a slow loop, against Keras, and by what must always hold."""

import inspect
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import batch_normalization as topic
from course_lib import batch_normalization_relatives as relatives
from course_lib.checks import networks
from course_lib.checks.run import find, run
from course_lib.convolution import conv2d
from course_lib.models import as_model

SHAPES = [(5, 3), (2, 1), (64, 4), (2, 3, 5, 4), (3, 4, 1, 2), (1, 2, 2, 3)]


def drawn(shape, seed=0, dtype=np.float64):
    """A batch whose channels differ, and gamma, beta, moving mean and variance for it."""
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    x = rng.normal(rng.normal(0, 3, channels), rng.uniform(0.5, 4, channels), shape)
    parameters = rng.uniform(0.5, 2, channels) * rng.choice([-1, 1], channels)
    rest = rng.normal(0, 2, (2, channels))
    arrays = x, parameters, *rest, rng.uniform(0.2, 3, channels)
    return tuple(array.astype(dtype) for array in arrays)


def loops(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon):
    """The layer as its definition reads, one number after another."""
    output, means, variances = np.zeros(x.shape), [], []
    for c in range(x.shape[-1]):
        numbers = [x[index] for index in np.ndindex(x.shape) if index[-1] == c]
        mean = sum(numbers) / len(numbers)
        variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
        for index in np.ndindex(x.shape):
            if index[-1] == c:
                normalised = (x[index] - mean) / (variance + epsilon) ** 0.5
                output[index] = gamma[c] * normalised + beta[c]
        means.append(momentum * moving_mean[c] + (1 - momentum) * mean)
        variances.append(momentum * moving_variance[c] + (1 - momentum) * variance)
    return output, np.array(means), np.array(variances)


def keras_layer(shape, gamma, beta, mean, variance, **options):
    import keras

    layer = keras.layers.BatchNormalization(**options)
    layer.build((None, *shape[1:]))
    layer.set_weights([gamma, beta, mean, variance])
    return layer


# --- two oracles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("momentum", "epsilon"), [(0.9, 1e-3), (0.0, 0.5), (0.7, 1e-6)])
def test_training_is_the_definition(shape, momentum, epsilon):
    arguments = drawn(shape)
    for came, due in zip(
        topic.batch_norm_train(*arguments, momentum, epsilon),
        loops(*arguments, momentum, epsilon),
        strict=True,
    ):
        np.testing.assert_allclose(came, due, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("momentum", [0.9, 0.99, 0.3])
def test_training_is_keras(shape, momentum):
    """Its momentum is what is kept, its variance the biased one, in the moving average too."""
    x, *arrays = drawn(shape, 1, np.float32)
    layer = keras_layer(shape, *arrays, momentum=momentum)
    output, mean, variance = topic.batch_norm_train(x, *arrays, momentum)
    np.testing.assert_allclose(output, np.asarray(layer(x, training=True)), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mean, np.asarray(layer.moving_mean), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, np.asarray(layer.moving_variance), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_is_keras(shape):
    x, *arrays = drawn(shape, 2, np.float32)
    layer = keras_layer(shape, *arrays, epsilon=0.01)
    came = topic.batch_norm_inference(x, *arrays, epsilon=0.01)
    np.testing.assert_allclose(came, np.asarray(layer(x, training=False)), rtol=1e-4, atol=1e-4)


def test_the_unbiased_variance_would_be_seen():
    """The conventions that differ between frameworks differ in numbers, in a batch of five."""
    x, gamma, beta, mean, variance = drawn((5, 3))
    _, _, kept = topic.batch_norm_train(x, gamma, beta, mean, variance, 0.5)
    unbiased = 0.5 * variance + 0.5 * x.var(axis=0, ddof=1)
    assert np.all(unbiased > 1.02 * kept)


# --- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (2, 1), (2, 3, 2, 2), (1, 2, 3, 2)])
@pytest.mark.parametrize("epsilon", [1e-3, 0.3])
def test_gradients_at_every_index(shape, epsilon):
    x, gamma, beta, *averages = drawn(shape, 3)
    wish = np.random.default_rng(4).normal(0.5, 1, shape)
    arguments = {"x": x, "gamma": gamma, "beta": beta}

    def loss(**moved):
        given_arrays = {**arguments, **moved}
        output, *_ = topic.batch_norm_train(*given_arrays.values(), *averages, epsilon=epsilon)
        return (wish * output).sum()

    came = topic.batch_norm_gradients(x, gamma, wish, epsilon)
    for (name, array), gradient in zip(arguments.items(), came, strict=True):
        for index in np.ndindex(array.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = array.copy()
                moved[index] += step
                ends.append(loss(**{name: moved}))
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6), name


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_tensorflows(shape):
    import tensorflow as tf

    x, gamma, beta, *averages = drawn(shape, 5, np.float32)
    wish = np.random.default_rng(6).normal(0.5, 1, shape).astype(np.float32)
    layer = keras_layer(shape, gamma, beta, *averages)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        output = layer(variable, training=True)
    wanted = tape.gradient(output, [variable, *map(tf_value, layer.weights[:2])], wish)
    for came, due in zip(topic.batch_norm_gradients(x, gamma, wish), wanted, strict=True):
        scale = max(1.0, np.abs(due.numpy()).max())
        np.testing.assert_allclose(came, due.numpy(), rtol=2e-3, atol=2e-4 * scale)


def tf_value(variable):
    return variable.value


def test_gradient_has_no_share_that_changes_nothing():
    """Shifting or scaling a channel does not change the loss: the gradient is at right angles."""
    x, gamma, *_ = drawn((6, 5, 4, 3), 7)
    wish = np.random.default_rng(8).normal(2, 1, x.shape)
    by_x, *_ = topic.batch_norm_gradients(x, gamma, wish, 1e-12)
    axes = (0, 1, 2)
    np.testing.assert_allclose(by_x.sum(axis=axes), 0, atol=1e-9)
    np.testing.assert_allclose((by_x * x).sum(axis=axes), 0, atol=1e-8)


# --- properties ----------------------------------------------------------------------------------


@given(
    scale=st.floats(0.01, 1000),
    shift=st.floats(-100, 100),
    shape=st.sampled_from(SHAPES),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_scale_and_shift_of_the_input_do_not_matter(scale, shift, shape, seed):
    x, gamma, beta, *averages = drawn(shape, seed)
    before, *_ = topic.batch_norm_train(x, gamma, beta, *averages, epsilon=1e-14)
    after, *_ = topic.batch_norm_train(scale * x + shift, gamma, beta, *averages, epsilon=1e-14)
    np.testing.assert_allclose(after, before, atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 3), (3, 8, 5, 4)])
def test_each_channel_has_the_mean_beta_and_the_deviation_gamma(shape):
    x, gamma, beta, *averages = drawn(shape, 9)
    output, *_ = topic.batch_norm_train(x, gamma, beta, *averages, epsilon=1e-12)
    mean, variance = topic.batch_statistics(output)
    np.testing.assert_allclose(mean, beta, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(variance), np.abs(gamma), rtol=1e-9)


def test_at_inference_every_example_stands_alone():
    x, *arrays = drawn((6, 4, 3, 2), 10)
    whole = topic.batch_norm_inference(x, *arrays)
    alone = np.concatenate([topic.batch_norm_inference(x[i : i + 1], *arrays) for i in range(6)])
    np.testing.assert_allclose(whole, alone, rtol=1e-12)


def test_moving_averages_arrive_and_the_modes_agree():
    """The same batch again and again: inference then does what training does."""
    x, gamma, beta, mean, variance = drawn((7, 3), 11)
    for _ in range(200):
        output, mean, variance = topic.batch_norm_train(x, gamma, beta, mean, variance)
    np.testing.assert_allclose(topic.batch_norm_inference(x, gamma, beta, mean, variance), output)


def test_arguments_are_left_alone_and_precision_is_kept():
    arguments = drawn((4, 3), 12, np.float32)
    copies = [array.copy() for array in arguments]
    results = topic.batch_norm_train(*arguments)
    assert all(np.array_equal(a, b) for a, b in zip(arguments, copies, strict=True))
    assert {array.dtype for array in results} == {np.dtype(np.float32)}
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3, 3), dtype=np.uint8)
    output, *_ = topic.batch_norm_train(pixels, *(np.float32([1, 1, 1]) for _ in range(4)))
    np.testing.assert_allclose(output.mean(axis=(0, 1, 2)), 1, atol=1e-5)


# --- folding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_bias", [False, True])
def test_folded_convolution_is_our_two_layers(use_bias):
    rng = np.random.default_rng(13)
    _, *arrays = drawn((1, 1, 1, 4), 13)
    images, kernel = rng.normal(0, 1, (2, 6, 5, 3)), rng.normal(0, 1, (3, 2, 3, 4))
    bias = rng.normal(0, 1, 4) if use_bias else None
    two = topic.batch_norm_inference(conv2d(images, kernel, bias), *arrays)
    one = conv2d(images, *topic.fold_batch_norm(kernel, bias, *arrays))
    np.testing.assert_allclose(one, two, atol=1e-10)


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("kind", ["conv", "strided", "dense"])
def test_folded_layer_is_keras_two_layers(kind, use_bias):
    from keras import layers

    rng = np.random.default_rng(14)
    make = {
        "conv": lambda bias: layers.Conv2D(4, 3, padding="same", use_bias=bias),
        "strided": lambda bias: layers.Conv2D(4, (2, 3), strides=2, use_bias=bias),
        "dense": lambda bias: layers.Dense(4, use_bias=bias),
    }[kind]
    x = rng.normal(0, 1, (3, 5) if kind == "dense" else (2, 7, 6, 3)).astype(np.float32)
    first = make(use_bias)
    first.build((None, *x.shape[1:]))
    weights = [rng.normal(0, 1, w.shape).astype(np.float32) for w in first.get_weights()]
    first.set_weights(weights)
    arrays = drawn((1, 4), 14, np.float32)[1:]
    hidden = first(x)
    two = keras_layer(hidden.shape, *arrays)(hidden, training=False)
    folded = make(True)
    folded.build((None, *x.shape[1:]))
    bias = weights[1] if use_bias else None
    folded.set_weights(topic.fold_batch_norm(weights[0], bias, *arrays))
    np.testing.assert_allclose(np.asarray(folded(x)), np.asarray(two), rtol=1e-3, atol=1e-4)


# --- blocks --------------------------------------------------------------------------------------


def test_blocks_have_the_shapes_and_parameters_of_the_lecture_without_biases():
    model = as_model(topic.conv_bn_relu, (9, 7, 3), 8, 2, 5)
    assert model.output_shape == (None, 5, 4, 8)
    assert networks.parameters(model) == (5 * 5 * 3 * 8 + 2 * 8, 2 * 8)
    assert as_model(topic.conv_bn_relu, (9, 7, 3), 8).output_shape == (None, 9, 7, 8)
    dense = as_model(topic.dense_bn_relu, (20,), 5)
    assert networks.parameters(dense) == (20 * 5 + 2 * 5, 2 * 5)


@pytest.mark.parametrize("training", [False, True])
def test_block_is_our_own_arithmetic(training):
    model = as_model(topic.dense_bn_relu, (5,), 6)
    networks.inject(model, 3)
    kernel, gamma, beta, mean, variance = model.get_weights()[:5]
    x = np.random.default_rng(15).normal(0, 1, (8, 5)).astype(np.float32)
    came = networks.outputs(model, x, training=training)
    hidden, arrays = x @ kernel, (gamma, beta, mean, variance)
    if training:
        hidden, mean, variance = topic.batch_norm_train(hidden, *arrays, 0.9)
        np.testing.assert_allclose(model.get_weights()[3], mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model.get_weights()[4], variance, rtol=1e-4, atol=1e-5)
    else:
        hidden = topic.batch_norm_inference(hidden, *arrays)
    np.testing.assert_allclose(came, np.maximum(hidden, 0), rtol=1e-4, atol=1e-4)
    assert (came == 0).any()


def test_a_bias_before_the_normalisation_changes_nothing_in_training():
    x, gamma, beta, *averages = drawn((6, 4), 16)
    bias = np.array([5, -3, 100, 0.1])
    with_bias = topic.batch_norm_train(x + bias, gamma, beta, *averages)[0]
    np.testing.assert_allclose(with_bias, topic.batch_norm_train(x, gamma, beta, *averages)[0])


# --- relatives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_are_keras(groups):
    import keras

    x, gamma, beta, *_ = drawn((2, 5, 3, 4), 17, np.float32)
    layer = keras.layers.GroupNormalization(groups=groups, epsilon=1e-3)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    due = np.asarray(layer(x))
    came = relatives.group_norm(x, gamma, beta, groups)
    np.testing.assert_allclose(came, due, rtol=1e-4, atol=1e-4)
    other = {1: relatives.layer_norm, 4: relatives.instance_norm}.get(groups)
    assert other is None or np.array_equal(other(x, gamma, beta), came)


def test_layer_norm_of_features_is_keras():
    import keras

    x, gamma, beta, *_ = drawn((5, 6), 18, np.float32)
    layer = keras.layers.LayerNormalization(epsilon=1e-3)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    came = relatives.layer_norm(x, gamma, beta)
    np.testing.assert_allclose(came, np.asarray(layer(x)), rtol=1e-4, atol=1e-4)


def test_renormalisation_lies_between_training_and_inference():
    arguments = drawn((8, 3), 19)
    trained, renormed = topic.batch_norm_train(*arguments), relatives.batch_renorm_train
    none = renormed(*arguments, r_max=1, d_max=0)
    for one, other in zip(none, trained, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    full, *_ = renormed(*arguments, r_max=1e9, d_max=1e9)
    np.testing.assert_allclose(full, topic.batch_norm_inference(*arguments), rtol=1e-9)
    assert not np.allclose(full, trained[0])


# --- errors --------------------------------------------------------------------------------------

ONE, TWO = np.ones(1), np.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topic.batch_statistics(np.ones(3)), "x must be an array of shape"),
        (lambda: topic.batch_statistics(np.ones((2, 3, 4))), "got shape \\(2, 3, 4\\)"),
        (lambda: topic.batch_statistics(np.ones((0, 3))), "at least one number a channel"),
        (
            lambda: topic.batch_norm_train(np.ones((3, 2)), ONE, TWO, TWO, TWO),
            "gamma must have one entry for each of the 2 channels",
        ),
        (
            lambda: topic.batch_norm_train(np.ones((3, 1)), ONE, ONE, ONE, ONE, momentum=1),
            "momentum must be a number of at least 0 and below 1.*PyTorch's momentum m",
        ),
        (
            lambda: topic.batch_norm_train(np.ones((3, 1)), ONE, ONE, ONE, ONE, epsilon=0),
            "epsilon must be a number above 0",
        ),
        (
            lambda: topic.batch_norm_inference(np.ones((3, 2)), TWO, TWO, ONE, TWO),
            "moving_mean must have one entry",
        ),
        (
            lambda: topic.batch_norm_gradients(np.ones((3, 2)), TWO, np.ones((2, 2))),
            "output_gradient must have the shape of x",
        ),
        (
            lambda: topic.fold_batch_norm(np.ones((3, 3, 2)), None, TWO, TWO, TWO, TWO),
            "kernel must be an array of shape",
        ),
        (
            lambda: topic.fold_batch_norm(np.ones((3, 2)), ONE, TWO, TWO, TWO, TWO),
            "bias must have one entry",
        ),
        (
            lambda: topic.conv_bn_relu(networks.placeholder((4,)), 2),
            "tensor must have the shape \\(batch, height, width, channels\\)",
        ),
        (
            lambda: topic.dense_bn_relu(networks.placeholder((4, 4, 1)), 2),
            "Flatten or pool images first",
        ),
        (lambda: topic.conv_bn_relu(networks.placeholder((4, 4, 1)), 0), "filters must be"),
        (lambda: relatives.group_norm(np.ones((2, 3)), *[np.ones(3)] * 2, 2), "groups must divide"),
        (
            lambda: relatives.batch_renorm_train(np.ones((3, 1)), *[ONE] * 4, r_max=0.5),
            "r_max must be at least 1",
        ),
    ],
)
def test_errors_say_what_came_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- checks --------------------------------------------------------------------------------------

NUMPY = ("batch_norm_train", "batch_norm_inference", "batch_norm_gradients", "fold_batch_norm")
COSTS_ONE_PART = {
    "batch_norm_train": (
        "each_image_for_itself",
        "each_pixel_for_itself",
        "unbiased_variance",
        "unbiased_moving_variance",
        "epsilon_outside_the_root",
        "first_step_only",
        "variance_never_updated",
        "momentum_swapped",
        "deviation_averaged",
    ),
    "batch_norm_inference": ("batch_statistics_at_inference", "root_missing"),
    "batch_norm_gradients": ("variance_as_constant", "gamma_with_raw_input", "gradient_by_pixel"),
    "fold_batch_norm": ("old_bias_ignored", "epsilon_outside_in_fold"),
    "conv_bn_relu": (
        "relu_missing",
        "relu_before_norm",
        "bias_kept",
        "momentum_of_pytorch",
        "no_padding",
    ),
    "dense_bn_relu": ("dense_relu_before_norm", "dense_bias_kept"),
}


@pytest.mark.parametrize(
    ("name", "mistake"), [(n, m) for n, mistakes in COSTS_ONE_PART.items() for m in mistakes]
)
def test_one_mistake_costs_one_part(name, mistake):
    """And the last, which puts all together and is skipped then."""
    check = find(f"batch_normalization.{name}")
    planted = next(m for m in check.misconceptions if m.name == mistake)
    report = run(check, planted.function, forbidden=())
    statuses = [outcome.status for outcome in report.outcomes]
    assert (statuses.count("failed"), statuses[-1]) == (1, "skipped")
    assert report.diagnosis == mistake


def test_no_draw_divides_by_zero():
    """Two examples that were drawn alike once gave a variance of 0, and no answer was right."""
    for name in NUMPY:
        check = find(f"batch_normalization.{name}")
        for part in check.parts:
            for seed in range(3000 if part.name == "few_examples" else 4):
                for case in check.draw(part, seed):
                    for array in [a for a in case.args if isinstance(a, np.ndarray)]:
                        assert np.isfinite(array).all(), (name, part.name, seed)


def test_students_without_networks_load_no_tensorflow():
    import subprocess
    import sys

    code = (
        "import sys; from course_lib.checks.run import find, run\n"
        f"for name in {NUMPY}:\n"
        "    check = find(name); run(check, check.reference, forbidden=())\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_the_module_says_which_momentum_it_means():
    assert "one minus PyTorch's momentum" in inspect.getdoc(topic)
