# %% crop-pairs-answer
def crop_pairs(pages, count, size=16, shift=8, seed=0):
    """Indices that broadcast; the second square first, and tried again where it falls off."""
    generator = np.random.RandomState(seed)
    numbers = generator.randint(len(pages), size=count)
    room = np.array(pages.shape[1:3]) - size + 1
    second = np.stack([generator.randint(one, size=count) for one in room], axis=1)
    first = second + generator.randint(-shift, shift + 1, second.shape)
    while ((first < 0) | (first >= room)).any():
        off = ((first < 0) | (first >= room)).any(axis=1)
        first[off] = second[off] + generator.randint(-shift, shift + 1, (off.sum(), 2))
    along = np.arange(size)
    stacks = [
        pages[
            numbers[:, None, None],
            corner[:, 0, None, None] + along[:, None],
            corner[:, 1, None, None] + along,
        ]
        for corner in (first, second)
    ]
    return np.stack(stacks, axis=1)


# %% point-loss-answer
def point_loss(truth, prediction):
    truth = ops.reshape(ops.cast(truth, "int32"), (-1,))
    prediction = ops.reshape(prediction, (-1, prediction.shape[-1]))
    known = ops.where(truth < 0, 0.0, 1.0)
    chosen = ops.take_along_axis(prediction, ops.maximum(truth, 0)[:, None], axis=1)[:, 0]
    total = ops.sum(ops.where(truth < 0, 0.0, -ops.log(chosen + 1e-7)))
    return total / ops.maximum(ops.sum(known), 1.0)


# %% segmenter-answer
def segmenter(encoder, classes):
    encoder.trainable = False
    head = [
        layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same"),
        layers.Dense(classes),
        layers.UpSampling2D((4, 4), interpolation="bilinear"),
        layers.Softmax(axis=-1),
    ]
    return keras.Sequential([keras.Input((None, None, encoder.input_shape[-1])), encoder, *head])
