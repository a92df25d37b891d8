"""The exhibit of `self_supervised`: its arithmetic against Python's, its page driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, press_at_once, script_of_a_drag, set_slider, settle

from course_lib.exhibits import self_supervised_stills
from course_lib.exhibits.self_supervised import SCATTERED, PairsExplorer, contrast

# Arithmetic

ANGLES = [
    SCATTERED,
    (0, 90, 180, 270, 0, 90, 180, 270),
    (0, 0, 0, 0, 180, 180, 180, 180),
    (10.5, 200, 359.9, 0.1),
    tuple(np.random.default_rng(0).uniform(0, 360, 12).round(1)),
]
TEMPERATURES = (0.05, 0.5, 2)


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("self_supervised/pairs_explorer.js", "self_supervised/circle.js")


def on_circle(angles):
    radians = np.deg2rad(angles)
    return np.split(np.stack([np.cos(radians), np.sin(radians)], axis=1), 2)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("angles", ANGLES)
def test_loss_is_nt_xents(angles, temperature):
    from course_lib.self_supervised import nt_xent, nt_xent_loops

    found = contrast(angles, temperature)
    assert found.loss == pytest.approx(nt_xent_loops(*on_circle(angles), temperature))
    assert found.loss == pytest.approx(float(nt_xent(*on_circle(angles), temperature)), abs=1e-5)
    assert found.loss == pytest.approx(found.each.mean())
    np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    assert not found.shares.diagonal().any()


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("angles", ANGLES)
def test_slopes_are_finite_differences(angles, temperature):
    found, step = contrast(angles, temperature).slopes, 1e-4
    for point in range(len(angles)):
        moved = [np.array(angles, float), np.array(angles, float)]
        moved[0][point] += np.rad2deg(step)
        moved[1][point] -= np.rad2deg(step)
        up, down = (contrast(one, temperature).loss for one in moved)
        assert found[point] == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_javascript_computes_what_python_does(calculate):
    cases = [[list(angles), t] for angles in ANGLES for t in TEMPERATURES]
    for (angles, t), came in zip(cases, calculate("contrast", cases), strict=True):
        due = contrast(angles, t)
        assert came["loss"] == pytest.approx(due.loss)
        np.testing.assert_allclose(came["slopes"], due.slopes, atol=1e-9)
        np.testing.assert_allclose([one["shares"] for one in came["choices"]], due.shares)
        np.testing.assert_allclose([one["loss"] for one in came["choices"]], due.each, atol=1e-9)


def test_steps_go_down_at_any_temperature(calculate):
    for t in (0.05, 0.2, 0.5, 1, 2):
        angles = list(SCATTERED)
        before = contrast(angles, t).loss
        for _ in range(20):
            (angles,) = calculate("stepDown", [[angles, t]])
            assert all(0 <= angle < 360 for angle in angles)
        assert contrast(angles, t).loss < before


def test_arrows_lie_on_the_tangent_and_point_down(calculate):
    """The shaft is at right angles to the radius; a step along it lowers the loss."""
    found = contrast(SCATTERED, 0.5)
    cases = [[a, s] for a, s in zip(SCATTERED, found.slopes, strict=True)]
    for (angle, slope), path in zip(cases, calculate("arrowPath", cases), strict=True):
        x0, y0, x1, y1 = numbers(path.replace("M", " ").replace("L", " "))[:4]
        shaft, spot = np.array([x1 - x0, y0 - y1]), np.deg2rad(angle)
        outwards = np.array([np.cos(spot), np.sin(spot)])
        assert shaft @ outwards == pytest.approx(0, abs=0.2)
        tangent = np.array([-outwards[1], outwards[0]])
        assert np.sign(shaft @ tangent) == -np.sign(slope)
        drawn = self_supervised_stills.arrow(angle, slope) - outwards
        assert np.linalg.norm(shaft) / 100 == pytest.approx(np.linalg.norm(drawn), abs=0.01)


def test_no_arrow_without_a_slope(calculate):
    assert calculate("arrowPath", [[30, 0], [30, 1e-9]]) == ["", ""]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PairsExplorer(angles=[1, 2, 3]), "angles must hold 2 to 6 pairs"),
        (lambda: PairsExplorer(angles=[1, 2]), "got 2 angles"),
        (lambda: PairsExplorer(angles=[0] * 14), "got 14 angles"),
        (lambda: PairsExplorer(temperature=0.01), "temperature must be between 0.05 and 2"),
        (lambda: PairsExplorer(temperature=3), "temperature must be between 0.05 and 2"),
        (lambda: PairsExplorer(chosen=8), "chosen must be the number of a point, 0 to 7"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_words_of_the_still_are_its_numbers():
    explorer = PairsExplorer()
    assert numbers(explorer.alternative_text()) == [
        4,
        0.5,
        round(explorer.now().loss, 3),
        1.946,
        round(100 * explorer.now().shares[0, 4], 1),
    ]


# The page, driven by hand


def point(page, name):
    return page.get_by_role("slider", name=f"{name}, ")


def test_arrow_keys_move_a_point_and_the_loss(opened):
    page = opened(PairsExplorer())
    before = page.locator(".pairs-loss").inner_html()
    chosen = point(page, "B′")
    chosen.focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert chosen.get_attribute("aria-valuenow") == str(SCATTERED[5] + 2)
    press_at_once(chosen, "ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight")
    assert chosen.get_attribute("aria-valuenow") == str(SCATTERED[5] + 2)
    page.keyboard.press("Shift+ArrowRight")
    settle(page)
    moved = [*SCATTERED[:5], SCATTERED[5] - 8, *SCATTERED[6:]]
    due = contrast(moved, 0.5)
    assert page.locator(".pairs-loss").inner_html() != before
    assert numbers(page.locator(".pairs-loss").inner_html()) == [round(due.loss, 3)]
    assert "Which of the others is B′’s partner" in page.locator(".exhibit-panel").inner_text()
    assert f"loss {due.each[5]:.3f}".rstrip("0") in chosen.get_attribute("aria-valuetext")


def test_a_point_is_dragged(opened):
    page = opened(PairsExplorer())
    start, rim = point(page, "A").bounding_box(), page.locator(".pairs-rim").bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(rim["x"] + 5, rim["y"] + rim["height"] / 2, steps=4)
    page.mouse.up()
    settle(page)
    assert 178 <= int(point(page, "A").get_attribute("aria-valuenow")) <= 182
    page.mouse.move(rim["x"], rim["y"])
    settle(page)
    assert 178 <= int(point(page, "A").get_attribute("aria-valuenow")) <= 182, "let go is let go"


def test_a_finger_drags_on_a_phone(opened):
    page = opened(PairsExplorer(), width=390, has_touch=True)
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.pairs-point')).touchAction"
    ) == ("none")
    box = point(page, "C").bounding_box()
    assert min(box["width"], box["height"]) >= 32
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    assert "Which of the others is C’s partner" in page.locator(".exhibit-panel").inner_text()


def test_examples_temperature_and_steps(opened):
    page = opened(PairsExplorer())
    page.get_by_role("button", name="all in one place").click()
    set_slider(page, "temperature", 2)
    shown = numbers(page.locator(".pairs-loss").inner_html())[0]
    assert shown == pytest.approx(np.log(7), abs=0.01)
    page.get_by_role("button", name="one step").click()
    settle(page)
    pressed = page.get_by_role("button", name="all in one place").get_attribute("aria-pressed")
    assert pressed == "false"
    assert numbers(page.locator(".pairs-loss").inner_html())[0] <= shown


def test_let_go_they_find_their_partners(opened):
    page = opened(PairsExplorer())
    page.get_by_role("button", name="let them go").click()
    page.wait_for_function(
        "document.querySelector('.pairs-steps').textContent.includes('let them go')", timeout=20000
    )
    settle(page)
    angles = [int(point(page, n).get_attribute("aria-valuenow")) for n in "ABCD"]
    partners = [int(point(page, f"{n}′").get_attribute("aria-valuenow")) for n in "ABCD"]
    apart = np.abs(np.subtract(angles, partners))
    assert np.minimum(apart, 360 - apart).max() <= 2


def test_six_pairs_have_a_letter_each(opened):
    page = opened(PairsExplorer(angles=[*range(0, 360, 30)], chosen=11))
    assert page.get_by_role("slider", name="F′, second view of image F").count() == 1
    assert page.locator(".pairs-line").count() == 11


def test_a_drag_is_answered_within_a_frame(opened):
    page = opened(PairsExplorer(angles=[*range(0, 360, 30)]))
    assert script_of_a_drag(page, "temperature", [0.05 * i for i in range(1, 41)]) < FRAME
