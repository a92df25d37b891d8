"""The exhibit of `dropout`: its masks and guesses against Python's, and a page driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits.dropout import LeakExplorer, uniform

SETTINGS = [(0.3, 7, True), (0.0, 0, True), (0.9, 999, True), (0.55, 12, True), (0.5, 1, False)]
KINDS = ("standard", "spatial")


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("dropout/leak_explorer.js")


def arguments(explorer):
    flat = np.moveaxis(explorer.values(), -1, 0).ravel().tolist()
    return {
        "values": flat, "count": 6, "height": explorer.height, "width": explorer.width,
        "rate": explorer.rate, "seed": explorer.seed, "training": explorer.training,
    }  # fmt: skip


def test_random_numbers_equal_pythons(calculate):
    asked = [[seed, place] for seed in (0, 7, 999) for place in (0, 1, 5, 2303, 13823)]
    got = calculate("uniform", asked)
    assert got == [float(uniform(seed, [place])[0]) for seed, place in asked]
    many = uniform(7, np.arange(100_000))
    assert many.mean() == pytest.approx(0.5, abs=0.006)
    assert np.corrcoef(many[:-1], many[1:])[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("rate", "seed", "training"), SETTINGS)
def test_masks_outputs_and_guesses_equal_pythons(calculate, rate, seed, training):
    explorer = LeakExplorer(rate, seed, training=training)
    (got,) = calculate("leakOf", [[arguments(explorer)]])
    assert got["mean"] == pytest.approx(explorer.values().mean())
    for kind in KINDS:

        def flat(array):
            return np.moveaxis(np.asarray(array, float), -1, 0).ravel()

        def listed(values):
            return np.array(list(values.values()) if isinstance(values, dict) else values, float)

        came = got[kind]
        np.testing.assert_array_equal(listed(came["kept"]), flat(explorer.kept(kind)))
        np.testing.assert_allclose(listed(came["output"]), flat(explorer.output(kind)))
        np.testing.assert_allclose(listed(came["guesses"]), flat(explorer.guesses(kind)))
        wanted = explorer.explained(kind)
        if np.isnan(wanted):
            assert came["explained"] is None or np.isnan(came["explained"])
        else:
            assert came["explained"] == pytest.approx(wanted, abs=1e-9)


def test_standard_dropout_leaks_and_spatial_does_not():
    for rate in (0.2, 0.5, 0.7):
        explorer = LeakExplorer(rate)
        assert explorer.explained("standard") > 0.6
        assert explorer.explained("spatial") == 0 or np.isnan(explorer.explained("spatial"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": 1}, "rate must lie between 0 and 0.9"),
        ({"rate": True}, "rate must lie"),
        ({"seed": 1000}, "seed must lie between 0 and 999"),
        ({"cursor": (1,)}, "cursor must be"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=message):
        LeakExplorer(**given)


def table(page):
    cells = page.locator(".leak-table tbody td").all_inner_texts()
    return [cells[row : row + 2] for row in (0, 2, 4)]


def test_the_page_shows_pythons_numbers(opened):
    page = opened(LeakExplorer())
    set_slider(page, "rate", 0.5)
    explorer = LeakExplorer(0.5)
    gone, mean, explained = table(page)
    for column, kind in enumerate(KINDS):
        assert numbers(gone[column])[0] == pytest.approx(
            100 * (~explorer.kept(kind)).mean(), abs=0.06
        )
        assert numbers(mean[column])[0] == pytest.approx(
            explorer.output(kind).mean() / 255, abs=6e-4
        )
        assert numbers(explained[column])[0] == pytest.approx(explorer.explained(kind), abs=0.006)
    assert "survivors × 2" in page.locator(".leak-table caption").inner_text()


def test_draw_again_and_inference(opened):
    page = opened(LeakExplorer())
    before = table(page)
    page.get_by_role("button", name="draw again").click()
    settle(page)
    assert table(page) != before
    page.get_by_label("training").uncheck()
    settle(page)
    assert table(page)[0] == ["0 %", "0 %"]
    assert table(page)[2] == ["nothing is dropped"] * 2
    assert page.get_by_role("button", name="draw again").is_disabled()
    assert "nothing is scaled" in page.locator(".leak-table caption").inner_text()
    assert "At inference it passes as it is" in page.locator(".leak-story").inner_text()


def test_a_pixel_is_told_of_by_mouse_and_keys(opened):
    explorer = LeakExplorer(cursor=(0, 0))
    page = opened(explorer)
    story = page.locator(".leak-story")
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    cell = box["width"] / (3 * explorer.width)
    page.mouse.move(box["x"] + 60.5 * cell, box["y"] + 20.5 * cell)
    settle(page)
    assert "Pixel (20, 12) of the map “dark”" in story.inner_text()
    value = explorer.values()[20, 12, 1] / 255
    assert numbers(story.inner_text())[2] == pytest.approx(value, abs=0.006)
    canvas.focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert "Pixel (21, 12)" in story.inner_text()


def test_a_finger_on_a_phone(opened):
    page = opened(LeakExplorer(), width=390, has_touch=True)
    box = page.locator("canvas").nth(1).bounding_box()
    page.touchscreen.tap(box["x"] + 0.8, box["y"] + 0.8)
    settle(page)
    assert "Pixel (0, 0) of the map “blur”" in page.locator(".leak-story").inner_text()


def test_a_drag_is_answered_within_a_frame(opened):
    page = opened(LeakExplorer())
    rates = [rate / 100 for rate in range(5, 90, 5)]
    assert script_of_a_drag(page, "rate", rates) < FRAME
