"""The exhibit of `multitask`: its arithmetic against Python's, and a page driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits.multitask import AIM, PICTURES, SharingExplorer, direction

SETTINGS = [
    {},
    {"share": 0.2, "apart": 90, "kinds": 40, "quantities": 3, "draw": 5},
    {"share": 0.9, "apart": 180, "kinds": 10, "quantities": 10, "draw": 7},
    {"share": 1, "apart": 0, "kinds": 2, "quantities": 0},
    {"share": 0, "apart": 45, "kinds": 0, "quantities": 1},
]
PLACES = [(0.0, 0.0), (-1.2, 0.9), (2.4, -2.4)]


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("multitask/sharing_explorer.js")


def asked(explorer):
    points = explorer.draws[explorer.draw]
    return [points, explorer.apart, explorer.kinds, explorer.quantities]


@pytest.mark.parametrize("settings", SETTINGS)
def test_examples_and_what_is_missing_are_pythons(calculate, settings):
    explorer = SharingExplorer(**settings)
    (came,) = calculate("examplesOf", [asked(explorer)])
    features, kinds, quantities = explorer.examples()
    np.testing.assert_allclose([one["x"] for one in came], features)
    for name, due in (("kind", kinds), ("quantity", quantities)):
        got = [np.nan if one[name] is None else one[name] for one in came]
        np.testing.assert_allclose(got, due)
    assert np.isfinite(kinds).sum() == explorer.kinds
    assert np.isfinite(quantities).sum() == explorer.quantities


@pytest.mark.parametrize("settings", SETTINGS)
def test_losses_and_gradients_are_pythons(calculate, settings):
    explorer = SharingExplorer(**settings)
    (examples,) = calculate("examplesOf", [asked(explorer)])
    for place in PLACES:
        (came,) = calculate("taskLosses", [[examples, place]])
        losses, gradients = explorer.losses(place)
        tasks = came["kind"], came["quantity"]
        np.testing.assert_allclose([task["loss"] for task in tasks], losses, atol=1e-12)
        np.testing.assert_allclose([task["gradient"] for task in tasks], gradients, atol=1e-12)


def test_gradients_are_differences():
    explorer, step = SharingExplorer(apart=70, kinds=9), 1e-6
    for place in PLACES:
        _, gradients = explorer.losses(place)
        for axis in (0, 1):
            move = step * np.eye(2)[axis]
            ahead, behind = (explorer.losses(place + sign * move)[0] for sign in (1, -1))
            np.testing.assert_allclose(gradients[:, axis], (ahead - behind) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("settings", SETTINGS)
def test_minima_and_scores_are_those_of_scipy(calculate, settings):
    explorer = SharingExplorer(**settings)
    (came,) = calculate("sharingOf", [[*asked(explorer), explorer.share]])
    for name, weights in explorer.minima().items():
        np.testing.assert_allclose(came["minima"][name], weights, atol=1e-5)
        (score,) = calculate("scoresOf", [[weights.tolist(), explorer.apart]])
        assert score == pytest.approx(explorer.score(weights))


def test_scores_are_those_of_many_new_pictures():
    explorer, weights = SharingExplorer(apart=50), np.array([0.9, -0.4])
    new = np.random.default_rng(1).normal(size=(200_000, 2))
    wrong = (new @ weights > 0) != (new @ direction(AIM + 50) > 0)
    error = new @ weights - new @ direction(AIM)
    score = explorer.score(weights)
    assert score["wrong"] == pytest.approx(wrong.mean(), abs=0.005)
    assert score["off"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=0.01)


def test_pulls_add_up_to_the_sum_but_for_the_decay(calculate):
    explorer = SharingExplorer(share=0.3)
    (examples,) = calculate("examplesOf", [asked(explorer)])
    (pulls,) = calculate("pullsAt", [[examples, 0.3, [0.0, 0.0]]])
    np.testing.assert_allclose(np.add(pulls["kind"], pulls["quantity"]), pulls["both"])
    _, (kind, quantity) = explorer.losses((0, 0))
    np.testing.assert_allclose(pulls["kind"], -0.3 * kind)
    assert pulls["cosine"] == pytest.approx(
        kind @ quantity / np.linalg.norm(kind) / np.linalg.norm(quantity)
    )


def test_a_task_without_labels_does_not_pull(calculate):
    explorer = SharingExplorer(kinds=0)
    (examples,) = calculate("examplesOf", [asked(explorer)])
    (pulls,) = calculate("pullsAt", [[examples, 0.5, [1.0, 1.0]]])
    assert pulls["kind"] == [0, 0]
    assert pulls["cosine"] is None


def test_what_the_chapter_tells_readers_to_see():
    """Sharing helps where kinds are few and tasks alike, not where they are many or at odds."""
    few = [SharingExplorer(apart=0, kinds=4, draw=draw).scores() for draw in range(8)]
    assert all(one["both"]["wrong"] < one["kind"]["wrong"] for one in few)
    apart = [SharingExplorer(apart=90, kinds=4, draw=draw).scores() for draw in range(8)]
    assert all(one["both"]["wrong"] > one["kind"]["wrong"] for one in apart)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"share": 1.1}, "share must lie between 0 and 1; got 1.1"),
        ({"apart": -1}, "apart must lie between 0 and 180"),
        ({"kinds": PICTURES + 1}, "kinds must be at most 40; got 41"),
        ({"quantities": -1}, "quantities must be an integer of at least 0"),
        ({"draw": 8}, "draw must be at most 7"),
        ({"place": (0, 3)}, "place must lie between -2.4 and 2.4"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=message):
        SharingExplorer(**given)


# --- the page, driven by hand --------------------------------------------------------------------


def table(page):
    return [
        [numbers(text) for text in row.locator("td").all_inner_texts()]
        for row in page.locator(".sharing-table tbody tr").all()
    ]


def shown(explorer):
    scores = explorer.scores()
    return [
        [[pytest.approx(100 * scores["kind"]["wrong"], abs=0.06)], []],
        [[], [pytest.approx(scores["quantity"]["off"], abs=0.006)]],
        [
            [pytest.approx(100 * scores["both"]["wrong"], abs=0.06)],
            [pytest.approx(scores["both"]["off"], abs=0.006)],
        ],
    ]


def test_the_page_shows_pythons_numbers_as_sliders_move(opened):
    page = opened(SharingExplorer())
    assert table(page) == shown(SharingExplorer())
    set_slider(page, "weight of the kind's loss", 0.8)
    set_slider(page, "degrees between the tasks", 75)
    set_slider(page, "pictures with a kind", 12)
    set_slider(page, "pictures with a quantity", 7)
    assert table(page) == shown(SharingExplorer(0.8, 75, 12, 7))
    page.get_by_role("button", name="Other pictures").click()
    settle(page)
    assert table(page) == shown(SharingExplorer(0.8, 75, 12, 7, draw=1))


def test_the_dot_moves_by_hand_and_by_key(opened):
    page = opened(SharingExplorer())
    plane, dot = page.locator(".sharing-plane"), page.locator(".sharing-plane .here")
    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3)
    page.mouse.up()
    settle(page)
    assert float(dot.get_attribute("cx")) == pytest.approx(280, abs=3)
    assert float(dot.get_attribute("cy")) == pytest.approx(120, abs=3)
    plane.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert float(dot.get_attribute("cx")) == pytest.approx(280 + 200 * 0.1 / 2.4, abs=3)
    assert float(dot.get_attribute("cy")) == pytest.approx(120 - 200 * 0.2 / 2.4, abs=3)


def test_the_story_tells_of_conflict_and_of_missing_labels(opened):
    page = opened(SharingExplorer(apart=180, place=(0, 0)))
    story = page.locator(".sharing-story")
    assert "a step for one harms the other" in story.inner_text()
    assert numbers(story.inner_text())[-1] < -0.5
    set_slider(page, "degrees between the tasks", 0)
    assert "a step for one helps the other" in story.inner_text()
    assert "sharing helps" in story.inner_text()
    set_slider(page, "pictures with a kind", 0)
    assert "No kind is known" in story.inner_text()
    assert page.locator(".sharing-plane .arrow.kind").count() == 0
    assert page.locator(".level.kind").get_attribute("d") == ""


def test_a_drag_is_answered_within_a_frame(opened):
    page = opened(SharingExplorer())
    assert script_of_a_drag(page, "degrees between the tasks", range(0, 180, 15)) < 2 * FRAME
    assert script_of_a_drag(page, "weight of the kind's loss", np.arange(0, 1, 0.1)) < FRAME
