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
    return result.reshape(len(images), rows, columns, -1)


# %% separable-answer
def separable_parameters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise = np.prod(pair(kernel_size)) * channels * multiplier
    pointwise = channels * multiplier * filters
    biases = (channels * multiplier, filters) if use_bias else (0, 0)
    return int(depthwise) + biases[0], int(pointwise) + biases[1]


# %% inverted-answer
def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    branch = tensor
    if expansion > 1:
        branch = layers.Dense(expansion * tensor.shape[-1], use_bias=False)(branch)
        branch = layers.BatchNormalization()(branch)
        branch = layers.ReLU(max_value=6)(branch)
    branch = layers.DepthwiseConv2D(kernel_size, strides, "same", use_bias=False)(branch)
    branch = layers.BatchNormalization()(branch)
    branch = layers.ReLU(max_value=6)(branch)
    branch = layers.Dense(filters, use_bias=False)(branch)
    branch = layers.BatchNormalization()(branch)
    if strides > 1 or filters != tensor.shape[-1]:
        return branch
    return layers.Add()([branch, tensor])
