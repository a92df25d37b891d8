"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json
import runpy

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.batch_normalization import (
    EPSILON,
    batch_norm_gradients,
    batch_norm_inference,
    batch_norm_train,
    batch_statistics,
)
from course_lib.batch_normalization_relatives import batch_renorm_train

STEM = "batch_normalization"
RECIPE = BOOK / "_data" / "batch_normalization_rates.py"
ANCHORS = (
    "steps",
    "axes",
    "variance",
    "moving-averages",
    "inference",
    "gradients",
    "blocks",
    "folding",
)
BEFORE, AFTER = "before ReLU", "after ReLU"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def shipped():
    """The recipe's result, by block and rate: arrays of inference, by batch, and losses."""
    rows = json.loads(RECIPE.with_suffix(".json").read_text("utf8"))
    return {
        (block, rate): [row for row in rows if row[:2] == [block, rate]]
        for block, rate in {(row[0], row[1]) for row in rows}
    }


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(batch-normalization-{name})=\n" in text(STEM)


# The two steps


def test_by_hand():
    x = np.array([1.0, 2.0, 3.0, 6.0])[:, np.newaxis]
    (mean,), (variance,) = batch_statistics(x)
    assert (mean, variance) == (3, 3.5)
    output = batch_norm_train(x, [0.5], [2.0], [0.0], [1.0])[0]
    assert (output.mean(), output.std()) == pytest.approx((2, 0.5), abs=1e-3)


def test_the_layer_can_do_nothing_at_all():
    x = np.random.default_rng(0).normal(5, 3, (40, 2))
    mean, variance = batch_statistics(x)
    same = batch_norm_train(x, np.sqrt(variance + EPSILON), mean, mean, variance)[0]
    np.testing.assert_allclose(same, x)


def test_epsilon_takes_fifteen_per_cent_of_a_small_deviation():
    assert 0.05 / np.sqrt(0.05**2 + EPSILON) == pytest.approx(0.85, abs=0.005)
    assert says("With Keras's $\\epsilon = 0.001$ and $\\sigma = 0.05$ that is 15 % less")


def test_numbers_of_a_mean(page):
    assert 32 * 9 * 7 == 2016
    assert 9 * 7 == 63
    assert page["by_pixel"].size == 315
    assert page["by_channel"].shape == (5,)


# Inference


def test_the_answer_depends_on_the_companions(page):
    counts = page["counts"]
    assert {count.sum() for count in counts.values()} == {1000}
    right = page["labels"][page["new"][0]]
    assert page["alone"] == right
    shares = [counts[batch][right] for batch in (2, 4, 8, 32)]
    assert shares[0] < 700 < shares[-1]
    assert np.all(np.diff(shares) >= 0)
    assert np.count_nonzero(counts[2]) > 2


def test_the_mean_of_roots_is_smaller():
    rng = np.random.default_rng(3)
    for batch in (2, 4, 8, 32):
        variances = rng.normal(size=(50_000, batch)).var(axis=1)
        root = np.sqrt(variances.mean())
        assert np.sqrt(variances).mean() < root < 1
        assert root == pytest.approx(np.sqrt((batch - 1) / batch), abs=0.01)


def test_shares_of_the_start():
    assert pytest.approx(0.41, abs=0.005) == 0.99**88
    assert pytest.approx(0.61, abs=0.006) == 0.99**50
    assert pytest.approx(0.13, abs=0.005) == 0.99**200
    assert says("the share that is **kept**")
    assert says("0.99⁸⁸ = 41 % of the start")


def test_the_three_moving_averages(page):
    """What the alternative text says of them."""
    means, tracks = page["seen_means"][:, page["unit"]], page["tracks"]
    noise = {kept: np.diff(track[100:]).std() for kept, track in tracks.items()}
    assert noise[0.5] > 2 * noise[0.9] > 4 * noise[0.99]
    late = means[-20:].mean()
    assert abs(tracks[0.99][-1]) < 0.95 * abs(late)
    assert tracks[0.9][-1] == pytest.approx(late, rel=0.1)
    assert abs(tracks[0.9][19]) > 0.8 * abs(means[:20].mean())


def test_a_short_training_is_undone_by_the_default(page, shipped):
    (fast, fast_batch, loss), (slow, slow_batch, slow_loss) = page["short"].values()
    assert list(page["short"]) == [0.9, 0.99]
    assert fast > 0.9
    assert slow < 0.6
    assert slow_batch > 0.9 > 0.6 > slow
    assert abs(fast_batch - slow_batch) < 0.05
    assert loss == pytest.approx(slow_loss, rel=0.3)
    for row in shipped["Keras's momentum", 0.1]:
        assert row[3] < row[4] - 0.05
    for row in shipped["batch norm", 0.1]:
        assert abs(row[3] - row[4]) < 0.01
    assert -(-1400 // 32) == 44  # the last batch of an epoch has 24


# Gradients


def test_paths_add_up_and_gradients_equal_autodiff(page):
    paths = page["paths"]
    parts = [paths[name] for name in list(paths)[:3]]
    by_output = parts[0] * page["deviation"] / 1.5
    wanted = batch_norm_gradients(page["six"], np.array([1.5]), by_output)[0]
    np.testing.assert_allclose(sum(parts), wanted, atol=1e-12)
    assert np.ptp(parts[1]) < 1e-12
    assert paths["sum"].sum() == pytest.approx(0, abs=1e-12)
    assert len(page["errors"]) == 6
    assert max(page["errors"]) < 1e-12


def test_constants_leave_a_sum(page):
    assert np.abs(page["direct"].sum(axis=(0, 1, 2))).min() > 0.1
    assert np.abs(page["true"].sum(axis=(0, 1, 2))).max() < 1e-12


def test_ten_times_the_weights_a_tenth_of_the_gradient(page):
    lengths = np.array(page["lengths"])
    np.testing.assert_allclose(lengths[:-1] / lengths[1:], 10, rtol=1e-3)


# Learning rates


def test_the_range_of_rates_in_numpy(page):
    reached = page["reached"]
    mean = {key: np.mean(values) for key, values in reached.items()}
    assert {len(values) for values in reached.values()} == {5}
    for rate in (0.03, 0.1, 0.3):
        assert mean["without", rate] > 0.6
    for rate in (1.0, 3.0):
        assert mean["without", rate] < 0.2
    for rate in (0.03, 0.1, 0.3, 1.0):
        assert min(reached[BEFORE, rate]) > 0.9  # "all seeds are above 90 %"
        assert mean[AFTER, rate] == pytest.approx(mean[BEFORE, rate], abs=0.03)
    assert mean[BEFORE, 3.0] > 0.8
    assert mean[AFTER, 3.0] < 0.4
    for name in ("without", BEFORE, AFTER):
        assert mean[name, 10.0] < 0.2


def test_the_range_of_rates_in_keras(shipped):
    inference = {key: [row[3] for row in rows] for key, rows in shipped.items()}
    assert sum(len(rows) for rows in shipped.values()) == 51
    assert 3 * 5 * 3 == 45  # those that the figure draws
    assert {len(rows) for rows in shipped.values()} == {3}
    for rate in (0.03, 0.1, 0.3, 1.0):
        assert min(inference["batch norm", rate]) > 0.94
        assert max(inference["plain", rate]) < 0.5
    assert min(inference["batch norm", 1.0]) > 0.97
    for rate in (1.0, 3.0):
        assert max(inference["plain, He", rate]) < 0.15
    for rate in (0.03, 0.1, 0.3):
        assert 0.6 < np.mean(inference["plain, He", rate]) < 0.8
    worst = min(shipped["batch norm", 3.0], key=lambda row: row[3])
    assert worst[3] == pytest.approx(0.57, abs=0.005)
    assert worst[4] == pytest.approx(0.94, abs=0.006)
    losses = [row[5] for row in shipped["plain, He", 1.0]]
    assert np.min(losses) > 2.25  # "stay at or above" ln 10, as far as the eye can tell
    assert max(row[5][-1] for row in shipped["batch norm", 1.0]) < 0.05


def test_the_recipe_still_makes_what_it_shipped(page, shipped):
    """Two of its trainings ran in the page."""
    for block in ("plain, He", "batch norm"):
        kept = shipped[block, 1.0][0][3]
        assert page["live"][block] == pytest.approx(kept, abs=0.06)


def test_the_recipe_names_what_the_page_names():
    recipe = RECIPE.read_text("utf8")
    assert says("`book/_data/batch_normalization_rates.py`")
    assert "FILTERS = (16, 16, 32, 32, 32, 32)" in recipe
    assert runpy.run_path(str(RECIPE))["EPOCHS"] == 4


# In a network


def test_keras_computes_what_we_compute(page):
    assert len(page["keras_gaps"]) == 3
    assert max(page["keras_gaps"]) < 1e-5


def test_folding_is_equal_and_smaller(page):
    assert page["fold_gap"] < 1e-5


def test_noise_and_small_batches(page):
    sizes, noise = np.array(page["sizes"]), page["noise"]
    np.testing.assert_allclose(noise[:, 0] * np.sqrt(sizes), 1, atol=0.1)
    slope = np.polyfit(np.log(sizes[2:]), np.log(noise[2:, 1]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)
    asked = dict(zip(page["sizes"], page["asked"], strict=True))
    assert asked[2] < 0.6
    assert asked[32] < page["at_inference"] - 0.005
    assert asked[256] == pytest.approx(page["at_inference"], abs=0.015)
    mean = {key: np.mean(values) for key, values in page["small"].items()}
    assert mean[BEFORE, 2] < 0.45 < 0.65 < mean["without", 2]
    assert mean[BEFORE, 4] > 0.7
    for batch in (8, 16, 32, 64):
        assert mean[BEFORE, batch] == pytest.approx(mean["without", batch], abs=0.05)


def test_relatives_do_not_look_at_the_batch(page):
    moved = page["moved"]
    assert moved.pop("batch") > 0.1
    assert max(moved.values()) < 1e-12


def test_renormalisation_is_inference_within_its_bounds():
    x = np.random.default_rng(0).normal(3, 2, (4, 5))
    one, zero = np.ones(5), np.zeros(5)
    moving = 3 * one, 4 * one
    wanted = batch_norm_inference(x, one, zero, *moving)
    np.testing.assert_allclose(batch_renorm_train(x, one, zero, *moving)[0], wanted, atol=1e-9)


# Quiz, exercises


def test_quiz_answers():
    assert 16 * 10 * 12 == 1920
    assert (10 * 12 * 32, 16 * 32, 120 * 32) == (3840, 512, 3840)
    deviation = np.sqrt(3.5)
    assert 2 * 3 / deviation + 1 == pytest.approx(4.21, abs=0.005)
    assert 3 / deviation == pytest.approx(1.60, abs=0.005)
    assert pytest.approx(2.71, abs=0.005) == 2 * 3 / 3.5 + 1
    assert 2 * 3 / np.sqrt(14 / 3) + 1 == pytest.approx(3.78, abs=0.005)
    for pair in ((3.0, 5.0), (3.0, 500.0)):
        seen = batch_norm_train(np.array(pair)[:, np.newaxis], [1.0], [0.0], [0.0], [1.0])[0]
        np.testing.assert_allclose(seen[:, 0], (-1, 1), atol=1e-3)


def test_exercise_by_hand():
    for outlier in (4.0, 400.0):
        x = np.array([0, 0, 0, outlier])
        hats = (x - x.mean()) / x.std()
        np.testing.assert_allclose(hats, [-0.577, -0.577, -0.577, 1.732], atol=1e-3)
        assert hats.max() == pytest.approx(np.sqrt(3))
    assert says("(−0.58, −0.58, −0.58, 1.73)")


def precise(page, network, seen):
    """Put the statistics of all seen digits in the place of the moving averages."""
    x = page["pixels"][seen]
    for i, (weights, bias) in enumerate(network.layers[:-1]):
        before = x @ weights + bias
        network.moving[i] = list(batch_statistics(before))
        normalised = batch_norm_inference(before, *network.scales[i], *network.moving[i])
        x = np.maximum(normalised, 0)


@pytest.mark.parametrize(("momentum", "gain"), [(0.9, (-0.015, 0.015)), (0.99, (0.01, 0.08))])
def test_exercise_of_the_true_statistics(page, momentum, gain):
    network, new = page["train"](("norm", "relu"), 0.1, 0, momentum=momentum)
    before = page["accuracy"](network, new)
    precise(page, network, np.random.default_rng(0).permutation(len(page["pixels"]))[:1400])
    assert gain[0] <= page["accuracy"](network, new) - before <= gain[1]


@pytest.mark.parametrize(
    ("order", "low", "high"), [(("relu",), 0, 0.2), (("norm", "relu"), 0.7, 0.9)]
)
def test_exercise_of_longer_weights(page, order, low, high):
    pixels, labels = page["pixels"], page["labels"]
    rng = np.random.default_rng(0)
    places = rng.permutation(len(pixels))
    network = page["Network"](order, 0)
    for layer in network.layers[:-1]:
        layer[0] *= 10
    with np.errstate(all="ignore"):
        for _ in range(200):
            chosen = rng.choice(places[:1400], 32, replace=False)
            network.learn(pixels[chosen], labels[chosen], 0.1)
    assert low <= page["accuracy"](network, places[1400:]) <= high


def test_exercise_of_pytorchs_layer():
    names = {"batch_norm_train": batch_norm_train, "batch_statistics": batch_statistics}
    source = text(STEM).split("   ```python\n")[1].split("   ```\n")[0]
    exec("\n".join(line[3:] for line in source.splitlines()), names)
    x = np.random.default_rng(0).normal(size=(2, 3))
    given = np.ones(3), np.zeros(3), np.zeros(3), np.ones(3)
    output, mean, variance = names["torch_batch_norm"](x, *given)
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(variance, 0.9 + 0.1 * x.var(axis=0, ddof=1))
    np.testing.assert_allclose(output, (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5))


def test_exercise_of_frozen_statistics(page):
    """Batches of 2, statistics computed beforehand: as good as no normalisation."""
    pixels, labels, descend = page["pixels"], page["labels"], page["descend"]
    rng = np.random.default_rng(0)
    places = rng.permutation(len(pixels))
    network = page["Network"](("norm", "relu"), 0)
    precise(page, network, places[:1400])
    for _ in range(300):
        chosen = rng.choice(places[:1400], 2, replace=False)
        scores, tape = network.forward(pixels[chosen])
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        gradient = scores / scores.sum(axis=1, keepdims=True) - np.eye(10)[labels[chosen]]
        gradient /= 2
        for step, i, x in reversed(tape):
            if step == "relu":
                gradient = gradient * (x > 0)
            elif step == "norm":
                mean, variance = network.moving[i]
                deviation = np.sqrt(variance + EPSILON)
                by_scale = (gradient * (x - mean) / deviation).sum(axis=0), gradient.sum(axis=0)
                gradient = gradient * network.scales[i][0] / deviation
                descend(network.scales[i], by_scale, 0.03)
            else:
                by_layer = x.T @ gradient, gradient.sum(axis=0)
                gradient = gradient @ network.layers[i][0].T
                descend(network.layers[i], by_layer, 0.03)
    assert 0.65 < page["accuracy"](network, places[1400:]) < 0.9


def renormalised_steps(page, network, places, rng):
    """Train by batch renormalisation as the exercise asks: r and d are constants."""
    pixels, labels, descend = page["pixels"], page["labels"], page["descend"]
    for _ in range(300):
        chosen = rng.choice(places, 2, replace=False)
        x, tape = pixels[chosen], []
        for i, (weights, bias) in enumerate(network.layers[:-1]):
            before, scale = x @ weights + bias, network.scales[i]
            mean, variance = batch_statistics(before)
            moving_mean, moving_variance = network.moving[i]
            deviation, kept = np.sqrt(variance + EPSILON), np.sqrt(moving_variance + EPSILON)
            r, d = np.clip(deviation / kept, 1 / 3, 3), np.clip((mean - moving_mean) / kept, -5, 5)
            output, *network.moving[i] = batch_renorm_train(before, *scale, *network.moving[i])
            tape.append((x, before, (before - mean) / deviation, r, d, output > 0))
            x = np.maximum(output, 0)
        scores = np.exp(x @ network.layers[-1][0] + network.layers[-1][1])
        gradient = scores / scores.sum(axis=1, keepdims=True) - np.eye(10)[labels[chosen]]
        gradient /= 2
        by_layer = x.T @ gradient, gradient.sum(axis=0)
        gradient = gradient @ network.layers[-1][0].T
        descend(network.layers[-1], by_layer, 0.03)
        for i, (x, before, hats, r, d, passed) in reversed(list(enumerate(tape))):
            gradient = gradient * passed
            gamma = network.scales[i][0]
            by_scale = (gradient * (r * hats + d)).sum(axis=0), gradient.sum(axis=0)
            gradient, *_ = batch_norm_gradients(before, r * gamma, gradient)
            descend(network.scales[i], by_scale, 0.03)
            by_layer = x.T @ gradient, gradient.sum(axis=0)
            gradient = gradient @ network.layers[i][0].T
            descend(network.layers[i], by_layer, 0.03)


def test_exercise_of_renormalisation(page):
    reached = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        places = rng.permutation(len(page["pixels"]))
        network = page["Network"](("norm", "relu"), seed)
        renormalised_steps(page, network, places[:1400], rng)
        reached.append(page["accuracy"](network, places[1400:]))
    plain, batch_norm = (np.mean(page["small"][name, 2]) for name in ("without", BEFORE))
    assert np.mean(reached) == pytest.approx(0.54, abs=0.12)
    assert batch_norm + 0.1 < np.mean(reached) < plain - 0.1


# What this chapter has


def test_errata_and_exhibit():
    assert text(STEM).count(":class: errata") == 6
    assert any("\nDistributionExplorer()\n" in code for _, code in cells(STEM))


def test_outputs_fit_their_column(page, capsys):
    """The widest lines that the page prints: tables of rates."""
    page["head"](page["RATES"])
    page["row"](BEFORE, [page["reached"][BEFORE, rate] for rate in page["RATES"]])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 83
