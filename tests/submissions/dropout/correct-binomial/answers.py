# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    if not training:
        return x
    keep = 1 - rate
    mask = np.random.default_rng(seed).binomial(1, keep, size=x.shape)
    return x * mask / keep

# %% spatial-dropout-answer
def spatial_dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    if x.ndim != 4:
        raise ValueError("images only")
    if not training:
        return x
    keep = 1 - rate
    n, _, _, c = x.shape
    return x * np.random.default_rng(seed).binomial(1, keep, size=(n, 1, 1, c)) / keep

# %% residual-block-answer
def residual_block(tensor, filters, strides=1, kernel_size=3, rate=0.0):
    import keras
    from keras import layers

    n = len(filters)
    strides = strides if isinstance(strides, list) else [strides] + (n - 1) * [1]
    sizes = kernel_size if isinstance(kernel_size, list) else n * [kernel_size]
    x = layers.SpatialDropout2D(rate)(tensor)
    for i, (f, k, s) in enumerate(zip(filters, sizes, strides)):
        x = layers.Conv2D(f, k, strides=s, padding="same", use_bias=False, name=f"convolution_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
        if i != n - 1:
            x = layers.Activation("relu")(x)
    total = np.prod([np.broadcast_to(s, 2) for s in strides], axis=0)
    if total.max() > 1 or filters[-1] != tensor.shape[-1]:
        tensor = layers.AveragePooling2D(1, tuple(int(t) for t in total))(tensor)
        tensor = layers.Conv2D(filters[-1], 1, use_bias=False)(tensor)
        tensor = layers.BatchNormalization()(tensor)
    return keras.ops.relu(tensor + x)

# %% in-your-own-words
Neighbours survive and are nearly equal (I measured more than 80 %). The head's dense layer has no neighbours. Other maps of the same image tell: a regression from them, judged on other images.
