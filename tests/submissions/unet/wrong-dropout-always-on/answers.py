# %% unet-answer
def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def two_convolutions(x, maps):
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        return layers.Conv2D(maps, 3, activation="relu", padding="same")(x)

    features = []
    x = tensor
    for maps in filters[:-1]:
        x = two_convolutions(x, maps)
        x = layers.Dropout(0.5)(x, training=True)
        features.append(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = two_convolutions(x, filters[-1])
    for maps, skip in zip(filters[-2::-1], features[::-1]):
        x = layers.Conv2DTranspose(maps, 2, strides=2)(x)
        x = x[:, : skip.shape[1], : skip.shape[2]]
        if skips:
            x = layers.concatenate([skip, x])
        x = two_convolutions(x, maps)
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(x)


# %% dice-loss-answer
def dice_loss(truth, prediction, smooth=1.0):
    truth = ops.cast(truth, "float32")
    found = ops.cast(ops.convert_to_tensor(prediction) > 0.5, "float32")
    both = ops.sum(truth * found, axis=(1, 2))
    areas = ops.sum(truth, axis=(1, 2)) + ops.sum(found, axis=(1, 2))
    return ops.mean(1 - (2 * both + smooth) / (areas + smooth), axis=-1)


# %% train-unet-answer
def train_unet(model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0):
    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.Adam(learning_rate), "binary_crossentropy")
    targets = (masks > 0).astype("float32")[..., np.newaxis]
    return model.fit(images, targets, batch_size=batch_size, verbose=0).history
