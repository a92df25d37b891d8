"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.encoder_decoder import psnr
from course_lib.upsampling import (
    bilinear_kernels,
    conv2d_transpose,
    input_sizes,
    overlap_counts,
    transposed_size,
    upsample_bilinear,
)

STEM = "encoder_decoder"
ANCHORS = (
    "nearest",
    "transposed",
    "sizes",
    "blocks",
    "shortcut",
    "decoder",
    "dropout",
    "network",
    "bilinear",
    "checkerboard",
    "doubling",
    "training",
)
WAYS = [f"{down}, {up}" for down in ("pooled", "learnt") for up in ("nearest", "transposed")]
LASTS = ("2 × 2", "3 × 3", "4 × 4", "nearest")


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def shipped():
    """What the script beside the chapter has measured, by network; a list with a run a seed."""
    return json.loads((BOOK / "_data" / "encoder_decoder_denoise.json").read_text("utf8"))


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(encoder-decoder-{name})=\n" in text(STEM)


# Enlarging


def test_interpolations_are_keras(page):
    assert page["interpolation_errors"]["nearest"] == 0
    assert page["interpolation_errors"]["bilinear"] < 1e-5


def test_half_pixels():
    assert [(i + 0.5) / 2 - 0.5 for i in range(4)] == [-0.25, 0.25, 0.75, 1.25]


def test_the_transpose_is_the_adjoint_the_gradient_and_keras(page):
    assert len(page["gaps"]) == 4
    assert max(page["gaps"].values()) < 1e-9
    assert page["oracle_gaps"]["gradient"] < 1e-5
    assert page["oracle_gaps"]["Keras"] < 1e-4


def test_the_matrix_that_is_drawn(page):
    matrix = page["A"]
    assert matrix.shape == (7, 3)
    assert matrix[:, 1].tolist() == [0, 0, 1, 2, 3, 0, 0]
    assert np.flatnonzero((matrix.T != 0).sum(axis=0) == 2).tolist() == [2, 4]  # third and fifth
    assert not np.allclose(page["back"].ravel(), np.arange(1, 8))


def test_sizes(page):
    for sizes, keras_says, ours in page["chosen"].values():
        assert keras_says == ours
        assert keras_says in sizes
    assert page["chosen"][4, 3, 2, "same"][0] == [7, 8]
    for (_, kernel_size, strides, padding), (sizes, size, _) in page["chosen"].items():
        if padding == "same":
            assert size == sizes[-1]
        elif kernel_size >= strides:
            assert size == sizes[0]
    assert page["chosen"][5, 1, 3, "valid"][1] == 15


def test_the_way_down_and_up_from_100():
    down = [100]
    while len(down) < 4:
        down.append(-(-down[-1] // 2))
    assert down == [100, 50, 25, 13]
    assert [13 * 2, 13 * 4, 13 * 8] == [26, 52, 104]


# Checkerboards


def test_counts(page):
    inner = {size: count[2:-2, 2:-2] for size, count in page["counts"].items()}
    assert set(page["counts"][2].ravel()) == {1}
    assert set(inner[3].ravel()) == {1, 2, 4}
    assert set(inner[4].ravel()) == {4}
    ways_up = page["ways_up"]["transposed 6 × 6"]
    assert ways_up.shape == (1, 128, 128, 3)


def test_only_interpolation_is_even_before_training(page):
    patterns = page["patterns"]
    for way in ("3 × 3", "2 × 2", "4 × 4"):
        assert min(patterns[way]) > 0.1
    for way in ("nearest", "bilinear"):
        assert max(patterns[way]) < 1e-5
    # "their pattern is as strong"
    assert np.mean(patterns["2 × 2"]) == pytest.approx(np.mean(patterns["3 × 3"]), rel=0.35)


def test_a_tent_interpolates(page):
    assert page["tent"].shape == (4, 4, 3, 3)
    assert page["tent_error"] < 1e-12


# Blocks


def test_what_is_never_read(page):
    assert page["share_read"] == {1: 0.25, 2: 1, 3: 1}
    assert page["moved"][1] == 0
    assert min(page["moved"][2], page["moved"][3]) > 0.5
    assert set(page["readings"][2].ravel()) == {1}
    assert set(page["readings"][3].ravel()) == {1, 2, 4}


def test_what_loads_in_safe_mode(page):
    assert "cannot be used" in page["tf_pad"]
    assert page["padded_shape"][1:] == (32, 32, 16)
    assert page["loading"]["Lambda"] == "refused in safe mode"
    assert page["loading"]["keras.ops"].startswith("loaded")


def test_decoder_blocks(page):
    assert [shape for shape, _ in page["shapes"].values()] == [(20, 20, 128)] * 2


# The network


def test_the_script_stops_and_ours_says_why(page):
    assert page["script_error"].startswith("IndexError")
    assert "encoder_kernel_sizes has 4 entries for the 5 levels" in page["our_error"]


def test_the_network_and_the_lectures(page):
    assert page["lecture_parameters"] == 1_754_347
    sides = [shape[0] for _, shape, _ in page["stages"]]
    assert sides == [320, 160, 80, 40, 20, 10, 10, 20, 40, 80, 160, 320, 320]
    parameters = [count for *_, count in page["stages"]]
    assert sum(parameters) == page["network_parameters"]
    assert parameters[6] > max(parameters[:6])  # the code's kernel of 5 x 5
    assert page["levels"][1:7] == [(160, 8), (80, 16), (40, 32), (20, 64), (10, 128), (10, 256)]
    assert page["levels"][-1] == (320, 3)


def test_odd_sizes_come_back(page):
    for size, (decoded, output) in page["odd_sizes"].items():
        assert output == size
        assert all(side % 32 == 0 for side in decoded)


def test_all_sizes_but_the_smallest_cost_the_same(page):
    *large, smallest = page["by_size"].values()
    assert len(large) == 5
    assert max(large) / min(large) < 1.01
    assert smallest < 0.6 * min(large)
    lists = {name: of[1] / of[0] for name, of in page["costs"].items()}
    assert lists["stay"] == pytest.approx([0.25, 1, 0.25])
    assert lists["double"] == pytest.approx([1, 4, 0.5])
    assert lists["quadruple"] == pytest.approx([4, 16, 1])
    kernels = page["kernels_at"]
    assert kernels[10] / sum(kernels.values()) > 0.5  # "most sit around the code"


# The experiment


def test_the_page_trains_as_the_script_did(page, shipped):
    for name, run in page["here"].items():
        known = shipped[name][0]["loss"][: page["SHORT"]]
        assert run["loss"][2:] == pytest.approx(known[2:], rel=0.25), name
        assert run["loss"][-1] < run["loss"][0] / 2
    first, second = (run["psnr"] for run in page["here"].values())
    blur = max(value for name, value in page["baseline"].items() if name.startswith("blur"))
    assert abs(first - blur) < 0.5  # "level with the blur"
    assert second > blur + 0.3  # "has passed it"
    assert len(page["clean"]) == 1200
    assert len(page["wanted"]) == 597


def test_runs_over_seeds(page, shipped):
    for name in [*WAYS, *(f"last: {last}" for last in LASTS)]:
        assert [len(run["loss"]) for run in shipped[name]] == [page["EPOCHS"]] * 3, name
    assert page["EPOCHS"] == 20
    runs = page["runs"]
    pooled = np.concatenate([runs["pooled", up] for up in ("nearest", "transposed")])
    learnt = np.concatenate([runs["learnt", up] for up in ("nearest", "transposed")])
    assert learnt.min() > pooled.max() > pooled.min()
    blur = max(value for name, value in page["baseline"].items() if name.startswith("blur"))
    assert abs(pooled - blur).max() < 1.2  # "hardly beat the blur"
    assert learnt.min() > blur + 1
    for down in ("pooled", "learnt"):
        nearest, transposed = (runs[down, up] for up in ("nearest", "transposed"))
        spread = max(np.ptp(nearest), np.ptp(transposed))
        assert abs(nearest.mean() - transposed.mean()) < spread


def test_pictures_are_those_of_the_runs(page, shipped):
    """The ten digits that are shown are as good as the whole test, give or take chance."""
    assert sorted(shipped["pictures"]) == sorted(WAYS)
    for name, images in page["PICTURES"].items():
        found = psnr(page["wanted"][: len(images)], images)
        assert found == pytest.approx(shipped[name][0]["psnr"], abs=1.5)


def test_after_training_hardly_a_pattern_is_left(page):
    worst = page["worst"]
    assert max(of.max() for of in worst.values()) < 1.1  # "a few per cent"
    for name in ("2 × 2", "4 × 4", "nearest"):  # the ranges overlap
        assert worst["3 × 3"].min() < worst[name].max()
    weakest = page["lasts"]["nearest"].max()
    assert all(page["lasts"][name].min() > weakest for name in ("2 × 2", "3 × 3", "4 × 4"))


def test_the_maximum_picks_the_noise(page):
    assert page["summaries"]["maximum"].mean() == pytest.approx(0.5, abs=0.03)
    assert page["summaries"]["mean"].mean() == pytest.approx(0, abs=0.01)
    assert page["summaries"]["maximum"].std() > 1.2 * page["summaries"]["mean"].std()


def test_errors_sit_at_the_edges(page):
    (near, far), blur = page["error_at"]["learnt, transposed"], page["error_at"]["blur"]
    assert 1.5 * far < near < 2.2 * far  # "nearly twice as much"
    assert far < 0.8 * blur[1]
    assert near > 0.9 * blur[0]  # "no better than the blur"
    assert blur[0] == pytest.approx(blur[1], rel=0.15)  # "everywhere alike"


# Quiz and exercises


def test_quiz_answers():
    row = np.array([10.0, 20.0]).reshape(1, 1, 2, 1)
    assert upsample_bilinear(row, (1, 2)).ravel()[:2].tolist() == [10, 12.5]
    assert input_sizes(13, 3, 2, "same") == [25, 26]
    for kernel_size, strides, even in ((3, 2, False), (5, 2, False), (6, 3, True), (2, 3, False)):
        inner = overlap_counts(6, kernel_size, strides)[kernel_size:-kernel_size]
        inner = inner[:, kernel_size:-kernel_size]
        assert (np.ptp(inner) == 0) == even
    assert overlap_counts(4, 1, 2, "same")[3, 4] == 0


def test_exercises():
    kernel = np.array([1.0, 3, 2]).reshape(1, 3, 1, 1)
    row = np.array([2.0, 0, 1]).reshape(1, 1, 3, 1)
    stamped = conv2d_transpose(row, kernel, (1, 2)).ravel()
    assert stamped.tolist() == [2, 6, 4, 0, 1, 3, 2]
    assert conv2d_transpose(row, kernel, (1, 2), "same").ravel().tolist() == stamped[:6].tolist()
    assert overlap_counts((1, 3), (1, 3), (1, 2)).ravel().tolist() == [1, 1, 2, 1, 2, 1, 1]
    for kernel_size in range(1, 7):
        for strides in range(1, 6):
            sizes = input_sizes(4, kernel_size, strides)
            assert transposed_size(4, kernel_size, strides) in sizes
    assert bilinear_kernels(2).shape[0] == 4
    half = np.array([0.5, 1, 0.5]).reshape(1, 3, 1, 1)
    ones = conv2d_transpose(np.ones((1, 1, 5, 1)), half, (1, 2)).ravel()
    assert ones[1:-1].tolist() == [1] * 9


def test_zeros_between_the_pixels_give_the_same():
    """Exercise 2: an ordinary convolution of the widened image, the kernel turned round."""
    from course_lib.convolution import conv2d

    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(3, 3, 2, 3))
    wide = np.zeros((2, 7 + 4, 9 + 4, 3))
    wide[:, 2:-2:2, 2:-2:2] = images
    turned = kernels[::-1, ::-1].transpose(0, 1, 3, 2)
    np.testing.assert_allclose(conv2d(wide, turned), conv2d_transpose(images, kernels, 2))


# What this chapter has


def test_the_exhibit_stands_where_it_is_needed():
    assert sum("\nUpsamplingExplorer()\n" in code for _, code in cells(STEM)) == 1
    assert text(STEM).count(":class: errata") == 4
