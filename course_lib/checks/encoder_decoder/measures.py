"""What is measured of blocks that halve or double an image, and of the network made of them."""

import numpy as np

from course_lib.checks import networks
from course_lib.checks.dropout.statistics import settled

BLOCK = (WEIGHTS, OUTPUT, DROPPED) = (
    "number of weights in kernels",
    "output",
    "dropout: share of maps, numbers of another size, pixels differ, channels differ, images "
    "alike, at inference",
)
NETWORK = (WEIGHTS, OUTPUT, DROPS) = (
    WEIGHTS,
    OUTPUT,
    "does training differ by the encoder, by the decoder",
)


LIFT = 32.0  # well above all that a shortcut brings, and harmless to its last digits


def measure_block(
    answer, images, filters, kernel_size=None, learnable_sampling=None, silent=False, seed=0
):
    """Build the block, inject weights, and run it on images.

    Biases stay zero: whether convolutions have them is left to whoever writes the block. With
    `silent` all kernels of 3x3 and more are zero, and batch normalisation behind them only adds
    `LIFT`. The branch then gives this number, whatever it is made of, and no ReLU around the sum
    bends anything: sampling and shortcut are heard alone, with their own batch normalisation, and
    no part but the first ones depends on where the branch has a ReLU.

    Args:
        answer: the function.
        images: what goes in.
        filters: as the block takes them.
        kernel_size: likewise, left out if `None`.
        learnable_sampling: likewise.
        silent: whether the branch is silenced.
        seed: of the weights.
    """
    settings = {"kernel_size": kernel_size, "learnable_sampling": learnable_sampling}
    settings = {name: value for name, value in settings.items() if value is not None}
    model = networks.built(answer, images.shape[1:], filters, **settings)
    networks.inject(model, seed, biases=False)
    same_epsilon(model)
    if silent:
        networks.zero(model, lambda one: max(kernel_size_of(one.layer)) > 2)
        _lift(model)
    output = networks.outputs(model, images)
    return kernel_weights(model), output - LIFT if silent else output, np.zeros(6)


def _lift(model):
    """Let batch normalisation add a number and no more where it follows a kernel of 3x3 or more."""
    for one in networks.weighted(model):
        if "beta" in one.roles:
            before = one.layer.input._keras_history.operation
            if max(kernel_size_of(before)) > 2:
                _plain(one)
                one.layer.beta.assign(np.full(one.layer.beta.shape, LIFT, np.float32))


def measure_dropout(answer, channels, rate, batches=10, images=20):
    """Build a block of one 1x1 convolution and find out what its dropout does, from outside.

    All pixels are 1. Channel i weighs 2**i in every map of the branch, so that a number that comes
    out of it says, bit by bit, which maps went in. A share that cannot be told is 0, and 1 where
    all images of a batch drop the same.
    """
    model = networks.built(answer, (4, 4, channels), [channels], kernel_size=1, drop_rate=rate)
    plain_norms(model)
    whole = 2**channels - 1
    for one in networks.weighted(model):
        if "kernel" in one.roles:
            kernel = np.zeros(one.layer.kernel.shape, np.float32)
            if kernel.shape[-2:] == (channels, channels):
                kernel[...] = (2.0 ** np.arange(channels) / whole)[:, np.newaxis]
            one.layer.kernel.assign(kernel)
    ones = np.ones((images, 4, 4, channels), np.float32)
    seen = [networks.outputs(model, ones, training=True) - 1 for _ in range(batches)]
    codes = np.stack(seen) * (1 - rate) * whole
    strange = bool(np.abs(codes - np.round(codes)).max() > 1e-3 or codes.min() < -1e-3)
    pixels, maps, draws = (np.ptp(codes, axis=axis).max() > 1e-3 for axis in ((2, 3), 4, 1))
    missing = [channels - int(code).bit_count() for code in np.round(codes[:, :, 0, 0, 0]).flat]
    share = 0.0
    if not draws:
        share = float(sum(missing) > 0)
    elif not strange and not maps:
        share = settled(sum(missing), channels * len(missing), rate, 1 - rate)
    always = np.abs(networks.outputs(model, ones) - 2).max() > 1e-3
    found = share, strange, pixels, maps, not draws, always
    return 0, np.zeros(1), np.array(found, float)


def measure(answer, images, filters, kernel_size=None, drop_rate=None, **settings):
    """Measure a block's output, or where a rate is given its dropout."""
    if drop_rate is not None:
        return measure_dropout(answer, filters[-1], drop_rate)
    return measure_block(answer, images, filters, kernel_size, **settings)


def measure_network(answer, images, *levels, seed=0, drop_rate=0.0, **settings):
    """Build the network, inject weights, and run it on images.

    Args:
        answer: the function.
        images: what goes in.
        *levels: filters and kernel sizes of the encoder, and of the decoder.
        seed: of the weights.
        drop_rate: of the blocks; above 0 it is found out whether a training step differs by what
            is dropped in the encoder, and in the decoder. Their kernels must then be 5x5 and 7x7.
        **settings: further arguments, by name.
    """
    if drop_rate:
        settings["drop_rate"] = drop_rate
    model = networks.built(answer, images.shape[1:], *levels, **settings)
    networks.inject(model, seed, biases=False)
    same_epsilon(model)
    output = networks.outputs(model, images)
    drops = [_differs(model, images, silent) for silent in (7, 5)] if drop_rate else [0, 0]
    return kernel_weights(model), output, np.array(drops, float)


def _differs(model, images, silent):
    """Whether training changes the output while kernels of one size are silent."""
    weights = model.get_weights()
    plain_norms(model)
    networks.zero(model, lambda one: kernel_size_of(one.layer) == (silent, silent), ("kernel",))
    alike = np.allclose(
        networks.outputs(model, images), networks.outputs(model, images, training=True)
    )
    model.set_weights(weights)
    return not alike


def same_epsilon(model):
    """Give all batch normalisation one epsilon, which is a matter of taste."""
    for one in networks.weighted(model):
        if hasattr(one.layer, "epsilon"):
            one.layer.epsilon = 1e-3


def plain_norms(model):
    """Let batch normalisation do nothing, in training neither."""
    same_epsilon(model)
    for one in networks.weighted(model):
        if "moving_variance" in one.roles:
            one.layer.trainable = False
            _plain(one)


def _plain(one):
    """Let one batch normalisation do nothing."""
    for role, variable in zip(one.roles, one.layer.weights, strict=True):
        value = {"gamma": 1.0, "moving_variance": 1 - 1e-3}.get(role, 0.0)
        variable.assign(np.full(variable.shape, value, np.float32))


def kernel_size_of(layer):
    """The size of a layer's kernel; a dense layer on the channels is a 1x1 convolution."""
    is_dense = len(getattr(layer, "kernel", np.zeros(1)).shape) == 2
    return (1, 1) if is_dense else tuple(getattr(layer, "kernel_size", (0, 0)))


def kernel_weights(model):
    """How many weights a model's kernels have."""
    return sum(
        int(np.prod(variable.shape))
        for one in networks.weighted(model)
        for role, variable in zip(one.roles, one.layer.weights, strict=True)
        if "kernel" in role
    )
