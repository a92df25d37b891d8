"""`course_lib.convolution_vs_dense`: the matrix against the layer, its transpose, its counts."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from course_lib import convolution
from course_lib import convolution_vs_dense as topic

# Non-square images, even and odd and rectangular kernels, strides that do not divide.
TABLE = list(
    itertools.product(
        [(1, 1), (3, 3), (2, 2), (4, 3), (2, 5)],
        [(1, 1), (2, 2), (3, 1), (1, 2), (3, 2)],
        ["valid", "same"],
    )
)


def example(kernel_size, seed=0, batch=2, size=(5, 7), channels=3, filters=4):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(batch, *size, channels))
    kernels = rng.normal(size=(*kernel_size, channels, filters))
    return images, kernels, rng.normal(size=filters)


def close(came, expected):
    """To machine precision: a few dozen summands of size 1 in float64."""
    np.testing.assert_allclose(came, expected, rtol=0, atol=1e-13)


# --- the matrix ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE)
def test_the_lectures_formula_holds_to_machine_precision(kernel_size, strides, padding):
    images, kernels, bias = example(kernel_size)
    expected = convolution.conv2d(images, kernels, bias, strides, padding)
    assert expected.dtype == np.float64
    close(topic.conv2d_as_dense(images, kernels, bias, strides, padding), expected)
    matrix = topic.convolution_matrix(kernels, images.shape[1:], strides, padding)
    close(images.reshape(2, -1) @ matrix, (expected - bias).reshape(2, -1))


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE)
def test_a_row_is_the_layers_answer_to_one_lit_pixel(kernel_size, strides, padding):
    """The slow loops, fed with unit images, know the matrix without any of its arithmetic."""
    _, kernels, _ = example(kernel_size, size=(4, 5), channels=2, filters=2)
    units = np.eye(4 * 5 * 2).reshape(-1, 4, 5, 2)
    expected = convolution.conv2d_loops(units, kernels, None, strides, padding)
    matrix = topic.convolution_matrix(kernels, (4, 5, 2), strides, padding)
    np.testing.assert_array_equal(matrix, expected.reshape(40, -1))


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE)
def test_sparse_and_dense_hold_the_same(kernel_size, strides, padding):
    images, kernels, _ = example(kernel_size)
    dense = topic.convolution_matrix(kernels, images.shape[1:], strides, padding)
    thin = topic.sparse_convolution_matrix(kernels, images.shape[1:], strides, padding)
    assert isinstance(thin, sparse.csr_array)
    np.testing.assert_array_equal(thin.toarray(), dense)
    assert thin.nnz == np.count_nonzero(dense)
    assert thin.dtype == dense.dtype


def test_a_weight_that_is_zero_is_stored():
    kernels = np.zeros((2, 2, 1, 1))
    assert topic.sparse_convolution_matrix(kernels, (3, 3, 1)).nnz == 4 * 4
    assert np.count_nonzero(topic.convolution_matrix(kernels, (3, 3, 1))) == 0


def test_a_photograph_needs_no_dense_matrix():
    """Its 300 x 451 x 3 numbers and as many outputs would fill a terabyte."""
    images, kernels, _ = example((3, 3), batch=1, size=(300, 451), filters=2)
    matrix = topic.sparse_convolution_matrix(kernels, images.shape[1:], padding="same")
    output = (images.reshape(1, -1) @ matrix).reshape(1, 300, 451, 2)
    close(output, convolution.conv2d(images, kernels, padding="same"))


def test_integers_do_not_overflow():
    kernels, images = np.full((2, 2, 1, 1), 200, np.uint8), np.full((1, 2, 2, 1), 255, np.uint8)
    assert topic.convolution_matrix(kernels, (2, 2, 1)).dtype == np.float32
    assert topic.conv2d_as_dense(images, kernels).item() == 4 * 200 * 255
    assert topic.conv2d_as_dense(images, kernels, np.array([7])).item() == 4 * 200 * 255 + 7


def test_inputs_stay_as_they_are():
    images, kernels, bias = example((3, 3))
    copies = images.copy(), kernels.copy(), bias.copy()
    topic.conv2d_as_dense(images, kernels, bias, 2, "same")[:] = 0
    topic.convolution_matrix(kernels, (5, 7, 3))[:] = 0
    for now, before in zip((images, kernels, bias), copies, strict=True):
        np.testing.assert_array_equal(now, before)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    kernel_size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.sampled_from(["valid", "same"]),
    seed=st.integers(0, 99),
)
def test_properties_of_the_matrix(size, kernel_size, strides, padding, seed):
    """Linear in the kernels; its transpose is the adjoint, and the gradient of the images."""
    images, kernels, _ = example(kernel_size, seed, size=size, channels=2, filters=2)
    rest = (*size, 2), strides, padding
    matrix = topic.convolution_matrix(kernels, *rest)
    others = np.random.default_rng(seed + 1).normal(size=kernels.shape)
    both = topic.convolution_matrix(2 * kernels - others, *rest)
    close(both, 2 * matrix - topic.convolution_matrix(others, *rest))
    output = topic.conv2d_as_dense(images, kernels, None, strides, padding)
    there = np.random.default_rng(seed).normal(size=output.shape)
    back = topic.conv2d_transpose_as_dense(there, kernels, *rest)
    assert back.shape == images.shape
    assert np.sum(output * there) == pytest.approx(np.sum(images * back))  # <Ax, y> = <x, A'y>
    gradient, _, _ = convolution.conv2d_gradients(images, kernels, there, strides, padding)
    close(back, gradient)
    assert topic.measured_counts(matrix) == topic.matrix_counts(
        (*size, 2), kernel_size, 2, strides, padding
    )


# --- the lecture's band --------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel_size", "size"), [((2, 2), (4, 4)), ((3, 2), (5, 6))])
def test_the_printed_band_without_its_surplus_columns(kernel_size, size):
    kernel = np.random.default_rng(0).normal(size=kernel_size)
    band, inside = topic.printed_band(kernel, size)
    expected = topic.convolution_matrix(kernel[:, :, np.newaxis, np.newaxis], (*size, 1))
    np.testing.assert_array_equal(band[:, inside], expected)
    # Between two rows of windows, kernel_width - 1 columns belong to no window.
    surplus = (size[0] - kernel_size[0]) * (kernel_size[1] - 1)
    assert np.sum(~inside) == surplus > 0


def test_the_printed_band_is_the_lectures():
    """Every column is the first one, moved down; the last ends in the last row."""
    band, _ = topic.printed_band(np.array([[1, 2], [3, 4]]), (5, 5))
    assert list(band[:8, 0]) == [1, 2, 0, 0, 0, 3, 4, 0]
    assert all((band[q:, q] == band[: len(band) - q, 0]).all() for q in range(band.shape[1]))
    assert band[-1, -1] == 4


# --- the transpose -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE)
def test_the_transpose_is_tensorflows_transposed_convolution(kernel_size, strides, padding):
    tf = pytest.importorskip("tensorflow")
    images, kernels, _ = example(kernel_size)
    outputs = convolution.conv2d(images, kernels, None, strides, padding)
    expected = tf.nn.conv2d_transpose(outputs, kernels, images.shape, strides, padding.upper())
    came = topic.conv2d_transpose_as_dense(outputs, kernels, images.shape[1:], strides, padding)
    np.testing.assert_allclose(came, expected.numpy(), rtol=0, atol=1e-9)


# --- sharing and locality ------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE)
def test_locally_connected_with_equal_kernels_is_a_convolution(kernel_size, strides, padding):
    images, kernels, bias = example(kernel_size)
    expected = convolution.conv2d(images, kernels, bias, strides, padding)
    positions = expected.shape[1:3]
    own = np.broadcast_to(kernels, (*positions, *kernels.shape))
    biases = np.broadcast_to(bias, (*positions, len(bias)))
    close(topic.locally_connected(images, own, biases, strides, padding), expected)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_locally_connected_uses_each_positions_own_kernel(padding):
    images, _, _ = example((1, 1), channels=2)
    rng = np.random.default_rng(1)
    height, width = (convolution.output_size(n, 3, 2, padding) for n in (5, 7))
    kernels, bias = (
        rng.normal(size=(height, width, 3, 3, 2, 4)),
        rng.normal(size=(height, width, 4)),
    )
    came = topic.locally_connected(images, kernels, bias, 2, padding)
    padded = convolution.pad_same(images, 3, 2) if padding == "same" else images
    for i, j in np.ndindex(height, width):
        window = padded[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        close(came[:, i, j], np.tensordot(window, kernels[i, j], 3) + bias[i, j])


def test_parameters_of_the_three_layers():
    """The lecture's first layer on its image: 224 parameters, or two thousand million."""
    counts = topic.parameter_counts((100, 100, 3), 3, 8)
    assert counts.convolution == convolution.conv2d_parameters(3, 3, 8) == 224
    assert counts.locally_connected == 98 * 98 * 8 * (27 + 1)
    assert counts.dense == 98 * 98 * 8 * (30_000 + 1)
    without = topic.parameter_counts((100, 100, 3), 3, 8, use_bias=False)
    assert counts.dense - without.dense == counts.locally_connected - without.locally_connected
    assert topic.parameter_ratio((100, 100, 3), 3, 8) == counts.dense / 224
    assert topic.parameter_ratio((5, 5, 1), 3, 2) == pytest.approx((25 + 1) * 18 / 20)  # 23.4


def test_counts_do_not_overflow():
    """A satellite's picture: more weights than 64 bits can count."""
    counts = topic.parameter_counts((10**5, 10**5, 3), 3, 8, padding="same")
    assert counts.dense == 8 * 10**10 * (3 * 10**10 + 1) > 2**64
    assert counts.convolution == 224


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize(("kernel_size", "strides", "padding"), TABLE[::3])
def test_parameters_agree_with_keras(kernel_size, strides, padding, use_bias):
    keras = pytest.importorskip("keras")
    layer = keras.layers.Conv2D(4, kernel_size, strides, padding, use_bias=use_bias)
    layer.build((None, 5, 7, 3))
    _, *output_shape = layer.compute_output_shape((None, 5, 7, 3))
    dense = keras.layers.Dense(int(np.prod(output_shape)), use_bias=use_bias)
    dense.build((None, 5 * 7 * 3))
    counts = topic.parameter_counts((5, 7, 3), kernel_size, 4, strides, padding, use_bias)
    assert counts.convolution == layer.count_params()
    assert counts.dense == dense.count_params()
    ratio = topic.parameter_ratio((5, 7, 3), kernel_size, 4, strides, padding, use_bias)
    assert ratio == dense.count_params() / layer.count_params()


@pytest.mark.parametrize(
    ("size", "kernel_size", "distinct"), [((1, 1), 3, 1), ((2, 2), 5, 9), ((3, 1), (3, 3), 3)]
)
def test_taps_that_never_meet_a_pixel_are_not_in_the_matrix(size, kernel_size, distinct):
    counts = topic.matrix_counts((*size, 1), kernel_size, 1, padding="same")
    assert counts.distinct == distinct
    _, kernels, _ = example(np.broadcast_to(kernel_size, 2), channels=1, filters=1)
    matrix = topic.convolution_matrix(kernels, (*size, 1), padding="same")
    assert topic.measured_counts(matrix) == counts


# --- shift equivariance --------------------------------------------------------------------------


def layer(padding="valid", strides=1, kernel_size=(3, 3)):
    _, kernels, bias = example(kernel_size)
    return lambda images: convolution.conv2d(images, kernels, bias, strides, padding)


SCENE = np.random.default_rng(5).normal(size=(2, 15, 16, 3))


@settings(max_examples=25, deadline=None)
@given(shift=st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_a_valid_convolution_moves_with_the_scene(shift):
    error = topic.equivariance_error(layer(), SCENE, shift)
    counterparts = np.isfinite(error)
    assert counterparts.sum() == (13 - 2 * shift[0]) * (14 - 2 * shift[1])
    assert np.nanmax(error) < 1e-12


def test_padding_breaks_it_at_the_border_only():
    error = topic.equivariance_error(layer("same"), SCENE, (1, 0))
    assert error.shape == (14, 16)
    assert np.isnan(error[-1]).all()
    # A border's row sees zeros where the other view sees the scene; so does the neighbour's last.
    assert error[[0, 12]].min() > 0.01
    assert error[1:12].max() < 1e-12


def test_one_filter_that_does_not_follow_is_enough():
    """A kernel that looks at its own pixel only never meets the padding; another one does."""
    kernels = np.ones((3, 3, 3, 2))
    kernels[..., 0] = 0
    kernels[1, 1, :, 0] = 1
    both = topic.equivariance_error(
        lambda view: convolution.conv2d(view, kernels, padding="same"), SCENE, (1, 0)
    )
    first = topic.equivariance_error(
        lambda view: convolution.conv2d(view, kernels[..., :1], padding="same"), SCENE, (1, 0)
    )
    assert np.nanmax(first) < 1e-12
    assert both[0].min() > 0.01


def test_strides_break_it_between_their_steps():
    even = topic.equivariance_error(layer(strides=2), SCENE, (2, 4), strides=2)
    odd = topic.equivariance_error(layer(strides=2), SCENE, (1, 4), strides=2)
    assert np.nanmax(even) < 1e-12
    assert np.nanmin(odd) > 0.01


def test_other_layers_do_not_move_with_the_scene():
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(13 * 14 * 3, 11 * 12 * 2))
    local = rng.normal(size=(11, 12, 3, 3, 3, 2))
    for free in (
        lambda view: (view.reshape(2, -1) @ dense).reshape(2, 11, 12, 2),
        lambda view: topic.locally_connected(view, local),
    ):
        assert np.nanmin(topic.equivariance_error(free, SCENE, 2)) > 0.01


def test_a_shift_beyond_the_output_has_no_counterparts():
    error = topic.equivariance_error(layer(), SCENE, (7, 0))
    assert error.shape == (6, 14)
    assert np.isnan(error).all()


# --- errors --------------------------------------------------------------------------------------


ones = np.ones
KERNELS = ones((2, 2, 1, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f(ones((2, 2)), (4, 4, 1)), r"kernels must be an array of shape"),
        (lambda f: f(ones((2, 2, 1, 0)), (4, 4, 1)), r"kernels must not be empty; got shape"),
        (
            lambda f: f(ones((2, 2, 3, 1)), (4, 4, 1)),
            r"1 channels and kernels expect 3.*agree",
        ),
        (lambda f: f(KERNELS, (4, 4)), r"input_shape must be .*write 1 for the channels"),
        (lambda f: f(KERNELS, 4), r"input_shape must be \(height, width, channels\).*got 4"),
        (lambda f: f(KERNELS, (1, 4, 4, 1)), r"Leave out the batch"),
        (lambda f: f(KERNELS, (4, 4.0, 1)), r"width must be an integer of at least 1; got 4.0"),
        (lambda f: f(KERNELS, (1, 4, 1)), r"2 taps .* does not fit into 1"),
        (lambda f: f(KERNELS, (4, 4, 1), 0), r"strides must be"),
        (lambda f: f(KERNELS, (4, 4, 1), 1, "full"), r'padding must be "valid" or "same"'),
    ],
)
@pytest.mark.parametrize("form", [topic.convolution_matrix, topic.sparse_convolution_matrix])
def test_bad_input_to_the_matrix(form, call, message):
    with pytest.raises(ValueError, match=message):
        call(form)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topic.conv2d_as_dense(ones((4, 4, 1)), KERNELS), "Add the batch axis"),
        (
            lambda: topic.conv2d_as_dense(ones((1, 4, 4, 2)), KERNELS),
            "the input has 2 channels and kernels expect 1",
        ),
        (
            lambda: topic.conv2d_as_dense(ones((1, 4, 4, 1)), KERNELS, ones(2)),
            r"bias must have the shape \(filters\), here \(1,\); got \(2,\)",
        ),
        (
            lambda: topic.conv2d_transpose_as_dense(ones((1, 4, 4, 1)), KERNELS, (4, 4, 1)),
            r"outputs must have the shape \(batch, 3, 3, 1\).*got \(1, 4, 4, 1\)",
        ),
        (
            lambda: topic.locally_connected(ones((1, 4, 4, 1)), ones((4, 4, 2, 2, 1, 1))),
            r"there are 3 x 3 positions and each needs a kernel; got kernels of shape \(4, 4, 2",
        ),
        (
            lambda: topic.locally_connected(ones((1, 4, 4, 1)), ones((3, 3, 2, 2, 1, 2)), ones(2)),
            r"bias must be an array of shape \(output_height, output_width, filters\)",
        ),
        (
            lambda: topic.locally_connected(ones((1, 4, 4, 1)), KERNELS),
            r"kernels must be an array of shape \(output_height, output_width, kernel_height",
        ),
        (
            lambda: topic.locally_connected(ones((1, 4, 4, 1)), ones((0, 3, 2, 2, 1, 1))),
            "kernels must not be empty",
        ),
        (lambda: topic.parameter_ratio((4, 4), 2, 1), "input_shape must be"),
        (lambda: topic.parameter_ratio((4, 4, 1), 5, 1), "does not fit into 4"),
        (lambda: topic.parameter_ratio((4, 4, 1), 2, 0), "filters must be an integer"),
        (lambda: topic.matrix_counts((4, 4, 1), "3", 1), "kernel_size must be an integer"),
        (lambda: topic.printed_band(KERNELS, (4, 4)), "kernel must be an array of shape"),
        (lambda: topic.printed_band(ones((5, 2)), (4, 4)), "does not fit into 4"),
        (
            lambda: topic.equivariance_error(lambda view: view, ones((1, 3, 4, 1)), (3, 0)),
            r"a shift of \(3, 0\) leaves nothing of a scene of \(3, 4\) pixels",
        ),
        (
            lambda: topic.equivariance_error(lambda view: view, ones((1, 3, 4, 1)), -1),
            "shift must be an integer of at least 0",
        ),
    ],
)
def test_bad_input_to_the_rest(call, message):
    with pytest.raises(ValueError, match=message):
        call()
