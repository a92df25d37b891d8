"""Plausible wrong answers of `receptive_field`, each with the line that explains it.

Every one is a right answer with one step done wrong. `_stack`, `_network` and `_shares` are the
right answers, whose steps are arguments.
"""

import numpy as np

from course_lib.checks.receptive_field.cases import (
    effective_receptive_field,
    model_receptive_field,
    receptive_field,
)

# --- receptive_field -----------------------------------------------------------------------------


def _entries(layer):
    return (
        layer["kernel_size"],
        layer.get("strides", 1),
        layer.get("dilation_rate", 1),
        layer.get("padding", 0),
    )


def _stack(
    layers,
    size=1,
    taps=lambda kernel_size, rate: (kernel_size - 1) * rate,
    step=lambda stride, own: stride,
    worth=lambda stride, own: stride,
    onwards=lambda stride, own, rate: stride * own,
):
    stride, padding = 1, 0
    for kernel_size, own, rate, zeros in map(_entries, layers):
        size += taps(kernel_size, rate) * step(stride, own)
        padding += zeros * worth(stride, own)
        stride = onwards(stride, own, rate)
    return size, stride, padding


@receptive_field.misconception(
    "the kernels' sizes are added up. Two kernels of 3 see 5 pixels and not 6: the three numbers "
    "that the second one reads have fields that overlap. Only the taps beyond the first add "
    "something, k - 1."
)
def kernels_added(layers):
    return _stack(layers, 0, lambda kernel_size, rate: (kernel_size - 1) * rate + 1)


@receptive_field.misconception(
    "the size is one too small: the count begins at 0. Without any layer an output is a pixel and "
    "sees itself, so begin at 1."
)
def begins_at_zero(layers):
    return _stack(layers, 0)


@receptive_field.misconception(
    "each layer is counted with its own stride as well. A layer's taps are neighbours in its "
    "*input*, which only the layers before it have coarsened: add first, then multiply the stride."
)
def own_stride_first(layers):
    return _stack(layers, step=lambda stride, own: stride * own, worth=lambda s, own: s * own)


@receptive_field.misconception(
    "the strides do not enter the size. Behind a stride of 2 neighbours lie two pixels apart, and "
    "every further tap costs two."
)
def size_without_strides(layers):
    return _stack(layers, step=lambda stride, own: 1)


@receptive_field.misconception(
    "the strides are added up. One stride of 2 behind another takes every second of every second, "
    "so they multiply: 4."
)
def strides_added(layers):
    total = {}

    def onwards(stride, own, rate):
        total["stride"] = total.get("stride", 0) + own
        return total["stride"]

    return _stack(layers, onwards=onwards)


@receptive_field.misconception(
    "only the last layer's stride is kept. The strides of all layers before count, and they "
    "multiply."
)
def last_stride_only(layers):
    return _stack(layers, onwards=lambda stride, own, rate: own)


@receptive_field.misconception(
    "the last layer's stride is missing from the effective stride. It does not widen the layer's "
    "own field, but its outputs are that much farther apart."
)
def stride_without_the_last(layers):
    size, _, padding = _stack(layers)
    return size, _stack(layers[:-1])[1], padding


@receptive_field.misconception(
    "the layers are taken from the last to the first with the rule that goes from the first to the "
    "last (or the other way round). Either go forwards and multiply the stride as you go, or begin "
    "with 1 at the output and go back: size = (size - 1) * strides + kernel."
)
def from_the_wrong_end(layers):
    return _stack(layers[::-1])


@receptive_field.misconception(
    "the dilation rate is not used. A dilated kernel has the same number of taps, and they lie "
    "further apart: it covers (k - 1) * rate + 1 pixels."
)
def dilation_ignored(layers):
    return _stack(layers, taps=lambda kernel_size, rate: kernel_size - 1)


@receptive_field.misconception(
    "a dilated kernel is taken for k * rate pixels wide. There is no gap behind its last tap: it "
    "covers (k - 1) * rate + 1."
)
def gap_behind_the_last_tap(layers):
    return _stack(layers, taps=lambda kernel_size, rate: kernel_size * rate - 1)


@receptive_field.misconception(
    "the dilation rate multiplies the stride as well. It moves a kernel's taps apart, and leaves "
    "the distance between two outputs as it is."
)
def dilation_in_the_stride(layers):
    return _stack(layers, onwards=lambda stride, own, rate: stride * own * rate)


@receptive_field.misconception(
    "the zeros are added up as they are. A zero in front of a coarse layer is as wide as that "
    "layer's pixels: it counts times the stride that has been reached there."
)
def zeros_without_strides(layers):
    return _stack(layers, worth=lambda stride, own: 1)


@receptive_field.misconception(
    "a layer's zeros are counted with its own stride as well. They stand in front of its *input*, "
    "which only the layers before it have coarsened."
)
def zeros_with_their_own_stride(layers):
    return _stack(layers, worth=lambda stride, own: stride * own)


@receptive_field.misconception(
    "the zeros are counted twice, before the first pixel and behind the last. The padding says "
    "where the first field begins: only those before the first pixel move it."
)
def zeros_at_both_ends(layers):
    return _stack(layers, worth=lambda stride, own: 2 * stride)


@receptive_field.misconception(
    "the zeros are taken off the size. Zeros move the field; how many pixels wide it is, the "
    "kernels and strides say alone."
)
def zeros_shrink_the_field(layers):
    size, stride, padding = _stack(layers)
    return size - 2 * padding, stride, padding


@receptive_field.misconception(
    "every tap of a kernel is counted. Its first tap is the pixel that is there already: only "
    "k - 1 taps add something, and the last input that is read is first + (k - 1) * rate."
)
def first_tap_counted(layers):
    return _stack(layers, taps=lambda kernel_size, rate: kernel_size * rate)


@receptive_field.misconception(
    "a layer's taps and zeros are counted with its own stride alone. What counts is how far apart "
    "its inputs lie: the product of the strides of *all* layers before it."
)
def own_stride_alone(layers):
    return _stack(layers, step=lambda stride, own: own, worth=lambda stride, own: own)


@receptive_field.misconception(
    "the padding has the other sign. It says by how many pixels the first field begins *before* "
    "the image, and is positive where it does."
)
def padding_with_the_other_sign(layers):
    size, stride, padding = _stack(layers)
    return size, stride, -padding


@receptive_field.misconception(
    "stride and padding have changed places: the three numbers are (size, stride, padding)."
)
def stride_and_padding_swapped(layers):
    size, stride, padding = _stack(layers)
    return size, padding, stride


# --- model_receptive_field -----------------------------------------------------------------------

_WINDOWS = ("Conv2D", "MaxPooling2D", "AveragePooling2D")
_SAME = ("InputLayer", "ReLU", "Activation", "BatchNormalization", "Dropout", "Add", "Concatenate")


def _extent(kernel_size, rate):
    return (kernel_size - 1) * rate + 1


def _front(size, extent, strides):
    return max((-(-size // strides) - 1) * strides + extent - size, 0) // 2


def _union(fields):
    padding = max(padding for _, _, padding in fields)
    last = max(size - 1 - before for size, _, before in fields)
    return last + padding + 1, fields[0][1], padding


def _is_pooling(layer):
    return "Pooling" in type(layer).__name__


def _window(layer, axis, size, extent=_extent, front=_front, pools=True):
    """How wide a layer's window is, its stride and the zeros before the first pixel."""
    if _is_pooling(layer) and not pools:
        return 1, 1, 0
    taps = (layer.pool_size if _is_pooling(layer) else layer.kernel_size)[axis]
    rate = 1 if _is_pooling(layer) else layer.dilation_rate[axis]
    wide, strides = extent(taps, rate), layer.strides[axis]
    zeros = front(size, wide, strides) if layer.padding == "same" else 0
    return wide, strides, zeros


def _refuse(layer, field):
    raise ValueError(f"no receptive field is defined for the layer {layer.name}")


def _fed_by(layer):
    """The names of the layers that feed this one, and the sizes of their outputs."""
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    names = [tensor._keras_history.operation.name for tensor in tensors]
    return names, tensors[0].shape if tensors else None


def _grown(field, wide, strides, zeros):
    size, stride, padding = field
    return size + (wide - 1) * stride, stride * strides, padding + zeros * stride


def _zero_padding(layer, axis):
    return layer.padding[axis][0]


def _along(
    model,
    axis,
    window=_window,
    merge=_union,
    grown=_grown,
    padding=_zero_padding,
    refuse=_refuse,
    fed_by=_fed_by,
):
    """The field along one axis, carried forwards from layer to layer."""
    fields = {}
    for layer in model.layers:
        kind = type(layer).__name__
        names, shape = fed_by(layer)
        found = [fields[name] for name in names if name in fields] or [(1, 1, 0)]
        field = found[0] if len(found) == 1 else merge(found)
        if kind in _WINDOWS:
            field = grown(field, *window(layer, axis, shape[1 + axis]))
        elif kind == "ZeroPadding2D":
            field = grown(field, 1, 1, padding(layer, axis))
        elif kind not in _SAME:
            field = refuse(layer, field)
        fields[layer.name] = field
    return fields[model.layers[-1].name]


def _network(model, **steps):
    return tuple(_along(model, axis, **steps) for axis in (0, 1))


@model_receptive_field.misconception(
    "where paths meet, the largest field is taken. Two paths that look to different sides see more "
    "together than either: take all from the first pixel of any to the last pixel of any."
)
def largest_branch(model):
    return _network(model, merge=lambda fields: max(fields, key=lambda field: field[0]))


@model_receptive_field.misconception(
    "where paths meet, only the first of them is followed. The output depends on what each of them "
    "has read."
)
def first_branch(model):
    return _network(model, merge=lambda fields: fields[0])


@model_receptive_field.misconception(
    "where paths meet, only the last of them is followed. The output depends on what each of them "
    "has read."
)
def last_branch(model):
    return _network(model, merge=lambda fields: fields[-1])


@model_receptive_field.misconception(
    "where paths meet, only what *all* of them see is taken. The output depends on a pixel if any "
    "of them does: take all from the first pixel of any to the last pixel of any."
)
def what_branches_share(model):
    def merge(fields):
        padding = min(padding for _, _, padding in fields)
        last = min(size - 1 - before for size, _, before in fields)
        return last + padding + 1, fields[0][1], padding

    return _network(model, merge=merge)


@model_receptive_field.misconception(
    "where paths meet, their sizes are added up. They look at the same image, and mostly at the "
    "same pixels: take all from the first pixel of any to the last pixel of any."
)
def branches_added(model):
    def merge(fields):
        size = 1 + sum(size - 1 for size, _, _ in fields)
        return size, fields[0][1], max(padding for _, _, padding in fields)

    return _network(model, merge=merge)


@model_receptive_field.misconception(
    "all of the model's layers are taken for one chain, in the order of `model.layers`. Paths side "
    "by side then stand one behind the other: ask each layer what feeds it."
)
def one_long_chain(model):
    names = [layer.name for layer in model.layers]

    def fed_by(layer):
        place = names.index(layer.name)
        return names[max(place - 1, 0) : place], _fed_by(layer)[1]

    return _network(model, fed_by=fed_by)


@model_receptive_field.misconception(
    "poolings are left out. A pooling reads a window as a convolution does, and has strides: its "
    "pool_size, unless it is told otherwise."
)
def poolings_ignored(model):
    def window(layer, axis, size):
        return _window(layer, axis, size, pools=False)

    return _network(model, window=window)


@model_receptive_field.misconception(
    "the strides do not enter. Behind a stride of 2 neighbours lie two pixels apart; going back, "
    "output i reads from input i * strides on."
)
def strides_ignored(model):
    def window(layer, axis, size):
        wide, _, zeros = _window(layer, axis, size)
        return wide, 1, zeros

    return _network(model, window=window)


@model_receptive_field.misconception(
    "each layer is counted with its own stride as well. A layer's taps are neighbours in its "
    "*input*, which only the layers before it have coarsened: add first, then multiply the stride."
)
def counted_with_its_own_stride(model):
    def grown(field, wide, strides, zeros):
        size, stride, padding = field
        stride *= strides
        return size + (wide - 1) * stride, stride, padding + zeros * stride

    return _network(model, grown=grown)


@model_receptive_field.misconception(
    "the dilation rate is not used. A dilated kernel's taps lie further apart: it covers "
    "(k - 1) * rate + 1 pixels."
)
def rates_ignored(model):
    def window(layer, axis, size):
        return _window(layer, axis, size, extent=lambda kernel_size, rate: kernel_size)

    return _network(model, window=window)


@model_receptive_field.misconception(
    "a dilated kernel is taken for k * rate pixels wide. There is no gap behind its last tap: it "
    "covers (k - 1) * rate + 1."
)
def rate_times_kernel(model):
    def window(layer, axis, size):
        return _window(layer, axis, size, extent=lambda kernel_size, rate: kernel_size * rate)

    return _network(model, window=window)


@model_receptive_field.misconception(
    "the numbers of the height are given for the width as well. `kernel_size`, `strides` and the "
    "others are pairs, and their second entry is for the width."
)
def height_for_both(model):
    height, _ = _network(model)
    return height, height


@model_receptive_field.misconception(
    "height and width have changed places: the first entry of every pair is for the height."
)
def axes_swapped(model):
    return _network(model)[::-1]


@model_receptive_field.misconception(
    '"same" puts (kernel - 1) // 2 zeros in front only where strides are 1. With strides the '
    "number depends on the size of the layer's input: max((ceil(n / strides) - 1) * strides + "
    "extent - n, 0) // 2."
)
def same_as_without_strides(model):
    def window(layer, axis, size):
        return _window(layer, axis, size, front=lambda size, wide, strides: (wide - 1) // 2)

    return _network(model, window=window)


@model_receptive_field.misconception(
    'where "same" needs an odd number of zeros, the larger half is put in front. Keras puts it '
    "behind: round down, with // 2."
)
def larger_half_in_front(model):
    def front(size, wide, strides):
        return (max((-(-size // strides) - 1) * strides + wide - size, 0) + 1) // 2

    def window(layer, axis, size):
        return _window(layer, axis, size, front=front)

    return _network(model, window=window)


@model_receptive_field.misconception(
    'the zeros of "same" come out below 0. Where strides are larger than the kernel none are '
    "needed, and none can be taken away: max(..., 0)."
)
def fewer_zeros_than_none(model):
    def front(size, wide, strides):
        return ((-(-size // strides) - 1) * strides + wide - size) // 2

    def window(layer, axis, size):
        return _window(layer, axis, size, front=front)

    return _network(model, window=window)


@model_receptive_field.misconception(
    'the zeros of "same" are left out of the padding. They stand before the first pixel, as those '
    "of ZeroPadding2D do, and move the first field to the left of the image."
)
def same_without_zeros(model):
    def window(layer, axis, size):
        return _window(layer, axis, size, front=lambda size, wide, strides: 0)

    return _network(model, window=window)


@model_receptive_field.misconception(
    "ZeroPadding2D is left out. It moves everything behind it: pixel i of its output is pixel "
    "i - zeros of its input."
)
def zero_padding_ignored(model):
    return _network(model, padding=lambda layer, axis: 0)


@model_receptive_field.misconception(
    "the zeros behind the last pixel are counted as well. The padding says where the first field "
    "begins: only those before the first pixel move it, `layer.padding[axis][0]`."
)
def zeros_of_both_sides(model):
    return _network(model, padding=lambda layer, axis: sum(layer.padding[axis]))


@model_receptive_field.misconception(
    "the zeros are added up as they are. A zero in front of a coarse layer is as wide as that "
    "layer's pixels: it counts times the stride that has been reached there."
)
def zeros_of_one_pixel(model):
    def grown(field, wide, strides, zeros):
        size, stride, padding = field
        return size + (wide - 1) * stride, stride * strides, padding + zeros

    return _network(model, grown=grown)


@model_receptive_field.misconception(
    "the field is cut at the edges of the image. Its size belongs to the network and not to the "
    "image: beyond the edges lie zeros, and the field may reach far into them."
)
def cut_at_the_edges(model):
    return tuple(
        (min(size, length), stride, padding)
        for (size, stride, padding), length in zip(
            _network(model), model.input_shape[1:3], strict=True
        )
    )


@model_receptive_field.misconception(
    "the field begins at the first pixel of the image at the earliest. It is not cut: zeros before "
    "the image belong to it, and the padding says how many."
)
def cut_at_the_first_pixel(model):
    return tuple(
        (size - max(padding, 0), stride, min(padding, 0))
        for size, stride, padding in _network(model)
    )


@model_receptive_field.misconception(
    "the size is one too small. From the first pixel to the last there are last - first + 1."
)
def last_minus_first(model):
    return tuple((size - 1, stride, padding) for size, stride, padding in _network(model))


@model_receptive_field.misconception(
    "the padding has the other sign. It says by how many pixels the first field begins *before* "
    "the image: where that is pixel -3, the padding is 3."
)
def first_pixel_for_the_padding(model):
    return tuple((size, stride, -padding) for size, stride, padding in _network(model))


@model_receptive_field.misconception(
    "a layer that is not on the list is passed over, as if it worked on each pixel alone. A wrong "
    "number is worse than none: raise a ValueError that names the layer."
)
def unknown_layers_pass(model):
    return _network(model, refuse=lambda layer, field: field)


@model_receptive_field.misconception(
    "the error does not say which layer it is about. In a network of a hundred layers that is what "
    "one wants to know: put `layer.name` into the message."
)
def error_without_a_name(model):
    def refuse(layer, field):
        raise ValueError("there is a layer without a receptive field")

    return _network(model, refuse=refuse)


# --- effective_receptive_field -------------------------------------------------------------------


def _middle(model, images, position):
    _, height, width, _ = model.compute_output_shape(images.shape)
    return (height // 2, width // 2) if position is None else position


def _one_output(output, row, column):
    return output[:, row, column]


def _gradient(model, images, position, middle=_middle, chosen=_one_output, training=False):
    import tensorflow as tf

    row, column = middle(model, images, position)
    images = tf.constant(images)
    before = [np.asarray(weight) for weight in model.non_trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = tf.reduce_sum(chosen(model(images, training=training), row, column))
    for weight, array in zip(model.non_trainable_weights, before, strict=True):
        weight.assign(array)
    return tape.gradient(output, images).numpy()


def _divided(field):
    return field / field.sum()


def _shares(model, images, position, divided=_divided, **steps):
    gradient = _gradient(model, images, position, **steps)
    return divided(np.abs(gradient).sum(axis=-1).mean(axis=0))


@effective_receptive_field.misconception(
    "the gradient keeps its sign. A pixel that pushes the output down counts as much as one that "
    "pushes it up: take absolute values, before anything is added up."
)
def signs_kept(model, images, position=None):
    field = _gradient(model, images, position).sum(axis=-1).mean(axis=0)
    return field / np.abs(field).sum()


@effective_receptive_field.misconception(
    "the absolute value is taken after the mean over the images. What pushes up in one image and "
    "down in the next then seems to do nothing: take it first."
)
def absolute_after_the_mean(model, images, position=None):
    return _divided(np.abs(_gradient(model, images, position).mean(axis=0)).sum(axis=-1))


@effective_receptive_field.misconception(
    "the absolute value is taken after the channels were added up, where red and blue may have "
    "cancelled each other: take it first."
)
def absolute_after_the_channels(model, images, position=None):
    return _divided(np.abs(_gradient(model, images, position).sum(axis=-1)).mean(axis=0))


@effective_receptive_field.misconception(
    "the gradients are squared. That stresses the middle; the task asks for their absolute values."
)
def squared(model, images, position=None):
    return _divided((_gradient(model, images, position) ** 2).sum(axis=-1).mean(axis=0))


@effective_receptive_field.misconception(
    "the whole output was added up, so that every pixel counts for some output or other. Choose "
    "one position, `output[:, row, column]`, and take its gradient."
)
def whole_output(model, images, position=None):
    return _shares(model, images, position, chosen=lambda output, row, column: output)


@effective_receptive_field.misconception(
    "the output's corner was chosen, position (0, 0). Without a position the middle is meant: "
    "row height // 2 and column width // 2 of the output."
)
def corner(model, images, position=None):
    return _shares(model, images, position or (0, 0))


@effective_receptive_field.misconception(
    "the middle of the *image* was taken for a position of the output. Where a network shrinks its "
    "input, the output's middle is elsewhere: ask the output for its shape."
)
def middle_of_the_image(model, images, position=None):
    def middle(model, images, position):
        _, height, width, _ = images.shape
        _, rows, columns, _ = model.compute_output_shape(images.shape)
        row, column = (height // 2, width // 2) if position is None else position
        return min(row, rows - 1), min(column, columns - 1)

    return _shares(model, images, position, middle=middle)


@effective_receptive_field.misconception(
    "the middle was rounded down once too often, (height - 1) // 2. The task asks for height // 2, "
    "which differs where the size is even."
)
def other_middle(model, images, position=None):
    def middle(model, images, position):
        _, height, width, _ = model.compute_output_shape(images.shape)
        return ((height - 1) // 2, (width - 1) // 2) if position is None else position

    return _shares(model, images, position, middle=middle)


@effective_receptive_field.misconception(
    "the position is not used: the field is always that of the middle. Use it where it is given."
)
def position_ignored(model, images, position=None):
    return _shares(model, images, None)


@effective_receptive_field.misconception(
    "row and column have changed places: the first entry of the position is the row."
)
def row_and_column_swapped(model, images, position=None):
    def middle(model, images, position):
        _, height, width, _ = model.compute_output_shape(images.shape)
        column, row = _middle(model, images, position)[::-1] if position is None else position
        return min(row, height - 1), min(column, width - 1)

    return _shares(model, images, position, middle=middle)


@effective_receptive_field.misconception(
    "only the first channel of the output counts. Add up all channels of the chosen position."
)
def first_output_channel(model, images, position=None):
    def chosen(output, row, column):
        return output[:, row, column, 0]

    return _shares(model, images, position, chosen=chosen)


@effective_receptive_field.misconception(
    "only the first channel of the images counts. Add up the absolute values of all channels."
)
def first_input_channel(model, images, position=None):
    return _divided(np.abs(_gradient(model, images, position))[..., 0].mean(axis=0))


@effective_receptive_field.misconception(
    "only the first image counts. Each image opens other ReLUs: take the mean over all of them."
)
def first_image(model, images, position=None):
    return _shares(model, images[:1], position)


@effective_receptive_field.misconception(
    "the model was called as in training, where batch normalisation uses the statistics of the "
    "batch. Call it with training=False, which is what calling it does by itself."
)
def as_in_training(model, images, position=None):
    return _shares(model, images, position, training=True)


@effective_receptive_field.misconception(
    "the field is divided by its largest number, so that the peak is 1. Shares add up to 1: divide "
    "by the sum."
)
def divided_by_the_largest(model, images, position=None):
    return _shares(model, images, position, divided=lambda field: field / field.max())


@effective_receptive_field.misconception(
    "the field is the mean gradient itself, and its sum depends on the weights. Divide it by its "
    "sum, so that fields of different networks can be compared."
)
def not_divided(model, images, position=None):
    return _shares(model, images, position, divided=lambda field: field)


@effective_receptive_field.misconception(
    "each image's field is divided by its own sum before the mean is taken. An image that moves "
    "the output more counts for more: take the mean first, and divide it once."
)
def each_image_divided(model, images, position=None):
    fields = np.abs(_gradient(model, images, position)).sum(axis=-1)
    return (fields / fields.sum(axis=(1, 2), keepdims=True)).mean(axis=0)
