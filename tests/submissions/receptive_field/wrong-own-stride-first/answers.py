# %% receptive-field-answer
def receptive_field(layers):
    size, stride, padding = 1, 1, 0
    for layer in layers:
        stride *= layer.get("strides", 1)
        size += (layer["kernel_size"] - 1) * layer.get("dilation_rate", 1) * stride
        padding += layer.get("padding", 0) * stride
    return size, stride, padding


# %% in-your-own-words
1. A 3x3 kernel adds two pixels, so I need a hundred of them. With pooling the steps double and 16 layers do it.
2. The rim of the field has only few paths to the output, so its pixels hardly count (a bell curve). Training may widen it.
