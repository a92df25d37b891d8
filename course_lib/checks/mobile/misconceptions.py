"""Plausible wrong answers of `mobile`, each with the line that explains it.

Every one is a right answer with one step done wrong. `_inverted` is the right block, whose steps
are arguments; it never makes a 1x1 convolution with strides (`tests/test_onednn.py`).
"""

import numpy as np
from keras import layers

from course_lib import convolution, mobile
from course_lib.arguments import pair
from course_lib.checks.mobile.cases import (
    depthwise_conv2d,
    inverted_residual_block,
    separable_parameters,
)

_depthwise_conv2d = mobile.depthwise_conv2d

# --- depthwise_conv2d ----------------------------------------------------------------------------


@depthwise_conv2d.misconception(
    "The channels were summed, as an ordinary convolution does. A depthwise one leaves them apart: "
    "c channels and a multiplier of m give c * m maps."
)
def sums_over_channels(images, kernels, strides=1, padding="valid"):
    return convolution.conv2d(images, kernels, None, strides, padding)


@depthwise_conv2d.misconception(
    "The maps are in the wrong order: all first kernels' maps, then all second ones'. Those of one "
    "channel stand side by side: channel c and kernel m make map c * multiplier + m."
)
def maps_sorted_by_kernel(images, kernels, strides=1, padding="valid"):
    output = _depthwise_conv2d(images, kernels, strides, padding)
    apart = output.reshape(*output.shape[:3], *kernels.shape[2:])
    return np.swapaxes(apart, 3, 4).reshape(output.shape)


@depthwise_conv2d.misconception(
    "The first channel's kernels were used for every channel. Each channel has its own, "
    "kernels[:, :, c]."
)
def one_kernel_for_all(images, kernels, strides=1, padding="valid"):
    shared = np.broadcast_to(kernels[:, :, :1], kernels.shape)
    return _depthwise_conv2d(images, shared, strides, padding)


@depthwise_conv2d.misconception(
    "Only the first kernel of each channel was used. With a multiplier of m every channel makes m "
    "maps."
)
def multiplier_ignored(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels[..., :1], strides, padding)


@depthwise_conv2d.misconception(
    "The maps of a channel's kernels were added up. They stay apart, side by side."
)
def sums_over_kernels(images, kernels, strides=1, padding="valid"):
    output = _depthwise_conv2d(images, kernels, strides, padding)
    return output.reshape(*output.shape[:3], *kernels.shape[2:]).sum(axis=-1)


@depthwise_conv2d.misconception(
    "The output has five axes. Channels and multiplier make one axis of maps: reshape the result "
    "to (batch, height, width, channels * multiplier)."
)
def five_axes(images, kernels, strides=1, padding="valid"):
    output = _depthwise_conv2d(images, kernels, strides, padding)
    return output.reshape(*output.shape[:3], *kernels.shape[2:])


@depthwise_conv2d.misconception(
    "This is the result of the kernel turned by 180 degrees. Networks compute cross-correlation: "
    "do not flip it."
)
def kernel_flipped(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels[::-1, ::-1], strides, padding)


@depthwise_conv2d.misconception(
    "Rows and columns of the kernel are exchanged. Its first axis runs down, its second to the "
    "right."
)
def kernel_transposed(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, np.swapaxes(kernels, 0, 1), strides, padding)


@depthwise_conv2d.misconception("The strides were ignored: every position has an output.")
def strides_ignored(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels, 1, padding)


@depthwise_conv2d.misconception(
    "The strides of height and width are exchanged. The first one is the height's."
)
def strides_exchanged(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels, pair(strides, "strides")[::-1], padding)


@depthwise_conv2d.misconception('The padding "same" was ignored.')
def padding_ignored(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels, strides)


@depthwise_conv2d.misconception(
    "The zeros do not depend on the strides: padded as at stride 1, and then every second position "
    'was kept. With "same" the last window decides how many are needed.'
)
def padded_as_at_stride_1(images, kernels, strides=1, padding="valid"):
    down, right = pair(strides, "strides")
    return _depthwise_conv2d(images, kernels, 1, padding)[:, ::down, ::right]


@depthwise_conv2d.misconception(
    "For even kernels the odd zero came before the image. It comes after."
)
def odd_zero_before(images, kernels, strides=1, padding="valid"):
    if padding != "same":
        return _depthwise_conv2d(images, kernels, strides, padding)
    turned = images[:, ::-1, ::-1]
    padded = convolution.pad_same(turned, kernels.shape[:2], strides)[:, ::-1, ::-1]
    return _depthwise_conv2d(padded, kernels, strides)


@depthwise_conv2d.misconception(
    "The products were averaged and not summed: a kernel's numbers are weights as they stand."
)
def averaged(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images, kernels, strides, padding) / np.prod(kernels.shape[:2])


@depthwise_conv2d.misconception("Only the first image of the batch was convolved.")
def first_image_only(images, kernels, strides=1, padding="valid"):
    return _depthwise_conv2d(images[:1], kernels, strides, padding)


@depthwise_conv2d.misconception(
    "Sums of 8-bit numbers ran over 255 and began at 0 again. Convert images and kernels to "
    "floating point first."
)
def overflows(images, kernels, strides=1, padding="valid"):
    output = _depthwise_conv2d(images, kernels, strides, padding)
    is_bytes = images.dtype == kernels.dtype == np.uint8
    return (output % 256).astype(np.uint8) if is_bytes else output


# --- separable_parameters ------------------------------------------------------------------------


def _parameters(kernel_size, channels, filters, multiplier, use_bias):
    return mobile.separable_parameters(kernel_size, channels, filters, multiplier, use_bias)


@separable_parameters.misconception(
    "The depthwise part was counted as an ordinary convolution. Its kernels see one channel each: "
    "kernel_height * kernel_width * channels * multiplier, whatever the filters."
)
def depthwise_as_ordinary(kernel_size, channels, filters, multiplier=1, use_bias=True):
    _, pointwise = _parameters(kernel_size, channels, filters, multiplier, use_bias)
    return convolution.conv2d_parameters(kernel_size, channels, filters, use_bias), pointwise


@separable_parameters.misconception(
    "All of the depthwise kernels were counted as one: each channel has a kernel of its own."
)
def one_kernel_for_all_channels(kernel_size, channels, filters, multiplier=1, use_bias=True):
    height, width = pair(kernel_size, "kernel_size")
    _, pointwise = _parameters(kernel_size, channels, filters, multiplier, use_bias)
    return height * width * multiplier + use_bias * multiplier, pointwise


@separable_parameters.misconception(
    "The multiplier is missing in the pointwise part. It reads channels * multiplier maps, not "
    "channels."
)
def pointwise_without_multiplier(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise, _ = _parameters(kernel_size, channels, filters, multiplier, use_bias)
    return depthwise, (channels + use_bias) * filters


@separable_parameters.misconception(
    "The multiplier is missing in the depthwise part: each channel has that many kernels."
)
def depthwise_without_multiplier(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise, _ = _parameters(kernel_size, channels, filters, 1, use_bias)
    return depthwise, _parameters(kernel_size, channels, filters, multiplier, use_bias)[1]


@separable_parameters.misconception(
    "The multiplier was ignored. With m kernels a channel there are m times as many depthwise "
    "weights, and m times as many maps for the pointwise part to read."
)
def multiplier_counts_nothing(kernel_size, channels, filters, multiplier=1, use_bias=True):
    return _parameters(kernel_size, channels, filters, 1, use_bias)


@separable_parameters.misconception(
    "The multiplier also multiplied the filters. It makes more maps between the two steps; what "
    "comes out at the end has `filters` channels."
)
def multiplier_on_the_filters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    return _parameters(kernel_size, channels, filters * multiplier, multiplier, use_bias)


@separable_parameters.misconception(
    "The biases are missing: one for each map of the depthwise part, channels * multiplier, and "
    "one for each filter of the pointwise part."
)
def without_biases(kernel_size, channels, filters, multiplier=1, use_bias=True):
    return _parameters(kernel_size, channels, filters, multiplier, False)


@separable_parameters.misconception(
    "The depthwise part has no biases here. Keras's SeparableConv2D has its only ones at the end; "
    "asked for are two layers, each with its own."
)
def biases_at_the_end_only(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise, _ = _parameters(kernel_size, channels, filters, multiplier, False)
    return depthwise, _parameters(kernel_size, channels, filters, multiplier, use_bias)[1]


@separable_parameters.misconception(
    "The depthwise part has one bias for each channel. It makes channels * multiplier maps, and "
    "each has one."
)
def one_bias_a_channel(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise, _ = _parameters(kernel_size, channels, filters, multiplier, False)
    _, pointwise = _parameters(kernel_size, channels, filters, multiplier, use_bias)
    return depthwise + use_bias * channels, pointwise


@separable_parameters.misconception(
    "The biases are counted though use_bias is False. Batch normalisation follows such layers, and "
    "takes a bias away."
)
def biases_always(kernel_size, channels, filters, multiplier=1, use_bias=True):
    return _parameters(kernel_size, channels, filters, multiplier, True)


@separable_parameters.misconception(
    "A pair as kernel size was taken for a square. The kernel has kernel_height * kernel_width "
    "taps, not its height squared."
)
def square_of_the_height(kernel_size, channels, filters, multiplier=1, use_bias=True):
    height, _ = pair(kernel_size, "kernel_size")
    return _parameters(height, channels, filters, multiplier, use_bias)


@separable_parameters.misconception(
    "The pointwise part was given the depthwise part's kernel size. Its kernels are 1x1."
)
def pointwise_with_the_kernel_size(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise, _ = _parameters(kernel_size, channels, filters, multiplier, use_bias)
    maps = channels * multiplier
    return depthwise, convolution.conv2d_parameters(kernel_size, maps, filters, use_bias)


@separable_parameters.misconception("The two numbers are exchanged: depthwise first.")
def numbers_exchanged(kernel_size, channels, filters, multiplier=1, use_bias=True):
    return _parameters(kernel_size, channels, filters, multiplier, use_bias)[::-1]


# --- inverted_residual_block ---------------------------------------------------------------------


def _six(tensor):
    return layers.ReLU(6.0)(tensor)


def _normalise(tensor):
    return layers.BatchNormalization(momentum=0.9)(tensor)


def _normalise_then_six(tensor):
    return _six(_normalise(tensor))


def _wide(channels, filters, expansion):
    return channels * expansion


def _expand(tensor, maps, expansion, use_bias):
    return layers.Conv2D(maps, 1, use_bias=use_bias)(tensor) if expansion > 1 else None


def _filter(tensor, maps, strides, kernel_size, use_bias, padding="same"):
    return layers.DepthwiseConv2D(kernel_size, strides, padding, use_bias=use_bias)(tensor)


def _join(tensor, branch, strides):
    if strides == 1 and tensor.shape[-1] == branch.shape[-1]:
        return layers.Add()([tensor, branch])
    return branch


def _inverted(
    tensor,
    filters,
    expansion=6,
    strides=1,
    kernel_size=3,
    wide=_wide,
    expand=_expand,
    expanded=_normalise_then_six,
    filter_=_filter,
    filtered=_normalise_then_six,
    projected=_normalise,
    join=_join,
    use_bias=False,
):
    maps = wide(tensor.shape[-1], filters, expansion)
    first = expand(tensor, maps, expansion, use_bias)
    branch = tensor if first is None else expanded(first)
    branch = filtered(filter_(branch, maps, strides, kernel_size, use_bias))
    branch = projected(layers.Conv2D(filters, 1, use_bias=use_bias)(branch))
    return join(tensor, branch, strides)


@inverted_residual_block.misconception(
    "A ReLU follows the projection. In few channels it destroys what the block has computed: the "
    "bottleneck is linear, batch normalisation and nothing after it."
)
def relu_after_the_projection(tensor, filters, expansion=6, strides=1, kernel_size=3):
    settings = {"projected": _normalise_then_six}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "A ReLU stands at the end of the block, after the addition, as in an ordinary residual block. "
    "Here the ends are narrow, and nothing follows the addition."
)
def relu_at_the_end(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(*arguments):
        return _six(_join(*arguments))

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "There is no shortcut: where strides are 1 and the channels stay, add the block's input."
)
def no_shortcut_at_all(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, strides):
        return branch

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "The shortcut is added whenever the channels agree. With strides of 2 the branch is smaller: "
    "add the input only where strides are 1 as well."
)
def shortcut_in_spite_of_strides(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, strides):
        return _join(tensor, branch, 1)

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "The shortcut is added whenever strides are 1. The channels have to agree as well."
)
def shortcut_in_spite_of_channels(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, strides):
        return layers.Add()([tensor, branch]) if strides == 1 else branch

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "Where the shapes differ the shortcut is projected, as in a ResNet. An inverted residual block "
    "has no shortcut there."
)
def projected_shortcut(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, strides):
        if strides > 1:
            tensor = layers.AveragePooling2D(1, strides)(tensor)
        if tensor.shape[-1] != filters or strides > 1:
            tensor = _normalise(layers.Conv2D(filters, 1, use_bias=False)(tensor))
        return layers.Add()([tensor, branch])

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "The branch is added to itself: the block's input was overwritten on the way. Keep it under a "
    "name of its own."
)
def branch_twice(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, strides):
        same = strides == 1 and tensor.shape[-1] == filters
        return layers.Add()([branch, branch]) if same else branch

    return _inverted(tensor, filters, expansion, strides, kernel_size, join=join)


@inverted_residual_block.misconception(
    "The expansion multiplies the number of filters. It multiplies the channels that come in: "
    "expansion * tensor.shape[-1]."
)
def expands_the_filters(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def wide(channels, filters, expansion):
        return filters * expansion if expansion > 1 else channels

    return _inverted(tensor, filters, expansion, strides, kernel_size, wide=wide)


@inverted_residual_block.misconception(
    "The block is narrow within: its channels were divided by the expansion, as in a ResNet's "
    "bottleneck. This block is inverted: it is wide within."
)
def narrow_within(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def wide(channels, filters, expansion):
        return max(1, channels // expansion)

    return _inverted(tensor, filters, expansion, strides, kernel_size, wide=wide)


@inverted_residual_block.misconception(
    "The given expansion was ignored, and 6 taken: use the argument."
)
def expansion_ignored(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, 6, strides, kernel_size)


@inverted_residual_block.misconception(
    "There is no expanding convolution: the depthwise one works on the narrow input."
)
def not_expanded_at_all(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, 1, strides, kernel_size)


@inverted_residual_block.misconception(
    "With an expansion of 1 there is a 1x1 convolution all the same. It would only mix channels "
    "once more: leave it out."
)
def expanded_by_one(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def expand(tensor, maps, expansion, use_bias):
        return _expand(tensor, maps, 2, use_bias)

    return _inverted(tensor, filters, expansion, strides, kernel_size, expand=expand)


@inverted_residual_block.misconception(
    "The depthwise convolution's multiplier does the expansion. Then each wide map sees one "
    "channel only: expand with a 1x1 convolution, which mixes them, first."
)
def expanded_by_the_multiplier(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def expand(tensor, maps, expansion, use_bias):
        return None

    def filter_(tensor, maps, strides, kernel_size, use_bias):
        return layers.DepthwiseConv2D(
            kernel_size, strides, "same", depth_multiplier=expansion, use_bias=use_bias
        )(tensor)

    settings = {"expand": expand, "filter_": filter_}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "The filtering is an ordinary convolution over all channels. It must be depthwise: that is "
    "what makes the wide inside affordable."
)
def ordinary_convolution(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def filter_(tensor, maps, strides, kernel_size, use_bias):
        return layers.Conv2D(maps, kernel_size, strides, "same", use_bias=use_bias)(tensor)

    return _inverted(tensor, filters, expansion, strides, kernel_size, filter_=filter_)


@inverted_residual_block.misconception(
    'The depthwise convolution is not padded, so the maps become smaller. Use padding="same".'
)
def not_padded(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def filter_(*arguments):
        return _filter(*arguments, padding="valid")

    return _inverted(tensor, filters, expansion, strides, kernel_size, filter_=filter_)


@inverted_residual_block.misconception(
    "The strides are in the projection. The depthwise convolution takes them: it reads all pixels, "
    "while a 1x1 kernel with strides would skip three in four."
)
def strides_in_the_projection(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def filter_(tensor, maps, strides, *arguments):
        return _filter(tensor, maps, 1, *arguments)

    def filtered(tensor):
        tensor = _normalise_then_six(tensor)
        return layers.AveragePooling2D(1, strides)(tensor) if strides > 1 else tensor

    settings = {"filter_": filter_, "filtered": filtered}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "The strides are in the expanding convolution. The depthwise one takes them: a 1x1 kernel with "
    "strides skips three pixels in four."
)
def strides_in_the_expansion(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def expand(tensor, maps, expansion, use_bias):
        if strides > 1:
            tensor = layers.AveragePooling2D(1, strides)(tensor)
        return _expand(tensor, maps, expansion, use_bias)

    def filter_(tensor, maps, strides, *arguments):
        return _filter(tensor, maps, 1, *arguments)

    settings = {"expand": expand, "filter_": filter_}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "SeparableConv2D filters and projects in one layer. Batch normalisation and ReLU6 stand "
    "between the two: take DepthwiseConv2D, and then Conv2D(filters, 1)."
)
def separable_in_one(tensor, filters, expansion=6, strides=1, kernel_size=3):
    branch = tensor
    if expansion > 1:
        maps = expansion * tensor.shape[-1]
        branch = _normalise_then_six(layers.Conv2D(maps, 1, use_bias=False)(tensor))
    settings = {"padding": "same", "use_bias": False}
    branch = layers.SeparableConv2D(filters, kernel_size, strides, **settings)(branch)
    return _join(tensor, _normalise(branch), strides)


@inverted_residual_block.misconception("The strides were ignored: the maps keep their size.")
def strides_are_ignored(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def join(tensor, branch, _):
        return _join(tensor, branch, strides)

    return _inverted(tensor, filters, expansion, 1, kernel_size, join=join)


@inverted_residual_block.misconception("The depthwise kernel is 3x3 whatever kernel_size says.")
def kernel_size_ignored(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, expansion, strides, 3)


@inverted_residual_block.misconception(
    "The activation is a plain ReLU. ReLU6 stops at 6, so that 8 bits suffice for what a phone "
    "computes: layers.ReLU(6)."
)
def no_ceiling(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def active(tensor):
        return layers.ReLU()(_normalise(tensor))

    settings = {"expanded": active, "filtered": active}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "No activation follows the depthwise convolution. Without one it and the projection are one "
    "linear map."
)
def linear_after_filtering(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, expansion, strides, kernel_size, filtered=_normalise)


@inverted_residual_block.misconception(
    "No activation follows the expanding convolution. Without one it adds nothing that the "
    "projection before it could not have done."
)
def linear_after_expanding(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, expansion, strides, kernel_size, expanded=_normalise)


@inverted_residual_block.misconception(
    "Batch normalisation follows the activations. It comes before them, right after each "
    "convolution."
)
def normalised_after_the_activation(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def late(tensor):
        return _normalise(_six(tensor))

    settings = {"expanded": late, "filtered": late}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "There is no batch normalisation. One follows each of the three convolutions."
)
def not_normalised(tensor, filters, expansion=6, strides=1, kernel_size=3):
    settings = {"expanded": _six, "filtered": _six, "projected": lambda tensor: tensor}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "The projection is not normalised. Linear means that no activation follows; batch "
    "normalisation does."
)
def projection_not_normalised(tensor, filters, expansion=6, strides=1, kernel_size=3):
    settings = {"projected": lambda tensor: tensor}
    return _inverted(tensor, filters, expansion, strides, kernel_size, **settings)


@inverted_residual_block.misconception(
    "The convolutions have biases, which batch normalisation takes away again: use_bias=False."
)
def biases_before_normalisation(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return _inverted(tensor, filters, expansion, strides, kernel_size, use_bias=True)
