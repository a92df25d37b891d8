"""`course_lib.convolution` against two oracles that fail differently, and its properties."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from course_lib import convolution

FORMS = [convolution.conv2d, convolution.conv2d_loops, convolution.conv2d_fft]

# Non-square images, even and odd and rectangular kernels, strides that do not divide.
TABLE = [
    (kernel_size, strides, padding, dilation_rate)
    for kernel_size, strides, padding, dilation_rate in itertools.product(
        [(1, 1), (3, 3), (2, 2), (4, 3), (2, 5)],
        [(1, 1), (2, 2), (3, 1), (1, 2), (3, 2)],
        ["valid", "same"],
        [(1, 1), (2, 1), (2, 2)],
    )
    if min(strides) == max(strides) == 1 or dilation_rate == (1, 1)  # Keras allows one of both
]


def example(kernel_size, seed=0, batch=2, size=(9, 12), channels=3, filters=4):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(batch, *size, channels))
    kernels = rng.normal(size=(*kernel_size, channels, filters))
    return images, kernels, rng.normal(size=filters)


def scipy_oracle(images, kernels, bias, strides, padding, dilation_rate):
    """Full correlation by SciPy with the kernel spread, then the windows are picked by hand."""
    extent = [(k - 1) * d + 1 for k, d in zip(kernels.shape, dilation_rate, strict=False)]
    spread = np.zeros((*extent, *kernels.shape[2:]))
    spread[:: dilation_rate[0], :: dilation_rate[1]] = kernels
    starts, counts = [], []
    for size, k, s in zip(images.shape[1:3], extent, strides, strict=True):
        if padding == "same":
            count = int(np.ceil(size / s))
            starts.append(-(max((count - 1) * s + k - size, 0) // 2))
        else:
            count = (size - k) // s + 1
            starts.append(0)
        counts.append(count)
    # In full correlation, entry (0, 0) has the kernel's last tap on the first pixel.
    rows = starts[0] + extent[0] - 1 + strides[0] * np.arange(counts[0])
    columns = starts[1] + extent[1] - 1 + strides[1] * np.arange(counts[1])
    output = np.zeros((len(images), *counts, kernels.shape[3]))
    for n, c, f in np.ndindex(len(images), images.shape[3], kernels.shape[3]):
        full = signal.correlate2d(images[n, :, :, c], spread[:, :, c, f], mode="full")
        full = np.pad(full, ((0, strides[0]), (0, strides[1])))
        output[n, :, :, f] += full[np.ix_(rows, columns)]
    return output + bias


@pytest.mark.parametrize(("kernel_size", "strides", "padding", "dilation_rate"), TABLE)
def test_forms_agree_with_scipy(kernel_size, strides, padding, dilation_rate):
    arguments = *example(kernel_size), strides, padding, dilation_rate
    expected = scipy_oracle(*arguments)
    for form in FORMS:
        np.testing.assert_allclose(form(*arguments), expected, atol=1e-9, err_msg=form.__name__)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.parametrize(("kernel_size", "strides", "padding", "dilation_rate"), TABLE)
def test_default_form_agrees_with_keras(keras, kernel_size, strides, padding, dilation_rate):
    images, kernels, bias = (a.astype("float32") for a in example(kernel_size))
    expected = keras.ops.conv(
        images, kernels, strides=strides, padding=padding, dilation_rate=dilation_rate
    )
    output = convolution.conv2d(images, kernels, bias, strides, padding, dilation_rate)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, np.asarray(expected) + bias, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (3, 2)])
def test_gradients_agree_with_tensorflow(keras, strides, padding):
    import tensorflow as tf

    images, kernels, bias = (a.astype("float32") for a in example((3, 2), size=(7, 8)))
    images, kernels, bias = (tf.Variable(a) for a in (images, kernels, bias))
    with tf.GradientTape() as tape:
        output = keras.ops.conv(images, kernels, strides=strides, padding=padding) + bias
        weights = np.random.default_rng(1).normal(size=output.shape).astype("float32")
        loss = tf.reduce_sum(output * weights)
    expected = tape.gradient(loss, [images, kernels, bias])
    came = convolution.conv2d_gradients(images.numpy(), kernels.numpy(), weights, strides, padding)
    for one, other in zip(came, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation_rate"),
    [(1, "valid", 1), ((2, 1), "same", 1), (3, "valid", 1), (1, "same", (2, 1)), (2, "same", 2)],
)
def test_gradients_by_differences_at_every_index(strides, padding, dilation_rate):
    images, kernels, bias = example((2, 3), size=(5, 6), channels=2, filters=2)
    rest = strides, padding, dilation_rate
    weights = np.random.default_rng(1).normal(
        size=convolution.conv2d(images, kernels, bias, *rest).shape
    )
    gradients = convolution.conv2d_gradients(images, kernels, weights, *rest)
    for position, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            losses = []
            for step in (-0.5, 0.5):
                moved = [images.copy(), kernels.copy(), bias.copy()]
                moved[position][index] += step
                losses.append(np.sum(weights * convolution.conv2d(*moved, *rest)))
            # The loss is linear in each argument, so the difference is the derivative itself.
            assert gradient[index] == pytest.approx(losses[1] - losses[0], abs=1e-9)


def test_gradient_is_the_adjoint():
    images, kernels, _ = example((3, 2))
    output = convolution.conv2d(images, kernels, None, (2, 1), "same")
    other = np.random.default_rng(2).normal(size=output.shape)
    back, _, _ = convolution.conv2d_gradients(images, kernels, other, (2, 1), "same")
    assert np.sum(output * other) == pytest.approx(np.sum(images * back))


sizes = st.integers(1, 6)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(3, 9), st.integers(3, 9)),
    kernel_size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.sampled_from(["valid", "same"]),
    seed=st.integers(0, 99),
)
def test_forms_agree_and_are_linear(size, kernel_size, strides, padding, seed):
    images, kernels, bias = example(kernel_size, seed, size=size, channels=2, filters=2)
    rest = strides, padding
    expected = convolution.conv2d_loops(images, kernels, bias, *rest)
    for form in FORMS:
        np.testing.assert_allclose(form(images, kernels, bias, *rest), expected, atol=1e-9)
    doubled = convolution.conv2d(2 * images, kernels, None, *rest)
    np.testing.assert_allclose(doubled, 2 * (expected - bias), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(shift=st.tuples(st.integers(0, 3), st.integers(0, 3)), seed=st.integers(0, 99))
def test_valid_convolution_moves_with_the_image(shift, seed):
    images, kernels, _ = example((3, 2), seed)
    moved = np.roll(images, shift, axis=(1, 2))
    whole = convolution.conv2d(images, kernels)
    also_moved = np.roll(whole, shift, axis=(1, 2))[:, shift[0] :, shift[1] :]
    np.testing.assert_allclose(
        convolution.conv2d(moved, kernels)[:, shift[0] :, shift[1] :], also_moved, atol=1e-9
    )


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(1, 40),
    kernel_size=st.integers(1, 7),
    strides=st.integers(1, 5),
    dilation_rate=st.integers(1, 3),
)
def test_output_size_counts_positions(size, kernel_size, strides, dilation_rate):
    extent = (kernel_size - 1) * dilation_rate + 1
    starts = [s for s in range(0, size, strides) if s + extent <= size]
    if starts:
        came = convolution.output_size(size, kernel_size, strides, "valid", dilation_rate)
        assert came == len(starts)
    padded = convolution.pad_same(
        np.ones((1, size, 1, 1)), (kernel_size, 1), (strides, 1), (dilation_rate, 1)
    ).shape[1]
    same = convolution.output_size(size, kernel_size, strides, "same", dilation_rate)
    assert same == convolution.output_size(padded, kernel_size, strides, "valid", dilation_rate)
    assert padded == size or padded == (same - 1) * strides + extent


def test_the_lectures_parameter_counts():
    layers = [(3, 8), (8, 8), (8, 16), (16, 16), (16, 32), (32, 32)]
    counts = [convolution.conv2d_parameters(3, *layer) for layer in layers]
    assert counts == [224, 584, 1168, 2320, 4640, 9248]


def test_eight_bit_images_do_not_overflow():
    image = np.full((1, 3, 3, 1), 255, np.uint8)
    output = convolution.conv2d(image, np.ones((3, 3, 1, 1), np.uint8))
    assert output.item() == 9 * 255


def test_inputs_stay_as_they_are():
    images, kernels, bias = example((3, 3))
    copies = images.copy(), kernels.copy(), bias.copy()
    for form in FORMS:
        form(images, kernels, bias, 2, "same")
    for now, before in zip((images, kernels, bias), copies, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("seed", range(3))
def test_learn_kernels_finds_the_secret_kernel(seed):
    rng = np.random.default_rng(seed)
    images, secret = rng.normal(size=(2, 12, 12, 2)), rng.normal(size=(3, 2, 2, 3))
    targets = convolution.conv2d(images, secret)
    kernels, losses = convolution.learn_kernels(images, targets, (3, 2), steps=400)
    np.testing.assert_allclose(kernels, secret, atol=1e-3)
    assert losses[0] == pytest.approx(np.mean(targets**2))
    assert np.all(np.diff(losses[losses > 1e-20]) < 0)


ones = np.ones
BAD = [
    (lambda f: f(ones((4, 4)), ones((2, 2, 1, 1))), r"images must be .*4 axes|images must be"),
    (lambda f: f(ones((4, 4, 1)), ones((2, 2, 1, 1))), r"Add the batch axis"),
    (lambda f: f(ones((1, 4, 4, 3)), ones((2, 2, 1, 1))), r"images have 3 channels.*expect 1"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2))), r"kernels must be an array of shape"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((5, 2, 1, 1))), r"5 taps .* does not fit into 4"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), strides=0), r"strides must be"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), strides=(1, -2)), r"strides must be"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), strides=1.5), r"strides must be"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), dilation_rate=0), r"dilation_rate must"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), padding="SAME"), r'"valid" or "same"'),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 2)), ones(3)), r"bias must hold one number"),
    (lambda f: f(ones((1, 4, 4, 1)), ones((2, 2, 1, 2)), ones((2, 1))), r"bias must be an array"),
    (lambda f: f(ones((0, 4, 4, 1)), ones((2, 2, 1, 2))), r"must not be empty"),
    (lambda f: f(np.array([["a"]]), ones((2, 2, 1, 2))), r"images must hold real numbers"),
    (lambda f: f([[1], [2, 3]], ones((2, 2, 1, 2))), r"rows differ in length"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_to_a_layer(form, call, message):
    with pytest.raises(ValueError, match=message):
        call(form)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convolution.output_size(0, 3), "size must be an integer of at least 1; got 0"),
        (lambda: convolution.output_size(5, 3.0), "kernel_size must be an integer"),
        (lambda: convolution.output_size(5, True), "kernel_size must be an integer"),
        (lambda: convolution.output_size(5, 6), "does not fit into 5"),
        (lambda: convolution.output_size(5, 3, padding="full"), "padding must be"),
        (lambda: convolution.pad_same(ones((3, 3)), 3), "images must be an array"),
        (lambda: convolution.pad_same(ones((1, 3, 3, 1)), (3, 3, 3)), "kernel_size must be"),
        (lambda: convolution.pad_same(ones((1, 3, 3, 1)), "33"), "kernel_size must be"),
        (lambda: convolution.conv2d_parameters(0, 1, 1), "kernel_size must be"),
        (lambda: convolution.conv2d_parameters(3, 1, -1), "filters must be"),
        (
            lambda: convolution.conv2d_gradients(
                ones((1, 4, 4, 1)), ones((2, 2, 1, 1)), ones((1, 4, 4, 1))
            ),
            r"output_gradient must have the shape of conv2d's output, \(1, 3, 3, 1\)",
        ),
        (
            lambda: convolution.learn_kernels(ones((1, 4, 4, 1)), ones((1, 4, 4, 1)), 3),
            r"targets must have the output's shape \(1, 2, 2, 1\)",
        ),
        (
            lambda: convolution.learn_kernels(ones((1, 4, 4, 1)), ones((1, 2, 2, 1)), 3, steps=-1),
            "steps must be an integer of at least 0",
        ),
        *(
            (
                lambda rate=rate: convolution.learn_kernels(
                    ones((1, 4, 4, 1)), ones((1, 2, 2, 1)), 3, learning_rate=rate
                ),
                "learning_rate must be a number above 0; got",
            )
            for rate in ("fast", 0, -0.1, float("nan"), None, True)
        ),
        (lambda: convolution.pad_same(ones((1, 3, 3, 1)), {2, 3}), "kernel_size must be"),
    ],
)
def test_bad_input_to_the_rest(call, message):
    with pytest.raises(ValueError, match=message):
        call()
