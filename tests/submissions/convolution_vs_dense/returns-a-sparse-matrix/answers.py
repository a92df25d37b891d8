# %% convolution-matrix-answer
from scipy import sparse


def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    height, width, channels = input_shape
    kernel_height, kernel_width, kernel_channels, filters = kernels.shape
    if kernel_channels != channels:
        raise ValueError("channels differ")
    down, right = pair(strides)
    rows = output_size(height, kernel_height, down, padding)
    columns = output_size(width, kernel_width, right, padding)
    top = zeros_before(height, kernel_height, down, padding)
    left = zeros_before(width, kernel_width, right, padding)
    A = sparse.lil_array((height * width * channels, rows * columns * filters))
    for i, j, a, b in np.ndindex(rows, columns, kernel_height, kernel_width):
        y, x = i * down + a - top, j * right + b - left
        if 0 <= y < height and 0 <= x < width:
            p, q = (y * width + x) * channels, (i * columns + j) * filters
            A[p : p + channels, q : q + filters] = kernels[a, b]
    return A.tocsr()
