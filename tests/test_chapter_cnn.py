"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import ast
import re
import runpy

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.cnn import (
    average_pool2d,
    clip_by_global_norm,
    clip_by_value,
    max_pool2d,
    max_pool2d_gradient,
    table_text,
)
from course_lib.exhibits.cnn import TABLE

STEM = "cnn"
ANCHORS = ("flatten", "strides", "pooling", "average", "pooling-windows", "pooling-same",
    "pooling-gradient", "network", "table", "clipping")  # fmt: skip


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def one_map(rows):
    """A table as a batch of one image with one channel."""
    return np.array(rows, float)[np.newaxis, ..., np.newaxis]


# Backbone, head, table


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(cnn-{name})=\n" in text(STEM)


def test_the_lectures_table(page):
    rows = page["rows"]
    expected = [224, 584, 0, 1168, 2320, 0, 4640, 9248, 0, 0, 16227, 0]
    assert [row.parameters for row in rows] == expected
    assert sum(expected) == 34_411
    assert [row.output_shape[0] for row in rows[:9]] == [100] * 2 + [50] * 3 + [25] * 3 + [13]
    assert rows[9].output_shape == (5408,)
    assert rows[10].parameters == 5408 * 3 + 3 == 16_224 + 3
    assert says("It has 34,411 parameters, and nearly half of them stand in its last layer")
    assert 0.45 < 16_227 / 34_411 < 0.5
    assert 100 * 100 * 3 == 30_000
    assert 13 * 13 * 32 == 5408
    assert 12 * 12 * 32 == 4608
    for number in expected:
        assert number == 0 or str(number) in table_text(rows)


def test_backbone_and_head(page):
    backbone = 34_411 - 16_227
    assert backbone == 18_184
    assert says("The backbone of the lecture's network has 18,184 parameters")
    assert (100 * 100 * 32 + 1) * 3 == 960_003
    assert says("Without any halving the head would have 960,003")
    assert page["counts"] == [(112 // 4) ** 2 * 32 * 3 + 3 + backbone, backbone + 33 * 3]
    assert backbone + 99 == 18_283


def test_shares_of_parameters_and_work(page):
    """The alternative text of the figure."""
    parameters, products = page["shares"].values()
    named = dict(zip(page["names"], zip(parameters, products, strict=True), strict=True))
    assert named["dense"][0] == pytest.approx(0.47, abs=0.005)
    assert named["conv_6"][0] == pytest.approx(0.27, abs=0.005)
    assert named["conv_5"][0] == pytest.approx(0.13, abs=0.005)
    assert named["conv_1"][0] + named["conv_2"][0] == pytest.approx(0.02, abs=0.005)
    for name in ("conv_2", "conv_4", "conv_6"):
        assert named[name][1] == pytest.approx(0.23, abs=0.005)
    assert named["dense"][1] < 0.001


def test_strides_halve_the_work(page):
    assert page["totals"] == [25_216_224, 12_373_728]
    by_name = page["by_name"]
    for row in page["work"]:
        if row.name in ("conv_2", "conv_4", "conv_6"):
            assert 3.6 < row.multiply_adds / by_name[row.name] <= 4
    assert sum(row.pooling for row in page["work"]) == 106_224
    assert says("The pooling's own comparisons, 106,224 of them")


# Pooling


def test_the_lectures_digits_are_those_of_the_exhibit(page):
    assert page["table"].astype(int).tolist() == [list(row) for row in TABLE]
    assert page["max_2"].shape == (1, 4, 4, 1)
    assert page["max_2_same"].shape == (1, 5, 5, 1)
    assert page["max_3"][0, :, :, 0].tolist() == [[8, 9, 9], [9, 9, 9], [9, 9, 7]]  # the alt text
    np.testing.assert_allclose(page["mean_3"], page["same_mean"])
    assert not np.array_equal(page["double"], page["apart"])


def test_the_border(page):
    naive, right = page["naive"], page["right"]
    assert naive["max"].ravel().tolist() == [-2, 0, 0, 0]
    assert right["max"].ravel().tolist() == [-2, -2, -3, -7]
    assert naive["mean"].ravel().tolist() == [-5, -2, -2, -1.75]
    assert right["mean"].ravel().tolist() == [-5, -4, -4, -7]
    assert page["sticks_out"] == 25
    assert says("25 of the 169 windows stick out")
    np.testing.assert_allclose(page["ours"], page["theirs"])
    np.testing.assert_allclose(page["mean_ours"], page["mean_theirs"], atol=1e-6)


def test_gradients(page):
    assert page["to_max"][2, 2] == page["to_max"].sum() == 10
    ninths = np.rint(9 * page["to_mean"]).astype(int)
    assert ninths[2].tolist() == [4, 4, 10, 6, 6]
    assert ninths[:, 2].tolist() == [3, 3, 10, 7, 7]
    assert page["to_mean"].sum() == pytest.approx(10)
    assert max(page["worst"].values()) < 1e-7


# What was trained


def test_the_shipped_comparison(page):
    runs = page["runs"]
    assert len(runs) == 4
    for of in runs.values():
        assert of.shape == (4,)
        assert 0.86 < of.min() < of.max() < 0.94  # the alternative text
        assert np.ptp(of) > 0.02
    means = [of.mean() for of in runs.values()]
    spread = min(np.ptp(of) for of in runs.values())
    assert max(means) - min(means) < spread  # "closer together than the seeds of one network"


def test_labels_drawn_by_lot_are_learnt(page):
    assert len(page["lottery"]) == 3
    assert min(page["lottery"]) > 0.6  # guessing gives 0.1


def test_the_recipe_still_agrees():
    """A cheaper run of it: two epochs, and the same order of magnitude."""
    scope = runpy.run_path(str(BOOK / "_data/cnn_downsampling.py"))
    assert scope["compare"]("strides", True, 0, epochs=4) > 0.6
    assert f"{scope['TRAINING']:,} digits" in text(STEM)
    assert len(scope["SEEDS"]) == 4
    assert scope["EPOCHS"] == 10


def test_the_network_that_the_page_trains(page):
    assert page["accuracy"] > 0.88
    assert page["maps_1"].shape == (3, 16, 16, 8)
    assert (page["maps_1"] >= 0).all()
    assert page["SEES"] == 10


def test_what_a_number_of_conv_3_sees():
    """Ten pixels along each side: the window that the figure of patches lights."""
    import keras

    from course_lib.exhibits.cnn_training import network
    from course_lib.models import as_model

    model = as_model(network, (16, 16, 1))
    for weight in model.weights:
        weight.assign(np.ones_like(weight))
    deeper = keras.Model(model.input, model.get_layer("conv_3").output)
    image = np.zeros((1, 16, 16, 1))
    seen = []
    for x in range(16):
        image[:] = 0
        image[0, 7, x] = 1
        seen.append(float(np.asarray(deeper(image))[0, 3, 3, 0]))
    none = float(np.asarray(deeper(np.zeros_like(image)))[0, 3, 3, 0])
    assert [x for x in range(16) if seen[x] != none] == list(range(2 * 3 - 4, 2 * 3 - 4 + 10))


# Clipping


def test_gradients_explode_with_the_weights(page):
    first = {scale: norms[:, 0] for scale, norms in page["by_layer"].items()}
    assert 2**12 == 4096
    assert first[2].min() > 1000 * first[1].max()
    assert first[1].min() > 1000 * first[0.5].max() / 4
    assert first[1.5].min() > first[1].max()
    for norms in page["by_layer"].values():  # "at each scale the layers are alike"
        assert norms.mean(axis=0).max() < 20 * norms.mean(axis=0).min()


def test_clipping_saves_the_descent(page):
    losses = {name: np.array([one for one, _ in of]) for name, of in page["descents"].items()}
    free, by_value, by_norm = losses.values()
    assert (free.max(axis=1) > 2 * free[:, 0]).all()
    last = [np.median(of[:, -10:].mean(axis=1)) for of in (free, by_value, by_norm)]
    assert last[0] > 2  # guessing gives 2.3
    assert last[1] < 1.6
    assert last[2] < 1.6
    for of in (by_value, by_norm):
        assert (of.max(axis=1) < 1.5 * of[:, 0]).all()


def test_directions(page):
    for arrow in page["arrows"]:
        shortened = clip_by_global_norm([arrow], 1)[0][0]
        assert arrow @ shortened == pytest.approx(np.linalg.norm(arrow) * np.linalg.norm(shortened))
    kept = [np.allclose(clip_by_value([a], 1)[0], a) for a in page["arrows"]]
    assert kept == [False] * 4 + [True]
    assert page["cosine"] < 0.9  # clipnorm, the last that was printed


# Quiz, exercises, text


def test_quiz_answers():
    assert 3 * 3 * 8 * 16 == 1152
    assert 1152 + 16 == 1168
    assert 1168 * 625 == 730_000
    assert (3 * 3 + 1) * 16 == 160
    assert max_pool2d(np.zeros((1, 25, 25, 1)), padding="same").shape[1] == 13
    assert max_pool2d(np.zeros((1, 25, 25, 1))).shape[1] == 12
    corner = one_map([[-9, -9, -3], [-9, -9, -1]])
    assert max_pool2d(corner, padding="same")[0, 0, 1, 0] == -1
    assert average_pool2d(corner, padding="same")[0, 0, 1, 0] == -2
    shared = one_map([[0, 0, 0, 0, 0]] * 3)
    shared[0, 1, 2, 0] = 1
    above = np.array([5.0, -2.0]).reshape(1, 1, 2, 1)
    assert max_pool2d_gradient(shared, above, 3, 2)[0, 1, 2, 0] == 3
    assert clip_by_global_norm([np.array([3.0, 4.0])], 10)[0][0].tolist() == [3, 4]
    assert clip_by_value([np.array([30.0, 40.0])], 10)[0].tolist() == [10, 10]
    np.testing.assert_allclose(clip_by_global_norm([np.array([30.0, 40.0])], 10)[0][0], [6, 8])


def test_exercise_by_hand():
    corner = one_map(TABLE)[:, :4, :4]
    assert max_pool2d(corner).ravel().tolist() == [8, 4, 9, 5]
    assert average_pool2d(corner).ravel().tolist() == [3.75, 3, 5, 4]
    assert max_pool2d(corner, 2, 1).ravel().tolist() == [8, 4, 4, 5, 4, 4, 9, 9, 5]
    means = [3.75, 2.75, 3, 3.5, 4, 3.75, 5, 5, 4]
    assert average_pool2d(corner, 2, 1).ravel().tolist() == means


def test_exercise_without_padding():
    size = 100
    for _ in range(3):
        size //= 2
    assert size == 12
    assert (4608 + 1) * 3 == 13_827
    assert 18_184 + 13_827 == 32_011


def test_exercise_of_the_minimum():
    image = one_map(TABLE)
    assert (-max_pool2d(-image, 3))[0, 0, 0, 0] == 1


def test_exercise_of_the_rate():
    """Without clipping a far smaller rate survives the first step."""
    from course_lib.cnn import backbone, descend, head
    from course_lib.data import digits
    from course_lib.models import as_model

    code = next(code for _, code in cells(STEM) if "def exploding" in code)
    function = ast.get_source_segment(code, ast.parse(code).body[0])
    import keras

    scope = {"keras": keras, "as_model": as_model, "backbone": backbone, "head": head}
    exec(function, scope)
    images, labels = digits()
    losses, _ = descend(scope["exploding"](0), images, labels, 5, 0.001)
    assert losses.max() < 1.3 * losses[0]


def test_what_this_chapter_has():
    assert "\nDrawingExplorer()\n" in text(STEM)
    assert "\nPoolingExplorer()\n" in text(STEM)
    assert text(STEM).count(":class: errata") == 5
    assert "_TEXT" not in text(STEM)
    assert len(re.findall(r"^:::\{quiz\}", text(STEM), re.MULTILINE)) == 9


def test_an_epoch_of_the_page_is_one_execution():
    """`steps_per_execution=45` must not leave a rest, or each epoch would be traced twice."""
    assert -(-1437 // 32) == 45
