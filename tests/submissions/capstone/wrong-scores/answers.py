# %% crop-pairs-answer
def crop_pairs(pages, count, size=16, shift=8, seed=0):
    """Return pairs of squares that lie near each other."""
    rng = np.random.default_rng(seed)
    batch, height, width, channels = pages.shape
    last = np.array([height - size, width - size])
    pairs = np.empty((count, 2, size, size, channels), pages.dtype)
    for pair in pairs:
        page = pages[rng.integers(batch)]
        first = rng.integers(last)
        second = rng.integers(np.maximum(first - shift, 0), np.minimum(first + shift, last) + 1)
        for square, (row, column) in zip(pair, (first, second)):
            square[:] = page[row : row + size, column : column + size]
    return pairs


# %% point-loss-answer
def point_loss(truth, prediction):
    truth = ops.cast(truth, "int32")
    losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(truth, 0), prediction)
    return ops.mean(losses * ops.cast(truth >= 0, "float32"))


# %% segmenter-answer
def segmenter(encoder, classes):
    """Return a model that tells each pixel's class from the features of a frozen encoder."""
    encoder.trainable = False
    pages = keras.Input((None, None, encoder.input_shape[-1]))
    features = encoder(pages, training=False)
    features = layers.AveragePooling2D(3, strides=1, padding="same")(features)
    scores = layers.Conv2D(classes, 1)(features)
    scores = layers.UpSampling2D(4, interpolation="bilinear")(scores)
    return keras.Model(pages, scores)
