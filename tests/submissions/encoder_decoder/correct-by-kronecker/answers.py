# %% upsample-nearest-answer
def upsample_nearest(images, size=2):
    down, right = pair(size)
    return np.kron(images, np.ones((1, down, right, 1)))


# %% conv2d-transpose-answer
def placed(n, size, step, offset):
    """A matrix that puts pixel i at i * step + offset of an axis of this size."""
    where = np.arange(n) * step + offset
    return (np.arange(size)[:, np.newaxis] == where).astype(float)


def conv2d_transpose(images, kernels, strides=1, padding="valid"):
    _, h, w, c = images.shape
    kh, kw, _, k = kernels.shape
    if c != k:
        raise ValueError("the last axes differ")
    s, t = pair(strides)
    more = max(kh - s, 0), max(kw - t, 0)
    top, left = (more[0] // 2, more[1] // 2) if padding == "same" else (0, 0)
    rows, columns = (h * s, w * t) if padding == "same" else (h * s + more[0], w * t + more[1])
    output = 0
    for i in range(kh):
        for j in range(kw):
            down, right = placed(h, rows, s, i - top), placed(w, columns, t, j - left)
            part = images @ kernels[i, j].T
            output = output + np.einsum("yh,xw,bhwf->byxf", down, right, part)
    return output
