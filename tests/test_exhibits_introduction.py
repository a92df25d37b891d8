"""The exhibits of `introduction`: their arithmetic against Python's, their pages driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.convolution import conv2d, conv2d_parameters
from course_lib.exhibits.introduction import (
    KERNELS,
    ParameterCounter,
    ShuffleExplorer,
    memory,
    partial_shuffle,
)
from course_lib.introduction import dense_parameters, fixed_permutation

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the two front ends export."""
    return calculator("introduction/shuffle_explorer.js", "introduction/parameter_counter.js")


@pytest.mark.parametrize("moved", [0, 1, 2, 7, 20])
def test_partial_shuffles_equal_pythons_and_move_so_many(calculate, moved):
    order = fixed_permutation((4, 5), 3).tolist()
    source = partial_shuffle(order, moved)
    assert calculate("partialShuffle", [[order, moved]]) == [source.tolist()]
    assert sorted(source) == list(range(20))
    assert (source != np.arange(20)).sum() == (moved if moved > 1 else 0)


@pytest.mark.parametrize("kernel", list(KERNELS))
@pytest.mark.parametrize("follow", [True, False])
def test_both_layers_equal_pythons(calculate, kernel, follow):
    explorer = ShuffleExplorer(digit=5, moved=30, kernel=kernel, follow=follow, seed=4)
    before = ShuffleExplorer(digit=5, moved=0, kernel=kernel, follow=follow, seed=4)
    start = calculate(
        "inOrder", [[before.picture().ravel().tolist(), 8, explorer.units, KERNELS[kernel]]]
    )[0]
    source = explorer.source().tolist()
    after = calculate("afterShuffle", [[start, source, follow]])[0]
    np.testing.assert_allclose(after["picture"], explorer.picture().ravel())
    np.testing.assert_allclose(after["weights"], explorer.weights().T)
    np.testing.assert_allclose(after["outputs"], explorer.outputs(), atol=1e-9)
    np.testing.assert_allclose(after["response"], explorer.response().ravel(), atol=1e-9)
    np.testing.assert_allclose(
        [after["dense"], after["convolution"]], explorer.agreements(), atol=1e-9
    )


@pytest.mark.parametrize("digit", range(10))
def test_the_dense_layer_never_notices_and_the_convolution_does(digit):
    moved = ShuffleExplorer(digit, 64)
    still = ShuffleExplorer(digit, 0)
    np.testing.assert_allclose(moved.outputs(), still.outputs())
    assert moved.agreements()[0] == pytest.approx(1)
    assert moved.agreements()[1] < 0.2 < still.agreements()[1] == pytest.approx(1)


def test_a_dense_layer_that_stays_notices_too():
    agreements = [ShuffleExplorer(digit, 64, follow=False).agreements()[0] for digit in range(10)]
    assert np.mean(agreements) < 0.4


def test_the_response_is_the_modules(calculate):
    explorer = ShuffleExplorer(7, 16)
    kernel = np.array(KERNELS["edges, dark to light"])[:, :, np.newaxis, np.newaxis]
    image = explorer.picture()[np.newaxis, :, :, np.newaxis]
    np.testing.assert_allclose(
        explorer.response(), conv2d(image, kernel, padding="same")[0, ..., 0]
    )


SIZES = [(28, 28, 1), (100, 100, 3), (1000, 1000, 3), (4, 1024, 64)]


@pytest.mark.parametrize(("height", "width", "channels"), SIZES)
def test_counts_equal_pythons(calculate, height, width, channels):
    counter = ParameterCounter((height, width), channels, units=77, kernel_size=5, filters=9)
    dense = dense_parameters((height, width, channels), 77)
    assert counter.dense() == dense
    assert calculate("denseCount", [[height, width, channels, 77]]) == [dense]
    convolution = conv2d_parameters(5, channels, 9)
    assert calculate("convolutionCount", [[5, channels, 9]]) == [convolution]
    alike = calculate("denseLike", [[height, width, channels, 9]])
    assert (
        alike == [counter.dense_alike()] == [(height * width * channels + 1) * height * width * 9]
    )


def test_memory_is_written_as_python_writes_it(calculate):
    sizes = [1, 896, 999, 1000, 1234, 99_900, 999_400, 999_600, 15_360_512, 384e12, 9.87e15]
    sizes = [int(size) for size in sizes]
    assert calculate("memory", [[size] for size in sizes]) == [memory(size) for size in sizes]
    assert memory(1_536_000_512) == "1.54 GB"
    assert memory(999_600) == "1.00 MB"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ShuffleExplorer(10), "digit must be at most 9"),
        (lambda: ShuffleExplorer(moved=65), "moved must be at most 64"),
        (lambda: ShuffleExplorer(moved=-2), "moved must be an integer of at least 0"),
        (lambda: ShuffleExplorer(kernel="box"), "kernel must be one of"),
        (lambda: ParameterCounter(size=2048), "size must be at most 1024"),
        (lambda: ParameterCounter(size=2), "size must be an integer of at least 4"),
        (lambda: ParameterCounter(channels=65), "channels must be at most 64"),
        (lambda: ParameterCounter(units=0), "units must be an integer of at least 1"),
        (lambda: ParameterCounter(kernel_size=12), "kernel_size must be at most 11"),
        (lambda: ParameterCounter(filters=513), "filters must be at most 512"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Pages, driven by hand


def agreements(page):
    """What the legend of the chart says: the dense layer's, then the convolution's."""
    return [numbers(text)[-1] for text in page.locator(".chart-legend strong").all_inner_texts()]


def test_the_slider_shuffles_and_only_the_convolution_changes(opened):
    page = opened(ShuffleExplorer(3, 0))
    assert agreements(page) == [1, 1]
    said = page.locator(".shuffle-results .exhibit-note").inner_text()
    for moved in (12, 64):
        set_slider(page, "pixels moved", moved)
        wanted = ShuffleExplorer(3, moved).agreements()
        assert agreements(page) == pytest.approx(wanted, abs=0.006)
        assert page.locator(".shuffle-results .exhibit-note").inner_text() == said
    assert "64 pixels moved" in page.locator(".exhibit-note").first.inner_text()


def test_dense_weights_that_stay_behind_lose_the_answer(opened):
    page = opened(ShuffleExplorer(2, 64))
    page.get_by_label("the dense weights move along").uncheck()
    settle(page)
    wanted = ShuffleExplorer(2, 64, follow=False)
    assert agreements(page) == pytest.approx(wanted.agreements(), abs=0.006)
    said = numbers(page.locator(".shuffle-results .exhibit-note").inner_text())
    assert said[1] == pytest.approx(wanted.outputs()[2], abs=0.006)


def test_the_line_below_names_pixel_weight_and_answer(opened):
    explorer = ShuffleExplorer(4, 40)
    page = opened(explorer)
    page.locator("canvas").first.focus()
    row, column = explorer.cursor
    page.keyboard.press("ArrowDown" if row < 7 else "ArrowUp")
    settle(page)
    row += 1 if row < 7 else -1
    place = 8 * row + column
    text = page.locator(".shuffle-here").inner_text()
    origin = int(explorer.source()[place])
    found = numbers(text)
    assert found[:2] == [row, column]
    if origin != place:
        assert found[2:4] == list(divmod(origin, 8))
    pixel, weight, answer = found[-3:]
    assert pixel == pytest.approx(explorer.picture()[row, column], abs=0.006)
    assert weight == pytest.approx(explorer.weights()[place, 4], abs=0.006)
    assert answer == pytest.approx(explorer.response()[row, column], abs=0.006)


def test_another_shuffle_is_another_order_of_the_same_pixels(opened):
    page = opened(ShuffleExplorer(3, 64))
    before = page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("button", name="Another shuffle").click()
    settle(page)
    assert page.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") != before
    assert agreements(page)[0] == 1


def test_digit_and_kernel_are_chosen(opened):
    page = opened(ShuffleExplorer(3, 20))
    page.get_by_label("digit", exact=True).select_option("8")
    page.get_by_label("kernel", exact=True).select_option("level strokes")
    settle(page)
    wanted = ShuffleExplorer(8, 20, "level strokes").agreements()
    assert agreements(page) == pytest.approx(wanted, abs=0.006)
    assert "“8”" in page.locator(".exhibit-note").nth(1).inner_text()


def cells(page):
    return page.locator(".count-table tbody td").all_inner_texts()


def test_images_fill_the_table(opened):
    page = opened(ParameterCounter())
    for height, width, channels in ((28, 28, 1), (1000, 1000, 3)):
        page.get_by_role("button", name=f"{height} × {width} × {channels}").click()
        settle(page)
        dense, small = dense_parameters((height, width, channels), 128), (9 * channels + 1) * 32
        dense_cell, dense_memory, training, small_cell, *_ = cells(page)
        assert numbers(dense_cell)[0] == dense
        assert numbers(small_cell)[0] == small
        assert (dense_memory, training) == (memory(4 * dense), memory(16 * dense))
    assert "384 TB" in page.locator(".exhibit-box > .exhibit-note").inner_text()


def test_sliders_count_and_sides_go_together_until_told_otherwise(opened):
    page = opened(ParameterCounter())
    set_slider(page, "height", 200)
    assert page.get_by_label("width", exact=True).input_value() == "200"
    page.get_by_label("square").uncheck()
    for label, value in {"width": 48, "channels": 5, "units": 9, "kernel size": 7}.items():
        set_slider(page, label, value)
    set_slider(page, "filters", 6)
    assert numbers(cells(page)[0])[0] == dense_parameters((200, 48, 5), 9)
    assert numbers(cells(page)[3])[0] == conv2d_parameters(7, 5, 6)
    page.get_by_label("square").check()
    settle(page)
    assert numbers(cells(page)[0])[0] == dense_parameters((200, 200, 5), 9)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("exhibit", "label", "values"),
    [
        (ShuffleExplorer, "pixels moved", range(0, 65, 2)),
        (ParameterCounter, "height", range(4, 1025, 60)),
        (ParameterCounter, "channels", range(1, 65, 3)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, exhibit, label, values, width):
    page = opened(exhibit(), width=width)
    assert script_of_a_drag(page, label, values) < FRAME
