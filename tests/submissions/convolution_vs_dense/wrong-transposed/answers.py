# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    kernel_height, kernel_width, kernel_channels, filters = kernels.shape
    if kernel_channels != channels:
        raise ValueError("channels differ")
    down, right = pair(strides)
    output_height = output_size(height, kernel_height, down, padding)
    output_width = output_size(width, kernel_width, right, padding)
    top = zeros_before(height, kernel_height, down, padding)
    left = zeros_before(width, kernel_width, right, padding)
    matrix = np.zeros((height, width, channels, output_height, output_width, filters))
    for i in range(output_height):
        for j in range(output_width):
            for a in range(kernel_height):
                for b in range(kernel_width):
                    y, x = i * down + a - top, j * right + b - left
                    if 0 <= y < height and 0 <= x < width:
                        matrix[y, x, :, i, j, :] = kernels[a, b]
    return matrix.reshape(height * width * channels, -1).T

# %% conv2d-as-dense-answer
def conv2d_as_dense(images, kernels, bias=None, strides=1, padding="valid"):
    batch, height, width, channels = images.shape
    down, right = pair(strides)
    output_height = output_size(height, kernels.shape[0], down, padding)
    output_width = output_size(width, kernels.shape[1], right, padding)
    A = convolution_matrix(kernels, (height, width, channels), strides, padding)
    columns = images.reshape(batch, -1).T
    output = (A @ columns).T.reshape(batch, output_height, output_width, -1)
    return output if bias is None else output + bias
