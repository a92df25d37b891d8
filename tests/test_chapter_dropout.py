"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import numpy as np
import pytest
from chapter_helpers import run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load
from course_lib.dropout import dropout, spatial_dropout

STEM = "dropout"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for part in check.parts:
            assert f"\n({part.read.partition('#')[2]})=\n" in text(STEM)


# What dropout does


def test_the_mean_stays_and_the_spread_grows(page):
    np.testing.assert_allclose(page["mean"], page["x"], atol=0.1)
    np.testing.assert_allclose(page["means"], 3, atol=0.25)
    wanted = 3 * np.sqrt(page["rates"] / (1 - page["rates"]))
    np.testing.assert_allclose(page["spreads"], wanted, rtol=0.05, atol=1e-9)
    assert page["unscaled"][-1] == pytest.approx(0.3, abs=0.05)  # the alternative text
    assert page["spreads"][-1] == pytest.approx(9, abs=0.4)


def test_a_shared_mask_is_found_by_comparing_images(page):
    own, shared = page["own"], page["shared"]
    assert np.mean(own[::2] == own[1::2]) == pytest.approx(0.58, abs=0.01)
    assert (shared[::2] == shared[1::2]).all()
    assert shared.mean() == pytest.approx(0.3, abs=0.08)  # which does not betray it


# What the neighbours give away


def test_the_networks_learnt_something(page):
    assert len(page["accuracy"]) == 3
    assert (page["accuracy"] > 0.75).all()


@pytest.mark.parametrize("layer", [0, 1])
def test_single_pixels_leak_and_maps_do_not(page, layer):
    found = page["found"]
    assert np.mean(found["standard", layer]) > 0.35
    assert min(found["standard", layer]) > 0.3
    for kind in ("spatial", "shuffled"):
        assert all(-0.05 < value < 0.01 for value in found[kind, layer])


def test_the_second_convolution_leaks_more(page):
    first, second = (np.mean(page["found"]["standard", layer]) for layer in (0, 1))
    assert first < second
    assert 0.35 < first < 0.75  # "about half"
    assert says("About half of the variance that standard dropout hides can be read beside the")


def test_other_maps_tell_of_a_dropped_one(page):
    for values in page["across"].values():
        assert all(0.2 < value < 0.9 for value in values)


def test_larger_blocks_leak_less(page):
    by_size = page["by_size"]
    assert by_size.shape == (3, 5)
    assert (np.diff(by_size, axis=1) < 0).all()
    assert (by_size[:, 0] > 0.35).all()
    np.testing.assert_allclose(by_size[:, -1], 0, atol=0.05)


def test_no_claim_about_accuracy_is_made():
    assert says("Does all this make networks *better*? We do not claim it")


# The block


def test_the_block_drops_in_training_only_and_never_the_shortcut(page):
    assert page["moved"][False] == 0
    assert page["moved"][True] > 0.1
    np.testing.assert_allclose(page["silent"], page["picture"], rtol=1e-6)


def test_the_variance_shifts(page):
    """By the formula for one map, and by about 3 at rate 0.5 in the network's first maps."""
    assert all(2 < value < 5 for value in page["shift"].values())
    assert says("is about three times the one that it meets at inference")
    x = np.random.default_rng(0).exponential(1, 400_000)
    dropped = dropout(x, 0.5, True, 1)
    wanted = (x.var() + x.mean() ** 2) / 0.5 - x.mean() ** 2
    assert dropped.var() == pytest.approx(wanted, rel=0.02)


def test_the_mean_of_masks_is_the_output_at_inference_of_a_linear_layer(page):
    np.testing.assert_allclose(page["many"].mean(axis=0), page["calm"], atol=0.1)
    rectified = np.maximum(page["many"], 0).mean(axis=0)
    assert np.abs(rectified - np.maximum(page["calm"], 0)).max() > 0.2


# Quiz, exercises


def test_quiz_answers():
    assert dropout(np.full(99, 0.8), 0.2, True, 0).max() == pytest.approx(1.0)
    assert dropout(np.array([0.8]), 0.2)[0] == 0.8
    assert 32 * 64 == 2_048
    assert 32 * 14 * 14 == 6_272
    assert 32 * 14 * 14 * 64 == 401_408
    maps = spatial_dropout(np.ones((32, 2, 2, 64)), 0.5, True, 0)[:, 0, 0]
    assert maps.shape == (32, 64)


def test_exercise_of_eight_neighbours():
    assert pytest.approx(0.92, abs=0.005) == 0.5 ** (1 / 8)
    assert says("$r = 2^{-1/8}$, about 0.92")


def test_the_errata_and_exhibit_stand_where_they_are_needed():
    assert text(STEM).count(":class: errata") == 2
    assert "\nLeakExplorer()\n" in text(STEM)
