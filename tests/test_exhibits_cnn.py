"""The exhibits of `cnn`: the page's network against Keras's and ours, drawings by hand."""

import json

import numpy as np
import pytest
from exhibit_helpers import (
    DRAGS,
    FRAME,
    numbers,
    press_at_once,
    script_of_a_drag,
    set_slider,
    settle,
)

from course_lib.data import digits
from course_lib.exhibits import cnn_network, cnn_training
from course_lib.exhibits.cnn import EXAMPLES, DrawingExplorer, PoolingExplorer
from course_lib.exhibits.cnn_network import enlarge, forward, layer_names, layers_of, load, save
from course_lib.exhibits.cnn_strokes import bitmap, prepare


def arc(middle, radii, start, stop, count=16):
    """Points on an ellipse, by degrees, anticlockwise from the right."""
    angles = np.radians(np.linspace(start, stop, count))
    x, y = middle[0] + radii[0] * np.cos(angles), middle[1] - radii[1] * np.sin(angles)
    return np.column_stack([x, y]).tolist()


# Ten digits as a hand draws them, on a pad whose sides run from 0 to 1.
HAND = [
    [arc((0.5, 0.5), (0.2, 0.32), 90, 450, 24)],
    [[[0.38, 0.3], [0.52, 0.15], [0.52, 0.85]]],
    [[*arc((0.5, 0.33), (0.18, 0.18), 170, -40), [0.32, 0.85], [0.7, 0.85]]],
    [arc((0.47, 0.32), (0.18, 0.17), 150, -80) + arc((0.47, 0.66), (0.2, 0.19), 80, -150)],
    [[[0.6, 0.15], [0.28, 0.6], [0.74, 0.6]], [[0.6, 0.15], [0.6, 0.85]]],
    [
        [[0.36, 0.15], [0.34, 0.46], *arc((0.47, 0.63), (0.19, 0.2), 110, -150)],
        [[0.36, 0.15], [0.7, 0.14]],
    ],
    [[[0.64, 0.15], [0.42, 0.32], [0.32, 0.6], *arc((0.5, 0.65), (0.18, 0.2), 180, 520, 24)]],
    [[[0.3, 0.15], [0.7, 0.15], [0.42, 0.85]]],
    [arc((0.5, 0.32), (0.15, 0.17), -90, 270, 20) + arc((0.5, 0.68), (0.19, 0.19), 90, -270, 20)],
    [[*arc((0.5, 0.34), (0.18, 0.19), 0, 360, 20), [0.67, 0.4], [0.62, 0.85]]],
]


def moved(strokes, size, place):
    """The same strokes, drawn smaller and elsewhere on the pad."""
    return [((np.array(s) - 0.5) * size + place).tolist() for s in strokes]


# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the two front ends export."""
    return calculator("cnn/drawing_explorer.js", "cnn/pooling_explorer.js")


@pytest.fixture(scope="module")
def keras_model():
    """The shipped weights in a Keras model, made by the recipe's own function."""
    from course_lib.models import as_model

    model = as_model(cnn_training.network, (16, 16, 1))
    model.set_weights([layer[n] for layer in load() for n in ("kernel", "bias") if n in layer])
    return model


@pytest.fixture(scope="module")
def pictures():
    """Random drawings, drawn digits, digits of the data, noise, and nothing."""
    rng = np.random.default_rng(0)
    scribbles = [
        [np.clip(rng.random(2) + rng.normal(0, 0.1, (9, 2)).cumsum(0), 0, 1) for _ in range(n)]
        for n in (1, 2, 3, 5)
    ]
    drawn = [prepare(strokes) for strokes in [*HAND, *scribbles, []]]
    shown = enlarge(digits()[0][::150])
    return np.concatenate([*drawn, shown, rng.random((4, 16, 16, 1))])


def maps_of(model, images):
    """What every layer of a Keras model puts out."""
    import keras

    kept = [one for one in model.layers if type(one).__name__ != "InputLayer"]
    return [np.asarray(of) for of in keras.Model(model.input, [o.output for o in kept])(images)]


def test_the_pages_network_is_kerass(calculate, keras_model, pictures):
    explorer = DrawingExplorer()
    weights = np.frombuffer(explorer.weights, "<f4").tolist()
    given = [[explorer.shapes, weights, one.ravel().tolist(), 16] for one in pictures]
    wanted = maps_of(keras_model, pictures.astype("float32"))
    ours = forward(explorer.layers(), pictures)
    assert len(wanted) == len(ours) == 9
    for place, case in enumerate(given):
        *layers, probabilities = calculate("run", [case])[0]
        np.testing.assert_allclose(probabilities, wanted[-1][place], atol=1e-4)
        for planes, theirs, own in zip(layers, wanted, ours, strict=False):
            stacked = np.moveaxis(np.array(planes), 0, -1)
            if theirs.ndim == 4:
                stacked = stacked.reshape(theirs.shape[1:])
            np.testing.assert_allclose(stacked.squeeze(), theirs[place].squeeze(), atol=1e-4)
            np.testing.assert_allclose(stacked.squeeze(), own[place].squeeze(), atol=1e-9)


def test_drawings_are_prepared_as_in_python(calculate):
    rng = np.random.default_rng(1)
    drawings = [
        *HAND,
        [],
        [[[0.3, 0.7]]],
        [[[0.1, 0.5], [0.9, 0.5]]],
        *[[rng.random((n, 2)).tolist() for n in (1, 4, 9)] for _ in range(6)],
    ]
    for mine, theirs in zip(
        map(prepare, drawings), calculate("pictureFrom", [[d] for d in drawings]), strict=True
    ):
        np.testing.assert_allclose(theirs, mine.ravel(), atol=1e-9)


def test_enlarging_is_the_frameworks_bilinear_one(calculate):
    from keras import layers

    image = np.random.default_rng(0).random((2, 8, 8, 1))
    theirs = layers.UpSampling2D(2, interpolation="bilinear")(image)
    np.testing.assert_allclose(enlarge(image), theirs, atol=1e-6)
    got = calculate("enlarge", [[one.ravel().tolist()] for one in image])
    np.testing.assert_allclose(np.array(got), enlarge(image).reshape(2, 256), atol=1e-12)


@pytest.mark.parametrize(("size", "place"), [(1, 0.5), (0.4, (0.3, 0.3)), (0.6, (0.65, 0.6))])
def test_drawn_digits_are_recognised(size, place):
    found = [
        int(forward(load(), prepare(moved(strokes, size, place)))[-1].argmax()) for strokes in HAND
    ]
    assert found == list(range(10))


def test_size_and_place_on_the_pad_do_not_matter():
    for strokes in HAND:
        small = prepare(moved(strokes, 0.4, (0.3, 0.7)))
        np.testing.assert_allclose(small, prepare(strokes), atol=1e-6)


def test_a_drawing_looks_like_the_data():
    images, _ = digits()
    for strokes in HAND[2:]:  # a 1 of one line is thinner than the data's
        pixels = bitmap(strokes)
        assert pixels.mean() == pytest.approx(images.mean(), abs=0.04)
        rows = np.flatnonzero(pixels.any(axis=1))
        assert rows[0] <= 3
        assert rows[-1] >= 28


def test_the_shipped_network_is_what_the_page_says():
    (_, _), (images, labels) = cnn_training.split()
    right = forward(load(), images)[-1].argmax(axis=1) == labels
    assert right.mean() > 0.97
    assert DrawingExplorer().weight_count() == 6722
    assert len(set(EXAMPLES)) == 10
    assert min(EXAMPLES) >= len(digits()[0]) - cnn_training.HELD_OUT  # none was learnt from
    assert digits()[1][list(EXAMPLES)].tolist() == list(range(10))


def test_the_recipe_trains():
    """One epoch of the recipe is no more than a beginning, and far better than chance."""
    model, accuracy = cnn_training.train(epochs=2)
    assert accuracy > 0.3
    assert [one["kind"] for one in layers_of(model)] == [one["kind"] for one in load()]


def test_networks_are_saved_and_loaded(tmp_path):
    save(load(), tmp_path / "network.npz")
    for one, other in zip(load(), load(tmp_path / "network.npz"), strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_another_network_is_shown_and_a_foreign_layer_refused(opened, keras_model):
    import keras

    from course_lib.cnn import backbone, head
    from course_lib.models import as_model

    keras.utils.set_random_seed(3)
    own = as_model(lambda im: head(backbone(im, (3,)), flatten=False, classes=10), (16, 16, 1))
    explorer = DrawingExplorer(layers_of(own), example=5, layer=2)
    assert layer_names(explorer.layers())[2:] == ["downsample_1", "mean", "dense"]
    wanted = np.asarray(own(explorer.picture().astype("float32")))[0]
    np.testing.assert_allclose(explorer.probabilities(), wanted, atol=1e-5)
    page = opened(explorer)
    assert shares(page) == pytest.approx((100 * wanted).tolist(), abs=0.06)
    image = keras.Input((16, 16, 1))
    with pytest.raises(ValueError, match=r"is a Dropout; the page computes Conv2D, MaxPooling2D"):
        layers_of(keras.Model(image, keras.layers.Dropout(0.5)(image)))


# Pages, driven by hand


def shares(page):
    """The probabilities that the page tells, in percent."""
    return [numbers(text)[0] for text in page.locator(".cnn-bars td:last-child").all_inner_texts()]


def draw(page, strokes, steps=4):
    box = page.locator(".cnn-pad").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=steps)
        page.mouse.up()
    settle(page)


@pytest.mark.parametrize("digit", range(10))
def test_what_a_mouse_draws_is_read(opened, digit):
    page = opened(DrawingExplorer())
    draw(page, HAND[digit])
    assert f"The network reads a {digit} (" in page.locator(".cnn-verdict").inner_text()
    assert sum(shares(page)) == pytest.approx(100, abs=0.6)


def test_a_finger_draws_and_the_page_stays(opened):
    page = opened(DrawingExplorer(example=-1), width=390, has_touch=True)
    box = page.locator(".cnn-pad").bounding_box()
    hand = page.context.new_cdp_session(page)

    def touch(kind, *points):
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (0.5, 0.1))
    for y in np.linspace(0.15, 0.9, 12):
        touch("touchMove", (0.5, y))
    touch("touchEnd")
    settle(page)
    assert "reads a 1 (" in page.locator(".cnn-verdict").inner_text()
    assert page.evaluate("scrollY") == 0


def test_keys_draw(opened):
    page = opened(DrawingExplorer(example=-1))
    pad = page.locator(".cnn-pad")
    assert "Nothing is drawn yet" in page.locator(".cnn-verdict").inner_text()
    pad.focus()
    assert "The pen is up at 16 across and 8 down of 32" in pad.get_attribute("aria-label")
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert "reads a 1 (" in page.locator(".cnn-verdict").inner_text()
    label = pad.get_attribute("aria-label")
    assert "1 stroke." in label
    assert "The pen is up at 15 across and 24 down" in label


def test_undo_clear_and_examples(opened):
    page = opened(DrawingExplorer())
    verdict = page.locator(".cnn-verdict")
    undo, clear = page.get_by_role("button", name="undo"), page.get_by_role("button", name="clear")
    assert undo.is_disabled()
    for digit in range(10):
        page.get_by_role("button", name=f"example {digit}").click()
        settle(page)
        assert f"reads a {digit} (" in verdict.inner_text()
        expected = 100 * DrawingExplorer(example=digit).probabilities()
        assert shares(page) == pytest.approx(expected.tolist(), abs=0.06)
    draw(page, HAND[4])  # the first stroke takes the example away
    assert "reads a 4 (" in verdict.inner_text()
    undo.click()
    settle(page)
    assert "1 stroke." in page.locator(".cnn-pad").get_attribute("aria-label")
    clear.click()
    settle(page)
    assert "Nothing is drawn yet" in verdict.inner_text()
    assert clear.is_disabled()
    assert page.evaluate("document.querySelector('.cnn-input').getAttribute('aria-label')")


def test_the_answer_is_announced_when_the_hand_rests(opened):
    page = opened(DrawingExplorer())
    draw(page, HAND[7])
    status = page.get_by_role("status")
    assert status.inner_text() == ""
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert "reads a 7" in status.inner_text()


@pytest.mark.parametrize(
    ("layer", "map_", "cursor"), [(0, 4, (0, 0)), (1, 7, (12, 7)), (4, 3, (7, 2))]
)
def test_where_a_convolutions_number_came_from(opened, layer, map_, cursor):
    explorer = DrawingExplorer(layer=layer, map=map_, cursor=cursor)
    page = opened(explorer)
    told = page.locator(".cnn-story").inner_text()
    output = explorer.outputs()[layer][0, cursor[0], cursor[1], map_]
    weights = explorer.layers()[layer]
    before = explorer.outputs()[layer - 1] if layer else explorer.picture()
    padded = np.pad(before[0], ((1, 1), (1, 1), (0, 0)))
    window = padded[cursor[0] : cursor[0] + 3, cursor[1] : cursor[1] + 3]
    parts = (window * weights["kernel"][..., map_]).sum(axis=(0, 1))
    bias = weights["bias"][map_]
    assert f"map {map_}, row {cursor[0]}, column {cursor[1]}:" in told
    *_, products, said_bias, total = numbers(told.replace("ReLU makes it 0", ""))
    assert (products, said_bias) == pytest.approx((parts.sum(), bias), abs=0.0051)
    assert total == pytest.approx(parts.sum() + bias, abs=0.0051)
    assert max(total, 0) == pytest.approx(output, abs=0.0051)
    assert ("ReLU lets it pass" in told) == (output > 0)
    sums = page.locator(".cnn-sources").get_attribute("aria-label").split("products: ")[1]
    assert numbers(sums) == pytest.approx(parts.tolist(), abs=0.0051)


def test_where_a_maximum_came_from(opened):
    explorer = DrawingExplorer(layer=2, map=7, cursor=(6, 3))
    told = opened(explorer).locator(".cnn-story").inner_text()
    window = explorer.outputs()[1][0, 12:14, 6:8, 7]
    assert f"It is {window.max():.2f}".rstrip("0") in told


def test_maps_are_chosen_and_enlarged(opened):
    page = opened(DrawingExplorer())
    sheets = page.locator(".cnn-sheet[tabindex]")
    assert sheets.count() == 6
    box = sheets.nth(3).bounding_box()
    page.mouse.click(box["x"] + 2.5 * box["width"] / 16, box["y"] + box["height"] / 2)
    settle(page)
    title = page.locator(".cnn-enlarged .exhibit-caption")
    assert title.inner_text() == "conv_3, map 2"
    press_at_once(sheets.nth(3), "ArrowRight", "ArrowRight", "ArrowLeft")
    assert title.inner_text() == "conv_3, map 3"
    large = page.locator(".cnn-enlarged canvas")
    large.focus()
    page.keyboard.press("ArrowUp")
    settle(page)
    assert "row 6, column 7" in page.locator(".cnn-story").inner_text()  # 12, 7 came to 7, 7


def test_the_evidence_adds_up_to_the_score(opened):
    explorer = DrawingExplorer()
    page = opened(explorer)
    page.get_by_label("evidence for", exact=True).select_option("8")
    settle(page)
    bias, score = numbers(page.locator(".cnn-evidence-sum").inner_text())[1:3]
    dense = explorer.layers()[-1]
    assert bias == pytest.approx(dense["bias"][8], abs=0.0051)
    assert score == pytest.approx(explorer.outputs()[-2][0, 8], abs=0.0051)


def test_evidence_by_position(calculate):
    rng = np.random.default_rng(0)
    maps, weights = rng.random((2, 3, 2)), rng.normal(size=(12, 5))
    planes = [{"values": maps[..., c].ravel().tolist(), "height": 2, "width": 3} for c in (0, 1)]
    layer = {"weights": weights.ravel().tolist(), "units": 5}
    got = calculate("evidence", [[layer, "flatten", planes, 4]])[0]
    total = sum(sum(plane["values"]) for plane in got)
    assert total == pytest.approx(maps.reshape(-1) @ weights[:, 4])


def spent_on(page, action, count):
    """Milliseconds of script that one of `count` steps takes."""
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        metrics = {m["name"]: m["value"] for m in clock.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["ScriptDuration"]

    page.evaluate(action, 8)
    before = spent()
    page.evaluate(action, count)
    return (spent() - before) / count


@pytest.mark.parametrize("width", [390, 1280])
def test_drawing_is_answered_within_a_frame(opened, width):
    """A long scribble, whose every step is drawn, read by the network and shown in all maps."""
    page = opened(DrawingExplorer(), width=width)
    move = """async (count) => {
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
    each = spent_on(page, move, 3 * DRAGS)
    print(f"drawing, {width} px: {each:.2f} ms of script a step")
    assert each < FRAME


# Pooling

CASES = [
    (kind, size, stride, padding)
    for kind in ("maximum", "mean")
    for size in (1, 2, 3, 4)
    for stride in (1, 2, 3, 4)
    for padding in ("valid", "same")
]


def test_pooling_and_its_gradient_equal_pythons(calculate):
    rng = np.random.default_rng(0)
    tables = [rng.integers(0, 10, (n, n)) for n in (4, 7, 9)]
    asked = [(table, *case) for table in tables for case in CASES]
    given = [[t.ravel().tolist(), len(t), *case] for t, *case in asked]
    for (table, *case), (output, gradient) in zip(asked, calculate("pooled", given), strict=True):
        explorer = PoolingExplorer(table, *case)
        np.testing.assert_allclose(output, explorer.output().ravel())
        np.testing.assert_allclose(gradient, explorer.gradient().ravel(), atol=1e-12)


def test_a_window_tells_what_it_keeps(opened):
    page = opened(PoolingExplorer())
    tables, story = page.locator(".pool-table"), page.locator(".pool-story")
    assert "of 2 that tie, the first" in story.inner_text()
    box = tables.nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])
    settle(page)
    assert story.inner_text().startswith("Window (3, 0) sees 9 numbers: 9, 5, 0, 7, 3, 4, 6, 7, 4.")
    assert "It wins 2 windows" in story.inner_text()
    page.get_by_label("keep the").select_option("mean")
    set_slider(page, "step", 3)
    settle(page)
    assert page.locator(".exhibit-caption").nth(1).inner_text() == "output, 3 × 3"
    assert "over 9 is" in story.inner_text()


def test_numbers_are_changed_by_click_and_key(opened):
    page = opened(PoolingExplorer(cursor=(0, 0)))
    picture, story = page.locator(".pool-table").first, page.locator(".pool-story")
    picture.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("9")
    settle(page)
    assert "sees 9 numbers: 8, 9, 1, 1, 4, 4, 5, 4, 4. The largest is 9" in story.inner_text()
    box = picture.bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"] / 9, box["y"] + 0.5 * box["height"] / 9)
    settle(page)
    assert "sees 9 numbers: 9, 9, 1," in story.inner_text()
    page.get_by_role("button", name="the lecture's numbers").click()
    settle(page)
    assert "sees 9 numbers: 8, 2, 1," in story.inner_text()


@pytest.mark.parametrize("label", ["window", "step"])
def test_a_slider_is_answered_within_a_frame(opened, label):
    page = opened(PoolingExplorer(np.arange(144).reshape(12, 12) % 10, padding="same"))
    each = script_of_a_drag(page, label, range(1, 5))
    print(f"{label}: {each:.2f} ms of script a drag")
    assert each < FRAME


# Python's side


def test_the_still_follows_the_traits():
    stills = {
        DrawingExplorer().still(),
        DrawingExplorer(example=8).still(),
        DrawingExplorer(strokes=HAND[8]).still(),
        PoolingExplorer().still(),
        PoolingExplorer(kind="mean").still(),
    }
    assert len(stills) == 5


def test_what_travels_to_the_page_is_small():
    state = DrawingExplorer().get_state(("shapes", "strokes", "cursor"))
    assert len(json.dumps(state)) < 2000
    assert cnn_network.WEIGHTS.stat().st_size < 40_000


def test_the_place_is_brought_into_the_map():
    assert DrawingExplorer(layer=5, cursor=(12, 1)).place() == (3, 1)
    assert PoolingExplorer(cursor=(8, 0)).place() == (3, 0)


REFUSED = [
    (DrawingExplorer, {"layer": 6}, r"layer must be the place of .* 0, 1, 2, 3, 4, 5; got 6"),
    (DrawingExplorer, {"map": 8}, r"map must lie between 0 and 7 here; got 8"),
    (DrawingExplorer, {"example": 10}, r"example must lie between -1 and 9"),
    (DrawingExplorer, {"asked": 10}, r"asked must lie between -1 and 9"),
    (DrawingExplorer, {"cursor": (0, -1)}, r"cursor must be an integer of at least 0"),
    (DrawingExplorer, {"strokes": [[0.5, 0.1]]}, r"list of points \(x, y\); got shape \(2,\)"),
    (DrawingExplorer, {"strokes": [[(0.5, 1.5)]]}, r"between 0 and 1 .* from 0.5 to 1.5"),
    (PoolingExplorer, {"values": np.ones((3, 3))}, r"4 to 12 numbers a side; got shape \(3, 3\)"),
    (PoolingExplorer, {"values": np.full((4, 4), 0.5)}, r"whole numbers from 0 to 9"),
    (PoolingExplorer, {"kind": "median"}, r"kind must be one of 'maximum', 'mean'"),
    (PoolingExplorer, {"pool_size": 5}, r"pool_size must lie between 1 and 4"),
    (PoolingExplorer, {"strides": 0}, r"strides must be an integer of at least 1"),
    (PoolingExplorer, {"padding": "full"}, r"padding must be"),
]


@pytest.mark.parametrize(("exhibit", "arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(exhibit, arguments, message):
    with pytest.raises(ValueError, match=message):
        exhibit(**arguments)
