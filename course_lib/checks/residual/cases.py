"""What the checks of `residual` try: networks that are built, given weights, and run.

Images are signed, so that a misplaced ReLU shows, and small, so that a case takes milliseconds.
Where a block's shape stays, where channels change, where strides do: each has a part of its own.
"""

import numpy as np

from course_lib import residual
from course_lib.checks import networks
from course_lib.checks.core import Check, case

BOOK = "residual.html#residual"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")


def _block(answer, images, filters, strides=None, kernel_size=None, silent=False, seed=0):
    """Build the block, inject weights, and run it on images.

    Biases stay zero: whether convolutions have them is left to whoever writes the block. With
    `silent` all kernels larger than 1x1 are zero as well, and what is not negative is returned: the
    shortcut is heard alone, so that no part but the first ones depends on where a ReLU stands.
    """
    settings = {"strides": strides, "kernel_size": kernel_size}
    settings = {name: value for name, value in settings.items() if value is not None}
    model = networks.built(answer, images.shape[1:], filters, **settings)
    networks.inject(model, seed, biases=False)
    if silent:
        networks.zero(model, lambda one: _kernel_size(one.layer) != (1, 1))
    output = networks.outputs(model, images)
    return _kernel_weights(model), np.maximum(output, 0) if silent else output


def _kernel_size(layer):
    """A dense layer on the channels is a 1x1 convolution."""
    is_dense = len(getattr(layer, "kernel", np.zeros(1)).shape) == 2
    return (1, 1) if is_dense else tuple(getattr(layer, "kernel_size", ()))


def _kernel_weights(model):
    """How many weights the model has without biases."""
    return sum(
        int(np.prod(variable.shape))
        for one in networks.weighted(model)
        for role, variable in zip(one.roles, one.layer.weights, strict=True)
        if role != "bias"
    )


def _norms(answer, images, labels, kind="convolutions", seed=0):
    """Build a small classifier with injected weights and ask for its gradients."""
    return answer(classifier(kind, images.shape[1:], seed), images, labels)


def classifier(kind, shape, seed):
    """Return a model of a few convolutions and three scores.

    Args:
        kind: `"convolutions"`, `"batch norm"`, or `"shortcut"`, whose projection is a convolution
            as well.
        shape: of an image.
        seed: of the weights.
    """
    from keras import layers

    tensor = images = networks.placeholder(shape)
    for filters in (3, 4):
        branch = layers.Conv2D(filters, 3, padding="same")(tensor)
        if kind == "batch norm":
            branch = layers.BatchNormalization(momentum=0.9)(branch)
        if kind == "shortcut":
            branch = layers.Add()([branch, layers.Conv2D(filters, 1)(tensor)])
        tensor = layers.ReLU()(branch)
    scores = layers.Dense(3)(layers.GlobalAveragePooling2D()(tensor))
    model = networks.model_of(images, scores)
    networks.inject(model, seed)
    return model


def _network(answer, images, depth=None, classes=None, filters=None, counted=False, seed=0):
    """Build the network, inject weights, and run it on images, unless it is only counted."""
    settings = {"depth": depth, "classes": classes, "filters": filters}
    settings = {name: value for name, value in settings.items() if value is not None}
    model = networks.built(answer, images.shape[1:], **settings)
    trained, _ = networks.parameters(model)
    if counted:
        return trained, np.zeros(1)
    networks.inject(model, seed)
    for one in networks.weighted(model):
        if hasattr(one.layer, "epsilon"):  # a matter of taste
            one.layer.epsilon = 1e-3
    return trained, networks.outputs(model, images)


residual_block_v1 = Check(
    residual.residual_block_v1,
    topic="residual",
    title="A residual block",
    returns=("number of weights in kernels", "output"),
    read=f"{BOOK}-block",
    forbidden=KERAS_ALLOWED,
    measure=_block,
    hidden_draws=1,
)
gradient_norms = Check(
    residual.gradient_norms,
    topic="residual",
    title="The gradient's size, convolution by convolution",
    returns=("norms",),
    read=f"{BOOK}-gradients",
    forbidden=KERAS_ALLOWED,
    measure=_norms,
    hidden_draws=1,
)
resnet = Check(
    residual.resnet,
    topic="residual",
    title="The paper's network for small images",
    returns=("number of trained parameters", "scores"),
    read=f"{BOOK}-resnet",
    forbidden=KERAS_ALLOWED,
    measure=_network,
    hidden_draws=1,
)
CHECKS = {check.name: check for check in (residual_block_v1, gradient_norms, resnet)}


def _images(rng, *shape):
    """Signed numbers of one decimal."""
    return np.round(rng.normal(0, 1, shape), 1).astype(np.float32)


def _seed(rng):
    return int(rng.integers(1000))


def _pick(rng, *values):
    return values[rng.integers(len(values))]


# --- residual_block_v1 ---------------------------------------------------------------------------


@residual_block_v1.part(weight=5)
def same_shape(rng):
    """Channels stay, strides are 1: ReLU(f(x) + x)."""
    channels = _pick(rng, 3, 4)
    yield case(_images(rng, 2, 5, 4, channels), [channels, channels], seed=_seed(rng))


@residual_block_v1.part(weight=2)
def filters_in_order(rng):
    """Three convolutions, each with filters of its own."""
    first, second, last = rng.permutation(np.arange(2, 6))[:3].tolist()
    yield case(_images(rng, 2, 4, 5, last), [first, second, last], seed=_seed(rng))


@residual_block_v1.part(weight=3, read=f"{BOOK}-shortcut")
def more_channels(rng):
    """More channels come out than go in: a linear projection is added."""
    yield case(_images(rng, 2, 4, 5, 2), [3, _pick(rng, 4, 5)], seed=_seed(rng))


@residual_block_v1.part(weight=2, read=f"{BOOK}-shortcut")
def fewer_channels(rng):
    """Many channels go in and one comes out; f is silenced, and the shortcut is heard alone."""
    images = _images(rng, 2, 4, 4, _pick(rng, 4, 8))
    yield case(images, [3, 1], silent=True, seed=_seed(rng))


@residual_block_v1.part(weight=3, read=f"{BOOK}-shortcut")
def strides(rng):
    """Channels stay and strides are 2 or 3: the shortcut projects as well (f is silenced)."""
    yield case(_images(rng, 2, 5, 6, 3), [4, 3], strides=2, silent=True, seed=_seed(rng))
    yield case(_images(rng, 2, 7, 5, 2), [3, 2], strides=3, silent=True, seed=_seed(rng))


@residual_block_v1.part(weight=2, after=(strides,), read=f"{BOOK}-shortcut")
def strides_of_each(rng):
    """A list of strides, one for each convolution: together they multiply (f is silenced)."""
    yield case(_images(rng, 2, 4, 4, 3), [2, 3], strides=[2, 2], silent=True, seed=_seed(rng))
    yield case(_images(rng, 2, 13, 8, 2), [2, 4], strides=[2, 3], silent=True, seed=_seed(rng))


@residual_block_v1.part(weight=1, after=(strides_of_each,), read=f"{BOOK}-shortcut")
def strides_of_an_axis(rng):
    """A stride that is a pair, for height and width; all may be 1 (f is silenced)."""
    each = [_pick(rng, (1, 2), (2, 1), (1, 3)), (1, 2)]
    yield case(_images(rng, 2, 6, 9, 3), [2, 3], strides=each, silent=True, seed=_seed(rng))
    # Nothing shrinks, and nothing is to be projected.
    yield case(_images(rng, 2, 4, 5, 3), [2, 3], strides=[1, (1, 1)], silent=True, seed=_seed(rng))


@residual_block_v1.part(weight=1)
def kernel_size(rng):
    """Strides and kernels of another size together; the shortcut's stays 1x1."""
    settings = {"strides": 2, "kernel_size": _pick(rng, 2, 5)}
    yield case(_images(rng, 2, 5, 6, 2), [3, 4], **settings, seed=_seed(rng))


@residual_block_v1.part(weight=1)
def strides_that_do_not_fit(rng):
    """More or fewer strides than convolutions are refused with a ValueError."""
    yield case(_images(rng, 1, 4, 4, 2), [2, 2], strides=[1, 1, 1], raises=ValueError)
    yield case(_images(rng, 1, 4, 4, 2), [2, 3, 2], strides=[1, 1], raises=ValueError)


# --- gradient_norms ------------------------------------------------------------------------------


def _labels(rng, count):
    return rng.integers(0, 3, count)


@gradient_norms.part(weight=2)
def kernels(rng):
    """Two convolutions and a dense layer: one norm for each kernel of a convolution."""
    yield case(_images(rng, 4, 5, 6, 2), _labels(rng, 4), seed=_seed(rng))


@gradient_norms.part(weight=1)
def confident(rng):
    """Large scores: the loss is that of scores, and the gradient does not get lost."""
    images, seed = 30 * _images(rng, 3, 4, 4, 1), _seed(rng)
    scores = networks.outputs(classifier("convolutions", images.shape[1:], seed), images)
    # The least likely class: where the network is right and sure, 1 - p is all rounding.
    yield case(images, scores.argmin(axis=-1).astype(_labels(rng, 3).dtype), seed=seed)


@gradient_norms.part(weight=1)
def projections(rng):
    """Shortcuts with a projection, which is a convolution too."""
    images, labels = _images(rng, 3, 4, 5, 2), _labels(rng, 3)
    yield case(images, labels, kind="shortcut", seed=_seed(rng))


@gradient_norms.part(weight=1)
def batch_statistics(rng):
    """Batch normalisation, which uses the batch's statistics in training."""
    images, labels = _images(rng, 6, 4, 5, 2), _labels(rng, 6)
    yield case(images, labels, kind="batch norm", seed=_seed(rng))


# --- resnet --------------------------------------------------------------------------------------


@resnet.part(weight=4)
def scores(rng):
    """Depth 14, two blocks a stage, of which only the first may change the shape: the scores."""
    settings = {"classes": _pick(rng, 3, 5), "filters": _pick(rng, 2, 3), "seed": _seed(rng)}
    yield case(_images(rng, 2, 8, 9, _pick(rng, 1, 2)), depth=14, **settings, of="scores")


@resnet.part(weight=3, read=f"{BOOK}-parameters")
def parameters(rng):
    """Depth 8, one block a stage: the number of trained parameters."""
    settings = {"classes": _pick(rng, 3, 5), "filters": _pick(rng, 2, 3)}
    yield case(np.zeros((1, 8, 9, 2), np.float32), depth=8, **settings, counted=True)


@resnet.part(weight=2, after=(parameters,), read=f"{BOOK}-parameters")
def the_papers(rng):
    """Depth 20 as it stands: 272,474 parameters for colour images and ten classes."""
    yield case(np.zeros((1, 32, 32, 3), np.float32), counted=True)


@resnet.part(weight=1)
def depths_that_do_not_fit(rng):
    """A depth that is not 6n + 2 is refused with a ValueError."""
    images = np.zeros((1, 8, 8, 1), np.float32)
    yield case(images, depth=_pick(rng, 18, 21, 10), raises=ValueError)
    yield case(images, depth=2, raises=ValueError)
