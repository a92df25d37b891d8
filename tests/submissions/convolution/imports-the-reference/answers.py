# %% conv2d-answer
from course_lib.convolution import conv2d

# %% conv2d-gradients-answer
import course_lib.convolution as cl


def conv2d_gradients(
    images, kernels, output_gradient, strides=1, padding="valid", dilation_rate=1
):
    return cl.conv2d_gradients(images, kernels, output_gradient, strides, padding, dilation_rate)
