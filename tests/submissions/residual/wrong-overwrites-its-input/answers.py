# %% residual-block-answer
def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    if not isinstance(strides, list):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError("one stride for each convolution")
    strides = [pair(s) for s in strides]
    x = tensor
    for i in range(len(filters)):
        activation = "relu" if i < len(filters) - 1 else None
        x = layers.Conv2D(
            filters[i], kernel_size, strides=strides[i], padding="same", activation=activation
        )(x)
    down = np.prod([s[0] for s in strides])
    right = np.prod([s[1] for s in strides])
    shortcut = tensor
    if down * right > 1 or tensor.shape[-1] != filters[-1]:
        shortcut = layers.Conv2D(filters[-1], 1, strides=(int(down), int(right)), padding="same")(
            tensor
        )
    return layers.ReLU()(layers.Add()([x, x if shortcut is tensor else shortcut]))
