"""Plausible wrong implementations: the reference with one step done wrong, and why it is wrong."""

import numpy as np

from course_lib import loss_landscape as topic
from course_lib.checks.loss_landscape.cases import (
    filter_normalise,
    loss_surface,
    random_direction,
)

# --- random_direction ----------------------------------------------------------------------------


@random_direction.misconception(
    "The numbers are uniform between 0 and 1: all weights would grow. Draw normal numbers, with "
    "standard_normal, which are of either sign."
)
def uniform_positive(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.random(w.shape) for w in weights]


@random_direction.misconception(
    "The numbers are uniform between -1 and 1. A box has corners, and its directions are not all "
    "equally likely; normal numbers prefer none."
)
def uniform_signed(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, w.shape) for w in weights]


@random_direction.misconception(
    "All numbers are +1 or -1: only corners of a cube can be reached. Draw normal numbers."
)
def signs_only(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.choice([-1.0, 1.0], w.shape) for w in weights]


@random_direction.misconception(
    "The generator is made anew for each array, so arrays of one shape get the same numbers. Make "
    "it once, before the loop."
)
def seeded_for_each_array(weights, seed):
    return [np.random.default_rng(seed).standard_normal(w.shape) for w in weights]


@random_direction.misconception(
    "The seed is not used: each call gives another direction, and no picture can be drawn twice."
)
def seed_ignored(weights, seed):
    rng = np.random.default_rng()
    return [rng.standard_normal(w.shape) for w in weights]


@random_direction.misconception(
    "Every seed gives the same direction. Hand the seed on: np.random.default_rng(seed)."
)
def seed_fixed(weights, seed):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(w.shape) for w in weights]


@random_direction.misconception(
    "Each array holds one random number all over. Draw as many as it has entries: "
    "standard_normal(array.shape)."
)
def one_number_an_array(weights, seed):
    rng = np.random.default_rng(seed)
    return [np.full(w.shape, rng.standard_normal()) for w in weights]


@random_direction.misconception(
    "The noise is multiplied by the weights. The direction is random by itself; its scale is the "
    "task of filter_normalise."
)
def times_the_weights(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(w.shape) * w for w in weights]


@random_direction.misconception(
    "The weights are added to the noise. A direction is what will be added to them later."
)
def added_to_the_weights(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(w.shape) + w for w in weights]


@random_direction.misconception(
    "The whole direction is scaled to length 1, so its numbers become tiny. Leave them normal; "
    "filter_normalise sets the scale, filter by filter."
)
def unit_length(weights, seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(w.shape) for w in weights]
    length = np.sqrt(sum(np.sum(a**2) for a in arrays))
    return [a / length for a in arrays]


@random_direction.misconception(
    "Biases get zeros here. Draw numbers for every array; filter_normalise decides what is moved."
)
def no_numbers_for_vectors(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(w.shape) if w.ndim > 1 else np.zeros(w.shape) for w in weights]


# --- filter_normalise ----------------------------------------------------------------------------


def _each(direction, weights, scale):
    """A direction scaled by `scale(direction, weights)` wherever there are filters."""
    return [
        np.zeros(d.shape) if d.ndim < 2 else d * scale(d, w)
        for d, w in zip(direction, weights, strict=True)
    ]


def _lengths(array, axes=None, power=2):
    axes = tuple(range(array.ndim - 1)) if axes is None else axes
    return np.sum(np.abs(array) ** power, axis=axes, keepdims=True) ** (1 / power)


def _over(one, other):
    return np.divide(one, other, out=np.zeros_like(other), where=other != 0)


@filter_normalise.misconception(
    "The whole array is scaled at once: that is normalisation by layer. Each filter, on the last "
    "axis, has a length of its own."
)
def by_layer(direction, weights):
    return topic.layer_normalise(direction, weights)


@filter_normalise.misconception(
    "The filters are taken along the first axis, where PyTorch has them. Keras numbers them on the "
    "last one: (height, width, channels, filters) and (inputs, units)."
)
def first_axis(direction, weights):
    def scale(d, w):
        axes = tuple(range(1, d.ndim))
        return _over(_lengths(w, axes), _lengths(d, axes))

    return _each(direction, weights, scale)


@filter_normalise.misconception(
    "Each channel of a filter is scaled by itself. A filter is all of its channels together: sum "
    "over every axis but the last."
)
def by_channel(direction, weights):
    def scale(d, w):
        axes = tuple(range(max(1, d.ndim - 2)))
        return _over(_lengths(w, axes), _lengths(d, axes))

    return _each(direction, weights, scale)


@filter_normalise.misconception(
    "Each filter is scaled to length 1. It must be as long as the filter of the weights."
)
def to_length_one(direction, weights):
    return _each(direction, weights, lambda d, w: _over(np.ones_like(_lengths(d)), _lengths(d)))


@filter_normalise.misconception(
    "The squares were summed, and the root forgotten: a length is the root of the sum of squares."
)
def squared_lengths(direction, weights):
    return _each(direction, weights, lambda d, w: _over(_lengths(w) ** 2, _lengths(d) ** 2))


@filter_normalise.misconception(
    "The ratio is upside down: multiply by the length of the weights and divide by the direction's."
)
def upside_down(direction, weights):
    return _each(direction, weights, lambda d, w: _over(_lengths(d), _lengths(w)))


@filter_normalise.misconception(
    "The direction is multiplied by the weights' length, but not divided by its own first."
)
def not_divided(direction, weights):
    return _each(direction, weights, lambda d, w: _lengths(w))


@filter_normalise.misconception(
    "The absolute values were summed. The length is the root of the sum of squares, the Euclidean "
    "norm."
)
def sums_of_sizes(direction, weights):
    return _each(direction, weights, lambda d, w: _over(_lengths(w, power=1), _lengths(d, power=1)))


@filter_normalise.misconception(
    "Each number is scaled by its own weight. The filter is scaled as a whole and keeps its "
    "direction."
)
def by_weight(direction, weights):
    return _each(direction, weights, lambda d, w: _over(np.abs(w), np.abs(d)))


@filter_normalise.misconception(
    "Biases, gamma and beta keep their random numbers. They have no filters; set their direction "
    "to zero."
)
def biases_kept(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    return [d if d.ndim < 2 else s for d, s in zip(direction, scaled, strict=True)]


@filter_normalise.misconception(
    "Biases, gamma and beta are scaled to the length of their own vector. They are no filters; set "
    "their direction to zero."
)
def biases_scaled(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    return [
        d * np.linalg.norm(w) / np.linalg.norm(d) if d.ndim < 2 else s
        for d, w, s in zip(direction, weights, scaled, strict=True)
    ]


@filter_normalise.misconception(
    "Each bias is taken for a filter of one number, and set to the weight's size. Arrays with one "
    "axis have no filters; set their direction to zero."
)
def biases_as_filters(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    return [
        np.sign(d) * np.abs(w) if d.ndim < 2 else s
        for d, w, s in zip(direction, weights, scaled, strict=True)
    ]


@filter_normalise.misconception(
    "Dense kernels are left as they are. The weights of one unit are its filter: scale each column."
)
def dense_left_out(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    return [d if d.ndim == 2 else s for d, s in zip(direction, scaled, strict=True)]


@filter_normalise.misconception(
    "Dense kernels are set to zero like biases. They have filters too: the weights of one unit."
)
def dense_set_to_zero(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    return [np.zeros(s.shape) if s.ndim == 2 else s for s in scaled]


@filter_normalise.misconception(
    "In dense kernels the rows are scaled. Row i holds what input i sends to all units; the filter "
    "of unit j is column j."
)
def dense_by_rows(direction, weights):
    scaled = topic.filter_normalise(direction, weights)
    turned = topic.filter_normalise([d.T for d in direction], [w.T for w in weights])
    return [t.T if s.ndim == 2 else s for s, t in zip(scaled, turned, strict=True)]


@filter_normalise.misconception(
    "A filter without any length was divided by 0, which gives NaN. Where the direction's filter "
    "is all zeros, leave zeros."
)
def divided_by_zero(direction, weights):
    with np.errstate(all="ignore"):
        return _each(direction, weights, lambda d, w: _lengths(w) / _lengths(d))


@filter_normalise.misconception(
    "A filter whose weights are all zeros has kept the direction's numbers. Its length is 0, so "
    "that of the direction becomes 0 as well: zeros."
)
def empty_filters_kept(direction, weights):
    def scale(d, w):
        return np.where(_lengths(w) == 0, 1, _over(_lengths(w), _lengths(d)))

    return _each(direction, weights, scale)


@filter_normalise.misconception(
    "The *weights* came back, scaled to the direction's length. It is the direction that is scaled."
)
def weights_scaled(direction, weights):
    return topic.filter_normalise(weights, direction)


# --- loss_surface --------------------------------------------------------------------------------


def _grid(weights, directions, steps, place):
    """The surface of `place(a, b, w, d, e)` for each array: where the weights are moved to."""

    def surface(loss):
        return np.array(
            [
                [
                    loss(
                        [place(a, b, *arrays) for arrays in zip(weights, *directions, strict=True)]
                    )
                    for b in steps
                ]
                for a in steps
            ]
        )

    return surface


@loss_surface.misconception(
    "Rows and columns are swapped: surface[i, j] takes step i along the first direction and step j "
    "along the second. (np.meshgrid does so with indexing='ij'.)"
)
def axes_swapped(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, directions, steps).T


@loss_surface.misconception(
    "The rows stand upside down. Row 0 belongs to steps[0]; turn the picture when you draw it, "
    "with origin='lower'."
)
def rows_upside_down(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, directions, steps)[::-1]


@loss_surface.misconception(
    "The steps add up: each point starts where the last one ended. Every point starts from the "
    "trained weights."
)
def steps_add_up(loss, weights, directions, steps):
    surface = np.zeros((len(steps), len(steps)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            for w, d, e in zip(weights, *directions, strict=True):
                w += a * d + b * e
            surface[i, j] = loss(weights)
    return surface


@loss_surface.misconception(
    "The first direction adds up from row to row: it is added to the weights themselves. Every "
    "point starts from the trained weights."
)
def rows_add_up(loss, weights, directions, steps):
    rows = []
    for a in steps:
        for w, d in zip(weights, directions[0], strict=True):
            w += a * d
        row = [
            loss([w + b * e for w, e in zip(weights, directions[1], strict=True)]) for b in steps
        ]
        rows.append(row)
    return np.array(rows)


@loss_surface.misconception(
    "The surface is right, but the weights stay where the last point was. Build a new list for "
    "each point instead of writing into the given arrays."
)
def weights_left_behind(loss, weights, directions, steps):
    surface = topic.loss_surface(loss, weights, directions, steps)
    for w, d, e in zip(weights, *directions, strict=True):
        w += steps[-1] * (d + e)
    return surface


@loss_surface.misconception("The second direction is never used: both steps go along the first.")
def second_ignored(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, (directions[0], directions[0]), steps)


@loss_surface.misconception(
    "The weights themselves are missing: the loss is evaluated at the step alone. Add it to the "
    "trained weights."
)
def without_the_weights(loss, weights, directions, steps):
    return _grid(weights, directions, steps, lambda a, b, w, d, e: a * d + b * e)(loss)


@loss_surface.misconception(
    "The steps are subtracted. Step 1 along a direction means weights + direction."
)
def wrong_sign(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, directions, -np.asarray(steps))


@loss_surface.misconception(
    "The grid is made anew, evenly from -1 to 1. Take the steps that were given."
)
def own_grid(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, directions, np.linspace(-1, 1, len(steps)))


@loss_surface.misconception(
    "The grid misses the centre: np.linspace(-1, 1, n, endpoint=False), or steps shifted by half a "
    "cell. Take the steps that were given, 0 among them."
)
def without_the_centre(loss, weights, directions, steps):
    steps = np.asarray(steps)
    half = (steps[-1] - steps[0]) / (2 * max(1, len(steps) - 1)) if len(steps) > 1 else 0.5
    return topic.loss_surface(loss, weights, directions, steps + half)


@loss_surface.misconception(
    "The loss of the trained weights was subtracted. The surface holds the losses themselves."
)
def from_the_centre(loss, weights, directions, steps):
    return topic.loss_surface(loss, weights, directions, steps) - loss(weights)


@loss_surface.misconception(
    "The logarithm was taken. The surface holds the losses; a logarithm is for the picture."
)
def logarithm(loss, weights, directions, steps):
    return np.log(topic.loss_surface(loss, weights, directions, steps))


@loss_surface.misconception(
    "The weights are mixed with the direction, (1 - a - b) w + a d + b e. That is the way to "
    "another network; a direction is added to the weights."
)
def interpolated(loss, weights, directions, steps):
    place = _grid(weights, directions, steps, lambda a, b, w, d, e: (1 - a - b) * w + a * d + b * e)
    return place(loss)


@loss_surface.misconception(
    "Only arrays with filters are moved. What is not to be moved has zeros in the direction; add "
    "the direction to every array."
)
def vectors_not_moved(loss, weights, directions, steps):
    def place(a, b, w, d, e):
        return w if w.ndim < 2 else w + a * d + b * e

    return _grid(weights, directions, steps, place)(loss)


@loss_surface.misconception(
    "Both directions take the same step, so every row is like the others: surface[i, j] needs "
    "steps[i] for the first and steps[j] for the second."
)
def one_step_for_both(loss, weights, directions, steps):
    return _grid(weights, directions, steps, lambda a, b, w, d, e: w + b * (d + e))(loss)
