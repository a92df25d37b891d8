# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    x = image
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = layers.Flatten()(x) if flatten else layers.GlobalAveragePooling2D()(x)
    return keras.ops.softmax(layers.Dense(3)(x), axis=0)
