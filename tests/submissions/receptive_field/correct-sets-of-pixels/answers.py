# %% receptive-field-answer
def receptive_field(layers):
    def pixels(position):
        needed = {position}
        for layer in reversed(layers):
            k, s = layer["kernel_size"], layer.get("strides", 1)
            d, p = layer.get("dilation_rate", 1), layer.get("padding", 0)
            needed = {n * s - p + tap * d for n in needed for tap in range(k)}
        return needed

    first, second = pixels(0), pixels(1)
    return max(first) - min(first) + 1, min(second) - min(first), -min(first)


# %% model-receptive-field-answer
PASS = layers.ReLU, layers.Activation, layers.BatchNormalization, layers.Dropout
PASS += layers.Add, layers.Concatenate


def pixels(layer, wanted, axis, by_name):
    if isinstance(layer, layers.InputLayer):
        return wanted
    if isinstance(layer, layers.ZeroPadding2D):
        wanted = {w - layer.padding[axis][0] for w in wanted}
    elif isinstance(layer, (layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D)):
        if isinstance(layer, layers.Conv2D):
            k, d = layer.kernel_size[axis], layer.dilation_rate[axis]
        else:
            k, d = layer.pool_size[axis], 1
        s, front = layer.strides[axis], 0
        if layer.padding == "same":
            n, extent = input_size(layer, axis), (k - 1) * d + 1
            front = max((-(-n // s) - 1) * s + extent - n, 0) // 2
        wanted = {w * s - front + tap * d for w in wanted for tap in range(k)}
    elif not isinstance(layer, PASS):
        raise ValueError(f"{layer.name} has no receptive field")
    found = set()
    for name in sources(layer):
        found |= pixels(by_name[name], wanted, axis, by_name)
    return found


def model_receptive_field(model):
    by_name = {layer.name: layer for layer in model.layers}
    last, result = model.layers[-1], []
    for axis in (0, 1):
        first, second = (pixels(last, {p}, axis, by_name) for p in (0, 1))
        result.append((max(first) - min(first) + 1, min(second) - min(first), -min(first)))
    return result


# %% effective-receptive-field-answer
def effective_receptive_field(model, images, position=None):
    total = 0
    for image in images:
        x = tf.convert_to_tensor(image[np.newaxis])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=False)
            row, column = position or (y.shape[1] // 2, y.shape[2] // 2)
            value = keras.ops.sum(y[0, row, column])
        total = total + np.abs(tape.gradient(value, x).numpy()[0]).sum(axis=-1)
    return total / total.sum()


# %% in-your-own-words
1. A 3x3 kernel adds two pixels, so I need a hundred of them. With pooling the steps double and 16 layers do it.
2. The rim of the field has only few paths to the output, so its pixels hardly count (a bell curve). Training may widen it.
