"""`course_lib.upsampling` against Keras and its own loops; `course_lib.encoder_decoder` by NumPy.

Networks are small, and built once where several tests look at one.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import cnn, convolution, encoder_decoder, upsampling
from course_lib.models import as_model

keras = pytest.importorskip("keras")
layers = keras.layers

PADDINGS = ("valid", "same")


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def signed(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


# --- interpolation -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, (2, 5)])
def test_interpolation_is_keras_own(size):
    images = signed(2, 4, 3, 2)
    for name, function in (
        ("nearest", upsampling.upsample_nearest),
        ("bilinear", upsampling.upsample_bilinear),
    ):
        expected = np.asarray(layers.UpSampling2D(size, interpolation=name)(images))
        np.testing.assert_allclose(function(images, size), expected, atol=1e-5)


def test_nearest_looks_up_the_nearest_centre():
    """From the convention itself: the old pixel whose centre is nearest to the new one's."""
    images = signed(1, 5, 4, 1)
    larger = upsampling.upsample_nearest(images, (3, 2))
    for row, column in np.ndindex(15, 8):
        y = np.argmin(np.abs(np.arange(5) - ((row + 0.5) / 3 - 0.5)))
        x = np.argmin(np.abs(np.arange(4) - ((column + 0.5) / 2 - 0.5)))
        assert larger[0, row, column, 0] == images[0, y, x, 0]


def test_nearest_keeps_type_and_input():
    images = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    larger = upsampling.upsample_nearest(images)
    assert larger.dtype == np.uint8
    larger[:] = 0
    assert images.max() == 5


def test_bilinear_is_exact_on_planes_away_from_the_border():
    rows, columns = np.mgrid[:5, :6].astype(float)
    plane = (2 * rows - 3 * columns + 1)[np.newaxis, :, :, np.newaxis]
    larger = upsampling.upsample_bilinear(plane, 4)[0, :, :, 0]
    y, x = ((np.arange(n * 4) + 0.5) / 4 - 0.5 for n in (5, 6))
    expected = 2 * y[:, np.newaxis] - 3 * x + 1
    np.testing.assert_allclose(larger[2:-2, 2:-2], expected[2:-2, 2:-2])
    assert not np.allclose(larger, expected)  # at the border the value goes on


def test_interpolation_matrix_has_rows_that_add_up_to_one():
    for size, factor in itertools.product((1, 2, 5), (1, 2, 3, 4)):
        matrix = upsampling.interpolation_matrix(size, factor)
        np.testing.assert_allclose(matrix.sum(axis=1), 1)
        assert matrix.min() >= 0
        assert (matrix > 0).sum(axis=1).max() <= 2


@pytest.mark.parametrize("size", [2, 3, 4])
def test_bilinear_interpolation_is_a_transposed_convolution_inside(size):
    images = signed(1, 6, 5, 2)
    kernels = upsampling.bilinear_kernels(size, channels=2)
    came = upsampling.conv2d_transpose(images, kernels, size, "same")
    expected = upsampling.upsample_bilinear(images, size)
    inner = np.s_[:, size:-size, size:-size]
    np.testing.assert_allclose(came[inner], expected[inner], atol=1e-6)
    assert not np.allclose(came, expected)


# --- transposed convolution ----------------------------------------------------------------------


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("strides", [1, 2, 3, (2, 1)])
def test_transposed_convolution_is_keras_own_and_that_of_the_loops(strides, padding):
    images = signed(2, 4, 3, 2)
    for size in ((1, 2), (3, 2), (2, 5), 4):
        layer = layers.Conv2DTranspose(3, size, strides, padding, use_bias=False)
        expected = np.asarray(layer(images))
        kernels = layer.kernel.numpy()
        for function in (upsampling.conv2d_transpose, upsampling.conv2d_transpose_loops):
            came = function(images, kernels, strides, padding)
            np.testing.assert_allclose(came, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "padding"), [(3, "valid"), (4, "valid"), (3, "same"), (5, "same")]
)
def test_output_padding_is_keras_own(size, padding):
    images = signed(1, 4, 3, 2)
    for strides in (2, 3):
        for more in range(strides):
            layer = layers.Conv2DTranspose(
                2, size, strides, padding, output_padding=more, use_bias=False
            )
            expected = np.asarray(layer(images))
            kernels = layer.kernel.numpy()
            for function in (upsampling.conv2d_transpose, upsampling.conv2d_transpose_loops):
                came = function(images, kernels, strides, padding, more)
                np.testing.assert_allclose(came, expected, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(PADDINGS),
    st.integers(0, 2**20),
)
def test_it_is_the_adjoint_of_convolution(kernel_size, strides, sizes, padding, seed):
    """<A x, y> = <x, A' y>, for every size that the convolution takes to y's."""
    if padding == "valid" and any(k > n for k, n in zip(kernel_size, sizes, strict=True)):
        return
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *sizes, 2))
    kernels = rng.normal(size=(*kernel_size, 2, 3))
    forward = convolution.conv2d(x, kernels, None, strides, padding)
    y = rng.normal(size=forward.shape)
    more = []
    for n, k, s, m in zip(sizes, kernel_size, strides, forward.shape[1:3], strict=True):
        assert n in upsampling.input_sizes(m, k, s, padding)
        least = (m - 1) * s + (k if padding == "valid" else k % 2)
        more.append(n - least)
    back = upsampling.conv2d_transpose(y, kernels, strides, padding, more)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(forward * y), np.sum(x * back), atol=1e-8)


def test_it_is_a_convolutions_gradient():
    images, kernels = signed(2, 7, 9, 2), signed(3, 2, 2, 3, seed=1)
    gradient = signed(2, 4, 3, 3, seed=2)
    expected, _, _ = convolution.conv2d_gradients(images, kernels, gradient, (2, 3), "same")
    came = upsampling.conv2d_transpose(gradient, kernels, (2, 3), "same", (0, 3))
    np.testing.assert_allclose(came, expected, atol=1e-5)


def test_it_is_linear_in_images_and_in_kernels():
    one, other = signed(2, 3, 4, 2), signed(2, 3, 4, 2, seed=1)
    kernels, more = signed(3, 2, 2, 2, seed=2), signed(3, 2, 2, 2, seed=3)
    transpose = upsampling.conv2d_transpose
    np.testing.assert_allclose(
        transpose(2 * one + other, kernels, 2),
        2 * transpose(one, kernels, 2) + transpose(other, kernels, 2),
        atol=1e-4,
    )
    np.testing.assert_allclose(
        transpose(one, 2 * kernels + more, 2),
        2 * transpose(one, kernels, 2) + transpose(one, more, 2),
        atol=1e-4,
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.sampled_from(PADDINGS))
def test_several_sizes_go_to_one(size, kernel_size, strides, padding):
    sizes = upsampling.input_sizes(size, kernel_size, strides, padding)
    assert len(sizes) == strides
    for n in range(1, sizes[-1] + strides + 1):
        if padding == "same" or n >= kernel_size:
            goes = convolution.output_size(n, kernel_size, strides, padding) == size
            assert goes == (n in sizes)
    assert upsampling.transposed_size(size, kernel_size, strides, padding) in sizes


def test_eight_bits_do_not_overflow():
    images = np.full((1, 2, 2, 1), 200, np.uint8)
    assert upsampling.conv2d_transpose(images, np.full((2, 2, 1, 1), 2, np.uint8)).max() == 1600


# --- checkerboards -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel_size", "strides"), [(2, 2), (4, 2), (3, 3), (6, 3), (3, 1)])
def test_counts_are_even_where_strides_divide_the_kernel(kernel_size, strides):
    counts = upsampling.overlap_counts(8, kernel_size, strides)
    inner = counts[kernel_size:-kernel_size, kernel_size:-kernel_size]
    assert np.unique(inner).tolist() == [(kernel_size // strides) ** 2]


@pytest.mark.parametrize(("kernel_size", "strides"), [(3, 2), (5, 2), (4, 3)])
def test_counts_alternate_elsewhere(kernel_size, strides):
    counts = upsampling.overlap_counts(8, kernel_size, strides)
    inner = counts[kernel_size:-kernel_size, kernel_size:-kernel_size]
    assert len(np.unique(inner)) > 1


def test_counts_say_which_pixels_a_convolution_reads():
    """One by one with strides of 2 leaves three in four; 2x2 reads each once; 3x3 unevenly."""
    assert (upsampling.overlap_counts(4, 1, 2) == 0).mean() == 0.75
    assert (upsampling.overlap_counts(4, 2, 2) == 1).all()
    image = np.zeros((1, 8, 8, 1))
    counts = upsampling.overlap_counts(4, 3, 2, "same")
    for row, column in np.ndindex(8, 8):
        image[:] = 0
        image[0, row, column] = 1
        output = convolution.conv2d(image, np.ones((3, 3, 1, 1)), None, 2, "same")
        assert counts[row, column] == output.sum()


def test_checkerboard_is_seen_where_it_is_and_nowhere_else():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(50, 8, 8, 4))
    uneven, even = (
        upsampling.conv2d_transpose(images + 3, np.ones((k, k, 1, 4)), 2)[:, 4:-4, 4:-4]
        for k in (3, 4)
    )
    assert upsampling.checkerboard(uneven) > 0.5
    assert upsampling.checkerboard(even) < 0.25
    assert upsampling.checkerboard(np.ones((1, 4, 4, 1))) == 0
    noise = rng.normal(size=(50, 16, 16, 1))
    assert upsampling.checkerboard(noise) < 0.05
    assert upsampling.phase_means(noise, (2, 4)).shape == (2, 4)


# --- bad input -----------------------------------------------------------------------------------

IMAGE, KERNEL = np.zeros((1, 4, 4, 2)), np.zeros((3, 3, 3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upsampling.upsample_nearest(IMAGE, 0), "size must be an integer of at least 1"),
        (lambda: upsampling.upsample_nearest(IMAGE[0]), "Add the batch axis"),
        (lambda: upsampling.upsample_bilinear(IMAGE, 1.5), "size must be an integer"),
        (lambda: upsampling.interpolation_matrix(0, 2), "size must be an integer"),
        (lambda: upsampling.conv2d_transpose(IMAGE[..., :1], KERNEL), "have 1 channels and"),
        (lambda: upsampling.conv2d_transpose(IMAGE[:0], KERNEL), "must not be empty"),
        (lambda: upsampling.conv2d_transpose(IMAGE, KERNEL[0]), "kernels must be an array"),
        (lambda: upsampling.conv2d_transpose(IMAGE, KERNEL, 2, "full"), "padding must be"),
        (lambda: upsampling.transposed_size(4, 3, 2, "valid", 2), "asks for 11 pixels"),
        (lambda: upsampling.transposed_size(4, 4, 2, "same", 0), "must be at least 1 and"),
        (lambda: upsampling.phase_means(IMAGE, 5), "at least one block of 5 x 5 pixels"),
        (lambda: encoder_decoder.psnr(np.zeros(3), np.zeros(4)), "must have one shape"),
    ],
)
def test_bad_arrays_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


TWO = [[2], [3]], [[3], [3]], [[3], [2]], [[3], [3]]


@pytest.mark.parametrize(
    ("place", "levels", "message"),
    [
        (1, [[3]], r"encoder_kernel_sizes has 1 entries for the 2 levels of encoder_filters"),
        (3, [[3]], r"decoder_kernel_sizes has 1 entries for the 2 levels of decoder_filters"),
        (2, [[3]], r"halves 2 times and the decoder doubles 1 times"),
        (1, [[3], [3, 3]], r"kernel_size has 2 entries for 1 convolutions"),
        (0, [[2], 3], r"filters must be a list .* Write \[3\]"),
        (0, [[2], []], r"filters must be a list"),
    ],
)
def test_bad_levels_are_refused(place, levels, message):
    given = [*TWO]
    given[place] = levels
    with pytest.raises(ValueError, match=message):
        encoder_decoder.encoder_decoder(keras.Input((8, 8, 1)), *given)


def test_the_lectures_lists_are_refused_with_what_is_missing():
    four = [[3, 3]] * 4
    with pytest.raises(ValueError, match=r"has 4 entries for the 5 levels of encoder_filters"):
        encoder_decoder.encoder_decoder(keras.Input((32, 32, 3)), encoder_kernel_sizes=four)
    with pytest.raises(ValueError, match=r"multiples of 32, five halvings; got \(40, 32\)"):
        encoder_decoder.encoder_decoder_lecture(keras.Input((40, 32, 3)))


# --- blocks --------------------------------------------------------------------------------------


def by_numpy(model, images, down, learnt):
    """The block from its formula, with the course's own functions and the model's weights."""
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]

    def normalised(x, before):
        norm = next(n for n in norms if n.input is before.output)
        gamma, beta, mean, variance = (w.numpy() for w in norm.weights)
        return (x - mean) / np.sqrt(variance + norm.epsilon) * gamma + beta

    convolutions = [one for one in model.layers if isinstance(one, layers.Conv2D)]
    transposed = [one for one in model.layers if isinstance(one, layers.Conv2DTranspose)]
    x = images
    if learnt and down:
        sampler = next(one for one in convolutions if one.strides == (2, 2))
        x = convolution.conv2d(x, sampler.kernel.numpy(), None, 2, "same")
        x = np.maximum(normalised(x, sampler), 0)
    elif learnt:
        x = upsampling.conv2d_transpose(x, transposed[0].kernel.numpy(), 2)
        x = np.maximum(normalised(x, transposed[0]), 0)
    elif down:
        x = cnn.max_pool2d(x, 2, padding="same")
    else:
        x = upsampling.upsample_nearest(x, 2)
    branch = [c for c in convolutions if c.strides == (1, 1) and c.kernel_size != (1, 1)]
    y = x
    for layer in branch:
        y = normalised(convolution.conv2d(y, layer.kernel.numpy(), None, 1, "same"), layer)
        y = y if layer is branch[-1] else np.maximum(y, 0)
    projection = [c for c in convolutions if c.kernel_size == (1, 1)]
    if projection:
        kernel = projection[0].kernel.numpy()
        x = normalised(convolution.conv2d(x, kernel), projection[0])
    x = np.pad(x, ((0, 0), (0, 0), (0, 0), (0, y.shape[-1] - x.shape[-1])))
    return np.maximum(x + y, 0)


def random_weights(model):
    rng = np.random.default_rng(1)
    for variable in model.weights:
        low, high = (0.5, 1.5) if "variance" in variable.path else (-1, 1)
        variable.assign(rng.uniform(low, high, variable.shape))


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize("filters", [[4, 3], [2, 5], [4, 2], [1]])
@pytest.mark.parametrize("down", [True, False])
def test_block_is_what_its_formula_says(down, filters, learnt):
    block = (
        encoder_decoder.encoder_residual_block if down else encoder_decoder.decoder_residual_block
    )
    images = signed(2, 7, 5, 3)
    sizes = [3, 2][: len(filters)]
    model = as_model(block, (7, 5, 3), filters, sizes, 0.3, learnt)
    random_weights(model)
    expected = by_numpy(model, images, down, learnt)
    assert expected.shape[1:3] == ((4, 3) if down else (14, 10))
    np.testing.assert_allclose(np.asarray(model(images)), expected, atol=1e-4)
    assert (expected == 0).any()
    assert (expected > 0).any()


def test_shortcut_takes_no_weights_unless_channels_are_too_many():
    for channels, weights in ((2, 0), (3, 0), (5, 2)):
        model = as_model(encoder_decoder.match_channels, (4, 4, channels), 3)
        assert len(model.trainable_weights) == weights + (channels == 5)
    padded = np.asarray(encoder_decoder.match_channels(signed(1, 2, 2, 2), 4))
    np.testing.assert_array_equal(padded[..., :2], signed(1, 2, 2, 2))
    assert not padded[..., 2:].any()


@pytest.mark.parametrize(
    "block", [encoder_decoder.encoder_residual_block, encoder_decoder.decoder_residual_block]
)
def test_dropout_is_in_the_branch_and_in_training_only(block):
    images = np.abs(signed(4, 4, 4, 3))
    model = as_model(block, (4, 4, 3), [3], 3, 0.5)
    for layer in model.layers:  # whose batch statistics would differ in training as well
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    still, moved = np.asarray(model(images)), np.asarray(model(images, training=True))
    np.testing.assert_array_equal(still, np.asarray(model(images)))
    assert not np.allclose(still, moved)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    np.testing.assert_allclose(
        np.asarray(model(images, training=True)), np.asarray(model(images)), atol=1e-6
    )


# --- the network ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(1)
    network = encoder_decoder.encoder_decoder
    return as_model(network, (13, 10, 2), *TWO, code_filters=4, code_kernel_size=3, channels=1)


def test_any_size_goes_in_and_comes_out(small):
    assert small.output_shape == (None, 13, 10, 1)
    for learnt in (False, True):
        tensor = keras.Input((9, 8, 1))
        settings = {"code_filters": 3, "learnable_sampling": learnt}
        assert encoder_decoder.encoder_decoder(tensor, *TWO, **settings).shape == (None, 9, 8, 3)
    open_sizes = encoder_decoder.encoder_decoder(keras.Input((None, None, 1)), *TWO, 3)
    assert open_sizes.shape == (None, None, None, 3)


def test_a_size_that_fits_is_not_cut():
    model = as_model(encoder_decoder.encoder_decoder, (8, 12, 1), *TWO, code_filters=3)
    assert not any(isinstance(layer, layers.Cropping2D) for layer in model.layers)


def test_cutting_shifts_nothing(small):
    """The last pixel moves the last pixels: were the top cut off, they would lie beyond the end."""
    images = np.zeros((2, 13, 10, 2), np.float32)
    images[1, 12, 9] = 9
    came = np.asarray(small(images))
    moved = np.abs(came[1] - came[0])[..., 0]
    assert moved[11:, 8:].max() > 0


def test_saved_network_loads_in_safe_mode(small, tmp_path):
    path = tmp_path / "network.keras"
    small.save(path)
    again = keras.saving.load_model(path, safe_mode=True)
    images = signed(2, 13, 10, 2)
    np.testing.assert_allclose(np.asarray(again(images)), np.asarray(small(images)), atol=1e-6)


@pytest.fixture(scope="module")
def lecture():
    return as_model(encoder_decoder.encoder_decoder_lecture, (320, 320, 3))


def test_lectures_script_has_its_parameters(lecture):
    assert lecture.count_params() == 1_754_347
    assert lecture.output_shape == (None, 320, 320, 3)


def test_lectures_network_mended():
    """The same kernels; what is spared are biases that batch normalisation cancels."""
    model = as_model(encoder_decoder.encoder_decoder, (320, 320, 3))
    assert model.output_shape == (None, 320, 320, 3)
    kernels = sum(
        int(np.prod(w.shape)) for w in model.trainable_weights if w.path.endswith("kernel")
    )
    # Two 3x3 convolutions a level; the code; a projection and two convolutions a level; the last.
    encoder = sum(9 * (f * (f // 2 if f > 8 else 3) + f * f) for f in (8, 16, 32, 64, 128))
    decoder = sum(2 * f * f + 9 * (2 * f * f + f * f) for f in (128, 64, 32, 16, 8))
    assert kernels == encoder + 25 * 128 * 256 + decoder + 9 * 8 * 3
    assert model.count_params() < 1_754_347


def test_doubling_filters_keeps_the_operations(lecture):
    """Each level's second convolution of the encoder costs what the others' do."""
    second = [
        layer
        for layer in lecture.layers
        if isinstance(layer, layers.Conv2D)
        and layer.kernel_size == (3, 3)
        and layer.kernel.shape[2] == layer.kernel.shape[3]
    ][:5]
    costs = {
        int(np.prod(layer.output.shape[1:3]) * np.prod(layer.kernel.shape)) for layer in second
    }
    assert costs == {160 * 160 * 9 * 8 * 8}
    by_size = encoder_decoder.operations_by_size(lecture)
    assert list(by_size) == [(320 >> n, 320 >> n) for n in range(6)]
    assert by_size[320, 320] == 320 * 320 * (16 * 8 + 9 * 16 * 8 + 9 * 8 * 8 + 9 * 8 * 3)
    total = sum(row.multiply_adds for row in cnn.operations(lecture))
    assert sum(by_size.values()) == total


def test_transposed_convolutions_count_at_the_size_of_their_input():
    """As many products as its loops do: one copy of the kernel for each pixel that comes in."""
    tensor = keras.Input((4, 6, 3))
    model = keras.Model(tensor, layers.Conv2DTranspose(5, 2, 2)(tensor))
    assert encoder_decoder.operations_by_size(model) == {(4, 6): 4 * 6 * 2 * 2 * 3 * 5}
    assert [row.multiply_adds for row in cnn.operations(model)] == [4 * 6 * 2 * 2 * 3 * 5]


# --- training ------------------------------------------------------------------------------------


def test_training_learns_and_repeats():
    images = signed(24, 6, 6, 1)

    def trained(seed):
        keras.utils.set_random_seed(5)
        model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(1, 1)])
        settings = {"epochs": 4, "batch_size": 6, "learning_rate": 0.05, "seed": seed}
        data = (images[:4], 2 * images[:4])
        return encoder_decoder.train_on_images(
            model, images, 2 * images, validation=data, **settings
        )

    one, same, other = trained(0), trained(0), trained(1)
    assert set(one) == {"loss", "val_loss"}
    assert len(one["loss"]) == 4
    assert one["loss"][-1] < one["loss"][0]
    assert one == same
    assert one != other


def test_training_refuses_what_does_not_fit():
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 1)])
    images = signed(3, 6, 6, 1)
    with pytest.raises(ValueError, match="one target for each image; got 3 images and 2"):
        encoder_decoder.train_on_images(model, images, images[:2])
    with pytest.raises(ValueError, match=r"makes images of shape \(3, 6, 6, 2\), and targets have"):
        encoder_decoder.train_on_images(model, images, images)


def test_psnr_by_hand():
    truth = np.array([0.0, 1.0, 0.5])
    assert encoder_decoder.psnr(truth, truth) == float("inf")
    ten_times = (encoder_decoder.psnr(truth, truth + error) for error in (0.1, 0.01))
    assert [round(value, 6) for value in ten_times] == [20, 40]
    assert encoder_decoder.psnr(255 * truth, 255 * truth + 25.5, 255) == pytest.approx(20)
