# %% batch-norm-gradients-answer
def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    m = x.size // x.shape[-1]
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    inverse = 1 / np.sqrt(variance + epsilon)
    normalised = (x - mean) * inverse
    by_normalised = output_gradient * gamma
    by_variance = (by_normalised * (x - mean)).sum(axis=axes) * -0.5 * inverse**3
    by_mean = -(by_normalised * inverse).sum(axis=axes)
    by_mean = by_mean + by_variance * (-2 * (x - mean)).sum(axis=axes) / m
    by_x = by_normalised * inverse + by_variance * 2 * (x - mean) / m + by_mean / m
    return by_x, (output_gradient * normalised).sum(axis=axes), output_gradient.sum(axis=axes)
