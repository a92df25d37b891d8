"""Directions, their scale, and surfaces: against slow definitions, closed forms and Keras."""

import math

import numpy as np
import pytest
from scipy import stats

from course_lib import loss_landscape as topic
from course_lib.checks.loss_landscape.cases import LARGE, TOLERANCE, network

SHAPES = ((3, 3, 1, 4), (4,), (2, 5, 4, 6), (6,), (6, 3), (3,))


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 1 + place, shape) for place, shape in enumerate(SHAPES)]


# --- directions ----------------------------------------------------------------------------------


def test_a_direction_is_normal_and_new_for_each_array():
    drawn = topic.random_direction([np.zeros((100, 50)), np.zeros((100, 50)), np.zeros(7)], seed=3)
    assert [array.shape for array in drawn] == [(100, 50), (100, 50), (7,)]
    for array in drawn[:2]:
        assert stats.kstest(array.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[0].ravel(), drawn[1].ravel())[0, 1]) < 0.06


def test_seeds_repeat_and_differ(weights):
    one, same, other = (topic.random_direction(weights, seed) for seed in (5, 5, 6))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).all()


def test_two_networks_of_one_shape_are_seen_from_the_same_side(weights):
    rng = np.random.default_rng(1)
    others = [rng.normal(0, 1, array.shape) for array in weights]
    for one, other in zip(
        topic.directions_of(weights, 4), topic.directions_of(others, 4), strict=True
    ):
        for a, b in zip(one, other, strict=True):
            if a.ndim > 1:
                columns = [array.reshape(-1, array.shape[-1]) for array in (a, b)]
                cosines = np.sum(columns[0] * columns[1], 0)
                lengths = np.linalg.norm(columns[0], axis=0) * np.linalg.norm(columns[1], axis=0)
                np.testing.assert_allclose(cosines, lengths)
    first, second = topic.directions_of(weights, 4)
    assert not np.allclose(first[0], second[0])


# --- scale ---------------------------------------------------------------------------------------


def test_every_filter_gets_the_length_of_its_weights(weights):
    direction = topic.random_direction(weights, 1)
    for array, weight, before in zip(
        topic.filter_normalise(direction, weights), weights, direction, strict=True
    ):
        if array.ndim < 2:
            assert (array == 0).all()
            continue
        for number in range(array.shape[-1]):
            length = math.sqrt(sum(x * x for x in weight[..., number].ravel()))
            assert np.linalg.norm(array[..., number]) == pytest.approx(length)
            ratio = array[..., number] / before[..., number]
            assert np.ptp(ratio) < 1e-9 * ratio.mean()
            assert ratio.mean() > 0


def test_it_is_pytorchs_formula_with_the_axes_moved(weights):
    """The paper's code: filters first, each scaled by norm over norm."""
    direction = topic.random_direction(weights, 1)
    for d, w, came in zip(
        direction, weights, topic.filter_normalise(direction, weights), strict=True
    ):
        moved, own = (np.moveaxis(array, -1, 0).copy() for array in (d, w))
        for row, filter_ in zip(moved, own, strict=True):
            row *= np.linalg.norm(filter_) / (np.linalg.norm(row) + 1e-10)
        expected = np.moveaxis(moved, 0, -1) if d.ndim > 1 else 0 * d
        np.testing.assert_allclose(came, expected, rtol=1e-8)


def test_the_directions_own_scale_does_not_matter_and_the_weights_does(weights):
    direction = topic.random_direction(weights, 1)
    normalised = topic.filter_normalise(direction, weights)
    loud = topic.filter_normalise([70 * d for d in direction], weights)
    large = topic.filter_normalise(direction, [3 * w for w in weights])
    for a, b, c in zip(normalised, loud, large, strict=True):
        np.testing.assert_allclose(a, b)
        np.testing.assert_allclose(3 * a, c)


@pytest.mark.parametrize("normalise", [topic.filter_normalise, topic.layer_normalise])
def test_zeros_stay_zeros(normalise):
    weights, direction = np.ones((2, 3)), np.ones((2, 3))
    weights[:, 0], direction[:, 1] = 0, 0
    (came,) = normalise([direction], [weights])
    assert np.isfinite(came).all()
    assert (came[:, 1] == 0).all()
    (silent,) = normalise([np.zeros((2, 3))], [weights])
    assert (silent == 0).all()


def test_layers_get_one_factor(weights):
    direction = topic.random_direction(weights, 1)
    for d, w, came in zip(
        direction, weights, topic.layer_normalise(direction, weights), strict=True
    ):
        if d.ndim > 1:
            assert np.linalg.norm(came) == pytest.approx(np.linalg.norm(w))
            np.testing.assert_allclose(came / d, (came / d).flat[0])


# --- surfaces ------------------------------------------------------------------------------------


def test_the_surface_of_a_quadratic_is_its_formula():
    rng = np.random.default_rng(2)
    matrix, at = rng.normal(size=(6, 6)), rng.normal(size=6)
    one, two = rng.normal(size=(2, 6))

    def loss(weights):
        (vector,) = weights
        return vector @ matrix @ vector

    steps = np.array([-1.0, 0.0, 0.3, 2.0])
    came = topic.loss_surface(loss, [at], ([one], [two]), steps)
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            place = at + a * one + b * two
            assert came[i, j] == pytest.approx(place @ matrix @ place)
    swapped = topic.loss_surface(loss, [at], ([two], [one]), steps)
    np.testing.assert_allclose(swapped, came.T)


def test_nothing_is_changed_and_a_slice_is_a_row():
    loss, weights, directions = network(0)
    before = [array.copy() for array in weights]
    steps = np.linspace(-1, 1, 5)
    surface = topic.loss_surface(loss, weights, directions, steps)
    for array, old in zip(weights, before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert surface[2, 2] == loss(weights)
    np.testing.assert_allclose(topic.loss_slice(loss, weights, directions[1], steps), surface[2])
    np.testing.assert_allclose(topic.loss_slice(loss, weights, directions[0], steps), surface[:, 2])


def test_roughness_against_eigenvalues_point_by_point():
    rng = np.random.default_rng(3)
    surface = rng.normal(size=(9, 12))
    minima = bent = 0
    for i in range(1, 8):
        for j in range(1, 11):
            window = surface[i - 1 : i + 2, j - 1 : j + 2]
            minima += window.argmin() == 4
            a = window[0, 1] + window[2, 1] - 2 * window[1, 1]
            c = window[1, 0] + window[1, 2] - 2 * window[1, 1]
            b = (window[2, 2] + window[0, 0] - window[0, 2] - window[2, 0]) / 4
            bent += np.linalg.eigvalsh([[a, b], [b, c]])[0] < 0
    came = topic.roughness(surface)
    assert came.minima == minima > 0
    assert came.nonconvex == pytest.approx(bent / 70)


def test_roughness_of_known_surfaces():
    x = np.linspace(-3, 3, 61)
    eggs = np.sin(np.pi * x)[:, None] ** 2 + np.sin(np.pi * x) ** 2
    assert topic.roughness(eggs).minima == 25  # integers from -2 to 2, squared; the rim is outside
    plane = 0.1 * x[:, None] + 0.7 * x + 3
    assert topic.roughness(plane) == (0, 0.0)
    assert topic.roughness(np.add.outer(x**2, x**2)) == (1, 0.0)


# --- networks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def _batch(count=40):
    rng = np.random.default_rng(5)
    return rng.normal(size=(count, 8, 8, 1)).astype("float32"), rng.integers(0, 10, count)


def test_rescaled_networks_compute_the_same(keras):
    tensor = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(5, 3, activation="relu", bias_initializer="normal")(tensor)
    x = keras.layers.Conv2D(4, 3, activation="relu", bias_initializer="normal")(x)
    out = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x))
    model, (images, labels) = keras.Model(tensor, out), _batch()
    weights, loss = topic.weights_of(model), topic.loss_of(model, *_batch())
    direction = topic.random_direction(weights, 0)
    moved = [
        w + d for w, d in zip(weights, topic.filter_normalise(direction, weights), strict=True)
    ]
    for layer, factors in ((0, 7.0), (1, np.array([0.2, 1, 3, 9])), (0, np.arange(1.0, 6))):
        copy = topic.rescaled(weights, layer, factors)
        assert loss(copy) == pytest.approx(loss(weights), rel=1e-5)
        assert not np.allclose(copy[2 * layer], weights[2 * layer])
        if np.ndim(factors) == 0:
            walk = topic.filter_normalise(direction, copy)
            there = [w + d for w, d in zip(copy, walk, strict=True)]
            assert loss(there) == pytest.approx(loss(moved), rel=1e-4)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert loss(weights) == pytest.approx(model.evaluate(images, labels, verbose=0), rel=1e-5)


def test_statistics_are_those_that_were_asked_for(keras):
    from course_lib.models import as_model
    from course_lib.residual import resnet

    keras.utils.set_random_seed(0)
    model = as_model(resnet, (8, 8, 1), depth=8, filters=4, projection=False)
    images, labels = _batch()
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    before = [variable.numpy().copy() for variable in model.variables]
    weights = topic.weights_of(model)
    for statistics, training in (("batch", True), ("moving", False)):
        came = topic.loss_of(model, images, labels, statistics)(weights)
        for variable, old in zip(model.variables, before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), old)
        expected = float(entropy(labels, model(images, training=training)))
        assert came == pytest.approx(expected, rel=1e-4)
        for variable, old in zip(model.variables, before, strict=True):
            variable.assign(old)
    # With the batch's statistics, any filter may have any scale.
    rng = np.random.default_rng(0)
    uneven = [w * rng.uniform(1, 20, w.shape[-1]) if w.ndim == 4 else w for w in weights]
    for statistics, same in (("batch", True), ("moving", False)):
        loss = topic.loss_of(model, images, labels, statistics)
        assert (abs(loss(uneven) - loss(weights)) < 0.02 * loss(weights)) == same


def test_plain_and_residual_networks_have_the_same_weights(keras):
    from course_lib.models import as_model
    from course_lib.residual import plain_network, resnet

    plain = as_model(plain_network, (8, 8, 1), depth=14, filters=8)
    residual = as_model(resnet, (8, 8, 1), depth=14, filters=8, projection=False)
    shapes = [[w.shape for w in topic.weights_of(model)] for model in (plain, residual)]
    assert shapes[0] == shapes[1]


# --- errors --------------------------------------------------------------------------------------

ONES = [np.ones((2, 2))]
BAD = [
    (lambda: topic.random_direction(np.ones(3), 0), r"weights must be a list.*a ndarray"),
    (lambda: topic.random_direction([], 0), r"weights must be a list.*a list of 0"),
    (lambda: topic.random_direction(ONES, -1), r"seed must be an integer of at least 0"),
    (lambda: topic.random_direction([np.array(["a"])], 0), r"weights\[0\] must hold real numbers"),
    (lambda: topic.filter_normalise([np.ones((2, 3))], ONES), r"weights' shapes, \[\(2, 2\)\]"),
    (lambda: topic.filter_normalise(ONES * 2, ONES), r"must have the weights' shapes"),
    (lambda: topic.loss_surface(len, ONES, [ONES], [0]), r"directions must be two.*list of 1"),
    (lambda: topic.loss_surface(len, ONES, (ONES, ONES), 0.5), r"steps must be an array"),
    (lambda: topic.loss_surface(len, ONES, (ONES, [np.ones(2)]), [0]), r"weights' shapes"),
    (lambda: topic.roughness(np.ones((2, 5))), r"at least 3 rows.*shape \(2, 5\)"),
    (lambda: topic.roughness(np.full((3, 3), np.inf)), r"9 numbers that are not finite"),
    (lambda: topic.rescaled([np.ones((1, 1)), np.ones(1)], 0, 2.0), r"between 0 and -1"),
    (lambda: topic.rescaled([np.ones((1, 1)), np.ones(1)] * 2, 0, 0.0), r"factors=0.0"),
    (lambda: topic.loss_of(None, None, None, "stored"), r'"batch" or "moving"; got \'stored\''),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_errors_say_what_came_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the checks' statistics ----------------------------------------------------------------------


def test_false_alarms_are_rarer_than_one_in_ten_million():
    """Each tolerance against the standard error of what it judges."""
    count, pair = sum(math.prod(shape) for shape in LARGE), math.prod(LARGE[0])
    errors = {
        "mean": 1 / math.sqrt(count),
        "spread": 1 / math.sqrt(2 * count),
        "tails": math.sqrt(96 / count),
        "correlation": 1 / math.sqrt(pair),
    }
    alarms = sum(2 * stats.norm.sf(TOLERANCE[name] / error) for name, error in errors.items())
    assert 4 * alarms < 1e-7 * 4  # one visible draw and three hidden ones
