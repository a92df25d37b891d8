# %% receptive-field-answer
def receptive_field(layers):
    begin, end, next_begin = 0, 0, 1
    for layer in layers[::-1]:
        s, p = layer.get("strides", 1), layer.get("padding", 0)
        extent = (layer["kernel_size"] - 1) * layer.get("dilation_rate", 1) + 1
        begin, end = begin * s - p, end * s - p + extent - 1
        next_begin = next_begin * s - p
    return [end - begin + 1, next_begin - begin, -begin]


# %% model-receptive-field-answer
def read(layer, begin, end, axis):
    match layer:
        case layers.Conv2D():
            extent = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
        case layers.MaxPooling2D() | layers.AveragePooling2D():
            extent = layer.pool_size[axis]
        case layers.ZeroPadding2D():
            (above, _) = layer.padding[axis]
            return begin - above, end - above
        case layers.ReLU() | layers.Activation() | layers.BatchNormalization() | layers.Dropout():
            return begin, end
        case layers.Add() | layers.Concatenate() | layers.InputLayer():
            return begin, end
        case _:
            raise ValueError(f"what does {layer.name} read?")
    s, n = layer.strides[axis], input_size(layer, axis)
    total = max((int(np.ceil(n / s)) - 1) * s + extent - n, 0) if layer.padding == "same" else 0
    return begin * s - total // 2, end * s - total // 2 + extent - 1


def model_receptive_field(model):
    answer = np.zeros((2, 3))
    for axis in (0, 1):
        begins, ends = [], []
        for position in (0, 1):
            wanted = {layer.name: [] for layer in model.layers}
            wanted[model.layers[-1].name].append((position, position))
            for layer in model.layers[::-1]:
                begin = min(b for b, e in wanted[layer.name])
                end = max(e for b, e in wanted[layer.name])
                begin, end = read(layer, begin, end, axis)
                for name in sources(layer):
                    wanted[name].append((begin, end))
            begins.append(begin)
            ends.append(end)
        answer[axis] = ends[0] - begins[0] + 1, begins[1] - begins[0], -begins[0]
    return answer


# %% in-your-own-words
1. A 3x3 kernel adds two pixels, so I need a hundred of them. With pooling the steps double and 16 layers do it.
2. The rim of the field has only few paths to the output, so its pixels hardly count (a bell curve). Training may widen it.
