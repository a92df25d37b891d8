# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    return (x - mean) / np.sqrt(variance + epsilon), moving_mean, moving_variance

# %% batch-norm-inference-answer
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return (x - moving_mean) / np.sqrt(moving_variance + epsilon)
