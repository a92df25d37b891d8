# %% batch-norm-train-answer
import warnings


def batch_norm_train(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    warnings.warn("normalising")
    print("x", x.shape)
    out = np.empty(x.shape, np.float32)
    means, variances = [], []
    for c in range(x.shape[-1]):
        mean, variance = np.mean(x[..., c]), np.var(x[..., c])
        out[..., c] = gamma[c] * (x[..., c] - mean) / (variance + epsilon) ** 0.5 + beta[c]
        means.append(momentum * moving_mean[c] + (1 - momentum) * mean)
        variances.append(momentum * moving_variance[c] + (1 - momentum) * variance)
    return out, np.array(means), np.array(variances)

# %% conv-bn-relu-answer
def conv_bn_relu(tensor, filters, strides=1, kernel_size=3):
    block = keras.Sequential(
        [
            keras.layers.Conv2D(
                filters, kernel_size, strides=strides, padding="same", use_bias=False
            ),
            keras.layers.BatchNormalization(momentum=0.9),
        ]
    )
    return keras.layers.Activation("relu")(block(tensor))

# %% dense-bn-relu-answer
def dense_bn_relu(tensor, units):
    tensor = keras.layers.Dense(units, use_bias=False, name=f"dense_of_{units}")(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.9)(tensor)
    return keras.ops.maximum(tensor, 0)
