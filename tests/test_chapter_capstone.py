"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import json
import re

import keras
import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says
from conftest import ROOT

from course_lib import capstone as topic
from course_lib import capstone_pages as made
from course_lib.checks import load

STEM = "capstone"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def arms():
    """Mean IoU over the seeds, by way."""
    held = json.loads((BOOK / "_data" / "capstone_labels.json").read_text("utf8"))
    return {way: np.array([run[way] for run in held.values()]) for way in held["0"]}


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for part in check.parts:
            assert f"\n({part.read.partition('#')[2]})=\n" in text(STEM)


# Data


def test_pages_and_clicks(page):
    assert len(page["unlabelled"]) == 200
    assert says("Somebody has two hundred pages and no time. They open five of them")
    assert len(page["pages"]) == 5
    assert page["clicked"] == (page["points"] >= 0).sum() == 18
    assert says("learnt eighteen places by heart")
    assert made.SIZE**2 == 4096
    assert says("A page has 4,096 pixels")
    assert 1000 < page["shrunk"] < 1500
    assert says("a gradient a thousand times too small")
    assert page["within"] > 0.2  # of brightness, from region to region


def test_the_assignment_shows_as_many_clicks_as_it_says():
    notebook = (ROOT / "solutions" / STEM / f"{STEM}.ipynb").read_text("utf8")
    drawn = re.search(r"capstone_pages.pages\(5, seed=(\d+)\)", notebook)
    clicked = re.search(r"capstone_pages.click\(masks, clicks=1, seed=(\d+)\)", notebook)
    _, masks = made.pages(5, seed=int(drawn[1]))
    points = made.click(masks, clicks=1, seed=int(clicked[1]))
    assert ((points >= 0).sum(), points.size) == (18, 20480)
    assert "Of 20,480 pixels eighteen have a class" in notebook


def test_pairs_that_lie_and_negatives_that_are_none(page):
    assert 0.79 < page["agree"] < 0.86
    assert says("a positive pair shares its class four times in five, two strangers once in six")
    assert says("Some do, about one in six")
    assert 1 / 7 < page["false"] < 1 / 5
    assert says("about every sixth negative is of the same class")
    assert (topic.CROP, topic.SHIFT) == (16, 8)
    assert says("squares of 16 × 16 pixels, at most 8 pixels apart")
    assert page["views"].shape[:2] == (6, 2)
    assert says("For each square the ten of the other pairs are negatives")


def test_what_a_feature_has_seen():
    """Convolutions of 3 at strides 1, 2 and 4, poolings of 2 between: 3, 4, 8, 10, 18."""
    seen, jump = 1, 1
    for number in range(3):
        seen += 2 * jump
        if number < 2:
            seen += jump
            jump *= 2
    assert (seen, jump) == (18, topic.FACTOR)
    assert says("A feature stands for 4 × 4 pixels and has seen about twenty")


# What the page trains


def test_the_page_pretrains_and_learns_from_clicks(page):
    assert page["seconds"] < 60
    assert page["moving"] == 48 * 6 + 6
    assert page["losses"][-1] < 0.1 < page["losses"][0]
    assert page["mean"] > 0.55


# What ships


def test_pretraining_wins_with_every_seed(arms):
    once = arms
    assert len(once["pretrained"]) == 5
    assert says("for each of five seeds")
    for way in ("scratch", "random encoder", "local statistics", "one class"):
        assert (once["pretrained"] - once[way]).min() > 0.2, way
    assert (once["pretrained"] > 0.6).all()


def test_what_the_list_says_of_the_others(arms):
    once = arms
    assert (once["random encoder"] < once["scratch"]).all()
    assert (once["random encoder"] < once["local statistics"] + 0.03).all()
    assert (once["fine-tuned"] < once["pretrained"]).all()
    assert (once["one class"] < 0.05).all()


def test_the_figures_words(arms):
    for way in ("pretrained", "fine-tuned"):
        assert ((arms[way] > 0.595) & (arms[way] < 0.805)).all()
    assert ((arms["scratch"] > 0.195) & (arms["scratch"] < 0.415)).all()
    for way in ("random encoder", "local statistics"):
        assert (arms[way] < 0.25).all()


# The quiz and the exercises


def test_the_loss_by_hand():
    truth = np.array([[[0, 0, -1, -1]]])
    prediction = np.array([[[[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]]])
    expected = (np.log(2) + np.log(4)) / 2
    assert float(topic.point_loss(truth, prediction)) == pytest.approx(expected)


def test_freezing_counts_from_the_next_compile_on():
    first = keras.layers.Dense(3)
    model = keras.Sequential([keras.Input((2,)), first, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    given, due = np.ones((8, 2)), np.full((8, 1), 9.0)
    model.fit(given, due, verbose=0)
    first.trainable = False

    def moved():
        before = first.get_weights()[0].copy()
        model.fit(given, due, verbose=0)
        return np.abs(first.get_weights()[0] - before).max() > 0

    assert moved()
    model.compile("sgd", "mse")
    assert not moved()


def test_the_page_reuses_none_of_its_names():
    code = "\n".join(code for head, code in cells(STEM))
    assert code.count("\npages, masks =") == 1
    assert code.count("\nmodel =") == 1
