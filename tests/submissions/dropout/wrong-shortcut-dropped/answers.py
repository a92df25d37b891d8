# %% residual-block-answer
def residual_block(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    from keras import layers

    strides = strides if isinstance(strides, list) else [strides] + [1] * (len(filters) - 1)
    sizes = kernel_size if isinstance(kernel_size, list) else [kernel_size] * len(filters)
    tensor = layers.SpatialDropout2D(rate)(tensor)
    x = tensor
    down = right = 1
    for i in range(len(filters)):
        x = layers.Conv2D(filters[i], sizes[i], strides[i], "same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        if i < len(filters) - 1:
            x = layers.ReLU()(x)
        s = strides[i] if isinstance(strides[i], tuple) else (strides[i], strides[i])
        down, right = down * s[0], right * s[1]
    if (down, right) != (1, 1) or tensor.shape[-1] != filters[-1]:
        tensor = layers.Conv2D(filters[-1], 1, (down, right), use_bias=False)(tensor)
        tensor = layers.BatchNormalization()(tensor)
    return layers.ReLU()(x + tensor)
