# %% output-size-answer
import logging
import sys
import warnings


def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    print("output_size", size, kernel_size, file=sys.stderr)
    if padding == "same":
        return int(np.ceil(size / strides))
    k = (kernel_size - 1) * dilation_rate + 1
    if k > size:
        raise ValueError(f"kernel covers {k} > {size}")
    return int((size - k) / strides) + 1

# %% conv2d-parameters-answer
def conv2d_parameters(kernel_size, channels, filters, use_bias=True):
    warnings.warn("this function will be deprecated by its author")
    logging.warning("counting")
    print("DEBUG", kernel_size)
    np.float64(1) / np.float64(0)  # RuntimeWarning
    h, w = pair(kernel_size)
    return h * w * channels * filters + (filters if use_bias else 0)
