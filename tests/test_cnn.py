"""`course_lib.cnn`: pooling against loops, Keras and differences; the network; clipping."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import cnn, convolution, data
from course_lib.models import as_model

# Non-square images; windows side by side, overlapping, with gaps, that do not divide.
TABLE = list(
    itertools.product(
        [(1, 1), (2, 2), (3, 3), (4, 3), (1, 3)],
        [None, (1, 1), (2, 2), (3, 1), (2, 3)],
        ["valid", "same"],
    )
)
SETTINGS = ("pool_size", "strides", "padding")


def example(seed=0, batch=2, size=(5, 7), channels=3):
    """Signed numbers, no two alike, so that no tie decides."""
    count = batch * size[0] * size[1] * channels
    numbers = np.random.default_rng(seed).permutation(count) - count / 2
    return (numbers / 8).reshape(batch, *size, channels)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


# --- pooling -------------------------------------------------------------------------------------


@pytest.mark.parametrize(SETTINGS, TABLE)
def test_pooling_is_the_definition(pool_size, strides, padding):
    images, arguments = example(), (pool_size, strides, padding)
    expected = cnn.pool2d_loops(images, *arguments)
    np.testing.assert_array_equal(cnn.max_pool2d(images, *arguments), expected)
    expected = cnn.pool2d_loops(images, *arguments, reduce=np.mean)
    np.testing.assert_allclose(cnn.average_pool2d(images, *arguments), expected, atol=1e-13)


@pytest.mark.parametrize(SETTINGS, TABLE)
def test_pooling_is_keras(keras, pool_size, strides, padding):
    images, arguments = example(), (pool_size, strides, padding)
    expected = np.asarray(keras.ops.max_pool(images, *arguments))
    np.testing.assert_array_equal(cnn.max_pool2d(images, *arguments), expected)
    expected = np.asarray(keras.ops.average_pool(images, *arguments))
    np.testing.assert_allclose(cnn.average_pool2d(images, *arguments), expected, atol=1e-12)


def test_pooling_is_a_convolution_with_equal_taps():
    """Average pooling without padding, by another of the course's modules."""
    images, kernels = example(), np.zeros((3, 2, 3, 3))
    kernels[:, :, range(3), range(3)] = 1 / 6
    expected = convolution.conv2d(images, kernels, strides=(1, 2))
    came = cnn.average_pool2d(images, (3, 2), (1, 2))
    np.testing.assert_allclose(came, expected, atol=1e-12)


def test_max_pooling_keeps_the_type_and_the_padding_never_wins():
    assert cnn.max_pool2d(np.full((1, 3, 3, 1), 255, np.uint8)).dtype == np.float32
    assert cnn.average_pool2d(np.full((1, 3, 3, 1), 255, np.uint8)).item() == 255
    dark = np.full((1, 5, 3, 2), -7.0)
    for padded in itertools.product([cnn.max_pool2d, cnn.average_pool2d], [2, 3], [1, 2]):
        pool, size, step = padded
        assert (pool(dark, size, step, "same") == -7).all()


LECTURE = np.array(
    [
        [8, 2, 1, 4, 1, 9, 1, 9, 1],
        [1, 4, 4, 3, 3, 3, 4, 9, 6],
        [5, 4, 4, 4, 6, 9, 7, 1, 3],
        [2, 9, 3, 5, 6, 7, 7, 4, 9],
        [6, 5, 6, 4, 9, 7, 2, 0, 1],
        [2, 2, 2, 5, 5, 3, 4, 8, 9],
        [9, 5, 0, 1, 3, 5, 3, 4, 7],
        [7, 3, 4, 9, 5, 4, 6, 3, 2],
        [6, 7, 4, 7, 5, 2, 3, 4, 6],
    ]
).reshape(1, 9, 9, 1)


def test_the_lectures_table():
    pooled = cnn.max_pool2d(LECTURE)[0, :, :, 0]
    assert pooled.tolist() == [[8, 4, 9, 9], [9, 5, 9, 7], [6, 6, 9, 8], [9, 9, 5, 6]]
    assert cnn.max_pool2d(LECTURE, 3)[0, :, :, 0].tolist() == [[8, 9, 9], [9, 9, 9], [9, 9, 7]]
    assert cnn.max_pool2d(LECTURE, padding="same").shape == (1, 5, 5, 1)
    assert cnn.average_pool2d(LECTURE, padding="same")[0, 0, 4, 0] == (1 + 6) / 2


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(4, 8), st.integers(4, 8)),
    pool_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.sampled_from(["valid", "same"]),
    seed=st.integers(0, 99),
)
def test_properties_of_pooling(size, pool_size, strides, padding, seed):
    """Sizes; the maximum is above the average; order-preserving; averages are linear; adjoint."""
    images, arguments = example(seed, size=size, channels=2), (pool_size, strides, padding)
    largest, average = cnn.max_pool2d(images, *arguments), cnn.average_pool2d(images, *arguments)
    steps = pool_size if strides is None else strides
    axes = zip(size, pool_size, steps, strict=True)
    assert largest.shape[1:3] == tuple(convolution.output_size(*axis, padding) for axis in axes)
    assert (largest >= average - 1e-12).all()
    np.testing.assert_array_equal(cnn.max_pool2d(images**3, *arguments), largest**3)
    other = cnn.average_pool2d(2 * images + 1, *arguments)
    np.testing.assert_allclose(other, 2 * average + 1, atol=1e-12)
    there = np.random.default_rng(seed).normal(size=average.shape)
    back = cnn.average_pool2d_gradient(images, there, *arguments)
    assert np.sum(average * there) == pytest.approx(np.sum(images * back))
    # What goes in comes out: neither pooling loses or makes gradient.
    for gradient in (cnn.max_pool2d_gradient, cnn.average_pool2d_gradient):
        total = gradient(images, there, *arguments).sum((1, 2))
        np.testing.assert_allclose(total, there.sum((1, 2)), atol=1e-12)


# --- gradients -----------------------------------------------------------------------------------


def taped(tf, pool, images, gradient, pool_size, strides, padding):
    tensor = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        pooled = pool(tensor, pool_size, strides or pool_size, padding.upper())
    return tape.gradient(pooled, tensor, tf.constant(gradient)).numpy()


@pytest.mark.parametrize(SETTINGS, TABLE)
def test_gradients_are_tensorflows(tf, pool_size, strides, padding):
    images, arguments = example(), (pool_size, strides, padding)
    gradient = np.random.default_rng(1).normal(size=cnn.max_pool2d(images, *arguments).shape)
    came = cnn.max_pool2d_gradient(images, gradient, *arguments)
    expected = taped(tf, tf.nn.max_pool2d, images, gradient, *arguments)
    np.testing.assert_allclose(came, expected, atol=1e-13)
    came = cnn.average_pool2d_gradient(images, gradient, *arguments)
    expected = taped(tf, tf.nn.avg_pool2d, images, gradient, *arguments)
    np.testing.assert_allclose(came, expected, atol=1e-13)


@pytest.mark.parametrize(SETTINGS, TABLE[::3])
def test_gradients_are_differences_at_every_index(pool_size, strides, padding):
    images, arguments = example(size=(4, 5), channels=2), (pool_size, strides, padding)
    shape = cnn.max_pool2d(images, *arguments).shape
    gradient = np.random.default_rng(2).normal(size=shape)
    for pool, by_formula in (
        (cnn.max_pool2d, cnn.max_pool2d_gradient),
        (cnn.average_pool2d, cnn.average_pool2d_gradient),
    ):
        came = by_formula(images, gradient, *arguments)
        for index in np.ndindex(images.shape):
            # Far less than the 1/8 between two numbers, so that no winner changes.
            up, down = images.copy(), images.copy()
            up[index] += 1e-3
            down[index] -= 1e-3
            moved = (pool(up, *arguments) - pool(down, *arguments)) / 2e-3
            assert came[index] == pytest.approx(np.sum(moved * gradient), abs=1e-9)


@pytest.mark.parametrize(SETTINGS, TABLE[1::2])
def test_ties_go_to_the_first_in_row_order_as_in_tensorflow(tf, pool_size, strides, padding):
    images, arguments = np.round(example() / 40), (pool_size, strides, padding)
    gradient = np.random.default_rng(3).normal(size=cnn.max_pool2d(images, *arguments).shape)
    came = cnn.max_pool2d_gradient(images, gradient, *arguments)
    expected = taped(tf, tf.nn.max_pool2d, images, gradient, *arguments)
    np.testing.assert_allclose(came, expected, atol=1e-13)
    flat = cnn.max_pool2d_gradient(np.zeros((1, 3, 4, 1)), np.ones((1, 1, 2, 1)), (3, 2))
    assert flat[0, :, :, 0].tolist() == [[1, 0, 1, 0], [0] * 4, [0] * 4]


def test_inputs_stay_as_they_are():
    images, gradient = example().astype("float32"), np.ones((2, 5, 7, 3), "float32")
    copies = images.copy(), gradient.copy()
    for window in (1, 2):
        arguments = window, 1, "same"
        cnn.max_pool2d(images, *arguments)[:] = 99
        cnn.average_pool2d(images, *arguments)[:] = 99
        cnn.max_pool2d_gradient(images, gradient, *arguments)[:] = 99
        cnn.average_pool2d_gradient(images, gradient, *arguments)[:] = 99
    np.testing.assert_array_equal(images, copies[0])
    np.testing.assert_array_equal(gradient, copies[1])


# --- the network ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lecture(keras):
    return as_model(cnn.cnn_with_pooling, (100, 100, 3))


def test_the_lectures_parameter_table(lecture):
    rows = cnn.parameter_table(lecture)
    names = [row.name for row in rows]
    assert names[:6] == ["conv_1", "conv_2", "downsample_1", "conv_3", "conv_4", "downsample_2"]
    assert names[6:] == ["conv_5", "conv_6", "downsample_3", "vector", "dense", "output"]
    counts = [224, 584, 0, 1168, 2320, 0, 4640, 9248, 0, 0, 16227, 0]
    assert [row.parameters for row in rows] == counts
    assert sum(counts) == lecture.count_params() == 34411
    sides = [row.output_shape[0] for row in rows[:9]]
    assert sides == [100, 100, 50, 50, 50, 25, 25, 25, 13]
    assert [row.output_shape for row in rows[8:]] == [(13, 13, 32), (5408,), (3,), (3,)]
    # The lecture writes 5408 * 3 = 16227 and leaves out the biases that its number contains.
    assert rows[10].arithmetic == "5408*3 + 3"
    assert all(eval(row.arithmetic) == row.parameters for row in rows)
    text = cnn.table_text(rows)
    assert "conv_6        3*3*32*32 + 32 = 9248     (25, 25, 32)" in text.splitlines()
    assert text.splitlines()[-1].split() == ["Total", "34411", "-"]


def test_convolutions_parameters_do_not_depend_on_the_size(keras):
    counts = {
        flatten: [
            as_model(cnn.cnn_with_pooling, (side, side, 3), flatten=flatten).count_params()
            for side in (32, 100)
        ]
        for flatten in (False, True)
    }
    assert counts == {False: [18283, 18283], True: [18184 + 4 * 4 * 32 * 3 + 3, 34411]}
    assert counts[False][0] == 18184 + 32 * 3 + 3


def numpy_forward(model, images, flatten, strided=False):
    """The network by this course's own NumPy functions, with a model's weights."""
    weights = iter(model.get_weights())
    tensor = images
    for place in range(1, 7):
        kernels, bias = next(weights), next(weights)
        strides = 2 if strided and place % 2 == 0 else 1
        tensor = np.maximum(convolution.conv2d(tensor, kernels, bias, strides, "same"), 0)
        if place % 2 == 0 and not strided:
            tensor = cnn.max_pool2d(tensor, padding="same")
    vector = tensor.reshape(len(tensor), -1) if flatten else tensor.mean((1, 2))
    kernel, bias = next(weights), next(weights)
    scores = vector @ kernel + bias
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize(
    ("network", "strided"), [(cnn.cnn_with_pooling, False), (cnn.cnn_with_strides, True)]
)
def test_the_network_is_its_parts(keras, network, strided, flatten):
    keras.utils.set_random_seed(0)
    model = as_model(network, (13, 18, 2), flatten=flatten)
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.normal(0, 0.1, w.shape) for w in model.get_weights()])
    images = rng.normal(size=(3, 13, 18, 2)).astype("float32")
    came = np.asarray(model(images))
    assert came.shape == (3, 3)
    expected = numpy_forward(model, images, flatten, strided)
    assert np.ptp(expected, axis=0).max() > 0.01  # it depends on the image
    np.testing.assert_allclose(came, expected, atol=1e-5)


def test_global_pooling_takes_images_of_any_size(keras):
    model = as_model(cnn.cnn_with_pooling, (None, None, 1), flatten=False)
    for size in ((8, 8), (13, 30)):
        assert model(np.ones((2, *size, 1), "float32")).shape == (2, 3)
    assert cnn.parameter_table(model)[0].output_shape == (None, None, 8)


def test_the_saved_model_loads(keras, tmp_path):
    model = as_model(cnn.cnn_with_pooling, (8, 8, 1))
    model.save(tmp_path / "model.keras")
    images = example(size=(8, 8), channels=1).astype("float32")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(model(images)))


# --- operations ----------------------------------------------------------------------------------


def test_operations_of_the_lectures_network(keras, lecture):
    """Counted by hand: positions times the kernel's numbers."""
    strided = as_model(cnn.cnn_with_strides, (100, 100, 3))
    assert strided.count_params() == lecture.count_params()
    pooled, stepped = cnn.operations(lecture), cnn.operations(strided)
    assert pooled[1].multiply_adds == 100 * 100 * 584 - 100 * 100 * 8 == 5_760_000
    assert stepped[1].multiply_adds == pooled[1].multiply_adds // 4
    # The last pair: 25 x 25 positions become 13 x 13.
    assert stepped[5].multiply_adds == 13 * 13 * 9216
    totals = [sum(row.multiply_adds for row in rows) for rows in (pooled, stepped)]
    assert totals == [25_216_224, 12_373_728]
    assert sum(row.pooling for row in pooled) == 3 * (50 * 50 * 8 + 25 * 25 * 16 + 13 * 13 * 32)
    assert sum(row.pooling for row in stepped) == 0


@pytest.mark.parametrize("network", [cnn.cnn_with_pooling, cnn.cnn_with_strides])
def test_operations_are_what_loops_do(keras, monkeypatch, network):
    """The slow convolution adds up products window by window: count them as it goes."""
    model = as_model(network, (9, 11, 2))
    counts = []
    weights = iter(model.get_weights())
    tensor = np.zeros((1, 9, 11, 2))
    for place in range(1, 7):
        kernels, bias = next(weights), next(weights)
        strides = 2 if network is cnn.cnn_with_strides and place % 2 == 0 else 1
        with monkeypatch.context() as patch:
            products = []
            patch.setattr(np, "sum", lambda a, products=products: products.append(a.size) or 0.0)
            tensor = convolution.conv2d_loops(tensor, kernels, bias, strides, "same")
        counts.append(sum(products))
        if network is cnn.cnn_with_pooling and place % 2 == 0:
            tensor = cnn.max_pool2d(tensor, padding="same")
    counts.append(next(weights).size)
    assert [row.multiply_adds for row in cnn.operations(model) if row.multiply_adds] == counts


# --- training and clipping -----------------------------------------------------------------------


def test_loss_gradients_are_differences(keras):
    keras.utils.set_random_seed(1)
    model = as_model(lambda image: cnn.head(cnn.backbone(image, (2,)), classes=3), (4, 5, 1))
    images = example(size=(4, 5), channels=1)
    loss, gradients = cnn.loss_gradients(model, images, [2, 0])
    expected = -np.log(np.asarray(model(images))[[0, 1], [2, 0]]).mean()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert [g.shape for g in gradients] == [w.shape for w in model.trainable_weights]
    bias, step = model.trainable_weights[-1], 1e-2
    start = bias.numpy()
    for index in range(3):
        losses = []
        for sign in (1, -1):
            bias.assign(start + sign * step * np.eye(3)[index])
            losses.append(cnn.loss_gradients(model, images, [2, 0])[0])
        slope = (losses[0] - losses[1]) / (2 * step)
        assert gradients[-1][index] == pytest.approx(slope, abs=2e-3)


def test_clipping_keeps_weights_that_are_too_large_trainable(keras):
    """What the assignment shows: threefold weights run off to NaN, clipped they learn."""
    images, labels = data.digits()
    images, labels = images[labels < 3], labels[labels < 3]
    images = (images - images.mean()) / images.std()
    ends, first = {}, {}
    for times, name, clip in (
        (1, "usual", None),
        (3, "free", None),
        (3, "norm", lambda gradients: cnn.clip_by_global_norm(gradients, 1.0)[0]),
        (3, "value", lambda gradients: cnn.clip_by_value(gradients, 0.1)),
    ):
        keras.utils.set_random_seed(0)
        model = as_model(cnn.cnn_with_pooling, (8, 8, 1))
        model.set_weights([times * weight for weight in model.get_weights()])
        steps = 1 if name == "usual" else 8 if name == "free" else 30
        losses, norms = cnn.descend(model, images, labels, steps, 0.05, clip=clip)
        ends[name], first[name] = losses[-4:].mean(), norms[0]
        assert name != "free" or not losses.max() < 1000  # NaN counts as well
    assert max(ends["norm"], ends["value"]) < 3
    assert first["free"] == first["norm"] > 100 * first["usual"]


def gradients_of(norm, seed=0):
    rng = np.random.default_rng(seed)
    raw = [rng.normal(size=shape) for shape in ((3, 3, 2, 4), (4,), (5, 3), ())]
    length = np.sqrt(sum(np.sum(g**2) for g in raw))
    return [np.float32(g * norm / length) for g in raw]


@pytest.mark.parametrize("norm", [0.3, 1.0, 1.7, 50.0, 1e12])
@pytest.mark.parametrize("limit", [0.25, 1.0, 40.0])
def test_clipping_is_tensorflows(tf, norm, limit):
    gradients = gradients_of(norm)
    clipped, length = cnn.clip_by_global_norm(gradients, limit)
    expected, expected_length = tf.clip_by_global_norm(gradients, limit)
    assert length == pytest.approx(float(expected_length), rel=1e-5)
    for came, due in zip(clipped, expected, strict=True):
        np.testing.assert_allclose(came, due, rtol=1e-5)
        assert came.dtype == np.float32
    for came, due in zip(cnn.clip_by_value(gradients, limit), gradients, strict=True):
        np.testing.assert_allclose(came, tf.clip_by_value(due, -limit, limit))


@pytest.mark.parametrize("setting", ["clipvalue", "global_clipnorm"])
def test_clipping_is_what_keras_optimisers_do(keras, setting):
    gradients = gradients_of(7.0)[:3]
    variables = [keras.Variable(np.zeros(g.shape, "float32")) for g in gradients]
    optimiser = keras.optimizers.SGD(1.0, **{setting: 0.4})
    optimiser.apply(gradients, variables)
    ours = {
        "clipvalue": cnn.clip_by_value(gradients, 0.4),
        "global_clipnorm": cnn.clip_by_global_norm(gradients, 0.4)[0],
    }
    for variable, clipped in zip(variables, ours[setting], strict=True):
        np.testing.assert_allclose(variable.numpy(), -clipped, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(norm=st.floats(0.01, 1e6), limit=st.floats(0.01, 1e3), seed=st.integers(0, 99))
def test_properties_of_clipping(norm, limit, seed):
    gradients = gradients_of(norm, seed)
    clipped, length = cnn.clip_by_global_norm(gradients, limit)
    assert length == pytest.approx(norm, rel=1e-5)
    assert cnn.global_norm(clipped) == pytest.approx(min(norm, limit), rel=1e-5)
    for came, given_one in zip(clipped, gradients, strict=True):  # one factor for all
        np.testing.assert_allclose(came, given_one * min(1, limit / norm), rtol=1e-4)
    cut = cnn.clip_by_value(gradients, limit)
    assert max(np.abs(c).max() for c in cut) <= np.float32(limit)


def test_gradients_whose_squares_overflow_are_shortened():
    gradients = [np.float32([3e30, 0]), np.float32([[4e30]])]
    with np.errstate(over="ignore"):
        assert np.isinf(np.sum(np.square(gradients[0])))
    clipped, norm = cnn.clip_by_global_norm(gradients, 1.0)
    assert norm == pytest.approx(5e30)
    np.testing.assert_allclose(np.concatenate([c.ravel() for c in clipped]), [0.6, 0, 0.8])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_finite_stays_visible(tf, broken):
    gradients = [np.float32([1, broken]), np.float32([2])]
    clipped, norm = cnn.clip_by_global_norm(gradients, 1.0)
    assert not np.isfinite(norm)
    expected, _ = tf.clip_by_global_norm(gradients, 1.0)
    for came, due in zip(clipped, expected, strict=True):
        assert np.isnan(came).all()
        assert np.isnan(due).all()


def test_clipping_leaves_its_input():
    gradients = gradients_of(0.5)
    copies = [g.copy() for g in gradients]
    for limit in (0.1, 9.0):
        for one in (
            *cnn.clip_by_global_norm(gradients, limit)[0],
            *cnn.clip_by_value(gradients, limit),
        ):
            assert not any(np.shares_memory(one, g) for g in gradients)
    np.testing.assert_equal(gradients, copies)
    assert cnn.clip_by_global_norm([], 1.0) == ([], 0.0)
    assert cnn.clip_by_global_norm([np.array([3, 4])], 1.0)[0][0] == pytest.approx([0.6, 0.8])


# --- errors --------------------------------------------------------------------------------------

ones = np.ones
IMAGE = ones((1, 4, 5, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda pool: pool(ones((4, 5, 1))), r"Add the batch axis with images\[np.newaxis\]"),
        (lambda pool: pool(ones((0, 4, 5, 1))), r"images must not be empty; got shape \(0, 4"),
        (lambda pool: pool(IMAGE, 5), r"a window of 5 x 5 pixels does not fit .* 4 x 5. Use padd"),
        (lambda pool: pool(IMAGE, (1, 6)), r"a window of 1 x 6 pixels does not fit"),
        (lambda pool: pool(IMAGE, 0), r"pool_size must be an integer of at least 1"),
        (lambda pool: pool(IMAGE, 2, 0), r"strides must be an integer of at least 1"),
        (lambda pool: pool(IMAGE, 2, 2, "SAME"), r'padding must be "valid" or "same"'),
    ],
)
@pytest.mark.parametrize("pool", [cnn.max_pool2d, cnn.average_pool2d, cnn.pool2d_loops])
def test_bad_input_to_pooling(pool, call, message):
    with pytest.raises(ValueError, match=message):
        call(pool)


@pytest.mark.parametrize("gradient", [cnn.max_pool2d_gradient, cnn.average_pool2d_gradient])
def test_bad_input_to_gradients(gradient):
    with pytest.raises(ValueError, match=r"output, \(1, 2, 2, 1\); got \(1, 2, 3, 1\). Call both"):
        gradient(IMAGE, ones((1, 2, 3, 1)))
    with pytest.raises(ValueError, match="output_gradient must be an array of shape"):
        gradient(IMAGE, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda clip: clip(ones(3), 1.0), r"must be a list of arrays.*Write \[gradient\]"),
        (lambda clip: clip([ones(3)], 0), r"must be a number above 0; got 0"),
        (lambda clip: clip([ones(3), None], 1.0), r"gradients\[1\] must hold real numbers"),
    ],
)
@pytest.mark.parametrize("clip", [cnn.clip_by_value, cnn.clip_by_global_norm])
def test_bad_input_to_clipping(clip, call, message):
    with pytest.raises(ValueError, match=message):
        call(clip)


def test_bad_input_to_descend():
    with pytest.raises(ValueError, match="learning_rate must be a number above 0"):
        cnn.descend(None, IMAGE, [0], 1, -1.0)
    with pytest.raises(ValueError, match="steps must be an integer"):
        cnn.descend(None, IMAGE, [0], 0, 1.0)
    with pytest.raises(ValueError, match="batch_size must be an integer"):
        cnn.descend(None, IMAGE, [0], 1, 1.0, batch_size=0)
