"""The exhibits of `residual`: their arithmetic against Python's, their pages driven by hand."""

from itertools import product

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, press_at_once, script_of_a_drag, set_slider, settle

from course_lib.exhibits.residual import BlockExplorer, GradientExplorer
from course_lib.exhibits.residual_blocks import (
    ORDERS,
    RULES,
    block_input,
    block_kernels,
    block_values,
    plan,
)
from course_lib.exhibits.residual_signals import (
    draws,
    kernels_of,
    last_gradient,
    picture,
    signals,
)

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front ends export."""
    names = ("gradient_explorer", "block_explorer")
    return calculator(*(f"residual/{name}.js" for name in names))


def test_draws_equal_pythons_and_are_normal(calculate):
    for got, case in zip(
        calculate("draws", [[7, 0], [8, 999], [100, 41]]),
        ([7, 0], [8, 999], [100, 41]),
        strict=True,
    ):
        np.testing.assert_allclose(got, draws(*case), atol=1e-12)
    many = draws(20_000, 5)
    assert abs(many.mean()) < 0.03
    assert many.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("shortcuts", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_signals_equal_pythons(calculate, shortcuts, batch_norm):
    for blocks, scale, branch, seed in ((1, 1.3, 1.0, 0), (9, 0.71, 0.4, 3), (27, 1.0, 1.0, 999)):
        (kernels,), (last,) = calculate("allKernels", [[seed]]), calculate("lastGradient", [[seed]])
        rest = [last, shortcuts, batch_norm, branch]
        (got,) = calculate("signals", [[picture().ravel().tolist(), kernels, blocks, scale, *rest]])
        wanted = signals(
            kernels_of(blocks, scale, seed), last_gradient(seed), shortcuts, batch_norm, branch
        )
        for name in ("values", "maps", "kernels"):
            assert len(got[name]) == 2 * blocks + 1
            np.testing.assert_allclose(got[name], getattr(wanted, name), rtol=1e-7)


@pytest.mark.parametrize("shortcuts", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_gradients_are_those_of_tensorflow(shortcuts, batch_norm):
    """The linear loss, differentiated by a library, has the gradients that are claimed."""
    import tensorflow as tf

    drawn, last = kernels_of(2, 1.0, 1), last_gradient(1)
    kernels = [tf.Variable(kernel, dtype="float64") for kernel in drawn]
    with tf.GradientTape() as tape:
        tensor, kept = tf.constant(picture(), "float64"), None
        for i, kernel in enumerate(kernels):
            kept = tensor if i % 2 else kept
            linear = tf.nn.conv2d(tensor, kernel, 1, "SAME")
            if batch_norm:
                mean, variance = tf.nn.moments(linear, (0, 1, 2))
                linear = (linear - mean) / tf.sqrt(variance + 1e-3)
            tensor = tf.nn.relu(linear + kept if shortcuts and i and i % 2 == 0 else linear)
        loss = tf.reduce_sum(last * tensor)
    wanted = [np.linalg.norm(gradient) for gradient in tape.gradient(loss, kernels)]
    np.testing.assert_allclose(
        signals(drawn, last, shortcuts, batch_norm).kernels, wanted, rtol=1e-6
    )


@pytest.mark.parametrize("seed", [0, 3, 17])
def test_what_the_chapter_says_about_the_two_networks(seed):
    plain, residual = GradientExplorer(27, seed=seed).measured()
    assert plain.maps[0] < 1e-8 < 1 < residual.maps[0] < 100
    # Kernels' gradients are level, since values shrink the other way.
    assert plain.kernels.max() / plain.kernels.min() < 1e4
    assert plain.values[-1] < 1e-8
    exploded = GradientExplorer(27, scale=1.0, seed=seed).measured()[1]
    assert exploded.maps[0] > 300
    small = GradientExplorer(27, scale=1.0, branch_scale=0.15, seed=seed).measured()[1]
    assert 0.5 < small.maps[0] < 3
    normal = GradientExplorer(27, batch_norm=True, seed=seed).measured()
    assert normal[0].maps[0] > 500 > 100 > normal[1].maps[0]


CASES = [
    (size, channels, filters, strides)
    for size in (2, 7, 12)
    for channels, filters in ((1, (2, 1)), (3, (1, 4)), (4, (4, 4)), (4, (2, 1)))
    for strides in ((1, 1), (2, 1), (3, 2), (2, 2), (1, 3))
]


@pytest.mark.parametrize("rule", RULES)
def test_plans_equal_pythons(calculate, rule):
    got = calculate("plan", [[*case, rule] for case in CASES])
    outcomes = set()
    for found, case in zip(got, CASES, strict=True):
        wanted = plan(*case, rule)
        outcomes.add(wanted.outcome)
        assert found["shapes"] == [list(shape) for shape in wanted.shapes]
        assert found["parameters"] == list(wanted.parameters)
        assert (found["strides"], found["outcome"]) == (wanted.strides, wanted.outcome)
    assert outcomes == ({"fits"} if rule == "shape" else {"fits", "broadcasts", "fails"})


@pytest.mark.parametrize(("rule", "order"), list(product(RULES, ORDERS)))
def test_blocks_equal_pythons(calculate, rule, order):
    settings = [(*case, rule, order, 7) for case in CASES[::2]]
    for found, case in zip(calculate("blockValues", settings), settings, strict=True):
        wanted = block_values(*case)
        assert list(found) == list(wanted)
        for name, planes in found.items():
            got = np.moveaxis(np.array(planes), 0, -1).reshape(wanted[name].shape)
            np.testing.assert_allclose(got, wanted[name], atol=1e-10, err_msg=name)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("filters", "strides"), [((3, 2), (1, 1)), ((3, 4), (3, 1)), ((2, 1), (2, 2))]
)
def test_the_exhibits_block_is_the_modules(order, filters, strides):
    """With the same weights, Keras's block and the page's give the same numbers."""
    import keras

    from course_lib import residual

    size, channels, seed = 8, 2, 5
    build = {
        "original": residual.residual_block_v1,
        "lecture": residual.residual_block_lecture,
        "preactivation": lambda *given: residual.residual_block_preactivation(
            *given, batch_norm=False
        ),
    }[order]
    tensor = keras.Input((size, size, channels))
    model = keras.Model(tensor, build(tensor, list(filters), list(strides)))
    left = block_kernels(channels, filters, seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            fitting = [kernel for kernel in left if kernel.shape == tuple(layer.kernel.shape)]
            layer.set_weights([fitting[0], np.zeros(fitting[0].shape[-1])])
    wanted = block_values(size, channels, filters, strides, "shape", order, seed)["output"]
    got = np.asarray(model(block_input(size, channels)))[0]
    np.testing.assert_allclose(got, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradientExplorer(28), "blocks must be at most 27"),
        (lambda: GradientExplorer(0), "blocks must be an integer of at least 1"),
        (lambda: GradientExplorer(scale=2), "scale must be a number from 0.5 to 1.5"),
        (lambda: GradientExplorer(branch_scale=-1), "branch_scale must be a number from 0 to 1"),
        (lambda: GradientExplorer(quantity="bias"), "quantity must be one of"),
        (lambda: GradientExplorer(layer=-1), "layer must be an integer of at least 0"),
        (lambda: GradientExplorer(seed=1000), "seed must be at most 999"),
        (lambda: BlockExplorer(13), "size must be at most 12"),
        (lambda: BlockExplorer(1), "size must be an integer of at least 2"),
        (lambda: BlockExplorer(channels=5), "channels must be at most 4"),
        (lambda: BlockExplorer(filters=(2, 5)), "filters must be at most 4"),
        (lambda: BlockExplorer(strides=(4, 1)), "strides must be at most 3"),
        (lambda: BlockExplorer(rule="none"), "rule must be one of"),
        (lambda: BlockExplorer(order="last"), "order must be one of"),
        (lambda: BlockExplorer(channel=-1), "channel must be an integer of at least 0"),
        (lambda: BlockExplorer(seed=100), "seed must be at most 99"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Pages, driven by hand


def table(page):
    """The numbers in the gradient explorer's rows, as they are written."""
    return [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]


def value(text):
    """A number such as 3.1 × 10⁻⁷."""
    plain = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--"))
    return float(plain.replace(" × 10", "e"))


@pytest.mark.parametrize(
    "exhibit",
    [
        GradientExplorer(),
        GradientExplorer(27, 1.2, quantity="kernels", layer=40),
        GradientExplorer(4, batch_norm=True, branch_scale=0.3, quantity="values", layer=2, seed=8),
    ],
)
def test_the_table_says_what_python_computes(opened, exhibit):
    page = opened(exhibit)
    for row, network in zip(table(page), exhibit.measured(), strict=True):
        wanted = [getattr(network, name)[exhibit.layer] for name in ("values", "maps", "kernels")]
        assert [value(text) for text in row] == pytest.approx(wanted, rel=0.06)
    heading = page.locator("thead th").first.inner_text()
    assert numbers(heading) == [exhibit.layer + 1, 2 * exhibit.blocks + 1]


def test_sliders_and_switches_reach_both_networks(opened):
    page = opened(GradientExplorer())
    set_slider(page, "blocks", 20)
    page.get_by_role("button", name="He: 1").click()
    set_slider(page, "branch times", 0.25)
    settle(page)
    wanted = GradientExplorer(20, 1.0, branch_scale=0.25)
    got = [value(row[1]) for row in table(page)]
    assert got == pytest.approx([network.maps[0] for network in wanted.measured()], rel=0.06)
    page.get_by_label("batch normalisation").check()
    settle(page)
    wanted.batch_norm = True
    got = [value(row[1]) for row in table(page)]
    assert got == pytest.approx([network.maps[0] for network in wanted.measured()], rel=0.06)
    # With batch normalisation the scale does nothing, and says so.
    assert page.get_by_label("weights times").is_disabled()
    assert page.get_by_role("button", name="He: 1").is_disabled()


def test_bars_are_pointed_at_by_key_and_by_mouse(opened):
    page = opened(GradientExplorer(layer=3))
    chart = page.get_by_role("slider", name="plain network, layer")
    chart.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert chart.get_attribute("aria-valuenow") == "5"
    press_at_once(chart, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert chart.get_attribute("aria-valuenow") == "6"
    page.keyboard.press("End")
    settle(page)
    assert value(table(page)[0][1]) == 1
    box = page.get_by_role("slider", name="residual network, layer").bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + 20)
    settle(page)
    assert numbers(page.locator("thead th").first.inner_text()) == [1, 19]


def test_fewer_layers_than_the_one_that_was_chosen(opened):
    page = opened(GradientExplorer(9, layer=18))
    set_slider(page, "blocks", 2)
    assert numbers(page.locator("thead th").first.inner_text()) == [5, 5]


def test_other_weights_are_drawn(opened):
    page = opened(GradientExplorer(seed=3))
    page.get_by_role("button", name="Other weights").click()
    settle(page)
    wanted = GradientExplorer(seed=4).measured()[0].maps[0]
    assert value(table(page)[0][1]) == pytest.approx(wanted, rel=0.06)


def verdict(page):
    return page.locator(".block-verdict").inner_text()


@pytest.mark.parametrize(
    ("case", "ours", "lectures"),
    [
        ("same shape", "identity", "✓"),
        ("more channels", "2 to 4 channels, strides 1; 12", "✓"),
        ("fewer channels", "4 to 2 channels, strides 1; 10", "✗"),
        ("stride 2", "strides 2; 6", "✓"),
        ("stride 3", "strides 3; 6", "✗"),
        ("strides 2 and 2", "strides 4; 6", "⚠"),
        ("4 channels to 1", "4 to 1 channels, strides 1; 5", "⚠"),
    ],
)
def test_cases_and_what_the_lectures_test_makes_of_them(opened, case, ours, lectures):
    page = opened(BlockExplorer())
    page.get_by_role("button", name=case, exact=True).click()
    settle(page)
    assert verdict(page).startswith("✓")
    assert ours in verdict(page)
    page.get_by_label("project").select_option("lecture")
    settle(page)
    assert verdict(page).startswith(lectures)
    assert page.locator(".block-none:visible").count() == (2 if lectures == "✗" else 0)


@pytest.mark.parametrize("order", ORDERS)
def test_pictures_say_mean_and_share_below_zero(opened, order):
    exhibit = BlockExplorer(7, 3, (2, 4), (2, 1), order=order, seed=3)
    page = opened(exhibit)
    for figure, array in zip(
        page.locator(".block-pictures > div").all(), exhibit.values().values(), strict=True
    ):
        shape, fact = figure.locator(".exhibit-note").all_inner_texts()
        assert numbers(shape) == list(array.shape)
        mean, negative, _ = numbers(fact)
        assert mean == pytest.approx(array.mean(), abs=0.006)
        assert negative == pytest.approx(100 * (array < 0).mean(), abs=0.6)


def test_only_the_lectures_branch_cannot_take_away(opened):
    page = opened(BlockExplorer())
    for order in ORDERS:
        page.get_by_label("block", exact=True).select_option(order)
        settle(page)
        fact = page.locator(".block-pictures > div").nth(1).locator(".exhibit-note").nth(1)
        assert (numbers(fact.inner_text())[1] == 0) == (order == "lecture")


def test_channels_are_chosen_among_those_there_are(opened):
    page = opened(BlockExplorer(channels=2, filters=(2, 4)))
    set_slider(page, "channel shown", 4)
    labels = page.locator("canvas").evaluate_all("all => all.map(c => c.ariaLabel)")
    assert "channel 2 of 8 × 8 × 2" in labels[0]
    assert "channel 4 of 8 × 8 × 4" in labels[4]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("exhibit", "label", "values"),
    [
        (GradientExplorer(), "blocks", range(1, 28)),
        (GradientExplorer(27, batch_norm=True), "branch times", np.linspace(0, 1, 21)),
        (GradientExplorer(27), "weights times", np.linspace(0.5, 1.5, 21)),
        (BlockExplorer(12, 4, (4, 4)), "strides, first", (1, 2, 3)),
        (BlockExplorer(12, 4, (4, 4)), "filters, second", (1, 2, 3, 4)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, exhibit, label, values, width):
    page = opened(exhibit, width=width)
    assert script_of_a_drag(page, label, [float(v) for v in values]) < FRAME
