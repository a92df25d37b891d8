"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import numpy as np
import pytest
from chapter_helpers import run_page, text
from chapter_helpers import says as chapter_says
from scipy import signal

from course_lib.convolution import conv2d, conv2d_parameters, output_size, pad_same


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page("convolution")


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says("convolution", words)


# What is learnt


def test_every_seed_learns_the_wanted_kernel(page):
    assert len(page["learnt"]) == 5
    assert max(page["worst"]) < 1e-5
    assert all(losses[-1] < 1e-9 for _, losses in page["learnt"])  # "below a billionth"
    assert says("Five random starts, and all five end at the same nine numbers")


def test_the_assignments_loop_arrives_after_a_thousand_steps(page):
    assert np.abs(page["found"] - page["turned"][::-1, ::-1]).max() < 2e-3
    assert says("for steps in (10, 100, 1000)")


def test_without_momentum_no_seed_arrives(page):
    for (kernel, losses), (_, fast) in zip(page["plain"], page["learnt"], strict=True):
        assert np.abs(kernel - page["turned"][::-1, ::-1]).max() > 0.05
        assert losses[-1] > 1e4 * fast[-1]
    assert says("off by more than 0.05 after 300 steps")


def test_the_valley_is_flat(page):
    assert page["neighbours"] == pytest.approx(0.89, abs=0.01)
    assert page["steepness"] == pytest.approx(544, rel=0.02)


def test_true_convolution_is_learnt_as_the_turned_kernel(page):
    assert page["distance"] < 1e-5


def test_scipy_calls_the_turned_operation_convolution(page):
    small, sobel = page["small"], page["sobel"]
    correlated = conv2d(small[np.newaxis, ..., np.newaxis], sobel[..., np.newaxis, np.newaxis])
    turned = conv2d(small[np.newaxis, ..., np.newaxis], sobel[::-1, ::-1, np.newaxis, np.newaxis])
    np.testing.assert_allclose(
        correlated[0, ..., 0], signal.correlate2d(small, sobel, mode="valid")
    )
    np.testing.assert_allclose(turned[0, ..., 0], signal.convolve2d(small, sobel, mode="valid"))


def test_the_window_worked_by_hand(page):
    assert page["moved"][0, 1] == 7
    assert page["moved"][2, 2] == -3  # exercise 1
    np.testing.assert_array_equal(page["small"][2:, 2:].ravel(), [5, 2, 0, 1, 0, 2, 1, 3, 1])


def test_the_denoiser_wins_on_every_unseen_picture_with_every_seed(page):
    for name in ("coins", "camera", "coffee"):
        of = {title: np.array(page["errors"][name, title]) for title in page["titles"]}
        best = np.minimum(of["3 × 3 mean"], of["5 × 5 mean"])
        assert (of["learnt"] < best).all()
        assert 0.04 <= 1 - of["learnt"].mean() / best.mean() <= 0.08
        assert (best < of["noisy"]).all()
    assert says("four to eight per cent below that of the better blur")


def test_the_denoiser_is_what_the_caption_says(page):
    for kernel in page["denoisers"]:
        kernel = kernel[..., 0, 0]
        assert kernel.sum() == pytest.approx(1, abs=0.06)
        assert kernel.argmax() == 12  # the centre
        np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=0.02)
        corners = kernel[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert np.abs(corners).max() < 0.02


def test_learnt_filters_beat_frozen_ones_with_every_seed(page):
    frozen = np.array([accuracy for accuracy, _ in page["frozen"]])
    trained = np.array([accuracy for accuracy, _ in page["trained"]])
    assert (trained > frozen + 0.1).all()
    assert frozen.mean() == pytest.approx(0.61, abs=0.02)
    assert trained.mean() == pytest.approx(0.86, abs=0.02)
    assert says("from about 61 % to about 86 %")
    assert page["trained"][0][1].size == 72


# What is counted


def test_channels_are_summed_and_the_bias_added_once(page):
    assert [part[0, 0] for part in page["parts"]] == [4, -1, 3]
    assert page["whole"][0, 0] == 7
    np.testing.assert_allclose(page["one_go"], page["by_channel"], atol=1e-12)


def test_the_red_filter_ignores_what_has_no_colour(page):
    gray = np.full((1, 5, 5, 3), 0.7)
    kernel = page["weights"][..., np.newaxis]
    np.testing.assert_allclose(conv2d(gray, kernel), 0, atol=1e-12)


def test_parameters_of_the_lectures_network():
    layers = ((3, 8), (8, 8), (8, 16), (16, 16), (16, 32), (32, 32))
    counted = [conv2d_parameters(3, *layer) for layer in layers]
    assert counted == [224, 584, 1168, 2320, 4640, 9248]
    assert conv2d_parameters(3, 3, 8, use_bias=False) == 216
    assert says("`conv2d_parameters(3, 3, 8)` is 224")
    assert says("`conv2d_parameters(3, 3, 8, use_bias=False)` is 216")


def test_the_dense_layer_has_billions(page):
    assert page["dense"] == 2_400_080_000


def test_who_is_read(page):
    times_read = page["times_read"]
    assert times_read(6, 3, 2, "valid").tolist() == [1, 1, 2, 1, 1, 0]
    assert (times_read(6, 3, 2, "same") > 0).all()
    assert times_read(6, 1, 2, "same").tolist() == [1, 0, 1, 0, 1, 0]
    assert times_read(10, 3, 2, "valid")[-1] == 0  # the quiz


def test_halves_are_rounded_up(page):
    assert page["sizes"] == [100, 50, 25, 13, 7, 4, 2, 1]


@pytest.mark.parametrize("size", range(5, 12))
@pytest.mark.parametrize(
    ("kernel_size", "strides"), [(3, 1), (5, 1), (3, 2), (5, 2), (2, 1), (4, 1)]
)
def test_when_same_is_symmetric(size, kernel_size, strides):
    padded = pad_same(np.ones((1, 1, size, 1)), (1, kernel_size), (1, strides))[0, 0, :, 0]
    before, after = int(padded.argmax()), int(padded[::-1].argmax())
    symmetric = kernel_size % 2 == 1 and (strides == 1 or size % 2 == 1)
    assert (before == after) == symmetric
    if not symmetric:
        assert before + 1 == after


def test_the_forms_agree_and_small_kernels_suit_im2col(page):
    assert max(page["differences"]) < 1e-5
    at = page["KERNEL_SIZES"].index(3)
    assert page["ratios"]["loops"][at] > 20
    assert page["ratios"]["FFT"][-1] < 1


# Quiz, exercises


def test_quiz_answers():
    assert output_size(28, 5) == 24
    assert conv2d_parameters(3, 16, 32) == 4640
    assert output_size(10, 3, 2) == 4
    padded = pad_same(np.ones((1, 1, 8, 1)), (1, 3), (1, 2))[0, 0, :, 0]
    np.testing.assert_array_equal(padded, [1] * 8 + [0])
    assert output_size(32, 3, dilation_rate=4) == 24
    assert (np.uint8([200]) + np.uint8([200])).tolist() == [144]


def test_exercise_of_two_layers_in_one():
    rng = np.random.default_rng(0)
    image, first, second = (rng.normal(size=(n, n)) for n in (9, 3, 3))

    def layer(image, kernel):
        return conv2d(image[np.newaxis, ..., np.newaxis], kernel[..., np.newaxis, np.newaxis])[
            0, ..., 0
        ]

    one = layer(np.pad(first, 2), second[::-1, ::-1])
    assert one.shape == (5, 5)
    np.testing.assert_allclose(layer(layer(image, first), second), layer(image, one))


@pytest.mark.parametrize(
    ("kernel_size", "strides", "padding"), [(17, 1, "valid"), (1, 2, "valid"), (3, 2, "same")]
)
def test_exercise_of_halving(kernel_size, strides, padding):
    assert output_size(32, kernel_size, strides, padding) == 16


def test_the_three_exhibits_and_the_errata():
    source = text("convolution")
    for name in ("KernelExplorer()", "FilterExplorer()", "OutputSizeExplorer()"):
        assert name in source
    assert source.count(":class: errata") == 6
