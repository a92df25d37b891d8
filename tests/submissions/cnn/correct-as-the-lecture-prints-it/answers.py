# %% max-pool2d-answer
def windows(images, pool_size, strides, padding):
    """All windows, with NaN where there is no pixel."""
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    (rows, top), (columns, left) = [
        positions(n, k, s, padding) for n, k, s in zip(images.shape[1:3], (kh, kw), (sh, sw))
    ]
    around = ((0, 0), (top, kh + sh), (left, kw + sw), (0, 0))
    padded = np.pad(images.astype(float), around, constant_values=np.nan)
    view = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(1, 2))
    return view[:, ::sh, ::sw][:, :rows, :columns]


def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    return np.nanmax(windows(images, pool_size, strides, padding), axis=(4, 5))

# %% average-pool2d-answer
def average_pool2d(images, pool_size=2, strides=None, padding="valid"):
    return np.nanmean(windows(images, pool_size, strides, padding), axis=(4, 5))

# %% cnn-with-pooling-answer
def cnn_with_pooling(input_image, flatten=True):
    conv_1 = keras.layers.Conv2D(filters=8, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(input_image)
    conv_2 = keras.layers.Conv2D(filters=8, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(conv_1)
    downsample_1 = keras.layers.MaxPool2D(pool_size=(2, 2), strides=(2, 2), padding="same")(conv_2)
    conv_3 = keras.layers.Conv2D(filters=16, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(downsample_1)
    conv_4 = keras.layers.Conv2D(filters=16, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(conv_3)
    downsample_2 = keras.layers.MaxPool2D(pool_size=(2, 2), strides=(2, 2), padding="same")(conv_4)
    conv_5 = keras.layers.Conv2D(filters=32, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(downsample_2)
    conv_6 = keras.layers.Conv2D(filters=32, kernel_size=(3, 3), strides=(1, 1), padding="same", activation="relu")(conv_5)
    downsample_3 = keras.layers.MaxPool2D(pool_size=(2, 2), strides=(2, 2), padding="same")(conv_6)
    if flatten:
        vector = keras.layers.Flatten()(downsample_3)
    else:
        vector = keras.layers.GlobalAveragePooling2D()(downsample_3)
    return keras.layers.Dense(units=3, activation="softmax")(vector)

# %% in-your-own-words
1. With global pooling, since the dense layer then only sees 32 numbers, however large the image. With flatten its weights would not fit. Global pooling forgets where things are.
2. Value: (1, 1). Norm: about (1, 0.01). Clipping by value changes the direction, the small gradient counts as much as the large one afterwards.
