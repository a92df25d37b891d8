# %% depthwise-answer
def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    if images.shape[3] != kernels.shape[2]:
        raise ValueError("channels differ")
    images, kernels = images.astype(float), kernels.astype(float)
    down, right = pair(strides)
    if padding == "same":
        images = pad_same(images, kernels.shape[:2], strides)
    rows = positions(images.shape[1], kernels.shape[0], down)
    columns = positions(images.shape[2], kernels.shape[1], right)
    result = np.zeros((len(images), rows, columns, *kernels.shape[2:]))
    for i in range(rows):
        for j in range(columns):
            top, left = i * down, j * right
            window = images[:, top : top + kernels.shape[0], left : left + kernels.shape[1]]
            result[:, i, j] = np.einsum("nabc,abcm->ncm", window, kernels)
    return result.swapaxes(3, 4).reshape(len(images), rows, columns, -1)


# %% separable-answer
def separable_parameters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    kh, kw = pair(kernel_size)
    depthwise = kh * kw * channels * multiplier
    return depthwise, (channels * multiplier + int(use_bias)) * filters


# %% inverted-answer
def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    channels = tensor.shape[-1]
    x = tensor
    if expansion > 1:
        x = layers.Conv2D(expansion * channels, 1, use_bias=False)(x)
        x = layers.ReLU(6)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(kernel_size, strides, padding="same", use_bias=False)(x)
    x = layers.ReLU(6)(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    x = layers.ReLU(6)(x)
    if strides == 1 and filters == channels:
        x = layers.Add()([tensor, x])
    return x
