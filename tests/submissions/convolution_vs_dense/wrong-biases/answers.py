# %% parameter-ratio-answer
def parameter_ratio(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    height, width, channels = input_shape
    (kernel_height, kernel_width), (down, right) = pair(kernel_size), pair(strides)
    biases = filters if use_bias else 0
    outputs = output_size(height, kernel_height, down, padding) * output_size(
        width, kernel_width, right, padding
    )
    dense = height * width * channels * outputs * filters + biases
    return dense / (kernel_height * kernel_width * channels * filters + biases)
