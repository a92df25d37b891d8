# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    x = image
    for filters in (8, 8, "pool", 16, 16, "pool", 32, 32, "pool"):
        if filters == "pool":
            x = layers.MaxPooling2D((2, 2), padding="same")(x)
        else:
            x = layers.Conv2D(filters, (3, 3), padding="same")(x)
    x = layers.Flatten()(x) if flatten else layers.GlobalAveragePooling2D()(x)
    return layers.Dense(3, activation="softmax")(x)
