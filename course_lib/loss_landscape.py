"""The loss around trained weights: random directions, their scale, and the surface along two.

Weights and directions are lists of arrays, one for each of a network's trainable variables, as
`weights_of` returns them. What makes a picture of them is NumPy; Keras is imported where a network
is read or evaluated.
"""

from typing import NamedTuple

import numpy as np

from course_lib.arguments import integer, numeric_array

STATISTICS = ("batch", "moving")


class Roughness(NamedTuple):
    """How rough a surface is.

    Attributes:
        minima: grid points inside that are lower than all eight neighbours.
        nonconvex: the share of the inner points at which the surface bends down along some
            direction of the grid's plane.
    """

    minima: int
    nonconvex: float


def random_direction(weights, seed):
    """Draw a direction in the space of the weights: a normal number for each weight.

    With independent normal numbers no direction is preferred, and two such directions of a large
    network are nearly at right angles.

    Args:
        weights: a list of arrays.
        seed: an integer; equal seeds give equal directions.

    Returns:
        A list of float64 arrays, shaped like `weights`, of independent numbers with mean 0 and
        standard deviation 1.

    Raises:
        ValueError: if `weights` is not a list of arrays of numbers, or `seed` is negative.

    Example:
        >>> kernel, bias = random_direction([np.ones((3, 3, 1, 8)), np.ones(8)], seed=0)
        >>> kernel.shape, bias.shape
        ((3, 3, 1, 8), (8,))

    Reference:
        Li et al. (2018), Visualizing the loss landscape of neural nets, section 3.
    """
    weights = _arrays(weights, "weights")
    # One generator for all arrays: a new one for each would repeat its numbers.
    rng = np.random.default_rng(integer(seed, "seed", minimum=0))
    return [rng.standard_normal(array.shape) for array in weights]


def filter_normalise(direction, weights):
    """Scale a direction so that each of its filters is as long as the filter that it will change.

    A network with ReLU or batch normalisation computes the same when a filter is scaled and what
    follows makes up for it. A fixed step is then large for one copy and small for the other; a step
    relative to each filter's length is the same for both.

    Args:
        direction: a list of arrays.
        weights: a list of arrays of the same shapes. In Keras the last axis numbers the filters: of
            a kernel `(height, width, channels, filters)` and of a dense layer's `(inputs, units)`,
            where the weights of one unit are its filter.

    Returns:
        A list of float64 arrays. Arrays with fewer than two axes, which are biases and batch
        normalisation's gamma and beta, are zero: they are not moved, as in the paper's code.
        So is a filter whose direction or weights are all zero.

    Raises:
        ValueError: if the lists differ in length, or two arrays in shape.

    Example:
        >>> weights = [np.array([[3.0, 0.0], [4.0, 2.0]]), np.array([7.0, 7.0])]
        >>> direction = [np.array([[1.0, 1.0], [0.0, 1.0]]), np.ones(2)]
        >>> kernel, bias = filter_normalise(direction, weights)
        >>> kernel.round(3)                  # columns of length 5 = |(3, 4)| and 2 = |(0, 2)|
        array([[5.   , 1.414],
               [0.   , 1.414]])
        >>> bias
        array([0., 0.])

    Reference:
        Li et al. (2018), Visualizing the loss landscape of neural nets, section 4. PyTorch, in
        which the paper's code is written, numbers the filters on the first axis. A depthwise
        kernel has its filters on the last two, and is not provided for.
    """
    direction, weights = _same_shapes(direction, weights)
    normalised = []
    for array, weight in zip(direction, weights, strict=True):
        if array.ndim < 2:
            normalised.append(np.zeros(array.shape))
            continue
        axes = tuple(range(array.ndim - 1))  # all but the filters' own
        wanted, came = (np.sqrt(np.sum(one**2, axis=axes)) for one in (weight, array))
        normalised.append(array * _ratio(wanted, came))
    return normalised


def layer_normalise(direction, weights):
    """Scale a direction so that each *array* is as long as the weights; for comparison.

    Within a layer, small filters then get steps that are too large for them. Arguments and errors
    are those of `filter_normalise`; arrays with fewer than two axes become zero here too.

    Example:
        >>> weights = [np.array([[3.0, 0.0], [4.0, 0.0]])]
        >>> layer_normalise([np.array([[1.0, 1.0], [1.0, 1.0]])], weights)[0]     # 5 / 2 each
        array([[2.5, 2.5],
               [2.5, 2.5]])
    """
    direction, weights = _same_shapes(direction, weights)
    return [
        array * _ratio(np.linalg.norm(weight), np.linalg.norm(array))
        if array.ndim >= 2
        else np.zeros(array.shape)
        for array, weight in zip(direction, weights, strict=True)
    ]


def loss_surface(loss, weights, directions, steps):
    """Evaluate the loss on the plane that two directions span through the weights.

    Args:
        loss: a function that takes a list of arrays like `weights` and returns a number.
        weights: a list of arrays, the middle of the picture. They are left as they are.
        directions: two lists of arrays of the same shapes.
        steps: array of shape `(points,)`, the places on both axes; put 0 among them, so that the
            trained network itself is on the picture.

    Returns:
        A float64 array of shape `(points, points)`. Entry `[i, j]` is the loss at
        `weights + steps[i] * directions[0] + steps[j] * directions[1]`.

    Raises:
        ValueError: if there are not two directions, shapes differ, or `steps` has other than one
            axis.

    Example:
        >>> def loss(weights):
        ...     return weights[0][0] ** 2 + 10 * weights[0][1] ** 2
        >>> axes = [np.array([1.0, 0.0])], [np.array([0.0, 1.0])]
        >>> loss_surface(loss, [np.zeros(2)], axes, [-1, 0, 1])
        array([[11.,  1., 11.],
               [10.,  0., 10.],
               [11.,  1., 11.]])

    Reference:
        Li et al. (2018), Visualizing the loss landscape of neural nets, equation (1).
    """
    if not isinstance(directions, (list, tuple)) or len(directions) != 2:
        raise ValueError(
            f"directions must be two lists of arrays; got {_count(directions)}. Draw two "
            f"with random_direction and different seeds."
        )
    first, weights = _same_shapes(directions[0], weights)
    second, _ = _same_shapes(directions[1], weights)
    steps = numeric_array(steps, "steps", ("points",))
    surface = np.empty((len(steps), len(steps)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            arrays = zip(weights, first, second, strict=True)
            moved = [w + a * d + b * e for w, d, e in arrays]
            surface[i, j] = loss(moved)
    return surface


def loss_slice(loss, weights, direction, steps):
    """Evaluate the loss along one direction; `loss_surface` says the rest.

    Returns:
        A float64 array of shape `(points,)`.

    Example:
        >>> loss_slice(lambda weights: weights[0][0] ** 2, [np.ones(1)], [np.ones(1)], [-1, 0, 1])
        array([0., 1., 4.])
    """
    direction, weights = _same_shapes(direction, weights)
    steps = numeric_array(steps, "steps", ("points",))
    return np.array(
        [loss([w + a * d for w, d in zip(weights, direction, strict=True)]) for a in steps],
        dtype=float,
    )


def directions_of(weights, seed, normalise=filter_normalise):
    """Return two directions through `weights`, scaled by `normalise(direction, weights)`.

    Equal shapes and seeds give the same random numbers, so that two networks of one shape can be
    seen from the same side.

    Example:
        >>> first, second = directions_of([np.ones((2, 2))], seed=0)
        >>> np.linalg.norm(first[0], axis=0).round(6)               # as long as (1, 1)
        array([1.414214, 1.414214])
    """
    seeds = np.random.SeedSequence(integer(seed, "seed", minimum=0)).generate_state(2)
    return tuple(normalise(random_direction(weights, int(s)), weights) for s in seeds)


def roughness(surface):
    """Count a surface's local minima, and where it is not convex, on the grid's inner points.

    Both depend on the grid: dips that are finer than its spacing are not seen.

    Args:
        surface: array of shape `(rows, columns)`, at least 3 x 3, on equally spaced steps.

    Returns:
        A `Roughness`.

    Raises:
        ValueError: if the surface is smaller, or holds numbers that are not finite.

    Example:
        >>> x = np.arange(-3.0, 4.0)
        >>> roughness(x[:, None] ** 2 + x**2)
        Roughness(minima=1, nonconvex=0.0)
        >>> roughness(x[:, None] ** 2 - x**2).nonconvex             # a saddle
        1.0
    """
    surface = numeric_array(surface, "surface", ("rows", "columns")).astype(float)
    if min(surface.shape) < 3 or not np.isfinite(surface).all():
        raise ValueError(
            f"surface must be finite and have at least 3 rows and 3 columns; got shape "
            f"{surface.shape} with {np.sum(~np.isfinite(surface))} numbers that are not "
            f"finite. Take a finer grid, or smaller steps."
        )
    rows, columns = surface.shape
    at = {
        (i, j): surface[1 + i : rows - 1 + i, 1 + j : columns - 1 + j]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    middle = at[0, 0]
    others = [there for place, there in at.items() if place != (0, 0)]
    lowest = np.all([middle < there for there in others], axis=0)
    down = at[1, 0] - 2 * middle + at[-1, 0]
    across = at[0, 1] - 2 * middle + at[0, -1]
    mixed = (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / 4
    # The smaller eigenvalue of the matrix of second differences.
    least = (down + across) / 2 - np.hypot((down - across) / 2, mixed)
    bent = least < -1e-9 * np.abs(middle)  # a plane is not bent by rounding
    return Roughness(int(lowest.sum()), float(bent.mean()))


def rescaled(weights, layer, factors):
    """Multiply the filters of one layer by `factors`, and divide by them in the next layer.

    Between the two stands a ReLU, which lets a positive factor through: the network with these
    weights computes what it computed before.

    Args:
        weights: a list of arrays, kernel and bias in turn, of layers with ReLU between them and
            without batch normalisation. Pooling may stand there too, but no flattening.
        layer: the number of the first layer, counted from 0. Its bias is multiplied as well.
        factors: a number above 0 for all filters, or an array with one for each.

    Returns:
        A new list of arrays.

    Raises:
        ValueError: if there is no such layer with one after it, or a factor is not above 0.

    Example:
        >>> rescaled([np.ones((1, 1)), np.ones(1), np.ones((1, 1)), np.ones(1)], 0, 10.0)
        [array([[10.]]), array([10.]), array([[0.1]]), array([1.])]

    Reference:
        Dinh et al. (2017), Sharp minima can generalize for deep nets, section 3.
    """
    last = len(weights) // 2 - 2
    if not 0 <= layer <= last or not np.all(np.asarray(factors) > 0):
        raise ValueError(
            f"layer must lie between 0 and {last}, since a layer must follow it, and "
            f"factors be above 0; got layer={layer} and factors={factors}."
        )
    kernel, bias, following = weights[2 * layer : 2 * layer + 3]
    columns = np.broadcast_to(factors, bias.shape)
    changed = list(weights)
    changed[2 * layer : 2 * layer + 3] = [
        kernel * columns,
        bias * columns,
        following / columns[:, np.newaxis],  # along the channels that it reads
    ]
    return changed


def weights_of(model):
    """Return copies of a Keras model's trainable weights, in the model's own order.

    Batch normalisation's moving statistics are no weights: `loss_of` deals with them.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> [array.shape for array in weights_of(model)]
        [(3, 2), (2,)]
    """
    import keras

    return [keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables]


def loss_of(model, images, labels, statistics="batch"):
    """Return the loss of a classifier as a function of its weights.

    The model itself is not touched: Keras's `stateless_call` takes the weights as arguments.

    Args:
        model: a Keras model that returns scores (logits) of shape `(batch, classes)`.
        images: a fixed batch; at each point of a surface it is the same.
        labels: integers of shape `(batch,)`.
        statistics: what batch normalisation uses away from the trained weights. With `"batch"` its
            means and variances are computed anew from `images` at every point, as in training.
            With `"moving"` they stay those that the trained model has stored, as the paper's code
            has it; they fit the trained weights and no others.

    Returns:
        A function that takes a list of arrays and returns the mean cross-entropy as a float.

    Raises:
        ValueError: if `statistics` is neither.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> loss = loss_of(model, np.ones((4, 3)), np.zeros(4, int))
        >>> round(loss([np.zeros((3, 2)), np.zeros(2)]), 4)              # ln 2: two equal scores
        0.6931
    """
    if statistics not in STATISTICS:
        raise ValueError(f'statistics must be "batch" or "moving"; got {statistics!r}.')
    import keras

    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    images = keras.ops.convert_to_tensor(np.asarray(images, "float32"))
    labels = keras.ops.convert_to_tensor(np.asarray(labels))
    stored = [variable.value for variable in model.non_trainable_variables]

    def evaluate(weights):
        scores, _ = model.stateless_call(weights, stored, images, training=statistics == "batch")
        return entropy(labels, scores)

    fast = _compiled(evaluate)
    kinds = [variable.dtype for variable in model.trainable_variables]

    def loss(weights):
        cast = [np.asarray(w, kind) for w, kind in zip(weights, kinds, strict=True)]
        return float(fast(cast))

    return loss


def _compiled(function):
    """A deep network is built once and not at every point, where the backend is TensorFlow."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow

    return tensorflow.function(function)


def _ratio(wanted, came):
    return np.divide(wanted, came, out=np.zeros_like(came), where=came > 0)


def _arrays(value, name):
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(
            f"{name} must be a list of arrays, one for each variable; got {_count(value)}. Write "
            f"weights_of(model), or [kernel, bias]."
        )
    arrays = [np.asarray(array) for array in value]
    for place, array in enumerate(arrays):
        if array.dtype.kind not in "buif":
            raise ValueError(
                f"{name}[{place}] must hold real numbers; got dtype {array.dtype}. Convert it with "
                f'.astype("float32").'
            )
    return [array.astype(float) for array in arrays]


def _same_shapes(direction, weights):
    direction, weights = _arrays(direction, "direction"), _arrays(weights, "weights")
    shapes = [[array.shape for array in arrays] for arrays in (direction, weights)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"a direction must have the weights' shapes, {shapes[1]}; got {shapes[0]}. Draw it "
            f"with random_direction(weights, seed)."
        )
    return direction, weights


def _count(value):
    many = len(value) if isinstance(value, (list, tuple)) else None
    return f"a {type(value).__name__}" + ("" if many is None else f" of {many}")
