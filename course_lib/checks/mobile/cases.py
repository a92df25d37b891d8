"""What the checks of `mobile` try: one idea a part, so that one mistake costs one part.

Kernels whose taps are all alike (`_even_handed`) keep the parts about channels, strides or padding
apart from the orientation of the kernel. Blocks are built, given weights, and run on signed images
of a few pixels.
"""

import numpy as np

from course_lib import mobile
from course_lib.checks import networks
from course_lib.checks.core import Check, case

BOOK = "mobile.html#mobile"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")
SILENT = ("kernel", "depthwise_kernel", "pointwise_kernel", "bias", "beta", "moving_mean")


def _block(
    answer, images, filters, expansion=None, strides=None, kernel_size=None, heard="all", seed=0
):
    """Build the block, inject weights, and run it on images.

    Biases stay zero: they are counted, and have no part in what is computed. `heard` says what is
    measured: `"all"`; `"positive"`, what a ReLU6 would let through, so that no part but the one
    about it depends on the last activation; `"shortcut"`, with all else silenced; `"counted"`, no
    output at all.
    """
    settings = {"expansion": expansion, "strides": strides, "kernel_size": kernel_size}
    settings = {name: value for name, value in settings.items() if value is not None}
    model = networks.built(answer, images.shape[1:], filters, **settings)
    trained, _ = networks.parameters(model)
    if heard == "counted":
        return trained, np.zeros(1)
    model = _without_groups(model)
    networks.inject(model, seed, biases=False)
    for one in networks.weighted(model):
        if hasattr(one.layer, "epsilon"):  # a matter of taste
            one.layer.epsilon = 1e-3
            # No value reaches 6 then, and a ReLU without a ceiling fails in its own part alone.
            one.layer.gamma.assign(0.3 * one.layer.gamma)
    if heard == "shortcut":
        networks.zero(model, roles=SILENT)
    output = networks.outputs(model, images)
    return trained, np.clip(output, 0, 6) if heard == "positive" else output


def _without_groups(model):
    """A convolution in as many groups as channels is a depthwise one, and gets its weights."""
    import keras
    from keras import layers

    def is_depthwise(layer):
        return isinstance(layer, layers.Conv2D) and 1 < layer.groups == layer.kernel.shape[3]

    if not any(is_depthwise(layer) for layer in model._flatten_layers()):
        return model

    def replaced(layer):
        if not is_depthwise(layer):
            return layer.__class__.from_config(layer.get_config())
        names = ("kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation")
        return layers.DepthwiseConv2D(**{name: getattr(layer, name) for name in names})

    return keras.models.clone_model(model, clone_function=replaced, recursive=True)


depthwise_conv2d = Check(
    mobile.depthwise_conv2d,
    topic="mobile",
    title="A depthwise convolution's output",
    returns=("output",),
    read=f"{BOOK}-depthwise",
)
separable_parameters = Check(
    mobile.separable_parameters,
    topic="mobile",
    title="Number of parameters of a depthwise convolution and a pointwise one",
    returns=("depthwise", "pointwise"),
    read=f"{BOOK}-parameters",
)
inverted_residual_block = Check(
    mobile.inverted_residual_block,
    topic="mobile",
    title="An inverted residual block",
    returns=("number of trained parameters", "output"),
    read=f"{BOOK}-inverted",
    forbidden=KERAS_ALLOWED,
    measure=_block,
    hidden_draws=1,
)
CHECKS = {
    check.name: check for check in (depthwise_conv2d, separable_parameters, inverted_residual_block)
}


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, short enough to check by hand."""
    return np.round(rng.normal(0, 2, shape), 1).astype(np.float32)


def _even_handed(rng, height, width, channels, multiplier):
    """Kernels whose taps are all alike; no two kernels are the same, and none is zero."""
    scale = np.arange(1, channels * multiplier + 1).reshape(1, 1, channels, multiplier)
    scale = scale * rng.choice([-0.5, 0.5]) + np.round(rng.uniform(-0.2, 0.2), 1)
    return np.broadcast_to(scale, (height, width, channels, multiplier)).astype(np.float32)


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


def _pick(rng, *values):
    return values[rng.integers(len(values))]


def _seed(rng):
    return int(rng.integers(1000))


# --- depthwise_conv2d ----------------------------------------------------------------------------


@depthwise_conv2d.part(weight=4)
def window(rng):
    """One channel, one kernel: the sum of products in every window."""
    for size in (3, 2):
        image = _numbers(rng, 1, _size(rng, 4, 6), _size(rng, 4, 6), 1)
        yield case(image, _numbers(rng, size, size, 1, 1))


@depthwise_conv2d.part(weight=6)
def channels(rng):
    """Several channels, each with a kernel of its own, and no sum over them."""
    yield case(_numbers(rng, 1, 4, 5, 2), _even_handed(rng, 2, 2, 2, 1))
    yield case(_numbers(rng, 1, _size(rng, 4, 6), 5, 3), _even_handed(rng, 3, 3, 3, 1))


@depthwise_conv2d.part(weight=6, after=(channels,), read=f"{BOOK}-multiplier")
def multiplier(rng):
    """Several kernels for each channel; the maps of one channel stand side by side."""
    yield case(_numbers(rng, 1, 4, 4, 1), _even_handed(rng, 2, 2, 1, 3))
    yield case(_numbers(rng, 1, 4, _size(rng, 4, 6), 3), _even_handed(rng, 3, 3, 3, 2))


@depthwise_conv2d.part(weight=2)
def rectangles(rng):
    """Images and kernels that are not square."""
    yield case(_numbers(rng, 1, 4, 7, 1), _even_handed(rng, 1, 3, 1, 1))
    yield case(_numbers(rng, 1, 8, _size(rng, 4, 6), 1), _even_handed(rng, 4, 2, 1, 1))


@depthwise_conv2d.part(weight=4)
def strides(rng):
    """Strides, one for each axis, that need not divide the size."""
    for step in (2, (1, 2), (3, 1)):
        image = _numbers(rng, 1, _size(rng, 7, 9), _size(rng, 7, 9), 1)
        yield case(image, _even_handed(rng, 3, 3, 1, 1), step)
        yield case(image, _even_handed(rng, 2, 2, 1, 1), strides=step)


@depthwise_conv2d.part(weight=4)
def padding(rng):
    """Padding "same", for odd and even kernels and with strides."""
    for size, step in ((3, 1), (2, 1), (3, 2), (5, 3)):
        image = _numbers(rng, 1, 6, _size(rng, 6, 8), 1)
        yield case(image, _even_handed(rng, size, size, 1, 1), step, "same")


@depthwise_conv2d.part(weight=2)
def batch(rng):
    """Every image of the batch is treated alone."""
    yield case(_numbers(rng, _size(rng, 2, 4), 4, 5, 1), _even_handed(rng, 2, 2, 1, 1))


@depthwise_conv2d.part(weight=2)
def eight_bits(rng):
    """Images of 8 bits do not overflow."""
    image = rng.integers(100, 256, (1, 5, 5, 1), dtype=np.uint8)
    yield case(image, np.ones((2, 2, 1, 1), np.uint8))
    yield case(image, np.full((3, 3, 1, 1), rng.integers(2, 4), np.uint8))


@depthwise_conv2d.part(
    weight=3, after=(window, channels, multiplier, rectangles, strides, padding, batch)
)
def together(rng):
    """All of it at once."""
    for step, mode in (((2, 1), "same"), ((1, 2), "valid"), (2, "same")):
        images = _numbers(rng, _size(rng, 2, 3), _size(rng, 6, 8), _size(rng, 6, 8), 3)
        kernels = _numbers(rng, _size(rng, 2, 4), _size(rng, 2, 4), 3, _pick(rng, 2, 3))
        yield case(images, kernels, step, mode)


@depthwise_conv2d.part(weight=2)
def bad_input(rng):
    """Channels that do not match, or a kernel that does not fit, end in a ValueError."""
    yield case(_numbers(rng, 1, 5, 5, 3), _numbers(rng, 3, 3, 1, 2), raises=ValueError)
    yield case(_numbers(rng, 1, 5, 5, 1), _numbers(rng, 3, 3, 2, 1), raises=ValueError)
    yield case(_numbers(rng, 1, 3, 5, 1), _numbers(rng, 4, 2, 1, 1), raises=ValueError)


# --- separable_parameters ------------------------------------------------------------------------


def _counts(rng):
    """Channels and filters that are not the same number."""
    channels = _size(rng, 3, 30)
    return channels, channels + _size(rng, 1, 30)


@separable_parameters.part(weight=4)
def depthwise(rng):
    """The depthwise part without biases: one small kernel for each channel."""
    for kernel_size in (3, 5, (1, 4)):
        yield case(kernel_size, *_counts(rng), use_bias=False, of="depthwise")


@separable_parameters.part(weight=4, read=f"{BOOK}-pointwise")
def pointwise(rng):
    """The pointwise part without biases: a matrix, channels by filters."""
    for kernel_size in (1, 3):
        yield case(kernel_size, *_counts(rng), use_bias=False, of="pointwise")


@separable_parameters.part(weight=6, after=(depthwise, pointwise), read=f"{BOOK}-multiplier")
def multipliers(rng):
    """A multiplier: more depthwise kernels, and more maps for the pointwise part to read."""
    for multiplier in (2, 3):
        yield case(3, *_counts(rng), multiplier, False)
        yield case((2, 3), *_counts(rng), multiplier=multiplier, use_bias=False)


@separable_parameters.part(weight=6, after=(depthwise, pointwise))
def biases(rng):
    """With biases, as two layers have them: one for each map of either."""
    yield case(3, *_counts(rng))
    yield case(5, *_counts(rng), 2, True)


# --- inverted_residual_block ---------------------------------------------------------------------


def _images(rng, *shape):
    """Signed numbers of one decimal."""
    return np.round(rng.normal(0, 1, shape), 1).astype(np.float32)


def _lights(rng, *shape):
    """Numbers from 0 to 5, which a ReLU6 leaves alone."""
    return np.round(rng.uniform(0, 5, shape), 1).astype(np.float32)


@inverted_residual_block.part(weight=5)
def counted(rng):
    """Other channels, default expansion; the same channels; strides of 2: trained parameters."""
    many, few, images = _size(rng, 5, 30), _size(rng, 2, 5), np.zeros((1, 6, 6, 3), np.float32)
    heard = {"heard": "counted", "of": "number of trained parameters"}
    yield case(images, many, **heard)
    yield case(images, 3, expansion=few, **heard)
    yield case(images, 3, expansion=few + 1, strides=2, **heard)


# Parts that ask for the same block share one build of it; their weights and images differ.
OTHER_CHANNELS = {"filters": 4, "expansion": 2}
SAME_CHANNELS = {"filters": 3}


@inverted_residual_block.part(weight=6)
def filtering(rng):
    """Expand, filter, project; other channels come out. Only what is positive is compared."""
    images, heard = _images(rng, 3, 5, 6, 3), {"heard": "positive", "of": "output"}
    yield case(images, **OTHER_CHANNELS, **heard, seed=_seed(rng))


@inverted_residual_block.part(weight=5, after=(filtering,), read=f"{BOOK}-linear")
def linear(rng):
    """The same, with what is negative: no activation follows the projection."""
    images = _images(rng, 3, 5, 6, 3)
    yield case(images, **OTHER_CHANNELS, seed=_seed(rng), of="output")


@inverted_residual_block.part(weight=4)
def shortcut(rng):
    """The same channels, strides of 1: the input is added (all else is silenced)."""
    images, heard = _lights(rng, 2, 5, 6, 3), {"heard": "shortcut", "of": "output"}
    yield case(images, **SAME_CHANNELS, **heard, seed=_seed(rng))


@inverted_residual_block.part(weight=3)
def no_shortcut(rng):
    """Other channels, or strides of 2: nothing is added (all else is silenced)."""
    heard = {"heard": "shortcut", "of": "output"}
    yield case(_lights(rng, 2, 5, 6, 3), **OTHER_CHANNELS, **heard, seed=_seed(rng))
    yield case(_lights(rng, 2, 6, 5, 3), **SAME_CHANNELS, strides=2, **heard, seed=_seed(rng))


@inverted_residual_block.part(weight=3, after=(filtering,))
def steps(rng):
    """Strides of 2 on an even and an odd size. Only what is positive is compared."""
    images, heard = _images(rng, 2, 6, 7, 2), {"heard": "positive", "of": "output"}
    yield case(images, 3, expansion=3, strides=2, **heard, seed=_seed(rng))


@inverted_residual_block.part(weight=3, after=(filtering,))
def not_expanded(rng):
    """An expansion of 1: there is no first convolution. Only what is positive is compared."""
    images = _images(rng, 2, 5, 4, 4)
    yield case(images, 3, expansion=1, heard="positive", seed=_seed(rng))


@inverted_residual_block.part(weight=2, after=(filtering,))
def ceiling(rng):
    """Large values: ReLU6 lets no more than 6 through. Only what is positive is compared."""
    images, heard = 20 * _images(rng, 2, 5, 6, 3), {"heard": "positive", "of": "output"}
    yield case(images, **OTHER_CHANNELS, **heard, seed=_seed(rng))


@inverted_residual_block.part(weight=1, after=(filtering,))
def kernel_size(rng):
    """A depthwise kernel of another size; the others stay 1x1. Only what is positive counts."""
    size = _pick(rng, 2, 5)
    settings = {"expansion": 2, "kernel_size": size, "heard": "positive", "of": "output"}
    yield case(_images(rng, 2, 6, 5, 2), 3, **settings, seed=_seed(rng))


@inverted_residual_block.part(weight=3, after=(filtering,), read=f"{BOOK}-linear")
def with_shortcut(rng):
    """All of it at once: the input is added to a branch of either sign."""
    yield case(_images(rng, 3, 5, 6, 3), **SAME_CHANNELS, seed=_seed(rng), of="output")
