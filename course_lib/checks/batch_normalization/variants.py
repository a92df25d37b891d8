"""Correct answers of `batch_normalization` in other styles, and ready-made ones to be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import math

import numpy as np

from course_lib.checks.batch_normalization.cases import (
    batch_norm_gradients,
    batch_norm_inference,
    batch_norm_train,
    conv_bn_relu,
    dense_bn_relu,
    fold_batch_norm,
)

# --- batch_norm_train ----------------------------------------------------------------------------


@batch_norm_train.variant
def flattened(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    rows = x.reshape(-1, x.shape[-1]).astype(float)
    mean = rows.sum(axis=0) / len(rows)
    centred = rows - mean
    variance = (centred**2).sum(axis=0) / len(rows)
    output = centred * (gamma / np.sqrt(variance + epsilon)) + beta
    new_mean = moving_mean + (1 - momentum) * (mean - moving_mean)
    new_variance = moving_variance + (1 - momentum) * (variance - moving_variance)
    return output.reshape(x.shape), new_mean, new_variance


@batch_norm_train.variant
def channel_by_channel(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    output = np.empty(x.shape, np.float32)
    means, variances = [], []
    for c in range(x.shape[-1]):
        mean, variance = np.mean(x[..., c]), np.var(x[..., c])
        output[..., c] = gamma[c] * (x[..., c] - mean) / math.sqrt(variance + epsilon) + beta[c]
        means.append(momentum * moving_mean[c] + (1 - momentum) * mean)
        variances.append(momentum * moving_variance[c] + (1 - momentum) * variance)
    return output, np.array(means), np.array(variances)


@batch_norm_train.variant
def with_axes_kept(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    axes = (0,) if x.ndim == 2 else (0, 1, 2)
    mean = x.mean(axis=axes, keepdims=True)
    variance = np.square(x - mean).mean(axis=axes, keepdims=True)
    output = gamma * ((x - mean) / (variance + epsilon) ** 0.5) + beta
    return [
        output,
        momentum * moving_mean + (1 - momentum) * mean.ravel(),
        momentum * moving_variance + (1 - momentum) * variance.ravel(),
    ]


@batch_norm_train.forbid
def layer_of_keras(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    import keras

    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, moving_mean, moving_variance])
    output = layer(x, training=True)
    return np.asarray(output), *(np.asarray(w) for w in layer.weights[2:])


@batch_norm_train.forbid
def the_courses_own(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    from course_lib.batch_normalization import batch_norm_train

    return batch_norm_train(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon)


# --- batch_norm_inference ------------------------------------------------------------------------


@batch_norm_inference.variant
def as_scale_and_shift(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return x * scale + (beta - moving_mean * scale)


@batch_norm_inference.variant
def one_channel_after_another(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    output = x.astype(np.float64)
    for c, (g, b) in enumerate(zip(gamma, beta, strict=True)):
        output[..., c] -= moving_mean[c]
        output[..., c] *= g * (moving_variance[c] + epsilon) ** -0.5
        output[..., c] += b
    return output.astype(np.float32)


@batch_norm_inference.forbid
def tensorflows_function(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    import tensorflow as tf

    return tf.nn.batch_normalization(x, moving_mean, moving_variance, beta, gamma, epsilon).numpy()


# --- batch_norm_gradients ------------------------------------------------------------------------


@batch_norm_gradients.variant
def step_by_step(x, gamma, output_gradient, epsilon=1e-3):
    rows = x.reshape(-1, x.shape[-1]).astype(float)
    by_output = output_gradient.reshape(rows.shape).astype(float)
    count = len(rows)
    mean, variance = rows.mean(axis=0), rows.var(axis=0)
    inverse = 1 / np.sqrt(variance + epsilon)
    normalised = (rows - mean) * inverse
    by_normalised = by_output * gamma
    by_variance = (by_normalised * (rows - mean) * -0.5 * inverse**3).sum(axis=0)
    by_mean = -(by_normalised * inverse).sum(axis=0)
    by_mean += by_variance * (-2 * (rows - mean)).mean(axis=0)
    by_x = by_normalised * inverse + by_variance * 2 * (rows - mean) / count + by_mean / count
    return by_x.reshape(x.shape), (by_output * normalised).sum(axis=0), by_output.sum(axis=0)


@batch_norm_gradients.variant
def with_the_parameters_gradients(x, gamma, output_gradient, epsilon=1e-3):
    axes = tuple(range(x.ndim))[:-1]
    count = x.size / x.shape[-1]
    deviation = np.sqrt(np.var(x, axis=axes) + epsilon)
    normalised = (x - np.mean(x, axis=axes)) / deviation
    by_beta = np.einsum("nc->c", output_gradient.reshape(-1, x.shape[-1]))
    by_gamma = np.sum(output_gradient * normalised, axis=axes)
    inner = count * output_gradient - by_beta - normalised * by_gamma
    return gamma / (count * deviation) * inner, by_gamma, by_beta


@batch_norm_gradients.forbid
def by_gradient_tape(x, gamma, output_gradient, epsilon=1e-3):
    import tensorflow as tf

    x, gamma, beta = tf.constant(x), tf.constant(gamma), tf.zeros(len(gamma))
    with tf.GradientTape() as tape:
        tape.watch([x, gamma, beta])
        mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
        output = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
    gradients = tape.gradient(output, [x, gamma, beta], output_gradient)
    return tuple(one.numpy() for one in gradients)


# --- conv_bn_relu --------------------------------------------------------------------------------


@conv_bn_relu.variant
def with_other_names(tensor, filters, strides=1, kernel_size=3):
    import keras

    convolution = keras.layers.Convolution2D(
        filters, kernel_size, strides, "same", use_bias=False, kernel_initializer="he_normal"
    )
    normalised = keras.layers.BatchNormalization(-1, 0.9, name="bn")(convolution(tensor))
    return keras.layers.Activation("relu")(normalised)


@conv_bn_relu.variant
def as_sequential(tensor, filters, strides=1, kernel_size=3):
    import keras

    block = keras.Sequential(
        [
            keras.layers.Conv2D(
                filters, kernel_size, strides=strides, padding="same", use_bias=False
            ),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    )
    return block(tensor)


@conv_bn_relu.variant
def with_operations(tensor, filters, strides=1, kernel_size=3):
    import keras

    options = {"strides": strides, "padding": "SAME".lower(), "use_bias": False}
    tensor = keras.layers.Conv2D(filters, kernel_size, activation=None, **options)(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.9)(tensor)
    return keras.ops.maximum(tensor, 0.0)


@conv_bn_relu.forbid
def the_courses_block(tensor, filters, strides=1, kernel_size=3):
    from course_lib.batch_normalization import conv_bn_relu

    return conv_bn_relu(tensor, filters, strides, kernel_size)


# --- dense_bn_relu -------------------------------------------------------------------------------


@dense_bn_relu.variant
def dense_with_activation(tensor, units):
    import keras

    tensor = keras.layers.Dense(units, use_bias=False, activation="linear")(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.9)(tensor)
    return keras.activations.relu(tensor)


@dense_bn_relu.variant
def dense_as_sequential(tensor, units):
    from keras import Sequential, layers

    block = Sequential(name="block")
    block.add(layers.Dense(units, use_bias=False))
    block.add(layers.BatchNormalization(momentum=0.9))
    block.add(layers.Activation("relu"))
    return block(tensor)


@dense_bn_relu.forbid
def the_courses_dense_block(tensor, units):
    from course_lib.batch_normalization import dense_bn_relu

    return dense_bn_relu(tensor, units)


# --- fold_batch_norm -----------------------------------------------------------------------------


@fold_batch_norm.variant
def by_columns(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    deviation = np.sqrt(moving_variance + epsilon)
    columns = kernel.reshape(-1, kernel.shape[-1]) @ np.diag(gamma / deviation)
    shift = -moving_mean if bias is None else bias - moving_mean
    return columns.reshape(kernel.shape), beta + gamma * shift / deviation


@fold_batch_norm.variant
def filter_by_filter(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    folded, shifts = kernel.astype(float), []
    for f in range(kernel.shape[-1]):
        scale = gamma[f] / math.sqrt(moving_variance[f] + epsilon)
        folded[..., f] *= scale
        before = bias[f] if bias is not None else 0.0
        shifts.append(beta[f] + scale * (before - moving_mean[f]))
    return folded, shifts


@fold_batch_norm.forbid
def folded_by_the_course(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    from course_lib.batch_normalization import fold_batch_norm

    return fold_batch_norm(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon)
