# %% conv2d-gradients-answer
def conv2d_gradients(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    sh, sw = pair(strides)
    dh, dw = pair(dilation_rate)
    kh, kw = kernels.shape[:2]
    x = images
    if padding == "same":
        x = pad_same(images, (kh, kw), strides, dilation_rate)
    dx = np.zeros(x.shape)
    dk = np.zeros(kernels.shape)
    for i in range(output_gradient.shape[1]):
        for j in range(output_gradient.shape[2]):
            g = output_gradient[:, i, j]
            rows = i * sh + np.arange(kh) * dh
            cols = j * sw + np.arange(kw) * dw
            patch = x[:, rows[:, None], cols]
            dk += np.einsum("nabc,nf->abcf", patch, g)
            dx[:, rows[:, None], cols] = np.einsum("nf,abcf->nabc", g, kernels)
    t, l = (x.shape[1] - images.shape[1]) // 2, (x.shape[2] - images.shape[2]) // 2
    dx = dx[:, t : t + images.shape[1], l : l + images.shape[2]]
    return dx, dk, output_gradient.sum((0, 1, 2))
