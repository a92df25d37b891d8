"""Correct answers of `residual` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference. Those with
a strided 1x1 convolution are what most people write: they are run here and never trained.
"""

import keras
import numpy as np
from keras import layers

from course_lib.checks.residual.cases import gradient_norms, residual_block_v1, resnet

# --- residual_block_v1 ---------------------------------------------------------------------------


def _pairs(strides, filters):
    if isinstance(strides, int):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError(f"{len(filters)} convolutions, {len(strides)} strides")
    return [(stride, stride) if isinstance(stride, int) else tuple(stride) for stride in strides]


@residual_block_v1.variant
def strided_projection(tensor, filters, strides=1, kernel_size=3):
    """As every textbook writes it: a 1x1 convolution with strides, named activations."""
    strides = _pairs(strides, filters)
    x = tensor
    for number, maps in enumerate(filters):
        x = layers.Conv2D(maps, kernel_size, strides[number], padding="same")(x)
        if number + 1 < len(filters):
            x = layers.Activation("relu")(x)
    down, right = np.prod(strides, axis=0).tolist()
    if (down, right) != (1, 1) or tensor.shape[-1] != filters[-1]:
        tensor = layers.Conv2D(filters[-1], 1, strides=(down, right), padding="same")(tensor)
    return layers.Activation("relu")(layers.add([tensor, x]))


@residual_block_v1.variant
def shortcut_first(tensor, filters, strides=1, kernel_size=3):
    """The shortcut before the branch, without biases, by slices and operators."""
    strides = _pairs(strides, filters)
    down = right = 1
    for one, other in strides:
        down, right = down * one, right * other
    identity = tensor
    if down > 1 or right > 1:
        identity = identity[:, ::down, ::right, :]
    if down > 1 or right > 1 or tensor.shape[3] != filters[-1]:
        identity = layers.Conv2D(filters[-1], (1, 1), use_bias=False)(identity)
    *inner, last = zip(filters, strides, strict=True)
    for maps, stride in inner:
        tensor = layers.Conv2D(
            maps, kernel_size, strides=stride, padding="same", activation="relu", use_bias=False
        )(tensor)
    branch = layers.Conv2D(last[0], kernel_size, strides=last[1], padding="same")(tensor)
    return keras.ops.relu(identity + branch)


@residual_block_v1.variant
def compares_shapes(tensor, filters, strides=1, kernel_size=3):
    """Project where the shapes turn out to differ; subsample by pooling windows of one pixel."""
    strides = _pairs(strides, filters)
    branch = tensor
    for maps, stride in zip(filters[:-1], strides[:-1], strict=True):
        branch = layers.ReLU()(layers.Conv2D(maps, kernel_size, stride, "same")(branch))
    branch = layers.Conv2D(filters[-1], kernel_size, strides[-1], "same")(branch)
    if branch.shape != tensor.shape:
        steps = tuple(int(step) for step in np.prod(strides, axis=0))
        tensor = layers.MaxPool2D(1, steps)(tensor)
        tensor = layers.Conv2D(branch.shape[-1], 1)(tensor)
    return layers.ReLU()(layers.Add()([branch, tensor]))


@residual_block_v1.variant
def dense_projection(tensor, filters, strides=1, kernel_size=3):
    """A dense layer on the channels of each pixel, which is what a 1x1 convolution is."""
    strides = _pairs(strides, filters)
    branch = tensor
    for number, (maps, stride) in enumerate(zip(filters, strides, strict=True), start=1):
        branch = layers.Conv2D(maps, kernel_size, stride, "same")(branch)
        branch = layers.ReLU()(branch) if number < len(filters) else branch
    if branch.shape != tensor.shape:
        steps = tuple(int(step) for step in np.prod(strides, axis=0))
        tensor = layers.Dense(filters[-1])(layers.AveragePooling2D(1, steps)(tensor))
    return layers.ReLU()(layers.Add()([branch, tensor]))


@residual_block_v1.variant
def nested_model(tensor, filters, strides=1, kernel_size=3):
    """The branch as a model of its own."""
    strides = _pairs(strides, filters)
    branch = keras.Sequential([keras.Input(tensor.shape[1:])])
    for maps, stride in zip(filters, strides, strict=True):
        branch.add(layers.Conv2D(maps, kernel_size, strides=stride, padding="same"))
        branch.add(layers.ReLU())
    branch.pop()
    steps = tuple(np.prod(strides, axis=0).tolist())
    f = branch(tensor)
    if steps != (1, 1) or tensor.shape[-1] != filters[-1]:
        tensor = layers.Conv2D(filters[-1], 1, strides=steps)(tensor)
    return layers.ReLU()(layers.Add()([f, tensor]))


@residual_block_v1.forbid
def the_courses_shortcut(tensor, filters, strides=1, kernel_size=3):
    from course_lib.residual import shortcut, total_strides

    strides = _pairs(strides, filters)
    branch = tensor
    for number, maps in enumerate(filters, start=1):
        activation = "relu" if number < len(filters) else None
        branch = layers.Conv2D(
            maps, kernel_size, strides[number - 1], "same", activation=activation
        )(branch)
    identity = shortcut(tensor, filters[-1], total_strides(strides))
    return layers.ReLU()(layers.Add()([branch, identity]))


@residual_block_v1.forbid
def the_courses_block(tensor, filters, strides=1, kernel_size=3):
    from course_lib import residual

    return residual.residual_block_original(tensor, filters, strides, kernel_size, False)


# --- gradient_norms ------------------------------------------------------------------------------


@gradient_norms.variant
def by_hand(model, images, labels):
    """Cross-entropy by the formula, norms by NumPy."""
    import tensorflow as tf

    kernels = [layer.kernel.value for layer in model.layers if isinstance(layer, layers.Conv2D)]
    hot = tf.one_hot(labels, model.output_shape[-1])
    with tf.GradientTape() as tape:
        scores = model(images, training=True)
        loss = -tf.reduce_mean(tf.reduce_sum(hot * tf.nn.log_softmax(scores), axis=1))
    return [np.linalg.norm(np.ravel(gradient)) for gradient in tape.gradient(loss, kernels)]


@gradient_norms.variant
def by_names(model, images, labels):
    """All gradients, of which those are kept whose kernels have four axes."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        each = keras.losses.sparse_categorical_crossentropy(
            labels, model(images, training=True), from_logits=True
        )
        loss = tf.reduce_mean(each)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    pairs = zip(variables, gradients, strict=True)
    return tf.stack([tf.norm(gradient) for variable, gradient in pairs if variable.ndim == 4])


@gradient_norms.variant
def kernel_by_kernel(model, images, labels):
    """One tape that is asked again and again."""
    import tensorflow as tf

    loss = tf.nn.sparse_softmax_cross_entropy_with_logits
    norms = []
    for layer in model.layers:
        if type(layer).__name__ == "Conv2D":
            with tf.GradientTape() as tape:
                value = tf.math.reduce_mean(loss(labels, model(images, training=True)))
            norms.append(tf.norm(tape.gradient(value, layer.trainable_variables)[0]))
    return np.array(norms)


@gradient_norms.forbid
def the_courses_norms(model, images, labels):
    from course_lib import residual

    return residual.gradient_norms(model, images, labels)


# --- resnet --------------------------------------------------------------------------------------


@resnet.variant
def strided_projections(tensor, depth=20, classes=10, filters=16):
    """As most people write it, projections by 1x1 convolutions with strides."""

    def conv(x, maps, size, strides):
        x = layers.Conv2D(maps, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth {depth}")
    x = layers.Activation("relu")(conv(tensor, filters, 3, 1))
    for stage in range(3):
        for number in range((depth - 2) // 6):
            maps, strides = filters * 2**stage, 2 if stage and not number else 1
            y = layers.Activation("relu")(conv(x, maps, 3, strides))
            y = conv(y, maps, 3, 1)
            if strides == 2:
                x = conv(x, maps, 1, strides)
            x = layers.Activation("relu")(layers.add([x, y]))
    return layers.Dense(classes)(layers.GlobalAveragePooling2D()(x))


@resnet.variant
def shapes_decide(tensor, depth=20, classes=10, filters=16):
    """A projection where shapes differ, means by an operation, another epsilon and momentum."""
    normalise = {"epsilon": 1e-5, "momentum": 0.9}

    def block(x, maps, strides):
        y = layers.Conv2D(maps, 3, strides, "same", use_bias=False, kernel_initializer="he_normal")(
            x
        )
        y = keras.ops.relu(layers.BatchNormalization(**normalise)(y))
        y = layers.Conv2D(maps, 3, 1, "same", use_bias=False)(y)
        y = layers.BatchNormalization(**normalise)(y)
        if x.shape != y.shape:
            x = layers.Conv2D(maps, 1, use_bias=False)(x[:, ::strides, ::strides])
            x = layers.BatchNormalization(**normalise)(x)
        return keras.ops.relu(x + y)

    blocks = (depth - 2) / 6
    if blocks < 1 or blocks != int(blocks):
        raise ValueError("depth must be 6n + 2")
    tensor = layers.Conv2D(filters, 3, padding="same", use_bias=False)(tensor)
    tensor = keras.ops.relu(layers.BatchNormalization(**normalise)(tensor))
    steps = [(filters, 1), (2 * filters, 2), (4 * filters, 2)]
    for maps, strides in steps:
        tensor = block(tensor, maps, strides)
        for _ in range(int(blocks) - 1):
            tensor = block(tensor, maps, 1)
    return layers.Dense(classes)(keras.ops.mean(tensor, axis=(1, 2)))


@resnet.forbid
def the_courses_network(tensor, depth=20, classes=10, filters=16):
    from course_lib import residual

    return residual.resnet(tensor, depth, classes, filters)
