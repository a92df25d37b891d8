# %% crop-pairs-answer
def crop_pairs(pages, count, size=16, shift=8, seed=0):
    rng = np.random.default_rng(seed)
    last = np.array(pages.shape[1:3]) - size
    pairs = []
    for _ in range(count):
        first = rng.integers(0, last + 1)
        second = np.clip(first + rng.integers(-shift, shift + 1, 2), 0, last)
        pair = []
        for y, x in (first, second):
            page = pages[rng.integers(len(pages))]
            pair.append(page[y : y + size, x : x + size])
        pairs.append(pair)
    return np.stack(pairs)


# %% point-loss-answer
def point_loss(truth, prediction):
    truth = ops.cast(truth, "int32")
    losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(truth, 0), prediction)
    return ops.sum(ops.where(truth >= 0, losses, 0.0))


# %% segmenter-answer
def segmenter(encoder, classes):
    """Return a model that tells each pixel's class from the features of a frozen encoder."""
    pages = keras.Input((None, None, encoder.input_shape[-1]))
    features = encoder(pages, training=False)
    features = layers.AveragePooling2D(3, strides=1, padding="same")(features)
    scores = layers.Conv2D(classes, 1)(features)
    scores = layers.UpSampling2D(4, interpolation="bilinear")(scores)
    return keras.Model(pages, layers.Softmax()(scores))
