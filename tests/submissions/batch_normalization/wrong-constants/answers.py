# %% batch-norm-gradients-answer
def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    deviation = np.sqrt(x.var(axis=axes) + epsilon)
    normalised = (x - x.mean(axis=axes)) / deviation
    x_gradient = gamma * output_gradient / deviation
    return x_gradient, (output_gradient * normalised).sum(axis=axes), output_gradient.sum(axis=axes)

# %% fold-batch-norm-answer
def fold_batch_norm(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return kernel * scale, beta - moving_mean * scale
