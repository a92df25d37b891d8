"""The exhibit of `mobile`: its arithmetic against Python's, its page driven by hand."""

import itertools

import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits import mobile_stills
from course_lib.exhibits.mobile import LIMITS, CostExplorer
from course_lib.mobile_costs import BLOCKS, block_costs, total

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("mobile/cost_explorer.js", "mobile/costs.js", "mobile/flow.js")


SETTINGS = [
    CostExplorer(),
    CostExplorer(7, 3, 12, 5, multiplier=4, expansion=1, strides=3),
    CostExplorer(112, 256, 1, 1, multiplier=2, expansion=8, strides=2),
    CostExplorer(5, 1, 2, 2, strides=2),
]


def in_javascript(explorer):
    words = {"kernel_size": "kernelSize"}
    return {words.get(name, name): getattr(explorer, name) for name in LIMITS}


@pytest.mark.parametrize("explorer", SETTINGS)
def test_costs_equal_pythons(calculate, explorer):
    found = calculate("blockCosts", [[block, in_javascript(explorer)] for block in BLOCKS])
    for block, steps in zip(BLOCKS, found, strict=True):
        expected = explorer.costs(block)
        assert [step["name"] for step in steps] == [step.name for step in expected]
        for came, due in zip(steps, expected, strict=True):
            keys = ("parameters", "multiplyAdds", "reads", "writes")
            assert [came[key] for key in keys] == list(due[1:])
            assert came["intensity"] == pytest.approx(due.intensity)


@pytest.mark.parametrize("explorer", SETTINGS)
def test_wiring_is_that_of_the_still(calculate, explorer):
    found = calculate("wiring", [[block, in_javascript(explorer)] for block in BLOCKS])
    for block, one in zip(BLOCKS, found, strict=True):
        maps, gaps = mobile_stills.columns(explorer, block)
        assert one["maps"] == list(maps)
        assert [(gap["mixes"], gap["large"]) for gap in one["between"]] == list(gaps)


@pytest.mark.parametrize("explorer", SETTINGS)
def test_lines_are_kernels(explorer):
    """Lines times their weights, over all gaps, are the weights: the drawing is to scale."""
    for block in BLOCKS:
        maps, gaps = mobile_stills.columns(explorer, block)
        weights = 0
        for (left, right), (mixes, large) in zip(itertools.pairwise(maps), gaps, strict=True):
            lines = left * right if mixes else right
            weights += lines * (explorer.kernel_size**2 if large else 1)
        assert weights == total(explorer.costs(block))[0]


@pytest.mark.parametrize(("left", "right", "mixes"), [(3, 5, True), (4, 8, False), (1, 3, False)])
def test_each_line_is_drawn_once(calculate, left, right, mixes):
    columns = [[10 * i for i in range(count)] for count in (left, right)]
    (found,) = calculate("kernelsBetween", [[*columns, 0, 100, mixes]])
    assert found["count"] == found["path"].count("M") == (left * right if mixes else right)
    if not mixes:  # kernel i belongs to channel i // multiplier
        assert found["path"].startswith("M0.0 0.0L100.0 0.0")
        assert found["path"].count("M0.0 0.0L") == right // left


def test_dots_stand_for_as_many_maps(calculate):
    sizes = [(1, 1), (16, 3), (17, 3), (256, 256)]
    found = calculate("mapsPerDot", [[{"channels": c, "filters": f}] for c, f in sizes])
    assert found == [1, 1, 2, 16]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CostExplorer(size=200), "size must be at most 112"),
        (lambda: CostExplorer(size=3), "size must be an integer of at least 4"),
        (lambda: CostExplorer(channels=0), "channels must be an integer of at least 1"),
        (lambda: CostExplorer(filters=257), "filters must be at most 256"),
        (lambda: CostExplorer(kernel_size=10), "kernel_size must be at most 9"),
        (lambda: CostExplorer(multiplier=5), "multiplier must be at most 4"),
        (lambda: CostExplorer(expansion=9), "expansion must be at most 8"),
        (lambda: CostExplorer(strides=4), "strides must be at most 3"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_words_of_the_still_are_its_counts():
    explorer = CostExplorer(28, 32, 64)
    said = numbers(explorer.alternative_text())
    counts = [count for block in BLOCKS for count in total(explorer.costs(block))]
    assert said[-6:] == counts


# The page, driven by hand


def bars(page, chart):
    """The numbers beside the bars of weights (0) or multiply-adds (1)."""
    labels = page.locator(".cost-bars > *").nth(chart).locator(".cost-number").all_inner_texts()
    return [label.split(",")[0] if i else label for i, label in enumerate(labels)], labels


def test_dials_move_the_counts(opened):
    page = opened(CostExplorer())
    for label, value in (("filters", 1), ("channels", 12), ("kernel size", 5), ("strides", 2)):
        set_slider(page, label, value)
    steps = {b: block_costs(b, 28, 12, 1, 5, strides=2) for b in BLOCKS}
    _, labels = bars(page, 0)
    for label, block in zip(labels, BLOCKS, strict=True):
        assert label.startswith(f"{total(steps[block])[0]:,}")
    assert "104 %" in labels[1], "one filter: taking apart costs"  # 1 + 1 / 25
    assert "1/1 + 1/25" in page.locator(".exhibit-note").last.inner_text()


def test_shortcut_comes_and_goes(opened):
    page = opened(CostExplorer())
    path = page.locator(".flow-shortcut").nth(2)
    assert path.get_attribute("d") != ""
    set_slider(page, "filters", 15)
    assert path.get_attribute("d") == ""
    assert "the channels differ" in page.locator(".cost-flows").inner_text()
    set_slider(page, "filters", 16)
    set_slider(page, "strides", 2)
    assert path.get_attribute("d") == ""
    assert "the maps shrink" in page.locator(".cost-flows").inner_text()


def test_an_expansion_of_1_hides_its_row(opened):
    page = opened(CostExplorer())
    page.get_by_text("Step by step").click()
    names = [
        text.strip() for text in page.locator(".cost-table tbody th:visible").all_inner_texts()
    ]
    assert names == ["convolve", "depthwise", "pointwise", "expand", "depthwise", "project"]
    set_slider(page, "expansion", 1)
    names = [
        text.strip() for text in page.locator(".cost-table tbody th:visible").all_inner_texts()
    ]
    assert names == ["convolve", "depthwise", "pointwise", "depthwise", "project"]


def test_examples_and_the_keyboard(opened):
    page = opened(CostExplorer())
    chosen = page.get_by_role("button", name="MobileNet, early")
    chosen.focus()
    page.keyboard.press("Enter")
    settle(page)
    assert chosen.get_attribute("aria-pressed") == "true"
    assert page.get_by_label("channels", exact=True).input_value() == "32"
    page.get_by_label("channels", exact=True).focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert chosen.get_attribute("aria-pressed") == "false"
    assert page.get_by_label("channels", exact=True).input_value() == "33"


def test_touch_moves_a_dial(opened):
    page = opened(CostExplorer(), width=390, has_touch=True)
    box = page.get_by_label("expansion", exact=True).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    settle(page)
    assert page.get_by_label("expansion", exact=True).input_value() == "8"


def test_a_drag_is_answered_within_a_frame(opened):
    """At the widest: most lines are drawn where the expansion is 8."""
    page = opened(CostExplorer(expansion=8))
    assert script_of_a_drag(page, "channels", range(1, 257, 9)) < FRAME
