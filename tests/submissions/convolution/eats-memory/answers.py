# %% conv2d-answer
def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    matrix = np.ones((110_000, 110_000))
    return matrix @ images.ravel()
