# %% model-receptive-field-answer
def model_receptive_field(model):
    layer, size = model.layers[-1], 1
    while layer is not None:
        if isinstance(layer, layers.Conv2D):
            size = (size - 1) * layer.strides[0] + layer.kernel_size[0]
        names = sources(layer)
        layer = model.get_layer(names[0]) if names else model.layers[0]
    return size
