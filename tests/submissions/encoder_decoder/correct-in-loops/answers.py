# %% upsample-nearest-answer
def upsample_nearest(images, size=2):
    down, right = pair(size)
    b, h, w, c = images.shape
    larger = np.empty((b, h * down, w * right, c), images.dtype)
    for i in range(down):
        for j in range(right):
            larger[:, i::down, j::right] = images
    return larger


# %% conv2d-transpose-answer
def conv2d_transpose(images, kernels, strides=1, padding="valid"):
    if images.shape[3] != kernels.shape[3]:
        raise ValueError("channels differ")
    s, t = pair(strides)
    b, h, w, c = images.shape
    kh, kw, f, _ = kernels.shape
    canvas = np.zeros((b, h * s + max(kh - s, 0), w * t + max(kw - t, 0), f))
    for y in range(h):
        for x in range(w):
            for i in range(kh):
                for j in range(kw):
                    canvas[:, y * s + i, x * t + j] += images[:, y, x] @ kernels[i, j].T
    if padding == "same":
        top, left = max(kh - s, 0) // 2, max(kw - t, 0) // 2
        canvas = canvas[:, top : top + h * s, left : left + w * t]
    return canvas


# %% encoder-block-answer
def f_and_x(x, filters, kernel_size, drop_rate):
    sizes = [kernel_size] * len(filters) if isinstance(kernel_size, int) else kernel_size
    if len(sizes) != len(filters):
        raise ValueError("lists of different lengths")
    f = layers.SpatialDropout2D(drop_rate)(x)
    for n, (maps, size) in enumerate(zip(filters, sizes)):
        f = layers.BatchNormalization()(layers.Conv2D(maps, size, padding="same")(f))
        if n < len(filters) - 1:
            f = layers.Activation("relu")(f)
    while x.shape[-1] < filters[-1]:
        x = layers.Concatenate()([x, keras.ops.zeros_like(x[..., :1])])
    if x.shape[-1] > filters[-1]:
        x = layers.BatchNormalization()(layers.Conv2D(filters[-1], (1, 1))(x))
    return layers.Activation("relu")(layers.add([f, x]))


def encoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        x = layers.Conv2D(filters[-1], (2, 2), strides=(2, 2), padding="same")(tensor)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    else:
        x = layers.MaxPool2D((2, 2), padding="same")(tensor)
    return f_and_x(x, filters, kernel_size, drop_rate)


# %% decoder-block-answer
def decoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        x = layers.Conv2DTranspose(filters[-1], (2, 2), strides=(2, 2), padding="same")(tensor)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    else:
        x = layers.UpSampling2D((2, 2), interpolation="nearest")(tensor)
    return f_and_x(x, filters, kernel_size, drop_rate)


# %% encoder-decoder-answer
def encoder_decoder(
    tensor, encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes,
    code_filters=256, code_kernel_size=5, channels=3, drop_rate=0.0, learnable_sampling=False,
):
    levels = len(encoder_filters)
    for one in (encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes):
        if len(one) != levels:
            raise ValueError(f"{len(one)} entries for {levels} levels")
    x = tensor
    for i in range(levels):
        x = encoder_residual_block(
            x, encoder_filters[i], encoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = conv_bn_relu(x, code_filters, 1, code_kernel_size)
    for i in range(levels):
        x = decoder_residual_block(
            x, decoder_filters[i], decoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return x[:, : tensor.shape[1], : tensor.shape[2], :]
