"""Plausible wrong answers of `residual`, each with the line that explains it.

Every one is a right answer with one step done wrong. `_block` and `_network` are the right answers,
whose steps are arguments; they never make a 1x1 convolution with strides (`tests/test_onednn.py`).
"""

import keras
import numpy as np
from keras import layers

from course_lib.checks.residual.cases import gradient_norms, residual_block_v1, resnet

# --- residual_block_v1 ---------------------------------------------------------------------------


def _both(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _for_each(strides, filters):
    if not isinstance(strides, (list, tuple)):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError(f"{len(strides)} strides for {len(filters)} convolutions")
    return [_both(stride) for stride in strides]


def _product(strides):
    return tuple(int(number) for number in np.prod(strides, axis=0))


def _differs(tensor, filters, strides):
    return strides != (1, 1) or tensor.shape[-1] != filters[-1]


def _project(tensor, filters, strides, kernel_size, activation=None):
    if strides != (1, 1):
        tensor = layers.AveragePooling2D(1, strides)(tensor)
    return layers.Conv2D(filters[-1], 1, activation=activation)(tensor)


def _convolve(tensor, filters, strides, kernel_size, middle="relu", last=None, padding="same"):
    for number, (maps, stride) in enumerate(zip(filters, strides, strict=False), start=1):
        activation = middle if number < len(filters) else last
        tensor = layers.Conv2D(maps, kernel_size, stride, padding, activation=activation)(tensor)
    return tensor


def _sum(branch, identity):
    return layers.ReLU()(layers.Add()([branch, identity]))


def _block(
    tensor,
    filters,
    strides=1,
    kernel_size=3,
    for_each=_for_each,
    differs=_differs,
    total=_product,
    project=_project,
    convolve=_convolve,
    join=_sum,
):
    each = for_each(strides, filters)
    branch = convolve(tensor, filters, each, kernel_size)
    together = total(each)
    if differs(tensor, filters, together):
        tensor = project(tensor, filters, together, kernel_size)
    return join(branch, tensor)


@residual_block_v1.misconception(
    "the projection in the shortcut has a ReLU. A shortcut that is never negative can only add; it "
    "has no activation, so that a value and its gradient pass unharmed."
)
def relu_on_the_projection(tensor, filters, strides=1, kernel_size=3):
    def project(*arguments):
        return _project(*arguments, activation="relu")

    return _block(tensor, filters, strides, kernel_size, project=project)


@residual_block_v1.misconception(
    "the shortcut goes through a ReLU even where it is the input itself. Negative values and their "
    "gradients stop there: add x, not ReLU(x)."
)
def relu_on_every_shortcut(tensor, filters, strides=1, kernel_size=3):
    def join(branch, identity):
        return _sum(branch, layers.ReLU()(identity))

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "the shortcut is added to itself, as Add()([x, x]) does, and the convolutions are lost. Keep "
    "the block's input under a name of its own before you convolve."
)
def shortcut_added_to_itself(tensor, filters, strides=1, kernel_size=3):
    def join(branch, identity):
        return _sum(identity, identity)

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "the convolutions' output is added to itself: x was overwritten on the way, so that the "
    "shortcut is gone. Keep the block's input under a name of its own before you convolve."
)
def branch_added_to_itself(tensor, filters, strides=1, kernel_size=3):
    def join(branch, identity):
        return _sum(branch, branch)

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "there is no shortcut: the convolutions' output comes back alone. Add the block's input to it."
)
def no_shortcut(tensor, filters, strides=1, kernel_size=3):
    def join(branch, identity):
        return layers.ReLU()(branch)

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "the shortcut is added before the last convolution, which then works on the sum. Add it to "
    "what the last convolution gives."
)
def added_before_the_last_convolution(tensor, filters, strides=1, kernel_size=3):
    each = _for_each(strides, filters)
    before = filters[:-1]
    if not before:
        return _block(tensor, filters, strides, kernel_size)
    branch = _convolve(tensor, before, each[:-1], kernel_size)
    total = _product(each[:-1])
    if _differs(tensor, before, total):
        tensor = _project(tensor, before, total, kernel_size)
    return _convolve(_sum(branch, tensor), filters[-1:], each[-1:], kernel_size, last="relu")


@residual_block_v1.misconception(
    "the shortcut is projected only when the channels differ. Strides change the shape too: "
    "project when either does."
)
def strides_do_not_project(tensor, filters, strides=1, kernel_size=3):
    def differs(tensor, filters, strides):
        return tensor.shape[-1] != filters[-1]

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the shortcut is projected only when there are strides. Channels change the shape too: project "
    "when either does."
)
def channels_do_not_project(tensor, filters, strides=1, kernel_size=3):
    def differs(tensor, filters, strides):
        return strides != (1, 1)

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the shortcut is projected for strides of 2 only, as the lecture's `2 in strides` does. Any "
    "stride above 1 changes the shape, on either axis."
)
def projects_for_strides_of_two_only(tensor, filters, strides=1, kernel_size=3):
    each = _for_each(strides, filters)

    def differs(tensor, filters, total):
        return (2, 2) in each or tensor.shape[-1] != filters[-1]

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the shortcut is projected only when the channels grow. Fewer channels need it as well; and "
    "from many channels to one, Add broadcasts silently and returns too many."
)
def projects_only_when_channels_grow(tensor, filters, strides=1, kernel_size=3):
    def differs(tensor, filters, strides):
        return strides != (1, 1) or tensor.shape[-1] < filters[-1]

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the shortcut is projected always. Where the shape stays, the input itself is the shortcut: no "
    "weights, and a derivative of exactly 1."
)
def always_projects(tensor, filters, strides=1, kernel_size=3):
    def differs(tensor, filters, strides):
        return True

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the shortcut projects whenever strides come as a list, even where all of them are 1: "
    "`strides != 1` is true of any list. Compare the shapes of f(x) and x instead."
)
def lists_always_project(tensor, filters, strides=1, kernel_size=3):
    def differs(tensor, filters, together):
        return strides != 1 or _differs(tensor, filters, together)

    return _block(tensor, filters, strides, kernel_size, differs=differs)


@residual_block_v1.misconception(
    "the projection takes the largest of the strides, as the lecture's max(strides) does. Strides"
    " one after the other multiply: 2 and 2 leave every fourth pixel. (Where the branch is left "
    "with a single pixel, Add broadcasts it and nothing complains.)"
)
def largest_of_the_strides(tensor, filters, strides=1, kernel_size=3):
    def total(each):
        return tuple(int(number) for number in np.max(each, axis=0))

    return _block(tensor, filters, strides, kernel_size, total=total)


@residual_block_v1.misconception(
    "the projection takes the first convolution's stride. Strides one after the other multiply, so "
    "it needs the product of all."
)
def first_of_the_strides(tensor, filters, strides=1, kernel_size=3):
    def total(each):
        return each[0]

    def differs(tensor, filters, strides):
        each = _for_each(given, filters)
        return _differs(tensor, filters, _product(each))

    given = strides
    return _block(tensor, filters, strides, kernel_size, total=total, differs=differs)


@residual_block_v1.misconception(
    "an integer for the strides is given to every convolution, so that a block with strides=2 "
    "shrinks its input twice. It belongs to the first convolution; the others have 1."
)
def integer_for_every_convolution(tensor, filters, strides=1, kernel_size=3):
    if not isinstance(strides, (list, tuple)):
        strides = [strides] * len(filters)
    return _block(tensor, filters, strides, kernel_size)


@residual_block_v1.misconception(
    "an integer for the strides is given to the last convolution. It belongs to the first, which "
    "saves the others three quarters of their work."
)
def integer_for_the_last_convolution(tensor, filters, strides=1, kernel_size=3):
    if not isinstance(strides, (list, tuple)):
        strides = [1] * (len(filters) - 1) + [strides]
    return _block(tensor, filters, strides, kernel_size)


@residual_block_v1.misconception(
    "the strides are not used: the image keeps its size. Pass them on to the convolutions, and to "
    "the shortcut their product."
)
def strides_ignored(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, filters, 1, kernel_size)


@residual_block_v1.misconception(
    "the convolutions take their filters in the wrong order: the list's first entry belongs to the "
    "first convolution."
)
def filters_swapped(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, filters[::-1], strides, kernel_size)


@residual_block_v1.misconception(
    "every convolution has the last one's number of filters. Each has its own entry of the list."
)
def last_filters_everywhere(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, [filters[-1]] * len(filters), strides, kernel_size)


@residual_block_v1.misconception(
    "the last convolution has a ReLU before the addition, so that f(x) is never negative and a "
    "block can only add. Leave it linear; the ReLU comes after the sum."
)
def relu_before_the_addition(tensor, filters, strides=1, kernel_size=3):
    def convolve(*arguments):
        return _convolve(*arguments, last="relu")

    return _block(tensor, filters, strides, kernel_size, convolve=convolve)


@residual_block_v1.misconception(
    "the ReLU stands before the addition and none after it, as in the lecture's version: f(x) is "
    "never negative, and values grow from block to block. Leave the last convolution linear and "
    "put the ReLU after the sum."
)
def the_lectures_order(tensor, filters, strides=1, kernel_size=3):
    def convolve(*arguments):
        return _convolve(*arguments, last="relu")

    return _block(
        tensor,
        filters,
        strides,
        kernel_size,
        convolve=convolve,
        join=lambda *two: layers.Add()(two),
    )


@residual_block_v1.misconception(
    "this is the lecture's listing. It projects only for strides of 2 or more channels, by the "
    "largest of the strides, with a ReLU on the shortcut, and it has a ReLU before the addition "
    "instead of after it. The chapter's errata say what each of them does."
)
def the_lectures_listing(tensor, filters, strides=1, kernel_size=3):
    each = _for_each(strides, filters)

    def differs(tensor, filters, total):
        return any(2 in stride for stride in each) or tensor.shape[-1] < filters[-1]

    def total(each):
        return tuple(int(number) for number in np.max(each, axis=0))

    def convolve(*arguments):
        return _convolve(*arguments, last="relu")

    def project(*arguments):
        return _project(*arguments, activation="relu")

    steps = {"differs": differs, "total": total, "convolve": convolve, "project": project}
    return _block(
        tensor, filters, strides, kernel_size, join=lambda *two: layers.Add()(two), **steps
    )


@residual_block_v1.misconception(
    "no ReLU follows the addition. This block ends with one: ReLU(f(x) + x)."
)
def no_relu_after_the_addition(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, filters, strides, kernel_size, join=lambda *two: layers.Add()(two))


@residual_block_v1.misconception(
    "no ReLU stands between the convolutions. Two linear convolutions in a row are one linear "
    "convolution: all but the last have a ReLU."
)
def no_relu_between(tensor, filters, strides=1, kernel_size=3):
    def convolve(*arguments):
        return _convolve(*arguments, middle=None)

    return _block(tensor, filters, strides, kernel_size, convolve=convolve)


@residual_block_v1.misconception(
    "the projection has kernels as large as the branch's. It only mixes channels: 1x1."
)
def wide_projection(tensor, filters, strides=1, kernel_size=3):
    def project(tensor, filters, strides, kernel_size):
        return layers.Conv2D(filters[-1], kernel_size, strides, "same")(tensor)

    return _block(tensor, filters, strides, kernel_size, project=project)


@residual_block_v1.misconception(
    "the shortcut averages over windows before it is projected. A 1x1 convolution with strides "
    "takes the first pixel of each window as it is: AveragePooling2D(1, strides) picks it."
)
def averages_before_projecting(tensor, filters, strides=1, kernel_size=3):
    def project(tensor, filters, strides, kernel_size):
        if strides != (1, 1):
            tensor = layers.AveragePooling2D(strides, strides, "same")(tensor)
        return _project(tensor, filters, (1, 1), kernel_size)

    return _block(tensor, filters, strides, kernel_size, project=project)


@residual_block_v1.misconception(
    "the shortcut takes the largest value of each window before it is projected. A 1x1 convolution "
    "with strides takes the first pixel as it is: MaxPooling2D(1, strides) picks it."
)
def pools_before_projecting(tensor, filters, strides=1, kernel_size=3):
    def project(tensor, filters, strides, kernel_size):
        if strides != (1, 1):
            tensor = layers.MaxPooling2D(strides, strides, "same")(tensor)
        return _project(tensor, filters, (1, 1), kernel_size)

    return _block(tensor, filters, strides, kernel_size, project=project)


@residual_block_v1.misconception(
    "the kernel_size is not used: all convolutions have 3x3 kernels. Pass it on."
)
def kernel_size_ignored(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, filters, strides)


@residual_block_v1.misconception(
    "the convolutions have no padding, so that the branch loses the image's border and no longer "
    'fits to the shortcut: write padding="same".'
)
def no_padding(tensor, filters, strides=1, kernel_size=3):
    def convolve(*arguments):
        return _convolve(*arguments, padding="valid")

    return _block(tensor, filters, strides, kernel_size, convolve=convolve)


@residual_block_v1.misconception(
    "branch and shortcut are put side by side, with twice the channels, and not added: use Add."
)
def concatenated(tensor, filters, strides=1, kernel_size=3):
    def join(*two):
        return layers.ReLU()(layers.Concatenate()(two))

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "branch and shortcut are averaged. The shortcut then passes half of its input: use Add."
)
def averaged(tensor, filters, strides=1, kernel_size=3):
    def join(*two):
        return layers.ReLU()(layers.Average()(two))

    return _block(tensor, filters, strides, kernel_size, join=join)


@residual_block_v1.misconception(
    "the ReLU stands before each convolution (pre-activation). In this block it follows: after "
    "each convolution but the last, and after the sum."
)
def activation_first(tensor, filters, strides=1, kernel_size=3):
    def convolve(tensor, filters, strides, kernel_size):
        for maps, stride in zip(filters, strides, strict=True):
            tensor = layers.ReLU()(tensor)
            tensor = layers.Conv2D(maps, kernel_size, stride, "same")(tensor)
        return tensor

    return _block(
        tensor,
        filters,
        strides,
        kernel_size,
        convolve=convolve,
        join=lambda *two: layers.Add()(two),
    )


@residual_block_v1.misconception(
    "strides beyond the number of convolutions are ignored silently (zip stops at the shorter "
    "list). Compare the lengths and raise a ValueError."
)
def too_many_strides_ignored(tensor, filters, strides=1, kernel_size=3):
    if isinstance(strides, (list, tuple)) and len(strides) > len(filters):
        strides = strides[: len(filters)]
    return _block(tensor, filters, strides, kernel_size)


@residual_block_v1.misconception(
    "lists of different lengths are cut to the shorter one silently, as zip does: convolutions or "
    "strides are lost. Compare the lengths and raise a ValueError."
)
def lists_cut_to_the_shorter(tensor, filters, strides=1, kernel_size=3):
    if isinstance(strides, (list, tuple)):
        count = min(len(strides), len(filters))
        filters, strides = filters[:count], strides[:count]
    return _block(tensor, filters, strides, kernel_size)


# --- gradient_norms ------------------------------------------------------------------------------


def _gradients(model, images, labels, variables=None, loss=None, training=True):
    import tensorflow as tf

    if variables is None:
        variables = _kernels(model)
    if loss is None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(labels, model(images, training=training))
    return [np.asarray(g) for g in tape.gradient(value, [v.value for v in variables])]


def _kernels(model):
    return [layer.kernel for layer in model.layers if isinstance(layer, layers.Conv2D)]


def _roots(gradients):
    return np.array([np.sqrt(np.sum(gradient**2)) for gradient in gradients])


@gradient_norms.misconception("the root is missing: these are sums of squares, squared norms.")
def squared(model, images, labels):
    return _roots(_gradients(model, images, labels)) ** 2


@gradient_norms.misconception(
    "the squares are averaged and not added, so that large kernels look as if they had small "
    "gradients. The norm is the root of the sum."
)
def root_of_the_mean(model, images, labels):
    return np.array([np.sqrt(np.mean(g**2)) for g in _gradients(model, images, labels)])


@gradient_norms.misconception(
    "absolute values are added; the norm asked for is the root of the sum of squares."
)
def sum_of_absolute_values(model, images, labels):
    return np.array([np.abs(g).sum() for g in _gradients(model, images, labels)])


@gradient_norms.misconception(
    "the largest absolute value of each gradient is returned; the norm takes all entries: the root "
    "of the sum of squares."
)
def largest_entry(model, images, labels):
    return np.array([np.abs(g).max() for g in _gradients(model, images, labels)])


@gradient_norms.misconception(
    "kernels and biases (and what else is trained) each have a norm here. Asked for are the "
    "kernels of the convolutions."
)
def all_variables(model, images, labels):
    return _roots(_gradients(model, images, labels, model.trainable_variables))


@gradient_norms.misconception(
    "the dense layer's kernel is among them. Asked for are the kernels of the convolutions."
)
def dense_layer_too(model, images, labels):
    kinds = layers.Conv2D, layers.Dense
    variables = [layer.kernel for layer in model.layers if isinstance(layer, kinds)]
    return _roots(_gradients(model, images, labels, variables))


@gradient_norms.misconception(
    "kernel and bias of a layer share one norm. Asked for is the kernel's alone."
)
def biases_included(model, images, labels):
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    both = [variable for layer in convolutions for variable in layer.trainable_variables]
    gradients = iter(_gradients(model, images, labels, both))
    return np.array(
        [np.sqrt(sum(np.sum(next(gradients) ** 2) for _ in c.weights)) for c in convolutions]
    )


@gradient_norms.misconception(
    "the norms run from the output to the input. Keep the order of model.layers."
)
def from_the_output(model, images, labels):
    return _roots(_gradients(model, images, labels))[::-1]


@gradient_norms.misconception(
    "the losses of the batch are added. Their mean is asked for, as fit computes it, so that the "
    "norms do not depend on the size of the batch."
)
def sum_of_losses(model, images, labels):
    return _roots(_gradients(model, images, labels)) * len(images)


@gradient_norms.misconception(
    "the loss takes the model's scores for probabilities. They are logits: from_logits=True."
)
def scores_as_probabilities(model, images, labels):
    loss = keras.losses.SparseCategoricalCrossentropy()
    return _roots(_gradients(model, images, labels, loss=loss))


@gradient_norms.misconception(
    "the model is called as for inference, so that batch normalisation uses its moving averages. "
    "The gradient of a training step needs training=True."
)
def as_for_inference(model, images, labels):
    return _roots(_gradients(model, images, labels, training=False))


@gradient_norms.misconception("these are norms of the kernels, not of their gradients.")
def norms_of_the_kernels(model, images, labels):
    return _roots([np.asarray(kernel) for kernel in _kernels(model)])


@gradient_norms.misconception(
    "the convolutions of 1x1 are left out. Projections are convolutions: each kernel has its norm."
)
def without_projections(model, images, labels):
    kernels = [kernel for kernel in _kernels(model) if tuple(kernel.shape[:2]) != (1, 1)]
    return _roots(_gradients(model, images, labels, kernels))


@gradient_norms.misconception(
    "all gradients together have one norm here. Asked for is one for each kernel."
)
def one_for_all(model, images, labels):
    return np.sqrt(np.sum(_roots(_gradients(model, images, labels)) ** 2))


# --- resnet --------------------------------------------------------------------------------------


def _normalise(tensor):
    return layers.BatchNormalization()(tensor)


def _conv(tensor, filters, strides=1, size=3, use_bias=False):
    if size == 1 and strides != 1:
        tensor, strides = layers.AveragePooling2D(1, strides)(tensor), 1
    return layers.Conv2D(filters, size, strides, "same", use_bias=use_bias)(tensor)


def _conv_norm(tensor, filters, strides=1, size=3):
    return _normalise(_conv(tensor, filters, strides, size))


def _residual(tensor, filters, strides, conv=_conv_norm, project=None, join=_sum, late=False):
    first, second = (1, strides) if late else (strides, 1)
    branch = layers.ReLU()(conv(tensor, filters, first))
    branch = conv(branch, filters, second)
    if strides != 1 or tensor.shape[-1] != filters:
        tensor = (project or conv)(tensor, filters, strides, 1)
    return join(branch, tensor)


def _stem(tensor, filters):
    return layers.ReLU()(_conv_norm(tensor, filters))


def _blocks(depth):
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ValueError(f"depth {depth} is not 6n + 2")
    return blocks


def _network(
    tensor,
    depth=20,
    classes=10,
    filters=16,
    stem=_stem,
    block=_residual,
    blocks=_blocks,
    strides=(1, 2, 2),
    widths=(1, 2, 4),
    pool=layers.GlobalAveragePooling2D,
    activation=None,
):
    count = blocks(depth)
    tensor = stem(tensor, filters)
    for stride, width in zip(strides, widths, strict=True):
        for number in range(count):
            tensor = block(tensor, filters * width, 1 if number else stride)
    return layers.Dense(classes, activation=activation)(pool()(tensor))


@resnet.misconception(
    "the convolutions have biases. Batch normalisation subtracts the mean and the bias with it: "
    "use_bias=False."
)
def biases_before_batch_norm(tensor, depth=20, classes=10, filters=16):
    def conv(tensor, filters, strides=1, size=3):
        return _normalise(_conv(tensor, filters, strides, size, use_bias=True))

    def block(*arguments):
        return _residual(*arguments, conv=conv)

    def stem(tensor, filters):
        return layers.ReLU()(conv(tensor, filters))

    return _network(tensor, depth, classes, filters, stem=stem, block=block)


@resnet.misconception(
    "the projections are not normalised. In the paper's family each convolution is followed by "
    "batch normalisation, the projections too."
)
def projections_not_normalised(tensor, depth=20, classes=10, filters=16):
    def block(*arguments):
        return _residual(*arguments, project=_conv)

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "the projections have biases and are not normalised. In the paper's family each convolution is "
    "followed by batch normalisation and has no bias, the projections too."
)
def projections_with_biases(tensor, depth=20, classes=10, filters=16):
    def project(tensor, filters, strides, size):
        return _conv(tensor, filters, strides, size, use_bias=True)

    def block(*arguments):
        return _residual(*arguments, project=project)

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception("the projections have a ReLU. A shortcut is linear.")
def relu_on_projections(tensor, depth=20, classes=10, filters=16):
    def project(*arguments):
        return layers.ReLU()(_conv_norm(*arguments))

    def block(*arguments):
        return _residual(*arguments, project=project)

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "there is no batch normalisation. It follows every convolution, before the ReLU."
)
def no_batch_norm(tensor, depth=20, classes=10, filters=16):
    def conv(tensor, filters, strides=1, size=3):
        return _conv(tensor, filters, strides, size, use_bias=True)

    def block(*arguments):
        return _residual(*arguments, conv=conv)

    def stem(tensor, filters):
        return layers.ReLU()(conv(tensor, filters))

    return _network(tensor, depth, classes, filters, stem=stem, block=block)


@resnet.misconception(
    "batch normalisation comes after the ReLU. In the paper's block it stands between convolution "
    "and ReLU."
)
def batch_norm_after_relu(tensor, depth=20, classes=10, filters=16):
    def block(tensor, filters, strides):
        branch = _normalise(layers.ReLU()(_conv(tensor, filters, strides)))
        branch = _conv_norm(branch, filters)
        if strides != 1 or tensor.shape[-1] != filters:
            tensor = _conv_norm(tensor, filters, strides, 1)
        return _sum(branch, tensor)

    def stem(tensor, filters):
        return _normalise(layers.ReLU()(_conv(tensor, filters)))

    return _network(tensor, depth, classes, filters, stem=stem, block=block)


@resnet.misconception(
    "batch normalisation comes after the addition, so that the shortcut is scaled too. It belongs "
    "into the branch, after its last convolution."
)
def batch_norm_after_the_addition(tensor, depth=20, classes=10, filters=16):
    def block(tensor, filters, strides):
        branch = _conv(layers.ReLU()(_conv_norm(tensor, filters, strides)), filters)
        if strides != 1 or tensor.shape[-1] != filters:
            tensor = _conv_norm(tensor, filters, strides, 1)
        return layers.ReLU()(_normalise(layers.Add()([branch, tensor])))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "the ReLU stands before the addition and none after it, as in the lecture's block. The last "
    "convolution of a block stays linear, and the ReLU follows the sum."
)
def the_lectures_block(tensor, depth=20, classes=10, filters=16):
    def block(*arguments):
        return _residual(*arguments, join=lambda b, i: layers.Add()([layers.ReLU()(b), i]))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception("no ReLU follows the additions. In the paper's block one does.")
def no_relu_after_additions(tensor, depth=20, classes=10, filters=16):
    def block(*arguments):
        return _residual(*arguments, join=lambda *two: layers.Add()(two))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "there are no shortcuts: this is the plain network. Each block adds its input to its output."
)
def plain(tensor, depth=20, classes=10, filters=16):
    def block(tensor, filters, strides):
        return layers.ReLU()(_conv_norm(_stem_of(tensor, filters, strides), filters))

    def _stem_of(tensor, filters, strides):
        return layers.ReLU()(_conv_norm(tensor, filters, strides))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "the first block of the first stage has a projection. Its shape does not change: the shortcut"
    " is the input itself."
)
def projects_in_the_first_stage(tensor, depth=20, classes=10, filters=16):
    calls = []

    def block(tensor, maps, strides):
        calls.append(maps)
        if len(calls) > 1:
            return _residual(tensor, maps, strides)
        branch = _conv_norm(layers.ReLU()(_conv_norm(tensor, maps)), maps)
        return _sum(branch, _conv_norm(tensor, maps, 1, 1))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "every shortcut is a projection. Only the first blocks of the second and third stage change "
    "the shape; all others add their input itself."
)
def projects_everywhere(tensor, depth=20, classes=10, filters=16):
    def block(tensor, filters, strides):
        branch = _conv_norm(layers.ReLU()(_conv_norm(tensor, filters, strides)), filters)
        return _sum(branch, _conv_norm(tensor, filters, strides, 1))

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "shortcuts are padded with zeros where the channels grow (the paper's option A). Asked for is "
    "the projection (option B)."
)
def padded_with_zeros(tensor, depth=20, classes=10, filters=16):
    def project(tensor, filters, strides, size):
        if strides != 1:
            tensor = layers.AveragePooling2D(1, strides)(tensor)
        missing = filters - tensor.shape[-1]
        return keras.ops.pad(tensor, [[0, 0], [0, 0], [0, 0], [0, missing]])

    def block(*arguments):
        return _residual(*arguments, project=project)

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "a block's stride is in its second convolution. The first has it, and so the second has less "
    "to compute."
)
def stride_in_the_second_convolution(tensor, depth=20, classes=10, filters=16):
    def block(*arguments):
        return _residual(*arguments, late=True)

    return _network(tensor, depth, classes, filters, block=block)


@resnet.misconception(
    "the first stage has strides of 2 as well. It keeps the image's size; the second and third "
    "halve it."
)
def strides_in_the_first_stage(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, strides=(2, 2, 2))


@resnet.misconception(
    "no stage has strides: the image keeps its size. The second and third begin with strides of 2."
)
def no_strides(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, strides=(1, 1, 1))


@resnet.misconception(
    "all stages have the same number of filters. It doubles in the second and again in the third."
)
def filters_do_not_double(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, widths=(1, 1, 1))


@resnet.misconception(
    "the third stage has three times the first one's filters. They double twice: 1, 2, 4."
)
def filters_grow_by_addition(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, widths=(1, 2, 3))


@resnet.misconception(
    "there are too many blocks. A block has two convolutions: (depth - 2) / 6 blocks a stage."
)
def a_block_for_each_convolution(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, blocks=lambda depth: 2 * _blocks(depth))


@resnet.misconception(
    "the scores went through a softmax. Return them as they are (logits): the loss does it, with "
    "from_logits=True."
)
def softmax_at_the_end(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, activation="softmax")


@resnet.misconception(
    "the last feature maps are flattened. The paper takes each map's mean: GlobalAveragePooling2D."
)
def flattened(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, pool=layers.Flatten)


@resnet.misconception(
    "each feature map's largest value is taken. The paper takes its mean: GlobalAveragePooling2D."
)
def largest_of_each_map(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, pool=layers.GlobalMaxPooling2D)


@resnet.misconception(
    "the first convolution is not normalised, or has a bias. Batch normalisation follows it too."
)
def first_convolution_not_normalised(tensor, depth=20, classes=10, filters=16):
    def stem(tensor, filters):
        return layers.ReLU()(_conv(tensor, filters, use_bias=True))

    return _network(tensor, depth, classes, filters, stem=stem)


@resnet.misconception("the first convolution has no ReLU. One stands before the first block.")
def first_convolution_linear(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, stem=_conv_norm)


@resnet.misconception(
    "a depth that is not 6n + 2 is rounded silently. Raise a ValueError: nobody asked for that "
    "network."
)
def any_depth(tensor, depth=20, classes=10, filters=16):
    return _network(tensor, depth, classes, filters, blocks=lambda d: max(1, (d - 2) // 6))
