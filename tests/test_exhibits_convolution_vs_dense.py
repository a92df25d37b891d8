"""The exhibits of `convolution_vs_dense`: arithmetic against Python's, pages driven by hand."""

from itertools import product

import numpy as np
import pytest
from exhibit_helpers import DRAGS, FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.convolution import conv2d
from course_lib.convolution_vs_dense import equivariance_error, locally_connected
from course_lib.exhibits.convolution_vs_dense import LAYERS, MatrixExplorer, ShiftExplorer

GAP = 7  # between A and its sides, as cells.js has it
HEAVY = {"size": 8, "kernel_size": 4, "padding": "same", "channels": 2, "filters": 2}
NAMES = ("size", "kernel_size", "strides", "padding", "channels", "filters")
ALL = product((4, 5, 8), (1, 2, 3, 4), (1, 2, 3), ("valid", "same"), (1, 2), (1, 2))
SETTINGS = [dict(zip(NAMES, values, strict=True)) for values in ALL]

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the two front ends export."""
    names = ("matrix", "shift")
    return calculator(*(f"convolution_vs_dense/{name}_explorer.js" for name in names))


def in_javascript(settings):
    renamed = {"kernel_size": "kernelSize", "strides": "stride"}
    return {renamed.get(name, name): value for name, value in settings.items()}


def test_the_kernel_is_the_one_that_conv2d_has():
    for settings in SETTINGS[::11]:
        explorer = MatrixExplorer(**settings)
        arguments = explorer.kernels(), None, explorer.strides, explorer.padding
        np.testing.assert_allclose(
            explorer.output(), conv2d(explorer.pixels()[None], *arguments)[0]
        )
        values = explorer.kernels().ravel()
        assert len(set(values)) == len(values)
        assert 0 not in values


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_stand_where_pythons_do(calculate, layer):
    chosen = SETTINGS[::7]
    got = calculate("weightNumbers", [[in_javascript(s), layer] for s in chosen])
    for settings, flat in zip(chosen, got, strict=True):
        assert flat == MatrixExplorer(**settings, layer=layer).numbers().ravel().tolist()


def test_counts_equal_pythons(calculate):
    chosen = SETTINGS[::3]
    got = calculate("weightCounts", [[in_javascript(s)] for s in chosen])
    for settings, counted in zip(chosen, got, strict=True):
        counts = MatrixExplorer(**settings).counts()
        expected = counts.dense, counts.locally_connected, counts.convolution
        assert tuple(counted[layer] for layer in LAYERS[::-1]) == expected


@pytest.mark.parametrize("layer", LAYERS)
def test_values_equal_pythons(calculate, layer):
    explorer = MatrixExplorer(**HEAVY, layer=layer)
    of_weight, matrix = explorer.numbers(), explorer.matrix()
    count = explorer.kernels().size if layer == LAYERS[0] else int(of_weight.max()) + 1
    there = of_weight >= 0
    asked = np.unique(of_weight[there])
    got = calculate("weightValue", [[int(n), layer, count] for n in asked])
    assert np.array_equal(matrix[there], np.array(got)[np.searchsorted(asked, of_weight[there])])
    assert (matrix[there] != 0).all()


# Pages, driven by hand


def canvases(page):
    """Locators of image, kernel, output and A, by their place on the page."""
    names = ("image", "kernel", "output", "large")
    return {name: page.locator(f".matrix-{name} canvas") for name in names}


def story(page):
    return page.locator(".matrix-story").inner_text()


def point_at(page, canvas, row, column, cell, left=0.0):
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + left + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell)
    settle(page)


def cell_of(canvas, rows):
    """The side of A's cells: rows of them, one more for O, and the gap."""
    return (canvas.bounding_box()["height"] - GAP) / (rows + 1)


def test_an_output_pixel_lights_its_column_and_says_its_sum(opened):
    explorer = MatrixExplorer(size=5, kernel_size=3)
    page = opened(explorer)
    output = canvases(page)["output"]
    point_at(page, output, 2, 1, output.bounding_box()["width"] / 3)
    assert "Output (2, 1) is number 7 of O: column 7 of A" in story(page)
    *_, total = numbers(story(page))
    assert total == explorer.output()[2, 1, 0]
    window = explorer.pixels()[2:5, 1:4, 0].ravel()
    terms = numbers(story(page).split("of A.")[1])[:-1]
    assert terms[::2] == window.tolist()
    assert terms[1::2] == explorer.kernels().ravel().tolist()


def test_an_input_pixel_lights_its_row(opened):
    explorer = MatrixExplorer()
    page = opened(explorer)
    image = canvases(page)["image"]
    point_at(page, image, 1, 2, image.bounding_box()["width"] / 4)
    assert "Pixel (1, 2) is number 6 of FI" in story(page)
    weights = explorer.matrix()[6]
    assert numbers(story(page))[-4:] == weights[weights != 0].tolist()
    assert "4 of 9 outputs" in story(page)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (6, 4), (15, 8), (3, 0)])
def test_an_entry_says_what_it_is(opened, row, column):
    explorer = MatrixExplorer()
    page = opened(explorer)
    matrix = canvases(page)["large"]
    cell = cell_of(matrix, 16)
    point_at(page, matrix, row, column, cell, left=cell + GAP)
    value = explorer.matrix()[row, column]
    assert numbers(story(page))[:3] == [row, column, value]
    assert ("does not hold" in story(page)) == (value == 0)


def test_the_sides_of_the_matrix_can_be_pointed_at(opened):
    page = opened(MatrixExplorer())
    matrix = canvases(page)["large"]
    cell = cell_of(matrix, 16)
    point_at(page, matrix, 9, 0, cell)
    assert "row 9 of A" in story(page)
    box = matrix.bounding_box()
    page.mouse.move(box["x"] + cell + GAP + 5.5 * cell, box["y"] + box["height"] - 4)
    settle(page)
    assert "column 5 of A" in story(page)


def test_what_is_lit_keeps_its_colour_and_the_rest_steps_back(opened):
    page = opened(MatrixExplorer(pointing="output", cursor=(0, 4)))
    matrix = canvases(page)["large"]
    read = """(canvas, [row, column]) => {
        const unit = canvas.width / canvas.clientWidth, cell = (canvas.clientHeight - 7) / 17;
        const at = [cell + 7 + (column + 0.2) * cell, (row + 0.2) * cell].map((v) => v * unit);
        return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3); }"""
    blue = [0, 114, 178]  # the first weight's
    assert matrix.evaluate(read, [5, 4]) == blue
    assert min(matrix.evaluate(read, [6, 5])) > 120  # the same weight, one column on
    canvases(page)["output"].focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert matrix.evaluate(read, [6, 5]) == blue
    assert min(matrix.evaluate(read, [5, 4])) > 120


def test_arrow_keys_move_within_and_between_planes(opened):
    page = opened(MatrixExplorer(channels=2, filters=2, pointing="input", cursor=(0, 0)))
    parts = canvases(page)
    parts["image"].focus()
    for key in ("ArrowDown", *["ArrowRight"] * 4, "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    settle(page)
    assert "Pixel (0, 0) of channel 1 is number 1 of FI" in story(page)
    assert "Pixel (0, 0) of channel 1" in parts["image"].get_attribute("aria-label")
    parts["large"].focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    settle(page)
    assert story(page).startswith("Row 3, column")


def test_a_finger_points_and_the_result_is_announced(opened):
    page = opened(MatrixExplorer(), width=390, has_touch=True)
    output = canvases(page)["output"]
    box = output.bounding_box()
    cell = box["width"] / 3
    page.touchscreen.tap(box["x"] + 2.5 * cell, box["y"] + 0.5 * cell)
    status = page.get_by_role("status")
    assert status.inner_text() == ""  # nothing is read out while the hand moves
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert "Output (0, 2) is number 2 of O" in status.inner_text()


def test_keys_alone_reach_every_part(opened):
    page = opened(MatrixExplorer())
    reached = set()
    for _ in range(15):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('aria-label')?.slice(0, 6)"))
    assert {"Image,", "Output", "Matrix"} <= reached


def counted(page):
    return [numbers(text)[0] for text in page.locator("tbody td:nth-child(2)").all_inner_texts()]


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_sliders_change_shape_and_counts_as_python_says(opened, padding):
    page = opened(MatrixExplorer())
    page.get_by_label("padding").select_option(padding)
    wanted = {"image size": 7, "kernel size": 3, "stride": 2, "channels": 2, "filters": 2}
    for label, value in wanted.items():
        set_slider(page, label, value)
    explorer = MatrixExplorer(7, 3, 2, padding, channels=2, filters=2)
    counts = explorer.counts()
    assert counted(page) == [counts.dense, counts.locally_connected, counts.convolution]
    rows, columns = explorer.matrix().shape
    assert f"A, {rows} × {columns}" in page.locator(".matrix-large").inner_text()


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_shows_its_own_output_and_row_of_the_table(opened, layer):
    page = opened(MatrixExplorer(size=5))
    page.get_by_label("layer", exact=True).select_option(layer)
    output = canvases(page)["output"]
    point_at(page, output, 3, 0, output.bounding_box()["width"] / 4)
    explorer = MatrixExplorer(size=5, layer=layer)
    assert numbers(story(page))[-1] == explorer.output()[3, 0, 0]
    assert page.locator("tr.is-chosen th").inner_text().startswith(layer)
    assert canvases(page)["kernel"].is_visible() == (layer == "convolutional")


def test_a_cursor_outside_comes_to_the_nearest_entry(opened):
    explorer = MatrixExplorer(size=8, pointing="entry", cursor=(63, 48))
    page = opened(explorer)
    set_slider(page, "image size", 4)
    assert numbers(story(page))[:2] == [15, 8]
    explorer.size = 4
    assert explorer.place() == (15, 8)


def test_the_theme_switch_repaints(opened):
    page = opened(MatrixExplorer())
    corner = """document.querySelector('.matrix-large canvas').getContext('2d')
        .getImageData(200, 9, 1, 1).data[0]"""
    light = page.evaluate(corner)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settle(page)
    assert page.evaluate(corner) < 60 < light


# Shifts


@pytest.mark.parametrize("layer", LAYERS[:2])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "shift"), [(1, (0, 1)), (2, (3, 4)), (2, (2, 0)), (3, (8, 5))])
def test_the_story_of_a_shift_is_pythons(opened, layer, padding, strides, shift):
    explorer = ShiftExplorer(shift=shift, strides=strides, padding=padding, layer=layer)
    page = opened(explorer)
    told = page.locator(".shift-story").inner_text()
    error, first = explorer.error(), explorer.output(explorer.scene()[:, :72, :72])
    share = explorer.share_that_differs()
    if share == 0:
        assert told == "The two outputs agree at every position."
        return
    largest = 100 * np.nanmax(error) / np.abs(first).max()
    assert numbers(told)[:2] == pytest.approx([100 * share, largest], abs=0.06)
    assert ("does not divide" in told) == any(step % strides for step in shift)
    assert ("zeros of the padding" in told) == (padding == "same")
    assert ("weights of its own" in told) == (layer == "locally connected")


def test_a_convolution_follows_shifts_that_its_stride_divides():
    for strides in (1, 2, 3, 4):
        for step in range(9):
            share = ShiftExplorer(shift=(step, 0), strides=strides).share_that_differs()
            assert (share == 0) == (step % strides == 0)


def test_the_locally_connected_layer_is_one():
    image = np.random.default_rng(0).random((24, 24))
    explorer = ShiftExplorer(image, shift=(1, 2), strides=2, layer="locally connected")
    kernel = np.array(explorer.kernel)[..., np.newaxis, np.newaxis]
    ones = ShiftExplorer(np.ones((24, 24)), strides=2, layer="locally connected")
    blur = np.zeros((5, 5))
    blur[0, 0] = 1 / 255
    ones.kernel = blur.tolist()
    strength = ones.output(ones.scene()[:, :16, :16])[0]  # what each position multiplies with
    own = strength[..., np.newaxis, np.newaxis, np.newaxis] * kernel
    wanted = equivariance_error(
        lambda view: locally_connected(view, own, strides=2), explorer.scene(), (1, 2), 2
    )
    np.testing.assert_allclose(explorer.error(), wanted, atol=1e-9)
    assert len(np.unique(strength)) > 3


def test_the_second_view_is_moved_by_pointer_key_and_slider(opened):
    page = opened(ShiftExplorer(shift=(0, 0)))
    assert "Nothing has moved yet" in page.locator(".shift-story").inner_text()
    scene = page.locator("canvas").first
    box = scene.bounding_box()
    pixel = box["width"] / 80
    page.mouse.move(box["x"] + 40.5 * pixel, box["y"] + 38.5 * pixel)
    settle(page)
    assert "moved by 2 down and 4 right" in scene.get_attribute("aria-label")
    scene.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    assert "moved by 0 down and 3 right" in scene.get_attribute("aria-label")
    set_slider(page, "down", 8)
    assert "moved by 8 down and 3 right" in scene.get_attribute("aria-label")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("label", "values"), [("right", range(9)), ("stride", range(1, 5))])
def test_a_shift_is_answered_within_a_frame(opened, width, label, values):
    image = np.random.default_rng(0).random((160, 160))  # the largest that is taken
    page = opened(ShiftExplorer(image, strides=1, padding="same", layer=LAYERS[1]), width=width)
    each = script_of_a_drag(page, label, values)
    print(f"{label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


# How fast it answers


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("label", ["image size", "kernel size"])
def test_a_slider_is_answered_within_a_frame(opened, label, width):
    page = opened(MatrixExplorer(**HEAVY, layer="dense"), width=width)
    values = range(4, 9) if label == "image size" else range(1, 5)
    each = script_of_a_drag(page, label, values)
    print(f"{label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("layer", LAYERS)
def test_pointing_is_answered_within_a_frame(opened, layer, width):
    """A move over A, whose every step lights another row and column."""
    page = opened(MatrixExplorer(**HEAVY, layer=layer), width=width)
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})
    move = """async (count) => {
        const canvas = document.querySelector(".matrix-large canvas");
        const box = canvas.getBoundingClientRect();
        for (let i = 0; i < count; i++) {
            const share = 0.1 + 0.8 * i / count;
            canvas.dispatchEvent(new PointerEvent("pointermove", { pointerType: "mouse",
                clientX: box.left + share * box.width, clientY: box.top + share * box.height }));
            await new Promise(requestAnimationFrame);
        } }"""

    def spent():
        metrics = {m["name"]: m["value"] for m in clock.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["ScriptDuration"]

    page.evaluate(move, 5)
    before, told = spent(), story(page)
    page.evaluate(move, DRAGS)
    each = (spent() - before) / DRAGS
    assert story(page) != told
    print(f"pointing, {layer}, {width} px: {each:.2f} ms of script a move")
    assert each < FRAME


# Python's side


def test_the_still_follows_the_traits():
    stills = {
        MatrixExplorer(**settings).still()
        for settings in (
            {},
            {"layer": "dense"},
            {"pointing": "entry"},
            HEAVY,
        )
    }
    assert len(stills) == 4
    assert ShiftExplorer(strides=1).still() != ShiftExplorer(strides=2).still()


def test_python_sees_where_the_reader_points():
    explorer = MatrixExplorer()
    explorer.set_state({"pointing": "input", "cursor": [3, 1]})  # as a front end's message
    assert (explorer.pointing, explorer.place()) == ("input", (3, 1))


REFUSED = [
    (MatrixExplorer, {"size": 3}, r"size must lie between 4 and 8 here; got 3"),
    (MatrixExplorer, {"size": 4.0}, r"size must be an integer"),
    (MatrixExplorer, {"kernel_size": 5}, r"kernel_size must lie between 1 and 4"),
    (MatrixExplorer, {"strides": 4}, r"strides must lie between 1 and 3"),
    (MatrixExplorer, {"padding": "full"}, r"padding must be"),
    (MatrixExplorer, {"channels": 3}, r"channels must lie between 1 and 2"),
    (MatrixExplorer, {"filters": 0}, r"filters must be an integer of at least 1"),
    (MatrixExplorer, {"layer": "sparse"}, r"layer must be one of 'convolutional'.*'sparse'"),
    (MatrixExplorer, {"pointing": "row"}, r"pointing must be one of 'input'"),
    (MatrixExplorer, {"cursor": (0, -1)}, r"cursor must be an integer of at least 0"),
    (ShiftExplorer, {"image": np.ones((20, 30))}, r"at least 24 pixels a side.*20 x 30"),
    (ShiftExplorer, {"image": np.ones((30, 30, 3))}, r"image must be gray"),
    (ShiftExplorer, {"shift": (0, 9)}, r"shift must be at most 8.*\(0, 9\)"),
    (ShiftExplorer, {"strides": 5}, r"strides must be at most 4"),
    (ShiftExplorer, {"padding": "edge"}, r"padding must be"),
    (ShiftExplorer, {"layer": "dense"}, r"layer must be one of 'convolutional'"),
]


@pytest.mark.parametrize(("exhibit", "arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(exhibit, arguments, message):
    with pytest.raises(ValueError, match=message):
        exhibit(**arguments)
