"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load

STEM = "unet"
SEEDS = 3  # of both experiments that ship


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def shipped(name):
    """What a script beside the chapter has measured: runs by arm, lists of dictionaries."""
    results = json.loads((BOOK / "_data" / f"{name}.json").read_text("utf8"))
    return {arm: list(runs.values()) for arm, runs in results.items()}


@pytest.fixture(scope="module")
def arms():
    """The arms of the experiment on skips, as arrays over the seeds."""
    names = ("iou", "near", "away", "wrong", "parameters", "share near")
    runs = shipped("unet_skips").items()
    return {arm: {n: np.array([run[n] for run in of]) for n in names} for arm, of in runs}


@pytest.fixture(scope="module")
def losses():
    """The arms of the experiment on losses, as arrays over seeds and epochs."""
    runs = shipped("unet_losses").items()
    return {name: {k: np.array([run[k] for run in of]) for k in of[0]} for name, of in runs}


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for part in check.parts:
            assert f"\n({part.read.partition('#')[2]})=\n" in text(STEM)


# Data


def test_scenes_and_what_a_threshold_finds(page):
    assert page["images"].shape == (200, 64, 64, 3)
    assert 0.1 < page["covered"] < 0.18
    assert 0.72 < max(page["overlaps"]) < 0.86
    assert 0 < page["best"] < len(page["thresholds"]) - 1  # not at an end of what was tried


# The network


def test_what_a_skip_costs(page):
    counts, filters = page["counts"], page["filters"]
    assert counts[True] - counts[False] == page["extra"] == sum(9 * f**2 for f in filters[:-1])
    assert counts[True] == 121_881


def test_each_skip_moves_the_output_at_its_own_scale(page):
    assert page["reach"] == [9 * 2**level - 4 for level in range(3)] + [36] == [5, 14, 32, 36]
    for level, of in enumerate(page["moves"]):
        assert int((of > 0).any(axis=0).sum()) == page["reach"][level]


def test_the_control_cannot_be_moved_through_its_skips(monkeypatch):
    """What the text says of a network that joins the decoder with itself."""
    monkeypatch.syspath_prepend(BOOK / "_data")
    import keras
    from unet_skips import build

    model = build("twice", 16)
    assert model.count_params() == build("all", 16).count_params()
    skip = model.get_layer("encoder_0_conv_2_relu").output
    pooled = model.get_layer("pool_1").output
    kept = keras.Model([skip, pooled], model.output)
    rng = np.random.default_rng(0)
    ends = [rng.random((1, *of.shape[1:])).astype("float32") for of in (skip, pooled)]
    moved = np.array(kept([ends[0] + 1, ends[1]])) - np.array(kept(ends))
    assert np.abs(moved).max() == 0


# What the skips are worth


def test_skips_help_with_every_seed_and_at_the_borders_most(arms):
    assert {len(of["iou"]) for of in arms.values()} == {SEEDS}
    everything, nothing = arms["all"], arms["none"]
    assert nothing["iou"].max() < 0.9
    assert everything["iou"].min() > 0.97
    assert (everything["near"] > nothing["near"] + 0.2).all()
    away = everything["away"] - nothing["away"]
    assert away.max() < 0.03
    assert away.min() < 0.001  # "with one seed next to nothing"


def test_the_share_of_pixels_near_a_border(arms):
    assert arms["all"]["share near"] == pytest.approx(0.1, abs=0.01)


def test_it_is_not_the_parameters(arms):
    assert (arms["twice"]["parameters"] == arms["all"]["parameters"]).all()
    assert arms["none"]["parameters"][0] < arms["all"]["parameters"][0]
    assert arms["twice"]["iou"].max() < 0.9
    assert abs(arms["twice"]["iou"].mean() - arms["none"]["iou"].mean()) < 0.02


def test_the_finest_skip_does_nearly_all(arms):
    mean = {arm: of["near"].mean() for arm, of in arms.items()}
    order = ["none", "coarsest only", "all but the finest", "finest only", "all"]
    assert mean["finest only"] > mean["all"] - 0.02
    assert [mean[arm] for arm in order[:4]] == sorted(mean[arm] for arm in order[:4])


def test_wrong_pixels_by_distance(arms):
    wrong = {arm: of["wrong"].mean(axis=0) for arm, of in arms.items()}
    assert wrong["none"][0] == pytest.approx(0.3, abs=0.02)
    assert wrong["all"][0] < 0.05
    for of in wrong.values():
        assert of[3:].max() < 0.005  # "from distance 4 on"
        assert (np.diff(of[:4]) < 0).all()
    gap = wrong["none"] - wrong["all"]
    assert gap[3:].max() < 0.02 * gap[0]  # "hardly anything is left"
    # The quiz: far from borders more than 99 pixels in 100 are right, with and without.
    assert max(wrong[arm][3:].max() for arm in ("none", "all")) < 0.01


def test_the_page_measures_what_the_script_measured(page):
    """A small version: the same signs."""
    none, everything = page["here"]["none"], page["here"]["all"]
    assert everything["near"] > none["near"]
    assert everything["iou"] > none["iou"]
    assert everything["loss"][-1] < everything["loss"][0]


# Sizes


def test_sizes(page):
    assert page["skip_size"] == (25, 25)
    assert page["up_size"] == (24, 24)
    assert "Concatenate" in page["message"]
    assert page["outputs"] == {size: size for size in page["outputs"]}
    assert page["answer"].shape == (2, 50, 61, 1)


def test_padding_to_a_multiple_changes_nothing_that_is_one(page):
    assert page["difference"] < 1e-5


# Scores


def test_scores_of_nothing_and_of_broadcasting(page):
    truth, nothing = page["truth"], page["nothing"]
    assert (truth == nothing).mean() > 0.82
    assert page["silent"] > page["mask"].sum()
    assert page["curves"]["right pixels"].min() > 0.97
    assert np.diff(page["curves"]["IoU"])[2:].mean() > 0
    assert page["curves"]["IoU"][0] == pytest.approx(0.45, abs=0.03)
    assert page["curves"]["IoU"][-1] > 0.94
    assert page["curves"]["Dice"][0] == pytest.approx(0.6, abs=0.03)
    # "better for the small disc"
    assert page["curves"]["right pixels"][0] > page["curves"]["right pixels"][-1]


def test_means_of_iou_and_dice_may_disagree(page):
    careful, bold = page["both"]["careful"], page["both"]["bold"]
    assert bold[0] > careful[0] + 0.005
    assert careful[1] > bold[1] + 0.1


def test_finding_nothing_is_worth_almost_a_half_with_the_background(page):
    assert np.mean(page["joint"]) == pytest.approx(0.43, abs=0.05)


# Losses


def test_pulls(page):
    ratios = {name: np.array(of) for name, of in page["ratios"].items()}
    shares = np.array(page["shares"])
    np.testing.assert_allclose(ratios["cross-entropy"], (1 - shares) / shares, rtol=0.05)
    assert ratios["cross-entropy"][2] == pytest.approx(99, rel=0.03)
    assert ratios["cross-entropy"][1] == pytest.approx(19, rel=0.03)  # the hint of exercise 7
    for name in ("Dice", "IoU"):
        assert (np.abs(np.log2(ratios[name])) < 1).all()


def test_slope_of_iou_after_dice():
    """½ where nothing is found, 2 where all is."""
    dice = np.array([0, 1e-6, 1 - 1e-6, 1])
    slopes = np.diff(dice / (2 - dice))[::2] / 1e-6
    np.testing.assert_allclose(slopes, [0.5, 2], rtol=1e-4)
    assert says("whose slope is ½ where")


def test_which_loss_is_ahead(losses):
    names = ("cross-entropy", "Dice", "both", "IoU")
    entropy, dice, both, of_iou = (losses[name]["iou"] for name in names)
    assert entropy.shape == of_iou.shape == (SEEDS, 10)
    assert (entropy[:, 1] > np.maximum(dice, of_iou)[:, 1]).all()  # "with every seed"
    assert entropy[:, 1].min() > 0.7
    means = {name: of["iou"][:, -1].mean() for name, of in losses.items()}
    assert (both[:, -1] > np.max([entropy, dice, of_iou], axis=0)[:, -1]).all()
    assert sorted(means.values())[-2] > means["both"] - 0.03  # "if by little"
    ends = np.array([of["iou"][:, -1] for of in losses.values()])
    assert 0.85 < ends.min() < ends.max() < 0.94
    foreground = losses["both"]["foreground"].mean()
    assert foreground == pytest.approx(0.06, abs=0.004)
    assert both[:, 1].min() > 0.7


def test_dice_is_surer(losses):
    unsure = {name: of["unsure"] for name, of in losses.items()}
    assert 0.045 < unsure["cross-entropy"].min() < unsure["cross-entropy"].max() < 0.31
    assert 0.01 < unsure["Dice"].min() < unsure["Dice"].max() < 0.145
    assert unsure["Dice"].mean() < unsure["cross-entropy"].mean()
    assert 0.01 < unsure["IoU"].min() < unsure["IoU"].max() < 0.195
    assert unsure["both"].max() < 0.02


def test_right_pixels_tell_nothing(losses):
    assert losses["cross-entropy"]["right"][:, 1].mean() > 0.95
    assert losses["both"]["right"][:, 1].mean() > 0.95


def test_the_page_trains_with_losses_as_the_script_does(page):
    for of in page["tried"].values():
        assert len(of["iou"]) == 3
        assert of["iou"][-1] > 0


# The original


def test_the_original(page):
    assert page["total"] == 31_030_658
    assert page["output_shape"] == (388, 388, 2)
    assert 123.5e6 < page["total"] * 4 < 124.5e6  # bytes of float32
    assert page["sizes"] == [568, 280, 136, 64, 28, 52, 100, 196, 388]
    assert (572 - 388) / 2 == 92
    assert 0.4 < page["bottom"] / page["total"] < 0.5
    assert page["bottom"] == 9 * 512 * 1024 + 9 * 1024 * 1024 + 2 * 1024
    convolutions = [name for name in page["by_layer"] if page["by_layer"][name]]
    assert len(convolutions) == 23


# Quiz and exercises


def test_quiz_answers():
    from course_lib.unet import dice, iou

    assert -(-50 // 2) == 25
    assert -(-25 // 2) == 13
    assert -(-13 // 2) == 7
    third = 1 / 3
    assert 2 * third / (1 + third) == pytest.approx(0.5)
    one, other = [[[1, 1, 1, 0, 0, 0]]], [[[0, 1, 1, 1, 1, 0]]]
    assert iou(one, other)[0] == pytest.approx(0.4)
    assert dice(one, other)[0] == pytest.approx(4 / 7)
    assert np.sum(np.equal(one, other)) == 3


def test_exercises():
    from course_lib.unet import original_unet

    assert 9 * (16**2 + 32**2 + 64**2) == 48_384
    assert 1 + 6 * 2 == 13
    import keras

    fits = []
    for size in (140, 172, 180, 188, 190, 204):
        try:
            original_unet(keras.Input((size, size, 1)), filters=(1, 1, 1, 1, 1))
            fits.append(size)
        except ValueError:
            pass
    assert fits == [188, 204]
    assert {size % 16 for size in fits} == {12}
    assert 16 * 8 + 60 == 188


# What this chapter has


def test_the_exhibit_stands_where_it_is_needed():
    from course_lib.exhibits.unet import SkipExplorer
    from course_lib.exhibits.unet_network import load as load_weights
    from course_lib.exhibits.unet_network import weight_count
    from course_lib.unet import border

    assert sum("\nSkipExplorer()\n" in code for _, code in cells(STEM)) == 1
    assert weight_count(load_weights()) == 19_049
    # "Without any skip the egg hardly changes", and what the others lose
    lost, near, whole = {}, {}, {}
    for example in SkipExplorer().examples:
        full, none = (
            SkipExplorer(example["strokes"], filled=example["filled"], switches=s).scores()
            for s in ((True, True, True), (False, False, False))
        )
        lost[example["name"]] = full["iou"] - none["iou"]
        near[example["name"]] = full["near"] - none["near"]
        whole[example["name"]] = full["iou"]
    assert lost["egg"] < 0.02
    assert lost["comb"] > whole["comb"] / 3
    assert lost["spiral"] > whole["spiral"] / 2
    assert all(near[name] > lost[name] + 0.02 for name in ("star", "comb", "egg"))
    (spiral,) = (one for one in SkipExplorer().examples if one["name"] == "spiral")
    drawn = SkipExplorer(spiral["strokes"], filled=spiral["filled"]).mask()[np.newaxis]
    assert border(drawn)[drawn].mean() > 0.95  # "nothing but border"
