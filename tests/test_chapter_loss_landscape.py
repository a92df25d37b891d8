"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import math

import numpy as np
import pytest
from chapter_helpers import cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load
from course_lib.exhibits.loss_landscape_data import KINDS, SEEDS
from course_lib.loss_landscape import filter_normalise, layer_normalise, roughness

STEM = "loss_landscape"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    reads = {part.read for check in load(STEM) for part in check.parts}
    assert all(read.startswith(f"{STEM}.html#loss-landscape-") for read in reads)
    for read in reads:
        assert f"\n({read.partition('#')[2]})=\n" in text(STEM)


# Directions


def test_the_small_network_is_as_large_as_the_heading_says(page):
    assert page["count"] == 5130
    assert says("a function of 5,000 numbers")
    assert page["accuracy"] > 0.7
    numbers = np.concatenate([array.ravel() for array in page["weights"]])
    assert 0.05 < np.std(numbers) < 0.5  # "several times smaller" than 1


def test_directions_are_nearly_at_right_angles(page):
    cosines = np.array(page["cosines"])
    assert len(cosines) == 30 * 29 / 2
    assert np.abs(cosines).max() < 0.1
    assert np.std(cosines) == pytest.approx(page["count"] ** -0.5, rel=0.2)


# Scale


def test_copies_compute_the_same(page):
    for losses in (page["copy_losses"], page["normed_losses"]):
        one, other = losses.values()
        assert other == pytest.approx(one, rel=0.02, abs=1e-3)
    assert page["tilted_loss"] == pytest.approx(page["copy_losses"]["trained"], rel=1e-4)


def test_only_steps_by_filter_survive_both_copies(page):
    apart = page["apart"]
    assert apart["ReLU", "one scale for all"] > 1
    assert apart["batch norm", "one scale for all"] > 0.3
    assert apart["ReLU", "layer by layer"] < 1e-3
    assert apart["batch norm", "layer by layer"] > 0.5
    assert apart["ReLU", "filter by filter"] < 1e-3
    assert apart["batch norm", "filter by filter"] < 0.05
    span = np.ptp(page["slices"]["batch norm", "filter by filter", "trained"])
    assert apart["batch norm", "filter by filter"] < 0.02 * span


def test_one_ambiguity_remains(page):
    difference = np.abs(page["tilted_slice"] - page["straight"]).max()
    assert difference > 1


def test_counts_of_the_network_with_batch_normalisation(page):
    kernels = [array for array in page["normed_weights"] if array.ndim == 4]
    assert len(kernels) == 13
    assert {array.shape[-1] for array in kernels} == {8, 16, 32}
    assert says("its 13 convolutions, 8 to 32 filters each, by factors between 1 and 30")


# The surface


def test_the_surface_is_a_bowl_around_the_trained_loss(page):
    surface, middle = page["surface"], page["middle"]
    assert surface[middle, middle] == pytest.approx(page["copy_losses"]["trained"], rel=1e-5)
    assert roughness(surface).minima == 1
    assert roughness(surface).nonconvex < 0.1
    assert surface.max() > 10 * surface.min()


# Batch normalisation


def test_stored_statistics_fit_the_trained_weights_only(page):
    batch, moving = page["cut"]["batch"], page["cut"]["moving"]
    assert abs(batch[10] - moving[10]) < 0.2
    assert moving.max() > 3 * batch.max()
    assert page["tenfold"][0].ndim == 4
    trained, scaled = page["by_tenfold"]["batch"]
    assert scaled == pytest.approx(trained, rel=0.02, abs=1e-3)
    trained, scaled = page["by_tenfold"]["moving"]
    assert scaled > 10 * trained


def test_at_56_layers_the_difference_is_absurd(page):
    for seed in SEEDS:
        plain, residual = (page["shipped"][56, seed, kind, "moving"].max() for kind in KINDS)
        assert plain > 1e7 > 1e6 > residual > 1e3
        assert all(page["shipped"][56, seed, kind, "batch"].max() < 20 for kind in KINDS)


# Plain against residual


def test_the_networks_learnt_as_the_chapter_says(page):
    for seed in SEEDS:
        assert page["reached"][56, seed, "plain"][0] < 0.5
        for network in ((56, "residual"), (20, "plain"), (20, "residual")):
            depth, kind = network
            assert page["reached"][depth, seed, kind][0] > 0.95


def test_at_56_layers_the_surfaces_differ_in_every_run(page):
    plain, residual = page["table"][56, "plain"], page["table"][56, "residual"]
    assert min(plain[1]) >= 10
    assert max(residual[1]) <= 2
    assert min(plain[2]) > max(residual[2])
    for seed in SEEDS:
        spans = [np.ptp(page["shipped"][56, seed, kind, "batch"]) for kind in KINDS]
        assert spans[0] < spans[1] / 2  # "changes less than half as much"
        bowl = page["shipped"][56, seed, "residual", "batch"]
        assert roughness(bowl[6:15, 6:15]).nonconvex < 0.1  # "convex around the middle"
        assert roughness(bowl).nonconvex > 0.5


def test_at_20_layers_they_do_not(page):
    plain, residual = page["table"][20, "plain"], page["table"][20, "residual"]
    assert max(plain[1]) < min(page["table"][56, "plain"][1])
    for losses in (page["shipped"][20, seed, kind, "batch"] for seed in SEEDS for kind in KINDS):
        assert losses[10, 10] < 0.2  # "both stand in a bowl"
        rim = np.concatenate([losses[0], losses[-1], losses[:, 0], losses[:, -1]])
        assert rim.min() > 1
    assert max(residual[1]) <= 3
    assert max(plain[1]) > max(residual[1])  # "a dip more here and there"
    assert abs(np.mean(plain[2]) - np.mean(residual[2])) < 0.05  # "as much of it bends down"


def test_with_stored_statistics_the_dips_drown(page):
    plain, residual = (page["stored"][kind] for kind in KINDS)
    assert max(one.minima for one in plain) < min(page["table"][56, "plain"][1]) / 3
    assert min(one.nonconvex for one in plain) > 2 * max(one.nonconvex for one in residual)


def test_a_coarser_grid_counts_fewer_minima(page):
    assert max(page["coarse"]["plain", "11 x 11"]) < min(page["coarse"]["plain", "21 x 21"])


# Quiz, exercises


def test_quiz_answers():
    assert 3 * 3 * 16 == 144
    assert says("over the 3 · 3 · 16 = 144 weights")
    assert pytest.approx(0.05) == 0.6 / 12
    steps = np.linspace(-1, 1, 21)
    assert (steps[0], steps[20], steps[10]) == (-1, 1, 0)


def test_exercise_by_hand():
    weights, direction = [np.array([[3.0, 0], [4, 2]])], [np.array([[1.0, 1], [1, 0]])]
    (by_filter,) = filter_normalise(direction, weights)
    np.testing.assert_allclose(by_filter, [[3.54, 2], [3.54, 0]], atol=0.005)
    (by_layer,) = layer_normalise(direction, weights)
    np.testing.assert_allclose(by_layer, 3.11 * direction[0], atol=0.005)
    assert math.sqrt(29 / 3) == pytest.approx(3.11, abs=0.005)
    assert says("√29 over √3")


# What this chapter has


def test_the_exhibit_and_the_recipe_are_named():
    assert "\nLandscapeExplorer()\n" in text(STEM)
    assert says("`book/_data/loss_landscape.py`")
    assert text(STEM).count(":class: errata") == 2
    assert all("def roughness" not in code for _, code in cells(STEM)), "listed, and not pasted"
