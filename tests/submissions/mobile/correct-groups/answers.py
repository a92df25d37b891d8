# %% depthwise-answer
def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    kh, kw, c, m = kernels.shape
    if images.shape[-1] != c:
        raise ValueError("one kernel for each channel, please")
    full = np.zeros((kh, kw, c, c * m))
    for channel in range(c):
        full[:, :, channel, channel * m : (channel + 1) * m] = kernels[:, :, channel]
    x = images.astype("float64")
    sh, sw = pair(strides)
    if padding == "same":
        x = pad_same(x, (kh, kw), strides)
    oh, ow = positions(x.shape[1], kh, sh), positions(x.shape[2], kw, sw)
    y = 0
    for a in range(kh):
        for b in range(kw):
            y = y + x[:, a : a + sh * (oh - 1) + 1 : sh, b : b + sw * (ow - 1) + 1 : sw] @ full[a, b]
    return y


# %% inverted-answer
def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    channels, wide = tensor.shape[-1], tensor.shape[-1] * expansion
    x = tensor
    if expansion > 1:
        x = layers.Conv2D(wide, 1, use_bias=False)(x)
        x = keras.ops.relu6(layers.BatchNormalization()(x))
    x = layers.Conv2D(wide, kernel_size, strides, "same", groups=wide, use_bias=False)(x)
    x = keras.ops.relu6(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    if channels == filters and strides == 1:
        return tensor + x
    return x
