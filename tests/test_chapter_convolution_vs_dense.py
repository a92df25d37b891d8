"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import numpy as np
import pytest
from chapter_helpers import cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.convolution import conv2d
from course_lib.convolution_vs_dense import (
    conv2d_transpose_as_dense,
    convolution_matrix,
    locally_connected,
    matrix_counts,
    parameter_counts,
    parameter_ratio,
)

STEM = "convolution_vs_dense"
ANCHORS = ("flatten", "matrix", "windows", "strides", "padding", "channels", "layer", "parameters")


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


# The matrix


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(convolution-vs-dense-{name})=\n" in text(STEM)


def test_places_in_the_flattened_image():
    image = np.arange(24).reshape(2, 4, 3)
    assert image[1, 2].tolist() == [(1 * 4 + 2) * 3 + k for k in range(3)] == [18, 19, 20]


def test_the_framed_column_and_row(page):
    assert page["columns"][:, 1].tolist() == [0, 1, 2, 0, 3, 4, 0, 0, 0]
    assert page["columns"][4].tolist() == [4, 3, 2, 1]
    assert page["four_sums"][0, 1] == 37 == 1 * 1 + 2 * 2 + 4 * 3 + 5 * 4
    assert says("four outputs use it, with the weights 4, 3, 2, 1")


def test_the_printed_band_has_two_columns_too_many(page):
    assert page["band"].shape == (16, 11)
    assert np.flatnonzero(~page["inside"]).tolist() == [3, 7]
    assert page["right_matrix"].shape == (16, 9)
    np.testing.assert_array_equal(page["band"][:, page["inside"]], page["right_matrix"])
    # "the last pixel of one row together with the first pixel of the next"
    assert page["reads"].tolist() == [[0, 0, 0, 1], [2, 0, 0, 3], [4, 0, 0, 0], [0] * 4]


def test_strides_take_columns_and_padding_takes_rows(page):
    np.testing.assert_array_equal(page["strided"], page["every_second"])
    np.testing.assert_array_equal(page["same"], page["padded"][page["pixels"]])
    held = np.count_nonzero(page["same"], axis=0).reshape(6, 6)
    assert [held[0, 0], held[0, 1], held[1, 1]] == [4, 6, 9]


def test_channels_and_filters_are_blocks(page):
    np.testing.assert_array_equal(page["block"], page["alone"])
    assert page["blocks"].shape == (18, 12)
    filled = (page["blocks"] >= 0).reshape(9, 2, 4, 3).all(axis=(1, 3))
    assert filled.sum() == 16  # the alternative text
    assert page["blocks"].max() + 1 == 24


def test_the_layers_are_one(page):
    assert len(page["differences"]) == 24
    assert max(page["differences"]) < 1e-14


# What is counted


def test_parameters_of_the_lectures_first_layer(page):
    assert tuple(page["counts"]) == (224, 2_211_296, 2_400_080_000)
    assert page["by_locality"] == pytest.approx(1085, abs=1)
    assert page["by_sharing"] == pytest.approx(9872, abs=1)
    assert says("has 224 parameters")
    assert says("has 2,400,080,000")
    assert says("still leave two million parameters")


def test_lines_have_the_slopes_that_are_named(page):
    slopes = np.diff(np.log(page["lines"][-2:]), axis=0) / np.log(2)
    np.testing.assert_allclose(slopes[0], (0, 2, 4), atol=0.01)
    _, local, dense = page["lines"][-1]
    assert dense > 1e13
    assert local > 1e8


def test_the_sparse_matrix_is_small(page):
    assert page["entries"] == 9216 * 8836
    assert says("has 81 million entries, 99.9 % of them zero")
    assert page["stored"] < 8 * page["entries"] / 400
    assert matrix_counts((96, 96, 1), 3, 1).nonzeros == 79_524 < 0.001 * page["entries"]


def test_the_dense_matrix_is_slowest(page):
    """With 8 channels it takes 15 times as long and more: a busy machine does not hide that."""
    assert page["ratios"][8][2] > max(2, page["ratios"][8][1])


# The transpose


def test_the_transpose_is_the_gradient(page):
    np.testing.assert_allclose(page["back"], page["by_image"], atol=1e-12)
    assert np.sum(page["output"] * page["gradient"]) == pytest.approx(
        np.sum(page["images"] * page["back"])
    )


def test_stamps_overlap_unevenly_at_stride_2(page):
    assert page["uneven"][2].tolist() == [2, 2, 4, 2, 4, 2, 2]
    assert page["uneven"][0].tolist() == [1, 1, 2, 1, 2, 1, 1]


# What the rules buy


@pytest.mark.parametrize(
    ("layer", "needed"), [("convolutional", 1), ("locally connected", 9), ("dense", 100)]
)
def test_as_many_images_as_unknowns(page, layer, needed):
    for count, errors in zip(page["IMAGES"], page["errors"][layer, 0], strict=True):
        assert (errors < 1e-6).all() if count >= needed else (errors > 0.05).all()


def test_with_noise_the_order_stays_and_peaks_stand_at_the_unknowns(page):
    medians = {layer: np.median(page["errors"][layer, 0.1], axis=1) for layer in page["LAYERS"]}
    shared, local, dense = medians.values()
    assert (shared < local).all()
    assert shared[-1] < local[-1] < dense[-1]
    assert page["IMAGES"][local.argmax()] == 9
    assert page["IMAGES"][dense.argmax()] == 100
    assert shared[-1] < 0.002  # the alternative text
    assert local[-1] == pytest.approx(0.013, abs=0.002)
    assert dense[-1] == pytest.approx(0.05, abs=0.005)


def test_a_stroke_is_known_where_it_was_never_seen(page):
    accuracy, scenes = page["accuracy"], page["SCENES"]
    for count in scenes:
        left, right, *_ = accuracy["convolutional", count].mean(axis=0)
        assert abs(left - right) < 0.04
    assert accuracy["convolutional", 100].mean(axis=0)[0] == pytest.approx(0.96, abs=0.02)
    off_border = accuracy["convolutional", 2500][:, 2:].mean(axis=0)
    assert abs(off_border[0] - off_border[1]) < 0.01
    for layer in ("locally connected", "dense"):
        for count in scenes:
            assert accuracy[layer, count][:, 1].mean() == pytest.approx(0.25, abs=0.04)
    local, dense = (accuracy[name, 2500][:, 0].mean() for name in page["LAYERS"][1:])
    assert dense < local < accuracy["convolutional", 2500][:, 0].mean()
    assert accuracy["locally connected", 500][:, 0].mean() < 0.92
    assert local == pytest.approx(0.95, abs=0.03)
    assert says("With 100 scenes the convolution is right in about 96 % of the new ones")
    assert says("needs 2,500 scenes to come near on the left")
    assert [page["RATES"][layer] for layer in page["LAYERS"]] == [0.1, 0.3, 0.1]


def test_sharing_cannot_say_where(page):
    everywhere, off_border = page["where"]["convolutional"].mean(axis=0)
    assert off_border == pytest.approx(0.5, abs=0.05)
    assert 0.6 < everywhere < 0.8
    for layer in ("locally connected", "dense"):
        assert (page["where"][layer] > 0.9).all()


def test_both_other_layers_can_hold_the_convolution(page):
    """Their matrices are free to be the convolution's, entry for entry."""
    shared, local, dense = (page["numbers_of"](layer) for layer in page["LAYERS"])
    np.testing.assert_array_equal(shared >= 0, local >= 0)
    assert len(np.unique(local[local >= 0])) == (local >= 0).sum()
    assert len(np.unique(dense)) == dense.size
    assert shared.max() + 1 == 72  # exercise 6


def test_the_gradient_of_a_shared_weight_is_a_sum(page):
    rng = np.random.default_rng(0)
    kernels, image = rng.normal(size=(3, 3, 1, 8)), rng.normal(size=(1, 8, 12, 1))
    numbers = page["numbers_of"]("convolutional")
    by_output = rng.normal(size=conv2d(image, kernels).shape)
    by_matrix = image.reshape(1, -1).T @ by_output.reshape(1, -1)
    there = numbers >= 0
    summed = np.bincount(numbers[there], by_matrix[there], kernels.size)
    wanted = page["conv2d_gradients"](image, kernels, by_output)[1]
    np.testing.assert_allclose(summed, wanted.ravel())


# Shifts


def test_where_a_shift_is_followed(page):
    maps = {name: np.nan_to_num(error) for name, error in page["maps"].items()}
    assert maps['"valid", 1 pixel'].max() < 1e-12
    assert maps["stride 2, 2 pixels"].max() < 1e-12
    for name in ("stride 2, 1 pixel", "locally connected"):
        error = page["maps"][name]
        assert (error[~np.isnan(error)] > 1e-12).mean() > 0.99
    padded = maps['"same", 1 pixel']
    differs = (padded > 1e-12).any(
        axis=0
    )  # half a kernel at each side; the last has no counterpart
    assert differs.tolist() == [True] * 4 + [False] * 62 + [True] * 4 + [False]
    assert 0.45 < padded.max() / page["strongest"] < 0.6  # "half as large as the strongest edge"


# Quiz, exercises


def test_quiz_answers():
    assert convolution_matrix(np.ones((3, 3, 2, 4)), (6, 6, 2)).shape == (72, 64)
    assert np.ravel_multi_index((2, 4, 1), (5, 7, 3)) == 55
    corner = convolution_matrix(np.ones((3, 3, 1, 1)), (6, 6, 1), padding="same")[:, 0]
    assert np.count_nonzero(corner) == 4
    assert parameter_ratio((28, 28, 1), 3, 8) == 53_066
    assert pytest.approx(58_887, abs=1) == 784 * 5408 / 72
    assert pytest.approx(52_999, abs=1) == (784 * 5408 + 8) / 80
    counts = parameter_counts((28, 28, 1), 3, 8)
    assert counts.dense / counts.locally_connected == pytest.approx(78.5, abs=0.01)


def test_exercise_by_hand():
    kernel, row = np.array([1.0, 2, 3]).reshape(1, 3, 1, 1), (1, 5, 1)
    assert convolution_matrix(kernel, row).shape == (5, 3)
    assert convolution_matrix(kernel, row, padding="same").shape == (5, 5)
    one = np.array([1.0, 0, 0]).reshape(1, 1, 3, 1)
    assert conv2d_transpose_as_dense(one, kernel, row).ravel().tolist() == [1, 2, 3, 0, 0]


def test_exercise_of_the_torus():
    """The eigenvalues of a matrix that wraps are the kernel's Fourier transform."""
    rng = np.random.default_rng(0)
    kernel, size = rng.normal(size=(3, 3)), 5
    placed = np.zeros((size, size))
    placed[:3, :3] = kernel
    columns = [np.roll(placed, place, (0, 1)).ravel() for place in np.ndindex(size, size)]
    matrix = np.stack(columns, axis=1)
    spectrum = np.fft.fft2(placed)
    for u, v in np.ndindex(size, size):
        y, x = np.mgrid[:size, :size]
        wave = np.exp(2j * np.pi * (u * y + v * x) / size).ravel()
        np.testing.assert_allclose(matrix @ wave, spectrum[u, v] * wave, atol=1e-9)


def test_exercise_of_two_layers():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 3, 1, 1))
    inner = convolution_matrix(second, (6, 6, 1))
    both = convolution_matrix(first, (8, 8, 1)) @ inner
    kernel = both[:, 0].reshape(8, 8)[:5, :5, np.newaxis, np.newaxis]
    np.testing.assert_allclose(both, convolution_matrix(kernel, (8, 8, 1)))
    # Padding the second layer is no convolution, with whatever zeros around the image; padding the
    # first is the same kernel on an image with one ring of zeros.
    ringed = np.pad(np.ones((8, 8)), 1).ravel() == 1
    one_kernel = convolution_matrix(kernel, (10, 10, 1))[ringed]
    outer = convolution_matrix(first, (8, 8, 1))
    padded = outer @ convolution_matrix(second, (6, 6, 1), padding="same")
    agree = np.isclose(padded, one_kernel).all(axis=0).reshape(6, 6)
    assert agree[1:-1, 1:-1].all()
    assert not agree[0].any()
    before = convolution_matrix(first, (8, 8, 1), padding="same")
    np.testing.assert_allclose(before @ convolution_matrix(second, (8, 8, 1)), one_kernel)


def test_exercise_of_half_shared_weights(page):
    """Both tasks are learnt when the halves share weights within themselves only."""
    shared = page["numbers_of"]("convolutional")
    right = np.arange(shared.shape[1]) // 8 % 10 >= 5
    numbers = np.where((shared >= 0) & right, shared + 72, shared)
    train = page["train"]
    original = train.__globals__["numbers_of"]
    train.__globals__["numbers_of"] = lambda layer: numbers
    try:
        rng = np.random.default_rng(0)
        both = (0, 1)
        data, labels = page["scenes"](rng, 500, halves=both)
        flat, names = page["scenes"](rng, 500, halves=both)
        for task in ("which", "where"):
            tests = [(flat, names[task])]
            assert train("convolutional", data, labels[task], tests, seed=0)[0] > 0.9
    finally:
        train.__globals__["numbers_of"] = original


def test_locally_connected_layers_share_nothing_when_their_kernels_differ():
    counts = matrix_counts((8, 12, 1), 3, 8)
    assert counts.nonzeros == 6 * 10 * 72
    kernels = np.random.default_rng(0).normal(size=(6, 10, 3, 3, 1, 8))
    images = np.ones((1, 8, 12, 1))
    np.testing.assert_allclose(
        locally_connected(images, kernels)[0], kernels.sum(axis=(2, 3, 4)), atol=1e-12
    )


# What this chapter has


def test_the_exhibits_stand_where_they_are_needed():
    first, second = (code for _, code in cells(STEM) if "MatrixExplorer(" in code)
    assert "\nMatrixExplorer()\n" in first
    assert 'layer="locally connected"' in second
    assert "title=" in second  # axe: landmarks of one page have different names
    assert "\nShiftExplorer()\n" in text(STEM)
    assert text(STEM).count(":class: errata") == 2
