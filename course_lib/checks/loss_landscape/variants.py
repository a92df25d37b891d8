"""Correct answers of `loss_landscape` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import numpy as np

from course_lib.checks.loss_landscape.cases import (
    filter_normalise,
    loss_surface,
    random_direction,
)

# --- random_direction ----------------------------------------------------------------------------


@random_direction.variant
def with_a_global_seed(weights, seed):
    np.random.seed(seed)
    return [np.random.randn(*w.shape) for w in weights]


@random_direction.variant
def one_long_vector(weights, seed):
    sizes = [w.size for w in weights]
    numbers = np.random.default_rng(seed).normal(0.0, 1.0, sum(sizes))
    pieces = np.split(numbers, np.cumsum(sizes)[:-1])
    return [piece.reshape(w.shape) for piece, w in zip(pieces, weights, strict=True)]


@random_direction.variant
def a_generator_for_each_place(weights, seed):
    return tuple(
        np.random.default_rng([seed, place]).standard_normal(w.shape, dtype=np.float32)
        for place, w in enumerate(weights)
    )


@random_direction.variant
def by_box_and_muller(weights, seed):
    rng = np.random.RandomState(seed)
    return [
        np.sqrt(-2 * np.log(1 - rng.rand(*w.shape))) * np.cos(2 * np.pi * rng.rand(*w.shape))
        for w in weights
    ]


@random_direction.forbid
def reference(weights, seed):
    from course_lib import loss_landscape

    return loss_landscape.random_direction(weights, seed)


@random_direction.forbid
def by_keras(weights, seed):
    import keras

    generator = keras.random.SeedGenerator(seed)
    return [np.array(keras.random.normal(w.shape, seed=generator)) for w in weights]


# --- filter_normalise ----------------------------------------------------------------------------


@filter_normalise.variant
def filter_by_filter(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        scaled = np.zeros(d.shape)
        for f in range(d.shape[-1] if d.ndim > 1 else 0):
            length = np.linalg.norm(d[..., f])
            if length > 0:
                scaled[..., f] = d[..., f] / length * np.linalg.norm(w[..., f])
        result.append(scaled)
    return result


@filter_normalise.variant
def as_matrices(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        if d.ndim <= 1:
            result.append(d * 0)
            continue
        columns, wanted = d.reshape(-1, d.shape[-1]), w.reshape(-1, w.shape[-1])
        ratio = np.linalg.norm(wanted, axis=0) / (np.linalg.norm(columns, axis=0) + 1e-10)
        result.append((columns * ratio).reshape(d.shape).astype(np.float32))
    return result


@filter_normalise.variant
def by_einsum(direction, weights):
    def lengths(array):
        flat = array.reshape(-1, array.shape[-1])
        return np.sqrt(np.einsum("if,if->f", flat, flat))

    return tuple(
        np.nan_to_num(d / np.where(lengths(d) == 0, 1, lengths(d)) * lengths(w))
        if np.ndim(d) > 1
        else np.zeros_like(d)
        for d, w in zip(direction, weights, strict=True)
    )


@filter_normalise.forbid
def reference_normalise(direction, weights):
    from course_lib import loss_landscape

    return loss_landscape.filter_normalise(direction, weights)


@filter_normalise.forbid
def by_keras_normalize(direction, weights):
    import keras

    return [
        np.zeros(d.shape)
        if d.ndim < 2
        else keras.utils.normalize(d.reshape(-1, d.shape[-1]), axis=0).reshape(d.shape)
        * np.sqrt((w**2).sum(axis=tuple(range(w.ndim - 1))))
        for d, w in zip(direction, weights, strict=True)
    ]


# --- loss_surface --------------------------------------------------------------------------------


@loss_surface.variant
def by_meshgrid(loss, weights, directions, steps):
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    losses = []
    for a, b in zip(rows.ravel(), columns.ravel(), strict=True):
        losses.append(
            loss([w + a * d + b * e for w, d, e in zip(weights, *directions, strict=True)])
        )
    return np.reshape(losses, rows.shape)


@loss_surface.variant
def row_by_row(loss, weights, directions, steps):
    first, second = directions
    surface = []
    for a in steps:
        start = [w + a * d for w, d in zip(weights, first, strict=True)]
        surface.append(
            [loss([s + b * e for s, e in zip(start, second, strict=True)]) for b in steps]
        )
    return surface


@loss_surface.variant
def there_and_back(loss, weights, directions, steps):
    """Moves copies in place, and takes each step back."""
    moving = [w.astype(float) for w in weights]
    surface = np.zeros((len(steps), len(steps)), np.float32)
    for i in range(len(steps)):
        for j in range(len(steps)):
            for sign in (1, -1):
                for m, d, e in zip(moving, *directions, strict=True):
                    m += sign * (steps[i] * d + steps[j] * e)
                if sign == 1:
                    surface[i, j] = loss(moving)
    return surface


@loss_surface.forbid
def reference_surface(loss, weights, directions, steps):
    from course_lib import loss_landscape

    return loss_landscape.loss_surface(loss, weights, directions, steps)
