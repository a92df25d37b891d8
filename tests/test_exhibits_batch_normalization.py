"""The exhibit of `batch_normalization`: its arithmetic against Python's, its page by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.batch_normalization import (
    EPSILON,
    batch_norm_inference,
    batch_norm_train,
    batch_statistics,
)
from course_lib.exhibits.batch_normalization import IMAGES, LAYERS, STEPS, DistributionExplorer

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end's modules export."""
    return calculator(*(f"batch_normalization/{name}.js" for name in ("statistics", "strip")))


def test_statistics_equal_pythons(calculate):
    random = np.random.default_rng(0)
    batches = [random.normal(3, 2, size) for size in (1, 2, 7, 1024)]
    for got, batch in zip(
        calculate("statisticsOf", [[b.tolist()] for b in batches]), batches, strict=True
    ):
        mean, variance = batch_statistics(batch[:, np.newaxis])
        assert got["mean"] == pytest.approx(mean[0])
        assert got["variance"] == pytest.approx(variance[0], abs=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
def test_both_modes_equal_pythons(calculate, momentum):
    """A line for the batch, and one for the averages that a training of nine steps left."""
    random = np.random.default_rng(1)
    batches = random.normal(-2, 1.5, (9, 6, 1))
    mean, variance = np.zeros(1), np.ones(1)
    for batch in batches:
        output, mean, variance = batch_norm_train(batch, [1.7], [-0.4], mean, variance, momentum)
    statistics = calculate("statisticsOf", [[b.ravel().tolist()] for b in batches])
    (moving,) = calculate("movingAverages", [[statistics, momentum]])
    assert (moving["mean"], moving["variance"]) == pytest.approx((mean[0], variance[0]))
    wanted = output, batch_norm_inference(batch, [1.7], [-0.4], mean, variance)
    cases = [[part, 1.7, -0.4, EPSILON] for part in (statistics[-1], moving)]
    for line, values in zip(calculate("lineOf", cases), wanted, strict=True):
        np.testing.assert_allclose(batch * line["scale"] + line["shift"], values, atol=1e-12)


def test_undoing_gives_back_what_came_in(calculate):
    statistics = {"mean": 3.0, "variance": 0.5}
    (undo,) = calculate("undoing", [[statistics, EPSILON]])
    (line,) = calculate("lineOf", [[statistics, undo["gamma"], undo["beta"], EPSILON]])
    assert (line["scale"], line["shift"]) == pytest.approx((1, 0), abs=1e-12)


def test_batches_equal_pythons(calculate):
    for layer in LAYERS:
        for size, step, marked in ((1, 0, True), (7, 100, True), (64, STEPS, False)):
            explorer = DistributionExplorer(layer, size)
            store = explorer.store()
            (images,) = calculate("imagesOf", [[step, size, IMAGES, marked]])
            (values,) = calculate("valuesOf", [[store.ravel().tolist(), images, store.shape[1]]])
            np.testing.assert_allclose(values, explorer.batch(step, marked))
            assert (images[0] == 0) is marked
            assert 0 not in images[1:]


def test_the_share_above_zero(calculate):
    values = [-2.0, -1.0, 0.0, 1.0]
    cases = [[values, {"scale": scale, "shift": 0.5}] for scale in (1, -1, 0)]
    assert calculate("above", cases) == [0.5, 0.75, 1]


def test_an_outline_has_the_area_of_its_numbers(calculate):
    values = np.random.default_rng(2).normal(1, 0.7, 5000)
    (points,) = calculate("outlineOf", [[values.tolist()]])
    places, heights = np.transpose(points)
    assert heights.max() == 1
    assert np.average(places, weights=heights) == pytest.approx(values.mean(), abs=0.02)
    (flat,) = calculate("outlineOf", [[[2.0, 2.0]]])
    assert np.isfinite(flat).all()


# The page


def notes(page):
    """The numbers under the five strips, from top to bottom and left to right."""
    return [
        numbers(text) for text in page.locator(".exhibit-figure .exhibit-note").all_inner_texts()
    ]


STATES = [
    {},
    {"layer": "convolutional", "batch_size": 3, "step": 17},
    {"batch_size": 2, "gamma": 1.5, "beta": -0.75, "momentum": 0.5},
    {"batch_size": 1, "beta": 0.5, "step": 5},
    {"step": 0, "gamma": -2.0, "beta": 3.0},
    {"layer": "convolutional", "batch_size": 64, "step": STEPS, "momentum": 0.99, "gamma": 0.0},
]


@pytest.mark.parametrize("state", STATES)
def test_the_page_says_what_python_computes(opened, state):
    explorer = DistributionExplorer(**state)
    page = opened(explorer)
    batch, (mean, variance) = explorer.batch(), explorer.moving()
    at = explorer.marked_place()
    arriving, *halves = notes(page)
    expected = [batch.size, batch.mean(), batch.std()]
    assert arriving[:3] == pytest.approx(expected, abs=0.006)
    assert arriving[-4:] == pytest.approx([mean, variance, variance**0.5, batch[at]], abs=0.006)
    modes = (explorer.training, explorer.inference)
    for place, mode in enumerate(modes):
        for row, settings in enumerate(({"gamma": 1.0, "beta": 0.0}, {})):
            values, got = mode(**settings), halves[2 * place + row]
            wanted = [values.mean(), values.std(), values[at]]
            assert got[:3] == pytest.approx(wanted, abs=0.006)
        assert got[-1] == pytest.approx(100 * np.mean(values > 0), abs=0.6)
    said = numbers(page.locator(".norm-said").inner_text())
    others = explorer.others()
    wanted = [batch[at], explorer.training()[at], others.min(), others.max()]
    assert said == pytest.approx([*wanted, explorer.inference()[at]], abs=0.006)


def test_every_slider_moves_what_it_names(opened):
    explorer = DistributionExplorer()
    page = opened(explorer)
    settings = {"batch size": ("batch_size", 5), "training steps": ("step", 12)}
    settings |= {"momentum α": ("momentum", 0.7), "gamma γ": ("gamma", 0.5)}
    settings |= {"beta β": ("beta", 1.25)}
    for label, (trait, value) in settings.items():
        set_slider(page, label, value)
        setattr(explorer, trait, value)
        at = explorer.marked_place()
        said = numbers(page.locator(".norm-said").inner_text())
        assert said[1] == pytest.approx(explorer.training()[at], abs=0.006)
        assert said[-1] == pytest.approx(explorer.inference()[at], abs=0.006)
    page.get_by_label("layer before").select_option("convolutional")
    settle(page)
    assert notes(page)[0][0] == 5 * 16


def test_training_depends_on_the_companions_and_inference_does_not(opened):
    """Another batch size, the same moving averages: none of the steps has been taken."""
    page = opened(DistributionExplorer(step=0))
    results = []
    for size in (2, 9, 33):
        set_slider(page, "batch size", size)
        results.append(numbers(page.locator(".norm-said").inner_text()))
    assert len({tuple(result[1:2]) for result in results}) == 3
    assert len({result[-1] for result in results}) == 1


def test_two_numbers_become_minus_one_and_one(opened):
    page = opened(DistributionExplorer(batch_size=2))
    assert abs(notes(page)[1][2]) == pytest.approx(1, abs=0.01)


def test_momentum_is_told_in_both_conventions(opened):
    page = opened(DistributionExplorer(step=60, momentum=0.97))
    keras, torch, *_, left = numbers(page.locator(".norm-controls .exhibit-note").inner_text())
    assert (keras, torch) == (0.97, 0.03)
    assert left == pytest.approx(100 * 0.97**60, abs=0.06)


def test_buttons_undo_and_reset(opened):
    page = opened(DistributionExplorer(batch_size=16, step=80))
    page.get_by_role("button", name="γ and β that undo it").click()
    settle(page)
    arriving, *_, out = notes(page)
    assert out[:2] == pytest.approx(arriving[1:3], abs=0.06)  # sliders move in steps of 0.05
    page.get_by_role("button", name="γ = 1, β = 0").click()
    settle(page)
    assert page.get_by_label("gamma γ").input_value() == "1"
    assert page.get_by_label("beta β").input_value() == "0"


def test_keys_move_a_slider(opened):
    page = opened(DistributionExplorer())
    page.get_by_label("beta β").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert notes(page)[2][0] == pytest.approx(0.2, abs=0.006)  # training: the mean is beta


def test_what_leaves_the_axis_is_told_and_kept_in_sight(opened):
    page = opened(DistributionExplorer(step=0, gamma=2.0, beta=3.0))
    assert "off the axis" in page.locator(".is-inference").inner_text()
    path = page.locator(".is-inference .strip-mark").last.get_attribute("d")
    assert abs(float(path[1:].split()[0])) < 6


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("batch size", (62, 63, 64)),
        ("training steps", (100, 110, 120)),
        ("gamma γ", (0.5, 1, 1.5)),
        ("momentum α", (0.5, 0.9, 0.99)),
    ],
)
def test_a_drag_is_answered_within_a_frame(opened, label, values, width):
    """At the largest settings; milliseconds of the page's thread, by the browser's own clock."""
    page = opened(DistributionExplorer("convolutional", 64, 120), width=width)
    each = script_of_a_drag(page, label, values)
    print(f"{label}, {width} px: {each:.2f} ms of script a drag")
    assert each < FRAME


# Python's side


def test_the_still_follows_the_traits():
    states = ({}, {"gamma": 0.5}, {"layer": "convolutional"}, {"batch_size": 1}, {"gamma": 0.0})
    assert len({DistributionExplorer(**state).still() for state in states}) == 5


def test_the_layers_come_from_digits():
    dense, maps = (DistributionExplorer(layer).store() for layer in LAYERS)
    assert (dense.shape, maps.shape) == ((512, 1), (512, 16))
    for values in (dense, maps):
        assert abs(values).max() < 6
        assert abs(values.mean()) > 1.5


REFUSED = [
    ({"layer": "conv"}, r"layer must be one of 'dense', 'convolutional'.*'conv'"),
    ({"batch_size": 65}, r"batch_size must lie between 1 and 64 here; got 65"),
    ({"batch_size": 2.5}, r"batch_size must be an integer"),
    ({"step": -1}, r"step must be"),
    ({"step": 121}, r"step must lie between 0 and 120"),
    ({"momentum": 1.0}, r"momentum must lie between 0 and 0\.99"),
    ({"gamma": 3}, r"gamma must lie between -2 and 2"),
    ({"beta": -4}, r"beta must lie between -3 and 3"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DistributionExplorer(**arguments)
