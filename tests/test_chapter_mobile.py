"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json
import runpy

import numpy as np
import pytest
from chapter_helpers import BOOK, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.mobile_costs import block_costs, saving, share_lost, total

STEM = "mobile"
ANCHORS = ("depthwise", "multiplier", "pointwise", "parameters", "inverted", "linear")


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(mobile-{name})=\n" in text(STEM)


def test_the_opening_counts():
    ordinary, separable = (
        total(block_costs(block, 14, 256, 256))[1] for block in ("ordinary", "separable")
    )
    assert (round(ordinary / 1e6), round(separable / 1e6)) == (116, 13)
    assert says("multiplies 116 million times")
    assert says("13 million products remain")


# Convolutions


def test_three_implementations_agree(page):
    assert max(page["differences"]) < 1e-4
    assert page["sparse"].size == 5 * page["kernels"].size


def test_maps_of_a_channel_stand_side_by_side(page):
    np.testing.assert_array_equal(page["order"], [1, -1, 10, -10, 100, -100])


def test_two_steps_are_one_convolution(page):
    assert page["apart_from_one"] < 1e-5
    assert page["together"].shape == (3, 3, 5, 7)


def test_a_multiplier_of_1_keeps_a_fifth(page):
    kept = page["kept"]
    assert kept[0] == pytest.approx(0.2, abs=0.03)
    assert (np.diff(kept) > 0).all()
    assert kept[8] == pytest.approx(1)
    assert says("A multiplier of 1 keeps a fifth of a random kernel")


def test_what_taking_apart_saves(page):
    shares = page["shares"]
    assert shares[3, 1] == pytest.approx(10 / 9)
    assert shares[3, 256] == pytest.approx(1 / 9, abs=0.005)
    assert shares[5, 256] == min(shares.values())
    for (size, filters), share in shares.items():
        assert share == pytest.approx(saving(size, filters))
        depthwise, pointwise = (
            s.parameters for s in block_costs("separable", 8, 256, filters, size)
        )
        assert (pointwise > depthwise) == (filters > size**2)  # more filters than taps


# Networks


def test_networks_are_the_papers(page):
    counts = page["counts"]
    assert counts["MobileNet"] == (4_253_864, 568_740_352)
    assert counts["MobileNetV2"] == (3_538_984, 300_774_272)
    assert says("4,253,864 and 3,538,984 parameters")
    assert says("569 and 300 million multiply-adds")


def test_ours_and_keras_compute_the_same(page):
    assert page["apart_from_keras"] < 1e-4
    assert page["same"][1].max() > 2e-3


def test_with_ordinary_convolutions(page):
    weights, products = page["sums"]["ordinary"] / 1e6
    assert (round(weights, 1), round(products)) == (29.3, 4_867)
    assert page["sums"]["separable"][1] == page["counts"]["MobileNet"][1]
    assert says("29.3 million weights and 4,866 million products")
    assert says("one million less than we count")


def test_where_the_products_are(page):
    """As table 2 of the paper, but for 1.19, which does not add up to 100."""
    percent = {name: round(100 * products, 2) for name, (products, _) in page["parts"].items()}
    assert percent["1 x 1"] == 94.86
    assert percent["3 x 3, depthwise"] == 3.06
    assert percent["dense"] == 0.18
    assert percent["3 x 3, ordinary"] == 1.91
    assert sum(percent.values()) == pytest.approx(100, abs=0.02)
    assert 94.86 + 3.06 + 0.18 + 1.19 < 99.5
    assert says("Nineteen in twenty products are in the 1 × 1 convolutions")
    assert says("only with 1.91")


# The inverted residual


def test_what_it_is_compared_with(page):
    for c, (one, two, inverted, inside) in page["compared"].items():
        assert inverted == 12 * c**2 + 54 * c
        assert two == 2 * one == 18 * c**2
        assert inverted > one
        assert inside == 9 * (6 * c) ** 2 > 5 * inverted
    fewer = [12 * c**2 + 54 * c < 18 * c**2 for c in range(1, 40)]
    assert fewer.index(True) + 1 == 10
    assert all(fewer[9:])
    assert says("so from $c = 10$ on")


def test_exercises_by_hand():
    steps = block_costs("inverted", 8, 16, 24)
    assert [step.parameters for step in steps] == [1536, 864, 2304]
    share = saving(3, 1) - 1 + 8 / 9  # 1 / f + 1 / 9 for f = 9 / 8
    assert share == pytest.approx(1)
    assert saving(1, 50) > 1


# Why linear


def test_points_that_are_lost(page):
    for (d, n), (share, measured) in page["lost"].items():
        assert share == share_lost(d, n)
        assert np.mean(measured) == pytest.approx(share, abs=0.25)
        if n == 6 * d:
            assert max(measured) < 0.02
    assert min(page["lost"][8, 8][1]) > 0.95
    assert share_lost(8, 8) == 1 - 2**-8
    assert says("a ReLU spares one point in $2^d$")
    assert says("About 1 in 256")


def test_the_spiral_in_words(page):
    """Of what is drawn, less than half is whole with 2 channels, about a half with 3, ..."""
    whole = [
        (page["relu_round_trip"](page["spiral"], width, seed=2)[1] >= 2).mean()
        for width in (2, 3, 5, 15)
    ]
    assert 0.2 < whole[0] < 0.5
    assert 0.4 < whole[1] < 0.6
    assert 0.75 < whole[2] < 1
    assert whole[3] == 1


def test_digits_that_can_be_told(page):
    told = page["told"]
    assert told["linear"].shape == (4, 5)
    linear, narrow, wide = (told[name] for name in ("linear", "narrow ReLU", "wide ReLU"))
    assert (narrow.max(axis=1) < linear.min(axis=1)).all()
    assert (wide.mean(axis=1) > linear.mean(axis=1)).all()
    assert says("the best projection with a ReLU is worse than the worst without")


def test_linear_bottlenecks_learn_more(page):
    """In the recipe's result: every start against every start, where the chapter says so."""
    trained = page["trained"]
    assert sorted({width for width, _ in trained}) == [2, 4, 8]
    for width in (2, 4, 8):
        linear, relu = trained[width, "linear"], trained[width, "relu"]
        assert len(linear["loss"]) == len(relu["told"]) == 5
        assert linear["loss"].max() < relu["loss"].min()
        apart = linear["told"].min() > relu["told"].max()
        assert apart == (width < 8)
        assert linear["told"].mean() > relu["told"].mean()
    gaps = [(trained[w, "linear"]["told"] - trained[w, "relu"]["told"]).mean() for w in (2, 4, 8)]
    assert min(gaps[:2]) > 0.1 > gaps[2]
    assert says("with 8 the starts overlap")


@pytest.mark.slow
def test_the_recipe_still_agrees():
    """A cheaper run of it: one start, four epochs, in which all starts have parted."""
    recipe = runpy.run_path(str(BOOK / "_data" / "mobile_linear.py"))
    linear, relu = (
        recipe["train"](2, kind, seeds=(0,), epochs=4)["loss"][0] for kind in (True, False)
    )
    shipped = json.loads((BOOK / "_data" / "mobile_linear.json").read_text("utf8"))["runs"]
    at_four = {name: np.array(run["loss"])[:, 3] for name, run in shipped.items()}
    assert at_four["2, linear"].max() < at_four["2, relu"].min() - 0.2
    assert linear[-1] < relu[-1] - 0.2
    assert recipe["EPOCHS"] == 10
    assert recipe["SEEDS"] == (0, 1, 2, 3, 4)


# Time


def test_time_does_not_follow_the_products(page):
    """What any machine should show, a busy one as well: measured were 2.4 to 3.7, and 6 to 31."""
    timed, products = page["timed"], page["products"]
    for c in page["CHANNELS"]:
        share = products[c]["separable"] / products[c]["ordinary"]
        assert share == pytest.approx(saving(3, c))
    shares = [timed[c]["separable"] / timed[c]["ordinary"] / saving(3, c) for c in page["CHANNELS"]]
    assert np.median(shares) > 1
    speed = page["speed"]
    assert np.median([speed[c, "3 x 3"] / speed[c, "depthwise"] for c in page["CHANNELS"]]) > 2


def test_moving_takes_most_of_a_depthwise_layers_time(page):
    """Measured were 1.2 to 4.2 times a ReLU's time for it, 13 to 49 for 3 x 3 of 64 and more."""
    slowness = page["slowness"]
    assert np.median([slowness[c, "depthwise"] for c in page["CHANNELS"]]) < 10
    for c in (64, 128):
        assert slowness[c, "3 x 3"] > 2 * slowness[c, "depthwise"]


def test_products_for_each_number_moved(page):
    intensity = page["intensity"]
    for c in page["CHANNELS"]:
        assert intensity[c, "depthwise"] == pytest.approx(4.5, abs=0.05)
        assert intensity[c, "3 x 3"] > intensity[c, "1 x 1"] > intensity[c, "depthwise"]
    assert says("4.5 products for each number that it moves")


# Quiz


def test_quiz_arithmetic():
    assert divmod(3, 2) == (1, 1)
    assert saving(3, 1) == pytest.approx(1 + 1 / 9)
    assert 1 - share_lost(8, 8) == 1 / 256
