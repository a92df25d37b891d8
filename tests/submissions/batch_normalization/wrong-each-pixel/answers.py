# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    output = gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
    moving_mean = momentum * moving_mean + (1 - momentum) * mean
    moving_variance = momentum * moving_variance + (1 - momentum) * variance
    return output, moving_mean, moving_variance

# %% batch-norm-gradients-answer
def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    deviation = np.sqrt(x.var(axis=0) + epsilon)
    h = (x - x.mean(axis=0)) / deviation
    inner = output_gradient - output_gradient.mean(axis=0)
    inner = inner - h * (output_gradient * h).mean(axis=0)
    return gamma / deviation * inner, (output_gradient * h).sum(axis=0), output_gradient.sum(axis=0)
