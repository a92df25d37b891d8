# %% pad-same-answer
def pair(value):
    """Return (value, value) for a single number, and a pair as it is."""
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def pad_same(images, kernel_size, strides=1, dilation_rate=1):
    kh, kw = pair(kernel_size)
    dh, dw = pair(dilation_rate)
    ph, pw = ((kh - 1) * dh + 1) // 2, ((kw - 1) * dw + 1) // 2
    return np.pad(images, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
