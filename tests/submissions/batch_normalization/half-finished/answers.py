# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    if x.ndim == 4:
        raise NotImplementedError("images: tomorrow")
    mean = x.mean(axis=0)
    variance = ((x - mean) ** 2).mean(axis=0)
    output = gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
    return output, moving_mean, moving_variance  # TODO the averages

# %% batch-norm-inference-answer
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)

# %% conv-bn-relu-answer
def conv_bn_relu(tensor, filters, strides=1, kernel_size=3):
    tensor = keras.layers.Conv2D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False
    )(tensor)
    return keras.layers.BatchNormalization(momentum=0.9)(tensor)
