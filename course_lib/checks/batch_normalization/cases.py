"""What the checks of `batch_normalization` try: one idea a part, so that one mistake costs one.

Batches are drawn so that a part sees its own idea and is blind to the others: with thousands of
numbers a channel the biased and the unbiased variance are the same, at a deviation of 30 epsilon
does not matter, and channels that hold the same numbers in other orders (`_alike`) have the same
statistics. Each of these is undone in the one part that is about it. Where padding is not the
matter, kernels have one pixel.
"""

import numpy as np

from course_lib import batch_normalization as topic
from course_lib.checks.batch_normalization.blocks import measure_conv, measure_dense
from course_lib.checks.core import Check, case

BOOK = "batch_normalization.html#batch-normalization"
MANY = 8192  # so many that dividing by one less is within the tolerance
NETWORKS = ("course_lib", "keras.applications", "tensorflow.keras.applications")
MEASURED = ("output", "moving_mean", "moving_variance", "kept", "parameters")

batch_norm_train = Check(
    topic.batch_norm_train,
    topic="batch_normalization",
    title="Batch normalisation in training",
    returns=("output", "moving_mean", "moving_variance"),
    read=f"{BOOK}-steps",
)
batch_norm_inference = Check(
    topic.batch_norm_inference,
    topic="batch_normalization",
    title="Batch normalisation at inference",
    returns=("output",),
    rtol=1e-3,  # so that an epsilon of 0.001 shows where it is the matter, and there alone
    read=f"{BOOK}-inference",
)
batch_norm_gradients = Check(
    topic.batch_norm_gradients,
    topic="batch_normalization",
    title="Gradients of batch normalisation",
    returns=("x_gradient", "gamma_gradient", "beta_gradient"),
    read=f"{BOOK}-gradients",
)
conv_bn_relu = Check(
    topic.conv_bn_relu,
    topic="batch_normalization",
    title="A block of convolution, batch normalisation and ReLU",
    returns=MEASURED,
    read=f"{BOOK}-blocks",
    forbidden=NETWORKS,
    measure=measure_conv,
    hidden_draws=1,
)
dense_bn_relu = Check(
    topic.dense_bn_relu,
    topic="batch_normalization",
    title="A block of dense layer, batch normalisation and ReLU",
    returns=MEASURED,
    read=f"{BOOK}-blocks",
    forbidden=NETWORKS,
    measure=measure_dense,
    hidden_draws=1,
)
fold_batch_norm = Check(
    topic.fold_batch_norm,
    topic="batch_normalization",
    title="Batch normalisation folded into the layer before it",
    returns=("kernel", "bias"),
    rtol=1e-3,
    read=f"{BOOK}-folding",
)
CHECKS = {
    check.name: check
    for check in (
        batch_norm_train,
        batch_norm_inference,
        batch_norm_gradients,
        conv_bn_relu,
        dense_bn_relu,
        fold_batch_norm,
    )
}


def _numbers(rng, *shape, deviation=30.0, mean=0.0):
    """Numbers of one decimal around a mean; so far apart that epsilon does not matter."""
    return np.round(rng.normal(mean, deviation, shape), 1).astype(np.float32)


def _channels(rng, *shape):
    """Numbers whose channels differ in mean and deviation."""
    means = rng.permutation(np.linspace(-60, 80, shape[-1]) if shape[-1] > 1 else [40.0])
    deviations = rng.permutation(np.linspace(20, 70, shape[-1]))
    return np.round(rng.normal(means, deviations, shape), 1).astype(np.float32)


def _alike(rng, count, channels, deviation=30.0, mean=0.0):
    """Channels of the same numbers in other orders, so that all have the same statistics."""
    column = _numbers(rng, count, deviation=deviation, mean=mean)
    return np.stack([rng.permutation(column) for _ in range(channels)], axis=1)


def _distinct(rng, count):
    """A few numbers in one column that never lie close together, whatever is drawn."""
    column = np.sort(_numbers(rng, count)) + 40 * np.arange(count, dtype=np.float32)
    return rng.permutation(column - 20)[:, np.newaxis].astype(np.float32)


def _signed(rng, channels, low=0.5, high=2.5):
    """One number a channel, negative or positive, never small, all different in size."""
    sizes = low + (high - low) * (rng.permutation(channels) + rng.uniform(0.1, 0.9)) / channels
    return np.round(sizes * rng.choice([-1, 1], channels), 2).astype(np.float32)


def _spread(rng, channels, low=200.0, high=3000.0):
    """One variance a channel."""
    return np.round(rng.uniform(low, high, channels), 1).astype(np.float32)


def _plain(channels):
    """Gamma and beta that change nothing."""
    return np.ones(channels, np.float32), np.zeros(channels, np.float32)


def _at_start(channels):
    """Moving averages as Keras starts them."""
    return np.zeros(channels, np.float32), np.ones(channels, np.float32)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


# --- batch_norm_train ----------------------------------------------------------------------------


@batch_norm_train.part(weight=3, read=f"{BOOK}-axes")
def features(rng):
    """After a dense layer: every feature by its own mean and variance over the batch."""
    for channels in (3, _size(rng, 2, 5)):
        x = _channels(rng, MANY, channels)
        yield case(x, *_plain(channels), *_at_start(channels), of="output")


@batch_norm_train.part(weight=3, read=f"{BOOK}-axes")
def maps(rng):
    """After a convolution: every channel by one mean and variance, over batch and positions."""
    for batch, height, width, channels in ((4, 64, 32, 3), (8, 16, 64, _size(rng, 2, 4))):
        # What lies brighter in one corner shows an average that stops at the pixel.
        slope = np.round(np.linspace(-40, 40, width), 1).astype(np.float32)[:, np.newaxis]
        brightness = _numbers(rng, batch, 1, 1, 1)
        x = _channels(rng, batch, height, width, channels) + slope + brightness
        yield case(x, *_plain(channels), *_at_start(channels), of="output")


@batch_norm_train.part(weight=2, read=f"{BOOK}-variance")
def few_examples(rng):
    """A small batch: the sum of squares is divided by the count, here and in what is averaged."""
    for batch in (4, _size(rng, 2, 5)):
        x = _distinct(rng, batch)
        yield case(x, *_plain(1), *_at_start(1), of="output")
        # An average that is there already, and is 1 like its root: only another variance moves it.
        x = (x / x.std()).astype(np.float32)
        start = x.mean(axis=0), np.ones(1, np.float32)
        yield case(x, *_plain(1), *start, momentum=0.5, of="moving_variance")


@batch_norm_train.part(weight=2)
def epsilon(rng):
    """Epsilon is added to the variance, under the root."""
    x = _alike(rng, MANY, 2, deviation=0.5)
    yield case(x, *_plain(2), *_at_start(2), epsilon=0.5, of="output")
    x = (0.02 * _alike(rng, MANY, 3, deviation=1.5)).astype(np.float32)
    yield case(x, *_plain(3), *_at_start(3), of="output")


@batch_norm_train.part(weight=2)
def new_scale(rng):
    """Multiplied by gamma, then beta added: a number of each for every channel."""
    for channels in (2, _size(rng, 3, 5)):
        x = _alike(rng, MANY, channels, mean=50)
        gamma, beta = _signed(rng, channels), _signed(rng, channels, 1, 4)
        yield case(x, gamma, beta, *_at_start(channels), of="output")


@batch_norm_train.part(weight=2, read=f"{BOOK}-moving-averages")
def averaged_means(rng):
    """The moving mean keeps the share that momentum says."""
    for settings in ({}, {"momentum": 0.7}, {"momentum": round(float(rng.uniform(0.6, 0.8)), 2)}):
        x = _alike(rng, MANY, 2, mean=50)
        start = _numbers(rng, 2, mean=-80), _spread(rng, 2)
        yield case(x, *_plain(2), *start, **settings, of="moving_mean")


@batch_norm_train.part(weight=2, read=f"{BOOK}-moving-averages")
def averaged_variances(rng):
    """The moving variance moves too, halfway where the momentum is a half."""
    for channels in (1, 2, 3):
        x = _alike(rng, MANY, channels, mean=50)
        start = _numbers(rng, channels, mean=-80), _spread(rng, channels)
        yield case(x, *_plain(channels), *start, momentum=0.5, of="moving_variance")


@batch_norm_train.part(
    weight=2,
    after=(features, maps, few_examples, epsilon, new_scale, averaged_means, averaged_variances),
)
def together(rng):
    """All of it at once, and all three results."""
    for shape in ((3, 4, 5, 2), (5, 3), (_size(rng, 1, 3), _size(rng, 2, 5), 4, 3)):
        channels = shape[-1]
        x = (_channels(rng, *shape) / 20).astype(np.float32)
        weights = _signed(rng, channels), _signed(rng, channels)
        start = _signed(rng, channels), _spread(rng, channels, 0.5, 4)
        yield case(x, *weights, *start, momentum=0.8, epsilon=0.1)
        yield case(x, *weights, *start)


# --- batch_norm_inference ------------------------------------------------------------------------


def _as_averaged(x):
    """The moving averages that a batch like this one, again and again, would end in."""
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes, dtype=float), x.var(axis=axes, dtype=float)


def _float32(*arrays):
    return tuple(array.astype(np.float32) for array in arrays)


def _standardised(rng, *shape):
    """Numbers of variance 1 in every channel, and their means."""
    x = _channels(rng, *shape).astype(float)
    mean, variance = _as_averaged(x)
    x = x / np.sqrt(variance)
    return _float32(x, mean / np.sqrt(variance))


@batch_norm_inference.part(weight=3)
def moving_averages(rng):
    """By the moving averages, whatever the batch: of many, of one."""
    for shape in ((5, 2), (1, 3), (_size(rng, 2, 4), 3, 4, 1)):
        channels = shape[-1]
        x, _ = _standardised(rng, *((8, *shape[1:])))
        mean = _signed(rng, channels, 2, 6)
        x, one = x[: shape[0]], np.ones(channels, np.float32)
        yield case(x, *_plain(channels), mean, one)


@batch_norm_inference.part(weight=2)
def root(rng):
    """Divided by the root of the moving variance plus epsilon."""
    for deviation, settings in ((20, {}), (1, {"epsilon": 0.5}), (0.1, {})):
        x = (_alike(rng, 6, 2, mean=20) * (deviation / 30)).astype(np.float32)
        yield case(x, *_plain(2), *_float32(*_as_averaged(x)), **settings)


@batch_norm_inference.part(weight=2, read=f"{BOOK}-steps")
def rescaled(rng):
    """Multiplied by gamma, then beta added."""
    for shape in ((6, 2), (_size(rng, 5, 8), 3)):
        x, mean = _standardised(rng, *shape)
        gamma, beta = _signed(rng, shape[-1]), _signed(rng, shape[-1], 1, 4)
        yield case(x, gamma, beta, mean, np.ones_like(mean))


@batch_norm_inference.part(weight=2, read=f"{BOOK}-axes")
def last_axis(rng):
    """Images: the channels are the last axis, however many rows and columns there are."""
    for side in (3, _size(rng, 2, 4)):
        x, mean = _standardised(rng, 2, side, side, side)
        yield case(x, *_plain(side), mean, np.ones_like(mean))


@batch_norm_inference.part(weight=1, after=(moving_averages, root, rescaled, last_axis))
def all_at_once(rng):
    """All of it at once."""
    for shape in ((3, 4, 5, 2), (4, 3), (1, _size(rng, 2, 5), 4, 3)):
        channels = shape[-1]
        averages = _signed(rng, channels), _spread(rng, channels, 0.5, 4)
        x = _numbers(rng, *shape, deviation=2)
        yield case(x, _signed(rng, channels), _signed(rng, channels), *averages)


# --- batch_norm_gradients ------------------------------------------------------------------------


def _normalised(x):
    mean, variance = _as_averaged(x)
    return (x - mean) / np.sqrt(variance)


def _output_gradient(rng, x, by_mean=0.0, by_deviation=0.0):
    """A gradient whose share along each channel's mean and deviation is what is asked for.

    Without them, mean and variance of the batch may be taken for constants.
    """
    axes, normalised = tuple(range(x.ndim - 1)), _normalised(x)
    noise = rng.normal(0, 1, x.shape)
    noise = noise - noise.mean(axis=axes)
    noise = noise - normalised * (noise * normalised).mean(axis=axes)
    return (noise + by_mean + by_deviation * normalised).astype(np.float32)


@batch_norm_gradients.part(weight=1)
def by_beta(rng):
    """The gradient by beta: a sum over all that one channel's beta was added to."""
    for shape in ((40, 2), (3, 4, 5, 2)):
        x = _numbers(rng, *shape)
        gradient = _output_gradient(rng, x, _signed(rng, 2))
        yield case(x, np.ones(2, np.float32), gradient, of="beta_gradient")


@batch_norm_gradients.part(weight=2)
def by_gamma(rng):
    """The gradient by gamma: a sum over the normalised inputs, each with its output's gradient."""
    for mean in (60, -40):
        x = _numbers(rng, MANY, 1, mean=mean)
        gradient = _output_gradient(rng, x, 2.0, _size(rng, 2, 4))
        yield case(x, _signed(rng, 1), gradient, of="gamma_gradient")


@batch_norm_gradients.part(weight=2)
def scaled(rng):
    """The gradient by x: gamma over the deviation is its scale."""
    for deviation in (30, _size(rng, 10, 20)):
        x = _numbers(rng, MANY, 1, deviation=deviation)
        yield case(x, _signed(rng, 1), _output_gradient(rng, x), of="x_gradient")


@batch_norm_gradients.part(weight=2)
def through_the_mean(rng):
    """The gradient by x: every input moves the mean, and the mean every output."""
    for share in (2.0, -3.0):
        x = _numbers(rng, MANY, 1)
        yield case(x, np.ones(1, np.float32), _output_gradient(rng, x, share), of="x_gradient")


@batch_norm_gradients.part(weight=2)
def through_the_variance(rng):
    """The gradient by x: every input moves the variance, and the variance every output."""
    for share in (0.5, -0.4):
        x = _numbers(rng, MANY, 1)
        gradient = _output_gradient(rng, x, 0.0, share)
        yield case(x, np.ones(1, np.float32), gradient, of="x_gradient")


@batch_norm_gradients.part(weight=2, read=f"{BOOK}-axes")
def by_channel(rng):
    """Every channel of features or images for itself."""
    for shape in ((MANY, 3), (4, 32, 64, 2)):
        x = _channels(rng, *shape)
        gradient = _output_gradient(rng, x)
        yield case(x, np.ones(shape[-1], np.float32), gradient, of="x_gradient")


@batch_norm_gradients.part(weight=1, read=f"{BOOK}-variance")
def of_few_examples(rng):
    """A small batch: the variance is the one that is divided by the count."""
    for batch in (4, _size(rng, 5, 6)):
        x = _distinct(rng, batch)
        yield case(x, np.ones(1, np.float32), _output_gradient(rng, x), of="x_gradient")


@batch_norm_gradients.part(weight=1, read=f"{BOOK}-steps")
def at_epsilon(rng):
    """Epsilon stands where it does in the layer."""
    for value in (0.5, 0.1):
        x = _numbers(rng, MANY, 1, deviation=0.5)
        one, gradient = np.ones(1, np.float32), _output_gradient(rng, x)
        yield case(x, one, gradient, epsilon=value, of="x_gradient")


@batch_norm_gradients.part(
    weight=1,
    after=(
        by_beta,
        by_gamma,
        scaled,
        through_the_mean,
        through_the_variance,
        by_channel,
        of_few_examples,
        at_epsilon,
    ),
)
def all_three(rng):
    """All of it at once, and all three gradients."""
    for shape in ((4, 3), (2, 3, 4, 2), (_size(rng, 2, 3), 3, _size(rng, 2, 4), 3)):
        x = (_channels(rng, *shape) / 20).astype(np.float32)
        gradient = _numbers(rng, *shape, deviation=2, mean=0.5)
        yield case(x, _signed(rng, shape[-1]), gradient, epsilon=0.1)
        yield case(x, _signed(rng, shape[-1]), gradient)


# --- conv_bn_relu --------------------------------------------------------------------------------


def _seed(rng):
    return _size(rng, 1, 10**6)


def _images(rng, batch, height, width, channels):
    return rng.normal(0, 1, (batch, height, width, channels)).astype(np.float32)


@conv_bn_relu.part(weight=2)
def window(rng):
    """Filters and kernel size, padded so that the size stays."""
    yield case(_images(rng, 2, 6, 5, 3), 4, seed=_seed(rng), positive=True, of="output")
    sizes = (1, _size(rng, 4, 5))
    yield case(_images(rng, 1, 6, 7, 2), 3, *sizes, seed=_seed(rng), positive=True, of="output")


@conv_bn_relu.part(weight=2)
def strides(rng):
    """Strides, before kernel_size in the arguments; the size is rounded up."""
    images, step = _images(rng, 1, 7, _size(rng, 6, 8), 2), (1, _size(rng, 2, 3))
    yield case(images, 3, step, 1, seed=_seed(rng), positive=True, of="output")


@conv_bn_relu.part(weight=3)
def activation(rng):
    """Normalised, then cut off below zero."""
    yield case(_images(rng, 2, 5, 6, 3), _size(rng, 4, 6), 1, 1, seed=_seed(rng), of="output")


@conv_bn_relu.part(weight=2, read=f"{BOOK}-inference")
def in_training(rng):
    """In training the batch's own statistics count, at inference the moving ones."""
    images, filters = _images(rng, 3, 5, 4, 2) + np.float32(1), _size(rng, 3, 5)
    options = {"training": True, "positive": True, "of": "output"}
    yield case(images, filters, 1, 1, seed=_seed(rng), **options)


@conv_bn_relu.part(weight=2, read=f"{BOOK}-moving-averages")
def momentum(rng):
    """One call in training keeps nine tenths of each moving average."""
    yield case(_images(rng, 3, 5, 4, 2), 3, seed=_seed(rng), training=True, of="kept")


@conv_bn_relu.part(weight=2)
def no_bias(rng):
    """No parameters that do nothing: the mean takes any bias away again."""
    yield case(_images(rng, 1, 4, 5, 3), 4, seed=_seed(rng), of="parameters")
    filters = _size(rng, 5, 9)
    yield case(_images(rng, 1, 4, 5, 2), filters, seed=_seed(rng), of="parameters")


@conv_bn_relu.part(weight=1, after=(window, strides, activation, in_training, momentum, no_bias))
def whole_block(rng):
    """The whole block, and its moving averages after one call in training."""
    images, sizes = _images(rng, 3, 7, 5, 2), (2, _size(rng, 2, 4))
    yield case(images, 4, *sizes, seed=_seed(rng), of="output")
    yield case(images, 4, *sizes, seed=_seed(rng), training=True)


# --- dense_bn_relu -------------------------------------------------------------------------------


def _rows(rng, batch, features):
    return rng.normal(0, 1, (batch, features)).astype(np.float32)


@dense_bn_relu.part(weight=2)
def units(rng):
    """As many outputs as units, each from every feature."""
    yield case(_rows(rng, 3, 5), _size(rng, 2, 4), seed=_seed(rng), positive=True, of="output")


@dense_bn_relu.part(weight=3)
def dense_activation(rng):
    """Normalised, then cut off below zero."""
    yield case(_rows(rng, 6, 5), _size(rng, 7, 9), seed=_seed(rng), of="output")


@dense_bn_relu.part(weight=2, read=f"{BOOK}-inference")
def dense_in_training(rng):
    """In training the batch's own statistics count, at inference the moving ones."""
    rows = _rows(rng, 6, 5) + np.float32(2)
    yield case(rows, 4, seed=_seed(rng), training=True, positive=True, of="output")


@dense_bn_relu.part(weight=2, read=f"{BOOK}-moving-averages")
def dense_momentum(rng):
    """One call in training keeps nine tenths of each moving average."""
    yield case(_rows(rng, 6, 5), 4, seed=_seed(rng), training=True, of="kept")


@dense_bn_relu.part(weight=2)
def dense_no_bias(rng):
    """No parameters that do nothing: the mean takes any bias away again."""
    yield case(_rows(rng, 2, 5), 4, seed=_seed(rng), of="parameters")
    yield case(_rows(rng, 2, 6), _size(rng, 5, 9), seed=_seed(rng), of="parameters")


@dense_bn_relu.part(
    weight=1, after=(units, dense_activation, dense_in_training, dense_momentum, dense_no_bias)
)
def whole_dense_block(rng):
    """The whole block, and its moving averages after one call in training."""
    yield case(_rows(rng, 5, 3), 6, seed=_seed(rng), training=True)


# --- fold_batch_norm -----------------------------------------------------------------------------


def _weights(rng, *shape):
    """Weights of two decimals, none of them small."""
    sizes = rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape)
    return np.round(sizes, 2).astype(np.float32)


def _one(channels):
    return np.ones(channels, np.float32)


@fold_batch_norm.part(weight=3)
def kernel(rng):
    """The kernel is scaled, every filter by its own number."""
    for filters in (3, _size(rng, 2, 4)):
        # As many channels as filters, so that the wrong axis gives the wrong numbers.
        kernel = _weights(rng, 3, 2, filters, filters)
        statistics = _signed(rng, filters), _one(filters)
        gamma, beta = _signed(rng, filters), _signed(rng, filters)
        # A bias of zeros: who forgets that there may be none fails where that is the matter.
        bias = np.zeros(filters, np.float32)
        yield case(kernel, bias, gamma, beta, *statistics, of="kernel")


@fold_batch_norm.part(weight=2)
def shift(rng):
    """Without a bias before, there is one now: what mean and beta add."""
    for filters in (2, _size(rng, 3, 5)):
        kernel = _weights(rng, 3, 3, filters, filters)
        statistics = _signed(rng, filters, 2, 5), _one(filters)
        gamma, beta = _signed(rng, filters), _signed(rng, filters)
        yield case(kernel, None, gamma, beta, *statistics, of="bias")


@fold_batch_norm.part(weight=2)
def old_bias(rng):
    """A bias that was there before is scaled with the rest."""
    for filters in (2, _size(rng, 3, 5)):
        kernel, bias = _weights(rng, 1, 3, filters, filters), _signed(rng, filters, 3, 6)
        gamma, nothing = _signed(rng, filters), np.zeros(filters, np.float32)
        statistics = nothing, _one(filters)
        yield case(kernel, bias, gamma, nothing, *statistics, of="bias")


@fold_batch_norm.part(weight=3, read=f"{BOOK}-steps")
def deviation(rng):
    """The scale is over the root of the variance plus epsilon."""
    for divisor, settings in ((1, {}), (1, {"epsilon": 0.5}), (300, {})):
        filters = _size(rng, 2, 4)
        variance = (_spread(rng, filters, 2, 9) / divisor).astype(np.float32)
        kernel = _weights(rng, 2, 2, filters, filters)
        gamma, nothing = _one(filters), np.zeros(filters, np.float32)
        yield case(kernel, nothing, gamma, nothing, nothing, variance, **settings, of="kernel")


@fold_batch_norm.part(weight=1)
def dense_kernel(rng):
    """A dense layer's kernel: every unit is a column."""
    for units in (3, _size(rng, 4, 5)):
        kernel, gamma = _weights(rng, units, units), _signed(rng, units)
        nothing = np.zeros(units, np.float32)
        yield case(kernel, nothing, gamma, nothing, nothing, _one(units), of="kernel")


@fold_batch_norm.part(weight=1, after=(kernel, shift, old_bias, deviation, dense_kernel))
def folded(rng):
    """All of it at once."""
    for shape in ((3, 3, 2, 4), (5, 3), (1, _size(rng, 2, 4), 3, 2)):
        filters = shape[-1]
        rest = [_signed(rng, filters) for _ in range(4)]
        yield case(_weights(rng, *shape), *rest, _spread(rng, filters, 0.2, 4))
