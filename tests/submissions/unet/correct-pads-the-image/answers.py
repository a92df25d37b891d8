# %% unet-answer
def block(x, maps):
    x = layers.Conv2D(maps, 3, padding="same", kernel_initializer="he_normal")(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(maps, 3, padding="same", kernel_initializer="he_normal")(x)
    return layers.Activation("relu")(x)


def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    times = 2 ** (len(filters) - 1)
    below, right = -tensor.shape[1] % times, -tensor.shape[2] % times
    x = layers.ZeroPadding2D(((0, below), (0, right)))(tensor)
    levels = []
    for maps in filters[:-1]:
        x = block(x, maps)
        levels.append((x, maps))
        x = layers.MaxPool2D((2, 2))(x)
    x = layers.Dropout(0.2)(block(x, filters[-1]))
    while levels:
        skip, maps = levels.pop()
        x = layers.Conv2DTranspose(maps, (2, 2), strides=(2, 2), padding="same")(x)
        if skips:
            x = layers.Concatenate(axis=-1)([x, skip])
        x = block(x, maps)
    x = layers.Conv2D(classes, 1)(x)
    x = layers.Cropping2D(((0, below), (0, right)))(x)
    return layers.Activation("sigmoid" if classes == 1 else "softmax")(x)


# %% iou-answer
def iou(truth, prediction, threshold=0.5):
    if np.shape(truth) != np.shape(prediction):
        raise ValueError("truth and prediction differ in shape")
    result = []
    for t, p in zip(truth, prediction):
        t, p = t > 0, p > threshold
        union = np.logical_or(t, p).sum()
        result.append(1.0 if union == 0 else np.logical_and(t, p).sum() / union)
    return np.array(result)


# %% dice-loss-answer
def dice_loss(truth, prediction, smooth=1.0):
    shape = (-1, prediction.shape[1] * prediction.shape[2], prediction.shape[3])
    t = ops.reshape(ops.cast(truth, "float32"), shape)
    p = ops.reshape(prediction, shape)
    coefficient = (2 * ops.sum(t * p, axis=1) + smooth) / (ops.sum(t + p, axis=1) + smooth)
    return 1 - ops.mean(coefficient, axis=-1)


# %% train-unet-answer
def train_unet(model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0):
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=dice_loss)
    targets = np.float32(masks > 0)[..., None]
    rng = np.random.default_rng(seed)
    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        values = [model.train_on_batch(images[b], targets[b]) for b in batches]
        losses.append(float(np.mean([np.ravel(v)[0] for v in values])))
    return {"loss": losses}
