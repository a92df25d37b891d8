# %% receptive-field-answer
def receptive_field(layers):
    size, stride, padding = 1, 1, 0
    for layer in layers:
        size += (layer["kernel_size"] - 1) * layer.get("dilation_rate", 1) * stride
        padding += layer.get("padding", 0)
        stride *= layer.get("strides", 1)
    return size, stride, padding


# %% model-receptive-field-answer
def front(layer, axis, k, s):
    n = input_size(layer, axis)
    return max((-(-n // s) - 1) * s + k - n, 0) // 2 if layer.padding == "same" else 0


def step(layer, axis):
    """Window, stride, zeros."""
    if isinstance(layer, layers.Conv2D):
        k = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
    elif isinstance(layer, (layers.MaxPooling2D, layers.AveragePooling2D)):
        k = layer.pool_size[axis]
    elif isinstance(layer, layers.ZeroPadding2D):
        return 1, 1, layer.padding[axis][0]
    elif type(layer).__name__ in "ReLU Activation BatchNormalization Dropout Add Concatenate".split():
        return 1, 1, 0
    else:
        raise ValueError(layer.name)
    return k, layer.strides[axis], front(layer, axis, k, layer.strides[axis])


def model_receptive_field(model):
    known = {}
    for layer in model.layers:
        if not sources(layer):
            known[layer.name] = [(1, 1, 0)] * 2
            continue
        known[layer.name] = []
        for axis in (0, 1):
            given = [known[name][axis] for name in sources(layer)]
            padding = max(p for _, _, p in given)
            size = max(s - p for s, _, p in given) + padding
            stride = given[0][1]
            k, s, zeros = step(layer, axis)
            known[layer.name].append((size + (k - 1) * stride, stride * s, padding + zeros))
    return known[layer.name]
