"""Plausible wrong answers of `dropout`, each with the line that explains it.

Their masks are not the student's, and need not be: what is compared are shares and factors, which
each mistake has a value of its own for.
"""

import numpy as np

from course_lib import dropout as topic
from course_lib.checks.dropout.cases import dropout, residual_block, spatial_dropout


def _by_numbers(x, seed):
    """One random number for each number."""
    return np.random.default_rng(seed).random(x.shape)


def _by_maps(x, seed):
    """One random number for each map of each image."""
    batch, _, _, channels = topic.numeric_array(x, "x", topic.IMAGE_AXES).shape
    return np.random.default_rng(seed).random((batch, 1, 1, channels))


def _dropout(x, rate, training, seed, draw, keep=None, factor=None):
    """Dropout with these left open: the random numbers, what is kept, by what it is multiplied."""
    rate = topic.probability(rate)
    if not training or rate == 0:
        return x * 1.0
    drawn = draw(x, seed)
    kept = keep(drawn, rate) if keep else drawn >= rate
    return x * kept * (factor(rate) if factor else 1 / (1 - rate))


# Mistakes that both functions can make, told apart by the random numbers they draw.
BOTH = ((dropout, _by_numbers, "numbers"), (spatial_dropout, _by_maps, "maps"))


def _for_both(hint):
    """Register a mistake for both functions; it gets the function that draws."""

    def register(mistake):
        for check, draw, things in BOTH:

            def function(x, rate, training=False, seed=None, draw=draw):
                return mistake(x, rate, training, seed, draw)

            function.__name__ = mistake.__name__
            check.misconception(hint.format(things=things))(function)
        return mistake

    return register


@_for_both(
    "Survivors keep their size, so the mean falls by the factor 1 - rate in training and the next "
    "layer meets larger numbers at inference. Divide what survives by 1 - rate."
)
def no_scaling(x, rate, training, seed, draw):
    return _dropout(x, rate, training, seed, draw, factor=lambda rate: 1)


@_for_both(
    "Survivors were divided by rate, the share that is dropped. To keep the mean, divide by the "
    "share that is left: 1 - rate."
)
def divided_by_rate(x, rate, training, seed, draw):
    return _dropout(x, rate, training, seed, draw, factor=lambda rate: 1 / rate if rate else 1)


@_for_both(
    "Survivors were multiplied by 1 - rate and made smaller still. Few are left, so each must "
    "count for more: divide by 1 - rate."
)
def scaled_down(x, rate, training, seed, draw):
    return _dropout(x, rate, training, seed, draw, factor=lambda rate: 1 - rate)


@_for_both(
    "rate was taken for the probability of being kept. It is the share that is dropped, so "
    "{things} survive with probability 1 - rate. (In the paper of 2014, p is the share that is "
    "kept.)"
)
def rate_is_kept(x, rate, training, seed, draw):
    if not topic.probability(rate) > 0:
        return x * 0.0 if training else x * 1.0
    return _dropout(
        x, rate, training, seed, draw, lambda drawn, rate: drawn < rate, lambda rate: 1 / rate
    )


@_for_both(
    "The right share is scaled, but the choice is upside down: with a random number below rate, "
    "which happens with probability rate, {things} must be dropped and not kept."
)
def kept_below_rate(x, rate, training, seed, draw):
    return _dropout(x, rate, training, seed, draw, lambda drawn, rate: drawn < rate or rate == 0)


@_for_both(
    "Something is dropped at inference. Dropout is for training only: with training=False the "
    "input comes back as it is."
)
def drops_at_inference(x, rate, training, seed, draw):
    return _dropout(x, rate, True, seed, draw)


@_for_both(
    "Nothing is dropped in training, and something is at inference: the condition on training is "
    "the wrong way round."
)
def training_inverted(x, rate, training, seed, draw):
    return _dropout(x, rate, not training, seed, draw)


@_for_both(
    "This is the paper's first version: survivors keep their size in training, and everything is "
    "multiplied by 1 - rate at inference. Here scaling is inverted: divide by 1 - rate in "
    "training, and do nothing at inference."
)
def scaled_at_inference(x, rate, training, seed, draw):
    if not training:
        return x * (1 - topic.probability(rate))
    return _dropout(x, rate, training, seed, draw, factor=lambda rate: 1)


@_for_both(
    "All images of the batch lose the same {things}: the mask has one entry along the first axis, "
    "or the seed was set anew for each image. Each image draws for itself."
)
def one_mask_for_the_batch(x, rate, training, seed, draw):
    return _dropout(x, rate, training, seed, lambda x, seed: draw(x, seed)[:1])


@_for_both(
    "Calls with one seed give different masks, so the seed is not used. Draw from "
    "np.random.default_rng(seed), which begins anew with each call."
)
def seed_not_used(x, rate, training, seed, draw):
    return _dropout(x, rate, training, None, draw)


@_for_both(
    "Every call drops the same {things}, whatever the seed: the mask is fixed, so those {things} "
    "are never learnt. Give your seed to np.random.default_rng, in each call."
)
def always_the_same_mask(x, rate, training, seed, draw):
    return _dropout(x, rate, training, 0, draw)


@_for_both(
    "Just the same count of {things} is dropped each time, so that the choices are not "
    "independent: one more dropped here means one fewer there. Draw for each by itself."
)
def fixed_count(x, rate, training, seed, draw):
    def ranks(x, seed):
        drawn = draw(x, seed)
        order = drawn.ravel().argsort().argsort()
        return (order.reshape(drawn.shape) + 0.5) / drawn.size

    return _dropout(x, rate, training, seed, ranks)


@_for_both("A rate below 0, or of 1 and more, drops no share of anything: raise a ValueError.")
def any_rate_goes(x, rate, training, seed, draw):
    if not training:
        return x * 1.0
    with np.errstate(all="ignore"):
        return x * (draw(x, seed) >= rate) / (1 - rate)


# --- dropout -------------------------------------------------------------------------------------


@dropout.misconception(
    "What is dropped is not zero: there is noise, a mean or another number in its place. Whatever "
    "stands there is a signal for the next layer; write 0."
)
def noise_instead_of_zeros(x, rate, training=False, seed=None):
    kept = _by_numbers(x, seed) >= topic.probability(rate)
    if not training:
        return x * 1.0
    noise = np.random.default_rng(1).normal(0, 1, x.shape)
    return np.where(kept, x / (1 - rate), noise)


@dropout.misconception(
    "Every number was multiplied by a random factor. That is Gaussian dropout, a relative; here "
    "there are two factors only, 0 and 1 / (1 - rate)."
)
def random_factors(x, rate, training=False, seed=None):
    rate = topic.probability(rate)
    factors = np.random.default_rng(seed).normal(1, (rate / (1 - rate)) ** 0.5, x.shape)
    return x * factors if training else x * 1.0


@dropout.misconception(
    "Whole feature maps are dropped: that is spatial dropout. Here each number is dropped for "
    "itself, so the mask has the shape of x."
)
def whole_maps_dropped(x, rate, training=False, seed=None):
    draw = _by_maps if x.ndim == 4 else _by_numbers
    return _dropout(x, rate, training, seed, draw)


@dropout.misconception(
    "All channels of a pixel are dropped together: the mask has one entry along the last axis. "
    "Each number has a draw of its own."
)
def channels_dropped_together(x, rate, training=False, seed=None):
    def draw(x, seed):
        return _by_numbers(x[..., :1] if x.ndim == 4 else x, seed)

    return _dropout(x, rate, training, seed, draw)


@dropout.misconception(
    "All pixels of a channel share one draw, in all images: the mask has the shape of the last "
    "axis alone. Each number draws for itself; give the mask the whole shape of x."
)
def one_draw_a_channel(x, rate, training=False, seed=None):
    def draw(x, seed):
        return np.random.default_rng(seed).random(x.shape[-1])

    return _dropout(x, rate, training, seed, draw)


@dropout.misconception(
    "The results are whole numbers, since they were written into an array of the input's type. "
    "Make the array of floats, for example by x * mask / (1 - rate)."
)
def whole_numbers(x, rate, training=False, seed=None):
    return _dropout(x, rate, training, seed, _by_numbers).astype(x.dtype)


# --- spatial_dropout -----------------------------------------------------------------------------


@spatial_dropout.misconception(
    "Maps are dropped in part: each pixel has a draw of its own. That is standard dropout, and its "
    "neighbours give a dropped pixel away. Draw once for each map, with a mask of shape (batch, 1, "
    "1, channels)."
)
def single_numbers_dropped(x, rate, training=False, seed=None):
    x = topic.numeric_array(x, "x", topic.IMAGE_AXES)
    return _dropout(x, rate, training, seed, _by_numbers)


@spatial_dropout.misconception(
    "Pixels are dropped, with all their channels: the mask has the shape (batch, height, width, "
    "1). It must be turned around: one draw for each channel, the same for all pixels."
)
def pixels_with_all_channels(x, rate, training=False, seed=None):
    x = topic.numeric_array(x, "x", topic.IMAGE_AXES)
    return _dropout(x, rate, training, seed, lambda x, seed: _by_numbers(x[..., :1], seed))


@spatial_dropout.misconception(
    "Whole images are dropped, with all their maps: the mask has the shape (batch, 1, 1, 1). Each "
    "channel has a draw of its own."
)
def whole_images(x, rate, training=False, seed=None):
    return _dropout(x, rate, training, seed, lambda x, seed: _by_maps(x[..., :1], seed))


@spatial_dropout.misconception(
    "Rows are dropped, in all channels at once: the mask has the shape (batch, n, 1, 1), as if "
    "channels came second. Here they come last: (batch, 1, 1, channels)."
)
def channels_first(x, rate, training=False, seed=None):
    x = topic.numeric_array(x, "x", topic.IMAGE_AXES)
    return _dropout(x, rate, training, seed, lambda x, seed: _by_numbers(x[:, :, :1, :1], seed))


@spatial_dropout.misconception(
    "An array that is no batch of images was taken. Without height and width there are no maps: "
    "raise a ValueError unless there are four axes."
)
def any_axes_go(x, rate, training=False, seed=None):
    def draw(x, seed):
        shape = (len(x), *(1 for _ in x.shape[1:-1]), x.shape[-1])
        return np.random.default_rng(seed).random(shape)

    return _dropout(x, rate, training, seed, draw)


# --- residual_block ------------------------------------------------------------------------------


def _batch_normalised(tensor):
    from keras import layers

    return layers.BatchNormalization(momentum=0.9)(tensor)


def _spatial(tensor, rate, **options):
    from keras import layers

    return layers.SpatialDropout2D(rate, **options)(tensor) if rate else tensor


def _block(
    tensor, filters, strides, kernel_size, rate, *, drop=_spatial, before=None, last="linear",
    after_addition=True, projection="linear", norm=_batch_normalised, use_bias=False, inner=None,
    branch_end=None, end=None, own_kernels=True, every_strides=False,
):  # fmt: skip
    """The block with everything left open that can be mistaken."""
    from keras import layers

    from course_lib.residual import subsample, total_strides

    count = len(filters)
    if not isinstance(strides, list):
        strides = [strides] * count if every_strides else [strides] + [1] * (count - 1)
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size] * count
    tensor = before(tensor, rate) if before else tensor
    branch = drop(tensor, rate) if drop else tensor
    for number, (maps, size, stride) in enumerate(zip(filters, sizes, strides, strict=True), 1):
        if inner and number > 1:
            branch = inner(branch, rate)
        size = size if own_kernels else 3
        branch = norm(layers.Conv2D(maps, size, stride, "same", use_bias=use_bias)(branch))
        if number < count or last == "relu":
            branch = layers.ReLU()(branch)
    branch = branch_end(branch, rate) if branch_end else branch
    identity, by = tensor, total_strides(strides)
    same = by == (1, 1) and tensor.shape[-1] == filters[-1]
    if not same or projection == "always":
        identity = layers.Conv2D(filters[-1], 1, use_bias=use_bias)(subsample(tensor, by))
        identity = identity if projection == "bare" else norm(identity)
        identity = layers.ReLU()(identity) if projection == "relu" else identity
    total = layers.Add()([branch, identity])
    total = layers.ReLU()(total) if after_addition else total
    return end(total, rate) if end else total


def _mistaken(name, hint, **settings):
    """Register the block with one setting mistaken."""

    def function(tensor, filters, strides=1, kernel_size=3, rate=0.0):
        return _block(tensor, filters, strides, kernel_size, rate, **settings)

    function.__name__ = name
    residual_block.misconception(hint)(function)


def _pixels(tensor, rate):
    from keras import layers

    return layers.Dropout(rate)(tensor)


def _always(tensor, rate):
    from keras import layers

    return layers.SpatialDropout2D(rate)(tensor, training=True)


def _images(tensor, rate):
    from keras import layers

    return layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(tensor)


_mistaken(
    "lectures_block",
    "This is the lecture's block: a ReLU at the end of the branch, and none after the addition. "
    "So the branch can only add. Its last convolution must be linear, and the ReLU comes after "
    "the sum.",
    last="relu", after_addition=False, projection="relu",
)  # fmt: skip
_mistaken(
    "relu_before_the_addition",
    "The branch ends in a ReLU, so that it can add and never take away. Leave the last convolution "
    "linear; the ReLU comes after the sum.",
    last="relu",
)
_mistaken(
    "no_relu_at_the_end",
    "Nothing follows the addition: apply a ReLU to the sum.",
    after_addition=False,
)
_mistaken(
    "relu_on_the_shortcut",
    "The projection carries a ReLU. The shortcut must be linear: else it can only add, and blocks "
    "gradients where it is negative.",
    projection="relu",
)
_mistaken(
    "shortcut_without_batch_norm",
    "The projection is not followed by batch normalisation. It is a convolution like the others, "
    "and without it the two summands have different scales.",
    projection="bare",
)
_mistaken(
    "always_projected",
    "The input is projected even where shapes agree. An identity costs nothing, and gradients pass "
    "it unharmed; project exactly when shapes differ.",
    projection="always",
)
_mistaken(
    "no_batch_norm",
    "There is no batch normalisation: each convolution of the branch, and the projection, is "
    "followed by one.",
    norm=lambda tensor: tensor,
)
_mistaken(
    "biases_kept",
    "The convolutions have biases. Batch normalisation takes away the mean, and a bias with it: "
    "set use_bias=False, also in the projection.",
    use_bias=True,
)
_mistaken(
    "kernel_size_ignored",
    "The kernels are 3 x 3 whatever kernel_size says. It is an integer for all convolutions, or a "
    "list with one entry for each.",
    own_kernels=False,
)
_mistaken(
    "no_dropout",
    "The branch sees all of its input in training: there is no dropout at its entrance.",
    drop=None,
)
_mistaken(
    "dropped_at_inference",
    "Maps are dropped at inference too: with training=True they are wherever the block is called. "
    "Leave the argument out, and Keras drops in training only.",
    drop=_always,
)
_mistaken(
    "single_pixels",
    "The branch loses single pixels, which their neighbours give away. Use SpatialDropout2D, which "
    "drops whole maps.",
    drop=_pixels,
)
_mistaken(
    "rate_kept",
    "The branch keeps a share of rate and loses all others. rate is the share that is dropped, as "
    "in Keras.",
    drop=lambda tensor, rate: _spatial(tensor, 1 - rate if rate else 0),
)
_mistaken(
    "shortcut_dropped_too",
    "The shortcut loses the same maps as the branch. Keep the input under a name of its own before "
    "you apply dropout; only the branch goes without.",
    before=_spatial, drop=None,
)  # fmt: skip
_mistaken(
    "dropout_after_the_sum",
    "Maps of the block's output are dropped, and the shortcut with them. Dropout belongs at the "
    "entrance of the branch.",
    drop=None, end=_spatial,
)  # fmt: skip
_mistaken(
    "dropout_at_the_end_of_the_branch",
    "Dropout stands at the end of the branch. Here it stands at its entrance, so that the "
    "convolutions learn to do without some of the maps that they read.",
    drop=None, branch_end=_spatial,
)  # fmt: skip
_mistaken(
    "dropout_before_each_convolution",
    "Dropout stands before each convolution. Once is enough, at the entrance of the branch.",
    inner=_spatial,
)
_mistaken(
    "all_maps_of_an_image",
    "An image loses all of its maps or none. Each map is dropped for itself.",
    drop=_images,
)
