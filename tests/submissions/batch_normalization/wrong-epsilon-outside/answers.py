# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    axes = tuple(range(x.ndim - 1))
    mean, deviation = x.mean(axis=axes), x.std(axis=axes)
    output = gamma * (x - mean) / (deviation + epsilon) + beta
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    moving_variance = momentum * moving_variance + (1 - momentum) * deviation**2
    return output, moving_mean, moving_variance

# %% batch-norm-inference-answer
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return gamma * (x - moving_mean) / (np.sqrt(moving_variance) + epsilon) + beta

# %% batch-norm-gradients-answer
def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    deviation = x.std(axis=axes) + epsilon
    h = (x - x.mean(axis=axes)) / deviation
    by_gamma, by_beta = (output_gradient * h).sum(axis=axes), output_gradient.sum(axis=axes)
    count = x.size / x.shape[-1]
    x_gradient = gamma / deviation * (output_gradient - by_beta / count - h * by_gamma / count)
    return x_gradient, by_gamma, by_beta

# %% fold-batch-norm-answer
def fold_batch_norm(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / (np.sqrt(moving_variance) + epsilon)
    if bias is None:
        bias = np.zeros_like(beta)
    return kernel * scale, (bias - moving_mean) * scale + beta
