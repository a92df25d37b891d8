# %% unet-answer
def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def two_convolutions(x, maps):
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        return layers.Conv2D(maps, 3, activation="relu", padding="same")(x)

    features = []
    x = tensor
    for maps in filters[:-1]:
        x = two_convolutions(x, maps)
        features.append(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = two_convolutions(x, filters[-1])
    for maps, skip in zip(filters[-2::-1], features[::-1]):
        x = layers.Conv2DTranspose(maps, 2, strides=2, activation="sigmoid")(x)
        x = x[:, : skip.shape[1], : skip.shape[2]]
        if skips:
            x = layers.concatenate([skip, x])
        x = two_convolutions(x, maps)
    return layers.Conv2D(classes, 1)(x)


# %% train-unet-answer
def train_unet(model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0):
    targets = (masks > 0).astype("float32")[..., np.newaxis]
    model.compile(keras.optimizers.Adam(learning_rate), dice_loss)
    keras.utils.set_random_seed(int(np.random.default_rng().integers(10**6)))
    return model.fit(images, targets, batch_size=batch_size, epochs=epochs, verbose=0).history
