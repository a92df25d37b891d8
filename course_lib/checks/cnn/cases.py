"""What the checks of `cnn` try: one idea a part, so that one mistake costs one part.

Images whose numbers are all above zero (`_bright`) keep the parts about sizes and windows apart
from what the padding holds, and all numbers of an image differ where no tie is meant.
"""

import numpy as np

from course_lib import cnn
from course_lib.checks import networks
from course_lib.checks.compare import describe
from course_lib.checks.core import Check, case

BOOK = "cnn.html#cnn"
LAYERS = 7  # with weights: six convolutions and a dense layer


def _network(answer, shape, images, seed, what="output", **settings):
    """Build the network for images of this shape, inject weights, and measure it."""
    model = networks.built(answer, shape, **settings)
    networks.inject(model, seed)
    return _MEASURES[what](model, images)


def _row_sums(model, images):
    return networks.outputs(model, images).sum(axis=-1)


def _parameters(model, images):
    return sum(networks.parameters(model))


def _still_seen(model, images):
    """Whether the output depends on the image at all; then, as convolutions are silenced in turn.

    A bias of -50 silences a convolution whose activation is a ReLU; any other lets it through. The
    dense layer is made weak, so that the softmax does not saturate by what is let through.
    """
    *convolutions, dense = networks.weighted(model)
    if len(convolutions) != LAYERS - 1:
        raise networks.Unfit(
            f"{len(convolutions) + 1} layers with weights", f"{LAYERS}: six convolutions, one dense"
        )
    if any("bias" not in one.roles for one in convolutions):
        raise networks.Unfit("a convolution without biases", "one bias a filter, as Keras has it")
    seen = [_depends(model, images)]
    kernel, *bias = dense.layer.get_weights()
    dense.layer.set_weights([kernel / 50, *bias])
    for one in convolutions:
        kernel, bias = one.layer.get_weights()
        one.layer.set_weights([kernel, bias - 50])
        seen.append(_depends(model, images))
        one.layer.set_weights([kernel, bias])
    return np.array(seen)


def _depends(model, images):
    first, second = networks.outputs(model, images)
    return float(np.max(np.abs(first - second)) > 1e-5)


_MEASURES = {
    "output": networks.outputs,
    "row sums": _row_sums,
    "parameters": _parameters,
    "activations": _still_seen,
}


def _clipped(answer, gradients, max_norm):
    """All clipped gradients one after the other, and the norm."""
    result = answer(gradients, max_norm)
    due = "a pair: the list of clipped gradients, and the norm before clipping"
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise networks.Unfit(describe(result), due)
    clipped, norm = result
    if not isinstance(clipped, (tuple, list)) or len(clipped) != len(gradients):
        raise networks.Unfit(f"{describe(clipped)} for {len(gradients)} gradients", due)
    for came, given in zip(clipped, gradients, strict=True):
        if np.shape(came) != given.shape:
            raise networks.Unfit(
                f"a clipped gradient of shape {np.shape(came)}",
                f"the gradient's own, {given.shape}",
            )
    vector = np.concatenate([np.ravel(one) for one in clipped])
    for name, value in (("the clipped gradients", vector), ("the norm", norm)):
        # NaN is equal to nothing, so that no mistake could be recognised by it.
        if (
            np.size(value)
            and np.asarray(value).dtype.kind == "f"
            and not np.all(np.isfinite(value))
        ):
            kind = "NaN" if np.any(np.isnan(value)) else "infinity"
            raise networks.Unfit(f"{kind} in {name}", "finite numbers, as the gradients are")
    return vector, norm


max_pool2d = Check(
    cnn.max_pool2d,
    topic="cnn",
    title="The largest number of every window",
    returns=("pooled",),
    read=f"{BOOK}-pooling",
)
average_pool2d = Check(
    cnn.average_pool2d,
    topic="cnn",
    title="The average of every window",
    returns=("pooled",),
    read=f"{BOOK}-average",
)
max_pool2d_gradient = Check(
    cnn.max_pool2d_gradient,
    topic="cnn",
    title="Gradient of max pooling",
    returns=("gradient",),
    read=f"{BOOK}-pooling-gradient",
)
cnn_with_pooling = Check(
    cnn.cnn_with_pooling,
    topic="cnn",
    title="The lecture's network",
    returns=("output",),
    read=f"{BOOK}-network",
    forbidden=("course_lib", "keras.applications", "keras.src.applications"),
    measure=_network,
    hidden_draws=1,
)
clip_by_global_norm = Check(
    cnn.clip_by_global_norm,
    topic="cnn",
    title="Gradients shortened together",
    returns=("clipped", "norm"),
    read=f"{BOOK}-clipping",
    measure=_clipped,
)
CHECKS = {
    check.name: check
    for check in (
        max_pool2d,
        average_pool2d,
        max_pool2d_gradient,
        cnn_with_pooling,
        clip_by_global_norm,
    )
}


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, all different."""
    count = int(np.prod(shape))
    numbers = rng.permutation(np.arange(-count, count))[:count]
    return (numbers / 10).astype(np.float32).reshape(shape)


def _bright(rng, *shape):
    """Numbers above zero, all different."""
    return (_numbers(rng, *shape) + np.float32(np.prod(shape) / 10 + 0.1)).round(1)


def _dark(rng, *shape):
    """Numbers below zero, all different."""
    return -_bright(rng, *shape)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


# --- max_pool2d ----------------------------------------------------------------------------------


@max_pool2d.part(weight=3)
def halves(rng):
    """Windows of 2 x 2 side by side: the largest number of each."""
    yield case(_numbers(rng, 1, 4, 6, 1))
    yield case(_numbers(rng, 1, 2 * _size(rng, 2, 4), 2 * _size(rng, 2, 4), 1), 2)


@max_pool2d.part(weight=1)
def leftovers(rng):
    """Pixels that no whole window covers are dropped."""
    yield case(_numbers(rng, 1, 5, 7, 1))
    yield case(_numbers(rng, 1, _size(rng, 7, 8), 10, 1), 3)


@max_pool2d.part(weight=2)
def overlapping(rng):
    """Strides smaller than the window: windows overlap."""
    yield case(_numbers(rng, 1, 5, 6, 1), 3, 1)
    yield case(_numbers(rng, 1, _size(rng, 7, 8), 7, 1), 3, 2)


@max_pool2d.part(weight=2)
def rectangles(rng):
    """Height and width have each their own window and stride."""
    yield case(_numbers(rng, 1, 6, _size(rng, 6, 8), 1), (1, 3))
    yield case(_numbers(rng, 1, _size(rng, 7, 8), 6, 1), (3, 2), (1, 2))
    yield case(_numbers(rng, 1, 7, 8, 1), 2, (2, 3))


@max_pool2d.part(weight=2)
def batch_and_channels(rng):
    """Every image and every channel alone."""
    yield case(_numbers(rng, 3, 4, 4, 1))
    yield case(_numbers(rng, _size(rng, 2, 3), 4, 6, _size(rng, 2, 3)))


@max_pool2d.part(weight=2, read=f"{BOOK}-pooling-same")
def rounded_up(rng):
    """Padding "same": what is left over gets a partial window."""
    yield case(_bright(rng, 1, 5, 7, 1), padding="same")
    yield case(_bright(rng, 1, _size(rng, 7, 8), 10, 1), 3, padding="same")


@max_pool2d.part(weight=2, read=f"{BOOK}-pooling-same")
def around(rng):
    """Padding "same" with overlapping windows: the odd row or column of padding comes after."""
    yield case(_bright(rng, 1, 5, 6, 1), 3, 1, "same")
    yield case(_bright(rng, 1, 6, _size(rng, 6, 8), 1), 3, 2, "same")
    yield case(_bright(rng, 1, 6, _size(rng, 5, 8), 1), (4, 2), (3, 1), "same")


@max_pool2d.part(weight=2, read=f"{BOOK}-pooling-same")
def below_zero(rng):
    """The padding never wins, not even where all pixels are negative."""
    yield case(_dark(rng, 1, 5, 5, 1), padding="same")
    yield case(_dark(rng, 1, _size(rng, 5, 7), 6, 1), 3, 2, "same")


@max_pool2d.part(weight=1)
def too_large(rng):
    """A window that does not fit into the image ends in a ValueError."""
    size = _size(rng, 2, 4)
    yield case(_numbers(rng, 1, size, 6, 1), size + 1, raises=ValueError)
    yield case(_numbers(rng, 1, 6, size, 1), size + 1, 1, raises=ValueError)


# --- average_pool2d ------------------------------------------------------------------------------


@average_pool2d.part(weight=3)
def means(rng):
    """Windows side by side: the average of each."""
    yield case(_numbers(rng, 1, 4, 6, 1))
    yield case(_numbers(rng, 1, 3 * _size(rng, 2, 3), 6, 1), 3)


@average_pool2d.part(weight=2)
def stepping(rng):
    """Strides other than the window, and pixels that are left over."""
    yield case(_numbers(rng, 1, 5, 6, 1), 3, 1)
    yield case(_numbers(rng, 1, _size(rng, 7, 8), 7, 1), 2, 3)
    yield case(_numbers(rng, 1, 5, _size(rng, 7, 9), 1), 2)


@average_pool2d.part(weight=2)
def rectangular(rng):
    """Height and width have each their own window and stride."""
    yield case(_numbers(rng, 1, 6, _size(rng, 6, 8), 1), (1, 3))
    yield case(_numbers(rng, 1, _size(rng, 7, 8), 6, 1), (3, 2), (1, 2))


@average_pool2d.part(weight=1)
def each_map(rng):
    """Every image and every channel alone."""
    yield case(_numbers(rng, _size(rng, 2, 3), 4, 6, _size(rng, 2, 3)))


@average_pool2d.part(weight=3, read=f"{BOOK}-pooling-same")
def true_count(rng):
    """Padding "same": divided by the number of pixels that the window really holds."""
    yield case(_numbers(rng, 1, 5, 7, 1), padding="same")
    yield case(_numbers(rng, 1, 5, _size(rng, 5, 6), 1), 3, 1, "same")
    yield case(_numbers(rng, 1, 6, _size(rng, 6, 8), 1), (4, 3), (3, 2), "same")


@average_pool2d.part(weight=1)
def eight_bits(rng):
    """Images of 8 bits do not overflow, and averages are not rounded."""
    yield case(rng.integers(150, 256, (1, 4, 4, 1), dtype=np.uint8))
    yield case(rng.integers(150, 256, (1, 5, 5, 1), dtype=np.uint8), 3, 2, "same")


@average_pool2d.part(weight=1)
def no_room(rng):
    """A window that does not fit into the image ends in a ValueError."""
    size = _size(rng, 2, 4)
    yield case(_numbers(rng, 1, size, 6, 1), size + 1, raises=ValueError)
    yield case(_numbers(rng, 1, 6, size, 1), size + 1, 1, raises=ValueError)


# --- max_pool2d_gradient -------------------------------------------------------------------------


def _gradient_case(rng, images, *settings):
    """A call with an output gradient that fits, all of whose numbers differ."""
    output = cnn.max_pool2d(images, *settings)
    return case(images, _numbers(rng, *output.shape) + np.float32(0.05), *settings)


@max_pool2d_gradient.part(weight=3)
def winners(rng):
    """Windows side by side: the winner gets all, the others nothing."""
    yield _gradient_case(rng, _numbers(rng, 1, 4, 6, 1))
    yield _gradient_case(rng, _numbers(rng, 1, 6, 3 * _size(rng, 2, 3), 1), 3)


@max_pool2d_gradient.part(weight=3)
def overlaps(rng):
    """Windows overlap: who wins several gets the sum."""
    yield _gradient_case(rng, _numbers(rng, 1, 4, 5, 1), 3, 1)
    yield _gradient_case(rng, _numbers(rng, 1, _size(rng, 7, 8), 7, 1), 3, 2)


@max_pool2d_gradient.part(weight=1)
def unseen(rng):
    """Pixels that no window covers get nothing, and the shape is that of the images."""
    yield _gradient_case(rng, _numbers(rng, 1, 5, _size(rng, 5, 7), 1))
    yield _gradient_case(rng, _numbers(rng, 1, 7, _size(rng, 7, 9), 1), 2, 3)


@max_pool2d_gradient.part(weight=2)
def sides(rng):
    """Height and width have each their own window and stride."""
    yield _gradient_case(rng, _numbers(rng, 1, 4, _size(rng, 6, 8), 1), (1, 3))
    yield _gradient_case(rng, _numbers(rng, 1, _size(rng, 7, 8), 6, 1), (3, 2), (2, 1))


@max_pool2d_gradient.part(weight=2)
def each_channel(rng):
    """Every image and every channel has its own winners."""
    yield _gradient_case(rng, _numbers(rng, _size(rng, 2, 3), 4, 6, _size(rng, 2, 3)))


@max_pool2d_gradient.part(weight=2, after=(overlaps,), read=f"{BOOK}-pooling-same")
def borders(rng):
    """Padding "same": the padding wins nothing, not even against negative pixels."""
    yield _gradient_case(rng, _dark(rng, 1, 5, 5, 1), 2, None, "same")
    yield _gradient_case(rng, _dark(rng, 1, _size(rng, 5, 6), 6, 1), 3, 2, "same")
    yield _gradient_case(rng, _numbers(rng, 1, 6, _size(rng, 5, 6), 1), (4, 3), (3, 1), "same")


@max_pool2d_gradient.part(weight=2)
def ties(rng):
    """Of equal pixels the first in row order wins."""
    yield _gradient_case(rng, rng.integers(0, 2, (1, 4, 6, 1)).astype(np.float32), 2)
    yield _gradient_case(rng, rng.integers(-1, 1, (1, 6, 6, 1)).astype(np.float32), 3)


@max_pool2d_gradient.part(weight=1)
def unfit(rng):
    """An output gradient of another shape than the output's ends in a ValueError."""
    size = 2 * _size(rng, 2, 3)
    images = _numbers(rng, 1, size, size, 1)
    yield case(images, _numbers(rng, 1, size // 2 - 1, size // 2, 1), raises=ValueError)
    yield case(images, _numbers(rng, 1, size // 2, size // 2 + 1, 1), raises=ValueError)


# --- cnn_with_pooling ----------------------------------------------------------------------------


def _network_case(rng, shape, count=2, **settings):
    """A call on images of signed numbers, and on weights of a seed."""
    images = rng.normal(0, 1, (count, *shape)).astype(np.float32)
    return case(shape, images, seed=_size(rng, 0, 10**6), **settings)


# Networks of one shape are built once and measured in several parts.
WIDE, HIGH = (8, 16, 2), (16, 8, 3)


@cnn_with_pooling.part(weight=2, read=f"{BOOK}-table")
def parameters(rng):
    """With the average of each map, the parameters do not depend on the image's size."""
    yield _network_case(rng, WIDE, what="parameters", flatten=False)


@cnn_with_pooling.part(weight=2, read=f"{BOOK}-table")
def sizes(rng):
    """With flatten they do: each pooling halves the maps."""
    yield _network_case(rng, HIGH, what="parameters")
    yield _network_case(rng, HIGH, what="parameters", flatten=True)


@cnn_with_pooling.part(weight=2)
def activations(rng):
    """A ReLU follows every convolution."""
    yield _network_case(rng, WIDE, what="activations", flatten=False)


@cnn_with_pooling.part(weight=2)
def probabilities(rng):
    """Each image's outputs are probabilities: they sum to 1."""
    yield _network_case(rng, WIDE, _size(rng, 3, 4), what="row sums", flatten=False)


@cnn_with_pooling.part(weight=3, read=f"{BOOK}-flatten")
def averaged(rng):
    """With weights that we put in, and the average of each map, it computes what it should."""
    yield _network_case(rng, WIDE, flatten=False)


@cnn_with_pooling.part(weight=3, read=f"{BOOK}-flatten")
def flattened(rng):
    """With weights that we put in, and flattened, which is the default."""
    yield _network_case(rng, HIGH)


@cnn_with_pooling.part(weight=2, after=(averaged, flattened), read=f"{BOOK}-pooling-same")
def odd_sizes(rng):
    """On images that cannot be halved three times, both ways."""
    yield _network_case(rng, (9, 2 * _size(rng, 5, 12) + 1, 1), flatten=True)
    yield _network_case(rng, (11, 2 * _size(rng, 5, 12) + 1, 1), flatten=False)


# --- clip_by_global_norm -------------------------------------------------------------------------


def _gradients(rng, norm, *shapes):
    """Gradients of these shapes that together have this norm."""
    raw = [rng.normal(0, 1, shape) for shape in shapes]
    length = np.sqrt(sum(np.sum(one**2) for one in raw))
    return [(one * norm / length).astype(np.float32) for one in raw]


@clip_by_global_norm.part(weight=2)
def one_too_long(rng):
    """A single gradient that is too long is shortened to max_norm."""
    yield case([np.array([3.0, -4.0], np.float32)], 1.0, of="clipped")
    yield case(_gradients(rng, _size(rng, 5, 9), (4,)), 2.0, of="clipped")


@clip_by_global_norm.part(weight=2)
def short_enough(rng):
    """Gradients that are short enough stay as they are."""
    yield case([np.array([0.3, -0.4], np.float32)], 1.0, of="clipped")
    yield case(_gradients(rng, 0.7, (2, 3)), float(_size(rng, 2, 5)), of="clipped")


@clip_by_global_norm.part(weight=3)
def together(rng):
    """Several gradients have one norm and are shortened by one factor."""
    yield case(_gradients(rng, _size(rng, 6, 9), (3, 2), (2,), (2, 2)), 1.5, of="clipped")
    # Each is short enough alone, and together they are not.
    pieces = [one for _ in range(4) for one in _gradients(rng, 0.9, (_size(rng, 2, 4),))]
    yield case(pieces, 1.0, of="clipped")


@clip_by_global_norm.part(weight=2)
def length(rng):
    """The norm that is returned is the one before clipping."""
    yield case(_gradients(rng, _size(rng, 3, 9) + 0.5, (3,), (2, 2)), 1.0, of="norm")
    yield case(_gradients(rng, 0.5, (2,), (4, 1), (2,)), 2.0, of="norm")


@clip_by_global_norm.part(weight=1)
def zeros(rng):
    """Gradients of zeros stay zeros."""
    shape = (2, _size(rng, 2, 6))
    yield case([np.zeros(shape, np.float32), np.zeros(3, np.float32)], 1.0)


@clip_by_global_norm.part(weight=1)
def exploded(rng):
    """Gradients whose squares do not fit into 32 bits are shortened all the same."""
    yield case(_gradients(rng, _size(rng, 2, 9) * 1e24, (2, 3), (4,)), 1.0)
