# %% depthwise-answer
def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    images = images.astype(float)
    kh, kw, c, m = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, c, m))
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            window = images[:, i : i + kh, j : j + kw, :, np.newaxis]
            output[:, i, j] = np.sum(window * kernels, axis=(1, 2))
    # TODO: strides and padding, errors
    return output.reshape(n, h - kh + 1, w - kw + 1, c * m)


# %% separable-answer
def separable_parameters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    kh, kw = pair(kernel_size)
    return kh * kw * channels * multiplier, channels * multiplier * filters
