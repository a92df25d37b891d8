# %% parameter-ratio-answer
def parameter_ratio(input_shape, kernel_size, filters, strides=1, padding="valid", use_bias=True):
    height, width, channels = input_shape
    (kernel_height, kernel_width), (down, right) = pair(kernel_size), pair(strides)
    units = filters * output_size(height, kernel_height, down, padding)
    units *= output_size(width, kernel_width, right, padding)
    dense = units * (height * width * channels + use_bias)
    convolution = filters * (kernel_height * kernel_width * channels + use_bias)
    divisor = 2
    while divisor != convolution + 1:
        if dense % divisor == 0 and convolution % divisor == 0:
            dense, convolution = dense // divisor, convolution // divisor
    return dense / convolution
