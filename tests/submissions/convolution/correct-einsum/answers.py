# %% conv2d-answer
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if images.shape[3] != kernels.shape[2]:
        raise ValueError("channels differ")
    s, d = pair(strides), pair(dilation_rate)
    if padding == "same":
        images = pad_same(images, kernels.shape[:2], s, d)
    k = [(kernels.shape[i] - 1) * d[i] + 1 for i in (0, 1)]
    win = sliding_window_view(images.astype(np.float32), k, axis=(1, 2))  # ValueError if too large
    win = win[:, :: s[0], :: s[1], :, :: d[0], :: d[1]]
    res = np.einsum("nijcab,abcf->nijf", win, kernels)
    return res if bias is None else res + bias

# %% in-your-own-words
The mirrored kernel; same response $R = I \\star K$. Flipping matters for hand-made kernels.

Zero, since the minimum of a convex loss is where the target needs no more.
