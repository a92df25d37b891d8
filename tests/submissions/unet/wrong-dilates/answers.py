# %% unet-answer
def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def two_convolutions(x, maps, rate=1):
        for _ in range(2):
            x = layers.Conv2D(
                maps, 3, padding="same", dilation_rate=rate, activation="relu"
            )(x)
        return x

    x, features = tensor, []
    for number, maps in enumerate(filters):
        x = two_convolutions(x, maps, 2**number)
        features.append(x)
    for maps, skip in zip(filters[-2::-1], features[-2::-1]):
        x = layers.Conv2D(maps, 2, padding="same")(x)
        x = two_convolutions(layers.concatenate([skip, x]) if skips else x, maps)
    return layers.Conv2D(classes, 1, activation="sigmoid" if classes == 1 else "softmax")(x)


# %% dice-loss-answer
def dice_loss(truth, prediction, smooth=1.0):
    truth = ops.cast(truth, "float32")
    both = ops.sum(truth * prediction, axis=(1, 2))
    areas = ops.sum(truth, axis=(1, 2)) + ops.sum(prediction, axis=(1, 2))
    return ops.mean((2 * both + smooth) / (areas + smooth), axis=-1)


# %% train-unet-answer
def train_unet(model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0):
    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.Adam(learning_rate), dice_loss)
    targets = (masks > 0).astype("float32")[..., np.newaxis]
    return model.fit(images, targets, batch_size=batch_size, epochs=epochs, verbose=0)
