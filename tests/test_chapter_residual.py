"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json
from importlib.metadata import version

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

STEM = "residual"
ANCHORS = ("block", "shortcut", "onednn", "gradients", "resnet", "parameters")
DEPTHS = (8, 20, 32, 56)


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def shipped():
    """What the script beside the chapter has measured, as arrays: runs[name]["loss" or "test"]."""
    results = json.loads((BOOK / "_data" / "residual_depth.json").read_text(encoding="utf8"))
    runs = results["runs"].items()
    return {name: {key: np.array(of) for key, of in run.items()} for name, run in runs}


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(residual-{name})=\n" in text(STEM)


# Gradients


def test_products_of_equal_factors():
    assert 5e-11 < 0.65**55 < 6e-11
    assert 100 < 1.1**55 < 1000


@pytest.fixture(scope="module")
def gradients(page):
    """Norms by seed and kernel: those that the page has measured, and shipped ones."""
    return lambda block, depth, words: page["measured"][f"{block}, {depth}, {words} batch norm"]


def ratio(of):
    """How many times as large the first kernel's gradient is as the last one's, in the median."""
    return np.median(of[:, 0]) / np.median(of[:, -1])


def test_as_many_kernels_with_shortcuts_as_without(page):
    assert len(page["measured"]) == 20
    for name, of in page["measured"].items():
        assert of.shape == (3, int(name.split(", ")[1]) - 1)


def test_the_page_measures_what_the_script_measured(page):
    """Logarithms, since they are compared over ten powers; a machine may draw other weights."""
    assert len(page["here_at_20"]) == 4
    for name, of in page["here_at_20"].items():
        known = np.log(np.median(page["gradients"][name]))
        assert np.log(np.median(of)) == pytest.approx(known, abs=0.5), name


def test_plain_gradients_vanish_in_all_layers_alike(gradients):
    shallow, deep = (gradients("plain", depth, "without") for depth in (20, 56))
    assert 1e-6 < np.median(shallow) < 1e-4
    assert deep.max() < 1e-11
    assert 1e7 < np.median(shallow) / np.median(deep) < 1e10  # eight powers of ten
    for of in (shallow, deep):
        assert (of.max(axis=1) / of.min(axis=1) < 30).all()
    firsts = [np.median(gradients("plain", d, "without")[:, 0]) for d in (8, 20, 32, 44, 56)]
    steps = np.diff(np.log10(firsts))
    assert steps == pytest.approx(np.full(4, steps.mean()), abs=1)  # "along a straight line"
    assert -3.3 < steps.mean() < -2.5  # "nearly three for every twelve layers"


def test_residual_gradients_stay(gradients):
    for depth in (8, 20, 32, 44, 56):
        of = gradients("original", depth, "without")
        assert of.min() > 0.01
        assert of.max() < 100


def test_with_batch_norm_plain_gradients_explode_toward_the_input(gradients):
    assert 300 < ratio(gradients("plain", 56, "with")) < 1e4
    assert 3 < ratio(gradients("original", 56, "with")) < 60
    assert 2 < ratio(gradients("plain", 20, "with")) < 30


def test_kernel_times_gradient_is_the_same_in_each_layer(page):
    assert len(page["products"]) == 19
    assert page["spread"] < 1e-4


# The block


def test_both_blocks_can_pass_their_input_and_the_residual_one_is_nearer(page):
    assert list(page["changed"]) == ["plain", "residual"]
    assert max(page["changed"].values()) < 1e-5
    assert page["residual_way"] < page["plain_way"] / 2


def test_the_gradient_arrives_around_and_through(page):
    assert page["difference"] < 1e-4
    assert page["not_the_sum"] < 1e-5
    assert min(page["around"], page["through"]) > 1


def test_products_of_derivatives(page):
    assert np.median(page["plain_chain"]) < 1e-18
    assert 0.1 < np.median(page["residual_chain"]) < 1


def test_without_normalisation_the_loss_explodes_with_shortcuts(page):
    low = {depth: min(losses) for depth, losses in page["starting"].items()}
    assert max(page["starting"][8]) < 10
    assert 5 < low[20] < 100
    assert low[56] > 500
    assert np.log(10) == pytest.approx(2.3, abs=0.01)


# Shapes


def test_what_the_lectures_test_misses(page):
    lectures = {name: of[0] for name, of in page["outcomes"].items()}
    fails = {name for name, outcome in lectures.items() if outcome == "an error"}
    assert fails == {"fewer channels", "stride 3", "strides 2 and 2", "2 along the width"}
    wrong = {name for name, of in page["outcomes"].items() if name not in fails and of[0] != of[1]}
    assert wrong == {"8 channels to 1", "the same on 4 x 4", "a stride too many"}
    assert lectures["8 channels to 1"] == "(8, 8, 8)"
    assert lectures["the same on 4 x 4"] == "(2, 2, 8)"
    assert page["outcomes"]["2 along the width"][1] == "(8, 4, 8)"
    assert page["outcomes"]["a stride too many"] == ["(8, 8, 8)", "an error"]


def test_subsampling_first_is_the_same_function(page):
    assert page["subsample_error"] < 1e-5
    assert page["share_read"] == 5 * 4 / (9 * 8)
    assert says("With nine rows it reads five of them")


def test_the_box_names_the_tensorflow_that_we_run_on():
    """tests/test_onednn.py shows that the trap is still there."""
    assert version("tensorflow").startswith("2.21.")
    assert says("in the TensorFlow that this book runs on, 2.21")


# The order


def test_means_of_the_three_orders(page):
    last = {name: means[:, -1] for name, means in page["growth"].items()}
    assert page["growth"]["lecture"].shape == (5, 10)
    assert last["lecture"].min() > last["original"].max()
    assert last["lecture"].mean() > 3
    assert last["original"].mean() == pytest.approx(1.6, abs=0.6)
    assert np.abs(last["pre-activation"]).max() < 1
    steps = np.diff(page["growth"]["lecture"].mean(axis=0))
    assert (steps > 0).all()
    assert steps[-3:].min() > steps[:3].max()  # faster and faster
    assert page["growth"]["original"][:, 1].mean() == pytest.approx(0.5, abs=0.15)


def test_only_the_lectures_branch_never_takes_away(page):
    assert page["least"]["lecture"] >= 0
    assert page["least"]["original"] < -1
    assert page["least"]["pre-activation"] < -1


# The networks


def test_parameters_of_the_papers_family(page):
    assert [of[0] for of in page["counts"].values()] == [272_474, 466_906, 855_770]
    assert [of[1] for of in page["counts"].values()] == [272_474, 466_906, 855_770]
    assert {of[3] for of in page["counts"].values()} == {2560}
    assert page["option_a"] == [269_722, 464_154, 853_018]
    # 16 to 32 and 32 to 64 channels, gamma and beta of each
    assert 16 * 32 + 32 * 64 == 2560
    assert 2 * (32 + 64) == 192 == 272_474 - 269_722 - 2560
    assert [round(n / 1e6 - 0.0005, 2) for n in page["option_a"]] == [0.27, 0.46, 0.85]


def test_the_page_trains_as_the_script_did(page, shipped):
    for block, of in page["here"].items():
        losses, known = np.array(of["loss"]), shipped[f"{block}, 20, 0.02"]["loss"][:, :3]
        assert losses.shape == (1, 3)
        assert losses[0] == pytest.approx(known.mean(axis=0), rel=0.5)
    plain, residual = (of["loss"][0][-1] for of in page["here"].values())
    assert residual < plain
    plain, residual = (
        shipped[f"{block}, 20, 0.02"]["loss"][:, 2] for block in ("plain", "original")
    )
    assert residual.max() < plain.min()  # "with each of three seeds"


def test_degradation_in_the_shipped_runs(shipped):
    plain, residual = (
        np.array([shipped[f"{block}, {depth}, 0.02"]["loss"][:, -1] for depth in DEPTHS])
        for block in ("plain", "original")
    )
    assert plain.shape == residual.shape == (4, 3)
    assert plain[0].mean() == pytest.approx(residual[0].mean(), rel=0.3)  # at depth 8
    assert plain[1].max() < plain[2].min() < plain[2].max() < plain[3].min()
    assert (residual[3] < plain[3].min() / 10).all()
    assert residual[3].mean() > max(residual[1].mean(), residual[2].mean())
    # "on images that it has not seen, eight layers do as well"
    tests = {d: shipped[f"original, {d}, 0.02"]["test"].mean() for d in DEPTHS}
    assert tests[8] > 0.92
    assert max(tests.values()) - tests[8] < 0.02
    lowest = shipped["plain, 56, 0.02"]["loss"].min()
    assert lowest > 1.5  # the first figure's alternative text, and the second's
    assert shipped["plain, 56, 0.02"]["test"].mean() == pytest.approx(0.3, abs=0.02)
    assert shipped["original, 56, 0.02"]["test"].mean() == pytest.approx(0.9, abs=0.01)


def test_the_larger_rate(shipped):
    """Two of three residual networks do not get off the ground, nor any of the plain ones."""
    assert (shipped["original, 56, 0.1"]["loss"][:, -1] > 1.9).sum() == 2
    assert (shipped["plain, 56, 0.1"]["loss"][:, -1] > 1.9).all()


def test_orders_at_depth_20(shipped):
    last = {}
    for block in ("original", "lecture", "preactivation"):
        run = shipped[f"{block}, 20, 0.02"]
        last[block] = run["loss"][:, -1].mean()
        assert run["test"].min() > 0.92, block
    assert last["lecture"] == pytest.approx(last["original"], rel=0.3)
    for block in ("original", "lecture"):
        assert 15 < last["preactivation"] / last[block] < 27


# Quiz and exercises


def test_quiz_answers():
    from course_lib.exhibits.residual_blocks import plan

    planned = plan(32, 16, (16, 16), (1, 3))
    assert planned.shapes[1] == (11, 11, 16)
    assert planned.strides == 3
    assert plan(8, 8, (8, 1), (1, 1), "lecture").outcome == "broadcasts"
    assert 1 + 3 * 9 * 2 == 55


def test_exercises():
    from course_lib.residual import resnet_parameters

    factors = np.array([0.5, -0.5, 0.2])
    assert factors.prod() == pytest.approx(-0.05)
    assert (1 + factors).prod() == pytest.approx(0.9)
    a, b, c = factors
    assert 1 + a + b + c + a * b + a * c + b * c + a * b * c == pytest.approx(0.9)
    assert [a * b, a * c, b * c] == pytest.approx([-0.25, 0.1, -0.1])
    assert 2 * (9 * 64 * 64 + 2 * 64) == 73_984
    assert resnet_parameters(110) == 1_730_714


# What this chapter has


def test_the_exhibits_stand_where_they_are_needed():
    assert sum("\nGradientExplorer()\n" in code for _, code in cells(STEM)) == 1
    assert sum("\nBlockExplorer()\n" in code for _, code in cells(STEM)) == 1
    assert text(STEM).count(":class: errata") == 5


def test_what_the_exhibit_shows_at_27_blocks():
    """The factor of 0.65 a layer, and the two remedies that the chapter names."""
    from course_lib.exhibits.residual import GradientExplorer

    plain, _ = GradientExplorer(27).measured()
    assert plain.maps[0] ** (1 / 54) == pytest.approx(0.65, abs=0.06)
    exploded = GradientExplorer(27, 1.0).measured()[1].maps[0]
    for remedy in ({"branch_scale": 0.2}, {"batch_norm": True}):
        assert GradientExplorer(27, 1.0, **remedy).measured()[1].maps[0] < exploded / 10
