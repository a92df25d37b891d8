# %% unet-answer
def make_block(shape, maps):
    inputs = keras.Input(shape)
    x = layers.Conv2D(maps, 3, padding="same", activation="relu")(inputs)
    return keras.Model(inputs, layers.Conv2D(maps, 3, padding="same", activation="relu")(x))


def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    x, kept = tensor, []
    for maps in filters[:-1]:
        x = make_block(x.shape[1:], maps)(x)
        kept.append(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = make_block(x.shape[1:], filters[-1])(x)
    for maps in filters[-2::-1]:
        skip = kept.pop()
        x = layers.UpSampling2D()(x)
        x = layers.CenterCrop(skip.shape[1], skip.shape[2])(x)
        x = layers.Conv2D(maps, 2, padding="same")(x)
        x = layers.Concatenate()([skip, x]) if skips else x
        x = make_block(x.shape[1:], maps)(x)
    x = layers.Conv2D(classes, 1)(x)
    return layers.Softmax()(x) if classes > 1 else layers.Activation("sigmoid")(x)


# %% train-unet-answer
def train_unet(model, images, masks, epochs=10, batch_size=16, learning_rate=0.003, seed=0):
    keras.utils.set_random_seed(seed)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = learning_rate
    targets = np.expand_dims(masks > 0, -1).astype("float32")
    result = model.fit(images, targets, batch_size, epochs, verbose=0)
    return {name: list(values) for name, values in result.history.items()}
