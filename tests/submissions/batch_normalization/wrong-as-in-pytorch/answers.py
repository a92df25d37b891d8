# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    output = gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
    moving_mean = (1 - momentum) * moving_mean + momentum * mean
    unbiased = x.var(axis=axes, ddof=1)
    moving_variance = (1 - momentum) * moving_variance + momentum * unbiased
    return output, moving_mean, moving_variance

# %% conv-bn-relu-answer
def conv_bn_relu(tensor, filters, strides=1, kernel_size=3):
    tensor = keras.layers.Conv2D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False
    )(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.1)(tensor)
    return keras.layers.ReLU()(tensor)

# %% dense-bn-relu-answer
def dense_bn_relu(tensor, units):
    tensor = keras.layers.Dense(units, use_bias=False)(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.1)(tensor)
    return keras.layers.ReLU()(tensor)
