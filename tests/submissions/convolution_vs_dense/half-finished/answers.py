# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    kernel = kernels[:, :, 0, 0]
    height, width = input_shape[0], input_shape[1]
    rows, columns = height - kernel.shape[0] + 1, width - kernel.shape[1] + 1
    A = np.zeros((height * width, rows * columns))
    for i in range(rows):
        for j in range(columns):
            image = np.zeros((height, width))
            image[i : i + kernel.shape[0], j : j + kernel.shape[1]] = kernel
            A[:, i * columns + j] = image.reshape(-1)
    # TODO: channels, filters, strides, padding
    return A

# %% conv2d-as-dense-answer
def conv2d_as_dense(images, kernels, bias=None, strides=1, padding="valid"):
    A = convolution_matrix(kernels, images.shape[1:])
    O = images.reshape(len(images), -1) @ A
    return O.reshape(len(images), images.shape[1] - kernels.shape[0] + 1, -1, 1)
