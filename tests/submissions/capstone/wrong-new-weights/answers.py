# %% crop-pairs-answer
def crop_pairs(pages, count, size=16, shift=8, seed=0):
    rng = np.random.default_rng(seed)
    squares = []
    for _ in range(count):
        page = pages[rng.integers(len(pages))]
        y, x = rng.integers(np.array(page.shape[:2]) - size + 1)
        squares.append(page[y : y + size, x : x + size])
    return np.stack([squares, squares], axis=1)


# %% point-loss-answer
def point_loss(truth, prediction):
    truth = ops.cast(truth, "int32")
    known = ops.cast(truth >= 0, "float32")
    losses = keras.losses.sparse_categorical_crossentropy(
        ops.maximum(truth, 0), ops.softmax(prediction, axis=-1)
    )
    return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1)


# %% segmenter-answer
def segmenter(encoder, classes):
    """Return a model that tells each pixel's class from the features of a frozen encoder."""
    encoder = keras.models.clone_model(encoder)
    encoder.trainable = False
    pages = keras.Input((None, None, encoder.input_shape[-1]))
    features = encoder(pages, training=False)
    features = layers.AveragePooling2D(3, strides=1, padding="same")(features)
    scores = layers.Conv2D(classes, 1)(features)
    scores = layers.UpSampling2D(4, interpolation="bilinear")(scores)
    return keras.Model(pages, layers.Softmax()(scores))
