# %% upsample-nearest-answer
def upsample_nearest(images, size=2):
    down, right = pair(size)
    return np.tile(images, (1, down, right, 1))


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
            canvas[:, y * s : y * s + kh, x * t : x * t + kw] = copy
    if padding == "same":
        top, left = max(kh - s, 0) // 2, max(kw - t, 0) // 2
        canvas = canvas[:, top : top + h * s, left : left + w * t]
    return canvas
