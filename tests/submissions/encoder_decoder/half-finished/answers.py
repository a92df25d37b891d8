# %% upsample-nearest-answer
def upsample_nearest(images, size=2):
    down, right = pair(size)
    return np.repeat(np.repeat(images, down, axis=1), right, axis=2)


# %% conv2d-transpose-answer
def conv2d_transpose(images, kernels, strides=1, padding="valid"):
    if images.shape[-1] != kernels.shape[-1]:
        raise ValueError("channels differ")
    s, t = pair(strides)
    b, h, w, _ = images.shape
    kh, kw, f, _ = kernels.shape
    canvas = np.zeros((b, h * s + max(kh - s, 0), w * t + max(kw - t, 0), f))
    for y in range(h):
        for x in range(w):
            copy = np.einsum("bc,ijfc->bijf", images[:, y, x], kernels)
            canvas[:, y * s : y * s + kh, x * t : x * t + kw] += copy
    return canvas  # TODO: same


# %% encoder-block-answer
def encoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    x = tensor = layers.MaxPooling2D(2, padding="same")(tensor)
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size] * len(filters)
    for i in range(len(filters)):
        x = layers.Conv2D(filters[i], sizes[i], padding="same")(x)
        x = layers.BatchNormalization()(x)
        if i < len(filters) - 1:
            x = layers.ReLU()(x)
    # TODO: other channels, dropout, learnt sampling
    return layers.ReLU()(layers.Add()([x, tensor]))
