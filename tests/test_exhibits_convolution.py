"""The exhibits of `convolution`: their arithmetic against Python's, their pages driven by hand."""

from itertools import product

import nbformat
import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle
from nbclient import NotebookClient

from course_lib.convolution import conv2d, conv2d_parameters, output_size, pad_same
from course_lib.exhibits.convolution import FilterExplorer, KernelExplorer, OutputSizeExplorer
from course_lib.exhibits.kernels import FILTERS, PRESETS, binomial, filter_bank

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the three front ends export."""
    names = ("kernel", "output_size", "filter")
    return calculator(*(f"convolution/{name}_explorer.js" for name in names))


SETTINGS = [
    (height, width, kernel_height, kernel_width, strides, padding, dilation)
    for (height, width), (kernel_height, kernel_width), strides, padding, dilation in product(
        [(9, 12), (8, 7)],
        [(1, 1), (2, 2), (3, 3), (2, 3), (4, 1)],
        [(1, 1), (2, 2), (3, 1)],
        ["valid", "same"],
        [(1, 1), (2, 1)],
    )
]


def test_convolution_equals_pythons(calculate):
    random = np.random.default_rng(0)
    cases, expected = [], []
    for height, width, kernel_height, kernel_width, strides, padding, dilation in SETTINGS:
        images = random.normal(size=(1, height, width, 3))
        kernels = random.normal(size=(kernel_height, kernel_width, 3, 2))
        bias = random.normal(size=2)
        expected.append(conv2d(images, kernels, bias, strides, padding, dilation)[0])
        planes = images[0].transpose(2, 0, 1).reshape(3, -1).tolist()
        stack = kernels.transpose(3, 2, 0, 1).tolist()
        settings = {"strides": strides, "padding": padding, "dilation": dilation}
        cases.append([planes, height, width, stack, bias.tolist(), settings])
    for got, want in zip(calculate("conv2d", cases), expected, strict=True):
        for index, plane in enumerate(got):
            assert (plane["height"], plane["width"]) == want.shape[:2]
            values = np.reshape(plane["values"], want.shape[:2])
            np.testing.assert_allclose(values, want[:, :, index], atol=1e-5)


AXES = list(product(range(1, 12), range(1, 6), range(1, 4), range(1, 4)))
PADDED_AXES = [
    (size, kernel_size, stride, padding, dilation)
    for (size, kernel_size, stride, dilation), padding in product(AXES, ("valid", "same"))
]


def python_size(*axis):
    try:
        return output_size(*axis)
    except ValueError:
        return 0


def test_output_size_equals_pythons(calculate):
    assert calculate("outputSize", PADDED_AXES) == [python_size(*axis) for axis in PADDED_AXES]


def test_same_padding_equals_pythons(calculate):
    expected = []
    for size, kernel_size, stride, dilation in AXES:
        padded = pad_same(np.ones((1, size, 1, 1)), (kernel_size, 1), (stride, 1), (dilation, 1))
        before = int(padded[0, :, 0, 0].argmax())
        expected.append([before, padded.shape[1] - size - before])
    assert calculate("samePadding", AXES) == expected


def test_cells_read_are_those_that_the_output_depends_on(calculate):
    cases = [axis for axis in PADDED_AXES[::7] if python_size(*axis)]
    for axis, got in zip(cases, calculate("cellsRead", cases), strict=True):
        size, kernel_size, stride, padding, dilation = axis
        units, kernel = np.eye(size).reshape(size, size, 1, 1), np.ones((kernel_size, 1, 1, 1))
        answers = conv2d(units, kernel, None, (stride, 1), padding, (dilation, 1))
        assert got == (answers.reshape(size, -1) != 0).any(axis=1).tolist()


def test_counts_equal_pythons(calculate):
    for size, channels, filters, bias in product((1, 3, 4), (1, 3), (1, 8), (True, False)):
        expected = conv2d_parameters(size, channels, filters, bias)
        explorer = FilterExplorer(np.ones((9, 8, 3)), channels, filters, size, use_bias=bias)
        assert explorer.parameters() == expected
        assert calculate("parameters", [[size, size, channels, filters, bias]]) == [expected]
        inputs, outputs = 72 * channels, 72 * filters
        assert explorer.dense_parameters() == inputs * outputs + bias * outputs
        dense = calculate("denseParameters", [[inputs, outputs, bias]])
        assert dense == [explorer.dense_parameters()]


def test_kernels_equal_pythons(calculate):
    presets = calculate("preset", [[name, 3, 3] for name in PRESETS])
    for name, got in zip(PRESETS, presets, strict=True):
        np.testing.assert_allclose(got, PRESETS[name], atol=1e-12)
    (gaussian,) = calculate("preset", [["Gaussian", 4, 5]])
    np.testing.assert_allclose(gaussian, np.outer(binomial(4), binomial(5)), atol=1e-12)
    cases = list(product((1, 2, 3, 4, 7), (1, 2, 3, 4), [len(FILTERS)]))
    for case, got in zip(cases, calculate("filterBank", cases), strict=True):
        bank = np.transpose(got, (2, 3, 1, 0))
        np.testing.assert_allclose(bank, filter_bank(*case), atol=1e-12)


def test_normalising_divides_by_the_sum_or_by_the_absolute_sum(calculate):
    got = calculate("normalise", [[[[1, 3]]], [[[-1, 1]]], [[[0, 0]]]])
    assert got == [[[0.25, 0.75]], [[-0.5, 0.5]], [[0, 0]]]


# Pages, driven by hand


def test_editing_a_weight_changes_the_sum_as_python_says(opened):
    image = np.random.default_rng(1).integers(0, 256, (12, 14)).astype(np.uint8)
    explorer = KernelExplorer(image, [[1, 2, 3], [4, 5, 6]], cursor=(2, 3))
    page = opened(explorer)
    page.get_by_label("weight in row 2, column 1").fill("-0.5")
    settle(page)
    explorer.kernel = [[1, 2, 3], [-0.5, 5, 6]]
    response = explorer.response()
    assert numbers(page.locator(".sum-line").inner_text())[-1] == pytest.approx(response[2, 3])
    products = numbers(" ".join(page.locator(".sum-cell strong").all_inner_texts()))
    window = image[2:4, 3:6].astype(float)
    np.testing.assert_allclose(products, (window * explorer.kernel).ravel())
    caption = numbers(page.locator(".exhibit-note").nth(1).inner_text())
    assert caption[-2:] == pytest.approx([response.min(), response.max()], abs=0.06)


def test_arrow_keys_and_pointer_move_the_cursor(opened):
    explorer = KernelExplorer(cursor=(20, 30))
    page = opened(explorer)
    image, response = page.locator("canvas").all()
    image.focus()
    for key in ("ArrowDown", "ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    said = numbers(page.locator(".sum-line").inner_text())[-1]
    assert said == pytest.approx(explorer.response()[21, 23], abs=1e-3)
    box = response.bounding_box()
    pixel = box["width"] / 94
    page.mouse.move(box["x"] + 40.5 * pixel, box["y"] + 10.5 * pixel)
    settle(page)
    said = numbers(page.locator(".sum-line").inner_text())[-1]
    assert said == pytest.approx(explorer.response()[10, 40], abs=1e-3)
    assert "row 10, column 40" in response.get_attribute("aria-label")


def test_a_finger_moves_the_cursor_and_the_result_is_announced(opened):
    explorer = KernelExplorer(cursor=(20, 30))
    page = opened(explorer, width=390, has_touch=True)
    box = page.locator("canvas").nth(1).bounding_box()
    pixel = box["width"] / 94
    page.touchscreen.tap(box["x"] + 50.5 * pixel, box["y"] + 12.5 * pixel)
    status = page.get_by_role("status")
    assert status.inner_text() == ""  # nothing is read out while the hand moves
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    assert "row 12, column 50" in status.inner_text()
    assert numbers(status.inner_text())[2] == pytest.approx(explorer.response()[12, 50], abs=1e-3)


def test_keys_alone_reach_the_feature_map(opened):
    explorer = FilterExplorer()
    page = opened(explorer)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.filter-total canvas')"):
            break
    page.keyboard.press("ArrowUp")
    settle(page)
    row, column = explorer.cursor
    said = numbers(page.locator(".filter-sum").inner_text())
    assert said[:2] == [row - 1, column]
    assert said[-1] == pytest.approx(explorer.feature_maps()[row - 1, column, 3], abs=1e-3)


@pytest.mark.parametrize(("rows", "columns"), [(2, 5), (7, 1), (4, 4)])
def test_kernels_of_any_size_flip_and_pad(opened, rows, columns):
    explorer = KernelExplorer()
    page = opened(explorer)
    page.get_by_label("rows", exact=True).select_option(str(rows))
    settle(page)
    page.get_by_label("columns", exact=True).select_option(str(columns))
    settle(page)
    page.get_by_label(f"weight in row {rows}, column 1").fill("3")
    page.get_by_label("flip the kernel").check()
    page.get_by_label("padding").select_option("same")
    settle(page)
    kernel = [
        [float(page.get_by_label(f"weight in row {i}, column {j}").input_value())
         for j in range(1, columns + 1)]
        for i in range(1, rows + 1)
    ]  # fmt: skip
    explorer.kernel, explorer.flipped, explorer.padding = kernel, True, "same"
    response = explorer.response()
    caption = page.locator(".exhibit-note").nth(1).inner_text()
    assert numbers(caption)[:2] == [96, 96]
    assert numbers(caption)[-2:] == pytest.approx([response.min(), response.max()], abs=0.06)
    set_slider(page, "row", 95)
    set_slider(page, "column", 0)
    said = numbers(page.locator(".sum-line").inner_text())[-1]
    assert said == pytest.approx(response[95, 0], abs=1e-3)


def test_every_preset_is_shown_as_chosen(opened):
    page = opened(KernelExplorer())
    for name in PRESETS:
        page.get_by_role("button", name=name, exact=True).click()
        settle(page)
        assert page.locator("button[aria-pressed=true]").all_inner_texts() == [name]
    page.get_by_role("button", name="Gaussian").click()
    page.get_by_role("button", name="Normalise").click()
    settle(page)
    weights = [i.input_value() for i in page.locator(".kernel-grid input").all()]
    assert sum(map(float, weights)) == pytest.approx(1)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "kernel_size", "strides", "dilation_rate"),
    [(6, 3, 2, 1), (7, 3, 2, 1), (8, 2, 3, 1), (9, 3, 1, 3), (16, 7, 5, 2), (5, 1, 2, 1)],
)
def test_sliders_fill_in_the_formula(opened, padding, size, kernel_size, strides, dilation_rate):
    page = opened(OutputSizeExplorer())
    page.get_by_label("padding").select_option(padding)
    values = {"input size": size, "kernel size": kernel_size, "stride": strides}
    for label, value in {**values, "dilation": dilation_rate}.items():
        set_slider(page, label, value)
    expected = output_size(size, kernel_size, strides, padding, dilation_rate)
    other = {"valid": "same", "same": "valid"}[padding]
    cells = page.locator("tbody td:visible").all_inner_texts()
    sizes = dict(zip(("valid", "same"), (numbers(text)[-1] for text in cells), strict=False))
    assert sizes[padding] == expected
    assert sizes[other] == output_size(size, kernel_size, strides, other, dilation_rate)
    padded = pad_same(np.ones((1, size, size, 1)), kernel_size, strides, dilation_rate)
    before = int(padded[0, :, :, 0].any(axis=1).argmax())
    assert numbers(cells[2])[-2:] == [before, padded.shape[1] - size - before]
    assert f"output {expected} × {expected}" in page.locator(".exhibit-note").all_inner_texts()
    assert page.get_by_role("slider", name="window").get_attribute("max") == str(expected**2)


def test_rows_and_columns_may_differ(opened):
    page = opened(OutputSizeExplorer(size=(6, 9), kernel_size=(3, 2), strides=(2, 1)))
    assert page.get_by_label("rows and columns alike").is_checked() is False
    assert "output 2 × 8" in page.locator(".exhibit-note").all_inner_texts()
    set_slider(page, "stride", 3, nth=1)
    assert "output 2 × 3" in page.locator(".exhibit-note").all_inner_texts()
    page.get_by_label("rows and columns alike").check()
    settle(page)
    assert "output 2 × 2" in page.locator(".exhibit-note").all_inner_texts()


def test_a_kernel_that_does_not_fit_is_explained_and_then_recovers(opened):
    page = opened(OutputSizeExplorer(size=4, kernel_size=3, dilation_rate=2))
    story = page.locator(".size-story")
    assert "cover 5 cells, and the input has 4" in story.inner_text()
    assert page.get_by_role("button", name="Play").is_disabled()
    assert "does not fit" in page.locator("tbody td:visible").first.inner_text()
    page.get_by_label("padding").select_option("same")
    settle(page)
    assert "output 2 × 2" in page.locator(".exhibit-note").all_inner_texts()
    assert page.get_by_role("button", name="Play").is_enabled()


def test_what_is_dropped_is_said_and_hatched(opened):
    page = opened(OutputSizeExplorer(size=6, kernel_size=3, strides=2))
    assert "1 row and 1 column" in page.locator(".size-story").inner_text()
    hatched = page.locator("path.is-unread").first.get_attribute("d")
    assert hatched.count("M") == 11  # the last row and the last column of 6 x 6


def test_windows_are_stepped_through_by_button_and_key(opened):
    page = opened(OutputSizeExplorer(size=6, kernel_size=3, strides=1))
    output = page.locator("svg.size-grid").nth(1)
    page.get_by_role("button", name="Next").click()
    settle(page)
    assert "window 2, at row 0, column 1" in output.get_attribute("aria-label")
    output.focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert "window 6, at row 1, column 1" in output.get_attribute("aria-label")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelectorAll('svg')[1].ariaLabel.includes('window 8')")
    page.get_by_role("button", name="Pause").click()


def test_filters_sum_channels_and_add_the_bias(opened):
    explorer = FilterExplorer(filters=6)
    page = opened(explorer)
    set_slider(page, "kernel size", 4)
    set_slider(page, "filters", 7)
    set_slider(page, "channels", 4)
    page.locator("button.filter-map").nth(4).click()
    settle(page)
    set_slider(page, "its bias", -0.35)
    set_slider(page, "row", 11)
    set_slider(page, "column", 40)
    explorer.kernel_size, explorer.filters, explorer.channels = 4, 7, 4
    explorer.bias = [*explorer.bias[:4], -0.35, *explorer.bias[5:]]
    *terms, total = numbers(page.locator(".filter-sum").inner_text())[2:]
    assert total == pytest.approx(explorer.feature_maps()[11, 40, 4], abs=1e-3)
    assert len(terms) == 5
    assert sum(terms) == pytest.approx(total, abs=5e-3)
    count, dense = page.locator(".filter-count p").all_inner_texts()
    assert numbers(count)[-1] == explorer.parameters() == 4 * 4 * 4 * 7 + 7
    assert explorer.dense_parameters() in numbers(dense)


def test_without_bias_nothing_is_added(opened):
    explorer = FilterExplorer()
    page = opened(explorer)
    page.get_by_label("bias", exact=True).uncheck()
    settle(page)
    assert numbers(page.locator(".filter-count p").first.inner_text())[-1] == 3 * 3 * 3 * 4
    assert page.get_by_label("its bias").is_disabled()
    assert "bias" not in page.locator(".filter-sum").inner_text()


def test_given_kernels_are_the_ones_shown(opened):
    random = np.random.default_rng(2)
    explorer = FilterExplorer(random.random((10, 12, 2)), kernels=random.normal(size=(3, 3, 2, 5)))
    page = opened(explorer)
    row, column = explorer.cursor
    said = numbers(page.locator(".filter-sum").inner_text())[-1]
    assert said == pytest.approx(explorer.feature_maps()[row, column, 0], abs=1e-3)
    assert page.get_by_label("kernel size").is_disabled()
    assert page.get_by_label("filters").get_attribute("max") == "5"


def test_two_exhibits_on_a_page_share_no_ids_and_no_state(opened):
    page = opened(KernelExplorer(), KernelExplorer(), FilterExplorer())
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))
    first, second = page.locator(".exhibit-box").all()[:2]
    before = second.locator(".sum-line").inner_text()
    first.get_by_role("button", name="box", exact=True).click()
    settle(page)
    assert second.locator(".sum-line").inner_text() == before


def test_a_weight_beyond_all_measure_is_held(opened):
    page = opened(KernelExplorer())
    page.locator(".kernel-grid input").first.fill("1e308")
    settle(page)
    assert page.locator(".kernel-grid input").first.input_value() == "1000000"
    assert "Infinity" not in page.locator(".exhibit-box").inner_text()


def test_rounded_terms_that_miss_the_rounded_sum_are_about_equal(opened):
    page = opened(FilterExplorer())
    *terms, total = numbers(page.locator(".filter-sum").inner_text())[2:]
    exact = abs(sum(terms) - total) < 1e-9  # at the start they do miss it
    assert ("≈" in page.locator(".filter-sum").inner_text()) == (not exact)


def test_the_theme_switch_repaints_the_pictures(opened):
    page = opened(KernelExplorer())
    corner = (
        "document.querySelectorAll('canvas')[1].getContext('2d').getImageData(200, 9, 1, 1).data[0]"
    )
    light = page.evaluate(corner)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settle(page)
    assert page.evaluate(corner) < 100 < light


HEAVY = {
    "kernel": lambda: KernelExplorer(kernel=np.ones((7, 7)), padding="same"),
    "size": lambda: OutputSizeExplorer(size=16, kernel_size=7, padding="same", strides=1),
    "filter": lambda: FilterExplorer(channels=4, filters=8, kernel_size=7),
}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("exhibit", "label", "values"),
    [
        ("kernel", "row", (8, 16)),
        ("size", "input size", (8, 16)),
        ("size", "window", (8, 16)),
        ("filter", "row", (8, 16)),
        ("filter", "kernel size", (4, 7)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, exhibit, label, values, width):
    """At the largest settings; milliseconds of the page's thread, by the browser's own clock."""
    page = opened(HEAVY[exhibit](), width=width)
    each = script_of_a_drag(page, label, range(values[0], values[1] + 1))
    print(f"{exhibit}, {label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


# Python's side


def test_the_still_follows_the_traits():
    assert KernelExplorer(kernel="box").still() != KernelExplorer(kernel="emboss").still()
    assert OutputSizeExplorer(strides=1).still() != OutputSizeExplorer(strides=2).still()
    assert FilterExplorer(filters=2).still() != FilterExplorer(filters=5).still()
    assert OutputSizeExplorer(size=2, kernel_size=5).still()  # no output, and still a picture


def test_python_sees_what_the_reader_edits():
    explorer = KernelExplorer()
    heard = []
    explorer.observe(lambda change: heard.append(change["new"]), "kernel")
    explorer.set_state({"kernel": [[0, 1], [2, 3]], "flipped": True})  # as a front end's message
    assert heard == [[[0, 1], [2, 3]]]
    assert explorer.response().shape == (95, 95)
    assert explorer.weights().tolist() == [[3, 2], [1, 0]]


def test_a_notebook_saves_the_view_the_state_and_the_still():
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(
            "from course_lib.exhibits.convolution import KernelExplorer\n"
            "explorer = KernelExplorer(kernel='box', cursor=(4, 5))\n"
            "explorer.flipped = True\n"
            "explorer"
        )
    ]
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    (output,) = notebook.cells[0].outputs
    view = output["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    saved = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"][view]
    assert {"image/png", "text/plain"} <= output["data"].keys()
    assert saved["state"]["flipped"] is True
    assert saved["state"]["cursor"] == [4, 5]
    assert [buffer["path"] for buffer in saved["buffers"]] == [["image"]]


REFUSED = [
    (KernelExplorer, {"image": np.ones((9, 9, 3))}, r"image must be gray.*\(9, 9, 3\)"),
    (KernelExplorer, {"image": np.ones((500, 9))}, r"8 to 160 pixels.*500 x 9"),
    (KernelExplorer, {"image": np.full((9, 9), 2.5)}, r"between 0 and 1.*2\.5"),
    (KernelExplorer, {"image": np.full((9, 9), -1)}, r"between 0 and 255.*-1"),
    (KernelExplorer, {"kernel": "blur"}, r"kernel must be one of 'identity'.*'blur'"),
    (KernelExplorer, {"kernel": np.ones((8, 1))}, r"1 to 7 rows and columns.*\(8, 1\)"),
    (KernelExplorer, {"kernel": [1, 2]}, r"kernel must be an array of shape"),
    (KernelExplorer, {"kernel": [[np.nan]]}, r"finite"),
    (KernelExplorer, {"padding": "full"}, r"padding must be .valid. or .same."),
    (KernelExplorer, {"colours": "red"}, r"colours must be one of 'signed'"),
    (KernelExplorer, {"cursor": 1.5}, r"cursor must be an integer"),
    (OutputSizeExplorer, {"size": 17}, r"size must be at most 16"),
    (OutputSizeExplorer, {"kernel_size": 0}, r"kernel_size must be an integer of at least 1"),
    (OutputSizeExplorer, {"strides": (1, 6)}, r"strides must be at most 5"),
    (OutputSizeExplorer, {"dilation_rate": 9}, r"dilation_rate must be at most 4"),
    (OutputSizeExplorer, {"padding": 1}, r"padding must be"),
    (OutputSizeExplorer, {"position": -1}, r"position must be an integer of at least 0"),
    (FilterExplorer, {"channels": 5}, r"channels must be at most 4"),
    (FilterExplorer, {"filters": 9}, r"filters must be at most 8"),
    (FilterExplorer, {"kernel_size": 2.0}, r"kernel_size must be an integer"),
    (FilterExplorer, {"image": np.ones((9, 9, 5))}, r"1 to 4 channels.*\(9, 9, 5\)"),
    (FilterExplorer, {"image": np.ones((80, 9, 3))}, r"at most 64 pixels"),
    (FilterExplorer, {"kernels": np.ones((3, 2, 3, 1))}, r"kernels must be finite.*\(3, 2, 3, 1\)"),
]


@pytest.mark.parametrize(("exhibit", "arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(exhibit, arguments, message):
    with pytest.raises(ValueError, match=message):
        exhibit(**arguments)
