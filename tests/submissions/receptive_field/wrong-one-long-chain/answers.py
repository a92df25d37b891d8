# %% model-receptive-field-answer
def zeros_before(n, k, s):
    outputs = int(np.ceil(n / s))
    return max((outputs - 1) * s + k - n, 0) // 2


def model_receptive_field(model):
    ignored = ["ReLU", "Activation", "BatchNormalization", "Dropout", "Add", "Concatenate"]
    fields = {}
    for layer in model.layers:
        kind = layer.__class__.__name__
        if kind == "InputLayer":
            fields[layer.name] = [(0, 0, 1), (0, 0, 1)]
            continue
        here = []
        for axis in range(2):
            begin, end, jump = fields["last"][axis] if "last" in fields else (0, 0, 1)
            if kind in ("Conv2D", "MaxPooling2D", "AveragePooling2D"):
                if kind == "Conv2D":
                    k = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
                else:
                    k = layer.pool_size[axis]
                s = layer.strides[axis]
                p = zeros_before(input_size(layer, axis), k, s) if layer.padding == "same" else 0
                begin, end, jump = begin - p * jump, end + (k - 1 - p) * jump, jump * s
            elif kind == "ZeroPadding2D":
                p = layer.padding[axis][0]
                begin, end = begin - p * jump, end - p * jump
            elif kind not in ignored:
                raise ValueError("no receptive field for " + layer.name)
            here.append((begin, end, jump))
        fields[layer.name] = fields["last"] = here
    return [(end - begin + 1, jump, -begin) for begin, end, jump in fields[model.layers[-1].name]]
