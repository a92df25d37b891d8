# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    def stage(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return layers.MaxPooling2D()(x)

    x = stage(stage(stage(image, 8), 16), 32)
    x = layers.Flatten()(x) if flatten else layers.GlobalAveragePooling2D()(x)
    return layers.Dense(3, activation="softmax")(x)
