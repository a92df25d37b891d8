# %% depthwise-answer
def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    n, _, _, c = images.shape
    kh, kw, kc, m = kernels.shape
    if c != kc:
        raise ValueError(f"{c} channels do not fit kernels for {kc}")
    x = images.astype("float32")
    sh, sw = pair(strides)
    if padding == "same":
        x = pad_same(x, (kh, kw), (sh, sw))
    oh, ow = positions(x.shape[1], kh, sh), positions(x.shape[2], kw, sw)
    y = np.empty((n, oh, ow, c * m), dtype="float32")
    for channel in range(c):
        for k in range(m):
            for i in range(oh):
                for j in range(ow):
                    window = x[:, i * sh : i * sh + kh, j * sw : j * sw + kw, channel]
                    total = (window * kernels[:, :, channel, k]).sum(axis=(1, 2))
                    y[:, i, j, channel * m + k] = total
    return y


# %% separable-answer
def separable_parameters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    kh, kw = pair(kernel_size)
    first = (kh * kw + (1 if use_bias else 0)) * channels * multiplier
    second = (channels * multiplier + (1 if use_bias else 0)) * filters
    return first, second


# %% inverted-answer
def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    def normalised(x, name):
        return layers.Activation(name)(layers.BatchNormalization(epsilon=1e-5)(x))

    start, x = tensor, tensor
    if expansion != 1:
        x = layers.Conv2D(tensor.shape[-1] * expansion, 1, padding="same", use_bias=False)(x)
        x = normalised(x, "relu6")
    x = layers.DepthwiseConv2D(kernel_size, strides=strides, padding="same", use_bias=False)(x)
    x = normalised(x, "relu6")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False)(x)
    x = normalised(x, "linear")
    return layers.add([start, x]) if x.shape == start.shape else x


# %% in-your-own-words
1. It does 9 products for each number that it reads, so it waits for the memory most of the time. The input and the output are as large as before, so the time does not go down as the products do.
2. A ReLU sets about half of the channels to zero. With few channels not enough are left to know where a point was; with many there are. Without any activation the block would be one linear map.
