# %% inverted-answer
def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    channels = tensor.shape[-1]
    inside = max(1, channels // expansion)
    x = tensor
    if expansion > 1:
        x = layers.Conv2D(inside, 1, use_bias=False)(x)
        x = layers.ReLU(6)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(kernel_size, strides, padding="same", use_bias=False)(x)
    x = layers.ReLU(6)(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
    if strides == 1 and filters == channels:
        x = layers.Add()([tensor, x])
    return x
