"""The exhibit of `receptive_field`: its arithmetic against Python's, its page driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits.receptive_field import FieldExplorer
from course_lib.exhibits.receptive_field_stack import PRESETS, levels, padding_before, ways
from course_lib.exhibits.receptive_field_stills import frame
from course_lib.receptive_field import Layer, receptive_field

MIXED = [["convolution", 5, 2, 1], ["convolution", 3, 1, 3], ["pooling", 2, 2, 1],
    ["convolution", 4, 3, 2]]  # fmt: skip
BOTH = ("same", "valid")
STACKS = [
    *((layers, size, padding) for layers, size, _ in PRESETS.values() for padding in BOTH),
    *((MIXED, size, padding) for size in (16, 41, 64, 101) for padding in BOTH),
    ([["convolution", 2, 1, 16], ["convolution", 2, 4, 16], ["convolution", 2, 1, 16]], 16, "same"),
    ([["convolution", 11, 4, 16]] * 12, 224, "same"),
]  # fmt: skip

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("receptive_field/field_explorer.js")


def test_levels_equal_pythons(calculate):
    for found, case in zip(calculate("levels", STACKS), STACKS, strict=True):
        assert [tuple(level.values()) for level in found] == [
            (level.units, level.size, level.stride, level.padding) for level in levels(*case)
        ]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_ways_equal_pythons(calculate, share):
    cases = []
    for layers, size, padding in STACKS:
        units = [level.units for level in levels(layers, size, padding)]
        fitting = max(i for i, there in enumerate(units) if there)
        unit = min(int(share * units[fitting]), units[fitting] - 1)
        cases.append((layers[:fitting], size, padding, unit))
    for found, case in zip(calculate("ways", cases), cases, strict=True):
        wanted = ways(*case)
        assert len(found) == len(wanted) == len(case[0]) + 1
        for got, (start, counts) in zip(found, wanted, strict=True):
            assert got["start"] == start
            np.testing.assert_allclose(got["counts"], counts)


def test_levels_are_the_modules_fields():
    for layers, size, padding in STACKS:
        found = levels(layers, size, padding)
        zeros = [
            padding_before(level.units, *layer[1:], padding)
            for layer, level in zip(layers, found, strict=False)
        ]
        stack = [Layer(*layer[1:], zero) for layer, zero in zip(layers, zeros, strict=True)]
        for count, level in enumerate(found):
            assert (level.size, level.stride, level.padding) == receptive_field(stack[:count])


def test_published_sizes():
    sizes = {name: levels(*preset)[-1].size for name, preset in PRESETS.items()}
    assert sizes["VGG16"] == 212
    assert sizes["MobileNet"] == 315
    assert sizes["ResNet50, stride on 3 × 3"] == 427
    assert sizes["ResNet50, stride on 1 × 1"] == 483
    vgg = levels(*PRESETS["VGG16"])
    assert [vgg[i].size for i in (3, 6, 10, 14, 18)] == [6, 16, 44, 100, 212]
    assert levels(*PRESETS["ResNet50, stride on 1 × 1"])[-1].padding == 238  # the chapter says so


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_ways_are_what_a_stack_of_ones_computes(padding):
    """The slow way: move one pixel after another, and see what the unit does."""
    from course_lib.convolution import conv2d

    units = levels(MIXED, 64, padding)[-1].units
    answers = []
    for line in np.eye(64):
        tensor = line[np.newaxis, np.newaxis, :, np.newaxis]
        for _, kernel_size, strides, dilation_rate in MIXED:
            tensor = conv2d(
                tensor, np.ones((1, kernel_size, 1, 1)), strides=(1, strides),
                dilation_rate=(1, dilation_rate), padding=padding,
            )  # fmt: skip
        answers.append(tensor[0, 0, :, 0])
    for unit in range(units):
        start, counts = ways(MIXED, 64, padding, unit)[0]
        wanted = np.zeros(64)
        for i, count in enumerate(counts):
            if 0 <= start + i < 64:
                wanted[start + i] = count
        np.testing.assert_allclose(np.array(answers)[:, unit], wanted)


def test_frames_equal_pythons(calculate):
    for name in PRESETS:
        for place in ((0.5, 0.5), (0.0, 0.9)):
            exhibit = FieldExplorer(name, place=place)
            all_levels = [vars(level) for level in exhibit.levels()]
            case = [all_levels, exhibit.shown(), exhibit.unit(), exhibit.size]
            assert tuple(calculate("frameAround", [case])[0]) == frame(exhibit)


@pytest.mark.parametrize(
    ("most", "logarithmic", "wanted"),
    [
        (65, False, [0, 20, 40, 60]),
        (11, False, [0, 5, 10]),
        (483, False, [0, 100, 200, 300, 400]),
        (65, True, [1, 4, 16, 64]),
        (5, True, [1, 2, 4, 8]),
    ],
)
def test_ticks_are_round(calculate, most, logarithmic, wanted):
    assert calculate("ticks", [[most, logarithmic]])[0][: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FieldExplorer("LeNet"), "layers must be one of"),
        (lambda: FieldExplorer([]), "layers must be a list of 1 to 24 layers"),
        (lambda: FieldExplorer([["convolution", 3, 1, 1]] * 25), "list of 1 to 24 layers"),
        (lambda: FieldExplorer([["convolution", 3]]), "a layer must be a list"),
        (lambda: FieldExplorer([["dense", 3, 1, 1]]), "a layer's kind must be one of"),
        (lambda: FieldExplorer([["pooling", 12, 1, 1]]), "kernel_size must be at most 11"),
        (lambda: FieldExplorer([["pooling", 2, 5, 1]]), "strides must be at most 4"),
        (lambda: FieldExplorer([["pooling", 2, 0, 1]]), "strides must be an integer of at least 1"),
        (lambda: FieldExplorer([["pooling", 2, 1, 17]]), "dilation_rate must be at most 16"),
        (lambda: FieldExplorer(size=15), "size must be an integer of at least 16"),
        (lambda: FieldExplorer(size=225), "size must be at most 224"),
        (lambda: FieldExplorer(padding="full"), "padding must be"),
        (lambda: FieldExplorer(layer=6), "layer must be at most 5"),
        (lambda: FieldExplorer(place=(0.5, 2)), "place must be two shares"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_does_not_fit_is_shown_up_to_where_it_does():
    exhibit = FieldExplorer([["convolution", 11, 1, 2]], size=16, padding="valid")
    assert exhibit.shown() == 0
    assert exhibit.unit() == [8, 8]
    assert exhibit.still()[1:4] == b"PNG"


# The page, driven by hand


def said(page):
    return page.locator(".field-said").inner_text()


def field(page):
    """Size, size of the image, stride and padding as the page says them."""
    return numbers(said(page))


def table(page):
    """Size, stride and padding in the rows."""
    rows = page.locator("tbody tr").all()
    return [numbers(" ".join(row.locator("td").all_inner_texts()[1:4])) for row in rows]


def test_presets_say_what_python_computes(opened):
    page = opened(FieldExplorer())
    for name in PRESETS:
        preset = page.get_by_role("button", name=name, exact=True)
        preset.click()
        settle(page)
        exhibit = FieldExplorer(name)
        assert table(page) == [[lv.size, lv.stride, lv.padding] for lv in exhibit.levels()[1:]]
        last = exhibit.levels()[-1]
        assert f"Layer {len(exhibit.layers)}: a field of {last.size} pixels" in said(page)
        assert ("larger than the whole image" in said(page)) == (last.size > exhibit.size)
        assert preset.get_attribute("aria-pressed") == "true"
        chart = page.locator(".growth-chart").get_attribute("aria-label")
        stack = chart.split("This stack: ")[1].split(". With")[0]
        assert [int(size) for size in stack.split(", ")] == [lv.size for lv in exhibit.levels()]


def test_a_stack_is_built_by_hand(opened):
    page = opened(FieldExplorer([["convolution", 3, 1, 1]], size=64))
    page.get_by_role("button", name="Add a layer").click()
    page.get_by_role("button", name="Add a layer").click()
    settle(page)
    assert [row[0] for row in table(page)] == [3, 5, 7]
    page.get_by_role("button", name="1: convolution 3 × 3").click()
    set_slider(page, "strides", 2)
    assert [row[0] for row in table(page)] == [3, 7, 11]
    set_slider(page, "dilation", 3)
    set_slider(page, "kernel size", 5)
    assert [row[0] for row in table(page)] == [13, 17, 21]
    page.get_by_label("layer is a").select_option("pooling")
    settle(page)
    assert [row[0] for row in table(page)] == [2, 6, 10]
    assert page.get_by_label("dilation", exact=True).is_disabled()
    page.get_by_role("button", name="Remove it").click()
    settle(page)
    assert [row[0] for row in table(page)] == [3, 5]
    assert field(page)[:2] == [1, 3]
    page.get_by_role("button", name="Remove it").click()
    settle(page)
    assert page.get_by_role("button", name="Remove it").is_disabled()


def test_layer_by_layer_with_the_keyboard(opened):
    page = opened(FieldExplorer("stride 2", layer=1))
    line = page.get_by_role("slider", name="column of layer")
    line.focus()
    for size in (7, 15, 31, 63, 63):
        page.keyboard.press("ArrowUp")
        settle(page)
        assert field(page)[1] == size
    assert line.get_attribute("aria-valuenow") == "2"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert line.get_attribute("aria-valuenow") == line.get_attribute("aria-valuemax") == "3"
    page.keyboard.press("Home")
    settle(page)
    assert line.get_attribute("aria-valuenow") == "1"


def test_the_unit_follows_mouse_and_arrows_on_the_image(opened):
    page = opened(FieldExplorer("five of 3 × 3"))
    canvas = page.locator("canvas")
    note = page.locator(".field-pair .exhibit-note")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    settle(page)
    row, column = numbers(note.inner_text())[:2]
    assert row == pytest.approx(0.75 * 65, abs=2)
    assert column == pytest.approx(0.25 * 65, abs=2)
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert numbers(note.inner_text())[:2] == [row + 1, column - 1]


def test_the_share_of_the_image_that_is_read(opened):
    """Repeated dilation leaves three pixels of four; padding is no part of the image."""
    page = opened(FieldExplorer([["convolution", 3, 1, 2]] * 3, size=65))
    note = page.locator(".field-pair .exhibit-note").inner_text()
    assert numbers(note)[-1] == pytest.approx(100 * (7 / 65) ** 2, abs=0.05)


def test_what_does_not_fit_is_said(opened):
    page = opened(FieldExplorer("dilation 1, 2, 4, 8, 16", size=40, padding="valid"))
    assert said(page).startswith("✗ Layer 5 does not fit")
    assert "at least 63 pixels" in said(page)
    assert page.locator("tbody tr").nth(4).locator("td").last.inner_text() == "none"
    page.get_by_label("padding", exact=True).select_option("same")
    settle(page)
    assert "larger than the whole image" in said(page)


def test_on_an_even_image_strides_look_to_the_right(opened):
    page = opened(FieldExplorer("stride 2"))
    assert table(page)[-1] == [63, 32, 31]
    set_slider(page, "image size", 64)
    assert table(page)[-1] == [63, 32, 0]
    assert "begins where the image does" in said(page)


def test_weighing_and_logarithms_change_the_pictures(opened):
    page = opened(FieldExplorer("stride 2"))
    shades = "all => all.filter((path) => path.getAttribute('d')).length"
    assert page.locator(".stack-read").evaluate_all(shades) == 1
    page.get_by_label("weigh by number of ways").check()
    settle(page)
    assert page.locator(".stack-read").evaluate_all(shades) > 2
    ticks = page.locator(".growth-words text").all_text_contents()
    page.get_by_label("logarithmic axis").check()
    settle(page)
    logs = page.locator(".growth-words text").all_text_contents()
    assert ticks[:4] == ["0", "20", "40", "60"]
    assert logs[:4] == ["1", "4", "16", "64"]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("exhibit", "label", "values"),
    [
        (FieldExplorer(), "kernel size", range(1, 12)),
        (FieldExplorer("VGG16", weighted=True), "image size", range(184, 225)),
        (FieldExplorer("ResNet50, stride on 1 × 1"), "layer shown", range(1, 22)),
        (FieldExplorer("VGG16", place=(0.0, 0.0)), "dilation", range(1, 17)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, exhibit, label, values, width):
    page = opened(exhibit, width=width)
    assert script_of_a_drag(page, label, values) < FRAME
