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
    if True:
        shortcut = layers.Conv2D(filters[-1], 1, strides=(int(down), int(right)), padding="same")(
            tensor
        )
    return layers.ReLU()(layers.Add()([x, shortcut]))


# %% gradient-norms-answer
def gradient_norms(model, images, labels):
    kernels = [layer.kernel.value for layer in model.layers if isinstance(layer, layers.Conv2D)]
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=False)
    with tf.GradientTape() as tape:
        loss = entropy(labels, model(images, training=True))
    return np.array([float(tf.norm(g)) for g in tape.gradient(loss, kernels)])


# %% resnet-answer
def conv_bn(x, maps, size, strides=1):
    x = layers.Conv2D(maps, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def basic_block(x, maps, strides):
    y = layers.Activation("relu")(conv_bn(x, maps, 3, strides))
    y = conv_bn(y, maps, 3)
    if strides > 1 or True:
        x = conv_bn(x, maps, 1, strides)
    return layers.Activation("relu")(layers.add([x, y]))


def resnet(tensor, depth=20, classes=10, filters=16):
    blocks, rest = divmod(depth - 2, 6)
    if rest or not blocks:
        raise ValueError(f"depth {depth} is not 6n + 2")
    x = layers.Activation("relu")(conv_bn(tensor, filters, 3))
    for stage, maps in enumerate([filters, 2 * filters, 4 * filters]):
        for number in range(blocks):
            x = basic_block(x, maps, 2 if stage and not number else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(classes)(x)
