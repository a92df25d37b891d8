# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    axes = tuple(range(x.ndim - 1))
    mean, sigma = x.mean(axis=axes), x.std(axis=axes)
    output = gamma * (x - mean) / np.sqrt(sigma**2 + epsilon) + beta
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    moving_variance = momentum * moving_variance + (1 - momentum) * sigma
    return output, moving_mean, moving_variance

# %% batch-norm-inference-answer
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
