# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    import keras

    return np.asarray(keras.layers.Dropout(rate, seed=seed)(x, training=training))

# %% spatial-dropout-answer
def spatial_dropout(x, rate, training=False, seed=None):
    import keras

    return np.asarray(keras.layers.SpatialDropout2D(rate, seed=seed)(x, training=training))
