"""The exhibit of `transfer_learning`: heads in the page against Python's; what ships."""

import json

import numpy as np
import pytest
from exhibit_helpers import numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits import transfer_learning_features as features
from course_lib.exhibits.transfer_learning import SETS, HeadTrainer

TRAINERS = [
    HeadTrainer(),
    HeadTrainer("pixels", 1, draw=3, test=99),
    HeadTrainer("layer 2", 10, draw=1, test=42),
    HeadTrainer("layer 3, untrained", 7, draw=19, test=5),
]
DRAG = 40  # milliseconds: five heads are fitted anew at every step


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("transfer_learning/head_trainer.js", "transfer_learning/ridge.js")


# Arithmetic


@pytest.mark.parametrize("trainer", TRAINERS)
def test_heads_are_pythons(calculate, trainer):
    places = trainer.labelled().tolist()
    assert calculate("labelledPlaces", [[trainer.count, trainer.draw]])[0] == places
    held = features.load()
    for name in SETS:
        rows = held[name].astype(int)
        given = [rows.ravel().tolist(), rows.shape[1], held["labels"].tolist(), places]
        scores = calculate("ridgeScores", [given])[0]
        found = np.array(
            [scores[str(i)] for i in range(1000)] if isinstance(scores, dict) else scores
        )
        np.testing.assert_allclose(found.reshape(100, 10), trainer.scores(name), atol=1e-8)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_neighbours_are_pythons(calculate, trainer):
    rows = features.load()[trainer.features].astype(int)
    given = [rows.ravel().tolist(), rows.shape[1], trainer.labelled().tolist(), trainer.test, 5]
    assert calculate("nearestPlaces", [given])[0] == trainer.nearest().tolist()


# What ships


def test_what_ships_is_what_the_recipe_makes():
    held, made = features.load(), features.compute()
    for name, values in made.items():
        if name.endswith("untrained"):
            continue  # its initial weights belong to one version of Keras
        off = np.abs(values.astype(int) - held[name])
        assert off.max() <= 1, name
    assert features.HELD.stat().st_size < 200_000


def test_tests_are_not_labelled():
    places = features.chosen()
    assert len(set(places)) == len(places) == 300
    labels = features.load()["labels"]
    assert labels[:200].tolist() == np.repeat(np.arange(10), 20).tolist()


def test_what_the_chapter_says_of_the_exhibit():
    """Means over draws of the labelled pages: learnt layers lead, pixels are at chance."""
    right = {name: [] for name in SETS}
    for draw in range(6):
        for name, number in HeadTrainer(count=3, draw=draw).accuracies().items():
            right[name].append(number)
    mean = {name: np.mean(of) for name, of in right.items()}
    assert mean["pixels"] < 17
    assert mean["layer 3, untrained"] < 20
    assert min(mean["layer 2"], mean["layer 3"]) > mean["layer 1"] + 10 > mean["pixels"] + 10


def test_the_state_is_small():
    state = HeadTrainer().get_state(("labels", "widths", "names"))
    assert len(json.dumps(state)) < 3000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HeadTrainer("layer 4"), "features must be one of pixels, layer 1"),
        (lambda: HeadTrainer(count=0), "count must be an integer of at least 1"),
        (lambda: HeadTrainer(count=11), "count must be at most 10"),
        (lambda: HeadTrainer(test=100), "test must be at most 99"),
        (lambda: HeadTrainer(draw=-1), "draw must be an integer of at least 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_words_of_the_still_are_its_counts():
    trainer = HeadTrainer(count=5)
    said = numbers(trainer.alternative_text())
    for number in trainer.accuracies().values():
        assert number in said


# The page, driven by hand


def shown(page):
    return [int(n) for n in page.locator(".head-number").all_inner_texts()]


def test_dials_and_buttons_move_the_bars(opened):
    page = opened(HeadTrainer())
    assert shown(page) == list(HeadTrainer().accuracies().values())
    set_slider(page, "labels of each digit", 8)
    assert shown(page) == list(HeadTrainer(count=8).accuracies().values())
    page.get_by_role("button", name="label other pages").click()
    settle(page)
    assert shown(page) == list(HeadTrainer(count=8, draw=1).accuracies().values())


def test_features_by_keyboard(opened):
    page = opened(HeadTrainer(test=7))
    chosen = page.get_by_role("button", name="layer 1", exact=True)
    chosen.focus()
    page.keyboard.press("Enter")
    settle(page)
    assert chosen.get_attribute("aria-pressed") == "true"
    trainer = HeadTrainer("layer 1", test=7)
    labels = features.load()["labels"]
    words = page.locator(".head-word").all_inner_texts()
    assert words == ["a 0", *(str(labels[place]) for place in trainer.nearest())]


def test_arrows_choose_a_page(opened):
    page = opened(HeadTrainer())
    sheet = page.locator(".head-sheet")
    sheet.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    settle(page)
    truth = features.load()["labels"][-100 + 11]
    answer = HeadTrainer(test=11).scores("layer 3")[11].argmax()
    assert f"Page 12 shows a {truth} and is read as {answer}" in sheet.get_attribute("aria-label")


def test_touch_chooses_a_page(opened):
    page = opened(HeadTrainer(), width=390, has_touch=True)
    box = page.locator(".head-sheet").bounding_box()
    page.touchscreen.tap(box["x"] + 0.35 * box["width"], box["y"] + 5)
    settle(page)
    assert "Page 4 shows" in page.locator(".head-sheet").get_attribute("aria-label")


def test_a_drag_is_answered_fast(opened):
    page = opened(HeadTrainer())
    assert script_of_a_drag(page, "labels of each digit", range(1, 11)) < DRAG
