# %% residual-block-answer
def same_size(x, like, steps):
    """Drop pixels, then mix channels: no strides for oneDNN to stumble over."""
    x = layers.MaxPooling2D(1, steps)(x) if steps != (1, 1) else x
    return layers.Conv2D(like.shape[-1], 1, name=None)(x)


def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    strides = (
        strides if isinstance(strides, (list, tuple)) else [strides] + [1] * (len(filters) - 1)
    )
    if len(filters) - len(strides):
        raise ValueError("lengths differ")
    y = tensor
    for number, maps in enumerate(filters):
        if number:
            y = layers.ReLU()(y)
        y = layers.Conv2D(maps, kernel_size, pair(strides[number]), padding="same")(y)
    if y.shape != tensor.shape:
        steps = tuple(int(n) for n in np.prod([pair(s) for s in strides], axis=0))
        tensor = same_size(tensor, y, steps)
    return layers.ReLU()(layers.Add()([tensor, y]))


# %% gradient-norms-answer
def gradient_norms(model, images, labels):
    norms = []
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            with tf.GradientTape() as tape:
                scores = model(images, training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
                loss = tf.reduce_mean(losses)
            norms.append(tf.norm(tape.gradient(loss, layer.kernel.value)).numpy())
    return np.array(norms)


# %% resnet-answer
def resnet(tensor, depth=20, classes=10, filters=16):
    n = (depth - 2) // 6
    if n < 1 or 6 * n + 2 != depth:
        raise ValueError("not a depth of this family")

    def unit(x, maps, size=3, strides=1, relu=True):
        x = layers.Conv2D(
            maps, size, strides, "same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
        return layers.ReLU()(x) if relu else x

    x = unit(tensor, filters)
    for maps in filters, 2 * filters, 4 * filters:
        for _ in range(n):
            strides = 1 if x.shape[-1] == maps else 2
            y = unit(unit(x, maps, 3, strides), maps, relu=False)
            if strides == 2:
                x = unit(x[:, ::2, ::2, :], maps, 1, relu=False)
            x = layers.ReLU()(layers.Add()([y, x]))
    return layers.Dense(classes)(keras.ops.mean(x, axis=[1, 2]))
