"""What is found out of a network with two heads: what moves which answer, step by step.

Two right networks need not compute the same numbers: one has batch normalisation, one does not, one
convolves and then pools, one the other way round. So a network is asked questions whose answers are
the same for all that are right. Each question leaves alone what another one asks for: images are
constant where pooling must not matter, weights are positive where a ReLU must not.
"""

import numpy as np

from course_lib.checks import networks
from course_lib.checks.core import Unfit
from course_lib.checks.multitask.paths import POSITIVE, POSITIVE_TAPS, TAPS, Two

SHAPES = "sizes of the two outputs"
KERNELS = (
    "numbers in the backbone's kernels, on the way to the kind and to the quantity, and likewise "
)
KERNELS += "the dilation of each"
RELU = (
    "what follows each convolution: 1 for a ReLU, 2 for nothing, 0 for something else, 3 where it "
)
RELU += "is no plain convolution"
POOLED = (
    "what each level gets: 1 for what is due, 2 or 4 for all numbers, 3 for means, 5 for pixels "
)
POOLED += "that were changed, 0 for another"
PADDED = "rows that a convolution loses, level by level"
AVERAGE = (
    "what the heads get: 1 for means, 2 for maxima, 3 for all numbers, 0 for another, 4 where "
)
AVERAGE += "backbone or head is missing"
SHARED = "kernels of the backbone: any for both (1), for the kind, for the quantity, for neither"
HEADS = "other kernels on the way to both outputs, the kind alone, the quantity alone; what the "
HEADS += "heads read: 0 for the features, 1 for less, 2 for more"
PROBABILITIES = "sum of the probabilities, and how many times as likely 0.6 more makes a kind"
LINEAR = "quantities where the last layer's sums are -2.5, 0.3 and 40"
NAMES = "names of the last layers (1: the due one, 2: the other output's, 0: neither)"
NETWORK = (SHAPES, KERNELS, RELU, POOLED, PADDED, AVERAGE, SHARED, HEADS)
NETWORK += (PROBABILITIES, LINEAR, NAMES)
STEP = 0.6
SUMS = (-2.5, 0.3, 40.0)


def measure_network(answer, shape, classes=None, filters=None, look=SHAPES, seed=0):
    """Build the network for images of a shape, and find out one of `NETWORK`.

    Args:
        answer: the function that builds it.
        shape: of an image.
        classes: how many kinds; the function's default if absent.
        filters: of each level; likewise.
        look: what to find out; the others come back as zeros.
        seed: of weights and images.

    Returns:
        A tuple with one entry for each name of `NETWORK`.
    """
    settings = {"classes": classes, "filters": filters}
    settings = {name: value for name, value in settings.items() if value is not None}
    try:
        model = networks.built(answer, shape, **settings)
    except Unfit as unfit:
        if not unfit.came.startswith("{"):
            raise
        raise Unfit("a dictionary", "a tuple of two tensors, (kind, quantity)") from None
    if len(model.outputs) != 2:
        many = f"{len(model.outputs)} tensors"
        if len(model.outputs) == 1:
            many = f"one tensor of shape {model.outputs[0].shape}"
        raise Unfit(many, "a tuple of two tensors, (kind, quantity)")
    two = Two(model, classes or 3, _images(shape, seed))
    return tuple(_LOOKS[name](two, seed) if name == look else 0 for name in NETWORK)


def _images(shape, seed):
    """Positive images, in which no two pixels are alike."""
    rng = np.random.default_rng([seed, 1])
    return rng.uniform(0.2, 2, (2, *shape)).astype(np.float32)


def _shapes(two, seed):
    return np.array([size for one in two.model.outputs for size in one.shape[1:]])


def _kernels(two, seed):
    asked = [(ask, path) for ask in (_numbers, _dilation) for path in two.paths()]
    return _rows([[ask(path, place) for place in path.backbone] for ask, path in asked])


def _numbers(path, place):
    return sum(int(np.prod(one.shape)) for one in path.variables(place, "kernel"))


def _dilation(path, place):
    return int(np.max(getattr(path.steps[place].operation, "dilation_rate", 1)))


def _relu(two, seed):
    """Neither pooling nor padding matters where all pixels are alike."""
    rng = np.random.default_rng([seed, 2])
    shape = two.images.shape[1:]
    images = rng.normal(0, 2, (6, 1, 1, shape[-1])) * np.ones((1, *shape))
    paths = [path.draw(seed, TAPS) for path in two.paths(images.astype(np.float32))]
    return _rows([[_follows(path, place) for place in path.backbone] for path in paths])


def _follows(path, place):
    """What follows a convolution whose kernel is a matrix in the middle of zeros."""
    kernel = np.asarray(path.variables(place, "kernel")[0])
    height, width = kernel.shape[:2]
    came, matrix = path.enters(place), kernel[height // 2, width // 2]
    if came.ndim != 4 or came.shape[-1] != matrix.shape[0]:
        return 3
    sums = _middle(came) @ matrix
    number = path.settled(place)
    if path.values[number].ndim != 4 or path.values[number].shape[-1] != sums.shape[-1]:
        return 3
    # A ReLU may stand behind the pooling as well.
    found = [_middle(path.values[number]), *_taken(path, number)]
    if any(np.allclose(one, np.maximum(sums, 0), 1e-3, 1e-4) for one in found):
        return 1
    return 2 if np.allclose(found[0], sums, 1e-3, 1e-4) else 0


def _middle(maps):
    """The pixel in the middle, far from rims that were put around."""
    return maps[:, maps.shape[1] // 2, maps.shape[2] // 2]


def _taken(path, number):
    """The middle of what the next kernel takes, if it is a map."""
    while True:
        takers = [p for p, step in enumerate(path.steps) if number in step.inputs]
        if len(takers) != 1:
            return []
        if path.kernel(takers[0]):
            value = path.enters(takers[0])
            return [_middle(value)] if value.ndim == 4 else []
        number = path.steps[takers[0]].outputs[0]


def _pooled(two, seed):
    rows = []
    for path in two.paths():
        path.draw(seed, POSITIVE_TAPS)
        first = path.enters(path.backbone[0]) if path.backbone else np.zeros(0)
        row = [1 if np.array_equal(first, path.images) else 5 * (first.shape == path.images.shape)]
        pairs = zip(path.backbone, path.backbone[1:], strict=False)
        rows.append(row + [_between(path, *pair) for pair in pairs])
    return _rows(rows)


def _between(path, before, after):
    """What is done between two convolutions."""
    came, given = path.enters(after), path.values[path.settled(before)]
    if came.ndim != 4 or given.ndim != 4:
        return 0
    if came.shape == given.shape:
        left = path.values[path.steps[after].outputs[0]].shape[1]
        return 4 if left < 0.7 * came.shape[1] else 2
    fours = _fours(given)
    for code, due in ((1, fours.max(axis=(2, 4))), (3, fours.mean(axis=(2, 4)))):
        if came.shape == due.shape and np.allclose(came, due, 0.01, 1e-4):
            return code
    return 0


def _fours(maps):
    """Maps as squares of 2x2 numbers, on the axes 2 and 4."""
    batch, height, width, channels = maps.shape
    even = maps[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(batch, height // 2, 2, width // 2, 2, channels)


def _rows(rows):
    """Lists as the rows of a table; shorter ones end in -1."""
    longest = max(len(row) for row in rows)
    return np.array([row + [-1] * (longest - len(row)) for row in rows])


def _padded(two, seed):
    return np.array([_lost(path) for path in two.paths()])


def _lost(path):
    """Rows that convolutions lose. One with strides loses none by its rim."""
    lost = []
    for place in path.backbone[:2]:
        before, after = path.enters(place), path.values[path.steps[place].outputs[0]]
        strided = before.shape[1] >= 2 * after.shape[1] - 1
        lost.append(0 if strided else before.shape[1] - after.shape[1])
    return lost + [0] * (2 - len(lost))


def _average(two, seed):
    return np.array([_summed_up(path.draw(seed, POSITIVE_TAPS)) for path in two.paths()])


def _summed_up(path):
    """How the heads get the last maps."""
    if not path.head or not path.backbone:
        return 4
    maps, came = path.values[path.settled(path.backbone[-1])], path.enters_the_head()
    if maps.ndim != 4:
        return 0
    if came.shape == (len(maps), maps[0].size):
        return 3
    for code, due in ((1, maps.mean(axis=(1, 2))), (2, maps.max(axis=(1, 2)))):
        if came.shape == due.shape and np.allclose(came, due, 1e-3, 1e-4):
            return code
    return 0


def _shared(two, seed):
    """Whom the backbone's kernels learn from: whose gradient reaches them."""
    import tensorflow as tf

    paths = [path.draw(seed, POSITIVE) for path in two.paths()]
    places = [(path, place) for path in paths for place in path.backbone]
    variables = {id(v): v for p, place in places for v in p.variables(place, "kernel")}
    reached = []
    # Bright ones too: pixels that a rescaling makes negative end at the first ReLU.
    images = np.concatenate([two.images, 200 * two.images])
    # Each image counts differently: of a softmax over the batch the plain sum is always 1.
    parts = np.arange(1, len(images) + 1, dtype=np.float32)
    for number in two.order:
        with tf.GradientTape() as tape:
            output = two.model(images, training=False)[number]
            one = tf.reduce_sum(parts * tf.reshape(output, (len(images), -1))[:, 0])
        gradients = tape.gradient(one, [v.value for v in variables.values()])
        pairs = zip(variables.values(), gradients, strict=True)
        reached.append(
            [v.trainable and g is not None and np.any(np.asarray(g) != 0) for v, g in pairs]
        )
    kind, quantity = (np.array(one, bool) for one in reached)
    both, neither = np.any(kind & quantity), np.sum(~kind & ~quantity)
    return np.array([both, np.sum(kind & ~quantity), np.sum(~kind & quantity), neither], int)


def _heads(two, seed):
    paths = two.paths()
    kind, quantity = ({path.steps[place].operation for place in path.head} for path in paths)
    counts = [len(kind & quantity), len(kind - quantity), len(quantity - kind)]
    return np.array(counts + [_reads(path) for path in paths])


def _reads(path):
    """Whether a head reads the features; made flat, they are some for each place."""
    if not path.head or not path.backbone:
        return -1
    rows, maps = path.kernel(path.head[-1])[-2], path.kernel(path.backbone[-1])[-1]
    return 0 if rows % maps == 0 else 1 + (rows > maps)


def _last_sums(path, biases):
    """Let the last layer with weights sum up to its biases; say whether it has any."""
    place = path.last_weights()
    if place < 0:
        return False
    for variable in path.steps[place].operation.weights:
        role = variable.path.rpartition("/")[2]
        size = variable.shape[0]
        value = biases(size) if role in ("bias", "beta") else 0
        if role in ("bias", "beta", "gamma") or "kernel" in role:
            variable.assign(np.broadcast_to(value, variable.shape).astype(np.float32))
    return bool(path.variables(place, "bias"))


def _probabilities(two, seed):
    path = two.paths()[0]
    has_biases = _last_sums(path, lambda size: STEP * np.arange(size) - 1.5)
    found = path.run()[path.output][0].ravel()
    if len(found) < 2:
        return np.zeros(2)
    times = found[1] / found[0] if found[0] else 0
    # Without biases the scores are zero; what then comes too much stands on what would be right.
    return np.array([found.sum(), times if has_biases else times - 1 + np.exp(STEP)])


def _linear(two, seed):
    path, found = two.paths()[1], []
    for due in SUMS:
        has_biases = _last_sums(path, lambda size, due=due: np.full(size, due))
        quantity = path.run()[path.output]
        found.append(float(np.mean(quantity)) + due * (not has_biases))
    return np.array(found)


def _names(two, seed):
    ends = [two.model.outputs[number] for number in two.order]
    names = [end._keras_history.operation.name for end in ends]
    due, other = ("kind", "quantity"), ("quantity", "kind")
    return np.array([(n == d) + 2 * (n == o) for n, d, o in zip(names, due, other, strict=True)])


_LOOKS = {
    SHAPES: _shapes,
    KERNELS: _kernels,
    RELU: _relu,
    POOLED: _pooled,
    PADDED: _padded,
    AVERAGE: _average,
    SHARED: _shared,
    HEADS: _heads,
    PROBABILITIES: _probabilities,
    LINEAR: _linear,
    NAMES: _names,
}
