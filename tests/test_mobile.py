"""`course_lib.mobile` and `course_lib.mobile_costs`: convolutions, blocks, networks, counts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import convolution, mobile, mobile_costs
from course_lib.models import as_model

keras = pytest.importorskip("keras")
layers = keras.layers

# Height, width, channels, multiplier, kernel, strides, padding: even kernels, strides that do not
# divide, kernels that are not square.
CONVOLUTIONS = [
    (6, 5, 3, 1, (3, 3), 1, "valid"),
    (6, 7, 3, 2, (2, 3), 1, "same"),
    (7, 8, 2, 3, (3, 3), 2, "same"),
    (8, 8, 2, 1, (4, 2), 3, "valid"),
    (5, 9, 1, 2, (1, 1), 2, "same"),
]
PUBLISHED = {"mobilenet": (4_253_864, 568_740_352), "mobilenet_v2": (3_538_984, 300_774_272)}


def signed(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


# --- convolutions --------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", CONVOLUTIONS)
def test_depthwise_is_what_loops_and_keras_say(setting):
    height, width, channels, multiplier, kernel, strides, padding = setting
    images = signed(2, height, width, channels)
    kernels = signed(*kernel, channels, multiplier, seed=1)
    came = mobile.depthwise_conv2d(images, kernels, strides, padding)
    loops = mobile.depthwise_conv2d_loops(images, kernels, strides, padding)
    np.testing.assert_allclose(came, loops, atol=1e-5)
    theirs = keras.ops.depthwise_conv(images, kernels, strides, padding)
    np.testing.assert_allclose(came, theirs, atol=1e-5)
    assert came.dtype == np.float32


@pytest.mark.parametrize("strides", [(1, 2), (3, 1), (2, 3)])
def test_strides_of_each_axis_are_those_of_a_sparse_convolution(strides):
    images, kernels = signed(2, 8, 9, 3), signed(3, 2, 3, 2, seed=1)
    full = np.zeros((3, 2, 3, 6))
    for c, m in np.ndindex(3, 2):
        full[:, :, c, 2 * c + m] = kernels[:, :, c, m]
    expected = convolution.conv2d(images, full, None, strides, "same")
    came = mobile.depthwise_conv2d(images, kernels, strides, "same")
    np.testing.assert_allclose(came, expected, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_a_channel_sees_itself_alone(channels, multiplier, size, seed):
    """Noise in one channel moves that channel's maps and no others, at any multiplier."""
    images, kernels = signed(1, 5, 6, channels, seed=seed), signed(size, size, channels, multiplier)
    moved = images.copy()
    moved[..., channels - 1] += signed(1, 5, 6, seed=seed + 1)
    before, after = (mobile.depthwise_conv2d(x, kernels) for x in (images, moved))
    own = (channels - 1) * multiplier
    np.testing.assert_array_equal(before[..., :own], after[..., :own])
    assert np.abs(before[..., own:] - after[..., own:]).max() > 0


def test_pointwise_is_a_convolution_of_1x1():
    images, kernels = signed(2, 4, 5, 3), signed(1, 1, 3, 7, seed=1)
    expected = convolution.conv2d(images, kernels)
    np.testing.assert_allclose(mobile.pointwise_conv2d(images, kernels), expected, atol=1e-6)


@pytest.mark.parametrize("multiplier", [1, 2, 3])
def test_two_steps_are_one_convolution_of_that_rank(multiplier):
    images = signed(2, 6, 6, 4)
    depthwise = signed(3, 3, 4, multiplier, seed=1)
    pointwise = signed(1, 1, 4 * multiplier, 9, seed=2)
    mixing = pointwise.reshape(4, multiplier, 9)
    kernels = np.einsum("abcm,cmf->abcf", depthwise, mixing)
    two = mobile.pointwise_conv2d(mobile.depthwise_conv2d(images, depthwise), pointwise)
    np.testing.assert_allclose(two, convolution.conv2d(images, kernels), atol=1e-4)
    for c in range(4):
        assert np.linalg.matrix_rank(kernels[:, :, c].reshape(9, 9), tol=1e-4) == multiplier


def test_bytes_do_not_overflow():
    images = np.full((1, 3, 3, 2), 200, np.uint8)
    assert mobile.depthwise_conv2d(images, np.ones((3, 3, 2, 1), np.uint8)).max() == 1800
    assert mobile.pointwise_conv2d(images, np.ones((1, 1, 2, 1), np.uint8)).max() == 400


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mobile.depthwise_conv2d(signed(1, 4, 4, 3), signed(2, 2, 2, 1)),
            "images have 3 channels and depthwise kernels expect 2",
        ),
        (
            lambda: mobile.depthwise_conv2d(signed(1, 2, 4, 1), signed(3, 2, 1, 1)),
            "does not fit into 2",
        ),
        (
            lambda: mobile.depthwise_conv2d(signed(1, 4, 4, 1), signed(2, 2, 1)),
            r"kernels must be an array of shape \(kernel_height, kernel_width, channels, mult",
        ),
        (
            lambda: mobile.depthwise_conv2d(np.zeros((0, 4, 4, 1)), signed(2, 2, 1, 1)),
            "must not be empty",
        ),
        (
            lambda: mobile.depthwise_conv2d(signed(1, 4, 4, 1), signed(2, 2, 1, 1), padding="full"),
            "padding must be",
        ),
        (
            lambda: mobile.pointwise_conv2d(signed(1, 4, 4, 1), signed(3, 3, 1, 1)),
            "a pointwise kernel is 1 x 1",
        ),
        (
            lambda: mobile.pointwise_conv2d(signed(1, 4, 4, 2), signed(1, 1, 1, 1)),
            "images have 2 channels and pointwise kernels expect 1",
        ),
        (lambda: mobile.separable_parameters(3, 0, 4), "channels must be an integer of at least 1"),
        (lambda: mobile.mobilenet(keras.Input((32, 32, 3)), alpha=0), "alpha must be a number"),
        (lambda: mobile.mobilenet_v2(keras.Input((32, 32, 3)), alpha=-1), "alpha must be"),
        (
            lambda: mobile.inverted_residual_block(keras.Input((8, 8, 3)), 3, expansion=0),
            "expansion must be an integer",
        ),
        (
            lambda: mobile.depthwise_separable_block(keras.Input((8, 8, 3)), 3, strides=(1, 2)),
            "strides must be an integer",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- blocks --------------------------------------------------------------------------------------


def shaken(model, seed=0):
    """Give a model signed weights and moving statistics that are not those of a new layer."""
    rng = np.random.default_rng(seed)
    numbers = []
    for weight in model.weights:
        if "variance" in weight.path or "gamma" in weight.path:
            numbers.append(rng.uniform(0.5, 1.5, weight.shape))
        else:
            size = 0.3 if weight.ndim == 1 else math.sqrt(2 / math.prod(weight.shape[:-1]))
            numbers.append(rng.normal(0, size, weight.shape))
    model.set_weights(numbers)
    return model


def normalised(x, gamma, beta, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


@pytest.mark.parametrize(
    ("filters", "expansion", "strides", "linear"),
    [(3, 4, 1, True), (5, 2, 1, True), (3, 2, 2, True), (4, 1, 2, True), (3, 3, 1, False)],
)
def test_inverted_residual_is_what_its_formula_says(filters, expansion, strides, linear):
    images = signed(2, 7, 6, 3)
    model = as_model(
        mobile.inverted_residual_block, (7, 6, 3), filters, expansion, strides, linear=linear
    )
    numbers = shaken(model).get_weights()
    x = images
    if expansion > 1:
        kernel, *norm = numbers[:5]
        numbers = numbers[5:]
        x = np.clip(normalised(mobile.pointwise_conv2d(x, kernel), *norm), 0, 6)
    kernel, *norm = numbers[:5]
    x = mobile.depthwise_conv2d(x, kernel, strides, "same")
    x = np.clip(normalised(x, *norm), 0, 6)
    kernel, *norm = numbers[5:]
    x = normalised(mobile.pointwise_conv2d(x, kernel), *norm)
    assert x.min() < 0
    x = x if linear else np.clip(x, 0, 6)
    adds = strides == 1 and filters == 3
    np.testing.assert_allclose(model(images), x + images if adds else x, atol=1e-4)
    assert any(isinstance(layer, layers.Add) for layer in model.layers) == adds


def test_blocks_have_the_parameters_that_are_counted():
    """Kernels as `block_costs` has them; batch normalisation keeps four numbers a map."""
    for name, block, maps in (
        ("ordinary", mobile.ordinary_block, 8),
        ("separable", mobile.depthwise_separable_block, 5 + 8),
        ("inverted", mobile.inverted_residual_block, 30 + 30 + 8),
    ):
        model = as_model(block, (9, 7, 5), 8, strides=2)
        weights, products = mobile_costs.total(
            mobile_costs.block_costs(name, (9, 7), 5, 8, strides=2)
        )
        assert model.count_params() == weights + 4 * maps
        assert mobile_costs.multiply_adds(model) == products
        assert model.output_shape == (None, 5, 4, 8)


def test_separable_parameters_are_keras():
    for kernel, channels, filters, multiplier in ((3, 4, 7, 1), ((2, 5), 3, 2, 3), (1, 6, 1, 2)):
        for use_bias in (True, False):
            parts = mobile.separable_parameters(kernel, channels, filters, multiplier, use_bias)
            depthwise = layers.DepthwiseConv2D(
                kernel, depth_multiplier=multiplier, use_bias=use_bias
            )
            pointwise = layers.Conv2D(filters, 1, use_bias=use_bias)
            depthwise.build((None, 9, 9, channels))
            pointwise.build((None, 9, 9, channels * multiplier))
            assert parts == (depthwise.count_params(), pointwise.count_params())


def test_kernels_of_1x1_subsample_first():
    """A 1x1 convolution with strides is what oneDNN computes the gradient of wrongly."""
    model = as_model(mobile.ordinary_block, (8, 8, 2), 3, 2, 1)
    assert model.output_shape == (None, 4, 4, 3)
    assert all(layer.strides == (1, 1) for layer in model.layers if hasattr(layer, "kernel_size"))


# --- networks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def networks():
    """Ours and Keras's, for images of 32 pixels, with the same shaken weights."""
    pairs = {}
    for name, theirs in (
        ("mobilenet", keras.applications.MobileNet),
        ("mobilenet_v2", keras.applications.MobileNetV2),
    ):
        ours = shaken(as_model(getattr(mobile, name), (32, 32, 3)))
        copy = theirs(input_shape=(32, 32, 3), weights=None)
        numbers = zip(ours.get_weights(), copy.weights, strict=True)
        copy.set_weights([array.reshape(weight.shape) for array, weight in numbers])
        pairs[name] = ours, copy
    return pairs


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_are_keras_own(networks, name):
    ours, theirs = networks[name]
    assert ours.count_params() == theirs.count_params() == PUBLISHED[name][0]
    images = signed(4, 32, 32, 3)
    came, expected = (np.asarray(model(images, training=False)) for model in (ours, theirs))
    assert expected.max() > 2e-3  # the network tells images from each other
    np.testing.assert_allclose(came, expected, rtol=1e-3, atol=1e-6)
    assert mobile_costs.multiply_adds(ours) == mobile_costs.multiply_adds(theirs)


def test_products_of_the_papers_size():
    """The paper says 569 million for images of 224 pixels, and 4,866 with ordinary convolutions."""
    size, channels, count = 112, 32, {"ordinary": 0, "separable": 0}
    for filters, strides in mobile.MOBILENET:
        for block in count:
            steps = mobile_costs.block_costs(block, size, channels, filters, strides=strides)
            count[block] += mobile_costs.total(steps)[1]
        size, channels = size // strides, filters
    around = 112**2 * 27 * 32 + 1024 * 1000
    assert count["separable"] + around == PUBLISHED["mobilenet"][1]
    assert round((count["ordinary"] + around) / 1e6) == 4_867  # the paper prints 4,866
    assert (size, channels) == (7, 1024)


def test_width_multiplier_rounds_as_keras_does():
    ours = as_model(mobile.mobilenet_v2, (32, 32, 3), classes=7, alpha=0.35)
    theirs = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=7)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    assert mobile.multiple_of_8(11.2) == 16, "8 would be less than nine tenths"


# --- counting ------------------------------------------------------------------------------------


def test_costs_of_layers_of_every_kind():
    inputs = keras.Input((8, 6, 4))
    x = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2)(inputs)  # 9*8 + 8*6
    x = layers.Conv2D(8, 3, strides=2, groups=2)(x)  # 3x2 positions, 9*3*8
    x = layers.Conv2DTranspose(5, 2, strides=2)(x)  # each of 3x2 pixels, 4*8*5
    x = layers.BatchNormalization()(layers.ReLU()(x))
    x = layers.Dense(3)(x)  # 6x4 positions
    inner = keras.Sequential([keras.Input((6, 4, 3)), layers.DepthwiseConv2D(3, padding="same")])
    outputs = inner(inner(x))
    rows = mobile_costs.costs(keras.Model(inputs, outputs))
    found = [(row.kind, row.multiply_adds) for row in rows if row.multiply_adds]
    assert found == [
        ("SeparableConv2D", 48 * (72 + 48)),
        ("Conv2D", 6 * 216),
        ("Conv2DTranspose", 6 * 160),
        ("Dense", 24 * 15),
        ("DepthwiseConv2D", 24 * 27),
        ("DepthwiseConv2D", 24 * 27),
    ]
    model = keras.Model(inputs, outputs)
    assert sum(row.parameters for row in mobile_costs.costs(model)) == model.count_params()


def test_a_layer_that_is_called_twice_computes_twice():
    inputs, layer = keras.Input((5, 5, 2)), layers.Conv2D(2, 3, padding="same", name="shared")
    rows = mobile_costs.costs(keras.Model(inputs, layer(layer(inputs))))
    assert [(row.name, row.parameters, row.multiply_adds) for row in rows] == [
        ("shared", 38, 900),
        ("shared", 0, 900),
    ]


def test_costs_count_what_tensorflow_profiles():
    """An oracle that looks at the compiled graph: two operations for each multiply-add."""
    tf = pytest.importorskip("tensorflow")
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    model = as_model(lambda x: layers.Conv2D(6, 3)(layers.DepthwiseConv2D(3)(x)), (9, 8, 4))
    traced = tf.function(lambda x: model(x)).get_concrete_function(tf.zeros((1, 9, 8, 4)))
    frozen, _ = convert_variables_to_constants_v2_as_graph(traced)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        profile = tf.compat.v1.profiler.profile(graph, options=options)
    biases = 7 * 6 * 4 + 5 * 4 * 6
    assert profile.total_float_ops == 2 * mobile_costs.multiply_adds(model) + biases


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mobile_costs.block_costs("wide", 8, 3, 3), "there is no block 'wide'; the blocks"),
        (lambda: mobile_costs.block_costs("ordinary", 8, 0, 3), "channels must be an integer"),
        (
            lambda: mobile_costs.costs(
                keras.Sequential([keras.Input((None, 8, 3)), layers.Conv2D(2, 3, name="open")])
            ),
            "layer 'open' has an open size",
        ),
        (
            lambda: mobile_costs.costs(
                keras.Sequential([keras.Input((4, 3)), layers.LSTM(2, name="memory")])
            ),
            "layer 'memory' is a LSTM, which multiplies in a way",
        ),
        (lambda: mobile_costs.costs(keras.Sequential([layers.Dense(2)])), "has no graph of layers"),
        (lambda: mobile_costs.share_lost(0, 3), "channels must be an integer"),
        (lambda: mobile_costs.relu_round_trip(np.ones(3), 3), "points must be an array of shape"),
        (lambda: mobile_costs.relu_round_trip(np.ones((3, 2)), 0), "width must be an integer"),
    ],
)
def test_bad_input_of_costs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_saving_is_the_share_of_products():
    for kernel, filters, multiplier in ((3, 64, 1), (5, 10, 2), (1, 4, 1)):
        ordinary, separable = (
            mobile_costs.total(mobile_costs.block_costs(b, 9, 12, filters, kernel, multiplier))[1]
            for b in ("ordinary", "separable")
        )
        share = mobile_costs.saving(kernel, filters, multiplier)
        assert separable / ordinary == pytest.approx(share)


def test_an_expansion_of_1_leaves_two_steps():
    names = [s.name for s in mobile_costs.block_costs("inverted", 8, 4, 4, expansion=1)]
    assert names == ["depthwise", "project"]


# --- what a ReLU loses ---------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "width"), [(2, 2), (2, 5), (4, 4), (4, 24)])
def test_points_come_back_exactly_where_enough_units_are_active(channels, width):
    points = np.random.default_rng(0).normal(size=(2000, channels))
    found, active = mobile_costs.relu_round_trip(points, width, seed=3)
    far = np.abs(found - points).max(axis=1)
    np.testing.assert_array_equal(far < 1e-6, active >= channels)
    # Of all points with the same outputs, the shortest.
    projection = np.random.default_rng(3).normal(size=(channels, width))
    outputs = points @ projection
    np.testing.assert_allclose((found @ projection)[outputs > 0], outputs[outputs > 0], atol=1e-9)
    lost = active < channels
    lengths = np.linalg.norm(found[lost], axis=1), np.linalg.norm(points[lost], axis=1)
    assert (lengths[0] < lengths[1]).all()


@pytest.mark.parametrize(("channels", "width"), [(2, 3), (3, 6), (5, 5)])
def test_share_that_is_lost_is_binomial(channels, width):
    """Over many projections, each of a few points."""
    lost = []
    for seed in range(400):
        points = np.random.default_rng(1000 + seed).normal(size=(20, channels))
        _, active = mobile_costs.relu_round_trip(points, width, seed)
        lost.append((active < channels).mean())
    share = mobile_costs.share_lost(channels, width)
    assert np.mean(lost) == pytest.approx(share, abs=4 * np.std(lost) / 20 + 1e-9)


def test_shares_at_the_ends():
    assert mobile_costs.share_lost(3, 2) == 1
    assert mobile_costs.share_lost(1, 1) == 0.5
    assert mobile_costs.share_lost(8, 8) == 1 - 2**-8
