# %% receptive-field-answer
def receptive_field(layers):
    size, stride = 1, 1
    for layer in layers:
        size += (layer["kernel_size"] - 1) * stride
        stride *= layer.get("strides", 1)
    return size, stride, 0  # TODO: dilation and padding
