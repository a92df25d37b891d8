"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import numpy as np
import pytest
from chapter_helpers import run_page, text
from chapter_helpers import says as chapter_says
from scipy.ndimage import median_filter

from course_lib import checks
from course_lib.exhibits.image_processing import ProfileExplorer
from course_lib.image_processing import (
    box_kernel,
    edge_magnitude,
    filter2d,
    gaussian_kernel,
    image_gradients,
    sharpen_kernel,
    sobel_gradients,
    to_gray,
)


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page("image_processing")


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says("image_processing", words)


# Pixels, levels, counts


def test_eight_bits_wrap_around():
    pixels = np.array([100, 200, 250], "uint8")
    assert (pixels + np.uint8(100)).tolist() == [200, 44, 94]
    assert (pixels - np.uint8(150)).tolist()[0] == 206
    assert says("200 + 100 = **44**")
    assert says("100 − 150 is 206")


def test_the_sky_turns_dark_and_then_white(page):
    sky = np.s_[:20]
    assert page["camera"][sky].mean() > 180
    assert page["wrapped"][sky].mean() < 60
    assert page["brighter"][sky].mean() > 250
    coat = np.s_[70:100, 20:35]
    assert page["camera"][coat].mean() < 30 < 100 < page["wrapped"][coat].mean()


def test_a_shuffled_picture_keeps_its_histogram_and_loses_its_neighbours(page):
    assert page["same"]
    alike, shuffled = page["alike"]
    assert alike > 0.9
    assert abs(shuffled) < 0.02
    assert says("Cut to 40 % of its contrast")
    assert page["flat"].std() == pytest.approx(0.4 * page["camera"].std(), rel=0.01)


def test_the_suit_is_bright_in_red_and_dark_in_blue(page):
    red, green, blue = page["astronaut"][108, 40].tolist()
    assert red > 180 > 100 > green > blue


# Gray


def test_the_tables_of_grays(page):
    def rounded(weights):
        return np.rint(to_gray(page["colours"], weights))[0].astype(int).tolist()

    assert rounded(page["MEAN"]) == [85, 85, 85, 170, 170, 170]
    assert rounded(page["REC_601"]) == [76, 150, 29, 179, 105, 226]
    assert rounded(page["REC_709"]) == [54, 182, 18, 201, 73, 237]
    assert says(
        "Rec. 601 gives 76, 150, 29, 179, 105, 226. Rec. 709 gives 54, 182, 18, 201, 73, 237"
    )
    for weights in (page["MEAN"], page["REC_601"], page["REC_709"]):
        assert sum(weights) == pytest.approx(1)


def test_two_libraries_use_two_standards(page):
    def distance(library, weights):
        return np.abs(to_gray(page["astronaut"], weights) - page["theirs"][library]).mean()

    assert distance("Pillow", page["REC_601"]) < 0.5 < 2 < distance("Pillow", page["REC_709"])
    assert distance("scikit-image", page["REC_709"]) < 0.1
    assert distance("scikit-image", page["REC_601"]) > 2


def test_the_mean_in_eight_bits(page):
    assert page["wrong"][0, 0] == pytest.approx(29.33, abs=0.01)


def test_luma_is_too_dark_and_never_too_bright(page):
    assert 100 * page["to_light"](np.array(128 / 255)) == pytest.approx(21.6, abs=0.1)
    assert says("about a *fifth* of the light")
    generator = np.random.default_rng(0)
    colours = np.concatenate([generator.random((1, 5000, 3)), np.eye(3)[np.newaxis]], axis=1)
    np.testing.assert_allclose(page["to_stored"](page["to_light"](colours)), colours, atol=1e-4)
    assert (page["gray_by_light"](colours) - to_gray(colours)).min() > -1e-3
    assert all(average > 1 for average, _ in page["errors"].values())
    assert max(average for average, _ in page["errors"].values()) < 11
    assert [round(value) for value in page["pure"]] == [54, 127]
    assert round(float(page["half"])) == 188
    assert says("Stored numbers give 128, light gives 188")


# Kernels


def test_the_moving_window(page):
    means = page["means"]
    assert means.shape == (3, 4)
    assert (means[0, 0], means[1, 1], means[2, 3]) == (4, 4, 3)
    assert means[1, 2] == 2  # exercise 1
    assert page["spot"][1:4, 2:5].ravel().tolist() == [9, 0, 0, 9, 0, 0, 0, 0, 0]


def test_the_box_turns_fine_stripes_around(page):
    assert page["contrast"]["box"] == pytest.approx(-0.231, abs=1e-3)
    assert 0 < page["contrast"]["Gaussian"] < 0.05
    assert np.sqrt((7**2 - 1) / 12) == 2  # "of the same width"


def test_a_gaussian_is_a_column_times_a_row(page):
    assert np.abs(page["at_once"] - page["in_turn"]).max() < 1e-10
    assert says("225 or 30 products")


def test_sharpening_is_one_kernel_and_overshoots(page):
    expected = page["eye"] + 1.5 * page["detail"]
    np.testing.assert_allclose(page["sharp"], expected, atol=1e-9)
    assert sharpen_kernel(1.5, 5).sum() == pytest.approx(1)
    assert page["sharp"].min() < 0


def test_zeros_are_the_worst_border_on_every_picture(page):
    names = {name for name, _ in page["lies"]}
    assert len(names) == 6
    for name in names:
        zeros, edge, mirror = (page["lies"][name, p] for p in ("constant", "edge", "reflect"))
        assert zeros > 5 * max(edge, mirror)
        assert edge < mirror or (name == "rocket" and abs(edge - mirror) < 0.05)
    assert says("Zeros are worst by far, in every one of the six")
    assert says("on five of them, and on the rocket they are level")


# Edges


def test_differences_flip_under_convolution(page):
    step = np.array([[10.0, 10.0, 90.0, 90.0]])
    (correlated,) = filter2d(step, [[-1, 1]])
    assert correlated.tolist() == [0, 80, 0]
    (convolved,) = page["convolve2d"](step, [[-1, 1]], mode="valid")
    assert convolved.tolist() == [0, -80, 0]
    assert page["dx"].shape == page["dy"].shape == (127, 127)


def test_a_line_one_pixel_wide_hides_from_the_wide_difference():
    line = np.array([[5, 5, 90, 5, 5]])
    assert filter2d(line, [[-1, 0, 1]]).ravel()[1] == 0


def test_only_the_norm_likes_all_directions_alike(page):
    turned = np.array(list(page["turned"].values()))
    np.testing.assert_allclose(turned[:, 0], 1, atol=1e-12)
    assert turned[3] == pytest.approx([1, np.sqrt(2), np.sqrt(0.5)])
    assert 255 * np.sqrt(2) == pytest.approx(361, abs=0.5)


def test_the_line_has_the_edges_that_the_text_counts():
    noisy = ProfileExplorer(("coins",), noise=15, threshold=25)
    clean = ProfileExplorer(("coins",), threshold=25)
    smoothed = ProfileExplorer(("coins",), noise=15, threshold=25, smoothing=1)
    counts = [len(explorer.edges()) for explorer in (noisy, clean, smoothed)]
    assert counts == [32, 15, 10]
    assert says("32 places now look like edges. Pull *noise* to 0: it was 15")
    assert says("Ten are left")
    assert says('ProfileExplorer(("coins",), noise=15, threshold=25)')
    without = ProfileExplorer(("coins",), threshold=25, smoothing=1).edges()
    assert smoothed.edges() == without  # "where they were without noise"


def test_noise_shrinks_more_than_edges_do(page):
    clearer = page["clearer"]
    ratios = [ratio for _, _, ratio in clearer.values()]
    assert ratios == sorted(ratios)
    assert clearer["[-1 1]"][1] == pytest.approx(10 * np.sqrt(2), rel=0.02)
    assert clearer["Sobel"][:2] == pytest.approx((40, 10 * np.sqrt(12) / 8), rel=0.02)


def test_sobel_is_a_blur_times_a_difference():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(9, 11))
    mean_of_two = filter2d(image, [[0.5, 0.5]])
    across = filter2d(filter2d(mean_of_two, [[-1, 1]]), np.array([[1], [2], [1]]) / 4)
    np.testing.assert_allclose(sobel_gradients(image)[0], across, atol=1e-12)


def test_smoothing_finds_more_in_noise_and_less_in_detail(page):
    mean = {name: shares.mean(axis=1) for name, shares in page["found"].items()}
    at = {noise: place for place, noise in enumerate(page["NOISES"])}
    assert mean["differences"][at[0]] > 0.99
    assert mean["differences"][at[20]] == pytest.approx(0.2, abs=0.03)
    assert 0.4 < mean["Sobel"][at[20]] < 0.5
    assert mean["Gaussian 2"][at[20]] > 0.75
    assert np.abs(mean["Gaussian 4"] - 0.5).max() < 0.06
    for noise in (5, 10, 20, 40):  # with every seed
        found = [page["found"][name][at[noise]] for name in ("differences", "Sobel", "Gaussian 1")]
        assert (found[0] < found[1]).all()
        assert (found[1] < found[2]).all()
    assert says("one edge pixel in five and Sobel fewer than half")


# Quiz, exercises, the whole


def test_quiz_answers():
    assert filter2d(np.full((9, 9), 10), np.ones((5, 5)))[0, 0] == 250
    assert filter2d(np.zeros((10, 12)), np.ones((2, 3))).shape == (9, 10)
    white = to_gray(np.full((1, 1, 3), 1.0), (0.3, 0.6, 0.2))
    assert white[0, 0] == pytest.approx(1.1)
    corner = np.array([[100, 70], [140, 0]])
    assert edge_magnitude(corner)[0, 0] == 50
    sea = np.repeat([[200], [200], [40], [40]], 5, axis=1)
    dx, dy = image_gradients(sea)
    assert not dx.any()
    assert dy.min() == -160
    assert dy.max() == 0


def test_exercise_undo(page):
    np.testing.assert_array_equal(page["wrapped"] + np.uint8(156), page["camera"])
    assert len(np.unique(page["brighter"])) < len(np.unique(page["camera"])) - 50


def test_exercise_stretch(page):
    used = int(page["flat"].max()) - int(page["flat"].min())
    assert 90 < used < 110
    assert says("About a hundred levels")


def test_exercise_three_boxes():
    dot = np.zeros((15, 15))
    dot[7, 7] = 1
    for _ in range(3):
        dot = filter2d(dot, box_kernel(3), "constant")
    assert np.abs(dot - gaussian_kernel(15, np.sqrt(2))).max() < 0.2 * dot.max()
    assert (dot.sum(axis=0) * (np.arange(15) - 7) ** 2).sum() == pytest.approx(2)


def test_exercise_salt_and_pepper(page):
    clean, generator = page["camera"].astype(float), np.random.default_rng(0)
    spoilt = np.where(
        generator.random(clean.shape) < 0.05, generator.choice([0.0, 255.0], clean.shape), clean
    )
    by_median = median_filter(spoilt, 3)
    blurs = [filter2d(spoilt, gaussian_kernel(9, sigma), "reflect") for sigma in (0.5, 1, 1.5)]
    errors = [np.sqrt(np.mean((image - clean) ** 2)) for image in (by_median, *blurs)]
    assert min(errors) == errors[0]


def test_exercise_second_differences():
    kernel = [[1, -2, 1]]
    assert filter2d([[3, 5, 7, 9]], kernel).tolist() == [[0, 0]]
    assert filter2d([[1, 1, 9, 9]], kernel).tolist() == [[8, -8]]


def test_exhibits_errata_and_the_places_that_checks_send_to():
    source = text("image_processing")
    assert source.count("ProfileExplorer(") == 2
    assert source.count("ResponseExplorer(") == 1
    assert source.count(":class: errata") == 4
    wanted = {check.read.partition("#")[2] for check in checks.load("image_processing")}
    wanted |= {
        part.read.partition("#")[2] for c in checks.load("image_processing") for part in c.parts
    }
    assert all(f"({anchor})=" in source for anchor in wanted - {""})
