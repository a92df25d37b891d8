# %% output-size-answer
def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    """Return the number of positions of a kernel along one axis."""
    if padding == "same":
        return (size + strides - 1) // strides
    k = dilation_rate * (kernel_size - 1) + 1
    if k > size:
        raise ValueError("too large")
    return (size - k) // strides + 1

# %% conv2d-answer
def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        raise NotImplementedError("TODO after lunch")
    if images.shape[-1] != kernels.shape[-2]:
        raise ValueError("channels")
    sh, sw = pair(strides)
    kh, kw = kernels.shape[:2]
    oh, ow = output_size(images.shape[1], kh, sh), output_size(images.shape[2], kw, sw)
    out = np.zeros((len(images), oh, ow, kernels.shape[-1]))
    for i in range(oh):
        for j in range(ow):
            patch = images[:, i * sh : i * sh + kh, j * sw : j * sw + kw].astype(np.float64)
            out[:, i, j] = np.einsum("nhwc,hwcf->nf", patch, kernels)
    return out if bias is None else out + bias

# %% conv2d-parameters-answer
def conv2d_parameters(kernel_size, channels, filters, use_bias=True):
    return kernel_size * kernel_size * channels * filters + filters * use_bias
