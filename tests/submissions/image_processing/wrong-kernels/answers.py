# %% box-kernel-answer
def box_kernel(kernel_size):
    return np.ones(kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size))

# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    kernel = kernel[::-1, ::-1]  # convolution!
    kh, kw = kernel.shape
    image = image.astype(float)
    if padding != "valid":
        image = np.pad(image, (((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2)), padding)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))
