# %% conv2d-answer
def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if images.shape[3] != kernels.shape[2]:
        raise ValueError("channels!")
    kernels = kernels[::-1, ::-1]  # convolution flips the kernel
    (sh, sw), (dh, dw) = pair(strides), pair(dilation_rate)
    if padding == "same":
        images = pad_same(images, kernels.shape[:2], strides, dilation_rate)
    h = output_size(images.shape[1], kernels.shape[0], sh, "valid", dh)
    w = output_size(images.shape[2], kernels.shape[1], sw, "valid", dw)
    images = images.astype("float64")
    out = np.zeros((images.shape[0], h, w, kernels.shape[3]))
    for i in range(h):
        for j in range(w):
            top, left = i * sh, j * sw
            window = images[
                :,
                top : top + (kernels.shape[0] - 1) * dh + 1 : dh,
                left : left + (kernels.shape[1] - 1) * dw + 1 : dw,
            ]
            out[:, i, j] = np.tensordot(window, kernels, axes=3)
    if bias is not None:
        out += bias
    return out

# %% in-your-own-words
I flipped it and my training does not find anything, I do not know why.
