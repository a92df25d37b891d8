# %% residual-block-answer
def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    x = tensor
    for maps in filters[:-1]:
        x = layers.Conv2D(maps, kernel_size, padding="same", activation="relu")(x)
    x = layers.Conv2D(filters[-1], kernel_size, padding="same")(x)
    # TODO: strides, and the shortcut where shapes differ
    return layers.ReLU()(layers.Add()([x, tensor]))


# %% gradient-norms-answer
def gradient_norms(model, images, labels):
    kernels = [layer.kernel.value for layer in model.layers if isinstance(layer, layers.Conv2D)]
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        loss = entropy(labels, model(images, training=True))
    return np.array([float(tf.norm(g)) for g in tape.gradient(loss, kernels)])
