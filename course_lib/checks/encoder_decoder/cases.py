"""What the checks of `encoder_decoder` try: one idea a part, so that one mistake costs one part.

Kernels whose taps are all alike (`_even`) keep the parts about overlaps, sizes and cuts apart from
the orientation of the kernel. In blocks, most parts silence the branch: `measures.py` says how. And
their images are even (`_patches`, `_plain`), so that pooling by averages, or interpolation by
lines, costs one part and no more.
"""

import numpy as np

from course_lib import encoder_decoder as topic
from course_lib.checks.core import Check, case
from course_lib.checks.encoder_decoder.measures import (
    BLOCK,
    DROPPED,
    DROPS,
    NETWORK,
    WEIGHTS,
    measure,
    measure_network,
)

BOOK = "encoder_decoder.html#encoder-decoder"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")

upsample_nearest = Check(
    topic.upsample_nearest,
    topic="encoder_decoder",
    title="Larger images by repeating pixels",
    returns=("larger",),
    read=f"{BOOK}-nearest",
)
conv2d_transpose = Check(
    topic.conv2d_transpose,
    topic="encoder_decoder",
    title="A transposed convolution's output",
    returns=("output",),
    read=f"{BOOK}-transposed",
)
_BLOCK = {
    "topic": "encoder_decoder",
    "returns": BLOCK,
    "rtol": 1e-3,
    "forbidden": KERAS_ALLOWED,
    "measure": measure,
    "hidden_draws": 1,
}
encoder_residual_block = Check(
    topic.encoder_residual_block,
    title="A residual block that halves the image",
    read=f"{BOOK}-blocks",
    **_BLOCK,
)
decoder_residual_block = Check(
    topic.decoder_residual_block,
    title="A residual block that doubles the image",
    read=f"{BOOK}-decoder",
    **_BLOCK,
)
encoder_decoder = Check(
    topic.encoder_decoder,
    topic="encoder_decoder",
    title="The network from image to image",
    returns=NETWORK,
    read=f"{BOOK}-network",
    rtol=1e-3,
    forbidden=KERAS_ALLOWED,
    measure=measure_network,
    hidden_draws=1,
)
CHECKS = {
    check.name: check
    for check in (
        upsample_nearest,
        conv2d_transpose,
        encoder_residual_block,
        decoder_residual_block,
        encoder_decoder,
    )
}


def _numbers(rng, *shape):
    """Negative and positive numbers of one decimal, short enough to check by hand."""
    return np.round(rng.normal(0, 2, shape), 1).astype(np.float32)


def _even(rng, height, width, filters=1, channels=1):
    """Kernels whose taps are all alike."""
    scale = _numbers(rng, 1, 1, filters, channels) + np.float32(0.05)
    return np.broadcast_to(scale, (height, width, filters, channels)).copy()


def _images(rng, *shape):
    """Signed numbers of one decimal."""
    return np.round(rng.normal(0, 1, shape), 1).astype(np.float32)


def _patches(rng, batch, height, width, channels):
    """Images that are even in each block of 2x2, which all kinds of pooling make the same of."""
    small = _images(rng, batch, -(-height // 2), -(-width // 2), channels)
    return small.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width]


def _plain(rng, batch, height, width, channels):
    """Images of one colour each, which all kinds of interpolation make the same of."""
    return np.tile(_images(rng, batch, 1, 1, channels), (1, height, width, 1))


def _size(rng, low, high):
    return int(rng.integers(low, high + 1))


def _seed(rng):
    return int(rng.integers(1000))


def _pick(rng, *values):
    return values[rng.integers(len(values))]


# --- upsample_nearest ----------------------------------------------------------------------------


@upsample_nearest.part(weight=2)
def doubled(rng):
    """A gray image: every pixel becomes a square of four."""
    yield case(_numbers(rng, 1, _size(rng, 2, 3), _size(rng, 4, 5), 1))


@upsample_nearest.part(weight=1)
def factors(rng):
    """Other factors than 2; with 1 nothing changes."""
    yield case(_numbers(rng, 1, 3, _size(rng, 4, 5), 1), 3)
    yield case(_numbers(rng, 1, 2, 4, 1), _size(rng, 4, 5))
    yield case(_numbers(rng, 1, 3, 4, 1), 1)


@upsample_nearest.part(weight=1)
def each_axis(rng):
    """A pair: one factor for the height, one for the width."""
    yield case(_numbers(rng, 1, 3, 4, 1), (2, 3))
    yield case(_numbers(rng, 1, _size(rng, 2, 4), 3, 1), (1, 4))


@upsample_nearest.part(weight=1)
def batch_and_channels(rng):
    """Only height and width grow, for every image and channel."""
    yield case(_numbers(rng, _size(rng, 2, 3), 4, 5, 3))
    yield case(rng.integers(1, 256, (2, 3, 2, 4), dtype=np.uint8), (3, 2))


# --- conv2d_transpose ----------------------------------------------------------------------------


@conv2d_transpose.part(weight=3)
def copies(rng):
    """Strides as large as the kernel: copies side by side, each times its pixel."""
    for size in (2, 3):
        image = _numbers(rng, 1, _size(rng, 2, 3), _size(rng, 3, 4), 1)
        yield case(image, _numbers(rng, size, size, 1, 1), size)


@conv2d_transpose.part(weight=3)
def overlaps(rng):
    """Strides of 1: copies overlap, and add up."""
    for size in (2, 3):
        yield case(_numbers(rng, 1, _size(rng, 3, 4), 4, 1), _even(rng, size, size))


@conv2d_transpose.part(weight=2)
def steps(rng):
    """Strides below the kernel's size: they overlap in part."""
    for size, strides in ((3, 2), (4, 2), (5, 3)):
        yield case(_numbers(rng, 1, 3, _size(rng, 3, 5), 1), _even(rng, size, size), strides)


@conv2d_transpose.part(weight=1, read=f"{BOOK}-sizes")
def gaps(rng):
    """Strides above the kernel's size: zeros between the copies, and after the last one."""
    for size, strides in ((2, 3), (1, 2)):
        yield case(_numbers(rng, 1, 3, _size(rng, 3, 5), 1), _even(rng, size, size), strides)


@conv2d_transpose.part(weight=4, read=f"{BOOK}-sizes")
def same(rng):
    """Padding "same": what is more than size * strides is cut, half of it before."""
    for size, strides in ((3, 1), (2, 1), (3, 2), (4, 2), (5, 2), (2, 2), (5, 3)):
        image = _numbers(rng, 1, _size(rng, 3, 4), _size(rng, 3, 5), 1)
        yield case(image, _even(rng, size, size), strides, "same")


@conv2d_transpose.part(weight=3)
def channels_and_filters(rng):
    """Kernels are (height, width, filters, channels): every filter sums over all channels."""
    # As many filters as channels first: who mixes them up gets numbers, and a hint.
    yield case(_numbers(rng, 1, 3, 3, 3), _even(rng, 2, 2, 3, 3), 2)
    yield case(_numbers(rng, 1, 3, 4, 2), _even(rng, 2, 2, 3, 2), 2)


@conv2d_transpose.part(weight=2)
def rectangles(rng):
    """Kernels that are not square, and a stride for each axis."""
    yield case(_numbers(rng, 1, 3, 4, 1), _even(rng, 1, 3), (1, 2))
    yield case(_numbers(rng, 1, _size(rng, 3, 5), 3, 1), _even(rng, 3, 2), (3, 1))


@conv2d_transpose.part(weight=2)
def batch(rng):
    """Every image of the batch is treated alone."""
    yield case(_numbers(rng, _size(rng, 2, 4), 3, 2, 1), _even(rng, 2, 2), 2)


@conv2d_transpose.part(
    weight=3, after=(copies, overlaps, steps, same, channels_and_filters, rectangles, batch)
)
def together(rng):
    """All of it at once."""
    for strides, padding in (((2, 1), "same"), ((2, 3), "valid"), (2, "same")):
        images = _numbers(rng, _size(rng, 2, 3), _size(rng, 3, 4), _size(rng, 3, 5), 3)
        yield case(images, _numbers(rng, 4, _size(rng, 3, 5), 2, 3), strides, padding)


@conv2d_transpose.part(weight=2)
def channels_that_do_not_fit(rng):
    """Channels that do not match the kernels' end in a ValueError."""
    yield case(_numbers(rng, 1, 3, 4, 3), _numbers(rng, 2, 2, 3, 2), raises=ValueError)


# --- encoder_residual_block ----------------------------------------------------------------------


@encoder_residual_block.part(weight=5)
def halved(rng):
    """Max pooling, then ReLU(f(x) + x) at the smaller size; channels stay."""
    channels = _pick(rng, 3, 4)
    yield case(_images(rng, 2, 6, 8, channels), [channels + 1, channels], seed=_seed(rng))


@encoder_residual_block.part(weight=2)
def kernel_sizes(rng):
    """Three convolutions, each with filters and a kernel size of its own."""
    first, second = rng.permutation([3, 4, 5])[:2].tolist()
    sizes = [_pick(rng, 2, 3), 5, 1]
    yield case(_patches(rng, 2, 6, 8, 2), [first, second, 2], sizes, seed=_seed(rng))


@encoder_residual_block.part(weight=3, read=f"{BOOK}-shortcut")
def more_channels(rng):
    """More channels come out than go in: zeros are added to the shortcut (f is silenced)."""
    images = _patches(rng, 2, 4, 6, _pick(rng, 2, 3))
    yield case(images, [4, _pick(rng, 5, 6)], silent=True, seed=_seed(rng))


@encoder_residual_block.part(weight=2, read=f"{BOOK}-shortcut")
def fewer_channels(rng):
    """Fewer channels come out: a linear projection, normalised (f is silenced)."""
    yield case(_patches(rng, 2, 4, 6, 5), [3, _pick(rng, 2, 3)], silent=True, seed=_seed(rng))
    yield case(_patches(rng, 2, 4, 4, 4), [1], silent=True, seed=_seed(rng))


@encoder_residual_block.part(weight=3)
def learnable(rng):
    """Learnable sampling: a 2x2 convolution with strides of 2 (f is silenced)."""
    settings = {"learnable_sampling": True, "silent": True, "seed": _seed(rng)}
    yield case(_images(rng, 2, 4, 6, 2), [4, _pick(rng, 3, 5)], **settings)


@encoder_residual_block.part(weight=1)
def odd_sizes(rng):
    """Odd sizes are rounded up, with both kinds of sampling (f is silenced)."""
    images = _patches(rng, 2, 5, _pick(rng, 3, 7), 3)
    for learnt in (False, True):
        settings = {"learnable_sampling": learnt, "silent": True, "seed": _seed(rng)}
        yield case(images, [3], **settings)


@encoder_residual_block.part(weight=3, read=f"{BOOK}-dropout")
def dropout(rng):
    """In training the branch does not see some of the feature maps; the shortcut does."""
    yield case(np.ones(1), [_pick(rng, 4, 5)], drop_rate=_pick(rng, 0.3, 0.4), of=DROPPED)


@encoder_residual_block.part(weight=1)
def lists_that_do_not_fit(rng):
    """More or fewer kernel sizes than convolutions are refused with a ValueError."""
    yield case(_images(rng, 1, 4, 4, 2), [2, 2], [3], raises=ValueError)
    yield case(_images(rng, 1, 4, 4, 2), [3, 2], [3, 3, 1], raises=ValueError)


# --- decoder_residual_block ----------------------------------------------------------------------


@decoder_residual_block.part(weight=5)
def grown(rng):
    """Each pixel is repeated, then ReLU(f(x) + x) at the larger size; channels stay."""
    channels = _pick(rng, 3, 4)
    yield case(_images(rng, 2, 3, 4, channels), [channels + 1, channels], seed=_seed(rng))


@decoder_residual_block.part(weight=1)
def kernels_of_each(rng):
    """Three convolutions, each with filters and a kernel size of its own."""
    first, second = rng.permutation([3, 4, 5])[:2].tolist()
    sizes = [_pick(rng, 2, 3), 5, 1]
    yield case(_plain(rng, 2, 3, 4, 2), [first, second, 2], sizes, seed=_seed(rng))


@decoder_residual_block.part(weight=3, read=f"{BOOK}-shortcut")
def channels_shrink(rng):
    """Fewer channels come out than go in: a linear projection, normalised (f is silenced)."""
    yield case(_plain(rng, 2, 3, 2, 5), [3, _pick(rng, 2, 3)], silent=True, seed=_seed(rng))
    yield case(_plain(rng, 2, 2, 3, 4), [1], silent=True, seed=_seed(rng))


@decoder_residual_block.part(weight=1, read=f"{BOOK}-shortcut")
def channels_grow(rng):
    """More channels come out: zeros are added to the shortcut (f is silenced)."""
    images = _plain(rng, 2, 2, 3, _pick(rng, 2, 3))
    yield case(images, [4, _pick(rng, 5, 6)], silent=True, seed=_seed(rng))


@decoder_residual_block.part(weight=3)
def learnt(rng):
    """Learnable sampling: a transposed 2x2 convolution with strides of 2 (f is silenced)."""
    settings = {"learnable_sampling": True, "silent": True, "seed": _seed(rng)}
    yield case(_images(rng, 2, 3, 2, 5), [4, _pick(rng, 2, 3)], **settings)


@decoder_residual_block.part(weight=1, read=f"{BOOK}-dropout")
def dropped(rng):
    """In training the branch does not see some of the feature maps; the shortcut does."""
    yield case(np.ones(1), [_pick(rng, 4, 5)], drop_rate=_pick(rng, 0.3, 0.4), of=DROPPED)


@decoder_residual_block.part(weight=1)
def lists_of_other_lengths(rng):
    """More or fewer kernel sizes than convolutions are refused with a ValueError."""
    yield case(_images(rng, 1, 2, 2, 2), [2, 2], [3], raises=ValueError)
    yield case(_images(rng, 1, 2, 2, 2), [3, 2], [3, 3, 1], raises=ValueError)


# --- encoder_decoder -----------------------------------------------------------------------------


@encoder_decoder.part(weight=5)
def one_level(rng):
    """One level: halved, the code, doubled, and a linear convolution to the image's channels."""
    levels = [[3, 2]], [[3, 3]], [[2, 3]], [[3, 3]]
    settings = {"code_filters": _pick(rng, 4, 5), "code_kernel_size": 3, "channels": 3}
    yield case(_images(rng, 2, 6, 4, 3), *levels, **settings, seed=_seed(rng))


@encoder_decoder.part(weight=3)
def levels_in_order(rng):
    """Two levels, each with filters and kernel sizes of its own; another code, one channel out."""
    levels = [[2, 3], [4]], [[3, 1], [5]], [[5], [3, 2]], [[1], [3, 5]]
    settings = {"code_filters": 6, "code_kernel_size": _pick(rng, 1, 5), "channels": 1}
    yield case(_images(rng, 2, 8, 4, 2), *levels, **settings, seed=_seed(rng))


@encoder_decoder.part(weight=3)
def kernels_of_each_level(rng):
    """As many weights as these levels have: counted, and so whatever the blocks do with them."""
    levels = [[2, 3], [4]], [[3, 1], [5]], [[5], [3, 2]], [[1], [3, 5]]
    settings = {"code_filters": _pick(rng, 6, 7), "code_kernel_size": 5, "channels": 1}
    yield case(_images(rng, 1, 8, 4, 2), *levels, **settings, of=WEIGHTS)


_TWO = [[3], [4]], [[3], [3]], [[4], [3]], [[3], [3]]
_SMALL = {"code_filters": 5, "code_kernel_size": 3, "channels": 2}


@encoder_decoder.part(weight=3)
def sampling(rng):
    """Learnable sampling in all blocks."""
    images, levels = _images(rng, 2, 6, 4, 2), ([[3]], [[3]], [[2]], [[3]])
    yield case(images, *levels, **_SMALL, learnable_sampling=True, seed=_seed(rng))


@encoder_decoder.part(weight=2, read=f"{BOOK}-dropout")
def dropping(rng):
    """The dropout's rate reaches the blocks of the encoder and those of the decoder."""
    images, levels = _images(rng, 8, 4, 4, 8), ([[8]], [[5]], [[8]], [[7]])
    settings = {"code_filters": 8, "code_kernel_size": 1, "drop_rate": _pick(rng, 0.5, 0.6)}
    yield case(images, *levels, **settings, seed=_seed(rng), of=DROPS)


@encoder_decoder.part(weight=2)
def any_size(rng):
    """Sizes that cannot be halved twice: what is too much below and at the right is cut off."""
    # At least two rows and columns too many: one cut at both ends is one cut at the end.
    images = _images(rng, 2, _pick(rng, 5, 6), _pick(rng, 9, 10), 2)
    yield case(images, *_TWO, **_SMALL, seed=_seed(rng))


@encoder_decoder.part(weight=2)
def lists_too_short(rng):
    """Levels without kernel sizes, as in the lecture's script, are refused with a ValueError."""
    image = _images(rng, 1, 8, 8, 1)
    levels, sizes = [[2], [2]], [[3], [3]]
    yield case(image, levels, sizes[:1], levels, sizes, raises=ValueError)
    yield case(image, levels, sizes, levels, sizes[:1], raises=ValueError)
    yield case(image, levels, sizes, levels, [*sizes, [3]], raises=ValueError)
    yield case(image, levels, sizes, levels[:1], sizes[:1], raises=ValueError)
