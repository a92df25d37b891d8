# %% conv2d-answer
from my_helpers import im2col


def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    columns = im2col(images, kernels.shape, strides, padding, dilation_rate)
    return columns @ kernels.reshape(columns.shape[-1], -1) + (0 if bias is None else bias)
