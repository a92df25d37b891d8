# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    kernel_height, kernel_width, kernel_channels, filters = kernels.shape
    if kernel_channels != channels:
        raise ValueError("channels differ")
    column = np.zeros((height * width, channels, filters))  # the first column, then moved down
    for a in range(kernel_height):
        for b in range(kernel_width):
            column[a * width + b] = kernels[a, b]
    last = (output_size(height, kernel_height) - 1) * width + output_size(width, kernel_width)
    columns = [np.roll(column, q, axis=0) for q in range(last)]
    return np.stack(columns, axis=2).reshape(height * width * channels, -1)
