# %% conv2d-answer
def windows_of(x, kh, kw, sh, sw, dh, dw):
    oh = output_size(x.shape[1], kh, sh, "valid", dh)
    ow = output_size(x.shape[2], kw, sw, "valid", dw)
    x = np.ascontiguousarray(x)
    n, h, w, c = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (len(x), oh, ow, kh, kw, x.shape[3]), (n, h * sh, w * sw, h * dh, w * dw, c)
    )


def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    kh, kw, cin, cout = kernels.shape
    if images.shape[3] != cin:
        raise ValueError(f"expected {cin} channels, got {images.shape[3]}")
    if padding == "same":
        images = pad_same(images, (kh, kw), strides, dilation_rate)
    cols = windows_of(images.astype(np.float64), kh, kw, *pair(strides), *pair(dilation_rate))
    out = cols.reshape(-1, kh * kw * cin) @ kernels.reshape(-1, cout)
    out = out.reshape(*cols.shape[:3], cout)
    return out + bias if bias is not None else out

# %% conv2d-gradients-answer
def conv2d_gradients(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    kh, kw, cin, cout = kernels.shape
    n, h, w, _ = images.shape
    x = pad_same(images, (kh, kw), strides, dilation_rate) if padding == "same" else images
    cols = windows_of(x.astype(np.float64), kh, kw, *pair(strides), *pair(dilation_rate))
    g = output_gradient.reshape(-1, cout)
    dk = (cols.reshape(len(g), -1).T @ g).reshape(kernels.shape)
    # scatter with np.add.at: numbers of the pixels, windowed in the same way
    index = np.arange(x.size).reshape(x.shape)
    where = windows_of(index, kh, kw, *pair(strides), *pair(dilation_rate)).reshape(len(g), -1)
    dx = np.zeros(x.size)
    np.add.at(dx, where, g @ kernels.reshape(-1, cout).T)
    dx = dx.reshape(x.shape)
    top, left = (x.shape[1] - h) // 2, (x.shape[2] - w) // 2
    return dx[:, top : top + h, left : left + w], dk, g.sum(axis=0)
