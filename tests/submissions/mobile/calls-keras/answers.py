# %% depthwise-answer
def depthwise_conv2d(images, kernels, strides=1, padding="valid"):
    return np.array(keras.ops.depthwise_conv(images, kernels, strides, padding))


# %% separable-answer
def separable_parameters(kernel_size, channels, filters, multiplier=1, use_bias=True):
    depthwise = layers.DepthwiseConv2D(kernel_size, depth_multiplier=multiplier, use_bias=use_bias)
    depthwise.build((None, 20, 20, channels))
    pointwise = layers.Conv2D(filters, 1, use_bias=use_bias)
    pointwise.build((None, 20, 20, channels * multiplier))
    return depthwise.count_params(), pointwise.count_params()
