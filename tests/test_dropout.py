"""`course_lib.dropout`: masks against the binomial law and Keras; the checks' error rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from course_lib import dropout as topic
from course_lib import dropout_leak as leaks
from course_lib.checks import run
from course_lib.checks.dropout import CHECKS, cases, statistics
from course_lib.models import as_model

BOTH = pytest.mark.parametrize("function", [topic.dropout, topic.spatial_dropout])
SIGMAS = 6  # two in a billion


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


# --- masks ---------------------------------------------------------------------------------------


@BOTH
def test_inference_is_the_identity(function):
    x = numbers(2, 3, 4, 5)
    np.testing.assert_array_equal(function(x, 0.5), x)
    np.testing.assert_array_equal(function(x, 0, training=True), x)
    assert function(x, 0.5) is not x


@BOTH
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_zeros_and_scaled_survivors_in_the_right_share(function, rate):
    x = numbers(64, 2, 3, 50)
    output = function(x, rate, training=True, seed=1)
    kept = output != 0
    np.testing.assert_allclose(output[kept], x[kept] / (1 - rate))
    count = 64 * 50 * (6 if function is topic.dropout else 1)
    assert abs(kept.mean() - (1 - rate)) < SIGMAS * np.sqrt(rate * (1 - rate) / count)


def test_the_mean_is_kept_and_the_variance_grows_as_the_formula_says():
    copies = np.random.default_rng(0).normal(2, 1, 400_000)
    for rate in (0.2, 0.5):
        dropped = topic.dropout(copies, rate, training=True, seed=1)
        assert dropped.mean() == pytest.approx(2, abs=0.03)
        assert dropped.var() == pytest.approx((1 + 4) / (1 - rate) - 4, rel=0.02)


def test_maps_are_dropped_whole_for_each_image_and_channel():
    dropped = topic.spatial_dropout(numbers(40, 5, 7, 50), 0.4, training=True, seed=2) == 0
    maps = dropped[:, 0, 0]
    np.testing.assert_array_equal(dropped, np.broadcast_to(maps[:, None, None], dropped.shape))
    alike = 0.4**2 + 0.6**2
    for one, two in ((maps[::2], maps[1::2]), (maps[:, ::2], maps[:, 1::2])):
        assert np.mean(one == two) == pytest.approx(alike, abs=SIGMAS * 0.5 / np.sqrt(one.size))


@BOTH
def test_seeds(function):
    x = numbers(8, 3, 3, 20)
    same = [function(x, 0.5, True, seed) for seed in (4, 4, np.random.default_rng(4))]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])
    assert (function(x, 0.5, True, 5) != same[0]).any()
    assert (function(x, 0.5, True) != function(x, 0.5, True)).any()


@settings(max_examples=40, deadline=None)
@given(rate=st.floats(0, 0.99), seed=st.integers(0, 99), scale=st.floats(-3, 3))
def test_dropout_is_linear_for_one_mask(rate, seed, scale):
    x = numbers(3, 2, 2, 4)
    for function in (topic.dropout, topic.spatial_dropout):
        once = function(x, rate, True, seed)
        np.testing.assert_allclose(function(scale * x, rate, True, seed), scale * once)


def test_precision_and_inputs():
    x = np.full((4, 5), 101, np.uint8)
    before = x.copy()
    output = topic.dropout(x, 0.3, True, 0)
    assert output.dtype == np.float32
    assert output.max() == pytest.approx(101 / 0.7)
    np.testing.assert_array_equal(x, before)
    assert topic.dropout(x, 0.3).dtype == np.float32


@BOTH
@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, True, "half", float("nan")])
def test_bad_rates(function, rate):
    with pytest.raises(ValueError, match="rate must be a number from 0 up to but without 1"):
        function(numbers(1, 2, 2, 1), rate)


def test_bad_arrays():
    with pytest.raises(ValueError, match="must hold real numbers"):
        topic.dropout(np.array(["a"]), 0.5)
    with pytest.raises(ValueError, match=r"must be an array of shape \(batch, height, width"):
        topic.spatial_dropout(numbers(3, 4), 0.5)


@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout2D"])
def test_kerass_layers_have_the_same_statistics(name):
    """The other oracle: Keras's masks show what the checks expect of a right answer."""
    keras = pytest.importorskip("keras")
    x = numbers(32, 6, 9, 32)

    def of(function):
        outputs = np.stack([np.asarray(function(seed), float) for seed in (1, 2)])
        return statistics.mask_statistics(x.astype(float), outputs, 0.3)

    layer = {seed: getattr(keras.layers, name)(0.3, seed=seed) for seed in (1, 2)}
    ours = topic.dropout if name == "Dropout" else topic.spatial_dropout
    theirs = of(lambda seed: layer[seed](x, training=True))
    np.testing.assert_allclose(theirs, of(lambda seed: ours(x, 0.3, True, seed)), rtol=1e-5)


# --- relatives, and the leak ---------------------------------------------------------------------


def test_blocks():
    x = np.ones((200, 9, 11, 4))
    for size in (1, 3):
        kept = topic.drop_block(x, 0.2, size, True, 0)
        assert np.mean(kept == 0) == pytest.approx(0.18, abs=0.03)
        assert kept.mean() == pytest.approx(1)
    np.testing.assert_array_equal(topic.drop_block(x, 0.2, 3), x)
    whole = topic.drop_block(np.ones((50, 6, 6, 4)), 0.5, 6, True, 0) == 0
    assert (whole.all(axis=(1, 2)) | ~whole.any(axis=(1, 2))).all()
    with pytest.raises(ValueError, match="a block of 12 does not fit into 9 x 11"):
        topic.drop_block(x, 0.2, 12)


def test_neighbours_by_a_loop():
    x = numbers(2, 3, 4, 2)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    got = leaks.neighbours(x)
    for n, i, j, c in np.ndindex(x.shape):
        window = padded[n, i : i + 3, j : j + 3, c].ravel()
        np.testing.assert_array_equal(got[n, i, j, c], np.delete(window, 4))


def test_the_leak_is_what_was_put_in():
    """Of a moving average the neighbours tell much, of noise nothing, of a copied channel all."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 12, 12, 3))
    smooth = noise + np.roll(noise, 1, 1) + np.roll(noise, 1, 2) + np.roll(noise, (1, 1), (1, 2))
    kept = rng.random(noise.shape) > 0.3

    def of(x, source="neighbours", mask=kept):
        return leaks.leak(x[:30], x[30:], mask[:30], mask[30:], source)

    assert -0.06 < of(noise) < 0.01
    assert of(smooth) > 0.4
    maps = np.broadcast_to(rng.random((60, 1, 1, 3)) > 0.3, noise.shape)
    assert -0.06 < of(smooth, mask=maps) < 0.001
    twins = np.repeat(noise[..., :1], 2, axis=-1)
    assert of(twins, "channels", kept[..., :2]) > 0.6
    with pytest.raises(ValueError, match='source must be "neighbours" or "channels"'):
        of(noise, "pixels")


def test_explained_and_guesses():
    values = np.array([1.0, 2.0, 3.0])
    assert leaks.explained(values, values) == 1
    assert leaks.explained(values, np.full(3, 2.0)) == 0
    x = numbers(1, 3, 3, 1)
    alone = leaks.predict_from_neighbours(x, np.zeros(x.shape, bool), 7.0)
    np.testing.assert_array_equal(alone, np.full(x.shape, 7.0))


# --- the block -----------------------------------------------------------------------------------


def test_counts_and_shapes_of_the_block():
    model = as_model(topic.residual_block, (9, 8, 4), [6, 5], (2, 3), 3, 0.2)
    assert model.output_shape == (None, 5, 3, 5)
    trained = (
        9 * 4 * 6 + 2 * 6 + 9 * 6 * 5 + 2 * 5 + 4 * 5 + 2 * 5
    )  # two convolutions, a projection
    assert model.count_params() == trained + 2 * (6 + 5 + 5)
    for filters in ([], 8):
        with pytest.raises(ValueError, match="filters must be a list"):
            as_model(topic.residual_block, (8, 8, 4), filters)
    with pytest.raises(ValueError, match="strides has 1 entries for 2 convolutions"):
        as_model(topic.residual_block, (8, 8, 4), [4, 4], [2])
    with pytest.raises(ValueError, match="kernel_size has 3 entries for 2 convolutions"):
        as_model(topic.residual_block, (8, 8, 4), [4, 4], 1, [3, 3, 3])


def test_stochastic_depth_drops_branches_image_by_image():
    keras = pytest.importorskip("keras")
    inputs = keras.Input((2, 2, 3))
    branch = keras.layers.Rescaling(2.0)(inputs)
    model = keras.Model(inputs, topic.stochastic_depth(inputs, branch, 0.5))
    x = numbers(64, 2, 2, 3).astype("float32")
    ratio = np.asarray(model(x, training=True)) / x
    by_image = ratio.reshape(64, -1)
    np.testing.assert_allclose(by_image, by_image[:, :1].repeat(12, axis=1), rtol=1e-5)
    assert set(by_image[:, 0].round(3)) == {1.0, 5.0}
    np.testing.assert_allclose(model(x), 3 * x, rtol=1e-6)


# --- the checks' error rates ---------------------------------------------------------------------


def test_the_bound_is_exact():
    """The probability that `within` rejects a right count, summed over all counts."""
    for trials, probability in ((24, 0.144), (400, 0.3), (2000, 0.58), (9000, 0.15)):
        counts = np.arange(trials + 1)
        accepted = [statistics.within(count, trials, probability) for count in counts]
        rejected = binom.pmf(counts, trials, probability)[~np.array(accepted)].sum()
        assert rejected <= statistics.ALPHA
        assert accepted[round(trials * probability)]


def test_a_right_answer_is_condemned_less_than_once_in_a_million_times():
    """The union bound: every comparison of a random count that grading all three checks makes."""
    exact = {cases.OUTPUT, cases.PARAMETERS}
    counts = {cases.BRANCH: 2, cases.CHOICES: 2, cases.AROUND: 3}
    made = sum(
        counts.get(case.of, 1) * (1 + check.hidden_draws)
        for check in CHECKS.values()
        for part in check.parts
        for case in check.draw(part, 0)
        if case.raises is None and case.of not in exact
    )
    assert made > 100
    assert made <= cases.COMPARISONS
    assert cases.COMPARISONS * statistics.ALPHA < 1e-6


@pytest.mark.parametrize("name", ["dropout", "spatial_dropout"])
def test_the_reference_passes_for_many_seeds(name):
    check = CHECKS[name]
    for seed in range(2, 14):
        assert run.run(check, check.reference, True, seed, forbidden=()).passed
    check.forget()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dropout", "spatial_dropout"])
def test_every_mistake_is_named_for_many_seeds(name):
    check = CHECKS[name]
    for planted in check.misconceptions:
        for seed in range(2, 5):
            report = run.run(check, planted.function, True, seed, forbidden=())
            assert report.diagnosis == planted.name
    check.forget()


def test_every_hypothesis_is_told_from_the_others():
    """How far apart a right answer's counts and a mistake's lie: they cannot be confused."""
    for rate in (0.15, 0.2, 0.25, 0.3, 0.35):
        for trials in (900, 2000):  # the fewest maps, the fewest numbers
            counts = np.arange(trials + 1)
            accepted = np.array([statistics.within(c, trials, rate) for c in counts])
            assert binom.pmf(counts, trials, 1 - rate)[accepted].sum() < 1e-9
    for rate in (0.3, 0.5, 0.7):
        alike = rate**2 + (1 - rate) ** 2
        assert not statistics.within(460, 460, alike)  # pairs of images that share a mask
    assert not statistics.within(24, 24, binom.pmf(10, 40, 0.25))  # a fixed count
