# %% max-pool2d-answer
def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    # TODO: other windows, padding
    h, w = images.shape[1] // 2 * 2, images.shape[2] // 2 * 2
    images = images[:, :h, :w]
    rows = np.maximum(images[:, 0::2], images[:, 1::2])
    return np.maximum(rows[:, :, 0::2], rows[:, :, 1::2])

# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    x = image
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = layers.Flatten()(x)
    # what is flatten=False?
    return layers.Dense(3, activation="softmax")(x)
