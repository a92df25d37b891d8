"""The exhibit of `unet`: the page's network against Keras's and ours, shapes drawn by hand."""

import json
from itertools import pairwise

import numpy as np
import pytest
from exhibit_helpers import DRAGS, FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits import unet_network, unet_training
from course_lib.exhibits.unet import EXAMPLES, SkipExplorer
from course_lib.exhibits.unet_network import MIDDLE, SPREAD, forward, load, weight_count
from course_lib.exhibits.unet_shapes import (
    draw_at_random,
    mask_of,
    noise_levels,
    picture_of,
)
from course_lib.unet import border

SWITCHES = [[bool(number & 4), bool(number & 2), bool(number & 1)] for number in range(8)]
TRIANGLE = [[0.2, 0.8], [0.5, 0.15], [0.85, 0.7]]


# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator(
        "unet/skip_explorer.js", "unet/segment.js", "unet/shapes.js", "common/strokes.js"
    )


@pytest.fixture(scope="module")
def keras_model():
    """The shipped weights in a Keras model, made by the recipe's own function."""
    model = unet_training.network()
    model.set_weights([layer[name] for layer in load() for name in ("kernel", "bias")])
    return model


@pytest.fixture(scope="module")
def drawings():
    """Random drawings, filled and not, and some that are awkward."""
    rng = np.random.default_rng(0)
    awkward = [
        ([], True),
        ([[[0.3, 0.7]]], True),
        ([[[0.3, 0.7]]], False),
        ([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]], True),
        ([[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]], True),  # middles on no edge
        ([[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]], True),  # crosses itself
        ([[[0.0, 0.5], [1.0, 0.5]]], False),
    ]
    drawn = [draw_at_random(rng) for _ in range(24)]
    tidy = [([np.round(s, 3).tolist() for s in strokes], bool(filled)) for strokes, filled in drawn]
    return [*awkward, *tidy, *[(one["strokes"], one["filled"]) for one in EXAMPLES]]


def test_the_pages_network_is_kerass_with_every_combination_of_skips(calculate, keras_model):
    explorer = SkipExplorer()
    weights = np.frombuffer(explorer.weights, "<f4").tolist()
    pictures = [picture_of(mask_of(one["strokes"], one["filled"])) for one in EXAMPLES]
    pictures.append(np.random.default_rng(0).random((64, 64)))
    for place, switches in enumerate(SWITCHES):
        picture = pictures[place % len(pictures)]
        given = [explorer.shapes, weights, picture.ravel().tolist(), 64, switches]
        page = calculate("runSwitched", [given])[0]
        ours = forward(load(), picture, switches)
        standardised = ((picture - MIDDLE) / SPREAD).astype("float32")[np.newaxis, ..., np.newaxis]
        theirs = keras_model([standardised, np.array([switches], "float32")])
        theirs = np.asarray(theirs)[0, :, :, 0]
        np.testing.assert_allclose(np.reshape(page["mask"], (64, 64)), theirs, atol=1e-4)
        np.testing.assert_allclose(np.reshape(page["mask"], (64, 64)), ours["mask"], atol=1e-9)
        for name in ("encoder", "decoder"):
            for planes, own in zip(page[name], ours[name], strict=True):
                stacked = np.moveaxis(np.array(planes), 0, -1).reshape(own.shape[1:])
                np.testing.assert_allclose(stacked, own[0], atol=1e-9)


def test_drawings_become_the_same_masks_and_pictures(calculate, drawings):
    mine = [mask_of(*drawing) for drawing in drawings]
    theirs = calculate("maskOf", drawings)
    for own, got in zip(mine, theirs, strict=True):
        assert np.array_equal(own.ravel(), np.array(got, bool))
    grain = noise_levels().tolist()
    settings = {"noise": 0.2, "shade": 0.6, "draw": 9}
    got = calculate("pictureOf", [[m, grain, settings] for m in theirs[-4:]])
    for own, picture in zip(mine[-4:], got, strict=True):
        np.testing.assert_allclose(picture, picture_of(own, **settings).ravel(), atol=1e-12)


def test_bands_and_scores_are_the_same(calculate, drawings):
    masks = [mask_of(*drawing) for drawing in drawings]
    bands = calculate("nearBorder", [[m.ravel().astype(int).tolist()] for m in masks])
    for own, got in zip(border(np.array(masks)), bands, strict=True):
        assert np.array_equal(own.ravel(), np.array(got, bool))
    explorer = SkipExplorer(switches=(False, True, False), noise=0.3)
    mask, found = explorer.mask(), explorer.outputs()["mask"]
    flat = [mask.ravel().astype(int).tolist(), found.ravel().tolist()]
    got = calculate("scoresOf", [[*flat, border([mask])[0].ravel().astype(int).tolist()]])[0]
    assert got == pytest.approx(explorer.scores())
    nothing = [[0] * 4096, [0.0] * 4096, [0] * 4096]
    assert calculate("scoresOf", [nothing])[0]["iou"] == 1


def test_masks_by_another_oracle(drawings):
    """Matplotlib's own containment, away from edges, where the two may differ by rounding."""
    from matplotlib.path import Path

    middles = (np.stack(np.meshgrid(*[np.arange(64) + 0.5] * 2), axis=-1) / 64).reshape(-1, 2)
    for strokes, filled in drawings:
        if not (filled and len(strokes) == 1 and len(strokes[0]) > 2):
            continue
        path = Path([*strokes[0], strokes[0][0]], closed=True)
        inside = path.contains_points(middles).reshape(64, 64)
        assert (inside != mask_of(strokes)).mean() < 0.004


# What ships


def test_the_shipped_network_is_small_and_what_the_page_says():
    assert weight_count(load()) == unet_training.network().count_params() == 19_049
    assert unet_network.WEIGHTS.stat().st_size < 200_000
    state = SkipExplorer().get_state(("shapes", "strokes", "examples", "switches"))
    assert len(json.dumps(state)) < 8000


@pytest.fixture(scope="module")
def unseen():
    """IoU of new random drawings for every combination of skips: all over, and near borders."""
    rng = np.random.default_rng(99)
    found = {str(switches): [] for switches in SWITCHES}
    for draw in range(8):
        strokes, filled = draw_at_random(rng)
        tidy = [np.round(stroke, 3).tolist() for stroke in strokes]
        for switches in SWITCHES:
            explorer = SkipExplorer(tidy, filled=filled, switches=switches, draw=draw)
            scores = explorer.scores()
            found[str(switches)].append((scores["iou"], scores["near"]))
    return {name: np.mean(of, axis=0) for name, of in found.items()}


def test_it_finds_what_it_was_not_trained_with(unseen):
    iou, near = unseen[str([True] * 3)]
    assert iou > 0.8
    assert near > 0.75


def test_every_skip_that_is_lost_costs_and_most_near_borders(unseen):
    everything, nothing = unseen[str([True] * 3)], unseen[str([False] * 3)]
    without_finest = unseen[str([False, True, True])]
    assert nothing[0] < without_finest[0] < everything[0]
    assert nothing[1] < without_finest[1] < everything[1] - 0.01
    assert nothing[1] < 0.9 * everything[1]
    assert everything[1] - nothing[1] > everything[0] - nothing[0]


def test_the_recipe_trains():
    """Few steps are no more than a beginning: the loss falls."""
    import keras

    before = unet_training.train(images=32, epochs=0)
    after = unet_training.train(images=64, epochs=6)
    rng = np.random.default_rng(5)
    targets = unet_training.masks(16, rng)
    given = [unet_training.pictures(targets, rng), unet_training.switches(16, rng)]
    losses = [
        float(keras.ops.convert_to_numpy(unet_training.loss(targets, model(given)).numpy().mean()))
        for model in (before, after)
    ]
    assert losses[1] < losses[0] - 0.1
    for layer, shipped in zip(unet_training.layers_of(after), load(), strict=True):
        assert layer["kernel"].shape == shipped["kernel"].shape


def test_training_sees_pictures_as_the_page_makes_them():
    """Without noise, the two are the same function of mask and light."""
    mask = mask_of([TRIANGLE])
    targets = mask[np.newaxis, ..., np.newaxis].astype("float32")

    class Still:
        def uniform(self, low, high, shape):
            return np.full(shape, 0.0 if high == 0.3 else 0.4)

        def normal(self, size):
            return np.zeros(size)

    wanted = (picture_of(mask, noise=0, shade=0.4) - MIDDLE) / SPREAD
    got = unet_training.pictures(targets, Still())[0, :, :, 0]
    np.testing.assert_allclose(got, wanted, atol=1e-6)


# Pages, driven by hand


def told(page):
    return page.locator(".unet-verdict").inner_text()


def outline(page, points):
    box = page.locator(".cnn-pad").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    settle(page)


def test_switches_are_answered_with_pythons_numbers(opened):
    page = opened(SkipExplorer())
    full = SkipExplorer().scores()
    assert numbers(told(page))[0] == pytest.approx(full["iou"], abs=0.0051)
    page.get_by_label("skip at 64 × 64").uncheck()
    page.get_by_label("skip at 16 × 16").uncheck()
    settle(page)
    scores = SkipExplorer(switches=(False, True, False)).scores()
    assert told(page).startswith("Without the skips at 64 × 64 and 16 × 16: IoU")
    *_, iou, with_all, near, near_all = numbers(told(page))
    assert (iou, near) == pytest.approx((scores["iou"], scores["near"]), abs=0.0051)
    assert (with_all, near_all) == pytest.approx((full["iou"], full["near"]), abs=0.0051)
    label = page.locator(".unet-top canvas").nth(3).get_attribute("aria-label")
    assert numbers(label)[:2] == [scores["missed"], scores["invented"]]
    assert page.locator(".unet-skip.is-off").count() == 2


def test_what_a_mouse_draws_is_found(opened):
    page = opened(SkipExplorer(strokes=[]))
    assert told(page).startswith("Nothing is drawn")
    assert page.get_by_role("button", name="undo").is_disabled()
    outline(page, TRIANGLE)
    assert numbers(told(page))[0] > 0.8
    page.get_by_role("button", name="undo").click()
    settle(page)
    assert told(page).startswith("Nothing is drawn")


def test_a_finger_draws_and_the_page_stays(opened):
    page = opened(SkipExplorer(strokes=[]), width=390, has_touch=True)
    box = page.locator(".cnn-pad").bounding_box()
    hand = page.context.new_cdp_session(page)

    def touch(kind, *points):
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", TRIANGLE[0])
    for start, end in pairwise(TRIANGLE):
        for share in np.linspace(0, 1, 8):
            touch("touchMove", np.add(start, share * np.subtract(end, start)).tolist())
    touch("touchEnd")
    settle(page)
    assert numbers(told(page))[0] > 0.8
    assert page.evaluate("scrollY") == 0


def test_keys_draw(opened):
    page = opened(SkipExplorer(strokes=[]))
    pad = page.locator(".cnn-pad")
    pad.focus()
    page.keyboard.press("Space")
    for key, count in (("ArrowDown", 12), ("ArrowRight", 9), ("ArrowUp", 12)):
        for _ in range(count):
            page.keyboard.press(key)
    page.keyboard.press("Space")
    settle(page)
    assert numbers(told(page))[0] > 0.8
    assert "1 stroke. The pen is up at 25 across and 8 down" in pad.get_attribute("aria-label")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one["name"])
def test_examples(opened, example):
    page = opened(SkipExplorer(strokes=[]))
    page.get_by_role("button", name=example["name"], exact=True).click()
    settle(page)
    scores = SkipExplorer(example["strokes"], filled=example["filled"]).scores()
    assert numbers(told(page))[0] == pytest.approx(scores["iou"], abs=0.0051)
    assert scores["iou"] > 0.8
    assert page.get_by_label("fill what is drawn").is_checked() == example["filled"]


def test_noise_light_and_filling_are_set(opened):
    page = opened(SkipExplorer())
    set_slider(page, "noise", 0.25)
    set_slider(page, "uneven light", 0.8)
    page.get_by_role("button", name="other noise").click()
    page.get_by_label("fill what is drawn").uncheck()
    settle(page)
    scores = SkipExplorer(noise=0.25, shade=0.8, draw=1, filled=False).scores()
    assert numbers(told(page))[0] == pytest.approx(scores["iou"], abs=0.0051)


def test_the_answer_is_announced_when_the_hand_rests(opened):
    page = opened(SkipExplorer())
    page.get_by_label("skip at 32 × 32").uncheck()
    status = page.get_by_role("status")
    assert status.inner_text() == ""
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert "Without the skip at 32 × 32" in status.inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_drawing_is_answered_within_a_frame(opened, width):
    """A long scribble with a skip off: every step runs the encoder once, the decoder twice."""
    page = opened(SkipExplorer(switches=(False, True, True)), width=width)
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        metrics = {m["name"]: m["value"] for m in clock.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["ScriptDuration"]

    scribble = """async (count) => {
        const pad = document.querySelector(".cnn-pad"), box = pad.getBoundingClientRect();
        const at = (i) => ({ pointerId: 1, pointerType: "mouse", bubbles: true,
            clientX: box.left + box.width * (0.5 + 0.3 * Math.sin(i)),
            clientY: box.top + box.height * (0.5 + 0.4 * Math.cos(1.7 * i)) });
        pad.setPointerCapture = () => {};
        pad.dispatchEvent(new PointerEvent("pointerdown", at(0)));
        for (let i = 0; i < count; i++) {
            pad.dispatchEvent(new PointerEvent("pointermove", at(i / 4)));
            await new Promise(requestAnimationFrame);
        }
        pad.dispatchEvent(new PointerEvent("pointerup", at(0))); }"""
    page.evaluate(scribble, 20)
    before = spent()
    page.evaluate(scribble, DRAGS)
    each = (spent() - before) / DRAGS
    print(f"drawing, {width} px: {each:.2f} ms of script a step")
    assert each < FRAME


def test_a_slider_is_answered_within_a_frame(opened):
    page = opened(SkipExplorer(switches=(False, False, True)))
    each = script_of_a_drag(page, "noise", np.arange(0, 0.3, 0.01).round(2))
    print(f"noise: {each:.2f} ms of script a drag")
    assert each < FRAME


# Python's side


def test_the_still_follows_the_traits():
    stills = {
        SkipExplorer().still(),
        SkipExplorer(switches=(False, True, True)).still(),
        SkipExplorer([TRIANGLE]).still(),
    }
    assert len(stills) == 3
    assert "with the skips at 64 by 64 off" in SkipExplorer(switches=(0, 1, 1)).alternative_text()


REFUSED = [
    ({"switches": (True, True)}, r"one entry for each of the 3 skips, .* got 2"),
    ({"noise": 0.4}, r"noise must lie between 0 and 0.3 here; got 0.4"),
    ({"shade": -0.1}, r"shade must lie between 0 and 0.8 here; got -0.1"),
    ({"draw": -1}, r"draw must be an integer of at least 0"),
    ({"strokes": [[0.5, 0.1]]}, r"list of points \(x, y\); got shape \(2,\)"),
    ({"strokes": [[(0.5, 1.5)]]}, r"between 0 and 1 .* from 0.5 to 1.5"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SkipExplorer(**arguments)
