# %% receptive-field-answer
def receptive_field(layers):
    inputs = keras.Input((1000, 1))
    x, stride = inputs, 1
    for layer in layers:
        x = keras.layers.Conv1D(
            1,
            layer["kernel_size"],
            strides=layer.get("strides", 1) if layer.get("dilation_rate", 1) == 1 else 1,
            dilation_rate=layer.get("dilation_rate", 1),
        )(x)
        stride *= layer.get("strides", 1)
    return 1000 - (x.shape[1] - 1) * stride, stride, 0
