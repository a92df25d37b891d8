"""The exhibit of `loss_landscape`: arithmetic against Python's, pages driven by hand."""

import importlib.util
import json

import matplotlib
import numpy as np
import pytest
from conftest import ROOT
from exhibit_helpers import DRAGS, FRAME, numbers, script_of_a_drag, set_slider, settle
from skimage.measure import find_contours

from course_lib.exhibits.loss_landscape import LandscapeExplorer
from course_lib.exhibits.loss_landscape_data import (
    DEPTHS,
    FILES,
    KINDS,
    SEEDS,
    STATISTICS,
    accuracies,
    surfaces,
)
from course_lib.exhibits.loss_landscape_stills import HEIGHT, LEVELS, corners, project
from course_lib.loss_landscape import roughness

VIEWS = [(-35.0, 32.0, 1.0), (0.0, 0.0, 1.0), (170.0, 90.0, 2.5), (-90.0, 61.5, 0.6)]


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("loss_landscape/landscape_explorer.js")


@pytest.fixture
def hills():
    """A bumpy landscape of heights from 0 to 1, 7 by 7."""
    return np.random.default_rng(0).random((7, 7))


# --- arithmetic ----------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_points_are_projected_as_in_python(calculate, view):
    places = np.random.default_rng(1).normal(size=(20, 3))
    came = calculate("project", [[place.tolist(), *view] for place in places])
    np.testing.assert_allclose(came, project(places, *view), atol=1e-12)


def test_the_projection_is_the_product_of_two_rotations():
    turn, tilt = 40.0, 25.0
    t, e = np.radians([turn, tilt - 90])
    upright = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    nod = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    places = np.random.default_rng(2).normal(size=(10, 3))
    turned = (places - [0, 0, HEIGHT / 2]) @ upright.T @ nod.T
    right, up, away = project(places, turn, tilt).T
    np.testing.assert_allclose(right, turned[:, 0])
    np.testing.assert_allclose(up, turned[:, 1])
    np.testing.assert_allclose(away, -turned[:, 2])
    seen = project([[1, 2, HEIGHT], [1, 2, 0]], 0, 90)
    np.testing.assert_allclose(seen[:, :2], [[1, 2], [1, 2]], atol=1e-12)  # straight from above


@pytest.mark.parametrize("view", VIEWS)
def test_a_landscape_is_projected_as_in_python(calculate, view, hills):
    (came,) = calculate("corners", [[hills.ravel().tolist(), 7, *view]])
    np.testing.assert_allclose(came, corners(hills, *view).reshape(-1, 3), atol=1e-12)


@pytest.mark.parametrize("turn", [-180, -35, 10, 100])
def test_cells_come_from_far_to_near(calculate, turn):
    (ground,) = calculate("groundDistances", [[7, turn]])
    (cells,) = calculate("cellsFarFirst", [[7, ground]])
    assert sorted(cell["four"][0] for cell in cells) == [
        i * 7 + j for i in range(6) for j in range(6)
    ]
    flat = corners(np.zeros((7, 7)), turn, 0)[..., 2].ravel()
    away = [flat[cell["four"]].sum() for cell in cells]
    assert (np.diff(away) <= 1e-9).all()


@pytest.mark.parametrize("level", LEVELS[::3])
def test_lines_of_equal_loss_are_those_of_scikit_image(calculate, hills, level):
    """Their points, which lie on the grid's edges, and their length."""
    (pieces,) = calculate("contour", [[hills.ravel().tolist(), 7, level]])
    ends = np.array(pieces).reshape(-1, 2)
    lines = find_contours(hills, level)
    expected = np.unique(np.concatenate(lines).round(9), axis=0)
    np.testing.assert_allclose(np.unique(ends.round(9), axis=0), expected, atol=1e-8)
    assert len(pieces) == sum(len(line) - 1 for line in lines)


def test_shares_of_the_scale_are_pythons(calculate):
    for log in (False, True):
        explorer = LandscapeExplorer(statistics="moving", log=log)
        low, high = explorer.scale()
        for losses, heights in zip(explorer.pair(), explorer.heights(), strict=True):
            (came,) = calculate("shares", [[losses.ravel().tolist(), low, high, log]])
            np.testing.assert_allclose(came, heights.ravel(), atol=1e-6)


def test_colours_are_viridis(calculate):
    shares = np.linspace(0, 1, 9)
    came = calculate("colourOf", [[share] for share in shares])
    expected = 255 * matplotlib.colormaps["viridis"](shares)[:, :3]
    assert np.abs(np.array(came) - expected).max() < 2


def test_losses_are_written_short(calculate):
    wanted = {0.0123: "0.01", 2.3456: "2.35", 46.04: "46", 0.00092: "9.2·10⁻⁴", 1.7e8: "1.7·10⁸"}
    assert calculate("lossText", [[value] for value in wanted]) == list(wanted.values())


# --- pages, driven by hand -----------------------------------------------------------------------


def story(page):
    return page.locator(".landscape-story").inner_text()


def camera(page):
    return [
        float(page.get_by_label(name, exact=True).input_value())
        for name in ("turn", "tilt", "zoom")
    ]


def pixels(page, nth=0):
    return page.locator("canvas").nth(nth).evaluate("(canvas) => canvas.toDataURL()")


def facts(page):
    return [
        [numbers(text) for text in row.locator("td").all_inner_texts()]
        for row in page.locator("tbody tr").all()
    ]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("statistics", STATISTICS)
def test_the_numbers_are_pythons(opened, depth, statistics):
    page = opened(LandscapeExplorer())
    page.get_by_label("layers", exact=True).select_option(str(depth))
    page.get_by_label("training run").select_option("1")
    page.get_by_label("batch norm's statistics").select_option(statistics)
    settle(page)
    explorer = LandscapeExplorer(depth, 1, statistics)
    for row, kind, losses in zip(facts(page), KINDS, explorer.pair(), strict=True):
        accuracy, _, _, minima, share = (one[0] for one in row)
        rough = roughness(losses)
        assert accuracy == pytest.approx(100 * accuracies()[depth, 1, kind][0], abs=0.51)
        assert (minima, share) == (rough.minima, pytest.approx(100 * rough.nonconvex, abs=0.51))


def test_both_turn_under_one_camera_by_drag_key_and_slider(opened):
    page = opened(LandscapeExplorer())
    before = pixels(page), pixels(page, 1)
    box = page.locator("canvas").nth(1).bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 175)
    page.mouse.up()
    settle(page)
    assert camera(page) == [-15, 42, 1]  # half a degree a pixel, and 0.4 upwards
    assert all(pixels(page, nth) != before[nth] for nth in (0, 1))
    canvas = page.locator("canvas").first
    canvas.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "+"):
        page.keyboard.press(key)
    settle(page)
    assert camera(page) == [-20, 32, pytest.approx(1.15)]
    page.keyboard.press("Home")
    settle(page)
    assert camera(page) == [-35, 32, 1]
    assert (pixels(page), pixels(page, 1)) == before
    set_slider(page, "turn", 100)
    set_slider(page, "zoom", 2)
    assert camera(page) == [100, 32, 2]
    page.get_by_role("button", name="Turn back").click()
    settle(page)
    assert camera(page) == [-35, 32, 1]


def test_the_turn_goes_round_and_the_tilt_stops(opened):
    page = opened(LandscapeExplorer(turn=170, tilt=85))
    page.locator("canvas").first.focus()
    for key in ("Shift+ArrowLeft", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert camera(page)[:2] == [-175, 90]


def test_two_fingers_zoom_and_control_with_the_wheel_does_too(opened):
    page = opened(LandscapeExplorer(), width=390, has_touch=True)
    pinch = """(canvas) => {
        const box = canvas.getBoundingClientRect(), y = box.top + 80;
        canvas.setPointerCapture = () => {};
        const send = (kind, id, x) => canvas.dispatchEvent(new PointerEvent(kind,
            { pointerId: id, pointerType: "touch", clientX: box.left + x, clientY: y }));
        send("pointerdown", 1, 60); send("pointerdown", 2, 100);
        send("pointermove", 2, 140); send("pointerup", 1, 60); send("pointerup", 2, 140); }"""
    page.locator("canvas").first.evaluate(pinch)
    settle(page)
    assert camera(page) == [-35, 32, 2]
    wheel = """(canvas) => [false, true].map((ctrlKey) => !canvas.dispatchEvent(
        new WheelEvent("wheel", { deltaY: 100, ctrlKey, cancelable: true })))"""
    assert page.locator("canvas").first.evaluate(wheel) == [False, True]  # else the page scrolls
    settle(page)
    assert camera(page)[2] == pytest.approx(2 * np.exp(-0.5), abs=0.03)


def test_contours_show_the_loss_under_the_dot(opened):
    explorer = LandscapeExplorer(view="contours")
    page = opened(explorer)
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    cell = (box["width"] - 2 - 44) / 20
    page.mouse.move(box["x"] + 1 + 22 + 15 * cell, box["y"] + 1 + 22 + 4 * cell)
    settle(page)
    told = numbers(story(page))
    assert told[:2] == [-0.6, 0.5]  # row 4 and column 15
    expected = [losses[4, 15] for losses in explorer.pair()]
    assert told[2:] == pytest.approx(expected, abs=0.0501)
    canvas.focus()
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    assert numbers(story(page))[:2] == [-0.5, 0.3]
    assert page.get_by_label("turn", exact=True).is_disabled()


def test_rows_run_downwards_in_the_contour_view(opened):
    explorer = LandscapeExplorer(view="contours", statistics="moving", log=True, cursor=(10, 10))
    page = opened(explorer)
    heights = explorer.heights()[0]
    read = """(canvas, [row, column]) => {
        const ratio = canvas.width / canvas.clientWidth, edge = 22 * ratio;
        const cell = (canvas.width - 2 * edge) / 20;
        return [...canvas.getContext("2d").getImageData(edge + column * cell, edge + row * cell,
            1, 1).data].slice(0, 3); }"""
    viridis = matplotlib.colormaps["viridis"]
    near = 0
    for row, column in [(2, 3), (3, 17), (16, 4), (18, 15), (6, 12)]:
        came = page.locator("canvas").first.evaluate(read, [row, column])
        expected = 255 * np.array(viridis(heights[row, column]))[:3]
        near += np.abs(came - expected).max() < 12  # a line may run over one of the points
    assert near >= 4


def test_the_scale_is_common_and_can_be_logarithmic(opened):
    explorer = LandscapeExplorer(statistics="moving")
    page = opened(explorer)
    before = pixels(page, 1)
    page.get_by_label("logarithmic scale").check()
    settle(page)
    assert pixels(page, 1) != before
    ends = page.locator(".scale-ends span").all_inner_texts()
    mantissa = float(ends[2].split("·")[0])
    power = np.floor(np.log10(explorer.scale()[1]))
    assert mantissa == pytest.approx(explorer.scale()[1] / 10**power, abs=0.06)


def test_keys_alone_reach_every_part(opened):
    page = opened(LandscapeExplorer())
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))
    assert reached.count("CANVAS") == 2
    assert reached.count("SELECT") == 4
    assert reached.count("INPUT") == 4


def test_a_turn_is_announced_once_it_is_over(opened):
    page = opened(LandscapeExplorer())
    set_slider(page, "turn", 60)
    status = page.get_by_role("status")
    assert status.inner_text() == ""
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert "Turned by 60°" in status.inner_text()


def test_the_theme_switch_repaints(opened):
    page = opened(LandscapeExplorer())
    before = pixels(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settle(page)
    assert pixels(page) != before


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("label", "values"), [("turn", range(-90, 90, 7)), ("tilt", range(10, 80, 5))]
)
def test_a_drag_is_answered_within_a_frame(opened, width, label, values):
    page = opened(LandscapeExplorer(), width=width)
    each = script_of_a_drag(page, label, values)
    print(f"{label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


def test_moving_the_dot_is_answered_within_a_frame(opened):
    page = opened(LandscapeExplorer(view="contours"))
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})
    move = """async (count) => {
        const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect();
        for (let i = 0; i < count; i++) {
            canvas.dispatchEvent(new PointerEvent("pointermove", { pointerType: "mouse",
                clientX: box.left + box.width * (0.1 + 0.8 * i / count), clientY: box.top + 90 }));
            await new Promise(requestAnimationFrame);
        } }"""

    def spent():
        metrics = {m["name"]: m["value"] for m in clock.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["ScriptDuration"]

    page.evaluate(move, 5)
    before = spent()
    page.evaluate(move, DRAGS)
    assert (spent() - before) / DRAGS < FRAME


# --- Python's side -------------------------------------------------------------------------------


def test_the_still_follows_the_traits():
    options = ({}, {"view": "contours"}, {"depth": 20}, {"log": True, "statistics": "moving"})
    assert len({LandscapeExplorer(**one).still() for one in (*options, {"turn": 50})}) == 5


REFUSED = [
    ({"depth": 32}, r"depth must be one of 56, 20; got 32"),
    ({"seed": 3}, r"seed must be one of 0, 1, 2; got 3"),
    ({"statistics": "stored"}, r"statistics must be one of 'batch', 'moving'"),
    ({"view": "map"}, r"view must be one of 'surface', 'contours'"),
    ({"turn": 190}, r"turn must be a number from -180 to 180; got 190"),
    ({"tilt": -1}, r"tilt must be a number from 0 to 90"),
    ({"zoom": "1"}, r"zoom must be a number from 0.6 to 3; got '1'"),
    ({"cursor": (0, 21)}, r"cursor must lie on the grid of 21 x 21"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LandscapeExplorer(**arguments)


# --- the data and its recipe ---------------------------------------------------------------------


def test_the_shipped_data_is_small_and_whole():
    steps, held = surfaces()
    assert len(held) == len(DEPTHS) * len(SEEDS) * len(KINDS) * len(STATISTICS)
    assert 0 in steps
    assert all(np.isfinite(one).all() and one.shape == (21, 21) for one in held.values())
    assert (FILES / "loss_landscape.npz").stat().st_size < 300_000
    assert set(json.loads((FILES / "loss_landscape.json").read_text())) == {
        f"{kind}-{depth}-{seed}" for kind in KINDS for depth in DEPTHS for seed in SEEDS
    }


@pytest.mark.slow
def test_the_recipe_still_makes_such_surfaces():
    """Its cheap version: 8 layers, one epoch, nine points. And its words about the data."""
    place = FILES / "loss_landscape.py"
    spec = importlib.util.spec_from_file_location("recipe", place)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    steps, _ = surfaces()
    np.testing.assert_array_equal(recipe.STEPS, steps)
    assert (recipe.DEPTHS, recipe.SEEDS, recipe.KINDS) == (DEPTHS, SEEDS, KINDS)
    assert (recipe.EPOCHS, recipe.TRAINED, recipe.SEEN) == (8, 1500, 256)  # as the chapter says
    made = list(recipe.everything((8,), (0,), 1, np.linspace(-1, 1, 3), 64))
    assert [name for name, *_ in made] == ["plain-8-0", "residual-8-0"]
    for _, scores, drawn in made:
        assert scores[0] > 0.4
        assert set(drawn) == set(STATISTICS)
        for surface in drawn.values():
            assert surface.shape == (3, 3)
            assert surface.argmin() == 4, "the trained network stands lowest"
    assert str(place.relative_to(ROOT)) == "book/_data/loss_landscape.py"
