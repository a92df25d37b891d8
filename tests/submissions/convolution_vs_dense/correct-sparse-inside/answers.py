# %% convolution-matrix-answer
import warnings

from scipy import sparse


def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    print("building A for", input_shape)
    warnings.warn("this is slow")
    height, width, channels = input_shape
    if kernels.shape[2] != channels:
        raise ValueError("the channels of kernels and image differ")
    (down, right), filters = pair(strides), kernels.shape[3]
    rows = output_size(height, kernels.shape[0], down, padding)
    columns = output_size(width, kernels.shape[1], right, padding)
    entries, where_p, where_q = [], [], []
    for (a, b, c, f), weight in np.ndenumerate(kernels):
        for i in range(rows):
            y = i * down + a - zeros_before(height, kernels.shape[0], down, padding)
            for j in range(columns):
                x = j * right + b - zeros_before(width, kernels.shape[1], right, padding)
                if y in range(height) and x in range(width):
                    entries.append(weight)
                    where_p.append(np.ravel_multi_index((y, x, c), input_shape))
                    where_q.append(np.ravel_multi_index((i, j, f), (rows, columns, filters)))
    shape = height * width * channels, rows * columns * filters
    return sparse.coo_array((entries, (where_p, where_q)), shape=shape).toarray()
