"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json
import runpy
import sys

import numpy as np
import pytest
from chapter_helpers import BOOK, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.exhibits.self_supervised import SCATTERED, contrast

STEM = "self_supervised"
ANCHORS = (
    "views",
    "loss",
    "mistakes",
    "temperature",
    "negatives",
    "pretraining",
    "probe",
    "choices",
    "clusters",
)


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def recipes():
    """The functions of the two recipes."""
    sys.path.insert(0, str(BOOK / "_data"))
    try:
        yield {
            name: runpy.run_path(str(BOOK / "_data" / f"self_supervised_{name}.py"))
            for name in ("labels", "choices")
        }
    finally:
        sys.path.remove(str(BOOK / "_data"))


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def shipped(name):
    return json.loads((BOOK / "_data" / f"self_supervised_{name}.json").read_text("utf8"))


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(self-supervised-{name})=\n" in text(STEM)


def test_nothing_is_left_to_be_written():
    assert "PROSE" not in text(STEM)


# The opening


def test_what_is_laid_out(page):
    assert page["TRAIN"] == 1200
    assert len(page["images"]) - 1200 == 597 == len(page["shown"])
    assert page["features"]["pretrained"].shape == (1797, 64)
    assert page["features"]["random"].shape == (1797, 64)


# The live figure


def test_what_to_look_for_in_the_figure():
    collapsed = contrast((86, 88, 90, 92, 94, 96, 98, 100), 0.5)
    assert collapsed.loss == pytest.approx(np.log(7), abs=0.02)
    resting = contrast((0, 90, 180, 270) * 2, 0.5)
    assert np.abs(resting.slopes).max() < 1e-9
    assert resting.loss == pytest.approx(np.log(1 + 4 * np.exp(-2) + 2 * np.exp(-4)))


def test_spread_out_is_the_best_on_a_circle():
    from scipy.optimize import minimize

    def both(radians):
        found = contrast(np.rad2deg(radians), 0.5)
        return found.loss, found.slopes

    resting = contrast((0, 90, 180, 270) * 2, 0.5).loss
    rng = np.random.default_rng(0)
    ends = [minimize(both, rng.uniform(0, 2 * np.pi, 8), jac=True).fun for _ in range(30)]
    assert min(ends) == pytest.approx(resting, abs=1e-5)


# The loss


def test_code_and_formula_agree(page):
    loops = page["nt_xent_loops"](page["one"], page["other"])
    assert float(page["nt_xent"](page["one"], page["other"])) == pytest.approx(loops, abs=1e-4)
    assert page["apart"] == pytest.approx(page["by_hand"], abs=1e-5)
    assert page["collapsed"] == pytest.approx(np.log(7), abs=1e-5)


def test_the_matrix(page):
    np.testing.assert_allclose(page["chances"].sum(axis=1), 1)
    assert page["chances"].shape == (12, 12)


def test_wrong_losses(page):
    found = page["found_wrong"]
    right = found["as it should be"]
    due = float(page["nt_xent"](page["one"], page["near"]))
    assert right == pytest.approx(due, abs=1e-5)
    others = [value for name, value in found.items() if name != "as it should be"]
    assert min(abs(value - right) for value in others) > 1e-3
    assert found["a row may choose itself"] > right
    assert abs(found["one direction only"] - right) < 0.1
    assert found["times the temperature"] > right
    assert found["partners misaligned"] > right


def test_what_is_said_of_the_mistakes(page):
    wrong, square = page["wrong_loss"], 100 * np.eye(4)
    assert wrong(square, square, tau=0.01, keep_self=True) == pytest.approx(np.log(2))
    assert wrong(square, square, multiply=True) > np.log(7) - 0.45
    assert wrong(square, square) < 0.7
    short, long = (wrong(size * np.eye(4), size * np.eye(4), lengths=True) for size in (1, 3))
    assert long < 0.01 < short


def test_misaligned_partners_end_in_guessing(recipes):
    """The loss falls, and to no less than nearly log(2 N - 1)."""
    from course_lib.self_supervised import embed, pretrain, turned_pair

    images, _ = recipes["labels"]["data"]()

    def misaligned(images, rng):
        first, second = turned_pair(images, rng)
        return first, second[rng.permutation(len(second))]

    model = recipes["labels"]["encoder"](0)
    loss = pretrain(model, images[:512], epochs=6, augment=misaligned)["loss"]
    assert loss[0] > loss[-1]
    assert loss[-1] == pytest.approx(np.log(127), abs=0.1)
    assert embed(model, images[:2]).shape == (2, 64)


def test_temperature(page):
    spread = page["spread"]
    assert spread[0.05][0] > 0.85
    assert spread[0.05][1] < 1e-6
    assert spread[2][0] < 0.3
    assert spread[2][0] < 3 * spread[2][1]
    firsts = [spread[t][0] for t in sorted(spread)]
    assert firsts == sorted(firsts, reverse=True)
    assert contrast(SCATTERED, 0.5).loss == pytest.approx(1.63, abs=0.005)


def test_one_negative_in_ten_is_false(page):
    assert page["false"] == pytest.approx(0.1, abs=0.01)
    assert says("about one negative in ten shows the *same* digit")


# Pretraining and probes


def test_pretraining_curve(page):
    losses = page["losses"]
    assert len(losses) == 10
    assert losses[0] == pytest.approx(4.2, abs=0.1)
    assert losses[-1] == pytest.approx(3.3, abs=0.1)
    assert losses == sorted(losses, reverse=True)
    assert np.log(127) == pytest.approx(4.84, abs=0.005)


def test_without_augmentation_the_loss_falls_lower(page, recipes):
    from course_lib.self_supervised import pretrain

    model = recipes["labels"]["encoder"](0)
    settings = {"epochs": 3, "augment": recipes["choices"]["no_change"]}
    loss = pretrain(model, page["images"][:1200], **settings)["loss"]
    assert np.log(1 + 126 * np.exp(-2)) == pytest.approx(2.89, abs=0.005)
    assert loss[-1] < page["losses"][-1] - 0.1
    runs = shipped("choices")["runs"]
    assert max(runs["no change"]) < min(runs["all, as used"]) - 0.05


def test_ten_epochs_are_better_than_both_baselines(page):
    probes = page["probes"]
    for few in range(3):
        assert probes["pretrained"][few] > max(probes["pixels"][few], probes["random"][few]) + 0.02
    assert (np.array(probes["pixels"]) > probes["random"]).all()


def test_the_opening_compares(page):
    assert round(100 * page["probes"]["pixels"][0]) == 59
    assert page["probes"]["pretrained"][0] == pytest.approx(0.80, abs=0.02)
    assert says("reads 59 % of other digits")
    assert says("reads 80 %")


def test_labels(page):
    table, each = page["table"], page["each"]
    assert each == [1, 3, 10, 30, 80]
    assert all(of.shape == (5, 5) for of in table.values())
    mean = {arm: of.mean(axis=1) for arm, of in table.items()}
    one = {arm: of[0] for arm, of in mean.items()}
    assert one["pretrained"] - one["pixels"] == pytest.approx(0.18, abs=0.03)
    assert one["pretrained"] - one["scratch"] == pytest.approx(0.1, abs=0.02)
    assert (mean["random"] < mean["pixels"]).all()
    assert (mean["pretrained"] > mean["pixels"]).all()
    assert abs(mean["pretrained"][2] - mean["scratch"][2]) < 0.015
    assert abs(mean["tuned"][1] - mean["pretrained"][1]) < 0.01
    best = np.maximum(mean["pretrained"], mean["scratch"])
    assert (mean["tuned"] > best)[2:4].all()
    assert (mean["tuned"] > mean["scratch"]).all()
    assert np.ptp([mean[arm][4] for arm in ("pretrained", "scratch", "tuned")]) < 0.014
    assert np.ptp(table["pixels"][0]) > 0.1


def test_which_choices_matter(page):
    tried = {name: np.array(of) for name, of in shipped("choices")["runs"].items()}
    mean = {name: of.mean() for name, of in tried.items()}
    used = tried["all, as used"]
    assert mean["no change"] < page["probes"]["pixels"][2] - 0.03
    assert tried["turned by up to 180"].max() < tried["no change"].mean()
    assert (tried["turned by up to 180"] < tried["no change"]).all()
    assert 0.01 < mean["contrast"] - mean["no change"] < 0.04
    steps = mean["shift and contrast"] - mean["contrast"], used.mean() - mean["shift and contrast"]
    assert steps[0] > 0.04 > steps[1] > 0.01
    assert used.min() > tried["shift and contrast"].max()
    assert used.mean() - mean["temperature 0.05"] == pytest.approx(0.03, abs=0.005)
    assert abs(used.mean() - mean["batches of 8"]) < 0.015
    assert max(tried["temperature 0.05"]) < used.min()
    assert 0.02 < used.mean() - mean["batches of 512"] < 0.04
    assert 20 * (1200 // 512) == 40


def test_clusters(page):
    agree = {kind: np.mean(of) for kind, of in page["agree"].items()}
    assert agree["random"] < agree["pixels"] < agree["pretrained"]
    assert 0.02 < agree["pretrained"] - agree["pixels"] < 0.12
    assert agree["pretrained"] == pytest.approx(0.68, abs=0.02)
    assert says('"0.68, without a single label"')


@pytest.mark.slow
def test_recipes_still_agree(recipes):
    """Cheaper runs: a few epochs are enough to part the arms."""
    labels, choices = recipes["labels"], recipes["choices"]
    from course_lib.self_supervised import embed

    images, _ = labels["data"]()
    fresh = labels["probed"](embed(labels["encoder"](0), images), 3, 0)
    assert fresh == pytest.approx(shipped("labels")["runs"]["random"]["3"][0], abs=0.02)
    made = labels["probed"](embed(labels["pretrained"](0, epochs=4), images), 3, 0)
    assert made > fresh + 0.04
    short = labels["trained"](80, 0, steps=40)
    assert 0.6 < short <= shipped("labels")["runs"]["scratch"]["80"][0] + 0.02
    assert labels["SEEDS"] == (0, 1, 2, 3, 4)
    assert (labels["EPOCHS"], labels["STEPS"]) == (20, 240)
    assert list(choices["CHOICES"]) == list(shipped("choices")["runs"])
    assert (choices["EPOCHS"], choices["EACH"], len(choices["SEEDS"])) == (20, 10, 3)
