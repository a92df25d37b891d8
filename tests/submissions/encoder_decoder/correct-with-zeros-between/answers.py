# %% upsample-nearest-answer
def upsample_nearest(images, size=2):
    down, right = pair(size)
    rows = np.arange(images.shape[1] * down) // down
    columns = np.arange(images.shape[2] * right) // right
    return images[:, rows[:, np.newaxis], columns]


# %% conv2d-transpose-answer
def conv2d_transpose(images, kernels, strides=1, padding="valid"):
    (s, t), (b, h, w, c), (kh, kw, f, k) = pair(strides), images.shape, kernels.shape
    if c != k:
        raise ValueError(f"{c} channels and kernels for {k}")
    spread = np.zeros((b, h * s + 2 * kh, w * t + 2 * kw, c))
    spread[:, kh - 1 : kh - 1 + h * s : s, kw - 1 : kw - 1 + w * t : t] = images
    windows = np.lib.stride_tricks.sliding_window_view(spread, (kh, kw), axis=(1, 2))
    full = np.einsum("byxcij,ijfc->byxf", windows, kernels[::-1, ::-1])
    rows, columns = max(kh - s, 0), max(kw - t, 0)
    if padding == "valid":
        return full[:, : h * s + rows, : w * t + columns]
    top, left = rows // 2, columns // 2
    return full[:, top : top + h * s, left : left + w * t]


# %% encoder-block-answer
def residual(x, filters, kernel_size, drop_rate):
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size for _ in filters]
    if len(sizes) != len(filters):
        raise ValueError("kernel_size does not fit to filters")
    y = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, x.shape[-1]))(x)
    for i in range(len(filters)):
        y = layers.Conv2D(filters[i], sizes[i], padding="same", use_bias=False)(y)
        y = layers.BatchNormalization(momentum=0.9)(y)
        if i < len(filters) - 1:
            y = keras.ops.relu(y)
    if x.shape[-1] > filters[-1]:
        x = layers.BatchNormalization()(layers.Dense(filters[-1], use_bias=False)(x))
    elif x.shape[-1] < filters[-1]:
        x = keras.ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, filters[-1] - x.shape[-1])])
    return keras.ops.relu(x + y)


def encoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        x = conv_bn_relu(tensor, filters[-1], 2, 2)
    else:
        x = keras.ops.max_pool(tensor, 2, 2, padding="same")
    return residual(x, filters, kernel_size, drop_rate)


# %% decoder-block-answer
def decoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        x = layers.Conv2DTranspose(filters[-1], 2, 2, use_bias=False)(tensor)
        x = keras.ops.relu(layers.BatchNormalization(momentum=0.9)(x))
    else:
        x = keras.ops.repeat(keras.ops.repeat(tensor, 2, axis=1), 2, axis=2)
    return residual(x, filters, kernel_size, drop_rate)
