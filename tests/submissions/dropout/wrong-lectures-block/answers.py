# %% residual-block-answer
def residual_block(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    from keras import layers

    def conv_bn_relu(x, maps, strides, size):
        x = layers.Conv2D(maps, size, strides=strides, padding="same")(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    strides = strides if isinstance(strides, list) else [strides] + [1] * (len(filters) - 1)
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size] * len(filters)
    x = residual = tensor
    if 2 in strides or x.shape[-1] < filters[-1]:
        residual = conv_bn_relu(x, filters[-1], max(strides), 1)
    if rate > 0:
        x = layers.SpatialDropout2D(rate)(x)
    for i in range(len(filters)):
        x = conv_bn_relu(x, filters[i], strides[i], sizes[i])
    return layers.Add()([x, residual])
