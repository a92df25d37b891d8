# %% residual-block-answer
def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    if isinstance(strides, int):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError(f"{len(strides)} strides for {len(filters)} convolutions")
    down = right = 1
    f = tensor
    for maps, (a, b) in zip(filters[:-1], [pair(s) for s in strides]):
        f = layers.Conv2D(maps, kernel_size, (a, b), "same", use_bias=False)(f)
        f = keras.ops.relu(f)
        down, right = down * a, right * b
    a, b = pair(strides[-1])
    down, right = down * a, right * b
    f = layers.Conv2D(filters[-1], kernel_size, (a, b), "same", use_bias=False)(f)
    if down > 1 or right > 1 or tensor.shape[-1] != filters[-1]:
        tensor = layers.Conv2D(filters[-1], 1, use_bias=False)(tensor[:, ::down, ::right])
    return keras.ops.relu(f + tensor)


# %% gradient-norms-answer
def gradient_norms(model, images, labels):
    with tf.GradientTape() as tape:
        p = tf.nn.log_softmax(model(images, training=True))
        loss = -tf.reduce_mean(tf.gather(p, labels, batch_dims=1))
    convolutions = [layer for layer in model.layers if "Conv2D" in str(type(layer))]
    gradients = tape.gradient(loss, [layer.kernel.value for layer in convolutions])
    return [np.linalg.norm(g.numpy().ravel()) for g in gradients]
