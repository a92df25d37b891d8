# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    kernel_height, kernel_width, kernel_channels, filters = kernels.shape
    height, width, channels = input_shape
    if channels != kernel_channels:
        raise ValueError("channels differ")
    strides = pair(strides)
    rows = output_size(height, kernel_height, strides[0], padding)
    columns = output_size(width, kernel_width, strides[1], padding)
    top = zeros_before(height, kernel_height, strides[0], padding)
    left = zeros_before(width, kernel_width, strides[1], padding)
    A = np.zeros((height * width * channels, rows * columns * filters))
    for i in range(rows):
        for j in range(columns):
            for f in range(filters):
                q = (i * columns + j) * filters + f
                for a in range(kernel_height):
                    for b in range(kernel_width):
                        y = i * strides[0] + a - top
                        x = j * strides[1] + b - left
                        if y < 0 or y >= height or x < 0 or x >= width:
                            continue
                        for c in range(channels):
                            p = (y * width + x) * channels + c
                            A[p, q] = kernels[a, b, c, f]
    return A

# %% in-your-own-words
1. No, after one step it is not a convolution any more. The entries that were 0 get a gradient too (pixel times output gradient), so it is no longer local. And the entries that were the same weight get different gradients since they see different pixels, so nothing is shared. A convolution layer adds up the gradients of all places where a weight is used, and the zeros are not weights at all.
2. Yes, you shuffle the rows of A in the same way. But then the windows are torn apart, so it is not a convolution. A convolution assumes that pixels next to each other have something to do with each other.
