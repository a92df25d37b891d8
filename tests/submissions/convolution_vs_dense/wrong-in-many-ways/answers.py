# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    kernel_height, kernel_width, kernel_channels, filters = kernels.shape
    if kernel_channels != channels:
        raise ValueError("channels differ")
    down, right = pair(strides)
    output_height = output_size(height, kernel_height, down, padding)
    output_width = output_size(width, kernel_width, right, padding)
    if padding == "same":
        height = max(height, (output_height - 1) * down + kernel_height)
        width = max(width, (output_width - 1) * right + kernel_width)
    A = np.zeros((height, width, channels, output_height, output_width, filters))
    for i in range(output_height):
        for j in range(output_width):
            top, left = i * down, j * right
            A[top : top + kernel_height, left : left + kernel_width, :, i, j, :] = kernels
    return A.reshape(height * width * channels, -1)

# %% conv2d-as-dense-answer
def conv2d_as_dense(images, kernels, bias=None, strides=1, padding="valid"):
    down, right = pair(strides)
    filters = kernels.shape[3]
    output_height = output_size(images.shape[1], kernels.shape[0], down, padding)
    output_width = output_size(images.shape[2], kernels.shape[1], right, padding)
    matrix = convolution_matrix(kernels, images.shape[1:], strides, padding)
    flat = images.reshape(len(images), -1) @ matrix
    if bias is not None:
        flat = flat + np.repeat(bias, output_height * output_width)
    return flat.reshape(len(images), output_height, output_width, filters)

# %% parameter-ratio-answer
def parameter_ratio(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    height, width, channels = input_shape
    (kernel_height, kernel_width), (down, right) = pair(kernel_size), pair(strides)
    units = filters * output_size(height, kernel_height, down, padding)
    units *= output_size(width, kernel_width, right, padding)
    dense = units * (height * width * channels + use_bias)
    return filters * (kernel_height * kernel_width * channels + use_bias) / dense
