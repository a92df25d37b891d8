# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    ops, x = keras.ops, image
    for filters in [8, 16, 32]:
        for _ in range(2):
            x = ops.relu(layers.Conv2D(filters, 3, padding="same")(x))
        x = ops.max_pool(x, 2, strides=2, padding="same")
    if flatten:
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
    else:
        x = ops.mean(x, axis=[1, 2])
    return ops.softmax(layers.Dense(3)(x))

# %% clip-by-global-norm-answer
def clip_by_global_norm(gradients, max_norm):
    vector = np.concatenate([g.ravel() for g in gradients]).astype("float64")
    norm = np.linalg.norm(vector)
    if norm <= max_norm:
        return gradients, norm
    return [g / norm * max_norm for g in gradients], norm
