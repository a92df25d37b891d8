# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, moving_mean, moving_variance])
    output = np.asarray(layer(x, training=True))
    return output, np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)

# %% batch-norm-gradients-answer
import tensorflow as tf


def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    x, gamma, beta = tf.constant(x), tf.constant(gamma), tf.zeros(len(gamma))
    with tf.GradientTape() as tape:
        tape.watch([x, gamma, beta])
        mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
        output = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
    return [g.numpy() for g in tape.gradient(output, [x, gamma, beta], output_gradient)]
