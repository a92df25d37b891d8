"""What the checks of `loss_landscape` try: one idea a part, so that one mistake costs one.

Random numbers cannot be compared one by one, so `random_direction` is judged by statistics of some
33,000 of them. What lies within a tolerance counts as what is expected, the rest is rounded. Each
tolerance is at least six standard errors: a right answer fails a part by chance in fewer than one
of 10^7 classes of cases. `tests/test_loss_landscape.py` counts them.
"""

import numpy as np

from course_lib import loss_landscape as topic
from course_lib.checks.compare import describe
from course_lib.checks.core import READY_MADE, Check, Unfit, case

BOOK = "loss_landscape.html#loss-landscape"
# Two arrays of one shape, since a generator that is made anew repeats itself there.
LARGE = ((3, 3, 16, 100), (100,), (3, 3, 16, 100), (100, 40), (40,))
TOLERANCE = {"mean": 0.04, "spread": 0.04, "tails": 0.4, "correlation": 0.055}


# --- what is measured ----------------------------------------------------------------------------


def _listed(came, weights, name):
    """Return a list of arrays, or say why it is none that is shaped like the weights."""
    wanted = f"a list of {len(weights)} arrays, one for each array of the weights"
    if came is None or came is Ellipsis:
        raise Unfit(f"{came} instead of the {name}", f"{wanted}: the function must end with return")
    if not isinstance(came, (list, tuple)):
        raise Unfit(f"a {name} that is {describe(came)}", wanted)
    if len(came) != len(weights):
        raise Unfit(f"a {name} of {len(came)} arrays", wanted)
    arrays = []
    for place, (one, weight) in enumerate(zip(came, weights, strict=True)):
        array = np.asarray(one)
        if array.dtype.kind not in "buif" or array.shape != weight.shape:
            fix = f"an array of numbers of shape {weight.shape}"
            raise Unfit(f"{name}[{place}], which is {describe(one)}", fix)
        arrays.append(array.astype(float))
    return arrays


def _near(value, expected, tolerance):
    """The expected number where the value is near, else the value, rounded to be comparable."""
    near = abs(value - expected) <= tolerance
    return float(expected) if near else float(np.round(value, 1))


def _correlation(one, other):
    spread = one.std() * other.std()
    return (
        0.0 if spread == 0 else float(np.mean((one - one.mean()) * (other - other.mean())) / spread)
    )


def of_direction(answer, shapes, seed):
    """Return what can be said of random numbers: six statistics of an answer's directions."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0.5, 0.1, shape) for shape in shapes]
    first, again, other = (
        _listed(answer([w.copy() for w in weights], s), weights, "direction")
        for s in (seed, seed, seed + 1)
    )
    numbers = np.concatenate([array.ravel() for array in first])
    twin = np.concatenate([array.ravel() for array in again])
    third = np.concatenate([array.ravel() for array in other])
    distinct = min(len(np.unique(array)) / array.size for array in first)
    twice = [a for a in first if a.shape == first[0].shape]
    return (
        _near(distinct, 1, 0.02),
        _near(numbers.mean(), 0, TOLERANCE["mean"]),
        _near(numbers.std(), 1, TOLERANCE["spread"]),
        _near(np.mean(numbers**4), 3, TOLERANCE["tails"]),
        _near(_correlation(twice[0], twice[-1]), float(len(twice) == 1), TOLERANCE["correlation"]),
        _near(np.mean(numbers != twin), 0, 0),
        _near(np.mean(numbers != third), 1, 0.02),
    )


def of_one_layer(answer, direction, weights, layer):
    """Return one array of a scaled direction, and how many of its numbers are not finite."""
    scaled = _listed(answer(direction, weights), weights, "direction")[layer]
    finite = np.isfinite(scaled)
    return np.where(finite, scaled, 0.0), int(np.sum(~finite))


def network(seed):
    """Return a loss, the weights it is made for, and two directions: a small network of tanh."""
    rng = np.random.default_rng(seed)
    weights = [np.round(rng.normal(0, 0.7, shape), 2) for shape in ((4, 5), (5,), (5, 3), (3,))]
    first, second = ([np.round(rng.normal(0, 0.6, w.shape), 2) for w in weights] for _ in range(2))
    inputs, labels = rng.normal(0, 1, (6, 4)), rng.integers(0, 3, 6)

    def loss(weights):
        kernel, bias, last, offset = _given(weights)
        scores = np.tanh(inputs @ kernel + bias) @ last + offset
        scores = scores - scores.max(axis=1, keepdims=True)
        likely = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float(-likely[np.arange(6), labels].mean())

    return loss, weights, (first, second)


def _given(weights):
    shapes = [(4, 5), (5,), (5, 3), (3,)]
    came = [np.shape(w) for w in weights] if isinstance(weights, (list, tuple)) else type(weights)
    if came != shapes:
        raise ValueError(f"loss takes a list of arrays of shapes {shapes}; it got {came}")
    return weights


def of_surface(answer, steps, seed, twice=False):
    """Return the surface, and by how much the weights and directions have changed meanwhile.

    With `twice` both directions are the first one, so that no axis differs from the other.
    """
    loss, weights, (first, second) = network(seed)
    second = [array.copy() for array in first] if twice else second
    given = [[array.copy() for array in arrays] for arrays in (weights, first, second)]
    surface = answer(loss, given[0], (given[1], given[2]), np.array(steps))
    if surface is None or surface is Ellipsis:
        shape = f"an array of shape {(len(steps),) * 2}: the function must end with return"
        raise Unfit(f"{surface} instead of the surface", shape)
    moved = max(
        float(np.max(np.abs(now - before)))
        for after, arrays in zip(given, (weights, first, second), strict=True)
        for now, before in zip(after, arrays, strict=True)
    )
    return surface, _near(moved, 0, 1e-9)


random_direction = Check(
    topic.random_direction,
    topic="loss_landscape",
    title="A random direction in the space of the weights",
    returns=(
        "share of different numbers within an array",
        "mean of all numbers",
        "standard deviation of all numbers",
        "mean of the fourth powers",
        "correlation of two arrays of one shape",
        "share of numbers that differ when called again with the same seed",
        "share of numbers that differ with another seed",
    ),
    read=f"{BOOK}-direction",
    measure=of_direction,
)
filter_normalise = Check(
    topic.filter_normalise,
    topic="loss_landscape",
    title="Each filter of a direction as long as the filter of the weights",
    returns=("direction", "count of numbers that are not finite"),
    read=f"{BOOK}-filters",
    measure=of_one_layer,
)
loss_surface = Check(
    topic.loss_surface,
    topic="loss_landscape",
    title="The loss on the plane of two directions",
    returns=("surface", "largest change of weights and directions"),
    read=f"{BOOK}-surface",
    # The loss that an answer has to call lives in this module; the rest of the course stays out.
    forbidden=("course_lib.loss_landscape", *(m for m in READY_MADE if m != "course_lib")),
    measure=of_surface,
)
CHECKS = {check.name: check for check in (random_direction, filter_normalise, loss_surface)}


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


# --- random_direction ----------------------------------------------------------------------------


def _seed(rng):
    return _size(rng, 1, 10**6)


@random_direction.part(weight=2)
def shapes(rng):
    """A list of arrays, one for each array of the weights and of its shape."""
    of = random_direction.returns[0]
    yield case(((3, 3, 1, 4), (4,), (4, 3), (3,)), 0, of=of)
    yield case(
        ((2, 5, _size(rng, 1, 3), _size(rng, 2, 6)), (7, _size(rng, 2, 5))), _seed(rng), of=of
    )


@random_direction.part(weight=2, after=(shapes,))
def bell(rng):
    """Normal numbers: mean 0, standard deviation 1, and tails as long as theirs."""
    for name in random_direction.returns[1:4]:
        yield case(LARGE, _seed(rng), of=name)


@random_direction.part(weight=2, after=(shapes,), read=f"{BOOK}-seed")
def independent(rng):
    """Two arrays of one shape get numbers of their own."""
    yield case(LARGE, _seed(rng), of=random_direction.returns[4])


@random_direction.part(weight=2, after=(shapes,), read=f"{BOOK}-seed")
def seeds(rng):
    """The same seed gives the same direction, another seed another."""
    for seed in (0, _seed(rng)):
        yield case(((3, 3, 2, 8), (8,)), seed, of=random_direction.returns[5])
        yield case(((3, 3, 2, 8), (8,)), seed, of=random_direction.returns[6])


# --- filter_normalise ----------------------------------------------------------------------------


def _uneven(rng, *shape):
    """Numbers whose filters, on the last axis, are of very different lengths."""
    lengths = rng.permutation(np.linspace(0.3, 3, shape[-1]))
    return np.round(rng.normal(0, 1, shape) * lengths, 2) + 0.01


def _noise(rng, weights):
    return [np.round(rng.normal(0, 1, w.shape), 2) + 0.003 for w in weights]


def _scaled(rng, weights, layer=0, **options):
    return case(_noise(rng, weights), weights, layer, **options)


@filter_normalise.part(weight=2)
def one_filter(rng):
    """A kernel with a single filter gets the length of the weights."""
    yield _scaled(rng, [_uneven(rng, 2, 2, 1, 1)], of="direction")
    shape = _size(rng, 2, 4), _size(rng, 2, 4), _size(rng, 2, 3), 1
    yield _scaled(rng, [3 * _uneven(rng, *shape)], of="direction")


@filter_normalise.part(weight=4)
def filters(rng):
    """Each filter of a convolution's kernel gets the length of its own weights."""
    yield _scaled(rng, [_uneven(rng, 1, 2, 1, 2)], of="direction")
    shape = _size(rng, 2, 3), _size(rng, 4, 5), _size(rng, 1, 3), _size(rng, 3, 6)
    yield _scaled(rng, [_uneven(rng, *shape)], of="direction")


@filter_normalise.part(weight=2, read=f"{BOOK}-dense")
def units(rng):
    """In a dense layer the weights of each unit are a filter."""
    yield _scaled(rng, [_uneven(rng, 3, 2)], of="direction")
    yield _scaled(rng, [_uneven(rng, _size(rng, 4, 7), _size(rng, 2, 3))], of="direction")


@filter_normalise.part(weight=2, read=f"{BOOK}-biases")
def vectors(rng):
    """Biases, and batch normalisation's gamma and beta, are not moved."""
    for count in (3, _size(rng, 4, 8)):
        weights = [_uneven(rng, 2, 2, 1, count), *(_uneven(rng, count) for _ in range(3))]
        yield _scaled(rng, weights, _size(rng, 1, 3), of="direction")


@filter_normalise.part(weight=2, read=f"{BOOK}-zero")
def nothing(rng):
    """A filter that is all zeros, in the weights or in the direction, ends in zeros."""
    for layer, shape in enumerate(((3, 2, 2, 4), (6, 3))):
        weights = [_uneven(rng, 3, 2, 2, 4), _uneven(rng, 6, 3)]
        direction = _noise(rng, weights)
        weights[layer][..., _size(rng, 0, shape[-1] - 1)] = 0
        yield case(direction, weights, layer, of=filter_normalise.returns[1])
        direction[layer][..., _size(rng, 0, shape[-1] - 1)] = 0
        yield case(direction, weights, layer, of=filter_normalise.returns[1])


@filter_normalise.part(weight=2, after=(one_filter, filters, units, vectors, nothing))
def whole_network(rng):
    """All arrays of a network, each by its own weights; some filters are all zeros."""
    shapes = [
        (3, 3, 1, 4),
        (4,),
        (4,),
        (3, 3, 4, 4),
        (4,),
        (3, 3, 4, 4),
        (_size(rng, 4, 6), 3),
        (3,),
    ]
    weights = [_uneven(rng, *shape) for shape in shapes]
    direction = _noise(rng, weights)
    weights[3][..., _size(rng, 0, 3)] = 0
    direction[5][..., _size(rng, 0, 3)] = 0
    for layer in range(len(shapes)):
        yield case(direction, weights, layer, of="direction")


# --- loss_surface --------------------------------------------------------------------------------


def _steps(rng, count, even=False):
    """Places from left to right, 0 among them, of one decimal."""
    if even:
        return tuple(float(x) for x in np.linspace(-1, 1, count))
    places = rng.choice(np.arange(1, 16), count - 1, replace=False) / 10
    signs = np.where(np.arange(count - 1) < count // 3, -1, 1)
    return tuple(sorted({0.0, *(float(p) for p in places * signs)}))


@loss_surface.part(weight=2)
def centre(rng):
    """A single step of 0 gives the loss of the weights as they are."""
    for _ in range(2):
        yield case((0.0,), _seed(rng), of="surface")


@loss_surface.part(weight=3)
def line(rng):
    """Along one direction, given twice, the loss depends on the sum of the two steps."""
    yield case((-1.0, 0.0, 1.0), _seed(rng), twice=True, of="surface")
    yield case(_steps(rng, 5, even=True), _seed(rng), twice=True, of="surface")


@loss_surface.part(weight=2, read=f"{BOOK}-steps")
def places(rng):
    """The steps are taken as they are given: uneven, in any order, without 0 if need be."""
    yield case(_steps(rng, 4), _seed(rng), twice=True, of="surface")
    yield case((0.5, 2.0), _seed(rng), twice=True, of="surface")
    yield case((1.0, -0.5, 0.25), _seed(rng), twice=True, of="surface")


@loss_surface.part(weight=4, read=f"{BOOK}-orientation")
def plane(rng):
    """Two directions: the first one down the rows, the second along the columns."""
    yield case((-1.0, 0.0, 1.0), _seed(rng), of="surface")
    yield case(_steps(rng, 5, even=True), _seed(rng), of="surface")


@loss_surface.part(weight=2, after=(centre, line), read=f"{BOOK}-unchanged")
def unchanged(rng):
    """Afterwards weights and directions are what they were before."""
    for count in (3, _size(rng, 4, 5)):
        yield case(_steps(rng, count), _seed(rng), of=loss_surface.returns[1])


@loss_surface.part(weight=1, after=(centre, line, places, plane))
def any_grid(rng):
    """Two directions and uneven steps."""
    for count in (2, 6):
        yield case(_steps(rng, count), _seed(rng), of="surface")
