# %% conv2d-answer
def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if images.shape[3] != kernels.shape[2]:
        raise ValueError("channels differ")
    (sh, sw), (dh, dw) = pair(strides), pair(dilation_rate)
    if padding == "same":
        images = pad_same(images, kernels.shape[:2], strides, dilation_rate)
    kh, kw, c, f = kernels.shape
    h = output_size(images.shape[1], kh, sh, "valid", dh)
    w = output_size(images.shape[2], kw, sw, "valid", dw)
    out = np.zeros((len(images), h, w, f))
    for a in range(kh):
        for b in range(kw):
            part = images[:, a * dh :, b * dw :][:, : h * sh : sh, : w * sw : sw].astype(float)
            out += part @ kernels[a, b] / c
            if bias is not None:
                out += bias
    return out

# %% conv2d-parameters-answer
def conv2d_parameters(kernel_size, channels, filters, use_bias=True):
    kx, ky = pair(kernel_size)
    return kx * ky * channels * filters
