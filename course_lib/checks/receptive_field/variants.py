"""Correct answers of `receptive_field` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
import numpy as np

from course_lib.checks.receptive_field.cases import (
    effective_receptive_field,
    model_receptive_field,
    receptive_field,
)

# --- receptive_field -----------------------------------------------------------------------------


@receptive_field.variant
def from_the_output(layers):
    """Back from the output: what the first output reads, and what the second."""
    first, last, second = 0, 0, 1
    for layer in reversed(layers):
        strides, zeros = layer.get("strides", 1), layer.get("padding", 0)
        extent = (layer["kernel_size"] - 1) * layer.get("dilation_rate", 1) + 1
        first, second = first * strides - zeros, second * strides - zeros
        last = last * strides - zeros + extent - 1
    return [last - first + 1, second - first, -first]


@receptive_field.variant
def set_of_pixels(layers):
    """All pixels, one by one."""

    def read(position):
        needed = {position}
        for layer in layers[::-1]:
            step, rate = layer.get("strides", 1), layer.get("dilation_rate", 1)
            taps = range(0, layer["kernel_size"] * rate, rate)
            needed = {n * step + tap - layer.get("padding", 0) for n in needed for tap in taps}
        return needed

    zero, one = read(0), read(1)
    return max(zero) - min(zero) + 1, min(one) - min(zero), -min(zero)


@receptive_field.variant
def by_sums_and_products(layers):
    """Products of strides, then two sums."""
    strides = [layer.get("strides", 1) for layer in layers]
    jumps = np.cumprod([1, *strides])
    taps = [(one["kernel_size"] - 1) * one.get("dilation_rate", 1) for one in layers]
    zeros = [one.get("padding", 0) for one in layers]
    return (
        int(1 + np.dot(taps, jumps[:-1])),
        int(jumps[-1]),
        int(np.dot(zeros, jumps[:-1])),
    )


@receptive_field.variant
def recursive(layers):
    """The first layer, and a stack that is one shorter."""
    if not layers:
        return 1, 1, 0
    size, stride, padding = recursive(layers[1:])
    one = {"strides": 1, "dilation_rate": 1, "padding": 0} | layers[0]
    extent = (one["kernel_size"] - 1) * one["dilation_rate"] + 1
    return (
        (size - 1) * one["strides"] + extent,
        stride * one["strides"],
        padding * one["strides"] + one["padding"],
    )


@receptive_field.forbid
def the_courses_stack(layers):
    from course_lib import receptive_field as topic

    return topic.receptive_field(layers)


@receptive_field.forbid
def by_a_network(layers):
    """Let Keras convolve."""
    x = keras.Input((200, 1))
    for layer in layers:
        x = keras.layers.Conv1D(1, layer["kernel_size"], layer.get("strides", 1))(x)
    return x.shape[1], 1, 0


# --- model_receptive_field -----------------------------------------------------------------------

_PIXELS = ("ReLU", "Activation", "BatchNormalization", "Dropout", "Add", "Concatenate")


def _inputs(layer):
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _makers(layer):
    return [tensor._keras_history.operation.name for tensor in _inputs(layer)]


def _window(layer, axis):
    is_conv = isinstance(layer, keras.layers.Conv2D)
    kernel = (layer.kernel_size if is_conv else layer.pool_size)[axis]
    extent = (kernel - 1) * (layer.dilation_rate[axis] if is_conv else 1) + 1
    strides, zeros = layer.strides[axis], 0
    if layer.padding == "same":
        size = layer.input.shape[1 + axis]
        outputs = (size + strides - 1) // strides
        zeros = max(0, (outputs - 1) * strides + extent - size) // 2
    return extent, strides, zeros


_READ = (keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)


@model_receptive_field.variant
def intervals_backwards(model):
    """From the output back: intervals, joined where two layers read the same one."""

    def interval(position, axis):
        wanted = {model.layers[-1].name: (position, position)}
        for layer in reversed(model.layers):
            if layer.name not in wanted or isinstance(layer, keras.layers.InputLayer):
                continue
            first, last = wanted[layer.name]
            if isinstance(layer, _READ):
                extent, strides, zeros = _window(layer, axis)
                first, last = first * strides - zeros, last * strides - zeros + extent - 1
            elif isinstance(layer, keras.layers.ZeroPadding2D):
                first, last = first - layer.padding[axis][0], last - layer.padding[axis][0]
            elif type(layer).__name__ not in _PIXELS:
                raise ValueError(f"{layer.name} is not defined")
            for name in _makers(layer):
                a, b = wanted.get(name, (first, last))
                wanted[name] = min(a, first), max(b, last)
        return wanted[model.layers[0].name]

    result = []
    for axis in (0, 1):
        (first, last), (second, _) = interval(0, axis), interval(1, axis)
        result.append((last - first + 1, second - first, -first))
    return result


@model_receptive_field.variant
def carried_forwards(model):
    """Both axes at once in arrays: where the first field begins and ends, and the stride."""
    known = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            known[layer.name] = np.array([[0, 0, 1], [0, 0, 1]])
            continue
        given = np.array([known[name] for name in _makers(layer)])
        field = np.stack(
            [given[..., 0].min(axis=0), given[..., 1].max(axis=0), given[0, :, 2]], axis=-1
        )
        for axis in (0, 1):
            begin, end, stride = field[axis].tolist()
            if isinstance(layer, _READ):
                extent, strides, zeros = _window(layer, axis)
                field[axis] = (
                    begin - zeros * stride,
                    end + (extent - 1 - zeros) * stride,
                    stride * strides,
                )
            elif isinstance(layer, keras.layers.ZeroPadding2D):
                shift = layer.padding[axis][0] * stride
                field[axis] = begin - shift, end - shift, stride
            elif type(layer).__name__ not in _PIXELS:
                raise ValueError(f"cannot follow {layer.name!r} ({type(layer).__name__})")
        known[layer.name] = field
    begin, end, stride = known[model.layers[-1].name].T
    return np.stack([end - begin + 1, stride, -begin], axis=-1)


@model_receptive_field.variant
def sets_of_pixels(model):
    """Recursion over tensors: the set of pixels that outputs depend on."""

    def needed(tensor, places, axis):
        layer = tensor._keras_history.operation
        if isinstance(layer, keras.layers.InputLayer):
            return places
        if isinstance(layer, _READ):
            extent, strides, zeros = _window(layer, axis)
            ends = 0, extent - 1
            places = {place * strides - zeros + end for place in places for end in ends}
        elif isinstance(layer, keras.layers.ZeroPadding2D):
            places = {place - layer.padding[axis][0] for place in places}
        elif type(layer).__name__ not in _PIXELS:
            raise ValueError("no rule for " + layer.name)
        return set().union(*(needed(one, places, axis) for one in _inputs(layer)))

    fields = []
    for axis in (0, 1):
        zero, one = (needed(model.output, {place}, axis) for place in (0, 1))
        fields.append([float(max(zero) - min(zero) + 1), min(one) - min(zero), -min(zero)])
    return fields


@model_receptive_field.forbid
def the_courses_fields(model):
    from course_lib import receptive_field as topic

    return topic.model_receptive_field(model)


# --- effective_receptive_field -------------------------------------------------------------------


@effective_receptive_field.variant
def seeded_from_behind(model, images, position=None):
    """A gradient of 1 at one place of the output, 0 elsewhere, as the paper has it."""
    import tensorflow as tf

    images = tf.Variable(images)
    with tf.GradientTape() as tape:
        output = model(images)
    seed = np.zeros(output.shape, np.float32)
    if position is None:
        position = output.shape[1] // 2, output.shape[2] // 2
    seed[:, position[0], position[1], :] = 1
    gradient = tape.gradient(output, images, output_gradients=tf.constant(seed))
    field = tf.reduce_mean(tf.reduce_sum(tf.abs(gradient), axis=-1), axis=0)
    return field / tf.reduce_sum(field)


@effective_receptive_field.variant
def image_by_image(model, images, position=None):
    """One tape for each image."""
    import tensorflow as tf

    total = np.zeros(images.shape[1:3])
    for image in images:
        x = tf.convert_to_tensor(image[None])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=False)[0]
            row, column = position or (y.shape[0] // 2, y.shape[1] // 2)
            value = tf.add_n([y[row, column, channel] for channel in range(y.shape[-1])])
        total += np.linalg.norm(tape.gradient(value, x)[0], ord=1, axis=-1)
    return total / np.sum(total)


@effective_receptive_field.variant
def by_the_jacobian(model, images, position=None):
    """The derivative of every channel of the output by itself; they are added up afterwards."""
    import tensorflow as tf

    if position is None:
        position = tuple(size // 2 for size in model.output_shape[1:3])
    x = tf.constant(images)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        channels = tf.reduce_sum(model(x)[:, position[0], position[1]], axis=0)
    gradient = tape.jacobian(channels, x, experimental_use_pfor=False).numpy().sum(axis=0)
    field = np.abs(gradient).sum(axis=(0, -1))
    return field / field.sum()


@effective_receptive_field.forbid
def flat_field_of_the_course(model, images, position=None):
    """Let the course find the pixels that count, and count them alike."""
    from course_lib import receptive_field as topic

    row, column = position or (size // 2 for size in model.output_shape[1:3])
    (top, bottom), (left, right) = topic.model_interval(model, (row, column))
    field = np.zeros(images.shape[1:3])
    field[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = 1
    return field / field.sum()
