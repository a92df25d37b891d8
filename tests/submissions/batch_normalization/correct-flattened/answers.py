# %% batch-norm-train-answer
def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    rows = x.reshape(-1, x.shape[-1]).astype(float)
    mean = rows.sum(axis=0) / len(rows)
    variance = ((rows - mean) ** 2).sum(axis=0) / len(rows)
    out = gamma * (rows - mean) / np.sqrt(variance + epsilon) + beta
    moving_mean = moving_mean + (1 - momentum) * (mean - moving_mean)
    moving_variance = moving_variance + (1 - momentum) * (variance - moving_variance)
    return out.reshape(x.shape), moving_mean, moving_variance

# %% batch-norm-inference-answer
def batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = gamma / np.sqrt(moving_variance + epsilon)
    return x * scale + (beta - moving_mean * scale)

# %% fold-batch-norm-answer
def fold_batch_norm(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    columns = kernel.reshape(-1, kernel.shape[-1])
    scale = gamma / np.sqrt(moving_variance + epsilon)
    before = 0 if bias is None else bias
    return (columns @ np.diag(scale)).reshape(kernel.shape), scale * (before - moving_mean) + beta

# %% in-your-own-words
1. The moving averages have not arrived. Compare with training=True; use momentum 0.9, or train on.
2. Nothing; the gradient is a tenth. Large steps make the weights large and the next steps small.
