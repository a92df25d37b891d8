"""Plausible wrong blocks and networks of `encoder_decoder`, each with the line that explains it.

A block is made of steps: sampling, what is added, dropout, convolutions, the sum. A mistake
replaces one of them. Most can be made in either block, and are planted in both.
"""

import functools

import keras
from keras import layers

from course_lib import encoder_decoder as topic
from course_lib.batch_normalization import conv_bn_relu
from course_lib.checks.encoder_decoder.cases import (
    decoder_residual_block,
    encoder_decoder,
    encoder_residual_block,
)


def _norm(tensor):
    return layers.BatchNormalization(momentum=0.9)(tensor)


def _conv(tensor, maps, size, strides=1, relu=True, norm=True, padding="same"):
    tensor = layers.Conv2D(maps, size, strides, padding, use_bias=not norm)(tensor)
    tensor = _norm(tensor) if norm else tensor
    return layers.ReLU()(tensor) if relu else tensor


def _pool(tensor, filters):
    return layers.MaxPooling2D(2, padding="same")(tensor)


def _strided(tensor, filters):
    return _conv(tensor, filters[-1], 2, 2)


def _repeat(tensor, filters):
    return layers.UpSampling2D(2)(tensor)


def _transposed(tensor, filters):
    tensor = layers.Conv2DTranspose(filters[-1], 2, 2, use_bias=False)(tensor)
    return layers.ReLU()(_norm(tensor))


def _drop(tensor, rate):
    return layers.SpatialDropout2D(rate)(tensor) if rate else tensor


def _kept(tensor, rate):
    return tensor


def _convolve(tensor, filters, sizes, last=False, middle=True, norm=True, padding="same"):
    for number, (maps, size) in enumerate(zip(filters, sizes, strict=False), start=1):
        relu = middle if number < len(filters) else last
        tensor = _conv(tensor, maps, size, relu=relu, norm=norm, padding=padding)
    return tensor


def _sum(branch, shortcut):
    return layers.ReLU()(layers.Add()([branch, shortcut]))


def _sizes(filters, kernel_size):
    if not isinstance(kernel_size, (list, tuple)):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError(f"kernel_size has {len(kernel_size)} entries for {len(filters)}")
    return kernel_size


def _block(
    tensor,
    filters,
    kernel_size,
    drop_rate,
    learnable_sampling,
    *,
    plain,
    learnt,
    match=topic.match_channels,
    drop=_drop,
    drop_first=_kept,
    drop_after=_kept,
    convolve=_convolve,
    join=_sum,
    lists=_sizes,
):
    sizes = lists(filters, kernel_size)
    tensor = (learnt if learnable_sampling else plain)(tensor, filters)
    tensor = drop_first(tensor, drop_rate)
    branch = convolve(drop(tensor, drop_rate), filters, sizes)
    branch = drop_after(branch, drop_rate)
    return join(branch, match(tensor, filters[-1]))


_ENCODER = encoder_residual_block, {"plain": _pool, "learnt": _strided}
_DECODER = decoder_residual_block, {"plain": _repeat, "learnt": _transposed}


def _planted(hint, *blocks):
    """Plant a mistake in blocks; the decorated function says which steps it replaces."""

    def register(steps):
        for check, own in blocks:
            check.misconception(hint)(_wrong_block(steps.__name__, {**own, **steps()}))
        return steps

    return register


def _wrong_block(name, steps):
    def block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
        return _block(tensor, filters, kernel_size, drop_rate, learnable_sampling, **steps)

    block.__name__ = name
    return block


def _of_both(hint):
    return _planted(hint, _ENCODER, _DECODER)


def _of_encoder(hint):
    return _planted(hint, _ENCODER)


def _of_decoder(hint):
    return _planted(hint, _DECODER)


# --- sampling ------------------------------------------------------------------------------------


@_of_encoder(
    "the image is not made smaller when the sampling is not learnt: pool it first, with "
    'MaxPooling2D(2, padding="same").'
)
def not_halved():
    return {"plain": lambda tensor, filters: tensor}


@_of_encoder("the image is pooled by the average of each window, and the block takes the largest.")
def average_pooling():
    return {"plain": lambda tensor, filters: layers.AveragePooling2D(2, padding="same")(tensor)}


@_of_encoder(
    'Odd sizes lose a row or a column: they are rounded up, with padding="same", in the pooling '
    "and in the convolution that samples."
)
def odd_sizes_rounded_down():
    def pool(tensor, filters):
        return layers.MaxPooling2D(2)(tensor)

    def strided(tensor, filters):
        return _conv(tensor, filters[-1], 2, 2, padding="valid")

    return {"plain": pool, "learnt": strided}


@_of_encoder(
    "the pooling loses a row or a column of odd sizes, and the convolution that samples does not: "
    'write padding="same" into both.'
)
def pooling_rounded_down():
    return {"plain": lambda tensor, filters: layers.MaxPooling2D(2)(tensor)}


@_of_encoder(
    "the learnt sampling has 1x1 kernels, as in the lecture's listing: with strides of 2 they "
    "never read three pixels in four. Take 2x2, which read each pixel once."
)
def sampling_by_single_pixels():
    def strided(tensor, filters):
        return _conv(layers.AveragePooling2D(1, 2)(tensor), filters[-1], 1)

    return {"learnt": strided}


@_of_encoder(
    "the learnt sampling has 3x3 kernels. That is a fair choice, and this block has 2x2: each "
    "pixel is read once, as the decoder's transposed convolution writes it."
)
def sampling_by_three_pixels():
    return {"learnt": lambda tensor, filters: _conv(tensor, filters[-1], 3, 2)}


@_of_encoder(
    "the learnt sampling lacks its ReLU. It is a convolution like the others: normalise, then ReLU."
)
def bare_strided_convolution():
    return {"learnt": lambda tensor, filters: _conv(tensor, filters[-1], 2, 2, relu=False)}


@_of_encoder(
    "the learnt sampling is not normalised. It is a convolution like the others: batch "
    "normalisation, then ReLU."
)
def strided_without_norm():
    return {"learnt": lambda tensor, filters: _conv(tensor, filters[-1], 2, 2, norm=False)}


@_of_encoder(
    "the learnt sampling keeps the channels of its input. It has as many filters as the block's "
    "last convolution, filters[-1], so that the shortcut fits as it is."
)
def sampling_keeps_channels():
    return {"learnt": lambda tensor, filters: _conv(tensor, tensor.shape[-1], 2, 2)}


@_of_encoder("learnable_sampling is not used: the block always pools.")
def always_pools():
    return {"learnt": _pool}


@_of_decoder(
    "the image is not made larger when the sampling is not learnt: repeat its pixels first, with "
    "UpSampling2D(2)."
)
def not_doubled():
    return {"plain": lambda tensor, filters: tensor}


@_of_decoder(
    "the image is interpolated bilinearly. This block repeats each pixel: UpSampling2D(2), whose "
    'interpolation is "nearest" unless it is told otherwise.'
)
def bilinear():
    def interpolate(tensor, filters):
        return layers.UpSampling2D(2, interpolation="bilinear")(tensor)

    return {"plain": interpolate}


@_of_decoder(
    "the transposed convolution has 3x3 kernels. With strides of 2 their copies overlap unevenly, "
    "which makes checkerboards: 2x2 kernels lie side by side."
)
def transposed_three():
    def transposed(tensor, filters):
        tensor = layers.Conv2DTranspose(filters[-1], 3, 2, "same", use_bias=False)(tensor)
        return layers.ReLU()(_norm(tensor))

    return {"learnt": transposed}


@_of_decoder(
    "the transposed convolution lacks its ReLU. It is a convolution like the others: normalise, "
    "then ReLU."
)
def bare_transposed_convolution():
    def transposed(tensor, filters):
        return _norm(layers.Conv2DTranspose(filters[-1], 2, 2, use_bias=False)(tensor))

    return {"learnt": transposed}


@_of_decoder(
    "the transposed convolution is not normalised. It is a convolution like the others: batch "
    "normalisation, then ReLU."
)
def transposed_without_norm():
    def transposed(tensor, filters):
        return layers.Conv2DTranspose(filters[-1], 2, 2, activation="relu")(tensor)

    return {"learnt": transposed}


@_of_decoder(
    "the transposed convolution keeps the channels of its input. It has as many filters as the "
    "block's last convolution, filters[-1], so that the shortcut fits as it is."
)
def transposed_keeps_channels():
    def transposed(tensor, filters):
        return _transposed(tensor, [tensor.shape[-1]])

    return {"learnt": transposed}


@_of_decoder("learnable_sampling is not used: the block always repeats pixels.")
def always_repeats():
    return {"learnt": _repeat}


# --- the shortcut --------------------------------------------------------------------------------


def _projected(tensor, filters, relu=False, norm=True):
    return _conv(tensor, filters, 1, relu=relu, norm=norm)


def _padded(tensor, filters, before=0, after=None):
    missing = filters - tensor.shape[-1]
    after = missing - before if after is None else after
    return keras.ops.pad(tensor, [[0, 0], [0, 0], [0, 0], [before, after]])


@_of_both(
    "channels that are missing are made by a projection, which has weights. This block adds "
    "channels of zeros; a projection is for channels that are too many."
)
def projects_what_could_be_padded():
    def match(tensor, filters):
        return tensor if tensor.shape[-1] == filters else _projected(tensor, filters)

    return {"match": match}


@_of_both("the zeros stand before the input's own channels. They come after them.")
def zeros_in_front():
    def match(tensor, filters):
        missing = filters - tensor.shape[-1]
        if missing > 0:
            return _padded(tensor, filters, before=missing)
        return topic.match_channels(tensor, filters)

    return {"match": match}


@_of_both(
    "channels are only ever added, as in the lecture's listing. Where fewer come out than go in, "
    "zeros are no help: project. (From many to one, Add broadcasts silently and returns too many.)"
)
def channels_only_grow():
    def match(tensor, filters):
        return topic.match_channels(tensor, filters) if tensor.shape[-1] < filters else tensor

    return {"match": match}


@_of_both(
    "the shortcut keeps its channels where the branch has others. Add channels of zeros where they "
    "are too few, and project where they are too many."
)
def channels_never_matched():
    return {"match": lambda tensor, filters: tensor}


@_of_both(
    "the projection in the shortcut has a ReLU, as conv_bn_relu does. A shortcut that is never "
    "negative can only add: it is normalised and stays linear."
)
def relu_on_the_projection():
    def match(tensor, filters):
        if tensor.shape[-1] > filters:
            return _projected(tensor, filters, relu=True)
        return topic.match_channels(tensor, filters)

    return {"match": match}


@_of_both(
    "the projection in the shortcut is not normalised. It is a convolution like the others: batch "
    "normalisation follows it, and no ReLU."
)
def projection_without_norm():
    def match(tensor, filters):
        if tensor.shape[-1] > filters:
            return _projected(tensor, filters, norm=False)
        return topic.match_channels(tensor, filters)

    return {"match": match}


@_of_both(
    "channels that are too many are cut off the shortcut. What they hold is lost for it: a "
    "projection mixes all of them into fewer."
)
def channels_cut_off():
    def match(tensor, filters):
        if tensor.shape[-1] > filters:
            return tensor[..., :filters]
        return topic.match_channels(tensor, filters)

    return {"match": match}


@_of_both(
    "the shortcut is projected always. Where the channels agree, the input itself is the shortcut: "
    "no weights, and a derivative of exactly 1."
)
def always_projects():
    return {"match": _projected}


@_of_both(
    "there is no shortcut: the convolutions' output comes back alone. Add the block's input to it, "
    "after sampling."
)
def no_shortcut():
    return {"join": lambda branch, shortcut: layers.ReLU()(branch)}


@_of_both(
    "the convolutions' output is added to itself: the input was overwritten on the way. Keep it "
    "under a name of its own before you convolve."
)
def branch_added_to_itself():
    return {"join": lambda branch, shortcut: _sum(branch, branch)}


@_of_both(
    "channels are added by a Lambda layer, or a TensorFlow function in it. The block computes the "
    "right thing, but a saved model cannot be loaded in safe mode, since anything may be in such a "
    "layer. keras.ops.pad does the same."
)
def pads_in_a_lambda():
    def match(tensor, filters):
        missing = filters - tensor.shape[-1]
        if missing <= 0:
            return topic.match_channels(tensor, filters)
        return layers.Lambda(lambda x: keras.ops.pad(x, [[0, 0]] * 3 + [[0, missing]]))(tensor)

    return {"match": match}


@_of_both(
    "tf.pad cannot work on the tensors of Keras 3, on which the lecture's listing calls it: it "
    "wants numbers, and here is only a description of them. keras.ops.pad can."
)
def pads_with_tensorflow():
    def match(tensor, filters):
        missing = filters - tensor.shape[-1]
        if missing <= 0:
            return topic.match_channels(tensor, filters)
        import tensorflow as tf

        return tf.pad(tensor, [[0, 0], [0, 0], [0, 0], [0, missing]])

    return {"match": match}


# --- the branch and the sum ----------------------------------------------------------------------


@_of_both(
    "the last convolution has a ReLU before the addition, so that f(x) is never negative and a "
    "block can only add. Leave it linear; the ReLU comes after the sum."
)
def relu_before_the_addition():
    return {"convolve": functools.partial(_convolve, last=True)}


@_of_both(
    "the ReLU stands before the addition and none after it, as in the lecture's listing: f(x) is "
    "never negative, and values grow from block to block. Leave the last convolution linear and "
    "put the ReLU after the sum."
)
def the_lectures_order():
    return {
        "convolve": functools.partial(_convolve, last=True),
        "join": lambda *two: layers.Add()(two),
    }


@_of_both("no ReLU follows the addition. This block ends with one: ReLU(f(x) + x).")
def no_relu_after_the_addition():
    return {"join": lambda *two: layers.Add()(two)}


@_of_both(
    "no ReLU stands between the convolutions. Two linear convolutions in a row are one linear "
    "convolution: all but the last have a ReLU."
)
def no_relu_between():
    return {"convolve": functools.partial(_convolve, middle=False)}


@_of_both("the convolutions lack batch normalisation: each is followed by one.")
def no_batch_normalisation():
    return {"convolve": functools.partial(_convolve, norm=False)}


@_of_both(
    "branch and shortcut are put side by side, with twice the channels, and not added: use Add. "
    "(Side by side they stand in a UNet.)"
)
def concatenated():
    return {"join": lambda *two: layers.ReLU()(layers.Concatenate()(two))}


@_of_both("all convolutions have the first kernel size. Each has its own entry of the list.")
def first_kernel_size_everywhere():
    def convolve(tensor, filters, sizes):
        return _convolve(tensor, filters, [sizes[0]] * len(filters))

    return {"convolve": convolve}


@_of_both(
    'the convolutions have no padding and lose the border: write padding="same", or the branch no '
    "longer fits to the shortcut."
)
def no_padding():
    return {"convolve": functools.partial(_convolve, padding="valid")}


def _as_many(filters, kernel_size):
    if not isinstance(kernel_size, (list, tuple)):
        return [kernel_size] * len(filters)
    return list(kernel_size)


@_of_both(
    "lists of different lengths are cut to the shorter one silently, as zip does: a convolution or "
    "a kernel size is lost. Compare the lengths and raise a ValueError."
)
def lists_cut_to_the_shorter():
    def convolve(tensor, filters, sizes):
        count = min(len(filters), len(sizes))
        return _convolve(tensor, filters[:count], sizes[:count])

    def match(tensor, filters):
        return topic.match_channels(tensor, filters)

    return {"lists": _as_many, "convolve": convolve, "match": match}


# --- dropout -------------------------------------------------------------------------------------


@_of_both(
    "nothing is dropped: drop_rate is not used. The branch begins with SpatialDropout2D(drop_rate)."
)
def nothing_dropped():
    return {"drop": _kept}


@_of_both(
    "single pixels are dropped (Dropout). Their neighbours tell what they were: drop whole feature "
    "maps, SpatialDropout2D."
)
def pixels_dropped():
    return {"drop": lambda tensor, rate: layers.Dropout(rate)(tensor) if rate else tensor}


@_of_both(
    "the shortcut is dropped as well: dropout stands before branch and shortcut part, or after "
    "they are added. It stands at the entrance of the branch alone."
)
def shortcut_dropped():
    return {"drop": _kept, "drop_first": _drop}


@_of_both(
    "dropout stands at the end of the branch, after its convolutions. It stands at its entrance, "
    "so that the convolutions learn to do without one map or another."
)
def dropped_at_the_end():
    return {"drop": _kept, "drop_after": _drop}


@_of_both(
    "drop_rate is taken for the share that is kept. It is the share that is dropped, as Keras's "
    "layers take it."
)
def rate_is_kept():
    def drop(tensor, rate):
        return layers.SpatialDropout2D(1 - rate)(tensor) if rate else tensor

    return {"drop": drop}


@_of_both(
    "maps are dropped at inference too: with training=True they are wherever the model is called, "
    "as in model(images). Leave the argument out, and Keras drops in training only."
)
def dropped_at_inference():
    def drop(tensor, rate):
        return layers.SpatialDropout2D(rate)(tensor, training=True) if rate else tensor

    return {"drop": drop}


# --- encoder_decoder -----------------------------------------------------------------------------


def _down(tensor, filters, sizes, rate, learnt):
    return topic.encoder_residual_block(tensor, filters, sizes, rate, learnt)


def _up(tensor, filters, sizes, rate, learnt):
    return topic.decoder_residual_block(tensor, filters, sizes, rate, learnt)


def _last(tensor, channels):
    return layers.Conv2D(channels, 3, padding="same")(tensor)


def _cut(tensor, like):
    return tensor[:, : like.shape[1], : like.shape[2]]


def _network(
    tensor,
    encoder_filters,
    encoder_kernel_sizes,
    decoder_filters,
    decoder_kernel_sizes,
    code_filters=256,
    code_kernel_size=5,
    channels=3,
    drop_rate=0.0,
    learnable_sampling=False,
    *,
    check=topic._check_levels,
    first=lambda tensor: tensor,
    down=_down,
    code=conv_bn_relu,
    up=_up,
    last=_last,
    cut=_cut,
):
    levels = encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes
    check(*levels)
    x, settings = first(tensor), (drop_rate, learnable_sampling)
    for filters, sizes in zip(*levels[:2], strict=False):
        x = down(x, filters, sizes, *settings)
    x = code(x, code_filters, 1, code_kernel_size)
    for filters, sizes in zip(*levels[2:], strict=False):
        x = up(x, filters, sizes, *settings)
    return cut(last(x, channels), tensor)


def _of_network(hint):
    """Plant a mistake in the network; the decorated function says which steps it replaces."""

    def register(steps):
        def network(tensor, *args, **kwargs):
            return _network(tensor, *args, **kwargs, **steps())

        network.__name__ = steps.__name__
        encoder_decoder.misconception(hint)(network)
        return steps

    return register


def _of_levels(hint):
    """Plant a mistake in the network; the decorated function changes its arguments."""

    def register(levels):
        def network(tensor, *args, **kwargs):
            return _network(tensor, *levels(*args[:4]), *args[4:], **kwargs)

        network.__name__ = levels.__name__
        encoder_decoder.misconception(hint)(network)
        return levels

    return register


@_of_levels(
    "the decoder takes its levels in the encoder's order, from the finest to the code. Its lists "
    "already begin at the code: take them as they come."
)
def decoder_turned_around(encoder, encoder_sizes, decoder, decoder_sizes):
    return encoder, encoder_sizes, decoder[::-1], decoder_sizes[::-1]


@_of_levels("all levels have the first level's filters and kernel sizes. Each has its own entry.")
def first_level_everywhere(encoder, encoder_sizes, decoder, decoder_sizes):
    topic._check_levels(encoder, encoder_sizes, decoder, decoder_sizes)
    count = len(encoder)
    return (
        encoder[:1] * count,
        encoder_sizes[:1] * count,
        decoder[:1] * count,
        (decoder_sizes[:1] * count),
    )


@_of_network(
    "the code is missing: the convolution between encoder and decoder, normalised and with a ReLU."
)
def no_code():
    return {"code": lambda x, *settings: x}


@_of_network(
    "the code's arguments are exchanged, or its kernel is not used: conv_bn_relu takes filters, "
    "strides, kernel_size, in this order."
)
def code_kernel_ignored():
    return {"code": lambda x, maps, strides, size: conv_bn_relu(x, maps)}


@_of_network(
    "the code is neither normalised nor cut off by a ReLU. It is a convolution like the others."
)
def bare_code():
    def code(x, maps, strides, size):
        return layers.Conv2D(maps, size, padding="same")(x)

    return {"code": code}


@_of_network(
    "the code lacks batch normalisation. It is a convolution like the others: normalised, and then "
    "a ReLU."
)
def code_without_norm():
    def code(x, maps, strides, size):
        return layers.Conv2D(maps, size, padding="same", activation="relu")(x)

    return {"code": code}


@_of_network(
    "a ReLU follows the last convolution, so that the image cannot have negative numbers. What "
    "comes out of this network is linear."
)
def relu_at_the_end():
    def last(x, channels):
        return layers.Conv2D(channels, 3, padding="same", activation="relu")(x)

    return {"last": last}


@_of_network(
    "a sigmoid follows the last convolution, so that the image lies between 0 and 1. What comes "
    "out of this network is linear; standardised images are negative, too."
)
def sigmoid_at_the_end():
    def last(x, channels):
        return layers.Conv2D(channels, 3, padding="same", activation="sigmoid")(x)

    return {"last": last}


@_of_network("the last convolution has 1x1 kernels. This one has 3x3, as in the lecture's script.")
def last_convolution_of_one_pixel():
    return {"last": lambda x, channels: layers.Conv2D(channels, 1)(x)}


@_of_network("the last convolution has as many filters as the input has channels, not `channels`.")
def channels_of_the_input():
    state = {}

    def first(tensor):
        state["channels"] = tensor.shape[-1]
        return tensor

    return {"first": first, "last": lambda x, channels: _last(x, state["channels"])}


@_of_network(
    "nothing is cut off: sizes that cannot be halved come back larger, since each level rounds up. "
    "Cut the output to the input's height and width."
)
def not_cut():
    return {"cut": lambda x, like: x}


@_of_network(
    "what is too much was cut at the top and at the left, so that the picture is shifted. The "
    "rounding added below and at the right."
)
def cut_at_the_wrong_end():
    def cut(x, like):
        rows, columns = x.shape[1] - like.shape[1], x.shape[2] - like.shape[2]
        return x[:, rows:, columns:]

    return {"cut": cut}


@_of_network(
    "what is too much was cut on both sides alike, so that the picture is shifted. The rounding "
    "added below and at the right."
)
def cut_on_both_sides():
    def cut(x, like):
        rows, columns = ((x.shape[i] - like.shape[i]) // 2 for i in (1, 2))
        return x[:, rows : rows + like.shape[1], columns : columns + like.shape[2]]

    return {"cut": cut}


@_of_network(
    "what is too much was cut before the last convolution, which then finds zeros at the border "
    "where there was an image. Cut at the very end."
)
def cut_before_the_last_convolution():
    state = {}

    def first(tensor):
        state["like"] = tensor
        return tensor

    def last(x, channels):
        return _last(_cut(x, state["like"]), channels)

    return {"first": first, "last": last, "cut": lambda x, like: x}


@_of_network("learnable_sampling does not reach the blocks. Pass it on to all of them.")
def sampling_not_passed_on():
    return {
        "down": lambda x, filters, sizes, rate, learnt: _down(x, filters, sizes, rate, False),
        "up": lambda x, filters, sizes, rate, learnt: _up(x, filters, sizes, rate, False),
    }


@_of_network("learnable_sampling reaches the encoder's blocks and not the decoder's.")
def sampling_in_the_encoder_only():
    return {"up": lambda x, filters, sizes, rate, learnt: _up(x, filters, sizes, rate, False)}


@_of_network("drop_rate does not reach the blocks. Pass it on to all of them.")
def rate_not_passed_on():
    return {
        "down": lambda x, filters, sizes, rate, learnt: _down(x, filters, sizes, 0.0, learnt),
        "up": lambda x, filters, sizes, rate, learnt: _up(x, filters, sizes, 0.0, learnt),
    }


@_of_network("drop_rate reaches the encoder's blocks and not the decoder's.")
def rate_in_the_encoder_only():
    return {"up": lambda x, filters, sizes, rate, learnt: _up(x, filters, sizes, 0.0, learnt)}


@_of_network(
    "lists of different lengths are cut to the shorter one silently, as zip does, so that levels "
    "are lost. Compare all four lengths and raise a ValueError."
)
def levels_lost_silently():
    return {"check": lambda *levels: None}


@_of_network(
    "an encoder and a decoder with different numbers of levels are accepted, so that the size "
    "changes. Compare all four lengths and raise a ValueError."
)
def decoder_of_another_depth():
    def check(encoder, encoder_sizes, decoder, decoder_sizes):
        if len(encoder) != len(encoder_sizes) or len(decoder) != len(decoder_sizes):
            raise ValueError("one entry for each level")

    return {"check": check}
