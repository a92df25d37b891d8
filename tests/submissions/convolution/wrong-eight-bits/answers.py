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
    out = np.zeros((len(images), h, w, f), dtype=np.result_type(images, kernels))
    for a in range(kh):
        for b in range(kw):
            part = images[:, a * dh :, b * dw :][:, : h * sh : sh, : w * sw : sw]
            out += part @ kernels[a, b]
    return out if bias is None else out + bias
