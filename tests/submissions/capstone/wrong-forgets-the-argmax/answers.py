# %% segment-answer
def segment(unlabelled, pages, points, hidden):
    """Return the classes of the hidden pages' pixels."""
    keras.utils.set_random_seed(0)
    pairs = distort(crop_pairs(unlabelled, 15_000))
    tensor = keras.Input((None, None, 1))
    network = keras.Model(tensor, encoder(tensor))
    projection = keras.Sequential(
        [
            layers.GlobalAveragePooling2D(),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(32, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
        ]
    )
    views = keras.Input(pairs.shape[1:])
    both = [projection(network(views[:, view])) for view in (0, 1)]
    model = keras.Model(views, ops.stack(both, axis=1))
    model.compile(keras.optimizers.Adam(7e-3), pair_loss)
    model.fit(pairs, np.zeros(len(pairs)), batch_size=100, verbose=0)

    model = segmenter(network, classes=6)
    model.compile(keras.optimizers.Adam(0.03), point_loss)
    model.fit(pages, points, batch_size=len(pages), epochs=100, verbose=0)
    return model.predict(hidden, verbose=0)
