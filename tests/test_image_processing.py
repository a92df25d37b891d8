"""`course_lib.image_processing` against oracles that fail differently, and its properties."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from course_lib import convolution, data, image_processing

# Even and odd and rectangular kernels, larger than the image's border and than half of it.
KERNELS = [(1, 1), (3, 3), (2, 2), (4, 3), (2, 5), (1, 6), (7, 1)]
# What SciPy calls the paddings.
SCIPY_MODES = {"constant": "constant", "edge": "nearest", "reflect": "mirror"}


def example(kernel_size=(3, 3), seed=0, size=(8, 11)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=size), rng.normal(size=kernel_size)


def eight_bits(seed=0, size=(8, 11)):
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


# --- filter2d ------------------------------------------------------------------------------------


def looked_up(image, position, padding):
    """The pixel at a place that may lie outside, found by walking, one axis after the other."""
    place = []
    for at, size in zip(position, image.shape, strict=True):
        step = 1
        if padding == "reflect" and size > 1:  # walk to and fro between the border's pixels
            here = 0
            for _ in range(abs(at)):
                step = 1 if here == 0 else -1 if here == size - 1 else step
                here += step
            at = here
        outside = not 0 <= at < size
        if outside and padding == "constant":
            return 0.0
        place.append(min(max(at, 0), size - 1))
    return image[tuple(place)]


def by_loops(image, kernel, padding):
    """Every output number from its definition, without an array that is padded."""
    rows, columns = kernel.shape
    top, left = ((rows - 1) // 2, (columns - 1) // 2) if padding != "valid" else (0, 0)
    height = image.shape[0] - (rows - 1 if padding == "valid" else 0)
    width = image.shape[1] - (columns - 1 if padding == "valid" else 0)
    output = np.zeros((height, width))
    for i, j, a, b in itertools.product(*map(range, (height, width, rows, columns))):
        output[i, j] += kernel[a, b] * looked_up(image, (i + a - top, j + b - left), padding)
    return output


@pytest.mark.parametrize("kernel_size", KERNELS)
@pytest.mark.parametrize("padding", ["valid", *SCIPY_MODES])
def test_filter_agrees_with_its_definition(kernel_size, padding):
    image, kernel = example(kernel_size)
    came = image_processing.filter2d(image, kernel, padding)
    np.testing.assert_allclose(came, by_loops(image, kernel, padding), atol=1e-12)


@pytest.mark.parametrize("kernel_size", KERNELS)
def test_filter_agrees_with_scipy(kernel_size):
    image, kernel = example(kernel_size, seed=1)
    valid = signal.correlate2d(image, kernel, mode="valid")
    np.testing.assert_allclose(image_processing.filter2d(image, kernel), valid, atol=1e-12)
    origin = [-1 if taps % 2 == 0 else 0 for taps in kernel_size]  # SciPy pads before, we after
    for padding, mode in SCIPY_MODES.items():
        expected = ndimage.correlate(image, kernel, mode=mode, origin=origin)
        came = image_processing.filter2d(image, kernel, padding)
        np.testing.assert_allclose(came, expected, atol=1e-12, err_msg=padding)


def test_filter_reaches_beyond_a_small_image():
    image, kernel = example((9, 7), size=(3, 4))
    for padding in SCIPY_MODES:
        came = image_processing.filter2d(image, kernel, padding)
        np.testing.assert_allclose(came, by_loops(image, kernel, padding), atol=1e-12)


@pytest.mark.parametrize("kernel_size", KERNELS)
def test_filter_is_a_layer_of_one_channel(kernel_size):
    """Zeros around the image are where a network's padding puts them, for even kernels too."""
    image, kernel = example(kernel_size)
    for ours, theirs in [("valid", "valid"), ("constant", "same")]:
        layer = convolution.conv2d(
            image[np.newaxis, ..., np.newaxis], kernel[..., np.newaxis, np.newaxis], None, 1, theirs
        )
        came = image_processing.filter2d(image, kernel, ours)
        np.testing.assert_allclose(came, layer[0, :, :, 0], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, np.float16, np.float32, np.float64])
def test_no_type_of_number_overflows(dtype):
    image = (np.ones((6, 7)) * 100).astype(dtype)
    kernel = np.full((3, 3), 2, np.uint8)
    value = float(image[0, 0])
    output = image_processing.filter2d(image, kernel)
    assert output.dtype == np.result_type(dtype, np.float32)
    np.testing.assert_array_equal(output, np.full((4, 5), 18 * value))
    negative = image_processing.filter2d(image, -kernel.astype(int), "constant")
    assert negative.min() == -18 * value


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    kernel_size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    padding=st.sampled_from(list(SCIPY_MODES)),
    seed=st.integers(0, 99),
)
def test_filter_is_linear_and_keeps_the_size(size, kernel_size, padding, seed):
    image, kernel = example(kernel_size, seed, size)
    other, _ = example(kernel_size, seed + 1, size)
    one, two, both = (
        image_processing.filter2d(i, kernel, padding) for i in (image, other, 2 * image - other)
    )
    assert one.shape == size
    np.testing.assert_allclose(both, 2 * one - two, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(shift=st.tuples(st.integers(0, 3), st.integers(0, 3)), seed=st.integers(0, 99))
def test_the_response_moves_with_the_image(shift, seed):
    image, kernel = example((3, 2), seed)
    dy, dx = shift
    cut = image_processing.filter2d(image[dy:, dx:], kernel)
    np.testing.assert_allclose(cut, image_processing.filter2d(image, kernel)[dy:, dx:], atol=1e-12)


# --- kernels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_box_agrees_with_scipy(size):
    image, _ = example()
    expected = ndimage.uniform_filter(
        image, size, mode="nearest", origin=-1 if size % 2 == 0 else 0
    )
    came = image_processing.filter2d(image, image_processing.box_kernel(size), "edge")
    np.testing.assert_allclose(came, expected, atol=1e-12)


@pytest.mark.parametrize(("sigma", "radius"), [(0.5, 2), (1.0, 4), (2.3, 7)])
def test_gaussian_agrees_with_scipy(sigma, radius):
    spot = np.zeros((2 * radius + 1, 2 * radius + 1))
    spot[radius, radius] = 1
    expected = ndimage.gaussian_filter(spot, sigma, truncate=(radius + 0.1) / sigma)
    kernel = image_processing.gaussian_kernel(2 * radius + 1, sigma)
    np.testing.assert_allclose(kernel, expected, atol=1e-12)


def test_sharpening_adds_what_a_blur_takes():
    image, _ = example()
    blurred = ndimage.uniform_filter(image, (3, 5), mode="nearest")
    kernel = image_processing.sharpen_kernel(0.7, (3, 5))
    came = image_processing.filter2d(image, kernel, "edge")
    np.testing.assert_allclose(came, image + 0.7 * (image - blurred), atol=1e-12)


@pytest.mark.parametrize(
    "kernel",
    [
        image_processing.box_kernel((2, 7)),
        image_processing.gaussian_kernel(9, 1.5),
        image_processing.gaussian_kernel((4, 6), 0.01),  # so narrow that exp may give only zeros
        image_processing.sharpen_kernel(3.0, 5),
    ],
)
def test_kernels_that_keep_the_brightness(kernel):
    assert kernel.sum() == pytest.approx(1)
    flat = np.full((10, 12), 200, np.uint8)
    for padding in ("edge", "reflect"):
        came = image_processing.filter2d(flat, kernel, padding)
        np.testing.assert_allclose(came, 200, rtol=1e-6)
    beside_zeros = image_processing.filter2d(flat, kernel, "constant")
    assert np.ptp(beside_zeros) > 20


# --- gray, 8 bits, histogram ---------------------------------------------------------------------


def test_gray_agrees_with_scikit_image_and_pillow():
    from PIL import Image
    from skimage import color

    picture = image_processing.to_uint8(255 * data.photograph("coffee", size=(30, 40)))
    assert picture.dtype == np.uint8
    theirs = color.rgb2gray(picture)
    ours = image_processing.to_gray(picture, (0.2125, 0.7154, 0.0721)) / 255
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.abs(image_processing.to_gray(picture) / 255 - theirs).max() < 3e-4
    pillow = np.asarray(Image.fromarray(picture).convert("L"))  # BT.601, whole numbers
    ours = image_processing.to_gray(picture, (0.299, 0.587, 0.114))
    assert np.abs(ours - pillow).max() < 1


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 99), low=st.integers(0, 200))
def test_gray_lies_between_the_channels(seed, low):
    colours = np.random.default_rng(seed).integers(low, 256, (4, 5, 3), dtype=np.uint8)
    gray = image_processing.to_gray(colours)
    assert gray.dtype == np.float32
    assert np.all((gray >= colours.min(axis=2) - 1e-3) & (gray <= colours.max(axis=2) + 1e-3))
    same = np.repeat(colours[..., :1], 3, axis=2)
    np.testing.assert_allclose(image_processing.to_gray(same), colours[..., 0], rtol=1e-6)
    as_floats = image_processing.to_gray(colours / 255)
    np.testing.assert_allclose(as_floats, gray / 255, rtol=1e-6)


def test_gray_by_single_channels():
    colours = eight_bits(size=(4, 5, 3))
    for channel in range(3):
        gray = image_processing.to_gray(colours, np.eye(3)[channel])
        np.testing.assert_array_equal(gray, colours[..., channel])
    assert math.isclose(sum(image_processing.REC_709), 1)


def test_eight_bits_and_back():
    image = eight_bits()
    assert np.array_equal(image_processing.to_uint8(image), image)
    assert np.array_equal(image_processing.to_uint8(image + 0.4), image)
    assert image_processing.to_uint8([[300, -300, 254.6]]).tolist() == [[255, 0, 255]]
    assert image_processing.to_uint8(np.ones((2, 3, 3))).shape == (2, 3, 3)


def test_histogram_counts_as_numpy_does():
    image = eight_bits(size=(20, 30, 3))
    counts, edges = image_processing.histogram(image)
    assert counts.shape == (256, 3)
    assert edges.tolist() == list(range(257))
    for channel in range(3):
        np.testing.assert_array_equal(
            counts[:, channel], np.bincount(image[..., channel].ravel(), minlength=256)
        )
    gray, edges = image_processing.histogram(image[..., 0] / 255, bins=10, limits=(0, 1))
    assert gray.shape == (10,)
    assert gray.sum() == 600
    outside, _ = image_processing.histogram(image[..., 0], bins=4, limits=(100, 200))
    assert outside.sum() == np.sum((image[..., 0] >= 100) & (image[..., 0] <= 200))


# --- gradients and profile -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: example()[0], eight_bits])
def test_gradients_agree_with_three_oracles(make):
    image = make()
    dx, dy = image_processing.image_gradients(image)
    height, width = image.shape
    loops = [
        [
            (float(image[i, j + 1]) - float(image[i, j]), float(image[i + 1, j]) - image[i, j])
            for j in range(width - 1)
        ]
        for i in range(height - 1)
    ]
    np.testing.assert_allclose(np.stack([dx, dy], axis=-1), loops, atol=1e-12)
    np.testing.assert_allclose(dx, np.diff(image.astype(float))[:-1], atol=1e-12)
    filtered = image_processing.filter2d(image, [[-1], [1]])
    np.testing.assert_allclose(dy, filtered[:, :-1], atol=1e-12)
    magnitude = image_processing.edge_magnitude(image)
    expected = np.array([[math.hypot(*pair) for pair in row] for row in loops])
    np.testing.assert_allclose(magnitude, expected, rtol=1e-6)


def test_gradients_of_a_slope_and_of_nothing():
    rows, columns = np.mgrid[:5, :7]
    dx, dy = image_processing.image_gradients(3 * columns - 4 * rows)
    assert np.all(dx == 3)
    assert np.all(dy == -4)
    assert np.all(image_processing.edge_magnitude(3 * columns - 4 * rows) == 5)
    flat = np.full((4, 6), 9, np.uint8)
    assert not np.any(image_processing.edge_magnitude(flat))
    dx, dy = image_processing.sobel_gradients(3 * columns - 4 * rows)
    np.testing.assert_allclose([dx, dy], [np.full((3, 5), 3), np.full((3, 5), -4)])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 99), light=st.floats(-5, 5))
def test_edges_do_not_depend_on_light_and_direction(seed, light):
    image, _ = example(seed=seed)
    edges = image_processing.edge_magnitude(image)
    np.testing.assert_allclose(image_processing.edge_magnitude(image + light), edges, atol=1e-9)
    np.testing.assert_allclose(image_processing.edge_magnitude(-image), edges, atol=1e-12)
    np.testing.assert_allclose(image_processing.edge_magnitude(image.T), edges.T, atol=1e-12)
    dx, dy = image_processing.image_gradients(image)
    turned_x, turned_y = image_processing.image_gradients(image.T)
    np.testing.assert_array_equal(turned_x, dy.T)
    np.testing.assert_array_equal(turned_y, dx.T)


def test_sobel_agrees_with_scipy():
    image, _ = example()
    dx, dy = image_processing.sobel_gradients(image)
    np.testing.assert_allclose(dx, ndimage.sobel(image, axis=1)[1:-1, 1:-1] / 8, atol=1e-12)
    np.testing.assert_allclose(dy, ndimage.sobel(image, axis=0)[1:-1, 1:-1] / 8, atol=1e-12)


@pytest.mark.parametrize(
    ("start", "end"),
    [((0, 0), (7, 10)), ((7, 0.5), (0.25, 9)), ((3, 4), (3, 4)), ((7, 10), (7, 0))],
)
def test_profile_agrees_with_scipy(start, end):
    image, _ = example()
    places = np.linspace(start, end, 37).T
    expected = ndimage.map_coordinates(image, places, order=1, mode="nearest")
    came = image_processing.intensity_profile(image, start, end, 37)
    np.testing.assert_allclose(came, expected, atol=1e-12)


def test_profile_of_thin_images():
    np.testing.assert_allclose(
        image_processing.intensity_profile([[1, 2, 4]], (0, 0), (0, 2), 5), [1, 1.5, 2, 3, 4]
    )
    assert image_processing.intensity_profile([[6]], (0, 0), (0, 0), 2).tolist() == [6, 6]


# --- arguments -----------------------------------------------------------------------------------


def test_inputs_stay_as_they_are():
    colours, kernel = eight_bits(size=(5, 6, 3)).astype(np.float64), np.ones((2, 2))
    gray = colours[..., 0].copy()
    copies = colours.copy(), gray.copy(), kernel.copy()
    image_processing.to_gray(colours)
    image_processing.to_uint8(gray)
    image_processing.edge_magnitude(gray)
    image_processing.sobel_gradients(gray)
    image_processing.intensity_profile(gray, (0, 0), (1, 1))
    for padding in image_processing.PADDINGS:
        image_processing.filter2d(gray, kernel, padding)
    for now, before in zip((colours, gray, kernel), copies, strict=True):
        np.testing.assert_array_equal(now, before)


gray, colour = np.ones((4, 5)), np.ones((4, 5, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.to_gray(gray), r"image must be an array of shape \(height, width, channels\)"),
        (lambda m: m.to_gray(np.ones((4, 5, 4))), r"3 channels.*got 4.*image\[\.\.\., :3\]"),
        (lambda m: m.to_gray(np.ones((4, 5, 2))), r"3 channels.*got 2 in shape \(4, 5, 2\)\.$"),
        (lambda m: m.to_gray(colour, (0.5, 0.5)), "one number for each.*got 2"),
        (lambda m: m.to_gray(colour, 1.0), "weights must be an array of shape"),
        (lambda m: m.to_uint8(np.ones(3)), "image must be an array of shape"),
        (lambda m: m.histogram(gray, bins=0), "bins must be an integer of at least 1"),
        (lambda m: m.histogram(gray, limits=(1, 1)), "limits must be two growing numbers.*got"),
        (lambda m: m.histogram(gray, limits=(0, 1, 2)), "limits must be two growing numbers"),
        (lambda m: m.box_kernel(0), "kernel_size must be an integer of at least 1"),
        (lambda m: m.box_kernel((3, 3, 3)), "kernel_size must be"),
        (lambda m: m.gaussian_kernel(3, 0), "sigma must be a number above 0"),
        (lambda m: m.gaussian_kernel(-3), "kernel_size must be"),
        (lambda m: m.sharpen_kernel(-1), "amount must be a number above 0"),
        (lambda m: m.sharpen_kernel(1, (3, 4)), r"kernel_size must be odd.*got \(3, 4\)"),
        (lambda m: m.filter2d(colour, gray), "image must be an array of shape"),
        (lambda m: m.filter2d(gray, [1, 2]), "kernel must be an array of shape"),
        (lambda m: m.filter2d(gray, np.ones((0, 2))), r"must not be empty; got.*\(0, 2\)"),
        (lambda m: m.filter2d(np.ones((0, 2)), gray), "must not be empty"),
        (lambda m: m.filter2d(gray, np.ones((5, 1))), r"\(5, 1\) does not fit into.*\(4, 5\)"),
        (lambda m: m.filter2d(gray, np.ones((1, 6))), "does not fit"),
        (lambda m: m.filter2d(gray, gray, "same"), r'"valid", "constant", "edge".*got \'same\''),
        (lambda m: m.filter2d(gray, gray, ["edge"]), "padding must be one of"),
        (lambda m: m.image_gradients(gray[:1]), r"at least 2 rows and columns; got shape \(1, 5\)"),
        (lambda m: m.image_gradients(colour), "image must be an array of shape"),
        (lambda m: m.edge_magnitude(gray[:, :1]), "at least 2 rows"),
        (lambda m: m.sobel_gradients(gray[:2]), "at least 3 rows"),
        (lambda m: m.intensity_profile(gray, (0, 5), (1, 1)), r"start must be.*\(3, 4\); got"),
        (lambda m: m.intensity_profile(gray, (0, 0), (-1, 1)), "end must be a pair"),
        (lambda m: m.intensity_profile(gray, (0, 0), (1, np.nan)), "end must be a pair"),
        (lambda m: m.intensity_profile(gray, (0, 0, 0), (1, 1)), "start must be a pair"),
        (lambda m: m.intensity_profile(gray, (0, 0), (1, 1), 1), "samples must be an integer"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(image_processing)


# --- what the assignment's model answer claims ---------------------------------------------------


def test_blur_and_difference_in_one_kernel():
    image, _ = example()
    box, difference = image_processing.box_kernel(3), np.array([[-1, 1]])
    two_passes = image_processing.filter2d(image_processing.filter2d(image, box), difference)
    one_pass = image_processing.filter2d(image, np.array([[-1, 0, 0, 1]] * 3) / 9)
    np.testing.assert_allclose(one_pass, two_passes, atol=1e-12)


def test_blurring_costs_noise_more_than_edges():
    """The noise in dx falls to a fifth and the strong edges to less than half, as on the coins."""
    coins = image_processing.to_uint8(255 * data.photograph("coins", size=(120, 180)))
    noise = np.random.default_rng(0).normal(0, 30, coins.shape)

    def kept(picture, measure):
        blurred = image_processing.filter2d(picture, image_processing.box_kernel(3), "edge")
        before, after = (image_processing.image_gradients(p)[0] for p in (picture, blurred))
        return measure(after) / measure(before)

    assert kept(noise, np.std) == pytest.approx(0.2, abs=0.02)
    assert 0.33 < kept(coins, lambda dx: np.percentile(np.abs(dx), 99)) < 0.5
